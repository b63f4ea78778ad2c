//! Groups of narrow layers: 64 samples at a time go through all steps in columns, see [`columns`](crate::kernels::columns).
//!
//! What a group computes for the rows of a batch lies in columns of its own. Of that, only what is read outside is copied to
//! the buffers of the session. The gradients of weights come last, several layers in one pass.

use super::group::{is_batch, source};
use super::{Step, Work};
use crate::graph::{NodeData, NodeId};
use crate::kernels::buffer::Span;
use crate::kernels::simd::LANES;
use crate::tensor::DType;
use std::ops::Range;

/// The most units that a step reads.
const MOST_READ: usize = 64;
/// The most units that a step writes.
const MOST_WRITTEN: usize = 16;
/// More columns would not stay in the first two caches.
const MOST_COLUMNS: usize = 1024;
/// The column of ones: a bias is the weight of a unit that is always 1.
pub(crate) const ONES: usize = 0;

/// A group of steps in columns.
#[derive(Debug)]
pub(crate) struct Narrow {
    /// The positions of its steps.
    pub steps: Range<usize>,
    /// The columns of each step that goes by rows.
    pub places: Vec<Places>,
    /// What comes from rows.
    pub inputs: Vec<Turned>,
    /// What is read outside.
    pub outputs: Vec<Turned>,
    /// The gradients' sums over the samples.
    pub sums: Vec<Sums>,
    /// Where those go.
    pub blocks: Vec<Block>,
    /// All columns.
    pub columns: usize,
}

/// The columns that a step reads and writes; none for what has no rows.
#[derive(Debug)]
pub(crate) struct Places {
    /// The number of the step in its group.
    pub step: usize,
    pub inputs: Vec<Span>,
    pub out: Span,
    pub also: Span,
}

/// A node in rows and in columns.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Turned {
    pub node: usize,
    pub columns: Span,
    /// A bit for each fetch for which it is copied.
    pub needed: u64,
}

/// Columns in lanes times other columns, each of which gives a vector of sums.
#[derive(Debug, Default)]
pub(crate) struct Sums {
    pub lanes: Vec<usize>,
    pub factors: Vec<usize>,
    pub needed: u64,
}

/// A part of a gradient among the sums.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Block {
    /// The number of the step in its group.
    pub step: usize,
    /// The lanes.
    pub lanes: Span,
    /// The vectors, among those of all sums.
    pub vectors: Span,
    /// Whether the lanes hold the columns of the gradient, otherwise its rows.
    pub across: bool,
    /// The column or row in the first lane.
    pub first: usize,
}

impl Narrow {
    /// The vectors of all sums.
    pub fn vectors(&self) -> usize {
        self.sums.iter().map(|sums| sums.factors.len()).sum()
    }
}

/// The groups whose layers are narrow.
pub(super) fn narrow(nodes: &[NodeData], fetches: &[NodeId], steps: &[Step], groups: &[Range<usize>]) -> Vec<Narrow> {
    groups.iter().filter_map(|group| in_columns(nodes, fetches, steps, group.clone())).collect()
}

fn width(nodes: &[NodeData], index: usize) -> usize {
    nodes[index].shape.count().0
}

fn is_gradient(step: &Step) -> bool {
    matches!(step.work, Work::Gemm { transpose_a: true, .. })
}

fn in_columns(nodes: &[NodeData], fetches: &[NodeId], steps: &[Step], group: Range<usize>) -> Option<Narrow> {
    let own = &steps[group.clone()];
    let in_rows = |index: usize| is_batch(nodes, index) && nodes[index].dtype == DType::Real;
    let written = |step: &Step| {
        if is_gradient(step) { Vec::new() } else { [Some(step.node), step.also].into_iter().flatten().collect() }
    };
    let fits = |step: &Step| {
        step.inputs.iter().all(|&input| !in_rows(input) || (1..=MOST_READ).contains(&width(nodes, input)))
            && written(step).iter().all(|&index| (1..=MOST_WRITTEN).contains(&width(nodes, index)))
    };
    let products = own.iter().filter(|step| matches!(step.work, Work::Gemm { .. })).count();
    if products < 2 || !own.iter().all(fits) {
        return None;
    }
    let mut first = vec![None; nodes.len()];
    let mut columns = ONES + 1;
    let mut place = |index: usize| {
        let at = *first[index].get_or_insert(columns);
        columns = columns.max(at + width(nodes, index));
        Span { start: at, len: width(nodes, index) }
    };
    let results: Vec<usize> = own.iter().flat_map(written).collect();
    let mut inputs: Vec<Turned> = Vec::new();
    for step in own {
        for node in step.inputs.iter().filter(|&&input| in_rows(input)).map(|&input| source(nodes, input)) {
            match inputs.iter_mut().find(|turned| turned.node == node) {
                Some(turned) => turned.needed |= step.needed,
                None if results.contains(&node) => {}
                None => inputs.push(Turned { node, columns: place(node), needed: step.needed }),
            }
        }
    }
    let places = own.iter().enumerate().map(|(number, step)| {
        let inputs =
            step.inputs.iter().map(|&input| if in_rows(input) { place(source(nodes, input)) } else { Span::default() });
        let inputs = inputs.collect();
        let mut written = written(step).into_iter().map(&mut place);
        let (out, also) = (written.next().unwrap_or_default(), written.next().unwrap_or_default());
        Places { step: number, inputs, out, also }
    });
    let (gradients, places): (Vec<Places>, Vec<Places>) = places.partition(|places| is_gradient(&own[places.step]));
    let outside = |node: usize| {
        let fetched = fetches.iter().enumerate().filter(|(_, fetch)| source(nodes, fetch.at()) == node);
        let others = steps.iter().enumerate().filter(|(position, _)| !group.contains(position)).map(|(_, step)| step);
        let reads = |step: &&Step| step.inputs.iter().any(|&input| source(nodes, input) == node);
        fetched.fold(0, |bits, (bit, _)| bits | 1 << bit)
            | others.filter(reads).fold(0, |bits, step| bits | step.needed)
    };
    let outputs = results.iter().map(|&node| Turned { node, columns: place(node), needed: outside(node) });
    let outputs = outputs.filter(|turned| turned.needed != 0).collect();
    let (sums, blocks) = sums(own, &gradients);
    (columns <= MOST_COLUMNS).then_some(Narrow { steps: group, places, inputs, outputs, sums, blocks, columns })
}

/// The gradients of a group as outer products: whatever fits into the lanes beside what is there already shares them.
fn sums(steps: &[Step], gradients: &[Places]) -> (Vec<Sums>, Vec<Block>) {
    let (mut all, mut found): (Vec<Sums>, Vec<(usize, Block)>) = (Vec::new(), Vec::new());
    for places in gradients {
        let step = &steps[places.step];
        let columns = |span: Span| span.start..span.end();
        let rows: Vec<usize> = columns(places.inputs[0]).chain(step.also.map(|_| ONES)).collect();
        let across: Vec<usize> = columns(places.inputs[1]).collect();
        let is_across = across.len().div_ceil(LANES) * rows.len() <= rows.len().div_ceil(LANES) * across.len();
        let (lanes, factors) = if is_across { (across, rows) } else { (rows, across) };
        for (part, lanes) in lanes.chunks(LANES).enumerate() {
            let which = all.iter().position(|sums| sums.lanes.len() + lanes.len() <= LANES).unwrap_or(all.len());
            if which == all.len() {
                all.push(Sums::default());
            }
            let sums = &mut all[which];
            let block = Block {
                step: places.step,
                lanes: Span { start: sums.lanes.len(), len: lanes.len() },
                vectors: Span { start: sums.factors.len(), len: factors.len() },
                across: is_across,
                first: part * LANES,
            };
            found.push((which, block));
            sums.lanes.extend(lanes);
            sums.factors.extend(&factors);
            sums.needed |= step.needed;
        }
    }
    let before = |which: usize| all[..which].iter().map(|sums| sums.factors.len()).sum::<usize>();
    let moved = |(which, block): (usize, Block)| {
        let vectors = Span { start: before(which) + block.vectors.start, ..block.vectors };
        Block { vectors, ..block }
    };
    let blocks = found.into_iter().map(moved).collect();
    (all, blocks)
}

#[cfg(test)]
mod tests {
    use super::Narrow;
    use crate::graph::Graph;
    use crate::nn::Init;
    use crate::optim::{Adam, Minimizer};
    use crate::plan::{Compiled, Plan};
    use crate::shape::Dim;
    use std::sync::Arc;

    /// A classifier with ReLUs, to be trained.
    fn classifier(widths: &[usize]) -> Arc<Compiled> {
        let g = Graph::new();
        let x = g.placeholder("x", (Dim::Batch, widths[0]));
        let t = g.integer_placeholder("t", (Dim::Batch,));
        let mut z = x;
        for (layer, pair) in widths.windows(2).enumerate() {
            let (w, b) = (g.variable("w", (pair[0], pair[1]), Init::He), g.bias("b", (pair[1],), Init::Zeros));
            z = if layer > 0 { z.relu() } else { z }.matmul(w) + b;
        }
        let step = g.minimize(z.softmax_cross_entropy(t).mean(), Minimizer::from(Adam::new(0.1).unwrap()));
        Plan::<f32>::new(&g, &[step, z]).unwrap().compiled
    }

    #[test]
    fn the_gradients_of_a_tiny_network_share_one_vector_of_lanes() {
        let compiled = classifier(&[2, 5, 2, 2]);
        let [Narrow { sums, inputs, outputs, .. }] = &compiled.narrow[..] else { panic!("one group") };
        let [sums] = &sums[..] else { panic!("one vector") };
        // Five units of the first layer, six and three with the ones before the later two, times 3, 2 and 2.
        assert_eq!((sums.lanes.len(), sums.factors.len()), (14, 7));
        assert_eq!(inputs.len(), 1);
        // The losses for their mean, and the logits, where they are asked for.
        assert_eq!(
            outputs.iter().map(|turned| (turned.columns.len, turned.needed)).collect::<Vec<_>>(),
            [(2, 2), (1, 1)]
        );
    }

    #[test]
    fn a_wide_gradient_fills_vectors_of_its_own() {
        let compiled = classifier(&[40, 16, 3]);
        let [narrow] = &compiled.narrow[..] else { panic!("one group") };
        let sizes = narrow.sums.iter().map(|sums| (sums.lanes.len(), sums.factors.len()));
        assert_eq!(sizes.collect::<Vec<_>>(), [(16, 3), (1, 3), (16, 41)]);
    }

    #[test]
    fn wide_layers_stay_in_rows() {
        assert!(classifier(&[8, 17, 3]).narrow.is_empty());
        assert!(classifier(&[65, 16, 3]).narrow.is_empty());
    }
}
