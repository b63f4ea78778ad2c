//! The stages of a search.

use std::sync::Mutex;
use std::time::Instant;

use caviar_store::study::Entry;
use caviar_tune::{Params, Study, TrialState};

use super::leaders::share;
use super::shelf::{Keeper, keep};
use super::told::Told;
use super::{FOLDS, Hunt, next};
use crate::board::{Board, Event};
use crate::company::Company;
use crate::crew::{Teller, Threads, crew};
use crate::error::{Divergence, LabError};
use crate::experiment::View;
use crate::figures::Figures;
use crate::finished::{CurvePoint, TrialRecord};
use crate::ledger::{Fork, Place, Stage, begins, optuna_entry, trial_entry};
use crate::recipe::Recipe;
use crate::run::{End, Limits, Run, run};
use crate::space::shown;
use crate::standing::lead;
use crate::train::{record, trial_event};
use crate::turn::{Clock, Following};

/// Of the time, for the first stage, until the end of the second, and until the end of the third.
pub(super) const SHARES: [f64; 3] = [0.45, 0.7, 0.95];
/// At least so many go on to all folds.
const LEAST_FULL: usize = 12;
/// So many are measured again.
pub(super) const REPEATED: usize = 12;
/// On so many further deals; with a time, on as many as it allows up to the second number.
const REPEATS: [u64; 2] = [2, 1000];

/// What is trained in the first stage: a trial by its number and configuration, up to an epoch.
enum First {
    Trial((u64, Params, u64)),
    Fork(Box<Fork>),
}

/// A trial with what is needed to take it up again.
pub(super) struct Candidate {
    pub(super) record: TrialRecord,
    pub(super) recipe: Recipe,
    /// What was drawn for it.
    pub(super) drawn: Params,
    /// The curve of the score in force: the mean over all deals so far.
    pub(super) mean: Vec<CurvePoint>,
    /// The most epochs of a run.
    pub(super) until: u64,
    pub(super) divergence: Option<Divergence>,
    /// The metric along the epochs on every deal of the rows into folds so far.
    pub(super) deals: Vec<Vec<f64>>,
}

impl Hunt<'_> {
    /// Every configuration for the first time.
    pub(super) fn first_stage(&mut self, study: &mut Study, board: &mut dyn Board) -> Result<(), LabError> {
        let deadline = self.deadline(if self.ground.folds.is_some() { SHARES[0] } else { share(self.options) });
        let keeper = Mutex::new(Vec::new());
        let ledger = &self.workers.ledger;
        let jobs = || {
            if let Some(fork) = self.next_fork(share(self.options)) {
                return Some(First::Fork(fork));
            }
            let begun = study.trials().len() as u64;
            // What was begun is taken up, so that it counts as far as it came.
            let known = ledger.has(&Stage::Screen.key(begun, 0)) || ledger.has_reached(begun);
            let late = begun > 0 && !known && (self.workers.interrupt.is_set() || is_past(deadline));
            if late { None } else { next(study, self.options.seed).map(First::Trial) }
        };
        let work = |first: First, teller: &Teller<'_>| {
            let (number, params, until) = match first {
                First::Trial(trial) => trial,
                First::Fork(fork) => return self.fork(&fork, share(self.options), teller, &keeper),
            };
            let recipe = self.recipe(number, &params)?;
            let shown = shown(&recipe);
            let place = Place::new(ledger, Stage::Screen, number, 0).on(teller.worker);
            if !ledger.has(&Stage::Screen.key(number, 0)) {
                let folds = self.ground.screen().len();
                let begins = TrialRecord { folds, ..begins(number, shown.clone()) };
                ledger.put(self.entries(&begins, &recipe, &params))?;
            }
            let limits = self.limits(until, self.patience(), deadline, &place);
            let mut told = Told {
                number,
                from_epoch: 0,
                teller,
                steering: self.workers.wishes.of(number, &self.workers.interrupt),
            };
            let mut run = self.run(self.ground.screen(), &recipe, 0, teller.threads, limits, &mut told)?;
            let record = TrialRecord { folds: self.ground.screen().len(), ..record(number, shown, &run) };
            teller.tell(Event::Trial(trial_event(&record)));
            let divergence = run.end.divergence();
            let mut entries = std::mem::take(&mut run.closing);
            entries.extend(self.entries(&record, &recipe, &params));
            match (record.score, run.weights, &run.end) {
                (Some(score), Some(weights), End::Complete | End::Cut) => {
                    let (cost, best_epoch) = (recipe.metric.cost(score), record.best_epoch);
                    let new = Keeper { number, cost, score, best_epoch, weights };
                    keep(&keeper, new, ledger, entries)?;
                }
                _ => ledger.put(entries)?,
            }
            Ok(Candidate { record, recipe, drawn: params, mean: run.curve, until, divergence, deals: Vec::new() })
        };
        let mut records = crew(self.workers, board, jobs, work)?;
        self.stay()?;
        records.sort_by_key(|candidate| candidate.record.number);
        self.shelf = keeper.into_inner().unwrap_or_default();
        self.records = records;
        Ok(())
    }

    /// The best of the screened trials on all folds; the others are pruned.
    pub(super) fn full_stage(&mut self, board: &mut dyn Board) -> Result<(), LabError> {
        let ranked = self.ranked();
        let going_on = (ranked.len() / 4).max(LEAST_FULL).min(ranked.len());
        let deadline = self.deadline(SHARES[1]);
        let mut queue = ranked[..going_on].iter().copied();
        let ledger = &self.workers.ledger;
        let jobs = || {
            let place = queue.next()?;
            let known = ledger.has(&Stage::Full.key(self.records[place].record.number, 0));
            let late = place != ranked[0] && !known && (self.workers.interrupt.is_set() || is_past(deadline));
            (!late).then_some(place)
        };
        let Some((_, views)) = &self.ground.folds else { return Ok(()) };
        let work = |place: usize, teller: &Teller<'_>| {
            let candidate = &self.records[place];
            let written = Place::new(ledger, Stage::Full, candidate.record.number, 0).on(teller.worker);
            let limits = self.limits(candidate.until, self.patience(), deadline, &written);
            let mut following = self.following(candidate);
            let mut run = self.run(views, self.origin(place), 0, teller.threads, limits, &mut following)?;
            ledger.put(std::mem::take(&mut run.closing))?;
            Ok((place, run))
        };
        let mut runs = crew(self.workers, board, jobs, work)?;
        self.stay()?;
        runs.sort_by_key(|(place, _)| *place);
        let mut gone_on = vec![false; self.records.len()];
        for (place, run) in runs {
            gone_on[place] = true;
            // What was only begun when the end was asked for says less than the screening.
            let is_begun = self.workers.interrupt.is_set() && run.curve.len() < self.records[place].mean.len();
            if !(is_begun && run.end == End::Cut) {
                self.records[place].take(run);
            }
        }
        for (candidate, gone_on) in self.records.iter_mut().zip(gone_on) {
            if candidate.record.state == TrialState::Complete && !gone_on {
                candidate.record.state = TrialState::Pruned;
            }
            board.post(&Event::Trial(trial_event(&candidate.record)));
        }
        self.write_trials(0..self.records.len())
    }

    /// The best of the fully measured trials on further deals of the rows.
    pub(super) fn repeat_stage(&mut self, board: &mut dyn Board) -> Result<(), LabError> {
        let ranked = self.ranked();
        let finalists = ranked[..REPEATED.min(ranked.len())].to_vec();
        let repeats = if self.options.time.is_some() { REPEATS[1] } else { REPEATS[0] };
        if finalists.len() < 2 {
            return Ok(());
        }
        for deal in 1..=repeats {
            if !self.further_deal(&finalists, deal, board)? {
                break;
            }
        }
        for &place in &finalists {
            board.post(&Event::Trial(trial_event(&self.records[place].record)));
        }
        self.write_trials(finalists.iter().copied())?;
        self.stay()
    }

    /// Writes down how trials stand.
    pub(super) fn write_trials(&self, places: impl Iterator<Item = usize>) -> Result<(), LabError> {
        let candidates = places.map(|place| &self.records[place]);
        let rows = candidates.flat_map(|Candidate { record, recipe, drawn, .. }| self.entries(record, recipe, drawn));
        self.workers.ledger.put(rows.collect())
    }

    /// A trial as it stands, for us and for Optuna.
    pub(super) fn entries(&self, record: &TrialRecord, recipe: &Recipe, drawn: &Params) -> Vec<Entry> {
        match self.workers.ledger.is_kept() {
            // A fork is a person's, and may lie outside of what is searched.
            true if record.parent.is_some() => vec![trial_entry(record, recipe)],
            true => vec![trial_entry(record, recipe), optuna_entry(&self.space, &self.rungs, record, recipe, drawn)],
            false => Vec::new(),
        }
    }

    /// # Errors
    /// [`LabError::Left`] where the search is left as it is, to go on another time.
    pub(super) fn stay(&self) -> Result<(), LabError> {
        match self.workers.ledger.leaves(&self.workers.interrupt) {
            true => Err(LabError::Left),
            false => Ok(()),
        }
    }

    /// The trials that may go on, the best first, of equal ones the lower number. Leaders come before the others, by
    /// their means.
    pub(super) fn ranked(&self) -> Vec<usize> {
        let metric = self.options.base.metric;
        let score = |place: usize| self.records[place].record.score;
        let fits = |&place: &usize| self.records[place].record.state == TrialState::Complete && score(place).is_some();
        let mut ranked: Vec<usize> = (0..self.records.len()).filter(fits).collect();
        ranked.sort_by(|&a, &b| {
            let better = metric.better_first(score(a).unwrap_or(f64::NAN), score(b).unwrap_or(f64::NAN));
            lead(metric, &self.records[a].record, &self.records[b].record).then(better).then(a.cmp(&b))
        });
        ranked
    }

    /// Trains a recipe on the views of a deal.
    pub(super) fn run(
        &self,
        views: &[View],
        recipe: &Recipe,
        deal: u64,
        threads: Threads<'_>,
        limits: Limits<'_>,
        company: &mut dyn Company,
    ) -> Result<Run, LabError> {
        let seeds = self.ground.seeds(recipe, deal, views.len());
        run(views, recipe, &seeds, self.experiment.seed(), threads, limits, company)
    }

    /// Does again what was done to a trial when it was trained for the first time.
    pub(super) fn following<'b>(&self, candidate: &'b Candidate) -> Following<'b> {
        let clock = if self.ground.folds.is_some() { Clock::Epochs } else { Clock::Updates };
        Following::new(&candidate.record.turns, clock)
    }

    /// The settings that a trial began with at its first epoch: of a fork, those of the trial that it was forked from.
    pub(super) fn origin(&self, place: usize) -> &Recipe {
        let candidate = &self.records[place];
        let parent = candidate.record.parent.and_then(|parent| self.place_of(parent.trial).ok());
        // A fork has a higher number than what it was forked from.
        parent.filter(|&parent| parent < place).map_or(&candidate.recipe, |parent| self.origin(parent))
    }

    pub(super) fn limits<'b>(
        &'b self,
        epochs: u64,
        patience: Option<u64>,
        deadline: Option<Instant>,
        place: &'b Place<'b>,
    ) -> Limits<'b> {
        Limits { epochs, patience, deadline, interrupt: &self.workers.interrupt, place }
    }
}

impl Candidate {
    fn metrics(&self, curve: &[CurvePoint]) -> Vec<f64> {
        let metric = |point: &CurvePoint| point.validation.as_ref()?.get(self.recipe.metric);
        curve.iter().map(|point| metric(point).unwrap_or(f64::NAN)).collect()
    }

    /// The metric on every deal at the best epoch of all deals together.
    pub(super) fn deal_scores(&self) -> Vec<f64> {
        let Some(epoch) = self.record.best_epoch.and_then(|epoch| usize::try_from(epoch).ok()) else {
            return Vec::new();
        };
        self.deals.iter().filter_map(|deal| deal.get(epoch).copied()).collect()
    }

    /// Puts a run on all folds in the place of the screening.
    fn take(&mut self, run: Run) {
        let before = self.record.clone();
        self.record = record(before.number, before.params, &run);
        self.record.folds = FOLDS;
        (self.record.parent, self.record.turns) = (before.parent, before.turns);
        self.record.steps += before.steps;
        self.record.seconds += before.seconds;
        if let End::Diverged(divergence) = &run.end {
            self.divergence = Some(divergence.clone());
        }
        self.deals = vec![self.metrics(&run.curve)];
        self.mean = run.curve;
    }

    /// Takes a run on a further deal into the mean curve. A run that diverged or failed is a trial that did.
    pub(super) fn add(&mut self, run: Run, deal: u64) {
        self.record.steps += run.steps;
        self.record.seconds += run.seconds;
        if let end @ (End::Diverged(_) | End::Failed(_)) = &run.end {
            let failure = end.failure();
            self.record.state = if failure.is_some() { TrialState::Failed } else { TrialState::Diverged };
            self.record.score = None;
            self.record.diverged = failure.or(self.record.diverged.take());
            self.divergence = end.divergence();
            return;
        }
        self.deals.push(self.metrics(&run.curve));
        let (past, new) = (deal as f64, 1.0);
        self.mean.truncate(run.curve.len());
        for (mean, point) in self.mean.iter_mut().zip(&run.curve) {
            let weighted = |a: f64, b: f64| (a * past + b * new) / (past + new);
            mean.train_loss = weighted(mean.train_loss, point.train_loss);
            mean.last_batch_loss = weighted(mean.last_batch_loss, point.last_batch_loss);
            if let (Some(a), Some(b)) = (&mean.validation, &point.validation) {
                mean.validation = Some(Figures::pooled(&[(past, a.clone()), (new, b.clone())]));
            }
        }
        let metric = self.recipe.metric;
        let scores = self.mean.iter().filter_map(|point| Some((point.epoch, point.validation.as_ref()?.get(metric)?)));
        let best = scores.fold(None, |best: Option<(u64, f64)>, (epoch, score)| match best {
            Some((_, lowest)) if metric.cost(score) >= metric.cost(lowest) => best,
            _ => Some((epoch, score)),
        });
        self.record.folds += FOLDS;
        self.record.curve.clone_from(&self.mean);
        self.record.best_epoch = best.map(|(epoch, _)| epoch);
        self.record.score = best.map(|(_, score)| score).filter(|score| score.is_finite());
    }
}

pub(super) fn is_past(deadline: Option<Instant>) -> bool {
    deadline.is_some_and(|deadline| Instant::now() >= deadline)
}
