//! The tables.

use rusqlite::Connection;

use super::error::StudyError;

/// The newest version of the study file that this program writes and reads.
pub const STUDY_FORMAT: i64 = 1;

/// `CAVI`, by which `file` and others know the file.
const APPLICATION: i64 = 0x4341_5649;

/// Slices have row ids, because blobs of some thousand bytes fill the pages of such tables better.
///
/// Every row ends with its seal: the first eight bytes of the BLAKE3 hash of its other cells.
const TABLES: &str = "
CREATE TABLE caviar_study (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    format INTEGER NOT NULL,
    program TEXT NOT NULL,
    command TEXT NOT NULL,
    config TEXT NOT NULL,
    details TEXT NOT NULL,
    state TEXT NOT NULL,
    seconds REAL NOT NULL,
    result TEXT,
    seal INTEGER NOT NULL
);
CREATE TABLE caviar_files (
    path TEXT PRIMARY KEY NOT NULL,
    bytes INTEGER NOT NULL,
    hash TEXT NOT NULL,
    seal INTEGER NOT NULL
) WITHOUT ROWID;
CREATE TABLE caviar_trials (
    number INTEGER PRIMARY KEY,
    state TEXT NOT NULL,
    params TEXT NOT NULL,
    seed INTEGER NOT NULL,
    score REAL,
    epochs INTEGER NOT NULL,
    details TEXT NOT NULL,
    seal INTEGER NOT NULL
);
CREATE TABLE caviar_runs (
    trial INTEGER NOT NULL,
    stage TEXT NOT NULL,
    part INTEGER NOT NULL,
    ended TEXT NOT NULL,
    steps INTEGER NOT NULL,
    seconds REAL NOT NULL,
    details TEXT,
    seal INTEGER NOT NULL,
    PRIMARY KEY (trial, stage, part)
) WITHOUT ROWID;
CREATE TABLE caviar_slices (
    trial INTEGER NOT NULL,
    stage TEXT NOT NULL,
    part INTEGER NOT NULL,
    first_epoch INTEGER NOT NULL,
    columns TEXT NOT NULL,
    numbers BLOB NOT NULL,
    seal INTEGER NOT NULL,
    PRIMARY KEY (trial, stage, part, first_epoch)
);
CREATE TABLE caviar_snapshots (
    id INTEGER PRIMARY KEY,
    trial INTEGER NOT NULL,
    stage TEXT NOT NULL,
    part INTEGER NOT NULL,
    kind TEXT NOT NULL,
    member INTEGER NOT NULL,
    epoch INTEGER NOT NULL,
    step INTEGER NOT NULL,
    hash TEXT NOT NULL,
    bytes BLOB NOT NULL,
    seal INTEGER NOT NULL,
    UNIQUE (trial, stage, part, kind, member)
);
CREATE TABLE caviar_commands (
    id INTEGER PRIMARY KEY,
    trial INTEGER NOT NULL,
    step INTEGER NOT NULL,
    change TEXT NOT NULL,
    seal INTEGER NOT NULL
);
";

/// Wishes came later than the other tables: an owner makes the table where it is not there.
const WISHES: &str = "
CREATE TABLE IF NOT EXISTS caviar_wishes (
    id INTEGER PRIMARY KEY,
    trial INTEGER NOT NULL,
    wish TEXT NOT NULL,
    step INTEGER,
    done INTEGER NOT NULL,
    seal INTEGER NOT NULL
);
";

/// Makes the table of wishes.
pub(super) fn add_wishes(connection: &Connection) -> Result<(), StudyError> {
    Ok(connection.execute_batch(WISHES)?)
}

/// Makes the tables in an empty file.
pub(super) fn create(connection: &Connection) -> Result<(), StudyError> {
    connection.pragma_update(None, "application_id", APPLICATION)?;
    connection.execute_batch(TABLES)?;
    add_wishes(connection)
}

/// Whether the file is a study that this program reads, and whole.
pub(super) fn check(connection: &Connection) -> Result<(), StudyError> {
    let tables = "SELECT count(*) FROM sqlite_master WHERE type = 'table' AND name = 'caviar_study'";
    if connection.query_row(tables, [], |row| row.get::<_, i64>(0))? == 0 {
        return Err(StudyError::NotAStudy);
    }
    let found: i64 = connection.query_row("SELECT format FROM caviar_study", [], |row| row.get(0))?;
    if found > STUDY_FORMAT {
        return Err(StudyError::NewerFormat { found, known: STUDY_FORMAT });
    }
    // The whole file by its structure; the tables that are read through an index also by what the index says of them.
    for pragma in ["quick_check(1)", "integrity_check(caviar_slices)", "integrity_check(caviar_snapshots)"] {
        let verdict: String = connection.query_row(&format!("PRAGMA {pragma}"), [], |row| row.get(0))?;
        if verdict != "ok" {
            return Err(StudyError::Damaged { what: verdict });
        }
    }
    Ok(())
}
