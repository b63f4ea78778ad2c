//! Steering: what may be changed between two steps.

use crate::optim::Optimizer;
use crate::schedule::Schedule;
use serde::{Deserialize, Serialize};
use std::fmt;
use thiserror::Error;

/// A hyperparameter with its new value; it holds from the next step on.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Change {
    /// The learning rate; whatever schedule there was is replaced by this constant.
    LearningRate(f64),
    /// A schedule over the base rate in force.
    Schedule(Schedule),
    /// Momentum's and RMSprop's beta.
    Beta(f64),
    /// Adam's beta1; its correction goes on with the product of the betas that were in force.
    Beta1(f64),
    /// Adam's beta2.
    Beta2(f64),
    /// What keeps a division from zero.
    Epsilon(f64),
    /// `λ` of L2.
    L2(f64),
    /// Decoupled weight decay.
    WeightDecay(f64),
    /// The largest norm of the gradient; none lifts the limit.
    ClipNorm(Option<f64>),
    /// The largest component of the gradient; none lifts the limit.
    ClipValue(Option<f64>),
    /// The share of units dropped; a network without dropout is planned anew and keeps its variables.
    Dropout(f64),
    /// The rows of a batch, from the next batch on.
    BatchSize(usize),
    /// The update rule; the network is planned anew, the rule starts with empty memory.
    Optimizer(Optimizer),
    /// How many epochs are trained in all.
    Epochs(u64),
}

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let limit = |limit: &Option<f64>| limit.map_or("none".to_string(), |limit| limit.to_string());
        match self {
            Change::LearningRate(rate) => write!(f, "learning-rate {rate}"),
            Change::Schedule(schedule) => write!(f, "schedule {schedule}"),
            Change::Beta(beta) => write!(f, "beta {beta}"),
            Change::Beta1(beta) => write!(f, "beta1 {beta}"),
            Change::Beta2(beta) => write!(f, "beta2 {beta}"),
            Change::Epsilon(epsilon) => write!(f, "epsilon {epsilon}"),
            Change::L2(l2) => write!(f, "l2 {l2}"),
            Change::WeightDecay(decay) => write!(f, "weight-decay {decay}"),
            Change::ClipNorm(norm) => write!(f, "clip-norm {}", limit(norm)),
            Change::ClipValue(value) => write!(f, "clip-value {}", limit(value)),
            Change::Dropout(share) => write!(f, "dropout {share}"),
            Change::BatchSize(rows) => write!(f, "batch-size {rows}"),
            Change::Optimizer(optimizer) => write!(f, "optimizer {optimizer}"),
            Change::Epochs(epochs) => write!(f, "epochs {epochs}"),
        }
    }
}

/// What an observer asks of a running network, between two steps.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Command {
    /// Changes a hyperparameter.
    Set(Change),
    /// Returns from the run; it can be called again and goes on with the next step.
    Pause,
    /// Ends the run as if its epochs were over.
    Stop,
}

/// A change that was not made, and the rule.
#[derive(Clone, Debug, PartialEq, Error)]
#[error("{change}: {rule}")]
pub struct Refusal {
    /// What was asked.
    pub change: String,
    /// Why not.
    pub rule: String,
}
