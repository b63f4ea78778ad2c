//! How far a search goes.

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
    /// How many networks [default: 64, unless --time or --budget is given]
    #[arg(long, value_name = "N", value_parser = values::count)]
    pub trials: Option<u64>,
    /// How long, such as 60s, 2m or 1h
    #[arg(long, value_name = "TIME", value_parser = values::duration)]
    pub time: Option<Duration>,
    /// How many epochs over all networks
    #[arg(long, value_name = "EPOCHS", value_parser = values::count)]
    pub budget: Option<u64>,
    /// Where networks come from [default: random]
    #[arg(long, value_parser = method())]
    pub method: Option<Method>,
    /// What the model holds: the best few networks, their answers averaged (where trials are cross-validated), or one
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
        set(&mut options.keep, self.keep.as_ref());
    }
}

fn keep() -> impl TypedValueParser<Value = Keep> {
    PossibleValuesParser::new(["ensemble", "best"]).map(|name| if name == "best" { Keep::Best } else { Keep::Ensemble })
}

fn method() -> impl TypedValueParser<Value = Method> {
    PossibleValuesParser::new(["random", "sobol", "grid"]).map(|name| match name.as_str() {
        "sobol" => Method::Sobol,
        "grid" => Method::Grid,
        _ => Method::Random,
    })
}
