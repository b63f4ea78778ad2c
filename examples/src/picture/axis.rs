//! An axis that is even in its numbers or in their powers of ten.

use plotters::coord::ranged1d::{BoldPoints, KeyPointHint, NoDefaultFormatting, Ranged, ValueFormatter};
use plotters::coord::types::RangedCoordf64;
use std::ops::Range;

/// From where to where an axis goes, and how it is divided.
#[derive(Clone)]
pub(super) struct Axis {
    range: Range<f64>,
    log: bool,
}

impl From<Range<f64>> for Axis {
    fn from(range: Range<f64>) -> Self {
        Axis { range, log: false }
    }
}

impl Axis {
    pub(super) fn new(range: Range<f64>, log: bool) -> Self {
        Axis { range, log }
    }

    /// An axis with a little room around the values.
    pub(super) fn around(values: impl Iterator<Item = f64>, log: bool) -> Self {
        let even = |value: f64| if log { value.log10() } else { value };
        let spread = |(low, high): (f64, f64), value: f64| (low.min(value), high.max(value));
        let (low, high) = values.map(even).filter(|value| value.is_finite()).fold((f64::MAX, f64::MIN), spread);
        let (low, high) = if low < high { (low, high) } else { (low.min(1.0) - 1.0, high.max(0.0) + 1.0) };
        let room = 0.04 * (high - low);
        let (low, high) = (low - room, high + room);
        if log { Axis::new(10_f64.powf(low)..10_f64.powf(high), true) } else { Axis::new(low..high, false) }
    }

    /// The number that so much of the axis lies below.
    pub(super) fn at(&self, share: f64) -> f64 {
        let (low, high) = (self.place(self.range.start), self.place(self.range.end));
        let place = low + share * (high - low);
        if self.log { 10_f64.powf(place) } else { place }
    }

    /// How much of the axis lies below a number.
    pub(super) fn share(&self, value: f64) -> f64 {
        let (low, high) = (self.place(self.range.start), self.place(self.range.end));
        (self.place(value) - low) / (high - low)
    }

    fn place(&self, value: f64) -> f64 {
        if self.log { value.max(f64::MIN_POSITIVE).log10() } else { value }
    }
}

impl Ranged for Axis {
    type FormatOption = NoDefaultFormatting;
    type ValueType = f64;

    fn map(&self, value: &f64, limit: (i32, i32)) -> i32 {
        limit.0 + (f64::from(limit.1 - limit.0) * self.share(*value)).round() as i32
    }

    fn key_points<Hint: KeyPointHint>(&self, hint: Hint) -> Vec<f64> {
        if !self.log {
            return RangedCoordf64::from(self.range.clone()).key_points(BoldPoints(hint.bold_points()));
        }
        let decades = self.place(self.range.start).floor() as i32..=self.place(self.range.end).ceil() as i32;
        let of_decades = |digits: &[f64]| -> Vec<f64> {
            let all = decades.clone().flat_map(|power| digits.iter().map(move |digit| digit * 10_f64.powi(power)));
            all.filter(|value| self.range.contains(value)).collect()
        };
        let powers = of_decades(&[1.0]);
        if powers.len() > 2 { powers } else { of_decades(&[1.0, 2.0, 5.0]) }
    }

    fn range(&self) -> Range<f64> {
        self.range.clone()
    }
}

impl ValueFormatter<f64> for Axis {
    fn format(value: &f64) -> String {
        if *value != 0.0 && !(1e-4..1e5).contains(&value.abs()) {
            return format!("{value:.0e}");
        }
        let rounded = (value * 1e6).round() / 1e6;
        (rounded + 0.0).to_string()
    }
}
