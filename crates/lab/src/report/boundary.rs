//! What the network says all over the plane of two features.

use std::fmt::Write;

use super::Boundary;
use crate::picture::axis::Axis;
use crate::picture::frame::Frame;
use crate::picture::palette::COLORS;
use crate::picture::text::place;
use crate::picture::{Key, Mark, Picture};

/// Shades by how sure the network is.
const SHADES: f64 = 5.0;
const MOST_POINTS: usize = 1500;
const SIZE: (f64, f64) = (600.0, 500.0);

/// The picture.
pub(super) fn picture(boundary: &Boundary) -> Picture {
    let (x, y) = (boundary.x, boundary.y);
    let labels = (boundary.names.0.as_str(), boundary.names.1.as_str());
    let frame = Frame::new(SIZE, Axis::linear(x.0, x.1), Axis::linear(y.0, y.1), labels);
    let mut inside = cells(boundary, &frame);
    let stride = boundary.points.len().div_ceil(MOST_POINTS).max(1);
    let radius = if boundary.points.len() > 400 { 2.6 } else { 3.6 };
    for point in boundary.points.iter().step_by(stride) {
        let (x, y, color) = (place(frame.at_x(point.x)), place(frame.at_y(point.y)), point.class % COLORS);
        let class = if point.test { format!("ring k{color}") } else { format!("point f{color}") };
        let _ = writeln!(inside, "<circle class=\"{class}\" cx=\"{x}\" cy=\"{y}\" r=\"{radius}\"/>");
    }
    let disc = |(class, name): (usize, &String)| Key { mark: Mark::Disc("point", Some(class)), name: name.clone() };
    let mut keys: Vec<Key> = boundary.classes.iter().enumerate().map(disc).collect();
    if boundary.points.iter().any(|point| point.test) {
        keys.push(Key { mark: Mark::Disc("ring axis", None), name: "test rows".to_owned() });
    }
    Picture {
        name: "boundary",
        title: format!("What the network says over {} and {}", labels.0, labels.1),
        description: format!(
            "The plane of {} and {}, colored by what the network says, with {} rows of the table",
            labels.0,
            labels.1,
            boundary.points.len()
        ),
        size: SIZE,
        keys,
        body: frame.draw("boundary", &inside),
    }
}

/// What the colors mean.
pub(super) fn caption(boundary: &Boundary) -> String {
    let shade = match boundary.classes.is_empty() {
        true => "The stronger the color, the larger the value that the network predicts.",
        false => "The stronger the color, the surer the network.",
    };
    match boundary.note.is_empty() {
        true => shade.to_owned(),
        false => format!("{shade} {}", boundary.note),
    }
}

/// The cells, neighbors of one color in one rectangle.
fn cells(boundary: &Boundary, frame: &Frame) -> String {
    let (columns, rows) = (boundary.size.0.max(1), boundary.size.1.max(1));
    let edge = |range: (f64, f64), at: usize, of: usize| range.0 + (range.1 - range.0) * at as f64 / of as f64;
    let shade = |(class, sure): (usize, f64)| {
        let level = if sure.is_finite() { (sure.clamp(0.0, 1.0) * SHADES).ceil().max(1.0) as usize } else { 1 };
        (class % COLORS, level)
    };
    // Edges are rounded, not sizes: else hairlines show between neighbors.
    let snap = |edge: f64| (edge * 10.0).round() / 10.0;
    let mut drawing = String::new();
    for (row, line) in boundary.cells.chunks(columns).take(rows).enumerate() {
        let (top, bottom) = (edge(boundary.y, row + 1, rows), edge(boundary.y, row, rows));
        let (top, bottom) = (snap(frame.at_y(top)), snap(frame.at_y(bottom)));
        let mut start = 0;
        for run in line.chunk_by(|a, b| shade(*a) == shade(*b)) {
            let (left, right) = (edge(boundary.x, start, columns), edge(boundary.x, start + run.len(), columns));
            let (left, right) = (snap(frame.at_x(left)), snap(frame.at_x(right)));
            start += run.len();
            let (class, level) = run.first().map_or((0, 1), |cell| shade(*cell));
            let _ = write!(
                drawing,
                "<rect class=\"cell f{class} s{level}\" x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\"/>",
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
