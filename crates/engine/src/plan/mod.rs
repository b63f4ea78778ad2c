//! Plans: what to compute, in which order, in which memory; made once, shared by any number of sessions.

mod fuse;
mod group;
mod narrow;
mod pair;
mod place;
mod print;

use crate::graph::{DefineError, Graph, Node, NodeData, NodeId};
use crate::kernels::Isa;
use crate::kernels::map::MapStep;
use crate::op::{Op, Rule};
use crate::real::Real;
pub(crate) use narrow::{Narrow, ONES, Places, Sums};
pub(crate) use pair::number;
pub(crate) use place::{Place, Placement, SlotSize};
use std::marker::PhantomData;
use std::ops::Range;
use std::sync::Arc;

/// The largest number of fetches of one plan: one bit each.
pub const MAX_FETCHES: usize = 64;

/// A graph compiled for a set of fetches: order, fusion, lifetimes of the buffers. Cheap to clone, shared by threads.
///
/// The batch dimension stays open. Whatever a fetch does not need is not run, nor must it be fed.
///
/// - **Fusion:** chains of elementwise operations become one pass; a matrix product takes its bias and ReLU along.
///   Fused and unfused plans give the same bits.
/// - **Order:** that of definition, but for steps that threads do together without meeting in between, and for what waits for none of those; assignments and optimizer updates come last, so that every other node of a run
///   sees the variables as they were before it.
///
/// `Display` prints the steps, [`Plan::to_dot`] draws them.
pub struct Plan<T: Real> {
    pub(crate) compiled: Arc<Compiled>,
    precision: PhantomData<T>,
}

impl<T: Real> Clone for Plan<T> {
    fn clone(&self) -> Self {
        Plan { compiled: Arc::clone(&self.compiled), precision: PhantomData }
    }
}

/// What a plan knows.
#[derive(Debug)]
pub(crate) struct Compiled {
    pub graph: u64,
    pub nodes: Arc<Vec<NodeData>>,
    pub fetches: Vec<NodeId>,
    /// For each node, a bit for each fetch that needs it.
    pub needed: Vec<u64>,
    /// The placeholders, each with a bit for each fetch that needs it.
    pub placeholders: Vec<(usize, u64)>,
    /// A bit for each fetch that draws random numbers.
    pub drawing: u64,
    pub steps: Vec<Step>,
    /// The positions of steps that threads do without meeting in between.
    pub groups: Vec<Range<usize>>,
    /// Those of them that one thread does in columns.
    pub narrow: Vec<Narrow>,
    /// The position of the first step that changes a variable; all later ones do.
    pub first_update: usize,
    pub placement: Placement,
    pub isa: Isa,
}

/// One piece of work: it writes one node, or two.
#[derive(Clone, Debug, PartialEq)]
pub struct Step {
    pub work: Work,
    /// The node that is written.
    pub node: usize,
    /// The second one: column sums of a product's second matrix, the gradient beside a loss.
    pub also: Option<usize>,
    /// The nodes that are read.
    pub inputs: Vec<usize>,
    /// A bit for each fetch that needs it.
    pub needed: u64,
}

/// How a step is done.
#[derive(Clone, Debug, PartialEq)]
pub enum Work {
    /// Elementwise operations in one pass; inputs have the output's shape or one element.
    Map(Vec<MapStep>),
    /// A matrix product; the third input is the bias or the gate, if there is one. The gate stops what ReLU stopped on the
    /// way forward: the product counts where the gate is above 0.
    Gemm { transpose_a: bool, transpose_b: bool, bias: bool, relu: bool, gate: bool },
    /// Cross entropy of labels and its gradient, whose last factor `upstream` is known when the number of rows is.
    LossAndGradient { upstream: usize },
    /// The node's own operation.
    Direct,
}

/// How a plan is made; the defaults are right except in tests and measurements.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PlanOptions {
    /// The instruction set; none changes a bit of any result.
    pub isa: Isa,
    /// Whether operations are fused; changes no bit either.
    pub fuse: bool,
}

impl Default for PlanOptions {
    fn default() -> Self {
        PlanOptions { isa: Isa::detect(), fuse: true }
    }
}

impl<T: Real> Plan<T> {
    /// Compiles `graph` for `fetches`: the nodes whose values, or whose effects, will be asked for.
    ///
    /// # Errors
    /// The first rule broken by a node that the fetches depend on; no fetch, or more than 64.
    pub fn new(graph: &Graph, fetches: &[Node<'_>]) -> Result<Self, DefineError> {
        Self::with_options(graph, fetches, PlanOptions::default())
    }

    /// As [`Plan::new`], with a chosen instruction set or without fusion.
    ///
    /// # Errors
    /// As [`Plan::new`].
    pub fn with_options(graph: &Graph, fetches: &[Node<'_>], options: PlanOptions) -> Result<Self, DefineError> {
        let nodes = graph.checked_nodes(fetches)?;
        if fetches.is_empty() || fetches.len() > MAX_FETCHES {
            let rule = Rule::OutOfRange { name: "fetches", got: fetches.len() as f64, want: "1 to 64" };
            return Err(DefineError { node: "plan".to_string(), rule });
        }
        let ids: Vec<NodeId> = fetches.iter().map(|node| node.id()).collect();
        Ok(Self::compile(ids[0].graph, Arc::new(nodes), ids, options))
    }

    fn compile(graph: u64, nodes: Arc<Vec<NodeData>>, fetches: Vec<NodeId>, options: PlanOptions) -> Self {
        let needed = needed_by(&nodes, &fetches);
        let steps = fuse::steps(&nodes, &fetches, &needed, options.fuse);
        let (steps, groups) = if options.fuse { group::grouped(&nodes, steps) } else { (steps, Vec::new()) };
        let narrow = narrow::narrow(&nodes, &fetches, &steps, &groups);
        let placement = Placement::new(&nodes, &fetches, &needed, &steps, &groups);
        let is_fed = |index: &usize| needed[*index] != 0 && matches!(nodes[*index].op, Op::Placeholder { .. });
        let placeholders = (0..nodes.len()).filter(is_fed).map(|index| (index, needed[index])).collect();
        let draws = (0..nodes.len()).filter(|&index| matches!(nodes[index].op, Op::Draw { .. }));
        let drawing = draws.fold(0, |bits, index| bits | needed[index]);
        let updates = |step: &Step| matches!(nodes[step.node].op, Op::Assign | Op::Optimize { .. });
        let first_update = steps.iter().position(updates).unwrap_or(steps.len());
        let compiled = Compiled {
            graph,
            nodes,
            fetches,
            needed,
            placeholders,
            drawing,
            steps,
            groups,
            narrow,
            first_update,
            placement,
            isa: options.isa,
        };
        Plan { compiled: Arc::new(compiled), precision: PhantomData }
    }

    /// The same plan without fusion: its steps show where a number goes wrong.
    pub(crate) fn unfused(&self) -> Self {
        let Compiled { graph, nodes, fetches, isa, .. } = &*self.compiled;
        Self::compile(*graph, Arc::clone(nodes), fetches.clone(), PlanOptions { isa: *isa, fuse: false })
    }

    /// The number of kernels that a run of everything calls.
    pub fn len(&self) -> usize {
        self.compiled.steps.len()
    }

    /// True where nothing has to be computed.
    pub fn is_empty(&self) -> bool {
        self.compiled.steps.is_empty()
    }
}

impl Compiled {
    /// The bit of a fetch.
    pub fn fetch_bit(&self, id: NodeId) -> Option<u64> {
        self.fetches.iter().position(|fetch| *fetch == id).map(|position| 1 << position)
    }

    pub fn place(&self, node: usize) -> Option<Place> {
        self.placement.places[node]
    }
}

/// For each node, a bit for each fetch that depends on it.
fn needed_by(nodes: &[NodeData], fetches: &[NodeId]) -> Vec<u64> {
    let mut needed = vec![0u64; nodes.len()];
    for (position, fetch) in fetches.iter().enumerate() {
        needed[fetch.at()] |= 1 << position;
    }
    for index in (0..nodes.len()).rev() {
        let bits = needed[index];
        nodes[index].inputs.iter().for_each(|input| needed[input.at()] |= bits);
        if let Op::Optimize { variables, .. } = &nodes[index].op {
            variables.iter().for_each(|variable| needed[variable.at()] |= bits);
        }
    }
    needed
}
