//! Cells to numbers: the encoder as data, and its use.

use serde::{Deserialize, Serialize};

use crate::column::Column;
use crate::cursor::Cursor;
use crate::error::{EncodeError, MissingColumn};
use crate::feature::Feature;
use crate::fit::Dropped;
use crate::parallel;
use crate::scale::Scaling;
use crate::schema::Schema;
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
        for (feature, column) in self.features.iter().zip(self.columns_in(table)?) {
            writers.push((at, feature, Cursor::new(feature, column, table, rows)?));
            at += feature.width();
        }
        let size = rows.len().checked_mul(columns).ok_or_else(too_large)?;
        // Asked for first, because memory that is not there would end the program below.
        Vec::<f32>::new().try_reserve_exact(size).map_err(|_| too_large())?;
        let mut values = vec![0.0_f32; size];
        let write = |(rows, out): (&[usize], &mut [f32])| -> Result<(), EncodeError> {
            for (block, out) in rows.chunks(ROWS_AT_ONCE).zip(out.chunks_mut(ROWS_AT_ONCE * columns.max(1))) {
                for (at, feature, cursor) in &writers {
                    cursor.write(block, columns, &mut out[*at..]).map_err(|(row, value, scaled)| {
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
            Ok(())
        };
        let threads = parallel::threads(rows.len().div_ceil(ROWS_AT_ONCE), ROWS_AT_ONCE * columns);
        let share = rows.len().div_ceil(threads).next_multiple_of(ROWS_AT_ONCE).max(ROWS_AT_ONCE);
        let parts = rows.chunks(share).zip(values.chunks_mut(share * columns.max(1))).collect();
        parallel::map(parts, threads, write).into_iter().collect::<Result<(), EncodeError>>()?;
        Ok(Matrix { rows: rows.len(), columns, values })
    }

    /// The columns of the features; all that are not there are named.
    fn columns_in<'a>(&self, table: &'a Table) -> Result<Vec<&'a Column>, EncodeError> {
        let (mut found, mut missing) = (Vec::with_capacity(self.features.len()), Vec::new());
        for feature in &self.features {
            let name = feature.name();
            match table.column(name) {
                Some(column) => found.push(column),
                None => missing.push(MissingColumn { name: name.to_owned(), nearest: table.nearest_name(name) }),
            }
        }
        if missing.is_empty() {
            Ok(found)
        } else {
            Err(EncodeError::MissingColumns { path: table.path().to_owned(), missing })
        }
    }
}

/// A block of rows that stays in the cache while feature after feature is written into it.
const ROWS_AT_ONCE: usize = 128;

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
        if let Some((feature, fault)) = features.iter().find_map(|feature| Some((feature, feature.fault()?))) {
            return Err(format!("encoder, column `{}`: {fault}", feature.name()));
        }
        Ok(Encoder { scaling, schema, features, dropped })
    }
}
