//! True and predicted values of the test rows.

use caviar_engine::train::Targets;
use caviar_table::TargetSpec;

use crate::error::LabError;
use crate::experiment::Experiment;
use crate::model::{Model, Predictions};

/// Pairs of a true and a predicted value, in the person's units; none for classes or without test rows.
pub(super) fn pairs(experiment: &Experiment, model: &Model) -> Result<Vec<(f64, f64)>, LabError> {
    let TargetSpec::Regression { .. } = model.target() else { return Ok(Vec::new()) };
    let Some(data) = experiment.test_data(model.encoder(), model.target())? else { return Ok(Vec::new()) };
    let Targets::Values { values, .. } = data.targets() else { return Ok(Vec::new()) };
    let Predictions::Values(predicted) = model.predict_rows(data.features())? else { return Ok(Vec::new()) };
    Ok(values.iter().map(|&value| model.target().inverse(value)).zip(predicted).collect())
}
