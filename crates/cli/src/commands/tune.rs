//! `caviar tune`: many networks, the best one kept.

use std::process::ExitCode;

use crate::args::TuneArgs;
use crate::failure::Failure;
use crate::forecast;
use crate::outcome::carry_out;
use crate::plan::{Job, Plan};

/// Trains many networks and keeps the best.
///
/// # Errors
/// See [`Failure`].
pub fn run(args: &TuneArgs) -> Result<ExitCode, Failure> {
    let plan = Plan::tune(args)?;
    match &plan.job {
        Job::Tune(options) if args.search.dry_run => {
            forecast::tell(&plan, options)?;
            Ok(ExitCode::SUCCESS)
        }
        Job::Tune(_) | Job::Train(_) => carry_out(&plan),
    }
}
