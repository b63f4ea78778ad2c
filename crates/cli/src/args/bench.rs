//! Arguments of `caviar bench`.

use std::str::FromStr;

use caviar_engine::nn::Activation;
use caviar_engine::optim::Optimizer;
use caviar_lab::bench::{OwnWork, Widths, Work};
use caviar_lab::{BatchRows, Precision, Recipe};
use clap::Args;

use super::{TEMPLATE, values};

/// Rows made for a network of one's own, unless said otherwise.
const ROWS: usize = 10_000;

/// Arguments of `caviar bench`.
#[derive(Debug, Args)]
#[command(help_template = TEMPLATE, before_help = "\
Examples:
  caviar bench
  caviar bench moons fashion --json
  caviar bench 30-128-128-2 --rows 100000 --batch-size 256 --optimizer rmsprop
")]
pub struct BenchArgs {
    /// moons, fashion, signs, rows, population or population-mixed (all of them unless named), or the widths of a network
    /// of your own, from its inputs to its classes
    #[arg(value_name = "WORK")]
    pub works: Vec<AnyWork>,
    /// Epochs, in place of those of each work
    #[arg(long, value_name = "N", value_parser = values::count)]
    pub epochs: Option<u64>,
    /// Networks of a population [default: 256]
    #[arg(long, value_name = "N", value_parser = values::count)]
    pub trials: Option<u64>,
    /// Threads [default: 1 for moons, all cores for the others]
    #[arg(long, value_name = "N", value_parser = values::threads)]
    pub threads: Option<usize>,
    /// Print one JSON object a work
    #[arg(long)]
    pub json: bool,
    /// Say nothing but the results
    #[arg(long)]
    pub quiet: bool,
    #[command(flatten)]
    pub own: OwnWorkArgs,
}

/// What is trained where a person names a network.
#[derive(Debug, Args)]
#[command(next_help_heading = "A network of your own")]
pub struct OwnWorkArgs {
    /// Rows, made around as many centers as there are classes [default: 10000]
    #[arg(long, value_name = "N", value_parser = values::count)]
    pub rows: Option<u64>,
    /// Rows of a batch, or full [default: 32]
    #[arg(long, value_name = "N|full")]
    pub batch_size: Option<BatchRows>,
    /// The update rule [default: adam]
    #[arg(long, value_parser = super::recipe::optimizer())]
    pub optimizer: Option<Optimizer>,
    /// Of every hidden layer [default: relu]
    #[arg(long, value_name = "NAME")]
    pub activation: Option<Activation>,
    /// Normalize every hidden layer over the batch
    #[arg(long)]
    pub batch_norm: bool,
    /// The share of hidden units dropped, below 1
    #[arg(long, value_name = "P", value_parser = values::below_one)]
    pub dropout: Option<f64>,
    /// The weight of the squared weights in the cost
    #[arg(long, value_name = "L", value_parser = values::not_negative)]
    pub l2: Option<f64>,
    /// Numbers of 32 or 64 bits
    #[arg(long, value_parser = super::recipe::precision())]
    pub precision: Option<Precision>,
}

/// A fixed work, or a network.
#[derive(Clone, Debug, PartialEq)]
pub enum AnyWork {
    /// By its name.
    Fixed(Work),
    /// By its widths.
    Own(Widths),
}

impl FromStr for AnyWork {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text.starts_with(|first: char| first.is_ascii_digit()) {
            return text.parse().map(AnyWork::Own).map_err(|error: caviar_lab::bench::WidthsError| error.to_string());
        }
        text.parse().map(AnyWork::Fixed).map_err(|error: caviar_lab::bench::WorkError| error.to_string())
    }
}

impl OwnWorkArgs {
    /// The work of a network.
    pub fn work(&self, widths: Widths) -> OwnWork {
        let usual = Recipe::default();
        let recipe = Recipe {
            batch_size: self.batch_size.unwrap_or(usual.batch_size),
            optimizer: self.optimizer.unwrap_or(usual.optimizer),
            activation: self.activation.unwrap_or(usual.activation),
            batch_norm: self.batch_norm,
            dropout: self.dropout.unwrap_or(usual.dropout),
            l2: self.l2.unwrap_or(usual.l2),
            precision: self.precision.unwrap_or(usual.precision),
            ..usual
        };
        let rows = self.rows.and_then(|rows| usize::try_from(rows).ok()).unwrap_or(ROWS);
        OwnWork { widths, rows, recipe }
    }

    /// The first of these settings that was given.
    pub fn given(&self) -> Option<&'static str> {
        let all = [
            ("--rows", self.rows.is_some()),
            ("--batch-size", self.batch_size.is_some()),
            ("--optimizer", self.optimizer.is_some()),
            ("--activation", self.activation.is_some()),
            ("--batch-norm", self.batch_norm),
            ("--dropout", self.dropout.is_some()),
            ("--l2", self.l2.is_some()),
            ("--precision", self.precision.is_some()),
        ];
        all.into_iter().find(|(_, given)| *given).map(|(flag, _)| flag)
    }
}
