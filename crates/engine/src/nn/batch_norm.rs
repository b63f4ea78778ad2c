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
    /// The running averages, each with its value after the batch: to be assigned with each training step.
    ///
    /// An assignment defined after the optimizer's update is not made where the update finds a loss that is not finite.
    pub updates: Vec<(Node<'g>, Node<'g>)>,
}

impl BatchNorm {
    /// Normalizes `training` by its batch, and `inference`, the same layer at prediction time, by running averages.
    ///
    /// New variables: `gamma`, `beta`, `running_mean`, `running_variance` (each `[units]`), `past_weight` (scalar).
    pub fn apply<'g>(&self, training: Node<'g>, inference: Node<'g>) -> Normalized<'g> {
        self.apply_from(training, inference, |_, usual| usual)
    }

    /// As [`BatchNorm::apply`]; `init` is asked for the first value of each variable by its name and its usual one.
    pub(super) fn apply_from<'g>(
        &self,
        training: Node<'g>,
        inference: Node<'g>,
        init: impl Fn(&str, Init) -> Init,
    ) -> Normalized<'g> {
        let g = training.graph();
        let last = training.shape().dims().last().copied();
        let units = last.map_or(Shape::SCALAR, |last| Shape::from((last,)));
        let gamma = g.bias("gamma", units, init("gamma", Init::Constant(1.0)));
        let beta = g.bias("beta", units, init("beta", Init::Zeros));
        let mean = training.mean_over(0);
        let centered = training - mean;
        let variance = centered.square().mean_over(0);
        let scaled =
            |centered: Node<'g>, variance: Node<'g>| centered / (variance + self.epsilon).sqrt() * gamma + beta;

        let start = if self.running == Running::Corrected { 0.0 } else { 1.0 };
        let state = |name: &str, shape: Shape, usual: f64| g.state(name, shape, init(name, Init::Constant(usual)));
        let running_mean = state("running_mean", units, 0.0);
        let running_variance = state("running_variance", units, start);
        let past_weight = state("past_weight", Shape::SCALAR, 1.0);
        let seen = match self.running {
            Running::Corrected | Running::Keras => variance,
            Running::Torch => {
                let rows = training.rows().map_or(g.scalar(1.0), |rows| g.count((rows,)));
                variance * (rows / (rows - 1.0))
            }
        };
        let average = |past: Node<'g>, new: Node<'g>| past * self.decay + new * (1.0 - self.decay);
        let updates = vec![
            (running_mean, average(running_mean, mean)),
            (running_variance, average(running_variance, seen)),
            (past_weight, past_weight * self.decay),
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
