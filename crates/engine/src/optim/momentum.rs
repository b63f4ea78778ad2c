//! Momentum, in its three forms.

use super::error::SpecError;
use super::kind::Optimizer;
use super::minimizer::Minimizer;
use crate::real::Real;

/// Momentum: along a running mean of the gradients.
///
/// ```text
/// v ← β·v + (1−β)·g        w ← w − α·v
/// ```
///
/// - **Units:** `β` weighs the past; 0.9 remembers about 10 steps.
/// - **Convention:** no bias correction. PyTorch's form, [`MomentumAccumulating`], takes the same path at the rate `α·(1−β)`.
/// - On `w²/2` it is stable up to a rate of `2(1+β)/(1−β)`: 38 at 0.9.
///
/// ```
/// # use caviar_engine::optim::Momentum;
/// let (mut w, mut v) = ([1.0_f32], [0.0]);
/// Momentum::new(0.5)?.update(&mut w, &[2.0], &mut v);
/// assert!((v[0] - 0.2).abs() < 1e-6 && (w[0] - 0.9).abs() < 1e-6);   // 0.1 · 2, then 0.5 · 0.2
/// # Ok::<(), caviar_engine::optim::SpecError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Momentum(Minimizer);

impl Momentum {
    /// The rule with this learning rate and its usual other settings.
    ///
    /// # Errors
    /// [`SpecError::OutOfRange`] unless the rate is positive and finite.
    pub fn new(learning_rate: f64) -> Result<Self, SpecError> {
        Minimizer::usual(Optimizer::Momentum, learning_rate).map(Self)
    }

    /// The same with another `beta`, the weight of the past.
    ///
    /// # Errors
    /// [`SpecError::OutOfRange`] unless `0 ≤ beta < 1`.
    pub fn with_beta(self, beta: f64) -> Result<Self, SpecError> {
        self.0.with(|settings| settings.beta = beta).map(Self)
    }

    /// One update of `weights` with their `gradient`, on this thread; `velocity` starts as zeros.
    ///
    /// # Panics
    /// If the slices differ in length.
    pub fn update<T: Real>(&self, weights: &mut [T], gradient: &[T], velocity: &mut [T]) {
        self.0.update_number(1, weights, gradient, &mut [velocity]);
    }
}

impl From<Momentum> for Minimizer {
    fn from(rule: Momentum) -> Self {
        rule.0
    }
}

/// Momentum along a discounted *sum* of the gradients, as PyTorch's.
///
/// ```text
/// v ← β·v + g        w ← w − α·v
/// ```
///
/// - **Reference:** Polyak 1964; Sutskever et al. 2013, <https://proceedings.mlr.press/v28/sutskever13.html>.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct MomentumAccumulating(Minimizer);

impl MomentumAccumulating {
    /// The rule with this learning rate and its usual other settings.
    ///
    /// # Errors
    /// [`SpecError::OutOfRange`] unless the rate is positive and finite.
    pub fn new(learning_rate: f64) -> Result<Self, SpecError> {
        Minimizer::usual(Optimizer::MomentumAccumulating, learning_rate).map(Self)
    }

    /// The same with another `beta`, the weight of the past.
    ///
    /// # Errors
    /// [`SpecError::OutOfRange`] unless `0 ≤ beta < 1`.
    pub fn with_beta(self, beta: f64) -> Result<Self, SpecError> {
        self.0.with(|settings| settings.beta = beta).map(Self)
    }

    /// One update of `weights` with their `gradient`, on this thread; `velocity` starts as zeros.
    ///
    /// # Panics
    /// If the slices differ in length.
    pub fn update<T: Real>(&self, weights: &mut [T], gradient: &[T], velocity: &mut [T]) {
        self.0.update_number(1, weights, gradient, &mut [velocity]);
    }
}

impl From<MomentumAccumulating> for Minimizer {
    fn from(rule: MomentumAccumulating) -> Self {
        rule.0
    }
}

/// Nesterov's momentum, of the accumulating form: a look ahead along the new velocity.
///
/// ```text
/// v ← β·v + g        w ← w − α·(g + β·v)
/// ```
///
/// - **Convention:** `v` in the second line is the new one, as PyTorch's `nesterov=True`.
/// - **Reference:** Nesterov 1983; Sutskever et al. 2013, <https://proceedings.mlr.press/v28/sutskever13.html>.
///
/// ```
/// # use caviar_engine::optim::Nesterov;
/// let (mut w, mut v) = ([1.0_f64], [1.0]);
/// Nesterov::new(0.5)?.with_beta(0.5)?.update(&mut w, &[2.0], &mut v);
/// assert_eq!((v, w), ([2.5], [-0.625]));   // 0.5 + 2; 1 − 0.5·(2 + 1.25)
/// # Ok::<(), caviar_engine::optim::SpecError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Nesterov(Minimizer);

impl Nesterov {
    /// The rule with this learning rate and its usual other settings.
    ///
    /// # Errors
    /// [`SpecError::OutOfRange`] unless the rate is positive and finite.
    pub fn new(learning_rate: f64) -> Result<Self, SpecError> {
        Minimizer::usual(Optimizer::Nesterov, learning_rate).map(Self)
    }

    /// The same with another `beta`, the weight of the past.
    ///
    /// # Errors
    /// [`SpecError::OutOfRange`] unless `0 ≤ beta < 1`.
    pub fn with_beta(self, beta: f64) -> Result<Self, SpecError> {
        self.0.with(|settings| settings.beta = beta).map(Self)
    }

    /// One update of `weights` with their `gradient`, on this thread; `velocity` starts as zeros.
    ///
    /// # Panics
    /// If the slices differ in length.
    pub fn update<T: Real>(&self, weights: &mut [T], gradient: &[T], velocity: &mut [T]) {
        self.0.update_number(1, weights, gradient, &mut [velocity]);
    }
}

impl From<Nesterov> for Minimizer {
    fn from(rule: Nesterov) -> Self {
        rule.0
    }
}
