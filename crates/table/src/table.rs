//! A table in memory: named columns of equal length.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use crate::block::Block;
use crate::column::{Cells, Column, MISSING, Words};
use crate::error::ReadError;
use crate::note::ReadNote;

/// Columns of equal length, with the place each row came from.
#[derive(Clone, Debug)]
pub struct Table {
    path: PathBuf,
    rows: usize,
    columns: Vec<Column>,
    by_name: HashMap<String, usize>,
    lines: RowLines,
    passed_over: Vec<String>,
    notes: Vec<ReadNote>,
}

impl Table {
    /// A table of ready columns; rows are then named as if each were a line, the first being 1.
    ///
    /// `path` is the name that messages use.
    ///
    /// # Errors
    /// Columns of different lengths, two columns of one name, no column; an infinite number, a code
    /// without a word.
    pub fn from_columns(path: impl AsRef<Path>, mut columns: Vec<Column>) -> Result<Table, ReadError> {
        let path = path.as_ref();
        columns.iter_mut().try_for_each(|column| check_cells(path, column))?;
        check_blocks(path, &columns)?;
        Table::with_lines(path, columns, RowLines::default())
    }

    pub(crate) fn with_lines(path: &Path, columns: Vec<Column>, lines: RowLines) -> Result<Table, ReadError> {
        let path = path.to_owned();
        let Some(rows) = columns.first().map(Column::rows) else {
            return Err(ReadError::NoColumns { path });
        };
        let mut by_name = HashMap::with_capacity(columns.len());
        for (at, column) in columns.iter().enumerate() {
            let name = column.name.clone();
            if column.rows() != rows {
                return Err(ReadError::Lengths { column: name, found: column.rows(), expected: rows });
            }
            if let Some(first) = by_name.insert(name.clone(), at) {
                return Err(ReadError::DuplicateName { path, name, first: first + 1, second: at + 1 });
            }
        }
        Ok(Table { path, rows, columns, by_name, lines, passed_over: Vec::new(), notes: Vec::new() })
    }

    /// The table with one more column, the last; lines are kept.
    ///
    /// # Errors
    /// As [`Table::from_columns`].
    pub fn with_column(self, mut column: Column) -> Result<Table, ReadError> {
        check_cells(&self.path, &mut column)?;
        let Table { path, mut columns, lines, passed_over, .. } = self;
        columns.push(column);
        Ok(Table::with_lines(&path, columns, lines)?.with_passed_over(passed_over))
    }

    pub(crate) fn with_passed_over(mut self, names: Vec<String>) -> Table {
        self.passed_over = names;
        self
    }

    pub(crate) fn with_notes(mut self, notes: Vec<ReadNote>) -> Table {
        self.notes = notes;
        self
    }

    /// With these signs taken off the ends of the words of one column: `<=50K.` with `.` is `<=50K`.
    ///
    /// A word of nothing else stays; so does a column of numbers, and one that is not there.
    pub fn with_labels_trimmed(mut self, column: &str, signs: &str) -> Table {
        let column = self.by_name.get(column).and_then(|&at| self.columns.get_mut(at));
        if let Some(Column { cells: Cells::Words(words), .. }) = column {
            let trimmed = |row: usize| {
                let word = words.get(row)?;
                Some(word.trim_end_matches(|sign| signs.contains(sign))).filter(|rest| !rest.is_empty()).or(Some(word))
            };
            *words = Words::new((0..words.codes.len()).map(trimmed));
        }
        self
    }

    /// What was decided while reading that a person should know.
    pub fn notes(&self) -> &[ReadNote] {
        &self.notes
    }

    /// The file, or the name given in its place.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// How many rows there are.
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// The columns in the order of the file.
    pub fn columns(&self) -> &[Column] {
        &self.columns
    }

    /// The column of this name.
    pub fn column(&self, name: &str) -> Option<&Column> {
        self.by_name.get(name).and_then(|&at| self.columns.get(at))
    }

    /// The names in the order of the file.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.columns.iter().map(|column| column.name.as_str())
    }

    /// All names but these: the features, when these are the target and its like.
    pub fn names_without(&self, left_out: &[&str]) -> Vec<String> {
        self.names().filter(|name| !left_out.contains(name)).map(str::to_owned).collect()
    }

    /// The name in the file that was probably meant by `name`.
    pub fn nearest_name(&self, name: &str) -> Option<String> {
        crate::nearest(name, self.names().chain(self.passed_over())).map(str::to_owned)
    }

    /// The names of columns that the file has and the table, by the reader's options, has not.
    pub fn passed_over(&self) -> impl Iterator<Item = &str> {
        self.passed_over.iter().map(String::as_str)
    }

    /// The line of the file (from 1) on which this row (from 0) starts.
    pub fn line(&self, row: usize) -> u64 {
        self.lines.line(row)
    }
}

/// Refuses what reading never makes; a negative zero becomes plain.
fn check_cells(path: &Path, column: &mut Column) -> Result<(), ReadError> {
    let name = &column.name;
    match &mut column.cells {
        Cells::Numbers(values) => {
            for (row, value) in values.iter_mut().enumerate() {
                if value.is_infinite() {
                    let (path, column, value) = (path.to_owned(), name.clone(), *value);
                    return Err(ReadError::InfiniteValue { path, column, row, value });
                }
                *value += 0.0;
            }
        }
        Cells::Block(_) => {}
        Cells::Words(Words { codes, dictionary }) => {
            let words = dictionary.len();
            for (row, &code) in codes.iter().enumerate() {
                if code != MISSING && code as usize >= words {
                    return Err(ReadError::UnknownCode { column: name.clone(), row, code, words });
                }
            }
        }
    }
    Ok(())
}

/// Refuses infinities in matrices, each looked through once however many columns it has.
fn check_blocks(path: &Path, columns: &[Column]) -> Result<(), ReadError> {
    let mut checked: Option<&Block> = None;
    for column in columns {
        let Cells::Block(cells) = &column.cells else { continue };
        let block = cells.block();
        if checked.is_some_and(|checked| checked.is(block)) {
            continue;
        }
        checked = Some(block);
        if let Some((row, at, value)) = block.first_infinite() {
            let is_it = |other: &&Column| match &other.cells {
                Cells::Block(cells) => cells.block().is(block) && cells.column() == at,
                Cells::Numbers(_) | Cells::Words(_) => false,
            };
            let column = columns.iter().find(is_it).map(|column| column.name.clone()).unwrap_or_default();
            return Err(ReadError::InfiniteValue { path: path.to_owned(), column, row, value });
        }
    }
    Ok(())
}

/// Where rows start: only those that do not follow on the line after the row before.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct RowLines {
    jumps: Vec<(usize, u64)>,
}

impl RowLines {
    /// Notes that the next row (they come in order) starts on this line.
    pub(crate) fn push(&mut self, row: usize, line: u64) {
        if self.line(row) != line {
            self.jumps.push((row, line));
        }
    }

    pub(crate) fn line(&self, row: usize) -> u64 {
        let after = self.jumps.partition_point(|&(jump, _)| jump <= row);
        let (from, line) = match after.checked_sub(1) {
            Some(at) => self.jumps[at],
            None => (0, 1),
        };
        line + (row - from) as u64
    }
}

#[cfg(test)]
mod tests {
    use super::{RowLines, Table};
    use crate::column::{Cells, Column, MISSING, Words};
    use crate::error::ReadError;

    #[test]
    fn lines_are_kept_where_rows_jump() {
        let mut lines = RowLines::default();
        for (row, line) in [2, 3, 4, 7, 8, 12].into_iter().enumerate() {
            lines.push(row, line);
        }
        assert_eq!(lines.jumps.len(), 3);
        let read: Vec<u64> = (0..6).map(|row| lines.line(row)).collect();
        assert_eq!(read, [2, 3, 4, 7, 8, 12]);
    }

    #[test]
    fn columns_of_a_table_agree_in_length_and_differ_in_name() {
        let column = |name: &str, rows: usize| Column { name: name.to_owned(), cells: Cells::Numbers(vec![0.0; rows]) };
        let table = |columns| Table::from_columns("t", columns);
        assert!(matches!(
            table(vec![column("a", 2), column("b", 3)]),
            Err(ReadError::Lengths { found: 3, expected: 2, .. })
        ));
        assert!(matches!(
            table(vec![column("a", 2), column("a", 2)]),
            Err(ReadError::DuplicateName { first: 1, second: 2, .. })
        ));
        let wrong = |cells| table(vec![Column { name: "a".to_owned(), cells }]);
        let words = Words { codes: vec![MISSING, 0, 1], ..Words::new([Some("x")]) };
        assert!(matches!(wrong(Cells::Words(words)), Err(ReadError::UnknownCode { row: 2, code: 1, words: 1, .. })));
        let infinite = Cells::Numbers(vec![0.0, f64::INFINITY]);
        assert!(matches!(wrong(infinite), Err(ReadError::InfiniteValue { row: 1, .. })));
        assert!(matches!(table(vec![]), Err(ReadError::NoColumns { .. })));
    }
}
