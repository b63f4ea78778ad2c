//! How far a search goes.

use std::path::PathBuf;
use std::time::Duration;

use caviar_lab::{Keep, Method, TuneOptions};
use clap::Args;
use clap::builder::{PossibleValuesParser, TypedValueParser};

use super::data::set;
use super::values;

/// How far a search goes.
#[derive(Debug, Args)]
#[command(next_help_heading = "Search")]
pub struct SearchArgs {
    /// How many networks [default: 64 unless --time or --budget is given]; of several limits the first one met ends it
    #[arg(long, value_name = "N", value_parser = values::count)]
    pub trials: Option<u64>,
    /// How long, such as 60s, 2m or 1h
    #[arg(long, value_name = "TIME", value_parser = values::duration)]
    pub time: Option<Duration>,
    /// How many epochs over all networks, each paid in full when it starts, also if it ends early
    #[arg(long, value_name = "EPOCHS", value_parser = values::count)]
    pub budget: Option<u64>,
    /// What is searched, in place of the usual space for the table (docs/search.md)
    #[arg(long, value_name = "FILE.toml")]
    pub space: Option<PathBuf>,
    /// Where networks come from, and which of them go on: zoom thins them out at a 27th, a 9th and a third of their epochs
    /// and looks closer around the best; cross-validated ones are drawn as by random [default: zoom]
    #[arg(long, value_parser = method())]
    pub method: Option<Method>,
    /// Workers of the virtual time that decisions fall in, however many threads there are [default: 8]. The methods
    /// above decide between stages, so that it changes nothing
    #[arg(long, value_name = "N", value_parser = values::count)]
    pub virtual_workers: Option<u64>,
    /// Memory for rows and trials by estimate, such as 2GB: fewer trials work at a time, results stay the same
    #[arg(long, value_name = "SIZE", value_parser = values::size)]
    pub max_memory: Option<u64>,
    /// Say what would be searched and what it would cost, and train nothing
    #[arg(long)]
    pub dry_run: bool,
    /// With how many further seeds the leaders are trained again, to say how sure their order is; 0 for none [default: 3]
    #[arg(long, value_name = "N", value_parser = values::seeds)]
    pub leader_seeds: Option<u64>,
    /// What the model holds: several networks that are best together, their answers averaged, or the best one alone
    /// [default: ensemble]
    #[arg(long, value_parser = keep())]
    pub keep: Option<Keep>,
}

impl SearchArgs {
    /// Puts what was given in the place of what was there.
    pub fn apply(&self, options: &mut TuneOptions) {
        options.trials = self.trials.or(options.trials);
        options.time = self.time.or(options.time);
        options.budget = self.budget.or(options.budget);
        set(&mut options.method, self.method.as_ref());
        set(&mut options.virtual_workers, self.virtual_workers.as_ref());
        options.max_memory = self.max_memory.or(options.max_memory);
        set(&mut options.leader_seeds, self.leader_seeds.as_ref());
        set(&mut options.keep, self.keep.as_ref());
    }
}

fn keep() -> impl TypedValueParser<Value = Keep> {
    PossibleValuesParser::new(["ensemble", "best"]).map(|name| if name == "best" { Keep::Best } else { Keep::Ensemble })
}

fn method() -> impl TypedValueParser<Value = Method> {
    PossibleValuesParser::new(["zoom", "random", "sobol", "grid"]).map(|name| match name.as_str() {
        "sobol" => Method::Sobol,
        "grid" => Method::Grid,
        "random" => Method::Random,
        _ => Method::Zoom,
    })
}
