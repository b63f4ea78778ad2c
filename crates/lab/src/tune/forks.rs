//! Trials of a search that a person has forked from running ones: trained to their end and ranked with the others, while
//! nothing that the search decides depends on them.

use std::sync::Mutex;

use caviar_tune::{Params, TrialState};

use super::Hunt;
use super::shelf::{Keeper, keep};
use super::stages::{Candidate, is_past};
use super::told::Told;
use crate::board::Event;
use crate::crew::Teller;
use crate::error::LabError;
use crate::finished::TrialRecord;
use crate::ledger::{Fork, Place, Stage};
use crate::space::shown;
use crate::train::{record, trial_event};

impl Hunt<'_> {
    /// The next fork that is to be trained, unless the search is at its end.
    pub(super) fn next_fork(&self, share: f64) -> Option<Box<Fork>> {
        let ledger = &self.workers.ledger;
        let known = |fork: &Fork| ledger.has(&Stage::Screen.key(fork.number, 0));
        let late = self.workers.interrupt.is_set() || is_past(self.deadline(share));
        std::iter::from_fn(|| ledger.next_fork()).find(|fork| !late || known(fork)).map(Box::new)
    }

    /// Trains a fork to its end.
    pub(super) fn fork(
        &self,
        fork: &Fork,
        share: f64,
        teller: &Teller<'_>,
        keeper: &Mutex<Vec<Keeper>>,
    ) -> Result<Candidate, LabError> {
        let Fork { number, parent, recipe, .. } = fork;
        let place = Place::fork(&self.workers.ledger, Stage::Screen, fork).on(teller.worker);
        let limits = self.limits(recipe.epochs, self.patience(), self.deadline(share), &place);
        let steering = self.workers.wishes.of(*number, &self.workers.interrupt);
        let mut company = Told { number: *number, from_epoch: 0, teller, steering };
        let mut run = self.run(self.ground.screen(), recipe, 0, teller.threads, limits, &mut company)?;
        let folds = self.ground.screen().len();
        let record = TrialRecord { parent: Some(*parent), folds, ..record(*number, shown(recipe), &run) };
        teller.tell(Event::Trial(trial_event(&record)));
        let mut entries = std::mem::take(&mut run.closing);
        entries.extend(self.entries(&record, recipe, &Params::default()));
        let divergence = run.end.divergence();
        match (record.score, run.weights) {
            (Some(score), Some(weights)) if record.state == TrialState::Complete => {
                let (cost, best_epoch) = (recipe.metric.cost(score), record.best_epoch);
                let new = Keeper { number: *number, cost, score, best_epoch, weights };
                keep(keeper, new, &self.workers.ledger, entries)?;
            }
            _ => self.workers.ledger.put(entries)?,
        }
        let (drawn, until, mean) = (Params::default(), recipe.epochs, run.curve);
        Ok(Candidate { record, recipe: recipe.clone(), drawn, mean, until, divergence, deals: Vec::new() })
    }
}
