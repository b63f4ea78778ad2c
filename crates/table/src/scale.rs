//! Scaling of numbers, fitted on the values present in the training rows.

use serde::{Deserialize, Serialize};

/// How a column of numbers is scaled.
///
/// | | center | scale | clip |
/// |---|---|---|---|
/// | `Standard` | mean | deviation, divisor m | |
/// | `MinMax` | least | largest - least | |
/// | `Robust` | median | upper - lower quartile, or half of largest - least where that is 0 | 3 |
/// | `Unit255` | 0 | 255 | |
/// | `None` | 0 | 1 | |
///
/// Quartiles lie between neighbors in proportion (numpy's default).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Scaling {
    /// Mean 0, deviation 1.
    #[default]
    Standard,
    /// From 0 to 1.
    MinMax,
    /// Median 0, quartiles 1 apart, smoothly kept below 3 in size.
    Robust,
    /// Divided by 255, for the bytes of pictures.
    Unit255,
    /// As it is.
    None,
}

/// `z = (v - center)·(1 / scale)`, and with a clip `c`, `z / sqrt(1 + (z / c)^2)`.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Affine {
    /// What becomes 0.
    pub center: f64,
    /// The distance from it that becomes 1; positive and finite.
    pub scale: f64,
    /// The bound that the result smoothly stays below.
    pub clip: Option<f64>,
}

impl Affine {
    /// Fitted on values that are finite, none missing; `None` where they are all equal (or too
    /// near to each other for f64) and the scaling divides by how far they spread.
    pub fn fit(scaling: Scaling, values: &[f64]) -> Option<Affine> {
        let plain = |center, scale| Some(Affine { center, scale, clip: None });
        match scaling {
            Scaling::None => plain(0.0, 1.0),
            Scaling::Unit255 => plain(0.0, 255.0),
            Scaling::Standard => {
                let (mean, deviation) = mean_and_deviation(values)?;
                plain(mean, deviation)
            }
            Scaling::MinMax => {
                let (least, largest) = range(values)?;
                plain(least, positive(largest - least)?)
            }
            Scaling::Robust => {
                let mut moved = values.to_vec();
                let (least, largest) = range(values)?;
                let between = quantile(&mut moved, 0.75)? - quantile(&mut moved, 0.25)?;
                let scale = positive(between).or_else(|| positive(largest / 2.0 - least / 2.0))?;
                Some(Affine { center: quantile(&mut moved, 0.5)?, scale, clip: Some(3.0) })
            }
        }
    }

    /// What a distance from the center is multiplied by: `1 / scale`.
    pub(crate) fn factor(&self) -> f64 {
        1.0 / self.scale
    }

    /// The scaled value.
    pub fn apply(&self, value: f64) -> f64 {
        let distance = value - self.center;
        let factor = self.factor();
        let scaled = if distance.is_finite() { distance * factor } else { value * factor - self.center * factor };
        match self.clip {
            None => scaled,
            Some(clip) => {
                let share = scaled / clip;
                // So far out the root is `share` to the last bit, and its square may overflow.
                if share.abs() > 1e8 { clip.copysign(share) } else { scaled / (1.0 + share * share).sqrt() }
            }
        }
    }

    /// Whether the numbers can be calculated with.
    pub(crate) fn is_sound(&self) -> bool {
        self.center.is_finite()
            && positive(self.scale) == Some(self.scale)
            && self.clip.is_none_or(|clip| positive(clip) == Some(clip))
    }
}

/// Mean and deviation (divisor m), summed in the order given; `None` without any spread.
///
/// Safe for all finite values: sums that would overflow are taken of smaller terms.
pub(crate) fn mean_and_deviation(values: &[f64]) -> Option<(f64, f64)> {
    let (least, largest) = range(values)?;
    if least == largest {
        return None;
    }
    let count = values.len() as f64;
    let sum: f64 = values.iter().sum();
    let mean = if sum.is_finite() { sum / count } else { values.iter().map(|value| value / count).sum() };
    let farthest = positive((largest - mean).max(mean - least))?;
    let squares: f64 = values.iter().map(|value| ((value - mean) / farthest).powi(2)).sum();
    Some((mean, positive(farthest * (squares / count).sqrt())?))
}

/// The median, `None` of nothing; the values change places.
pub(crate) fn median(values: &mut [f64]) -> Option<f64> {
    quantile(values, 0.5)
}

fn range(values: &[f64]) -> Option<(f64, f64)> {
    let &first = values.first()?;
    Some(values.iter().fold((first, first), |(least, largest), &value| (least.min(value), largest.max(value))))
}

/// The value at this share of the way through the values in order; found by selection, which moves them.
fn quantile(values: &mut [f64], share: f64) -> Option<f64> {
    let place = share * (values.len().checked_sub(1)?) as f64;
    let (below, part) = (place.floor() as usize, place.fract());
    let (_, &mut lower, after) = values.select_nth_unstable_by(below, f64::total_cmp);
    let upper = after.iter().copied().min_by(f64::total_cmp).unwrap_or(lower);
    Some(if part == 0.0 { lower } else { lower * (1.0 - part) + upper * part })
}

/// The value, if a division by it makes sense; an infinite spread becomes the largest number.
fn positive(spread: f64) -> Option<f64> {
    (spread > 0.0).then(|| spread.min(f64::MAX)).filter(|spread| (1.0 / spread).is_finite())
}

#[cfg(test)]
mod tests {
    use super::{Affine, Scaling, mean_and_deviation, median};
    use proptest::prelude::{Strategy, any, prop_assert, prop_assert_eq, proptest};

    #[test]
    fn each_scaling_has_the_center_and_scale_of_its_table() {
        let values = [1.0, 2.0, 4.0, 5.0, 8.0];
        let fit = |scaling| Affine::fit(scaling, &values).unwrap();
        let deviation = (30.0_f64 / 5.0).sqrt(); // (9 + 4 + 0 + 1 + 16) / 5
        assert_eq!(fit(Scaling::Standard).center, 4.0);
        assert!((fit(Scaling::Standard).scale - deviation).abs() < 1e-15);
        assert_eq!((fit(Scaling::MinMax).center, fit(Scaling::MinMax).scale), (1.0, 7.0));
        assert_eq!((fit(Scaling::Robust).center, fit(Scaling::Robust).scale), (4.0, 3.0));
        assert_eq!(fit(Scaling::Unit255).apply(51.0), 0.2);
        assert_eq!(fit(Scaling::None).apply(51.0), 51.0);
    }

    #[test]
    fn robust_scaling_bends_smoothly_to_three() {
        let affine = Affine { center: 0.0, scale: 1.0, clip: Some(3.0) };
        assert!((affine.apply(4.0) - 2.4).abs() < 1e-15); // 4 / sqrt(1 + 16/9) = 4 / (5/3)
        assert_eq!((affine.apply(1e300), affine.apply(-f64::MAX)), (3.0, -3.0));
        assert!((affine.apply(2.9e8) - 3.0).abs() < 1e-15);
        assert_eq!(affine.apply(0.0), 0.0);
    }

    #[test]
    fn robust_scaling_falls_back_on_the_range() {
        let affine = Affine::fit(Scaling::Robust, &[0.0, 0.0, 0.0, 0.0, 0.0, 6.0]).unwrap();
        assert_eq!((affine.center, affine.scale), (0.0, 3.0));
    }

    #[test]
    fn the_median_lies_between_the_middle_two() {
        assert_eq!(median(&mut [4.0, 1.0, 3.0, 2.0]), Some(2.5));
        assert_eq!(median(&mut [5.0, 1.0, 3.0]), Some(3.0));
        assert_eq!(median(&mut []), None);
    }

    #[test]
    fn a_large_mean_does_not_swallow_a_small_deviation() {
        let (mean, deviation) = mean_and_deviation(&[1e9 - 1.0, 1e9 + 1.0]).unwrap();
        assert_eq!((mean, deviation), (1e9, 1.0));
        assert_eq!(mean_and_deviation(&[3.0, 3.0]), None);
    }

    proptest! {
        #[test]
        fn scaled_training_values_are_finite_whatever_the_numbers(
            values in proptest::collection::vec(any::<f64>().prop_filter("finite", |v| v.is_finite()), 1..40),
        ) {
            for scaling in [Scaling::Standard, Scaling::MinMax, Scaling::Robust] {
                let Some(affine) = Affine::fit(scaling, &values) else { continue };
                prop_assert!(affine.is_sound());
                for &value in &values {
                    let scaled = affine.apply(value);
                    prop_assert!(scaled.abs() <= 1e16, "{scaling:?} {value} {scaled}");
                }
            }
        }

        #[test]
        fn standard_scaling_gives_mean_0_and_deviation_1(
            values in proptest::collection::vec(-1e6_f64..1e6, 2..40),
        ) {
            let affine = Affine::fit(Scaling::Standard, &values).unwrap();
            let scaled: Vec<f64> = values.iter().map(|&v| affine.apply(v)).collect();
            let count = scaled.len() as f64;
            let mean = scaled.iter().sum::<f64>() / count;
            let square = scaled.iter().map(|z| z * z).sum::<f64>() / count;
            prop_assert!(mean.abs() < 1e-9, "{mean}");
            prop_assert!((square - 1.0).abs() < 1e-9);
            prop_assert_eq!(affine.clip, None);
        }
    }
}
