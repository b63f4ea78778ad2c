//! Cells by column, and what kind of column they make.

use std::borrow::Cow;

use crate::block::BlockColumn;
use crate::boolean;
use crate::date::{self, Found};
use crate::dictionary::{Dictionary, Interner};
use crate::schema::Storage;

/// The code of a missing cell among words.
pub const MISSING: u32 = u32::MAX;

/// Words as codes.
#[derive(Clone, Debug, PartialEq)]
pub struct Words {
    /// A code per row, [`MISSING`] where the cell is missing.
    pub codes: Vec<u32>,
    /// The words by code; by first appearance, so nothing may depend on their order.
    pub dictionary: Dictionary,
}

impl Words {
    /// The words of these cells, `None` where missing.
    pub fn new<'a>(cells: impl IntoIterator<Item = Option<&'a str>>) -> Words {
        let mut interner = Interner::new();
        let codes = cells.into_iter().map(|cell| cell.map_or(MISSING, |word| interner.code(word.as_bytes()))).collect();
        Words { codes, dictionary: interner.finish() }
    }

    /// The word in this row, `None` where missing.
    pub fn get(&self, row: usize) -> Option<&str> {
        self.codes.get(row).and_then(|&code| self.dictionary.get(code))
    }
}

/// The cells of one column.
#[derive(Clone, Debug, PartialEq)]
pub enum Cells {
    /// Numbers, NaN where missing, never infinite.
    Numbers(Vec<f64>),
    /// Numbers that are a column of a matrix, which stays as it was read.
    Block(BlockColumn),
    /// Words.
    Words(Words),
}

/// The cells of one column, however they are kept.
#[derive(Clone, Debug)]
pub enum Contents<'a> {
    /// Numbers, NaN where missing, never infinite; those of a matrix are copied out.
    Numbers(Cow<'a, [f64]>),
    /// Words.
    Words(&'a Words),
}

/// A named column.
#[derive(Clone, Debug, PartialEq)]
pub struct Column {
    /// The name in the header.
    pub name: String,
    /// One cell per row.
    pub cells: Cells,
}

/// What a column is good for.
///
/// Found over given rows, in this order, `n` being the cells that are not missing:
/// - **Empty**: `n = 0`.
/// - **Constant**: one value in all rows, none missing.
/// - **Boolean**: words, both of a pair for no and yes (`false true`, `no yes`, `f t`, `n y`, in any case) and no others.
/// - **Date**: words, all of them dates (see the forms in the user's guide); **ambiguous date**, where all of them are
///   such as `3/1/2011` and none tells whether day or month comes first.
/// - **Identifier**: `n >= 20`, all different, and either words, or whole numbers in a column
///   named like an identifier (`id`, `index`, `key`, `row`, `uuid`, `..._id`, `...Id`, `...ID`,
///   `unnamed...`).
/// - **Text**: words, more than 32 and more than `n / 2` different ones.
/// - **Category**: other words.
/// - **Number**: other numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Numbers to calculate with.
    Number,
    /// Words that come again.
    Category,
    /// Yes or no.
    Boolean,
    /// Days, with or without a time.
    Date,
    /// Days that have two meanings.
    AmbiguousDate,
    /// One value only.
    Constant,
    /// A name of the row.
    Identifier,
    /// Words that hardly come again.
    Text,
    /// No value at all.
    Empty,
}

/// Fewer different cells than this make no identifier.
const IDENTIFIER_ROWS: usize = 20;
/// So many different words are never called text.
const TEXT_WORDS: usize = 32;

impl Column {
    /// How the cells are kept.
    pub fn storage(&self) -> Storage {
        match self.cells {
            Cells::Numbers(_) | Cells::Block(_) => Storage::Numbers,
            Cells::Words(_) => Storage::Words,
        }
    }

    /// How many rows the column has.
    pub fn rows(&self) -> usize {
        match &self.cells {
            Cells::Numbers(values) => values.len(),
            Cells::Block(column) => column.block().rows(),
            Cells::Words(words) => words.codes.len(),
        }
    }

    /// Whether the cell of this row is missing; a row that is not there is missing.
    pub fn is_missing(&self, row: usize) -> bool {
        match &self.cells {
            Cells::Numbers(values) => values.get(row).is_none_or(|value| value.is_nan()),
            Cells::Block(column) => column.get(row).is_nan(),
            Cells::Words(words) => words.codes.get(row).is_none_or(|&code| code == MISSING),
        }
    }

    /// The kind of the column over these rows (those of training, where a decision hangs on it).
    pub fn kind(&self, rows: &[usize]) -> Kind {
        match &self.cells {
            Cells::Words(words) => word_kind(words, rows),
            Cells::Numbers(_) | Cells::Block(_) => number_kind(&self.name, &self.numbers_of(rows)),
        }
    }

    /// The numbers of these rows, NaN where missing or where the column holds words.
    pub(crate) fn numbers_of(&self, rows: &[usize]) -> Vec<f64> {
        match &self.cells {
            Cells::Numbers(values) => rows.iter().map(|&row| values[row]).collect(),
            Cells::Block(column) => rows.iter().map(|&row| column.get(row)).collect(),
            Cells::Words(_) => vec![f64::NAN; rows.len()],
        }
    }

    /// The cells, however they are kept.
    pub fn contents(&self) -> Contents<'_> {
        match &self.cells {
            Cells::Numbers(values) => Contents::Numbers(Cow::Borrowed(values)),
            Cells::Block(column) => Contents::Numbers(Cow::Owned(column.to_vec())),
            Cells::Words(words) => Contents::Words(words),
        }
    }
}

/// The kind of a column of this name with these numbers.
pub(crate) fn number_kind(name: &str, numbers: &[f64]) -> Kind {
    let present = || numbers.iter().copied().filter(|value| !value.is_nan());
    let Some(first) = present().next() else {
        return Kind::Empty;
    };
    if numbers.iter().all(|&value| value == first) {
        return Kind::Constant;
    }
    if names_a_row(name) && present().all(|value| value.fract() == 0.0) {
        let mut sorted: Vec<f64> = present().collect();
        sorted.sort_unstable_by(f64::total_cmp);
        let different = sorted.windows(2).all(|pair| pair[0] != pair[1]);
        if different && sorted.len() >= IDENTIFIER_ROWS {
            return Kind::Identifier;
        }
    }
    Kind::Number
}

/// The kind of a column with these words, over these rows.
pub(crate) fn word_kind(words: &Words, rows: &[usize]) -> Kind {
    let mut seen = vec![false; words.dictionary.len()];
    let (mut present, mut different) = (0_usize, 0_usize);
    for &row in rows {
        let code = words.codes[row];
        if code != MISSING {
            present += 1;
            different += usize::from(!std::mem::replace(&mut seen[code as usize], true));
        }
    }
    if present == 0 {
        return Kind::Empty;
    }
    if different == 1 && present == rows.len() {
        return Kind::Constant;
    }
    let distinct = || words.dictionary.iter().zip(&seen).filter(|(_, seen)| **seen).map(|(word, _)| word);
    match date::order(distinct()) {
        Found::Order(_) => return Kind::Date,
        Found::Either => return Kind::AmbiguousDate,
        Found::NoDates => {}
    }
    if boolean::pair(distinct()).is_some() {
        Kind::Boolean
    } else if different == present && present >= IDENTIFIER_ROWS {
        Kind::Identifier
    } else if different > TEXT_WORDS && different > present / 2 {
        Kind::Text
    } else {
        Kind::Category
    }
}

/// Whether a column of this name is likely to number the rows.
fn names_a_row(name: &str) -> bool {
    let lower = name.to_lowercase();
    let whole = ["id", "ids", "index", "idx", "key", "row", "rowid", "rownames", "uuid", "guid"];
    let ends = ["_id", " id", "-id", ".id", "_key", "_index", "_uuid"];
    let camel = name.strip_suffix("Id").or_else(|| name.strip_suffix("ID"));
    whole.contains(&lower.as_str())
        || lower.starts_with("unnamed")
        || ends.iter().any(|end| lower.ends_with(end))
        || camel.is_some_and(|stem| stem.ends_with(|letter: char| letter.is_lowercase()))
}

#[cfg(test)]
mod tests {
    use super::{Cells, Column, Kind, Words, names_a_row};

    fn numbers(name: &str, values: impl IntoIterator<Item = f64>) -> Column {
        Column { name: name.to_owned(), cells: Cells::Numbers(values.into_iter().collect()) }
    }

    fn words(cells: &[&str]) -> Column {
        let words = Words::new(cells.iter().map(|cell| Some(*cell).filter(|word| !word.is_empty())));
        Column { name: "w".to_owned(), cells: Cells::Words(words) }
    }

    fn kind(column: &Column) -> Kind {
        column.kind(&(0..column.rows()).collect::<Vec<_>>())
    }

    #[test]
    fn distinct_whole_numbers_are_an_identifier_only_under_its_name() {
        let values = || (0..30).map(|i| f64::from(i * i));
        assert_eq!(kind(&numbers("patient_id", values())), Kind::Identifier);
        assert_eq!(kind(&numbers("area", values())), Kind::Number);
        assert_eq!(kind(&numbers("id", values().map(|v| v + 0.5))), Kind::Number);
        assert_eq!(kind(&numbers("id", (0..30).map(|i| f64::from(i / 2)))), Kind::Number);
        assert_eq!(kind(&numbers("id", (0..19).map(f64::from))), Kind::Number);
    }

    #[test]
    fn words_are_category_text_or_identifier_by_how_often_they_come_again() {
        let all: Vec<String> = (0..100).map(|i| format!("n{i}")).collect();
        let cells = |period: usize| (0..100).map(|i| all[i % period].as_str()).collect::<Vec<_>>();
        assert_eq!(kind(&words(&cells(100))), Kind::Identifier);
        assert_eq!(kind(&words(&cells(51))), Kind::Text);
        assert_eq!(kind(&words(&cells(50))), Kind::Category);
        assert_eq!(kind(&words(&["True", "false", "true"])), Kind::Boolean);
        assert_eq!(kind(&words(&["2011-01-03", "Jan 4 2011", ""])), Kind::Date);
        assert_eq!(kind(&words(&["1/2/2011", "2/1/2011"])), Kind::AmbiguousDate);
    }

    #[test]
    fn a_constant_with_missing_cells_still_says_something() {
        assert_eq!(kind(&numbers("x", [1.0, 1.0])), Kind::Constant);
        assert_eq!(kind(&numbers("x", [1.0, f64::NAN])), Kind::Number);
        assert_eq!(kind(&numbers("x", [f64::NAN, f64::NAN])), Kind::Empty);
        assert_eq!(kind(&words(&["a", "a"])), Kind::Constant);
        assert_eq!(kind(&words(&["a", ""])), Kind::Category);
        assert_eq!(kind(&words(&["", ""])), Kind::Empty);
    }

    #[test]
    fn the_kind_looks_at_the_rows_given_and_no_others() {
        let column = words(&["a", "a", "b", ""]);
        assert_eq!(column.kind(&[0, 1]), Kind::Constant);
        assert_eq!(column.kind(&[3]), Kind::Empty);
        assert_eq!(column.kind(&[1, 2]), Kind::Category);
    }

    #[test]
    fn names_of_rows_are_recognized() {
        for name in ["id", "ID", "customerId", "customerID", "row id", "user_id", "Unnamed: 0"] {
            assert!(names_a_row(name), "{name}");
        }
        for name in ["humid", "paid", "Mid", "key_rate", "grid", "COVID"] {
            assert!(!names_a_row(name), "{name}");
        }
    }
}
