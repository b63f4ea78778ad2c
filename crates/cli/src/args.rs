//! The arguments as they are typed: words checked one by one, not yet together.

pub mod after;
pub mod bench;
pub mod data;
pub mod evaluate;
pub mod help;
pub mod output;
pub mod recipe;
pub mod search;
pub mod steer;
pub mod study;
pub mod values;

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

use after::{BatchSizeArgs, EwmaArgs, InspectArgs};
use data::{DataArgs, FormatArgs};
use evaluate::EvaluateArgs;
use output::{CommonArgs, OutArgs};
use recipe::RecipeArgs;
use search::SearchArgs;
use steer::SteerArgs;
use study::{ResumeArgs, ShowArgs};

const TEMPLATE: &str = "{before-help}{about-with-newline}\n{usage-heading} {usage}\n\n{all-args}{after-help}";

/// Finds the best feed-forward network for a table.
#[derive(Debug, Parser)]
#[command(
    name = "caviar",
    version,
    help_template = TEMPLATE,
    before_help = "\
Examples:
  caviar tune iris.csv --target species
  caviar predict caviar-out/iris-1/model.safetensors new.csv -o answers.csv
",
    infer_long_args = false,
    disable_help_subcommand = true
)]
pub struct Arguments {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// What to do.
#[derive(Debug, Subcommand)]
#[command(allow_negative_numbers = true)]
pub enum Command {
    /// Train one network
    Train(TrainArgs),
    /// Train many networks and keep the best
    Tune(TuneArgs),
    /// Go on with a training or a search that was stopped
    Resume(ResumeArgs),
    /// Show a study: its best networks and what mattered
    Show(ShowArgs),
    /// Change a running network through its study: hyperparameters, undo, pause, stop
    Steer(SteerArgs),
    /// Say what a model makes of each row of a table
    Predict(PredictArgs),
    /// Measure a model on a table that has the answers
    Evaluate(EvaluateArgs),
    /// Tell what is in a table, a file of arrays, a model or a study
    Inspect(InspectArgs),
    /// Average a series, newer values weighing more
    Ewma(EwmaArgs),
    /// Measure batch sizes: time and progress of an epoch
    BatchSize(BatchSizeArgs),
    /// Measure speed on fixed works
    Bench(bench::BenchArgs),
    /// Print completions for a shell
    Completions(CompletionsArgs),
}

/// Arguments of `caviar train`.
#[derive(Debug, Args)]
#[command(allow_negative_numbers = true)]
pub struct TrainArgs {
    #[command(flatten)]
    pub data: DataArgs,
    #[command(flatten)]
    pub recipe: RecipeArgs,
    #[command(flatten)]
    pub out: OutArgs,
    #[command(flatten)]
    pub common: CommonArgs,
    /// A bar on the terminal in place of live curves and keys
    #[arg(long, help_heading = "Output")]
    pub no_live: bool,
}

/// Arguments of `caviar tune`.
#[derive(Debug, Args)]
#[command(allow_negative_numbers = true)]
pub struct TuneArgs {
    #[command(flatten)]
    pub data: DataArgs,
    #[command(flatten)]
    pub search: SearchArgs,
    #[command(flatten)]
    pub recipe: RecipeArgs,
    #[command(flatten)]
    pub out: OutArgs,
    #[command(flatten)]
    pub common: CommonArgs,
}

/// Arguments of `caviar predict`.
#[derive(Debug, Args)]
#[command(help_template = TEMPLATE, before_help = "\
Examples:
  caviar predict caviar-out/iris-1/model.safetensors new.csv
  caviar predict model.safetensors new.csv -o answers.csv
")]
pub struct PredictArgs {
    /// The model: model.safetensors of a run, or the folder it is in
    pub model: PathBuf,
    /// The table; columns are found by name, others may be there
    pub data: PathBuf,
    /// Write to this file instead of standard output
    #[arg(short, long, value_name = "FILE")]
    pub output: Option<PathBuf>,
    /// Print one JSON object a row
    #[arg(long)]
    pub json: bool,
    #[command(flatten)]
    pub format: FormatArgs,
}

/// Arguments of `caviar completions`.
#[derive(Debug, Args)]
#[command(help_template = TEMPLATE, before_help = "\
Examples:
  caviar completions bash > /etc/bash_completion.d/caviar
  caviar completions fish > ~/.config/fish/completions/caviar.fish
")]
pub struct CompletionsArgs {
    /// The shell
    pub shell: clap_complete::Shell,
}

#[cfg(test)]
mod tests {
    use super::Arguments;
    use clap::CommandFactory;

    #[test]
    fn the_arguments_fit_together() {
        Arguments::command().debug_assert();
    }
}
