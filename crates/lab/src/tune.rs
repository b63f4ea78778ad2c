//! Many networks, the best one kept.

use crate::board::Board;
use crate::error::LabError;
use crate::experiment::Experiment;
use crate::finished::Finished;
use crate::options::{TuneOptions, Workers};

/// Trains many networks, one per thread at a time, and keeps the best.
///
/// # Errors
/// Settings that are illegal or do not fit the data; [`LabError::NoTrial`] where no trial succeeds.
pub fn tune(
    experiment: &Experiment,
    options: &TuneOptions,
    workers: &Workers,
    board: &mut dyn Board,
) -> Result<Finished, LabError> {
    let _ = (experiment, options, workers, board);
    todo!("search")
}
