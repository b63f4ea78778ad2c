//! The leaders of a search, trained again with further seeds.

use std::time::Duration;

use caviar_engine::rng::{Purpose, derive};
use caviar_tune::TrialState;

use super::finish::is_near;
use super::stages::is_past;
use super::{FOLDS, Hunt, views};
use crate::board::{Board, Event};
use crate::crew::{Teller, crew};
use crate::error::LabError;
use crate::ledger::{Place, Stage};
use crate::model::Network;
use crate::options::TuneOptions;
use crate::recipe::Recipe;
use crate::run::{End, Run};
use crate::standing::{Standing, standings};
use crate::train::trial_event;

/// At most so many trials are leaders.
pub(super) const LEADERS: usize = 5;
/// With a time, what is left of it goes into further seeds, up to so many.
const SEEDS_IN_TIME: u64 = 12;
/// So many of their networks are kept, to choose an average from.
const KEPT: usize = 40;
/// Fewer trials are no search whose leader is in doubt.
const FEWEST_TRIALS: usize = 8;
/// Of the time, for trials that are held out where leaders get further seeds after them, and until the end of these.
const SHARES: [f64; 2] = [0.82, 0.985];
/// Where the further seeds of leaders begin, beyond those of folds and committees.
const SEEDS: u64 = 2 << 32;

/// Of the time, for trials where rows are held out.
pub(super) fn share(options: &TuneOptions) -> f64 {
    if options.leader_seeds > 0 { SHARES[0] } else { SHARES[1] }
}

impl Hunt<'_> {
    /// Trains the leaders again with further seeds and puts the one with the best mean first.
    ///
    /// Leaders are the best trials whose error is at most a quarter larger than that of the best one, two to five. The
    /// further seeds of all of them cost at most as many epochs as the search did, two leaders always get theirs; with
    /// a time, as many leaders as it has room for, and then as many seeds. A search of fewer than eight trials has no
    /// leaders.
    pub(super) fn held_out_leaders(&mut self, board: &mut dyn Board) -> Result<(), LabError> {
        let deadline = self.deadline(SHARES[1]);
        let leaders = self.leaders(deadline.map(|end| end.saturating_duration_since(std::time::Instant::now())))?;
        if leaders.len() < 2 {
            return Ok(());
        }
        let mut scores: Vec<Vec<f64>> = self.shelf[..leaders.len()].iter().map(|keeper| vec![keeper.score]).collect();
        let ledger = self.workers.ledger.clone();
        for seed in 1..=self.seeds() {
            let key = |place: usize| Stage::Leader.key(self.records[place].record.number, seed);
            let known = leaders.iter().all(|&place| ledger.has(&key(place)));
            if !known && (self.workers.interrupt.is_set() || is_past(deadline)) {
                break;
            }
            let mut queue = 0..leaders.len();
            let work = |rank: usize, teller: &Teller<'_>| {
                let candidate = &self.records[leaders[rank]];
                let recipe = Recipe { seed: own_seed(&candidate.recipe, seed), ..candidate.recipe.clone() };
                let place = Place::new(&ledger, Stage::Leader, candidate.record.number, seed).on(teller.worker);
                let limits = self.limits(candidate.until, self.patience(), deadline, &place);
                let mut following = self.following(candidate);
                let mut run = self.run(self.ground.screen(), &recipe, 0, teller.threads, limits, &mut following)?;
                ledger.put(std::mem::take(&mut run.closing))?;
                Ok((rank, run))
            };
            let mut runs = crew(self.workers, board, || queue.next(), work)?;
            self.stay()?;
            // Only whole rounds count, so that the leaders are compared seed by seed.
            if runs.iter().any(|(_, run)| run.end == End::Cut) {
                break;
            }
            runs.sort_by_key(|(rank, _)| *rank);
            for (rank, run) in runs {
                self.records[leaders[rank]].record.steps += run.steps;
                self.records[leaders[rank]].record.seconds += run.seconds;
                scores[rank].push(score_of(&run));
                if let Some(weights) = run.weights.filter(|_| self.further.len() < KEPT) {
                    let recipe = Recipe { patience: self.patience(), ..self.records[leaders[rank]].recipe.clone() };
                    let recipe = Recipe { seed: own_seed(&recipe, seed), ..recipe };
                    self.further.push(Network { recipe, count: 1, weights });
                }
            }
        }
        self.settle(&leaders, &scores, board)
    }

    /// How many further seeds there are at most: with a time, as many as there is room for.
    fn seeds(&self) -> u64 {
        let asked = self.options.leader_seeds;
        if self.options.is_timed() { asked.max(SEEDS_IN_TIME) } else { asked }
    }

    /// The places of the leaders, the best first, all of them on the shelf.
    fn leaders(&self, time: Option<Duration>) -> Result<Vec<usize>, LabError> {
        let scored = self.records.iter().filter(|candidate| candidate.record.score.is_some()).count();
        let (Some(best), true) = (self.shelf.first(), scored >= FEWEST_TRIALS) else { return Ok(Vec::new()) };
        let metric = self.options.base.metric;
        let near = self.shelf.iter().filter(|keeper| is_near(metric, best.score, keeper.score)).count();
        let near = self.shelf.iter().take(near.max(2));
        // A fork began with weights of another trial: no further seed repeats that.
        let forked = |place: &usize| self.records[*place].record.parent.is_some();
        let places = near.filter_map(|keeper| self.place_of(keeper.number).ok()).take_while(|place| !forked(place));
        let places: Vec<usize> = places.take(LEADERS).collect();
        if places.len() < 2 || self.options.leader_seeds == 0 {
            return Ok(Vec::new());
        }
        let seeds = self.options.leader_seeds;
        let cost = |count: &usize| -> u64 {
            places[..*count].iter().map(|&place| self.records[place].record.epochs.saturating_mul(seeds)).sum()
        };
        let searched: u64 = self.records.iter().map(|candidate| candidate.record.epochs).sum();
        let counts = (2..=places.len()).rev();
        let count = match time.filter(|_| self.options.is_timed()) {
            None => counts.into_iter().find(|count| cost(count) <= searched),
            Some(time) => {
                let seconds: f64 = self.records.iter().map(|candidate| candidate.record.seconds).sum();
                let each = seconds / searched.max(1) as f64;
                let room = time.as_secs_f64() * self.workers.threads.max(1) as f64;
                counts.into_iter().find(|count| cost(count) as f64 * each <= room)
            }
        };
        let count = count.unwrap_or(2).min(places.len()) as u64;
        // By the clock, but once and for all.
        let count = self.workers.ledger.decided(Stage::Room.key(1, 0), count)?;
        Ok(places.into_iter().take(usize::try_from(count).unwrap_or(LEADERS)).collect())
    }

    /// Says how the leaders stand, and keeps the first.
    fn settle(&mut self, leaders: &[usize], scores: &[Vec<f64>], board: &mut dyn Board) -> Result<(), LabError> {
        if scores.iter().all(|scores| scores.len() < 2) {
            return Ok(());
        }
        for (&place, repeats) in leaders.iter().zip(standings(self.options.base.metric, scores)) {
            self.records[place].record.repeats = Some(repeats);
        }
        for keeper in &self.shelf[..leaders.len()] {
            let Ok(place) = self.place_of(keeper.number) else { continue };
            let record = &mut self.records[place].record;
            // As with what is kept, it counts as it was at its best.
            (record.state, record.score) = (TrialState::Complete, Some(keeper.score));
            (record.best_epoch, record.diverged) = (keeper.best_epoch, None);
            board.post(&Event::Trial(trial_event(record)));
        }
        if let Some(first) = self.first(leaders)
            && let Some(rank) = leaders.iter().position(|place| *place == first)
        {
            self.shelf[..=rank].rotate_right(1);
        }
        self.write_trials(leaders.iter().copied())
    }

    /// The leader that is first.
    pub(super) fn first(&self, leaders: &[usize]) -> Option<usize> {
        let is_first = |place: &usize| {
            self.records[*place].record.repeats.as_ref().is_some_and(|repeats| repeats.standing == Standing::First)
        };
        leaders.iter().copied().find(is_first)
    }

    /// In a cross-validated search the further deals are the further seeds: the leaders get as many as are asked for, and
    /// are compared deal by deal.
    pub(super) fn folded_leaders(&mut self, board: &mut dyn Board) -> Result<(), LabError> {
        let ranked = self.ranked();
        let deals = |place: usize| self.records[place].deals.len();
        let Some(&best) = ranked.first() else { return Ok(()) };
        let scored = self.records.iter().filter(|candidate| candidate.record.score.is_some()).count();
        let metric = self.options.base.metric;
        let score = |place: usize| self.records[place].record.score.unwrap_or(f64::NAN);
        let near = ranked.iter().filter(|&&place| is_near(metric, score(best), score(place))).count();
        let near = ranked.iter().copied().take(near.clamp(2, LEADERS));
        let leaders: Vec<usize> = near.filter(|&place| deals(place) == deals(best)).collect();
        if leaders.len() < 2 || scored < FEWEST_TRIALS || self.options.leader_seeds == 0 {
            return Ok(());
        }
        let done = deals(best).saturating_sub(1) as u64;
        for deal in done + 1..=self.options.leader_seeds {
            if !self.further_deal(&leaders, deal, board)? {
                break;
            }
        }
        let scores: Vec<Vec<f64>> = leaders.iter().map(|&place| self.records[place].deal_scores()).collect();
        if scores.iter().any(|scores| scores.len() < 2) {
            return Ok(());
        }
        for (&place, repeats) in leaders.iter().zip(standings(metric, &scores)) {
            self.records[place].record.repeats = Some(repeats);
            board.post(&Event::Trial(trial_event(&self.records[place].record)));
        }
        self.write_trials(leaders.iter().copied())
    }

    /// Measures trials on a further deal of the rows; whether it was measured.
    pub(super) fn further_deal(
        &mut self,
        finalists: &[usize],
        deal: u64,
        board: &mut dyn Board,
    ) -> Result<bool, LabError> {
        self.stay()?;
        let deadline = self.deadline(super::stages::SHARES[2]);
        let Some((rows, _)) = &self.ground.folds else { return Ok(false) };
        let ledger = &self.workers.ledger;
        let known = finalists.iter().all(|&place| {
            let number = self.records[place].record.number;
            ledger.has(&Stage::Repeat.key(number, deal))
        });
        if !known && (self.workers.interrupt.is_set() || is_past(deadline)) {
            return Ok(false);
        }
        // Another deal may leave a fold that cannot be encoded; then there is no further one.
        let Ok(views) = views(self.experiment, rows, deal) else { return Ok(false) };
        debug_assert_eq!(views.len(), FOLDS);
        let mut queue = finalists.iter().copied();
        let work = |place: usize, teller: &Teller<'_>| {
            let candidate = &self.records[place];
            let epochs = candidate.mean.len() as u64;
            let recipe = self.origin(place).clone();
            let recipe = Recipe { horizon: recipe.horizon.or(Some(recipe.epochs)), ..recipe };
            let written = Place::new(ledger, Stage::Repeat, candidate.record.number, deal).on(teller.worker);
            let limits = self.limits(epochs, None, deadline, &written);
            let mut run = self.run(&views, &recipe, deal, teller.threads, limits, &mut self.following(candidate))?;
            ledger.put(std::mem::take(&mut run.closing))?;
            Ok((place, run))
        };
        let mut runs = crew(self.workers, board, || queue.next(), work)?;
        self.stay()?;
        // Only whole rounds count, so that the finalists are measured alike.
        if runs.iter().any(|(_, run)| run.end == End::Cut && self.is_cut_short(run, finalists)) {
            return Ok(false);
        }
        runs.sort_by_key(|(place, _)| *place);
        for (place, run) in runs {
            self.records[place].add(run, deal);
        }
        Ok(true)
    }

    /// Whether a cut run lacks epochs that the trials had before.
    fn is_cut_short(&self, run: &Run, finalists: &[usize]) -> bool {
        let longest = finalists.iter().map(|&place| self.records[place].mean.len()).max().unwrap_or(0);
        run.curve.len() < longest
    }
}

/// A further seed of a trial.
fn own_seed(recipe: &Recipe, seed: u64) -> u64 {
    derive(recipe.seed, Purpose::Trial, SEEDS + seed) >> 11
}

/// The score of a run; NaN of one that diverged or failed.
fn score_of(run: &Run) -> f64 {
    match (&run.end, run.best) {
        (End::Diverged(_) | End::Failed(_), _) | (_, None) => f64::NAN,
        (End::Complete | End::Cut | End::Left, Some((_, score))) => score,
    }
}
