//! `--dry-run`: the space and what a search of it would cost.

use std::io::{self, Write};

use caviar_lab::{Experiment, Forecast, TuneOptions, Workers, forecast};

use crate::columns::{Columns, Side};
use crate::failure::Failure;
use crate::interrupt::on_ctrl_c;
use crate::plan::Plan;

/// Says what the plan would do; trains nothing but a few epochs for the estimate, and writes no file.
///
/// # Errors
/// Whatever would keep the search from beginning.
pub fn tell(plan: &Plan, options: &TuneOptions) -> Result<(), Failure> {
    let experiment = Experiment::prepare(&plan.source, &plan.data)?;
    let workers = Workers { interrupt: on_ctrl_c(), ..Workers::new(plan.threads) };
    let forecast = forecast(&experiment, options, &workers)?;
    let mut stdout = io::stdout().lock();
    if plan.voice.json {
        let mut line = serde_json::to_value(&forecast).map_err(io::Error::from)?;
        if let Some(line) = line.as_object_mut() {
            line.insert("event".to_owned(), "dry-run".into());
        }
        writeln!(stdout, "{line}")?;
    } else {
        write(&mut stdout, &forecast)?;
    }
    Ok(stdout.flush()?)
}

fn write(out: &mut dyn Write, forecast: &Forecast) -> io::Result<()> {
    let mut table = Columns::new(vec![Side::Left; 3]);
    table.push(["parameter", "values", "exists where"].map(str::to_owned).to_vec());
    for parameter in &forecast.parameters {
        let when = parameter.when.clone().unwrap_or_default();
        table.push(vec![parameter.name.clone(), parameter.scale.clone(), when]);
    }
    for line in table.lines() {
        writeln!(out, "{line}")?;
    }
    let trials =
        forecast.trials.map_or_else(|| "trials until the limit".to_owned(), |trials| format!("{trials} trials"));
    let judged = match forecast.folds {
        Some(folds) => format!("cross-validated in {folds} folds"),
        None => "judged on held-out rows".to_owned(),
    };
    writeln!(
        out,
        "\n{trials} of at most {} epochs on {} rows, {judged}; {} known points first",
        forecast.epochs, forecast.rows, forecast.starts
    )?;
    if let (Some(flops), Some(seconds)) = (forecast.flops, forecast.seconds) {
        writeln!(
            out,
            "first round of all trials: at most {flops:.2e} floating-point operations, about {} on {} threads \
             (an estimate from a few measured epochs; trials may end early, the best ones are measured again)",
            duration(seconds),
            forecast.threads
        )?;
    }
    let megabytes = |bytes: u64| bytes as f64 / 1e6;
    writeln!(
        out,
        "memory, by estimate: {:.1} MB of rows, at most {:.1} MB for each trial at work",
        megabytes(forecast.bytes.data),
        megabytes(forecast.bytes.trial)
    )?;
    writeln!(out, "nothing was trained or written (--dry-run)")
}

fn duration(seconds: f64) -> String {
    match seconds {
        0.0..1.0 => format!("{:.0} ms", seconds * 1e3),
        1.0..120.0 => format!("{seconds:.1} s"),
        120.0..7200.0 => format!("{:.1} min", seconds / 60.0),
        _ => format!("{:.1} h", seconds / 3600.0),
    }
}
