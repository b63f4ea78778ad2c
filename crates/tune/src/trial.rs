use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};

use crate::value::Params;

/// What a trial is doing, or how it ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TrialState {
    /// Asked for, not yet told.
    Running,
    /// Trained to its end.
    Complete,
    /// Stopped early because others did better.
    Pruned,
    /// Ended by an error.
    Failed,
    /// Ended because a loss or a score was not finite.
    Diverged,
    /// Stopped by hand; it may go on.
    Paused,
}

impl fmt::Display for TrialState {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(match self {
            TrialState::Running => "running",
            TrialState::Complete => "complete",
            TrialState::Pruned => "pruned",
            TrialState::Failed => "failed",
            TrialState::Diverged => "diverged",
            TrialState::Paused => "paused",
        })
    }
}

/// How a slice of training ended.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum Outcome {
    /// Trained to its end, or to where patience ended it.
    Complete {
        /// Of the weights that are kept; lower is better. One that is not finite makes the trial diverged.
        score: f64,
        /// Epochs trained in all.
        epochs: u64,
    },
    /// Stopped early because others did better.
    Pruned {
        /// Of the weights that are kept; lower is better.
        score: f64,
        /// Epochs trained in all.
        epochs: u64,
    },
    /// Ended by an error.
    Failed {
        /// Epochs trained in all.
        epochs: u64,
    },
    /// Ended because a loss was not finite.
    Diverged {
        /// Epochs trained in all.
        epochs: u64,
    },
    /// Stopped by hand; it may go on.
    Paused {
        /// Epochs trained in all.
        epochs: u64,
    },
}

/// One configuration and what became of it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Trial {
    /// Its number, counted from 0 in the order of asking.
    pub number: u64,
    /// Its configuration, without the fixed values.
    pub params: Params,
    /// What it is doing, or how it ended.
    pub state: TrialState,
    /// The score told at its end; lower is better.
    pub score: Option<f64>,
    /// Epochs trained so far, as far as told.
    pub epochs: u64,
    /// Up to how many epochs it was asked to train.
    pub until: u64,
    /// The finite scores reported while it trained, by epoch.
    pub curve: BTreeMap<u64, f64>,
}

/// A piece of training to be done: a trial from one epoch up to another.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Slice {
    /// The trial's number.
    pub trial: u64,
    /// Its configuration, without the fixed values.
    pub params: Params,
    /// Epochs that it has behind it.
    pub from_epoch: u64,
    /// Epochs that it shall have behind it afterwards.
    pub to_epoch: u64,
}
