//! RMSprop.

use super::error::SpecError;
use super::kind::Optimizer;
use super::minimizer::Minimizer;
use crate::real::Real;

/// RMSprop: the gradient, divided by a running root mean square of it.
///
/// ```text
/// s ← β·s + (1−β)·g²        w ← w − α·g / (√s + ε)
/// ```
///
/// - **Units:** `β` weighs the past; the usual settings are `β = 0.9`, `ε = 1e-8`.
/// - **Convention:** `s` has the present gradient in it; `ε` is outside the root; no bias correction.
/// - **Reference:** Hinton 2012, lecture 6e of *Neural Networks for Machine Learning*.
///
/// ```
/// # use caviar_engine::optim::RmsProp;
/// let (mut w, mut s) = ([1.0_f64], [0.0]);
/// RmsProp::new(0.1)?.with_beta(0.75)?.update(&mut w, &[4.0], &mut s);
/// assert!(s == [4.0] && (w[0] - 0.8).abs() < 1e-8);   // 0.25 · 16; 1 − 0.1 · 4/2
/// # Ok::<(), caviar_engine::optim::SpecError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct RmsProp(Minimizer);

impl RmsProp {
    /// The rule with this learning rate and its usual other settings.
    ///
    /// # Errors
    /// [`SpecError::OutOfRange`] unless the rate is positive and finite.
    pub fn new(learning_rate: f64) -> Result<Self, SpecError> {
        Minimizer::usual(Optimizer::RmsProp, learning_rate).map(Self)
    }

    /// The same with another `beta`, the weight of the past.
    ///
    /// # Errors
    /// [`SpecError::OutOfRange`] unless `0 ≤ beta < 1`.
    pub fn with_beta(self, beta: f64) -> Result<Self, SpecError> {
        self.0.with(|settings| settings.beta = beta).map(Self)
    }

    /// The same with another `epsilon`, outside the root.
    ///
    /// # Errors
    /// [`SpecError::OutOfRange`] unless it is positive and finite.
    pub fn with_epsilon(self, epsilon: f64) -> Result<Self, SpecError> {
        self.0.with(|settings| settings.epsilon = epsilon).map(Self)
    }

    /// One update of `weights` with their `gradient`, on this thread; `mean_square` starts as zeros.
    ///
    /// # Panics
    /// If the slices differ in length.
    pub fn update<T: Real>(&self, weights: &mut [T], gradient: &[T], mean_square: &mut [T]) {
        self.0.update_number(1, weights, gradient, &mut [mean_square]);
    }
}

impl From<RmsProp> for Minimizer {
    fn from(rule: RmsProp) -> Self {
        rule.0
    }
}
