//! Cells to numbers: the encoder as data, and its use.

use std::collections::HashMap;

use serde::{Deserialize, Serialize};

use crate::column::{Cells, Column, MISSING};
use crate::error::{EncodeError, clipped};
use crate::fit::Dropped;
use crate::scale::{Affine, Scaling};
use crate::schema::{Schema, Storage};
use crate::table::Table;

/// How the rows of a table become numbers. Goes into the model file; no field is ever recomputed.
///
/// Made by [`Encoder::fit`]. Two encoders are equal if they encode every table alike, to the bit.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Parts")]
pub struct Encoder {
    pub(crate) scaling: Scaling,
    pub(crate) schema: Schema,
    pub(crate) features: Vec<Feature>,
    pub(crate) dropped: Vec<Dropped>,
}

/// One column of the table in the encoder.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum Feature {
    /// A scaled number, then, with `indicator`, 1 where it is missing.
    Number {
        /// Column of the table.
        name: String,
        /// The scaling.
        affine: Affine,
        /// What stands for a missing number, before scaling.
        fill: f64,
        /// Whether a column says that the number is missing.
        indicator: bool,
    },
    /// Only 1 where the number is missing.
    Presence {
        /// Column of the table.
        name: String,
    },
    /// One column per value, then, with `other`, one for all other words, then, with `missing`,
    /// one for no word. A word that training has not seen is `other`, or without it 0 in all
    /// columns; so is a missing word where training had none.
    Category {
        /// Column of the table.
        name: String,
        /// The values that have a column, the commonest first.
        values: Vec<String>,
        /// Whether there is a column for other words.
        other: bool,
        /// Whether there is a column for missing words.
        missing: bool,
    },
}

/// Encoded rows.
#[derive(Clone, Debug, PartialEq)]
pub struct Matrix {
    /// How many rows.
    pub rows: usize,
    /// How many columns.
    pub columns: usize,
    /// The values, row by row.
    pub values: Vec<f32>,
}

impl Feature {
    /// The column of the table.
    pub fn name(&self) -> &str {
        match self {
            Feature::Number { name, .. } | Feature::Presence { name } | Feature::Category { name, .. } => name,
        }
    }

    /// How many columns of the matrix it makes.
    pub fn width(&self) -> usize {
        match self {
            Feature::Number { indicator, .. } => 1 + usize::from(*indicator),
            Feature::Presence { .. } => 1,
            Feature::Category { values, other, missing, .. } => {
                values.len() + usize::from(*other) + usize::from(*missing)
            }
        }
    }

    fn push_labels(&self, labels: &mut Vec<String>) {
        let absent = |name: &str| format!("{name} is missing");
        match self {
            Feature::Number { name, indicator, .. } => {
                labels.push(name.clone());
                labels.extend(indicator.then(|| absent(name)));
            }
            Feature::Presence { name } => labels.push(absent(name)),
            Feature::Category { name, values, other, missing } => {
                labels.extend(values.iter().map(|value| format!("{name} = {value}")));
                labels.extend(other.then(|| format!("{name} is other")));
                labels.extend(missing.then(|| absent(name)));
            }
        }
    }

    fn storage(&self) -> Storage {
        match self {
            Feature::Number { .. } | Feature::Presence { .. } => Storage::Numbers,
            Feature::Category { .. } => Storage::Words,
        }
    }
}

impl Encoder {
    /// What a table must hold to be encoded; read new files by it.
    pub fn schema(&self) -> &Schema {
        &self.schema
    }

    /// The columns of the table that are used, with what has been learned of them.
    pub fn features(&self) -> &[Feature] {
        &self.features
    }

    /// The columns that were left out, with reasons.
    pub fn dropped(&self) -> &[Dropped] {
        &self.dropped
    }

    /// The scaling of numbers.
    pub fn scaling(&self) -> Scaling {
        self.scaling
    }

    /// How many columns the matrix has.
    pub fn width(&self) -> usize {
        self.features.iter().map(Feature::width).sum()
    }

    /// What each column of the matrix says: `age`, `age is missing`, `job = nurse`, `job is other`.
    pub fn labels(&self) -> Vec<String> {
        let mut labels = Vec::with_capacity(self.width());
        for feature in &self.features {
            feature.push_labels(&mut labels);
        }
        labels
    }

    /// The matrix of these rows, in the order given; columns are found by name.
    ///
    /// A row is encoded the same whichever rows are beside it, to the bit.
    ///
    /// # Errors
    /// A column or row that is not in the table, words where numbers were (or the reverse), a
    /// number that scaling takes beyond f32, a matrix beyond memory.
    pub fn encode(&self, table: &Table, rows: &[usize]) -> Result<Matrix, EncodeError> {
        let columns = self.width();
        let too_large = || EncodeError::TooLarge { rows: rows.len(), columns };
        if let Some(&row) = rows.iter().find(|&&row| row >= table.rows()) {
            return Err(EncodeError::RowOutOfRange { row, rows: table.rows() });
        }
        let mut writers = Vec::with_capacity(self.features.len());
        let mut at = 0;
        for feature in &self.features {
            writers.push((at, feature, Cursor::new(feature, table, rows)?));
            at += feature.width();
        }
        let size = rows.len().checked_mul(columns).ok_or_else(too_large)?;
        let mut values: Vec<f32> = Vec::new();
        values.try_reserve_exact(size).map_err(|_| too_large())?;
        for block in rows.chunks(ROWS_AT_ONCE) {
            let start = values.len();
            values.resize(start + block.len() * columns, 0.0);
            for (at, feature, cursor) in &writers {
                cursor.write(feature, block, columns, &mut values[start + at..]).map_err(|(row, value, scaled)| {
                    EncodeError::OutOfRange {
                        path: table.path().to_owned(),
                        line: table.line(row),
                        name: feature.name().to_owned(),
                        value,
                        scaled,
                    }
                })?;
            }
        }
        Ok(Matrix { rows: rows.len(), columns, values })
    }
}

/// A block of rows that stays in the cache while feature after feature is written into it.
const ROWS_AT_ONCE: usize = 128;

/// The cells of a feature in the table at hand.
enum Cursor<'a> {
    Numbers(&'a [f64]),
    /// Codes, and for each code the column to set, if any.
    Words(&'a [u32], Vec<Option<usize>>),
    /// The rows in question have no cell in this column.
    Missing,
}

impl<'a> Cursor<'a> {
    fn new(feature: &Feature, table: &'a Table, rows: &[usize]) -> Result<Self, EncodeError> {
        let name = feature.name();
        let path = || table.path().to_owned();
        let column = table.column(name).ok_or_else(|| EncodeError::MissingColumn {
            path: path(),
            name: name.to_owned(),
            nearest: table.nearest_name(name),
        })?;
        match (&column.cells, feature) {
            (Cells::Numbers(values), Feature::Number { .. } | Feature::Presence { .. }) => Ok(Cursor::Numbers(values)),
            (Cells::Words(words), Feature::Category { values, other, .. }) => {
                let places: HashMap<&str, usize> =
                    values.iter().enumerate().map(|(at, value)| (value.as_str(), at)).collect();
                let unseen = other.then_some(values.len());
                let place = |word| places.get(word).copied().or(unseen);
                Ok(Cursor::Words(&words.codes, words.dictionary.iter().map(place).collect()))
            }
            _ => match rows.iter().find(|&&row| !column.is_missing(row)) {
                None => Ok(Cursor::Missing),
                Some(&row) => Err(other_storage(feature, column, table, row)),
            },
        }
    }

    /// Writes the feature for a block of rows; `out` starts at its first column.
    ///
    /// Fails with row, value and scaled value where f32 cannot hold the result.
    fn write(
        &self,
        feature: &Feature,
        block: &[usize],
        stride: usize,
        out: &mut [f32],
    ) -> Result<(), (usize, f64, f64)> {
        match feature {
            Feature::Number { affine, fill, indicator, .. } => {
                let filled = affine.apply(*fill);
                for (at, &row) in block.iter().enumerate() {
                    let value = self.number(row);
                    let scaled = if value.is_nan() { filled } else { affine.apply(value) };
                    let narrow = scaled as f32;
                    if !narrow.is_finite() {
                        return Err((row, value, scaled));
                    }
                    out[at * stride] = narrow;
                    if *indicator && value.is_nan() {
                        out[at * stride + 1] = 1.0;
                    }
                }
            }
            Feature::Presence { .. } => {
                for (at, &row) in block.iter().enumerate() {
                    out[at * stride] = f32::from(u8::from(self.number(row).is_nan()));
                }
            }
            Feature::Category { values, other, missing, .. } => {
                let absent =
                    if *missing { Some(values.len() + usize::from(*other)) } else { other.then_some(values.len()) };
                for (at, &row) in block.iter().enumerate() {
                    if let Some(place) = self.place(row, absent) {
                        out[at * stride + place] = 1.0;
                    }
                }
            }
        }
        Ok(())
    }

    fn number(&self, row: usize) -> f64 {
        match self {
            Cursor::Numbers(values) => values[row],
            Cursor::Words(..) | Cursor::Missing => f64::NAN,
        }
    }

    fn place(&self, row: usize, absent: Option<usize>) -> Option<usize> {
        match self {
            Cursor::Words(codes, places) if codes[row] != MISSING => places[codes[row] as usize],
            Cursor::Words(..) | Cursor::Numbers(_) | Cursor::Missing => absent,
        }
    }
}

fn other_storage(feature: &Feature, column: &Column, table: &Table, row: usize) -> EncodeError {
    let (path, name) = (table.path().to_owned(), column.name.clone());
    match &column.cells {
        Cells::Words(words) => {
            EncodeError::NotNumber { path, line: table.line(row), name, cell: clipped(words.get(row).unwrap_or("")) }
        }
        Cells::Numbers(_) => {
            EncodeError::OtherStorage { path, name, expected: feature.storage(), found: Storage::Numbers }
        }
    }
}

/// An encoder as it stands in a file, not yet trusted.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Parts {
    scaling: Scaling,
    schema: Schema,
    features: Vec<Feature>,
    dropped: Vec<Dropped>,
}

impl TryFrom<Parts> for Encoder {
    type Error = String;

    fn try_from(parts: Parts) -> Result<Encoder, String> {
        let Parts { scaling, schema, features, dropped } = parts;
        let named = schema.columns.iter().map(|column| (column.name.as_str(), column.storage));
        if !features.iter().map(|feature| (feature.name(), feature.storage())).eq(named) {
            return Err("encoder: the features are not those of the schema".to_owned());
        }
        if features.is_empty() {
            return Err("encoder: no features".to_owned());
        }
        for feature in &features {
            if let Feature::Number { name, affine, fill, .. } = feature
                && !(affine.is_sound() && fill.is_finite())
            {
                return Err(format!("encoder: the scaling of `{name}` is not finite"));
            }
        }
        Ok(Encoder { scaling, schema, features, dropped })
    }
}
