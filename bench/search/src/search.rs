//! What is compared: our studies, and the baselines, all asked for one training at a time.

use caviar_tune::conformance::keyed_uniform;
use caviar_tune::{Ask, Outcome, Parameter, Params, Scale, SearchError, Slice, Space, Study};

/// Epochs of a full training.
pub const FULL: u64 = 50;
/// Where trials are compared.
pub const RUNGS: [u64; 4] = [2, 6, 18, FULL];

/// The space of the benchmark, in its order.
pub fn space() -> Result<Space, SearchError> {
    Space::new(vec![
        Parameter::new("batch_size", Scale::log_integer(16, 512)?),
        Parameter::new("learning_rate", Scale::log(1e-4, 1e-1)?),
        Parameter::new("momentum", Scale::linear(0.1, 0.99)?),
        Parameter::new("weight_decay", Scale::linear(1e-5, 1e-1)?),
        Parameter::new("num_layers", Scale::integer(1, 5)?),
        Parameter::new("max_units", Scale::log_integer(64, 1024)?),
        Parameter::new("max_dropout", Scale::linear(0.0, 1.0)?),
    ])
}

/// A way to search, asked for one training after the other.
pub trait Search {
    /// A configuration and the epochs that it is trained in all; nothing where the budget is spent.
    fn next(&mut self) -> Option<(Params, u64)>;
    /// Its error.
    fn tell(&mut self, error: f64);
    /// The lowest error of a full training.
    fn best(&self) -> f64;
}

/// A study of ours.
pub struct Ours {
    study: Study,
    uniform: Box<dyn Fn(u64, u64) -> f64>,
    at_work: Option<Slice>,
}

impl Ours {
    pub fn new(study: Study, seed: u64) -> Ours {
        Ours { study, uniform: Box::new(keyed_uniform(seed)), at_work: None }
    }
}

impl Search for Ours {
    fn next(&mut self) -> Option<(Params, u64)> {
        match self.study.ask(&*self.uniform) {
            Ask::Train(slice) => {
                let asked = (slice.params.clone(), slice.to_epoch);
                self.at_work = Some(slice);
                Some(asked)
            }
            Ask::Wait | Ask::Finished(_) => None,
        }
    }

    fn tell(&mut self, error: f64) {
        if let Some(slice) = self.at_work.take() {
            let outcome = Outcome::Complete { score: error, epochs: slice.to_epoch };
            // The slice was asked for just before.
            self.study.tell(slice.trial, outcome).unwrap_or_default();
        }
    }

    fn best(&self) -> f64 {
        self.study.best().and_then(|best| best.score).unwrap_or(100.0)
    }
}
