//! A density around places of the unit cube, as Optuna's `_ParzenEstimator`.

use std::f64::consts::{SQRT_2, TAU};

use caviar_tune::{Scale, ScaleForm};

/// The latest places, which count fully; those before count the less the older they are.
const LATEST: usize = 25;

/// An axis of the unit cube: an integer is a piece of it.
pub struct Axis {
    scale: Scale,
}

impl Axis {
    /// The axis of a parameter.
    pub fn new(scale: &Scale) -> Axis {
        Axis { scale: scale.clone() }
    }

    /// The middle of what has the same value.
    pub fn middle(&self, unit: f64) -> f64 {
        self.scale.to_unit(&self.scale.from_unit(unit)).unwrap_or(unit)
    }

    /// The ends of what has the same value; nothing on an axis of real numbers.
    fn piece(&self, unit: f64) -> Option<[f64; 2]> {
        let ScaleForm::Integer { low, high, log } = *self.scale.form() else { return None };
        let value = self.scale.from_unit(unit).as_number()?;
        let place = |end: f64| if log { end.ln() } else { end };
        let [first, last] = [low as f64 - 0.5, high as f64 + 0.5].map(place);
        Some([value - 0.5, value + 0.5].map(|end| (place(end) - first) / (last - first)))
    }
}

/// A normal on each axis, cut off at the walls.
struct Kernel {
    weight: f64,
    /// Middle and width.
    axes: Vec<[f64; 2]>,
}

/// One kernel for each place, and one in the middle that is as wide as the space.
///
/// - **Convention:** a kernel is as wide as the larger way to its neighbors on the axis, the outermost ones as wide as the way to
///   their only neighbor, at least `1 / min(100, kernels + 1)` and at most 1.
pub struct Density {
    kernels: Vec<Kernel>,
}

impl Density {
    /// Of places from the oldest to the latest.
    pub fn new(places: &[&[f64]], dimensions: usize) -> Density {
        let count = places.len();
        let narrowest = 1.0 / (count as f64 + 2.0).min(100.0);
        let widths = |axis: usize| {
            let mut order: Vec<usize> = (0..count).collect();
            order.sort_by(|&a, &b| places[a][axis].total_cmp(&places[b][axis]));
            let at = |rank: usize| places[order[rank]][axis];
            let mut widths = vec![0.0; count];
            for (rank, &place) in order.iter().enumerate() {
                let below = if rank > 0 { Some(at(rank) - at(rank - 1)) } else { None };
                let above = if rank + 1 < count { Some(at(rank + 1) - at(rank)) } else { None };
                let only = at(rank).max(1.0 - at(rank));
                widths[place] = below.into_iter().chain(above).reduce(f64::max).unwrap_or(only).clamp(narrowest, 1.0);
            }
            widths
        };
        let widths: Vec<Vec<f64>> = (0..dimensions).map(widths).collect();
        let kernel = |place: usize| Kernel {
            weight: weight(place, count),
            axes: (0..dimensions).map(|axis| [places[place][axis], widths[axis][place]]).collect(),
        };
        let mut kernels: Vec<Kernel> = (0..count).map(kernel).collect();
        kernels.push(Kernel { weight: 1.0, axes: vec![[0.5, 1.0]; dimensions] });
        let sum: f64 = kernels.iter().map(|kernel| kernel.weight).sum();
        kernels.iter_mut().for_each(|kernel| kernel.weight /= sum);
        Density { kernels }
    }

    /// A place drawn from it.
    pub fn sample(&self, draw: &mut dyn FnMut() -> f64) -> Vec<f64> {
        let mut left = draw();
        let chosen = self.kernels.iter().find(|kernel| {
            left -= kernel.weight;
            left < 0.0
        });
        let axes = chosen.or(self.kernels.last()).map_or(&[][..], |kernel| &kernel.axes);
        let inside = |&[middle, width]: &[f64; 2]| loop {
            // At least a third of a normal whose middle is in the interval, and that is at most as wide, lies in it.
            let place = middle + width * (-2.0 * (1.0 - draw()).ln()).sqrt() * (TAU * draw()).cos();
            if (0.0..=1.0).contains(&place) {
                break place;
            }
        };
        axes.iter().map(inside).collect()
    }

    /// Its logarithm; on an axis of integers of the mass of the integer.
    pub fn log(&self, axes: &[Axis], place: &[f64]) -> f64 {
        let pieces: Vec<Option<[f64; 2]>> = axes.iter().zip(place).map(|(axis, &unit)| axis.piece(unit)).collect();
        let of = |kernel: &Kernel| {
            let factors = kernel.axes.iter().zip(&pieces).zip(place).map(|((&[middle, width], piece), unit)| {
                let below = |end: f64| libm::erf((end - middle) / (width * SQRT_2)) / 2.0;
                let there = match piece {
                    Some([low, high]) => below(*high) - below(*low),
                    None => (-0.5 * ((unit - middle) / width).powi(2)).exp() / (width * TAU.sqrt()),
                };
                there / (below(1.0) - below(0.0))
            });
            kernel.weight * factors.product::<f64>()
        };
        self.kernels.iter().map(of).sum::<f64>().ln()
    }
}

/// How much one of so many places counts: the latest fully, those before in even steps down to the oldest.
fn weight(place: usize, count: usize) -> f64 {
    let (older, first) = (count.saturating_sub(LATEST), 1.0 / count as f64);
    if place >= older {
        return 1.0;
    }
    first + (1.0 - first) * place as f64 / (older as f64 - 1.0).max(1.0)
}

#[cfg(test)]
mod tests {
    use caviar_tune::Scale;

    use super::{Axis, Density, weight};

    #[test]
    fn a_kernel_is_as_wide_as_the_larger_way_to_its_neighbors() {
        let density = Density::new(&[&[0.5], &[0.1], &[0.7]], 1);
        let widths: Vec<f64> = density.kernels.iter().map(|kernel| kernel.axes[0][1]).collect();
        // Neighbors of 0.5 are 0.1 and 0.7; 0.7 has 0.5 alone, but 1 / (3 + 2) is the least; the last one is the whole space.
        for (got, wanted) in widths.iter().zip([0.4, 0.4, 0.2, 1.0]) {
            assert!((got - wanted).abs() < 1e-12, "{widths:?}");
        }
    }

    #[test]
    fn a_density_is_one_in_all() {
        let density = Density::new(&[&[0.02], &[0.1], &[0.95]], 1);
        let of = |scale: Scale, places: &[f64]| -> f64 {
            let axes = [Axis::new(&scale)];
            places.iter().map(|&place| density.log(&axes, &[axes[0].middle(place)]).exp()).sum()
        };
        let places: Vec<f64> = (0..1000).map(|place| (f64::from(place) + 0.5) / 1000.0).collect();
        assert!((of(Scale::linear(2.0, 5.0).unwrap(), &places) / 1000.0 - 1.0).abs() < 1e-4);
        let integers: Vec<f64> = (0..5).map(|place| (f64::from(place) + 0.5) / 5.0).collect();
        assert!((of(Scale::integer(1, 5).unwrap(), &integers) - 1.0).abs() < 1e-12);
        // 1, 2 and 3 end at 1.5, 2.5 and 3.5 of 0.5 to 3.5, in the exponent.
        let log: Vec<f64> = [1.0, 2.0, 3.0].map(|value: f64| (value / 0.5).ln() / 7.0_f64.ln()).to_vec();
        assert!((of(Scale::log_integer(1, 3).unwrap(), &log) - 1.0).abs() < 1e-12);
    }

    #[test]
    fn old_places_count_less() {
        // Of 28 places three are old: 1/28, the middle between it and 1, and 1.
        let weights = [0, 1, 2, 3, 27].map(|place| weight(place, 28));
        for (got, wanted) in weights.iter().zip([1.0 / 28.0, (1.0 + 1.0 / 28.0) / 2.0, 1.0, 1.0, 1.0]) {
            assert!((got - wanted).abs() < 1e-12, "{weights:?}");
        }
    }
}
