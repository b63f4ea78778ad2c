//! Reading a table file of any length.

use std::io;
use std::path::Path;
use std::sync::mpsc;
use std::thread;

use caviar_table::{ReadError, ReadOptions, Table};

use crate::error::LabError;
use crate::source::{is_table, read_table};

/// Numbers of a table that are held at a time where a file is read in pieces.
const CELLS_AT_ONCE: usize = 1 << 20;
/// Rows that are held at most.
const ROWS_AT_ONCE: usize = 8192;

/// Hands a data source on in tables of some rows each, so that memory does not grow with the file.
///
/// The options must have a schema, see [`crate::Model::read_options`]. `-` is the standard input. Arrays are handed on as
/// a whole: they are in memory anyway.
///
/// # Errors
/// Anything that is wrong with the file, with its place; what `take` says.
pub fn read_in_pieces<E: From<LabError>>(
    source: &Path,
    options: &ReadOptions,
    mut take: impl FnMut(&Table) -> Result<(), E>,
) -> Result<(), E> {
    if !is_table(source) {
        return take(&read_table(source, options)?);
    }
    let columns = options.schema.as_ref().map_or(1, |schema| schema.columns.len().max(1));
    let rows = (CELLS_AT_ONCE / columns).clamp(1, ROWS_AT_ONCE);
    // One piece is read while the one before it is worked on.
    let (send, pieces) = mpsc::sync_channel::<Result<Table, ReadError>>(1);
    let read = move || {
        let chunks = match source.as_os_str() == "-" {
            true => Table::chunks_from(io::stdin().lock(), "standard input".as_ref(), options, rows),
            false => Table::chunks(source, options, rows),
        };
        match chunks {
            Ok(chunks) => chunks.into_iter().try_for_each(|piece| send.send(piece).map_err(drop)),
            Err(error) => send.send(Err(error)).map_err(drop),
        }
    };
    thread::scope(|scope| {
        // Whoever takes no more closes the channel, which ends the reader.
        let reader = scope.spawn(move || read().unwrap_or_default());
        let taken = pieces.into_iter().try_for_each(|piece| take(&piece.map_err(LabError::from)?));
        reader.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic));
        taken
    })
}
