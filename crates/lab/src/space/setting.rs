//! Settings by name: a configuration as a recipe.

use caviar_tune::{Params, Value};

use super::SpaceError;
use crate::recipe::Recipe;

/// The number of hidden layers, and their width: the same for all, or `units1`, `units2`, and so on.
pub(super) const LAYERS: &str = "layers";
pub(super) const UNITS: &str = "units";

/// Settings that are no matter of a single network, or are decided elsewhere.
const NOT_SEARCHED: [&str; 6] = ["epochs", "horizon", "metric", "precision", "schedule-shift", "seed"];
/// Settings that need not be set; a file of a recipe leaves them out.
const OPTIONAL: [&str; 4] = ["clip-norm", "clip-value", "patience", "loss"];

/// The setting of a parameter: a second one for the same setting has something behind a slash.
pub(crate) fn setting_of(parameter: &str) -> &str {
    parameter.split('/').next().unwrap_or(parameter)
}

/// The layer of `units3`; `None` for other names.
pub(super) fn layer_of(setting: &str) -> Option<u64> {
    setting.strip_prefix(UNITS)?.parse().ok().filter(|layer| *layer > 0)
}

/// The names of all settings that can be searched.
pub(super) fn known() -> Vec<String> {
    let recipe = serde_json::to_value(Recipe::default()).unwrap_or_default();
    let names = recipe.as_object().into_iter().flatten().map(|(name, _)| name.as_str());
    let names = names.filter(|name| !NOT_SEARCHED.contains(name)).chain(OPTIONAL).chain([LAYERS, UNITS]);
    names.map(str::to_owned).collect()
}

/// The recipe with one more setting, by its flag; layers and units are put together by [`recipe`].
///
/// # Errors
/// A value of the wrong kind, or one that breaks the setting's rule.
pub(super) fn with(recipe: &Recipe, setting: &str, value: &Value) -> Result<Recipe, SpaceError> {
    let broken = |rule: String| SpaceError::Value { setting: setting.to_owned(), value: value.clone(), rule };
    let mut all = serde_json::to_value(recipe).map_err(|error| broken(error.to_string()))?;
    let json: Option<serde_json::Value> = match value {
        // What need not be set is left out, as in a file.
        Value::Word(word) if word == "none" && OPTIONAL.contains(&setting) => None,
        Value::Word(word) if word == "auto" && setting == "loss" => None,
        Value::Word(word) => Some(word.as_str().into()),
        Value::Integer(number) => Some((*number).into()),
        Value::Number(number) => Some((*number).into()),
    };
    if let Some(all) = all.as_object_mut() {
        match json {
            Some(json) => all.insert(setting.to_owned(), json),
            None => all.remove(setting),
        };
    }
    let recipe: Recipe = serde_json::from_value(all).map_err(|error| broken(rule_of(&error.to_string())))?;
    recipe.check().map_err(|error| broken(error.to_string().replace("--", "")))?;
    Ok(recipe)
}

/// What a recipe says of a setting; `None` where it says nothing.
pub(super) fn value_in(recipe: &Recipe, setting: &str) -> Option<Value> {
    let count = |units: usize| i64::try_from(units).ok().map(Value::Integer);
    match (setting, layer_of(setting)) {
        (LAYERS, _) => count(recipe.hidden.len()),
        (UNITS, _) => count(*recipe.hidden.first()?),
        (_, Some(layer)) => count(*recipe.hidden.get(usize::try_from(layer).ok()? - 1)?),
        _ => super::entry::value(setting, serde_json::to_value(recipe).ok()?.get(setting)?).ok(),
    }
}

/// A parser's message in the words of the program.
fn rule_of(message: &str) -> String {
    match message.rsplit_once(", expected ") {
        Some((_, "f64")) => "must be a number".to_owned(),
        Some((_, "u64" | "usize")) => "must be a whole number".to_owned(),
        Some((before, wanted)) if before.starts_with("unknown variant") => {
            format!("must be {}", wanted.trim_start_matches("one of ").replace('`', ""))
        }
        _ => message.to_owned(),
    }
}

/// The recipe of a configuration: the base with the configuration's values.
///
/// # Errors
/// Values that do not go together.
pub(crate) fn recipe(base: &Recipe, params: &Params, epochs: u64, seed: u64) -> Result<Recipe, SpaceError> {
    let mut recipe = Recipe { epochs, seed, hidden: hidden(base, params), ..base.clone() };
    for (name, value) in params.iter() {
        let setting = setting_of(name);
        if setting != LAYERS && setting != UNITS && layer_of(setting).is_none() {
            recipe = with(&recipe, setting, value)?;
        }
    }
    if recipe.hidden.is_empty() {
        (recipe.dropout, recipe.batch_norm) = (0.0, false);
    }
    Ok(recipe)
}

/// The layers of a configuration; what it does not say is as in the base.
fn hidden(base: &Recipe, params: &Params) -> Vec<usize> {
    let integer = |wanted: &str| {
        let found = params.iter().find(|(name, _)| setting_of(name) == wanted);
        found.and_then(|(_, value)| value.as_number()).map(|number| number.max(0.0) as usize)
    };
    let layers = integer(LAYERS).unwrap_or(base.hidden.len());
    let last = base.hidden.last().copied().unwrap_or(1);
    let units = |layer: usize| {
        let own = integer(&format!("{UNITS}{}", layer + 1)).or_else(|| integer(UNITS));
        own.unwrap_or_else(|| base.hidden.get(layer).copied().unwrap_or(last)).max(1)
    };
    (0..layers).map(units).collect()
}
