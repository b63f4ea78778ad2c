//! Exponentially weighted averages: a memory of one number.

use crate::optim::SpecError;
use crate::optim::error::require_decay;
use serde::{Deserialize, Serialize};

/// An exponentially weighted average, with and without the correction of its start.
///
/// With `v₀ = 0` and `β` the weight of the past:
///
/// ```text
/// vₜ = β·vₜ₋₁ + (1−β)·xₜ        corrected: v̂ₜ = vₜ / (1 − βᵗ)
/// ```
///
/// - **Units:** `v` has the unit of `x`; `β` remembers about `1/(1−β)` values, see [`memory`].
/// - **Convention:** the corrected value never enters the recursion. When `β` is changed on the way, `βᵗ` is the
///   product of the decays that were in force, so that the weights of the past still add up to one.
///
/// The state is plain data and an update gives the next state:
///
/// ```
/// use caviar_engine::average::Average;
///
/// let start = Average::new(0.9)?;
/// let v = start.after(10.0).after(20.0);
/// assert!((v.value() - 2.9).abs() < 1e-12);                            // 0.9 · 1 + 0.1 · 20
/// assert!((v.corrected().unwrap() - 2.9 / 0.19).abs() < 1e-12);        // 15.26: the weights 0.09 and 0.1, made to add up to 1
/// assert_eq!(start.corrected(), None);                                 // nothing has been seen
/// # Ok::<(), caviar_engine::optim::SpecError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", try_from = "AverageData")]
pub struct Average {
    decay: f64,
    value: f64,
    /// The weight that the start, zero, still has: the product of all decays in force so far.
    start_weight: f64,
}

impl Average {
    /// The average before its first value.
    ///
    /// # Errors
    /// [`SpecError::OutOfRange`] unless `0 ≤ decay < 1`.
    pub fn new(decay: f64) -> Result<Self, SpecError> {
        Ok(Self { decay: require_decay("beta", decay)?, value: 0.0, start_weight: 1.0 })
    }

    /// The same average with another memory from the next value on.
    ///
    /// # Errors
    /// [`SpecError::OutOfRange`] unless `0 ≤ decay < 1`.
    pub fn with_decay(self, decay: f64) -> Result<Self, SpecError> {
        Ok(Self { decay: require_decay("beta", decay)?, ..self })
    }

    /// The average after one more value. A value that is not finite stays in the average.
    #[must_use]
    pub fn after(self, x: f64) -> Self {
        Self {
            value: self.decay * self.value + (1.0 - self.decay) * x,
            start_weight: self.start_weight * self.decay,
            ..self
        }
    }

    /// The uncorrected average `v`: too close to zero at first. Zero before the first value.
    #[must_use]
    pub fn value(&self) -> f64 {
        self.value
    }

    /// The average with the weight of the start taken out, `v / (1 − βᵗ)`; none before the first value.
    #[must_use]
    pub fn corrected(&self) -> Option<f64> {
        (self.start_weight < 1.0).then(|| self.value / (1.0 - self.start_weight))
    }

    /// The weight of the past, `β`.
    #[must_use]
    pub fn decay(&self) -> f64 {
        self.decay
    }
}

/// An [`Average`] as it lies in a file, not yet checked.
#[derive(Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
struct AverageData {
    decay: f64,
    value: f64,
    start_weight: f64,
}

impl TryFrom<AverageData> for Average {
    type Error = SpecError;

    fn try_from(data: AverageData) -> Result<Self, SpecError> {
        let legal = (0.0..=1.0).contains(&data.start_weight);
        if !legal {
            return Err(SpecError::OutOfRange {
                name: "start-weight",
                got: data.start_weight,
                want: "between 0 and 1",
            });
        }
        Ok(Self { decay: require_decay("beta", data.decay)?, value: data.value, start_weight: data.start_weight })
    }
}

/// How many values an average remembers, `1/(1−β)`: after so many the weight of a value has fallen to about `1/e`.
///
/// ```
/// assert!((caviar_engine::average::memory(0.9) - 10.0).abs() < 1e-12);
/// ```
#[must_use]
pub fn memory(decay: f64) -> f64 {
    1.0 / (1.0 - decay)
}

/// The plain mean of how many values scatters as much, `(1+β)/(1−β)`: 19 at `β = 0.9`.
#[must_use]
pub fn equal_variance_window(decay: f64) -> f64 {
    (1.0 + decay) / (1.0 - decay)
}

/// The share of the whole weight that lies on the last `count` values, `1 − βⁿ`; also the share of its final level
/// that an uncorrected average of a constant has reached after `count` values.
#[must_use]
pub fn weight_of_last(decay: f64, count: u32) -> f64 {
    1.0 - libm::pow(decay, f64::from(count))
}

#[cfg(test)]
mod tests {
    use super::{Average, equal_variance_window, memory, weight_of_last};
    use crate::optim::SpecError;
    use proptest::prelude::{prop_assert, proptest};

    fn close(got: f64, want: f64, tolerance: f64) {
        assert!((got - want).abs() <= tolerance, "{got} is not {want}");
    }

    #[test]
    fn ten_twenty_thirty_by_hand() {
        let mut average = Average::new(0.9).unwrap();
        // v: 0.1·10; 0.9·1 + 0.1·20; 0.9·2.9 + 0.1·30. Divisors: 0.1, 0.19, 0.271.
        for (x, value, corrected) in [(10.0, 1.0, 10.0), (20.0, 2.9, 2.9 / 0.19), (30.0, 5.61, 5.61 / 0.271)] {
            average = average.after(x);
            close(average.value(), value, 1e-12);
            close(average.corrected().unwrap(), corrected, 1e-12);
        }
        close(average.corrected().unwrap(), 20.70, 0.005);
    }

    #[test]
    fn the_corrected_value_fed_back_would_run_away() {
        // The recursion as it is sometimes printed, v = (0.9·v + 0.1·x) / (1 − 0.9ᵗ), gives 10, 57.9, 203.
        let (mut printed, mut average) = (0.0, Average::new(0.9).unwrap());
        for (x, divisor) in [(10.0, 0.1), (20.0, 0.19), (30.0, 0.271)] {
            printed = (0.9 * printed + 0.1 * x) / divisor;
            average = average.after(x);
        }
        close(printed, 203.0, 0.5);
        assert!(average.corrected().unwrap() < 30.0);
    }

    #[test]
    fn the_last_ten_values_carry_65_percent_at_0_9() {
        close(memory(0.9), 10.0, 1e-12);
        close(weight_of_last(0.9, 10), 0.651, 0.0005);
        close(equal_variance_window(0.9), 19.0, 1e-12);
    }

    #[test]
    fn the_start_is_forgotten_to_95_percent_after_29_values() {
        let mut average = Average::new(0.9).unwrap();
        let steps = (1..).find(|_| {
            average = average.after(1.0);
            average.value() >= 0.95
        });
        assert_eq!(steps, Some(29));
    }

    #[test]
    fn the_oldest_remembered_value_weighs_one_over_e() {
        for decay in [0.9_f64, 0.98, 0.999] {
            let oldest = decay.powf(memory(decay));
            close(oldest, (-1.0_f64).exp(), 0.02);
        }
    }

    #[test]
    fn decays_that_average_nothing_are_refused() {
        for decay in [1.0, -0.1, 1.5, f64::NAN, f64::INFINITY] {
            let error = Average::new(decay).unwrap_err();
            assert!(matches!(error, SpecError::OutOfRange { name: "beta", .. }));
        }
        let kept: Result<Average, _> = serde_json::from_str(r#"{"decay":1.0,"value":0.0,"start-weight":1.0}"#);
        assert!(kept.is_err());
    }

    proptest! {
        #[test]
        fn the_corrected_average_of_a_constant_is_the_constant(
            constant in -1e3..1e3_f64, first in 0.0..0.999_f64, second in 0.0..0.999_f64,
        ) {
            let mut average = Average::new(first).unwrap();
            for _ in 0..5 {
                average = average.after(constant);
            }
            average = average.with_decay(second).unwrap().after(constant);
            prop_assert!((average.corrected().unwrap() - constant).abs() <= 1e-9 * (1.0 + constant.abs()));
        }

        #[test]
        fn a_copy_in_a_file_goes_on_the_same(decay in 0.0..0.999_f64, x in -1e6..1e6_f64, y in -1e6..1e6_f64) {
            let average = Average::new(decay).unwrap().after(x);
            let text = serde_json::to_string(&average).unwrap();
            let copy: Average = serde_json::from_str(&text).unwrap();
            prop_assert!(copy.after(y) == average.after(y));
        }
    }
}
