//! A space as a person writes it.

use std::collections::{BTreeMap, BTreeSet};

use caviar_engine::optim::Optimizer;
use caviar_tune::{Condition, Parameter, Params, Scale, Space, Value};
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

use super::SpaceError;
use super::entry::{self, Entry, Range, wrong_scale};
use super::setting::{LAYERS, UNITS, known, layer_of, setting_of, value_in, with};
use crate::recipe::Recipe;

/// A space as a person writes it: settings under the names of the flags, each a value, a list of values, or a table with
/// a scale. What is not in it is not searched.
///
/// ```
/// use caviar_lab::{Recipe, SpaceFile};
/// let json = r#"{
///     "optimizer": ["adam", "momentum"],
///     "learning-rate": {"scale": "log", "low": 1e-4, "high": 1e-1},
///     "beta": {"scale": "one-minus-log", "low": 0.8, "high": 0.99},
///     "start": [{"optimizer": "adam", "learning-rate": 0.003}]
/// }"#;
/// let space: SpaceFile = serde_json::from_str(json)?;
/// assert!(space.check(&Recipe::default(), &Default::default()).is_ok());
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct SpaceFile(BTreeMap<String, Json>);

/// What a file says, made sense of.
#[derive(Debug)]
pub(crate) struct Read {
    pub(crate) space: Space,
    pub(crate) starts: Vec<Params>,
    pub(crate) base: Recipe,
}

/// The key of the points to start from.
const START: &str = "start";

impl SpaceFile {
    /// Whether it makes sense beside a recipe, of which the settings named in `fixed` are not searched.
    ///
    /// # Errors
    /// [`SpaceError`], with the setting.
    pub fn check(&self, base: &Recipe, fixed: &BTreeSet<String>) -> Result<(), SpaceError> {
        self.read(base, fixed).map(|_| ())
    }

    /// The space, the points to start from, and the recipe that every configuration starts from.
    pub(crate) fn read(&self, base: &Recipe, fixed: &BTreeSet<String>) -> Result<Read, SpaceError> {
        let mut entries = BTreeMap::new();
        for (setting, json) in self.0.iter().filter(|(setting, _)| *setting != START) {
            check_name(setting)?;
            entries.insert(setting.as_str(), entry::read(setting, json)?);
        }
        let mut base = base.clone();
        entries.retain(|setting, _| !is_fixed(setting, fixed));
        for (setting, entry) in &entries {
            if let Entry::Fixed(value) = entry {
                base = fixed_in(&base, setting, value)?;
            }
        }
        let ranges = ranges(entries)?;
        check_layers(&ranges, &base)?;
        check_values(&ranges, &base)?;
        let by_flag = fixed.contains("optimizer") && self.0.contains_key("optimizer");
        let parameters = ordered(parameters(ranges, &base, by_flag)?)?;
        let space = Space::new(parameters).map_err(|error| {
            let setting = subject(&error).to_owned();
            wrong_scale(&setting, error)
        })?;
        let starts = self.starts(&space, fixed)?;
        Ok(Read { space, starts, base })
    }

    /// The space under names that mean nothing to us, and the points to start from; a single value is a choice of one.
    pub(crate) fn free(&self) -> Result<(Space, Vec<Params>), SpaceError> {
        let mut parameters = Vec::new();
        for (setting, json) in self.0.iter().filter(|(setting, _)| *setting != START) {
            let several = match entry::read(setting, json)? {
                Entry::Searched(several) => several,
                Entry::Fixed(value) => {
                    let scale = Scale::choice(vec![value]).map_err(|error| wrong_scale(setting, error))?;
                    vec![Range { scale, when: None }]
                }
            };
            let names = names(setting, several.len());
            let ranges = several.into_iter().zip(names);
            parameters.extend(ranges.map(|(Range { scale, when }, name)| Parameter { name, scale, when }));
        }
        let space = Space::new(ordered(parameters)?).map_err(|error| {
            let setting = subject(&error).to_owned();
            wrong_scale(&setting, error)
        })?;
        let starts = self.starts(&space, &BTreeSet::new())?;
        Ok((space, starts))
    }

    /// The points to start from; what a flag fixes is left out of them.
    fn starts(&self, space: &Space, fixed: &BTreeSet<String>) -> Result<Vec<Params>, SpaceError> {
        let form = || SpaceError::Form { setting: START.to_owned(), want: "tables of settings and values, [[start]]" };
        let points = match self.0.get(START) {
            None => &Vec::new(),
            Some(points) => points.as_array().ok_or_else(form)?,
        };
        let mut starts = Vec::new();
        for (point, number) in points.iter().zip(1..) {
            let mut params = Params::default();
            for (setting, json) in point.as_object().ok_or_else(form)? {
                // A setting of the file that is in no network, because another one is fixed, is in no point either.
                let is_searched = space.parameters().iter().any(|other| setting_of(&other.name) == setting);
                if !is_fixed(setting, fixed) && (is_searched || !self.0.contains_key(setting)) {
                    params.insert(setting, entry::value(setting, json)?);
                }
            }
            let wrong = |source| SpaceError::Start { number, source: Box::new(source) };
            starts.push(placed(space, &params).map_err(wrong)?);
        }
        Ok(starts)
    }
}

/// A point whose values go to those of several parameters of one setting that exist in it.
fn placed(space: &Space, point: &Params) -> Result<Params, caviar_tune::SearchError> {
    let mut placed = point.clone();
    for (setting, value) in point.iter() {
        let others =
            space.parameters().iter().filter(|other| setting_of(&other.name) == setting && other.name != setting);
        for other in others {
            let without = placed.iter().filter(|(name, _)| *name != setting);
            let moved = without.map(|(name, value)| (name.to_owned(), value.clone()));
            let moved: Params = moved.chain([(other.name.clone(), value.clone())]).collect();
            if space.check_start(&placed).is_err() && space.check_start(&moved).is_ok() {
                placed = moved;
            }
        }
    }
    space.check_start(&placed)
}

fn check_name(setting: &str) -> Result<(), SpaceError> {
    let known = known();
    if known.iter().any(|name| name == setting) || layer_of(setting).is_some() {
        return Ok(());
    }
    let nearest = caviar_tune::nearest(setting, known.iter().map(String::as_str)).map(str::to_owned);
    Err(SpaceError::UnknownSetting { setting: setting.to_owned(), nearest, known })
}

/// Whether a flag has the setting; `hidden` has the layers and their units.
fn is_fixed(setting: &str, fixed: &BTreeSet<String>) -> bool {
    let of_hidden = setting == LAYERS || setting == UNITS || layer_of(setting).is_some();
    fixed.contains(setting) || (of_hidden && fixed.contains("hidden"))
}

/// The base with a value that the file fixes.
fn fixed_in(base: &Recipe, setting: &str, value: &Value) -> Result<Recipe, SpaceError> {
    let count = || match value {
        Value::Integer(count) => usize::try_from(*count).ok(),
        Value::Number(_) | Value::Word(_) => None,
    };
    let wrong = || SpaceError::Form { setting: setting.to_owned(), want: "a whole number of at least 1" };
    let mut base = base.clone();
    if setting == LAYERS {
        let layers = count().ok_or_else(wrong)?;
        let last = base.hidden.last().copied().unwrap_or(1);
        base.hidden.resize(layers, last);
    } else if setting == UNITS {
        base.hidden.fill(count().filter(|units| *units > 0).ok_or_else(wrong)?);
    } else if let Some(layer) = layer_of(setting) {
        let units = count().filter(|units| *units > 0).ok_or_else(wrong)?;
        let place = usize::try_from(layer).unwrap_or(usize::MAX) - 1;
        let layers = base.hidden.len();
        *base.hidden.get_mut(place).ok_or_else(|| SpaceError::Together {
            setting: setting.to_owned(),
            rule: format!("the networks have {layers} hidden layers"),
        })? = units;
    } else {
        base = with(&base, setting, value)?;
    }
    Ok(base)
}

fn ranges(entries: BTreeMap<&str, Entry>) -> Result<BTreeMap<String, Vec<Range>>, SpaceError> {
    let searched = entries.into_iter().filter_map(|(setting, entry)| match entry {
        Entry::Fixed(_) => None,
        Entry::Searched(ranges) => Some((setting.to_owned(), ranges)),
    });
    let ranges: BTreeMap<_, _> = searched.collect();
    for (setting, several) in &ranges {
        if several.len() > 1 && several.iter().any(|range| range.when.is_none()) {
            let rule = "of several tables for one setting each needs a `when`".to_owned();
            return Err(SpaceError::Together { setting: setting.clone(), rule });
        }
    }
    Ok(ranges)
}

/// Every layer that there may be must have a width, every width a layer.
fn check_layers(ranges: &BTreeMap<String, Vec<Range>>, base: &Recipe) -> Result<(), SpaceError> {
    let together = |setting: &str, rule: String| Err(SpaceError::Together { setting: setting.to_owned(), rule });
    let widths = ranges.keys().filter(|setting| *setting == UNITS || layer_of(setting).is_some());
    if ranges.contains_key("hidden") {
        return match widths.chain(ranges.contains_key(LAYERS).then_some(&LAYERS.to_owned())).next() {
            Some(other) => together("hidden", format!("`hidden` says all about the layers, so that `{other}` cannot")),
            None => Ok(()),
        };
    }
    let most = match ranges.get(LAYERS) {
        None => base.hidden.len() as u64,
        Some(ranges) => {
            let values = ranges.iter().flat_map(|range| range.scale.grid(2));
            let layers = values.map(|value| match value {
                Value::Integer(layers) => u64::try_from(layers).ok().filter(|layers| *layers <= 64),
                Value::Number(_) | Value::Word(_) => None,
            });
            let want = "whole numbers from 0 to 64";
            let layers: Option<Vec<u64>> = layers.collect();
            let layers = layers.ok_or(SpaceError::Form { setting: LAYERS.to_owned(), want })?;
            layers.into_iter().max().unwrap_or(0)
        }
    };
    let own: BTreeSet<u64> = ranges.keys().filter_map(|setting| layer_of(setting)).collect();
    if let Some(layer) = own.iter().find(|layer| **layer > most) {
        return together(&format!("{UNITS}{layer}"), format!("there are at most {most} layers"));
    }
    // The first layers are as wide as those of the base where nothing else is said.
    let lacking = (base.hidden.len() as u64 + 1..=most).find(|layer| !own.contains(layer));
    match lacking.filter(|_| ranges.contains_key(LAYERS) && !ranges.contains_key(UNITS)) {
        Some(layer) => together(
            LAYERS,
            format!("there may be {most} layers, but neither `units` nor `units{layer}` says how wide"),
        ),
        None => Ok(()),
    }
}

/// Every value on every scale must be one that the setting can take.
fn check_values(ranges: &BTreeMap<String, Vec<Range>>, base: &Recipe) -> Result<(), SpaceError> {
    let base_warm_up = Value::from(base.warm_up);
    for (setting, ranges) in ranges {
        for value in ranges.iter().flat_map(|range| range.scale.grid(2)) {
            if setting == UNITS || layer_of(setting).is_some() {
                if !matches!(value, Value::Integer(1..=1_000_000)) {
                    let want = "whole numbers from 1 to 1000000";
                    return Err(SpaceError::Form { setting: setting.clone(), want });
                }
            } else if setting != LAYERS {
                with(base, setting, &value)?;
            }
        }
    }
    // The one rule between two settings: a warm-up ends before a schedule with an end does.
    let values = |setting: &str| -> Vec<Value> {
        ranges.get(setting).into_iter().flatten().flat_map(|range| range.scale.grid(2)).collect()
    };
    for schedule in values("schedule") {
        let base = with(&Recipe { warm_up: 0.0, ..base.clone() }, "schedule", &schedule)?;
        for warm_up in values("warm-up").into_iter().chain([base_warm_up.clone()]) {
            with(&base, "warm-up", &warm_up)?;
        }
    }
    Ok(())
}

/// The parameters, with the conditions that lie in the matter: beta under the rules that have one, a width per layer.
///
/// Where a flag takes the update rule away from the file, what the rule has no use for is left out; else it is a mistake.
fn parameters(
    ranges: BTreeMap<String, Vec<Range>>,
    base: &Recipe,
    by_flag: bool,
) -> Result<Vec<Parameter>, SpaceError> {
    let optimizers = optimizers(&ranges);
    let layers =
        ranges.get(LAYERS).map(|ranges| ranges.iter().flat_map(|range| range.scale.grid(2)).collect::<Vec<_>>());
    let searched: BTreeSet<String> =
        ranges.iter().flat_map(|(setting, several)| names(setting, several.len())).collect();
    let mut parameters = Vec::new();
    for (setting, several) in ranges {
        for (range, name) in several.iter().cloned().zip(names(&setting, several.len())) {
            let when = match range.when {
                Some(when) => Some(when),
                None => of_optimizer(&setting, &optimizers, base, by_flag)?
                    .or_else(|| of_layers(&setting, layers.as_deref())),
            };
            let parameter = Parameter::new(&name, range.scale);
            // What is not searched has one value, which decides once and for all.
            let decided = when
                .as_ref()
                .filter(|when| !searched.contains(&when.parameter))
                .and_then(|when| Some(when.holds(&value_in(base, setting_of(&when.parameter))?)));
            match (decided, when) {
                (Some(false), _) => {}
                (Some(true), _) | (None, None) => parameters.push(parameter),
                (None, Some(when)) => parameters.push(parameter.when(when)),
            }
        }
    }
    Ok(parameters)
}

/// The names of the parameters of one setting.
fn names(setting: &str, count: usize) -> Vec<String> {
    let name = |number| if number == 1 { setting.to_owned() } else { format!("{setting}/{number}") };
    (1..=count).map(name).collect()
}

/// The update rules that are searched; none where the rule is fixed.
fn optimizers(ranges: &BTreeMap<String, Vec<Range>>) -> Vec<Optimizer> {
    let values = ranges.get("optimizer").into_iter().flatten().flat_map(|range| range.scale.grid(2));
    let words = values.filter_map(|value| match value {
        Value::Word(word) => word.parse().ok(),
        Value::Integer(_) | Value::Number(_) => None,
    });
    words.collect()
}

fn of_optimizer(
    setting: &str,
    searched: &[Optimizer],
    base: &Recipe,
    by_flag: bool,
) -> Result<Option<Condition>, SpaceError> {
    let has: fn(&Optimizer) -> bool = match setting {
        "beta" => |optimizer| optimizer.has_beta(),
        "beta1" | "beta2" => |optimizer| optimizer.has_two_betas(),
        "epsilon" => |optimizer| optimizer.has_epsilon(),
        _ => return Ok(None),
    };
    let all = if searched.is_empty() { std::slice::from_ref(&base.optimizer) } else { searched };
    let with: Vec<&str> = all.iter().filter(|optimizer| has(optimizer)).map(|optimizer| optimizer.name()).collect();
    if with.is_empty() && by_flag {
        let others = Optimizer::NAMES.iter().filter(|name| name.parse().is_ok_and(|optimizer| has(&optimizer)));
        return Ok(Some(Condition::one_of("optimizer", others.copied())));
    }
    if with.is_empty() {
        let rules: Vec<&str> = all.iter().map(|optimizer| optimizer.name()).collect();
        let rule = format!("the optimizer {} has no {setting}", rules.join(" or "));
        return Err(SpaceError::Together { setting: setting.to_owned(), rule });
    }
    Ok((with.len() < all.len()).then(|| Condition::one_of("optimizer", with)))
}

fn of_layers(setting: &str, layers: Option<&[Value]>) -> Option<Condition> {
    let least = layers?.iter().filter_map(Value::as_number).fold(f64::INFINITY, f64::min);
    let needed = match (setting, layer_of(setting)) {
        (_, Some(layer)) => layer as f64,
        (UNITS | "activation" | "batch-norm" | "dropout", None) => 1.0,
        _ => return None,
    };
    (needed > least).then(|| Condition::at_least(LAYERS, needed))
}

/// The parameters in alphabetical order, but each after the one that it depends on.
fn ordered(mut parameters: Vec<Parameter>) -> Result<Vec<Parameter>, SpaceError> {
    let mut done: Vec<Parameter> = Vec::new();
    while !parameters.is_empty() {
        let waits = |parameter: &Parameter| {
            parameter.when.as_ref().is_some_and(|when| parameters.iter().any(|other| other.name == when.parameter))
        };
        let Some(place) = parameters.iter().position(|parameter| !waits(parameter)) else {
            let rule = "the conditions go round in a circle".to_owned();
            return Err(SpaceError::Together { setting: setting_of(&parameters[0].name).to_owned(), rule });
        };
        done.push(parameters.remove(place));
    }
    Ok(done)
}

/// The setting that an error of the space is about.
fn subject(error: &caviar_tune::SearchError) -> &str {
    use caviar_tune::SearchError;
    match error {
        SearchError::ConditionOnUnknown { name, .. }
        | SearchError::ConditionOnLater { name, .. }
        | SearchError::ConditionNeverHolds { name, .. } => setting_of(name),
        _ => "space",
    }
}
