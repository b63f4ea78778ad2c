//! Handles of nodes, and the operations one writes with them.

use super::{Graph, NodeId};
use crate::op::{Binary, Comparison, Draw, Op, Reduction, Rule, Unary};
use crate::session::{Feed, Value};
use crate::shape::{Axes, Dim, Shape};
use crate::tensor::DType;
use std::fmt;
use std::ops::{Add, Div, Mul, Neg, Sub};

/// A handle of a node: small, copied freely, alive as long as its graph.
#[derive(Clone, Copy)]
pub struct Node<'g> {
    pub(super) graph: &'g Graph,
    pub(super) index: u32,
}

/// What can stand where a node is wanted: a node, or a number that becomes a constant.
pub trait IntoNode<'g> {
    /// The node itself, or a new constant of `graph`.
    fn into_node(self, graph: &'g Graph) -> Node<'g>;
}

impl<'g> IntoNode<'g> for Node<'g> {
    fn into_node(self, _: &'g Graph) -> Node<'g> {
        self
    }
}

impl<'g> IntoNode<'g> for f64 {
    fn into_node(self, graph: &'g Graph) -> Node<'g> {
        graph.scalar(self)
    }
}

impl From<Node<'_>> for NodeId {
    fn from(node: Node<'_>) -> Self {
        node.id()
    }
}

impl<'g> Node<'g> {
    /// The node's number, which outlives the borrow of the graph.
    pub fn id(self) -> NodeId {
        NodeId { graph: self.graph.id, index: self.index }
    }

    /// The graph that the node belongs to.
    pub fn graph(self) -> &'g Graph {
        self.graph
    }

    /// The node's name, unique in its graph.
    pub fn name(self) -> String {
        self.graph.data(self, |data| data.name.clone())
    }

    /// The node's shape; that of a poisoned node is a scalar's.
    pub fn shape(self) -> Shape {
        self.graph.data(self, |data| data.shape)
    }

    /// The type of the node's elements.
    pub fn dtype(self) -> DType {
        self.graph.data(self, |data| data.dtype)
    }

    /// True where the node, or one it depends on, breaks a rule.
    pub fn is_broken(self) -> bool {
        self.graph.data(self, |data| data.broken.is_some())
    }

    /// The pair for a run: this placeholder, and what it is fed.
    pub fn feed<'a, T>(self, value: impl Into<Value<'a, T>>) -> Feed<'a, T> {
        Feed { node: self.id(), value: value.into() }
    }

    pub(crate) fn at(self) -> usize {
        self.index as usize
    }

    /// The node's operation and its inputs.
    pub(crate) fn definition(self) -> (Op, Vec<Node<'g>>) {
        let node = |id: &NodeId| Node { graph: self.graph, index: id.index };
        self.graph.data(self, |data| (data.op.clone(), data.inputs.iter().map(node).collect()))
    }

    pub(crate) fn unary(self, op: Unary) -> Node<'g> {
        self.graph.define(Op::Unary(op), &[self])
    }

    pub(crate) fn binary(self, op: Binary, other: impl IntoNode<'g>) -> Node<'g> {
        let other = other.into_node(self.graph);
        self.graph.define(Op::Binary(op), &[self, other])
    }

    fn compare(self, op: Comparison, other: impl IntoNode<'g>) -> Node<'g> {
        let other = other.into_node(self.graph);
        self.graph.define(Op::Compare(op), &[self, other])
    }

    /// `x²`.
    pub fn square(self) -> Node<'g> {
        self.unary(Unary::Square)
    }

    /// `√x`.
    pub fn sqrt(self) -> Node<'g> {
        self.unary(Unary::Sqrt)
    }

    /// `eˣ`.
    pub fn exp(self) -> Node<'g> {
        self.unary(Unary::Exp)
    }

    /// The natural logarithm.
    pub fn log(self) -> Node<'g> {
        self.unary(Unary::Log)
    }

    /// `|x|`; the derivative at 0 is 0.
    pub fn abs(self) -> Node<'g> {
        self.unary(Unary::Abs)
    }

    /// −1, 0 or 1.
    pub fn sign(self) -> Node<'g> {
        self.unary(Unary::Sign)
    }

    /// 1 where `x > 0`, else 0.
    pub fn step(self) -> Node<'g> {
        self.unary(Unary::Step)
    }

    /// The error function.
    pub fn erf(self) -> Node<'g> {
        self.unary(Unary::Erf)
    }

    /// `1/x`.
    pub fn reciprocal(self) -> Node<'g> {
        self.unary(Unary::Reciprocal)
    }

    /// `xʸ`.
    pub fn power(self, exponent: impl IntoNode<'g>) -> Node<'g> {
        self.binary(Binary::Pow, exponent)
    }

    /// The larger of two; where they are equal both share the derivative.
    pub fn maximum(self, other: impl IntoNode<'g>) -> Node<'g> {
        self.binary(Binary::Max, other)
    }

    /// The smaller of two; where they are equal both share the derivative.
    pub fn minimum(self, other: impl IntoNode<'g>) -> Node<'g> {
        self.binary(Binary::Min, other)
    }

    /// Values limited to `[low, high]`; the derivative at and beyond the limits is 1 at the limits, 0 beyond.
    pub fn clip(self, low: f64, high: f64) -> Node<'g> {
        self.graph.define(Op::Clip { low, high }, &[self])
    }

    /// True where equal.
    pub fn equal(self, other: impl IntoNode<'g>) -> Node<'g> {
        self.compare(Comparison::Equal, other)
    }

    /// True where smaller.
    pub fn less(self, other: impl IntoNode<'g>) -> Node<'g> {
        self.compare(Comparison::Less, other)
    }

    /// True where greater.
    pub fn greater(self, other: impl IntoNode<'g>) -> Node<'g> {
        self.compare(Comparison::Greater, other)
    }

    /// The same values as another element type.
    pub fn cast(self, dtype: DType) -> Node<'g> {
        self.graph.define(Op::Cast(dtype), &[self])
    }

    /// `A·B` of matrices `[m, k]` and `[k, n]`.
    pub fn matmul(self, other: Node<'g>) -> Node<'g> {
        self.matmul_transposed(other, false, false)
    }

    /// `A·B`, each transposed first where asked.
    pub fn matmul_transposed(self, other: Node<'g>, transpose_a: bool, transpose_b: bool) -> Node<'g> {
        self.graph.define(Op::MatMul { transpose_a, transpose_b }, &[self, other])
    }

    /// Sum, mean, maximum or minimum over `axes`, which disappear or stay with size 1.
    ///
    /// Sums and means over axes that are not adjacent are taken group by group, the last group first.
    pub fn reduce(self, kind: Reduction, axes: impl Into<Axes>, keep: bool) -> Node<'g> {
        let mut node = self;
        let mut group = Axes::NONE;
        let wanted: Vec<usize> = axes.into().iter().collect();
        let adjacent = wanted.windows(2).all(|pair| pair[0] + 1 == pair[1]);
        let exists = wanted.last().is_none_or(|&last| last < self.shape().rank());
        if matches!(kind, Reduction::Max | Reduction::Min) && !adjacent && exists {
            return self.extreme_over(kind, &wanted, keep);
        }
        for (position, &axis) in wanted.iter().enumerate().rev() {
            group = group.with(axis);
            if position == 0 || wanted[position - 1] + 1 != axis {
                node = node.graph.define(Op::Reduce { kind, axes: group, keep }, &[node]);
                group = Axes::NONE;
            }
        }
        node
    }

    /// The largest or smallest over axes that are not adjacent: in one reduction, so that all ties share equally.
    fn extreme_over(self, kind: Reduction, axes: &[usize], keep: bool) -> Node<'g> {
        let shape = self.shape();
        let kept: Vec<usize> = (0..shape.rank()).filter(|axis| !axes.contains(axis)).collect();
        let last = (kept.len()..shape.rank()).fold(Axes::NONE, Axes::with);
        let reduced = self.transpose(&[&kept, axes].concat()).reduce(kind, last, false);
        let wanted = shape.reduced(axes.iter().fold(Axes::NONE, |set, &axis| set.with(axis)), true);
        if keep { reduced.reshape(wanted) } else { reduced }
    }

    fn all_axes(self) -> Axes {
        Axes::all(self.shape().rank())
    }

    /// The sum of all elements.
    pub fn sum(self) -> Node<'g> {
        self.reduce(Reduction::Sum, self.all_axes(), false)
    }

    /// The mean of all elements.
    pub fn mean(self) -> Node<'g> {
        self.reduce(Reduction::Mean, self.all_axes(), false)
    }

    /// The sum over axes, which disappear.
    pub fn sum_over(self, axes: impl Into<Axes>) -> Node<'g> {
        self.reduce(Reduction::Sum, axes, false)
    }

    /// The mean over axes, which disappear.
    pub fn mean_over(self, axes: impl Into<Axes>) -> Node<'g> {
        self.reduce(Reduction::Mean, axes, false)
    }

    /// The largest over axes, which disappear; several largest ones share the derivative.
    pub fn max_over(self, axes: impl Into<Axes>) -> Node<'g> {
        self.reduce(Reduction::Max, axes, false)
    }

    /// The smallest over axes, which disappear; several smallest ones share the derivative.
    pub fn min_over(self, axes: impl Into<Axes>) -> Node<'g> {
        self.reduce(Reduction::Min, axes, false)
    }

    /// The position of the largest value along `axis`, the first of several.
    pub fn argmax(self, axis: usize) -> Node<'g> {
        self.graph.define(Op::ArgMax { axis }, &[self])
    }

    /// The same numbers in another shape.
    pub fn reshape(self, shape: impl Into<Shape>) -> Node<'g> {
        self.graph.define(Op::Reshape(shape.into()), &[self])
    }

    /// The axes in another order.
    pub fn transpose(self, order: &[usize]) -> Node<'g> {
        self.graph.define(Op::Transpose(order.to_vec()), &[self])
    }

    /// Stretched to a larger shape.
    pub fn broadcast_to(self, shape: impl Into<Shape>) -> Node<'g> {
        let shape = shape.into();
        if self.shape() == shape { self } else { self.graph.define(Op::Broadcast(shape), &[self]) }
    }

    /// The part `start..end` along an axis with a fixed size.
    pub fn slice(self, axis: usize, start: usize, end: usize) -> Node<'g> {
        let op = Op::Slice { axis, start, size: end.saturating_sub(start) };
        if end < start && !self.is_broken() {
            let rule = Rule::Bounds { op: "slice", low: start as f64, high: end as f64 };
            return self.graph.poison(op, rule);
        }
        self.graph.define(op, &[self])
    }

    /// The rows at integer positions; a position outside is an error of the run.
    pub fn gather_rows(self, positions: Node<'g>) -> Node<'g> {
        self.graph.define(Op::GatherRows, &[self, positions])
    }

    /// Integers as rows of zeros with a single one; an integer outside `0..depth` is an error of the run.
    pub fn one_hot(self, depth: usize, axis: usize) -> Node<'g> {
        self.graph.define(Op::OneHot { depth, axis }, &[self])
    }

    /// `max(x, 0)`; the derivative at 0 is 0.
    pub fn relu(self) -> Node<'g> {
        self.unary(Unary::Relu)
    }

    /// `1/(1 + e⁻ˣ)`.
    pub fn sigmoid(self) -> Node<'g> {
        self.unary(Unary::Sigmoid)
    }

    /// The hyperbolic tangent.
    pub fn tanh(self) -> Node<'g> {
        self.unary(Unary::Tanh)
    }

    /// `ln(1 + eˣ)`, stable.
    pub fn softplus(self) -> Node<'g> {
        self.unary(Unary::Softplus)
    }

    /// `eᶻ/Σeᶻ` over the last axis, stable.
    pub fn softmax(self) -> Node<'g> {
        self.graph.define(Op::Softmax, &[self])
    }

    /// `z − ln Σeᶻ` over the last axis, stable.
    pub fn log_softmax(self) -> Node<'g> {
        self.graph.define(Op::LogSoftmax, &[self])
    }

    /// Softmax cross entropy for each row of logits `[rows, classes]`: `ln Σeᶻ − z[label]` of integer labels `[rows]`,
    /// `Σ t·(ln Σeᶻ − z)` of real targets `[rows, classes]`; a target of 0 counts nothing, however unlikely its class.
    pub fn softmax_cross_entropy(self, targets: Node<'g>) -> Node<'g> {
        self.graph.define(Op::CrossEntropy, &[self, targets])
    }

    /// Inverted dropout: each element is 0 with probability `drop_prob`, else divided by `1 − drop_prob`.
    pub fn dropout(self, drop_prob: impl IntoNode<'g>) -> Node<'g> {
        let drop_prob = drop_prob.into_node(self.graph);
        self * self.graph.draw(self.shape(), Draw::DropoutMask, &[drop_prob])
    }

    /// The size of the first dimension.
    pub fn rows(self) -> Option<Dim> {
        self.shape().dims().first().copied()
    }
}

impl fmt::Display for Node<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.graph.print(*self, f)
    }
}

impl fmt::Debug for Node<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl<'g> Neg for Node<'g> {
    type Output = Node<'g>;
    fn neg(self) -> Node<'g> {
        self.unary(Unary::Neg)
    }
}

/// The four operators between nodes, and between a node and a number on either side.
macro_rules! operator {
    ($trait:ident, $method:ident) => {
        impl<'g, R: IntoNode<'g>> $trait<R> for Node<'g> {
            type Output = Node<'g>;
            fn $method(self, other: R) -> Node<'g> {
                self.binary(Binary::$trait, other)
            }
        }

        impl<'g> $trait<Node<'g>> for f64 {
            type Output = Node<'g>;
            fn $method(self, other: Node<'g>) -> Node<'g> {
                other.graph.scalar(self).binary(Binary::$trait, other)
            }
        }
    };
}

operator!(Add, add);
operator!(Sub, sub);
operator!(Mul, mul);
operator!(Div, div);
