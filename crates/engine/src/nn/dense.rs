//! The dense layer.

use super::init::Init;
use crate::graph::{Graph, Node};

/// A dense layer: `y = x·W + b`, rows `[batch, in]` to rows `[batch, units]`.
///
/// - **Shapes:** `W [in, units]`, `b [units]`; a row is a sample.
///
/// ```
/// use caviar_engine::{Dim, Graph, nn::{Dense, Init}};
/// let g = Graph::new();
/// let x = g.placeholder("x", (Dim::Batch, 784));
/// let layer = Dense::new(&g, 784, 10, Init::He, Some(Init::Zeros));
/// assert_eq!(layer.apply(x).shape().to_string(), "[batch, 10]");
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Dense<'g> {
    /// `W`, subject to L2 and weight decay.
    pub weight: Node<'g>,
    /// `b`, where the layer has one.
    pub bias: Option<Node<'g>>,
}

impl<'g> Dense<'g> {
    /// New variables `weight` and, where `bias` says how it starts, `bias`.
    pub fn new(g: &'g Graph, inputs: usize, units: usize, weight: Init, bias: Option<Init>) -> Self {
        Dense {
            weight: g.variable("weight", (inputs, units), weight),
            bias: bias.map(|init| g.bias("bias", (units,), init)),
        }
    }

    /// The layer's output on rows `x`; may be asked for several `x`, which then share the variables.
    pub fn apply(&self, x: Node<'g>) -> Node<'g> {
        let product = x.matmul(self.weight);
        self.bias.map_or(product, |bias| product + bias)
    }
}
