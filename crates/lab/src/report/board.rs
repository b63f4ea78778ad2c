//! The leaderboard.

use std::collections::BTreeMap;
use std::fmt::Write;

use super::{Report, TrialLine};
use crate::picture::text::{escape, score};
use crate::standing::Standing;

/// Lines that are shown at once, as in the script; the others unfold.
const SHOWN: usize = 15;

impl Report {
    /// The trials: the best one, leaders by their means over seeds, complete ones by score, then the others.
    pub fn ranked(&self) -> Vec<&TrialLine> {
        let mut order: Vec<&TrialLine> = self.trials.iter().collect();
        let cost = |trial: &TrialLine| match trial.score.filter(|score| score.is_finite()) {
            Some(score) if self.higher_is_better => -score,
            Some(score) => score,
            None => f64::INFINITY,
        };
        let leader = |trial: &TrialLine| match &trial.repeats {
            Some(repeats) if repeats.standing == Standing::Diverged => f64::MAX,
            Some(repeats) if self.higher_is_better => -repeats.mean,
            Some(repeats) => repeats.mean,
            None => f64::INFINITY,
        };
        let loser = |trial: &TrialLine| Some(trial.number) != self.best;
        let unfinished = |trial: &TrialLine| trial.state != "complete";
        order.sort_by(|a, b| {
            let rank = loser(a).cmp(&loser(b)).then(leader(a).total_cmp(&leader(b)));
            rank.then(unfinished(a).cmp(&unfinished(b))).then(cost(a).total_cmp(&cost(b))).then(a.number.cmp(&b.number))
        });
        order
    }

    /// What the leaderboard says of a leader's seeds: the mean with its interval, and how it stands beside the first.
    pub fn seeds(trial: &TrialLine) -> Option<(String, &'static str)> {
        let repeats = trial.repeats.as_ref()?;
        Some((repeats.words(), repeats.standing.words()))
    }

    /// The heading of what [`Report::seeds`] says; none where no trial has several seeds.
    pub fn seeds_heading(&self) -> Option<String> {
        let seeds = self.trials.iter().filter_map(|trial| Some(trial.repeats.as_ref()?.scores.len())).max()?;
        Some(format!("mean of {seeds} {}, 95 %", if self.is_folded { "deals" } else { "seeds" }))
    }

    /// Names of the settings that are not the same in all trials.
    pub fn varied(&self) -> Vec<String> {
        settings(&self.trials).0
    }
}

/// The table of trials, the best first, and the settings that all of them share.
pub(super) fn html(report: &Report) -> String {
    let order = report.ranked();
    let (varied, shared) = settings(&report.trials);
    let mut html = String::from("<div>");
    if order.len() > SHOWN {
        html.push_str("<input type=\"checkbox\" id=\"unfold\" class=\"unfold\">");
    }
    html.push_str(&table(report, &varied, &order));
    if order.len() > SHOWN {
        let _ = write!(
            html,
            "<label for=\"unfold\"><span class=\"all\">Show all {} trials</span><span class=\"less\">Show {SHOWN} trials</span></label>",
            order.len()
        );
    }
    html.push_str("</div>");
    if !shared.is_empty() && report.trials.len() > 1 {
        let facts: Vec<String> =
            shared.iter().map(|(name, value)| format!("{} {}", escape(name), escape(value))).collect();
        let _ = write!(html, "<p class=\"note\">The same in all trials: {}.</p>", facts.join(", "));
    }
    html
}

/// Names of the settings that differ among trials, in the order of their first appearance, and those that do not.
fn settings(trials: &[TrialLine]) -> (Vec<String>, Vec<(String, String)>) {
    let mut names: Vec<&str> = Vec::new();
    let mut values: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for fact in trials.iter().flat_map(|trial| &trial.params) {
        let seen = values.entry(&fact.name).or_default();
        if seen.is_empty() {
            names.push(&fact.name);
        }
        seen.push(&fact.value);
    }
    let same = |name: &str| {
        let seen = values.get(name).map(Vec::as_slice).unwrap_or_default();
        seen.len() == trials.len() && seen.windows(2).all(|pair| pair[0] == pair[1])
    };
    let (shared, varied): (Vec<&str>, Vec<&str>) = names.into_iter().partition(|name| trials.len() > 1 && same(name));
    let value = |name: &str| values.get(name).and_then(|seen| seen.first()).map_or("", |value| value).to_owned();
    (
        varied.into_iter().map(str::to_owned).collect(),
        shared.iter().map(|name| ((*name).to_owned(), value(name))).collect(),
    )
}

/// Lines and cells have no end tags, which HTML can do without: of a thousand trials they are a tenth of the page.
fn table(report: &Report, columns: &[String], trials: &[&TrialLine]) -> String {
    let seeds = report.seeds_heading();
    // Where the settings begin, for the script.
    let first = if seeds.is_some() { 7 } else { 5 };
    let mut html = format!(
        "<div class=\"wide\"><table id=\"board\" data-first=\"{first}\"><caption>The best first; a click on a heading sorts</caption><thead><tr>",
    );
    let mut heading = |class: &str, name: &str| {
        let _ = write!(html, "<th scope=\"col\"{class}><button type=\"button\">{}</button></th>", escape(name));
    };
    for name in ["#", "trial", &report.metric, "epochs"] {
        heading(" class=\"number\"", name);
    }
    heading("", "state");
    for name in seeds.iter().map(String::as_str).chain(seeds.as_ref().map(|_| "beside the first")) {
        heading("", name);
    }
    columns.iter().for_each(|column| heading("", column));
    html.push_str("</tr></thead><tbody>\n");
    for (at, trial) in trials.iter().enumerate() {
        let winner = if Some(trial.number) == report.best { " winner" } else { "" };
        let more = if at >= SHOWN { " more" } else { "" };
        let exact =
            trial.score.filter(|score| score.is_finite()).map_or_else(String::new, |score| format!("{score:.7e}"));
        let _ = write!(
            html,
            "<tr class=\"{0}{winner}{more}\" data-trial=\"{1}\"><td>{2}<td>{1}<td data-v=\"{exact}\">{3}<td>{4}<td>{0}",
            escape(&trial.state),
            trial.number,
            at + 1,
            score(trial.score),
            trial.epochs,
        );
        if seeds.is_some() {
            let (mean, standing) = Report::seeds(trial).unwrap_or_default();
            let exact = trial.repeats.as_ref().map_or_else(String::new, |repeats| format!("{:.7e}", repeats.mean));
            let _ = write!(html, "<td class=\"whole\" data-v=\"{exact}\">{mean}<td>{standing}");
        }
        for column in columns {
            let value = trial.params.iter().find(|fact| fact.name == *column).map_or("", |fact| &fact.value);
            let _ = write!(html, "<td>{}", escape(value));
        }
    }
    html.push_str("</tbody></table></div>");
    html
}
