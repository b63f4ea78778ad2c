//! All that is known at the end of a run.

use std::path::PathBuf;

use caviar_engine::train::Metric;
use caviar_tune::{Params, Space, TrialState};
use serde::{Deserialize, Serialize};

use crate::assessment::{Calibration, ColumnImportance, Curve};
use crate::board::{BestEvent, Event, FinishedEvent};
use crate::evaluate::Figure;
use crate::figures::Figures;
use crate::ledger::Span;
use crate::model::Model;
use crate::recipe::Recipe;
use crate::report_data::DataReport;
use crate::standing::{Repeats, lead};
use crate::turn::Turn;

/// All that is known at the end of a run.
#[derive(Clone, Debug)]
pub struct Finished {
    /// The trial that was kept.
    pub best: Best,
    /// What is kept, on the rows it was trained on.
    pub train: Figures,
    /// The rows to choose by. With held-out rows, the final weights on them; with cross-validation, the best trial
    /// on each row by the network that had not seen it, because what is kept has seen them all.
    pub validation: Option<Figures>,
    /// How `validation` was had.
    pub validated: Validated,
    /// What is kept, on the test rows.
    pub test: Option<Figures>,
    /// What is chosen by.
    pub metric: Metric,
    /// Seconds of the whole run.
    pub seconds: f64,
    /// Updates of all networks of the run.
    pub steps: u64,
    /// All trials by number, with their curves.
    pub trials: Vec<TrialRecord>,
    /// Which thread worked on which trial when; empty where no study was kept.
    pub spans: Vec<Span>,
    /// The curve of the network that is kept, where it was trained anew on training and validation rows.
    pub refit: Vec<CurvePoint>,
    /// Networks that were trained for the model and whose mean it is; 1 where it is one network of its own.
    pub members: usize,
    /// Simple answers for comparison: the one that looks at no feature first, then a linear model.
    pub baselines: Vec<Baseline>,
    /// The best trial's network and the average of several, where an average is kept.
    pub rivals: Vec<Rival>,
    /// `test`, `validation` or `train`: the rows that baselines, importance, calibration and curves are of.
    pub part: &'static str,
    /// The columns by how much the network leans on them, the most needed first; empty where that takes too long.
    pub importance: Vec<ColumnImportance>,
    /// For classes, whether the probabilities hold: of the second of two classes, or of each of several.
    pub calibration: Vec<Calibration>,
    /// For classes, the false positive rate and the true positive rate; for the classes of `calibration`.
    pub roc: Vec<Curve>,
    /// For classes, recall and precision; for the classes of `calibration`.
    pub precision_recall: Vec<Curve>,
    /// Truth against prediction, for classes.
    pub confusion: Option<Confusion>,
    /// What the network says over the plane, where there are just two features and both are numbers.
    pub surface: Option<Surface>,
    /// The network that is kept.
    pub model: Model,
    /// What became of the data.
    pub data: DataReport,
    /// What was searched, in a search.
    pub space: Option<Space>,
    /// Whether the run was stopped before its end.
    pub interrupted: bool,
}

impl Finished {
    /// What L2 adds to the training loss of the network that is kept, `λ/(2m)·ΣW²` for its m training rows; none without
    /// L2, or where several networks were joined.
    pub fn penalty(&self) -> Option<f64> {
        let [network] = self.model.networks() else { return None };
        let lambda = Some(network.recipe.l2).filter(|lambda| *lambda > 0.0 && self.members == 1)?;
        let rows = self.data.train + if self.refit.is_empty() { 0 } else { self.data.validation };
        let weights = network.weights.iter().filter(|(name, _)| name.ends_with("/weight"));
        let squares: f64 = weights.flat_map(|(_, weight)| weight.to_f64()).map(|weight| weight * weight).sum();
        Some(lambda / (2.0 * rows as f64) * squares)
    }

    /// The last event, with the places where model and report were put.
    pub fn event(&self, model: Option<PathBuf>, report: Option<PathBuf>) -> Event {
        Event::Finished(FinishedEvent {
            best: BestEvent { trial: self.best.trial, params: self.best.params.clone() },
            train: self.train.clone(),
            validation: self.validation.clone(),
            test: self.test.clone(),
            seconds: self.seconds,
            steps: self.steps,
            penalty: self.penalty(),
            model,
            report,
        })
    }

    /// The trials that have a score, the best first: complete ones, then pruned ones.
    pub fn leaderboard(&self) -> Vec<&TrialRecord> {
        let mut leaders: Vec<&TrialRecord> = self.trials.iter().filter(|trial| trial.score.is_some()).collect();
        let score = |trial: &TrialRecord| trial.score.unwrap_or(f64::NAN);
        let place = |trial: &TrialRecord| (std::cmp::Reverse(trial.folds), trial.number);
        leaders.sort_by(|a, b| {
            let rank = lead(self.metric, a, b)
                .then(a.state.cmp(&b.state))
                .then_with(|| self.metric.better_first(score(a), score(b)));
            rank.then_with(|| place(a).cmp(&place(b)))
        });
        if let Some(at) = leaders.iter().position(|trial| trial.number == self.best.trial) {
            let best = leaders.remove(at);
            leaders.insert(0, best);
        }
        leaders
    }
}

/// The trial that was kept.
#[derive(Clone, Debug, PartialEq)]
pub struct Best {
    /// Its number.
    pub trial: u64,
    /// Its configuration: what was searched and what was fixed.
    pub params: Params,
    /// All its settings; with them `train` repeats it.
    pub recipe: Recipe,
    /// The epochs whose weights are kept: after the epoch before this number, counted from 0.
    pub epochs: u64,
    /// The metric that decided.
    pub score: Option<f64>,
}

/// How the figures to choose by were had.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Validated {
    /// There were none.
    Not,
    /// On rows that were held out.
    HeldOut,
    /// By cross-validation over training and validation rows.
    Folds(usize),
}

/// One trial.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct TrialRecord {
    /// Its number, from 0.
    pub number: u64,
    /// Its configuration.
    pub params: Params,
    /// How it ended; `pruned` where others did better on the first rows.
    pub state: TrialState,
    /// The metric at its best epoch.
    pub score: Option<f64>,
    /// Epochs trained.
    pub epochs: u64,
    /// The epoch with the best metric, from 0.
    pub best_epoch: Option<u64>,
    /// Networks that its score is the mean of: folds and repeats; 1 with held-out rows.
    pub folds: usize,
    /// Updates made.
    pub steps: u64,
    /// Seconds of computing.
    pub seconds: f64,
    /// How the loss fell.
    pub curve: Vec<CurvePoint>,
    /// Where it diverged, or why it failed, in words.
    pub diverged: Option<String>,
    /// Its scores with several seeds, if it is a leader.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub repeats: Option<Repeats>,
    /// The trial that it was forked from.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub parent: Option<Parent>,
    /// What a person did to it while it trained for the first time; its later trainings follow that.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub turns: Vec<Turn>,
}

/// Where a trial was forked from another one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Parent {
    /// The other trial.
    pub trial: u64,
    /// Updates that both have in common.
    pub step: u64,
}

/// One epoch of a curve.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct CurvePoint {
    /// The epoch, from 0.
    pub epoch: u64,
    /// The mean of its batches' losses, each before its update.
    pub train_loss: f64,
    /// The loss of the last batch.
    pub last_batch_loss: f64,
    /// The rows to choose by, after it.
    pub validation: Option<Figures>,
    /// The learning rate of its last step.
    pub learning_rate: f64,
}

/// Networks beside each other on the rows of [`Finished::part`], whichever of them is kept.
#[derive(Clone, Debug, PartialEq)]
pub struct Rival {
    /// `the best trial alone`, `the average of 5 trials`.
    pub name: String,
    /// Its figures, each with the interval of 1000 resamples of the rows.
    pub figures: Vec<Figure>,
}

/// A simple answer to compare with.
#[derive(Clone, Debug, PartialEq)]
pub struct Baseline {
    /// `always setosa`, `logistic regression`, ...
    pub name: String,
    /// What it answers: the commonest class, or the mean in the person's units; for a linear model, by how many inputs.
    pub answer: String,
    /// Its figures on the rows of [`Finished::part`].
    pub figures: Figures,
}

/// Truth against prediction.
#[derive(Clone, Debug, PartialEq)]
pub struct Confusion {
    /// `test`, `validation` or `train`: the rows that were counted.
    pub part: &'static str,
    /// The classes.
    pub classes: Vec<String>,
    /// `counts[truth * classes + prediction]`.
    pub counts: Vec<u64>,
}

/// What the network says over the plane of two features.
#[derive(Clone, Debug, PartialEq)]
pub struct Surface {
    /// The names of the features.
    pub names: [String; 2],
    /// From where to where each goes, in the person's units.
    pub ranges: [(f64, f64); 2],
    /// Points along the first feature and along the second.
    pub size: [usize; 2],
    /// The class, or the value, at each point: row by row of the second feature, from its low end. Points lie at the
    /// centers of `size` equal cells.
    pub values: Vec<f64>,
    /// For two classes, the probability of the second at each point; else empty.
    pub probabilities: Vec<f64>,
    /// The classes; empty for values.
    pub classes: Vec<String>,
    /// Rows of the table.
    pub points: Vec<SurfacePoint>,
}

/// A row of the table in the plane.
#[derive(Clone, Debug, PartialEq)]
pub struct SurfacePoint {
    /// The two features.
    pub at: [f64; 2],
    /// The class or the value that it has.
    pub truth: f64,
    /// Whether it is a test row.
    pub test: bool,
}
