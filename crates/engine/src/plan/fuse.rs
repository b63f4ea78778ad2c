//! From nodes to steps: which operations are done in one pass.

use super::pair::{self, Pairs};
use super::{Step, Work};
use crate::graph::{NodeData, NodeId};
use crate::kernels::map::{MAX_INPUTS, MAX_STEPS, MapStep};
use crate::op::{Binary, Op, Unary};
use crate::shape::Shape;
use crate::tensor::DType;

/// The steps that compute every needed node, in order; updates last.
pub(super) fn steps(nodes: &[NodeData], fetches: &[NodeId], needed: &[u64], fuse: bool) -> Vec<Step> {
    let mut fusion = Fusion::new(nodes, fetches, needed);
    if fuse {
        fusion.take_bias_and_relu_along();
        fusion.take_gate_along();
        fusion.pair();
        fusion.join_elementwise();
    }
    let (updates, others): (Vec<usize>, Vec<usize>) = (0..nodes.len())
        .filter(|&index| needed[index] != 0 && fusion.root[index] == index && is_computed(&nodes[index].op))
        .partition(|&index| matches!(nodes[index].op, Op::Assign | Op::Optimize { .. }));
    let steps = others.into_iter().chain(updates).map(|index| fusion.step(index)).collect();
    pair::without_unread(nodes, fetches, steps)
}

/// False for what is only there, and for what is only another name.
fn is_computed(op: &Op) -> bool {
    !matches!(op, Op::Constant(_) | Op::Placeholder { .. } | Op::Variable { .. } | Op::Reshape(_) | Op::Group)
}

fn is_single(shape: &Shape) -> bool {
    shape.count() == (1, 0)
}

/// Elementwise, with inputs that need no stretching beyond single numbers.
fn is_map(nodes: &[NodeData], index: usize) -> bool {
    let node = &nodes[index];
    let fits = |input: &NodeId| {
        let shape = &nodes[input.at()].shape;
        *shape == node.shape || is_single(shape)
    };
    matches!(node.op, Op::Unary(_) | Op::Binary(_) | Op::Clip { .. })
        && node.dtype == DType::Real
        && node.inputs.iter().all(fits)
}

struct Fusion<'a> {
    nodes: &'a [NodeData],
    needed: &'a [u64],
    fetched: Vec<bool>,
    /// The nodes that read a node.
    readers: Vec<Vec<usize>>,
    /// The node whose step computes this one: itself, or a later one.
    root: Vec<usize>,
    /// For a root: the matrix product and what goes with it.
    gemm: Vec<Option<Product>>,
    pairs: Pairs,
}

/// A matrix product that is done together with what follows it.
#[derive(Clone, Copy)]
struct Product {
    node: usize,
    then: Then,
}

/// What follows.
#[derive(Clone, Copy)]
enum Then {
    Bias { bias: usize, relu: bool },
    Gate(usize),
}

impl<'a> Fusion<'a> {
    fn new(nodes: &'a [NodeData], fetches: &[NodeId], needed: &'a [u64]) -> Self {
        let mut readers = vec![Vec::new(); nodes.len()];
        for (index, node) in nodes.iter().enumerate().filter(|(index, _)| needed[*index] != 0) {
            for input in &node.inputs {
                if !readers[input.at()].contains(&index) {
                    readers[input.at()].push(index);
                }
            }
        }
        let mut fetched = vec![false; nodes.len()];
        fetches.iter().for_each(|fetch| fetched[fetch.at()] = true);
        let root = (0..nodes.len()).collect();
        let (gemm, pairs) = (vec![None; nodes.len()], Pairs::default());
        Fusion { nodes, needed, fetched, readers, root, gemm, pairs }
    }

    /// The only reader of a node that nobody else looks at.
    fn sole_reader(&self, index: usize) -> Option<usize> {
        match self.readers[index][..] {
            [reader] if !self.fetched[index] => Some(reader),
            _ => None,
        }
    }

    /// `matmul + bias`, `relu(matmul + bias)`: the epilogue of the matrix product.
    fn take_bias_and_relu_along(&mut self) {
        for index in 0..self.nodes.len() {
            if self.needed[index] == 0 || !matches!(self.nodes[index].op, Op::MatMul { .. }) {
                continue;
            }
            let Some((add, bias)) = self.sole_reader(index).and_then(|add| Some((add, self.bias_of(add, index)?)))
            else {
                continue;
            };
            // The sum of two products takes one of them along; the other is its bias.
            if self.root[add] != add || self.gemm[add].is_some() {
                continue;
            }
            self.root[index] = add;
            self.gemm[add] = Some(Product { node: index, then: Then::Bias { bias, relu: false } });
            if let Some(relu) = self.sole_reader(add)
                && self.nodes[relu].op == Op::Unary(Unary::Relu)
            {
                self.root[index] = relu;
                self.root[add] = relu;
                self.gemm[relu] = Some(Product { node: index, then: Then::Bias { bias, relu: true } });
            }
        }
    }

    /// The other input of the addition, where it is one row of the product's width.
    fn bias_of(&self, add: usize, product: usize) -> Option<usize> {
        let node = &self.nodes[add];
        if node.op != Op::Binary(Binary::Add) || node.shape != self.nodes[product].shape {
            return None;
        }
        let bias = node.inputs.iter().map(|input| input.at()).find(|&input| input != product)?;
        let width = *node.shape.dims().last()?;
        let row = self.nodes[bias].shape;
        let is_row = row.dims().last() == Some(&width) && row.count() == (width.at(1), 0);
        is_row.then_some(bias)
    }

    /// `matmul · step(x)`, the way back through ReLU: the gate of the matrix product.
    fn take_gate_along(&mut self) {
        for index in 0..self.nodes.len() {
            if self.needed[index] == 0 || !matches!(self.nodes[index].op, Op::MatMul { .. }) {
                continue;
            }
            let Some(product) = self.sole_reader(index) else { continue };
            let Some((step, gate)) = self.gate_of(product, index) else { continue };
            for index in [index, step] {
                self.root[index] = product;
            }
            self.gemm[product] = Some(Product { node: index, then: Then::Gate(gate) });
        }
    }

    /// The other factor, where it is `step(x)` for this alone, and `x`.
    fn gate_of(&self, product: usize, matmul: usize) -> Option<(usize, usize)> {
        let node = &self.nodes[product];
        if node.op != Op::Binary(Binary::Mul) || self.root[product] != product || self.gemm[product].is_some() {
            return None;
        }
        let step = node.inputs.iter().map(|input| input.at()).find(|&input| input != matmul)?;
        let fits = self.nodes[step].op == Op::Unary(Unary::Step) && self.sole_reader(step) == Some(product);
        let same = node.shape == self.nodes[matmul].shape && node.shape == self.nodes[step].shape;
        (fits && same).then(|| (step, self.nodes[step].inputs[0].at()))
    }

    /// Nodes that are computed beside others, from the same operands.
    fn pair(&mut self) {
        self.pairs = Pairs::new(self.nodes, self.needed, &self.readers, |index| {
            self.root[index] == index && self.gemm[index].is_none()
        });
        for (first, second) in self.pairs.iter() {
            self.root[second] = first;
        }
    }

    /// An elementwise node joins its readers where all of them are in one group of its shape.
    fn join_elementwise(&mut self) {
        let mut groups: Vec<Vec<usize>> = vec![Vec::new(); self.nodes.len()];
        for index in (0..self.nodes.len()).rev() {
            if self.needed[index] == 0
                || self.root[index] != index
                || self.gemm[index].is_some()
                || !is_map(self.nodes, index)
            {
                continue;
            }
            groups[index] = vec![index];
            let Some(&first) = self.readers[index].first() else { continue };
            let root = self.root[first];
            let same =
                |&reader: &usize| self.root[reader] == root && self.nodes[reader].shape == self.nodes[index].shape;
            if self.fetched[index] || groups[root].is_empty() || !self.readers[index].iter().all(same) {
                continue;
            }
            let mut joined = groups[root].clone();
            joined.push(index);
            if joined.len() <= MAX_STEPS && self.inputs_of(&joined).len() <= MAX_INPUTS {
                self.root[index] = root;
                groups[root] = joined;
                groups[index].clear();
            }
        }
    }

    /// What a group reads from outside, in a fixed order.
    fn inputs_of(&self, group: &[usize]) -> Vec<usize> {
        let mut inputs = Vec::new();
        for &member in group.iter().rev() {
            for input in &self.nodes[member].inputs {
                if !group.contains(&input.at()) && !inputs.contains(&input.at()) {
                    inputs.push(input.at());
                }
            }
        }
        inputs
    }

    fn step(&self, index: usize) -> Step {
        let node = &self.nodes[index];
        let own = || node.inputs.iter().map(|input| input.at()).collect::<Vec<_>>();
        let (work, inputs) = match (&node.op, self.gemm[index]) {
            (_, Some(Product { node: product, then })) => {
                let product = &self.nodes[product];
                let (Then::Bias { bias: third, .. } | Then::Gate(third)) = then;
                let inputs = product.inputs.iter().map(|input| input.at()).chain([third]).collect();
                (gemm(&product.op, Some(then)), inputs)
            }
            (op @ Op::MatMul { .. }, None) => (gemm(op, None), own()),
            (Op::CrossEntropy, None) if let Some(upstream) = self.pairs.upstream(index) => {
                (Work::LossAndGradient { upstream }, own())
            }
            (_, None) if is_map(self.nodes, index) => {
                let group: Vec<usize> = (0..=index).filter(|&member| self.root[member] == index).rev().collect();
                let inputs = self.inputs_of(&group);
                (Work::Map(self.program(&group, &inputs)), inputs)
            }
            (Op::Optimize { variables, .. }, None) => {
                let variables = variables.iter().map(|variable| variable.at());
                (Work::Direct, own().into_iter().chain(variables).collect())
            }
            (_, None) => (Work::Direct, own()),
        };
        Step { work, node: index, also: self.pairs.second(index), inputs, needed: self.needed[index] }
    }

    /// The group, ascending, as a program: registers are the inputs, then one for each member.
    fn program(&self, group: &[usize], inputs: &[usize]) -> Vec<MapStep> {
        let members: Vec<usize> = group.iter().rev().copied().collect();
        let register = |node: &NodeId| {
            let inside = members.iter().position(|member| *member == node.at()).map(|at| inputs.len() + at);
            inside.or_else(|| inputs.iter().position(|input| *input == node.at())).unwrap_or(0)
        };
        let step = |&member: &usize| {
            let node = &self.nodes[member];
            let of = register(&node.inputs[0]);
            match &node.op {
                Op::Unary(op) => MapStep::Unary(*op, of),
                Op::Binary(op) => MapStep::Binary(*op, of, register(&node.inputs[1])),
                Op::Clip { low, high } => MapStep::Clip { of, low: *low, high: *high },
                other => unreachable!("{other} is not elementwise: `is_map` admits three operations"),
            }
        };
        members.iter().map(step).collect()
    }
}

fn gemm(op: &Op, then: Option<Then>) -> Work {
    let (bias, gate) = (matches!(then, Some(Then::Bias { .. })), matches!(then, Some(Then::Gate(_))));
    let relu = matches!(then, Some(Then::Bias { relu: true, .. }));
    match *op {
        Op::MatMul { transpose_a, transpose_b } => Work::Gemm { transpose_a, transpose_b, bias, relu, gate },
        _ => unreachable!("only a matrix product is planned as one"),
    }
}
