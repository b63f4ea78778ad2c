//! Settings against the score: what mattered.

use std::collections::BTreeMap;
use std::fmt::Write;

use super::{Report, TrialLine};
use crate::picture::Picture;
use crate::picture::axis::Axis;
use crate::picture::text::{escape, figure, fitting, place, width_of};

const PANEL: (f64, f64) = (280.0, 190.0);
const COLUMNS: usize = 3;
const MOST_PANELS: usize = 9;
/// Fewer scores say nothing about a setting.
const FEWEST_TRIALS: usize = 6;
/// More words than these are no category that a panel shows.
const MOST_WORDS: usize = 8;
/// A setting is drawn by its powers where its largest value is so many times its smallest.
const WIDE: f64 = 30.0;
const LEFT: f64 = 48.0;
const TOP: f64 = 26.0;
const RIGHT: f64 = 8.0;
const BOTTOM: f64 = 28.0;

/// A setting with the trials that have it and a score.
struct Panel<'a> {
    name: &'a str,
    points: Vec<(&'a str, f64, &'a TrialLine)>,
    /// The share of the spread of the scores' ranks that the setting explains.
    weight: f64,
}

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
        keys: Vec::new(),
        body,
    })
}

/// The panels for a page, each a picture of its own that flows with the page's width.
pub(super) fn html(report: &Report) -> Option<String> {
    let panels = panels(report);
    let mut html = String::from("<div class=\"panels\">\n");
    for (name, panel) in &panels {
        let says = format!("{} over {name}", report.metric);
        let _ = writeln!(
            html,
            "<svg class=\"picture\" viewBox=\"0 0 {} {}\" role=\"img\"><title>{}</title>{panel}</svg>",
            PANEL.0,
            PANEL.1,
            escape(&says)
        );
    }
    let better = if report.higher_is_better { "higher" } else { "lower" };
    let _ = write!(
        html,
        "</div>\n<p class=\"note\">One dot a trial, by its {}; {better} is better. The settings that explain most come first; the blue dot is the best trial.</p>",
        escape(&report.metric)
    );
    (!panels.is_empty()).then_some(html)
}

/// Name and drawing of each setting that varies, what explains most first.
fn panels(report: &Report) -> Vec<(String, String)> {
    let scored =
        || report.trials.iter().filter_map(|trial| Some((trial, trial.score.filter(|score| score.is_finite())?)));
    let ranks = ranks(scored().map(|(_, score)| score));
    if ranks.len() < FEWEST_TRIALS {
        return Vec::new();
    }
    let names = report.varied();
    let mut found: Vec<Panel<'_>> = Vec::new();
    for name in &names {
        let with_rank = scored().zip(ranks.iter().copied());
        let of = |((trial, score), rank)| Some((setting(trial, name)?, score, trial, rank));
        let points: Vec<(&str, f64, &TrialLine, f64)> = with_rank.filter_map(of).collect();
        if points.len() >= FEWEST_TRIALS {
            let weight = explained(points.iter().map(|(word, .., rank)| (*word, *rank)));
            let points = points.into_iter().map(|(word, score, trial, _)| (word, score, trial)).collect();
            found.push(Panel { name, points, weight });
        }
    }
    found.sort_by(|a, b| b.weight.total_cmp(&a.weight));
    let mut scores: Vec<f64> = scored().map(|(_, score)| score).collect();
    scores.sort_unstable_by(f64::total_cmp);
    if report.higher_is_better {
        scores.reverse();
    }
    // The worst tenth would press the others together.
    let Some(y) = Axis::around(scores[..scores.len() * 9 / 10 + 1].iter().copied(), false) else { return Vec::new() };
    let drawn = found.iter().filter_map(|panel| Some((panel.name.to_owned(), draw(panel, &y, report.best)?)));
    drawn.take(MOST_PANELS).collect()
}

fn setting<'a>(trial: &'a TrialLine, name: &str) -> Option<&'a str> {
    trial.params.iter().find(|fact| fact.name == name).map(|fact| fact.value.as_str())
}

/// The rank of each score, from 0 to 1.
fn ranks(scores: impl Iterator<Item = f64>) -> Vec<f64> {
    let scores: Vec<f64> = scores.collect();
    let mut order: Vec<usize> = (0..scores.len()).collect();
    order.sort_by(|a, b| scores[*a].total_cmp(&scores[*b]));
    let mut ranks = vec![0.0; scores.len()];
    order.iter().enumerate().for_each(|(rank, at)| ranks[*at] = rank as f64 / scores.len().max(2) as f64);
    ranks
}

/// The correlation ratio: the spread between groups of equal words, or of five ranges of numbers, of all the spread.
fn explained<'a>(pairs: impl Iterator<Item = (&'a str, f64)>) -> f64 {
    let pairs: Vec<(&str, f64)> = pairs.collect();
    let mut sorted: Vec<f64> = pairs.iter().filter_map(|(word, _)| number(word)).collect();
    sorted.sort_unstable_by(f64::total_cmp);
    let numbers = sorted.len() == pairs.len();
    let mut groups: BTreeMap<String, Vec<f64>> = BTreeMap::new();
    for (word, rank) in &pairs {
        let group = match number(word) {
            Some(value) if numbers => (sorted.partition_point(|other| *other < value) * 5 / sorted.len()).to_string(),
            _ => (*word).to_owned(),
        };
        groups.entry(group).or_default().push(*rank);
    }
    let mean = |values: &[f64]| values.iter().sum::<f64>() / values.len().max(1) as f64;
    let all: Vec<f64> = pairs.iter().map(|(_, rank)| *rank).collect();
    let center = mean(&all);
    let between: f64 = groups.values().map(|group| group.len() as f64 * (mean(group) - center).powi(2)).sum();
    let total: f64 = all.iter().map(|rank| (rank - center).powi(2)).sum();
    if total > 0.0 { between / total } else { 0.0 }
}

fn number(word: &str) -> Option<f64> {
    word.parse().ok().filter(|value: &f64| value.is_finite())
}

fn draw(panel: &Panel<'_>, y: &Axis, best: Option<u64>) -> Option<String> {
    let [right, bottom] = [PANEL.0 - RIGHT, PANEL.1 - BOTTOM];
    let mut svg = format!(
        "<text class=\"name\" x=\"{LEFT}\" y=\"14\">{}</text>",
        escape(&fitting(panel.name, 12.5, right - LEFT))
    );
    let at_y = |value: f64| bottom - y.unit(value).clamp(-0.02, 1.02) * (bottom - TOP);
    for tick in y.ticks(3) {
        let line = at_y(tick);
        let _ = write!(
            svg,
            "<path class=\"grid\" d=\"M{LEFT} {0}H{right}\"/><text class=\"tick\" x=\"{1}\" y=\"{2}\" text-anchor=\"end\">{3}</text>",
            place(line),
            place(LEFT - 6.0),
            place(line + 4.0),
            figure(tick)
        );
    }
    let values: Vec<f64> = panel.points.iter().filter_map(|(word, ..)| number(word)).collect();
    let mut words: Vec<&str> = panel.points.iter().map(|(word, ..)| *word).collect();
    words.sort_unstable();
    words.dedup();
    let numbers = values.len() == panel.points.len();
    if !numbers && words.len() > MOST_WORDS {
        return None;
    }
    let (low, high) = values.iter().fold((f64::INFINITY, 0.0_f64), |(low, high), v| (low.min(*v), high.max(*v)));
    let axis = if numbers {
        Axis::around(values.iter().copied(), low > 0.0 && high > WIDE * low)?
    } else {
        Axis::linear(-0.5, words.len() as f64 - 0.5)
    };
    let at_x = |value: f64| LEFT + axis.unit(value) * (right - LEFT);
    if numbers {
        for tick in axis.ticks(3) {
            let _ = write!(
                svg,
                "<text class=\"tick\" x=\"{}\" y=\"{}\" text-anchor=\"middle\">{}</text>",
                place(at_x(tick)),
                place(bottom + 16.0),
                figure(tick)
            );
        }
    } else {
        let room = (right - LEFT) / words.len() as f64;
        // Names that do not fit side by side stand in two lines.
        let wide = words.iter().any(|word| width_of(word, 12.0) > room - 4.0);
        for (at, word) in words.iter().enumerate() {
            let down = if wide && at % 2 == 1 { 24.0 } else { 13.0 };
            let name = escape(&fitting(word, 12.0, if wide { 1.9 * room } else { room }));
            let _ = write!(
                svg,
                "<text class=\"tick\" x=\"{}\" y=\"{}\" text-anchor=\"middle\">{name}</text>",
                place(at_x(at as f64)),
                place(bottom + down)
            );
        }
    }
    let _ = write!(svg, "<path class=\"axis\" d=\"M{LEFT} {TOP}V{bottom}H{right}\"/>");
    let mut last = String::new();
    for (word, score, trial) in &panel.points {
        let is_best = Some(trial.number) == best;
        let x = match number(word).filter(|_| numbers) {
            Some(value) => value,
            // Dots of one word lie side by side, by the trial's number.
            None => words.binary_search(word).ok()? as f64 + (trial.number * 7 % 11) as f64 / 11.0 * 0.5 - 0.23,
        };
        let (class, radius) = if is_best { ("mark", 5.0) } else { ("other", 2.8) };
        let dot = format!(
            "<circle class=\"{class}\" cx=\"{}\" cy=\"{}\" r=\"{radius}\"/>",
            place(at_x(x)),
            place(at_y(*score))
        );
        if is_best { last = dot } else { svg.push_str(&dot) }
    }
    Some(svg + &last)
}

#[cfg(test)]
mod tests {
    use super::explained;

    #[test]
    fn a_setting_that_decides_everything_explains_everything() {
        let pairs = [("a", 0.0), ("b", 1.0), ("a", 0.0), ("b", 1.0)];
        assert_eq!(explained(pairs.into_iter()), 1.0);
        let pairs = [("a", 0.0), ("b", 1.0), ("b", 0.0), ("a", 1.0)];
        assert_eq!(explained(pairs.into_iter()), 0.0);
        assert_eq!(explained([("1", 0.5), ("2", 0.5)].into_iter()), 0.0);
    }
}
