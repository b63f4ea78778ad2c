//! `caviar train`: one network.

use std::process::ExitCode;

use crate::args::TrainArgs;
use crate::failure::Failure;
use crate::outcome::carry_out;
use crate::plan::Plan;

/// Trains one network.
///
/// # Errors
/// See [`Failure`].
pub fn run(args: &TrainArgs) -> Result<ExitCode, Failure> {
    carry_out(&Plan::train(args)?)
}
