use std::fmt;

use serde::{Deserialize, Serialize};

use crate::error::SearchError;
use crate::value::Value;

/// Integers beyond this are not exact as `f64`.
pub(super) const MAX_INTEGER: i64 = 1 << 53;

/// The kinds of scales and their facts, as they are written down; a [`Scale`](crate::Scale) is a checked one.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "scale", rename_all = "snake_case", deny_unknown_fields)]
pub enum ScaleForm {
    /// Uniform between two ends.
    Linear {
        /// Lower end.
        low: f64,
        /// Upper end.
        high: f64,
    },
    /// Uniform in the exponent.
    Log {
        /// Lower end, above 0.
        low: f64,
        /// Upper end.
        high: f64,
    },
    /// Uniform in the exponent of the distance to 1: `1 - 10^r`.
    OneMinusLog {
        /// Lower end.
        low: f64,
        /// Upper end, below 1.
        high: f64,
    },
    /// Whole numbers, both ends included.
    Integer {
        /// Lower end.
        low: i64,
        /// Upper end.
        high: i64,
        /// Uniform in the exponent instead of in the number.
        #[serde(default)]
        log: bool,
    },
    /// One of a list, each as likely as the others.
    Choice {
        /// The list.
        values: Vec<Value>,
    },
    /// Exactly zero with a probability of its own, else from a range.
    ZeroOr {
        /// Probability of the zero.
        zero_prob: f64,
        /// The range beside it.
        range: Box<ScaleForm>,
    },
}

impl fmt::Display for ScaleForm {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ScaleForm::Linear { low, high } => write!(out, "a number from {low:?} to {high:?}"),
            ScaleForm::Log { low, high } => write!(out, "a number from {low:?} to {high:?}, log scale"),
            ScaleForm::OneMinusLog { low, high } => {
                write!(out, "a number from {low:?} to {high:?}, log scale of the distance to 1")
            }
            ScaleForm::Integer { low, high, log: false } => write!(out, "a whole number from {low} to {high}"),
            ScaleForm::Integer { low, high, log: true } => {
                write!(out, "a whole number from {low} to {high}, log scale")
            }
            ScaleForm::Choice { values } => {
                let words: Vec<String> = values.iter().map(Value::to_string).collect();
                write!(out, "one of {}", words.join(", "))
            }
            ScaleForm::ZeroOr { zero_prob, range } => {
                write!(out, "0 with probability {zero_prob:?}, else ")?;
                range.fmt(out)
            }
        }
    }
}

/// Refuses a form whose facts contradict each other.
pub(super) fn check(form: &ScaleForm) -> Result<(), SearchError> {
    match form {
        ScaleForm::Linear { low, high } => check_range(*low, *high),
        ScaleForm::Log { low, high } => {
            check_range(*low, *high)?;
            if *low > 0.0 { Ok(()) } else { Err(SearchError::LogThroughZero { low: *low, high: *high }) }
        }
        ScaleForm::OneMinusLog { low, high } => {
            check_range(*low, *high)?;
            if *high < 1.0 { Ok(()) } else { Err(SearchError::DistanceThroughZero { low: *low, high: *high }) }
        }
        ScaleForm::Integer { low, high, log } => {
            let (low_f, high_f) = (*low as f64, *high as f64);
            check_range(low_f, high_f)?;
            if *low < -MAX_INTEGER || *high > MAX_INTEGER {
                return Err(SearchError::EndOutOfReach { low: low_f, high: high_f });
            }
            if *log && *low < 1 { Err(SearchError::LogThroughZero { low: low_f, high: high_f }) } else { Ok(()) }
        }
        ScaleForm::Choice { values } => check_choice(values),
        ScaleForm::ZeroOr { zero_prob, range } => {
            if !(*zero_prob > 0.0 && *zero_prob < 1.0) {
                return Err(SearchError::ZeroProbability { got: *zero_prob });
            }
            check(range)?;
            match **range {
                ScaleForm::Linear { low, .. } if low >= 0.0 => Ok(()),
                ScaleForm::OneMinusLog { low, .. } if low > 0.0 => Ok(()),
                ScaleForm::Integer { low, .. } if low > 0 => Ok(()),
                ScaleForm::Log { .. } => Ok(()),
                ScaleForm::Linear { .. }
                | ScaleForm::OneMinusLog { .. }
                | ScaleForm::Integer { .. }
                | ScaleForm::Choice { .. }
                | ScaleForm::ZeroOr { .. } => Err(SearchError::ZeroBeside),
            }
        }
    }
}

fn check_range(low: f64, high: f64) -> Result<(), SearchError> {
    if !(low.is_finite() && high.is_finite()) {
        return Err(SearchError::EndOutOfReach { low, high });
    }
    if low > high { Err(SearchError::LowAboveHigh { low, high }) } else { Ok(()) }
}

fn check_choice(values: &[Value]) -> Result<(), SearchError> {
    if values.is_empty() {
        return Err(SearchError::EmptyChoice);
    }
    for (position, value) in values.iter().enumerate() {
        if value.as_number().is_some_and(|number| !number.is_finite()) {
            return Err(SearchError::ChoiceNotFinite { value: value.clone() });
        }
        if values[..position].contains(value) {
            return Err(SearchError::RepeatedChoice { value: value.clone() });
        }
    }
    Ok(())
}
