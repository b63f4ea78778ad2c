//! What is in a file, whatever it is.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::Read;
use std::path::Path;

use caviar_formats::ArrayFile;
use caviar_table::{Column, Contents, Kind, Table, Words};
use serde::Serialize;

use crate::arrays::broken;
use crate::error::LabError;

/// What a file is taken for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum FileKind {
    /// Cells in rows.
    Table,
    /// npy, npz, IDX or HDF5.
    Arrays,
    /// A model of Caviar, or other safetensors.
    Model,
    /// A study of Caviar, or another SQLite database.
    Study,
}

/// The kind of a file by its first bytes; the folder of a run is its study, or else its model.
///
/// # Errors
/// A file that cannot be read.
pub fn file_kind(path: &Path) -> Result<FileKind, LabError> {
    if path.is_dir() {
        return Ok(if path.join("study.db").is_file() { FileKind::Study } else { FileKind::Model });
    }
    let mut start = Vec::new();
    let opened = File::open(path).and_then(|file| file.take(16).read_to_end(&mut start));
    if let Err(source) = opened {
        let path = path.to_owned();
        return Err(caviar_table::ReadError::Io { path, source }.into());
    }
    Ok(match start.as_slice() {
        [.., 0] if start.starts_with(b"SQLite format 3") => FileKind::Study,
        [_, _, _, _, _, 0, 0, 0, b'{', ..] => FileKind::Model,
        _ => match ArrayFile::format_of(path) {
            Ok(Some(_)) => FileKind::Arrays,
            Ok(None) | Err(_) => FileKind::Table,
        },
    })
}

/// One array of a file.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ArraySummary {
    /// Its name; empty in files with a single one.
    pub name: String,
    /// The length of each axis.
    pub shape: Vec<usize>,
    /// The kind of its elements in the file.
    pub kind: &'static str,
    /// The least and the largest of its finite elements.
    pub range: Option<[f64; 2]>,
    /// Elements that are not finite.
    pub not_finite: usize,
    /// Of texts, how many are different.
    pub different: Option<usize>,
}

/// The arrays of a file.
///
/// # Errors
/// A file that is none, or is broken.
pub fn inspect_arrays(path: &Path) -> Result<Vec<ArraySummary>, LabError> {
    let file = ArrayFile::open(path).map_err(|source| broken(path, source))?;
    let summary = |info: &caviar_formats::ArrayInfo| {
        let (name, shape, kind) = (info.name.clone(), info.shape.clone(), info.kind);
        if info.is_text() {
            let texts = file.read_texts(&info.name).map_err(|source| broken(path, source))?;
            let different = Some(texts.iter().collect::<BTreeSet<_>>().len());
            return Ok(ArraySummary { name, shape, kind, range: None, not_finite: 0, different });
        }
        let values = file.read(&info.name).map_err(|source| broken(path, source))?.to_f64();
        let not_finite = values.iter().filter(|value| !value.is_finite()).count();
        Ok(ArraySummary { name, shape, kind, range: range(&values), not_finite, different: None })
    };
    file.arrays().iter().map(summary).collect()
}

/// One column of a table, by all its rows.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ColumnSummary {
    /// Its name.
    pub name: String,
    /// What it is taken for: `number`, `category`, ...
    pub kind: &'static str,
    /// What becomes of it.
    pub becomes: &'static str,
    /// Cells without a value.
    pub missing: usize,
    /// Different values.
    pub different: usize,
    /// Of numbers, the least and the largest.
    pub range: Option<[f64; 2]>,
    /// Of numbers, the mean.
    pub mean: Option<f64>,
    /// Of words, the commonest, with their rows; of equally common ones the first in the alphabet.
    pub commonest: Vec<(String, usize)>,
}

/// The columns of a table.
pub fn inspect_table(table: &Table) -> Vec<ColumnSummary> {
    let rows: Vec<usize> = (0..table.rows()).collect();
    table.columns().iter().map(|column| inspect_column(column, &rows)).collect()
}

fn inspect_column(column: &Column, rows: &[usize]) -> ColumnSummary {
    let (kind, becomes) = words_for(column.kind(rows));
    let mut summary = ColumnSummary {
        name: column.name.clone(),
        kind,
        becomes,
        missing: rows.iter().filter(|&&row| column.is_missing(row)).count(),
        different: 0,
        range: None,
        mean: None,
        commonest: Vec::new(),
    };
    match column.contents() {
        Contents::Numbers(values) => {
            let mut present: Vec<f64> = values.iter().copied().filter(|value| !value.is_nan()).collect();
            summary.range = range(&present);
            summary.mean = (!present.is_empty()).then(|| present.iter().sum::<f64>() / present.len() as f64);
            present.sort_unstable_by(f64::total_cmp);
            present.dedup();
            summary.different = present.len();
        }
        Contents::Words(words) => {
            let counts = counts(words);
            summary.different = counts.len();
            summary.commonest = counts.into_iter().take(SHOWN).map(|(word, count)| (word.to_owned(), count)).collect();
        }
    }
    summary
}

/// Words that are named.
const SHOWN: usize = 3;

/// The words with their rows, the commonest first.
fn counts(words: &Words) -> Vec<(&str, usize)> {
    let mut counts: Vec<(&str, usize)> = words.dictionary.iter().map(|word| (word, 0)).collect();
    for &code in &words.codes {
        if let Some((_, count)) = counts.get_mut(code as usize) {
            *count += 1;
        }
    }
    counts.retain(|(_, count)| *count > 0);
    counts.sort_unstable_by(|a, b| b.1.cmp(&a.1).then(a.0.cmp(b.0)));
    counts
}

fn words_for(kind: Kind) -> (&'static str, &'static str) {
    match kind {
        Kind::Number => ("number", "one input, scaled"),
        Kind::Category => ("category", "an input for each common value"),
        Kind::Boolean => ("boolean", "one input, 0 or 1"),
        Kind::Date => ("date", "year, month, weekday, day number"),
        Kind::AmbiguousDate => ("ambiguous date", "left out"),
        Kind::Constant => ("constant", "left out"),
        Kind::Identifier => ("identifier", "left out"),
        Kind::Text => ("text", "left out"),
        Kind::Empty => ("empty", "left out"),
    }
}

fn range(values: &[f64]) -> Option<[f64; 2]> {
    let finite = values.iter().copied().filter(|value| value.is_finite());
    finite.fold(None, |range, value| match range {
        None => Some([value; 2]),
        Some([low, high]) => Some([value.min(low), value.max(high)]),
    })
}

#[cfg(test)]
mod tests {
    use super::inspect_table;
    use caviar_table::{ReadOptions, Table};

    #[test]
    fn columns_are_told_by_their_cells() {
        let text = "a,b,c\n1,x,7\n3,y,7\n,y,7\n2,,7\n";
        let table = Table::parse(text.as_bytes(), "t.csv", &ReadOptions::default()).unwrap();
        let [a, b, c] = &inspect_table(&table)[..] else { panic!("three columns") };
        assert_eq!((a.kind, a.missing, a.different, a.range, a.mean), ("number", 1, 3, Some([1.0, 3.0]), Some(2.0)));
        assert_eq!((b.kind, b.missing, b.different), ("category", 1, 2));
        assert_eq!(b.commonest, [("y".to_owned(), 2), ("x".to_owned(), 1)]);
        assert_eq!((c.kind, c.becomes), ("constant", "left out"));
    }
}
