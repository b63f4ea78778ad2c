//! What a network is trained and measured on.

use crate::rows::Rows;
use thiserror::Error;

/// What is to be predicted.
#[derive(Clone, Debug, PartialEq)]
pub enum Targets {
    /// One of several classes.
    Classes {
        /// The class of each row, in `0..classes`.
        labels: Vec<i64>,
        /// The number of classes, 2 or more.
        classes: usize,
    },
    /// Real numbers.
    Values {
        /// Row-major, `columns` for each row.
        values: Vec<f64>,
        /// How many for each row.
        columns: usize,
    },
}

impl Targets {
    /// The number of outputs of a network for these targets: 1 for two classes.
    pub fn outputs(&self) -> usize {
        match self {
            Targets::Classes { classes, .. } if *classes <= 2 => 1,
            Targets::Classes { classes, .. } => *classes,
            Targets::Values { columns, .. } => *columns,
        }
    }

    /// The number of rows.
    pub fn len(&self) -> usize {
        match self {
            Targets::Classes { labels, .. } => labels.len(),
            Targets::Values { values, columns } => values.len().checked_div(*columns).unwrap_or(0),
        }
    }

    /// True without rows.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Whether a network made for these targets can be measured on the `others`: as many classes, or as many numbers.
    pub(super) fn are_like(&self, others: &Targets) -> bool {
        match (self, others) {
            (Targets::Classes { classes: own, .. }, Targets::Classes { classes, .. }) => own == classes,
            (Targets::Values { columns: own, .. }, Targets::Values { columns, .. }) => own == columns,
            (Targets::Classes { .. }, Targets::Values { .. }) | (Targets::Values { .. }, Targets::Classes { .. }) => {
                false
            }
        }
    }
}

/// Rows with their targets and, where rows do not count alike, their weights.
#[derive(Clone, Debug, PartialEq)]
pub struct Data {
    features: Rows,
    targets: Targets,
    weights: Option<Vec<f64>>,
}

/// Rows, targets and weights that do not fit together.
#[derive(Clone, Debug, PartialEq, Error)]
#[non_exhaustive]
pub enum DataError {
    /// Different numbers of rows.
    #[error("data: {features} rows of features, but {got} {what}")]
    Rows {
        /// The rows of features.
        features: usize,
        /// What has another number: `targets` or `weights`.
        what: &'static str,
        /// That number.
        got: usize,
    },
    /// No row at all.
    #[error("data: there is no row")]
    Empty,
    /// A label outside its range.
    #[error("data: the label of row {row} is {label}, not in 0..{classes}")]
    Label {
        /// The row, from 0.
        row: usize,
        /// Its label.
        label: i64,
        /// The number of classes.
        classes: usize,
    },
    /// A weight that is negative or not finite, or weights that are all 0.
    #[error("data: the weight of row {row} is {weight}; weights must be finite, at least 0 and not all 0")]
    Weight {
        /// The row, from 0.
        row: usize,
        /// Its weight.
        weight: f64,
    },
    /// A target that is not finite.
    #[error("data: the target of row {row} is {value}, which is not finite")]
    Target {
        /// The row, from 0.
        row: usize,
        /// Its target.
        value: f64,
    },
}

impl Data {
    /// Joins features and targets.
    ///
    /// # Errors
    /// Different numbers of rows, none at all, labels out of range, targets that are not finite.
    pub fn new(features: Rows, targets: Targets) -> Result<Self, DataError> {
        if let Targets::Values { values, columns } = &targets
            && values.len() != targets.len() * columns
        {
            let got = values.len().div_ceil((*columns).max(1));
            return Err(DataError::Rows { features: features.len(), what: "targets", got });
        }
        if features.len() != targets.len() {
            return Err(DataError::Rows { features: features.len(), what: "targets", got: targets.len() });
        }
        if features.is_empty() {
            return Err(DataError::Empty);
        }
        match &targets {
            Targets::Classes { labels, classes } => {
                let outside = |label: &i64| usize::try_from(*label).is_ok_and(|label| label < *classes);
                if let Some(row) = labels.iter().position(|label| !outside(label)) {
                    return Err(DataError::Label { row, label: labels[row], classes: *classes });
                }
            }
            Targets::Values { values, columns } => {
                if let Some(at) = values.iter().position(|value| !value.is_finite()) {
                    return Err(DataError::Target { row: at / columns, value: values[at] });
                }
            }
        }
        Ok(Data { features, targets, weights: None })
    }

    /// Gives each row a weight; losses and metrics of the data divide by the sum of the weights.
    ///
    /// # Errors
    /// Another number of weights than rows; a weight that is negative or not finite; all weights 0.
    pub fn with_weights(mut self, weights: Vec<f64>) -> Result<Self, DataError> {
        if weights.len() != self.len() {
            return Err(DataError::Rows { features: self.len(), what: "weights", got: weights.len() });
        }
        let legal = |weight: &f64| weight.is_finite() && *weight >= 0.0;
        if let Some(row) = weights.iter().position(|weight| !legal(weight)) {
            return Err(DataError::Weight { row, weight: weights[row] });
        }
        if weights.iter().all(|weight| *weight == 0.0) {
            return Err(DataError::Weight { row: 0, weight: 0.0 });
        }
        self.weights = Some(weights);
        Ok(self)
    }

    /// The number of rows.
    pub fn len(&self) -> usize {
        self.features.len()
    }

    /// Never true: data without rows cannot be made.
    pub fn is_empty(&self) -> bool {
        self.features.is_empty()
    }

    /// The features.
    pub fn features(&self) -> &Rows {
        &self.features
    }

    /// The targets.
    pub fn targets(&self) -> &Targets {
        &self.targets
    }

    /// The weights, where rows have them.
    pub fn weights(&self) -> Option<&[f64]> {
        self.weights.as_deref()
    }
}
