//! Measuring a network on rows.

use super::data::Targets;
use super::metric::{self, Metric};
use crate::nn::Loss;

/// The figures of a network on some rows.
#[derive(Clone, Debug, PartialEq)]
pub struct Evaluation {
    values: Vec<(Metric, f64)>,
}

impl Evaluation {
    /// The figure, where it was measured: the loss always; accuracy for classes, RMSE, MAE and R² for numbers;
    /// others where asked for. NaN where the rows do not define it.
    pub fn get(&self, metric: Metric) -> Option<f64> {
        self.values.iter().find(|(which, _)| *which == metric).map(|(_, value)| *value)
    }

    /// The loss: the weighted mean of the rows' losses, without penalties or smoothing.
    pub fn loss(&self) -> f64 {
        self.get(Metric::Loss).unwrap_or(f64::NAN)
    }

    /// All figures.
    pub fn values(&self) -> &[(Metric, f64)] {
        &self.values
    }
}

/// What is gathered of the outputs (logits or values, row-major) while they are computed, some rows at a time.
///
/// Sums are enough for the usual figures; only what ranks or counts classes needs all outputs at the end.
pub(super) struct Tally<'a> {
    targets: &'a Targets,
    loss: Loss,
    metrics: Vec<Metric>,
    rows: usize,
    right: u64,
    squares: f64,
    sizes: f64,
    kept: Option<Vec<f64>>,
}

impl<'a> Tally<'a> {
    /// For the usual figures of such targets and the `wanted` ones; several labels have the share of rows with all right.
    pub(super) fn new(targets: &'a Targets, loss: Loss, wanted: &[Metric]) -> Self {
        let usual: &[Metric] = match targets {
            Targets::Classes { .. } => &[Metric::Accuracy],
            Targets::Values { .. } if loss == Loss::Binary => &[Metric::Accuracy],
            Targets::Values { .. } => &[Metric::Rmse, Metric::Mae, Metric::R2],
        };
        let mut metrics: Vec<Metric> = Vec::new();
        for &metric in usual.iter().chain(wanted) {
            if metric != Metric::Loss && !metrics.contains(&metric) {
                metrics.push(metric);
            }
        }
        let all = metrics.iter().any(|metric| matches!(metric, Metric::Auc | Metric::F1));
        let kept = (all && matches!(targets, Targets::Classes { .. })).then(Vec::new);
        Tally { targets, loss, metrics, rows: 0, right: 0, squares: 0.0, sizes: 0.0, kept }
    }

    /// The outputs of the next so many rows.
    pub(super) fn add(&mut self, outputs: &[f64], rows: usize) {
        match self.targets {
            Targets::Classes { labels, .. } => {
                let labels = &labels[self.rows..self.rows + rows];
                let right = predicted(outputs, rows).iter().zip(labels).filter(|(said, label)| said == label).count();
                self.right += right as u64;
            }
            Targets::Values { values, columns } => {
                let values = &values[self.rows * columns..(self.rows + rows) * columns];
                for (&output, value) in outputs.iter().zip(values) {
                    let difference = self.loss.said(output) - value;
                    self.squares += difference * difference;
                    self.sizes += difference.abs();
                }
                if self.loss == Loss::Binary {
                    let width = (*columns).max(1);
                    let agree = |(output, value): (&f64, &f64)| (*output > 0.0) == (*value > 0.5);
                    let rows = outputs.chunks(width).zip(values.chunks(width));
                    self.right += rows.filter(|(row, own)| row.iter().zip(*own).all(agree)).count() as u64;
                }
            }
        }
        self.rows += rows;
        if let Some(kept) = &mut self.kept {
            kept.extend_from_slice(outputs);
        }
    }

    /// The figures, beside a loss.
    pub(super) fn evaluation(&self, loss: f64) -> Evaluation {
        let mut values = vec![(Metric::Loss, loss)];
        values.extend(self.metrics.iter().map(|&metric| (metric, self.measure(metric))));
        Evaluation { values }
    }

    fn measure(&self, which: Metric) -> f64 {
        let kept = self.kept.as_deref().unwrap_or_default();
        let value = match self.targets {
            Targets::Values { values, .. } => {
                let count = values.len() as f64;
                return match which {
                    Metric::Rmse => (self.squares / count).sqrt(),
                    Metric::Mae => self.sizes / count,
                    Metric::R2 => metric::r2_of(self.squares / count, values),
                    Metric::Accuracy if self.loss == Loss::Binary => self.right as f64 / self.rows as f64,
                    Metric::Accuracy | Metric::Loss | Metric::Auc | Metric::F1 => f64::NAN,
                };
            }
            Targets::Classes { labels, classes } => match which {
                Metric::Accuracy => return self.right as f64 / self.rows as f64,
                Metric::F1 => metric::f1(&predicted(kept, labels.len()), labels, *classes),
                Metric::Auc => metric::auc_of_classes(&probabilities(kept, labels.len()), labels, *classes),
                Metric::Loss | Metric::Rmse | Metric::Mae | Metric::R2 => return f64::NAN,
            },
        };
        value.unwrap_or(f64::NAN)
    }
}

/// The class of each row from its logits: the largest, the first of several; with one output, whether it is above 0.
pub(super) fn predicted(logits: &[f64], rows: usize) -> Vec<i64> {
    let outputs = logits.len() / rows.max(1);
    let class = |row: &[f64]| match row {
        [logit] => i64::from(*logit > 0.0),
        _ => {
            row.iter().enumerate().fold(0, |best, (class, logit)| if *logit > row[best] { class } else { best }) as i64
        }
    };
    logits.chunks_exact(outputs.max(1)).map(class).collect()
}

/// The probability of each class, row by row, from logits: softmax; with one output `[1 − σ, σ]`.
pub(super) fn probabilities(logits: &[f64], rows: usize) -> Vec<f64> {
    let outputs = logits.len() / rows.max(1);
    let mut probabilities = Vec::with_capacity(rows * outputs.max(2));
    for row in logits.chunks_exact(outputs.max(1)) {
        if let [logit] = row {
            let odds = libm::exp(-logit.abs());
            let (likely, unlikely) = (1.0 / (1.0 + odds), odds / (1.0 + odds));
            probabilities.extend(if *logit > 0.0 { [unlikely, likely] } else { [likely, unlikely] });
            continue;
        }
        let largest = row.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let start = probabilities.len();
        probabilities.extend(row.iter().map(|logit| libm::exp(logit - largest)));
        let sum: f64 = probabilities[start..].iter().sum();
        probabilities[start..].iter_mut().for_each(|p| *p /= sum);
    }
    probabilities
}

#[cfg(test)]
mod tests {
    use super::{predicted, probabilities};

    #[test]
    fn one_logit_is_two_classes() {
        assert_eq!(predicted(&[0.0, 0.1, -3.0], 3), [0, 1, 0]);
        let p = probabilities(&[0.0, 1000.0, -1000.0], 3);
        assert_eq!(p, [0.5, 0.5, 0.0, 1.0, 1.0, 0.0]);
    }

    #[test]
    fn several_logits_are_as_many_classes() {
        assert_eq!(predicted(&[1.0, 3.0, 3.0, 9.0, 0.0, 2.0], 2), [1, 0]);
        let p = probabilities(&[0.0, (3.0_f64).ln()], 1);
        assert!((p[1] - 0.75).abs() < 1e-15);
    }
}
