//! Rows of a table as a network takes them.

use std::sync::Arc;

use caviar_engine::rows::{ColumnMap, Numbers, Rows};
use caviar_engine::train::DataError;
use caviar_table::{Encoder, Table, View};

use crate::error::LabError;

/// These rows, encoded: read where they stand in a matrix that the table holds, or else in a matrix of their own. A row's
/// numbers are the same either way, to the bit.
pub(crate) fn encoded(encoder: &Encoder, table: &Table, rows: &[usize]) -> Result<Rows, LabError> {
    let Some(View { block, rows, columns }) = encoder.view(table, rows) else {
        let matrix = encoder.encode(table, rows)?;
        return Ok(Rows::from_f32(matrix.values, matrix.columns).map_err(|_| DataError::Empty)?);
    };
    let numbers = match block.numbers() {
        caviar_table::Numbers::U8(values) => Numbers::U8(Arc::clone(values)),
        caviar_table::Numbers::F32(values) => Numbers::F32(Arc::clone(values)),
        caviar_table::Numbers::F64(values) => Numbers::F64(Arc::clone(values)),
    };
    let map = |of: &caviar_table::ViewColumn| ColumnMap { column: of.column, center: of.center, factor: of.factor };
    let columns = columns.iter().map(map).collect();
    Ok(Rows::view(numbers, block.width(), rows, columns).map_err(|_| DataError::Empty)?)
}
