//! An axis that is even in its numbers or in their powers of ten.

use std::ops::Range;

/// From where to where an axis goes.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Axis {
    range: Range<f64>,
    log: bool,
}

impl Axis {
    pub(super) fn new(range: Range<f64>, log: bool) -> Self {
        Axis { range, log }
    }

    /// An axis with a little room around the values.
    pub(super) fn around(values: impl Iterator<Item = f64>, log: bool) -> Self {
        let even = |value: f64| if log { libm::log10(value) } else { value };
        let spread = |(low, high): (f64, f64), value: f64| (low.min(value), high.max(value));
        let (low, high) = values.map(even).filter(|value| value.is_finite()).fold((f64::MAX, f64::MIN), spread);
        let (low, high) = if low < high { (low, high) } else { (low.min(1.0) - 1.0, high.max(0.0) + 1.0) };
        let room = 0.04 * (high - low);
        let (low, high) = (low - room, high + room);
        if log { Axis::new(libm::pow(10.0, low)..libm::pow(10.0, high), true) } else { Axis::new(low..high, false) }
    }

    /// The number that so much of the axis lies below.
    pub(super) fn at(&self, share: f64) -> f64 {
        let (low, high) = (self.place(self.range.start), self.place(self.range.end));
        let place = low + share * (high - low);
        if self.log { libm::pow(10.0, place) } else { place }
    }

    /// How much of the axis lies below a number.
    pub(super) fn share(&self, value: f64) -> f64 {
        let (low, high) = (self.place(self.range.start), self.place(self.range.end));
        (self.place(value) - low) / (high - low)
    }

    fn place(&self, value: f64) -> f64 {
        if self.log { libm::log10(value.max(f64::MIN_POSITIVE)) } else { value }
    }

    /// Round numbers on the axis, about so many, and how they are written.
    pub(super) fn ticks(&self, about: usize) -> Vec<(f64, String)> {
        let ticks = if self.log { self.powers(about) } else { self.steps(about) };
        ticks.into_iter().map(|tick| (tick, figure(tick))).collect()
    }

    fn steps(&self, about: usize) -> Vec<f64> {
        let rough = (self.range.end - self.range.start) / about as f64;
        let power = libm::pow(10.0, libm::log10(rough).floor());
        let step = [1.0, 2.0, 5.0].map(|factor| factor * power).into_iter().find(|step| *step >= 0.99 * rough);
        let step = step.unwrap_or(10.0 * power);
        let (first, last) = ((self.range.start / step).ceil() as i64, (self.range.end / step).floor() as i64);
        (first..=last).map(|count| count as f64 * step).collect()
    }

    fn powers(&self, about: usize) -> Vec<f64> {
        let decades = self.place(self.range.start).floor() as i32..=self.place(self.range.end).ceil() as i32;
        let of_decades = |digits: &[f64]| -> Vec<f64> {
            let all = decades.clone().flat_map(|power| digits.iter().map(move |digit| digit * 10_f64.powi(power)));
            all.filter(|value| self.range.contains(value)).collect()
        };
        let powers = of_decades(&[1.0]);
        match powers.len() {
            0..=2 => {
                let finer = of_decades(&[1.0, 2.0, 5.0]);
                if finer.len() > 2 { finer } else { self.steps(about) }
            }
            many => powers.into_iter().step_by(many.div_ceil(about + 1)).collect(),
        }
    }
}

/// A round number, short: `0.001`, `10⁻⁸`.
fn figure(value: f64) -> String {
    let size = value.abs();
    if size != 0.0 && !(9e-4..1e6).contains(&size) {
        let power = libm::log10(size).round() as i32;
        if (size / 10_f64.powi(power) - 1.0).abs() < 1e-9 {
            let digit = |letter: char| match letter.to_digit(10) {
                Some(digit) => ['⁰', '¹', '²', '³', '⁴', '⁵', '⁶', '⁷', '⁸', '⁹'][digit as usize],
                None => '⁻',
            };
            return format!("10{}", power.to_string().chars().map(digit).collect::<String>());
        }
        return format!("{value:e}");
    }
    let rounded = (value * 1e9).round() / 1e9;
    (rounded + 0.0).to_string().replace('-', "−")
}

#[cfg(test)]
mod tests {
    use super::{Axis, figure};

    #[test]
    fn ticks_are_round_and_on_the_axis() {
        let numbers = |axis: Axis| axis.ticks(5).into_iter().map(|tick| tick.1).collect::<Vec<_>>();
        assert_eq!(numbers(Axis::new(-0.1..1.05, false)), ["0", "0.5", "1"]);
        assert_eq!(numbers(Axis::new(0.005..3.0, true)), ["0.01", "0.1", "1"]);
        assert_eq!(numbers(Axis::new(0.1..3.0, true)), ["0.1", "0.2", "0.5", "1", "2"]);
        assert_eq!([1e-8, 0.0, -2.5].map(figure), ["10⁻⁸", "0", "−2.5"]);
    }
}
