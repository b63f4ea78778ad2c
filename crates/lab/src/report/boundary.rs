//! What the network says all over the plane of two features.

use std::fmt::Write;

use super::Boundary;
use super::frame::{Axis, Frame};
use super::text::{escape, place};

/// Shades by how sure the network is.
const SHADES: f64 = 5.0;
const MOST_POINTS: usize = 2000;
/// Colors there are; classes beyond them begin anew.
const COLORS: usize = 8;

/// The picture with its caption.
pub(super) fn html(boundary: &Boundary) -> String {
    let (x, y) = (boundary.x, boundary.y);
    let frame = Frame { width: 600.0, height: 520.0, x: Axis::linear(x.0, x.1), y: Axis::linear(y.0, y.1) };
    let mut drawing = cells(boundary, &frame);
    let stride = boundary.points.len().div_ceil(MOST_POINTS).max(1);
    for point in boundary.points.iter().step_by(stride) {
        let (x, y) = (place(frame.at_x(point.x)), place(frame.at_y(point.y)));
        let kind = if point.test { "point test" } else { "point" };
        let _ = writeln!(drawing, "<circle class=\"{kind} c{}\" cx=\"{x}\" cy=\"{y}\" r=\"4\"/>", point.class % COLORS);
    }
    let says = format!("The plane of {} and {}, colored by what the network says", boundary.names.0, boundary.names.1);
    let svg = frame.svg("boundary", &says, (&boundary.names.0, &boundary.names.1), &drawing);
    format!("<figure class=\"square\">{svg}<figcaption>{}</figcaption></figure>", caption(boundary))
}

fn caption(boundary: &Boundary) -> String {
    let mut caption = String::new();
    for (class, name) in boundary.classes.iter().enumerate() {
        let _ = write!(caption, "<span class=\"key disc c{}\"></span>{} &nbsp; ", class % COLORS, escape(name));
    }
    let shade = match boundary.classes.is_empty() {
        true => "The stronger the color, the larger the value that the network predicts.",
        false => "<br>The stronger the color, the surer the network.",
    };
    let rings = if boundary.points.iter().any(|point| point.test) { " Rings are test rows." } else { "" };
    format!("{caption}{shade}{rings}")
}

/// The cells, neighbors of one color in one rectangle.
fn cells(boundary: &Boundary, frame: &Frame) -> String {
    let (columns, rows) = (boundary.size.0.max(1), boundary.size.1.max(1));
    let edge = |range: (f64, f64), at: usize, of: usize| range.0 + (range.1 - range.0) * at as f64 / of as f64;
    let shade = |(class, sure): (usize, f64)| {
        let level = if sure.is_finite() { (sure.clamp(0.0, 1.0) * SHADES).ceil().max(1.0) as usize } else { 1 };
        (class % COLORS, level)
    };
    let mut drawing = String::new();
    for (row, line) in boundary.cells.chunks(columns).take(rows).enumerate() {
        let (top, bottom) = (frame.at_y(edge(boundary.y, row + 1, rows)), frame.at_y(edge(boundary.y, row, rows)));
        let mut start = 0;
        for run in line.chunk_by(|a, b| shade(*a) == shade(*b)) {
            let (left, right) = (edge(boundary.x, start, columns), edge(boundary.x, start + run.len(), columns));
            let (left, right) = (frame.at_x(left), frame.at_x(right));
            start += run.len();
            let (class, level) = run.first().map_or((0, 1), |cell| shade(*cell));
            let _ = write!(
                drawing,
                "<rect class=\"cell c{class} s{level}\" x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\"/>",
                place(left),
                place(top),
                place(right - left),
                place(bottom - top)
            );
        }
        drawing.push('\n');
    }
    drawing
}
