//! The shape of a network, as it is kept in its bytes.

use caviar_engine::Real;
use caviar_engine::nn::{BatchNorm, Layer, Mlp};
use caviar_engine::optim::Adam;
use caviar_engine::rows::Rows;
use caviar_engine::train::{Data, Targets, TrainOptions, TrainSpec, Trainer};
use serde::{Deserialize, Serialize};

use crate::error::Failure;

/// All that is needed to lay a network out.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Shape {
    pub(crate) inputs: usize,
    pub(crate) hidden: Vec<usize>,
    pub(crate) activations: Vec<String>,
    pub(crate) outputs: usize,
    pub(crate) batch_norm: bool,
    /// How many classes; 0 for values.
    pub(crate) classes: usize,
    pub(crate) precision: String,
}

impl Shape {
    /// Of a network with so many classes.
    pub(crate) fn of(network: &Mlp, classes: usize, precision: &str) -> Self {
        Shape {
            inputs: network.inputs,
            hidden: network.hidden.iter().map(|layer| layer.units).collect(),
            activations: network.hidden.iter().map(|layer| layer.activation.to_string()).collect(),
            outputs: network.outputs,
            batch_norm: network.batch_norm.is_some(),
            classes,
            precision: precision.to_owned(),
        }
    }

    /// How many numbers it has, unless that is beyond counting.
    pub(crate) fn numbers(&self) -> Option<usize> {
        let mut inputs = self.inputs;
        let mut count = 0_usize;
        for &units in self.hidden.iter().chain([&self.outputs]) {
            count = count.checked_add(inputs.checked_mul(units)?)?.checked_add(units)?;
            inputs = units;
        }
        Some(count)
    }

    /// A network of this shape, on a few rows that stand for any.
    pub(crate) fn trainer<T: Real>(&self, threads: usize) -> Result<Trainer<T>, Failure> {
        let file = |error: &dyn std::fmt::Display| Failure::File(error.to_string());
        if self.hidden.len() != self.activations.len() || self.classes == 1 {
            return Err(Failure::File("network: its parts do not fit together".to_owned()));
        }
        let mut network = Mlp::new(self.inputs, &[], self.outputs);
        for (&units, activation) in self.hidden.iter().zip(&self.activations) {
            network.hidden.push(Layer { units, activation: activation.parse().map_err(|error| file(&error))? });
        }
        if self.batch_norm {
            network = network.with_batch_norm(BatchNorm::default());
        }
        let rows = self.classes.max(2);
        let features = vec![0.0; rows.checked_mul(self.inputs).unwrap_or(0)];
        let features = Rows::from_f32(features, self.inputs).map_err(|error| file(&error))?;
        let targets = match self.classes {
            0 => Targets::Values { values: vec![0.0; rows * self.outputs], columns: self.outputs },
            classes => Targets::Classes { labels: (0..classes as i64).collect(), classes },
        };
        let data = Data::new(features, targets).map_err(|error| file(&error))?;
        let adam = Adam::new(0.001).map_err(|error| file(&error))?;
        let spec = TrainSpec::new(network, data.targets(), adam.into(), 1).map_err(|error| file(&error))?;
        let options = TrainOptions { threads: threads.max(1), ..TrainOptions::default() };
        Trainer::with_options(spec, data.into(), None, options).map_err(|error| file(&error))
    }
}
