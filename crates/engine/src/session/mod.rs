//! Sessions: what changes. The variables, the optimizer's state, the buffers of a plan; and runs.

mod bind;
mod error;
mod execute;
mod jobs;
mod narrow;
mod parts;
mod value;

use crate::graph::NodeId;
use crate::kernels::buffer::{Arena, Buffer, Span};
use crate::kernels::cpu::Cpu;
use crate::kernels::gang::Gang;
use crate::kernels::gemm;
use crate::kernels::simd::LANES;
use crate::op::{Literal, Op};
use crate::optim::{Optimizer, OptimizerState, Settings};
use crate::plan::{Compiled, Place, Plan, SlotSize};
use crate::real::Real;
use crate::rng::{Purpose, Stream};
use crate::rows::Rows;
use crate::shape::{Dim, Dims};
use crate::tensor::{DType, Tensor, View};
use bind::Bound;
pub use error::RunError;
pub use jobs::Compute;
use narrow::Workspace;
use parts::BoundGroup;
use std::sync::Arc;
pub use value::{Feed, Value};

/// What a run's randomness comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Seed(pub u64);

/// The optimizer of one update node: its live settings and what it remembers.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LiveOptimizer {
    pub node: usize,
    pub optimizer: Optimizer,
    pub settings: Settings,
    pub state: OptimizerState,
}

/// The variables of a plan, its optimizers' state and its buffers.
///
/// Two sessions share nothing that changes. A run is a function of the variables, the seed, the number of earlier
/// runs that drew random numbers, and what is fed. After the first run with a number of rows, a run with as many
/// rows allocates nothing.
///
/// See [`Graph`](crate::Graph) for an example.
pub struct Session<T: Real> {
    plan: Plan<T>,
    seed: Seed,
    cpu: Cpu,
    memory: Memory<T>,
    /// The jobs for the numbers of rows seen last, the current one first.
    bound: Vec<Bound>,
    /// For each node: whether it is a placeholder that has been fed for this run.
    fed: Vec<bool>,
    optimizers: Vec<LiveOptimizer>,
    draws: u64,
    /// A bit for each fetch whose value is there.
    computed: u64,
}

/// The three arenas and the places of the slots in them.
pub struct Memory<T: Copy + Default> {
    real: Arena<T>,
    integer: Arena<i64>,
    boolean: Arena<bool>,
    starts: Starts,
    packed: Buffer<T>,
    /// Scratch of the parts of a group, one piece each.
    pieces: Buffer<T>,
    workspace: Workspace<T>,
    /// The number of rows that the buffers hold.
    capacity: usize,
}

/// Where each slot of the three arenas begins.
#[derive(Default)]
struct Starts {
    real: Vec<usize>,
    integer: Vec<usize>,
    boolean: Vec<usize>,
}

/// Fewer numbers are copied by one thread.
const WORTH_SPREADING_ROWS: usize = 16_384;

/// How many sets of jobs are kept: full batches, the last batch, and two more for evaluation.
const BOUND_KEPT: usize = 4;

impl<T: Real> Session<T> {
    /// A session with freshly initialized variables, on one thread.
    pub fn new(plan: Plan<T>, seed: Seed) -> Self {
        Self::with_threads(plan, seed, 1)
    }

    /// A session whose large kernels are spread over `threads` threads; the results are the same bits.
    pub fn with_threads(plan: Plan<T>, seed: Seed, threads: usize) -> Self {
        let compiled = Arc::clone(&plan.compiled);
        let gang = if threads > 1 { Gang::new(threads) } else { Gang::alone() };
        let optimizers = compiled.nodes.iter().enumerate().filter(|(index, _)| compiled.needed[*index] != 0);
        let optimizers = optimizers.filter_map(|(node, data)| match &data.op {
            Op::Optimize { minimizer, .. } => Some(LiveOptimizer {
                node,
                optimizer: minimizer.optimizer,
                settings: minimizer.settings,
                state: OptimizerState::default(),
            }),
            _ => None,
        });
        let mut session = Session {
            seed,
            cpu: Cpu { isa: compiled.isa, gang },
            memory: Memory::new(&compiled, 1),
            bound: Vec::with_capacity(BOUND_KEPT),
            fed: vec![false; compiled.nodes.len()],
            optimizers: optimizers.collect(),
            draws: 0,
            computed: 0,
            plan,
        };
        session.initialize(&compiled);
        session
    }

    /// Spreads the kernels over another number of threads from the next run on; the results are the same bits.
    ///
    /// The values of the last run can no longer be asked for.
    pub(crate) fn set_threads(&mut self, threads: usize) {
        if threads.max(1) != self.cpu.gang.threads() {
            self.cpu.gang = Gang::new(threads);
            // Groups of steps are cut for a number of threads.
            self.bound.clear();
            self.computed = 0;
        }
    }

    /// Constants and the first values of the variables.
    fn initialize(&mut self, compiled: &Compiled) {
        // Counted over all variables of the graph, whatever is fetched, and for each role alone: the same weights start
        // the same with and without batch norm or dropout beside them.
        let mut counts = [0; 3];
        for (index, node) in compiled.nodes.iter().enumerate() {
            let place = compiled.place(index);
            match (&node.op, place) {
                (Op::Constant(literal), Some(place)) => self.memory.store(place, literal),
                (Op::Variable { shape, init, role }, place) => {
                    let count = &mut counts[*role as usize];
                    let stream = Stream::new(self.seed.0, Purpose::Weights, *count * 3 + *role as u64);
                    *count += 1;
                    if let Some(place) = place {
                        let dims = shape.at(1);
                        let span = self.memory.span(place, dims.len());
                        init.fill(dims, &stream, self.memory.real.get_mut(span));
                    }
                }
                _ => {}
            }
        }
    }

    /// Runs what `fetch` needs and lends its value until the next run.
    ///
    /// # Errors
    /// A value fed with another type, shape or number of rows; a placeholder not fed; a label out of range; a loss
    /// that is not finite, in which case no variable has changed.
    pub fn run(&mut self, fetch: impl Into<NodeId>, feeds: &[Feed<'_, T>]) -> Result<View<'_, T>, RunError> {
        let fetch = fetch.into();
        self.run_all(&[fetch], feeds)?;
        self.value(fetch)
    }

    /// Runs what all the `fetches` need, in one go; then [`Session::value`] and its like lend the values.
    ///
    /// # Errors
    /// As [`Session::run`].
    pub fn run_all(&mut self, fetches: &[NodeId], feeds: &[Feed<'_, T>]) -> Result<(), RunError> {
        let compiled = Arc::clone(&self.plan.compiled);
        let mut wanted = 0;
        for fetch in fetches {
            wanted |= compiled.fetch_bit(*fetch).ok_or_else(|| RunError::NotFetched { node: self.name(*fetch) })?;
        }
        let mut rows = None;
        for feed in feeds {
            self.check_feed(&compiled, feed, &mut rows)?;
        }
        self.start(rows.unwrap_or(1));
        for feed in feeds {
            self.store_feed(&compiled, feed);
        }
        self.execute(wanted)
    }

    /// Makes room for `rows` rows and forgets what was fed.
    pub(crate) fn start(&mut self, rows: usize) {
        let compiled = &self.plan.compiled;
        if rows > self.memory.capacity {
            self.memory.grow(compiled, rows);
            self.bound.clear();
        }
        match self.bound.iter().position(|bound| bound.rows == rows) {
            Some(position) => self.bound[..=position].rotate_right(1),
            None => {
                self.bound.truncate(BOUND_KEPT - 1);
                let bound = Bound::new(compiled, &self.memory, rows, self.cpu.gang.threads());
                let scratch = bound.groups.iter().map(BoundGroup::scratch).max().unwrap_or(0);
                if scratch > self.memory.pieces.len() {
                    self.memory.pieces = Buffer::new(scratch);
                }
                self.bound.insert(0, bound);
            }
        }
        self.fed.fill(false);
        self.computed = 0;
    }

    fn check_feed(&self, compiled: &Compiled, feed: &Feed<'_, T>, rows: &mut Option<usize>) -> Result<(), RunError> {
        let name = || self.name(feed.node);
        let own = feed.node.graph == compiled.graph && feed.node.at() < compiled.nodes.len();
        let Some((Op::Placeholder { dtype, shape }, true)) = own.then(|| {
            let needed = compiled.needed[feed.node.at()] != 0;
            (&compiled.nodes[feed.node.at()].op, needed)
        }) else {
            return Err(RunError::NotAPlaceholder { node: name() });
        };
        if feed.value.dtype() != *dtype {
            return Err(RunError::ElementType { node: name(), got: feed.value.dtype(), want: *dtype });
        }
        let got = feed.value.dims();
        let fits = |(dim, &size): (&Dim, &usize)| *dim == Dim::Batch || *dim == Dim::Fixed(size);
        if got.rank() != shape.rank() || !shape.dims().iter().zip(got.sizes()).all(fits) {
            return Err(RunError::Shape { node: name(), got, want: *shape });
        }
        for (_, &size) in shape.dims().iter().zip(got.sizes()).filter(|(dim, _)| **dim == Dim::Batch) {
            let want = *rows.get_or_insert(size);
            if size != want {
                return Err(RunError::Rows { node: name(), got: size, want });
            }
        }
        Ok(())
    }

    fn store_feed(&mut self, compiled: &Compiled, feed: &Feed<'_, T>) {
        let Some(place) = compiled.place(feed.node.at()) else { return };
        self.fed[feed.node.at()] = true;
        let span = self.memory.span(place, feed.value.dims().len());
        match feed.value {
            Value::Real(tensor) => self.memory.real.get_mut(span).copy_from_slice(tensor.data()),
            Value::Integer(tensor) => self.memory.integer.get_mut(span).copy_from_slice(tensor.data()),
            Value::Boolean(tensor) => self.memory.boolean.get_mut(span).copy_from_slice(tensor.data()),
        }
    }

    /// The buffer of a real placeholder, to be filled between `start` and `execute`.
    pub(crate) fn stage(&mut self, placeholder: NodeId) -> &mut [T] {
        let (place, dims) = self.staged(placeholder);
        let span = self.memory.span(place, dims.len());
        self.memory.real.get_mut(span)
    }

    /// Copies rows of a data set into a real placeholder; many numbers with all threads.
    pub(crate) fn stage_rows(&mut self, placeholder: NodeId, rows: &Rows, indices: &[u32]) {
        let (place, dims) = self.staged(placeholder);
        let Session { memory, cpu, .. } = self;
        let span = memory.span(place, dims.len());
        let out = memory.real.get_mut(span);
        if out.len() < WORTH_SPREADING_ROWS || cpu.gang.threads() == 1 || rows.columns() == 0 {
            return rows.gather(indices, out);
        }
        let chunk = cpu.gang.chunk_len(indices.len(), 1);
        cpu.gang.for_chunks(out, chunk * rows.columns(), |part, out| rows.gather(&indices[part * chunk..], out));
    }

    /// The buffer of an integer placeholder.
    pub(crate) fn stage_integers(&mut self, placeholder: NodeId) -> &mut [i64] {
        let (place, dims) = self.staged(placeholder);
        let span = self.memory.span(place, dims.len());
        self.memory.integer.get_mut(span)
    }

    fn staged(&mut self, placeholder: NodeId) -> (Place, Dims) {
        self.fed[placeholder.at()] = true;
        let rows = self.rows();
        let compiled = &self.plan.compiled;
        match compiled.place(placeholder.at()) {
            Some(place) => (place, compiled.nodes[placeholder.at()].shape.at(rows)),
            None => unreachable!("only placeholders that the plan's fetches need are staged"),
        }
    }

    /// The number of rows of the current run.
    fn rows(&self) -> usize {
        self.bound.first().map_or(1, |bound| bound.rows)
    }

    /// The real value of a node computed by the last run, or of a variable.
    ///
    /// # Errors
    /// Where the plan was not made for the node, or its elements are not real.
    pub fn value(&self, node: impl Into<NodeId>) -> Result<View<'_, T>, RunError> {
        let (place, dims) = self.located(node.into(), DType::Real)?;
        Ok(View::new(dims, self.memory.real.get(self.memory.span(place, dims.len()))))
    }

    /// The integer value of a node computed by the last run.
    ///
    /// # Errors
    /// Where the plan was not made for the node, or its elements are not integers.
    pub fn integers(&self, node: impl Into<NodeId>) -> Result<View<'_, i64>, RunError> {
        let (place, dims) = self.located(node.into(), DType::Integer)?;
        Ok(View::new(dims, self.memory.integer.get(self.memory.span(place, dims.len()))))
    }

    /// The boolean value of a node computed by the last run.
    ///
    /// # Errors
    /// Where the plan was not made for the node, or its elements are not truth values.
    pub fn booleans(&self, node: impl Into<NodeId>) -> Result<View<'_, bool>, RunError> {
        let (place, dims) = self.located(node.into(), DType::Boolean)?;
        Ok(View::new(dims, self.memory.boolean.get(self.memory.span(place, dims.len()))))
    }

    fn located(&self, id: NodeId, want: DType) -> Result<(Place, Dims), RunError> {
        let compiled = &self.plan.compiled;
        let own = id.graph == compiled.graph && id.at() < compiled.nodes.len();
        let is_variable = own && matches!(compiled.nodes[id.at()].op, Op::Variable { .. });
        let fetch = compiled.fetch_bit(id);
        if !is_variable && fetch.is_some_and(|bit| bit & self.computed == 0) {
            return Err(RunError::NotComputed { node: self.name(id) });
        }
        let kept = is_variable || fetch.is_some();
        match (kept, own.then(|| compiled.place(id.at())).flatten()) {
            (true, Some(place)) if place.dtype == want => Ok((place, compiled.nodes[id.at()].shape.at(self.rows()))),
            (true, Some(place)) => Err(RunError::ElementType { node: self.name(id), got: place.dtype, want }),
            _ => Err(RunError::NotFetched { node: self.name(id) }),
        }
    }

    /// Replaces the value of a variable.
    ///
    /// # Errors
    /// Where the node is not a variable of the plan, or the shape is another.
    pub fn set(&mut self, variable: impl Into<NodeId>, value: &Tensor<T>) -> Result<(), RunError> {
        let id = variable.into();
        let (place, dims) = self.variable_place(id)?;
        if value.dims() != dims {
            return Err(RunError::Shape { node: self.name(id), got: value.dims(), want: dims.into() });
        }
        let span = self.memory.span(place, dims.len());
        self.memory.real.get_mut(span).copy_from_slice(value.data());
        Ok(())
    }

    /// Replaces the value of a variable by numbers in its shape's row-major order.
    pub(crate) fn set_slice(&mut self, variable: NodeId, values: &[T]) -> Result<(), RunError> {
        let (place, dims) = self.variable_place(variable)?;
        if values.len() != dims.len() {
            return Err(RunError::Shape { node: self.name(variable), got: values.len().into(), want: dims.into() });
        }
        let span = self.memory.span(place, dims.len());
        self.memory.real.get_mut(span).copy_from_slice(values);
        Ok(())
    }

    fn variable_place(&self, id: NodeId) -> Result<(Place, Dims), RunError> {
        let compiled = &self.plan.compiled;
        let own = id.graph == compiled.graph && id.at() < compiled.nodes.len();
        match own.then(|| (&compiled.nodes[id.at()].op, compiled.place(id.at()))) {
            Some((Op::Variable { shape, .. }, Some(place))) => Ok((place, shape.at(1))),
            _ => Err(RunError::NotAVariable { node: self.name(id) }),
        }
    }

    /// The live settings of an update node: a change holds from the next update on.
    ///
    /// # Errors
    /// Where the node is not an update of this plan.
    pub fn settings_mut(&mut self, update: impl Into<NodeId>) -> Result<&mut Settings, RunError> {
        self.optimizer_mut(update.into()).map(|live| &mut live.settings)
    }

    pub(crate) fn optimizer_mut(&mut self, id: NodeId) -> Result<&mut LiveOptimizer, RunError> {
        let own = id.graph == self.plan.compiled.graph;
        match self.optimizers.iter().position(|live| own && live.node == id.at()) {
            Some(position) => Ok(&mut self.optimizers[position]),
            None => Err(RunError::NotFetched { node: self.name(id) }),
        }
    }

    /// The state of an update node, for a snapshot: for each variable, each of the rule's slots.
    pub(crate) fn optimizer_slots(&self, id: NodeId) -> Vec<Vec<T>> {
        self.optimizer_spans(id).into_iter().map(|span| self.memory.real.get(span).to_vec()).collect()
    }

    /// Puts back what [`Session::optimizer_slots`] gave; false where it does not fit, and nothing has changed.
    pub(crate) fn set_optimizer_slots(&mut self, id: NodeId, slots: &[Vec<T>]) -> bool {
        let spans = self.optimizer_spans(id);
        if spans.len() != slots.len() || spans.iter().zip(slots).any(|(span, slot)| span.len != slot.len()) {
            return false;
        }
        spans.into_iter().zip(slots).for_each(|(span, slot)| self.memory.real.get_mut(span).copy_from_slice(slot));
        true
    }

    /// Takes over what an update in another session remembers, to go on as it would have; false where the two differ in
    /// rule or size, and then nothing has changed.
    ///
    /// # Errors
    /// Nodes that are no updates of the plans.
    pub fn take_over_update(
        &mut self,
        own: impl Into<NodeId>,
        other: &mut Session<T>,
        theirs: impl Into<NodeId>,
    ) -> Result<bool, RunError> {
        let (own, theirs) = (own.into(), theirs.into());
        let from = *other.optimizer_mut(theirs)?;
        if self.optimizer_mut(own)?.optimizer != from.optimizer
            || !self.set_optimizer_slots(own, &other.optimizer_slots(theirs))
        {
            return Ok(false);
        }
        let live = self.optimizer_mut(own)?;
        (live.settings, live.state) = (from.settings, from.state);
        Ok(true)
    }

    fn optimizer_spans(&self, id: NodeId) -> Vec<Span> {
        let placement = &self.plan.compiled.placement;
        let slots = placement.optimizer_slots.iter().filter(|(node, _)| *node == id.at());
        let slots = slots.flat_map(|(_, variables)| variables.iter().flatten());
        slots.map(|&slot| self.memory.span(Place { dtype: DType::Real, slot }, placement.real[slot].at(1))).collect()
    }

    /// How many runs have drawn random numbers; part of what a run is a function of.
    pub fn draws(&self) -> u64 {
        self.draws
    }

    /// Sets the number of earlier drawing runs: repeats, or skips, randomness.
    pub fn set_draws(&mut self, draws: u64) {
        self.draws = draws;
    }

    /// The plan that the session runs.
    pub fn plan(&self) -> &Plan<T> {
        &self.plan
    }

    fn name(&self, id: NodeId) -> String {
        let compiled = &self.plan.compiled;
        let own = id.graph == compiled.graph;
        match compiled.nodes.get(id.at()) {
            Some(node) if own => node.name.clone(),
            _ => format!("node {id:?} of another graph"),
        }
    }
}

impl<T: Real> Memory<T> {
    fn new(compiled: &Compiled, capacity: usize) -> Self {
        let placement = &compiled.placement;
        let (real, real_len) = lay_out(&placement.real, capacity);
        let (integer, integer_len) = lay_out(&placement.integer, capacity);
        let (boolean, boolean_len) = lay_out(&placement.boolean, capacity);
        let packed = placement.packed.iter().map(|(k, n)| gemm::packed_len(k.at(capacity), n.at(capacity)));
        Memory {
            real: Arena::new(real_len),
            integer: Arena::new(integer_len),
            boolean: Arena::new(boolean_len),
            starts: Starts { real, integer, boolean },
            packed: Buffer::new(packed.max().unwrap_or(0)),
            pieces: Buffer::default(),
            workspace: Workspace::new(compiled, capacity),
            capacity,
        }
    }

    /// The elements of a node, given their number.
    #[inline]
    fn span(&self, place: Place, len: usize) -> Span {
        let starts = match place.dtype {
            DType::Real => &self.starts.real,
            DType::Integer => &self.starts.integer,
            DType::Boolean => &self.starts.boolean,
        };
        Span { start: starts[place.slot], len }
    }

    /// Larger buffers; what does not depend on the number of rows keeps its value.
    fn grow(&mut self, compiled: &Compiled, rows: usize) {
        let mut larger = Memory::new(compiled, rows);
        let placement = &compiled.placement;
        let (old, new) = (&self.starts, &larger.starts);
        keep(&placement.real, &self.real, &old.real, &mut larger.real, &new.real);
        keep(&placement.integer, &self.integer, &old.integer, &mut larger.integer, &new.integer);
        keep(&placement.boolean, &self.boolean, &old.boolean, &mut larger.boolean, &new.boolean);
        *self = larger;
    }

    fn store(&mut self, place: Place, literal: &Literal) {
        match literal {
            Literal::Real(tensor) => {
                let span = self.span(place, tensor.data().len());
                let to = self.real.get_mut(span).iter_mut();
                to.zip(tensor.data()).for_each(|(to, &from)| *to = T::from_f64(from));
            }
            Literal::Integer(tensor) => {
                let span = self.span(place, tensor.data().len());
                self.integer.get_mut(span).copy_from_slice(tensor.data());
            }
            Literal::Boolean(tensor) => {
                let span = self.span(place, tensor.data().len());
                self.boolean.get_mut(span).copy_from_slice(tensor.data());
            }
        }
    }
}

fn keep<E: Copy + Default>(sizes: &[SlotSize], from: &Arena<E>, old: &[usize], to: &mut Arena<E>, new: &[usize]) {
    for (slot, size) in sizes.iter().enumerate().filter(|(_, size)| size.power == 0) {
        let values = from.get(Span { start: old[slot], len: size.fixed });
        to.get_mut(Span { start: new[slot], len: size.fixed }).copy_from_slice(values);
    }
}

/// Slots one after another, each on a cache line of its own, the larger ones at different places of a page, so that equal
/// offsets in several of them do not fall on the same address modulo 4 KiB. Joined slots follow at once; the larger ones of them start on
/// a whole vector, and what is left between stays 0.
fn lay_out(sizes: &[SlotSize], capacity: usize) -> (Vec<usize>, usize) {
    const LINE: usize = 64;
    const PAGE: usize = 1024;
    let mut starts = Vec::with_capacity(sizes.len());
    let (mut end, mut groups) = (0usize, 0);
    for size in sizes {
        let len = size.at(capacity);
        let start = match (size.joined, len < LINE) {
            (true, true) => end,
            (true, false) => end.next_multiple_of(LANES),
            (false, true) => end.next_multiple_of(LINE).saturating_add(LINE),
            (false, false) => {
                groups += 1;
                end.next_multiple_of(PAGE).saturating_add(groups * LINE % PAGE)
            }
        };
        starts.push(start);
        end = start.saturating_add(len);
    }
    end = end.next_multiple_of(LINE);
    (starts, end)
}
