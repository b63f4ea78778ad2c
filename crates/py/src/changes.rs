//! What a callback answers: changes of hyperparameters, an end.

use caviar_engine::train::Change;
use pyo3::prelude::{Bound, PyAny, PyResult};
use pyo3::types::{PyAnyMethods, PyDict, PyDictMethods};

use crate::error::SettingError;
use crate::settings::Units;

/// Names of what may be changed, in the order of the messages.
const NAMES: &str = "learning_rate, schedule, momentum, beta_1, beta_2, epsilon, alpha, weight_decay, clip_norm, \
                     dropout, batch_size or stop";

/// What a callback answered.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Answer {
    /// Nothing.
    Nothing,
    /// Changes, in their order, and whether training is to end.
    Changes {
        /// What is to be changed.
        changes: Vec<Change>,
        /// Whether it is to end here.
        stop: bool,
    },
}

/// Reads an answer: nothing, or a dict of new values by name.
pub(crate) fn answer(said: &Bound<'_, PyAny>, units: Units) -> PyResult<Answer> {
    if said.is_none() {
        return Ok(Answer::Nothing);
    }
    let (mut changes, mut stop) = (Vec::new(), false);
    for (name, value) in said.cast::<PyDict>()?.iter() {
        let name: String = name.extract()?;
        changes.push(match name.as_str() {
            "stop" => {
                stop = value.is_truthy()?;
                continue;
            }
            "learning_rate" => Change::LearningRate(value.extract::<f64>()? * units.rate),
            "schedule" => {
                let text: String = value.extract()?;
                let schedule = text
                    .parse()
                    .map_err(|error: caviar_engine::optim::SpecError| SettingError::new_err(error.to_string()))?;
                Change::Schedule(schedule)
            }
            "momentum" => Change::Beta(value.extract()?),
            "beta_1" => Change::Beta1(value.extract()?),
            "beta_2" => Change::Beta2(value.extract()?),
            "epsilon" => Change::Epsilon(value.extract()?),
            "alpha" => Change::L2(value.extract::<f64>()? * units.gradient),
            "weight_decay" => Change::WeightDecay(value.extract::<f64>()? / units.rate),
            "clip_norm" => Change::ClipNorm(value.extract::<Option<f64>>()?.map(|limit| limit * units.gradient)),
            "dropout" => Change::Dropout(value.extract()?),
            "batch_size" => Change::BatchSize(value.extract()?),
            _ => return Err(SettingError::new_err(format!("`{name}` cannot be changed, there are {NAMES}"))),
        });
    }
    Ok(Answer::Changes { changes, stop })
}
