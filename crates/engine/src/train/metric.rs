//! Metrics: what a trained network is judged by. Pure functions of predictions and truth.

use crate::optim::SpecError;
use crate::optim::error::named;
use crate::real::Real;
use serde::{Deserialize, Serialize};
use std::cmp::Ordering;
use std::fmt::{Display, Formatter, Result as Written};
use std::str::FromStr;

#[cfg(test)]
mod tests;

/// What a run is judged by.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Metric {
    /// The share of rows whose class is right.
    Accuracy,
    /// The loss that is trained, without its penalties.
    #[default]
    Loss,
    /// The area under the ROC curve.
    Auc,
    /// The harmonic mean of precision and recall.
    F1,
    /// The root of the mean squared error.
    Rmse,
    /// The mean absolute error.
    Mae,
    /// The share of the variance that is explained.
    R2,
}

impl Metric {
    /// Every metric.
    pub const ALL: [Self; 7] = [Self::Accuracy, Self::Loss, Self::Auc, Self::F1, Self::Rmse, Self::Mae, Self::R2];

    /// The names of [`Metric::ALL`], in its order, as on the command line.
    pub const NAMES: [&'static str; 7] = ["accuracy", "loss", "auc", "f1", "rmse", "mae", "r2"];

    /// The name on the command line and in files.
    #[must_use]
    pub fn name(self) -> &'static str {
        Self::NAMES[self as usize]
    }

    /// Whether a larger value is a better one.
    #[must_use]
    pub fn higher_is_better(self) -> bool {
        match self {
            Self::Accuracy | Self::Auc | Self::F1 | Self::R2 => true,
            Self::Loss | Self::Rmse | Self::Mae => false,
        }
    }

    /// The value as something to be made small: as it is, or with its sign changed.
    #[must_use]
    pub fn cost(self, value: f64) -> f64 {
        if self.higher_is_better() { -value } else { value }
    }

    /// The order of two values, the better one first. NaN comes after everything else.
    ///
    /// ```
    /// # use caviar_engine::train::metric::Metric;
    /// let mut scores = [0.5, f64::NAN, 0.9];
    /// scores.sort_by(|a, b| Metric::Accuracy.better_first(*a, *b));
    /// assert_eq!(scores[..2], [0.9, 0.5]);
    /// ```
    #[must_use]
    pub fn better_first(self, a: f64, b: f64) -> Ordering {
        let (a, b) = (self.cost(a), self.cost(b));
        a.is_nan().cmp(&b.is_nan()).then(a.partial_cmp(&b).unwrap_or(Ordering::Equal))
    }
}

impl Display for Metric {
    fn fmt(&self, f: &mut Formatter<'_>) -> Written {
        f.pad(self.name())
    }
}

impl FromStr for Metric {
    type Err = SpecError;

    fn from_str(text: &str) -> Result<Self, SpecError> {
        named("metric", text, &Self::ALL, &Self::NAMES)
    }
}

/// Predictions and truth that do not belong together.
#[non_exhaustive]
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MetricError {
    /// Not one prediction (or one row of probabilities) per row.
    #[error("metric: {predictions} predictions for {rows} rows, {per_row} per row are needed")]
    Lengths {
        /// Numbers predicted.
        predictions: usize,
        /// Rows of the truth.
        rows: usize,
        /// Numbers needed per row.
        per_row: usize,
    },
    /// A class that does not exist.
    #[error("metric: row {row} has class {label}, the classes are 0 to {last}", last = classes.saturating_sub(1))]
    LabelOutOfRange {
        /// The row, from 0.
        row: usize,
        /// Its class.
        label: i64,
        /// How many classes there are.
        classes: usize,
    },
}

/// The share of rows whose class is right; NaN without rows.
///
/// # Errors
/// [`MetricError::Lengths`] unless there is one prediction per row.
pub fn accuracy(predicted: &[i64], labels: &[i64]) -> Result<f64, MetricError> {
    check_lengths(predicted.len(), labels.len(), 1)?;
    let right = predicted.iter().zip(labels).filter(|(p, l)| p == l).count();
    Ok(right as f64 / labels.len() as f64)
}

/// How often each class was predicted as each: `counts[truth * classes + prediction]`.
///
/// # Errors
/// [`MetricError::Lengths`] unless there is one prediction per row, [`MetricError::LabelOutOfRange`] for a class
/// outside `0..classes`, true or predicted.
pub fn confusion(predicted: &[i64], labels: &[i64], classes: usize) -> Result<Vec<u64>, MetricError> {
    check_lengths(predicted.len(), labels.len(), 1)?;
    let mut counts = vec![0; classes * classes];
    for (row, (p, l)) in predicted.iter().zip(labels).enumerate() {
        let place = class(*l, classes, row)? * classes + class(*p, classes, row)?;
        counts[place] += 1;
    }
    Ok(counts)
}

/// F1, `2·TP / (2·TP + FP + FN)`: of class 1 with two classes, else the plain mean over the classes that occur in the
/// truth or in the predictions. A class without a right prediction counts 0; NaN without rows.
///
/// # Errors
/// As [`confusion`].
pub fn f1(predicted: &[i64], labels: &[i64], classes: usize) -> Result<f64, MetricError> {
    let counts = confusion(predicted, labels, classes)?;
    let of_class = |c: usize| {
        let truth: u64 = counts.iter().skip(c * classes).take(classes).sum();
        let said: u64 = counts.iter().skip(c).step_by(classes).sum();
        let occurs = truth + said > 0;
        occurs.then(|| 2.0 * counts[c * classes + c] as f64 / (truth + said) as f64)
    };
    if labels.is_empty() {
        return Ok(f64::NAN);
    }
    if classes == 2 {
        return Ok(of_class(1).unwrap_or(0.0));
    }
    Ok(mean((0..classes).filter_map(of_class)))
}

/// The area under the ROC curve: the share of pairs of a positive and a negative row that the scores put in order,
/// a tie counting half. NaN if a score is NaN or only one kind of row is there.
///
/// # Errors
/// [`MetricError::Lengths`] unless there is one score per row.
pub fn auc<T: Real>(scores: &[T], positive: &[bool]) -> Result<f64, MetricError> {
    check_lengths(scores.len(), positive.len(), 1)?;
    let rows = scores.iter().map(|s| s.to_f64()).zip(positive.iter().copied());
    Ok(area(rows.collect()))
}

/// The area under the ROC curve with classes, from the probability of each, `[rows, classes]`: of class 1 with two
/// classes, else the plain mean over each class against the rest, of those that have rows on both sides.
///
/// # Errors
/// [`MetricError::Lengths`] unless there are `classes` probabilities per row, [`MetricError::LabelOutOfRange`].
pub fn auc_of_classes<T: Real>(probabilities: &[T], labels: &[i64], classes: usize) -> Result<f64, MetricError> {
    check_rows(probabilities.len(), labels, classes)?;
    let of_class = |c: usize| {
        let scores = probabilities.iter().skip(c).step_by(classes);
        let rows = scores.zip(labels).map(|(s, l)| (s.to_f64(), *l == c as i64));
        area(rows.collect())
    };
    if classes == 2 {
        return Ok(of_class(1));
    }
    let splits = |c: &usize| {
        let count = labels.iter().filter(|l| **l == *c as i64).count();
        count > 0 && count < labels.len()
    };
    Ok(mean((0..classes).filter(splits).map(of_class)))
}

/// The mean of `−ln p` of the true class, from probabilities `[rows, classes]`. Probabilities are kept from 0 by
/// `2⁻⁵²`; one that is NaN gives NaN.
///
/// # Errors
/// As [`auc_of_classes`].
pub fn log_loss<T: Real>(probabilities: &[T], labels: &[i64], classes: usize) -> Result<f64, MetricError> {
    check_rows(probabilities.len(), labels, classes)?;
    let of_row = |(row, label): (usize, &i64)| {
        let p = probabilities[row * classes + *label as usize].to_f64();
        -libm::log(p.clamp(f64::EPSILON, 1.0))
    };
    Ok(mean(labels.iter().enumerate().map(of_row)))
}

/// The root of the mean squared error; NaN without rows.
///
/// # Errors
/// [`MetricError::Lengths`] unless there is one prediction per target.
pub fn rmse<T: Real>(predicted: &[T], targets: &[T]) -> Result<f64, MetricError> {
    check_lengths(predicted.len(), targets.len(), 1)?;
    Ok(mean(differences(predicted, targets).map(|d| d * d)).sqrt())
}

/// The mean absolute error; NaN without rows.
///
/// # Errors
/// [`MetricError::Lengths`] unless there is one prediction per target.
pub fn mae<T: Real>(predicted: &[T], targets: &[T]) -> Result<f64, MetricError> {
    check_lengths(predicted.len(), targets.len(), 1)?;
    Ok(mean(differences(predicted, targets).map(f64::abs)))
}

/// The share of the variance that is explained, `1 − Σ(p−y)² / Σ(y−ȳ)²`. Targets that are all the same give 1 if
/// they are met exactly, else 0; NaN without rows.
///
/// # Errors
/// [`MetricError::Lengths`] unless there is one prediction per target.
pub fn r2<T: Real>(predicted: &[T], targets: &[T]) -> Result<f64, MetricError> {
    check_lengths(predicted.len(), targets.len(), 1)?;
    Ok(r2_of(mean(differences(predicted, targets).map(|d| d * d)), targets))
}

/// The same from the mean of the squared differences.
pub(super) fn r2_of<T: Real>(rest: f64, targets: &[T]) -> f64 {
    let center = mean(targets.iter().map(|y| y.to_f64()));
    let spread = mean(targets.iter().map(|y| y.to_f64() - center).map(|d| d * d));
    match () {
        () if spread != 0.0 || rest.is_nan() => 1.0 - rest / spread,
        () if rest == 0.0 => 1.0,
        () => 0.0,
    }
}

fn differences<T: Real>(predicted: &[T], targets: &[T]) -> impl Iterator<Item = f64> {
    predicted.iter().zip(targets).map(|(p, y)| p.to_f64() - y.to_f64())
}

/// The sum in order over the count, in `f64`; NaN of nothing.
fn mean(values: impl Iterator<Item = f64>) -> f64 {
    let (sum, count) = values.fold((0.0, 0_u64), |(sum, count), x| (sum + x, count + 1));
    sum / count as f64
}

/// The area under the ROC curve of (score, is positive), counted in half pairs, exactly.
fn area(mut rows: Vec<(f64, bool)>) -> f64 {
    if rows.iter().any(|(score, _)| score.is_nan()) {
        return f64::NAN;
    }
    rows.sort_unstable_by(|a, b| a.0.total_cmp(&b.0));
    let (mut negatives, mut positives, mut half_pairs) = (0_u64, 0_u64, 0_u128);
    for tied in rows.chunk_by(|a, b| a.0 == b.0) {
        let ups = tied.iter().filter(|(_, positive)| *positive).count() as u64;
        let downs = tied.len() as u64 - ups;
        half_pairs += u128::from(ups) * u128::from(2 * negatives + downs);
        negatives += downs;
        positives += ups;
    }
    half_pairs as f64 / (2.0 * negatives as f64 * positives as f64)
}

fn check_lengths(predictions: usize, rows: usize, per_row: usize) -> Result<(), MetricError> {
    if rows.checked_mul(per_row) == Some(predictions) {
        Ok(())
    } else {
        Err(MetricError::Lengths { predictions, rows, per_row })
    }
}

fn check_rows(predictions: usize, labels: &[i64], classes: usize) -> Result<(), MetricError> {
    check_lengths(predictions, labels.len(), classes)?;
    let check = |(row, label): (usize, &i64)| class(*label, classes, row).map(|_| ());
    labels.iter().enumerate().try_for_each(check)
}

/// The class as an index.
fn class(label: i64, classes: usize, row: usize) -> Result<usize, MetricError> {
    let index = usize::try_from(label).ok().filter(|index| *index < classes);
    index.ok_or(MetricError::LabelOutOfRange { row, label, classes })
}
