mod form;

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::error::SearchError;
use crate::value::Value;
pub use form::ScaleForm;
use form::{MAX_INTEGER, check};

/// How the values of a parameter are spread: a map from the unit interval onto them.
///
/// A uniform draw in `[0, 1]` becomes a value by [`from_unit`](Scale::from_unit):
///
/// ```text
/// linear          low + u (high - low)
/// log             exp(ln low + u (ln high - ln low))
/// one_minus_log   1 - exp(ln(1 - low) + u (ln(1 - high) - ln(1 - low)))
/// integer         low + floor(u (high - low + 1))
/// integer, log    round(exp(ln(low - 1/2) + u (ln(high + 1/2) - ln(low - 1/2))))
/// choice of n     the value at floor(u n)
/// zero_or         0 where u < p, else the range at (u - p) / (1 - p)
/// ```
///
/// - **Convention:** integers are widened by half a step on either side, so that the end values are as likely as the
///   middle ones. Exponential and logarithm are `libm`'s, so that every machine gets the same bits.
///
/// ```
/// use caviar_tune::{Scale, Value};
///
/// assert_eq!(Scale::log(1e-4, 1.0)?.from_unit(1.0), Value::from(1.0));
/// let Value::Number(middle) = Scale::log(1e-4, 1.0)?.from_unit(0.5) else { unreachable!() };
/// assert!((middle - 1e-2).abs() < 1e-12);
/// assert!(Scale::log(0.0, 1.0).is_err());
/// # Ok::<(), caviar_tune::SearchError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "ScaleForm", into = "ScaleForm")]
pub struct Scale {
    form: ScaleForm,
}

impl TryFrom<ScaleForm> for Scale {
    type Error = SearchError;

    fn try_from(form: ScaleForm) -> Result<Scale, SearchError> {
        check(&form)?;
        Ok(Scale { form })
    }
}

impl From<Scale> for ScaleForm {
    fn from(scale: Scale) -> ScaleForm {
        scale.form
    }
}

impl Scale {
    /// Uniform from `low` to `high`.
    ///
    /// - **Errors:** [`SearchError::LowAboveHigh`], [`SearchError::EndOutOfReach`]; the same for all ranges.
    pub fn linear(low: f64, high: f64) -> Result<Scale, SearchError> {
        Scale::try_from(ScaleForm::Linear { low, high })
    }

    /// Uniform in the exponent, for learning rates and decays.
    ///
    /// - **Errors:** also [`SearchError::LogThroughZero`] unless `low > 0`.
    pub fn log(low: f64, high: f64) -> Result<Scale, SearchError> {
        Scale::try_from(ScaleForm::Log { low, high })
    }

    /// Uniform in the exponent of the distance to 1, for the betas: 0.9 to 0.999 is `1 - 10^r`, `r` from -1 to -3.
    ///
    /// - **Errors:** also [`SearchError::DistanceThroughZero`] unless `high < 1`.
    pub fn one_minus_log(low: f64, high: f64) -> Result<Scale, SearchError> {
        Scale::try_from(ScaleForm::OneMinusLog { low, high })
    }

    /// Whole numbers from `low` to `high`, both included, all equally likely.
    ///
    /// - **Errors:** [`SearchError::EndOutOfReach`] beyond 2^53.
    pub fn integer(low: i64, high: i64) -> Result<Scale, SearchError> {
        Scale::try_from(ScaleForm::Integer { low, high, log: false })
    }

    /// Whole numbers from `low` to `high`, both included, uniform in the exponent; for sizes.
    ///
    /// - **Errors:** also [`SearchError::LogThroughZero`] unless `low > 0`.
    pub fn log_integer(low: i64, high: i64) -> Result<Scale, SearchError> {
        Scale::try_from(ScaleForm::Integer { low, high, log: true })
    }

    /// One of a list of words or numbers.
    ///
    /// - **Errors:** [`SearchError::EmptyChoice`], [`SearchError::RepeatedChoice`], [`SearchError::ChoiceNotFinite`].
    pub fn choice<V: Into<Value>>(values: impl IntoIterator<Item = V>) -> Result<Scale, SearchError> {
        Scale::try_from(ScaleForm::Choice { values: values.into_iter().map(Into::into).collect() })
    }

    /// Exactly zero with probability `zero_prob`, else from `range`; for dropout and decay.
    ///
    /// - **Errors:** [`SearchError::ZeroProbability`] outside (0, 1), [`SearchError::ZeroBeside`] beside a choice,
    ///   another zero, or a range that does not start above 0 (a linear one may start at 0).
    pub fn zero_or(zero_prob: f64, range: Scale) -> Result<Scale, SearchError> {
        Scale::try_from(ScaleForm::ZeroOr { zero_prob, range: Box::new(range.form) })
    }

    /// What kind of scale this is, with its facts.
    pub fn form(&self) -> &ScaleForm {
        &self.form
    }

    /// The value at a place in the unit interval; what lies outside is moved to the nearest end.
    pub fn from_unit(&self, unit: f64) -> Value {
        from_unit(&self.form, if unit > 0.0 { unit.min(1.0) } else { 0.0 })
    }

    /// The place of a value in the unit interval: the middle of what gives this value; `None` for one outside the scale.
    ///
    /// - **Convention:** a range of a single real number lies at 1/2.
    pub fn to_unit(&self, value: &Value) -> Option<f64> {
        self.contains(value).then(|| to_unit(&self.form, value))
    }

    /// Whether the scale has this very value; a real number is not an integer, even where they are equal.
    pub fn contains(&self, value: &Value) -> bool {
        contains(&self.form, value)
    }

    /// The value in the kind of this scale (64 as 64.0 on a real one, 64.0 as 64 among integers), inside its range or not.
    pub(crate) fn convert(&self, value: &Value) -> Option<Value> {
        convert(&self.form, value)
    }

    /// The values of a grid: at most `points` evenly spread ones with both ends, all of a choice, a zero beside its range.
    pub fn grid(&self, points: usize) -> Vec<Value> {
        grid(&self.form, points.max(1))
    }

    /// The words of a choice.
    pub(crate) fn words(&self) -> impl Iterator<Item = &str> {
        let values = match &self.form {
            ScaleForm::Choice { values } => values.as_slice(),
            ScaleForm::Linear { .. }
            | ScaleForm::Log { .. }
            | ScaleForm::OneMinusLog { .. }
            | ScaleForm::Integer { .. }
            | ScaleForm::ZeroOr { .. } => &[],
        };
        values.iter().filter_map(|value| match value {
            Value::Word(word) => Some(word.as_str()),
            Value::Integer(_) | Value::Number(_) => None,
        })
    }
}

fn from_unit(form: &ScaleForm, unit: f64) -> Value {
    match form {
        ScaleForm::Linear { low, high } => Value::from((low * (1.0 - unit) + high * unit).clamp(*low, *high)),
        ScaleForm::Log { low, high } => Value::from(log_between(*low, *high, unit)),
        ScaleForm::OneMinusLog { low, high } => {
            let value = 1.0 - log_between(1.0 - low, 1.0 - high, unit);
            Value::from(match unit {
                0.0 => *low,
                1.0 => *high,
                _ => value.clamp(*low, *high),
            })
        }
        ScaleForm::Integer { low, high, log: false } => {
            let count = high - low + 1;
            Value::Integer(low + ((unit * count as f64) as i64).min(count - 1))
        }
        ScaleForm::Integer { low, high, log: true } => {
            let value = log_between(*low as f64 - 0.5, *high as f64 + 0.5, unit);
            Value::Integer(((value + 0.5) as i64).clamp(*low, *high))
        }
        ScaleForm::Choice { values } => values[((unit * values.len() as f64) as usize).min(values.len() - 1)].clone(),
        ScaleForm::ZeroOr { zero_prob, range } if unit < *zero_prob => zero_of(range),
        ScaleForm::ZeroOr { zero_prob, range } => {
            from_unit(range, ((unit - zero_prob) / (1.0 - zero_prob)).clamp(0.0, 1.0))
        }
    }
}

/// The number at a place between two positive ends, in the exponent; the ends exactly, in whichever order they come.
fn log_between(from: f64, to: f64, unit: f64) -> f64 {
    match unit {
        0.0 => from,
        1.0 => to,
        _ => libm::exp(libm::log(from) * (1.0 - unit) + libm::log(to) * unit).clamp(from.min(to), from.max(to)),
    }
}

/// Inverse of [`log_between`].
fn log_place(from: f64, to: f64, value: f64) -> f64 {
    (libm::log(value) - libm::log(from)) / (libm::log(to) - libm::log(from))
}

fn to_unit(form: &ScaleForm, value: &Value) -> f64 {
    let number = value.as_number().unwrap_or(f64::NAN);
    let unit = match form {
        ScaleForm::Linear { low, high } => (number / 2.0 - low / 2.0) / (high / 2.0 - low / 2.0),
        ScaleForm::Log { low, high } => log_place(*low, *high, number),
        ScaleForm::OneMinusLog { low, high } => log_place(1.0 - low, 1.0 - high, 1.0 - number),
        ScaleForm::Integer { low, high, log: false } => {
            (number - *low as f64 + 0.5) / (*high as f64 - *low as f64 + 1.0)
        }
        ScaleForm::Integer { low, high, log: true } => log_place(*low as f64 - 0.5, *high as f64 + 0.5, number),
        ScaleForm::Choice { values } => {
            let place = values.iter().position(|other| other == value).unwrap_or(0);
            (place as f64 + 0.5) / values.len() as f64
        }
        ScaleForm::ZeroOr { zero_prob, .. } if number == 0.0 => zero_prob / 2.0,
        ScaleForm::ZeroOr { zero_prob, range } => zero_prob + (1.0 - zero_prob) * to_unit(range, value),
    };
    if unit.is_nan() { 0.5 } else { unit.clamp(0.0, 1.0) }
}

fn contains(form: &ScaleForm, value: &Value) -> bool {
    match (form, value) {
        (
            ScaleForm::Linear { low, high } | ScaleForm::Log { low, high } | ScaleForm::OneMinusLog { low, high },
            Value::Number(number),
        ) => (*low..=*high).contains(number),
        (ScaleForm::Integer { low, high, .. }, Value::Integer(number)) => (*low..=*high).contains(number),
        (ScaleForm::Choice { values }, value) => values.contains(value),
        (ScaleForm::ZeroOr { range, .. }, value) => *value == zero_of(range) || contains(range, value),
        (
            ScaleForm::Linear { .. }
            | ScaleForm::Log { .. }
            | ScaleForm::OneMinusLog { .. }
            | ScaleForm::Integer { .. },
            _,
        ) => false,
    }
}

fn convert(form: &ScaleForm, value: &Value) -> Option<Value> {
    if value.as_number().is_some_and(|number| !number.is_finite()) {
        return None;
    }
    match form {
        ScaleForm::Linear { .. } | ScaleForm::Log { .. } | ScaleForm::OneMinusLog { .. } => {
            value.as_number().map(Value::from)
        }
        ScaleForm::Integer { .. } => match value {
            Value::Integer(_) => Some(value.clone()),
            Value::Number(number) if number.fract() == 0.0 && number.abs() <= MAX_INTEGER as f64 => {
                Some(Value::Integer(*number as i64))
            }
            Value::Number(_) | Value::Word(_) => None,
        },
        ScaleForm::Choice { values } => {
            let same = |other: &&Value| *other == value || same_number(other, value);
            Some(values.iter().find(same).unwrap_or(value).clone())
        }
        ScaleForm::ZeroOr { range, .. } => convert(range, value),
    }
}

/// Whether two values are one number, whatever their kind.
pub(crate) fn same_number(left: &Value, right: &Value) -> bool {
    matches!((left.as_number(), right.as_number()), (Some(left), Some(right)) if left == right)
}

fn zero_of(range: &ScaleForm) -> Value {
    match range {
        ScaleForm::Integer { .. } => Value::Integer(0),
        ScaleForm::Linear { .. }
        | ScaleForm::Log { .. }
        | ScaleForm::OneMinusLog { .. }
        | ScaleForm::Choice { .. }
        | ScaleForm::ZeroOr { .. } => Value::from(0.0),
    }
}

fn grid(form: &ScaleForm, points: usize) -> Vec<Value> {
    let place = |index: usize, points: usize| if points == 1 { 0.5 } else { index as f64 / (points - 1) as f64 };
    match form {
        ScaleForm::Linear { .. } | ScaleForm::Log { .. } | ScaleForm::OneMinusLog { .. } => {
            let mut values: Vec<Value> = (0..points).map(|index| from_unit(form, place(index, points))).collect();
            values.dedup();
            values
        }
        ScaleForm::Integer { low, high, log } => {
            let count = usize::try_from(high - low + 1).map_or(points, |count| count.min(points));
            let mut next = *low;
            let each = (0..count).map(|index| {
                let at = place(index, count);
                let near = match log {
                    true => log_between(*low as f64, *high as f64, at),
                    false => *low as f64 + at * (high - low) as f64,
                };
                // Small integers lie closer together in the exponent than the grid: step by one until it catches up.
                let value = ((near + 0.5).floor() as i64).clamp(next, high - (count - 1 - index) as i64);
                next = value + 1;
                Value::Integer(value)
            });
            each.collect()
        }
        ScaleForm::Choice { values } => values.clone(),
        ScaleForm::ZeroOr { range, .. } => {
            let zero = zero_of(range);
            let beside = grid(range, points.saturating_sub(1).max(1));
            std::iter::once(zero.clone()).chain(beside.into_iter().filter(|value| *value != zero)).collect()
        }
    }
}

impl fmt::Display for Scale {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.form.fmt(out)
    }
}
