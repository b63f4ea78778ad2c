//! Multi-layer perceptrons: a description, and the graph built from it.

use super::activation::Activation;
use super::batch_norm::BatchNorm;
use super::dense::Dense;
use super::init::Init;
use super::loss::Loss;
use crate::graph::{DefineError, Graph, Node, NodeId};
use crate::op::Role;
use crate::optim::Minimizer;
use crate::shape::{Dim, Dims};
use crate::tensor::DType;
use thiserror::Error;

/// One hidden layer.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Layer {
    /// How many units.
    pub units: usize,
    /// What they compute.
    pub activation: Activation,
}

/// The description of a multi-layer perceptron: `inputs → hidden… → outputs`, the last layer linear.
///
/// A hidden layer is dense (without bias under batch norm), batch norm, activation, dropout, in this order. No hidden
/// layer at all makes it linear, logistic or softmax regression.
///
/// ```
/// use caviar_engine::nn::{Activation, Mlp};
/// let mlp = Mlp::new(784, &[256, 128], 10).with_activation(Activation::Gelu);
/// assert_eq!(mlp.parameter_count(), 784 * 256 + 256 + 256 * 128 + 128 + 128 * 10 + 10);
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Mlp {
    /// The number of features of a row.
    pub inputs: usize,
    /// The hidden layers, first to last.
    pub hidden: Vec<Layer>,
    /// The number of outputs: classes, or 1 for two of them, or regression targets.
    pub outputs: usize,
    /// Batch normalization of every hidden layer.
    pub batch_norm: Option<BatchNorm>,
    /// Whether the network has dropout after its hidden layers; how much is a setting of the session.
    pub dropout: bool,
    /// Initial weights; the output layer uses the same.
    pub init: Init,
    /// Given initial values by name (`dense1/weight`, `batch_norm1/gamma`, ...), used before `init`.
    pub given: Vec<(String, Init)>,
}

/// A description that no network can be built from.
#[derive(Clone, Debug, PartialEq, Error)]
#[non_exhaustive]
pub enum MlpError {
    /// A layer without units, a network without inputs or outputs.
    #[error("network: {layer} has 0 units, at least 1 is needed")]
    NoUnits {
        /// Which layer: `inputs`, `hidden layer 2`, `outputs`.
        layer: String,
    },
    /// A number outside its range.
    #[error("network: {name} = {got}, must be {want}")]
    OutOfRange {
        /// What.
        name: &'static str,
        /// Its value.
        got: f64,
        /// The range.
        want: &'static str,
    },
    /// Given weights for a variable that the network does not have.
    #[error("network: initial values for {name}, which is not one of {}", .known.join(", "))]
    UnknownParameter {
        /// The name given.
        name: String,
        /// The names there are.
        known: Vec<String>,
    },
    /// A rule of the graph.
    #[error(transparent)]
    Define(#[from] DefineError),
}

/// A trained or kept tensor of a network.
#[derive(Clone, Debug, PartialEq)]
pub struct Parameter {
    /// Its name in files: `dense1/weight`, `batch_norm1/gamma`, ...
    pub name: String,
    /// Its node.
    pub node: NodeId,
    /// Its sizes.
    pub dims: Dims,
    /// What it is for.
    pub role: Role,
}

/// The nodes of a network that training and prediction ask for.
#[derive(Clone, Debug)]
pub struct Network {
    /// Fed: rows of features `[batch, inputs]`.
    pub features: NodeId,
    /// Fed: labels `[batch]` (integers) or targets `[batch, outputs]`.
    pub targets: NodeId,
    /// Fed: the weight of each row, `[batch]`, where the network was built with weights.
    pub row_weights: Option<NodeId>,
    /// The share of units dropped, a variable that may be set between two steps; where there is dropout.
    pub drop_prob: Option<NodeId>,
    /// The loss of the batch, of the training pass, without penalties: a scalar.
    pub training_loss: NodeId,
    /// One update, batch norm's averages included.
    pub step: NodeId,
    /// The optimizer's part of it.
    pub update: NodeId,
    /// The outputs at prediction time `[batch, outputs]`: logits or values.
    pub outputs: NodeId,
    /// The loss of each row at prediction time, without smoothing: `[batch]`.
    pub row_losses: NodeId,
    /// Everything that makes up the network, in the order of definition.
    pub parameters: Vec<Parameter>,
    /// What the targets are.
    pub target_type: DType,
}

/// How the loss of a network is made.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LossSpec {
    /// Which loss.
    pub loss: Loss,
    /// Label smoothing, in `[0, 1)`.
    pub smoothing: f64,
    /// Whether rows have weights: the loss is `Σ w·l / Σ w`.
    pub weighted: bool,
}

impl Mlp {
    /// ReLU layers of the given widths, He initialization, no batch norm, no dropout.
    pub fn new(inputs: usize, hidden: &[usize], outputs: usize) -> Self {
        let layer = |&units: &usize| Layer { units, activation: Activation::Relu };
        Mlp {
            inputs,
            hidden: hidden.iter().map(layer).collect(),
            outputs,
            batch_norm: None,
            dropout: false,
            init: Init::He,
            given: Vec::new(),
        }
    }

    /// The same activation for every hidden layer.
    #[must_use]
    pub fn with_activation(mut self, activation: Activation) -> Self {
        self.hidden.iter_mut().for_each(|layer| layer.activation = activation);
        self
    }

    /// Batch normalization of every hidden layer.
    #[must_use]
    pub fn with_batch_norm(mut self, batch_norm: BatchNorm) -> Self {
        self.batch_norm = Some(batch_norm);
        self
    }

    /// Dropout after every hidden layer.
    #[must_use]
    pub fn with_dropout(mut self) -> Self {
        self.dropout = true;
        self
    }

    /// Another initialization of the weights.
    #[must_use]
    pub fn with_init(mut self, init: Init) -> Self {
        self.init = init;
        self
    }

    /// Given numbers for one variable, by name.
    #[must_use]
    pub fn with_values(mut self, name: &str, init: Init) -> Self {
        self.given.push((name.to_string(), init));
        self
    }

    /// The number of trained numbers.
    pub fn parameter_count(&self) -> usize {
        let mut inputs = self.inputs;
        let mut count = 0;
        for layer in &self.hidden {
            let beside = if self.batch_norm.is_some() { 2 } else { 1 };
            count += inputs * layer.units + beside * layer.units;
            inputs = layer.units;
        }
        count + inputs * self.outputs + self.outputs
    }

    /// Floating-point operations of one training step on one row: forward, and backward to the first layer's weights.
    pub fn flops_per_row(&self) -> f64 {
        let widths: Vec<usize> = std::iter::once(self.inputs)
            .chain(self.hidden.iter().map(|layer| layer.units))
            .chain([self.outputs])
            .collect();
        let products: f64 = widths.windows(2).map(|pair| pair[0] as f64 * pair[1] as f64).sum();
        let first = widths[0] as f64 * widths[1] as f64;
        2.0 * (3.0 * products - first)
    }

    /// # Errors
    /// A layer without units, a NaN among the numbers.
    pub fn check(&self) -> Result<(), MlpError> {
        let widths = self.hidden.iter().enumerate().map(|(i, layer)| (format!("hidden layer {}", i + 1), layer.units));
        let ends = [("inputs".to_string(), self.inputs), ("outputs".to_string(), self.outputs)];
        if let Some((layer, _)) = ends.into_iter().chain(widths).find(|(_, units)| *units == 0) {
            return Err(MlpError::NoUnits { layer });
        }
        let Some(norm) = &self.batch_norm else { return Ok(()) };
        if !(norm.epsilon > 0.0 && norm.epsilon.is_finite()) {
            return Err(MlpError::OutOfRange { name: "batch norm epsilon", got: norm.epsilon, want: "above 0" });
        }
        if !(0.0..1.0).contains(&norm.decay) {
            let want = "at least 0 and below 1";
            return Err(MlpError::OutOfRange { name: "batch norm decay", got: norm.decay, want });
        }
        Ok(())
    }

    /// Adds the network, its loss and its update to a graph.
    ///
    /// # Errors
    /// A description that [`Mlp::check`] refuses; given values for an unknown variable or of another shape.
    pub fn build(&self, g: &Graph, spec: LossSpec, minimizer: Minimizer) -> Result<Network, MlpError> {
        self.check()?;
        if !(0.0..1.0).contains(&spec.smoothing) {
            let want = "at least 0 and below 1";
            return Err(MlpError::OutOfRange { name: "label smoothing", got: spec.smoothing, want });
        }
        let features = g.placeholder("features", (Dim::Batch, self.inputs));
        let target_type = spec.loss.target_type(self.outputs);
        let targets = match target_type {
            DType::Integer => g.integer_placeholder("labels", (Dim::Batch,)),
            DType::Real | DType::Boolean => g.placeholder("targets", (Dim::Batch, self.outputs)),
        };
        let row_weights = spec.weighted.then(|| g.placeholder("row_weights", (Dim::Batch,)));
        let drop_prob = (self.dropout && !self.hidden.is_empty()).then(|| g.state("drop_prob", (), Init::Zeros));
        let layers = self.layers(g, features, drop_prob);

        let losses = spec.loss.per_row(layers.training, targets, spec.smoothing);
        let training_loss = match row_weights {
            Some(weights) => {
                // A batch of rows that all have weight 0 has loss 0 and no gradient.
                let sum = weights.sum();
                (losses * weights).sum() / g.select(sum.equal(0.0), 1.0, sum)
            }
            None => losses.mean(),
        };
        let row_losses = spec.loss.per_row(layers.inference, targets, 0.0);
        let update = g.minimize(training_loss, minimizer);
        // Defined, and so run, after the update, which checks the loss.
        let averages = layers.updates.iter().map(|&(variable, value)| g.assign(variable, value));
        let parts: Vec<Node<'_>> = std::iter::once(update).chain(averages).collect();
        let step = if parts.len() == 1 { update } else { g.group(&parts) };
        let parameters = parameters(g, drop_prob);
        if let Some((name, _)) = self.given.iter().find(|(name, _)| !parameters.iter().any(|p| p.name == *name)) {
            let known = parameters.into_iter().map(|parameter| parameter.name).collect();
            return Err(MlpError::UnknownParameter { name: name.clone(), known });
        }
        // Poisoned nodes carry their error to here, not only to the plan.
        g.checked_nodes(&[step, row_losses])?;
        Ok(Network {
            features: features.id(),
            targets: targets.id(),
            row_weights: row_weights.map(Node::id),
            drop_prob: drop_prob.map(Node::id),
            training_loss: training_loss.id(),
            step: step.id(),
            update: update.id(),
            outputs: layers.inference.id(),
            row_losses: row_losses.id(),
            parameters,
            target_type,
        })
    }

    fn layers<'g>(&self, g: &'g Graph, features: Node<'g>, drop_prob: Option<Node<'g>>) -> Layers<'g> {
        let mut layers = Layers { training: features, inference: features, updates: Vec::new() };
        for (number, layer) in (1..).zip(&self.hidden) {
            layers.map(|x, shared| self.dense(number, x, shared, layer.units, self.batch_norm.is_none()));
            if let Some(norm) = &self.batch_norm {
                let _scope = g.scope(&format!("batch_norm{number}"));
                let init = |name: &str, usual| self.given_or(&format!("batch_norm{number}/{name}"), usual);
                let normalized = norm.apply_from(layers.training, layers.inference, init);
                (layers.training, layers.inference) = (normalized.training, normalized.inference);
                layers.updates.extend(normalized.updates);
            }
            let _scope = g.scope(&format!("layer{number}"));
            layers.map(|x, _| (layer.activation.apply(x), None));
            if let Some(drop_prob) = drop_prob {
                layers.training = layers.training.dropout(drop_prob);
            }
        }
        let number = self.hidden.len() + 1;
        layers.map(|x, shared| self.dense(number, x, shared, self.outputs, true));
        layers
    }

    /// The output of dense layer `number` on `x`; its variables are `shared` on the second pass.
    fn dense<'g>(
        &self,
        number: usize,
        x: Node<'g>,
        shared: Option<Dense<'g>>,
        units: usize,
        with_bias: bool,
    ) -> DenseOutput<'g> {
        let _scope = x.graph().scope(&format!("dense{number}"));
        let dense = shared.unwrap_or_else(|| {
            let inputs = x.shape().dims().last().map_or(1, |dim| dim.at(1));
            let init = |name: &str, usual| self.given_or(&format!("dense{number}/{name}"), usual);
            let bias = with_bias.then(|| init("bias", Init::Zeros));
            Dense::new(x.graph(), inputs, units, init("weight", self.init.clone()), bias)
        });
        (dense.apply(x), Some(dense))
    }

    /// What was given for a variable, the last one of several; else `usual`.
    fn given_or(&self, name: &str, usual: Init) -> Init {
        let given = self.given.iter().rev().find(|(given, _)| given == name);
        given.map_or(usual, |(_, init)| init.clone())
    }
}

/// What a layer gives, and its variables, to be used again by the other pass.
type DenseOutput<'g> = (Node<'g>, Option<Dense<'g>>);

/// The two passes through the layers so far, one node while they are the same.
struct Layers<'g> {
    training: Node<'g>,
    inference: Node<'g>,
    updates: Vec<(Node<'g>, Node<'g>)>,
}

impl<'g> Layers<'g> {
    /// Takes both passes through a layer; where nothing has set them apart, through the same nodes.
    fn map(&mut self, mut layer: impl FnMut(Node<'g>, Option<Dense<'g>>) -> DenseOutput<'g>) {
        let same = self.training.id() == self.inference.id();
        let (training, shared) = layer(self.training, None);
        self.inference = if same { training } else { layer(self.inference, shared).0 };
        self.training = training;
    }
}

/// The variables of the graph, but the dropout setting, which is a hyperparameter.
fn parameters(g: &Graph, drop_prob: Option<Node<'_>>) -> Vec<Parameter> {
    let mut parameters = Vec::new();
    for node in g.variables() {
        let (crate::op::Op::Variable { shape, role, .. }, _) = node.definition() else { continue };
        if drop_prob.is_none_or(|setting| setting.id() != node.id()) {
            parameters.push(Parameter { name: node.name(), node: node.id(), dims: shape.at(1), role });
        }
    }
    parameters
}
