//! Derivatives: from a loss, nodes that compute its gradient. One arm per operation.
//!
//! The result is part of the same graph, so derivatives of derivatives are taken the same way.

#[cfg(test)]
mod tests;

use crate::graph::{Graph, Node};
use crate::op::{Binary, Op, Reduction, Rule, Unary};
use crate::shape::{Dim, Shape};
use crate::tensor::DType;
use std::f64::consts::FRAC_2_SQRT_PI;

impl Graph {
    /// The derivatives of `loss` (of its sum, where it has several elements) with respect to each node of `with_respect_to`.
    ///
    /// Each result has the shape of the node it belongs to; it is zero where the loss does not depend on the node.
    /// Reverse accumulation on the graph: `∂L/∂x = Σ over uses of x of (∂L/∂y)·(∂y/∂x)`.
    ///
    /// ```
    /// use caviar_engine::{Graph, Plan, Seed, Session, Tensor};
    /// let g = Graph::new();
    /// let x = g.placeholder("x", ());
    /// let y = x * x * x;
    /// let slope = g.gradients(y, &[x])[0];                    // 3x²
    /// let curvature = g.gradients(slope, &[x])[0];            // 6x
    /// let mut session = Session::new(Plan::<f64>::new(&g, &[slope, curvature])?, Seed(0));
    /// let at = Tensor::scalar(2.0);
    /// assert_eq!(session.run(slope, &[x.feed(&at)])?.item(), Some(12.0));
    /// assert_eq!(session.run(curvature, &[x.feed(&at)])?.item(), Some(12.0));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn gradients<'g>(&'g self, loss: Node<'g>, with_respect_to: &[Node<'g>]) -> Vec<Node<'g>> {
        if let Some(stranger) = self.stranger(&[&[loss], with_respect_to].concat()) {
            let rule = Rule::OtherGraph { op: "gradients", got: stranger.name() };
            return with_respect_to.iter().map(|_| self.poison(Op::Group, rule.clone())).collect();
        }
        if loss.is_broken() {
            return with_respect_to.iter().map(|_| loss).collect();
        }
        if loss.dtype() != DType::Real {
            let rule = Rule::ElementType { op: "gradients", got: loss.dtype(), want: DType::Real };
            return with_respect_to.iter().map(|_| self.poison(Op::Group, rule.clone())).collect();
        }
        let needed = self.between(loss, with_respect_to);
        let mut adjoints: Vec<Option<Node<'g>>> = vec![None; needed.len()];
        adjoints[loss.at()] = Some(self.ones(loss.shape()));
        for index in (0..=loss.at()).rev() {
            let Some(upstream) = adjoints[index] else { continue };
            let node = self.node_at(index);
            let (op, inputs) = node.definition();
            for (which, &input) in inputs.iter().enumerate() {
                if needed[input.at()]
                    && let Some(part) = derivative(&op, which, &inputs, node, upstream)
                {
                    let sum = &mut adjoints[input.at()];
                    *sum = Some(sum.map_or(part, |so_far| so_far + part));
                }
            }
        }
        let result = |x: &Node<'g>| adjoints.get(x.at()).copied().flatten().unwrap_or_else(|| self.zeros(x.shape()));
        with_respect_to.iter().map(result).collect()
    }

    /// Which nodes lie on a way from one of `sources` to `loss`.
    fn between(&self, loss: Node<'_>, sources: &[Node<'_>]) -> Vec<bool> {
        let mut between = vec![false; loss.at() + 1];
        for source in sources.iter().filter(|source| source.at() <= loss.at()) {
            between[source.at()] = true;
        }
        for index in 0..between.len() {
            let (_, inputs) = self.node_at(index).definition();
            between[index] |= inputs.iter().any(|input| between[input.at()]);
        }
        let ancestors = self.ancestors(loss);
        between.iter().zip(&ancestors).map(|(&below, &above)| below && above).collect()
    }
}

/// What input number `which` of `y = op(x)` receives from `dy = ∂L/∂y`; `None` where the derivative is zero everywhere.
fn derivative<'g>(op: &Op, which: usize, x: &[Node<'g>], y: Node<'g>, dy: Node<'g>) -> Option<Node<'g>> {
    let g = y.graph();
    let own = x[which];
    Some(match op {
        Op::Unary(unary) => return unary_derivative(*unary, own, y, dy),
        Op::Binary(binary) => sum_to(binary_derivative(*binary, which, x, y, dy), own.shape()),
        Op::Clip { .. } => g.select(own.equal(y), dy, 0.0),
        Op::Where => match which {
            0 => return None,
            1 => sum_to(g.select(x[0], dy, 0.0), own.shape()),
            _ => sum_to(g.select(x[0], 0.0, dy), own.shape()),
        },
        Op::Cast(_) => return (own.dtype() == DType::Real && y.dtype() == DType::Real).then_some(dy),
        Op::MatMul { transpose_a, transpose_b } => match (which, transpose_a, transpose_b) {
            (0, false, _) => dy.matmul_transposed(x[1], false, !transpose_b),
            (0, true, _) => x[1].matmul_transposed(dy, *transpose_b, true),
            (_, _, false) => x[0].matmul_transposed(dy, !transpose_a, false),
            (_, _, true) => dy.matmul_transposed(x[0], true, *transpose_a),
        },
        Op::Reduce { kind, axes, .. } => {
            let kept = own.shape().reduced(*axes, true);
            let stretch = |node: Node<'g>| node.reshape(kept).broadcast_to(own.shape());
            match kind {
                Reduction::Sum => stretch(dy),
                Reduction::Mean => {
                    let sizes: Vec<Dim> = axes.iter().map(|axis| own.shape().dims()[axis]).collect();
                    stretch(dy / g.count(Shape::new(&sizes).unwrap_or(Shape::SCALAR)))
                }
                Reduction::Max | Reduction::Min => {
                    let mask = own.equal(y.reshape(kept)).cast(DType::Real);
                    let ties = mask.reduce(Reduction::Sum, *axes, true);
                    mask * (dy.reshape(kept) / ties)
                }
            }
        }
        Op::Reshape(_) => dy.reshape(own.shape()),
        Op::Transpose(order) => {
            let mut back = vec![0; order.len()];
            order.iter().enumerate().for_each(|(to, &from)| back[from] = to);
            dy.transpose(&back)
        }
        Op::Broadcast(_) => sum_to(dy, own.shape()),
        Op::Concat { axis } => {
            let size = |node: &Node<'g>| node.shape().dims()[*axis].at(0);
            let start: usize = x[..which].iter().map(size).sum();
            dy.slice(*axis, start, start + size(&own))
        }
        Op::Slice { axis, start, size } => {
            let after = own.shape().dims()[*axis].at(0) - start - size;
            g.define(Op::Pad { axis: *axis, before: *start, after }, &[dy])
        }
        Op::Pad { axis, before, .. } => dy.slice(*axis, *before, before + own.shape().dims()[*axis].at(0)),
        Op::GatherRows if which == 0 => g.define(Op::ScatterRows { rows: own.shape().dims()[0] }, &[dy, x[1]]),
        Op::ScatterRows { .. } if which == 0 => dy.gather_rows(x[1]),
        Op::Softmax => y * (dy - sum_last(dy * y)),
        Op::LogSoftmax => dy - y.exp() * sum_last(dy),
        Op::CrossEntropy if which == 0 => g.define(Op::CrossEntropyGradient, &[own, x[1], dy]),
        Op::CrossEntropy if own.dtype() == DType::Real => -(as_column(dy) * x[0].log_softmax()),
        Op::CrossEntropyGradient if which == 2 || own.dtype() == DType::Real => {
            let (softmax, upstream) = (x[0].softmax(), as_column(x[2]));
            let (targets, total) = match x[1].dtype() {
                DType::Real => (x[1], sum_last(x[1])),
                DType::Integer | DType::Boolean => (x[1].one_hot(x[0].shape().dims()[1].at(0), 1), g.scalar(1.0)),
            };
            match which {
                0 => {
                    let pulled = dy * upstream * total;
                    softmax * (pulled - sum_last(pulled * softmax))
                }
                1 => (sum_last(dy * softmax) - dy) * upstream,
                _ => (dy * (softmax * total - targets)).sum_over(1),
            }
        }
        Op::GatherRows
        | Op::ScatterRows { .. }
        | Op::CrossEntropy
        | Op::CrossEntropyGradient
        | Op::Constant(_)
        | Op::Placeholder { .. }
        | Op::Variable { .. }
        | Op::Draw { .. }
        | Op::Count(_)
        | Op::Compare(_)
        | Op::ArgMax { .. }
        | Op::OneHot { .. }
        | Op::Assign
        | Op::Optimize { .. }
        | Op::Group => return None,
    })
}

fn unary_derivative<'g>(op: Unary, x: Node<'g>, y: Node<'g>, dy: Node<'g>) -> Option<Node<'g>> {
    Some(match op {
        Unary::Neg => -dy,
        Unary::Square => dy * (x * 2.0),
        Unary::Sqrt => dy * 0.5 / y,
        Unary::Exp => dy * y,
        Unary::Log => dy / x,
        Unary::Abs => dy * x.sign(),
        Unary::Sign | Unary::Step => return None,
        Unary::Relu => dy * y.step(),
        Unary::Sigmoid => dy * (y * (1.0 - y)),
        Unary::Tanh => dy * (1.0 - y.square()),
        Unary::Erf => dy * ((-x.square()).exp() * FRAC_2_SQRT_PI),
        Unary::Softplus => dy * x.sigmoid(),
        Unary::Reciprocal => -(dy * y.square()),
    })
}

/// Before the sum over stretched axes.
fn binary_derivative<'g>(op: Binary, which: usize, x: &[Node<'g>], y: Node<'g>, dy: Node<'g>) -> Node<'g> {
    let (a, b) = (x[0], x[1]);
    match (op, which) {
        (Binary::Add, _) | (Binary::Sub, 0) => dy,
        (Binary::Sub, _) => -dy,
        (Binary::Mul, 0) => dy * b,
        (Binary::Mul, _) => dy * a,
        (Binary::Div, 0) => dy / b,
        (Binary::Div, _) => -(dy * y / b),
        (Binary::Pow, 0) => dy * y.graph().select(b.equal(0.0), 0.0, b * a.power(b - 1.0)),
        (Binary::Pow, _) => dy * y * y.graph().select(a.equal(0.0), 1.0, a).log(),
        (Binary::Max, 0) | (Binary::Min, 1) => dy * (((a - b).sign() + 1.0) * 0.5),
        (Binary::Max, _) | (Binary::Min, _) => dy * ((1.0 - (a - b).sign()) * 0.5),
    }
}

/// Undoes broadcasting: sums over the axes along which a tensor of `shape` was stretched.
fn sum_to<'g>(node: Node<'g>, shape: Shape) -> Node<'g> {
    if node.shape() == shape {
        return node;
    }
    let axes = node.shape().stretched_axes(&shape);
    let summed = node.reduce(Reduction::Sum, axes, false);
    if summed.shape() == shape { summed } else { summed.reshape(shape) }
}

fn sum_last(node: Node<'_>) -> Node<'_> {
    node.reduce(Reduction::Sum, node.shape().rank().saturating_sub(1), true)
}

/// `[rows]` as `[rows, 1]`.
fn as_column(node: Node<'_>) -> Node<'_> {
    let rows = node.shape().dims()[0];
    node.reshape((rows, Dim::Fixed(1)))
}
