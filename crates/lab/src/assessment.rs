//! What a network's answers on rows say about it, beside its figures.

mod calibration;
mod curves;
mod importance;

use caviar_engine::train::{Data, Targets};
use serde::Serialize;

use crate::error::LabError;
use crate::experiment::classes_of;
use crate::model::Model;

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

/// All of these for one model.
#[derive(Clone, Debug, Default)]
pub(crate) struct Assessment {
    pub(crate) importance: Vec<ColumnImportance>,
    pub(crate) calibration: Vec<Calibration>,
    pub(crate) roc: Vec<Curve>,
    pub(crate) precision_recall: Vec<Curve>,
}

impl Assessment {
    /// Of a model whose answers on the rows are given; the seed is that of the deals.
    pub(crate) fn new(
        model: &Model,
        data: &Data,
        answers: &[f64],
        seed: u64,
        threads: usize,
    ) -> Result<Assessment, LabError> {
        let importance = importance::importance(model, data, seed, threads)?;
        Ok(Assessment { importance, ..Assessment::of_answers(model, data, answers) })
    }

    /// All but the importance of the columns, for which the model would have to answer again.
    pub(crate) fn of_answers(model: &Model, data: &Data, answers: &[f64]) -> Assessment {
        let mut assessment = Assessment::default();
        let Targets::Classes { labels, classes } = data.targets() else { return assessment };
        // Of two classes the first says the same as the second.
        let first = if *classes == 2 { 1 } else { 0 };
        for (class, name) in classes_of(model.target()).iter().enumerate().skip(first) {
            let said: Vec<(f64, bool)> = answers
                .chunks_exact(*classes)
                .zip(labels)
                .map(|(row, label)| (row.get(class).copied().unwrap_or(f64::NAN), *label == class as i64))
                .collect();
            assessment.calibration.push(calibration::calibration(name, &said));
            if let Some((roc, precision_recall)) = curves::curves(name, &said) {
                assessment.roc.push(roc);
                assessment.precision_recall.push(precision_recall);
            }
        }
        assessment
    }
}

#[cfg(test)]
mod tests;
