//! Steering a network while it trains: what is asked between two steps, and what became of it.

use std::collections::{BTreeMap, VecDeque};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use caviar_engine::train::Change;
use serde::{Deserialize, Serialize};

use crate::error::Divergence;
use crate::options::Interrupt;

/// While a network is paused, its wishes are looked for so often.
const GLANCE: Duration = Duration::from_millis(20);

/// What a person asks of a running network. It is done between two steps, and told as an [`Event`](crate::Event).
///
/// A trial that is several networks, one for each fold, is asked as one: it is done between two epochs, to all of them at
/// the same one, and none is changed where one of them refuses. What trains the trial again afterwards does it again at the
/// same epochs.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Steer {
    /// Changes a hyperparameter from the next step on.
    Set(Change),
    /// Multiplies the learning rate of the next step; whatever schedule there was is replaced by this constant.
    Scale(f64),
    /// Goes back to the step before the last change, as it was then.
    Undo,
    /// Waits.
    Pause,
    /// Goes on after a pause.
    Continue,
    /// Ends the training as if its epochs were over, and keeps the best epoch so far.
    Stop,
    /// Makes a trial of its own that goes on from here with these changes; this one goes on as it is. Only through the
    /// file of a study.
    Fork(Vec<Change>),
}

/// Why a network waits to be steered.
#[derive(Clone, Debug, PartialEq)]
pub enum Halt<'a> {
    /// It was paused.
    Paused,
    /// The loss of the next step is not finite. Nothing has changed by it: after a change it is tried again.
    Diverged(&'a Divergence),
}

/// Who steers a network. A wish that is given is answered by an event before the next one is asked for.
pub trait Steering {
    /// What is asked for after `steps` updates; nothing lets the next step be taken. Called before every step; where
    /// several networks are trained in step, before every epoch of theirs, with the updates of the first.
    fn next(&mut self, steps: u64) -> Option<Steer>;

    /// What is asked for while nothing moves; may take its time. Nothing if nobody steers any more: a paused network
    /// then goes on, one that diverged ends.
    fn wait(&mut self, steps: u64, halt: Halt<'_>) -> Option<Steer>;
}

/// Steers nothing.
#[derive(Clone, Copy, Debug, Default)]
pub struct Unsteered;

impl Steering for Unsteered {
    fn next(&mut self, _: u64) -> Option<Steer> {
        None
    }

    fn wait(&mut self, _: u64, _: Halt<'_>) -> Option<Steer> {
        None
    }
}

/// Steers by a list made beforehand: each wish once so many updates are made, in the order of the list.
///
/// A run steered by a list is the same, bit for bit, wherever it is run; so a steered run can be repeated.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Script(VecDeque<(u64, Steer)>);

impl Script {
    /// The wishes, each with the number of updates after which it is due.
    pub fn new(wishes: impl IntoIterator<Item = (u64, Steer)>) -> Self {
        Script(wishes.into_iter().collect())
    }
}

impl Steering for Script {
    fn next(&mut self, steps: u64) -> Option<Steer> {
        self.0.pop_front_if(|(due, _)| *due <= steps).map(|(_, wish)| wish)
    }

    fn wait(&mut self, steps: u64, _: Halt<'_>) -> Option<Steer> {
        self.next(steps)
    }
}

/// What a person asks of the trials of a search while they run; clones are the same list.
///
/// Whoever has the list may ask from any thread. A wish is done before the trial's next step (before its next epoch, where
/// it is several networks, one for each fold), or when it trains again; at which one depends on the moment, so that a search
/// steered so is not promised to be the same another time. A cross-validated trial can be asked while it is screened.
#[derive(Clone, Debug, Default)]
pub struct Wishes(Arc<Waiting>);

#[derive(Debug, Default)]
struct Waiting {
    /// Whether there are any: looked at before every step of every trial.
    some: AtomicBool,
    of_trials: Mutex<BTreeMap<u64, VecDeque<Steer>>>,
}

impl Wishes {
    /// Asks something of a trial.
    pub fn ask(&self, trial: u64, wish: Steer) {
        let mut of_trials = self.0.of_trials.lock().unwrap_or_else(PoisonError::into_inner);
        of_trials.entry(trial).or_default().push_back(wish);
        self.0.some.store(true, Ordering::Relaxed);
    }

    fn take(&self, trial: u64) -> Option<Steer> {
        if !self.0.some.load(Ordering::Relaxed) {
            return None;
        }
        let mut of_trials = self.0.of_trials.lock().unwrap_or_else(PoisonError::into_inner);
        let wish = of_trials.get_mut(&trial).and_then(VecDeque::pop_front);
        of_trials.retain(|_, waiting| !waiting.is_empty());
        self.0.some.store(!of_trials.is_empty(), Ordering::Relaxed);
        wish
    }

    /// Those for one trial.
    pub(crate) fn of(&self, trial: u64, interrupt: &Interrupt) -> OfTrial {
        OfTrial { wishes: self.clone(), trial, interrupt: interrupt.clone() }
    }
}

/// Steers one trial of a search.
#[derive(Debug, Default)]
pub(crate) struct OfTrial {
    wishes: Wishes,
    trial: u64,
    interrupt: Interrupt,
}

impl Steering for OfTrial {
    fn next(&mut self, _: u64) -> Option<Steer> {
        self.wishes.take(self.trial)
    }

    fn wait(&mut self, _: u64, halt: Halt<'_>) -> Option<Steer> {
        // A search has other trials than one that diverged.
        while halt == Halt::Paused && !self.interrupt.is_set() {
            if let Some(wish) = self.wishes.take(self.trial) {
                return Some(wish);
            }
            std::thread::sleep(GLANCE);
        }
        None
    }
}

/// A wish that was answered.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SteeredEvent {
    /// The trial, from 0.
    pub trial: u64,
    /// The epoch of the next step, from 0.
    pub epoch: u64,
    /// The next update, counted from 1: the first one that a change holds for. Where the trial is several networks, one for
    /// each fold, of the first of them; all are at the beginning of the epoch.
    pub step: u64,
    /// What was done.
    #[serde(flatten)]
    pub steered: Steered,
}

/// What became of a wish.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "action", rename_all = "lowercase")]
pub enum Steered {
    /// A hyperparameter was changed.
    Changed {
        /// The new value.
        change: Change,
        /// The value before.
        from: Change,
    },
    /// Nothing was changed.
    Refused {
        /// What was asked.
        wish: String,
        /// Why not.
        rule: String,
    },
    /// The run is where it was before a change, all later epochs forgotten; epoch and step are those it goes on with.
    Undone {
        /// The change that was taken back.
        change: Change,
        /// The update that would have come next.
        left: u64,
    },
    /// It waits.
    Paused,
    /// It goes on.
    Continued,
    /// It ends here.
    Stopped,
    /// Another trial goes on from here, too.
    Forked {
        /// The number of the new trial.
        fork: u64,
        /// What is different there; nothing for a twin.
        changes: Vec<Change>,
    },
}
