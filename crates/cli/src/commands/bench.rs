//! `caviar bench`: speed on fixed works.

use std::io::{self, Write};
use std::process::ExitCode;
use std::sync::Arc;

use caviar_lab::bench::{BenchResult, Work};

use crate::args::BenchArgs;
use crate::args::output::all_cores;
use crate::columns::{Columns, Side};
use crate::failure::Failure;

/// Does the works one after another; each one's result is written when it is had.
///
/// # Errors
/// See [`Failure`].
pub fn run(args: &BenchArgs) -> Result<ExitCode, Failure> {
    let works = if args.works.is_empty() { Work::ALL.to_vec() } else { args.works.clone() };
    let mut stdout = io::stdout().lock();
    let mut results = Vec::new();
    for work in works {
        if !args.quiet {
            eprintln!("{}: making the data", work.name());
        }
        let machine = work.machine();
        let data = Arc::new(work.data());
        let threads = args.threads.unwrap_or_else(|| work.threads(all_cores()));
        let result = work.run(data, args.epochs.unwrap_or(work.epochs()), threads, &machine)?;
        if args.json {
            serde_json::to_writer(&mut stdout, &result).map_err(io::Error::from)?;
            writeln!(stdout)?;
            stdout.flush()?;
        }
        results.push(result);
    }
    if !args.json {
        for line in table(&results).lines() {
            writeln!(stdout, "{line}")?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn table(results: &[BenchResult]) -> Columns {
    let mut table = Columns::new([vec![Side::Left], vec![Side::Right; 6]].concat());
    table.push(
        ["work", "microseconds/step", "of the limit", "steps", "seconds", "threads", "final loss"]
            .map(str::to_owned)
            .to_vec(),
    );
    for result in results {
        table.push(vec![
            result.work.to_owned(),
            format!("{:.3}", result.us_per_step),
            format!("{:.1} %", result.fraction_of_limit * 100.0),
            result.steps.to_string(),
            format!("{:.3}", result.seconds),
            result.threads.to_string(),
            format!("{:.6}", result.final_loss),
        ]);
    }
    table
}
