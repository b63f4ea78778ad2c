//! Groups of narrow layers, in columns: 64 samples at a time through all steps.

use super::Memory;
use super::bind::Job;
use crate::kernels::buffer::{Buffer, Span};
use crate::kernels::columns::{
    Column, CrossEntropy, Outer, Product, Row, SHARD, cross_entropy, from_rows, outer, product, to_rows,
};
use crate::kernels::cpu::Cpu;
use crate::kernels::map::{self, Input, MAX_INPUTS};
use crate::kernels::simd::LANES;
use crate::plan::{Compiled, Narrow, ONES, Places, Step, Sums, Work};
use crate::real::Real;
use std::ops::Range;

/// What narrow groups work in.
#[derive(Default)]
pub struct Workspace<T: Copy + Default> {
    columns: Buffer<T>,
    /// Columns in lanes, turned to rows.
    rows: Buffer<T>,
    /// The sums of a shard.
    sums: Buffer<T>,
    /// Those of earlier shards that wait for others of as many.
    tree: Buffer<T>,
}

impl<T: Real> Workspace<T> {
    /// Room for each narrow group of a plan, for a number of rows.
    pub fn new(plan: &Compiled, rows: usize) -> Self {
        let most = |of: fn(&Narrow) -> usize| plan.narrow.iter().map(of).max().unwrap_or(0);
        let (columns, vectors) = (most(|narrow| narrow.columns), most(Narrow::vectors));
        let levels = rows.div_ceil(SHARD).checked_ilog2().map_or(0, |levels| levels as usize + 1);
        let mut workspace = Workspace {
            columns: Buffer::new(columns * SHARD),
            rows: Buffer::new(vectors.min(1) * SHARD * LANES),
            sums: Buffer::new(vectors * LANES),
            tree: Buffer::new(levels * vectors * LANES),
        };
        if let Some(ones) = workspace.columns.as_chunks_mut::<SHARD>().0.get_mut(ONES) {
            ones.fill(T::ONE);
        }
        workspace
    }
}

/// A group to be done.
pub struct Call<'a> {
    pub(super) plan: &'a Compiled,
    pub(super) narrow: &'a Narrow,
    /// The jobs of the plan.
    pub(super) jobs: &'a [Job],
    /// What [`moves`] gives.
    pub(super) moves: &'a [Moves],
    /// The rows of the batch.
    pub(super) rows: usize,
    /// A bit for each fetch that is wanted.
    pub(super) wanted: u64,
}

/// Some rows of a batch, at most 64.
#[derive(Clone, Copy)]
struct Shard {
    number: usize,
    first: usize,
    samples: usize,
}

impl Shard {
    /// Its part of what all rows have, `width` elements each.
    fn of(self, width: usize) -> Range<usize> {
        self.first * width..(self.first + self.samples) * width
    }
}

/// Does those steps of a group that are wanted; false where a label is refused.
pub(super) fn run<T: Real>(memory: &mut Memory<T>, cpu: &Cpu, call: &Call<'_>) -> bool {
    let &Call { plan, narrow, rows, wanted, .. } = call;
    let (steps, jobs) = (&plan.steps[narrow.steps.clone()], &call.jobs[narrow.steps.clone()]);
    let span = |memory: &Memory<T>, node: usize, width: usize| {
        plan.place(node).map_or(Span::default(), |place| memory.span(place, rows * width))
    };
    let shards = rows.div_ceil(SHARD);
    for number in 0..shards {
        let first = number * SHARD;
        let shard = Shard { number, first, samples: (rows - first).min(SHARD) };
        for turned in narrow.inputs.iter().filter(|turned| turned.needed & wanted != 0) {
            let (from, width) = (span(memory, turned.node, turned.columns.len), turned.columns.len);
            let columns = &mut memory.workspace.columns.as_chunks_mut().0[turned.columns.range()];
            let from = memory.real.onwards(from.start + shard.of(width).start);
            from_rows(cpu, from, shard.samples, columns);
        }
        for places in &narrow.places {
            let (step, job) = (&steps[places.step], &jobs[places.step]);
            if step.needed & wanted != 0 && !run_step(memory, cpu, step, job, places, shard) {
                return false;
            }
        }
        add_up(&mut memory.workspace, cpu, narrow, shard, wanted);
        if shards > 1 {
            join(&mut memory.workspace, narrow.vectors() * LANES, shard, shards);
        }
        for turned in narrow.outputs.iter().filter(|turned| turned.needed & wanted != 0) {
            let (to, width) = (span(memory, turned.node, turned.columns.len), turned.columns.len);
            let columns = &memory.workspace.columns.as_chunks().0[turned.columns.range()];
            to_rows(columns, &mut memory.real.get_mut(to)[shard.of(width)]);
        }
    }
    let Memory { real, workspace, .. } = memory;
    let real = real.onwards_mut(0);
    for moves in call.moves.iter().filter(|moves| moves.needed & wanted != 0) {
        moves.pairs.iter().for_each(|&(from, to)| real[to] = workspace.sums[from]);
    }
    true
}

/// A step by rows, in columns; gradients come later. False where a label is refused.
fn run_step<T: Real>(memory: &mut Memory<T>, cpu: &Cpu, step: &Step, job: &Job, places: &Places, shard: Shard) -> bool {
    let Memory { real, integer, workspace, .. } = memory;
    // What a step reads was there before.
    let (before, rest) = workspace.columns.as_chunks_mut::<SHARD>().0.split_at_mut(places.out.start);
    let input = |which: usize| &before[places.inputs[which].range()];
    let out: &mut [Column<T>] = &mut rest[..places.out.len + places.also.len];
    match (&step.work, job) {
        (Work::Map(program), Job::Map { inputs, count, .. }) => {
            let lent: [Input<'_, T>; MAX_INPUTS] = std::array::from_fn(|at| match inputs[at].single {
                _ if at >= *count => Input::Slice(&[]),
                true => Input::Scalar(real.get(inputs[at].span)[0]),
                false => Input::Slice(input(at).as_flattened()),
            });
            map::map(cpu, program, &lent[..*count], out.as_flattened_mut());
        }
        (&Work::Gemm { transpose_a: false, transpose_b, relu, .. }, &Job::Gemm { b, bias, gate, .. }) => {
            let (b, bias, gate) = (real.get(b), bias.map(|bias| real.get(bias)), gate.map(|_| input(2)));
            let samples = shard.samples;
            product(cpu, Product { a: input(0), b, transpose_b, bias, relu, gate, c: out, samples });
        }
        (_, &Job::LossAndGradient { labels, upstream, .. }) => {
            let (labels, upstream) = (&integer.get(labels)[shard.of(1)], T::from_f64(upstream));
            if let [loss, gradient @ ..] = out {
                return cross_entropy(cpu, CrossEntropy { logits: input(0), labels, upstream, loss, gradient });
            }
        }
        _ => {}
    }
    true
}

/// The gradients' sums over the samples of a shard.
fn add_up<T: Real>(workspace: &mut Workspace<T>, cpu: &Cpu, narrow: &Narrow, shard: Shard, wanted: u64) {
    let Workspace { columns, rows, sums, .. } = workspace;
    let (columns, rows, all) = (columns.as_chunks().0, rows.as_chunks_mut().0, sums.as_chunks_mut().0);
    let mut first = 0;
    for Sums { lanes, factors, needed } in &narrow.sums {
        let sums: &mut [Row<T>] = &mut all[first..first + factors.len()];
        first += factors.len();
        if needed & wanted != 0 {
            outer(cpu, Outer { columns, lanes, factors, samples: shard.samples, rows, sums });
        }
    }
}

/// Adds the sums of a shard to those of the shards before, as the shards of a product are added: two neighbors of equal size as
/// soon as both exist, and in the end all that are left.
fn join<T: Real>(workspace: &mut Workspace<T>, len: usize, shard: Shard, shards: usize) {
    let (Workspace { sums, tree, .. }, Shard { number, .. }) = (workspace, shard);
    let (mut level, is_last) = (0, number + 1 == shards);
    while number >> level != 0 {
        if number >> level & 1 == 1 {
            let left = &tree[level * len..][..len];
            sums.iter_mut().zip(left).for_each(|(sum, &left)| *sum = left + *sum);
        } else if !is_last {
            break;
        }
        level += 1;
    }
    if !is_last {
        tree[level * len..][..len].copy_from_slice(&sums[..len]);
    }
}

/// Where the sums of a group go.
pub struct Moves {
    /// A bit for each fetch that needs them.
    needed: u64,
    /// From which element of the sums to which of the session.
    pairs: Vec<(usize, usize)>,
}

/// The moves of a group, given the jobs of the plan.
pub(super) fn moves(plan: &Compiled, narrow: &Narrow, jobs: &[Job]) -> Vec<Moves> {
    let mut all: Vec<Moves> = Vec::new();
    for block in &narrow.blocks {
        let position = narrow.steps.start + block.step;
        let (needed, &Job::Gemm { c, sums, m, n, .. }) = (plan.steps[position].needed, &jobs[position]) else {
            continue;
        };
        // After the last row of the gradient come the sums of its columns.
        let to = |row: usize, column: usize| match sums {
            Some(sums) if row == m => sums.start + column,
            _ => c.start + row * n + column,
        };
        let place = |vector: usize, lane: usize| {
            let to = if block.across { to(vector, block.first + lane) } else { to(block.first + lane, vector) };
            ((block.vectors.start + vector) * LANES + block.lanes.start + lane, to)
        };
        let pairs = (0..block.vectors.len).flat_map(|vector| (0..block.lanes.len).map(move |lane| (vector, lane)));
        let pairs = pairs.map(|(vector, lane)| place(vector, lane));
        match all.iter_mut().find(|moves| moves.needed == needed) {
            Some(moves) => moves.pairs.extend(pairs),
            None => all.push(Moves { needed, pairs: pairs.collect() }),
        }
    }
    all
}
