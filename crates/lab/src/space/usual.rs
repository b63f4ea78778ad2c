//! The usual space for a table, and the points to start from.

use caviar_tune::{Condition, Parameter, Params, Scale, SearchError, Space, Value};

use super::setting::setting_of;
use crate::error::LabError;
use crate::options::{Method, TuneOptions};
use crate::recipe::{BatchRows, Recipe};

/// The most hidden layers that are tried.
const LAYERS: i64 = 3;

/// The settings that stay as the base has them.
pub(super) struct Fixed<'a> {
    options: &'a TuneOptions,
}

impl<'a> Fixed<'a> {
    /// # Errors
    /// A name that is no setting.
    pub(super) fn new(options: &'a TuneOptions) -> Result<Self, LabError> {
        let known = serde_json::to_value(&options.base).unwrap_or_default();
        let known: Vec<&str> = known.as_object().into_iter().flatten().map(|(name, _)| name.as_str()).collect();
        let optional = ["horizon", "schedule-shift", "clip-norm", "clip-value", "patience"];
        match options.fixed.iter().find(|name| !known.iter().chain(&optional).any(|known| known == name)) {
            Some(name) => {
                let nearest = caviar_tune::nearest(name, known.iter().copied()).map(str::to_owned);
                Err(SearchError::UnknownParameter { name: name.clone(), nearest }.into())
            }
            None => Ok(Fixed { options }),
        }
    }

    /// Whether a setting, by its flag, is not searched.
    fn is(&self, flag: &str) -> bool {
        let in_grid = ["learning-rate", "l2", "dropout"].contains(&flag);
        self.options.fixed.contains(flag) || (self.options.method == Method::Grid && !in_grid)
    }

    fn base(&self) -> &Recipe {
        &self.options.base
    }
}

/// The space for a table, each parameter on the scale that it should be searched on:
///
/// ```text
/// optimizer          adam, adamw, rmsprop, momentum
/// learning-rate      log 0.0005..0.05; under momentum log 0.01..1
/// beta               momentum: 0.8..0.99 in the log of the distance to 1
/// layers, units1...  0..3, log 8..widest (by the number of rows)
/// activation         relu, tanh, gelu, silu
/// batch-size         log 8..256, at most a quarter of the rows
/// batch-norm         off, on
/// dropout            0, or 0.05..0.5
/// l2                 0, or log 0.01..100 (λ; the penalty is λ/(2m)·ΣW², so that 1 is logistic regression's usual C = 1)
/// weight-decay       adamw: log 0.001..1
/// schedule           constant, cosine
/// label-smoothing    classes: 0, or 0.02..0.15
/// ```
///
/// What the person has fixed keeps its dimension, so that the draws for the others stay the same. A grid has three
/// dimensions only, learning rate, L2 and dropout; the rest is as the base says.
pub(super) fn space(fixed: &Fixed<'_>, rows: usize, classes: bool) -> Result<Space, SearchError> {
    let base = fixed.base();
    let widest = match rows {
        0..500 => 128,
        500..5000 => 256,
        _ => 512,
    };
    let largest_batch = (rows as i64 / 4).clamp(8, 256);
    let mut parameters = Vec::new();
    // What is fixed is a choice of one, so that every dimension stays where it is.
    let mut add = |name: &str, flag: &str, value: Value, free: Scale, when: Option<Condition>| {
        let scale = if fixed.is(flag) { Scale::choice([value])? } else { free };
        let parameter = Parameter::new(name, scale);
        parameters.push(match when {
            Some(condition) => parameter.when(condition),
            None => parameter,
        });
        Ok::<(), SearchError>(())
    };
    let optimizers = ["adam", "adamw", "rmsprop", "momentum"];
    add("optimizer", "optimizer", base.optimizer.name().into(), Scale::choice(optimizers)?, None)?;
    let any_of = |words: &[&str]| {
        let known: Vec<&str> = match fixed.is("optimizer") {
            true => words.iter().copied().filter(|word| *word == base.optimizer.name()).collect(),
            false => words.iter().copied().filter(|word| optimizers.contains(word)).collect(),
        };
        (!known.is_empty()).then(|| Condition::one_of("optimizer", known))
    };
    let rate = || Value::from(base.learning_rate);
    if let Some(when) = any_of(&["adam", "adamw", "rmsprop"]) {
        add("learning-rate", "learning-rate", rate(), Scale::log(5e-4, 5e-2)?, Some(when))?;
    }
    if let Some(when) = any_of(&["gd", "momentum", "momentum-accumulating", "nesterov"]) {
        add(SLOW_RATE, "learning-rate", rate(), Scale::log(1e-2, 1.0)?, Some(when))?;
    }
    if let Some(when) = any_of(&["momentum", "momentum-accumulating", "nesterov"]) {
        add("beta", "beta", base.beta.into(), Scale::one_minus_log(0.8, 0.99)?, Some(when))?;
    }
    let depth = base.hidden.len() as i64;
    add("layers", "hidden", depth.into(), Scale::integer(0, LAYERS)?, None)?;
    let layers = if fixed.is("hidden") { depth } else { LAYERS };
    for layer in 1..=layers {
        let width = base.hidden.get(layer as usize - 1).map_or(8, |units| *units as i64);
        let when = Some(Condition::at_least("layers", layer as f64));
        add(&format!("units{layer}"), "hidden", width.into(), Scale::log_integer(8, widest)?, when)?;
    }
    if layers > 0 {
        let hidden = || Some(Condition::at_least("layers", 1.0));
        let activations = Scale::choice(["relu", "tanh", "gelu", "silu"])?;
        add("activation", "activation", base.activation.to_string().as_str().into(), activations, hidden())?;
        let norm = if base.batch_norm { "on" } else { "off" };
        add("batch-norm", "batch-norm", norm.into(), Scale::choice(["off", "on"])?, hidden())?;
        let dropout = Scale::zero_or(0.5, Scale::linear(0.05, 0.5)?)?;
        add("dropout", "dropout", base.dropout.into(), dropout, hidden())?;
    }
    let batch = match base.batch_size {
        BatchRows::Rows(rows) => Value::Integer(rows as i64),
        BatchRows::Full => Value::from("full"),
    };
    add("batch-size", "batch-size", batch, Scale::log_integer(8, largest_batch)?, None)?;
    add("l2", "l2", base.l2.into(), Scale::zero_or(0.25, Scale::log(1e-2, 1e2)?)?, None)?;
    let decay = if fixed.is("weight-decay") { Some(None) } else { any_of(&["adamw"]).map(Some) };
    if let Some(when) = decay {
        add("weight-decay", "weight-decay", base.weight_decay.into(), Scale::log(1e-3, 1.0)?, when)?;
    }
    let schedule = base.schedule.to_string();
    add("schedule", "schedule", schedule.as_str().into(), Scale::choice(["constant", "cosine"])?, None)?;
    if classes {
        let smoothing = Scale::zero_or(0.7, Scale::linear(0.02, 0.15)?)?;
        add("label-smoothing", "label-smoothing", base.label_smoothing.into(), smoothing, None)?;
    }
    Space::new(parameters)
}

/// The learning rate of the optimizers that do not divide: of another size, so a parameter of its own for one setting.
const SLOW_RATE: &str = "learning-rate/momentum";

/// Points known to be good on tables: linear models with three strengths of L2, and networks from plain to regularized.
pub(super) fn starts(space: &Space, fixed: &Fixed<'_>, rows: usize) -> Vec<Params> {
    let batch = (rows as i64 / 8).clamp(8, 32);
    let linear = |l2: f64| {
        let point = [("layers", Value::from(0)), ("l2", l2.into()), ("learning-rate", 0.02.into())];
        Vec::from(point)
    };
    let network = |widths: &[i64], rate: f64, l2: f64, dropout: f64| {
        let mut point = vec![
            ("layers", Value::from(widths.len() as i64)),
            ("activation", "relu".into()),
            ("batch-norm", "off".into()),
            ("dropout", dropout.into()),
            ("l2", l2.into()),
            ("learning-rate", rate.into()),
        ];
        let names = ["units1", "units2", "units3"];
        point.extend(names.into_iter().zip(widths.iter().map(|&units| Value::from(units))));
        point
    };
    let points = [
        network(&[64, 32], 0.003, 0.0, 0.0),
        linear(1.0),
        network(&[100], 0.004, 0.1, 0.0),
        linear(10.0),
        network(&[128], 0.004, 1.0, 0.2),
        linear(0.1),
        network(&[128, 64], 0.002, 1.0, 0.3),
        network(&[32], 0.005, 10.0, 0.0),
    ];
    let shared = [
        ("optimizer", Value::from("adam")),
        ("batch-size", batch.into()),
        ("schedule", "cosine".into()),
        ("label-smoothing", 0.0.into()),
    ];
    let known = |name: &str| space.parameters().iter().find(|parameter| parameter.name == name);
    let take = |point: Vec<(&'static str, Value)>| {
        let pairs = point.into_iter().chain(shared.clone());
        // A point gives way to what is fixed, and leaves out what the space does not have.
        let fits = pairs.filter(|(name, value)| {
            known(name).is_some_and(|parameter| parameter.scale.contains(value) && !fixed.is(flag_of(name)))
        });
        space.check_start(&fits.map(|(name, value)| (name.to_owned(), value)).collect()).ok()
    };
    points.into_iter().filter_map(take).collect()
}

fn flag_of(name: &str) -> &str {
    match setting_of(name) {
        "layers" | "units1" | "units2" | "units3" => "hidden",
        setting => setting,
    }
}
