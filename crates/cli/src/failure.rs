//! What can go wrong, with its exit code and what to do about it.

use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use caviar_lab::{Difference, ErrorKind, LabError};
use caviar_store::study::StudyError;
use caviar_store::{Action, StoreError};
use caviar_table::{ReadError, TargetError};
use thiserror::Error;

use crate::config::ConfigError;

/// Wrong usage, knowable from the arguments alone.
pub const USAGE: u8 = 2;
/// Stopped by Ctrl-C.
pub const STOPPED: u8 = 130;

/// Why a command did not do what it was asked.
#[derive(Debug, Error)]
pub enum Failure {
    /// Arguments that do not go together.
    #[error("{0}")]
    Usage(String),
    /// A table, and no word of what is to be learned from it.
    #[error("{}: which column is to be predicted? Name it with --target; there are {}", path.display(), listed(columns))]
    NoTarget {
        /// The table.
        path: PathBuf,
        /// Its columns.
        columns: Vec<String>,
    },
    /// Anything of the laboratory.
    #[error(transparent)]
    Lab(Box<LabError>),
    /// A table that is no table.
    #[error(transparent)]
    Read(Box<ReadError>),
    /// A settings file that cannot be followed.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// A picture of something that is not there.
    #[error("--plot {kind}: there is nothing here to draw it from")]
    NoPicture {
        /// What it would show.
        kind: caviar_lab::picture::Kind,
    },
    /// A picture that cannot be drawn or written.
    #[error(transparent)]
    Picture(#[from] caviar_lab::picture::PictureError),
    /// A column that has no numbers.
    #[error("{}: the column `{column}` has no numbers", path.display())]
    NoNumbers {
        /// The table.
        path: PathBuf,
        /// The column.
        column: String,
    },
    /// A series that has a text at a place.
    #[error("{}, line {line}, column `{column}`: `{cell}` is no number", path.display())]
    NoNumber {
        /// The table.
        path: PathBuf,
        /// The line.
        line: u64,
        /// The column.
        column: String,
        /// What stands there.
        cell: String,
    },
    /// A series without a value at a place.
    #[error("{}, line {line}, column `{column}`: the value is missing; --gaps skip goes on as if the place were not there", path.display())]
    Gap {
        /// The table.
        path: PathBuf,
        /// The line.
        line: u64,
        /// The column.
        column: String,
    },
    /// A folder that already holds a study.
    #[error("{}: already holds {held}, which is never overwritten{}", folder.display(), other(differences))]
    Taken {
        /// The folder.
        folder: PathBuf,
        /// What it holds.
        held: &'static str,
        /// Where it is a study of other settings, how they differ.
        differences: Vec<Difference>,
    },
    /// A folder that cannot be made.
    #[error("{}: cannot be made: {source}", folder.display())]
    Folder {
        /// The folder.
        folder: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// A file that cannot be written.
    #[error(transparent)]
    Store(Box<StoreError>),
    /// Output that nobody takes.
    #[error("the output cannot be written: {0}")]
    Output(#[from] io::Error),
}

impl Failure {
    /// The same, where output went to this file.
    #[must_use]
    pub fn writing_to(self, path: &Path) -> Failure {
        match self {
            Failure::Output(source) => StoreError::Io { path: path.to_owned(), action: Action::Write, source }.into(),
            other => other,
        }
    }
}

impl Failure {
    /// The exit code.
    pub fn code(&self) -> u8 {
        match self {
            Failure::Usage(_) | Failure::NoTarget { .. } => USAGE,
            Failure::Lab(error) => match error.kind() {
                ErrorKind::Failed => 1,
                ErrorKind::Usage => USAGE,
                ErrorKind::Data => 3,
                ErrorKind::NoTrial => 4,
                ErrorKind::Interrupted => STOPPED,
            },
            Failure::Read(error)
                if matches!(**error, ReadError::Delimiter { .. } | ReadError::UnknownEncoding { .. }) =>
            {
                USAGE
            }
            Failure::Read(_)
            | Failure::Config(_)
            | Failure::NoNumbers { .. }
            | Failure::NoNumber { .. }
            | Failure::Gap { .. }
            | Failure::Taken { .. } => 3,
            Failure::Folder { .. }
            | Failure::NoPicture { .. }
            | Failure::Picture(_)
            | Failure::Store(_)
            | Failure::Output(_) => 1,
        }
    }

    /// Whether it lies in the arguments, the data or the settings, so that nothing of the run is worth keeping.
    pub fn is_about_what_was_asked(&self) -> bool {
        match self {
            Failure::Lab(error) => matches!(error.kind(), ErrorKind::Usage | ErrorKind::Data | ErrorKind::NoTrial),
            _ => false,
        }
    }

    /// What to do about it, where the message does not say so already.
    fn advice(&self) -> Option<String> {
        match self {
            Failure::Taken { folder, held, .. } if held.contains("study") => Some(format!(
                "to go on with it: caviar resume {}\n  to begin anew: name another folder with --out",
                folder.display()
            )),
            Failure::Taken { .. } => Some("name another folder with --out, or move this one away".to_owned()),
            Failure::Folder { source, .. } if source.kind() == io::ErrorKind::AlreadyExists => {
                Some("there is a file of that name; name a folder with --out".to_owned())
            }
            Failure::Folder { .. } => Some("name a folder that you may write to with --out".to_owned()),
            Failure::Read(error) => advice_on_file(error),
            Failure::Lab(error) => match &**error {
                LabError::Read(error) => advice_on_file(error),
                LabError::Store(StoreError::Study { path, source: StudyError::DiskFull }) => {
                    let folder = path.parent().unwrap_or(path);
                    Some(format!("make room, then go on with it: caviar resume {}", folder.display()))
                }
                LabError::NoTrial { .. } => {
                    Some("try a --learning-rate ten times smaller, or --clip-norm 1".to_owned())
                }
                LabError::Target(TargetError::OneValue { .. }) => {
                    Some("name another column with --target, or add rows of another kind".to_owned())
                }
                LabError::Target(TargetError::AllMissing { .. }) => {
                    Some("name another column with --target".to_owned())
                }
                LabError::Split(_) => {
                    Some("add rows, or make the parts smaller with --test 0 and --validation 0".to_owned())
                }
                _ => None,
            },
            Failure::Usage(_)
            | Failure::NoTarget { .. }
            | Failure::Config(_)
            | Failure::NoNumbers { .. }
            | Failure::NoNumber { .. }
            | Failure::Gap { .. }
            | Failure::NoPicture { .. }
            | Failure::Picture(_)
            | Failure::Store(_)
            | Failure::Output(_) => None,
        }
    }

    /// Says what went wrong on standard error.
    pub fn report(&self) -> ExitCode {
        let nobody_listens = matches!(self, Failure::Output(error) if error.kind() == io::ErrorKind::BrokenPipe);
        if nobody_listens {
            // As `caviar predict ... | head` is meant to end.
            return ExitCode::SUCCESS;
        }
        let mut stderr = io::stderr();
        // There is no other place to say that standard error is closed.
        let _ = writeln!(stderr, "error: {self}");
        if let Some(advice) = self.advice() {
            let _ = writeln!(stderr, "  {advice}");
        }
        if self.code() == USAGE {
            let _ = writeln!(stderr, "\nFor more information, try '--help'.");
        }
        ExitCode::from(self.code())
    }
}

/// So many columns are named; the last one is often the answer.
const COLUMNS: usize = 12;

fn listed(columns: &[String]) -> String {
    let mut names: Vec<String> = columns.iter().map(|name| format!("`{name}`")).collect();
    if names.len() > COLUMNS {
        names.splice(COLUMNS - 1..names.len() - 1, ["...".to_owned()]);
    }
    names.join(", ")
}

/// So many differences are shown.
const DIFFERENCES: usize = 12;

fn other(differences: &[Difference]) -> String {
    if differences.is_empty() {
        return String::new();
    }
    let lines = differences.iter().take(DIFFERENCES).map(|difference| format!("\n    {difference}"));
    let more = differences.len().checked_sub(DIFFERENCES).filter(|more| *more > 0);
    let more = more.map_or_else(String::new, |more| format!("\n    and {more} more"));
    format!("; its settings are others:{}{more}", lines.collect::<String>())
}

fn advice_on_file(error: &ReadError) -> Option<String> {
    match error {
        ReadError::Io { path, source } if source.kind() == io::ErrorKind::NotFound => Some(match neighbor(path) {
            Some(name) => format!("did you mean {}?", name.display()),
            None => "name a file that is there; names without a folder are looked for in this one".to_owned(),
        }),
        ReadError::Io { source, .. } if source.kind() == io::ErrorKind::IsADirectory => {
            Some("this is a folder; name a file in it".to_owned())
        }
        _ => None,
    }
}

// Boxed, so that a result is small where all goes well.

impl From<LabError> for Failure {
    fn from(error: LabError) -> Self {
        Failure::Lab(Box::new(error))
    }
}

impl From<ReadError> for Failure {
    fn from(error: ReadError) -> Self {
        Failure::Read(Box::new(error))
    }
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        Failure::Store(Box::new(error))
    }
}

/// The file beside a missing one whose name is nearest.
fn neighbor(path: &Path) -> Option<PathBuf> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let wanted = path.file_name()?.to_str()?;
    let entries = std::fs::read_dir(folder).ok()?;
    let mut names: Vec<String> =
        entries.take(10_000).flatten().filter_map(|entry| entry.file_name().into_string().ok()).collect();
    names.sort_unstable();
    let nearest = caviar_table::nearest(wanted, names.iter().map(String::as_str))?;
    Some(path.with_file_name(nearest))
}
