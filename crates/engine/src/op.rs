//! The operations: a closed set, each with its name and its shape rule. Derivatives are in `grad`, kernels in `kernels`.

mod infer;
mod rule;

use crate::graph::NodeId;
pub use crate::kernels::{Binary, Comparison, Reduction, Unary};
use crate::nn::init::Init;
use crate::optim::Minimizer;
use crate::shape::{Axes, Dim, Shape};
use crate::tensor::{DType, Tensor};
use std::fmt;

pub(crate) use infer::{Typed, infer};
pub use rule::Rule;

/// What a node does with its inputs.
///
/// A new operation gets one line in [`Op::name`], one arm in `infer` (shape), one in `grad` (derivative), one in the
/// plan (kernel), and one case in the gradient check; the compiler asks for each.
#[derive(Clone, Debug, PartialEq)]
pub enum Op {
    /// A tensor that is part of the graph.
    Constant(Literal),
    /// A tensor fed at each run.
    Placeholder {
        /// What is fed.
        dtype: DType,
        /// Its shape.
        shape: Shape,
    },
    /// A tensor that a session keeps from run to run.
    Variable {
        /// Its shape, without an open dimension.
        shape: Shape,
        /// Where its first value comes from.
        init: Init,
        /// What it is for.
        role: Role,
    },
    /// Random numbers, new at every run that draws.
    Draw {
        /// Their distribution.
        distribution: Draw,
        /// Their shape.
        shape: Shape,
        /// Which stream: the number of this draw among the draws of its graph.
        stream: u64,
    },
    /// The product of some sizes of a shape, as a real scalar: `1` for a mean's count is known only at run time.
    Count(Shape),
    /// An elementwise function of one tensor.
    Unary(Unary),
    /// An elementwise function of two tensors, with broadcasting.
    Binary(Binary),
    /// Values below `low` become `low`, above `high` `high`.
    Clip {
        /// The smallest value that passes.
        low: f64,
        /// The largest value that passes.
        high: f64,
    },
    /// A comparison of two tensors, boolean, with broadcasting.
    Compare(Comparison),
    /// Picks from the second input where the first (boolean) is true, from the third elsewhere; with broadcasting.
    Where,
    /// The same values as another element type; to real: `false` 0, `true` 1; to integer: toward zero; to boolean: not 0.
    Cast(DType),
    /// `A·B` of matrices, each transposed or not.
    MatMul {
        /// `Aᵀ` instead of `A`.
        transpose_a: bool,
        /// `Bᵀ` instead of `B`.
        transpose_b: bool,
    },
    /// Sum, mean, largest or smallest over axes.
    Reduce {
        /// Which of them.
        kind: Reduction,
        /// Over which axes; adjacent ones.
        axes: Axes,
        /// The axes stay, with size 1.
        keep: bool,
    },
    /// The position of the largest value along an axis, the first of several.
    ArgMax {
        /// The axis, which disappears.
        axis: usize,
    },
    /// The same numbers in another shape.
    Reshape(Shape),
    /// The axes in another order: output axis `i` is input axis `order[i]`.
    Transpose(Vec<usize>),
    /// Stretched to a larger shape.
    Broadcast(Shape),
    /// Tensors one after another along an axis.
    Concat {
        /// The axis along which they are joined.
        axis: usize,
    },
    /// The part `start .. start + size` along one axis.
    Slice {
        /// The axis that is cut.
        axis: usize,
        /// The first position kept.
        start: usize,
        /// How many are kept.
        size: usize,
    },
    /// Zeros before and after along one axis: what a slice's derivative needs.
    Pad {
        /// The axis that grows.
        axis: usize,
        /// Zeros before.
        before: usize,
        /// Zeros after.
        after: usize,
    },
    /// Rows of the first input, picked by the integers of the second.
    GatherRows,
    /// Adds the rows of the first input into `rows` zero rows, at the positions of the second.
    ScatterRows {
        /// The number of rows of the result.
        rows: Dim,
    },
    /// One where the integer equals the position along a new axis of size `depth`, zero elsewhere.
    OneHot {
        /// The number of classes.
        depth: usize,
        /// Where the new axis stands.
        axis: usize,
    },
    /// `eᶻ / Σeᶻ` over the last axis.
    Softmax,
    /// `z − ln Σeᶻ` over the last axis.
    LogSoftmax,
    /// For each row of logits `[rows, classes]`: `ln Σeᶻ − z[label]` of integer labels `[rows]`, or
    /// `Σ t·(ln Σeᶻ − z)` of real targets `[rows, classes]`.
    CrossEntropy,
    /// `(softmax(z)·Σt − t)·upstream` for each row, a label being a one-hot `t`: the derivative of [`Op::CrossEntropy`].
    CrossEntropyGradient,
    /// Replaces the value of the first input, a variable, after everything else of the run.
    Assign,
    /// One update of variables from the loss (first input) and their gradients (the other inputs).
    Optimize {
        /// The rule and its settings at the start.
        minimizer: Minimizer,
        /// What is updated, in the order of the gradients.
        variables: Vec<NodeId>,
    },
    /// Runs all its inputs.
    Group,
}

/// A tensor that is part of a graph.
#[derive(Clone, Debug, PartialEq)]
pub enum Literal {
    /// Real numbers, rounded to the plan's precision.
    Real(Tensor<f64>),
    /// Integers.
    Integer(Tensor<i64>),
    /// Truth values.
    Boolean(Tensor<bool>),
}

/// What a variable is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Role {
    /// Trained, and subject to L2 and weight decay.
    Weight,
    /// Trained, exempt from both: biases, batch norm's gamma and beta.
    Bias,
    /// Not trained: running averages, settings that may change between steps.
    State,
}

/// The distribution of a random tensor.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Draw {
    /// Evenly between two bounds, the upper one excluded.
    Uniform {
        /// The lower bound.
        low: f64,
        /// The upper bound.
        high: f64,
    },
    /// The normal distribution.
    Normal {
        /// Its mean.
        mean: f64,
        /// Its standard deviation.
        deviation: f64,
    },
    /// Inverted dropout's factor: 0 with the probability given by the input, else `1/(1 − drop_prob)`.
    DropoutMask,
}

impl Op {
    /// The word for the operation, as it stands in names, errors and dumps.
    pub fn name(&self) -> &'static str {
        match self {
            Op::Constant(_) => "constant",
            Op::Placeholder { .. } => "placeholder",
            Op::Variable { .. } => "variable",
            Op::Draw { distribution: Draw::Uniform { .. }, .. } => "random_uniform",
            Op::Draw { distribution: Draw::Normal { .. }, .. } => "random_normal",
            Op::Draw { distribution: Draw::DropoutMask, .. } => "dropout_mask",
            Op::Count(_) => "count",
            Op::Unary(unary) => unary.name(),
            Op::Binary(binary) => binary.name(),
            Op::Clip { .. } => "clip",
            Op::Compare(comparison) => comparison.name(),
            Op::Where => "where",
            Op::Cast(_) => "cast",
            Op::MatMul { .. } => "matmul",
            Op::Reduce { kind, .. } => kind.name(),
            Op::ArgMax { .. } => "argmax",
            Op::Reshape(_) => "reshape",
            Op::Transpose(_) => "transpose",
            Op::Broadcast(_) => "broadcast",
            Op::Concat { .. } => "concat",
            Op::Slice { .. } => "slice",
            Op::Pad { .. } => "pad",
            Op::GatherRows => "gather_rows",
            Op::ScatterRows { .. } => "scatter_rows",
            Op::OneHot { .. } => "one_hot",
            Op::Softmax => "softmax",
            Op::LogSoftmax => "log_softmax",
            Op::CrossEntropy => "cross_entropy",
            Op::CrossEntropyGradient => "cross_entropy_gradient",
            Op::Assign => "assign",
            Op::Optimize { .. } => "optimize",
            Op::Group => "group",
        }
    }
}

impl fmt::Display for Op {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())?;
        match self {
            Op::MatMul { transpose_a, transpose_b } if *transpose_a || *transpose_b => {
                let mark = |turned: bool| if turned { "ᵀ" } else { "" };
                write!(f, "(A{}·B{})", mark(*transpose_a), mark(*transpose_b))
            }
            Op::Clip { low, high } => write!(f, "({low}, {high})"),
            Op::Cast(dtype) => write!(f, "({dtype})"),
            Op::Reduce { axes, .. } => write!(f, "{axes}"),
            Op::ArgMax { axis } | Op::Concat { axis } => write!(f, "[{axis}]"),
            Op::Slice { axis, start, size } => write!(f, "[{axis}: {start}..{}]", start + size),
            Op::OneHot { depth, axis } => write!(f, "(depth {depth}, axis {axis})"),
            Op::Optimize { minimizer, .. } => write!(f, "({})", minimizer.optimizer),
            Op::Pad { axis, before, after } => write!(f, "[{axis}: {before} before, {after} after]"),
            Op::Transpose(order) => write!(f, "{order:?}"),
            Op::Constant(Literal::Real(tensor)) if tensor.data().len() == 1 => write!(f, "({})", tensor.data()[0]),
            Op::Constant(_)
            | Op::Placeholder { .. }
            | Op::Variable { .. }
            | Op::Draw { .. }
            | Op::Count(_)
            | Op::Unary(_)
            | Op::Binary(_)
            | Op::Compare(_)
            | Op::Where
            | Op::MatMul { .. }
            | Op::Reshape(_)
            | Op::Broadcast(_)
            | Op::GatherRows
            | Op::ScatterRows { .. }
            | Op::Softmax
            | Op::LogSoftmax
            | Op::CrossEntropy
            | Op::CrossEntropyGradient
            | Op::Assign
            | Op::Group => Ok(()),
        }
    }
}
