//! What is seen of a run, as plain data.

use caviar_engine::train::Metric;
use caviar_lab::{EpochEvent, Steered, SteeredEvent};

use super::curves::{Curves, Sample};
use super::words::told;

/// Best epochs that are remembered, for undoing.
const MOST_BESTS: usize = 256;

/// What is seen of a run.
#[derive(Clone, Debug)]
pub struct Picture {
    /// What is chosen by.
    pub metric: Metric,
    /// Epochs to be trained in all.
    pub epochs: u64,
    /// The curves so far.
    pub curves: Curves,
    /// The last epoch.
    pub last: Option<Sample>,
    /// The last epochs that were better than all before them, with their metric.
    bests: Vec<(u64, f64)>,
    /// The epochs at which something was changed.
    pub marks: Vec<u64>,
    /// Seconds since the run began.
    pub seconds: f64,
    /// The epoch and the second from which speed is measured.
    since: Option<(u64, f64)>,
    /// Why nothing moves.
    pub halt: Option<String>,
    /// Whether that is a loss that is not finite.
    pub diverged: bool,
    /// What was said last.
    pub message: String,
    /// Lines to go above the picture.
    pub lines: Vec<String>,
    /// Whether all is over.
    pub ended: bool,
}

impl Picture {
    /// Before the first epoch.
    pub fn new(metric: Metric, epochs: u64) -> Self {
        Picture {
            metric,
            epochs,
            curves: Curves::new(),
            last: None,
            bests: Vec::new(),
            marks: Vec::new(),
            seconds: 0.0,
            since: Some((0, 0.0)),
            halt: None,
            diverged: false,
            message: String::new(),
            lines: Vec::new(),
            ended: false,
        }
    }

    /// Takes an epoch.
    pub fn epoch(&mut self, event: &EpochEvent) {
        let of = |metric: Metric| event.validation.as_ref().and_then(|figures| figures.get(metric)).unwrap_or(f64::NAN);
        let sample = Sample {
            train: event.train.loss,
            validation: of(Metric::Loss),
            metric: of(self.metric),
            rate: event.learning_rate,
        };
        let better = |best: f64| self.metric.better_first(sample.metric, best).is_lt();
        if sample.metric.is_finite() && self.best().is_none_or(|(_, best)| better(best)) {
            if self.bests.len() == MOST_BESTS {
                self.bests.remove(0);
            }
            self.bests.push((event.epoch, sample.metric));
        }
        self.curves.push(sample);
        self.last = Some(sample);
        self.seconds = event.seconds;
        self.since.get_or_insert((event.epoch + 1, event.seconds));
    }

    /// Takes what became of a wish.
    pub fn steered(&mut self, event: &SteeredEvent) {
        self.message = told(event);
        match &event.steered {
            Steered::Changed { .. } => {
                self.marks.push(event.epoch);
                self.lines.push(self.message.clone());
            }
            Steered::Undone { .. } => {
                self.lines.push(self.message.clone());
                self.marks.pop();
                self.curves.truncate(event.epoch);
                self.since = None;
                self.bests.retain(|(epoch, _)| *epoch < event.epoch);
            }
            Steered::Paused => self.halt = Some("paused".to_owned()),
            Steered::Continued => {
                self.halt = None;
                self.since = None;
            }
            Steered::Refused { .. } => {}
            Steered::Stopped | Steered::Forked { .. } => self.lines.push(self.message.clone()),
        }
    }

    /// The best epoch and its metric.
    pub fn best(&self) -> Option<(u64, f64)> {
        self.bests.last().copied()
    }

    /// Seconds to the last epoch, as fast as since the last pause.
    pub fn seconds_left(&self) -> Option<f64> {
        let (epoch, seconds) = self.since?;
        let done = self.curves.epochs().checked_sub(epoch).filter(|done| *done > 0)?;
        let left = self.epochs.saturating_sub(self.curves.epochs());
        Some((self.seconds - seconds) / done as f64 * left as f64)
    }
}
