//! Batch normalization.

use super::init::Init;
use crate::graph::Node;
use crate::shape::Shape;

/// Batch normalization of rows `[batch, units]`, unit by unit.
///
/// ```text
/// training    μ = mean over the batch,  σ² = mean of (z−μ)² (divisor m)
///             ẑ = (z − μ)/√(σ² + ε)     y = γ·ẑ + β
/// inference   the same with running averages in place of μ and σ²
/// ```
///
/// γ starts at 1, β at 0; both are trained and exempt from L2. The layer before needs no bias: its mean is subtracted.
/// Gradients go through mean and variance exactly.
///
/// - **Reference:** Ioffe & Szegedy 2015, <https://arxiv.org/abs/1502.03167>.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct BatchNorm {
    /// Added to the variance, `ε`.
    pub epsilon: f64,
    /// The weight of the past in the running averages, in `[0, 1)`.
    pub decay: f64,
    /// How the running averages are kept.
    pub running: Running,
}

/// How the running averages of batch normalization are kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Running {
    /// They start at 0 and are divided by `1 − decayᵗ` when used: right after the first step.
    Corrected,
    /// PyTorch's: mean from 0 and variance from 1, no correction, the variance with divisor `m − 1`.
    Torch,
    /// Keras's: mean from 0 and variance from 1, no correction, the variance with divisor `m`.
    Keras,
}

impl Default for BatchNorm {
    /// `ε = 1e-5`, decay 0.9, corrected averages.
    fn default() -> Self {
        BatchNorm { epsilon: 1e-5, decay: 0.9, running: Running::Corrected }
    }
}

/// The two outputs of a normalized layer and what keeps its averages up to date.
#[derive(Clone, Debug)]
pub struct Normalized<'g> {
    /// The output while training: of the batch's own statistics.
    pub training: Node<'g>,
    /// The output at prediction time: of the running averages.
    pub inference: Node<'g>,
    /// Assignments that take the batch into the running averages; to be run with each training step.
    pub updates: Vec<Node<'g>>,
}

impl BatchNorm {
    /// Normalizes `training` by its batch, and `inference`, the same layer at prediction time, by running averages.
    ///
    /// New variables: `gamma`, `beta`, `running_mean`, `running_variance` (each `[units]`), `past_weight` (scalar).
    pub fn apply<'g>(&self, training: Node<'g>, inference: Node<'g>) -> Normalized<'g> {
        let g = training.graph();
        let last = training.shape().dims().last().copied();
        let units = last.map_or(Shape::SCALAR, |last| Shape::from((last,)));
        let gamma = g.bias("gamma", units, Init::Constant(1.0));
        let beta = g.bias("beta", units, Init::Zeros);
        let mean = training.mean_over(0);
        let centered = training - mean;
        let variance = centered.square().mean_over(0);
        let scaled = |centered: Node<'g>, variance: Node<'g>| centered / (variance + self.epsilon).sqrt() * gamma + beta;

        let start = if self.running == Running::Corrected { 0.0 } else { 1.0 };
        let running_mean = g.state("running_mean", units, Init::Zeros);
        let running_variance = g.state("running_variance", units, Init::Constant(start));
        let past_weight = g.state("past_weight", (), Init::Constant(1.0));
        let seen = match self.running {
            Running::Corrected | Running::Keras => variance,
            Running::Torch => {
                let rows = training.rows().map_or(g.scalar(1.0), |rows| g.count((rows,)));
                variance * (rows / (rows - 1.0))
            }
        };
        let average = |past: Node<'g>, new: Node<'g>| past * self.decay + new * (1.0 - self.decay);
        let updates = vec![
            g.assign(running_mean, average(running_mean, mean)),
            g.assign(running_variance, average(running_variance, seen)),
            g.assign(past_weight, past_weight * self.decay),
        ];
        let (used_mean, used_variance) = match self.running {
            Running::Torch | Running::Keras => (running_mean, running_variance),
            Running::Corrected => {
                // Before the first step nothing is known: mean 0, variance 1.
                let unseen = past_weight.equal(1.0);
                let weight = g.select(unseen, 1.0, 1.0 - past_weight);
                (running_mean / weight, g.select(unseen, 1.0, running_variance / weight))
            }
        };
        let inference = scaled(inference - used_mean, used_variance);
        Normalized { training: scaled(centered, variance), inference, updates }
    }

}
