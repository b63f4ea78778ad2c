//! What can be wrong with a hyperparameter, before anything is trained.

use std::fmt::Display;
use std::str::FromStr;

/// A hyperparameter, or the text of one, that cannot be used.
#[non_exhaustive]
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum SpecError {
    /// A number outside its legal range.
    #[error("{name}: {got} is out of range, must be {want}")]
    OutOfRange {
        /// The hyperparameter, as on the command line.
        name: &'static str,
        /// The value that was given.
        got: f64,
        /// The legal range.
        want: &'static str,
    },
    /// A word that names nothing.
    #[error("{what}: `{got}` is unknown, known are {}", known.join(", "))]
    Unknown {
        /// What was to be named: `optimizer`, `schedule`, `metric`.
        what: &'static str,
        /// The word that was given.
        got: String,
        /// All words that would have been understood.
        known: &'static [&'static str],
    },
    /// A text with the right first word and the wrong rest.
    #[error("{what}: `{got}` does not have the form {form}")]
    Malformed {
        /// What was to be read.
        what: &'static str,
        /// The text that was given.
        got: String,
        /// The form that would have been understood.
        form: &'static str,
    },
}

/// `got` if `legal` says so (NaN never is), else the error with all facts.
pub(crate) fn require(
    name: &'static str,
    got: f64,
    legal: impl FnOnce(f64) -> bool,
    want: &'static str,
) -> Result<f64, SpecError> {
    if legal(got) { Ok(got) } else { Err(SpecError::OutOfRange { name, got, want }) }
}

/// A rate or a threshold: `0 < got < ∞`.
pub(crate) fn require_positive(name: &'static str, got: f64) -> Result<f64, SpecError> {
    require(name, got, |x| x > 0.0 && x.is_finite(), "positive and finite")
}

/// A penalty: `0 ≤ got < ∞`.
pub(crate) fn require_not_negative(name: &'static str, got: f64) -> Result<f64, SpecError> {
    require(name, got, |x| x >= 0.0 && x.is_finite(), "0 or more and finite")
}

/// The weight of the past in an average: `0 ≤ got < 1`.
pub(crate) fn require_decay(name: &'static str, got: f64) -> Result<f64, SpecError> {
    require(name, got, |x| (0.0..1.0).contains(&x), "at least 0 and below 1")
}

/// The member of `all` whose name is `got`.
pub(crate) fn named<T: Copy + Display>(
    what: &'static str,
    got: &str,
    all: &[T],
    known: &'static [&'static str],
) -> Result<T, SpecError> {
    let place = known.iter().position(|name| *name == got);
    match place.and_then(|i| all.get(i)) {
        Some(found) => Ok(*found),
        None => Err(SpecError::Unknown { what, got: got.to_owned(), known }),
    }
}

/// A number out of a longer text; the error shows the whole text and its form.
pub(crate) fn number<N: FromStr>(
    text: &str,
    what: &'static str,
    whole: &str,
    form: &'static str,
) -> Result<N, SpecError> {
    text.trim().parse().map_err(|_| SpecError::Malformed { what, got: whole.to_owned(), form })
}
