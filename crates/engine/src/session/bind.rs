//! A plan's steps, made ready for a number of rows: every size and place known.

use super::Memory;
use super::narrow::{Moves, moves};
use super::parts::{BoundGroup, groups};
use crate::graph::NodeData;
use crate::kernels::buffer::Span;
use crate::kernels::map::MAX_INPUTS;
use crate::kernels::simd::LANES;
use crate::op::{Binary, Comparison, Draw, Op, Reduction};
use crate::plan::{Compiled, Step, Work, number};
use crate::real::Real;
use crate::shape::{Axes, Dims, MAX_RANK};
use crate::tensor::DType;
use std::ops::Range;

/// The jobs of a plan for one number of rows, in the order of its steps.
pub struct Bound {
    pub rows: usize,
    pub jobs: Vec<Job>,
    /// Those that several threads do part by part instead.
    pub groups: Vec<BoundGroup>,
    /// For each group that goes in columns, where its gradients go.
    pub moves: Vec<Vec<Moves>>,
}

/// Sizes and strides of four axes.
pub type Four = [usize; MAX_RANK];

/// One kernel call.
#[derive(Debug)]
pub enum Job {
    /// The step's program over slices and single numbers.
    Map {
        inputs: [MapInput; MAX_INPUTS],
        count: usize,
        out: Span,
    },
    Gemm {
        a: Span,
        /// From one row of `a`, as it lies there, to the next.
        stride_a: usize,
        b: Span,
        bias: Option<Span>,
        gate: Option<Span>,
        c: Span,
        /// Where the column sums of `b` go.
        sums: Option<Span>,
        m: usize,
        k: usize,
        n: usize,
    },
    Binary {
        op: Binary,
        a: Span,
        a_strides: Four,
        b: Span,
        b_strides: Four,
        out: Span,
        dims: Four,
    },
    Compare {
        op: Comparison,
        dtype: DType,
        a: Span,
        a_strides: Four,
        b: Span,
        b_strides: Four,
        out: Span,
        dims: Four,
    },
    Select {
        dtype: DType,
        inputs: [(Span, Four); 3],
        out: Span,
        dims: Four,
    },
    Cast {
        from: DType,
        to: DType,
        input: Span,
        out: Span,
    },
    Reduce {
        kind: Reduction,
        input: Span,
        folded: Folded,
        out: Span,
    },
    ArgMax {
        input: Span,
        folded: Folded,
        out: Span,
    },
    Transpose {
        dtype: DType,
        input: Span,
        dims: Four,
        order: Four,
        out: Span,
    },
    Stretch {
        dtype: DType,
        input: Span,
        strides: Four,
        out: Span,
        dims: Four,
    },
    /// Input `i` fills `inner[i]` consecutive elements of each of the `outer` rows of `width` elements.
    Concat {
        dtype: DType,
        inputs: Vec<(Span, usize)>,
        out: Span,
        outer: usize,
        width: usize,
    },
    /// Of each of the `outer` rows of `width` elements, `size` from `start`.
    Slice {
        dtype: DType,
        input: Span,
        out: Span,
        outer: usize,
        width: usize,
        start: usize,
        size: usize,
    },
    /// The reverse: rows of `size` elements placed at `start` into zeros of `width`.
    Pad {
        input: Span,
        out: Span,
        outer: usize,
        width: usize,
        start: usize,
        size: usize,
    },
    Gather {
        dtype: DType,
        input: Span,
        positions: Span,
        rows: usize,
        width: usize,
        out: Span,
    },
    Scatter {
        input: Span,
        positions: Span,
        rows: usize,
        width: usize,
        out: Span,
    },
    OneHot {
        input: Span,
        outer: usize,
        depth: usize,
        inner: usize,
        out: Span,
    },
    Softmax {
        input: Span,
        rows: usize,
        classes: usize,
        out: Span,
    },
    LogSoftmax {
        input: Span,
        rows: usize,
        classes: usize,
        out: Span,
    },
    CrossEntropy {
        logits: Span,
        labels: Span,
        rows: usize,
        classes: usize,
        out: Span,
    },
    DenseCrossEntropy {
        logits: Span,
        targets: Span,
        rows: usize,
        classes: usize,
        out: Span,
    },
    DenseCrossEntropyGradient {
        logits: Span,
        targets: Span,
        upstream: Span,
        rows: usize,
        classes: usize,
        out: Span,
    },
    /// `out` and `gradient` in one pass; every row's factor is the number `upstream`.
    LossAndGradient {
        logits: Span,
        labels: Span,
        upstream: f64,
        rows: usize,
        classes: usize,
        out: Span,
        gradient: Span,
    },
    CrossEntropyGradient {
        logits: Span,
        labels: Span,
        upstream: Span,
        rows: usize,
        classes: usize,
        out: Span,
    },
    Draw {
        distribution: Draw,
        drop_prob: Option<Span>,
        stream: u64,
        out: Span,
    },
    Count {
        value: f64,
        out: Span,
    },
    Assign {
        value: Span,
        variable: Span,
    },
    Optimize {
        loss: Span,
        /// For each variable.
        updates: Vec<Update>,
        /// The same, with neighbors taken together.
        joined: Vec<Update>,
        /// The same where nothing decays, so that weights and biases go together.
        alike: Vec<Update>,
    },
}

/// An input of an elementwise program.
#[derive(Clone, Copy, Debug)]
pub struct MapInput {
    pub span: Span,
    pub single: bool,
}

/// A tensor seen as `[outer, reduced, inner]`.
#[derive(Clone, Copy, Debug)]
pub struct Folded {
    pub outer: usize,
    pub reduced: usize,
    pub inner: usize,
}

/// The update of one variable, or of several that lie together.
#[derive(Clone, Debug)]
pub struct Update {
    pub variable: Span,
    pub gradient: Span,
    pub slots: [Span; 2],
    pub decayed: bool,
}

const NOTHING: Span = Span { start: 0, len: 0 };

impl Bound {
    pub fn new<T: Real>(plan: &Compiled, memory: &Memory<T>, rows: usize, threads: usize) -> Self {
        let binder = Binder { plan, memory, rows, window: 0..rows };
        let jobs: Vec<Job> = plan.steps.iter().map(|step| binder.job(step)).collect();
        let moves = plan.narrow.iter().map(|narrow| moves(plan, narrow, &jobs)).collect();
        Bound { rows, groups: groups(&binder, &jobs, threads), moves, jobs }
    }
}

pub(super) struct Binder<'a, T: Real> {
    pub plan: &'a Compiled,
    pub memory: &'a Memory<T>,
    pub rows: usize,
    /// The rows that jobs are made for: all of them, or those of a part.
    pub window: Range<usize>,
}

impl<T: Real> Binder<'_, T> {
    fn node(&self, index: usize) -> &NodeData {
        &self.plan.nodes[index]
    }

    fn dims(&self, index: usize) -> Dims {
        self.node(index).shape.at(self.window.len())
    }

    fn span(&self, index: usize) -> Span {
        let (row, power) = self.node(index).shape.count();
        let before = if power == 0 { 0 } else { self.window.start * row };
        match self.plan.place(index) {
            Some(place) => {
                let span = self.memory.span(place, self.dims(index).len());
                Span { start: span.start + before, ..span }
            }
            None => unreachable!("every needed node has a place"),
        }
    }

    pub fn job(&self, step: &Step) -> Job {
        let out = self.span(step.node);
        match &step.work {
            Work::Map(_) => {
                let mut inputs = [MapInput { span: NOTHING, single: false }; MAX_INPUTS];
                for (slot, &input) in inputs.iter_mut().zip(&step.inputs) {
                    let single = self.node(input).shape.count() == (1, 0);
                    *slot = MapInput { span: self.span(input), single };
                }
                Job::Map { inputs, count: step.inputs.len(), out }
            }
            Work::Gemm { transpose_a, bias, gate, .. } => {
                let (a, c) = (self.dims(step.inputs[0]), self.dims(step.node));
                Job::Gemm {
                    a: self.span(step.inputs[0]),
                    stride_a: a.sizes()[1],
                    b: self.span(step.inputs[1]),
                    bias: bias.then(|| self.span(step.inputs[2])),
                    gate: gate.then(|| self.span(step.inputs[2])),
                    c: out,
                    sums: step.also.map(|sums| self.span(sums)),
                    m: c.sizes()[0],
                    k: a.sizes()[usize::from(!transpose_a)],
                    n: c.sizes()[1],
                }
            }
            Work::LossAndGradient { upstream } => self.loss_and_gradient(step, *upstream, out),
            Work::Direct => self.direct(step, out),
        }
    }

    fn direct(&self, step: &Step, out: Span) -> Job {
        let node = self.node(step.node);
        let (input, dims) = (|which: usize| self.span(step.inputs[which]), self.dims(step.node));
        let strides = |which: usize| self.dims(step.inputs[which]).stretched_strides();
        let dtype = node.dtype;
        match &node.op {
            Op::Binary(op) => Job::Binary {
                op: *op,
                a: input(0),
                a_strides: strides(0),
                b: input(1),
                b_strides: strides(1),
                out,
                dims: dims.padded(),
            },
            Op::Compare(op) => Job::Compare {
                op: *op,
                dtype: self.node(step.inputs[0]).dtype,
                a: input(0),
                a_strides: strides(0),
                b: input(1),
                b_strides: strides(1),
                out,
                dims: dims.padded(),
            },
            Op::Where => {
                let inputs = [0, 1, 2].map(|which| (input(which), strides(which)));
                Job::Select { dtype, inputs, out, dims: dims.padded() }
            }
            Op::Cast(to) => Job::Cast { from: self.node(step.inputs[0]).dtype, to: *to, input: input(0), out },
            Op::Reduce { kind, axes, .. } => {
                Job::Reduce { kind: *kind, input: input(0), folded: folded(self.dims(step.inputs[0]), *axes), out }
            }
            Op::ArgMax { axis } => {
                let axes = Axes::from(*axis);
                Job::ArgMax { input: input(0), folded: folded(self.dims(step.inputs[0]), axes), out }
            }
            Op::Transpose(order) => self.transpose(step, order, out),
            Op::Broadcast(_) => Job::Stretch { dtype, input: input(0), strides: strides(0), out, dims: dims.padded() },
            Op::Concat { axis } => {
                let inner = |&index: &usize| (self.span(index), folded_at(self.dims(index), *axis));
                let inputs = step.inputs.iter().map(inner).map(|(span, f)| (span, f.reduced * f.inner)).collect();
                let whole = folded_at(dims, *axis);
                Job::Concat { dtype, inputs, out, outer: whole.outer, width: whole.reduced * whole.inner }
            }
            Op::Slice { axis, start, size } => {
                let whole = folded_at(self.dims(step.inputs[0]), *axis);
                let (width, start, size) = (whole.reduced * whole.inner, start * whole.inner, size * whole.inner);
                Job::Slice { dtype, input: input(0), out, outer: whole.outer, width, start, size }
            }
            Op::Pad { axis, before, .. } => {
                let (whole, part) = (folded_at(dims, *axis), folded_at(self.dims(step.inputs[0]), *axis));
                let (width, start, size) =
                    (whole.reduced * whole.inner, before * whole.inner, part.reduced * part.inner);
                Job::Pad { input: input(0), out, outer: whole.outer, width, start, size }
            }
            Op::GatherRows => {
                let table = folded_at(self.dims(step.inputs[0]), 0);
                Job::Gather {
                    dtype,
                    input: input(0),
                    positions: input(1),
                    rows: table.reduced,
                    width: table.inner,
                    out,
                }
            }
            Op::ScatterRows { rows } => {
                let width = folded_at(self.dims(step.inputs[0]), 0).inner;
                Job::Scatter { input: input(0), positions: input(1), rows: rows.at(self.rows), width, out }
            }
            Op::OneHot { depth, axis } => {
                let whole = folded_at(dims, *axis);
                Job::OneHot { input: input(0), outer: whole.outer, depth: *depth, inner: whole.inner, out }
            }
            Op::Softmax | Op::LogSoftmax | Op::CrossEntropy | Op::CrossEntropyGradient => self.softmax(step, out),
            Op::Draw { distribution, stream, .. } => {
                let drop_prob = (!step.inputs.is_empty()).then(|| input(0));
                Job::Draw { distribution: *distribution, drop_prob, stream: *stream, out }
            }
            Op::Count(shape) => Job::Count { value: shape.at(self.rows).len() as f64, out },
            Op::Assign => Job::Assign { value: input(1), variable: input(0) },
            Op::Optimize { variables, .. } => self.optimize(step, variables.len()),
            Op::Constant(_)
            | Op::Placeholder { .. }
            | Op::Variable { .. }
            | Op::Unary(_)
            | Op::Clip { .. }
            | Op::MatMul { .. }
            | Op::Reshape(_)
            | Op::Group => unreachable!("{} is no direct step: see plan::fuse", node.op),
        }
    }

    fn transpose(&self, step: &Step, order: &[usize], out: Span) -> Job {
        // Aligned at the last axis, as padded sizes are; the leading axes of size 1 stay.
        let offset = MAX_RANK - order.len();
        let mut padded: Four = [0, 1, 2, 3];
        order.iter().enumerate().for_each(|(to, &from)| padded[offset + to] = offset + from);
        let input = step.inputs[0];
        let dims = self.dims(input).padded();
        Job::Transpose { dtype: self.node(step.node).dtype, input: self.span(input), dims, order: padded, out }
    }

    fn softmax(&self, step: &Step, out: Span) -> Job {
        let dims = self.dims(step.inputs[0]);
        let classes = dims.sizes().last().copied().unwrap_or(1);
        let rows = dims.len() / classes.max(1);
        let input = |which: usize| self.span(step.inputs[which]);
        let dense = step.inputs.get(1).is_some_and(|&targets| self.node(targets).dtype == DType::Real);
        match self.node(step.node).op {
            Op::Softmax => Job::Softmax { input: input(0), rows, classes, out },
            Op::LogSoftmax => Job::LogSoftmax { input: input(0), rows, classes, out },
            Op::CrossEntropy if dense => {
                Job::DenseCrossEntropy { logits: input(0), targets: input(1), rows, classes, out }
            }
            Op::CrossEntropy => Job::CrossEntropy { logits: input(0), labels: input(1), rows, classes, out },
            _ if dense => {
                let (logits, targets, upstream) = (input(0), input(1), input(2));
                Job::DenseCrossEntropyGradient { logits, targets, upstream, rows, classes, out }
            }
            _ => {
                let (logits, labels, upstream) = (input(0), input(1), input(2));
                Job::CrossEntropyGradient { logits, labels, upstream, rows, classes, out }
            }
        }
    }

    fn loss_and_gradient(&self, step: &Step, upstream: usize, out: Span) -> Job {
        let (Some(gradient), Some(upstream)) = (step.also, number::<T>(&self.plan.nodes, upstream, self.rows)) else {
            unreachable!("paired where both are there: see plan::pair")
        };
        let dims = self.dims(step.inputs[0]);
        let classes = dims.sizes().last().copied().unwrap_or(1);
        Job::LossAndGradient {
            logits: self.span(step.inputs[0]),
            labels: self.span(step.inputs[1]),
            upstream: upstream.to_f64(),
            rows: dims.len() / classes.max(1),
            classes,
            out,
            gradient: self.span(gradient),
        }
    }

    /// Inputs: the loss, the gradients, the variables.
    fn optimize(&self, step: &Step, count: usize) -> Job {
        let (gradients, variables) = step.inputs[1..].split_at(count);
        let slots = self.plan.placement.optimizer_slots.iter().find(|(node, _)| *node == step.node);
        let update = |(which, (&gradient, &variable)): (usize, (&usize, &usize))| {
            let mut spans = [NOTHING; 2];
            let own = slots.map_or(&[][..], |(_, slots)| &slots[which]);
            for (span, &slot) in spans.iter_mut().zip(own) {
                let len = self.dims(variable).len();
                *span = Span { start: self.memory.starts.real[slot], len };
            }
            let decayed = matches!(self.node(variable).op, Op::Variable { role: crate::op::Role::Weight, .. });
            Update { variable: self.span(variable), gradient: self.span(gradient), slots: spans, decayed }
        };
        let updates: Vec<Update> = gradients.iter().zip(variables).enumerate().map(update).collect();
        let alike = updates.iter().map(|update| Update { decayed: false, ..*update }).collect();
        let (joined, alike) = (joined(updates.clone()), joined(alike));
        Job::Optimize { loss: self.span(step.inputs[0]), updates, joined, alike }
    }
}

/// Neighbors in memory as one update: where variables, gradients and slots all follow each other at the same distance, at
/// most the rest of a vector, which holds zeros that an update leaves zero.
fn joined(mut updates: Vec<Update>) -> Vec<Update> {
    updates.sort_by_key(|update| update.variable.start);
    let mut joined: Vec<Update> = Vec::with_capacity(updates.len());
    for next in updates {
        let Some(last) = joined.last_mut().filter(|last| last.decayed == next.decayed) else {
            joined.push(next);
            continue;
        };
        let used = |slot: &Span| *slot != NOTHING;
        let pairs = [(last.variable, next.variable), (last.gradient, next.gradient)].into_iter();
        let mut pairs = pairs.chain(last.slots.into_iter().zip(next.slots).filter(|(_, slot)| used(slot)));
        let distance = next.variable.start - last.variable.start;
        let near = distance >= last.variable.len && distance - last.variable.len < LANES;
        if !near || !pairs.all(|(last, next)| last.start + distance == next.start) {
            joined.push(next);
            continue;
        }
        let len = distance + next.variable.len;
        (last.variable.len, last.gradient.len) = (len, len);
        last.slots.iter_mut().filter(|slot| used(slot)).for_each(|slot| slot.len = len);
    }
    joined
}

/// `[outer, reduced, inner]` for adjacent axes.
fn folded(dims: Dims, axes: Axes) -> Folded {
    let first = axes.iter().next().unwrap_or(0);
    let last = axes.iter().last().unwrap_or(first);
    let sizes = dims.sizes();
    let product = |part: &[usize]| part.iter().product();
    let end = (last + 1).min(sizes.len());
    Folded { outer: product(&sizes[..first]), reduced: product(&sizes[first..end]), inner: product(&sizes[end..]) }
}

fn folded_at(dims: Dims, axis: usize) -> Folded {
    folded(dims, Axes::from(axis))
}
