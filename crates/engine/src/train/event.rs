//! What a training run tells.

use super::control::{Change, Command, Refusal};
use super::evaluate::Evaluation;

/// One epoch, finished.
#[derive(Clone, Debug, PartialEq)]
pub struct EpochReport {
    /// The epoch, from 0.
    pub epoch: u64,
    /// The row-weighted mean of the losses of its batches, each before its update, without penalties.
    pub train_loss: f64,
    /// The loss of its last batch.
    pub last_batch_loss: f64,
    /// The penalty `λ/(2m)·ΣW²` of the weights at its end; no part of the losses.
    pub penalty: f64,
    /// The validation rows measured with the weights at its end.
    pub validation: Option<Evaluation>,
    /// The learning rate of its last step.
    pub learning_rate: f64,
    /// Updates done so far.
    pub steps: u64,
}

/// What happens in a run, in order.
#[derive(Clone, Debug, PartialEq)]
pub enum Event {
    /// An epoch is over.
    Epoch(EpochReport),
    /// A change was made; it holds from update number `step` on, counted from 1.
    Applied {
        /// What was changed.
        change: Change,
        /// The first update it holds for.
        step: u64,
    },
    /// A change was not made.
    Refused(Refusal),
}

/// Whether a run goes on after an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flow {
    /// On.
    Continue,
    /// Return now; the run can be taken up again.
    Pause,
    /// End the run.
    Stop,
}

/// Who watches and steers a run.
pub trait Observer {
    /// Told what happens.
    fn event(&mut self, event: &Event) -> Flow;
    /// Asked before every step until there is nothing more.
    fn command(&mut self) -> Option<Command>;
}

/// Watches nothing.
#[derive(Clone, Copy, Debug, Default)]
pub struct Silent;

impl Observer for Silent {
    fn event(&mut self, _: &Event) -> Flow {
        Flow::Continue
    }

    fn command(&mut self) -> Option<Command> {
        None
    }
}

/// A function that is told what happens, and commands nothing.
pub struct Watch<F>(pub F);

impl<F: FnMut(&Event) -> Flow> Observer for Watch<F> {
    fn event(&mut self, event: &Event) -> Flow {
        (self.0)(event)
    }

    fn command(&mut self) -> Option<Command> {
        None
    }
}

/// How a run, or a stretch of it, ended.
#[derive(Clone, Debug, PartialEq)]
pub enum Outcome {
    /// All epochs are done.
    Complete,
    /// The metric got no better for so many epochs as `patience` allows.
    Converged {
        /// The last epoch trained.
        epoch: u64,
    },
    /// Stopped by the observer.
    Stopped,
    /// Paused by the observer, or the stretch asked for is over; the run can go on.
    Paused,
    /// The loss was not finite; the weights are those before that update.
    Diverged {
        /// The epoch, from 0.
        epoch: u64,
        /// The update that was not made, from 1.
        step: u64,
        /// The first node of the network whose value was not finite.
        origin: String,
    },
}
