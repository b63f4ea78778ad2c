//! What is said, what is kept, and how many threads work.

use std::path::PathBuf;
use std::thread;

use clap::Args;

use super::values;

/// Where results are kept.
#[derive(Debug, Args)]
#[command(next_help_heading = "Output")]
pub struct OutArgs {
    /// The folder for model, report and settings [default: caviar-out/<table>-<n>]
    #[arg(long, value_name = "DIR")]
    pub out: Option<PathBuf>,
}

/// What every run has.
#[derive(Debug, Args)]
#[command(next_help_heading = "Output")]
pub struct CommonArgs {
    /// The seed of everything random
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub seed: u64,
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

impl CommonArgs {
    /// The threads that work.
    pub fn threads(&self) -> usize {
        self.threads.unwrap_or_else(all_cores)
    }
}

/// As many threads as the machine lends to this program.
pub fn all_cores() -> usize {
    thread::available_parallelism().map_or(1, usize::from)
}
