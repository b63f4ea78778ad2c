//! Who tells of a trial of a search.

use crate::board::Event;
use crate::company::Company;
use crate::crew::Teller;
use crate::finished::CurvePoint;
use crate::steering::{OfTrial, Steered, SteeredEvent, Steering};
use crate::train::epoch_event;

/// Tells of the epochs of a trial from one on, and of what was asked of it through the study's file.
pub(super) struct Told<'a> {
    pub(super) number: u64,
    pub(super) from_epoch: u64,
    pub(super) teller: &'a Teller<'a>,
    pub(super) steering: OfTrial,
}

impl Company for Told<'_> {
    fn epoch(&mut self, point: &CurvePoint, seconds: f64) -> bool {
        if point.epoch >= self.from_epoch {
            self.teller.tell(epoch_event(self.number, point, seconds));
        }
        true
    }

    fn steering(&mut self) -> &mut dyn Steering {
        &mut self.steering
    }

    fn steered(&mut self, epoch: u64, step: u64, steered: Steered) {
        self.teller.tell(Event::Steered(SteeredEvent { trial: self.number, epoch, step, steered }));
    }
}
