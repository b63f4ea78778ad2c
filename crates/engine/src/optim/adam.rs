//! Adam, and Adam with decoupled weight decay.

use super::error::SpecError;
use super::kind::Optimizer;
use super::minimizer::Minimizer;
use crate::real::Real;

/// Adam: a running mean of the gradient, divided by a running root mean square of it.
///
/// With `t` counted from 1, for each weight `w` with gradient `g`:
///
/// ```text
/// m ← β₁·m + (1−β₁)·g       m̂ = m / (1−β₁ᵗ)
/// s ← β₂·s + (1−β₂)·g²      ŝ = s / (1−β₂ᵗ)       w ← w − α·m̂ / (√ŝ + ε)
/// ```
///
/// - **Shapes:** `w`, `g`, `m`, `s` have one length; two slots per parameter.
/// - **Units:** `α` is per update. `β₁`, `β₂` weigh the *past*; the usual settings are 0.9, 0.999 and `ε = 1e-8`.
/// - **Convention:** `ε` outside the root; `1−β` and `1−βᵗ` in `f64`.
/// - **Reference:** Kingma & Ba 2015, Algorithm 1, <https://arxiv.org/abs/1412.6980>.
///
/// ```
/// # use caviar_engine::optim::Adam;
/// let adam = Adam::new(0.1)?;
/// let (mut w, mut m, mut s) = ([1.0_f32, -1.0], [0.0; 2], [0.0; 2]);
/// adam.update(1, &mut w, &[4.0, -0.5], &mut m, &mut s);
/// assert!((w[0] - 0.9).abs() < 1e-6);   // the first step is α·sign(g), whatever |g|
/// assert!((w[1] + 0.9).abs() < 1e-6);
/// # Ok::<(), caviar_engine::optim::SpecError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Adam(Minimizer);

impl Adam {
    /// The rule with this learning rate and its usual other settings.
    ///
    /// # Errors
    /// [`SpecError::OutOfRange`] unless the rate is positive and finite.
    pub fn new(learning_rate: f64) -> Result<Self, SpecError> {
        Minimizer::usual(Optimizer::Adam, learning_rate).map(Self)
    }

    /// The same with another `beta1`, the weight of the past in the mean.
    ///
    /// # Errors
    /// [`SpecError::OutOfRange`] unless `0 ≤ beta1 < 1`.
    pub fn with_beta1(self, beta1: f64) -> Result<Self, SpecError> {
        self.0.with(|settings| settings.beta1 = beta1).map(Self)
    }

    /// The same with another `beta2`, the weight of the past in the mean square.
    ///
    /// # Errors
    /// [`SpecError::OutOfRange`] unless `0 ≤ beta2 < 1`.
    pub fn with_beta2(self, beta2: f64) -> Result<Self, SpecError> {
        self.0.with(|settings| settings.beta2 = beta2).map(Self)
    }

    /// The same with another `epsilon`, outside the root.
    ///
    /// # Errors
    /// [`SpecError::OutOfRange`] unless it is positive and finite.
    pub fn with_epsilon(self, epsilon: f64) -> Result<Self, SpecError> {
        self.0.with(|settings| settings.epsilon = epsilon).map(Self)
    }

    /// Update number `step`, from 1, of `weights` with their `gradient`, on this thread; `mean` and `mean_square` start as zeros.
    ///
    /// # Panics
    /// If the slices differ in length.
    pub fn update<T: Real>(&self, step: u64, weights: &mut [T], gradient: &[T], mean: &mut [T], mean_square: &mut [T]) {
        self.0.update_number(step, weights, gradient, &mut [mean, mean_square]);
    }
}

impl From<Adam> for Minimizer {
    fn from(rule: Adam) -> Self {
        rule.0
    }
}

/// Adam with decoupled weight decay: the decay does not pass through the running means.
///
/// ```text
/// w ← w − α·weight_decay·w, then as Adam
/// ```
///
/// - **Convention:** the decay is multiplied by the rate in force, as PyTorch's; usually `weight_decay = 0.01`.
/// - **Reference:** Loshchilov & Hutter 2019, <https://arxiv.org/abs/1711.05101>.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct AdamW(Minimizer);

impl AdamW {
    /// The rule with this learning rate and its usual other settings.
    ///
    /// # Errors
    /// [`SpecError::OutOfRange`] unless the rate is positive and finite.
    pub fn new(learning_rate: f64) -> Result<Self, SpecError> {
        Minimizer::usual(Optimizer::AdamW, learning_rate).map(Self)
    }

    /// The same with another `beta1`, the weight of the past in the mean.
    ///
    /// # Errors
    /// [`SpecError::OutOfRange`] unless `0 ≤ beta1 < 1`.
    pub fn with_beta1(self, beta1: f64) -> Result<Self, SpecError> {
        self.0.with(|settings| settings.beta1 = beta1).map(Self)
    }

    /// The same with another `beta2`, the weight of the past in the mean square.
    ///
    /// # Errors
    /// [`SpecError::OutOfRange`] unless `0 ≤ beta2 < 1`.
    pub fn with_beta2(self, beta2: f64) -> Result<Self, SpecError> {
        self.0.with(|settings| settings.beta2 = beta2).map(Self)
    }

    /// The same with another `epsilon`, outside the root.
    ///
    /// # Errors
    /// [`SpecError::OutOfRange`] unless it is positive and finite.
    pub fn with_epsilon(self, epsilon: f64) -> Result<Self, SpecError> {
        self.0.with(|settings| settings.epsilon = epsilon).map(Self)
    }

    /// The same with another `weight_decay`, the share of a weight that a rate of one takes away.
    ///
    /// # Errors
    /// [`SpecError::OutOfRange`] unless it is 0 or more and finite.
    pub fn with_weight_decay(self, weight_decay: f64) -> Result<Self, SpecError> {
        self.0.with(|settings| settings.weight_decay = weight_decay).map(Self)
    }

    /// Update number `step`, from 1, of `weights` with their `gradient`, on this thread; `mean` and `mean_square` start as zeros.
    ///
    /// # Panics
    /// If the slices differ in length.
    pub fn update<T: Real>(&self, step: u64, weights: &mut [T], gradient: &[T], mean: &mut [T], mean_square: &mut [T]) {
        self.0.update_number(step, weights, gradient, &mut [mean, mean_square]);
    }
}

impl From<AdamW> for Minimizer {
    fn from(rule: AdamW) -> Self {
        rule.0
    }
}
