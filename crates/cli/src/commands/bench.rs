//! `caviar bench`: speed on fixed works.

use std::io::{self, Write};
use std::process::ExitCode;
use std::sync::Arc;

use caviar_lab::bench::{BenchResult, Work};

use crate::args::bench::{AnyWork, BenchArgs};
use crate::args::output::all_cores;
use crate::columns::{Columns, Side};
use crate::failure::Failure;

/// Does the works one after another; each one's result is written when it is had.
///
/// # Errors
/// See [`Failure`].
pub fn run(args: &BenchArgs) -> Result<ExitCode, Failure> {
    let works = match args.works.is_empty() {
        true => Work::ALL.into_iter().map(AnyWork::Fixed).collect(),
        false => args.works.clone(),
    };
    let own = works.iter().any(|work| matches!(work, AnyWork::Own(_)));
    if let (false, Some(flag)) = (own, args.own.given()) {
        return Err(Failure::Usage(format!(
            "{flag}: the fixed works have settings of their own; name a network, such as 784-256-10"
        )));
    }
    let population = works.iter().any(|work| matches!(work, AnyWork::Fixed(work) if work.is_population()));
    if args.trials.is_some() && !population {
        let rule = "--trials: only a population has several networks; name population or population-mixed";
        return Err(Failure::Usage(rule.to_owned()));
    }
    let mut stdout = io::stdout().lock();
    let mut results = Vec::new();
    for work in works {
        let result = match work {
            AnyWork::Fixed(work) => fixed(work, args)?,
            AnyWork::Own(widths) => args.own.work(widths).run(args.epochs, args.threads.unwrap_or_else(all_cores))?,
        };
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

fn fixed(work: Work, args: &BenchArgs) -> Result<BenchResult, Failure> {
    if !args.quiet {
        eprintln!("{}: making the data", work.name());
    }
    let machine = work.machine();
    let data = Arc::new(work.data());
    let threads = args.threads.unwrap_or_else(|| work.threads(all_cores()));
    let (trials, epochs) = (args.trials.unwrap_or(work.trials()), args.epochs.unwrap_or(work.epochs()));
    Ok(work.run(data, trials, epochs, threads, &machine)?)
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
            result.work.clone(),
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
