//! Reading a data source, whatever kind of file it is.

use std::path::Path;

use caviar_table::{ReadOptions, Table};

use crate::error::LabError;

/// Reads a data source by its kind of file: how every command comes to its table.
///
/// # Errors
/// Anything that is wrong with the file, with its place.
pub fn read_table(source: impl AsRef<Path>, options: &ReadOptions) -> Result<Table, LabError> {
    Ok(Table::read(source.as_ref(), options)?)
}
