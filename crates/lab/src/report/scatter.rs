//! Predicted against true values.

use std::fmt::Write;

use super::frame::{Axis, Frame};
use super::text::place;

/// More dots than these only make the file large.
const MOST_POINTS: usize = 2000;

/// The picture; nothing without a finite point.
pub(super) fn html(points: &[(f64, f64)]) -> Option<String> {
    let finite: Vec<(f64, f64)> = points.iter().copied().filter(|(x, y)| x.is_finite() && y.is_finite()).collect();
    let values = || finite.iter().flat_map(|(x, y)| [*x, *y]);
    let (low, high) = values().fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), v| (low.min(v), high.max(v)));
    if low > high {
        return None;
    }
    let room = (high - low) * 0.04;
    let axis = Axis::linear(low - room, high + room);
    let frame = Frame { width: 560.0, height: 520.0, x: axis, y: axis };
    let at = |x: f64, y: f64| (place(frame.at_x(x)), place(frame.at_y(y)));
    let ((x1, y1), (x2, y2)) = (at(low - room, low - room), at(high + room, high + room));
    let mut drawing = format!("<path class=\"diagonal\" d=\"M{x1} {y1}L{x2} {y2}\"/>\n");
    let stride = finite.len().div_ceil(MOST_POINTS).max(1);
    for (truth, predicted) in finite.iter().step_by(stride) {
        let (x, y) = at(*truth, *predicted);
        let _ = writeln!(drawing, "<circle class=\"dot\" cx=\"{x}\" cy=\"{y}\" r=\"4\"/>");
    }
    let svg = frame.svg("scatter", "Predicted against true values", ("true value", "predicted"), &drawing);
    let caption = "One dot a test row; on the line the network is exactly right.";
    Some(format!("<figure class=\"square\">{svg}<figcaption>{caption}</figcaption></figure>"))
}
