//! The program `caviar`: arguments in, a validated plan, a command, an exit code.

mod apology;
mod args;
mod columns;
mod commands;
mod config;
mod failure;
mod folder;
mod forecast;
mod full_disk;
mod interrupt;
mod live;
mod model_file;
mod outcome;
mod plan;
mod summary;
mod watch;

use std::process::ExitCode;

use clap::{CommandFactory, FromArgMatches};

use args::{Arguments, Command};

fn main() -> ExitCode {
    apology::install();
    let matches = args::help::compact(Arguments::command()).get_matches();
    let arguments = Arguments::from_arg_matches(&matches).unwrap_or_else(|error| error.exit());
    let result = match &arguments.command {
        Command::Train(args) => commands::train::run(args),
        Command::Tune(args) => commands::tune::run(args),
        Command::Resume(args) => commands::resume::run(args),
        Command::Show(args) => commands::show::run(args),
        Command::Steer(args) => commands::steer::run(args),
        Command::Predict(args) => commands::predict::run(args),
        Command::Evaluate(args) => commands::evaluate::run(args),
        Command::Inspect(args) => commands::inspect::run(args),
        Command::Ewma(args) => commands::ewma::run(args),
        Command::BatchSize(args) => commands::batch_size::run(args),
        Command::Bench(args) => commands::bench::run(args),
        Command::Completions(args) => commands::completions::run(args),
    };
    result.unwrap_or_else(|failure| failure.report())
}
