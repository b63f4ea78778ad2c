//! Reading a data source, whatever kind of file it is.

use std::path::{Path, PathBuf};

use caviar_formats::ArrayFile;
use caviar_table::{ReadOptions, Table};

use crate::arrays;
use crate::error::LabError;

/// What answers are called that come from a file whose array has no name.
const ANSWERS: &str = "target";

/// Reads a data source: how every command comes to its table.
///
/// - **A table**, .csv or .tsv, gzipped or not.
/// - **Arrays**, known by their first bytes: npy, npz, IDX (gzipped or not), HDF5. A matrix gives the columns `c1`, `c2`,
///   ... or those of [`ReadOptions::names`], further axes being laid out in a row; arrays of one number for each of
///   its rows stand beside it by their names. `file:array` takes one array of a file.
///
/// # Errors
/// Anything that is wrong with the file, with its place.
pub fn read_table(source: impl AsRef<Path>, options: &ReadOptions) -> Result<Table, LabError> {
    let source = source.as_ref();
    let (path, array) = file_and_array(source);
    match (ArrayFile::format_of(&path), array) {
        (Ok(Some(_)), array) => arrays::table(&path, array.as_deref(), options),
        // What cannot be opened, or is no file of arrays, is for the reader of tables to name.
        (Ok(None) | Err(_), None) => Ok(Table::read(source, options)?),
        (Ok(None), Some(_)) => Err(arrays::broken(&path, caviar_formats::FormatError::UnknownFormat)),
        (Err(error), Some(_)) => Err(arrays::broken(&path, error)),
    }
}

/// Reads a data source whose answers may be in another file; returns the name of their column.
///
/// `target` is a column of the table, or else a file of arrays with one number for each row; these become a column
/// named `called`, or by their array, or `target`.
///
/// # Errors
/// As [`read_table`]; answers that are not one for each row.
pub fn read_table_with_target(
    source: impl AsRef<Path>,
    options: &ReadOptions,
    target: &str,
    called: Option<&str>,
) -> Result<(Table, String), LabError> {
    let table = read_table(source, options)?;
    if table.column(target).is_some() {
        return Ok((table, target.to_owned()));
    }
    let (path, array) = file_and_array(Path::new(target));
    if !path.is_file() {
        return Ok((table, target.to_owned()));
    }
    let name = called.map(str::to_owned).or(array.clone()).unwrap_or_else(|| ANSWERS.to_owned());
    let column = arrays::answers(&path, array.as_deref(), &name, &table)?;
    Ok((table.with_column(column)?, name))
}

/// Reads a table of held-out rows: `file`, or `file,answers` with the answers in a file of arrays, called as in training.
///
/// # Errors
/// As [`read_table_with_target`].
pub(crate) fn read_held_out(source: &Path, options: &ReadOptions, target: &str) -> Result<Table, LabError> {
    let pair = source.to_str().and_then(|text| text.rsplit_once(',')).filter(|_| !source.exists());
    match pair {
        Some((file, answers)) => Ok(read_table_with_target(file, options, answers, Some(target))?.0),
        None => read_table(source, options),
    }
}

/// Whether a source is read as a table of cells, not as arrays.
pub(crate) fn is_table(source: &Path) -> bool {
    let (path, array) = file_and_array(source);
    array.is_none() && !matches!(ArrayFile::format_of(&path), Ok(Some(_)))
}

/// A file, and the array of it that is named after a colon.
fn file_and_array(source: &Path) -> (PathBuf, Option<String>) {
    let whole = || (source.to_owned(), None);
    if source.exists() {
        return whole();
    }
    match source.to_str().and_then(|text| text.rsplit_once(':')) {
        Some((file, array)) if !array.is_empty() && Path::new(file).is_file() => (file.into(), Some(array.to_owned())),
        _ => whole(),
    }
}
