//! From the text of a column to numbers or words.

use crate::builder::{ColumnBuilder, RawWords};
use crate::column::{Cells, MISSING, Words};
use crate::date::is_date;
use crate::error::clipped;
use crate::number::{Reading, read};
use crate::schema::Storage;

/// A cell that makes the column unreadable.
#[derive(Debug, PartialEq)]
pub(crate) struct BadCell {
    pub(crate) row: usize,
    pub(crate) cell: String,
    pub(crate) fault: CellFault,
}

#[derive(Debug, PartialEq)]
pub(crate) enum CellFault {
    Infinite,
    TextInNumbers { words: usize, numbers: usize },
    TextInDates { words: usize, dates: usize },
    DecimalComma,
}

/// Finds what the column holds, or reads it as `wanted`.
///
/// All cells numbers: numbers. Otherwise words, unless the column is one of numbers with text in
/// it, see [`Survey::has_stray_text`], or one of numbers with decimal commas: those are errors.
///
/// With `commas` (where they do not separate cells) a column is numbers too if its cells are when decimal commas are
/// read as points, and none of them could mean something else; see [`with_commas`].
pub(crate) fn infer(built: ColumnBuilder, wanted: Option<Storage>, commas: bool) -> Result<Inferred, BadCell> {
    let raw = match built {
        ColumnBuilder::Numbers(numbers) => {
            let infinite = |(row, cell): (usize, Vec<u8>)| bad(row, &cell, CellFault::Infinite);
            return Ok(Inferred { cells: Cells::Numbers(numbers.finite().map_err(infinite)?), commas: false });
        }
        ColumnBuilder::Words(raw) => raw,
    };
    if wanted == Some(Storage::Words) {
        return Ok(Inferred { cells: Cells::Words(finished(raw)), commas: false });
    }
    if commas && let Some(by_code) = with_commas(&raw, wanted) {
        let value = |&code: &u32| by_code.get(code as usize).copied().unwrap_or(f64::NAN);
        return Ok(Inferred { cells: Cells::Numbers(raw.codes.iter().map(value).collect()), commas: true });
    }
    let survey = Survey::of(&raw);
    let stray = || {
        bad(
            survey.first_text.0,
            survey.first_text.1,
            CellFault::TextInNumbers { words: survey.texts, numbers: survey.numbers },
        )
    };
    if wanted == Some(Storage::Numbers) || survey.has_stray_text() {
        return Err(stray());
    }
    if let Some(cell) = decimal_comma(&raw) {
        return Err(bad(survey.first_text.0, cell, CellFault::DecimalComma));
    }
    let words = finished(raw);
    if let Some((row, fault)) = text_in_dates(&words) {
        return Err(bad(row, words.get(row).unwrap_or("").as_bytes(), fault));
    }
    Ok(Inferred { cells: Cells::Words(words), commas: false })
}

/// The cells of a column as they were read.
#[derive(Debug, PartialEq)]
pub(crate) struct Inferred {
    pub(crate) cells: Cells,
    /// Whether some of them are written with decimal commas.
    pub(crate) commas: bool,
}

fn finished(raw: RawWords) -> Words {
    Words { codes: raw.codes, dictionary: raw.interner.finish() }
}

/// The number of each word of a column in which at least one is written with a decimal comma.
///
/// `1,234` could be a thousand. So some cell must show that the comma stands before decimals (`1,5`, `0,125`,
/// `1234,567`), and none may have a point; unless it is known that the column holds numbers.
fn with_commas(raw: &RawWords, wanted: Option<Storage>) -> Option<Vec<f64>> {
    let (mut values, mut commas, mut point, mut shown) = (Vec::with_capacity(raw.interner.len()), false, false, false);
    for cell in raw.interner.words() {
        let Some(at) = cell.iter().position(|&byte| byte == b',') else {
            let Reading::Number(value) = read(cell) else { return None };
            point |= cell.contains(&b'.');
            values.push(value);
            continue;
        };
        let mut pointed = cell.to_vec();
        pointed[at] = b'.';
        let Reading::Number(value) = read(&pointed) else { return None };
        let (before, after) = (cell[..at].trim_ascii_start(), &cell[at + 1..]);
        let whole = before.strip_prefix(b"-").or_else(|| before.strip_prefix(b"+")).unwrap_or(before);
        shown |= after.len() != 3 || whole.is_empty() || whole.starts_with(b"0") || whole.len() > 3;
        commas = true;
        values.push(value);
    }
    (commas && (wanted.is_some() || (shown && !point))).then_some(values)
}

fn bad(row: usize, cell: &[u8], fault: CellFault) -> BadCell {
    BadCell { row, cell: clipped(&String::from_utf8_lossy(cell)), fault }
}

/// How many cells of a column of words are numbers, and what they are.
struct Survey<'a> {
    numbers: usize,
    texts: usize,
    different_numbers: usize,
    different_texts: usize,
    /// Whether some number is not whole.
    broken: bool,
    first_text: (usize, &'a [u8]),
}

impl<'a> Survey<'a> {
    fn of(raw: &'a RawWords) -> Survey<'a> {
        let mut survey = Survey {
            numbers: 0,
            texts: 0,
            different_numbers: 0,
            different_texts: 0,
            broken: false,
            first_text: (0, b""),
        };
        let mut counts = vec![0_usize; raw.interner.len()];
        raw.codes.iter().filter(|&&code| code != MISSING).for_each(|&code| counts[code as usize] += 1);
        for ((code, word), count) in (0..).zip(raw.interner.words()).zip(counts) {
            match read(word) {
                Reading::Word => {
                    if survey.texts == 0 {
                        survey.first_text = (raw.first_row(code), word);
                    }
                    survey.texts += count;
                    survey.different_texts += 1;
                }
                reading => {
                    survey.broken |= matches!(reading, Reading::Number(value) if value.fract() != 0.0);
                    survey.numbers += count;
                    survey.different_numbers += 1;
                }
            }
        }
        survey
    }

    /// Whether this is a column of numbers in which some cells are text by mistake.
    ///
    /// With at least four numbers in the column it is, where
    /// - only one cell is text, or at most one in twenty; or
    /// - the numbers are measured, not codes of categories (more than 20 different ones, or some of
    ///   them not whole and no fewer than the texts), and at most five different texts stand beside
    ///   them, such as `unknown` and `capital`.
    ///
    /// So categories with numbers among their names (`2`, `3`, `4`, `5more`; `11th` and `12`) remain
    /// categories, and a column of postal or ticket numbers of all forms remains words.
    fn has_stray_text(&self) -> bool {
        if self.numbers < 4 {
            return false;
        }
        if self.texts == 1 || self.texts * 20 <= self.texts + self.numbers {
            return true;
        }
        self.different_texts <= 5 && (self.different_numbers > 20 || (self.texts <= self.numbers && self.broken))
    }
}

/// The first text by mistake in a column of dates: the only one, or one of at most one in twenty, among four dates or
/// more.
fn text_in_dates(words: &Words) -> Option<(usize, CellFault)> {
    const LOOKED_AT: usize = 4;
    if !words.dictionary.iter().take(LOOKED_AT).any(is_date) {
        return None;
    }
    let known: Vec<bool> = words.dictionary.iter().map(is_date).collect();
    let (mut dates, mut texts, mut first) = (0, 0, None);
    for (row, &code) in words.codes.iter().enumerate().filter(|&(_, &code)| code != MISSING) {
        if known[code as usize] {
            dates += 1;
        } else {
            texts += 1;
            first.get_or_insert(row);
        }
    }
    let stray = dates >= 4 && (texts == 1 || texts * 20 <= texts + dates);
    first.filter(|_| stray).map(|row| (row, CellFault::TextInDates { words: texts, dates }))
}

/// The first word with a comma, where all words are numbers if commas are read as points.
fn decimal_comma(raw: &RawWords) -> Option<&[u8]> {
    let is_comma = |byte: &&u8| **byte == b',';
    let number = |word: &[u8]| {
        let mut pointed = word.to_vec();
        pointed.iter_mut().filter(|byte| **byte == b',').for_each(|byte| *byte = b'.');
        word.iter().filter(is_comma).count() <= 1 && matches!(read(&pointed), Reading::Number(_))
    };
    let first = raw.interner.words().find(|word| word.contains(&b','))?;
    raw.interner.words().all(number).then_some(first)
}

#[cfg(test)]
mod tests {
    use super::{BadCell, CellFault, Inferred, infer};
    use crate::builder::{ColumnBuilder, MissingWords};
    use crate::column::Cells;
    use crate::schema::Storage;

    fn inferred(cells: &[&str], wanted: Option<Storage>, commas: bool) -> Result<Inferred, BadCell> {
        let missing = ["NA".to_owned(), "?".to_owned()];
        let missing = MissingWords::new(&missing);
        let mut builder = ColumnBuilder::new(wanted == Some(Storage::Words));
        cells.iter().for_each(|cell| builder.push(cell.as_bytes(), &missing));
        infer(builder, wanted, commas)
    }

    fn read_as(cells: &[&str], wanted: Option<Storage>) -> Result<Cells, BadCell> {
        inferred(cells, wanted, false).map(|inferred| inferred.cells)
    }

    fn fault(cells: &[&str]) -> Option<(usize, CellFault)> {
        read_as(cells, None).err().map(|bad| (bad.row, bad.fault))
    }

    #[test]
    fn one_text_among_numbers_is_an_error_with_its_row() {
        let expected = CellFault::TextInNumbers { words: 1, numbers: 4 };
        assert_eq!(fault(&["1", "2", "x", "", "3", "4"]), Some((2, expected)));
        assert_eq!(fault(&["1", "2", "x", "3"]), None);
    }

    #[test]
    fn a_few_words_among_measurements_are_an_error() {
        let mut cells: Vec<String> = (0..30).map(|i| (100 * i).to_string()).collect();
        cells.extend(["capital", "unknown", "capital"].map(str::to_owned));
        let cells: Vec<&str> = cells.iter().map(String::as_str).collect();
        assert!(matches!(fault(&cells), Some((30, CellFault::TextInNumbers { .. }))));
        assert!(fault(&["1.5", "2.25", "n.d.", "n.d.", "3", "4"]).is_some());
    }

    #[test]
    fn categories_with_numbers_among_their_names_stay_categories() {
        let doors = ["2", "3", "4", "5more", "2", "3", "4", "5more", "3", "4"];
        assert!(matches!(read_as(&doors, None), Ok(Cells::Words(_))));
        let tickets: Vec<String> = (0..60).map(|i| if i % 4 == 0 { format!("A/{i}") } else { i.to_string() }).collect();
        let tickets: Vec<&str> = tickets.iter().map(String::as_str).collect();
        assert!(matches!(read_as(&tickets, None), Ok(Cells::Words(_))));
    }

    #[test]
    fn an_infinity_is_an_error_only_where_numbers_are_wanted() {
        assert_eq!(fault(&["1", "1e400"]), Some((1, CellFault::Infinite)));
        assert_eq!(fault(&["1", "-inf"]), Some((1, CellFault::Infinite)));
        assert_eq!(fault(&["inf", "sup", "inf"]), None);
    }

    #[test]
    fn nan_and_missing_words_are_missing_in_numbers_and_words() {
        let Ok(Cells::Numbers(values)) = read_as(&["1", "NaN", "-nan", "NA", "?", " "], None) else {
            panic!("numbers");
        };
        assert_eq!(values.iter().filter(|value| value.is_nan()).count(), 5);
        let Ok(Cells::Words(words)) = read_as(&["a", "NaN", "", "NA", "a"], None) else {
            panic!("words");
        };
        assert_eq!((words.get(0), words.get(1), words.get(4)), (Some("a"), None, Some("a")));
        assert_eq!(words.dictionary.len(), 1);
    }

    #[test]
    fn decimal_commas_are_named() {
        assert_eq!(fault(&["1,5", "2", "-3,25", "4,5"]), Some((0, CellFault::DecimalComma)));
        assert_eq!(fault(&["1,5", "two"]), None);
    }

    #[test]
    fn decimal_commas_are_read_where_they_can_mean_nothing_else() {
        let with = |cells: &[&str], wanted| inferred(cells, wanted, true);
        let numbers = |cells: &[&str], wanted| match with(cells, wanted) {
            Ok(Inferred { cells: Cells::Numbers(values), commas: true }) => values,
            other => panic!("{other:?}"),
        };
        assert_eq!(numbers(&["1,5", "2", "-3,250"], None), [1.5, 2.0, -3.25]);
        assert_eq!(numbers(&["0,125", "12,500", "-0,5e3"], None), [0.125, 12.5, -500.0]);
        assert!(numbers(&["1,5", "NA", "nan"], None)[1..].iter().all(|value| value.is_nan()));
        assert_eq!(numbers(&["1,234"], Some(Storage::Numbers)), [1.234]);
        let refused = |cells: &[&str]| matches!(with(cells, None), Err(BadCell { fault: CellFault::DecimalComma, .. }));
        assert!(refused(&["1,234", "12,345"]), "thousands?");
        assert!(refused(&["1,5", "2,5", "1.5"]), "both signs");
        assert!(matches!(with(&["1,5,5", "1,5"], None), Ok(Inferred { cells: Cells::Words(_), .. })));
        assert!(matches!(with(&["1", "2"], None), Ok(Inferred { commas: false, .. })));
    }

    #[test]
    fn a_wanted_storage_overrides_what_the_cells_look_like() {
        let Ok(Cells::Words(words)) = read_as(&["01", "2"], Some(Storage::Words)) else {
            panic!("words");
        };
        assert_eq!(words.get(0), Some("01"));
        assert!(read_as(&["a"], Some(Storage::Numbers)).is_err());
    }
}
