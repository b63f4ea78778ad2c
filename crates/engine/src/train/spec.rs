//! How a network is to be trained.

use super::data::{Data, DataError, Targets};
use super::metric::Metric;
use super::order::Order;
use super::snapshot::SnapshotError;
use crate::kernels::Isa;
use crate::nn::{Loss, LossSpec, Mlp, MlpError};
use crate::optim::{Minimizer, Optimizer, SpecError};
use crate::schedule::{Schedule, Timetable};
use crate::session::RunError;
use serde::{Deserialize, Serialize};
use thiserror::Error;

/// How many rows a step takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum BatchSize {
    /// So many; the last batch of an epoch is smaller where they do not divide the rows.
    Rows(usize),
    /// All rows: batch gradient descent.
    Full,
}

impl BatchSize {
    /// The rows of a batch out of `rows`.
    pub fn rows(self, rows: usize) -> usize {
        match self {
            BatchSize::Rows(size) => size.min(rows),
            BatchSize::Full => rows,
        }
    }
}

/// What `λ` of L2 is divided by: the penalty is `λ/(2d)·ΣW²`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum L2Divisor {
    /// The training rows, so that the weight of the penalty does not depend on the batch size.
    #[default]
    TrainingRows,
    /// The rows of each batch.
    BatchRows,
}

impl L2Divisor {
    /// `d` for a batch of `batch` out of `rows` rows.
    pub fn rows(self, rows: usize, batch: usize) -> f64 {
        match self {
            L2Divisor::TrainingRows => rows as f64,
            L2Divisor::BatchRows => batch as f64,
        }
    }
}

/// How much the classes count.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ClassWeight {
    /// Every row alike.
    None,
    /// Every class alike: `rows / (classes · rows of the class)`.
    Balanced,
    /// Given, one for each class.
    Given(Vec<f64>),
}

/// All that a training run is a function of, beside the data.
#[derive(Clone, Debug, PartialEq)]
pub struct TrainSpec {
    /// The network.
    pub network: Mlp,
    /// What it is to make small.
    pub loss: Loss,
    /// Label smoothing of the training loss, in `[0, 1)`.
    pub label_smoothing: f64,
    /// The update rule and its hyperparameters; its `l2` is left out, see [`TrainSpec::l2`].
    pub minimizer: Minimizer,
    /// How the learning rate goes on from there.
    pub timetable: Timetable,
    /// How many epochs.
    pub epochs: u64,
    /// The size of a batch.
    pub batch_size: BatchSize,
    /// The order of the rows.
    pub order: Order,
    /// `λ` of the penalty `λ/(2m)·ΣW²`, m the number of training rows.
    pub l2: f64,
    /// What stands in the place of m.
    pub l2_divisor: L2Divisor,
    /// The share of units dropped, in `[0, 1)`.
    pub drop_prob: f64,
    /// How much the classes count.
    pub class_weight: ClassWeight,
    /// Stop after so many epochs without a better metric on the validation rows.
    pub patience: Option<u64>,
    /// The metric that decides which epoch was the best.
    pub metric: Metric,
    /// Whether the weights of the best epoch are put back at the end, where there are validation rows.
    pub restore_best: bool,
    /// The seed of weights and dropout.
    pub seed: u64,
    /// The seed of the order of the rows: shared by runs that are to see the same batches.
    pub order_seed: u64,
}

impl TrainSpec {
    /// A network with the loss that fits the targets, a constant rate, batches of 32 in random order, seed 0.
    ///
    /// # Errors
    /// `epochs` is 0.
    pub fn new(network: Mlp, targets: &Targets, minimizer: Minimizer, epochs: u64) -> Result<Self, SpecError> {
        let loss = match targets {
            Targets::Classes { .. } => Loss::CrossEntropy,
            Targets::Values { .. } => Loss::Squared,
        };
        Ok(TrainSpec {
            network,
            loss,
            label_smoothing: 0.0,
            minimizer,
            timetable: Timetable::new(Schedule::Constant, epochs as f64)?,
            epochs,
            batch_size: BatchSize::Rows(32),
            order: Order::Random,
            l2: 0.0,
            l2_divisor: L2Divisor::default(),
            drop_prob: 0.0,
            class_weight: ClassWeight::None,
            patience: None,
            metric: Metric::Loss,
            restore_best: true,
            seed: 0,
            order_seed: 0,
        })
    }

    /// The first setting that the training rows do not allow.
    pub(crate) fn check(&self, data: &Data) -> Result<(), TrainError> {
        let range = |name, got: f64, want, fits: bool| match fits {
            true => Ok(()),
            false => Err(TrainError::Spec(SpecError::OutOfRange { name, got, want })),
        };
        self.network.check()?;
        self.minimizer.settings.checked()?;
        let (drop, smoothing) = (self.drop_prob, self.label_smoothing);
        range("dropout", drop, "at least 0 and below 1", (0.0..1.0).contains(&drop))?;
        range("label-smoothing", smoothing, "at least 0 and below 1", (0.0..1.0).contains(&smoothing))?;
        range("l2", self.l2, "at least 0 and finite", self.l2 >= 0.0 && self.l2.is_finite())?;
        range("epochs", self.epochs as f64, "at least 1", self.epochs > 0)?;
        let size = self.batch_size.rows(data.len());
        range("batch-size", size as f64, "at least 1", size > 0)?;
        if self.network.inputs != data.features().columns() {
            return Err(TrainError::Columns { network: self.network.inputs, data: data.features().columns() });
        }
        let outputs = data.targets().outputs();
        let two_outputs = matches!(data.targets(), Targets::Classes { classes: 2, .. }) && self.network.outputs == 2;
        if self.network.outputs != outputs && !two_outputs {
            return Err(TrainError::Outputs { network: self.network.outputs, data: outputs });
        }
        let classes = matches!(data.targets(), Targets::Classes { .. });
        if classes != (self.loss == Loss::CrossEntropy) {
            return Err(TrainError::LossOfTargets { loss: self.loss });
        }
        if !classes && self.class_weight != ClassWeight::None {
            return Err(TrainError::ClassWeightsOfValues);
        }
        range("label-smoothing", smoothing, "0 where the targets are numbers", classes || smoothing == 0.0)?;
        if self.network.batch_norm.is_some() && (data.len() == 1 || size == 1) {
            return Err(TrainError::BatchNormOfOne { rows: data.len(), batch: size });
        }
        self.order.check(data, self.epochs)
    }

    pub(crate) fn loss_spec(&self, data: &Data) -> LossSpec {
        let weighted = data.weights().is_some() || self.class_weight != ClassWeight::None;
        LossSpec { loss: self.loss, smoothing: self.label_smoothing, weighted }
    }

    /// The weight of each row of `data`, classes included, where rows do not count alike.
    ///
    /// Balanced weights are those of the training rows, `train`.
    pub(crate) fn row_weights(&self, data: &Data, train: &Data) -> Result<Option<Vec<f64>>, TrainError> {
        let own = data.weights().map(<[f64]>::to_vec);
        let (Targets::Classes { labels, classes }, Targets::Classes { labels: training, .. }) =
            (data.targets(), train.targets())
        else {
            return Ok(own);
        };
        let of_class = match &self.class_weight {
            ClassWeight::None => return Ok(own),
            ClassWeight::Given(weights) if weights.len() == *classes => {
                let legal = |weight: &f64| weight.is_finite() && *weight >= 0.0;
                if let Some(class) = weights.iter().position(|weight| !legal(weight)) {
                    return Err(TrainError::ClassWeight { class, weight: weights[class] });
                }
                weights.clone()
            }
            ClassWeight::Given(weights) => {
                return Err(TrainError::ClassWeights { got: weights.len(), classes: *classes });
            }
            ClassWeight::Balanced => {
                let count = |class: usize| training.iter().filter(|&&label| label == class as i64).count();
                (0..*classes).map(|class| training.len() as f64 / (*classes * count(class).max(1)) as f64).collect()
            }
        };
        let weight = |(row, &label): (usize, &i64)| of_class[label as usize] * own.as_ref().map_or(1.0, |own| own[row]);
        let weights: Vec<f64> = labels.iter().enumerate().map(weight).collect();
        if weights.iter().all(|weight| *weight == 0.0) {
            return Err(TrainError::NoWeight);
        }
        Ok(Some(weights))
    }
}

/// How a trainer uses the machine; none of it changes a bit of any result.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TrainOptions {
    /// Over how many threads the kernels of this one network are spread.
    pub threads: usize,
    /// The instruction set.
    pub isa: Isa,
}

impl Default for TrainOptions {
    /// One thread, the widest instruction set.
    fn default() -> Self {
        TrainOptions { threads: 1, isa: Isa::detect() }
    }
}

/// A training run that cannot begin or go on. A run that diverges is an [`Outcome`](super::Outcome), not an error.
#[derive(Clone, Debug, PartialEq, Error)]
#[non_exhaustive]
pub enum TrainError {
    /// A setting outside its range.
    #[error(transparent)]
    Spec(#[from] SpecError),
    /// A network that cannot be built.
    #[error(transparent)]
    Network(#[from] MlpError),
    /// Data that do not fit together.
    #[error(transparent)]
    Data(#[from] DataError),
    /// A snapshot of another network.
    #[error(transparent)]
    Snapshot(#[from] SnapshotError),
    /// A run of the graph that failed.
    #[error(transparent)]
    Run(#[from] RunError),
    /// Other columns than the network has inputs.
    #[error("network: {network} inputs, but the data have {data} columns")]
    Columns {
        /// The network's inputs.
        network: usize,
        /// The columns of the data.
        data: usize,
    },
    /// Other targets than the network has outputs.
    #[error("network: {network} outputs, but the targets need {data}")]
    Outputs {
        /// The network's outputs.
        network: usize,
        /// What the targets need.
        data: usize,
    },
    /// A loss for other targets.
    #[error("loss: {loss} does not fit the targets; cross-entropy is for classes, the others for numbers")]
    LossOfTargets {
        /// The loss.
        loss: Loss,
    },
    /// Batch norm of a single row.
    #[error("batch norm: {rows} rows in batches of {batch}; a batch needs at least 2 rows")]
    BatchNormOfOne {
        /// The training rows.
        rows: usize,
        /// The batch size.
        batch: usize,
    },
    /// Another number of class weights than classes.
    #[error("class weights: {got} given, there are {classes} classes")]
    ClassWeights {
        /// How many were given.
        got: usize,
        /// How many classes there are.
        classes: usize,
    },
    /// A class weight that is negative or not finite.
    #[error("class weights: class {class} has {weight}, must be finite and at least 0")]
    ClassWeight {
        /// The class, from 0.
        class: usize,
        /// Its weight.
        weight: f64,
    },
    /// Class weights where there are no classes.
    #[error("class weights: the targets are numbers, there are no classes")]
    ClassWeightsOfValues,
    /// Rows that all have weight 0, once their classes are weighed.
    #[error("weights: all rows have weight 0, at least one must count")]
    NoWeight,
    /// Rows to be measured whose targets are of another kind than the training rows'.
    #[error(
        "targets: those of the rows to be measured differ in kind, classes or columns from those of the training rows"
    )]
    Targets,
    /// A change of a hyperparameter that the update rule in force does not read.
    #[error("{name}: {optimizer} does not have it")]
    NotRead {
        /// The hyperparameter.
        name: &'static str,
        /// The rule in force.
        optimizer: Optimizer,
    },
    /// Dropout in a network without a hidden layer.
    #[error("dropout: the network has no hidden layer to drop units of")]
    NothingToDrop,
    /// A given order that is no order of the rows.
    #[error(
        "order: epoch {epoch} has {got} rows, of which some are missing, repeated or beyond the {rows} rows there are"
    )]
    Order {
        /// The epoch, from 0.
        epoch: usize,
        /// The rows it lists.
        got: usize,
        /// The rows there are.
        rows: usize,
    },
    /// A given order with too few epochs.
    #[error("order: given for {got} epochs, {want} are to be trained")]
    OrderEpochs {
        /// The epochs given.
        got: usize,
        /// The epochs wanted.
        want: u64,
    },
    /// A stratified order without classes.
    #[error("order: stratified needs classes, the targets are numbers")]
    StratifiedValues,
}
