//! Steps that threads do without meeting in between: each thread takes some rows of the batch through all of them.
//!
//! - Steps that compute the rows of a batch from the same rows.
//! - Gradients of weights, which are sums over the rows: each thread adds up its own, and the sums are added in the end.
//!
//! Only steps with few weights are grouped; products with many go by columns as well, or are packed by all threads together.

use super::{Step, Work};
use crate::graph::NodeData;
use crate::op::Op;
use crate::shape::Dim;
use std::ops::Range;

/// A matrix of more numbers is a large one.
const FEW: usize = 16_384;

/// The same steps, so that those which can be grouped follow each other, and the positions of the groups, each of two steps or
/// more. Updates keep their places at the end.
pub(super) fn grouped(nodes: &[NodeData], steps: Vec<Step>) -> (Vec<Step>, Vec<Range<usize>>) {
    let updates = |step: &Step| matches!(nodes[step.node].op, Op::Assign | Op::Optimize { .. });
    let (updates, mut left): (Vec<Step>, Vec<Step>) = steps.into_iter().partition(updates);
    let (mut ordered, mut groups) = (Vec::with_capacity(left.len()), Vec::new());
    while !left.is_empty() {
        let mut free = free(nodes, &left).into_iter();
        ordered.extend(left.extract_if(.., |_| free.next() == Some(true)));
        if left.is_empty() {
            break;
        }
        let start = ordered.len();
        let taken = ready(nodes, &left);
        if taken.iter().filter(|&&taken| taken).count() > 1 {
            let mut taken = taken.into_iter();
            ordered.extend(left.extract_if(.., |_| taken.next() == Some(true)));
            groups.push(start..ordered.len());
        } else {
            ordered.push(left.remove(0));
        }
    }
    ordered.extend(updates);
    (ordered, groups)
}

/// For each step, whether it is for no group and waits for none: what stands in the middle would cut a group in two.
fn free(nodes: &[NodeData], steps: &[Step]) -> Vec<bool> {
    let mut missing = vec![false; nodes.len()];
    let written = |step: &Step| [Some(step.node), step.also].into_iter().flatten();
    let is_free = |step: &Step| {
        let waits = is_by_rows(nodes, step)
            || is_gradient(nodes, step)
            || step.inputs.iter().any(|&input| missing[source(nodes, input)]);
        written(step).for_each(|node| missing[node] = waits);
        !waits
    };
    steps.iter().map(is_free).collect()
}

/// For each step, whether it can be in a group and reads nothing that is there only after the group.
fn ready(nodes: &[NodeData], steps: &[Step]) -> Vec<bool> {
    let mut missing = vec![false; nodes.len()];
    let mut taken = Vec::with_capacity(steps.len());
    for step in steps {
        let (rows, gradient) = (is_by_rows(nodes, step), is_gradient(nodes, step));
        let takes = (rows || gradient) && !step.inputs.iter().any(|&input| missing[source(nodes, input)]);
        if gradient || !takes {
            [Some(step.node), step.also].into_iter().flatten().for_each(|written| missing[written] = true);
        }
        taken.push(takes);
    }
    taken
}

/// The node that holds what another name of it shows.
pub(super) fn source(nodes: &[NodeData], mut index: usize) -> usize {
    while let Op::Reshape(_) = nodes[index].op {
        index = nodes[index].inputs[0].at();
    }
    index
}

pub(super) fn is_batch(nodes: &[NodeData], index: usize) -> bool {
    let shape = &nodes[index].shape;
    shape.dims().first() == Some(&Dim::Batch) && shape.count().1 == 1
}

/// Whether each row of the results follows from the same row of what is read, and from what is the same for all rows.
fn is_by_rows(nodes: &[NodeData], step: &Step) -> bool {
    let batch = |index: usize| is_batch(nodes, index);
    let fits = match step.work {
        Work::Map(_) => true,
        Work::Gemm { transpose_a: false, bias, .. } => {
            let third = step.inputs.get(2).is_none_or(|&third| batch(third) != bias);
            batch(step.inputs[0]) && is_small(nodes, step.inputs[1]) && third
        }
        Work::LossAndGradient { .. } => {
            nodes[step.inputs[0]].shape.rank() == 2 && step.inputs[..2].iter().all(|&input| batch(input))
        }
        _ => false,
    };
    fits && [Some(step.node), step.also].into_iter().flatten().all(batch)
}

/// A small `Aᵀ·B` over the batch, and nothing else.
fn is_gradient(nodes: &[NodeData], step: &Step) -> bool {
    let plain = Work::Gemm { transpose_a: true, transpose_b: false, bias: false, relu: false, gate: false };
    step.work == plain && is_small(nodes, step.node) && step.inputs[..2].iter().all(|&input| is_batch(nodes, input))
}

fn is_small(nodes: &[NodeData], index: usize) -> bool {
    let (count, power) = nodes[index].shape.count();
    power == 0 && count <= FEW
}

#[cfg(test)]
mod tests {
    use crate::graph::Graph;
    use crate::nn::Init;
    use crate::optim::{Adam, Minimizer};
    use crate::plan::Plan;
    use crate::shape::Dim;

    /// For each group of a classifier of two layers, the operations of the nodes that its steps write first.
    fn groups(inputs: usize, units: usize) -> Vec<Vec<String>> {
        let g = Graph::new();
        let x = g.placeholder("x", (Dim::Batch, inputs));
        let t = g.integer_placeholder("t", (Dim::Batch,));
        let (w1, b1) = (g.variable("w1", (inputs, units), Init::He), g.bias("b1", (units,), Init::Zeros));
        let (w2, b2) = (g.variable("w2", (units, 3), Init::He), g.bias("b2", (3,), Init::Zeros));
        let logits = (x.matmul(w1) + b1).relu().matmul(w2) + b2;
        let step = g.minimize(logits.softmax_cross_entropy(t).mean(), Minimizer::from(Adam::new(0.1).unwrap()));
        let compiled = Plan::<f32>::new(&g, &[step]).unwrap().compiled;
        let written = |position: usize| compiled.nodes[compiled.steps[position].node].op.to_string();
        compiled.groups.iter().map(|group| group.clone().map(written).collect()).collect()
    }

    #[test]
    fn forward_loss_and_backward_are_one_group_and_the_mean_and_the_update_are_not() {
        let [steps] = &groups(8, 16)[..] else { panic!("one group") };
        assert_eq!(steps[..], ["relu", "add", "cross_entropy", "matmul(Aᵀ·B)", "mul", "matmul(Aᵀ·B)"]);
    }

    #[test]
    fn a_layer_with_many_weights_stays_alone() {
        let [steps] = &groups(784, 256)[..] else { panic!("one group") };
        assert_eq!(steps[..], ["add", "cross_entropy", "matmul(Aᵀ·B)", "mul"]);
    }
}
