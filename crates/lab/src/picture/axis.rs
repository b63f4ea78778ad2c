//! How numbers become places.

/// Beyond these nothing is drawn: differences of larger numbers overflow.
const LARGEST: f64 = 1e300;
/// The smallest number on a logarithmic axis.
const SMALLEST: f64 = 1e-300;
const MOST_TICKS: usize = 50;

/// How numbers become places along one side of a picture.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Axis {
    pub(crate) low: f64,
    pub(crate) high: f64,
    pub(crate) log: bool,
}

impl Axis {
    /// An axis from `low` to `high`; one without any length is widened.
    pub(crate) fn linear(low: f64, high: f64) -> Self {
        let inside = |value: f64| if value.is_finite() { value.clamp(-LARGEST, LARGEST) } else { 0.0 };
        let (low, high) = (inside(low), inside(high));
        let long = high - low > SMALLEST && high - low > low.abs() * 1e-12;
        let widened = if long { 0.0 } else { (low.abs() * 0.1).max(0.5) };
        let high = if high < low { low } else { high };
        Axis { low: low - widened, high: high + widened, log: false }
    }

    /// A logarithmic axis, for positive numbers.
    pub(crate) fn log(low: f64, high: f64) -> Self {
        let low = if low.is_finite() { low.clamp(SMALLEST, LARGEST) } else { 1.0 };
        let high = if high > low { high.min(LARGEST) } else { low * 2.0 };
        Axis { low, high, log: true }
    }

    /// An axis that holds all finite values, with some room at both ends; none where there is none.
    pub(crate) fn around(values: impl Iterator<Item = f64>, log: bool) -> Option<Self> {
        let usable = values.filter(|value| value.is_finite() && (!log || *value > 0.0));
        let (low, high) = usable.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), v| (low.min(v), high.max(v)));
        if low > high {
            return None;
        }
        if log {
            return Some(Axis::log(low / 1.08, high * 1.08));
        }
        let axis = Axis::linear(low, high);
        let room = (axis.high - axis.low) * 0.04;
        Some(Axis { low: axis.low - room, high: axis.high + room, log: false })
    }

    /// The place of a value, 0 at the lower end and 1 at the upper.
    pub(crate) fn unit(&self, value: f64) -> f64 {
        match self.log {
            true => (value / self.low).ln() / (self.high / self.low).ln(),
            false => (value - self.low) / (self.high - self.low),
        }
    }

    /// Round values on the axis, about as many as asked for.
    pub(crate) fn ticks(&self, about: usize) -> Vec<f64> {
        let ticks = if self.log { self.log_ticks() } else { Vec::new() };
        if ticks.len() >= 3 {
            let stride = ticks.len().div_ceil(about.max(1) + 2);
            return ticks.into_iter().step_by(stride).collect();
        }
        let rough = (self.high - self.low) / about.max(1) as f64;
        let power = 10_f64.powf(rough.log10().floor());
        let step = [1.0, 2.0, 5.0, 10.0].map(|factor| factor * power).into_iter().find(|step| *step >= rough * 0.99);
        let step = step.unwrap_or(10.0 * power);
        let (first, last) = ((self.low / step).ceil(), (self.high / step).floor());
        let count = if last >= first { (last - first) as usize + 1 } else { 0 };
        (0..count.min(MOST_TICKS)).map(|at| (first + at as f64) * step).collect()
    }

    fn log_ticks(&self) -> Vec<f64> {
        let decades = self.low.log10().floor() as i32..=self.high.log10().ceil() as i32;
        let few = decades.clone().count() > 4;
        let factors: &[f64] = if few { &[1.0] } else { &[1.0, 2.0, 5.0] };
        let all = decades.flat_map(|decade| factors.iter().map(move |factor| factor * 10_f64.powi(decade)));
        all.filter(|tick| (self.low..=self.high).contains(tick)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::Axis;

    #[test]
    fn ticks_are_round_and_on_the_axis() {
        assert_eq!(Axis::linear(0.0, 50.0).ticks(5), [0.0, 10.0, 20.0, 30.0, 40.0, 50.0]);
        assert_eq!(Axis::log(0.01, 1.0).ticks(6), [0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0]);
        assert!(Axis::linear(3.0, 3.0).ticks(5).len() > 1);
        assert!((2..=9).contains(&Axis::log(0.31, 0.33).ticks(5).len()));
        assert!((2..=9).contains(&Axis::log(1e-30, 1e30).ticks(5).len()));
    }

    #[test]
    fn ends_of_an_axis_are_at_0_and_1_and_the_middle_of_a_log_axis_is_the_geometric_mean() {
        assert_eq!((Axis::linear(-2.0, 6.0).unit(-2.0), Axis::linear(-2.0, 6.0).unit(4.0)), (0.0, 0.75));
        assert!((Axis::log(0.01, 1.0).unit(0.1) - 0.5).abs() < 1e-12);
    }

    #[test]
    fn no_number_makes_an_axis_endless() {
        for (low, high) in [(f64::MIN, f64::MAX), (f64::NAN, 1.0), (0.0, 5e-324), (1e300, 1e300), (5.0, -5.0)] {
            for axis in [Axis::linear(low, high), Axis::log(low, high)] {
                assert!(axis.ticks(5).len() <= 50, "{low} {high}");
                assert!(axis.low < axis.high, "{low} {high}");
            }
        }
        assert_eq!(Axis::around([f64::NAN, f64::INFINITY].into_iter(), false), None);
        assert_eq!(Axis::around([-1.0, 0.0].into_iter(), true), None);
    }
}
