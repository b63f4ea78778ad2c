//! Losses: from logits or values, one number a row.

use crate::graph::Node;
use crate::tensor::DType;
use std::fmt;
use std::str::FromStr;
use thiserror::Error;

/// What a network is trained to make small.
///
/// Per row, with `z` the network's outputs and `C` of them:
///
/// ```text
/// cross-entropy, C > 1    ln Σeᶻ − z[label]                       labels [rows], integers
/// cross-entropy, C = 1    −t·ln σ(z) − (1−t)·ln(1 − σ(z))         targets [rows, 1], 0 or 1 (or between)
/// squared                 mean over outputs of (z − t)²           targets [rows, C]
/// absolute                mean over outputs of |z − t|
/// huber:δ                 mean over outputs of e²/2 for e = |z − t| ≤ δ, else δ·(e − δ/2)
/// poisson                 mean over outputs of eᶻ − t + t·ln(t/eᶻ)        targets of at least 0
/// binary                  mean over outputs of −t·ln σ(z) − (1−t)·ln(1 − σ(z))   targets from 0 to 1
/// ```
///
/// The squared error has no 1/2, Huber's has. Cross entropy takes logits and stays finite for them all. Under `poisson` an
/// output is the logarithm of what is expected, under `binary` each is the logit of a label of its own.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Loss {
    /// Classification.
    CrossEntropy,
    /// Regression by the mean.
    Squared,
    /// Regression by the median.
    Absolute,
    /// Squared near zero, absolute beyond `delta`.
    Huber {
        /// Where the one passes into the other.
        delta: f64,
    },
    /// Counts, and other numbers of at least 0: half the Poisson deviance.
    Poisson,
    /// Several labels, each present or not.
    Binary,
}

impl<'g> Node<'g> {
    /// `−t·ln σ(z) − (1−t)·ln(1−σ(z))` of logits `z`, elementwise: stable and accurate for every logit.
    pub fn sigmoid_cross_entropy(self, targets: Node<'g>) -> Node<'g> {
        let _scope = self.graph().scope("sigmoid_cross_entropy");
        targets * (-self).softplus() + (1.0 - targets) * self.softplus()
    }

    /// `(z − t)²`, elementwise, without 1/2.
    pub fn squared_error(self, targets: Node<'g>) -> Node<'g> {
        (self - targets).square()
    }

    /// `eᶻ − t + t·ln(t/eᶻ)`, elementwise: half the Poisson deviance of targets of at least 0 from `eᶻ`.
    pub fn poisson_error(self, targets: Node<'g>) -> Node<'g> {
        let _scope = self.graph().scope("poisson");
        // Of a target of 0 the logarithm counts for nothing, but must be finite.
        self.exp() - targets + targets * (targets.maximum(1e-30).log() - self)
    }

    /// `|z − t|`, elementwise.
    pub fn absolute_error(self, targets: Node<'g>) -> Node<'g> {
        (self - targets).abs()
    }

    /// `e²/2` for `e = |z − t| ≤ δ`, else `δ·(e − δ/2)`, elementwise.
    pub fn huber_error(self, targets: Node<'g>, delta: f64) -> Node<'g> {
        let _scope = self.graph().scope("huber");
        let error = (self - targets).abs();
        let near = error.minimum(delta);
        // near is e below δ and δ beyond: near·(e − near/2) is both branches.
        near * (error - near * 0.5)
    }
}

impl Loss {
    /// What is said by an output: the number that is compared with a target.
    pub fn said(&self, output: f64) -> f64 {
        match self {
            Loss::Poisson => libm::exp(output),
            Loss::Binary if output < 0.0 => {
                let odds = libm::exp(output);
                odds / (1.0 + odds)
            }
            Loss::Binary => 1.0 / (1.0 + libm::exp(-output)),
            Loss::CrossEntropy | Loss::Squared | Loss::Absolute | Loss::Huber { .. } => output,
        }
    }

    /// What the targets of a network with `outputs` outputs are.
    pub fn target_type(&self, outputs: usize) -> DType {
        match self {
            Loss::CrossEntropy if outputs > 1 => DType::Integer,
            Loss::CrossEntropy | Loss::Squared | Loss::Absolute | Loss::Huber { .. } | Loss::Poisson | Loss::Binary => {
                DType::Real
            }
        }
    }

    /// The loss of each row, `[rows]`, from outputs `[rows, C]`; label smoothing `s` turns a target `y` into
    /// `(1−s)·y + s/C` (with two classes where there is one output).
    pub fn per_row<'g>(&self, outputs: Node<'g>, targets: Node<'g>, smoothing: f64) -> Node<'g> {
        let classes = outputs.shape().dims().last().map_or(1, |dim| dim.at(1));
        match *self {
            Loss::CrossEntropy if classes > 1 => {
                let loss = outputs.softmax_cross_entropy(targets);
                if smoothing == 0.0 {
                    return loss;
                }
                let even = -outputs.log_softmax().mean_over(1);
                loss * (1.0 - smoothing) + even * smoothing
            }
            Loss::CrossEntropy => {
                let targets = if smoothing == 0.0 { targets } else { targets * (1.0 - smoothing) + smoothing * 0.5 };
                outputs.sigmoid_cross_entropy(targets).mean_over(1)
            }
            Loss::Squared => outputs.squared_error(targets).mean_over(1),
            Loss::Absolute => outputs.absolute_error(targets).mean_over(1),
            Loss::Huber { delta } => outputs.huber_error(targets, delta).mean_over(1),
            Loss::Poisson => outputs.poisson_error(targets).mean_over(1),
            Loss::Binary => outputs.sigmoid_cross_entropy(targets).mean_over(1),
        }
    }
}

impl fmt::Display for Loss {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Loss::CrossEntropy => f.write_str("cross-entropy"),
            Loss::Squared => f.write_str("squared"),
            Loss::Absolute => f.write_str("absolute"),
            Loss::Huber { delta } => write!(f, "huber:{delta}"),
            Loss::Poisson => f.write_str("poisson"),
            Loss::Binary => f.write_str("binary"),
        }
    }
}

/// A word that names no loss.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("loss {got}: must be cross-entropy, squared, absolute, huber:DELTA with DELTA above 0, poisson or binary")]
pub struct LossError {
    /// The word.
    pub got: String,
}

impl FromStr for Loss {
    type Err = LossError;

    fn from_str(text: &str) -> Result<Self, LossError> {
        let error = || LossError { got: text.to_string() };
        match text {
            "cross-entropy" => Ok(Loss::CrossEntropy),
            "squared" => Ok(Loss::Squared),
            "absolute" => Ok(Loss::Absolute),
            "poisson" => Ok(Loss::Poisson),
            "binary" => Ok(Loss::Binary),
            _ => {
                let delta = text.strip_prefix("huber:").ok_or_else(error)?;
                let delta: f64 = delta.parse().map_err(|_| error())?;
                if delta > 0.0 && delta.is_finite() { Ok(Loss::Huber { delta }) } else { Err(error()) }
            }
        }
    }
}
