//! What a person asks of a study that another process works on.

use std::path::Path;

use rusqlite::{Connection, OpenFlags, TransactionBehavior, params};

use super::error::StudyError;
use super::file::BUSY;
use super::owner::Owner;
use super::reader::{check_file, seal_of_wish};
use super::rows::WishRow;
use super::schema;
use crate::error::StoreError;

/// Leaves a wish for a trial of a running study in its file, and returns the wish's number.
///
/// - **Errors:** [`StudyError::NotOwned`] where nobody works on the study; those of
///   [`StudyReader::open`](super::StudyReader::open).
pub fn wish(path: &Path, trial: u64, wish: &str) -> Result<u64, StoreError> {
    check_file(path)?;
    let failed = |source| StoreError::Study { path: path.to_owned(), source };
    if !Owner::is_claimed(path) {
        return Err(failed(StudyError::NotOwned));
    }
    insert(path, trial, wish).map_err(failed)
}

fn insert(path: &Path, trial: u64, wish: &str) -> Result<u64, StudyError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let mut connection = Connection::open_with_flags(path, flags)?;
    connection.busy_timeout(BUSY)?;
    connection.pragma_update(None, "trusted_schema", false)?;
    schema::check(&connection)?;
    connection.pragma_update(None, "synchronous", "FULL")?;
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let row = WishRow { id: 0, trial, wish: wish.to_owned(), step: None, done: false };
    transaction.execute(
        "INSERT INTO caviar_wishes (trial, wish, step, done, seal) VALUES (?1, ?2, NULL, 0, ?3)",
        params![trial as i64, wish, seal_of_wish(&row).value()],
    )?;
    let id = transaction.last_insert_rowid() as u64;
    transaction.commit()?;
    Ok(id)
}
