//! True and predicted values of the test rows.

use caviar_engine::Real;
use caviar_engine::rows::Rows;
use caviar_engine::train::{Data, DataError, Targets, Trainer};
use caviar_table::TargetSpec;

use crate::error::LabError;
use crate::experiment::Experiment;
use crate::model::Model;
use crate::network::set_weights;
use crate::recipe::{BatchRows, Precision, Recipe};

/// Pairs of a true and a predicted value, in the person's units; none for classes or without test rows.
pub(super) fn pairs(experiment: &Experiment, model: &Model) -> Result<Vec<(f64, f64)>, LabError> {
    let TargetSpec::Regression { .. } = model.target() else { return Ok(Vec::new()) };
    let Some(data) = experiment.test_data(model.encoder(), model.target())? else { return Ok(Vec::new()) };
    let Targets::Values { values, .. } = data.targets() else { return Ok(Vec::new()) };
    let predicted = match model.recipe().precision {
        Precision::F32 => predict::<f32>(model, data.features())?,
        Precision::F64 => predict::<f64>(model, data.features())?,
    };
    let unit = |value: f64| model.target().inverse(value);
    Ok(values.iter().zip(predicted).map(|(&truth, guess)| (unit(truth), unit(guess))).collect())
}

fn predict<T: Real>(model: &Model, rows: &Rows) -> Result<Vec<f64>, LabError> {
    // Two rows that stand for any: a network is planned for the columns of its data, and is not trained here.
    let inputs = model.encoder().width();
    let stand_in = Rows::from_f32(vec![0.0; 2 * inputs], inputs).map_err(|_| DataError::Empty)?;
    let data = Data::new(stand_in, Targets::Values { values: vec![0.0; 2], columns: 1 })?;
    let recipe = Recipe { batch_size: BatchRows::Full, ..model.recipe().clone() };
    let mut trainer = Trainer::<T>::new(recipe.spec_for(&data, &[], 0)?, data.into(), None)?;
    set_weights(&mut trainer, model.weights())?;
    Ok(trainer.predict(rows)?)
}
