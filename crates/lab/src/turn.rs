//! What a person has changed in a trial, as those need it who train the trial again.

use caviar_engine::train::Progress;
use serde::{Deserialize, Serialize};

use crate::company::Company;
use crate::finished::CurvePoint;
use crate::steering::{Steer, Steered, Steering, Unsteered};

/// What a person did to a trial while it trained and has not taken back: a change, or its end.
///
/// As JSON, `{"epoch":5,"step":40,"steer":{"set":{"learning-rate":0.01}}}`, `{"epoch":9,"step":72,"steer":"stop"}`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Turn {
    /// Epochs that were over.
    pub epoch: u64,
    /// Updates that were made; of several networks that are trained in step, those of the first.
    pub step: u64,
    /// What was done.
    pub steer: Steer,
}

/// What became of a wish, as the study has it. As JSON it is the [`Steered`] with the epoch beside it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Answer {
    /// Epochs that were over; older studies do not say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub epoch: Option<u64>,
    /// What was done.
    #[serde(flatten)]
    pub steered: Steered,
}

/// Takes what became of a wish before an update, counted from 1, into the turns that are in force.
pub(crate) fn take_in(turns: &mut Vec<Turn>, epoch: u64, update: u64, steered: &Steered) {
    let step = update.saturating_sub(1);
    match steered {
        Steered::Changed { change, .. } => turns.push(Turn { epoch, step, steer: Steer::Set(change.clone()) }),
        Steered::Stopped => turns.push(Turn { epoch, step, steer: Steer::Stop }),
        Steered::Undone { .. } => drop(turns.pop()),
        Steered::Refused { .. } | Steered::Paused | Steered::Continued | Steered::Forked { .. } => {}
    }
}

/// When what was done to a trial is done again in a later training of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Clock {
    /// After as many updates.
    Updates,
    /// After as many epochs: networks on other rows make other numbers of updates.
    Epochs,
}

/// Does again what was done to a trial when it was trained for the first time, and tells nobody.
pub(crate) struct Following<'a> {
    turns: &'a [Turn],
    clock: Clock,
    unsteered: Unsteered,
}

impl<'a> Following<'a> {
    pub(crate) fn new(turns: &'a [Turn], clock: Clock) -> Self {
        Following { turns, clock, unsteered: Unsteered }
    }

    /// Whether a training that stands there has a turn behind it: one that goes on from a snapshot made it before.
    fn is_behind(&self, turn: &Turn, at: &Progress) -> bool {
        match self.clock {
            Clock::Updates => turn.step < at.steps,
            Clock::Epochs => turn.epoch < at.epoch || (turn.epoch == at.epoch && at.row > 0),
        }
    }

    fn is_due(&self, turn: &Turn, at: &Progress) -> bool {
        match self.clock {
            Clock::Updates => turn.step == at.steps,
            Clock::Epochs => turn.epoch == at.epoch,
        }
    }
}

impl Company for Following<'_> {
    fn epoch(&mut self, _: &CurvePoint, _: f64) -> bool {
        true
    }

    fn steering(&mut self) -> &mut dyn Steering {
        &mut self.unsteered
    }

    fn next(&mut self, at: &Progress) -> Option<Steer> {
        while let [turn, rest @ ..] = self.turns {
            if !self.is_behind(turn, at) {
                if !self.is_due(turn, at) {
                    return None;
                }
                self.turns = rest;
                return Some(turn.steer.clone());
            }
            self.turns = rest;
        }
        None
    }

    fn steered(&mut self, _: u64, _: u64, _: Steered) {}
}
