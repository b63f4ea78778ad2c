//! The settings of an estimator, and what the engine trains by.

use caviar_engine::nn::{Activation, BatchNorm, Init, Layer, Loss, Mlp};
use caviar_engine::optim::{Minimizer, Optimizer, Settings as Rates};
use caviar_engine::schedule::{Schedule, Timetable};
use caviar_engine::train::{BatchSize, ClassWeight, Data, L2Divisor, Metric, Order, Targets, TrainSpec};
use pyo3::prelude::FromPyObject;

use crate::error::Failure;

/// All settings of a training, as Python hands them over (a dict with these keys).
#[derive(Clone, Debug, FromPyObject)]
#[pyo3(from_item_all)]
pub(crate) struct Settings {
    pub(crate) hidden: Vec<usize>,
    /// One for each hidden layer.
    pub(crate) activations: Vec<String>,
    /// For the bounds of the output layer's first weights.
    pub(crate) output_activation: String,
    pub(crate) init: String,
    pub(crate) batch_norm: bool,
    pub(crate) dropout: f64,
    pub(crate) loss: String,
    pub(crate) label_smoothing: f64,
    pub(crate) class_weight: Option<Vec<f64>>,
    pub(crate) optimizer: String,
    pub(crate) learning_rate: f64,
    pub(crate) beta: f64,
    pub(crate) beta1: f64,
    pub(crate) beta2: f64,
    pub(crate) epsilon: f64,
    pub(crate) alpha: f64,
    pub(crate) weight_decay: f64,
    pub(crate) clip_norm: Option<f64>,
    pub(crate) schedule: String,
    pub(crate) warm_up: f64,
    pub(crate) epochs: u64,
    /// All rows where there is none.
    pub(crate) batch_size: Option<usize>,
    pub(crate) shuffle: bool,
    pub(crate) metric: String,
    pub(crate) early_stopping: bool,
    pub(crate) tol: f64,
    /// Without end where there is none.
    pub(crate) n_iter_no_change: Option<u64>,
    pub(crate) power_t: f64,
    pub(crate) precision: String,
    pub(crate) threads: usize,
    pub(crate) seed: u64,
    pub(crate) classes: usize,
}

/// scikit-learn sums over the outputs of a row, and halves the squared error; the engine takes their mean. With the rates set
/// right the two are one path, so that its settings mean here what they mean there.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Units {
    /// The engine's gradient over scikit-learn's.
    pub(crate) gradient: f64,
    /// scikit-learn's loss over the engine's.
    pub(crate) loss: f64,
    /// The engine's learning rate over scikit-learn's.
    pub(crate) rate: f64,
}

impl Settings {
    /// The words of the optimizer, understood.
    fn rule(&self) -> Result<Optimizer, Failure> {
        self.optimizer.parse().map_err(setting)
    }

    /// What one unit of a rate or a loss is.
    pub(crate) fn units(&self, data: &Data) -> Result<Units, Failure> {
        let gradient = match data.targets() {
            Targets::Values { columns, .. } if self.loss == "squared" => 2.0 / *columns as f64,
            Targets::Values { columns, .. } if self.loss == "poisson" || self.loss == "binary" => 1.0 / *columns as f64,
            Targets::Values { .. } | Targets::Classes { .. } => 1.0,
        };
        let scale_free = self.rule()?.has_epsilon();
        // Of the squared error scikit-learn tells the half of the mean, of the others the sum.
        let loss = if self.loss == "squared" { 0.5 } else { 1.0 / gradient };
        Ok(Units { gradient, loss, rate: if scale_free { 1.0 } else { 1.0 / gradient } })
    }

    /// What the engine trains by.
    pub(crate) fn spec(&self, data: &Data) -> Result<TrainSpec, Failure> {
        let units = self.units(data)?;
        let rates = Rates {
            learning_rate: self.learning_rate * units.rate,
            beta: self.beta,
            beta1: self.beta1,
            beta2: self.beta2,
            epsilon: if self.rule()?.has_epsilon() { self.epsilon * units.gradient } else { self.epsilon },
            l2: 0.0,
            weight_decay: self.weight_decay / units.rate,
            clip_norm: self.clip_norm.map(|limit| limit * units.gradient),
            clip_value: None,
        };
        let (schedule, _) = self.schedule()?;
        let timetable = Timetable::new(schedule, self.epochs.max(1) as f64).map_err(setting)?;
        let metric: Metric = self.metric.parse().map_err(setting)?;
        Ok(TrainSpec {
            network: self.network(data)?,
            loss: self.loss.parse::<Loss>().map_err(setting)?,
            label_smoothing: self.label_smoothing,
            minimizer: Minimizer::new(self.rule()?, rates).map_err(setting)?,
            timetable: timetable.with_warm_up(self.warm_up).map_err(setting)?,
            epochs: self.epochs,
            batch_size: self.batch_size.map_or(BatchSize::Full, BatchSize::Rows),
            order: if self.shuffle { Order::Random } else { Order::InOrder },
            l2: self.alpha * units.gradient / mean_weight(data),
            l2_divisor: L2Divisor::BatchRows,
            drop_prob: self.dropout,
            class_weight: match &self.class_weight {
                Some(weights) => ClassWeight::Given(weights.clone()),
                None => ClassWeight::None,
            },
            patience: None,
            metric,
            restore_best: self.early_stopping,
            seed: self.seed,
            order_seed: self.seed,
        })
    }

    /// The engine's schedule, and scikit-learn's own where it is one of these.
    pub(crate) fn schedule(&self) -> Result<(Schedule, Option<OwnSchedule>), Failure> {
        match self.schedule.as_str() {
            "invscaling" => Ok((Schedule::Constant, Some(OwnSchedule::InverseScaling))),
            "adaptive" => Ok((Schedule::Constant, Some(OwnSchedule::Adaptive))),
            text => Ok((text.parse().map_err(setting)?, None)),
        }
    }

    fn network(&self, data: &Data) -> Result<Mlp, Failure> {
        let (inputs, outputs) = (data.features().columns(), data.targets().outputs());
        let mut mlp = Mlp::new(inputs, &[], outputs);
        for (&units, activation) in self.hidden.iter().zip(&self.activations) {
            mlp.hidden.push(Layer { units, activation: activation.parse::<Activation>().map_err(setting)? });
        }
        if self.batch_norm && !mlp.hidden.is_empty() {
            mlp = mlp.with_batch_norm(BatchNorm::default());
        }
        mlp.dropout = self.dropout > 0.0 && !mlp.hidden.is_empty();
        if self.init != "glorot" {
            return Ok(mlp.with_init(self.init.parse().map_err(setting)?));
        }
        // scikit-learn's: uniform in ±√(6/(in + out)), the biases too; 2 in the place of 6 for logistic units.
        let mut fan_in = inputs;
        let activations = self.activations.iter().chain([&self.output_activation]);
        for (number, (fan_out, activation)) in (1..).zip(self.hidden.iter().chain([&outputs]).zip(activations)) {
            let factor = if activation == "sigmoid" { 2.0 } else { 6.0 };
            let init = Init::Uniform { limit: f64::sqrt(factor / (fan_in + fan_out) as f64) };
            mlp = mlp.with_values(&format!("dense{number}/weight"), init.clone());
            if !self.batch_norm || number > self.hidden.len() {
                mlp = mlp.with_values(&format!("dense{number}/bias"), init);
            }
            fan_in = *fan_out;
        }
        Ok(mlp)
    }
}

/// scikit-learn's schedules that depend on what happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum OwnSchedule {
    /// `rate / (t + 1)^power_t`, t the rows seen.
    InverseScaling,
    /// A fifth of the rate where training would stop, down to a millionth.
    Adaptive,
}

/// The mean weight of a row: the penalty is divided by the sum of the weights, not by the number of rows.
fn mean_weight(data: &Data) -> f64 {
    data.weights().map_or(1.0, |weights| weights.iter().sum::<f64>() / weights.len() as f64)
}

fn setting(error: impl std::fmt::Display) -> Failure {
    Failure::Setting(error.to_string())
}
