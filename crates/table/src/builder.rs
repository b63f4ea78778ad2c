//! The cells of one column while a file is read.

use std::iter;

use encoding_rs::WINDOWS_1252;

use crate::column::MISSING;
use crate::dictionary::Interner;
use crate::number::{Reading, read, read_with_places};

/// Numbers as long as all cells are numbers or missing, words from the first other cell on.
///
/// Nothing of a file is held twice: a number is held as such with the way it was written, and is made a word again
/// where the column turns out to hold words.
pub(crate) enum ColumnBuilder {
    Numbers(WrittenNumbers),
    Words(RawWords),
}

/// The most rows of a column: the codes of its words are 32 bits.
pub(crate) const MOST_ROWS: usize = MISSING as usize;

impl ColumnBuilder {
    /// A column without cells; `words` where it holds words whatever they look like.
    pub(crate) fn new(words: bool) -> ColumnBuilder {
        if words { ColumnBuilder::Words(RawWords::new()) } else { ColumnBuilder::Numbers(WrittenNumbers::default()) }
    }

    /// Adds a cell, trimmed of blanks.
    pub(crate) fn push(&mut self, cell: &[u8], missing: &MissingWords<'_>) {
        let cell = trimmed(cell);
        match self {
            ColumnBuilder::Numbers(numbers) => {
                if missing.contains(cell) {
                    numbers.push_missing();
                } else if !numbers.push(cell) {
                    let mut words = numbers.as_words();
                    words.push(cell, missing);
                    *self = ColumnBuilder::Words(words);
                }
            }
            ColumnBuilder::Words(words) => words.push(cell, missing),
        }
    }

    /// The row of the first cell whose bytes are no UTF-8, or whether any has more than ASCII.
    pub(crate) fn not_utf8(&self) -> Result<bool, usize> {
        match self {
            ColumnBuilder::Numbers(_) => Ok(false),
            ColumnBuilder::Words(words) => words.interner.not_utf8().map_err(|code| words.first_row(code)),
        }
    }

    /// The same cells, their bytes read as windows-1252; `words` as in [`ColumnBuilder::new`].
    pub(crate) fn recode(&mut self, words: bool, missing: &MissingWords<'_>) {
        let ColumnBuilder::Words(raw) = self else { return };
        if raw.interner.not_utf8() == Ok(false) {
            return;
        }
        let recoded: Vec<_> =
            raw.interner.words().map(|word| WINDOWS_1252.decode_without_bom_handling(word).0).collect();
        let mut again = ColumnBuilder::new(words);
        for &code in &raw.codes {
            again.push(recoded.get(code as usize).map_or(b"", |word| word.as_bytes()), missing);
        }
        *self = again;
    }
}

/// Numbers, and how each was written.
#[derive(Default)]
pub(crate) struct WrittenNumbers {
    /// NaN where missing, infinite where beyond f64.
    values: Vec<f64>,
    /// The digits after the point of what is written plainly, else [`ODD`]; without the 0 of all rows at the end.
    places: Vec<u8>,
    /// The cells that are not written plainly: where each ends, and all of them.
    odd_ends: Vec<usize>,
    odd_text: Vec<u8>,
}

const ODD: u8 = u8::MAX;

impl WrittenNumbers {
    /// Adds a number, `nan` or an infinity; `false` for a word.
    fn push(&mut self, cell: &[u8]) -> bool {
        let (reading, places) = read_with_places(cell);
        let value = match reading {
            Reading::Number(value) => value,
            Reading::Infinite => f64::INFINITY,
            Reading::NotANumber => {
                self.push_missing();
                return true;
            }
            Reading::Word => return false,
        };
        match places {
            Some(0) => {}
            places => {
                self.places.resize(self.values.len(), 0);
                self.places.push(places.unwrap_or(ODD));
            }
        }
        self.values.push(value);
        if places.is_none() {
            self.odd_text.extend_from_slice(cell);
            self.odd_ends.push(self.odd_text.len());
        }
        true
    }

    fn push_missing(&mut self) {
        self.values.push(f64::NAN);
    }

    /// The values, or the row and the cell of the first infinity.
    pub(crate) fn finite(self) -> Result<Vec<f64>, (usize, Vec<u8>)> {
        match self.values.iter().position(|value| value.is_infinite()) {
            None => Ok(self.values),
            Some(row) => {
                let odd = self.places[..row].iter().filter(|&&places| places == ODD).count();
                Err((row, self.odd(odd).to_vec()))
            }
        }
    }

    fn odd(&self, at: usize) -> &[u8] {
        let start = at.checked_sub(1).map_or(0, |before| self.odd_ends[before]);
        &self.odd_text[start..self.odd_ends[at]]
    }

    fn as_words(&self) -> RawWords {
        let mut words = RawWords::new();
        let mut odd = 0;
        let places = self.places.iter().copied().chain(iter::repeat(0));
        for (&value, places) in self.values.iter().zip(places) {
            if value.is_nan() {
                words.codes.push(MISSING);
            } else if places == ODD {
                words.push_word(self.odd(odd));
                odd += 1;
            } else {
                words.push_word(format!("{value:.0$}", usize::from(places)).as_bytes());
            }
        }
        words
    }
}

/// Words by code, their encoding not yet known.
pub(crate) struct RawWords {
    pub(crate) codes: Vec<u32>,
    pub(crate) interner: Interner,
}

impl RawWords {
    fn new() -> RawWords {
        RawWords { codes: Vec::new(), interner: Interner::new() }
    }

    fn push(&mut self, cell: &[u8], missing: &MissingWords<'_>) {
        let repeated = self.codes.last().filter(|&&code| self.interner.get(code) == Some(cell));
        match repeated {
            Some(&code) => self.codes.push(code),
            None if missing.contains(cell) || is_nan(cell) => self.codes.push(MISSING),
            None => self.push_word(cell),
        }
    }

    fn push_word(&mut self, cell: &[u8]) {
        let code = self.interner.code(cell);
        self.codes.push(code);
    }

    /// The row in which the word with this code stands first.
    pub(crate) fn first_row(&self, code: u32) -> usize {
        self.codes.iter().position(|&other| other == code).unwrap_or(0)
    }
}

/// Without the blanks around it.
pub(crate) fn trimmed(cell: &[u8]) -> &[u8] {
    match cell {
        [first, .., last] if *first > b' ' && *last > b' ' => cell,
        _ => cell.trim_ascii(),
    }
}

fn is_nan(cell: &[u8]) -> bool {
    cell.len() <= 4 && read(cell) == Reading::NotANumber
}

/// The words that stand for a missing cell; the empty cell always does.
pub(crate) struct MissingWords<'a> {
    words: Vec<&'a [u8]>,
    longest: usize,
    first_bytes: [bool; 256],
}

impl<'a> MissingWords<'a> {
    pub(crate) fn new(words: &'a [String]) -> MissingWords<'a> {
        let words: Vec<&[u8]> = words.iter().map(|word| trimmed(word.as_bytes())).collect();
        let mut first_bytes = [false; 256];
        for first in words.iter().filter_map(|word| word.first()) {
            first_bytes[usize::from(*first)] = true;
        }
        let longest = words.iter().map(|word| word.len()).max().unwrap_or(0);
        MissingWords { words, longest, first_bytes }
    }

    fn contains(&self, cell: &[u8]) -> bool {
        match cell.first() {
            None => true,
            Some(&first) => {
                self.first_bytes[usize::from(first)] && cell.len() <= self.longest && self.words.contains(&cell)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{ColumnBuilder, MissingWords};
    use proptest::prelude::{prop_assert, prop_assert_eq, proptest};

    fn built(cells: &[&[u8]], missing: &[&str]) -> ColumnBuilder {
        let missing: Vec<String> = missing.iter().map(|&word| word.to_owned()).collect();
        let missing = MissingWords::new(&missing);
        let mut builder = ColumnBuilder::new(false);
        cells.iter().for_each(|cell| builder.push(cell, &missing));
        builder
    }

    fn words(builder: &ColumnBuilder) -> Vec<Option<&[u8]>> {
        let ColumnBuilder::Words(words) = builder else { return Vec::new() };
        words.codes.iter().map(|&code| words.interner.get(code)).collect()
    }

    proptest! {
        #[test]
        fn a_late_word_leaves_all_cells_as_they_were_written(
            cells in proptest::collection::vec("[-+]?[0-9]{0,17}([.][0-9]{0,4})?(e[0-9])?|inf", 1..40)
        ) {
            let written: Vec<&[u8]> = cells.iter().map(String::as_bytes).chain([&b"word"[..]]).collect();
            let builder = built(&written, &[]);
            let expected: Vec<Option<&[u8]>> =
                written.iter().map(|&cell| Some(cell).filter(|cell| !cell.is_empty())).collect();
            prop_assert_eq!(words(&builder), expected);
        }

        #[test]
        fn numbers_stay_numbers(values in proptest::collection::vec(-1e6_f64..1e6, 1..40)) {
            let cells: Vec<String> = values.iter().map(f64::to_string).collect();
            let cells: Vec<&[u8]> = cells.iter().map(String::as_bytes).collect();
            let ColumnBuilder::Numbers(numbers) = built(&cells, &[]) else { panic!("numbers") };
            prop_assert!(numbers.finite() == Ok(values));
        }
    }

    #[test]
    fn the_first_infinity_is_named_as_it_was_written() {
        let ColumnBuilder::Numbers(numbers) = built(&[b"007", b"1", b"NA", b"-1e400", b"inf"], &["NA"]) else {
            panic!("numbers");
        };
        assert_eq!(numbers.finite(), Err((3, b"-1e400".to_vec())));
    }

    #[test]
    fn bytes_of_another_encoding_are_read_again_and_may_then_be_missing() {
        let missing = ["caf\u{e9}".to_owned()];
        let recoded = |cells: &[&[u8]]| {
            let mut builder = built(cells, &["caf\u{e9}"]);
            builder.recode(false, &MissingWords::new(&missing));
            builder
        };
        let cells: [&[u8]; 4] = [b"th\xe9", b"caf\xe9", b"th\xe9", b"tea"];
        assert_eq!(built(&cells, &[]).not_utf8(), Err(0));
        let expected = ["th\u{e9}", "", "th\u{e9}", "tea"].map(|word| Some(word.as_bytes()).filter(|w| !w.is_empty()));
        assert_eq!(words(&recoded(&cells)), expected);
        let ColumnBuilder::Numbers(numbers) = recoded(&[b"1", b"caf\xe9"]) else { panic!("numbers") };
        assert!(numbers.finite().is_ok_and(|values| values[0] == 1.0 && values[1].is_nan()));
    }
}
