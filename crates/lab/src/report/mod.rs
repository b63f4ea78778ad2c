//! The page about a run: one file that opens offline, in light and dark, on a phone and on paper.
//!
//! [`Report`] is plain data and [`Report::to_html`] a function of it: nothing here trains, reads a clock or touches a
//! file. Pictures are drawn as SVG by hand, because the colors must follow the page's light and dark themes, which
//! takes classes on the shapes; drawing libraries write fixed colors into them.

mod board;
mod boundary;
mod confusion;
mod curves;
mod dimension;
mod evaluated;
mod gather;
mod importance;
mod matrix;
mod page;
mod pairs;
mod parallel;
mod quality;
mod rates;
mod scatter;
mod settings;
mod slices;
mod studied;
mod time_line;

pub use slices::Slice;
pub use time_line::{Work, work};

use crate::assessment::{Calibration, ColumnImportance, Curve};
use crate::error::LabError;
use crate::experiment::Experiment;
use crate::ledger::Span;
use crate::picture::{Kind, Picture};
use crate::standing::Repeats;

/// A named figure or setting, as the page shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fact {
    /// What.
    pub name: String,
    /// Its value.
    pub value: String,
}

impl Fact {
    /// A named value.
    pub fn new(name: impl Into<String>, value: impl Into<String>) -> Self {
        Fact { name: name.into(), value: value.into() }
    }
}

/// Figures of the network or of a baseline on one part of the rows.
#[derive(Clone, Debug, PartialEq)]
pub struct ScoreLine {
    /// `network, test rows`, `commonest class, test rows`, ...
    pub name: String,
    /// Whether it is the network on the rows that nothing was chosen by.
    pub headline: bool,
    /// One value for each of [`Report::metrics`]; none where it was not measured.
    pub values: Vec<Option<f64>>,
}

/// The losses of a trial after one epoch.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct CurvePoint {
    /// The epoch, from 0.
    pub epoch: u64,
    /// Of the training rows.
    pub train: f64,
    /// Of the validation rows, where there are any.
    pub validation: Option<f64>,
}

/// One trial on the page.
#[derive(Clone, Debug, PartialEq)]
pub struct TrialLine {
    /// Its number.
    pub number: u64,
    /// How it ended: `complete`, `pruned`, `failed`, `diverged`, `paused`.
    pub state: String,
    /// Its figure in [`Report::metric`] on the validation rows.
    pub score: Option<f64>,
    /// Its scores with several seeds, if it is a leader.
    pub repeats: Option<Repeats>,
    /// Epochs trained.
    pub epochs: u64,
    /// Its settings.
    pub params: Vec<Fact>,
    /// How it learned.
    pub curve: Vec<CurvePoint>,
}

/// What the network says of rows, beside the truth.
#[derive(Clone, Debug, PartialEq)]
pub enum Answers {
    /// How often each class was taken for each: `counts[truth * classes + prediction]`.
    Confusion {
        /// The names of the classes.
        classes: Vec<String>,
        /// The counts.
        counts: Vec<u64>,
    },
    /// True and predicted values.
    Scatter {
        /// Pairs of a true and a predicted value.
        points: Vec<(f64, f64)>,
    },
}

/// A point of a table with two features.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct BoundaryPoint {
    /// The first feature.
    pub x: f64,
    /// The second feature.
    pub y: f64,
    /// Its class; 0 for a regression.
    pub class: usize,
    /// Whether it is a test row.
    pub test: bool,
}

/// What a network says all over the plane of its two features.
#[derive(Clone, Debug, PartialEq)]
pub struct Boundary {
    /// The names of the features.
    pub names: (String, String),
    /// From where to where the first feature goes.
    pub x: (f64, f64),
    /// From where to where the second feature goes.
    pub y: (f64, f64),
    /// How many cells there are along each feature.
    pub size: (usize, usize),
    /// For each cell, row by row from the lowest `y`, the class and how sure the network is, from 0 to 1; for a
    /// regression class 0 and the place of the value between the least and the largest.
    pub cells: Vec<(usize, f64)>,
    /// The classes; empty for a regression.
    pub classes: Vec<String>,
    /// The rows.
    pub points: Vec<BoundaryPoint>,
    /// Where the other columns are held, in words; empty without any.
    pub note: String,
}

/// What the page tells beside what was found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Request {
    /// The settings in the user's words.
    pub asked: Vec<Fact>,
    /// The command that repeats the run.
    pub command: String,
    /// The version of the program.
    pub version: String,
    /// Two columns of numbers whose plane is drawn; where not said, those of a table with just two features.
    pub plane: Option<[String; 2]>,
}

impl Request {
    /// Whether the experiment has the plane and can have these pictures, known before anything is trained.
    ///
    /// # Errors
    /// A column of the plane that the network does not learn from as a number; a picture that is only of classes, or
    /// only of values, or of a plane where none is chosen.
    pub fn check(&self, experiment: &Experiment, kinds: &[Kind]) -> Result<(), LabError> {
        let features = experiment.encoder().features();
        self.plane.iter().flatten().try_for_each(|name| crate::surface::check(name, features))?;
        let classes = !experiment.classes().is_empty();
        let plane = self.plane.is_some() || features.len() == 2;
        for kind in kinds {
            let rule = match kind {
                Kind::Confusion | Kind::Roc | Kind::PrecisionRecall | Kind::Calibration if !classes => {
                    "a picture of classes, and the target is a number"
                }
                Kind::Predicted | Kind::Residuals if classes => "a picture of numbers, and the target has classes",
                Kind::Boundary if !plane => {
                    "the table has more than two columns to learn from: name two with --boundary A,B"
                }
                _ => continue,
            };
            return Err(LabError::Misfit { flag: "plot", got: kind.to_string(), rule });
        }
        Ok(())
    }
}

/// All that the page shows.
#[derive(Clone, Debug, PartialEq)]
pub struct Report {
    /// The heading: `diagnosis from breast_cancer.csv`.
    pub title: String,
    /// A sentence or two under it.
    pub summary: String,
    /// What the user asked for.
    pub asked: Vec<Fact>,
    /// What the table holds and how its rows were dealt out.
    pub data: Vec<Fact>,
    /// What the check-up before training found, in sentences.
    pub checkup: Vec<String>,
    /// The metric that the trials are ranked by.
    pub metric: String,
    /// Whether trials were cross-validated.
    pub is_folded: bool,
    /// Whether a larger value of it is better.
    pub higher_is_better: bool,
    /// The columns of [`Report::scores`].
    pub metrics: Vec<String>,
    /// The network and the baselines.
    pub scores: Vec<ScoreLine>,
    /// The best trial's network and the average of several beside each other, figure by figure with its interval.
    pub rivals: Vec<Fact>,
    /// All trials, by number.
    pub trials: Vec<TrialLine>,
    /// The share of the differences between the scores that each setting explains alone, the largest first.
    pub mattered: Vec<(String, f64)>,
    /// Which thread worked on which trial when.
    pub spans: Vec<Span>,
    /// The number of the best trial.
    pub best: Option<u64>,
    /// All settings of the network that is kept.
    pub best_settings: Vec<Fact>,
    /// Rows that are answered.
    pub answers: Option<Answers>,
    /// Which rows these and the next four are of: `test`, `validation`, `train`.
    pub answered: String,
    /// How much the network leans on each column.
    pub importance: Vec<ColumnImportance>,
    /// Whether the probabilities hold.
    pub calibration: Vec<Calibration>,
    /// False and true positives over all thresholds.
    pub roc: Vec<Curve>,
    /// Recall and precision over all thresholds.
    pub precision_recall: Vec<Curve>,
    /// The plane of two columns, where there are just two or two were chosen.
    pub boundary: Option<Boundary>,
    /// The command that repeats the run.
    pub command: String,
    /// The version of the program.
    pub version: String,
}

impl Report {
    /// The page.
    pub fn to_html(&self) -> String {
        page::html(self)
    }

    /// One of its pictures; nothing where the run has none of this kind.
    pub fn picture(&self, kind: Kind) -> Option<Picture> {
        match (kind, &self.answers) {
            (Kind::Curves, _) => curves::picture(self),
            (Kind::Settings, _) => settings::picture(self),
            (Kind::Parallel, _) => parallel::Parallel::of(self).map(|found| found.picture()),
            (Kind::TimeLine, _) => time_line::picture(self),
            (Kind::Mattered, _) => importance::of_settings(&self.mattered),
            (Kind::Confusion, Some(Answers::Confusion { classes, counts })) => matrix::picture(classes, counts),
            (Kind::Predicted, Some(Answers::Scatter { points })) => scatter::predicted(points),
            (Kind::Residuals, Some(Answers::Scatter { points })) => scatter::residuals(points),
            (Kind::Confusion | Kind::Predicted | Kind::Residuals, _) => None,
            (Kind::Roc, _) => rates::roc(&self.roc),
            (Kind::PrecisionRecall, _) => rates::precision_recall(&self.precision_recall),
            (Kind::Calibration, _) => rates::calibration(&self.calibration),
            (Kind::Importance, _) => importance::picture(&self.importance),
            (Kind::Boundary, _) => self.boundary.as_ref().map(boundary::picture),
        }
    }
}

#[cfg(test)]
mod tests;
