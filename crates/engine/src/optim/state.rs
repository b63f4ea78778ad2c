//! What an optimizer remembers beside the slots of its parameters.

use super::kind::Optimizer;
use super::settings::Settings;
use serde::{Deserialize, Serialize};

/// The state of an optimizer apart from its slots: plain data, part of a run's snapshot.
///
/// Adam's correction divides by `1 − βᵗ`. When a beta is changed on the way, `βᵗ` is the product of the betas that were
/// in force, so that the corrected means stay means.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct OptimizerState {
    /// Updates done.
    pub step: u64,
    /// The product of the `beta1` of those updates.
    pub beta1_product: f64,
    /// The product of the `beta2` of those updates.
    pub beta2_product: f64,
}

impl Default for OptimizerState {
    fn default() -> Self {
        Self { step: 0, beta1_product: 1.0, beta2_product: 1.0 }
    }
}

impl OptimizerState {
    /// The state after `step` updates with settings that never changed.
    #[must_use]
    pub fn after(step: u64, settings: &Settings) -> Self {
        Self {
            step,
            beta1_product: libm::pow(settings.beta1, step as f64),
            beta2_product: libm::pow(settings.beta2, step as f64),
        }
    }

    /// The state after one more update, and the numbers of that update.
    pub(crate) fn advance(self, optimizer: Optimizer, settings: &Settings) -> (Self, Step) {
        let next = Self {
            step: self.step + 1,
            beta1_product: self.beta1_product * settings.beta1,
            beta2_product: self.beta2_product * settings.beta2,
        };
        (next, next.reached_by(optimizer, settings))
    }

    /// The numbers of the update that led to this state, which is not the initial one.
    pub(crate) fn reached_by(&self, optimizer: Optimizer, settings: &Settings) -> Step {
        Step {
            optimizer,
            settings: *settings,
            corrected_rate: settings.learning_rate / (1.0 - self.beta1_product),
            root_correction: 1.0 / (1.0 - self.beta2_product).sqrt(),
        }
    }
}

/// The numbers of one update, the same for all parameters, in `f64`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Step {
    pub(super) optimizer: Optimizer,
    pub(super) settings: Settings,
    /// `α / (1 − Πβ₁)`
    pub(super) corrected_rate: f64,
    /// `1 / √(1 − Πβ₂)`
    pub(super) root_correction: f64,
}
