//! Learning from the training rows how cells become numbers.

use std::collections::BTreeSet;
use std::fmt;

use serde::{Deserialize, Serialize};

use crate::boolean;
use crate::column::{Cells, Column, Kind, MISSING, Words, number_kind, word_kind};
use crate::date::{self, DateOrder, Found, Moment};
use crate::encode::Encoder;
use crate::error::{EncodeError, MissingColumn};
use crate::feature::{DateNumber, DatePart, Feature};
use crate::parallel;
use crate::scale::{Affine, Scaling, median};
use crate::schema::{Schema, SchemaColumn};
use crate::table::Table;

/// So many values of a category have a column of their own; the rest is `other`.
pub const COMMONEST: usize = 32;

/// A column that the encoder leaves out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Dropped {
    /// Its name.
    pub name: String,
    /// Why.
    pub reason: Reason,
}

/// Why a column is left out, judged by the training rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reason {
    /// One value only.
    Constant,
    /// No value at all.
    Empty,
    /// A different value in each row, which names the row and says nothing about others.
    Identifier,
    /// Words that hardly come again.
    Text,
    /// Dates that have two meanings: day first or month first.
    AmbiguousDate,
}

impl fmt::Display for Dropped {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let reason = match self.reason {
            Reason::Constant => "one value only",
            Reason::Empty => "no value",
            Reason::Identifier => "an identifier",
            Reason::Text => "free text",
            Reason::AmbiguousDate => "dates that could be day/month or month/day; write them as 2011-01-31",
        };
        write!(f, "`{}` ({reason})", self.name)
    }
}

impl Encoder {
    /// Learns from the cells of `features` in `rows`, the training rows, and from nothing else.
    ///
    /// - **Numbers** are scaled by the values present. A missing one becomes the median of those
    ///   present, and where the training rows had a missing one, a column says so with 1.
    ///   Numbers that are all equal where present keep only that column.
    /// - **Words** become one column per value, for the [`COMMONEST`] values (ties: the
    ///   alphabetically first), one for `other` where there were more, and one for missing where
    ///   the training rows had a missing one.
    /// - **Booleans** become one column; a missing one becomes the commoner of the two.
    /// - **Dates** become the numbers that vary (year, day, hour) and one column per month and day of the week.
    /// - Constants, identifiers, free text, dates with two meanings and empty columns (see [`Kind`]) are left out and
    ///   named in [`Encoder::dropped`].
    ///
    /// # Errors
    /// A feature that is not in the table, a row that is not, no row, no feature left.
    pub fn fit(table: &Table, features: &[String], rows: &[usize], scaling: Scaling) -> Result<Encoder, EncodeError> {
        if rows.is_empty() {
            return Err(EncodeError::NoRows);
        }
        if let Some(&row) = rows.iter().find(|&&row| row >= table.rows()) {
            return Err(EncodeError::RowOutOfRange { row, rows: table.rows() });
        }
        let mut encoder = Encoder { scaling, schema: Schema::default(), features: Vec::new(), dropped: Vec::new() };
        let find = |name: &String| {
            table.column(name).ok_or_else(|| EncodeError::MissingColumns {
                path: table.path().to_owned(),
                missing: vec![MissingColumn { name: name.clone(), nearest: table.nearest_name(name) }],
            })
        };
        let columns = features.iter().map(find).collect::<Result<Vec<&Column>, _>>()?;
        let threads = parallel::threads(columns.len(), rows.len());
        let learned = parallel::map(columns, threads, |column| (column, learn(column, rows, scaling)));
        for (column, learned) in learned {
            let name = column.name.clone();
            match learned {
                Ok(feature) => {
                    encoder.schema.columns.push(SchemaColumn { name, storage: column.storage() });
                    encoder.features.push(feature);
                }
                Err(reason) => encoder.dropped.push(Dropped { name, reason }),
            }
        }
        if encoder.features.is_empty() {
            return Err(EncodeError::NoFeatures { dropped: encoder.dropped });
        }
        Ok(encoder)
    }
}

fn learn(column: &Column, rows: &[usize], scaling: Scaling) -> Result<Feature, Reason> {
    let name = column.name.clone();
    let Cells::Words(words) = &column.cells else {
        let numbers = column.numbers_of(rows);
        usable(number_kind(&name, &numbers))?;
        return learn_numbers(name, numbers, scaling);
    };
    usable(word_kind(words, rows))?;
    let counts = Counts::of(words, rows);
    match date::order(counts.distinct()) {
        Found::Order(order) => return learn_dates(name, &counts, order, scaling),
        Found::Either | Found::NoDates => {}
    }
    Ok(match boolean::pair(counts.distinct()) {
        Some(pair) => learn_booleans(name, &counts, pair),
        None => learn_words(name, &counts),
    })
}

/// Why a column of this kind is left out.
fn usable(kind: Kind) -> Result<(), Reason> {
    match kind {
        Kind::Empty => Err(Reason::Empty),
        Kind::Constant => Err(Reason::Constant),
        Kind::Identifier => Err(Reason::Identifier),
        Kind::Text => Err(Reason::Text),
        Kind::AmbiguousDate => Err(Reason::AmbiguousDate),
        Kind::Number | Kind::Category | Kind::Boolean | Kind::Date => Ok(()),
    }
}

fn learn_numbers(name: String, mut numbers: Vec<f64>, scaling: Scaling) -> Result<Feature, Reason> {
    let rows = numbers.len();
    numbers.retain(|value| !value.is_nan());
    let indicator = numbers.len() < rows;
    let spread = numbers.iter().any(|&value| value != numbers[0]);
    let affine = if spread { Affine::fit(scaling, &numbers) } else { None };
    match (affine, median(&mut numbers)) {
        (Some(affine), Some(fill)) => Ok(Feature::Number { name, affine, fill, indicator }),
        _ if indicator => Ok(Feature::Presence { name }),
        _ => Err(Reason::Constant),
    }
}

/// How often each word stands in the training rows.
struct Counts<'a> {
    /// The words that are there at all, by code.
    words: Vec<(&'a str, usize)>,
    missing: usize,
}

impl<'a> Counts<'a> {
    fn of(words: &'a Words, rows: &[usize]) -> Counts<'a> {
        let mut counts = vec![0_usize; words.dictionary.len()];
        let mut missing = 0;
        for &row in rows {
            match words.codes[row] {
                MISSING => missing += 1,
                code => counts[code as usize] += 1,
            }
        }
        Counts { words: words.dictionary.iter().zip(counts).filter(|&(_, count)| count > 0).collect(), missing }
    }

    fn distinct(&self) -> impl Iterator<Item = &'a str> {
        self.words.iter().map(|&(word, _)| word)
    }
}

fn learn_words(name: String, counts: &Counts<'_>) -> Feature {
    let mut values = counts.words.clone();
    values.sort_unstable_by(|a, b| b.1.cmp(&a.1).then(a.0.cmp(b.0)));
    let other = values.len() > COMMONEST;
    let values = values.into_iter().take(COMMONEST).map(|(word, _)| word.to_owned()).collect();
    Feature::Category { name, values, other, missing: counts.missing > 0 }
}

fn learn_booleans(name: String, counts: &Counts<'_>, pair: [&str; 2]) -> Feature {
    let (mut yes, mut no) = (0, 0);
    for &(word, count) in &counts.words {
        if boolean::truth(word, &pair) == Some(true) { yes += count } else { no += count }
    }
    Feature::Boolean { name, pair: pair.map(str::to_owned), fill: yes > no, missing: counts.missing > 0 }
}

fn learn_dates(name: String, counts: &Counts<'_>, order: DateOrder, scaling: Scaling) -> Result<Feature, Reason> {
    let mut moments: Vec<(Moment, usize)> =
        counts.words.iter().filter_map(|&(word, count)| Some((date::moment(word, order)?, count))).collect();
    // By time, not by first appearance: sums must not depend on the order of the rows' words.
    moments.sort_by(|(a, _), (b, _)| a.day.cmp(&b.day).then(a.hour.total_cmp(&b.hour)));
    let number = |part: DatePart| {
        let each = moments.iter().flat_map(|&(moment, count)| std::iter::repeat_n(part.of(&moment), count));
        let mut values: Vec<f64> = each.collect();
        let spread = values.iter().any(|value| *value != values[0]);
        let affine = if spread { Affine::fit(scaling, &values)? } else { return None };
        Some(DateNumber { part, affine, fill: median(&mut values)? })
    };
    let numbers: Vec<DateNumber> =
        [DatePart::Year, DatePart::Day, DatePart::Hour].into_iter().filter_map(number).collect();
    let of_part = |of: &dyn Fn(&Moment) -> u8| {
        let seen: BTreeSet<u8> = moments.iter().map(|(moment, _)| of(moment)).collect();
        if seen.len() > 1 { seen.into_iter().collect() } else { Vec::new() }
    };
    let (months, weekdays) = (of_part(&|moment| moment.month), of_part(&Moment::weekday));
    let feature = Feature::Date { name, order, numbers, months, weekdays, missing: counts.missing > 0 };
    if feature.width() == 0 { Err(Reason::Constant) } else { Ok(feature) }
}
