//! The operations: a closed set, each with its name and its shape rule. Derivatives are in `grad`, kernels in `kernels`.

use crate::graph::NodeId;
pub use crate::kernels::{Binary, Comparison, Reduction, Unary};
use crate::nn::init::Init;
use crate::optim::Minimizer;
use crate::shape::{Axes, Dim, Shape};
use crate::tensor::{DType, Tensor};
use std::fmt;
use thiserror::Error;

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

/// A rule that a definition breaks; the texts follow the node's name.
#[derive(Clone, Debug, PartialEq, Error)]
#[non_exhaustive]
pub enum Rule {
    /// Shapes that do not broadcast.
    #[error("{op} of {left} and {right}: sizes must be equal, or one of them 1, counted from the last axis")]
    Broadcast {
        /// The operation.
        op: &'static str,
        /// The first shape.
        left: Shape,
        /// The second shape.
        right: Shape,
    },
    /// Matrices that do not fit.
    #[error("{left} x {right}: inner sizes {left_size} and {right_size} differ")]
    InnerSizes {
        /// The first matrix, as it is multiplied.
        left: Shape,
        /// The second matrix, as it is multiplied.
        right: Shape,
        /// Columns of the first.
        left_size: Dim,
        /// Rows of the second.
        right_size: Dim,
    },
    /// A rank that the operation does not take.
    #[error("{op} of {shape}: the rank must be {want}")]
    Rank {
        /// The operation.
        op: &'static str,
        /// The shape given.
        shape: Shape,
        /// The ranks it takes.
        want: &'static str,
    },
    /// An axis that is not there.
    #[error("{op} over axis {axis} of {shape}: there is no such axis")]
    Axis {
        /// The operation.
        op: &'static str,
        /// The axis.
        axis: usize,
        /// The shape.
        shape: Shape,
    },
    /// Another element type than the operation takes.
    #[error("{op}: {got} given, {want} needed")]
    ElementType {
        /// The operation.
        op: &'static str,
        /// What was given.
        got: DType,
        /// What is needed.
        want: DType,
    },
    /// A shape with another number of elements.
    #[error("reshape of {from} to {to}: the number of elements differs")]
    Reshape {
        /// The shape given.
        from: Shape,
        /// The shape asked for.
        to: Shape,
    },
    /// An order of axes that is none.
    #[error("transpose of {shape} by {order:?}: every axis must appear once")]
    Order {
        /// The shape given.
        shape: Shape,
        /// The order asked for.
        order: Vec<usize>,
    },
    /// A shape that does not stretch to the one asked for.
    #[error("broadcast of {from} to {to}: sizes must be equal or 1")]
    Stretch {
        /// The shape given.
        from: Shape,
        /// The shape asked for.
        to: Shape,
    },
    /// A part outside the tensor, or along the open dimension.
    #[error("{op} {start}..{end} along axis {axis} of {shape}: outside, or along the batch")]
    Part {
        /// The operation.
        op: &'static str,
        /// The first position.
        start: usize,
        /// The position after the last.
        end: usize,
        /// The axis.
        axis: usize,
        /// The shape.
        shape: Shape,
    },
    /// Shapes that must be equal and are not.
    #[error("{op}: shapes {left} and {right} differ")]
    SameShape {
        /// The operation.
        op: &'static str,
        /// The first shape.
        left: Shape,
        /// The second shape.
        right: Shape,
    },
    /// An initial value of another shape than its variable.
    #[error("variable of {shape}: its initial value has shape {got}")]
    InitialShape {
        /// The variable's shape.
        shape: Shape,
        /// The shape of the initial value.
        got: Shape,
    },
    /// A variable with an open dimension.
    #[error("variable of {shape}: its sizes must be fixed")]
    OpenVariable {
        /// The shape asked for.
        shape: Shape,
    },
    /// Bounds in the wrong order.
    #[error("{op}: {low} and {high}: the lower bound must not exceed the upper one")]
    Bounds {
        /// The operation.
        op: &'static str,
        /// The lower bound.
        low: f64,
        /// The upper bound.
        high: f64,
    },
    /// Something other than a variable.
    #[error("{op}: {got} is not a variable")]
    NotAVariable {
        /// The operation.
        op: &'static str,
        /// The node's name.
        got: String,
    },
    /// A loss that is not one real number.
    #[error("{op}: the loss has shape {shape}, one real number is needed")]
    NotALoss {
        /// The operation.
        op: &'static str,
        /// The node's shape.
        shape: Shape,
    },
    /// A loss that no variable takes part in.
    #[error("minimize: no trained variable takes part in the loss")]
    NothingToTrain,
    /// A node of another graph.
    #[error("{op}: {got} belongs to another graph")]
    OtherGraph {
        /// The operation.
        op: &'static str,
        /// The node's name.
        got: String,
    },
    /// More than four dimensions.
    #[error("{op}: more than 4 dimensions")]
    TooManyDimensions {
        /// The operation.
        op: &'static str,
    },
    /// No input where at least one is needed.
    #[error("{op}: nothing given")]
    Nothing {
        /// The operation.
        op: &'static str,
    },
    /// A value outside its range.
    #[error("{name} = {got}: must be {want}")]
    OutOfRange {
        /// What has the value.
        name: &'static str,
        /// The value.
        got: f64,
        /// The range.
        want: &'static str,
    },
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

/// A shape with an element type: what the rules below take and give.
pub(crate) type Typed = (Shape, DType);

/// The shape and element type of an operation's result, or the rule that its inputs break.
pub(crate) fn infer(op: &Op, inputs: &[Typed]) -> Result<Typed, Rule> {
    let name = op.name();
    match op {
        Op::Constant(literal) => Ok(literal.typed()),
        Op::Placeholder { dtype, shape } => Ok((*shape, *dtype)),
        Op::Variable { shape, init, .. } => variable(shape, init),
        Op::Draw { shape, distribution, .. } => draw(name, *shape, distribution),
        Op::Count(_) | Op::Optimize { .. } | Op::Group => Ok((Shape::SCALAR, DType::Real)),
        Op::Unary(_) => all_real(name, inputs).map(|()| inputs[0]),
        Op::Clip { low, high } if low > high || low.is_nan() || high.is_nan() => {
            Err(Rule::Bounds { op: name, low: *low, high: *high })
        }
        Op::Clip { .. } => all_real(name, inputs).map(|()| inputs[0]),
        Op::Binary(_) => {
            all_real(name, inputs)?;
            Ok((stretch(name, inputs[0].0, inputs[1].0)?, DType::Real))
        }
        Op::Compare(_) => {
            same_type(name, inputs[1].1, inputs[0].1)?;
            Ok((stretch(name, inputs[0].0, inputs[1].0)?, DType::Boolean))
        }
        Op::Where => {
            same_type(name, inputs[0].1, DType::Boolean)?;
            same_type(name, inputs[2].1, inputs[1].1)?;
            let values = stretch(name, inputs[1].0, inputs[2].0)?;
            Ok((stretch(name, inputs[0].0, values)?, inputs[1].1))
        }
        Op::Cast(dtype) => Ok((inputs[0].0, *dtype)),
        Op::MatMul { transpose_a, transpose_b } => {
            all_real(name, inputs)?;
            matmul(inputs[0].0, inputs[1].0, *transpose_a, *transpose_b)
        }
        Op::Reduce { axes, keep, .. } => {
            all_real(name, inputs)?;
            axes.iter().try_for_each(|axis| has_axis(name, inputs[0].0, axis))?;
            Ok((inputs[0].0.reduced(*axes, *keep), DType::Real))
        }
        Op::ArgMax { axis } => {
            all_real(name, inputs)?;
            has_axis(name, inputs[0].0, *axis)?;
            Ok((inputs[0].0.reduced(Axes::from(*axis), false), DType::Integer))
        }
        Op::Reshape(to) if inputs[0].0.count() == to.count() => Ok((*to, inputs[0].1)),
        Op::Reshape(to) => Err(Rule::Reshape { from: inputs[0].0, to: *to }),
        Op::Transpose(order) => transpose(inputs[0], order),
        Op::Broadcast(to) if Shape::broadcast(&inputs[0].0, to) == Some(*to) => Ok((*to, inputs[0].1)),
        Op::Broadcast(to) => Err(Rule::Stretch { from: inputs[0].0, to: *to }),
        Op::Concat { axis } => concat(inputs, *axis),
        Op::Slice { axis, start, size } => part(name, inputs[0], *axis, *start, *size),
        Op::Pad { axis, before, after } => {
            all_real(name, inputs)?;
            pad(inputs[0], *axis, *before, *after)
        }
        Op::GatherRows => gather(name, inputs),
        Op::ScatterRows { rows } => {
            let (shape, dtype) = inputs[0];
            Ok((shape.with(0, *rows), dtype))
        }
        Op::OneHot { depth, axis } => one_hot(name, inputs[0], *depth, *axis),
        Op::Softmax | Op::LogSoftmax => {
            all_real(name, inputs)?;
            rank_at_least_one(name, inputs[0].0).map(|()| inputs[0])
        }
        Op::CrossEntropy => cross_entropy(name, inputs).map(|rows| (rows, DType::Real)),
        Op::CrossEntropyGradient => cross_entropy(name, inputs).map(|_| inputs[0]),
        Op::Assign if inputs[0] == inputs[1] => Ok(inputs[0]),
        Op::Assign => {
            same_type(name, inputs[1].1, inputs[0].1)?;
            Err(Rule::SameShape { op: name, left: inputs[0].0, right: inputs[1].0 })
        }
    }
}

impl Literal {
    fn typed(&self) -> Typed {
        match self {
            Literal::Real(tensor) => (tensor.dims().into(), DType::Real),
            Literal::Integer(tensor) => (tensor.dims().into(), DType::Integer),
            Literal::Boolean(tensor) => (tensor.dims().into(), DType::Boolean),
        }
    }
}

fn same_type(op: &'static str, got: DType, want: DType) -> Result<(), Rule> {
    if got == want { Ok(()) } else { Err(Rule::ElementType { op, got, want }) }
}

fn all_real(op: &'static str, inputs: &[Typed]) -> Result<(), Rule> {
    inputs.iter().try_for_each(|input| same_type(op, input.1, DType::Real))
}

fn stretch(op: &'static str, left: Shape, right: Shape) -> Result<Shape, Rule> {
    Shape::broadcast(&left, &right).ok_or(Rule::Broadcast { op, left, right })
}

fn has_axis(op: &'static str, shape: Shape, axis: usize) -> Result<(), Rule> {
    if axis < shape.rank() { Ok(()) } else { Err(Rule::Axis { op, axis, shape }) }
}

fn rank_at_least_one(op: &'static str, shape: Shape) -> Result<(), Rule> {
    if shape.rank() > 0 { Ok(()) } else { Err(Rule::Rank { op, shape, want: "1 to 4" }) }
}

fn variable(shape: &Shape, init: &Init) -> Result<Typed, Rule> {
    let dims = shape.fixed().ok_or(Rule::OpenVariable { shape: *shape })?;
    init.check(dims)?;
    Ok((*shape, DType::Real))
}

fn draw(op: &'static str, shape: Shape, distribution: &Draw) -> Result<Typed, Rule> {
    match *distribution {
        Draw::Uniform { low, high } if low > high || low.is_nan() || high.is_nan() => {
            Err(Rule::Bounds { op, low, high })
        }
        Draw::Normal { deviation, .. } if deviation < 0.0 || deviation.is_nan() => {
            Err(Rule::OutOfRange { name: "deviation", got: deviation, want: "at least 0" })
        }
        Draw::Uniform { .. } | Draw::Normal { .. } | Draw::DropoutMask => Ok((shape, DType::Real)),
    }
}

fn matmul(a: Shape, b: Shape, transpose_a: bool, transpose_b: bool) -> Result<Typed, Rule> {
    for shape in [a, b] {
        if shape.rank() != 2 {
            return Err(Rule::Rank { op: "matmul", shape, want: "2" });
        }
    }
    let turned = |s: Shape, turn: bool| if turn { Shape::from((s.dims()[1], s.dims()[0])) } else { s };
    let (left, right) = (turned(a, transpose_a), turned(b, transpose_b));
    let (left_size, right_size) = (left.dims()[1], right.dims()[0]);
    if left_size != right_size {
        return Err(Rule::InnerSizes { left, right, left_size, right_size });
    }
    Ok((Shape::from((left.dims()[0], right.dims()[1])), DType::Real))
}

fn transpose((shape, dtype): Typed, order: &[usize]) -> Result<Typed, Rule> {
    let seen = order.iter().fold(Axes::NONE, |axes, &axis| axes.with(axis));
    if order.len() != shape.rank() || seen != Axes::all(shape.rank()) {
        return Err(Rule::Order { shape, order: order.to_vec() });
    }
    let turned = order.iter().enumerate().fold(shape, |s, (to, &from)| s.with(to, shape.dims()[from]));
    Ok((turned, dtype))
}

fn concat(inputs: &[Typed], axis: usize) -> Result<Typed, Rule> {
    let op = "concat";
    let &(first, dtype) = inputs.first().ok_or(Rule::Nothing { op })?;
    has_axis(op, first, axis)?;
    let mut total = 0;
    for &(shape, other) in inputs {
        same_type(op, other, dtype)?;
        let Some(&Dim::Fixed(size)) = shape.dims().get(axis) else {
            return Err(Rule::Part { op, start: 0, end: 0, axis, shape });
        };
        if shape.rank() != first.rank() || shape.with(axis, Dim::Fixed(0)) != first.with(axis, Dim::Fixed(0)) {
            return Err(Rule::SameShape { op, left: first, right: shape });
        }
        total += size;
    }
    Ok((first.with(axis, Dim::Fixed(total)), dtype))
}

fn part(op: &'static str, (shape, dtype): Typed, axis: usize, start: usize, size: usize) -> Result<Typed, Rule> {
    has_axis(op, shape, axis)?;
    let end = start.saturating_add(size);
    match shape.dims()[axis] {
        Dim::Fixed(whole) if end <= whole => Ok((shape.with(axis, Dim::Fixed(size)), dtype)),
        Dim::Fixed(_) | Dim::Batch => Err(Rule::Part { op, start, end, axis, shape }),
    }
}

fn pad((shape, dtype): Typed, axis: usize, before: usize, after: usize) -> Result<Typed, Rule> {
    has_axis("pad", shape, axis)?;
    match shape.dims()[axis] {
        Dim::Fixed(size) => Ok((shape.with(axis, Dim::Fixed(before + size + after)), dtype)),
        Dim::Batch => Err(Rule::Part { op: "pad", start: 0, end: before + after, axis, shape }),
    }
}

fn gather(op: &'static str, inputs: &[Typed]) -> Result<Typed, Rule> {
    let ((shape, dtype), (index, index_type)) = (inputs[0], inputs[1]);
    same_type(op, index_type, DType::Integer)?;
    rank_at_least_one(op, shape)?;
    if index.rank() != 1 {
        return Err(Rule::Rank { op, shape: index, want: "1 for the positions" });
    }
    Ok((shape.with(0, index.dims()[0]), dtype))
}

fn one_hot(op: &'static str, (shape, dtype): Typed, depth: usize, axis: usize) -> Result<Typed, Rule> {
    same_type(op, dtype, DType::Integer)?;
    if axis > shape.rank() {
        return Err(Rule::Axis { op, axis, shape });
    }
    let mut dims = shape.dims().to_vec();
    dims.insert(axis, Dim::Fixed(depth));
    Shape::new(&dims).map(|s| (s, DType::Real)).ok_or(Rule::TooManyDimensions { op })
}

/// The shape of the rows, `[rows]`, of logits `[rows, classes]`, integer labels `[rows]` or real targets
/// `[rows, classes]`, and perhaps upstream values `[rows]`.
fn cross_entropy(op: &'static str, inputs: &[Typed]) -> Result<Shape, Rule> {
    let ((logits, dtype), (targets, target_type)) = (inputs[0], inputs[1]);
    same_type(op, dtype, DType::Real)?;
    if logits.rank() != 2 {
        return Err(Rule::Rank { op, shape: logits, want: "2, [rows, classes]" });
    }
    let rows = Shape::from((logits.dims()[0],));
    let wanted = match target_type {
        DType::Real => logits,
        DType::Integer => rows,
        DType::Boolean => return Err(Rule::ElementType { op, got: target_type, want: DType::Integer }),
    };
    let fits = |shape: Shape, wanted: Shape| match shape == wanted {
        true => Ok(()),
        false => Err(Rule::SameShape { op, left: wanted, right: shape }),
    };
    fits(targets, wanted)?;
    inputs[2..].iter().try_for_each(|&(upstream, _)| fits(upstream, rows))?;
    Ok(rows)
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
