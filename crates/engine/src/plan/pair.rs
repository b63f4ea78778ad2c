//! Nodes that are computed beside another one, from the same operands, in one pass over them.
//!
//! - The column sums of `B`, which are the gradient of a bias, beside `Aᵀ·B`, the gradient of its weights.
//! - The gradient of a cross entropy beside the loss, where its last factor depends on the number of rows alone.

use super::Step;
use crate::graph::{NodeData, NodeId};
use crate::op::{Binary, Literal, Op, Reduction};
use crate::real::Real;
use crate::shape::Axes;
use crate::tensor::DType;

/// Which node takes which other one along.
#[derive(Default)]
pub(super) struct Pairs {
    /// The node whose step computes both, the other one, and the last factor of a gradient.
    found: Vec<(usize, usize, Option<usize>)>,
}

impl Pairs {
    /// The pairs among the needed nodes whose steps are free to take another along.
    pub fn new(nodes: &[NodeData], needed: &[u64], readers: &[Vec<usize>], free: impl Fn(usize) -> bool) -> Self {
        let mut pairs = Pairs::default();
        for second in (0..nodes.len()).filter(|&index| needed[index] != 0 && free(index)) {
            let found = match &nodes[second].op {
                Op::Reduce { kind: Reduction::Sum, axes, .. } if *axes == Axes::from(0) => {
                    let first = product_beside(nodes, readers, second);
                    first.filter(|&first| needed[first] == needed[second]).map(|first| (first, None))
                }
                Op::CrossEntropyGradient => {
                    let [logits, labels, upstream] = nodes[second].inputs[..] else { continue };
                    let beside = |&&reader: &&usize| {
                        let own =
                            nodes[reader].inputs == [logits, labels] && nodes[labels.at()].dtype == DType::Integer;
                        own && nodes[reader].op == Op::CrossEntropy && needed[second] & !needed[reader] == 0
                    };
                    let known = number::<f64>(nodes, upstream.at(), 1).is_some();
                    let first = readers[logits.at()].iter().find(beside).filter(|_| known);
                    first.map(|&first| (first, Some(upstream.at())))
                }
                _ => None,
            };
            if let Some((first, upstream)) = found
                && free(first)
                && pairs.second(first).is_none()
            {
                pairs.found.push((first, second, upstream));
            }
        }
        pairs
    }

    /// The pairs: the node whose step computes both, and the other.
    pub fn iter(&self) -> impl Iterator<Item = (usize, usize)> {
        self.found.iter().map(|&(first, second, _)| (first, second))
    }

    /// The node that `first` takes along.
    pub fn second(&self, first: usize) -> Option<usize> {
        self.found.iter().find(|pair| pair.0 == first).map(|pair| pair.1)
    }

    /// The last factor of the gradient that the loss `first` takes along.
    pub fn upstream(&self, first: usize) -> Option<usize> {
        self.found.iter().find(|pair| pair.0 == first).and_then(|pair| pair.2)
    }
}

/// The product `Aᵀ·B` whose `B` is what `sum` adds up, done before anybody reads the sum.
fn product_beside(nodes: &[NodeData], readers: &[Vec<usize>], sum: usize) -> Option<usize> {
    let summed = nodes[sum].inputs[0];
    // The sum of a single column has another order.
    let several = nodes[sum].shape.count().1 == 0 && nodes[sum].shape.count().0 > 1;
    let is_product = |&&reader: &&usize| {
        nodes[reader].op == Op::MatMul { transpose_a: true, transpose_b: false }
            && nodes[reader].inputs[1] == summed
            && readers[sum].iter().all(|&later| later > reader)
    };
    readers[summed.at()].iter().find(is_product).copied().filter(|_| several && nodes[summed.at()].shape.rank() == 2)
}

/// The number that every element of a node is, where it follows from the number of rows.
pub(crate) fn number<T: Real>(nodes: &[NodeData], index: usize, rows: usize) -> Option<T> {
    let node = &nodes[index];
    let of = |which: usize| number::<T>(nodes, node.inputs[which].at(), rows);
    match &node.op {
        Op::Constant(Literal::Real(tensor)) => match tensor.data() {
            [single] => Some(T::from_f64(*single)),
            _ => None,
        },
        Op::Count(shape) => Some(T::from_f64(shape.at(rows).len() as f64)),
        Op::Reshape(_) | Op::Broadcast(_) => of(0),
        Op::Binary(Binary::Mul) => Some(of(0)? * of(1)?),
        Op::Binary(Binary::Div) => Some(of(0)? / of(1)?),
        _ => None,
    }
}

/// The steps without those whose results nobody reads any more.
pub(super) fn without_unread(nodes: &[NodeData], fetches: &[NodeId], steps: Vec<Step>) -> Vec<Step> {
    let source = |mut index: usize| {
        while let Op::Reshape(_) = nodes[index].op {
            index = nodes[index].inputs[0].at();
        }
        index
    };
    let mut read = vec![false; nodes.len()];
    fetches.iter().for_each(|fetch| read[source(fetch.at())] = true);
    for node in nodes.iter().filter(|node| node.op == Op::Group) {
        node.inputs.iter().for_each(|input| read[source(input.at())] = true);
    }
    let mut kept: Vec<Step> = Vec::with_capacity(steps.len());
    for step in steps.into_iter().rev() {
        let updates = matches!(nodes[step.node].op, Op::Assign | Op::Optimize { .. });
        if updates || read[step.node] || step.also.is_some_and(|also| read[also]) {
            step.inputs.iter().for_each(|&input| read[source(input)] = true);
            kept.push(step);
        }
    }
    kept.reverse();
    kept
}
