//! A rule with its settings, and one update of it on its own.

use super::error::SpecError;
use super::kind::Optimizer;
use super::settings::Settings;
use super::state::{OptimizerState, Step};
use super::update::update;
use crate::kernels::cpu::Cpu;
use crate::kernels::gang::Gang;
use crate::kernels::isa::Isa;
use crate::real::Real;
use serde::{Deserialize, Serialize};

/// A rule with the settings to start with.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", try_from = "MinimizerData")]
pub struct Minimizer {
    /// The rule.
    pub optimizer: Optimizer,
    /// Its hyperparameters at the start.
    pub settings: Settings,
}

impl Minimizer {
    /// A rule with settings.
    ///
    /// # Errors
    /// [`SpecError::OutOfRange`] for the first setting that is not legal.
    pub fn new(optimizer: Optimizer, settings: Settings) -> Result<Self, SpecError> {
        Ok(Self { optimizer, settings: settings.checked()? })
    }

    /// The usual settings of a rule with this learning rate: what the builders start from.
    pub(super) fn usual(optimizer: Optimizer, learning_rate: f64) -> Result<Self, SpecError> {
        let settings = optimizer.settings(learning_rate)?;
        Ok(Self { optimizer, settings })
    }

    /// The same rule after a change of its settings, if they are still legal.
    pub(super) fn with(mut self, change: impl FnOnce(&mut Settings)) -> Result<Self, SpecError> {
        change(&mut self.settings);
        Self::new(self.optimizer, self.settings)
    }

    /// The same with L2: `l2·w` is added to each gradient, see [`Settings::l2`].
    ///
    /// # Errors
    /// [`SpecError::OutOfRange`] if `l2` is negative or not finite.
    pub fn with_l2(self, l2: f64) -> Result<Self, SpecError> {
        self.with(|settings| settings.l2 = l2)
    }

    /// The same with decoupled weight decay, see [`Settings::weight_decay`].
    ///
    /// # Errors
    /// [`SpecError::OutOfRange`] if `weight_decay` is negative or not finite.
    pub fn with_weight_decay(self, weight_decay: f64) -> Result<Self, SpecError> {
        self.with(|settings| settings.weight_decay = weight_decay)
    }

    /// The same with a limit on the norm of the whole gradient.
    ///
    /// # Errors
    /// [`SpecError::OutOfRange`] unless the limit is positive and finite.
    pub fn with_clip_norm(self, limit: f64) -> Result<Self, SpecError> {
        self.with(|settings| settings.clip_norm = Some(limit))
    }

    /// The same with a limit on the size of each component of the gradient.
    ///
    /// # Errors
    /// [`SpecError::OutOfRange`] unless the limit is positive and finite.
    pub fn with_clip_value(self, limit: f64) -> Result<Self, SpecError> {
        self.with(|settings| settings.clip_value = Some(limit))
    }

    /// One update of one parameter on this thread; gives the state after it.
    ///
    /// - **Shapes:** `weights`, `gradient` and each slot have one length; the slots start as zeros and are those that
    ///   [`Optimizer::slot_names`] lists.
    ///
    /// # Panics
    /// If the lengths or the number of slots are not as said.
    pub fn update<T: Real>(
        &self,
        state: OptimizerState,
        weights: &mut [T],
        gradient: &[T],
        slots: &mut [&mut [T]],
    ) -> OptimizerState {
        let (next, step) = state.advance(self.optimizer, &self.settings);
        apply(&step, weights, gradient, slots);
        next
    }

    /// The update number `step`, from 1, of a run whose settings never changed.
    pub(super) fn update_number<T: Real>(&self, step: u64, weights: &mut [T], gradient: &[T], slots: &mut [&mut [T]]) {
        let state = OptimizerState::after(step.max(1), &self.settings);
        let step = state.reached_by(self.optimizer, &self.settings);
        apply(&step, weights, gradient, slots);
    }
}

fn apply<T: Real>(step: &Step, weights: &mut [T], gradient: &[T], slots: &mut [&mut [T]]) {
    let count = weights.len();
    assert_eq!(slots.len(), step.optimizer.slots(), "one slice for each slot of {}", step.optimizer);
    assert_eq!(gradient.len(), count, "one derivative for each weight");
    assert!(slots.iter().all(|slot| slot.len() == count), "one value in each slot for each weight");
    let cpu = Cpu { isa: Isa::detect(), gang: Gang::alone() };
    let scale = match step.needs_norm() {
        true => step.scale(step.square_sum(&cpu, weights, gradient, true)),
        false => 1.0,
    };
    update(&cpu, step, weights, gradient, slots, true, scale);
}

/// A [`Minimizer`] as it lies in a file, not yet checked.
#[derive(Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
struct MinimizerData {
    optimizer: Optimizer,
    settings: Settings,
}

impl TryFrom<MinimizerData> for Minimizer {
    type Error = SpecError;

    fn try_from(data: MinimizerData) -> Result<Self, SpecError> {
        Self::new(data.optimizer, data.settings)
    }
}
