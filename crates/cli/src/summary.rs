//! The leaderboard and the scores, as text.

use std::io::{self, Write};

use caviar_lab::report::{Report, TrialLine};

use crate::columns::{Columns, Side};

/// Trials that are shown.
const SHOWN: usize = 10;
/// Letters of what is said of the leaders' seeds.
const SEEDS: usize = 52;
/// Letters of a line, more or less.
const WIDTH: usize = 110;

/// Writes both.
///
/// # Errors
/// An output that cannot be written.
pub fn write(out: &mut dyn Write, report: &Report, color: bool) -> io::Result<()> {
    let bold = |line: &str| if color { format!("\x1b[1m{line}\x1b[0m") } else { line.to_owned() };
    if report.trials.len() > 1 {
        for (number, line) in leaderboard(report).iter().enumerate() {
            writeln!(out, "{}", if number == 1 { bold(line) } else { line.clone() })?;
        }
        let ended = |state: &str| report.trials.iter().filter(|trial| trial.state == state).count();
        let rest = report.trials.len().saturating_sub(SHOWN);
        if rest > 0 {
            let diverged = ended("diverged") + ended("failed");
            let lost = if diverged > 0 { format!(" ({diverged} diverged or failed)") } else { String::new() };
            writeln!(out, "... and {rest} more{lost}; all of them are in the report")?;
        }
        writeln!(out)?;
    }
    let mut table = Columns::new([vec![Side::Left], vec![Side::Right; report.metrics.len()]].concat());
    table.push([vec![String::new()], report.metrics.clone()].concat());
    for line in &report.scores {
        table.push([vec![line.name.clone()], line.values.iter().map(|value| figure(*value)).collect()].concat());
    }
    for (line, at) in table.lines().iter().zip(0..) {
        let headline = at > 0 && report.scores.get(at - 1).is_some_and(|score| score.headline);
        writeln!(out, "{}", if headline { bold(line) } else { line.clone() })?;
    }
    if !report.rivals.is_empty() {
        writeln!(out, "\non the {} rows, with 95 % intervals", report.answered.replace("train", "training"))?;
        let mut table = Columns::new(vec![Side::Left, Side::Left]);
        report.rivals.iter().for_each(|rival| table.push(vec![rival.name.clone(), rival.value.clone()]));
        table.lines().iter().try_for_each(|line| writeln!(out, "{line}"))?;
    }
    Ok(())
}

fn leaderboard(report: &Report) -> Vec<String> {
    let ranked = report.ranked();
    let shown = &ranked[..ranked.len().min(SHOWN)];
    let mut sides = vec![Side::Right; 4];
    let mut head = ["", "trial", &report.metric, "epochs"].map(str::to_owned).to_vec();
    let seeds = report.seeds_heading();
    head.extend(seeds.clone());
    head.extend(seeds.as_ref().map(|_| "beside the first".to_owned()));
    sides.extend(seeds.iter().flat_map(|_| [Side::Left; 2]));
    let mut lines = vec![head];
    for (trial, rank) in shown.iter().zip(1..) {
        let score = if trial.state == "complete" { figure(trial.score) } else { trial.state.clone() };
        lines.push(vec![rank.to_string(), trial.number.to_string(), score, trial.epochs.to_string()]);
        if let (Some(_), Some(line)) = (&seeds, lines.last_mut()) {
            let (mean, standing) = Report::seeds(trial).unwrap_or_default();
            line.extend([mean, standing.to_owned()]);
        }
    }
    let mut width = if seeds.is_some() { 30 + SEEDS } else { 30 };
    for name in report.varied() {
        let cell = |trial: &&TrialLine| {
            trial.params.iter().find(|fact| fact.name == name).map_or_else(String::new, |fact| fact.value.clone())
        };
        let column: Vec<String> = shown.iter().map(cell).collect();
        let widest = column.iter().map(|cell| cell.chars().count()).max().unwrap_or(0).max(name.chars().count());
        if width + widest + 2 > WIDTH {
            break;
        }
        width += widest + 2;
        sides.push(Side::Left);
        lines[0].push(name);
        lines[1..].iter_mut().zip(column).for_each(|(line, cell)| line.push(cell));
    }
    let mut table = Columns::new(sides);
    lines.into_iter().for_each(|line| table.push(line));
    table.lines()
}

fn figure(value: Option<f64>) -> String {
    match value {
        // A rounded zero has no sign.
        Some(value) if value.abs() < 0.00005 => "0.0000".to_owned(),
        Some(value) if value.is_finite() && value.abs() < 1e5 => format!("{value:.4}"),
        Some(value) if value.is_finite() => format!("{value:.4e}"),
        Some(_) | None => "-".to_owned(),
    }
}
