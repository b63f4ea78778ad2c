//! What a search would do and cost, before it is begun.

use std::time::Instant;

use caviar_tune::{Params, Value};
use serde::Serialize;

use super::{Beginning, FOLDS, next, study};
use crate::company::Onlooker;
use crate::crew::Threads;
use crate::error::LabError;
use crate::experiment::{Experiment, View};
use crate::ledger::{Ledger, Place, Stage};
use crate::options::{Interrupt, Method, TuneOptions, Workers};
use crate::recipe::{BatchRows, Precision, Recipe};
use crate::run::{Limits, run};
use crate::space::{Search, recipe};

/// Trials that are looked at for the cost; of more, the mean stands for the others.
const LOOKED_AT: usize = 256;
/// Trials of which an epoch is measured, spread over the others, and the seconds that this may take.
const MEASURED: usize = 8;
const SECONDS: f64 = 2.0;

/// What a search would do, and an estimate of its cost.
#[derive(Clone, Debug, Serialize)]
pub struct Forecast {
    /// The parameters, in order.
    pub parameters: Vec<Searched>,
    /// Points that are tried first.
    pub starts: usize,
    /// How configurations are found.
    pub method: Method,
    /// Configurations, at most; `None` where only time or epochs bound them.
    pub trials: Option<u64>,
    /// Epochs of a trial, at most.
    pub epochs: u64,
    /// Into how many folds the rows are dealt; `None` where some are held out.
    pub folds: Option<usize>,
    /// Rows to learn from.
    pub rows: usize,
    /// Virtual workers.
    pub virtual_workers: u64,
    /// Floating-point operations of the first round of all trials, each to its last epoch.
    pub flops: Option<f64>,
    /// Seconds of that on these threads, by the measured rate; an estimate from above, because trials may end early.
    pub seconds: Option<f64>,
    /// Bytes of the data and of the largest network in training.
    pub bytes: Bytes,
    /// Threads that would work.
    pub threads: usize,
}

/// A parameter of the space, in words.
#[derive(Clone, Debug, Serialize)]
pub struct Searched {
    /// Its name.
    pub name: String,
    /// Its scale and range.
    pub scale: String,
    /// When it exists.
    pub when: Option<String>,
}

/// An estimate of memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Bytes {
    /// Of the rows, encoded.
    pub data: u64,
    /// Of the largest trial at work.
    pub trial: u64,
}

/// Says what [`tune`](super::tune) would do, and measures a few epochs for an estimate of the time; nothing is kept.
///
/// # Errors
/// As [`tune`](super::tune), as far as they are known before the first trial.
pub fn forecast(experiment: &Experiment, options: &TuneOptions, workers: &Workers) -> Result<Forecast, LabError> {
    let Beginning { ground, search, trials, budget } = Beginning::new(experiment, options)?;
    let bytes = bytes(ground.views(), ground.screen().len(), &search);
    let threads = fitting(options.max_memory, bytes, workers.threads)?;
    let mut study = study(&search, &ground, options, budget)?;
    let Search { space, starts, base, .. } = &search;
    let mut recipes = Vec::new();
    while recipes.len() < LOOKED_AT
        && let Some((number, params, epochs)) = next(&mut study, options.seed)
    {
        recipes.push((recipe(base, &params, options.epochs, number)?, epochs));
    }
    // Under halving these are trials of the first generation, on their way to the first rung.
    let planned = study.planned_epochs();
    let whole = recipes.len() < LOOKED_AT && planned.is_none();
    let bound = options.time.is_none() && (options.budget.is_none() || whole || planned.is_some());
    let count = if whole { recipes.len() as u64 } else { trials };
    let views = ground.screen();
    let operations: f64 = recipes.iter().map(|(recipe, epochs)| flops(recipe, views) * *epochs as f64).sum();
    let looked_at: u64 = recipes.iter().map(|(_, epochs)| epochs).sum();
    let scale = match planned {
        Some(planned) => planned as f64 / looked_at.max(1) as f64,
        None => count as f64 / recipes.len().max(1) as f64,
    };
    let seconds = match bound {
        true => Some(measured(&recipes, views, experiment.seed())? * scale / threads.min(recipes.len().max(1)) as f64),
        false => None,
    };
    let parameters = space.parameters().iter().map(|parameter| Searched {
        name: parameter.name.clone(),
        scale: parameter.scale.to_string(),
        when: parameter.when.as_ref().map(|when| format!("{} {}", when.parameter, when.test)),
    });
    Ok(Forecast {
        parameters: parameters.collect(),
        starts: starts.len(),
        method: options.method,
        trials: bound.then_some(count).filter(|_| planned.is_none() || options.budget.is_none()).or(options.trials),
        epochs: options.epochs,
        folds: ground.folds.is_some().then_some(FOLDS),
        rows: ground.rows,
        virtual_workers: options.virtual_workers,
        flops: bound.then_some(operations * scale),
        seconds,
        bytes,
        threads,
    })
}

/// How many trials may be at work at a time in so many bytes.
///
/// # Errors
/// [`LabError::Memory`] where not even one may.
pub(super) fn fitting(limit: Option<u64>, bytes: Bytes, threads: usize) -> Result<usize, LabError> {
    let Some(limit) = limit else { return Ok(threads.max(1)) };
    let room = limit.saturating_sub(bytes.data) / bytes.trial.max(1);
    match usize::try_from(room).unwrap_or(usize::MAX) {
        0 => Err(LabError::Memory { limit, data: bytes.data, trial: bytes.trial }),
        room => Ok(room.min(threads).max(1)),
    }
}

/// The bytes of the encoded rows, and of the largest network of the space in training on so many folds at once.
pub(super) fn bytes(views: &[View], folds: usize, search: &Search) -> Bytes {
    let width = match search.base.precision {
        Precision::F32 => 4,
        Precision::F64 => 8,
    };
    let parts = views.iter().flat_map(|view| std::iter::once(&view.train).chain(&view.held_out));
    // A target and a weight beside the columns.
    let data = parts.map(|part| part.len() as u64 * (part.features().columns() as u64 * 4 + 16)).sum();
    let largest = largest(search);
    let networks = views.iter().map(|view| {
        let (inputs, outputs) = (view.train.features().columns(), view.train.targets().outputs());
        let weights = weights(inputs, &largest.hidden, outputs);
        let units = (inputs + outputs + largest.hidden.iter().sum::<usize>()) as u64;
        let batch = match largest.batch_size {
            BatchRows::Rows(rows) => rows.min(view.train.len()),
            BatchRows::Full => view.train.len(),
        };
        // Weights, gradients, two slots of the optimizer, the best so far, the packed ones; and of every unit of a
        // batch its sum, its output and their gradients.
        width * (6 * weights + 4 * units * batch as u64)
    });
    let largest: u64 = networks.max().unwrap_or(0);
    Bytes { data, trial: largest.saturating_mul(folds.max(1) as u64) }
}

/// A recipe with the most layers, the widest of them, and the largest batch.
fn largest(search: &Search) -> Recipe {
    let size = |value: &Value| match value {
        Value::Word(word) => match crate::recipe::parse_layers(word) {
            Some(hidden) => hidden.iter().sum::<usize>() as f64,
            // All rows.
            None => f64::INFINITY,
        },
        Value::Integer(_) | Value::Number(_) => value.as_number().unwrap_or(0.0),
    };
    let sizes = search.space.parameters().iter().filter(|parameter| {
        ["layers", "hidden", "batch-size"].contains(&parameter.name.as_str()) || parameter.name.starts_with("units")
    });
    let most = sizes.filter_map(|parameter| {
        let values = parameter.scale.grid(2);
        let largest = values.into_iter().max_by(|a, b| size(a).total_cmp(&size(b)))?;
        Some((parameter.name.clone(), largest))
    });
    let params: Params = most.collect();
    recipe(&search.base, &params, search.base.epochs, 0).unwrap_or_else(|_| search.base.clone())
}

fn weights(inputs: usize, hidden: &[usize], outputs: usize) -> u64 {
    let mut before = inputs as u64;
    let mut weights = 0;
    for units in hidden.iter().chain([&outputs]) {
        weights += (before + 1) * *units as u64;
        before = *units as u64;
    }
    weights
}

/// Operations of an epoch: two for each weight and row forward, four backward, two for each held-out row.
fn flops(recipe: &Recipe, views: &[View]) -> f64 {
    let each = views.iter().map(|view| {
        let weights = weights(view.train.features().columns(), &recipe.hidden, view.train.targets().outputs());
        let held_out = view.held_out.as_ref().map_or(0, |data| data.len());
        weights as f64 * (6 * view.train.len() + 2 * held_out) as f64
    });
    each.sum()
}

/// Seconds of all these trials on one thread, by an epoch of a few of them.
fn measured(recipes: &[(Recipe, u64)], views: &[View], order_seed: u64) -> Result<f64, LabError> {
    let (mut seconds, mut epochs) = (0.0, 0.0);
    let step = recipes.len().div_ceil(MEASURED).max(1);
    for (recipe, _) in recipes.iter().step_by(step) {
        let interrupt = Interrupt::default();
        let nowhere = Ledger::default();
        let place = Place::new(&nowhere, Stage::Screen, 0, 0);
        let limits = Limits { epochs: 1, patience: None, deadline: None, interrupt: &interrupt, place: &place };
        let seeds = vec![recipe.seed; views.len()];
        let start = Instant::now();
        run(views, recipe, &seeds, order_seed, Threads::Fixed(1), limits, &mut Onlooker::new(|_, _| true))?;
        seconds += start.elapsed().as_secs_f64();
        epochs += 1.0;
        if seconds > SECONDS {
            break;
        }
    }
    let all: f64 = recipes.iter().map(|(_, epochs)| *epochs as f64).sum();
    Ok(if epochs > 0.0 { all * seconds / epochs } else { 0.0 })
}
