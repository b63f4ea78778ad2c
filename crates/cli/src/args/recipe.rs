//! The network and its training: what is not given is usual, or searched.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use caviar_engine::nn::{Activation, Init, Loss};
use caviar_engine::optim::Optimizer;
use caviar_engine::schedule::Schedule;
use caviar_engine::train::Metric;
use caviar_lab::{BatchRows, ClassWeights, InitLayout, Precision, Recipe, Shuffle};
use clap::Args;
use clap::builder::{PossibleValuesParser, TypedValueParser};

use super::values::{self, Hidden};

/// The network and its training.
#[derive(Debug, Args)]
#[command(next_help_heading = "Network")]
pub struct RecipeArgs {
    /// Units of the hidden layers, such as 64,32, or none
    #[arg(long, value_name = "UNITS", value_parser = values::hidden)]
    pub hidden: Option<Hidden>,
    /// relu, leaky-relu[:SLOPE], sigmoid, tanh, gelu, silu, selu, mish, softplus or identity
    #[arg(long, value_name = "NAME")]
    pub activation: Option<Activation>,
    /// Batch normalization: on or off
    #[arg(long, value_name = "on|off", num_args = 0..=1, require_equals = true, default_missing_value = "on", value_parser = values::switch)]
    pub batch_norm: Option<bool>,
    /// The share of hidden units dropped, below 1
    #[arg(long, value_name = "P", value_parser = values::below_one)]
    pub dropout: Option<f64>,
    /// he, he-uniform, xavier, xavier-uniform, normal:SD, uniform:A, zeros, or a file with W1, b1, ... (.npz, .safetensors)
    #[arg(long, value_name = "NAME|FILE", value_parser = init)]
    pub init: Option<InitChoice>,
    /// How weights lie in that file: in-out or features-first
    #[arg(long, value_name = "LAYOUT")]
    pub init_layout: Option<InitLayout>,
    /// auto, cross-entropy, squared, absolute or huber:D
    #[arg(long, value_name = "NAME", value_parser = loss)]
    pub loss: Option<LossChoice>,

    /// The update rule
    #[arg(long, help_heading = "Training", value_parser = optimizer())]
    pub optimizer: Option<Optimizer>,
    /// The learning rate, above 0
    #[arg(long, help_heading = "Training", value_name = "A", value_parser = values::positive)]
    pub learning_rate: Option<f64>,
    /// The weight of the past in momentum and RMSprop, below 1
    #[arg(long, help_heading = "Training", value_name = "B", value_parser = values::below_one)]
    pub beta: Option<f64>,
    /// The weight of the past in Adam's mean, below 1
    #[arg(long, help_heading = "Training", value_name = "B", value_parser = values::below_one)]
    pub beta1: Option<f64>,
    /// The weight of the past in Adam's mean square, below 1
    #[arg(long, help_heading = "Training", value_name = "B", value_parser = values::below_one)]
    pub beta2: Option<f64>,
    /// What keeps a division from zero, above 0
    #[arg(long, help_heading = "Training", value_name = "E", value_parser = values::positive)]
    pub epsilon: Option<f64>,
    /// constant, inverse-time:RATE[:INTERVAL], exponential:R, inverse-sqrt:K, staircase:E=F,..., cosine, one-cycle or plateau[:F[:P]]
    #[arg(long, help_heading = "Training", value_name = "NAME")]
    pub schedule: Option<Schedule>,
    /// Epochs over which the learning rate rises
    #[arg(long, help_heading = "Training", value_name = "EPOCHS", value_parser = values::not_negative)]
    pub warm_up: Option<f64>,
    /// By how many epochs the schedule comes later: 1 repeats published runs that change the rate at the end of an epoch
    #[arg(long, help_heading = "Training", value_name = "EPOCHS")]
    pub schedule_shift: Option<u64>,
    /// Rows of a batch, or full
    #[arg(long, help_heading = "Training", value_name = "N|full")]
    pub batch_size: Option<BatchRows>,
    /// Epochs; in tune the most that a trial gets [default: 100, in tune 50]
    #[arg(long, help_heading = "Training", value_name = "N", value_parser = values::count)]
    pub epochs: Option<u64>,
    /// The order of the rows: random, stratified or none
    #[arg(long, help_heading = "Training", value_name = "ORDER")]
    pub shuffle: Option<Shuffle>,
    /// A file with the order of the rows: epochs x rows, whole numbers from 0 (.npy)
    #[arg(long, help_heading = "Training", value_name = "FILE", conflicts_with = "shuffle")]
    pub order: Option<PathBuf>,
    /// Weight of the squared weights in the cost
    #[arg(long, help_heading = "Training", value_name = "L", value_parser = values::not_negative)]
    pub l2: Option<f64>,
    /// Decoupled weight decay
    #[arg(long, help_heading = "Training", value_name = "W", value_parser = values::not_negative)]
    pub weight_decay: Option<f64>,
    /// The largest norm of the gradient
    #[arg(long, help_heading = "Training", value_name = "C", value_parser = values::positive)]
    pub clip_norm: Option<f64>,
    /// The largest component of the gradient
    #[arg(long, help_heading = "Training", value_name = "C", value_parser = values::positive)]
    pub clip_value: Option<f64>,
    /// none, balanced or CLASS=W,...
    #[arg(long, help_heading = "Training", value_name = "WEIGHTS")]
    pub class_weight: Option<ClassWeights>,
    /// Label smoothing, below 1
    #[arg(long, help_heading = "Training", value_name = "S", value_parser = values::below_one)]
    pub label_smoothing: Option<f64>,
    /// Stop after so many epochs without a better metric
    #[arg(long, help_heading = "Training", value_name = "N", value_parser = values::count)]
    pub patience: Option<u64>,
    /// What decides which epoch and which network is the best [default: loss]
    #[arg(long, help_heading = "Training", value_parser = metric())]
    pub metric: Option<Metric>,
    /// Precision of the arithmetic [default: f32]
    #[arg(long, help_heading = "Training", value_parser = precision())]
    pub precision: Option<Precision>,
}

/// A loss, or the one that fits the target.
#[derive(Clone, Debug, PartialEq)]
pub struct LossChoice(pub Option<Loss>);

impl RecipeArgs {
    /// Puts what was given into a recipe, and names it as the flags do.
    pub fn apply(&self, recipe: &mut Recipe) -> BTreeSet<String> {
        let mut given = BTreeSet::new();
        put(&mut given, "hidden", &self.hidden.as_ref().map(|hidden| hidden.0.clone()), &mut recipe.hidden);
        put(&mut given, "activation", &self.activation, &mut recipe.activation);
        put(&mut given, "batch-norm", &self.batch_norm, &mut recipe.batch_norm);
        put(&mut given, "dropout", &self.dropout, &mut recipe.dropout);
        match &self.init {
            Some(InitChoice::Rule(init)) => {
                put(&mut given, "init", &Some(init.clone()), &mut recipe.init);
                recipe.init_file = None;
            }
            Some(InitChoice::File(file)) => put(&mut given, "init", &Some(Some(file.clone())), &mut recipe.init_file),
            None => {}
        }
        put(&mut given, "init-layout", &self.init_layout, &mut recipe.init_layout);
        put(&mut given, "loss", &self.loss.as_ref().map(|loss| loss.0), &mut recipe.loss);
        put(&mut given, "optimizer", &self.optimizer, &mut recipe.optimizer);
        put(&mut given, "learning-rate", &self.learning_rate, &mut recipe.learning_rate);
        put(&mut given, "beta", &self.beta, &mut recipe.beta);
        put(&mut given, "beta1", &self.beta1, &mut recipe.beta1);
        put(&mut given, "beta2", &self.beta2, &mut recipe.beta2);
        put(&mut given, "epsilon", &self.epsilon, &mut recipe.epsilon);
        put(&mut given, "schedule", &self.schedule, &mut recipe.schedule);
        put(&mut given, "warm-up", &self.warm_up, &mut recipe.warm_up);
        put(&mut given, "schedule-shift", &self.schedule_shift, &mut recipe.schedule_shift);
        put(&mut given, "batch-size", &self.batch_size, &mut recipe.batch_size);
        put(&mut given, "epochs", &self.epochs, &mut recipe.epochs);
        put(&mut given, "shuffle", &self.shuffle, &mut recipe.shuffle);
        put(&mut given, "order", &self.order.clone().map(Some), &mut recipe.order);
        put(&mut given, "l2", &self.l2, &mut recipe.l2);
        put(&mut given, "weight-decay", &self.weight_decay, &mut recipe.weight_decay);
        put(&mut given, "clip-norm", &self.clip_norm.map(Some), &mut recipe.clip_norm);
        put(&mut given, "clip-value", &self.clip_value.map(Some), &mut recipe.clip_value);
        put(&mut given, "class-weight", &self.class_weight, &mut recipe.class_weight);
        put(&mut given, "label-smoothing", &self.label_smoothing, &mut recipe.label_smoothing);
        put(&mut given, "patience", &self.patience.map(Some), &mut recipe.patience);
        put(&mut given, "metric", &self.metric, &mut recipe.metric);
        put(&mut given, "precision", &self.precision, &mut recipe.precision);
        given
    }
}

fn put<T: Clone>(given: &mut BTreeSet<String>, flag: &str, value: &Option<T>, place: &mut T) {
    if let Some(value) = value {
        *place = value.clone();
        given.insert(flag.to_owned());
    }
}

/// A rule for the first weights, or a file of them.
#[derive(Clone, Debug, PartialEq)]
pub enum InitChoice {
    /// A rule.
    Rule(Init),
    /// A file.
    File(PathBuf),
}

fn init(text: &str) -> Result<InitChoice, String> {
    let path = Path::new(text);
    let of_arrays =
        |ending: &std::ffi::OsStr| ["npz", "safetensors"].iter().any(|known| ending.eq_ignore_ascii_case(known));
    if path.extension().is_some_and(of_arrays) {
        return Ok(InitChoice::File(path.to_owned()));
    }
    let rule = text.parse().map(InitChoice::Rule);
    rule.map_err(|error: caviar_engine::nn::InitError| format!("{error}, or a file .npz or .safetensors"))
}

fn loss(text: &str) -> Result<LossChoice, String> {
    match text {
        "auto" => Ok(LossChoice(None)),
        _ => text
            .parse()
            .map(|loss| LossChoice(Some(loss)))
            .map_err(|_| "must be auto, cross-entropy, squared, absolute or huber:DELTA with DELTA above 0".to_owned()),
    }
}

/// A rule by its name.
pub(super) fn optimizer() -> impl TypedValueParser<Value = Optimizer> {
    PossibleValuesParser::new(Optimizer::NAMES).try_map(|name| name.parse::<Optimizer>())
}

fn metric() -> impl TypedValueParser<Value = Metric> {
    PossibleValuesParser::new(Metric::NAMES).try_map(|name| name.parse::<Metric>())
}

/// `f32` or `f64`.
pub(super) fn precision() -> impl TypedValueParser<Value = Precision> {
    PossibleValuesParser::new(["f32", "f64"]).try_map(|name| name.parse::<Precision>())
}
