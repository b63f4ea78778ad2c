//! Measuring a network on rows.

use super::data::Targets;
use super::metric::{self, Metric};

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

    /// From the network's outputs (logits or values, row-major) and its loss.
    pub(super) fn new(loss: f64, outputs: &[f64], targets: &Targets, wanted: &[Metric]) -> Self {
        let usual: &[Metric] = match targets {
            Targets::Classes { .. } => &[Metric::Accuracy],
            Targets::Values { .. } => &[Metric::Rmse, Metric::Mae, Metric::R2],
        };
        let mut values = vec![(Metric::Loss, loss)];
        for &metric in usual.iter().chain(wanted) {
            if !values.iter().any(|(which, _)| *which == metric) {
                values.push((metric, measure(metric, outputs, targets)));
            }
        }
        Evaluation { values }
    }
}

fn measure(which: Metric, outputs: &[f64], targets: &Targets) -> f64 {
    let value = match targets {
        Targets::Values { values, .. } => match which {
            Metric::Rmse => metric::rmse(outputs, values),
            Metric::Mae => metric::mae(outputs, values),
            Metric::R2 => metric::r2(outputs, values),
            Metric::Accuracy | Metric::Loss | Metric::Auc | Metric::F1 => return f64::NAN,
        },
        Targets::Classes { labels, classes } => match which {
            Metric::Accuracy => metric::accuracy(&predicted(outputs, labels.len()), labels),
            Metric::F1 => metric::f1(&predicted(outputs, labels.len()), labels, *classes),
            Metric::Auc => metric::auc_of_classes(&probabilities(outputs, labels.len()), labels, *classes),
            Metric::Loss | Metric::Rmse | Metric::Mae | Metric::R2 => return f64::NAN,
        },
    };
    value.unwrap_or(f64::NAN)
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
