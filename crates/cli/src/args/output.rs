//! What is said, what is kept, and how many threads work.

use std::path::PathBuf;
use std::thread;

use clap::Args;

use caviar_lab::picture::PictureFile;

use super::values;

/// Where results are kept.
#[derive(Debug, Args)]
#[command(next_help_heading = "Output")]
pub struct OutArgs {
    /// The folder for model, report and settings [default: caviar-out/<table>-<n>]
    #[arg(long, value_name = "DIR")]
    pub out: Option<PathBuf>,
    /// A picture for a file of its own, as often as wanted: FILE.svg or FILE.png named by what it shows, or KIND:FILE;
    /// curves, settings, parallel, mattered, time-line, confusion, predicted, residuals, roc, precision-recall, calibration, importance, boundary
    #[arg(long, value_name = "[KIND:]FILE")]
    pub plot: Vec<PictureFile>,
    /// Draw what the network says over these two columns, the others held at their middle
    #[arg(long, value_name = "A,B", value_parser = values::two_names)]
    pub boundary: Option<[String; 2]>,
}

/// What every run has.
#[derive(Debug, Args)]
#[command(next_help_heading = "Output")]
pub struct CommonArgs {
    /// Settings from a file such as the config.toml of a run; flags go over it
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// The seed of everything random [default: 0]
    #[arg(long, value_name = "N", value_parser = values::seed)]
    pub seed: Option<u64>,
    /// Threads; results do not depend on it [default: all cores]
    #[arg(long, value_name = "N", value_parser = values::threads)]
    pub threads: Option<usize>,
    /// Print one JSON object a line
    #[arg(long)]
    pub json: bool,
    /// No progress and no notes
    #[arg(long)]
    pub quiet: bool,
    /// Tell every epoch of a training and every trial of a search
    #[arg(short, long, conflicts_with = "quiet")]
    pub verbose: bool,
    /// No colors, also where NO_COLOR is set
    #[arg(long)]
    pub no_color: bool,
}

/// As many threads as the machine lends to this program.
pub fn all_cores() -> usize {
    thread::available_parallelism().map_or(1, usize::from)
}
