//! All that changes in a run, as plain data.

use crate::optim::{Optimizer, OptimizerState, Settings};
use crate::schedule::{ScheduleState, Timetable};
use crate::train::BatchSize;
use thiserror::Error;

/// Where a run stands.
#[derive(Clone, Debug, PartialEq)]
pub struct Progress {
    /// The epoch of the next step, from 0.
    pub epoch: u64,
    /// The rows of that epoch already taken.
    pub row: usize,
    /// Updates done.
    pub steps: u64,
    /// Updates done in this epoch.
    pub steps_of_epoch: u64,
    /// The sum of loss times weight over the batches of this epoch.
    pub loss_sum: f64,
    /// The sum of the weights (rows, unless rows have weights) of those batches.
    pub weight_sum: f64,
    /// The loss of the batch before.
    pub last_batch_loss: f64,
    /// The learning rate of the step before.
    pub learning_rate: f64,
    /// The validation metric of the last finished epoch, lower being better.
    pub cost: Option<f64>,
    /// The lowest so far, and how many epochs ago.
    pub lowest: Option<(f64, u64)>,
}

/// The best epoch so far.
#[derive(Clone, Debug, PartialEq)]
pub struct Best<T> {
    /// The epoch.
    pub epoch: u64,
    /// Its metric, as it is reported.
    pub score: f64,
    /// The variables at its end, in the order of the network's parameters.
    pub variables: Vec<Vec<T>>,
}

/// All that changes in a run: a run put back to a snapshot goes on bit for bit as it went on from there.
#[derive(Clone, Debug, PartialEq)]
pub struct Snapshot<T> {
    /// Names of the network's parameters.
    pub names: Vec<String>,
    /// Their values.
    pub variables: Vec<Vec<T>>,
    /// The update rule.
    pub optimizer: Optimizer,
    /// What the rule keeps, parameter by parameter.
    pub slots: Vec<Vec<T>>,
    /// What it remembers beside them.
    pub optimizer_state: OptimizerState,
    /// Its hyperparameters in force; the learning rate is the base rate.
    pub settings: Settings,
    /// The schedule in force.
    pub timetable: Timetable,
    /// What the schedule remembers.
    pub schedule_state: ScheduleState,
    /// `λ` in force.
    pub l2: f64,
    /// The share of units dropped.
    pub drop_prob: f64,
    /// The batch size in force.
    pub batch_size: BatchSize,
    /// The epochs to be trained in all.
    pub epochs: u64,
    /// Where the run stands.
    pub progress: Progress,
    /// The best epoch so far.
    pub best: Option<Best<T>>,
}

/// A snapshot of another network.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("snapshot: {what} differs from this network's; it was taken from another one")]
pub struct SnapshotError {
    /// What does not fit.
    pub what: String,
}
