//! What holds over all thresholds of a probability: ROC, precision and recall, calibration.

use std::fmt::Write;

use crate::assessment::{Calibration, Curve};
use crate::picture::axis::Axis;
use crate::picture::frame::Frame;
use crate::picture::text::{figure, place};
use crate::picture::{Key, LineChart, Mark, Picture, Series, classes};

/// More classes than these are not told apart; those with the smallest areas are shown.
const MOST_CLASSES: usize = 12;
const SIZE: (f64, f64) = (440.0, 400.0);

/// False and true positives.
pub(super) fn roc(curves: &[Curve]) -> Option<Picture> {
    let chart = LineChart::new("ROC", ("false positives, share", "true positives, share"));
    with_curves(chart.unit_square("roc", true), curves)
}

/// Recall and precision.
pub(super) fn precision_recall(curves: &[Curve]) -> Option<Picture> {
    let chart = LineChart::new("Precision and recall", ("recall", "precision"));
    with_curves(chart.unit_square("precision-recall", false), curves)
}

fn with_curves(chart: LineChart, curves: &[Curve]) -> Option<Picture> {
    let named = |curve: &Curve| format!("{}, area {:.3}", curve.class, curve.area);
    let chart = shown(curves, |curve| curve.area)
        .into_iter()
        .fold(chart, |chart, curve| chart.with(Series::line(named(curve), curve.points.clone())));
    let mut picture = chart.picture()?;
    if let [only] = curves {
        // A single line has no legend by itself, but its area is worth a word.
        picture.keys = vec![Key { mark: Mark::Line("stroke", Some(0)), name: named(only) }];
    }
    Some(picture)
}

/// The hardest classes, in the order of the table.
fn shown<T>(classes: &[T], ease: impl Fn(&T) -> f64) -> Vec<&T> {
    let mut order: Vec<usize> = (0..classes.len()).collect();
    order.sort_by(|a, b| ease(&classes[*a]).total_cmp(&ease(&classes[*b])));
    order.truncate(MOST_CLASSES);
    order.sort_unstable();
    order.into_iter().map(|at| &classes[at]).collect()
}

/// Said against observed, with the number of rows as the size of a dot; nothing without any.
pub(super) fn calibration(found: &[Calibration]) -> Option<Picture> {
    if found.iter().all(|class| class.bins.is_empty()) {
        return None;
    }
    let axis = Axis::linear(0.0, 1.0);
    let frame = Frame::new(SIZE, axis, axis, ("probability that was said", "share that came true"));
    let mut inside = format!("<path class=\"plain\" d=\"{}\"/>\n", frame.path([(0.0, 0.0), (1.0, 1.0)].into_iter()));
    let mut keys = Vec::new();
    let most = found.iter().flat_map(|class| &class.bins).map(|bin| bin.rows).max().unwrap_or(1).max(1) as f64;
    for (color, class) in shown(found, |class| -class.expected_error).into_iter().enumerate() {
        let path = frame.path(class.bins.iter().map(|bin| (bin.predicted, bin.observed)));
        let _ = writeln!(inside, "<path class=\"{}\" d=\"{path}\"/>", classes("stroke thin", Some(color), false));
        for bin in class.bins.iter().filter(|bin| bin.predicted.is_finite() && bin.observed.is_finite()) {
            let radius = 2.0 + 5.0 * (bin.rows as f64 / most).sqrt();
            let _ = writeln!(
                inside,
                "<circle class=\"{}\" cx=\"{}\" cy=\"{}\" r=\"{}\"><title>said {}, came true {}, {} rows</title></circle>",
                classes("point", Some(color), true),
                place(frame.at_x(bin.predicted)),
                place(frame.at_y(bin.observed)),
                place(radius),
                figure(bin.predicted),
                figure(bin.observed),
                bin.rows
            );
        }
        let name = format!("{}, off by {:.3}", class.class, class.expected_error);
        keys.push(Key { mark: Mark::Line("stroke thin", Some(color)), name });
    }
    Some(Picture {
        name: "calibration",
        title: "Calibration".to_owned(),
        description: "The probability that was said against the share of rows for which it came true".to_owned(),
        size: SIZE,
        keys,
        body: frame.draw("calibration", &inside),
    })
}
