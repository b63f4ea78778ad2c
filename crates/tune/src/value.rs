use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};

/// What a parameter is set to.
///
/// Printed in full, a number reads back to the same bits; with a precision (`{:.3}`) it has that many significant digits.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Value {
    /// A whole number.
    Integer(i64),
    /// A real number.
    Number(f64),
    /// A word, such as the name of an optimizer.
    Word(String),
}

impl Value {
    /// The value as a real number, unless it is a word.
    pub fn as_number(&self) -> Option<f64> {
        match self {
            Value::Integer(value) => Some(*value as f64),
            Value::Number(value) => Some(*value),
            Value::Word(_) => None,
        }
    }

    fn kind(&self) -> u8 {
        match self {
            Value::Integer(_) => 0,
            Value::Number(_) => 1,
            Value::Word(_) => 2,
        }
    }
}

impl From<f64> for Value {
    /// Negative zero becomes zero, so that equal numbers are equal values.
    fn from(value: f64) -> Value {
        Value::Number(value + 0.0)
    }
}

impl From<i64> for Value {
    fn from(value: i64) -> Value {
        Value::Integer(value)
    }
}

impl From<&str> for Value {
    fn from(value: &str) -> Value {
        Value::Word(value.to_string())
    }
}

/// A total order: integers, numbers (by `total_cmp`), words.
impl Ord for Value {
    fn cmp(&self, other: &Value) -> Ordering {
        match (self, other) {
            (Value::Integer(left), Value::Integer(right)) => left.cmp(right),
            (Value::Number(left), Value::Number(right)) => left.total_cmp(right),
            (Value::Word(left), Value::Word(right)) => left.cmp(right),
            _ => self.kind().cmp(&other.kind()),
        }
    }
}

impl PartialOrd for Value {
    fn partial_cmp(&self, other: &Value) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Value {
    fn eq(&self, other: &Value) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Value {}

impl fmt::Display for Value {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self, out.precision()) {
            (Value::Integer(value), _) => write!(out, "{value}"),
            (Value::Number(value), None) => write!(out, "{value:?}"),
            (Value::Number(value), Some(digits)) => {
                // Through the scientific form, which counts significant digits.
                let rounded = format!("{value:.*e}", digits.saturating_sub(1)).parse::<f64>().unwrap_or(*value);
                if rounded != 0.0 && rounded.abs() < 1e-3 {
                    write!(out, "{rounded:e}")
                } else {
                    write!(out, "{rounded}")
                }
            }
            (Value::Word(value), _) => write!(out, "{value}"),
        }
    }
}

/// A configuration: parameters by name, in alphabetical order.
///
/// ```
/// use caviar_tune::{Params, Value};
///
/// let params: Params = [("units", Value::from(64)), ("learning_rate", Value::from(0.0123456))].into_iter().collect();
/// assert_eq!(format!("{params:.3}"), "learning_rate=0.0123 units=64");
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Params {
    values: BTreeMap<String, Value>,
}

impl Params {
    /// The value of a parameter, if it exists in this configuration.
    pub fn get(&self, name: &str) -> Option<&Value> {
        self.values.get(name)
    }

    /// The value as a real number; `None` also for a word.
    pub fn number(&self, name: &str) -> Option<f64> {
        self.get(name).and_then(Value::as_number)
    }

    /// The value as a whole number; `None` also for anything else.
    pub fn integer(&self, name: &str) -> Option<i64> {
        match self.get(name) {
            Some(Value::Integer(value)) => Some(*value),
            Some(Value::Number(_) | Value::Word(_)) | None => None,
        }
    }

    /// The value as a word; `None` also for numbers.
    pub fn word(&self, name: &str) -> Option<&str> {
        match self.get(name) {
            Some(Value::Word(value)) => Some(value),
            Some(Value::Integer(_) | Value::Number(_)) | None => None,
        }
    }

    /// Sets a parameter and returns its value from before.
    pub fn insert(&mut self, name: impl Into<String>, value: impl Into<Value>) -> Option<Value> {
        self.values.insert(name.into(), value.into())
    }

    /// Names and values, alphabetically.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Value)> {
        self.values.iter().map(|(name, value)| (name.as_str(), value))
    }

    /// How many parameters there are.
    pub fn len(&self) -> usize {
        self.values.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.values.is_empty()
    }
}

impl<N: Into<String>> FromIterator<(N, Value)> for Params {
    fn from_iter<I: IntoIterator<Item = (N, Value)>>(pairs: I) -> Params {
        Params { values: pairs.into_iter().map(|(name, value)| (name.into(), value)).collect() }
    }
}

impl fmt::Display for Params {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (position, (name, value)) in self.values.iter().enumerate() {
            let gap = if position == 0 { "" } else { " " };
            write!(out, "{gap}{name}=")?;
            fmt::Display::fmt(value, out)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::{Params, Value};

    #[test]
    fn values_survive_json_with_their_kind() {
        let params: Params =
            [("a", Value::from(1.0)), ("b", Value::from(1)), ("c", Value::from("1"))].into_iter().collect();
        let text = serde_json::to_string(&params).unwrap();
        assert_eq!(text, r#"{"a":1.0,"b":1,"c":"1"}"#);
        assert_eq!(serde_json::from_str::<Params>(&text).unwrap(), params);
    }

    #[test]
    fn significant_digits_are_what_a_precision_counts() {
        for (value, text) in [(123456.0, "123000"), (0.0012345, "0.00123"), (0.00001234, "1.23e-5"), (0.0, "0")] {
            assert_eq!(format!("{:.3}", Value::from(value)), text);
        }
        assert_eq!(Value::from(0.1 + 0.2).to_string(), "0.30000000000000004");
        assert_eq!(Value::from(1.0).to_string(), "1.0");
    }

    #[test]
    fn negative_zero_is_zero() {
        assert_eq!(Value::from(-0.0), Value::from(0.0));
    }
}
