use caviar_tune::{SearchError, Value};
use thiserror::Error;

/// What is wrong with a space that a person wrote.
#[derive(Clone, Debug, PartialEq, Error)]
#[non_exhaustive]
pub enum SpaceError {
    /// A name that is no setting that can be searched.
    #[error("no setting is called `{setting}`{}", offer(nearest, known))]
    UnknownSetting {
        /// The name given.
        setting: String,
        /// The nearest one.
        nearest: Option<String>,
        /// All of them.
        known: Vec<String>,
    },
    /// A key that no setting has.
    #[error("{setting} has no `{key}`{}", offer(nearest, &[]))]
    UnknownKey {
        /// The setting.
        setting: String,
        /// The key given.
        key: String,
        /// The nearest one.
        nearest: Option<String>,
    },
    /// A key that is missing, or holds something of the wrong kind.
    #[error("{setting}: `{key}` must be {want}")]
    Key {
        /// The setting.
        setting: String,
        /// The key.
        key: String,
        /// What it must be.
        want: &'static str,
    },
    /// Something that is no description of a setting.
    #[error("{setting} must be {want}")]
    Form {
        /// The setting.
        setting: String,
        /// What it must be.
        want: &'static str,
    },
    /// A scale whose facts contradict each other, a condition that cannot hold.
    #[error("{setting}: {source}")]
    Scale {
        /// The setting.
        setting: String,
        /// What is wrong.
        source: Box<SearchError>,
    },
    /// A value that the setting cannot take.
    #[error("{setting} {value}: {rule}")]
    Value {
        /// The setting.
        setting: String,
        /// The value.
        value: Value,
        /// The rule.
        rule: String,
    },
    /// Settings that do not go together.
    #[error("{setting}: {rule}")]
    Together {
        /// The setting.
        setting: String,
        /// The rule, with the other setting.
        rule: String,
    },
    /// A point to start from that is not of the space.
    #[error("start {number}: {source}")]
    Start {
        /// Its number, from 1.
        number: usize,
        /// What is wrong.
        source: Box<SearchError>,
    },
}

impl SpaceError {
    /// The key in the file that it is about, and the one inside it.
    pub fn place(&self) -> (&str, Option<&str>) {
        match self {
            SpaceError::UnknownSetting { setting, .. }
            | SpaceError::Form { setting, .. }
            | SpaceError::Scale { setting, .. }
            | SpaceError::Value { setting, .. }
            | SpaceError::Together { setting, .. } => (setting, None),
            SpaceError::UnknownKey { setting, key, .. } | SpaceError::Key { setting, key, .. } => (setting, Some(key)),
            SpaceError::Start { .. } => ("start", None),
        }
    }
}

fn offer(nearest: &Option<String>, known: &[String]) -> String {
    match nearest {
        Some(name) => format!("; did you mean `{name}`?"),
        None if known.is_empty() => String::new(),
        None => format!("; there are {}", known.join(", ")),
    }
}
