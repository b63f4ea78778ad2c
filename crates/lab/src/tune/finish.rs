//! The end of a search: what is kept, measured.

use std::time::{Duration, Instant};

use caviar_engine::rng::{Purpose, Stream, derive};
use caviar_engine::train::Metric;
use caviar_tune::{Space, TrialState};

use super::selection::selected;
use super::shelf::Keeper;
use super::stages::{REPEATED, is_past};
use super::{FOLDS, Hunt};
use crate::board::Board;
use crate::committee;
use crate::crew::{Teller, crew};
use crate::error::{Divergence, LabError};
use crate::experiment::View;
use crate::finished::{Best, CurvePoint, Finished, TrialRecord, Validated};
use crate::judge::{Choice, Judged, judge};
use crate::ledger::{Place, Stage};
use crate::measure::{class_weights, figures_of};
use crate::model::{Model, Network, Weighting};
use crate::network::Weights;
use crate::options::{Interrupt, Keep};
use crate::recipe::Recipe;
use crate::run::{End, Limits, Run, run};
use crate::sample::sample;

/// Of the time, for the members of the committee.
const REFIT_SHARE: f64 = 0.985;
/// A network whose error is more than so many times that of the best one makes an average worse.
const MOST_ERROR: f64 = 1.25;
/// A search that was ended from outside trains what it keeps for so long.
const HURRY: Duration = Duration::from_millis(150);
/// Where the seeds of a committee's members begin, beyond those of all folds.
const MEMBER_SEEDS: u64 = 1 << 32;

/// An average is chosen by at most so many validation rows.
const MOST_ROWS: usize = 10_000;
/// Where the draw of these rows begins, beyond those of resampling and of the columns' importance.
const CHOOSING: u64 = 2 << 32;

/// What is kept.
struct Kept {
    /// The best trial's place among all.
    place: usize,
    view: View,
    /// The best trial's settings.
    recipe: Recipe,
    choice: Choice,
    /// Networks that were trained for them.
    members: usize,
    /// The curve of the first of these.
    refit: Vec<CurvePoint>,
    steps: u64,
}

/// Networks trained anew for one trial.
struct Refit {
    recipe: Recipe,
    runs: Vec<Run>,
}

/// Whether a score is good enough to be averaged with the best one: its error is at most a quarter larger. The error of what
/// is at most 1 is what it lacks.
pub(super) fn is_near(metric: Metric, best: f64, score: f64) -> bool {
    let error = |score: f64| if metric.higher_is_better() { 1.0 - score } else { score };
    error(score) <= MOST_ERROR * error(best)
}

impl Hunt<'_> {
    /// Trains the best on all rows where trials were cross-validated, and measures what is kept.
    pub(super) fn finish(self, space: Space, board: &mut dyn Board) -> Result<Finished, LabError> {
        let kept = match &self.ground.folds {
            Some((rows, _)) => self.trained_anew(self.experiment.view_of(rows, &[])?, board)?,
            None => self.kept()?,
        };
        let interrupted = self.workers.interrupt.is_set();
        let Kept { place, view, recipe, choice, members, refit, steps } = kept;
        let judged = judge(self.experiment, &view, choice, self.workers.threads, !interrupted)?;
        let record = &self.records[place].record;
        let epochs = record.best_epoch.map_or(record.epochs, |epoch| epoch + 1);
        let of_folds = || {
            let best = record.best_epoch?;
            record.curve.iter().find(|point| point.epoch == best)?.validation.clone()
        };
        let folded = self.ground.folds.is_some();
        let Judged { train, held_out, test, baselines, rivals, part, assessment, confusion, surface, model } = judged;
        Ok(Finished {
            best: Best { trial: record.number, params: record.params.clone(), recipe, epochs, score: record.score },
            train,
            validation: if folded { of_folds() } else { held_out },
            validated: if folded { Validated::Folds(FOLDS) } else { Validated::HeldOut },
            test,
            metric: self.options.base.metric,
            steps: self.records.iter().map(|candidate| candidate.record.steps).sum::<u64>() + steps,
            refit,
            members,
            baselines,
            rivals,
            part,
            importance: assessment.importance,
            calibration: assessment.calibration,
            roc: assessment.roc,
            precision_recall: assessment.precision_recall,
            confusion,
            surface,
            model,
            data: self.experiment.report().clone(),
            space: Some(space),
            interrupted,
            seconds: self.elapsed().as_secs_f64(),
            spans: self.workers.ledger.spans(),
            trials: self.records.into_iter().map(|candidate| candidate.record).collect(),
        })
    }

    /// The best trials' configurations, each trained anew on all rows by a committee.
    fn trained_anew(&self, whole: View, board: &mut dyn Board) -> Result<Kept, LabError> {
        let wanted = match self.options.keep {
            Keep::Best => 1,
            Keep::Ensemble => REPEATED,
        };
        let mut best = None;
        let (mut networks, mut trained, mut steps) = (Vec::new(), 0, 0);
        let ranked = self.ranked();
        let score = |place: usize| self.records[place].record.score.unwrap_or(f64::NAN);
        for &place in &ranked {
            if !is_near(self.options.base.metric, score(ranked[0]), score(place)) {
                break;
            }
            // The first is always trained; without it nothing is kept.
            let known = self.workers.ledger.has(&Stage::Refit.key(self.records[place].record.number, 0));
            let late = !known && (self.workers.interrupt.is_set() || is_past(self.deadline(REFIT_SHARE)));
            if networks.len() == wanted || (late && !networks.is_empty()) {
                break;
            }
            let Refit { recipe, runs } = self.refit(place, &whole, board)?;
            steps += runs.iter().map(|run| run.steps).sum::<u64>();
            let curve = runs.first().map(|run| run.curve.clone()).unwrap_or_default();
            let members: Vec<Weights> = runs.into_iter().filter_map(|run| run.weights).collect();
            if members.is_empty() {
                continue;
            }
            trained += members.len();
            let weights = committee::mean(&members, recipe.hidden.len() + 1)?;
            let hidden = recipe.hidden.iter().map(|units| units * members.len()).collect();
            networks.push(Network { recipe: Recipe { hidden, ..recipe.clone() }, count: 1, weights });
            best = best.or(Some((place, recipe, curve)));
        }
        let (place, recipe, refit) = best.ok_or_else(|| self.no_trial())?;
        let choice = Choice { kept: networks, beside: Vec::new(), averaged: "trials" };
        Ok(Kept { place, view: whole, recipe, choice, members: trained, refit, steps })
    }

    /// Trains the members of a trial's committee, each with a seed of its own, the first with the trial's.
    ///
    /// The first is trained to its end, or not for long where the search was ended from outside; the others as far as the
    /// time goes.
    fn refit(&self, place: usize, view: &View, board: &mut dyn Board) -> Result<Refit, LabError> {
        let candidate = &self.records[place];
        let epochs = candidate.record.best_epoch.map_or(candidate.record.epochs, |epoch| epoch + 1);
        let horizon = candidate.recipe.horizon.or(Some(candidate.recipe.epochs));
        let recipe = Recipe { epochs, horizon, patience: None, ..candidate.recipe.clone() };
        // A schedule that a person has set goes by the epochs that there were to be.
        let trained = self.origin(place).clone();
        let trained = Recipe { horizon: trained.horizon.or(Some(trained.epochs)), patience: None, ..trained };
        let deadline = self.deadline(REFIT_SHARE);
        let hurry = self.workers.interrupt.is_set().then(|| Instant::now() + HURRY);
        let mut queue = 0..committee::members(&recipe.hidden) as u64;
        let work = |member: u64, teller: &Teller<'_>| {
            let never = Interrupt::default();
            let first = member == 0;
            let ledger = &self.workers.ledger;
            let interrupt = if first && !ledger.is_kept() { &never } else { &self.workers.interrupt };
            let place = &Place::new(ledger, Stage::Refit, candidate.record.number, member).on(teller.worker);
            let limits =
                Limits { epochs, patience: None, deadline: if first { hurry } else { deadline }, interrupt, place };
            let seed =
                if first { recipe.seed } else { derive(recipe.seed, Purpose::Trial, MEMBER_SEEDS + member) >> 11 };
            let views = std::slice::from_ref(view);
            let mut following = self.following(candidate);
            let mut run =
                run(views, &trained, &[seed], self.experiment.seed(), teller.threads, limits, &mut following)?;
            ledger.put(std::mem::take(&mut run.closing))?;
            Ok((member, run))
        };
        let mut runs = crew(self.workers, board, || queue.next(), work)?;
        self.stay()?;
        runs.sort_by_key(|(member, _)| *member);
        let whole = |(member, run): &(u64, Run)| {
            run.end != End::Cut || run.curve.len() as u64 == epochs || (hurry.is_some() && *member == 0)
        };
        let runs = runs.into_iter().filter(whole).map(|(_, run)| run).collect();
        Ok(Refit { recipe, runs })
    }

    /// Of the networks that were kept while trials ran, the best trial's, and those whose average is best on the
    /// validation rows.
    fn kept(&self) -> Result<Kept, LabError> {
        let (Some(best), Some(view)) = (self.shelf.first(), &self.ground.held_out) else { return Err(self.no_trial()) };
        let place = self.place_of(best.number).map_err(|_| self.no_trial())?;
        let recipe = self.recipe_at(place);
        let alone = Network { recipe: recipe.clone(), count: 1, weights: best.weights.clone() };
        let average = self.average(view)?;
        let choice = match self.options.keep {
            Keep::Ensemble if average.len() > 1 => Choice { kept: average, beside: Vec::new(), averaged: "networks" },
            Keep::Ensemble | Keep::Best => Choice { beside: average, ..Choice::of(alone) },
        };
        let members = choice.kept.len();
        Ok(Kept { place, view: view.clone(), recipe, choice, members, refit: Vec::new(), steps: 0 })
    }

    /// A trial's settings, with the patience that it was trained by.
    fn recipe_at(&self, place: usize) -> Recipe {
        Recipe { patience: self.patience(), ..self.records[place].recipe.clone() }
    }

    /// The networks whose average is best on the validation rows, from the best trials' and the leaders' with further
    /// seeds; the first is the best trial's.
    fn average(&self, view: &View) -> Result<Vec<Network>, LabError> {
        let Some(held_out) = &view.held_out else { return Ok(Vec::new()) };
        // Whoever ends a search waits for no more than the best.
        if self.workers.interrupt.is_set() {
            return Ok(Vec::new());
        }
        let of_trial = |keeper: &Keeper| {
            let recipe = self.recipe_at(self.place_of(keeper.number).ok()?);
            Some(Network { recipe, count: 1, weights: keeper.weights.clone() })
        };
        let mut pool: Vec<Network> = self.shelf.iter().filter_map(of_trial).collect();
        pool.extend(self.further.iter().cloned());
        let stream = Stream::new(self.experiment.seed(), Purpose::Resample, CHOOSING);
        let data = sample(held_out, MOST_ROWS, &stream)?;
        let weighting = Weighting { column: None, classes: class_weights(&self.base, &view.train, &view.target)? };
        let model = Model::new(view.encoder.clone(), view.target.clone(), pool, weighting);
        let answers = model.answers_of_each(data.features(), self.workers.threads)?;
        let metric = self.options.base.metric;
        let counts = selected(&answers, self.workers.threads, |answers| {
            let figures = figures_of(answers, &data, &model);
            [metric.cost(figures.get(metric).unwrap_or(f64::NAN)), figures.loss()]
        });
        let pool = model.into_networks().into_iter().zip(counts);
        Ok(pool.filter(|(_, count)| *count > 0).map(|(network, count)| Network { count, ..network }).collect())
    }

    fn no_trial(&self) -> LabError {
        let diverged = |state: TrialState| state == TrialState::Diverged;
        let first: Option<Divergence> = self.records.iter().find_map(|candidate| candidate.divergence.clone());
        let is_failed = |record: &&TrialRecord| record.state == TrialState::Failed;
        let failed = self.records.iter().map(|candidate| &candidate.record).find(is_failed);
        if first.is_none() && failed.is_none() && self.workers.interrupt.is_set() {
            return LabError::Interrupted;
        }
        LabError::NoTrial {
            failure: failed.and_then(|record| record.diverged.clone()),
            trials: self.records.len() as u64,
            diverged: self.records.iter().filter(|candidate| diverged(candidate.record.state)).count() as u64,
            first,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::is_near;
    use caviar_engine::train::Metric;

    #[test]
    fn a_quarter_more_error_is_near() {
        assert!(is_near(Metric::Loss, 0.4, 0.5) && !is_near(Metric::Loss, 0.4, 0.51));
        assert!(is_near(Metric::Accuracy, 0.9, 0.88) && !is_near(Metric::Accuracy, 0.9, 0.87));
        assert!(is_near(Metric::Accuracy, 1.0, 1.0) && !is_near(Metric::Accuracy, 1.0, 0.99));
    }
}
