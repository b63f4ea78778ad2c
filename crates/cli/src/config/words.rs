//! Settings that a file writes as the flags do.

use std::time::Duration;

use caviar_lab::{Part, Recipe};
use serde::de::Error;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::args::values;

/// A seed: a number, or its digits as text where it is more than a TOML integer holds.
#[derive(Clone, Copy, Debug)]
pub struct Seed(pub u64);

/// A share of the rows, or a file.
#[derive(Clone, Debug)]
pub struct Share(pub Part);

/// What separates cells.
#[derive(Clone, Copy, Debug)]
pub struct Delimiter(pub u8);

/// A time with its unit.
#[derive(Clone, Copy, Debug)]
pub struct Time(pub Duration);

/// A number of bytes, or a number with its unit.
#[derive(Clone, Copy, Debug)]
pub struct Size(pub u64);

/// `on` or `off`.
#[derive(Clone, Copy, Debug)]
pub struct Switch(pub bool);

/// A recipe without its seed, which stands at the top of the file.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(transparent)]
pub struct Network(pub Recipe);

/// A number, or a text.
#[derive(Deserialize)]
#[serde(untagged)]
enum Word {
    Switch(bool),
    Whole(i64),
    Number(f64),
    Text(String),
}

/// What a flag's rule makes of a word.
fn ruled<'de, D: Deserializer<'de>, T>(from: D, rule: fn(&str) -> Result<T, String>) -> Result<T, D::Error> {
    let text = match Word::deserialize(from).map_err(|_| D::Error::custom("must be a number or a text"))? {
        Word::Switch(switch) => (if switch { "on" } else { "off" }).to_owned(),
        Word::Whole(number) => number.to_string(),
        Word::Number(number) => number.to_string(),
        Word::Text(text) => text,
    };
    rule(&text).map_err(D::Error::custom)
}

impl Serialize for Seed {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        match i64::try_from(self.0) {
            Ok(number) => to.serialize_i64(number),
            Err(_) => to.collect_str(&self.0),
        }
    }
}

impl<'de> Deserialize<'de> for Seed {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        ruled(from, values::seed).map(Seed)
    }
}

impl Serialize for Share {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        match &self.0 {
            Part::None => to.serialize_f64(0.0),
            Part::Fraction(share) => to.serialize_f64(*share),
            Part::File(file) => to.collect_str(&file.display()),
        }
    }
}

impl<'de> Deserialize<'de> for Share {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        ruled(from, values::share).map(|share| Share(share.0))
    }
}

impl Serialize for Delimiter {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(&char::from(self.0))
    }
}

impl<'de> Deserialize<'de> for Delimiter {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        ruled(from, values::delimiter).map(Delimiter)
    }
}

impl Serialize for Time {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(&format_args!("{}s", self.0.as_secs_f64()))
    }
}

impl<'de> Deserialize<'de> for Time {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        ruled(from, values::duration).map(Time)
    }
}

impl Serialize for Size {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_u64(self.0)
    }
}

impl<'de> Deserialize<'de> for Size {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        ruled(from, values::size).map(Size)
    }
}

impl Serialize for Switch {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(if self.0 { "on" } else { "off" })
    }
}

impl<'de> Deserialize<'de> for Switch {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        ruled(from, values::switch).map(Switch)
    }
}

impl Serialize for Network {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        use serde::ser::Error;
        let seedless = Recipe { seed: 0, ..self.0.clone() };
        let mut settings = toml::Table::try_from(&seedless).map_err(S::Error::custom)?;
        settings.remove("seed");
        settings.serialize(to)
    }
}
