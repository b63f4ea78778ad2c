//! What a study that is asked goes by.

use caviar_engine::train::Metric;
use caviar_tune::{Budget, Params, Sampler, Study};
use serde::{Deserialize, Serialize};

use crate::error::LabError;
use crate::options::Method;
use crate::space::{SpaceFile, points, setting_of};

/// What a study that is asked goes by; all of it is kept in the study.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AskPlan {
    /// What is searched, under names of the caller's.
    pub space: SpaceFile,
    /// Whether the largest value is the best.
    pub maximize: bool,
    /// Configurations, at most.
    pub trials: u64,
    /// Epochs of a whole trial; with 1 there is no halving.
    pub epochs: u64,
    /// How configurations are found.
    pub method: Method,
    /// Of all that is drawn.
    pub seed: u64,
    /// What the caller wants to know again.
    #[serde(default)]
    pub notes: serde_json::Value,
}

impl AskPlan {
    /// The metric of the same sense.
    pub(super) fn metric(&self) -> Metric {
        if self.maximize { Metric::R2 } else { Metric::Loss }
    }

    /// The search, before its first trial.
    pub(super) fn search(&self) -> Result<Study, LabError> {
        let (space, starts) = self.space.free()?;
        let budget = Budget::trials(self.trials, self.epochs)?;
        let mut study = match self.method {
            Method::Zoom => Study::zoom(space, budget),
            Method::Random => Study::new(space, Sampler::Random, budget),
            Method::Sobol => Study::new(space, Sampler::Sobol, budget),
            Method::Grid => {
                let sampler = Sampler::grid(points(&space, self.trials))?;
                return Ok(Study::new(space, sampler, budget));
            }
        };
        for point in &starts {
            study.enqueue(point)?;
        }
        Ok(study)
    }

    /// A configuration under the caller's names: a second scale of a parameter has something behind a slash.
    pub(super) fn named(&self, params: &Params) -> Params {
        params.iter().map(|(name, value)| (setting_of(name).to_owned(), value.clone())).collect()
    }
}
