//! Arguments of the commands that are about a study.

use std::path::PathBuf;

use caviar_lab::picture::PictureFile;
use clap::Args;

use super::values;

/// Arguments of `caviar resume`.
#[derive(Debug, Args)]
#[command(help_template = super::TEMPLATE, before_help = "\
Examples:
  caviar resume caviar-out/iris-1
  caviar resume caviar-out/iris-1 --trial 3 --epochs 200
")]
pub struct ResumeArgs {
    /// The study: study.db of a run, or the folder it is in
    pub study: PathBuf,
    /// Train this trial on, instead of the whole
    #[arg(long, value_name = "N", requires = "epochs")]
    pub trial: Option<u64>,
    /// How many epochs that trial shall have in all
    #[arg(long, value_name = "E", requires = "trial", value_parser = values::count)]
    pub epochs: Option<u64>,
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

/// Arguments of `caviar show`.
#[derive(Debug, Args)]
#[command(help_template = super::TEMPLATE, before_help = "\
Examples:
  caviar show caviar-out/iris-1
  caviar show caviar-out/iris-1/study.db --json
  caviar show caviar-out/iris-1 --plot parallel:settings.svg --plot time-line.png
")]
pub struct ShowArgs {
    /// The study: study.db of a run, or the folder it is in; it may still be running
    pub study: PathBuf,
    /// A picture for a file of its own, as often as wanted: FILE.svg or FILE.png named by what it shows, or KIND:FILE;
    /// curves, settings, parallel, mattered, time-line
    #[arg(long, value_name = "[KIND:]FILE")]
    pub plot: Vec<PictureFile>,
    /// Print one JSON object
    #[arg(long)]
    pub json: bool,
    /// No colors, also where NO_COLOR is set
    #[arg(long)]
    pub no_color: bool,
}
