//! `caviar tune`: many networks, the best one kept.

use std::process::ExitCode;

use crate::args::TuneArgs;
use crate::failure::Failure;
use crate::outcome::carry_out;
use crate::plan::Plan;

/// Trains many networks and keeps the best.
///
/// # Errors
/// See [`Failure`].
pub fn run(args: &TuneArgs) -> Result<ExitCode, Failure> {
    carry_out(&Plan::tune(args)?)
}
