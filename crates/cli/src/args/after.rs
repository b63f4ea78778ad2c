//! Arguments of the commands that look at a file, a series or a setting.

use std::path::PathBuf;

use caviar_lab::picture::PictureFile;
use clap::Args;

use super::TEMPLATE;
use super::data::{DataArgs, FormatArgs};
use super::output::CommonArgs;
use super::recipe::RecipeArgs;
use super::values;

/// Arguments of `caviar ewma`.
#[derive(Debug, Args)]
#[command(help_template = TEMPLATE, before_help = "\
Examples:
  caviar ewma temperatures.csv --column Temp --beta 0.5 0.9 0.98 --plot averages.svg
  caviar ewma temperatures.csv --column Temp --beta 0.9 -o averages.csv

The average v = b v + (1 - b) x remembers about 1/(1 - b) values. It starts at 0 and is too small
at first; the corrected one is v / (1 - b^t) after t values.
")]
pub struct EwmaArgs {
    /// The series: a table or an array with one value a row, in the order of time
    pub series: PathBuf,
    /// The column with the values
    #[arg(long, value_name = "COL")]
    pub column: String,
    /// The weight of the past, below 1; as many as wanted
    #[arg(long, value_name = "B", num_args = 1.., required = true, value_parser = values::below_one)]
    pub beta: Vec<f64>,
    /// What becomes of missing values: an error, or the average goes on without them
    #[arg(long, value_enum, default_value_t = Gaps::Error)]
    pub gaps: Gaps,
    /// A picture, .svg or .png
    #[arg(long, value_name = "FILE")]
    pub plot: Option<PictureFile>,
    /// Write to this file instead of standard output
    #[arg(short, long, value_name = "FILE")]
    pub output: Option<PathBuf>,
    /// Print one JSON object a value
    #[arg(long)]
    pub json: bool,
    /// No notes
    #[arg(long)]
    pub quiet: bool,
    #[command(flatten)]
    pub format: FormatArgs,
}

/// What becomes of missing values of a series.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Gaps {
    Error,
    Skip,
}

/// Arguments of `caviar batch-size`.
#[derive(Debug, Args)]
#[command(allow_negative_numbers = true)]
pub struct BatchSizeArgs {
    #[command(flatten)]
    pub data: DataArgs,
    #[command(flatten)]
    pub recipe: RecipeArgs,
    /// A picture, .svg or .png
    #[arg(long, value_name = "FILE")]
    pub plot: Option<PictureFile>,
    #[command(flatten)]
    pub common: CommonArgs,
}

/// Arguments of `caviar inspect`.
#[derive(Debug, Args)]
#[command(help_template = TEMPLATE, before_help = "\
Examples:
  caviar inspect house.csv
  caviar inspect train_signs.h5
  caviar inspect caviar-out/house-1/model.safetensors
  caviar inspect caviar-out/house-1/study.db
")]
pub struct InspectArgs {
    /// A table, a file of arrays, a model, a study, or the folder of a run
    pub file: PathBuf,
    /// Print one JSON object
    #[arg(long)]
    pub json: bool,
    #[command(flatten)]
    pub format: FormatArgs,
}

/// So many epochs for each batch size, where nothing is said.
pub const EPOCHS: u64 = 5;
