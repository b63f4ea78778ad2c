//! Slices: the score against each setting, what mattered first.

use std::fmt::Write;

use super::Report;
use super::dimension::Dimension;
use super::quality::{LEVELS, Quality};
use crate::picture::Picture;
use crate::picture::text::{escape, fitting, place, width_of};

const PANEL: (f64, f64) = (280.0, 190.0);
const COLUMNS: usize = 3;
const MOST_PANELS: usize = 9;
/// Fewer scores say nothing about a setting.
const FEWEST_TRIALS: usize = 6;
const LEFT: f64 = 48.0;
const TOP: f64 = 26.0;
const RIGHT: f64 = 8.0;
const BOTTOM: f64 = 28.0;

/// All panels in one picture; nothing for few trials.
pub(super) fn picture(report: &Report) -> Option<Picture> {
    let panels = panels(report);
    if panels.is_empty() {
        return None;
    }
    let mut body = String::new();
    for (at, (_, panel)) in panels.iter().enumerate() {
        let (x, y) = ((at % COLUMNS) as f64 * PANEL.0, (at / COLUMNS) as f64 * PANEL.1);
        let _ = writeln!(body, "<g transform=\"translate({x} {y})\">{panel}</g>");
    }
    let names: Vec<&str> = panels.iter().map(|(name, _)| name.as_str()).collect();
    Some(Picture {
        name: "settings",
        title: format!("Settings against the {}", report.metric),
        description: format!("Score over setting for {}", names.join(", ")),
        size: (PANEL.0 * COLUMNS.min(panels.len()) as f64, PANEL.1 * panels.len().div_ceil(COLUMNS) as f64),
        keys: super::parallel::keys(),
        body,
    })
}

/// The panels for a page, each a picture of its own that flows with the page's width.
pub(super) fn html(report: &Report) -> Option<String> {
    let panels = panels(report);
    let mut html = String::from("<div class=\"panels\" id=\"slices\">\n");
    for (at, (name, panel)) in panels.iter().enumerate() {
        let says = format!("{} over {name}", report.metric);
        let _ = writeln!(
            html,
            "<svg class=\"picture\" data-axis=\"{at}\" viewBox=\"0 0 {} {}\" role=\"img\"><title>{}</title>{panel}</svg>",
            PANEL.0,
            PANEL.1,
            escape(&says)
        );
    }
    let _ = write!(
        html,
        "</div>\n<p class=\"note\">One dot a trial, the better the higher, by its {}. The settings that matter most come first; the ring is the best trial.</p>",
        escape(&report.metric)
    );
    (!panels.is_empty()).then_some(html)
}

/// Name and drawing of each setting that varies, in the order of [`Dimension::all`].
fn panels(report: &Report) -> Vec<(String, String)> {
    let Some(quality) = Quality::of(report, FEWEST_TRIALS) else { return Vec::new() };
    let dimensions = Dimension::all(report);
    let shown = dimensions.iter().take(MOST_PANELS);
    shown.map(|dimension| (dimension.name.clone(), draw(report, dimension, &quality))).collect()
}

fn draw(report: &Report, dimension: &Dimension, quality: &Quality) -> String {
    let [right, bottom] = [PANEL.0 - RIGHT, PANEL.1 - BOTTOM];
    let at_y = |unit: f64| bottom - unit * (bottom - TOP);
    let at_x = |unit: f64| LEFT + unit * (right - LEFT);
    let mut svg = format!(
        "<text class=\"name\" x=\"{LEFT}\" y=\"14\">{}</text>",
        escape(&fitting(&dimension.name, 12.5, right - LEFT))
    );
    for (unit, word) in quality.ticks(3) {
        let line = at_y(unit);
        let _ = write!(
            svg,
            "<path class=\"grid\" d=\"M{LEFT} {0}H{right}\"/><text class=\"tick\" x=\"{1}\" y=\"{2}\" text-anchor=\"end\">{word}</text>",
            place(line),
            place(LEFT - 6.0),
            place(line + 4.0)
        );
    }
    names(&mut svg, dimension, &at_x, bottom);
    let _ = write!(svg, "<path class=\"axis\" d=\"M{LEFT} {TOP}V{bottom}H{right}\"/>");
    let mut dots = vec![String::new(); LEVELS];
    for (at, trial) in report.trials.iter().enumerate() {
        let (Some(x), Some(y), Some(level)) = (dimension.places[at], quality.places[at], quality.levels[at]) else {
            continue;
        };
        let (x, y) = (place(at_x(x + jitter(dimension, trial.number))), place(at_y(y)));
        let _ = write!(dots[level], "M{x} {y}h0");
        if Some(trial.number) == report.best {
            let _ = write!(svg, "<circle class=\"axis\" cx=\"{x}\" cy=\"{y}\" r=\"6\"/>");
        }
    }
    for (level, d) in dots.iter().enumerate() {
        let _ = write!(svg, "<path class=\"dots q{level}\" d=\"{d}\"/>");
    }
    svg
}

/// Dots of one word lie side by side, by the trial's number.
fn jitter(dimension: &Dimension, trial: u64) -> f64 {
    match dimension.words().len() {
        0 => 0.0,
        words => ((trial * 7 % 11) as f64 / 11.0 - 0.45) * 0.5 / words as f64,
    }
}

fn names(svg: &mut String, dimension: &Dimension, at_x: &dyn Fn(f64) -> f64, bottom: f64) {
    let ticks = dimension.ticks(3);
    let room = (PANEL.0 - RIGHT - LEFT) / ticks.len().max(1) as f64;
    // Names that do not fit side by side stand in two lines.
    let wide = dimension.is_words() && ticks.iter().any(|(_, word)| width_of(word, 12.0) > room - 4.0);
    for (at, (unit, word)) in ticks.iter().enumerate() {
        let down = if wide && at % 2 == 1 { 25.0 } else { 14.0 };
        let name = escape(&fitting(word, 12.0, if wide { 1.9 * room } else { room.max(40.0) }));
        let _ = write!(
            svg,
            "<text class=\"tick\" x=\"{}\" y=\"{}\" text-anchor=\"middle\">{name}</text>",
            place(at_x(*unit)),
            place(bottom + down)
        );
    }
}
