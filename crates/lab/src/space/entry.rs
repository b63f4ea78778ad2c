//! One setting of a space file: a value, a list of values, or a table with a scale.

use caviar_tune::{Condition, Scale, SearchError, Value};
use serde_json::{Map, Value as Json};

use super::SpaceError;

/// The keys of a table.
const KEYS: [&str; 7] = ["scale", "low", "high", "log", "zero", "values", "when"];
const FORM: &str = "a value, a list of values, or a table with a scale, low and high";

/// What a file says about a setting.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Entry {
    /// It has this value.
    Fixed(Value),
    /// It is searched.
    Searched(Vec<Range>),
}

/// How a setting is searched, and where.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Range {
    pub(super) scale: Scale,
    pub(super) when: Option<Condition>,
}

/// Reads a setting; several tables are several scales, each under a condition of its own.
pub(super) fn read(setting: &str, json: &Json) -> Result<Entry, SpaceError> {
    match json {
        Json::Object(table) => Ok(Entry::Searched(vec![range(setting, table)?])),
        Json::Array(list) if list.iter().any(Json::is_object) => {
            let tables = list.iter().map(|item| match item {
                Json::Object(table) => range(setting, table),
                _ => Err(SpaceError::Form { setting: setting.to_owned(), want: FORM }),
            });
            Ok(Entry::Searched(tables.collect::<Result<_, _>>()?))
        }
        Json::Array(list) => {
            let scale = Scale::choice(values(setting, list)?).map_err(|error| wrong_scale(setting, error))?;
            Ok(Entry::Searched(vec![Range { scale, when: None }]))
        }
        _ => value(setting, json).map(Entry::Fixed),
    }
}

/// A number or a word; `true` and `false` are the words `on` and `off`.
pub(super) fn value(setting: &str, json: &Json) -> Result<Value, SpaceError> {
    let found = match json {
        Json::Bool(switch) => Some(Value::from(if *switch { "on" } else { "off" })),
        Json::Number(number) => number.as_i64().map(Value::from).or_else(|| number.as_f64().map(Value::from)),
        Json::String(word) => Some(Value::from(word.as_str())),
        Json::Null | Json::Array(_) | Json::Object(_) => None,
    };
    found.ok_or_else(|| SpaceError::Form { setting: setting.to_owned(), want: FORM })
}

fn values(setting: &str, list: &[Json]) -> Result<Vec<Value>, SpaceError> {
    list.iter().map(|item| value(setting, item)).collect()
}

fn range(setting: &str, table: &Map<String, Json>) -> Result<Range, SpaceError> {
    if let Some(key) = table.keys().find(|key| !KEYS.contains(&key.as_str())) {
        let nearest = caviar_tune::nearest(key, KEYS).map(str::to_owned);
        return Err(SpaceError::UnknownKey { setting: setting.to_owned(), key: key.clone(), nearest });
    }
    let wrong = |key: &str, want| SpaceError::Key { setting: setting.to_owned(), key: key.to_owned(), want };
    let plain = match table.get("values") {
        Some(Json::Array(list)) => match ["scale", "low", "high", "log"].iter().find(|key| table.contains_key(**key)) {
            Some(key) => return Err(wrong(key, "left out beside `values`")),
            None => Scale::choice(values(setting, list)?),
        },
        Some(_) => return Err(wrong("values", "a list")),
        None => spread(setting, table)?,
    };
    let scale = plain.and_then(|plain| match table.get("zero") {
        None => Ok(plain),
        Some(zero) => Scale::zero_or(zero.as_f64().unwrap_or(f64::NAN), plain),
    });
    let scale = scale.map_err(|error| wrong_scale(setting, error))?;
    let when = table.get("when").map(|when| condition(setting, when)).transpose()?;
    Ok(Range { scale, when })
}

/// A scale between two ends.
fn spread(setting: &str, table: &Map<String, Json>) -> Result<Result<Scale, SearchError>, SpaceError> {
    let wrong = |key: &str, want| SpaceError::Key { setting: setting.to_owned(), key: key.to_owned(), want };
    let end = |key: &str| table.get(key).and_then(Json::as_f64).ok_or_else(|| wrong(key, "a number"));
    let whole = |key: &str| table.get(key).and_then(Json::as_i64).ok_or_else(|| wrong(key, "a whole number"));
    let log = match table.get("log") {
        None => false,
        Some(log) => log.as_bool().ok_or_else(|| wrong("log", "true or false"))?,
    };
    match table.get("scale").and_then(Json::as_str) {
        Some("integer") if log => Ok(Scale::log_integer(whole("low")?, whole("high")?)),
        Some("integer") => Ok(Scale::integer(whole("low")?, whole("high")?)),
        Some(_) if table.contains_key("log") => Err(wrong("log", "left out unless the scale is integer")),
        Some("linear") => Ok(Scale::linear(end("low")?, end("high")?)),
        Some("log") => Ok(Scale::log(end("low")?, end("high")?)),
        Some("one-minus-log") => Ok(Scale::one_minus_log(end("low")?, end("high")?)),
        _ => Err(wrong("scale", SCALES_IN_WORDS)),
    }
}

const SCALES_IN_WORDS: &str = "linear, log, one-minus-log or integer (or give `values`)";

/// `{ optimizer = "momentum" }`, `{ optimizer = ["momentum", "nesterov"] }` or `{ layers = { at-least = 2 } }`.
fn condition(setting: &str, json: &Json) -> Result<Condition, SpaceError> {
    let wrong = || SpaceError::Key {
        setting: setting.to_owned(),
        key: "when".to_owned(),
        want: "a table with one other setting: { optimizer = \"adam\" } or { layers = { at-least = 2 } }",
    };
    let table = json.as_object().filter(|table| table.len() == 1).ok_or_else(wrong)?;
    let (parameter, test) = table.iter().next().ok_or_else(wrong)?;
    match test {
        Json::Array(list) => Ok(Condition::one_of(parameter, values(setting, list)?)),
        Json::Object(bound) if bound.len() == 1 => {
            let number = |key: &str| bound.get(key).and_then(Json::as_f64);
            let at_least = number("at-least").map(|bound| Condition::at_least(parameter, bound));
            at_least.or_else(|| Some(Condition::at_most(parameter, number("at-most")?))).ok_or_else(wrong)
        }
        _ => Ok(Condition::one_of(parameter, [value(setting, test).map_err(|_| wrong())?])),
    }
}

pub(super) fn wrong_scale(setting: &str, error: SearchError) -> SpaceError {
    SpaceError::Scale { setting: setting.to_owned(), source: Box::new(error) }
}
