//! The study file: one SQLite file that holds all that a training or a search has done, while it does it.
//!
//! What the rows mean is known by whoever writes them; the store knows that they are whole, unaltered, and written by
//! one process at a time. The form of the file is described in `docs/formats.md`.

mod error;
mod file;
mod optuna;
mod owner;
mod reader;
mod rows;
mod schema;
mod seal;
mod wish;
mod writer;

pub use error::StudyError;
pub use file::StudyFile;
pub use optuna::{OptunaParam, OptunaState, OptunaTrial};
pub use reader::StudyReader;
pub use rows::{
    CommandRow, DataFile, Entry, RunKey, RunRow, SliceRow, SnapshotKind, SnapshotRow, StudyHead, StudyState, TrialRow,
    WishRow,
};
pub use schema::STUDY_FORMAT;
pub use wish::wish;
pub use writer::{Room, StudyWriter};
