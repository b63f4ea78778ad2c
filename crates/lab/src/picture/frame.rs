//! The frame of a picture: grid, ticks, labels.

use std::fmt::Write;

use super::axis::Axis;
use super::text::{escape, figure, place, width_of};

const RIGHT: f64 = 14.0;
const TOP: f64 = 10.0;
const BOTTOM: f64 = 46.0;
/// Units between two ticks, about.
const TICK_EVERY: (f64, f64) = (95.0, 62.0);

/// A field between two axes.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Frame {
    pub(crate) width: f64,
    pub(crate) height: f64,
    pub(crate) x: Axis,
    pub(crate) y: Axis,
    labels: (String, String),
    left: f64,
}

impl Frame {
    /// A frame whose left margin holds the labels of the vertical axis.
    pub(crate) fn new(size: (f64, f64), x: Axis, y: Axis, labels: (&str, &str)) -> Self {
        let (width, height) = size;
        let labels = (labels.0.to_owned(), labels.1.to_owned());
        let mut frame = Frame { width, height, x, y, labels, left: 0.0 };
        let widest = frame.y_ticks().into_iter().map(|tick| width_of(&figure(tick), 12.0)).fold(16.0, f64::max);
        frame.left = (widest + if frame.labels.1.is_empty() { 12.0 } else { 34.0 }).ceil();
        frame
    }

    fn x_ticks(&self) -> Vec<f64> {
        self.x.ticks(((self.width / TICK_EVERY.0) as usize).max(2))
    }

    fn y_ticks(&self) -> Vec<f64> {
        self.y.ticks(((self.height / TICK_EVERY.1) as usize).max(2))
    }

    /// The horizontal place of a value.
    pub(crate) fn at_x(&self, value: f64) -> f64 {
        self.left + self.x.unit(value) * (self.width - self.left - RIGHT)
    }

    /// The vertical place of a value.
    pub(crate) fn at_y(&self, value: f64) -> f64 {
        self.height - BOTTOM - self.y.unit(value) * (self.height - TOP - BOTTOM)
    }

    /// Left, top, right and bottom of the field.
    pub(crate) fn field(&self) -> [f64; 4] {
        [self.left, TOP, self.width - RIGHT, self.height - BOTTOM]
    }

    /// A line through points; one that is not finite breaks it, and a single point is a short stroke.
    pub(crate) fn path(&self, points: impl Iterator<Item = (f64, f64)>) -> String {
        let mut path = String::new();
        let (mut pen, mut drawn) = ('M', 0);
        for (x, y) in points {
            let (x, y) = (self.at_x(x), self.at_y(y));
            if !x.is_finite() || !y.is_finite() {
                pen = 'M';
                continue;
            }
            let _ = write!(path, "{pen}{} {}", place(x.clamp(-1e5, 1e5)), place(y.clamp(-1e5, 1e5)));
            (pen, drawn) = ('L', drawn + 1);
        }
        if drawn == 1 {
            path.push_str("h3");
        }
        path
    }

    /// Grid, ticks and labels, and between them `inside`, cut off at the field's edge.
    ///
    /// `name` must be another for each picture of a page.
    pub(crate) fn draw(&self, name: &str, inside: &str) -> String {
        let [left, top, right, bottom] = self.field();
        let mut svg = format!(
            "<clipPath id=\"{name}-field\"><rect x=\"{left}\" y=\"{top}\" width=\"{}\" height=\"{}\"/></clipPath>\n",
            place(right - left),
            place(bottom - top)
        );
        for tick in self.x_ticks() {
            let x = place(self.at_x(tick));
            let _ = writeln!(
                svg,
                "<path class=\"grid\" d=\"M{x} {top}V{bottom}\"/><text class=\"tick\" x=\"{x}\" y=\"{}\" text-anchor=\"middle\">{}</text>",
                place(bottom + 17.0),
                figure(tick)
            );
        }
        for tick in self.y_ticks() {
            let y = self.at_y(tick);
            let _ = writeln!(
                svg,
                "<path class=\"grid\" d=\"M{left} {}H{right}\"/><text class=\"tick\" x=\"{}\" y=\"{}\" text-anchor=\"end\">{}</text>",
                place(y),
                place(left - 7.0),
                place(y + 4.2),
                figure(tick)
            );
        }
        let _ = writeln!(svg, "<g clip-path=\"url(#{name}-field)\">\n{inside}</g>");
        let _ = writeln!(svg, "<path class=\"axis\" d=\"M{left} {top}V{bottom}H{right}\"/>");
        let (middle_x, middle_y) = (place((left + right) / 2.0), place((top + bottom) / 2.0));
        let _ = writeln!(
            svg,
            "<text class=\"label\" x=\"{middle_x}\" y=\"{}\" text-anchor=\"middle\">{}</text>",
            place(self.height - 8.0),
            escape(&self.labels.0)
        );
        if !self.labels.1.is_empty() {
            let _ = writeln!(
                svg,
                "<text class=\"label\" transform=\"translate(16 {middle_y}) rotate(-90)\" text-anchor=\"middle\">{}</text>",
                escape(&self.labels.1)
            );
        }
        svg
    }
}

#[cfg(test)]
mod tests {
    use super::Frame;
    use crate::picture::axis::Axis;

    #[test]
    fn a_number_that_is_not_finite_breaks_the_line() {
        let frame = Frame::new((400.0, 300.0), Axis::linear(0.0, 1.0), Axis::linear(0.0, 1.0), ("x", "y"));
        let points = [(0.0, 0.0), (0.5, f64::NAN), (1.0, 1.0)];
        assert_eq!(frame.path(points.into_iter()).matches('M').count(), 2);
        assert_eq!(frame.path(std::iter::once((0.0, f64::INFINITY))), "");
        let [left, top, right, bottom] = frame.field();
        assert_eq!((frame.at_x(0.0), frame.at_x(1.0)), (left, right));
        assert_eq!((frame.at_y(0.0), frame.at_y(1.0)), (bottom, top));
    }
}
