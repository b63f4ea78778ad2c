//! Training one configuration: on held-out rows, or on all folds in step.

use std::time::Instant;

use caviar_engine::Real;
use caviar_engine::RunError;
use caviar_engine::train::{EpochReport, Metric, TrainError, TrainOptions, Trainer};
use caviar_store::study::Entry;

use crate::board::TrainFigures;
use crate::company::{Company, Noted};
use crate::crew::Threads;
use crate::error::{Divergence, LabError};
use crate::experiment::View;
use crate::figures::Figures;
use crate::finished::CurvePoint;
use crate::guard::guarded;
use crate::helm::{Course, Helm};
use crate::ledger::{Begun, Place, Scribe};
use crate::network::{EndNow, Weights, weights};
use crate::options::Interrupt;
use crate::recipe::{Precision, Recipe};
use crate::share::shared_out;
use crate::turn::Turn;

/// When a run ends before its last epoch.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits<'a> {
    /// At most so many epochs.
    pub(crate) epochs: u64,
    /// After so many epochs without a better metric.
    pub(crate) patience: Option<u64>,
    /// At the first epoch's end after this.
    pub(crate) deadline: Option<Instant>,
    /// At once when this is set.
    pub(crate) interrupt: &'a Interrupt,
    /// Where it is written down.
    pub(crate) place: &'a Place<'a>,
}

/// How a run ended.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum End {
    /// By its epochs or its patience.
    Complete,
    /// By a deadline or from outside.
    Cut,
    /// Not at all: it was left where it is, and its ledger knows how it goes on.
    Left,
    /// By a loss that is not finite.
    Diverged(Divergence),
    /// By a mistake of the program, in words.
    Failed(String),
}

impl End {
    /// Where it diverged.
    pub(crate) fn divergence(&self) -> Option<Divergence> {
        match self {
            End::Diverged(divergence) => Some(divergence.clone()),
            End::Complete | End::Cut | End::Left | End::Failed(_) => None,
        }
    }

    /// Why it failed.
    pub(crate) fn failure(&self) -> Option<String> {
        match self {
            End::Failed(why) => Some(why.clone()),
            End::Complete | End::Cut | End::Left | End::Diverged(_) => None,
        }
    }
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
    /// What is to be written now that it has ended.
    pub(crate) closing: Vec<Entry>,
    /// Where it stands, if it may go on to another rung.
    pub(crate) parked: Option<Begun>,
    /// What a person did to it and has not taken back.
    pub(crate) turns: Vec<Turn>,
}

/// Trains a recipe on one view, or a network on each of several views, epoch by epoch in step.
///
/// With several views the figures of an epoch are those of all held-out rows together, so that the folds of a
/// cross-validation are chosen by as one: the best epoch is the best of their common curve. `seeds` are those of the
/// networks, one for each view.
///
/// What the ledger knows of the run is not trained again, but told again.
pub(crate) fn run(
    views: &[View],
    recipe: &Recipe,
    seeds: &[u64],
    order_seed: u64,
    threads: Threads<'_>,
    limits: Limits<'_>,
    company: &mut dyn Company,
) -> Result<Run, LabError> {
    if let Some(known) = limits.place.ended(recipe.metric)? {
        for point in &known.curve {
            company.epoch(point, known.seconds);
        }
        return Ok(known);
    }
    let work = Work { views, recipe, seeds, order_seed, threads, limits };
    let attempt = match recipe.precision {
        Precision::F32 => run_in::<f32>,
        Precision::F64 => run_in::<f64>,
    };
    let done = guarded(|| match attempt(work, false, company)? {
        Some(run) => Ok(run),
        // From its beginning it has nothing to go back to that it does not know.
        None => attempt(work, true, company)?.ok_or(LabError::Worker),
    });
    done.unwrap_or_else(|why| Ok(Run::failed(why, limits.place)))
}

/// What is to be trained.
#[derive(Clone, Copy)]
struct Work<'a> {
    views: &'a [View],
    recipe: &'a Recipe,
    seeds: &'a [u64],
    order_seed: u64,
    threads: Threads<'a>,
    limits: Limits<'a>,
}

impl Work<'_> {
    fn members<T: Real>(&self) -> Result<Vec<Trainer<T>>, LabError> {
        let alone = self.views.len() == 1;
        // Those of several are shared out whole.
        let threads = if alone { self.threads.now() } else { 1 };
        let each = self.views.iter().zip(self.seeds).map(|(view, &seed)| {
            let recipe = Recipe { seed, ..self.recipe.clone() };
            member::<T>(view, &recipe, self.order_seed, threads, alone)
        });
        each.collect()
    }
}

/// Trains, `anew` from the beginning whatever is known; nothing where it must be done anew.
fn run_in<T: Real>(work: Work<'_>, anew: bool, company: &mut dyn Company) -> Result<Option<Run>, LabError> {
    let Work { recipe, limits, .. } = work;
    #[cfg(test)]
    crate::guard::tests::provoke(recipe.seed);
    let start = Instant::now();
    let mut members = work.members::<T>()?;
    let beginning = limits.place.take_up(&mut members, anew)?;
    let mut scribe = Scribe::new(limits.place, recipe, limits.interrupt, &beginning);
    let mut run = Run::new(beginning.curve, recipe.metric);
    for point in &run.curve {
        company.epoch(point, 0.0);
    }
    let mut helm = Helm::new();
    while next_epoch(&members, limits).is_some() && !run.is_exhausted(limits.patience) {
        if let [trainer] = &mut members[..] {
            trainer.set_threads(work.threads.now());
        }
        let end = match step_together(&mut members, work, &mut helm, &mut scribe, company)? {
            Stride::Epoch(point) => {
                let goes_on = company.epoch(&point, start.elapsed().as_secs_f64());
                scribe.epoch(&point);
                run.consider(&point, recipe.metric);
                run.curve.push(point);
                // Looked at before saving: whoever leaves now has saved.
                let late = limits.interrupt.is_set() || limits.deadline.is_some_and(|end| Instant::now() >= end);
                if scribe.leaves() || scribe.is_due() {
                    scribe.save(&mut members)?;
                }
                (late || !goes_on).then_some(End::Cut)
            }
            Stride::Back(epoch) => {
                run.curve.truncate(usize::try_from(epoch).unwrap_or(usize::MAX));
                run.choose(recipe.metric);
                scribe.back(&run.curve);
                None
            }
            Stride::Anew => return Ok(None),
            Stride::Stopped => Some(End::Complete),
            // Where nothing is written down, what was learned so far is all.
            Stride::Left => Some(End::Cut),
            Stride::Diverged(divergence) => Some(End::Diverged(divergence)),
        };
        if let Some(end) = end {
            run.end = if scribe.leaves() { End::Left } else { end };
            break;
        }
    }
    run.turns = scribe.turns().to_vec();
    run.steps = members.iter().map(|trainer| trainer.progress().steps).sum();
    run.seconds = start.elapsed().as_secs_f64();
    let span = scribe.span(&run);
    match run.end {
        End::Left => limits.place.note(span)?,
        End::Complete | End::Cut | End::Diverged(_) | End::Failed(_) => {
            run.close(&mut members, &mut scribe)?;
            run.closing.extend(span);
        }
    }
    Ok(Some(run))
}

impl Run {
    /// A run with this curve so far.
    pub(crate) fn new(curve: Vec<CurvePoint>, metric: Metric) -> Self {
        let end = End::Complete;
        let (closing, turns) = (Vec::new(), Vec::new());
        let mut run =
            Run { curve, best: None, end, steps: 0, seconds: 0.0, weights: None, closing, parked: None, turns };
        run.choose(metric);
        run
    }

    /// A run that failed; nothing is kept of it but why.
    fn failed(why: String, place: &Place<'_>) -> Self {
        let mut run = Run { end: End::Failed(why), ..Run::new(Vec::new(), Metric::Loss) };
        run.closing = place.failed(&run);
        run
    }

    /// Takes the weights that are kept, and says what is to be written of the end.
    fn close<T: Real>(&mut self, members: &mut [Trainer<T>], scribe: &mut Scribe<'_>) -> Result<(), LabError> {
        // Before the best weights take the place of the last ones.
        self.closing = scribe.close(self, members)?;
        if self.end == End::Complete {
            self.parked = scribe.park(self, members)?;
        }
        if let [trainer] = members
            && !matches!(self.end, End::Diverged(_))
            && !self.curve.is_empty()
        {
            trainer.run(&mut EndNow)?;
            self.weights = Some(weights(trainer)?);
        }
        self.closing.extend(scribe.weights(self)?);
        Ok(())
    }

    /// Whether there were so many epochs without a better metric.
    fn is_exhausted(&self, patience: Option<u64>) -> bool {
        let last = (self.curve.len() as u64).saturating_sub(1);
        let waited = self.best.map_or(0, |(best, _)| last - best);
        patience.is_some_and(|patience| waited >= patience)
    }

    /// Whether an epoch is the best so far.
    fn consider(&mut self, point: &CurvePoint, metric: Metric) {
        let score = point.validation.as_ref().and_then(|figures| figures.get(metric));
        if let Some(score) = score
            && self.best.is_none_or(|(_, best)| metric.cost(score) < metric.cost(best) || best.is_nan())
        {
            self.best = Some((point.epoch, score));
        }
    }

    /// Finds the best epoch of the whole curve.
    pub(crate) fn choose(&mut self, metric: Metric) {
        self.best = None;
        let curve = std::mem::take(&mut self.curve);
        curve.iter().for_each(|point| self.consider(point, metric));
        self.curve = curve;
    }
}

/// The epoch that comes next, unless all are done.
fn next_epoch<T: Real>(members: &[Trainer<T>], limits: Limits<'_>) -> Option<u64> {
    let trainer = members.first()?;
    let epoch = trainer.progress().epoch;
    (epoch < limits.epochs.min(trainer.spec().epochs)).then_some(epoch)
}

/// A network of its own for one view; patience is the common curve's business.
fn member<T: Real>(
    view: &View,
    recipe: &Recipe,
    order_seed: u64,
    threads: usize,
    alone: bool,
) -> Result<Trainer<T>, LabError> {
    let mut spec = recipe.spec_with_files(&view.train, crate::experiment::classes_of(&view.target), order_seed)?;
    (spec.patience, spec.restore_best) = (None, alone);
    let options = TrainOptions { threads: threads.max(1), ..TrainOptions::default() };
    Ok(Trainer::with_options(spec, view.train.clone(), view.held_out.clone(), options)?)
}

/// Members of so many rows times parameters, about 0.2 ms an epoch, are shared out among threads; starting these takes
/// some 50 µs.
const WORTH_SHARING: usize = 4_000_000;

/// How far one stride went.
enum Stride {
    /// To the end of an epoch.
    Epoch(CurvePoint),
    /// Back into this epoch.
    Back(u64),
    /// Back to the beginning of the run.
    Anew,
    /// To the end of the run.
    Stopped,
    /// To where the run is left, in the middle of an epoch.
    Left,
    /// To a loss that is not finite.
    Diverged(Divergence),
}

/// One epoch of every member; the common point of the curve, or where one diverged.
///
/// Several members are steered where all of them stand at the beginning of the epoch.
fn step_together<T: Real>(
    members: &mut [Trainer<T>],
    work: Work<'_>,
    helm: &mut Helm<T>,
    scribe: &mut Scribe<'_>,
    company: &mut dyn Company,
) -> Result<Stride, LabError> {
    let epoch = members.first().map_or(0, |trainer| trainer.progress().epoch);
    let reports = match members {
        [trainer] => vec![stride(trainer, helm, scribe, company)],
        members => match steer_together(members, helm, scribe, company)? {
            Some(end) => return Ok(end),
            None => side_by_side(members, work, scribe),
        },
    };
    let mut train = Vec::with_capacity(reports.len());
    let mut held_out = Vec::with_capacity(reports.len());
    let mut learning_rate = f64::NAN;
    for (report, view) in reports.into_iter().zip(work.views) {
        let report = match report? {
            Ok(report) => report,
            Err(end) => return Ok(end),
        };
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
    Ok(Stride::Epoch(CurvePoint {
        epoch,
        train_loss: mean(&|figures| figures.loss),
        last_batch_loss: mean(&|figures| figures.last_batch_loss),
        validation,
        learning_rate,
    }))
}

/// Does to several members what is asked for before their next epoch; where they go, unless that is on.
fn steer_together<T: Real>(
    members: &mut [Trainer<T>],
    helm: &mut Helm<T>,
    scribe: &mut Scribe<'_>,
    company: &mut dyn Company,
) -> Result<Option<Stride>, LabError> {
    let course = helm.obey(members, &mut Noted::new(company, scribe))?;
    scribe.mailed.check()?;
    Ok(match course {
        // What was asked for is in a snapshot before the run is left.
        Course::On | Course::Adrift if scribe.leaves() => {
            scribe.save(members)?;
            Some(Stride::Left)
        }
        Course::On | Course::Adrift => None,
        Course::Back => members.first().map(|trainer| Stride::Back(trainer.progress().epoch)),
        Course::Anew => Some(Stride::Anew),
        Course::Stop => Some(Stride::Stopped),
    })
}

/// An epoch's report, or where the network goes in its place.
type Strode = Result<Result<EpochReport, Stride>, LabError>;

/// An epoch of each of several members, shared out among the threads that there are, where it is long enough for that.
///
/// They are saved at the ends of their epochs, and so go on to the end of a short one.
fn side_by_side<T: Real>(members: &mut [Trainer<T>], work: Work<'_>, scribe: &Scribe<'_>) -> Vec<Strode> {
    let (interrupt, near) = (work.limits.interrupt, scribe.near_until());
    let is_over = || interrupt.is_set() && near.is_none_or(|end| Instant::now() >= end);
    let epoch = |trainer: &mut Trainer<T>| loop {
        if is_over() {
            return Ok(Err(Stride::Left));
        }
        match trainer.step() {
            Ok(None) => {}
            Ok(Some(report)) => return Ok(Ok(report)),
            Err(error) => return divergence(trainer, error).map(|divergence| Err(Stride::Diverged(divergence))),
        }
    };
    let size = members.first().map_or(0, |trainer| trainer.rows() * trainer.spec().network.parameter_count());
    shared_out(members, if size < WORTH_SHARING { 1 } else { work.threads.now() }, epoch)
}

/// Where a loss became one that is not finite; other errors are passed on.
fn divergence<T: Real>(trainer: &Trainer<T>, error: TrainError) -> Result<Divergence, LabError> {
    match error {
        TrainError::Run(RunError::NotFinite { step, origin, .. }) => {
            Ok(Divergence { epoch: trainer.progress().epoch, step, origin })
        }
        error => Err(error.into()),
    }
}

/// The steps of a network alone to the end of its epoch, or to where it leaves its way; it is saved between two steps.
fn stride<T: Real>(
    trainer: &mut Trainer<T>,
    helm: &mut Helm<T>,
    scribe: &mut Scribe<'_>,
    company: &mut dyn Company,
) -> Strode {
    loop {
        // Looked at before saving: whoever leaves now has saved.
        let is_over = scribe.is_over();
        if scribe.leaves() || scribe.is_due() {
            scribe.save(std::slice::from_mut(trainer))?;
        }
        if is_over {
            return Ok(Err(Stride::Left));
        }
        let mut course = helm.obey(std::slice::from_mut(trainer), &mut Noted::new(company, scribe))?;
        scribe.mailed.check()?;
        if course == Course::On {
            match trainer.step() {
                Ok(None) => {}
                Ok(Some(report)) => return Ok(Ok(report)),
                Err(error) => {
                    let divergence = divergence(trainer, error)?;
                    course = helm.rescue(trainer, &mut Noted::new(company, scribe), &divergence)?;
                    if course == Course::Adrift {
                        return Ok(Err(Stride::Diverged(divergence)));
                    }
                }
            }
        }
        match course {
            Course::On | Course::Adrift => {}
            Course::Back => return Ok(Err(Stride::Back(trainer.progress().epoch))),
            Course::Anew => return Ok(Err(Stride::Anew)),
            Course::Stop => {
                if scribe.leaves() {
                    scribe.save(std::slice::from_mut(trainer))?;
                }
                return Ok(Err(Stride::Stopped));
            }
        }
    }
}

#[cfg(test)]
mod tests;
