//! The live hyperparameters of an optimizer.

use super::error::{SpecError, require_decay, require_not_negative, require_positive};
use serde::{Deserialize, Serialize};

/// The hyperparameters that an update reads, at every step: a run is steered by changing them between two steps.
///
/// A rule reads what its formula names and leaves the rest alone; the penalties and limits below hold for all.
/// What is done to a gradient `g` of a weight `w` before the rule sees it, in this order:
///
/// ```text
/// g ← g + l2·w                              weights only, not biases
/// g ← min(max(g, −clip_value), clip_value)
/// g ← g · min(1, clip_norm / ‖g‖)           ‖g‖ over all parameters together
/// w ← w − α·weight_decay·w                  weights only
/// ```
///
/// The fields are open to be changed; [`Settings::checked`] says whether they are legal.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", default, deny_unknown_fields)]
pub struct Settings {
    /// The rate `α` of the next update. Under a schedule this is the scheduled rate, not its base.
    pub learning_rate: f64,
    /// The weight of the past in momentum and RMSprop, `β`.
    pub beta: f64,
    /// The weight of the past in Adam's mean, `β₁`.
    pub beta1: f64,
    /// The weight of the past in Adam's mean square, `β₂`.
    pub beta2: f64,
    /// Keeps a division from zero, `ε`, outside the root.
    pub epsilon: f64,
    /// What is added to the gradient, per weight: for a cost of `λ/(2m)·ΣW²` this is `λ/m`, m the training rows.
    pub l2: f64,
    /// The share of a weight that a rate of one takes away, decoupled from the gradient, under any rule.
    pub weight_decay: f64,
    /// The largest norm of the whole gradient.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub clip_norm: Option<f64>,
    /// The largest size of one component of the gradient.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub clip_value: Option<f64>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            learning_rate: 0.001,
            beta: 0.9,
            beta1: 0.9,
            beta2: 0.999,
            epsilon: 1e-8,
            l2: 0.0,
            weight_decay: 0.0,
            clip_norm: None,
            clip_value: None,
        }
    }
}

impl Settings {
    /// The settings, if all of them are legal.
    ///
    /// # Errors
    /// [`SpecError::OutOfRange`] for the first field that is not.
    pub fn checked(self) -> Result<Self, SpecError> {
        require_positive("learning-rate", self.learning_rate)?;
        require_decay("beta", self.beta)?;
        require_decay("beta1", self.beta1)?;
        require_decay("beta2", self.beta2)?;
        require_positive("epsilon", self.epsilon)?;
        require_not_negative("l2", self.l2)?;
        require_not_negative("weight-decay", self.weight_decay)?;
        for (name, limit) in [("clip-norm", self.clip_norm), ("clip-value", self.clip_value)] {
            limit.map_or(Ok(0.0), |limit| require_positive(name, limit))?;
        }
        Ok(self)
    }

    /// Whether weights lose something that biases keep.
    pub(crate) fn decays(&self) -> bool {
        self.l2 != 0.0 || self.weight_decay != 0.0
    }
}
