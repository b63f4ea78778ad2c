//! Cost curves: all trials faint, the best one marked.

use std::fmt::Write;

use super::frame::{Axis, Frame};
use super::text::{escape, figure, place};
use super::{CurvePoint, Report, TrialLine};

/// More trials than these are not told apart by any eye.
const MOST_TRIALS: usize = 400;
/// More points of a curve than these neither.
const MOST_POINTS: usize = 240;

/// The picture with its caption; nothing where no trial finished an epoch.
pub(super) fn html(report: &Report) -> Option<String> {
    let losers: Vec<&TrialLine> = report.trials.iter().filter(|trial| Some(trial.number) != report.best).collect();
    let best = report.trials.iter().find(|trial| Some(trial.number) == report.best);
    let frame = frame(&losers, best)?;
    let mut drawing = String::new();
    for trial in losers.iter().take(MOST_TRIALS) {
        let title = title(report, trial);
        let _ = writeln!(
            drawing,
            "<path class=\"loser\" d=\"{}\"><title>{title}</title></path>",
            path(&frame, trial, held_out)
        );
    }
    if let Some(best) = best {
        let title = title(report, best);
        let train = |point: &CurvePoint| point.train;
        if best.curve.iter().any(|point| point.validation.is_some()) {
            let path = path(&frame, best, train);
            let _ =
                writeln!(drawing, "<path class=\"best training\" d=\"{path}\"><title>{title}, training</title></path>");
        }
        let path = path(&frame, best, held_out);
        let _ = writeln!(drawing, "<path class=\"best\" d=\"{path}\"><title>{title}</title></path>");
    }
    let svg = frame.svg("curves", "Loss by epoch of every trial", ("epoch", "loss"), &drawing);
    Some(format!("<figure>{svg}<figcaption>{}</figcaption></figure>", caption(report, &losers, best)))
}

/// The loss that a trial is followed by: of the validation rows, without any of the training rows.
fn held_out(point: &CurvePoint) -> f64 {
    point.validation.unwrap_or(point.train)
}

fn caption(report: &Report, losers: &[&TrialLine], best: Option<&TrialLine>) -> String {
    let mut parts = Vec::new();
    let all = || report.trials.iter().flat_map(|trial| &trial.curve);
    let validation = all().any(|point| point.validation.is_some());
    let rows = if validation { "validation" } else { "training" };
    if let Some(best) = best {
        parts.push(format!("<span class=\"key best\"></span>trial {}, {rows} rows", best.number));
        if validation {
            parts.push(format!("<span class=\"key training\"></span>trial {}, training rows", best.number));
        }
    }
    if !losers.is_empty() {
        let shown = losers.len().min(MOST_TRIALS);
        parts.push(format!("<span class=\"key loser\"></span>{shown} other trials, {rows} rows"));
    }
    parts.join("<br>")
}

fn title(report: &Report, trial: &TrialLine) -> String {
    let params: Vec<String> = trial.params.iter().map(|fact| format!("{} {}", fact.name, fact.value)).collect();
    let score = trial.score.map_or(trial.state.clone(), |score| format!("{} {}", report.metric, figure(score)));
    escape(&format!("trial {}: {score}; {}", trial.number, params.join(", ")))
}

/// Axes on which the best trial is seen whole and the losers as far as they are of its size.
fn frame(losers: &[&TrialLine], best: Option<&TrialLine>) -> Option<Frame> {
    let finite = |value: &f64| value.is_finite();
    let of_best: Vec<f64> = best
        .iter()
        .flat_map(|trial| trial.curve.iter().flat_map(|point| [point.train, held_out(point)]))
        .filter(finite)
        .collect();
    let mut of_losers: Vec<f64> =
        losers.iter().flat_map(|trial| trial.curve.iter().map(held_out)).filter(finite).collect();
    of_losers.sort_unstable_by(f64::total_cmp);
    let most_of_them = of_losers.len().saturating_sub(1) * 95 / 100;
    let seen = of_best.iter().chain(of_losers.get(..=most_of_them).unwrap_or(&of_losers));
    let (low, high) =
        seen.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), &loss| (low.min(loss), high.max(loss)));
    if low > high {
        return None;
    }
    let epochs = losers.iter().copied().chain(best).filter_map(|trial| trial.curve.last());
    let last = epochs.map(|point| point.epoch).max().unwrap_or(0);
    let y = match low > 0.0 && high / low > 8.0 {
        true => Axis::log(low.max(high * 1e-6) / 1.15, high * 1.15),
        false => Axis::linear(low - (high - low) * 0.05, high + (high - low) * 0.05),
    };
    let x = Axis::linear(0.0, (last as f64).max(1.0));
    Some(Frame { width: 760.0, height: 440.0, x, y })
}

fn path(frame: &Frame, trial: &TrialLine, loss: impl Fn(&CurvePoint) -> f64) -> String {
    let stride = trial.curve.len().div_ceil(MOST_POINTS).max(1);
    let last = trial.curve.len().saturating_sub(1);
    let kept = trial.curve.iter().enumerate().filter(|(at, _)| at % stride == 0 || *at == last).map(|(_, point)| point);
    let mut path = String::new();
    let mut pen = 'M';
    for point in kept {
        let y = frame.at_y(loss(point));
        if !y.is_finite() {
            pen = 'M';
            continue;
        }
        let _ = write!(path, "{pen}{} {}", place(frame.at_x(point.epoch as f64)), place(y.clamp(-1e5, 1e5)));
        pen = 'L';
    }
    if trial.curve.len() == 1 && !path.is_empty() {
        path.push_str("h3");
    }
    path
}
