//! Gradient descent.

use super::error::SpecError;
use super::kind::Optimizer;
use super::minimizer::Minimizer;
use crate::real::Real;

/// Gradient descent: against the gradient.
///
/// ```text
/// w ← w − α·g
/// ```
///
/// On `w²/2` it is stable up to a rate of 2.
///
/// ```
/// # use caviar_engine::optim::Descent;
/// let mut w = [1.0_f32, -1.0];
/// Descent::new(0.5)?.update(&mut w, &[2.0, 0.5]);
/// assert_eq!(w, [0.0, -1.25]);
/// # Ok::<(), caviar_engine::optim::SpecError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Descent(Minimizer);

impl Descent {
    /// Descent with this learning rate.
    ///
    /// # Errors
    /// [`SpecError::OutOfRange`] unless the rate is positive and finite.
    pub fn new(learning_rate: f64) -> Result<Self, SpecError> {
        Minimizer::usual(Optimizer::Descent, learning_rate).map(Self)
    }

    /// One update of `weights` with their `gradient`, on this thread.
    ///
    /// # Panics
    /// If the slices differ in length.
    pub fn update<T: Real>(&self, weights: &mut [T], gradient: &[T]) {
        self.0.update_number(1, weights, gradient, &mut []);
    }
}

impl From<Descent> for Minimizer {
    fn from(rule: Descent) -> Self {
        rule.0
    }
}
