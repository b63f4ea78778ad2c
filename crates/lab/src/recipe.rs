//! All that defines the training of one network, as plain data.

mod arrays;
mod spec;
mod words;

use std::path::PathBuf;

use caviar_engine::nn::{Activation, Init, Loss};
use caviar_engine::optim::Optimizer;
use caviar_engine::schedule::Schedule;
use caviar_engine::train::{Change, Metric};
use serde::{Deserialize, Serialize};

pub use arrays::{ArraysError, InitLayout};
pub use words::{BatchRows, ClassWeights, Precision, Shuffle, WordError, parse_layers};

/// All that defines the training of one network beside the data, in the words of the command line.
///
/// As data (TOML, JSON) the fields have the names of the flags; what stands in words there does so here.
///
/// ```
/// use caviar_lab::Recipe;
/// let recipe: Recipe = serde_json::from_str(r#"{"hidden":[32],"optimizer":"momentum","batch-size":"full"}"#)?;
/// assert_eq!(recipe.hidden, [32]);
/// assert!(recipe.check().is_ok());
/// assert!(Recipe { learning_rate: 0.0, ..recipe }.check().is_err());
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", default, deny_unknown_fields)]
pub struct Recipe {
    /// Units of the hidden layers, first to last; none makes a linear model.
    #[serde(deserialize_with = "words::layers")]
    pub hidden: Vec<usize>,
    /// Of every hidden layer.
    #[serde(with = "words::as_text")]
    pub activation: Activation,
    /// Batch normalization of every hidden layer.
    #[serde(deserialize_with = "words::switch")]
    pub batch_norm: bool,
    /// The share of hidden units dropped.
    pub dropout: f64,
    /// How weights start.
    #[serde(with = "words::as_text")]
    pub init: Init,
    /// A file with the first weights, instead: npz or safetensors with `W1`, `b1`, ... or `dense1/weight`, ...
    #[serde(skip_serializing_if = "Option::is_none")]
    pub init_file: Option<PathBuf>,
    /// How they lie there.
    #[serde(skip_serializing_if = "is_usual")]
    pub init_layout: InitLayout,
    /// What is made small; where not said, cross-entropy for classes and the squared error for values.
    #[serde(with = "words::as_optional_text", skip_serializing_if = "Option::is_none")]
    pub loss: Option<Loss>,
    /// Label smoothing of the training loss.
    pub label_smoothing: f64,
    /// The update rule.
    pub optimizer: Optimizer,
    /// The learning rate at the start.
    pub learning_rate: f64,
    /// The weight of the past in momentum and RMSprop.
    pub beta: f64,
    /// The weight of the past in Adam's mean.
    pub beta1: f64,
    /// The weight of the past in Adam's mean square.
    pub beta2: f64,
    /// What keeps a division from zero.
    pub epsilon: f64,
    /// How the learning rate goes on.
    pub schedule: Schedule,
    /// Epochs over which the learning rate rises at the start.
    pub warm_up: f64,
    /// By how many epochs the schedule comes later: published runs that change the rate at the end of an epoch have 1.
    #[serde(skip_serializing_if = "is_none")]
    pub schedule_shift: u64,
    /// Epochs that a schedule with an end goes by; where not said, `epochs`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub horizon: Option<u64>,
    /// Rows of a batch.
    #[serde(with = "words::as_text")]
    pub batch_size: BatchRows,
    /// How many epochs.
    pub epochs: u64,
    /// The order of the rows in an epoch.
    pub shuffle: Shuffle,
    /// A file with the order of the training rows in each epoch, instead.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub order: Option<PathBuf>,
    /// `λ` of the penalty `λ/(2m)·ΣW²`, m the number of training rows.
    pub l2: f64,
    /// Decoupled weight decay, under any rule.
    pub weight_decay: f64,
    /// The largest norm of the gradient.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub clip_norm: Option<f64>,
    /// The largest component of the gradient.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub clip_value: Option<f64>,
    /// How much the classes count.
    #[serde(with = "words::as_text")]
    pub class_weight: ClassWeights,
    /// Epochs without a better metric on the validation rows after which training ends.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub patience: Option<u64>,
    /// What decides which epoch was the best.
    pub metric: Metric,
    /// The precision of the arithmetic.
    pub precision: Precision,
    /// The seed of weights and dropout.
    pub seed: u64,
}

/// Whether a number of epochs is none, which need not be said.
fn is_none(epochs: &u64) -> bool {
    *epochs == 0
}

impl Default for Recipe {
    /// Two hidden layers of 64 and 32 ReLU units, Adam at 0.001, batches of 32, 100 epochs, no regularization but the
    /// choice of the best epoch.
    fn default() -> Self {
        Recipe {
            hidden: vec![64, 32],
            activation: Activation::Relu,
            batch_norm: false,
            dropout: 0.0,
            init: Init::He,
            init_file: None,
            init_layout: InitLayout::InOut,
            loss: None,
            label_smoothing: 0.0,
            optimizer: Optimizer::Adam,
            learning_rate: 0.001,
            beta: 0.9,
            beta1: 0.9,
            beta2: 0.999,
            epsilon: 1e-8,
            schedule: Schedule::Constant,
            warm_up: 0.0,
            schedule_shift: 0,
            horizon: None,
            batch_size: BatchRows::Rows(32),
            epochs: 100,
            shuffle: Shuffle::Random,
            order: None,
            l2: 0.0,
            weight_decay: 0.0,
            clip_norm: None,
            clip_value: None,
            class_weight: ClassWeights::None,
            patience: None,
            metric: Metric::Loss,
            precision: Precision::F32,
            seed: 0,
        }
    }
}

impl Recipe {
    /// With a hyperparameter changed, as it is shown; what a network that is changed on its way does is its own affair.
    pub(crate) fn changed(self, change: &Change) -> Recipe {
        match change.clone() {
            Change::LearningRate(learning_rate) => {
                Recipe { learning_rate, schedule: Schedule::Constant, warm_up: 0.0, schedule_shift: 0, ..self }
            }
            Change::Schedule(schedule) => Recipe { schedule, ..self },
            Change::Beta(beta) => Recipe { beta, ..self },
            Change::Beta1(beta1) => Recipe { beta1, ..self },
            Change::Beta2(beta2) => Recipe { beta2, ..self },
            Change::Epsilon(epsilon) => Recipe { epsilon, ..self },
            Change::L2(l2) => Recipe { l2, ..self },
            Change::WeightDecay(weight_decay) => Recipe { weight_decay, ..self },
            Change::ClipNorm(clip_norm) => Recipe { clip_norm, ..self },
            Change::ClipValue(clip_value) => Recipe { clip_value, ..self },
            Change::Dropout(dropout) => Recipe { dropout, ..self },
            Change::BatchSize(rows) => Recipe { batch_size: BatchRows::Rows(rows), ..self },
            Change::Optimizer(optimizer) => Recipe { optimizer, ..self },
            Change::Epochs(epochs) => Recipe { epochs, horizon: self.horizon.or(Some(self.epochs)), ..self },
        }
    }
}

fn is_usual(layout: &InitLayout) -> bool {
    *layout == InitLayout::default()
}
