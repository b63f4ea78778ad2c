//! The shape rule of each operation.

use super::{Draw, Literal, Op, Rule};
use crate::nn::init::Init;
use crate::shape::{Axes, Dim, Shape};
use crate::tensor::DType;

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
