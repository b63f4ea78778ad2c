//! Trials that a person has forked from running ones.
//!
//! A fork is written down with its beginning: the state of the other network at that step, with what was changed. It is
//! trained by whoever is free next, and again from its beginning after a kill.

use std::collections::{BTreeSet, VecDeque};

use caviar_engine::train::Change;
use caviar_store::study::{Entry, SnapshotKind, SnapshotRow, TrialRow};

use super::{Begun, Book, Ledger, Stage, TrialDetails, begins, curve, trial_entry};
use crate::error::LabError;
use crate::finished::{CurvePoint, Parent, TrialRecord};
use crate::recipe::Recipe;
use crate::steering::Steer;
use crate::train::params;
use crate::turn::Turn;

/// Forks have numbers from here on, beyond those of any search, so that no other trial is another one because of them.
pub(crate) const FIRST_FORK: u64 = 1_000_000;
/// Why there cannot be a fork without a study.
pub(crate) const UNWRITTEN: &str = "a network is forked through the file of its study, by caviar steer";

/// What a trial begins with that is forked from another one.
#[derive(Debug)]
pub(crate) struct Birth {
    /// What is different.
    pub(crate) changes: Vec<Change>,
    /// Epochs that are over.
    pub(crate) epoch: u64,
    /// Updates made.
    pub(crate) steps: u64,
    /// The state of each of its networks, changes made.
    pub(crate) snapshots: Vec<Vec<u8>>,
}

/// A trial that was forked from another one.
#[derive(Clone, Debug)]
pub(crate) struct Fork {
    pub(crate) number: u64,
    pub(crate) parent: Parent,
    pub(crate) recipe: Recipe,
    /// What was done to the other trial until then and is in force, and what is different here.
    pub(crate) turns: Vec<Turn>,
    /// Where it begins, if it was forked in this process.
    pub(super) begun: Option<Begun>,
}

/// The forks of a study.
#[derive(Debug, Default)]
pub(super) struct Forks {
    known: BTreeSet<u64>,
    /// Those that this process has not taken up yet.
    waiting: VecDeque<Fork>,
}

impl Forks {
    /// Those among the trials of earlier processes.
    pub(super) fn of(trials: &[TrialRow]) -> Result<Forks, String> {
        let mut forks = Forks::default();
        for row in trials.iter().filter(|row| row.number >= FIRST_FORK) {
            let details: TrialDetails = serde_json::from_str(&row.details).map_err(|error| error.to_string())?;
            let parent = details.parent.ok_or("a fork has no parent")?;
            forks.known.insert(row.number);
            let TrialDetails { recipe, turns, .. } = details;
            forks.waiting.push_back(Fork { number: row.number, parent, recipe, turns, begun: None });
        }
        Ok(forks)
    }
}

impl Ledger {
    /// The next fork that nobody has taken up.
    pub(crate) fn next_fork(&self) -> Option<Fork> {
        self.0.as_ref()?.forks.lock().ok()?.waiting.pop_front()
    }
}

impl Book {
    /// Makes the trial that a wish asks for, unless it was made when the wish was done the first time; its number.
    pub(super) fn bear(
        &self,
        ledger: &Ledger,
        wish: u64,
        parent: Parent,
        recipe: &Recipe,
        (curve, turns): (&[CurvePoint], &[Turn]),
        birth: Birth,
    ) -> Result<u64, LabError> {
        let number = FIRST_FORK + wish;
        // A poisoned lock means that another worker has panicked.
        let mut forks = self.forks.lock().map_err(|_| LabError::Worker)?;
        if !forks.known.insert(number) {
            return Ok(number);
        }
        let Birth { changes, epoch, steps: step, snapshots } = birth;
        let recipe = changes.iter().fold(recipe.clone(), Recipe::changed);
        let changed = changes.into_iter().map(|change| Turn { epoch, step, steer: Steer::Set(change) });
        let turns: Vec<Turn> = turns.iter().cloned().chain(changed).collect();
        let begins = begins(number, params(&recipe));
        let folds = snapshots.len();
        let record = TrialRecord { parent: Some(parent), epochs: epoch, folds, turns: turns.clone(), ..begins };
        let key = Stage::Fork.key(number, 0);
        let mut entries = vec![trial_entry(&record, &recipe)];
        entries.extend(curve::slice(&key, curve).map(Entry::Slice));
        entries.extend(snapshots.iter().zip(0..).map(|(bytes, member)| {
            let (key, kind) = (key.clone(), SnapshotKind::State);
            Entry::Snapshot(SnapshotRow { key, kind, member, epoch, step, bytes: bytes.clone() })
        }));
        ledger.put(entries)?;
        let begun = Some(Begun { snapshots, curve: curve.to_vec(), turns: turns.clone() });
        forks.waiting.push_back(Fork { number, parent, recipe, turns, begun });
        Ok(number)
    }
}
