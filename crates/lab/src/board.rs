//! What a run tells, and to whom.

use std::path::PathBuf;

use caviar_engine::train::EpochReport;
use caviar_tune::{Params, TrialState};
use serde::{Serialize, Serializer};

use crate::figures::Figures;
use crate::finished::Parent;
use crate::report_data::DataReport;
use crate::steering::SteeredEvent;

/// What happens in a run. As JSON, one object with the field `event` that names the variant in lower case.
///
/// The events of one trial come in order; those of different trials mix as their threads run.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(tag = "event", rename_all = "lowercase")]
pub enum Event {
    /// The data are ready.
    Started(Started),
    /// An epoch of a trial is over.
    Epoch(EpochEvent),
    /// A person asked something of the network that is trained, and was answered.
    Steered(SteeredEvent),
    /// A trial has ended, or gone on and ended anew (the later one holds).
    Trial(TrialEvent),
    /// All is done and saved.
    Finished(FinishedEvent),
}

/// The data and the plan of a run.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Started {
    /// `train` or `tune`.
    pub command: &'static str,
    /// The data.
    pub data: DataReport,
    /// How many trials, where that is known beforehand.
    pub trials: Option<u64>,
    /// The most epochs of a trial.
    pub epochs: u64,
    /// How many threads work.
    pub threads: usize,
    /// The seed of the data and of the run.
    pub seed: u64,
    /// Into how many folds the rows are dealt where trials are cross-validated.
    pub folds: Option<usize>,
    /// What else a person should know, such as a batch size that was cut.
    pub notes: Vec<String>,
}

/// One epoch of one trial.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct EpochEvent {
    /// The trial, from 0.
    pub trial: u64,
    /// The epoch, from 0.
    pub epoch: u64,
    /// The training rows.
    pub train: TrainFigures,
    /// The rows to choose by, after this epoch; those of all folds where the trial is cross-validated.
    pub validation: Option<Figures>,
    /// The learning rate of the last step.
    #[serde(serialize_with = "finite")]
    pub learning_rate: f64,
    /// Seconds since the trial began.
    pub seconds: f64,
}

/// The training rows in one epoch.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct TrainFigures {
    /// The mean of the batches, each before its update, without penalties.
    #[serde(serialize_with = "finite")]
    pub loss: f64,
    /// The last batch.
    #[serde(serialize_with = "finite")]
    pub last_batch_loss: f64,
}

impl TrainFigures {
    pub(crate) fn new(report: &EpochReport) -> Self {
        TrainFigures { loss: report.train_loss, last_batch_loss: report.last_batch_loss }
    }
}

/// A trial that has ended.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct TrialEvent {
    /// The trial, from 0.
    pub trial: u64,
    /// How it ended.
    pub state: TrialState,
    /// Its configuration, fixed settings of the search among them.
    pub params: Params,
    /// The metric that is chosen by, at its best epoch; in a cross-validated search so far.
    #[serde(serialize_with = "finite_or_none")]
    pub score: Option<f64>,
    /// Epochs trained.
    pub epochs: u64,
    /// The trial that it was forked from.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub parent: Option<Parent>,
}

/// The end of a run.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct FinishedEvent {
    /// The trial that was kept.
    pub best: BestEvent,
    /// The final weights on the training rows.
    pub train: Figures,
    /// On the validation rows; see [`Finished::validation`](crate::Finished::validation).
    pub validation: Option<Figures>,
    /// The final weights on the test rows.
    pub test: Option<Figures>,
    /// Seconds of the whole run.
    pub seconds: f64,
    /// Updates of all networks of the run.
    pub steps: u64,
    /// See [`Finished::penalty`](crate::Finished::penalty).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub penalty: Option<f64>,
    /// Where the model is.
    pub model: Option<PathBuf>,
    /// Where the report is.
    pub report: Option<PathBuf>,
}

/// The trial that was kept.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct BestEvent {
    /// Its number.
    pub trial: u64,
    /// Its configuration.
    pub params: Params,
}

/// Whether a run goes on after an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flow {
    /// On.
    Continue,
    /// End soon and keep the best so far.
    Stop,
}

/// Who is told what happens: a terminal, a file, a test. Told from one thread.
pub trait Board {
    /// Takes an event.
    fn post(&mut self, event: &Event) -> Flow;
}

/// Tells nobody.
#[derive(Clone, Copy, Debug, Default)]
pub struct Quiet;

impl Board for Quiet {
    fn post(&mut self, _: &Event) -> Flow {
        Flow::Continue
    }
}

fn finite<S: Serializer>(value: &f64, serializer: S) -> Result<S::Ok, S::Error> {
    value.is_finite().then_some(*value).serialize(serializer)
}

fn finite_or_none<S: Serializer>(value: &Option<f64>, serializer: S) -> Result<S::Ok, S::Error> {
    value.filter(|value| value.is_finite()).serialize(serializer)
}
