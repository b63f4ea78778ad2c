//! Arguments of `caviar evaluate`.

use std::path::PathBuf;

use caviar_lab::picture::PictureFile;
use clap::Args;

use super::TEMPLATE;
use super::data::FormatArgs;
use super::values;

/// Arguments of `caviar evaluate`.
#[derive(Debug, Args)]
#[command(help_template = TEMPLATE, before_help = "\
Examples:
  caviar evaluate caviar-out/iris-1/model.safetensors new.csv
  caviar evaluate caviar-out/iris-1 new.csv --target kind --json
  caviar evaluate caviar-out/iris-1 new.csv --plot confusion.png --plot roc.svg

Each figure stands with the interval that 95 % of 1000 resamples of the rows fall into.
")]
pub struct EvaluateArgs {
    /// The model: model.safetensors of a run, or the folder it is in
    pub model: PathBuf,
    /// A table with the answers; columns are found by name, others may be there
    pub data: PathBuf,
    /// The column with the answers [default: that of the training]
    #[arg(long, value_name = "COL")]
    pub target: Option<String>,
    /// A picture, as often as wanted: FILE.svg or .png named by what it shows, or KIND:FILE; confusion, roc,
    /// precision-recall, calibration, predicted, residuals
    #[arg(long, value_name = "[KIND:]FILE")]
    pub plot: Vec<PictureFile>,
    /// The seed of the resampling
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub seed: u64,
    /// Threads; results do not depend on it [default: all cores]
    #[arg(long, value_name = "N", value_parser = values::threads)]
    pub threads: Option<usize>,
    /// Print one JSON object
    #[arg(long)]
    pub json: bool,
    /// No notes
    #[arg(long)]
    pub quiet: bool,
    #[command(flatten)]
    pub format: FormatArgs,
}
