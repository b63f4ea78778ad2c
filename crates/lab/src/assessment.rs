//! What a network's answers on rows say about it, beside its figures.

use serde::Serialize;

/// How much a network leans on one column of the table.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ColumnImportance {
    /// The column.
    pub name: String,
    /// By how much the loss, or the cost of the metric that is chosen by, rises when the column's cells are dealt out
    /// anew among the rows: the mean over several deals. Zero or less for a column that the network does not need.
    pub drop: f64,
    /// The deviation over the deals.
    pub deviation: f64,
}

/// Rows for which about the same probability was said.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct CalibrationBin {
    /// How many.
    pub rows: u64,
    /// The mean of the probabilities said.
    pub predicted: f64,
    /// The share of the rows that are of the class.
    pub observed: f64,
}

/// Whether what is called 80 % likely happens in 80 of 100 rows.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Calibration {
    /// The class that the probabilities are of.
    pub class: String,
    /// Ten equal steps of the probability, those without rows left out.
    pub bins: Vec<CalibrationBin>,
    /// The mean over the rows of the difference between said and observed in their step.
    pub expected_error: f64,
}

/// A curve over all thresholds of the probability of one class.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Curve {
    /// The class, against all others.
    pub class: String,
    /// Some of its points, the first and the last among them, from the highest threshold down.
    pub points: Vec<(f64, f64)>,
    /// What lies under the whole curve.
    pub area: f64,
}
