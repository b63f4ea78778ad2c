//! Who is told of a run, and who steers it.

use caviar_engine::train::Progress;

use crate::error::LabError;
use crate::finished::CurvePoint;
use crate::ledger::{Birth, Scribe, UNWRITTEN};
use crate::steering::{Halt, Steer, Steered, Steering, Unsteered};

/// The company that a run keeps: told of it, and asked before every step of a network alone, and before every
/// epoch of several that are trained in step.
pub(crate) trait Company {
    /// An epoch is over; whether the run goes on.
    fn epoch(&mut self, point: &CurvePoint, seconds: f64) -> bool;
    /// Who steers.
    fn steering(&mut self) -> &mut dyn Steering;
    /// What is asked for before a step.
    fn next(&mut self, at: &Progress) -> Option<Steer> {
        self.steering().next(at.steps)
    }
    /// What is asked for while nothing moves.
    fn wait(&mut self, steps: u64, halt: Halt<'_>) -> Option<Steer> {
        self.steering().wait(steps, halt)
    }
    /// A wish was answered; the epoch and the update that come next.
    fn steered(&mut self, epoch: u64, step: u64, steered: Steered);
    /// Makes a trial of its own; its number, or why there cannot be one.
    fn fork(&mut self, _: Birth) -> Result<Result<u64, &'static str>, LabError> {
        Ok(Err(UNWRITTEN))
    }
    /// Whether all that was asked of the run is known, so that it can be done again from its beginning.
    fn can_begin_anew(&self) -> bool {
        false
    }
}

/// A function that is told of the epochs and steers nothing.
pub(crate) struct Onlooker<F>(F, Unsteered);

impl<F: FnMut(&CurvePoint, f64) -> bool> Onlooker<F> {
    pub(crate) fn new(tell: F) -> Self {
        Onlooker(tell, Unsteered)
    }
}

impl<F: FnMut(&CurvePoint, f64) -> bool> Company for Onlooker<F> {
    fn epoch(&mut self, point: &CurvePoint, seconds: f64) -> bool {
        (self.0)(point, seconds)
    }

    fn steering(&mut self) -> &mut dyn Steering {
        &mut self.1
    }

    fn steered(&mut self, _: u64, _: u64, _: Steered) {}
}

/// A company whose wishes are written down.
pub(crate) struct Noted<'a, 'b> {
    company: &'a mut dyn Company,
    scribe: &'a mut Scribe<'b>,
}

impl<'a, 'b> Noted<'a, 'b> {
    pub(crate) fn new(company: &'a mut dyn Company, scribe: &'a mut Scribe<'b>) -> Self {
        Noted { company, scribe }
    }

    fn noted(&mut self, steps: u64, asked: Option<Steer>) -> Option<Steer> {
        if let Some(steer) = &asked {
            self.scribe.mailed.note(steps, steer);
        }
        asked
    }
}

impl Company for Noted<'_, '_> {
    fn epoch(&mut self, point: &CurvePoint, seconds: f64) -> bool {
        self.company.epoch(point, seconds)
    }

    fn steering(&mut self) -> &mut dyn Steering {
        self.company.steering()
    }

    fn next(&mut self, at: &Progress) -> Option<Steer> {
        self.scribe.mailed.next(at.steps).or_else(|| {
            let asked = self.company.next(at);
            self.noted(at.steps, asked)
        })
    }

    fn wait(&mut self, steps: u64, halt: Halt<'_>) -> Option<Steer> {
        match self.scribe.mailed.is_pausing() {
            true => self.scribe.mailed.wait(steps),
            false => {
                let asked = self.company.wait(steps, halt);
                self.noted(steps, asked)
            }
        }
    }

    fn steered(&mut self, epoch: u64, step: u64, steered: Steered) {
        self.scribe.steered(epoch, step, &steered);
        self.company.steered(epoch, step, steered);
    }

    fn fork(&mut self, birth: Birth) -> Result<Result<u64, &'static str>, LabError> {
        self.scribe.fork(birth)
    }

    fn can_begin_anew(&self) -> bool {
        self.scribe.mailed.can_begin_anew()
    }
}
