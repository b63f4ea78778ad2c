//! The column in question: classes or values.

use serde::{Deserialize, Serialize};

use crate::boolean;
use crate::column::{Cells, Column, Contents, Kind, MISSING, Words};
use crate::error::{TargetError, clipped};
use crate::number::{Reading, read};
use crate::scale::mean_and_deviation;
use crate::schema::Storage;
use crate::table::Table;
use crate::target_spec::TargetSpec;

/// The label of a row without a target.
pub const NO_LABEL: u32 = u32::MAX;

/// What is asked about the target.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Task {
    /// Decided by the cells.
    #[default]
    Auto,
    /// Which class.
    Classification,
    /// How much.
    Regression,
}

/// The classes of a target.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Classes {
    /// Their names: ascending if all are numbers, else in alphabetical order (of bytes).
    pub names: Vec<String>,
    /// A class per row of the table, [`NO_LABEL`] where the target is missing.
    pub labels: Vec<u32>,
}

/// The answers in the table.
#[derive(Clone, Debug, PartialEq)]
pub enum TargetValues {
    /// Classes.
    Classes(Classes),
    /// A number per row of the table, NaN where the target is missing.
    Numbers(Vec<f64>),
}

/// The target column of a table.
#[derive(Clone, Debug, PartialEq)]
pub struct Target {
    /// Its name.
    pub name: String,
    /// How its cells are kept.
    pub storage: Storage,
    /// The rows of the table that have a target, ascending.
    pub rows: Vec<usize>,
    /// How many rows have none.
    pub dropped: usize,
    /// The answers, by row of the table.
    pub values: TargetValues,
}

impl Target {
    /// Finds the target and decides what is asked.
    ///
    /// `Task::Auto`: words are classes. Numbers are classes if there are two different ones in
    /// four or more rows, or if all are whole, at most 20 are different, and there are at least
    /// ten rows for each of those; other numbers are values. Spellings of one boolean (`Yes`, `YES`) are one class, named
    /// by the commonest.
    ///
    /// # Errors
    /// No such column; no cell with a value; one value only; fewer than two rows per class on
    /// average; words where values are asked for; dates, unless classes are asked for.
    pub fn find(table: &Table, name: &str, task: Task) -> Result<Target, TargetError> {
        let column = find_column(table, name)?;
        let rows = present(column);
        if rows.is_empty() {
            return Err(TargetError::AllMissing { name: name.to_owned(), rows: column.rows() });
        }
        let different = Different::of(column);
        if task != Task::Classification && matches!(column.kind(&rows), Kind::Date | Kind::AmbiguousDate) {
            return Err(TargetError::Dates { name: name.to_owned(), cell: clipped(&different.names()[0]) });
        }
        let classes = match task {
            Task::Classification => true,
            Task::Regression => false,
            Task::Auto => different.are_classes(rows.len()),
        };
        if different.len() == 1 {
            let value = clipped(&different.names()[0]);
            return Err(TargetError::OneValue { name: name.to_owned(), value });
        }
        let values = if classes {
            whole_labels(table, column)?;
            if different.len() * 2 > rows.len() {
                return Err(TargetError::TooManyClasses {
                    name: name.to_owned(),
                    classes: different.len(),
                    rows: rows.len(),
                });
            }
            TargetValues::Classes(different.classes(column))
        } else {
            TargetValues::Numbers(numbers(table, column, &rows)?)
        };
        Ok(Target::new(column, rows, values))
    }

    /// The class per row of the table, where the target is one of classes.
    pub fn labels(&self) -> Option<&[u32]> {
        match &self.values {
            TargetValues::Classes(classes) => Some(&classes.labels),
            TargetValues::Numbers(_) => None,
        }
    }

    /// What the model must know, values being scaled by these rows, those of training.
    ///
    /// # Errors
    /// For values: rows that are not there or have none; rows that all say the same.
    pub fn spec(&self, train: &[usize]) -> Result<TargetSpec, TargetError> {
        let name = self.name.clone();
        let values = match &self.values {
            TargetValues::Classes(classes) => {
                let (storage, classes) = (self.storage, classes.names.clone());
                return Ok(TargetSpec::Classification { name, storage, classes });
            }
            TargetValues::Numbers(values) => values,
        };
        if let Some(&row) = train.iter().find(|&&row| row >= values.len()) {
            return Err(TargetError::RowOutOfRange { name, row, rows: values.len() });
        }
        let known: Vec<f64> = train.iter().map(|&row| values[row]).filter(|value| !value.is_nan()).collect();
        let Some(&first) = known.first() else {
            return Err(TargetError::NoRows { name });
        };
        match mean_and_deviation(&known) {
            Some((mean, deviation)) => Ok(TargetSpec::Regression { name, mean, deviation }),
            None => Err(TargetError::OneValue { name, value: first.to_string() }),
        }
    }

    pub(crate) fn new(column: &Column, rows: Vec<usize>, values: TargetValues) -> Target {
        Target {
            name: column.name.clone(),
            storage: column.storage(),
            dropped: column.rows() - rows.len(),
            rows,
            values,
        }
    }
}

pub(crate) fn find_column<'a>(table: &'a Table, name: &str) -> Result<&'a Column, TargetError> {
    table.column(name).ok_or_else(|| TargetError::UnknownColumn {
        path: table.path().to_owned(),
        name: name.to_owned(),
        nearest: table.nearest_name(name),
        names: table.names().take(9).map(str::to_owned).collect(),
    })
}

pub(crate) fn present(column: &Column) -> Vec<usize> {
    (0..column.rows()).filter(|&row| !column.is_missing(row)).collect()
}

/// The numbers of a column; words are an error at their first row.
pub(crate) fn numbers(table: &Table, column: &Column, rows: &[usize]) -> Result<Vec<f64>, TargetError> {
    let words = match column.contents() {
        Contents::Numbers(values) => return Ok(values.into_owned()),
        Contents::Words(words) => words,
    };
    let mut values = vec![f64::NAN; words.codes.len()];
    for &row in rows {
        let cell = words.get(row).unwrap_or("");
        let Reading::Number(value) = read(cell.as_bytes()) else {
            return Err(TargetError::NotNumbers {
                path: table.path().to_owned(),
                line: table.line(row),
                name: column.name.clone(),
                cell: clipped(cell),
            });
        };
        values[row] = value;
    }
    Ok(values)
}

/// The labels of an array are whole numbers; in a table they may be written in any way.
fn whole_labels(table: &Table, column: &Column) -> Result<(), TargetError> {
    let (Cells::Block(_), Contents::Numbers(values)) = (&column.cells, column.contents()) else { return Ok(()) };
    match (1..).zip(values.iter()).find(|(_, value)| value.fract() != 0.0 && !value.is_nan()) {
        Some((row, &value)) => {
            Err(TargetError::NotWhole { path: table.path().to_owned(), row, name: column.name.clone(), value })
        }
        None => Ok(()),
    }
}

/// The different values of a column in the order of classes.
pub(crate) enum Different<'a> {
    Numbers(Vec<f64>),
    /// The codes of each class, the one that names it first.
    Words(&'a Words, Vec<Vec<u32>>),
}

impl<'a> Different<'a> {
    pub(crate) fn of(column: &'a Column) -> Different<'a> {
        match column.contents() {
            Contents::Numbers(values) => {
                let mut sorted: Vec<f64> = values.iter().copied().filter(|value| !value.is_nan()).collect();
                sorted.sort_unstable_by(f64::total_cmp);
                sorted.dedup();
                Different::Numbers(sorted)
            }
            Contents::Words(words) => Different::Words(words, spellings(words, sorted_codes(words))),
        }
    }

    fn len(&self) -> usize {
        match self {
            Different::Numbers(values) => values.len(),
            Different::Words(_, codes) => codes.len(),
        }
    }

    fn are_classes(&self, rows: usize) -> bool {
        match self {
            Different::Words(..) => true,
            Different::Numbers(values) => {
                let whole = values.iter().all(|value| value.fract() == 0.0);
                (values.len() <= 2 && rows >= 4) || (whole && values.len() <= 20 && values.len() * 10 <= rows)
            }
        }
    }

    fn names(&self) -> Vec<String> {
        match self {
            Different::Numbers(values) => values.iter().map(f64::to_string).collect(),
            Different::Words(words, codes) => {
                let name = |codes: &Vec<u32>| words.dictionary.get(*codes.first()?).map(str::to_owned);
                codes.iter().filter_map(name).collect()
            }
        }
    }

    pub(crate) fn classes(&self, column: &Column) -> Classes {
        let labels = match (self, column.contents()) {
            (Different::Numbers(sorted), Contents::Numbers(values)) => {
                let label = |value: &f64| match sorted.binary_search_by(|at| at.total_cmp(value)) {
                    Ok(class) => class as u32,
                    Err(_) => NO_LABEL,
                };
                values.iter().map(label).collect()
            }
            (Different::Words(words, codes), _) => {
                let mut classes = vec![NO_LABEL; words.dictionary.len()];
                for (class, codes) in codes.iter().enumerate() {
                    codes.iter().for_each(|&code| classes[code as usize] = class as u32);
                }
                relabel(words, &classes)
            }
            (Different::Numbers(_), Contents::Words(_)) => vec![NO_LABEL; column.rows()],
        };
        Classes { names: self.names(), labels }
    }
}

fn relabel(words: &Words, class_of_code: &[u32]) -> Vec<u32> {
    let label = |&code: &u32| if code == MISSING { NO_LABEL } else { class_of_code[code as usize] };
    words.codes.iter().map(label).collect()
}

/// The codes by class: one each, unless they are more than two and spell one boolean.
fn spellings(words: &Words, codes: Vec<u32>) -> Vec<Vec<u32>> {
    let word = |code: u32| words.dictionary.get(code).unwrap_or("");
    let pair = boolean::pair(codes.iter().map(|&code| word(code))).filter(|_| codes.len() > 2);
    let Some(pair) = pair else { return codes.into_iter().map(|code| vec![code]).collect() };
    let mut counts = vec![0_usize; words.dictionary.len()];
    words.codes.iter().filter(|&&code| code != MISSING).for_each(|&code| counts[code as usize] += 1);
    let (mut yes, mut no): (Vec<u32>, Vec<u32>) =
        codes.into_iter().partition(|&code| boolean::truth(word(code), &pair) == Some(true));
    for codes in [&mut yes, &mut no] {
        codes.sort_by(|&a, &b| counts[b as usize].cmp(&counts[a as usize]));
    }
    vec![no, yes]
}

/// The codes in use: by value where all words are numbers, else by the alphabet.
fn sorted_codes(words: &Words) -> Vec<u32> {
    let mut used = vec![false; words.dictionary.len()];
    for &code in words.codes.iter().filter(|&&code| code != MISSING) {
        used[code as usize] = true;
    }
    let word = |code: u32| words.dictionary.get(code).unwrap_or("");
    let value = |code: u32| match read(word(code).as_bytes()) {
        Reading::Number(value) => Some(value),
        Reading::Infinite | Reading::NotANumber | Reading::Word => None,
    };
    let mut codes: Vec<u32> = (0..used.len() as u32).filter(|&code| used[code as usize]).collect();
    codes.sort_unstable_by_key(|&code| word(code));
    let values: Option<Vec<f64>> = codes.iter().map(|&code| value(code)).collect();
    if let Some(values) = values {
        let mut pairs: Vec<(f64, u32)> = values.into_iter().zip(codes).collect();
        pairs.sort_by(|a, b| a.0.total_cmp(&b.0));
        codes = pairs.into_iter().map(|(_, code)| code).collect();
    }
    codes
}
