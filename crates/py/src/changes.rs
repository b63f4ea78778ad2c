//! What a callback answers: changes of hyperparameters, copies, an end.

use caviar_engine::train::Change;
use pyo3::prelude::{Bound, Py, PyAny, PyResult};
use pyo3::types::{PyAnyMethods, PyDict, PyDictMethods, PyList, PyListMethods};

use crate::error::SettingError;
use crate::settings::Units;

/// Names of what may be changed, in the order of the messages.
const NAMES: &str = "learning_rate, schedule, momentum, beta_1, beta_2, epsilon, alpha, weight_decay, clip_norm, \
                     clip_value, dropout, batch_size, optimizer or epochs";

/// What a callback answered.
#[derive(Debug, Default)]
pub(crate) struct Answer {
    /// What is to be changed, in this order.
    pub(crate) changes: Vec<Change>,
    /// Whether training is to end here.
    pub(crate) stop: bool,
    /// Who gets a copy of the network as it is now.
    pub(crate) forks: Vec<Py<PyAny>>,
}

/// Reads an answer: nothing, or a dict of new values by name.
pub(crate) fn answer(said: &Bound<'_, PyAny>, units: Units) -> PyResult<Answer> {
    let mut answer = Answer::default();
    if said.is_none() {
        return Ok(answer);
    }
    for (name, value) in said.cast::<PyDict>()?.iter() {
        match name.extract::<String>()?.as_str() {
            "stop" => answer.stop = value.is_truthy()?,
            "fork" => answer.forks = value.cast::<PyList>()?.iter().map(Bound::unbind).collect(),
            _ => answer.changes.push(change(&name, &value, units)?),
        }
    }
    Ok(answer)
}

/// Reads a change by its name, in scikit-learn's words or the engine's.
pub(crate) fn change(name: &Bound<'_, PyAny>, value: &Bound<'_, PyAny>, units: Units) -> PyResult<Change> {
    let name: String = name.extract()?;
    let word = || value.extract::<String>();
    let limit = || Ok::<_, pyo3::PyErr>(value.extract::<Option<f64>>()?.map(|limit| limit * units.gradient));
    let unknown = |error: caviar_engine::optim::SpecError| SettingError::new_err(error.to_string());
    Ok(match name.as_str() {
        "learning_rate" => Change::LearningRate(value.extract::<f64>()? * units.rate),
        "schedule" => Change::Schedule(word()?.parse().map_err(unknown)?),
        "momentum" | "beta" => Change::Beta(value.extract()?),
        "beta_1" | "beta1" => Change::Beta1(value.extract()?),
        "beta_2" | "beta2" => Change::Beta2(value.extract()?),
        "epsilon" => Change::Epsilon(value.extract()?),
        "alpha" | "l2" => Change::L2(value.extract::<f64>()? * units.gradient),
        "weight_decay" => Change::WeightDecay(value.extract::<f64>()? / units.rate),
        "clip_norm" => Change::ClipNorm(limit()?),
        "clip_value" => Change::ClipValue(limit()?),
        "dropout" => Change::Dropout(value.extract()?),
        "batch_size" => Change::BatchSize(value.extract()?),
        "optimizer" => Change::Optimizer(word()?.parse().map_err(unknown)?),
        "epochs" => Change::Epochs(value.extract()?),
        _ => return Err(SettingError::new_err(format!("`{name}` cannot be changed, there are {NAMES}"))),
    })
}
