//! From the text of a column to numbers or words.

use encoding_rs::WINDOWS_1252;

use crate::column::{Cells, MISSING, Words};
use crate::date::is_date;
use crate::dictionary::{Interner, NotText};
use crate::error::clipped;
use crate::number::{Reading, read};
use crate::schema::Storage;

/// The trimmed cells of one column: one text, cut at `ends`.
#[derive(Default)]
pub(crate) struct RawColumn {
    text: Vec<u8>,
    ends: Vec<u32>,
}

/// The most bytes of text in one column.
pub(crate) const COLUMN_BYTES: u64 = u32::MAX as u64;

impl RawColumn {
    /// Adds a cell, trimmed of blanks; `false` where the column is full.
    #[must_use]
    pub(crate) fn push(&mut self, cell: &[u8]) -> bool {
        self.text.extend_from_slice(trimmed(cell));
        let end = u32::try_from(self.text.len());
        if let Ok(end) = end {
            self.ends.push(end);
        }
        end.is_ok() && self.ends.len() < MISSING as usize
    }

    /// The first cell whose bytes are no UTF-8, or whether any has more than ASCII.
    pub(crate) fn not_utf8(&self) -> Result<bool, usize> {
        match std::str::from_utf8(&self.text) {
            Ok(text) if text.is_ascii() => return Ok(false),
            Ok(text) if self.ends.iter().all(|&end| text.is_char_boundary(end as usize)) => return Ok(true),
            _ => {}
        }
        self.cells().position(|cell| std::str::from_utf8(cell).is_err()).map_or(Ok(true), Err)
    }

    /// The same cells, their bytes read as windows-1252; `false` where the column gets too long.
    #[must_use]
    pub(crate) fn recode(&mut self) -> bool {
        if self.text.is_ascii() {
            return true;
        }
        let mut recoded = RawColumn::default();
        let fits = self.cells().all(|cell| recoded.push(WINDOWS_1252.decode_without_bom_handling(cell).0.as_bytes()));
        *self = recoded;
        fits
    }

    fn cells(&self) -> impl Iterator<Item = &[u8]> {
        let mut start = 0;
        self.ends.iter().map(move |&end| {
            let cell = &self.text[start..end as usize];
            start = end as usize;
            cell
        })
    }
}

/// Without the blanks around it.
pub(crate) fn trimmed(cell: &[u8]) -> &[u8] {
    match cell {
        [first, .., last] if *first > b' ' && *last > b' ' => cell,
        _ => cell.trim_ascii(),
    }
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
    NotUtf8,
}

/// Finds what the column holds, or reads it as `wanted`.
///
/// All cells numbers: numbers. Otherwise words, unless the column is one of numbers with text in
/// it, see [`has_stray_text`], or one of numbers with decimal commas: those are errors.
///
/// With `commas` (where they do not separate cells) a column is numbers too if its cells are when decimal commas are
/// read as points, and none of them could mean something else; see [`with_commas`].
pub(crate) fn infer(
    raw: &RawColumn,
    missing: &MissingWords<'_>,
    wanted: Option<Storage>,
    commas: bool,
) -> Result<Inferred, BadCell> {
    if commas
        && wanted != Some(Storage::Words)
        && let Some(values) = with_commas(raw, missing, wanted)
    {
        return Ok(Inferred { cells: Cells::Numbers(values), commas: true });
    }
    plain(raw, missing, wanted).map(|cells| Inferred { cells, commas: false })
}

/// The cells of a column as they were read.
#[derive(Debug, PartialEq)]
pub(crate) struct Inferred {
    pub(crate) cells: Cells,
    /// Whether some of them are written with decimal commas.
    pub(crate) commas: bool,
}

fn plain(raw: &RawColumn, missing: &MissingWords<'_>, wanted: Option<Storage>) -> Result<Cells, BadCell> {
    if wanted == Some(Storage::Words) {
        return Ok(Cells::Words(intern(raw, missing)?));
    }
    let survey = Survey::of(raw, missing);
    if survey.words == 0 {
        return match survey.first_infinite {
            Some((row, cell)) => Err(bad(row, cell, CellFault::Infinite)),
            None => Ok(Cells::Numbers(survey.values)),
        };
    }
    let Survey { values, words: count, numbers, first_word, .. } = survey;
    let (row, cell) = first_word.unwrap_or((0, b""));
    let stray = || bad(row, cell, CellFault::TextInNumbers { words: count, numbers });
    if wanted == Some(Storage::Numbers) {
        return Err(stray());
    }
    let words = intern(raw, missing)?;
    if has_stray_text(&values, &words, count, numbers) {
        return Err(stray());
    }
    if let Some(cell) = decimal_comma(&words) {
        return Err(bad(row, cell.as_bytes(), CellFault::DecimalComma));
    }
    if let Some((row, fault)) = text_in_dates(&words) {
        return Err(bad(row, words.get(row).unwrap_or("").as_bytes(), fault));
    }
    Ok(Cells::Words(words))
}

/// The numbers of a column in which at least one is written with a decimal comma.
///
/// `1,234` could be a thousand. So some cell must show that the comma stands before decimals (`1,5`, `0,125`,
/// `1234,567`), and none may have a point; unless it is known that the column holds numbers.
fn with_commas(raw: &RawColumn, missing: &MissingWords<'_>, wanted: Option<Storage>) -> Option<Vec<f64>> {
    if !raw.text.contains(&b',') {
        return None;
    }
    let (mut values, mut point, mut shown) = (Vec::with_capacity(raw.ends.len()), false, false);
    for cell in raw.cells() {
        if missing.contains(cell) || is_nan(cell) {
            values.push(f64::NAN);
            continue;
        }
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
        values.push(value);
    }
    (wanted.is_some() || (shown && !point)).then_some(values)
}

fn bad(row: usize, cell: &[u8], fault: CellFault) -> BadCell {
    BadCell { row, cell: clipped(&String::from_utf8_lossy(cell)), fault }
}

/// The cells read as numbers, with what was found on the way.
struct Survey<'a> {
    values: Vec<f64>,
    numbers: usize,
    words: usize,
    first_word: Option<(usize, &'a [u8])>,
    first_infinite: Option<(usize, &'a [u8])>,
}

impl<'a> Survey<'a> {
    fn of(raw: &'a RawColumn, missing: &MissingWords<'_>) -> Survey<'a> {
        let mut survey = Survey {
            values: Vec::with_capacity(raw.ends.len()),
            numbers: 0,
            words: 0,
            first_word: None,
            first_infinite: None,
        };
        for (row, cell) in raw.cells().enumerate() {
            let reading = if missing.contains(cell) { Reading::NotANumber } else { read(cell) };
            let value = match reading {
                Reading::Number(value) => {
                    survey.numbers += 1;
                    value
                }
                Reading::NotANumber => f64::NAN,
                Reading::Infinite => {
                    survey.numbers += 1;
                    survey.first_infinite.get_or_insert((row, cell));
                    f64::NAN
                }
                Reading::Word => {
                    survey.words += 1;
                    survey.first_word.get_or_insert((row, cell));
                    f64::NAN
                }
            };
            survey.values.push(value);
        }
        survey
    }
}

/// Codes of the words; `nan` in any form is missing here too.
fn intern(raw: &RawColumn, missing: &MissingWords<'_>) -> Result<Words, BadCell> {
    let mut interner = Interner::new();
    let mut codes = Vec::with_capacity(raw.ends.len());
    let (mut last, mut last_code): (&[u8], u32) = (b"", MISSING);
    for (row, cell) in raw.cells().enumerate() {
        if cell != last {
            let absent = missing.contains(cell) || is_nan(cell);
            last_code = if absent {
                MISSING
            } else {
                interner.code(cell).map_err(|NotText| bad(row, cell, CellFault::NotUtf8))?
            };
            last = cell;
        }
        codes.push(last_code);
    }
    Ok(Words { codes, dictionary: interner.finish() })
}

fn is_nan(cell: &[u8]) -> bool {
    cell.len() <= 4 && read(cell) == Reading::NotANumber
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
fn has_stray_text(values: &[f64], words: &Words, texts: usize, numbers: usize) -> bool {
    if numbers < 4 {
        return false;
    }
    if texts == 1 || texts * 20 <= texts + numbers {
        return true;
    }
    let (mut different_texts, mut different_numbers) = (0, 0);
    for word in words.dictionary.iter() {
        match read(word.as_bytes()) {
            Reading::Word => different_texts += 1,
            _ => different_numbers += 1,
        }
    }
    let broken = || values.iter().any(|value| value.fract().abs() > 0.0);
    different_texts <= 5 && (different_numbers > 20 || (texts <= numbers && broken()))
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

/// The first word, where all words are numbers if commas are read as points.
fn decimal_comma(words: &Words) -> Option<&str> {
    let commas = |word: &str| {
        word.matches(',').count() <= 1 && matches!(read(word.replace(',', ".").as_bytes()), Reading::Number(_))
    };
    let mut all = words.dictionary.iter();
    (!words.dictionary.is_empty() && all.all(commas))
        .then(|| words.dictionary.iter().find(|word| word.contains(',')))
        .flatten()
}

#[cfg(test)]
mod tests {
    use super::{BadCell, CellFault, Inferred, MissingWords, RawColumn, infer};
    use crate::column::Cells;
    use crate::schema::Storage;

    fn read_as(cells: &[&str], wanted: Option<Storage>) -> Result<Cells, BadCell> {
        let mut raw = RawColumn::default();
        for cell in cells {
            assert!(raw.push(cell.as_bytes()));
        }
        let missing = ["NA".to_owned(), "?".to_owned()];
        infer(&raw, &MissingWords::new(&missing), wanted, false).map(|inferred| inferred.cells)
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
        let with = |cells: &[&str], wanted| {
            let mut raw = RawColumn::default();
            assert!(cells.iter().all(|cell| raw.push(cell.as_bytes())));
            let missing = ["NA".to_owned()];
            infer(&raw, &MissingWords::new(&missing), wanted, true)
        };
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
