//! The settings of a training or a search by name: a study goes on with those that it was begun with.

use std::collections::BTreeMap;
use std::fmt;

use caviar_tune::{Parameter, Space};
use serde::Serialize;
use serde_json::Value;

use crate::options::TuneOptions;
use crate::recipe::Recipe;

/// A setting that is not what it was.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// Its name.
    pub name: String,
    /// What it was; nothing where it was not there.
    pub was: Option<String>,
    /// What it is; nothing where it is not there.
    pub is: Option<String>,
}

impl fmt::Display for Difference {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let told = |value: &Option<String>| value.clone().unwrap_or_else(|| "not there".to_owned());
        write!(out, "{}: was {}, is {}", self.name, told(&self.was), told(&self.is))
    }
}

/// Settings by name, each in words.
pub type Settings = BTreeMap<String, String>;

/// What differs between two sets of settings, by name.
///
/// ```
/// use caviar_lab::differences;
/// let settings = |pairs: [(&str, &str); 2]| pairs.map(|(name, value)| (name.to_owned(), value.to_owned())).into();
/// let was = settings([("epochs", "50"), ("space.l2", "log 0.01..1")]);
/// let is = settings([("epochs", "50"), ("space.l2", "log 0.01..10")]);
/// let told: Vec<String> = differences(&was, &is).iter().map(|difference| difference.to_string()).collect();
/// assert_eq!(told, ["space.l2: was log 0.01..1, is log 0.01..10"]);
/// ```
pub fn differences(was: &Settings, is: &Settings) -> Vec<Difference> {
    let gone_or_changed = was
        .iter()
        .filter(|(name, value)| is.get(*name) != Some(value))
        .map(|(name, value)| Difference { name: name.clone(), was: Some(value.clone()), is: is.get(name).cloned() });
    let new = is.iter().filter(|(name, _)| !was.contains_key(*name));
    let new = new.map(|(name, value)| Difference { name: name.clone(), was: None, is: Some(value.clone()) });
    gone_or_changed.chain(new).collect()
}

/// Those of a training.
pub(crate) fn of_training(recipe: &Recipe) -> Settings {
    named(recipe)
}

/// Those of a search that its trials depend on.
pub(crate) fn of_search(options: &TuneOptions, base: &Recipe, space: &Space) -> Settings {
    // Taken apart by name, so that a setting that is added cannot be forgotten here.
    let TuneOptions {
        base: _,
        fixed: _,
        space: _,
        trials,
        time: _,
        budget,
        epochs,
        method,
        virtual_workers: _,
        max_memory: _,
        leader_seeds,
        keep,
        seed,
    } = options;
    let mut settings = named(base);
    let maybe = |number: &Option<u64>| number.map_or_else(|| "none".to_owned(), |number| number.to_string());
    settings.insert("trials".to_owned(), maybe(trials));
    settings.insert("budget".to_owned(), maybe(budget));
    settings.insert("epochs".to_owned(), epochs.to_string());
    settings.insert("method".to_owned(), word(method));
    settings.insert("leader-seeds".to_owned(), leader_seeds.to_string());
    settings.insert("keep".to_owned(), word(keep));
    settings.insert("seed".to_owned(), seed.to_string());
    for Parameter { name, scale, when } in space.parameters() {
        let when = when.as_ref().map_or_else(String::new, |when| format!(" where {} {}", when.parameter, when.test));
        settings.insert(format!("space.{name}"), format!("{scale}{when}"));
    }
    for (name, value) in space.fixed().iter() {
        settings.insert(format!("space.{name}"), format!("always {value}"));
    }
    settings
}

fn named(recipe: &Recipe) -> Settings {
    let Ok(Value::Object(fields)) = serde_json::to_value(recipe) else { return Settings::new() };
    // What files hold is known by their contents, wherever they are.
    let fields = fields.into_iter().filter(|(name, _)| !["init-file", "order"].contains(&name.as_str()));
    fields.map(|(name, value)| (name, in_words(&value))).collect()
}

fn word(value: &impl Serialize) -> String {
    serde_json::to_value(value).map_or_else(|_| String::new(), |value| in_words(&value))
}

fn in_words(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}
