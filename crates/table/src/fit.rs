//! Learning from the training rows how cells become numbers.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::column::{Cells, Column, Kind, MISSING, Words};
use crate::encode::{Encoder, Feature};
use crate::error::EncodeError;
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
}

impl fmt::Display for Dropped {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let reason = match self.reason {
            Reason::Constant => "one value only",
            Reason::Empty => "no value",
            Reason::Identifier => "an identifier",
            Reason::Text => "free text",
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
    /// - Constants, identifiers, free text and empty columns (see [`Kind`]) are left out and
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
        for name in features {
            let column = table.column(name).ok_or_else(|| EncodeError::MissingColumn {
                path: table.path().to_owned(),
                name: name.clone(),
                nearest: table.nearest_name(name),
            })?;
            match learn(column, rows, scaling) {
                Ok(feature) => {
                    let (name, storage) = (name.clone(), column.storage());
                    encoder.schema.columns.push(SchemaColumn { name, storage });
                    encoder.features.push(feature);
                }
                Err(reason) => encoder.dropped.push(Dropped { name: name.clone(), reason }),
            }
        }
        if encoder.features.is_empty() {
            return Err(EncodeError::NoFeatures { dropped: encoder.dropped });
        }
        Ok(encoder)
    }
}

fn learn(column: &Column, rows: &[usize], scaling: Scaling) -> Result<Feature, Reason> {
    match column.kind(rows) {
        Kind::Empty => return Err(Reason::Empty),
        Kind::Constant => return Err(Reason::Constant),
        Kind::Identifier => return Err(Reason::Identifier),
        Kind::Text => return Err(Reason::Text),
        Kind::Number | Kind::Category => {}
    }
    let name = column.name.clone();
    match &column.cells {
        Cells::Words(words) => Ok(learn_words(name, words, rows)),
        Cells::Numbers(values) => learn_numbers(name, values, rows, scaling),
    }
}

fn learn_numbers(name: String, values: &[f64], rows: &[usize], scaling: Scaling) -> Result<Feature, Reason> {
    let present: Vec<f64> = rows.iter().map(|&row| values[row]).filter(|value| !value.is_nan()).collect();
    let indicator = present.len() < rows.len();
    let spread = present.iter().any(|&value| value != present[0]);
    let affine = if spread { Affine::fit(scaling, &present) } else { None };
    match (affine, median(&present)) {
        (Some(affine), Some(fill)) => Ok(Feature::Number { name, affine, fill, indicator }),
        _ if indicator => Ok(Feature::Presence { name }),
        _ => Err(Reason::Constant),
    }
}

fn learn_words(name: String, words: &Words, rows: &[usize]) -> Feature {
    let mut counts = vec![0_usize; words.dictionary.len()];
    let mut missing = false;
    for &row in rows {
        match words.codes[row] {
            MISSING => missing = true,
            code => counts[code as usize] += 1,
        }
    }
    let mut values: Vec<(&str, usize)> = words.dictionary.iter().zip(counts).filter(|&(_, count)| count > 0).collect();
    values.sort_unstable_by(|a, b| b.1.cmp(&a.1).then(a.0.cmp(b.0)));
    let other = values.len() > COMMONEST;
    let values = values.into_iter().take(COMMONEST).map(|(word, _)| word.to_owned()).collect();
    Feature::Category { name, values, other, missing }
}
