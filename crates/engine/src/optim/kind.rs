//! The rules, by name.

use super::error::{SpecError, named};
use super::settings::Settings;
use serde::{Deserialize, Serialize};
use std::fmt::{Display, Formatter, Result as Written};
use std::str::FromStr;

/// An update rule. Part of a plan's key: the hyperparameters are not, see [`Settings`].
///
/// For each weight `w` with gradient `g` and rate `α`, `t` counted from 1:
///
/// ```text
/// gd                     w ← w − α·g
/// momentum               v ← β·v + (1−β)·g      w ← w − α·v
/// momentum-accumulating  v ← β·v + g            w ← w − α·v
/// nesterov               v ← β·v + g            w ← w − α·(g + β·v)
/// rmsprop                s ← β·s + (1−β)·g²     w ← w − α·g / (√s + ε)
/// adam                   m ← β₁·m + (1−β₁)·g    s ← β₂·s + (1−β₂)·g²
///                        w ← w − α·(m / (1−β₁ᵗ)) / (√(s / (1−β₂ᵗ)) + ε)
/// adamw                  adam, after w ← w − α·weight_decay·w
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Optimizer {
    /// Gradient descent.
    #[serde(rename = "gd")]
    Descent,
    /// Momentum as an average of the gradients.
    #[serde(rename = "momentum")]
    Momentum,
    /// Momentum as a discounted sum of the gradients, as PyTorch's.
    #[serde(rename = "momentum-accumulating")]
    MomentumAccumulating,
    /// Nesterov's momentum, of the accumulating form.
    #[serde(rename = "nesterov")]
    Nesterov,
    /// The gradient over a running root mean square of it.
    #[serde(rename = "rmsprop")]
    RmsProp,
    /// A running mean over a running root mean square, both corrected for their start.
    #[serde(rename = "adam")]
    Adam,
    /// Adam with decoupled weight decay.
    #[serde(rename = "adamw")]
    AdamW,
}

impl Optimizer {
    /// Every optimizer.
    pub const ALL: [Self; 7] = [
        Self::Descent,
        Self::Momentum,
        Self::MomentumAccumulating,
        Self::Nesterov,
        Self::RmsProp,
        Self::Adam,
        Self::AdamW,
    ];

    /// The names of [`Optimizer::ALL`], in its order, as on the command line.
    pub const NAMES: [&'static str; 7] =
        ["gd", "momentum", "momentum-accumulating", "nesterov", "rmsprop", "adam", "adamw"];

    /// The name on the command line and in files.
    #[must_use]
    pub fn name(self) -> &'static str {
        Self::NAMES[self as usize]
    }

    /// The names of what is kept per weight, in the order in which an update takes them.
    #[must_use]
    pub fn slot_names(self) -> &'static [&'static str] {
        match self {
            Self::Descent => &[],
            Self::Momentum | Self::MomentumAccumulating | Self::Nesterov => &["velocity"],
            Self::RmsProp => &["mean-square"],
            Self::Adam | Self::AdamW => &["mean", "mean-square"],
        }
    }

    /// How many values are kept per weight: 0, 1 or 2.
    #[must_use]
    pub fn slots(self) -> usize {
        self.slot_names().len()
    }

    /// Whether the rule has the one `beta` of momentum and RMSprop.
    #[must_use]
    pub fn has_beta(self) -> bool {
        self.slots() == 1
    }

    /// Whether the rule has Adam's `beta1` and `beta2`.
    #[must_use]
    pub fn has_two_betas(self) -> bool {
        self.slots() == 2
    }

    /// Whether the rule divides, and so has an `epsilon`.
    #[must_use]
    pub fn has_epsilon(self) -> bool {
        match self {
            Self::Descent | Self::Momentum | Self::MomentumAccumulating | Self::Nesterov => false,
            Self::RmsProp | Self::Adam | Self::AdamW => true,
        }
    }

    /// The usual settings of this rule, with this learning rate.
    ///
    /// # Errors
    /// [`SpecError::OutOfRange`] unless the rate is positive and finite.
    pub fn settings(self, learning_rate: f64) -> Result<Settings, SpecError> {
        let weight_decay = if self == Self::AdamW { 0.01 } else { 0.0 };
        Settings { learning_rate, weight_decay, ..Settings::default() }.checked()
    }
}

impl Display for Optimizer {
    fn fmt(&self, f: &mut Formatter<'_>) -> Written {
        f.pad(self.name())
    }
}

impl FromStr for Optimizer {
    type Err = SpecError;

    fn from_str(text: &str) -> Result<Self, SpecError> {
        named("optimizer", text, &Self::ALL, &Self::NAMES)
    }
}
