//! What can go wrong between a table and a tuned network.

use std::path::PathBuf;

use caviar_engine::optim::SpecError;
use caviar_engine::train::{DataError, TrainError};
use caviar_formats::FormatError;
use caviar_store::study::StudyError;
use caviar_store::{ModelError, StoreError};
use caviar_table::{EncodeError, ReadError, SplitError, TargetError};
use caviar_tune::{SearchError, TrialState};
use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::recipe::ArraysError;
use crate::settings::Difference;
use crate::space::SpaceError;

/// So many differences are shown.
const DIFFERENCES: usize = 12;

/// Why an experiment, a training, a search or a model could not be had.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum LabError {
    /// A file that is no table.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// A file of arrays that cannot be read.
    #[error("{}: {source}", path.display())]
    Arrays {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        source: Box<FormatError>,
    },
    /// A file of arrays that makes no table.
    #[error("{}: {rule}; it has {arrays}", path.display())]
    NoTable {
        /// The file.
        path: PathBuf,
        /// What it must have.
        rule: &'static str,
        /// Its arrays, with their shapes.
        arrays: String,
    },
    /// A trial that cannot be steered now.
    #[error("trial {trial} cannot be steered: {why}")]
    NotSteerable {
        /// The trial.
        trial: u64,
        /// Why not.
        why: String,
    },
    /// Networks that wait for their next rung cannot be put on the disk, or not be read from there.
    #[error("{}: {source}; networks that wait are kept there, see --max-memory", folder.display())]
    Parking {
        /// The folder.
        folder: PathBuf,
        /// What the operating system says.
        source: std::io::Error,
    },
    /// Answers that are not one for each row.
    #[error("{}: shape {shape:?}, but there must be one number for each of the {rows} rows of {}", path.display(), data.display())]
    Answers {
        /// The file of the answers.
        path: PathBuf,
        /// The shape of the array.
        shape: Vec<usize>,
        /// The rows that want answers.
        rows: usize,
        /// Their file.
        data: PathBuf,
    },
    /// A matrix of answers that is not one-hot.
    #[error("{}, row {row}: {}, and the row of a one-hot label has one 1 and else 0", path.display(), not_one_hot(*value, *sum))]
    NotOneHot {
        /// The file of the answers.
        path: PathBuf,
        /// The row, from 1.
        row: usize,
        /// The first value that is neither 0 nor 1.
        value: Option<f64>,
        /// The sum of the row.
        sum: f64,
    },
    /// A column that cannot be the target.
    #[error(transparent)]
    Target(#[from] TargetError),
    /// Rows that cannot be dealt out.
    #[error(transparent)]
    Split(#[from] SplitError),
    /// Cells that cannot become numbers.
    #[error(transparent)]
    Encode(#[from] EncodeError),
    /// Rows, targets and weights that do not fit together.
    #[error(transparent)]
    Data(#[from] DataError),
    /// A setting outside its range, known from the setting alone.
    #[error("--{flag} {got}: must be {want}")]
    Setting {
        /// The flag, without dashes.
        flag: &'static str,
        /// The value given.
        got: String,
        /// The rule.
        want: &'static str,
    },
    /// Two settings that exclude each other.
    #[error("--{flag} and --{other}: {rule}")]
    Settings {
        /// One flag, without dashes.
        flag: &'static str,
        /// The other one.
        other: &'static str,
        /// Why not both.
        rule: &'static str,
    },
    /// A setting that does not fit this table.
    #[error("--{flag} {got}: {rule}")]
    Misfit {
        /// The flag, without dashes.
        flag: &'static str,
        /// The value given.
        got: String,
        /// The rule, with the fact about the table.
        rule: &'static str,
    },
    /// A class weight for a class that the target does not have.
    #[error("--class-weight: the target has no class `{class}`{}", offer(nearest, classes))]
    UnknownClass {
        /// The name given.
        class: String,
        /// The nearest class.
        nearest: Option<String>,
        /// All classes.
        classes: Vec<String>,
    },
    /// No column of that name for the weights of the rows.
    #[error("{}: no column is named `{name}` (for --sample-weight){}", path.display(), offer(nearest, &[]))]
    UnknownWeightColumn {
        /// The file.
        path: PathBuf,
        /// The name given.
        name: String,
        /// The nearest name.
        nearest: Option<String>,
    },
    /// A weight that is none.
    #[error("{}, line {line}, column `{name}`: a row's weight must be a number of at least 0", path.display())]
    BadWeight {
        /// The file.
        path: PathBuf,
        /// The line, from 1.
        line: u64,
        /// The column.
        name: String,
    },
    /// A search without rows to choose by.
    #[error(
        "{rows} rows and no validation rows: a search needs rows to choose by (tables below {limit} rows are \
         cross-validated; give --validation)"
    )]
    NoValidation {
        /// The training rows.
        rows: usize,
        /// Below so many rows a search cross-validates.
        limit: usize,
    },
    /// A file of first weights, or of orders of the rows, that does not fit.
    #[error(transparent)]
    GivenArrays(Box<ArraysError>),
    /// A training that cannot begin or go on.
    #[error(transparent)]
    Train(Box<TrainError>),
    /// A space that makes no sense.
    #[error(transparent)]
    Space(Box<SpaceError>),
    /// Less memory than a single trial needs.
    #[error(
        "--max-memory {}: too little; by estimate the rows take {} and the largest network of the space {} while it \
         trains",
        size(*limit),
        size(*data),
        size(*trial)
    )]
    Memory {
        /// The bytes allowed.
        limit: u64,
        /// Bytes of the encoded rows.
        data: u64,
        /// Bytes of the largest trial.
        trial: u64,
    },
    /// A search that cannot begin.
    #[error(transparent)]
    Search(Box<SearchError>),
    /// Every trial diverged or failed.
    #[error("no trial succeeded: {diverged} of {trials} diverged{}{}", at(first), failed(failure))]
    NoTrial {
        /// Trials begun.
        trials: u64,
        /// How many of them diverged.
        diverged: u64,
        /// Where the first one diverged: epoch (from 0), update (from 1) and node.
        first: Option<Divergence>,
        /// Why the first one failed that failed otherwise.
        failure: Option<String>,
    },
    /// A study goes on with the settings that it was begun with only.
    #[error("the study was begun with other settings{}", listed(differences))]
    OtherSettings {
        /// What is different.
        differences: Vec<Difference>,
    },
    /// Stopped before there was anything to keep.
    #[error("stopped before the first epoch was over; nothing is kept")]
    Interrupted,
    /// Stopped from outside; the study has all that was done and can go on.
    #[error("stopped; the study keeps what was done")]
    Left,
    /// A study goes on with the data that it was made from only.
    #[error("{}: {what}; a study goes on with the same data only", path.display())]
    OtherData {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        what: &'static str,
    },
    /// A trial that a study does not have.
    #[error("--trial {trial}: the study has {trials} trials, numbered from 0")]
    UnknownTrial {
        /// The number given.
        trial: u64,
        /// How many there are.
        trials: u64,
    },
    /// A trial that needs no further training.
    #[error("--epochs: trial {trial} has {epochs} epochs already; name more to train it on")]
    LongEnough {
        /// The trial.
        trial: u64,
        /// Its epochs.
        epochs: u64,
    },
    /// A study of networks, which nobody asks for trials.
    #[error("{}: a study of networks, whose trials are trained here; only one that was made to be asked can be", path.display())]
    NotAsked {
        /// Its file.
        path: PathBuf,
    },
    /// Nothing to do before a trial that was given out is told.
    #[error("nothing is to be done before one of these trials is told: {}", numbers(running))]
    Waits {
        /// The trials that run.
        running: Vec<u64>,
    },
    /// A trial that was told already.
    #[error("trial {trial} is not running, it is {state}")]
    NotRunning {
        /// The trial.
        trial: u64,
        /// What it is.
        state: TrialState,
    },
    /// An epoch that is not the next one.
    #[error(
        "trial {trial}: epoch {got} (from 0) was reported; the next is {next}, and after {until} epochs it is told"
    )]
    EpochOrder {
        /// The trial.
        trial: u64,
        /// The epoch.
        got: u64,
        /// The one that comes next.
        next: u64,
        /// How many it is to have.
        until: u64,
    },
    /// A trial without a score.
    #[error("trial {trial}: tell needs a score where none was reported")]
    NoScore {
        /// The trial.
        trial: u64,
    },
    /// A worker thread that ended in a panic: a fault of the program.
    #[error("a worker ended unexpectedly; this is a fault of the program")]
    Worker,
    /// A file that could not be kept or read back.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A file that is no model of this program.
    #[error(transparent)]
    Model(#[from] ModelError),
    /// A model whose parts do not fit together.
    #[error("model: {what}")]
    BrokenModel {
        /// What does not fit.
        what: String,
    },
}

/// Where a training met a loss that is not finite.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Divergence {
    /// The epoch, from 0.
    pub epoch: u64,
    /// The update that was not made, from 1.
    pub step: u64,
    /// The first node that was not finite.
    pub origin: String,
}

/// What kind of mistake an error is, as exit codes tell them apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ErrorKind {
    /// Wrong usage, knowable from the settings alone.
    Usage,
    /// Bad data or a bad file, or settings that do not fit them.
    Data,
    /// No trial succeeded.
    NoTrial,
    /// Stopped from outside.
    Interrupted,
    /// Anything else.
    Failed,
}

impl LabError {
    /// What kind of mistake it is.
    pub fn kind(&self) -> ErrorKind {
        match self {
            LabError::Setting { .. } | LabError::Settings { .. } | LabError::Search(_) | LabError::Space(_) => {
                ErrorKind::Usage
            }
            LabError::Waits { .. }
            | LabError::NotRunning { .. }
            | LabError::EpochOrder { .. }
            | LabError::NoScore { .. } => ErrorKind::Usage,
            LabError::Split(SplitError::Fraction { .. }) => ErrorKind::Usage,
            LabError::Read(ReadError::Delimiter { .. } | ReadError::UnknownEncoding { .. }) => ErrorKind::Usage,
            LabError::Read(_)
            | LabError::Arrays { .. }
            | LabError::NoTable { .. }
            | LabError::Answers { .. }
            | LabError::NotOneHot { .. }
            | LabError::Target(_)
            | LabError::Split(_)
            | LabError::Encode(_)
            | LabError::Data(_)
            | LabError::Misfit { .. }
            | LabError::UnknownClass { .. }
            | LabError::UnknownWeightColumn { .. }
            | LabError::BadWeight { .. }
            | LabError::NoValidation { .. }
            | LabError::OtherData { .. }
            | LabError::OtherSettings { .. }
            | LabError::UnknownTrial { .. }
            | LabError::LongEnough { .. }
            | LabError::NotSteerable { .. }
            | LabError::NotAsked { .. }
            | LabError::GivenArrays(_)
            | LabError::Memory { .. }
            | LabError::Train(_)
            | LabError::Model(_)
            | LabError::BrokenModel { .. } => ErrorKind::Data,
            LabError::Store(StoreError::Model { .. } | StoreError::NotAFile { .. }) => ErrorKind::Data,
            LabError::Store(StoreError::Study { source, .. }) => match source {
                StudyError::DiskFull
                | StudyError::Broken { .. }
                | StudyError::Closed
                | StudyError::Exists
                | StudyError::Owned { .. }
                | StudyError::Sqlite { .. } => ErrorKind::Failed,
                _ => ErrorKind::Data,
            },
            LabError::Store(StoreError::Io { action, .. }) if *action == caviar_store::Action::Read => ErrorKind::Data,
            LabError::Store(_) | LabError::Worker | LabError::Parking { .. } => ErrorKind::Failed,
            LabError::NoTrial { .. } => ErrorKind::NoTrial,
            LabError::Interrupted | LabError::Left => ErrorKind::Interrupted,
        }
    }
}

/// Boxed, so that a result is not larger for its error.
macro_rules! boxed {
    ($($variant:ident: $error:ty),*) => {
        $(impl From<$error> for LabError {
            fn from(error: $error) -> Self {
                LabError::$variant(Box::new(error))
            }
        })*
    };
}

boxed!(GivenArrays: ArraysError, Train: TrainError, Search: SearchError, Space: SpaceError);

impl From<SpecError> for LabError {
    fn from(error: SpecError) -> Self {
        TrainError::Spec(error).into()
    }
}

fn offer(nearest: &Option<String>, names: &[String]) -> String {
    match nearest {
        Some(name) => format!("; did you mean `{name}`?"),
        None if names.is_empty() => String::new(),
        None => format!("; there are {}", names.iter().take(8).cloned().collect::<Vec<_>>().join(", ")),
    }
}

/// Bytes, as people give them.
fn size(bytes: u64) -> String {
    match bytes {
        0..1_000 => format!("{bytes} B"),
        1_000..1_000_000 => format!("{:.1} kB", bytes as f64 / 1e3),
        1_000_000..1_000_000_000 => format!("{:.1} MB", bytes as f64 / 1e6),
        _ => format!("{:.1} GB", bytes as f64 / 1e9),
    }
}

fn at(first: &Option<Divergence>) -> String {
    match first {
        Some(Divergence { epoch, step, origin }) => {
            format!(
                "; the first at epoch {epoch}, step {step}, where {origin} was not finite (is the learning rate too large?)"
            )
        }
        None => String::new(),
    }
}

fn failed(failure: &Option<String>) -> String {
    failure.as_ref().map_or_else(String::new, |why| format!("; {why}"))
}

fn listed(differences: &[Difference]) -> String {
    let more = match differences.len().checked_sub(DIFFERENCES) {
        None | Some(0) => String::new(),
        Some(more) => format!("\n  and {more} more"),
    };
    let lines = differences.iter().take(DIFFERENCES).map(|difference| format!("\n  {difference}"));
    lines.chain([more]).collect()
}

/// Some numbers, the first few of them.
fn numbers(all: &[u64]) -> String {
    let shown: Vec<String> = all.iter().take(8).map(u64::to_string).collect();
    if all.len() > shown.len() {
        format!("{} and {} more", shown.join(", "), all.len() - shown.len())
    } else {
        shown.join(", ")
    }
}

fn not_one_hot(value: Option<f64>, sum: f64) -> String {
    value.map_or_else(|| format!("the numbers add up to {sum}"), |value| format!("{value} is neither 0 nor 1"))
}
