//! What can be wrong with a table, a target, a split or an encoding. All of it lies in the data
//! or the file, never in the program.

use std::io;
use std::path::PathBuf;

use thiserror::Error;

use crate::fit::Dropped;
use crate::schema::Storage;

/// Why a file is not a table. Lines count from 1, as editors do; a record that spans lines is
/// named by its first.
#[derive(Debug, Error)]
#[non_exhaustive]
#[allow(missing_docs, reason = "the fields are the facts that the texts name")]
pub enum ReadError {
    #[error("{}: cannot be read: {source}", path.display())]
    Io { path: PathBuf, source: io::Error },
    #[error("{}: damaged or incomplete gzip data: {source}", path.display())]
    Compressed { path: PathBuf, source: io::Error },
    #[error("{}: empty; a table has a line of names and at least one row", path.display())]
    Empty { path: PathBuf },
    #[error("{}: only a header and no rows; if its line is data, say that there is no header", path.display())]
    HeaderOnly { path: PathBuf },
    #[error("`{label}` is no encoding that is known; utf-8, utf-16, latin-1 and windows-1252 are some that are")]
    UnknownEncoding { label: String },
    #[error("{}, line {line}: bytes that are no {encoding}; name the encoding that the file is written in", path.display())]
    Malformed { path: PathBuf, line: u64, encoding: &'static str },
    #[error("{}, line {line}, column `{column}`: bytes that are no UTF-8, in a file that has been UTF-8 so far; save it in one encoding", path.display())]
    NotUtf8 { path: PathBuf, line: u64, column: String },
    #[error("{}, line {line}: a NUL byte; a table is plain text in UTF-8", path.display())]
    NulByte { path: PathBuf, line: u64 },
    #[error("{}, line {line}, column {}: {found} cells where the first line has {expected}{}", path.display(), ragged_place(*found, *expected, column), open_quote(*line, *last_line))]
    Ragged { path: PathBuf, line: u64, last_line: u64, column: String, found: usize, expected: usize },
    #[error("{}, line {line}, column `{column}`: a quote is opened here and never closed", path.display())]
    OpenQuote { path: PathBuf, line: u64, column: String },
    #[error("{}, line {line}: a row of more than {limit} bytes; is a quote left open?", path.display())]
    RowTooLong { path: PathBuf, line: u64, limit: u64 },
    #[error("{}: {found} columns; {limit} are the most", path.display())]
    TooManyColumns { path: PathBuf, found: usize, limit: usize },
    #[error("{}: more than {limit} rows", path.display())]
    TooManyRows { path: PathBuf, limit: usize },
    #[error("{}: columns {first} and {second} are both named `{name}`; each needs a name of its own (give names, or say that there is no header)", path.display())]
    DuplicateName { path: PathBuf, name: String, first: usize, second: usize },
    #[error("{}: {given} names for {found} columns; each column needs one", path.display())]
    NameCount { path: PathBuf, given: usize, found: usize },
    #[error("{}: no column is named `{name}`{}", path.display(), offer(nearest))]
    UnknownColumn { path: PathBuf, name: String, nearest: Option<String> },
    #[error("{}: none of the columns {} is in it; it has {}", path.display(), list(wanted), list(found))]
    NoneWanted { path: PathBuf, wanted: Vec<String>, found: Vec<String> },
    #[error("{}: is to be read in pieces, and no schema says what its columns hold", path.display())]
    NoSchema { path: PathBuf },
    #[error("{}: every column is left out; at least one must stay", path.display())]
    NoColumns { path: PathBuf },
    #[error("the delimiter {delimiter:?} separates nothing: it must not be a quote, a line end, a letter or a digit")]
    Delimiter { delimiter: char },
    #[error("{}, line {line}, column `{column}`: `{cell}` is infinite or beyond the range of f64; numbers must be finite (a missing one is an empty cell or NaN)", path.display())]
    Infinite { path: PathBuf, line: u64, column: String, cell: String },
    #[error("{}, line {line}, column `{column}`: the text `{cell}` in a column of numbers ({words} of its {} cells are text); if it means missing, say so (--missing '{cell}'), else mend the cell or leave the column out (--drop '{column}')", path.display(), words + numbers)]
    TextInNumbers { path: PathBuf, line: u64, column: String, cell: String, words: usize, numbers: usize },
    #[error("{}, line {line}, column `{column}`: the text `{cell}` in a column of dates ({words} of its {} cells are no date); if it means missing, say so (--missing '{cell}'), else mend the cell or leave the column out (--drop '{column}')", path.display(), words + dates)]
    TextInDates { path: PathBuf, line: u64, column: String, cell: String, words: usize, dates: usize },
    #[error("{}, line {line}, column `{column}`: `{cell}` is written with a comma; numbers need a decimal point and no separators of thousands", path.display())]
    DecimalComma { path: PathBuf, line: u64, column: String, cell: String },
    #[error("{}, column `{column}`, row {row} (from 0): {value} is infinite; numbers must be finite, NaN where missing", path.display())]
    InfiniteValue { path: PathBuf, column: String, row: usize, value: f64 },
    #[error("column `{column}`, row {row} (from 0): code {code} of {words} words")]
    UnknownCode { column: String, row: usize, code: u32, words: usize },
    #[error("column `{column}` has {found} cells where the first column has {expected}")]
    Lengths { column: String, found: usize, expected: usize },
}

/// Why a column cannot be the target.
#[derive(Clone, Debug, PartialEq, Error)]
#[non_exhaustive]
#[allow(missing_docs, reason = "the fields are the facts that the texts name")]
pub enum TargetError {
    #[error("{}: no column is named `{name}`{}", path.display(), offer_or_list(nearest, names))]
    UnknownColumn { path: PathBuf, name: String, nearest: Option<String>, names: Vec<String> },
    #[error("target `{name}`: all {rows} cells are missing; rows without a target teach nothing")]
    AllMissing { name: String, rows: usize },
    #[error("target `{name}`: every row says `{value}`; at least two different values are needed")]
    OneValue { name: String, value: String },
    #[error(
        "target `{name}`: {classes} classes in {rows} rows; a class needs at least two rows on average (if these are values, ask for regression)"
    )]
    TooManyClasses { name: String, classes: usize, rows: usize },
    #[error(
        "target `{name}`: it holds dates (`{cell}`), and a network answers with a class or a number; make a column of what is asked (days since a date, the month) and name that, or ask for classification"
    )]
    Dates { name: String, cell: String },
    #[error("{}, line {line}, target `{name}`: `{cell}` is no number; regression needs numbers", path.display())]
    NotNumbers { path: PathBuf, line: u64, name: String, cell: String },
    #[error("{}, row {row} of `{name}`: the label is {value}, and labels are whole numbers (if these are values, ask for regression)", path.display())]
    NotWhole { path: PathBuf, row: u64, name: String, value: f64 },
    #[error("{}, line {line}, target `{name}`: class `{cell}` is not among those of training{}", path.display(), class_offer(cell, nearest, classes))]
    UnknownClass {
        path: PathBuf,
        line: u64,
        name: String,
        cell: Box<str>,
        nearest: Option<Box<str>>,
        classes: Vec<String>,
    },
    #[error("target `{name}`: row {row} of {rows} is asked for")]
    RowOutOfRange { name: String, row: usize, rows: usize },
    #[error("target `{name}`: the training rows hold no value")]
    NoRows { name: String },
}

/// Why rows cannot be dealt out.
#[derive(Clone, Debug, PartialEq, Error)]
#[non_exhaustive]
#[allow(missing_docs, reason = "the fields are the facts that the texts name")]
pub enum SplitError {
    #[error("{part} fraction {fraction}: must be at least 0 and below 1")]
    Fraction { part: &'static str, fraction: f64 },
    #[error("{rows} rows for {parts} parts: each needs at least one row")]
    TooFewRows { rows: usize, parts: usize },
    #[error("{rows} rows of {classes} classes leave none for {part}: one row of each class stays in training")]
    ClassesTooSmall { part: &'static str, rows: usize, classes: usize },
    #[error("row {row}: has no class; only rows with a target are dealt out ({labels} labels are given)")]
    NoLabel { row: usize, labels: usize },
}

/// Why cells cannot become numbers.
#[derive(Clone, Debug, PartialEq, Error)]
#[non_exhaustive]
#[allow(missing_docs, reason = "the fields are the facts that the texts name")]
pub enum EncodeError {
    #[error("{}: {}", path.display(), absent(missing))]
    MissingColumns { path: PathBuf, missing: Vec<MissingColumn> },
    #[error("{}, line {line}, column `{name}`: `{cell}` is no number; the column held numbers in training", path.display())]
    NotNumber { path: PathBuf, line: u64, name: String, cell: String },
    #[error("{}, line {line}, column `{name}`: `{cell}` is no date; the column held dates in training", path.display())]
    NotDate { path: PathBuf, line: u64, name: String, cell: String },
    #[error("{}: column `{name}` was read as {found}; in training it held {expected} (read the file by the model's schema)", path.display())]
    OtherStorage { path: PathBuf, name: String, expected: Storage, found: Storage },
    #[error("{}, line {line}, column `{name}`: {value} is {scaled} after scaling, beyond the range of f32", path.display())]
    OutOfRange { path: PathBuf, line: u64, name: String, value: f64, scaled: f64 },
    #[error("row {row} is asked for; the table has {rows}")]
    RowOutOfRange { row: usize, rows: usize },
    #[error("no training rows; an encoder learns from at least one")]
    NoRows,
    #[error("no column is left to learn from{}", listed(dropped))]
    NoFeatures { dropped: Vec<Dropped> },
    #[error("{rows} rows of {columns} columns do not fit into memory")]
    TooLarge { rows: usize, columns: usize },
}

/// A column that a table should have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MissingColumn {
    /// Its name.
    pub name: String,
    /// The column of the table that was probably meant.
    pub nearest: Option<String>,
}

fn absent(missing: &[MissingColumn]) -> String {
    let one = |column: &MissingColumn| {
        let offer = column.nearest.as_ref().map_or_else(String::new, |name| format!(" (did you mean `{name}`?)"));
        format!("`{}`{offer}", clipped(&column.name))
    };
    match missing {
        [MissingColumn { name, nearest }] => format!("column `{}` is missing{}", clipped(name), offer(nearest)),
        _ => {
            let shown: Vec<String> = missing.iter().take(16).map(one).collect();
            let more = if missing.len() > shown.len() { ", ..." } else { "" };
            format!("{} columns are missing: {}{more}", missing.len(), shown.join(", "))
        }
    }
}

fn offer(nearest: &Option<impl AsRef<str>>) -> String {
    nearest.as_ref().map_or_else(String::new, |name| format!("; did you mean `{}`?", name.as_ref()))
}

fn offer_or_list(nearest: &Option<impl AsRef<str>>, names: &[String]) -> String {
    if nearest.is_some() { offer(nearest) } else { format!("; there are {}", list(names)) }
}

/// The first of the names.
fn list(names: &[String]) -> String {
    let shown: Vec<String> = names.iter().take(8).map(|name| format!("`{}`", clipped(name))).collect();
    let more = if names.len() > shown.len() { ", ..." } else { "" };
    format!("{}{more}", shown.join(", "))
}

/// What to do about a class that is not known: where only a sign at the end is too much, a flag takes it off.
fn class_offer(cell: &str, nearest: &Option<impl AsRef<str>>, classes: &[String]) -> String {
    let sign = |end: &str| !end.is_empty() && end.chars().all(|sign| sign.is_ascii_punctuation());
    let known = |class: &String| Some((class.clone(), cell.strip_prefix(class.as_str()).filter(|end| sign(end))?));
    match classes.iter().find_map(known) {
        Some((class, end)) => format!("; if it means `{class}`, read the file with --trim-labels '{end}'"),
        None => offer_or_list(nearest, classes),
    }
}

fn listed(dropped: &[Dropped]) -> String {
    let shown: Vec<String> = dropped.iter().take(8).map(Dropped::to_string).collect();
    let more = if dropped.len() > shown.len() { ", ..." } else { "" };
    if shown.is_empty() { String::new() } else { format!(": {}{more}", shown.join(", ")) }
}

fn ragged_place(found: usize, expected: usize, column: &str) -> String {
    if found < expected {
        format!("`{column}` (the first without a cell)")
    } else {
        format!("{} (after the last one, `{column}`)", expected + 1)
    }
}

fn open_quote(line: u64, last_line: u64) -> String {
    if last_line > line {
        format!("; the row runs on to line {last_line}: is a quote left open?")
    } else {
        String::new()
    }
}

/// A cell as messages show it: at most 60 characters, control characters escaped.
pub(crate) fn clipped(cell: &str) -> String {
    let mut shown = String::new();
    for (at, letter) in cell.chars().enumerate() {
        if at == 60 {
            shown.push_str("...");
            break;
        }
        if letter.is_control() {
            shown.extend(letter.escape_default());
        } else {
            shown.push(letter);
        }
    }
    shown
}
