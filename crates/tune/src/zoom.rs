use std::collections::VecDeque;

use crate::budget::Budget;
use crate::rungs::{cost, rungs, survivors};
use crate::sampler::Uniform;
use crate::scale::ScaleForm;
use crate::space::Space;
use crate::trial::{Trial, TrialState};
use crate::value::Params;

/// Generations at a budget of ten full trainings; with the root of the budget there are more.
const GENERATIONS: f64 = 4.0;
/// At most so many.
const MOST_GENERATIONS: f64 = 12.0;
/// The first generation, whose trials lie anywhere, gets so many times the share of the others.
const FIRST: f64 = 1.4;
/// The width of the box around the best trial, in the unit interval of each scale: in the second generation and in the
/// last one, in equal ratios between.
const WIDTHS: [f64; 2] = [1.0, 0.25];
/// Trials after which a budget that is told while it is used is asked for again, in the first generation.
const MEASURED: u64 = 12;
/// New trials for which a further generation is worth while, if there is time left.
const SMALLEST: u64 = 9;
/// Trials of a rung by which the best one is found.
const COMPARED: usize = 2;

/// What a study does next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Step {
    /// A new trial up to this epoch.
    New(u64),
    /// A trial that goes on up to this epoch.
    GoOn(u64, u64),
    /// Nothing before a result.
    Wait,
    /// Nothing any more.
    Done,
}

/// Zoom and successive halving: generations of trials, each thinned out at every rung, each around the best so far.
///
/// ```text
/// generations  G = 4 √(budget / 10 full trainings)
/// generation   n new trials to the first rung; the best n/3 trials there go on to the second, n/9 to the third, ...;
///              trials of earlier generations that stopped at that rung take part
/// first        anywhere in the space
/// later        in a box around the best trial of the highest rung with two, w wide in the unit interval of each scale, what lies
///              outside moved to the wall; w falls from 1 to 0.25. A choice is drawn anew with probability w
/// rest         of a budget of epochs: the best trials that are not trained in full yet
/// ```
///
/// - **Convention:** a wave (all trials of a generation on their way to one rung) ends before the next one begins, so that
///   neither threads nor the order of results decide anything. Ties go to the lower number.
/// - **Reference:** Jamieson & Talwalkar 2016, "Non-stochastic best arm identification".
#[derive(Debug, Clone)]
pub(crate) struct Zoom {
    rungs: Vec<u64>,
    /// Epochs of all trials, about.
    planned: f64,
    generations: u64,
    /// Of the wave at work, from 0.
    generation: u64,
    /// Where the wave at work goes.
    rung: usize,
    /// How many trials of the generation reach each rung.
    reaching: Vec<u64>,
    /// New trials that are still to be asked for.
    fresh: u64,
    /// Trials that are to go on.
    wave: VecDeque<u64>,
    at_work: u64,
    trials_left: u64,
    epochs_left: Option<u64>,
    /// Whether the epochs that are left are told from outside: then there are generations as long as there is room.
    is_timed: bool,
    rested: bool,
    entries: Vec<Entry>,
}

/// What is known of a trial.
#[derive(Debug, Clone)]
struct Entry {
    /// Its place in the unit interval of each parameter, of those too that it does not have.
    place: Vec<f64>,
    /// The score at each rung that it has reached.
    scores: Vec<f64>,
}

impl Zoom {
    pub(crate) fn new(budget: Budget) -> Zoom {
        let mut zoom = Zoom {
            rungs: rungs(budget.most_epochs()),
            planned: 0.0,
            generations: 1,
            generation: 0,
            rung: 0,
            reaching: Vec::new(),
            fresh: 0,
            wave: VecDeque::new(),
            at_work: 0,
            trials_left: budget.most_trials(),
            epochs_left: budget.total_epochs(),
            is_timed: false,
            rested: false,
            entries: Vec::new(),
        };
        zoom.plan();
        zoom
    }

    /// For a budget that is told while it is used: it begins with so many trials, by which it can be measured.
    pub(crate) fn timed(budget: Budget) -> Zoom {
        let mut zoom = Zoom::new(budget);
        (zoom.is_timed, zoom.fresh) = (true, MEASURED.min(budget.most_trials()));
        zoom
    }

    /// Sets how many generations there are, and begins the first of them.
    fn plan(&mut self) {
        let full = self.rungs.last().copied().unwrap_or(1).max(1) as f64;
        let begun = self.entries.len() as u64;
        let of_trials = (self.trials_left + begun) as f64 * cost(1000, &self.rungs) as f64 / 1000.0;
        let spent = begun * self.rungs.first().copied().unwrap_or(0);
        self.planned = self.epochs_left.map_or(of_trials, |left| of_trials.min((left + spent) as f64));
        let trainings = self.planned / full;
        let generations = (GENERATIONS * (trainings / 10.0).sqrt()).round();
        self.generations = generations.min(trainings).clamp(1.0, MOST_GENERATIONS) as u64;
        self.size(begun);
    }

    /// What to do next; what it says is done.
    pub(crate) fn next(&mut self, trials: &[Trial]) -> Step {
        loop {
            let to = self.rungs[self.rung];
            if self.fresh > 0 {
                (self.fresh, self.at_work) = (self.fresh - 1, self.at_work + 1);
                return Step::New(to);
            }
            if let Some(trial) = self.wave.pop_front() {
                self.at_work += 1;
                return Step::GoOn(trial, to);
            }
            if self.at_work > 0 {
                return Step::Wait;
            }
            if !self.advance(trials) {
                return Step::Done;
            }
        }
    }

    /// The place of a new trial: the given values where they are, the others drawn.
    ///
    /// The draw for a parameter has the key `(trial, attempt · dimensions + position)`.
    pub(crate) fn place(&self, space: &Space, start: &Params, key: (u64, u64), uniform: Uniform<'_>) -> Vec<f64> {
        let (trial, attempt) = key;
        let dimensions = space.parameters().len() as u64;
        let draw = |position: u64| uniform(trial, attempt * dimensions + position);
        let near = if self.generation > 0 { self.best() } else { None };
        let place = |(parameter, position): (&crate::Parameter, u64)| {
            let given = start.get(&parameter.name).and_then(|value| parameter.scale.to_unit(value));
            let drawn = draw(position);
            given.unwrap_or_else(|| match near {
                Some(best) => beside(parameter.scale.form(), best.place[position as usize], self.width(), drawn),
                None => drawn,
            })
        };
        space.parameters().iter().zip(0..).map(place).collect()
    }

    /// A new trial was begun at this place.
    pub(crate) fn begun(&mut self, place: Vec<f64>) {
        self.trials_left = self.trials_left.saturating_sub(1);
        self.pay(self.rungs.first().copied().unwrap_or(0));
        self.entries.push(Entry { place, scores: Vec::new() });
    }

    /// The new trial that was asked for cannot be had.
    pub(crate) fn withdrawn(&mut self) {
        (self.at_work, self.fresh, self.trials_left) = (self.at_work.saturating_sub(1), 0, 0);
    }

    /// A trial has ended its way; with a score where it has come to the rung and may go on.
    pub(crate) fn told(&mut self, trial: u64, to: u64, score: Option<f64>) {
        self.at_work = self.at_work.saturating_sub(1);
        let rung = self.rungs.iter().position(|&rung| rung == to);
        if let (Some(entry), Some(rung), Some(score)) = (self.entries.get_mut(trial as usize), rung, score) {
            // One that goes on over several rungs at once has the same score at those between.
            entry.scores.resize(rung + 1, score);
        }
    }

    /// The epochs of all trials, about.
    pub(crate) fn planned(&self) -> u64 {
        self.planned as u64
    }

    /// Sets the epochs that are left to be trained.
    pub(crate) fn set_epochs_left(&mut self, epochs: u64) {
        self.epochs_left = Some(epochs);
        if self.generation == 0 && self.rung == 0 && self.at_work == 0 {
            self.plan();
            self.fresh = self.fresh.min(MEASURED);
        }
    }

    /// The epochs at which trials are compared.
    pub(crate) fn rungs(&self) -> &[u64] {
        &self.rungs
    }

    fn pay(&mut self, epochs: u64) {
        self.epochs_left = self.epochs_left.map(|left| left.saturating_sub(epochs));
    }

    /// The next wave, or the next generation; whether there is one.
    fn advance(&mut self, trials: &[Trial]) -> bool {
        let before = self.rung;
        if !self.rested && before + 1 < self.rungs.len() {
            self.rung += 1;
            let most = self.reaching[self.rung];
            self.go_on(trials, before, most);
            return true;
        }
        self.generation += 1;
        if self.is_timed && self.epochs_left.is_some_and(|left| left >= cost(SMALLEST, &self.rungs)) {
            self.generations = self.generations.max(self.generation + 1);
        }
        if !self.rested && self.generation < self.generations && self.size(0) {
            return true;
        }
        self.rest(trials)
    }

    /// Sends the best trials that have stopped at a rung on.
    fn go_on(&mut self, trials: &[Trial], from: usize, most: u64) {
        let price = self.rungs[self.rung] - self.rungs[from];
        for trial in self.ranked(trials, from).into_iter().take(most as usize) {
            if self.epochs_left.is_none_or(|left| left >= price) {
                self.pay(price);
                self.wave.push_back(trial);
            }
        }
    }

    /// Begins a generation, or goes on with one that has begun so many trials; whether there is room for one.
    fn size(&mut self, begun: u64) -> bool {
        let rest = self.generations.saturating_sub(self.generation).max(1) as f64;
        let share = if self.generation == 0 { FIRST / (rest - 1.0 + FIRST) } else { 1.0 / rest };
        let mut fresh = ((self.trials_left + begun) as f64 * share).round() as u64;
        if let Some(left) = self.epochs_left {
            let left = left + begun * self.rungs.first().copied().unwrap_or(0);
            let share = (left as f64 * share) as u64;
            // About one trial for each first rung is an upper bound.
            let (mut low, mut high) = (0, share + 1);
            while high - low > 1 {
                let middle = low + (high - low) / 2;
                if cost(middle, &self.rungs) <= share { low = middle } else { high = middle }
            }
            let one = u64::from(cost(1, &self.rungs) <= left);
            fresh = fresh.min(low.max(one));
        }
        self.rung = 0;
        self.reaching = survivors(fresh.max(begun), self.rungs.len());
        self.fresh = fresh.saturating_sub(begun);
        fresh > 0
    }

    /// Sends the best trials straight to the last rung, as far as the epochs go; whether any goes.
    fn rest(&mut self, trials: &[Trial]) -> bool {
        if self.epochs_left.is_none() || self.rested {
            return false;
        }
        (self.rested, self.rung) = (true, self.rungs.len() - 1);
        for from in (0..self.rung).rev() {
            self.go_on(trials, from, u64::MAX);
        }
        !self.wave.is_empty()
    }

    /// The trials that have stopped at a rung, the best first.
    fn ranked(&self, trials: &[Trial], rung: usize) -> Vec<u64> {
        let stopped = self
            .entries
            .iter()
            .zip(trials)
            .filter(|(entry, trial)| entry.scores.len() == rung + 1 && trial.state == TrialState::Pruned);
        let mut ranked: Vec<(f64, u64)> =
            stopped.filter_map(|(entry, trial)| Some((*entry.scores.last()?, trial.number))).collect();
        ranked.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
        ranked.into_iter().map(|(_, number)| number).collect()
    }

    /// The best trial of the highest rung that so many have reached.
    fn best(&self) -> Option<&Entry> {
        let reached = |rung: usize| self.entries.iter().filter(move |entry| entry.scores.len() > rung);
        let rung = (0..self.rungs.len()).rev().find(|&rung| rung == 0 || reached(rung).count() >= COMPARED)?;
        // Of equal ones the first.
        reached(rung).min_by(|a, b| a.scores[rung].total_cmp(&b.scores[rung]))
    }

    /// How wide the box of this generation is.
    fn width(&self) -> f64 {
        let steps = self.generations.saturating_sub(2).max(1) as f64;
        let along = (self.generation.saturating_sub(1) as f64 / steps).min(1.0);
        let [first, last] = WIDTHS.map(libm::log);
        libm::exp(first * (1.0 - along) + last * along)
    }
}

/// A place near another one, in a box of this width; `drawn` is uniform in the unit interval.
fn beside(form: &ScaleForm, best: f64, width: f64, drawn: f64) -> f64 {
    let within = |low: f64, drawn: f64| (best + width * (1.0 - low) * (drawn - 0.5)).clamp(low, 1.0);
    // With the probability of the width anew; else what was drawn is spread over the unit interval again.
    let (anew, kept) = (drawn / width, (drawn - width) / (1.0 - width));
    match form {
        ScaleForm::Linear { .. }
        | ScaleForm::Log { .. }
        | ScaleForm::OneMinusLog { .. }
        | ScaleForm::Integer { .. } => within(0.0, drawn),
        ScaleForm::Choice { .. } | ScaleForm::ZeroOr { .. } if drawn < width => anew,
        ScaleForm::Choice { .. } => best,
        ScaleForm::ZeroOr { zero_prob, .. } if best < *zero_prob => best,
        ScaleForm::ZeroOr { zero_prob, .. } => within(*zero_prob, kept),
    }
}

#[cfg(test)]
mod tests {
    use super::beside;
    use crate::scale::Scale;

    #[test]
    fn a_place_lies_in_the_box_or_on_the_wall() {
        let linear = Scale::linear(3.0, 8.0).unwrap();
        for (best, drawn, expected) in [(0.5, 0.0, 0.25), (0.5, 1.0, 0.75), (0.1, 0.0, 0.0), (0.9, 0.9, 1.0)] {
            assert!((beside(linear.form(), best, 0.5, drawn) - expected).abs() < 1e-12);
        }
    }

    #[test]
    fn choices_and_zeros_are_kept_or_drawn_anew() {
        let choice = Scale::choice(["a", "b", "c"]).unwrap();
        assert_eq!(beside(choice.form(), 0.5, 0.25, 0.2), 0.8);
        assert_eq!(beside(choice.form(), 0.5, 0.25, 0.26), 0.5);
        let zero = Scale::zero_or(0.4, Scale::linear(1.0, 2.0).unwrap()).unwrap();
        assert_eq!(beside(zero.form(), 0.2, 0.25, 0.9), 0.2, "zero stays zero");
        // (0.25 − 0.25)/0.75 = 0 is the low end of a box of 0.25 · 0.6 around 0.7: 0.7 − 0.075.
        assert!((beside(zero.form(), 0.7, 0.25, 0.25) - 0.625).abs() < 1e-12);
        assert_eq!(beside(zero.form(), 0.41, 0.25, 0.25), 0.4, "the wall of the range, not zero");
    }
}
