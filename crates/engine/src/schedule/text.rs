//! A schedule as text: `inverse-time:RATE[:INTERVAL]` and its like, read and written.

use super::Schedule;
use crate::optim::SpecError;
use crate::optim::error::number;
use std::fmt::{Display, Formatter, Result as Written};
use std::str::FromStr;

const WHAT: &str = "schedule";

/// The first words, in the order of the enum.
const NAMES: [&str; 8] =
    ["constant", "inverse-time", "exponential", "inverse-sqrt", "staircase", "cosine", "one-cycle", "plateau"];

/// What a plateau does when its text does not say: half the rate after five epochs.
const PLATEAU_FACTOR: f64 = 0.5;
const PLATEAU_PATIENCE: u64 = 5;

impl FromStr for Schedule {
    type Err = SpecError;

    fn from_str(text: &str) -> Result<Self, SpecError> {
        let parts: Vec<&str> = text.trim().split(':').collect();
        let malformed = |form| SpecError::Malformed { what: WHAT, got: text.to_owned(), form };
        match parts.as_slice() {
            ["constant"] => Ok(Self::Constant),
            ["constant", ..] => Err(malformed("constant")),
            ["cosine"] => Ok(Self::Cosine),
            ["cosine", ..] => Err(malformed("cosine")),
            ["one-cycle"] => Ok(Self::OneCycle),
            ["one-cycle", ..] => Err(malformed("one-cycle")),
            ["inverse-time", rest @ ..] => inverse_time(rest, text),
            ["exponential", factor] => Self::exponential(number(factor, WHAT, text, "exponential:R")?),
            ["exponential", ..] => Err(malformed("exponential:R")),
            ["inverse-sqrt", k] => Self::inverse_sqrt(number(k, WHAT, text, "inverse-sqrt:K")?),
            ["inverse-sqrt", ..] => Err(malformed("inverse-sqrt:K")),
            ["staircase", steps] => staircase(steps, text),
            ["staircase", ..] => Err(malformed("staircase:E=F,...")),
            ["plateau", rest @ ..] => plateau(rest, text),
            _ => Err(SpecError::Unknown { what: WHAT, got: text.to_owned(), known: &NAMES }),
        }
    }
}

fn inverse_time(parts: &[&str], whole: &str) -> Result<Schedule, SpecError> {
    const FORM: &str = "inverse-time:RATE[:INTERVAL]";
    match parts {
        [rate] => Schedule::inverse_time(number(rate, WHAT, whole, FORM)?, None),
        [rate, interval] => {
            let interval = number(interval, WHAT, whole, FORM)?;
            Schedule::inverse_time(number(rate, WHAT, whole, FORM)?, Some(interval))
        }
        _ => Err(SpecError::Malformed { what: WHAT, got: whole.to_owned(), form: FORM }),
    }
}

fn staircase(steps: &str, whole: &str) -> Result<Schedule, SpecError> {
    const FORM: &str = "staircase:E=F,...";
    let step = |text: &str| {
        let malformed = || SpecError::Malformed { what: WHAT, got: whole.to_owned(), form: FORM };
        let (epoch, factor) = text.split_once('=').ok_or_else(malformed)?;
        Ok((number(epoch, WHAT, whole, FORM)?, number(factor, WHAT, whole, FORM)?))
    };
    let steps: Result<Vec<_>, SpecError> = steps.split(',').map(step).collect();
    Schedule::staircase(steps?)
}

fn plateau(parts: &[&str], whole: &str) -> Result<Schedule, SpecError> {
    const FORM: &str = "plateau[:F[:P]]";
    match parts {
        [] => Schedule::plateau(PLATEAU_FACTOR, PLATEAU_PATIENCE),
        [factor] => Schedule::plateau(number(factor, WHAT, whole, FORM)?, PLATEAU_PATIENCE),
        [factor, patience] => {
            let patience = number(patience, WHAT, whole, FORM)?;
            Schedule::plateau(number(factor, WHAT, whole, FORM)?, patience)
        }
        _ => Err(SpecError::Malformed { what: WHAT, got: whole.to_owned(), form: FORM }),
    }
}

impl Display for Schedule {
    fn fmt(&self, f: &mut Formatter<'_>) -> Written {
        match self {
            Self::Constant => f.write_str("constant"),
            Self::InverseTime { rate, interval: None } => write!(f, "inverse-time:{rate}"),
            Self::InverseTime { rate, interval: Some(epochs) } => write!(f, "inverse-time:{rate}:{epochs}"),
            Self::Exponential { factor } => write!(f, "exponential:{factor}"),
            Self::InverseSqrt { k } => write!(f, "inverse-sqrt:{k}"),
            Self::Staircase { steps } => {
                f.write_str("staircase:")?;
                for (i, (epoch, factor)) in steps.iter().enumerate() {
                    let comma = if i == 0 { "" } else { "," };
                    write!(f, "{comma}{epoch}={factor}")?;
                }
                Ok(())
            }
            Self::Cosine => f.write_str("cosine"),
            Self::OneCycle => f.write_str("one-cycle"),
            Self::Plateau { factor, patience } => write!(f, "plateau:{factor}:{patience}"),
        }
    }
}

impl TryFrom<String> for Schedule {
    type Error = SpecError;

    fn try_from(text: String) -> Result<Self, SpecError> {
        text.parse()
    }
}

impl From<Schedule> for String {
    fn from(schedule: Schedule) -> Self {
        schedule.to_string()
    }
}
