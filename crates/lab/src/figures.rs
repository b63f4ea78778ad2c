//! The figures of a network on some rows, in the person's units.

use caviar_engine::train::{Evaluation, Metric};
use caviar_table::TargetSpec;
use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};

/// The figures of a network on some rows.
///
/// - **Units:** `rmse` and `mae` are in those of the target; the loss is that of the training, for numbers therefore in
///   squared (absolute, ...) deviations of the training targets.
/// - **JSON:** an object by name, `{"loss":0.1,"accuracy":0.97}`; what is not finite is `null`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Figures {
    values: Vec<(Metric, f64)>,
}

impl Figures {
    /// The figures of an evaluation on scaled targets.
    pub(crate) fn new(evaluation: &Evaluation, target: &TargetSpec) -> Self {
        let unit = match target {
            TargetSpec::Classification { .. } => 1.0,
            TargetSpec::Regression { deviation, .. } => *deviation,
        };
        let convert = |&(metric, value): &(Metric, f64)| match metric {
            Metric::Rmse | Metric::Mae => (metric, value * unit),
            Metric::Loss | Metric::Accuracy | Metric::Auc | Metric::F1 | Metric::R2 => (metric, value),
        };
        Figures { values: evaluation.values().iter().map(convert).collect() }
    }

    /// From pairs, in this order.
    pub fn from_pairs(values: Vec<(Metric, f64)>) -> Self {
        Figures { values }
    }

    /// A figure, where it was measured.
    pub fn get(&self, metric: Metric) -> Option<f64> {
        self.values.iter().find(|(which, _)| *which == metric).map(|(_, value)| *value)
    }

    /// The loss; NaN where it was not measured.
    pub fn loss(&self) -> f64 {
        self.get(Metric::Loss).unwrap_or(f64::NAN)
    }

    /// All figures, the loss first.
    pub fn values(&self) -> &[(Metric, f64)] {
        &self.values
    }

    /// The figures of several parts of the rows taken as one.
    ///
    /// Means by weight; the root mean squared error by its square. A part's R², AUC or F1 enters the mean as it is.
    pub(crate) fn pooled(parts: &[(f64, Figures)]) -> Self {
        let Some((_, first)) = parts.first() else { return Figures::default() };
        let total: f64 = parts.iter().map(|(weight, _)| weight).sum();
        let mean = |metric: Metric| {
            let value = |part: &Figures| match (metric, part.get(metric).unwrap_or(f64::NAN)) {
                (Metric::Rmse, value) => value * value,
                (_, value) => value,
            };
            let mean = parts.iter().map(|(weight, part)| weight * value(part)).sum::<f64>() / total;
            if metric == Metric::Rmse { mean.sqrt() } else { mean }
        };
        Figures { values: first.values.iter().map(|&(metric, _)| (metric, mean(metric))).collect() }
    }
}

impl Serialize for Figures {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.values.len()))?;
        for (metric, value) in &self.values {
            map.serialize_entry(metric.name(), &value.is_finite().then_some(*value))?;
        }
        map.end()
    }
}

#[cfg(test)]
mod tests {
    use super::Figures;
    use caviar_engine::train::Metric;

    #[test]
    fn pooled_figures_are_those_of_all_rows() {
        // Errors 3 on one row, and 1 on three: squares 9, 1, 1, 1.
        let part = |rmse, mae| Figures::from_pairs(vec![(Metric::Rmse, rmse), (Metric::Mae, mae)]);
        let pooled = Figures::pooled(&[(1.0, part(3.0, 3.0)), (3.0, part(1.0, 1.0))]);
        assert_eq!(pooled.get(Metric::Rmse), Some(3.0_f64.sqrt()));
        assert_eq!(pooled.get(Metric::Mae), Some(1.5));
    }

    #[test]
    fn what_is_not_finite_is_null() {
        let figures = Figures::from_pairs(vec![(Metric::Loss, f64::NAN), (Metric::Accuracy, 0.5)]);
        assert_eq!(serde_json::to_string(&figures).unwrap(), r#"{"loss":null,"accuracy":0.5}"#);
    }
}
