//! A trained network between the engine and the model file.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};

use caviar_engine::nn::Mlp;
use caviar_engine::train::{Command, Data, Event, Flow, Metric, Observer, Trainer};
use caviar_engine::{Dims, Real, Tensor};
use caviar_formats::{Array, Elements};
use caviar_table::TargetSpec;

use crate::error::LabError;
use crate::figures::Figures;

/// Weights and other arrays by name.
pub(crate) type Weights = BTreeMap<String, Array>;

/// The parameters of a network, in its own precision.
pub(crate) fn weights<T: Real>(trainer: &Trainer<T>) -> Result<Weights, LabError> {
    let mut weights = Weights::new();
    for parameter in trainer.parameters() {
        let tensor = trainer.weights(&parameter.name).ok_or_else(|| missing(&parameter.name))?;
        let elements = match T::NAME {
            "f32" => Elements::F32(tensor.data().iter().map(|x| x.to_f64() as f32).collect()),
            _ => Elements::F64(tensor.data().iter().map(|x| x.to_f64()).collect()),
        };
        let array = Array::new(tensor.dims().sizes().to_vec(), elements).map_err(|error| broken(&error))?;
        weights.insert(parameter.name.clone(), array);
    }
    Ok(weights)
}

/// Puts weights into a network of the same shape.
pub(crate) fn set_weights<T: Real>(trainer: &mut Trainer<T>, weights: &Weights) -> Result<(), LabError> {
    let names: Vec<String> = trainer.parameters().iter().map(|parameter| parameter.name.clone()).collect();
    for name in &names {
        let array = weights.get(name).ok_or_else(|| missing(name))?;
        let dims =
            Dims::new(array.shape()).ok_or_else(|| LabError::BrokenModel { what: format!("rank of `{name}`") })?;
        let values = array.to_f64().into_iter().map(T::from_f64).collect();
        let tensor = Tensor::new(dims, values).map_err(|error| broken(&error))?;
        trainer.set_weights(name, &tensor).map_err(|error| broken(&error))?;
    }
    match weights.keys().find(|name| !names.contains(name)) {
        Some(name) => Err(LabError::BrokenModel { what: format!("array `{name}` belongs to no layer") }),
        None => Ok(()),
    }
}

/// A network under batch norm without it, with these weights, for prediction.
pub(crate) fn folded(network: &Mlp, weights: &Weights) -> Result<Mlp, LabError> {
    let asked = RefCell::new(BTreeSet::new());
    let weight = |name: &str| {
        asked.borrow_mut().insert(name.to_owned());
        weights.get(name).map(Array::to_f64)
    };
    let folded = network.folded(weight).map_err(|error| broken(&error))?;
    match weights.keys().find(|name| !asked.borrow().contains(*name)) {
        Some(name) => Err(LabError::BrokenModel { what: format!("array `{name}` belongs to no layer") }),
        None => Ok(folded),
    }
}

fn missing(name: &str) -> LabError {
    LabError::BrokenModel { what: format!("array `{name}` is missing") }
}

fn broken(error: &dyn std::fmt::Display) -> LabError {
    LabError::BrokenModel { what: error.to_string() }
}

/// The figures of a network on rows.
pub(crate) fn figures<T: Real>(
    trainer: &mut Trainer<T>,
    data: &Data,
    target: &TargetSpec,
    metric: Metric,
) -> Result<Figures, LabError> {
    Ok(Figures::new(&trainer.evaluate(data, &[metric])?, target))
}

/// Ends a run at once, so that the weights of the best epoch are put back.
pub(crate) struct EndNow;

impl Observer for EndNow {
    fn event(&mut self, _: &Event) -> Flow {
        Flow::Stop
    }

    fn command(&mut self) -> Option<Command> {
        Some(Command::Stop)
    }
}
