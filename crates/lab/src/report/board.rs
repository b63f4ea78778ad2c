//! The leaderboard.

use std::collections::BTreeMap;
use std::fmt::Write;

use super::{Report, TrialLine};
use crate::picture::text::{escape, score};

/// Lines that are shown at once; the others unfold.
const SHOWN: usize = 15;

impl Report {
    /// The trials: the best one, complete ones by score, then the others.
    pub fn ranked(&self) -> Vec<&TrialLine> {
        let mut order: Vec<&TrialLine> = self.trials.iter().collect();
        let cost = |trial: &TrialLine| match trial.score.filter(|score| score.is_finite()) {
            Some(score) if self.higher_is_better => -score,
            Some(score) => score,
            None => f64::INFINITY,
        };
        let loser = |trial: &TrialLine| Some(trial.number) != self.best;
        let unfinished = |trial: &TrialLine| trial.state != "complete";
        order.sort_by(|a, b| {
            let rank = loser(a).cmp(&loser(b)).then(unfinished(a).cmp(&unfinished(b)));
            rank.then(cost(a).total_cmp(&cost(b))).then(a.number.cmp(&b.number))
        });
        order
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
    let mut html = table(report, &varied, &order[..order.len().min(SHOWN)], 1);
    if order.len() > SHOWN {
        let rest = table(report, &varied, &order[SHOWN..], SHOWN + 1);
        let _ = write!(html, "<details><summary>{} more trials</summary>{rest}</details>", order.len() - SHOWN);
    }
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

fn table(report: &Report, columns: &[String], trials: &[&TrialLine], first: usize) -> String {
    let mut html = format!(
        "<div class=\"wide\"><table class=\"board\"><thead><tr><th class=\"number\"></th><th class=\"number\">trial</th>\
         <th class=\"number\">{}</th><th class=\"number\">epochs</th><th>state</th>",
        escape(&report.metric)
    );
    for column in columns {
        let _ = write!(html, "<th>{}</th>", escape(column));
    }
    html.push_str("</tr></thead><tbody>\n");
    for (trial, rank) in trials.iter().zip(first..) {
        let class = if Some(trial.number) == report.best { " class=\"winner\"" } else { "" };
        let _ = write!(
            html,
            "<tr{class}><td class=\"number\">{rank}</td><td class=\"number\">{}</td><td class=\"number\">{}</td>\
             <td class=\"number\">{}</td><td>{}</td>",
            trial.number,
            score(trial.score),
            trial.epochs,
            escape(&trial.state)
        );
        for column in columns {
            let value = trial.params.iter().find(|fact| fact.name == *column).map_or("", |fact| &fact.value);
            let _ = write!(html, "<td>{}</td>", escape(value));
        }
        html.push_str("</tr>\n");
    }
    html.push_str("</tbody></table></div>");
    html
}
