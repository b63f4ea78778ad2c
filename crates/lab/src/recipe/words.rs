//! Settings that are words, and words in files.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use thiserror::Error;

/// A word that is none of a setting's.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{setting} {got}: must be {want}")]
pub struct WordError {
    /// The setting, as the flag is called.
    pub setting: &'static str,
    /// The word given.
    pub got: String,
    /// The words that there are.
    pub want: &'static str,
}

/// Rows of a batch: a number, or `full`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BatchRows {
    /// So many, at least 1; cut to the training rows where there are fewer.
    Rows(usize),
    /// All of them.
    Full,
}

impl fmt::Display for BatchRows {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            BatchRows::Rows(rows) => write!(f, "{rows}"),
            BatchRows::Full => f.write_str("full"),
        }
    }
}

impl FromStr for BatchRows {
    type Err = WordError;

    fn from_str(text: &str) -> Result<Self, WordError> {
        let want = "a number of rows of at least 1, or full";
        let error = || WordError { setting: "batch-size", got: text.to_owned(), want };
        match text {
            "full" => Ok(BatchRows::Full),
            _ => text.parse().ok().filter(|&rows| rows > 0).map(BatchRows::Rows).ok_or_else(error),
        }
    }
}

/// The order of the rows in an epoch.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Shuffle {
    /// Anew for each epoch.
    #[default]
    Random,
    /// Anew, with the classes in proportion in every stretch.
    Stratified,
    /// As they stand in the table.
    None,
}

impl Shuffle {
    const ALL: [(Shuffle, &'static str); 3] =
        [(Shuffle::Random, "random"), (Shuffle::Stratified, "stratified"), (Shuffle::None, "none")];
}

impl fmt::Display for Shuffle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(Self::ALL[*self as usize].1)
    }
}

impl FromStr for Shuffle {
    type Err = WordError;

    fn from_str(text: &str) -> Result<Self, WordError> {
        let found = Self::ALL.iter().find(|(_, word)| *word == text).map(|(shuffle, _)| *shuffle);
        let want = "random, stratified or none";
        found.ok_or_else(|| WordError { setting: "shuffle", got: text.to_owned(), want })
    }
}

/// The precision of the arithmetic.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Precision {
    /// 32 bits.
    #[default]
    F32,
    /// 64 bits.
    F64,
}

impl fmt::Display for Precision {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Precision::F32 => "f32",
            Precision::F64 => "f64",
        })
    }
}

impl FromStr for Precision {
    type Err = WordError;

    fn from_str(text: &str) -> Result<Self, WordError> {
        match text {
            "f32" => Ok(Precision::F32),
            "f64" => Ok(Precision::F64),
            _ => Err(WordError { setting: "precision", got: text.to_owned(), want: "f32 or f64" }),
        }
    }
}

/// How much the classes count: `none`, `balanced`, or `CLASS=WEIGHT,...` (1 for those that are not named).
#[derive(Clone, Debug, Default, PartialEq)]
pub enum ClassWeights {
    /// Every row alike.
    #[default]
    None,
    /// Every class alike.
    Balanced,
    /// Given by name.
    Given(Vec<(String, f64)>),
}

impl fmt::Display for ClassWeights {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ClassWeights::None => f.write_str("none"),
            ClassWeights::Balanced => f.write_str("balanced"),
            ClassWeights::Given(weights) => {
                let words: Vec<String> = weights.iter().map(|(class, weight)| format!("{class}={weight}")).collect();
                f.write_str(&words.join(","))
            }
        }
    }
}

impl FromStr for ClassWeights {
    type Err = WordError;

    fn from_str(text: &str) -> Result<Self, WordError> {
        let want = "none, balanced, or CLASS=WEIGHT,... with weights of at least 0";
        let error = || WordError { setting: "class-weight", got: text.to_owned(), want };
        match text {
            "none" => return Ok(ClassWeights::None),
            "balanced" => return Ok(ClassWeights::Balanced),
            _ => {}
        }
        let weight = |word: &str| {
            let (class, weight) = word.rsplit_once('=')?;
            let weight: f64 = weight.trim().parse().ok()?;
            (weight >= 0.0 && weight.is_finite()).then(|| (class.trim().to_owned(), weight))
        };
        let weights: Option<Vec<_>> = text.split(',').map(weight).collect();
        weights.map(ClassWeights::Given).ok_or_else(error)
    }
}

/// A setting that is written as its text.
pub(super) mod as_text {
    use serde::de::Error;
    use serde::{Deserialize, Deserializer, Serializer};
    use std::fmt::Display;
    use std::str::FromStr;

    /// A text, or a number where a text would do.
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Text {
        Whole(u64),
        Words(String),
    }

    pub(in crate::recipe) fn serialize<T: Display, S: Serializer>(value: &T, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(value)
    }

    pub(in crate::recipe) fn deserialize<'de, T, D>(deserializer: D) -> Result<T, D::Error>
    where
        T: FromStr<Err: Display>,
        D: Deserializer<'de>,
    {
        let text = match Text::deserialize(deserializer)? {
            Text::Whole(number) => number.to_string(),
            Text::Words(words) => words,
        };
        text.parse().map_err(D::Error::custom)
    }
}

/// A setting that is written as its text, `auto` where it is not set.
pub(super) mod as_optional_text {
    use serde::de::Error;
    use serde::{Deserialize, Deserializer, Serializer};
    use std::fmt::Display;
    use std::str::FromStr;

    pub(in crate::recipe) fn serialize<T: Display, S: Serializer>(
        value: &Option<T>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        match value {
            Some(value) => serializer.collect_str(value),
            None => serializer.serialize_str("auto"),
        }
    }

    pub(in crate::recipe) fn deserialize<'de, T, D>(deserializer: D) -> Result<Option<T>, D::Error>
    where
        T: FromStr<Err: Display>,
        D: Deserializer<'de>,
    {
        let text = String::deserialize(deserializer)?;
        if text == "auto" { Ok(None) } else { text.parse().map(Some).map_err(D::Error::custom) }
    }
}

/// Layers as a list of units, or as the flag has them: `64,32` or `none`.
pub(super) fn layers<'de, D: serde::Deserializer<'de>>(from: D) -> Result<Vec<usize>, D::Error> {
    use serde::de::Error;
    let error = || D::Error::custom("must be a list of whole numbers of at least 1, such as [64, 32], or none");
    match Layers::deserialize(from).map_err(|_| error())? {
        Layers::List(units) if !units.contains(&0) => Ok(units),
        Layers::One(units) if units > 0 => Ok(vec![units]),
        Layers::Text(text) => parse_layers(&text).ok_or_else(error),
        Layers::List(_) | Layers::One(_) => Err(error()),
    }
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Layers {
    List(Vec<usize>),
    One(usize),
    Text(String),
}

/// The units of `64,32`, or of `none`; `None` for anything else.
pub fn parse_layers(text: &str) -> Option<Vec<usize>> {
    if text == "none" {
        return Some(Vec::new());
    }
    text.split(',').map(|word| word.trim().parse().ok().filter(|units| *units > 0)).collect()
}

/// `true` or `false`, or as the flag has it: `on` or `off`.
pub(super) fn switch<'de, D: serde::Deserializer<'de>>(from: D) -> Result<bool, D::Error> {
    use serde::de::Error;
    match Switch::deserialize(from) {
        Ok(Switch::Plain(value)) => Ok(value),
        Ok(Switch::Word(word)) if word == "on" => Ok(true),
        Ok(Switch::Word(word)) if word == "off" => Ok(false),
        _ => Err(D::Error::custom("must be on or off")),
    }
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Switch {
    Plain(bool),
    Word(String),
}
