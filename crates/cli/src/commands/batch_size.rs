//! `caviar batch-size`: time and progress of an epoch over batch sizes.

use std::io::{self, Write};
use std::process::ExitCode;

use caviar_lab::picture::{LineChart, Series};
use caviar_lab::{BatchTrial, BatchTrials, Experiment, Workers, batch_sizes};
use serde_json::json;

use crate::args::after::BatchSizeArgs;
use crate::columns::{Columns, Side};
use crate::failure::Failure;
use crate::interrupt::on_ctrl_c;
use crate::plan::Plan;

/// Measures, tells.
///
/// # Errors
/// See [`Failure`].
pub fn run(args: &BatchSizeArgs) -> Result<ExitCode, Failure> {
    let plan = Plan::batch_size(args)?;
    let experiment = Experiment::prepare(&plan.source, &plan.data)?;
    let workers = Workers { interrupt: on_ctrl_c(), ..Workers::new(plan.threads) };
    let found = batch_sizes(&experiment, plan.recipe(), &workers)?;
    if let Some(plot) = &args.plot
        && let Some(picture) = chart(&found).picture()
    {
        picture.save(&plot.path, plot.format)?;
    }
    let mut stdout = io::stdout().lock();
    if plan.voice.json {
        for trial in &found.trials {
            writeln!(stdout, "{}", json!({ "event": "batch_size", "measured": trial }))?;
        }
        let end =
            json!({ "event": "finished", "epochs": found.epochs, "best": found.best, "cut_below": found.cut_below });
        writeln!(stdout, "{end}")?;
    } else {
        for line in table(&found).lines() {
            writeln!(stdout, "{line}")?;
        }
        writeln!(stdout, "\n{}", advice(&found))?;
    }
    stdout.flush()?;
    Ok(ExitCode::SUCCESS)
}

fn table(found: &BatchTrials) -> Columns {
    let mut table = Columns::new(vec![Side::Right; 5]);
    let after = format!("loss after {} epochs", found.epochs);
    let head = ["batch size", "steps/epoch", "ms/epoch", after.as_str(), "progress"];
    table.push(head.map(str::to_owned).to_vec());
    for trial in &found.trials {
        let figure = |value: f64| if value.is_finite() { format!("{value:.4}") } else { "diverged".to_owned() };
        table.push(vec![
            trial.batch_size.to_string(),
            trial.steps.to_string(),
            format!("{:.3}", trial.seconds * 1e3),
            figure(trial.after),
            if trial.after.is_finite() { figure(trial.before - trial.after) } else { String::new() },
        ]);
    }
    table
}

fn advice(found: &BatchTrials) -> String {
    let cut = match found.cut_below {
        Some(size) => format!("\nSizes below {size} were left out: they would take too long."),
        None => String::new(),
    };
    match found.best {
        Some(best) => format!(
            "Take --batch-size {best}: of the sizes that make at least 90 % of the largest progress it takes the \
             least time.{cut}"
        ),
        None => format!("No size made any progress: try a smaller --learning-rate.{cut}"),
    }
}

/// The loss that is reached, over the time it takes, size by size.
fn chart(found: &BatchTrials) -> LineChart {
    let good = |trial: &&BatchTrial| trial.after.is_finite();
    let point = |trial: &BatchTrial| (trial.seconds * found.epochs as f64, trial.after);
    let points: Vec<(f64, f64)> = found.trials.iter().filter(good).map(point).collect();
    let title = format!("Loss after {} epochs over their time, by batch size", found.epochs);
    let sizes = match (found.trials.first(), found.trials.last()) {
        (Some(largest), Some(smallest)) => format!("batches of {} to {} rows", largest.batch_size, smallest.batch_size),
        _ => String::new(),
    };
    let chart = LineChart::new(title, ("seconds", "loss")).log_x().with(Series::line(sizes, points));
    let best = found.trials.iter().find(|trial| found.best == Some(trial.batch_size));
    match best {
        Some(best) => chart.with(Series::dots(format!("{}, recommended", best.batch_size), vec![point(best)])),
        None => chart,
    }
}
