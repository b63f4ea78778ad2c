//! What a study holds.

use super::optuna::OptunaTrial;
use std::fmt;
use std::str::FromStr;

/// What a whole study is doing, or how it ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StudyState {
    /// A process works on it; where no process holds the study, it was killed.
    Running,
    /// Stopped from outside; it can go on.
    Stopped,
    /// Done.
    Finished,
    /// Ended by an error; it can be tried again.
    Failed,
}

impl StudyState {
    /// Every state.
    pub const ALL: [Self; 4] = [Self::Running, Self::Stopped, Self::Finished, Self::Failed];

    /// Its word.
    pub fn name(self) -> &'static str {
        match self {
            StudyState::Running => "running",
            StudyState::Stopped => "stopped",
            StudyState::Finished => "finished",
            StudyState::Failed => "failed",
        }
    }
}

impl fmt::Display for StudyState {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.pad(self.name())
    }
}

impl FromStr for StudyState {
    type Err = ();

    fn from_str(word: &str) -> Result<Self, ()> {
        Self::ALL.into_iter().find(|state| state.name() == word).ok_or(())
    }
}

/// The study as a whole.
#[derive(Debug, Clone, PartialEq)]
pub struct StudyHead {
    /// The program that began it, with its version.
    pub program: String,
    /// The command that repeats it.
    pub command: String,
    /// All settings, as `config.toml` has them.
    pub config: String,
    /// What the writer wants to know again, as JSON.
    pub details: String,
    /// What it is doing.
    pub state: StudyState,
    /// Seconds of work so far, those of all processes that worked on it.
    pub seconds: f64,
    /// How it ended, as JSON.
    pub result: Option<String>,
}

/// A file that a study was made from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DataFile {
    /// Where it was, absolute.
    pub path: String,
    /// Its length.
    pub bytes: u64,
    /// The BLAKE3 hash of its contents, in hexadecimal.
    pub hash: String,
}

/// One trial as it stands.
#[derive(Debug, Clone, PartialEq)]
pub struct TrialRow {
    /// Its number, from 0.
    pub number: u64,
    /// What it is doing, or how it ended.
    pub state: String,
    /// Its configuration, as JSON.
    pub params: String,
    /// Its own seed.
    pub seed: u64,
    /// What it is chosen by; never NaN.
    pub score: Option<f64>,
    /// Epochs trained.
    pub epochs: u64,
    /// What else the writer wants to know again, as JSON.
    pub details: String,
}

/// Which run: a trial may be trained several times, on other rows or with other seeds.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RunKey {
    /// The trial.
    pub trial: u64,
    /// What the run is for.
    pub stage: String,
    /// Which of several alike.
    pub part: u64,
}

/// A run that has ended.
#[derive(Debug, Clone, PartialEq)]
pub struct RunRow {
    /// Which run.
    pub key: RunKey,
    /// How it ended.
    pub ended: String,
    /// Updates made.
    pub steps: u64,
    /// Seconds of computing.
    pub seconds: f64,
    /// What else the writer wants to know again, as JSON.
    pub details: Option<String>,
}

/// A stretch of epochs of a run.
#[derive(Debug, Clone, PartialEq)]
pub struct SliceRow {
    /// Which run.
    pub key: RunKey,
    /// The first epoch, from 0.
    pub first_epoch: u64,
    /// The names of the numbers of an epoch.
    pub columns: Vec<String>,
    /// Epoch by epoch, a number for each column.
    pub numbers: Vec<f64>,
}

/// What a blob is good for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum SnapshotKind {
    /// All that changes in a run; it can go on from there.
    State,
    /// The weights that are kept of a run that has ended.
    Weights,
}

impl SnapshotKind {
    /// Its word.
    pub fn name(self) -> &'static str {
        match self {
            SnapshotKind::State => "state",
            SnapshotKind::Weights => "weights",
        }
    }
}

/// A network of a run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SnapshotRow {
    /// Which run.
    pub key: RunKey,
    /// What it is good for.
    pub kind: SnapshotKind,
    /// Which of the networks that a run trains in step.
    pub member: u64,
    /// Epochs done.
    pub epoch: u64,
    /// Updates done.
    pub step: u64,
    /// The network, in the writer's form.
    pub bytes: Vec<u8>,
}

/// A change that was made to a running trial.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CommandRow {
    /// The trial.
    pub trial: u64,
    /// The first update that it holds for, from 1.
    pub step: u64,
    /// The change, as JSON.
    pub change: String,
}

/// What a person asks of a running trial through the file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WishRow {
    /// Its number, from 1, in the order of asking.
    pub id: u64,
    /// The trial.
    pub trial: u64,
    /// What is asked, as JSON.
    pub wish: String,
    /// Updates made when it was done; nothing while it waits.
    pub step: Option<u64>,
    /// Whether there is a snapshot that holds it.
    pub done: bool,
}

/// Something to be written down; what is there under the same key is replaced.
#[derive(Debug, Clone, PartialEq)]
pub enum Entry {
    /// A trial as it stands now.
    Trial(TrialRow),
    /// A run has ended.
    Run(RunRow),
    /// What is written of the epochs of a run, and of its end, no longer holds; before new ones of it.
    Restart(RunKey),
    /// Epochs of a run.
    Slice(SliceRow),
    /// A network.
    Snapshot(SnapshotRow),
    /// The networks of this kind of a run are no longer needed.
    Forget(RunKey, SnapshotKind),
    /// A change to a running trial.
    Command(CommandRow),
    /// The changes to a trial are told anew, as it is trained anew.
    Retell(u64),
    /// A trial as it stands, for Optuna.
    Optuna(OptunaTrial),
    /// That there are tables for Optuna, and whether the largest score is the best.
    OptunaStudy {
        /// Whether it is.
        maximize: bool,
    },
    /// A wish that was taken up.
    Wish(WishRow),
    /// What the whole study is doing, and how it ended, as JSON.
    State(StudyState, Option<String>),
}
