//! Predicted against true values, and the errors between them.

use std::fmt::Write;

use crate::picture::Picture;
use crate::picture::axis::Axis;
use crate::picture::frame::Frame;
use crate::picture::text::{figure, place};

/// More dots than these only make the file large.
const MOST_POINTS: usize = 2000;
const SIZE: (f64, f64) = (440.0, 400.0);
const BARS: usize = 24;

/// One dot a row; nothing without a finite pair.
pub(super) fn predicted(points: &[(f64, f64)]) -> Option<Picture> {
    let finite = finite(points);
    let axis = Axis::around(finite.iter().flat_map(|(x, y)| [*x, *y]), false)?;
    let frame = Frame::new(SIZE, axis, axis, ("true value", "predicted value"));
    let diagonal = frame.path([(axis.low, axis.low), (axis.high, axis.high)].into_iter());
    let mut inside = format!("<path class=\"plain\" d=\"{diagonal}\"/>\n");
    let stride = finite.len().div_ceil(MOST_POINTS).max(1);
    let radius = if finite.len() > 400 { 2.2 } else { 3.2 };
    for (truth, predicted) in finite.iter().step_by(stride) {
        let (x, y) = (place(frame.at_x(*truth)), place(frame.at_y(*predicted)));
        let _ = writeln!(inside, "<circle class=\"dot\" cx=\"{x}\" cy=\"{y}\" r=\"{radius}\"/>");
    }
    Some(Picture {
        name: "predicted",
        title: "Predicted against true values".to_owned(),
        description: format!("{} rows, one dot each; on the dashed line the prediction is exactly right", finite.len()),
        size: SIZE,
        keys: Vec::new(),
        body: frame.draw("predicted", &inside),
    })
}

/// How many rows are wrong by how much; nothing without a finite pair.
pub(super) fn residuals(points: &[(f64, f64)]) -> Option<Picture> {
    let mut errors: Vec<f64> = finite(points).iter().map(|(truth, predicted)| predicted - truth).collect();
    errors.retain(|error| error.is_finite());
    errors.sort_unstable_by(f64::total_cmp);
    // A few wild ones must not press the others into one bar: the outermost bars hold them.
    let at = |share: f64| errors.get((errors.len().saturating_sub(1) as f64 * share) as usize).copied();
    let reach = at(0.01)?.abs().max(at(0.99)?.abs());
    let reach = if reach > 0.0 { reach * 1.05 } else { 1.0 };
    let mut counts = [0_usize; BARS];
    for error in &errors {
        let bar = ((error + reach) / (2.0 * reach) * BARS as f64).floor().clamp(0.0, BARS as f64 - 1.0);
        counts[bar as usize] += 1;
    }
    let most = counts.iter().copied().max().unwrap_or(0) as f64;
    let frame =
        Frame::new(SIZE, Axis::linear(-reach, reach), Axis::linear(0.0, most * 1.05), ("predicted − true", "rows"));
    let mut inside = String::new();
    for (bar, count) in counts.iter().enumerate().filter(|(_, count)| **count > 0) {
        let edge = |bar: usize| frame.at_x(-reach + 2.0 * reach * bar as f64 / BARS as f64);
        let (left, top) = (edge(bar) + 0.5, frame.at_y(*count as f64));
        let (width, height) = (edge(bar + 1) - left - 0.5, frame.at_y(0.0) - top);
        let [x, y, width, height] = [left, top, width, height].map(place);
        let _ = writeln!(
            inside,
            "<rect class=\"bar\" x=\"{x}\" y=\"{y}\" width=\"{width}\" height=\"{height}\"><title>{count} rows</title></rect>"
        );
    }
    let zero = place(frame.at_x(0.0));
    let [_, top, _, bottom] = frame.field();
    let _ = writeln!(inside, "<path class=\"plain\" d=\"M{zero} {top}V{bottom}\"/>");
    let median = errors.get(errors.len() / 2).copied().unwrap_or(0.0);
    Some(Picture {
        name: "residuals",
        title: "Errors of the predictions".to_owned(),
        description: format!("How the errors of {} rows are spread; their median is {}", errors.len(), figure(median)),
        size: SIZE,
        keys: Vec::new(),
        body: frame.draw("residuals", &inside),
    })
}

fn finite(points: &[(f64, f64)]) -> Vec<(f64, f64)> {
    points.iter().copied().filter(|(x, y)| x.is_finite() && y.is_finite()).collect()
}
