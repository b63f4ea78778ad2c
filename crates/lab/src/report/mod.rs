//! The page about a run: one file that opens offline, in light and dark, on a phone and on paper.
//!
//! [`Report`] is plain data and [`Report::to_html`] a function of it: nothing here trains, reads a clock or touches a
//! file. Pictures are drawn as SVG by hand, because the colors must follow the page's light and dark themes, which
//! takes classes on the shapes; drawing libraries write fixed colors into them.

mod board;
mod boundary;
mod confusion;
mod curves;
mod gather;
mod page;
mod pairs;
mod scatter;

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
    /// The metric that the trials are ranked by.
    pub metric: String,
    /// Whether a larger value of it is better.
    pub higher_is_better: bool,
    /// The columns of [`Report::scores`].
    pub metrics: Vec<String>,
    /// The network and the baselines.
    pub scores: Vec<ScoreLine>,
    /// All trials, by number.
    pub trials: Vec<TrialLine>,
    /// The number of the best trial.
    pub best: Option<u64>,
    /// All settings of the network that is kept.
    pub best_settings: Vec<Fact>,
    /// Rows that are answered.
    pub answers: Option<Answers>,
    /// Which rows these are: `test`, `validation`, `train`.
    pub answered: String,
    /// The plane of two features, where there are just two.
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
}

#[cfg(test)]
mod tests;
