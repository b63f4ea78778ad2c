//! Parallel coordinates: every setting an axis, every trial a line through its values, in the color of its score.

use std::fmt::Write;

use super::Report;
use super::dimension::Dimension;
use super::quality::{LEVELS, Quality};
use crate::picture::text::{escape, figure, fitting, place};
use crate::picture::{Key, Mark, Picture};

/// Fewer scores say nothing about a setting.
const FEWEST_TRIALS: usize = 6;
/// More axes than these are a thicket.
const MOST_AXES: usize = 10;
const WIDTH: f64 = 860.0;
const HEIGHT: f64 = 380.0;
/// Room for an axis at least.
const APART: f64 = 100.0;
const SIDE: f64 = 52.0;
const TOP: f64 = 34.0;
const BOTTOM: f64 = 40.0;
/// Where a line goes that does not have a setting, below the axis.
const ABSENT: f64 = -0.07;

/// The axes of the drawing: settings, and the score as the last one.
pub(super) struct Parallel<'a> {
    report: &'a Report,
    pub(super) dimensions: Vec<Dimension>,
    pub(super) quality: Quality,
    width: f64,
}

impl<'a> Parallel<'a> {
    /// None for few trials, or where they do not differ.
    pub(super) fn of(report: &'a Report) -> Option<Self> {
        let quality = Quality::of(report, FEWEST_TRIALS)?;
        let mut dimensions = Dimension::all(report);
        dimensions.truncate(MOST_AXES);
        let width = WIDTH.max(2.0 * SIDE + dimensions.len() as f64 * APART);
        (!dimensions.is_empty()).then_some(Parallel { report, dimensions, quality, width })
    }

    fn x(&self, axis: usize) -> f64 {
        SIDE + axis as f64 * (self.width - 2.0 * SIDE) / self.dimensions.len() as f64
    }

    fn y(unit: f64) -> f64 {
        HEIGHT - BOTTOM - unit * (HEIGHT - BOTTOM - TOP)
    }

    /// The places of a trial on all axes, the score last.
    fn places(&self, trial: usize) -> Vec<f64> {
        let settings = self.dimensions.iter().map(|dimension| dimension.places[trial].unwrap_or(ABSENT));
        settings.chain([self.quality.places[trial].unwrap_or(ABSENT)]).collect()
    }

    /// Trials in the order of drawing: the best on top.
    fn order(&self) -> Vec<usize> {
        let mut order: Vec<usize> = (0..self.report.trials.len()).collect();
        let rank = |at: &usize| self.quality.ranks[*at].unwrap_or(-1.0);
        order.sort_by(|a, b| rank(a).total_cmp(&rank(b)).then(b.cmp(a)));
        order
    }

    /// The picture.
    pub(super) fn picture(&self) -> Picture {
        let mut body = String::from("<g class=\"threads\">\n");
        for trial in self.order() {
            let line = &self.report.trials[trial];
            let points = self.places(trial).into_iter().enumerate();
            let path = points.fold(String::new(), |mut path, (axis, unit)| {
                let pen = if axis == 0 { 'M' } else { 'L' };
                let _ = write!(path, "{pen}{} {}", place(self.x(axis)), place(Self::y(unit)));
                path
            });
            let level = self.quality.levels[trial].map_or("x".to_owned(), |level| level.to_string());
            let _ = writeln!(body, "<path class=\"thread q{level}\" data-n=\"{}\" d=\"{path}\"/>", line.number);
        }
        body.push_str("</g>\n");
        for (axis, dimension) in self.dimensions.iter().enumerate() {
            self.axis(&mut body, axis, &dimension.name, &dimension.ticks(5));
        }
        self.axis(&mut body, self.dimensions.len(), &self.report.metric, &self.quality.ticks(5));
        Picture {
            name: "parallel",
            title: "All trials over their settings".to_owned(),
            description: format!(
                "Parallel coordinates of {} trials over {} settings and the {}",
                self.report.trials.len(),
                self.dimensions.len(),
                self.report.metric
            ),
            size: (self.width, HEIGHT),
            keys: keys(),
            body,
        }
    }

    fn axis(&self, body: &mut String, axis: usize, name: &str, ticks: &[(f64, String)]) {
        let (x, low, high) = (place(self.x(axis)), place(Self::y(0.0)), place(Self::y(1.0)));
        let room = (self.width - 2.0 * SIDE) / self.dimensions.len() as f64 - 8.0;
        let _ = writeln!(
            body,
            "<path class=\"axis\" d=\"M{x} {high}V{low}\"/><text class=\"name\" x=\"{x}\" y=\"16\" text-anchor=\"middle\">{}</text>",
            escape(&fitting(name, 12.5, room))
        );
        let absent = axis < self.dimensions.len() && self.dimensions[axis].places.iter().any(Option::is_none);
        let absent = absent.then(|| (ABSENT, "–".to_owned()));
        for (unit, word) in ticks.iter().chain(absent.as_ref()) {
            let y = Self::y(*unit);
            let _ = writeln!(
                body,
                "<path class=\"axis\" d=\"M{x} {0}h4\"/><text class=\"tick halo\" x=\"{1}\" y=\"{2}\">{3}</text>",
                place(y),
                place(self.x(axis) + 7.0),
                place(y + 4.0),
                escape(&fitting(word, 12.0, room - 8.0))
            );
        }
    }

    /// What the script needs to brush: places on all axes in thousandths, trial by trial.
    pub(super) fn data(&self) -> serde_json::Value {
        let thousandths = |unit: f64| (unit * 1000.0).round() as i64;
        let at: Vec<Vec<i64>> = (0..self.report.trials.len())
            .map(|trial| self.places(trial).into_iter().map(thousandths).collect())
            .collect();
        let trial = |trial: &super::TrialLine| {
            serde_json::json!([trial.number, trial.score.filter(|s| s.is_finite()).map(figure), trial.state])
        };
        serde_json::json!({
            "x": (0..=self.dimensions.len()).map(|axis| self.x(axis).round()).collect::<Vec<_>>(),
            "top": Self::y(1.0),
            "bottom": Self::y(0.0),
            "names": self.dimensions.iter().map(|d| d.name.as_str()).chain([self.report.metric.as_str()]).collect::<Vec<_>>(),
            "words": self.dimensions.iter().map(|d| d.words().len()).chain([0]).collect::<Vec<_>>(),
            "levels": self.quality.levels,
            "at": at,
            "trials": self.report.trials.iter().map(trial).collect::<Vec<_>>(),
            "best": self.report.best,
            "metric": self.report.metric,
        })
    }
}

/// What the colors mean.
pub(super) fn keys() -> Vec<Key> {
    let names =
        ["the worst quarter", "better half missed", "among the best half", "best 30 %", "best 15 %", "best 5 %"];
    let classes = ["thread q0", "thread q1", "thread q2", "thread q3", "thread q4", "thread q5"];
    let shown: [usize; 4] = [LEVELS - 1, LEVELS - 2, LEVELS - 4, 0];
    let key = |level: usize| Key { mark: Mark::Line(classes[level], None), name: names[level].to_owned() };
    shown.into_iter().map(key).collect()
}
