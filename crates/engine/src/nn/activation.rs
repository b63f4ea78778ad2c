//! Activations: elementwise functions between two layers.

use crate::graph::Node;
use std::f64::consts::FRAC_1_SQRT_2;
use std::fmt;
use std::str::FromStr;
use thiserror::Error;

/// SELU's scale and its factor for negative values (Klambauer et al. 2017, <https://arxiv.org/abs/1706.02515>).
const SELU_SCALE: f64 = 1.050_700_987_355_480_5;
const SELU_ALPHA: f64 = 1.673_263_242_354_377_2;

/// The functions that are made of others; the rest are methods of their own.
impl<'g> Node<'g> {
    /// `x` where `x > 0`, else `slope·x`; the derivative at 0 is `slope`.
    pub fn leaky_relu(self, slope: f64) -> Node<'g> {
        let _scope = self.graph().scope("leaky_relu");
        self * (self.step() * (1.0 - slope) + slope)
    }

    /// `x·Φ(x)` with the normal distribution function Φ: the exact GELU.
    ///
    /// Reference: Hendrycks & Gimpel 2016, <https://arxiv.org/abs/1606.08415>.
    pub fn gelu(self) -> Node<'g> {
        let _scope = self.graph().scope("gelu");
        self * (((self * FRAC_1_SQRT_2).erf() + 1.0) * 0.5)
    }

    /// `x·σ(x)`.
    pub fn silu(self) -> Node<'g> {
        let _scope = self.graph().scope("silu");
        self * self.sigmoid()
    }

    /// `λ·x` where `x > 0`, else `λ·α·(eˣ − 1)`; the derivative at 0 is `λ·α`.
    pub fn selu(self) -> Node<'g> {
        let _scope = self.graph().scope("selu");
        // x − max(x, 0) is min(x, 0) with derivative 1 at 0, so that exactly one branch counts there.
        let positive = self.relu();
        (positive + ((self - positive).exp() - 1.0) * SELU_ALPHA) * SELU_SCALE
    }

    /// `x·tanh(softplus(x))`.
    ///
    /// Reference: Misra 2019, <https://arxiv.org/abs/1908.08681>.
    pub fn mish(self) -> Node<'g> {
        let _scope = self.graph().scope("mish");
        self * self.softplus().tanh()
    }
}

/// The activation of a layer, by name.
///
/// ```
/// use caviar_engine::nn::Activation;
/// assert_eq!("leaky-relu:0.2".parse(), Ok(Activation::LeakyRelu { slope: 0.2 }));
/// assert_eq!(Activation::Gelu.to_string(), "gelu");
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Activation {
    /// None: the layer is linear.
    Identity,
    /// `max(x, 0)`.
    Relu,
    /// `x`, or `slope·x` where negative.
    LeakyRelu {
        /// The slope of the negative side, 0.01 unless given.
        slope: f64,
    },
    /// `1/(1 + e⁻ˣ)`.
    Sigmoid,
    /// The hyperbolic tangent.
    Tanh,
    /// `x·Φ(x)`.
    Gelu,
    /// `x·σ(x)`.
    Silu,
    /// Self-normalizing, see [`Node::selu`].
    Selu,
    /// `x·tanh(softplus(x))`.
    Mish,
    /// `ln(1 + eˣ)`.
    Softplus,
}

impl Activation {
    /// Every activation, with its usual setting.
    pub const ALL: [Activation; 10] = [
        Activation::Identity,
        Activation::Relu,
        Activation::LeakyRelu { slope: 0.01 },
        Activation::Sigmoid,
        Activation::Tanh,
        Activation::Gelu,
        Activation::Silu,
        Activation::Selu,
        Activation::Mish,
        Activation::Softplus,
    ];

    /// The activation of a node, elementwise.
    pub fn apply<'g>(&self, x: Node<'g>) -> Node<'g> {
        match *self {
            Activation::Identity => x,
            Activation::Relu => x.relu(),
            Activation::LeakyRelu { slope } => x.leaky_relu(slope),
            Activation::Sigmoid => x.sigmoid(),
            Activation::Tanh => x.tanh(),
            Activation::Gelu => x.gelu(),
            Activation::Silu => x.silu(),
            Activation::Selu => x.selu(),
            Activation::Mish => x.mish(),
            Activation::Softplus => x.softplus(),
        }
    }

    /// The word on the command line, without the slope.
    pub fn name(&self) -> &'static str {
        match self {
            Activation::Identity => "identity",
            Activation::Relu => "relu",
            Activation::LeakyRelu { .. } => "leaky-relu",
            Activation::Sigmoid => "sigmoid",
            Activation::Tanh => "tanh",
            Activation::Gelu => "gelu",
            Activation::Silu => "silu",
            Activation::Selu => "selu",
            Activation::Mish => "mish",
            Activation::Softplus => "softplus",
        }
    }
}

impl fmt::Display for Activation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Activation::LeakyRelu { slope } if *slope != 0.01 => write!(f, "leaky-relu:{slope}"),
            other => f.write_str(other.name()),
        }
    }
}

/// A word that names no activation.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error(
    "activation {got}: must be identity, relu, leaky-relu[:SLOPE], sigmoid, tanh, gelu, silu, selu, mish or softplus"
)]
pub struct ActivationError {
    /// The word.
    pub got: String,
}

impl FromStr for Activation {
    type Err = ActivationError;

    fn from_str(text: &str) -> Result<Self, ActivationError> {
        let error = || ActivationError { got: text.to_string() };
        if let Some(slope) = text.strip_prefix("leaky-relu:") {
            let slope: f64 = slope.parse().map_err(|_| error())?;
            return if slope.is_finite() { Ok(Activation::LeakyRelu { slope }) } else { Err(error()) };
        }
        Activation::ALL.into_iter().find(|activation| activation.name() == text).ok_or_else(error)
    }
}
