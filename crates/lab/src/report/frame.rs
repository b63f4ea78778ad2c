//! The frame of a picture: scales, ticks, axes.

use std::fmt::Write;

use super::text::{escape, figure, place};

/// Room around the drawing for ticks and labels, large enough for the larger letters of a phone.
const LEFT: f64 = 74.0;
const RIGHT: f64 = 16.0;
const TOP: f64 = 14.0;
const BOTTOM: f64 = 58.0;

/// How numbers become places on an axis.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Axis {
    low: f64,
    high: f64,
    log: bool,
}

impl Axis {
    /// An axis from `low` to `high`; one without any length is widened.
    pub(super) fn linear(low: f64, high: f64) -> Self {
        let widened = if high > low { 0.0 } else { (low.abs() * 0.1).max(0.5) };
        Axis { low: low - widened, high: high + widened, log: false }
    }

    /// A logarithmic axis, for positive numbers.
    pub(super) fn log(low: f64, high: f64) -> Self {
        let high = if high > low { high } else { low * 2.0 };
        Axis { low, high, log: true }
    }

    /// The place of a value, 0 at the lower end and 1 at the upper.
    pub(super) fn unit(&self, value: f64) -> f64 {
        match self.log {
            true => (value / self.low).ln() / (self.high / self.low).ln(),
            false => (value - self.low) / (self.high - self.low),
        }
    }

    /// Round values on the axis, about as many as asked for.
    pub(super) fn ticks(&self, about: usize) -> Vec<f64> {
        let log_ticks = || {
            let decades = self.low.log10().floor() as i32..=self.high.log10().ceil() as i32;
            let few = decades.clone().count() > 4;
            let factors: &[f64] = if few { &[1.0] } else { &[1.0, 2.0, 5.0] };
            let all = decades.flat_map(|decade| factors.iter().map(move |factor| factor * 10_f64.powi(decade)));
            all.filter(|tick| (self.low..=self.high).contains(tick)).collect::<Vec<f64>>()
        };
        let ticks = if self.log { log_ticks() } else { Vec::new() };
        if ticks.len() >= 3 {
            let stride = ticks.len().div_ceil(about.max(1) + 2);
            return ticks.into_iter().step_by(stride).collect();
        }
        let rough = (self.high - self.low) / about.max(1) as f64;
        let power = 10_f64.powf(rough.log10().floor());
        let step = [1.0, 2.0, 5.0, 10.0].map(|factor| factor * power).into_iter().find(|step| *step >= rough * 0.99);
        let step = step.unwrap_or(10.0 * power);
        let first = (self.low / step).ceil() as i64;
        let last = (self.high / step).floor() as i64;
        (first..=last).take(50).map(|count| count as f64 * step).collect()
    }
}

/// A picture with two axes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Frame {
    pub(super) width: f64,
    pub(super) height: f64,
    pub(super) x: Axis,
    pub(super) y: Axis,
}

impl Frame {
    /// The horizontal place of a value.
    pub(super) fn at_x(&self, value: f64) -> f64 {
        LEFT + self.x.unit(value) * (self.width - LEFT - RIGHT)
    }

    /// The vertical place of a value.
    pub(super) fn at_y(&self, value: f64) -> f64 {
        self.height - BOTTOM - self.y.unit(value) * (self.height - TOP - BOTTOM)
    }

    /// The picture: grid and labels, and inside them `drawing`, cut off at the frame.
    ///
    /// `name` must be another for each picture of a page; `says` is what those hear who cannot see it.
    pub(super) fn svg(&self, name: &str, says: &str, labels: (&str, &str), drawing: &str) -> String {
        let (width, height) = (self.width, self.height);
        let (right, bottom) = (width - RIGHT, height - BOTTOM);
        let mut svg = format!(
            "<svg viewBox=\"0 0 {width} {height}\" role=\"img\" aria-label=\"{}\">\n\
             <clipPath id=\"{name}\"><rect x=\"{LEFT}\" y=\"{TOP}\" width=\"{}\" height=\"{}\"/></clipPath>\n",
            escape(says),
            right - LEFT,
            bottom - TOP
        );
        for (count, tick) in self.x.ticks(6).into_iter().enumerate() {
            let (x, minor) = (place(self.at_x(tick)), if count % 2 == 1 { " minor" } else { "" });
            let _ = write!(svg, "<path class=\"grid\" d=\"M{x} {TOP}V{bottom}\"/>");
            let _ = writeln!(
                svg,
                "<text class=\"tick{minor}\" x=\"{x}\" y=\"{}\" text-anchor=\"middle\">{}</text>",
                bottom + 20.0,
                figure(tick)
            );
        }
        for tick in self.y.ticks(5) {
            let y = place(self.at_y(tick));
            let _ = write!(svg, "<path class=\"grid\" d=\"M{LEFT} {y}H{right}\"/>");
            let _ = writeln!(
                svg,
                "<text class=\"tick\" x=\"{}\" y=\"{y}\" dy=\".35em\" text-anchor=\"end\">{}</text>",
                LEFT - 8.0,
                figure(tick)
            );
        }
        let _ = writeln!(svg, "<g clip-path=\"url(#{name})\">\n{drawing}</g>");
        let _ = writeln!(svg, "<path class=\"axis\" d=\"M{LEFT} {TOP}V{bottom}H{right}\"/>");
        let (middle_x, middle_y) = ((LEFT + right) / 2.0, (TOP + bottom) / 2.0);
        let _ = writeln!(
            svg,
            "<text class=\"label\" x=\"{middle_x}\" y=\"{}\" text-anchor=\"middle\">{}</text>\n\
             <text class=\"label\" transform=\"translate(16 {middle_y}) rotate(-90)\" text-anchor=\"middle\">{}</text>\n</svg>",
            height - 10.0,
            escape(labels.0),
            escape(labels.1)
        );
        svg
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
}
