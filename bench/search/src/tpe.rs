//! What Optuna has for a search like ours: its sampler, alone or with a pruner, one trial after the other.

use std::cmp::Reverse;

use caviar_tune::conformance::keyed_uniform;
use caviar_tune::{Params, Space};

use crate::parzen::{Axis, Density};
use crate::search::{FULL, RUNGS, Search};

/// Trials drawn anywhere before the densities tell anything.
const STARTUP: usize = 10;
/// Candidates of which the best is taken.
const CANDIDATES: usize = 24;
/// The most trials that are good.
const MOST_GOOD: usize = 25;

/// Tree-structured Parzen estimator over all parameters together.
///
/// ```text
/// good       the best tenth of the trials, rounded up, at most 25: those trained in full first, then those that came further
/// candidate  of 24 draws from the density of the good the one with the largest ratio to the density of the others
/// pruner     a trial goes on from a rung at once if it is in the best third there so far, or never
/// ```
///
/// - **Reference:** `TPESampler()` and `SuccessiveHalvingPruner(min_resource=2, reduction_factor=3)` of Optuna 5.0.
pub struct Tpe {
    axes: Vec<Axis>,
    space: Space,
    uniform: Box<dyn Fn(u64, u64) -> f64>,
    draws: u64,
    epochs_left: u64,
    rungs: Vec<u64>,
    trials: Vec<Trial>,
    best: f64,
}

struct Trial {
    place: Vec<f64>,
    /// At the rungs that it has reached.
    errors: Vec<f64>,
}

impl Tpe {
    /// A search with so many epochs whose trials are pruned at rungs, or are all trained in full.
    pub fn new(is_pruned: bool, space: Space, epochs: u64, seed: u64) -> Tpe {
        Tpe {
            axes: space.parameters().iter().map(|parameter| Axis::new(&parameter.scale)).collect(),
            space,
            uniform: Box::new(keyed_uniform(seed)),
            draws: 0,
            epochs_left: epochs,
            rungs: if is_pruned { RUNGS.to_vec() } else { vec![FULL] },
            trials: Vec::new(),
            best: 100.0,
        }
    }

    fn draw(&mut self) -> f64 {
        self.draws += 1;
        (self.uniform)(self.draws, 0)
    }

    /// Whether the latest trial goes on from the rung where it is.
    fn goes_on(&self) -> bool {
        let Some(latest) = self.trials.last().map(|latest| &latest.errors) else { return false };
        let rung = latest.len() - 1;
        let there: Vec<f64> = self.trials.iter().filter_map(|trial| trial.errors.get(rung).copied()).collect();
        let better = there.iter().filter(|&&error| error < latest[rung]).count();
        latest.len() < self.rungs.len() && better < (there.len() / 3).max(1)
    }

    fn sampled(&mut self) -> Vec<f64> {
        if self.trials.len() < STARTUP {
            return (0..self.axes.len()).map(|_| self.draw()).collect();
        }
        let (good, others) = self.densities();
        let mut best = (f64::NEG_INFINITY, Vec::new());
        for _ in 0..CANDIDATES {
            let place = good.sample(&mut || self.draw());
            let place: Vec<f64> = self.axes.iter().zip(place).map(|(axis, unit)| axis.middle(unit)).collect();
            let ratio = good.log(&self.axes, &place) - others.log(&self.axes, &place);
            if ratio > best.0 || best.1.is_empty() {
                best = (ratio, place);
            }
        }
        best.1
    }

    /// Of the good trials, and of the others.
    fn densities(&self) -> (Density, Density) {
        let mut ranked: Vec<&Trial> = self.trials.iter().collect();
        ranked.sort_by(|a, b| {
            let last = |trial: &Trial| trial.errors.last().copied().unwrap_or(100.0);
            Reverse(a.errors.len()).cmp(&Reverse(b.errors.len())).then(last(a).total_cmp(&last(b)))
        });
        let good = ranked.len().div_ceil(10).min(MOST_GOOD);
        let (good, others) = ranked.split_at(good);
        let of = |trials: &[&Trial]| {
            // In the order of their numbers, because the latest count most.
            let is_one = |trial: &&Trial| trials.iter().any(|one| std::ptr::eq(*one, *trial));
            let places: Vec<&[f64]> = self.trials.iter().filter(is_one).map(|trial| &trial.place[..]).collect();
            Density::new(&places, self.axes.len())
        };
        (of(good), of(others))
    }
}

impl Search for Tpe {
    fn next(&mut self) -> Option<(Params, u64)> {
        let from = match self.trials.last() {
            Some(latest) if self.goes_on() => latest.errors.len(),
            _ => 0,
        };
        let behind = if from > 0 { self.rungs[from - 1] } else { 0 };
        self.epochs_left = self.epochs_left.checked_sub(self.rungs[from] - behind)?;
        if from == 0 {
            let place = self.sampled();
            let place = self.axes.iter().zip(place).map(|(axis, unit)| axis.middle(unit)).collect();
            self.trials.push(Trial { place, errors: Vec::new() });
        }
        let place = &self.trials.last()?.place;
        Some((self.space.configuration(&Params::default(), &|position| place[position]), self.rungs[from]))
    }

    fn tell(&mut self, error: f64) {
        let Some(latest) = self.trials.last_mut() else { return };
        latest.errors.push(error);
        if latest.errors.len() == self.rungs.len() {
            self.best = self.best.min(error);
        }
    }

    fn best(&self) -> f64 {
        self.best
    }
}
