//! One network.

use crate::board::Board;
use crate::error::LabError;
use crate::experiment::Experiment;
use crate::finished::Finished;
use crate::options::Workers;
use crate::recipe::Recipe;

/// Trains one network; its kernels are spread over the threads.
///
/// # Errors
/// A recipe that is illegal or does not fit the data; [`LabError::NoTrial`] where the training diverges.
pub fn train(
    experiment: &Experiment,
    recipe: &Recipe,
    workers: &Workers,
    board: &mut dyn Board,
) -> Result<Finished, LabError> {
    let _ = (experiment, recipe, workers, board);
    todo!("training")
}
