//! What is wrong with a settings file, and where.

use std::io;
use std::ops::Range;
use std::path::{Path, PathBuf};

use thiserror::Error;
use toml::de::{DeTable, DeValue};

/// Why a settings file cannot be followed.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ConfigError {
    /// A file that cannot be read.
    #[error("{}: {source}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// A setting that is unknown, illegal or of the wrong kind, or text that is no TOML.
    #[error("{}, line {line}: {what}", path.display())]
    At {
        /// The file.
        path: PathBuf,
        /// The line, from 1.
        line: usize,
        /// What is wrong with it, and the rule.
        what: String,
    },
    /// Settings that do not go together, wherever they stand.
    #[error("{}: {what}", path.display())]
    Whole {
        /// The file.
        path: PathBuf,
        /// What is wrong, and the rule.
        what: String,
    },
}

/// The line, from 1, of a place in a text.
pub fn line_of(text: &str, place: usize) -> usize {
    1 + text.bytes().take(place).filter(|byte| *byte == b'\n').count()
}

/// Where a key of this name stands, searched in the top table and the tables in it.
pub fn key_place(text: &str, name: &str) -> Option<usize> {
    let table = DeTable::parse(text).ok()?;
    find(table.get_ref(), name)
}

fn find(table: &DeTable<'_>, name: &str) -> Option<usize> {
    let here = table.iter().find(|(key, _)| key.get_ref() == name).map(|(key, _)| key.span().start);
    here.or_else(|| {
        table.iter().find_map(|(_, value)| match value.get_ref() {
            DeValue::Table(inner) => find(inner, name),
            _ => None,
        })
    })
}

/// Where a key stands that is named with the tables around it; of an array of tables the first that has it.
pub fn path_place(text: &str, names: &[&str]) -> Option<usize> {
    let table = DeTable::parse(text).ok()?;
    descend(table.get_ref(), names)
}

fn descend(table: &DeTable<'_>, names: &[&str]) -> Option<usize> {
    let (first, rest) = names.split_first()?;
    let (key, value) = table.iter().find(|(key, _)| key.get_ref() == first)?;
    match value.get_ref() {
        _ if rest.is_empty() => Some(key.span().start),
        DeValue::Table(inner) => descend(inner, rest),
        DeValue::Array(items) => items.iter().find_map(|item| match item.get_ref() {
            DeValue::Table(inner) => descend(inner, rest),
            _ => None,
        }),
        _ => None,
    }
}

/// The error of a file, told as this program tells errors.
pub fn error_of(
    path: &Path,
    text: &str,
    error: &toml::de::Error,
    homes: &dyn Fn(&str) -> Option<String>,
) -> ConfigError {
    let Range { start, .. } = error.span().unwrap_or_default();
    let line = line_of(text, start);
    ConfigError::At { path: path.to_owned(), line, what: worded(error.message(), key_on(text, start), homes) }
}

/// The key of the line at a place.
fn key_on(text: &str, place: usize) -> Option<&str> {
    let begin = text.get(..place)?.rfind('\n').map_or(0, |end| end + 1);
    let line = text.get(begin..)?.lines().next()?;
    let (key, _) = line.split_once('=')?;
    Some(key.trim())
}

/// A message of the parser in the words of the program.
fn worded(message: &str, key: Option<&str>, homes: &dyn Fn(&str) -> Option<String>) -> String {
    let message = message.lines().next().unwrap_or_default();
    let mut quoted = message.split('`').skip(1).step_by(2);
    let found = quoted.next().unwrap_or_default();
    let known: Vec<&str> = quoted.collect();
    let nearest =
        || caviar_table::nearest(found, known.iter().copied()).map(|name| format!("; did you mean `{name}`?"));
    if message.starts_with("unknown field") {
        let hint = nearest().or_else(|| homes(found)).unwrap_or_else(|| format!("; there are {}", known.join(", ")));
        return format!("no setting is called `{found}`{hint}");
    }
    let key = key.map_or_else(String::new, |key| format!("{key}: "));
    if message.starts_with("unknown variant") {
        let hint = nearest().unwrap_or_default();
        return format!("{key}`{found}` is not known: must be {}{hint}", any_of(&known));
    }
    if let Some((what, wanted)) =
        message.strip_prefix("invalid type: ").and_then(|rest| rest.rsplit_once(", expected "))
    {
        return format!("{key}{what}: must be {}", kind(wanted));
    }
    format!("{key}{message}")
}

fn any_of(words: &[&str]) -> String {
    match words {
        [] => "another word".to_owned(),
        [one] => (*one).to_owned(),
        [others @ .., last] => format!("{} or {last}", others.join(", ")),
    }
}

/// A kind of value, in words.
fn kind(wanted: &str) -> String {
    match wanted {
        "f64" => "a number".to_owned(),
        "u64" | "usize" | "u32" => "a whole number".to_owned(),
        "a boolean" => "true or false".to_owned(),
        "a string" | "string" => "a text in quotes".to_owned(),
        "a sequence" => "a list in brackets".to_owned(),
        other => other.to_owned(),
    }
}
