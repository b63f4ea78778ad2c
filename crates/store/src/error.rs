use std::fmt;
use std::io;
use std::path::PathBuf;

use caviar_formats::FormatError;

use crate::study::StudyError;

/// Why a file was not kept or not read back.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// The operating system said no.
    #[error("{}: cannot {action}: {source}", path.display())]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// What was being done to it.
        action: Action,
        /// The system's reason.
        source: io::Error,
    },
    /// The path does not name a file that can be read whole.
    #[error("{}: not a regular file", path.display())]
    NotAFile {
        /// The path.
        path: PathBuf,
    },
    /// The file is there, but it is not a model that can be used.
    #[error("{}: {source}", path.display())]
    Model {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        source: ModelError,
    },
    /// The file is no study that can be used, or cannot be written to.
    #[error("{}: {source}", path.display())]
    Study {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        source: StudyError,
    },
}

/// What was being done when the operating system said no.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// Reading a file.
    Read,
    /// Creating the temporary file beside the target.
    Create,
    /// Writing the temporary file.
    Write,
    /// Forcing the bytes of a file or the entry of a folder to the disk.
    Sync,
    /// Putting the temporary file in the target's place.
    Rename,
    /// Taking the lock of a study.
    Lock,
    /// Removing a file.
    Remove,
}

impl fmt::Display for Action {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(match self {
            Action::Read => "read",
            Action::Create => "create a temporary file beside it",
            Action::Write => "write",
            Action::Sync => "force to disk",
            Action::Rename => "put the new file in its place",
            Action::Lock => "lock",
            Action::Remove => "remove",
        })
    }
}

/// Why bytes are not a model, or a model has not what was asked of it.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ModelError {
    /// Not a safetensors file at all, or a damaged one.
    #[error("this is not a whole model file: {source}")]
    Damaged {
        /// What is wrong with the bytes.
        #[from]
        source: FormatError,
    },
    /// A safetensors file, but not written by Caviar.
    #[error("this safetensors file is not a Caviar model: its metadata has no `caviar.format`")]
    NotAModel,
    /// The version of the format does not read as a number.
    #[error("`caviar.format` is `{found}`: a whole number from 1 is expected")]
    BadVersion {
        /// The text found.
        found: String,
    },
    /// Written by a newer program.
    #[error("the model has format {found}, this program reads formats up to {known}: use a newer Caviar")]
    NewerFormat {
        /// The version in the file.
        found: u32,
        /// The newest version that is read.
        known: u32,
    },
    /// The contents are not those that were written.
    #[error(
        "the model was altered after it was written: its fingerprint is {found}, `caviar.fingerprint` says {written}"
    )]
    Altered {
        /// The fingerprint written into the file; empty where there is none.
        written: String,
        /// The fingerprint of what the file holds.
        found: String,
    },
    /// A section that is needed is not there.
    #[error("the model has no section `{name}`")]
    MissingSection {
        /// The section's name.
        name: String,
    },
    /// A section that does not read as what it should hold.
    #[error("section `{name}` of the model is wrong: {source}")]
    BadSection {
        /// The section's name.
        name: String,
        /// What the JSON reader found, with line and column.
        source: serde_json::Error,
    },
    /// An array that is needed is not there.
    #[error("the model has no array `{name}`")]
    MissingArray {
        /// The array's name.
        name: String,
    },
    /// A section cannot have this name.
    #[error("a section cannot be named `{name}`: the file keeps that name for itself")]
    ReservedSection {
        /// The section's name.
        name: String,
    },
}
