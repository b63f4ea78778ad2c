//! Training one configuration: on held-out rows, or on all folds in step.

use std::time::Instant;

use caviar_engine::Real;
use caviar_engine::train::{EpochReport, Event, Flow, Outcome, TrainOptions, Trainer, Watch};

use crate::board::TrainFigures;
use crate::error::{Divergence, LabError};
use crate::experiment::View;
use crate::figures::Figures;
use crate::finished::CurvePoint;
use crate::network::{EndNow, Weights, weights};
use crate::options::Interrupt;
use crate::recipe::{Precision, Recipe};

/// When a run ends before its last epoch.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits<'a> {
    /// At most so many epochs.
    pub(crate) epochs: u64,
    /// After so many epochs without a better metric.
    pub(crate) patience: Option<u64>,
    /// At the first epoch's end after this.
    pub(crate) deadline: Option<Instant>,
    /// At the first epoch's end after this is set.
    pub(crate) interrupt: &'a Interrupt,
}

/// How a run ended.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum End {
    /// By its epochs or its patience.
    Complete,
    /// By a deadline or from outside.
    Cut,
    /// By a loss that is not finite.
    Diverged(Divergence),
}

/// What a run gave.
#[derive(Clone, Debug)]
pub(crate) struct Run {
    pub(crate) curve: Vec<CurvePoint>,
    /// The best epoch and its metric, where there are rows to choose by.
    pub(crate) best: Option<(u64, f64)>,
    pub(crate) end: End,
    pub(crate) steps: u64,
    pub(crate) seconds: f64,
    /// Those of the best epoch, or of the last one without rows to choose by; where one network was trained.
    pub(crate) weights: Option<Weights>,
}

/// Trains a recipe on one view, or a network on each of several views, epoch by epoch in step.
///
/// With several views the figures of an epoch are those of all held-out rows together, so that the folds of a
/// cross-validation are chosen by as one: the best epoch is the best of their common curve. `seeds` are those of the
/// networks, one for each view.
pub(crate) fn run(
    views: &[View],
    recipe: &Recipe,
    seeds: &[u64],
    order_seed: u64,
    threads: usize,
    limits: Limits<'_>,
    tell: &mut dyn FnMut(&CurvePoint, f64) -> bool,
) -> Result<Run, LabError> {
    match recipe.precision {
        Precision::F32 => run_in::<f32>(views, recipe, seeds, order_seed, threads, limits, tell),
        Precision::F64 => run_in::<f64>(views, recipe, seeds, order_seed, threads, limits, tell),
    }
}

fn run_in<T: Real>(
    views: &[View],
    recipe: &Recipe,
    seeds: &[u64],
    order_seed: u64,
    threads: usize,
    limits: Limits<'_>,
    tell: &mut dyn FnMut(&CurvePoint, f64) -> bool,
) -> Result<Run, LabError> {
    let start = Instant::now();
    let mut members = Vec::with_capacity(views.len());
    for (view, &seed) in views.iter().zip(seeds) {
        members.push(member::<T>(view, &Recipe { seed, ..recipe.clone() }, order_seed, threads, views.len() == 1)?);
    }
    let mut run = Run { curve: Vec::new(), best: None, end: End::Complete, steps: 0, seconds: 0.0, weights: None };
    for epoch in 0..limits.epochs.min(recipe.epochs) {
        match step_together(&mut members, views, epoch)? {
            Ok(point) => {
                let score = point.validation.as_ref().and_then(|figures| figures.get(recipe.metric));
                let cost = |score: f64| recipe.metric.cost(score);
                if let Some(score) = score
                    && run.best.is_none_or(|(_, best)| cost(score) < cost(best) || best.is_nan())
                {
                    run.best = Some((epoch, score));
                }
                let goes_on = tell(&point, start.elapsed().as_secs_f64());
                run.curve.push(point);
                if !goes_on || limits.interrupt.is_set() || limits.deadline.is_some_and(|end| Instant::now() >= end) {
                    run.end = End::Cut;
                    break;
                }
            }
            Err(divergence) => {
                run.end = End::Diverged(divergence);
                break;
            }
        }
        let waited = run.best.map_or(0, |(best, _)| epoch - best);
        if limits.patience.is_some_and(|patience| waited >= patience) {
            break;
        }
    }
    run.steps = members.iter().map(|trainer| trainer.progress().steps).sum();
    if let [trainer] = &mut members[..]
        && !matches!(run.end, End::Diverged(_))
    {
        trainer.run(&mut EndNow)?;
        run.weights = Some(weights(trainer)?);
    }
    run.seconds = start.elapsed().as_secs_f64();
    Ok(run)
}

/// A network of its own for one view; patience is the common curve's business.
fn member<T: Real>(
    view: &View,
    recipe: &Recipe,
    order_seed: u64,
    threads: usize,
    alone: bool,
) -> Result<Trainer<T>, LabError> {
    let mut spec = recipe.spec_for(&view.train, crate::experiment::classes_of(&view.target), order_seed)?;
    (spec.patience, spec.restore_best) = (None, alone);
    let options = TrainOptions { threads: threads.max(1), ..TrainOptions::default() };
    Ok(Trainer::with_options(spec, view.train.clone(), view.held_out.clone(), options)?)
}

/// One epoch of every member; the common point of the curve, or where one diverged.
fn step_together<T: Real>(
    members: &mut [Trainer<T>],
    views: &[View],
    epoch: u64,
) -> Result<Result<CurvePoint, Divergence>, LabError> {
    let mut train = Vec::with_capacity(members.len());
    let mut held_out = Vec::with_capacity(members.len());
    let mut learning_rate = f64::NAN;
    for (trainer, view) in members.iter_mut().zip(views) {
        let mut report: Option<EpochReport> = None;
        let mut watch = Watch(|event: &Event| {
            if let Event::Epoch(epoch) = event {
                report = Some(epoch.clone());
            }
            Flow::Continue
        });
        let outcome = trainer.run_until(epoch + 1, &mut watch)?;
        if let Outcome::Diverged { epoch, step, origin } = outcome {
            return Ok(Err(Divergence { epoch, step, origin }));
        }
        let Some(report) = report else { continue };
        train.push((view.train.len() as f64, TrainFigures::new(&report)));
        learning_rate = report.learning_rate;
        if let (Some(evaluation), Some(data)) = (&report.validation, &view.held_out) {
            held_out.push((data.len() as f64, Figures::new(evaluation, &view.target)));
        }
    }
    let rows: f64 = train.iter().map(|(rows, _)| rows).sum();
    let mean = |of: &dyn Fn(&TrainFigures) -> f64| match &train[..] {
        [(_, only)] => of(only),
        _ => train.iter().map(|(rows, figures)| rows * of(figures)).sum::<f64>() / rows,
    };
    let validation = match &held_out[..] {
        [] => None,
        [(_, only)] => Some(only.clone()),
        _ => Some(Figures::pooled(&held_out)),
    };
    Ok(Ok(CurvePoint {
        epoch,
        train_loss: mean(&|figures| figures.loss),
        last_batch_loss: mean(&|figures| figures.last_batch_loss),
        validation,
        learning_rate,
    }))
}
