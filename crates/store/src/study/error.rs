use rusqlite::{ErrorCode, ffi};

/// Why a study file could not be made, read or written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StudyError {
    /// Not an SQLite file at all.
    #[error("this is not a study: it is no SQLite file")]
    NotADatabase,
    /// An SQLite file of another program.
    #[error("this is not a study: it has no table `caviar_study`")]
    NotAStudy,
    /// Written by a newer program.
    #[error("the study has format {found}, this program reads formats up to {known}: use a newer Caviar")]
    NewerFormat {
        /// The version in the file.
        found: i64,
        /// The newest version that is read.
        known: i64,
    },
    /// The file is cut short, or its pages contradict each other.
    #[error("the study is damaged: {what}")]
    Damaged {
        /// What SQLite, or the reader of a row, found.
        what: String,
    },
    /// A row is not the one that was written.
    #[error("the study was altered after it was written: a row of `{table}` does not fit its seal")]
    Altered {
        /// The table.
        table: &'static str,
    },
    /// Another process writes to it.
    #[error("the study is in use{}: only one process at a time may go on with it", by(owner))]
    Owned {
        /// The number of that process, where it is known.
        owner: Option<u32>,
    },
    /// No process works on it.
    #[error("nobody works on the study: only a running one can be steered")]
    NotOwned,
    /// There is a study already.
    #[error("there is a study already; it is never overwritten")]
    Exists,
    /// The disk is full.
    #[error("the disk is full: the study holds what was done up to the last half second, and nothing half-written")]
    DiskFull,
    /// Whatever else SQLite says, such as `disk I/O error` where its side files find no room.
    #[error("{source}: the study cannot be read or written here; is there room, and the right to write?")]
    Sqlite {
        /// Its words.
        source: rusqlite::Error,
    },
    /// An earlier write failed, and nothing was written since.
    #[error("the study cannot be written to any more: {why}")]
    Broken {
        /// Why the write failed.
        why: String,
    },
    /// The study is no longer open.
    #[error("the study is closed")]
    Closed,
}

impl StudyError {
    /// Whether there is no room on the disk, so that the same may succeed later.
    pub(super) fn is_full_disk(&self) -> bool {
        match self {
            StudyError::DiskFull => true,
            // The index beside the log could not grow.
            StudyError::Sqlite { source: rusqlite::Error::SqliteFailure(failure, _) } => {
                failure.extended_code == ffi::SQLITE_IOERR_SHMSIZE
            }
            _ => false,
        }
    }
}

fn by(owner: &Option<u32>) -> String {
    owner.map_or_else(String::new, |owner| format!(" by process {owner}"))
}

impl From<rusqlite::Error> for StudyError {
    fn from(source: rusqlite::Error) -> Self {
        match &source {
            rusqlite::Error::SqliteFailure(failure, _) => match failure.code {
                ErrorCode::NotADatabase => StudyError::NotADatabase,
                ErrorCode::DatabaseCorrupt => StudyError::Damaged { what: source.to_string() },
                ErrorCode::DiskFull => StudyError::DiskFull,
                _ => StudyError::Sqlite { source },
            },
            // A cell of another type, a number outside its range, a table or column that is not there.
            rusqlite::Error::InvalidColumnType(..)
            | rusqlite::Error::IntegralValueOutOfRange(..)
            | rusqlite::Error::FromSqlConversionFailure(..)
            | rusqlite::Error::QueryReturnedNoRows
            | rusqlite::Error::Utf8Error(..) => StudyError::Damaged { what: source.to_string() },
            _ => StudyError::Sqlite { source },
        }
    }
}
