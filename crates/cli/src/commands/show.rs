//! `caviar show`: a study, its best networks and what mattered.

mod charts;

use std::io::{self, IsTerminal, Write};
use std::path::Path;
use std::process::ExitCode;

use caviar_lab::picture::Kind;
use caviar_lab::report::Report;
use caviar_lab::{Repeats, StudyView, TrialView};
use caviar_store::study::StudyState;
use caviar_tune::TrialState;

use crate::args::study::ShowArgs;
use crate::columns::{Columns, Side};
use crate::failure::Failure;
use crate::plan::quoted;

/// Trials that are shown.
const SHOWN: usize = 10;
/// Letters of a curve.
const CURVE: usize = 24;
/// Letters of a line, more or less.
const WIDTH: usize = 120;
/// Letters of what is said of the leaders' seeds.
const SEEDS: usize = 52;
/// Letters of the longest bar.
const BAR: usize = 24;
/// The heights of a curve, from the best to the worst.
const HEIGHTS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
/// What a run leaves beside its study.
const FILES: [(&str, &str); 3] =
    [("model", "model.safetensors"), ("report", "report.html"), ("settings", "config.toml")];

/// Shows a study; also one that is running.
///
/// # Errors
/// See [`Failure`].
pub fn run(args: &ShowArgs) -> Result<ExitCode, Failure> {
    let study = StudyView::open(&args.study)?;
    for plot in &args.plot {
        let kind = plot.kind.unwrap_or(Kind::Curves);
        let picture = Report::of_study(&study).picture(kind).ok_or(Failure::NoPicture { kind })?;
        picture.save(&plot.path, plot.format)?;
    }
    let mut stdout = io::stdout().lock();
    if args.json {
        serde_json::to_writer(&mut stdout, &study).map_err(io::Error::from)?;
        writeln!(stdout)?;
    } else {
        let plain = args.no_color || std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
        write(&mut stdout, &study, !plain && io::stdout().is_terminal())?;
    }
    stdout.flush()?;
    Ok(ExitCode::SUCCESS)
}

/// The study in words.
fn write(out: &mut dyn Write, study: &StudyView, color: bool) -> io::Result<()> {
    let bold = |line: &str| if color { format!("\x1b[1m{line}\x1b[0m") } else { line.to_owned() };
    let folder = study.path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    writeln!(out, "{}", bold(&format!("{}: {}, {}", folder.display(), study.state, counted(study))))?;
    writeln!(out, "{}\n", study.command)?;
    if study.trials.is_empty() {
        writeln!(out, "no trial has begun yet")?;
    } else {
        for (number, line) in leaderboard(study).iter().enumerate() {
            writeln!(out, "{}", if number == 1 { bold(line) } else { line.clone() })?;
        }
        let hidden = study.trials.len() - shown(study).len();
        if hidden > 0 {
            writeln!(out, "... and {hidden} more{}; caviar show --json has them all", lost(study))?;
        }
    }
    if !study.importance.is_empty() {
        writeln!(out, "\nwhat mattered: the share of the differences that a setting explains by itself")?;
        for line in bars(study) {
            writeln!(out, "{line}")?;
        }
    }
    write_charts(out, study)?;
    writeln!(out)?;
    for (name, file) in FILES {
        let path = folder.join(file);
        if path.exists() {
            writeln!(out, "{name:<9}{}", path.display())?;
        }
    }
    let name = quoted(&folder.to_string_lossy());
    match study.state {
        StudyState::Stopped | StudyState::Failed => match study.goes_on_in_python() {
            Some(how) => writeln!(out, "to go on from Python: {how}"),
            None => writeln!(out, "to go on: caviar resume {name}"),
        },
        StudyState::Running | StudyState::Finished => Ok(()),
    }
}

/// Slices and the time line.
fn write_charts(out: &mut dyn Write, study: &StudyView) -> io::Result<()> {
    let slices = charts::slices(study);
    if !slices.is_empty() {
        writeln!(out, "\nslices: the {} of the median trial along each setting; tall is good", study.metric())?;
        slices.iter().try_for_each(|line| writeln!(out, "{line}"))?;
    }
    let lines = charts::time_line(&study.spans);
    if !lines.is_empty() && study.trials.len() > 1 {
        writeln!(out, "\ntime line: {}", charts::LETTERS)?;
        lines.iter().try_for_each(|line| writeln!(out, "{line}"))?;
    }
    Ok(())
}

/// `a search of 64 trials, 12.3 s of work`.
fn counted(study: &StudyView) -> String {
    let seconds = format!("{:.1} s of work", study.seconds);
    match (study.about.command.as_str(), study.about.trials) {
        ("train", _) => format!("a training, {seconds}"),
        (_, Some(asked)) => format!("a search, {} of {asked} trials begun, {seconds}", study.trials.len()),
        (_, None) => format!("a search, {} trials begun, {seconds}", study.trials.len()),
    }
}

fn lost(study: &StudyView) -> String {
    let is_lost = |trial: &&TrialView| matches!(trial.state, TrialState::Diverged | TrialState::Failed);
    match study.trials.iter().filter(is_lost).count() {
        0 => String::new(),
        lost => format!(" ({lost} diverged or failed)"),
    }
}

/// The best trials; while none has a score, the first ones.
fn shown(study: &StudyView) -> Vec<&TrialView> {
    let mut shown = study.leaderboard();
    if shown.is_empty() {
        shown = study.trials.iter().collect();
    }
    shown.truncate(SHOWN);
    shown
}

/// The best trials with their curves, then as many of the settings that differ as there is room for.
fn leaderboard(study: &StudyView) -> Vec<String> {
    let shown = shown(study);
    let scale = scale(study, &shown);
    let mut sides = vec![Side::Right, Side::Right, Side::Right, Side::Right, Side::Left];
    let mut head = ["", "trial", study.score_name(), "epochs", "curve"].map(str::to_owned).to_vec();
    let seeds = study.seeds_heading();
    head.extend(seeds.clone());
    head.extend(seeds.as_ref().map(|_| "beside the first".to_owned()));
    sides.extend(seeds.iter().flat_map(|_| [Side::Left; 2]));
    let mut lines = vec![head];
    for (trial, rank) in shown.iter().zip(1..) {
        let score = match (trial.state, trial.score) {
            (TrialState::Complete, Some(score)) => format!("{score:.4}"),
            (state, Some(score)) => format!("{state} {score:.4}"),
            (state, None) => state.to_string(),
        };
        let letters = if seeds.is_some() { CURVE / 2 } else { CURVE };
        let curve = curve(study, trial, scale, letters);
        let number = match trial.parent {
            Some(parent) => format!("{} of {}", trial.number, parent.trial),
            None => trial.number.to_string(),
        };
        lines.push(vec![rank.to_string(), number, score, trial.epochs.to_string(), curve]);
        if let (Some(_), Some(line)) = (&seeds, lines.last_mut()) {
            let repeats = trial.repeats.as_ref();
            line.push(repeats.map_or_else(String::new, Repeats::words));
            line.push(repeats.map_or("", |repeats| repeats.standing.words()).to_owned());
        }
    }
    let mut width = 32 + if seeds.is_some() { CURVE / 2 + SEEDS } else { CURVE };
    for name in varied(study) {
        let cell = |trial: &&TrialView| trial.params.get(&name).map_or_else(String::new, |value| format!("{value:.3}"));
        let column: Vec<String> = shown.iter().map(cell).collect();
        let widest = column.iter().map(|cell| cell.chars().count()).max().unwrap_or(0).max(name.chars().count());
        if width + widest + 2 > WIDTH {
            break;
        }
        width += widest + 2;
        sides.push(Side::Left);
        lines[0].push(name.replace('_', "-"));
        lines[1..].iter_mut().zip(column).for_each(|(line, cell)| line.push(cell));
    }
    let mut table = Columns::new(sides);
    lines.into_iter().for_each(|line| table.push(line));
    table.lines()
}

/// The settings that are not the same for all trials, those that mattered most first.
fn varied(study: &StudyView) -> Vec<String> {
    let differs =
        |name: &str| study.trials.iter().any(|trial| trial.params.get(name) != study.trials[0].params.get(name));
    let mut names: Vec<String> = study.importance.iter().map(|(name, _)| name.clone()).collect();
    for (name, _) in study.trials.iter().flat_map(|trial| trial.params.iter()) {
        if !names.iter().any(|known| known == name) {
            names.push(name.to_owned());
        }
    }
    names.into_iter().filter(|name| differs(name)).collect()
}

/// The metric along a trial's epochs, as something to be made small.
fn costs(study: &StudyView, trial: &TrialView) -> Vec<f64> {
    let metric = study.metric();
    let cost = |point: &caviar_lab::CurvePoint| match &point.validation {
        Some(figures) => figures.get(metric).map(|value| metric.cost(value)),
        None => Some(point.train_loss),
    };
    trial.curve.iter().filter_map(cost).filter(|cost| cost.is_finite()).collect()
}

/// From the lowest cost of what is shown to the median of the first epochs, so that one bad start flattens nothing.
fn scale(study: &StudyView, shown: &[&TrialView]) -> (f64, f64) {
    let all: Vec<Vec<f64>> = shown.iter().map(|trial| costs(study, trial)).collect();
    let lowest = all.iter().flatten().copied().fold(f64::INFINITY, f64::min);
    let mut first: Vec<f64> = all.iter().filter_map(|costs| costs.first().copied()).collect();
    first.sort_by(f64::total_cmp);
    (lowest, first.get(first.len() / 2).copied().unwrap_or(lowest))
}

fn curve(study: &StudyView, trial: &TrialView, (low, high): (f64, f64), letters: usize) -> String {
    let costs = costs(study, trial);
    let letters = costs.len().min(letters);
    let letter = |place: usize| {
        let part = &costs[place * costs.len() / letters..(place + 1) * costs.len() / letters];
        let mean = part.iter().sum::<f64>() / part.len() as f64;
        let height = ((mean - low) / (high - low) * (HEIGHTS.len() - 1) as f64).round();
        HEIGHTS[if height.is_finite() { height.clamp(0.0, 7.0) as usize } else { 0 }]
    };
    (0..letters).map(letter).collect()
}

/// A bar for each setting.
fn bars(study: &StudyView) -> Vec<String> {
    let mut table = Columns::new(vec![Side::Left, Side::Right, Side::Left]);
    for (name, share) in &study.importance {
        let bar = "█".repeat((share * BAR as f64).round() as usize);
        table.push(vec![format!("  {}", name.replace('_', "-")), format!("{:.0} %", 100.0 * share), bar]);
    }
    table.lines()
}
