//! Cost curves: all trials faint, the best one marked.

use std::fmt::Write;

use super::{CurvePoint, Report, TrialLine};
use crate::picture::axis::Axis;
use crate::picture::frame::Frame;
use crate::picture::text::{escape, figure, place};
use crate::picture::{Key, Mark, Picture};

/// More trials than these are not told apart by any eye.
const MOST_TRIALS: usize = 600;
/// Points of all curves together: more make the page large and show nothing.
const MOST_POINTS: usize = 18_000;
/// Points of a curve: so many are always shown, and more than so many never.
const POINTS: (usize, usize) = (24, 240);
const SIZE: (f64, f64) = (860.0, 420.0);
/// Losses are drawn by their powers where the largest is so many times the smallest.
const WIDE: f64 = 30.0;

/// The picture; nothing where no trial finished an epoch.
pub(super) fn picture(report: &Report) -> Option<Picture> {
    let (losers, best) = dealt(report);
    let frame = frame(&losers, best)?;
    let mut inside = String::new();
    for trial in &losers {
        let class = if trial.state == "complete" { "loser" } else { "loser gone" };
        let points = thinned(report, trial).map(|point| (point.epoch as f64, held_out(point)));
        let _ = writeln!(
            inside,
            "<path class=\"{class}\" d=\"{}\"><title>{}</title></path>",
            frame.path(points),
            title(report, trial)
        );
    }
    if let Some(best) = best {
        let mut line = |class: &str, loss: &dyn Fn(&CurvePoint) -> f64| {
            let path = frame.path(thinned(report, best).map(|point| (point.epoch as f64, loss(point))));
            let _ =
                writeln!(inside, "<path class=\"{class}\" d=\"{path}\"><title>{}</title></path>", title(report, best));
        };
        if best.curve.iter().any(|point| point.validation.is_some()) {
            line("best training", &|point| point.train);
        }
        line("best", &held_out);
        if let Some(lowest) = best
            .curve
            .iter()
            .filter(|point| held_out(point).is_finite())
            .min_by(|a, b| held_out(a).total_cmp(&held_out(b)))
        {
            let (x, y) = (frame.at_x(lowest.epoch as f64), frame.at_y(held_out(lowest)));
            let _ = writeln!(inside, "<circle class=\"mark\" cx=\"{}\" cy=\"{}\" r=\"4\"/>", place(x), place(y));
        }
    }
    Some(Picture {
        name: "curves",
        title: "Loss by epoch".to_owned(),
        description: describe(report, best),
        size: SIZE,
        keys: keys(report, &losers, best),
        body: frame.draw("curves", &inside),
    })
}

/// The trials that are drawn faint, and the best one.
fn dealt(report: &Report) -> (Vec<&TrialLine>, Option<&TrialLine>) {
    let others = report.ranked().into_iter().filter(|trial| Some(trial.number) != report.best);
    // The better of them lie on top.
    let mut losers: Vec<&TrialLine> = others.filter(|trial| !trial.curve.is_empty()).take(MOST_TRIALS).collect();
    losers.reverse();
    (losers, report.trials.iter().find(|trial| Some(trial.number) == report.best))
}

/// Some points of a curve, the first and the last among them.
fn thinned<'a>(report: &Report, trial: &'a TrialLine) -> impl Iterator<Item = &'a CurvePoint> {
    let each = (MOST_POINTS / report.trials.len().max(1)).clamp(POINTS.0, POINTS.1);
    let stride = trial.curve.len().div_ceil(each).max(1);
    let last = trial.curve.len().saturating_sub(1);
    trial.curve.iter().enumerate().filter(move |(at, _)| at % stride == 0 || *at == last).map(|(_, point)| point)
}

/// The loss that a trial is followed by: of the validation rows, without any of the training rows.
fn held_out(point: &CurvePoint) -> f64 {
    point.validation.unwrap_or(point.train)
}

/// Which rows the losses of the drawing are of.
fn rows(report: &Report) -> &'static str {
    let mut all = report.trials.iter().flat_map(|trial| &trial.curve);
    if all.any(|point| point.validation.is_some()) { "validation" } else { "training" }
}

fn keys(report: &Report, losers: &[&TrialLine], best: Option<&TrialLine>) -> Vec<Key> {
    let rows = rows(report);
    let mut keys = Vec::new();
    let mut key = |class, name| keys.push(Key { mark: Mark::Line(class, None), name });
    if let Some(best) = best {
        let trial = if losers.is_empty() { String::new() } else { format!("trial {}, ", best.number) };
        key("best", format!("{trial}{rows} rows"));
        if rows == "validation" {
            key("best training", format!("{trial}training rows"));
        }
    }
    let ended = losers.iter().filter(|trial| trial.state == "complete").count();
    if ended > 0 {
        key("loser", format!("{ended} other {}", if ended == 1 { "trial" } else { "trials" }));
    }
    if losers.len() > ended {
        key("loser gone", format!("{} stopped early", losers.len() - ended));
    }
    keys
}

fn describe(report: &Report, best: Option<&TrialLine>) -> String {
    let trials = report.trials.len();
    let losses = || best.iter().flat_map(|trial| &trial.curve).map(held_out).filter(|loss| loss.is_finite());
    let (first, lowest) = (losses().next(), losses().min_by(f64::total_cmp));
    match (first, lowest) {
        (Some(first), Some(lowest)) => format!(
            "Loss on the {} rows after every epoch, of {trials} trials; that of the best falls from {} to {}",
            rows(report),
            figure(first),
            figure(lowest)
        ),
        _ => format!("Loss on the {} rows after every epoch, of {trials} trials", rows(report)),
    }
}

fn title(report: &Report, trial: &TrialLine) -> String {
    let score = trial.score.map_or(trial.state.clone(), |score| format!("{} {}", report.metric, figure(score)));
    escape(&format!("trial {}: {score}", trial.number))
}

/// Axes on which the best trial is seen whole and the others as far as they are of its size.
fn frame(losers: &[&TrialLine], best: Option<&TrialLine>) -> Option<Frame> {
    let finite = |value: &f64| value.is_finite();
    let of_best = || best.iter().flat_map(|trial| trial.curve.iter().flat_map(|point| [point.train, held_out(point)]));
    let mut seen: Vec<f64> = losers.iter().flat_map(|trial| trial.curve.iter().map(held_out)).filter(finite).collect();
    seen.sort_unstable_by(f64::total_cmp);
    seen.truncate(seen.len() * 95 / 100 + 1);
    seen.extend(of_best().filter(finite));
    let (low, high) =
        seen.iter().fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), v| (low.min(*v), high.max(*v)));
    let y = Axis::around(seen.iter().copied(), low > 0.0 && high > WIDE * low)?;
    let last = losers.iter().copied().chain(best).filter_map(|trial| trial.curve.last()).map(|point| point.epoch).max();
    let x = Axis::linear(0.0, (last.unwrap_or(0) as f64).max(1.0));
    Some(Frame::new(SIZE, x, y, ("epoch", "loss")))
}

/// What the page's script draws anew when it zooms: axes, and the curves in the order of the drawing.
pub(super) fn data(report: &Report) -> Option<serde_json::Value> {
    let (losers, best) = dealt(report);
    let frame = frame(&losers, best)?;
    let short =
        |value: f64| if value.is_finite() { serde_json::json!(rounded(value)) } else { serde_json::Value::Null };
    let curve = |trial: &&TrialLine| {
        let is_best = Some(trial.number) == report.best;
        let points = || thinned(report, trial);
        let mut curve = serde_json::json!({
            "n": trial.number,
            "s": trial.state,
            "v": trial.score.map_or(serde_json::Value::Null, short),
            "e": points().map(|point| point.epoch).collect::<Vec<_>>(),
            "y": points().map(|point| short(held_out(point))).collect::<Vec<_>>(),
        });
        if is_best && rows(report) == "validation" {
            curve["t"] = points().map(|point| short(point.train)).collect();
        }
        curve
    };
    Some(serde_json::json!({
        "x": [frame.x.low, frame.x.high],
        "y": [frame.y.low, frame.y.high],
        "log": frame.y.log,
        "metric": report.metric,
        "rows": rows(report),
        "best": report.best,
        "curves": losers.iter().copied().chain(best).map(|trial| curve(&trial)).collect::<Vec<_>>(),
    }))
}

/// Five significant digits: what a page shows, and no more bytes.
fn rounded(value: f64) -> f64 {
    format!("{value:.4e}").parse().unwrap_or(value)
}
