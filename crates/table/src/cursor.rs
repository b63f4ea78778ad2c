//! The cells of a feature in the table at hand, and their writing.

use std::collections::HashMap;

use crate::block::BlockColumn;
use crate::boolean;
use crate::column::{Cells, Column, MISSING, Words};
use crate::date::{self, Moment};
use crate::error::{EncodeError, clipped};
use crate::feature::{DateNumber, Feature};
use crate::scale::Affine;
use crate::schema::Storage;
use crate::table::Table;

/// What the codes or numbers of a column mean to a feature.
pub(crate) enum Cursor<'a> {
    /// A scaled number, or its absence.
    Numbers { values: Values<'a>, affine: &'a Affine, fill: f64, indicator: bool },
    /// Only the absence of a number.
    Presence(Values<'a>),
    /// The column to set for each code, if any, and for a missing word.
    Words { codes: Codes<'a>, places: Vec<Option<usize>>, absent: Option<usize> },
    /// What each code says, and what any other word and none do.
    Booleans { codes: Codes<'a>, truths: Vec<Option<bool>>, fill: bool, missing: bool },
    /// The day of each code.
    Dates { codes: Codes<'a>, moments: Vec<Option<Moment>>, parts: Parts<'a> },
}

/// The numbers of a column.
pub(crate) enum Values<'a> {
    /// Kept as such.
    Numbers(&'a [f64]),
    /// A column of a matrix.
    Block(&'a BlockColumn),
    /// None in all rows in question.
    Missing,
}

impl Values<'_> {
    fn get(&self, row: usize) -> f64 {
        match self {
            Values::Numbers(values) => values[row],
            Values::Block(column) => column.get(row),
            Values::Missing => f64::NAN,
        }
    }
}

/// The codes of a column; `None` where all rows in question have none.
type Codes<'a> = Option<&'a [u32]>;

/// The columns that a date makes.
pub(crate) struct Parts<'a> {
    numbers: &'a [DateNumber],
    months: &'a [u8],
    weekdays: &'a [u8],
    missing: bool,
}

/// A number that f32 cannot hold: row, value, scaled value.
pub(crate) type Beyond = (usize, f64, f64);

impl<'a> Cursor<'a> {
    /// The feature in its column of this table; the rows are those that will be written.
    ///
    /// # Errors
    /// A column that holds something else in one of the rows.
    pub(crate) fn new(
        feature: &'a Feature,
        column: &'a Column,
        table: &Table,
        rows: &[usize],
    ) -> Result<Self, EncodeError> {
        let (values, words) = match (&column.cells, feature.storage()) {
            (Cells::Numbers(values), Storage::Numbers) => (Values::Numbers(values), None),
            (Cells::Block(column), Storage::Numbers) => (Values::Block(column), None),
            (Cells::Words(words), Storage::Words) => (Values::Missing, Some(words)),
            _ => match rows.iter().find(|&&row| !column.is_missing(row)) {
                None => (Values::Missing, None),
                Some(&row) => return Err(other_storage(feature, column, table, row)),
            },
        };
        let codes = words.map(|words| &words.codes[..]);
        Ok(match feature {
            Feature::Number { affine, fill, indicator, .. } => {
                Cursor::Numbers { values, affine, fill: *fill, indicator: *indicator }
            }
            Feature::Presence { .. } => Cursor::Presence(values),
            Feature::Category { values, other, missing, .. } => {
                let by_value: HashMap<&str, usize> =
                    values.iter().enumerate().map(|(at, value)| (value.as_str(), at)).collect();
                let unseen = other.then_some(values.len());
                let places = of_each(words, |word| by_value.get(word).copied().or(unseen));
                let absent = if *missing { Some(values.len() + usize::from(*other)) } else { unseen };
                Cursor::Words { codes, places, absent }
            }
            Feature::Boolean { pair, fill, missing, .. } => {
                let truths = of_each(words, |word| boolean::truth(word, pair));
                Cursor::Booleans { codes, truths, fill: *fill, missing: *missing }
            }
            Feature::Date { order, numbers, months, weekdays, missing, .. } => {
                let moments = of_each(words, |word| date::moment(word, *order));
                if let Some(words) = words {
                    check_dates(words, &moments, table, feature.name(), rows)?;
                }
                Cursor::Dates { codes, moments, parts: Parts { numbers, months, weekdays, missing: *missing } }
            }
        })
    }

    /// Writes the feature for a block of rows; `out` starts at its first column and is 0 everywhere.
    pub(crate) fn write(&self, block: &[usize], stride: usize, out: &mut [f32]) -> Result<(), Beyond> {
        let places = block.iter().zip((0..).step_by(stride));
        match self {
            Cursor::Numbers { values, affine, fill, indicator } => {
                let filled = affine.apply(*fill);
                for (&row, at) in places {
                    let value = values.get(row);
                    let scaled = if value.is_nan() { filled } else { affine.apply(value) };
                    out[at] = narrow(row, value, scaled)?;
                    if *indicator && value.is_nan() {
                        out[at + 1] = 1.0;
                    }
                }
            }
            Cursor::Presence(values) => {
                for (&row, at) in places {
                    out[at] = f32::from(u8::from(values.get(row).is_nan()));
                }
            }
            Cursor::Words { codes, places: of_code, absent } => {
                for (&row, at) in places {
                    let code = codes.map_or(MISSING, |codes| codes[row]);
                    let place = if code == MISSING { *absent } else { of_code[code as usize] };
                    if let Some(place) = place {
                        out[at + place] = 1.0;
                    }
                }
            }
            Cursor::Booleans { codes, truths, fill, missing } => {
                for (&row, at) in places {
                    let code = codes.map_or(MISSING, |codes| codes[row]);
                    let truth = truths.get(code as usize).copied().flatten();
                    out[at] = f32::from(u8::from(truth.unwrap_or(*fill)));
                    if *missing && truth.is_none() {
                        out[at + 1] = 1.0;
                    }
                }
            }
            Cursor::Dates { codes, moments, parts } => {
                for (&row, at) in places {
                    let code = codes.map_or(MISSING, |codes| codes[row]);
                    parts.write(moments.get(code as usize).and_then(Option::as_ref), row, &mut out[at..])?;
                }
            }
        }
        Ok(())
    }
}

impl Parts<'_> {
    fn write(&self, moment: Option<&Moment>, row: usize, out: &mut [f32]) -> Result<(), Beyond> {
        for (number, out) in self.numbers.iter().zip(&mut *out) {
            let value = moment.map_or(number.fill, |moment| number.part.of(moment));
            *out = narrow(row, value, number.affine.apply(value))?;
        }
        let months = self.numbers.len();
        let weekdays = months + self.months.len();
        match moment {
            None if self.missing => out[weekdays + self.weekdays.len()] = 1.0,
            None => {}
            Some(moment) => {
                if let Some(place) = self.months.iter().position(|&month| month == moment.month) {
                    out[months + place] = 1.0;
                }
                let weekday = moment.weekday();
                if let Some(place) = self.weekdays.iter().position(|&known| known == weekday) {
                    out[weekdays + place] = 1.0;
                }
            }
        }
        Ok(())
    }
}

/// The meaning of each word by its code.
fn of_each<T>(words: Option<&Words>, meaning: impl Fn(&str) -> T) -> Vec<T> {
    words.map_or_else(Vec::new, |words| words.dictionary.iter().map(meaning).collect())
}

/// The scaled number in f32, if that can hold it.
fn narrow(row: usize, value: f64, scaled: f64) -> Result<f32, Beyond> {
    let narrow = scaled as f32;
    if narrow.is_finite() { Ok(narrow) } else { Err((row, value, scaled)) }
}

/// Every word in the rows in question must be a date.
fn check_dates(
    words: &Words,
    moments: &[Option<Moment>],
    table: &Table,
    name: &str,
    rows: &[usize],
) -> Result<(), EncodeError> {
    let none = |code: u32| code != MISSING && moments[code as usize].is_none();
    match rows.iter().find(|&&row| none(words.codes[row])) {
        None => Ok(()),
        Some(&row) => Err(EncodeError::NotDate {
            path: table.path().to_owned(),
            line: table.line(row),
            name: name.to_owned(),
            cell: clipped(words.get(row).unwrap_or("")),
        }),
    }
}

fn other_storage(feature: &Feature, column: &Column, table: &Table, row: usize) -> EncodeError {
    let (path, name) = (table.path().to_owned(), column.name.clone());
    match &column.cells {
        Cells::Words(words) => {
            EncodeError::NotNumber { path, line: table.line(row), name, cell: clipped(words.get(row).unwrap_or("")) }
        }
        Cells::Numbers(_) | Cells::Block(_) => {
            EncodeError::OtherStorage { path, name, expected: feature.storage(), found: Storage::Numbers }
        }
    }
}
