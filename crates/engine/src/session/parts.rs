//! Groups of steps, part by part: each thread takes some rows of the batch through all of them.

use super::Memory;
use super::bind::{Binder, Job};
use super::jobs::{check_indices, input};
use crate::kernels::buffer::{Arena, Span};
use crate::kernels::cpu::Cpu;
use crate::kernels::gemm::{self, Gemm, SHARD, gemm};
use crate::kernels::map::{self, Input, MAX_INPUTS};
use crate::kernels::simd::LANES;
use crate::kernels::softmax;
use crate::kernels::split::{Access, Split};
use crate::plan::{Step, Work};
use crate::real::Real;
use std::ops::Range;
use std::sync::atomic::{AtomicBool, Ordering};

/// Fewer operations are not worth a second thread.
const WORTH_SPREADING: usize = 400_000;
/// What each part costs beside its rows, in rows.
const PART: usize = 16;

/// A group, made ready for a number of rows and threads.
pub struct BoundGroup {
    /// The positions of its steps.
    pub steps: Range<usize>,
    /// For each part, its share of each step.
    jobs: Vec<Vec<Job>>,
    split: Split,
    sums: Vec<Sum>,
    /// The scratch of a part: first its own sums, then what its products need.
    piece: usize,
    /// The end of the sums.
    summed: usize,
}

/// A sum over all rows, of which each part adds up its own.
struct Sum {
    /// The number of the step in its group.
    step: usize,
    /// Where it lies in the scratch of each part.
    start: usize,
    /// Where it goes.
    to: Span,
}

impl BoundGroup {
    /// The scratch of all parts.
    pub fn scratch(&self) -> usize {
        self.piece * self.jobs.len()
    }

    /// Where a part adds up what the step with this number is a sum of: the product and the column sums beside it.
    fn sums_of<'a, T>(&self, step: usize, own: &'a mut [T]) -> [&'a mut [T]; 2] {
        let mut found = [const { None }; 2];
        let own_ones = self.sums.iter().filter(|sum| sum.step == step);
        own_ones.zip(&mut found).for_each(|(sum, slot)| *slot = Some(sum.start..sum.start + sum.to.len));
        let [Some(product), columns] = found else { return Default::default() };
        let (before, after) = own.split_at_mut(columns.as_ref().map_or(own.len(), |columns| columns.start));
        [&mut before[product], &mut after[..columns.map_or(0, |columns| columns.len())]]
    }
}

/// The groups that are worth several threads.
pub(super) fn groups<T: Real>(binder: &Binder<'_, T>, whole: &[Job], threads: usize) -> Vec<BoundGroup> {
    let bound = |group: &Range<usize>| {
        let worth = whole[group.clone()].iter().map(operations).sum::<usize>() > WORTH_SPREADING;
        (threads > 1 && worth).then(|| bind(binder, group, &whole[group.clone()], threads)).flatten()
    };
    binder.plan.groups.iter().filter_map(bound).collect()
}

fn operations(job: &Job) -> usize {
    match job {
        Job::Gemm { m, k, n, .. } => 2 * m * n.next_multiple_of(LANES) * k,
        _ => 0,
    }
}

fn bind<T: Real>(binder: &Binder<'_, T>, group: &Range<usize>, whole: &[Job], threads: usize) -> Option<BoundGroup> {
    let steps = &binder.plan.steps[group.clone()];
    let (mut sums, mut end) = (Vec::new(), 0_usize);
    for (number, (step, job)) in steps.iter().zip(whole).enumerate() {
        let Job::Gemm { c, sums: columns, .. } = *job else { continue };
        for to in [Some(c), columns].into_iter().flatten().filter(|_| is_sum(step)) {
            sums.push(Sum { step: number, start: end, to });
            end = (end + to.len).next_multiple_of(LANES);
        }
    }
    let share = share(binder.rows, threads);
    // Steps one by one go by columns, too: better where there are not enough rows for all threads.
    if binder.rows.div_ceil(SHARD) < threads || share >= binder.rows {
        return None;
    }
    let part = |first: usize| {
        let binder = Binder { window: first..(first + share).min(binder.rows), ..*binder };
        steps.iter().map(|step| binder.job(step)).collect()
    };
    let jobs: Vec<Vec<Job>> = (0..binder.rows).step_by(share).map(part).collect();
    let accesses = |jobs: &Vec<Job>| steps.iter().zip(jobs).map(|(step, job)| access(step, job)).collect();
    let split = Split::new(jobs.iter().map(accesses).collect())?;
    let packed = jobs.iter().flatten().map(|job| match *job {
        Job::Gemm { k, n, .. } => gemm::packed_len(k, n),
        _ => 0,
    });
    let piece = end + packed.max().unwrap_or(0).max(LANES);
    Some(BoundGroup { steps: group.clone(), jobs, split, sums, piece, summed: end })
}

/// The rows of a part: shards by a power of two, so that the sums of the parts are whole subtrees of the sum of all.
fn share(rows: usize, threads: usize) -> usize {
    // What the thread with the most parts has to do.
    let cost = |share: &usize| rows.div_ceil(*share).div_ceil(threads) * (share + PART);
    let shares = (0..usize::BITS - 1).map(|power| SHARD.saturating_mul(1 << power));
    shares.take_while(|share| *share < 2 * rows.max(SHARD)).min_by_key(cost).unwrap_or(SHARD)
}

/// Whether the result is a sum over all rows.
fn is_sum(step: &Step) -> bool {
    matches!(step.work, Work::Gemm { transpose_a: true, .. })
}

/// What a job writes and reads of the real numbers.
fn access(step: &Step, job: &Job) -> Access {
    let mut access = Access::default();
    match *job {
        Job::Map { ref inputs, count, out } => {
            access.outputs[0] = out;
            access.inputs.iter_mut().zip(&inputs[..count]).for_each(|(to, input)| *to = input.span);
        }
        Job::Gemm { a, b, bias, gate, c, sums, .. } => {
            // Sums go to the scratch.
            access.outputs = if is_sum(step) { Default::default() } else { [c, sums.unwrap_or_default()] };
            access.inputs[..3].copy_from_slice(&[a, b, bias.or(gate).unwrap_or_default()]);
        }
        Job::LossAndGradient { logits, out, gradient, .. } => {
            access.outputs = [out, gradient];
            access.inputs[0] = logits;
        }
        _ => unreachable!("no such step is in a group: see plan::group"),
    }
    access
}

/// Does those steps of a group that are wanted; false where a label is refused.
pub(super) fn run<T: Real>(memory: &mut Memory<T>, cpu: &Cpu, steps: &[Step], group: &BoundGroup, wanted: u64) -> bool {
    let Memory { real, integer, pieces, .. } = memory;
    let refused = AtomicBool::new(false);
    let is_wanted = |number: usize| steps[number].needed & wanted != 0;
    group.split.run(cpu, real, &mut pieces[..group.scratch()], |cpu, part, mut lent, scratch| {
        let (own_sums, packed) = scratch.split_at_mut(group.summed);
        for (number, (step, job)) in steps.iter().zip(&group.jobs[part]).enumerate() {
            let ([first, second], inputs) = lent.next();
            if !is_wanted(number) {
                continue;
            }
            let outputs = if is_sum(step) { group.sums_of(number, own_sums) } else { [first, second] };
            if !run_job(cpu, step, job, (outputs, inputs), integer, packed) {
                return refused.store(true, Ordering::Relaxed);
            }
        }
    });
    for sum in group.sums.iter().filter(|sum| is_wanted(sum.step)) {
        add_up(pieces, group.jobs.len(), group.piece, sum.start, real.get_mut(sum.to));
    }
    !refused.into_inner()
}

/// Does a part's share of a step; false where a label is no class.
fn run_job<T: Real>(
    cpu: &Cpu,
    step: &Step,
    job: &Job,
    ([out, second], lent): ([&mut [T]; 2], [&[T]; MAX_INPUTS]),
    integer: &Arena<i64>,
    packed: &mut [T],
) -> bool {
    match (job, &step.work) {
        (Job::Map { inputs, count, .. }, Work::Map(program)) => {
            let lent: [Input<'_, T>; MAX_INPUTS] = std::array::from_fn(|at| input(&inputs[at], lent[at]));
            map::map(cpu, program, &lent[..*count], out);
        }
        (
            &Job::Gemm { stride_a, bias, gate, sums, m, k, n, .. },
            &Work::Gemm { transpose_a, transpose_b, relu, .. },
        ) => {
            let [a, b, third, ..] = lent;
            let (bias, gate, sums) = (bias.map(|_| third), gate.map(|_| third), sums.map(|_| second));
            gemm(
                cpu,
                Gemm { a, stride_a, b, c: out, m, k, n, transpose_a, transpose_b, bias, relu, gate, sums, packed },
            );
        }
        (&Job::LossAndGradient { labels, upstream, rows, classes, .. }, _) => {
            let labels = integer.get(labels);
            if check_indices(labels, classes).is_err() {
                return false;
            }
            softmax::cross_entropy_both(cpu, lent[0], labels, T::from_f64(upstream), rows, classes, out, second);
        }
        _ => unreachable!("no such step is in a group: see plan::group"),
    }
    true
}

/// Adds what lies at `start` in each piece, two neighbors of equal size at a time, as the shards of a product are added.
fn add_up<T: Real>(pieces: &mut [T], parts: usize, piece: usize, start: usize, to: &mut [T]) {
    let mut distance = 1;
    while distance < parts {
        for part in (0..parts - distance).step_by(2 * distance) {
            let (left, right) = pieces.split_at_mut((part + distance) * piece);
            let right = &right[start..][..to.len()];
            left[part * piece + start..].iter_mut().zip(right).for_each(|(left, &right)| *left = *left + right);
        }
        distance *= 2;
    }
    to.copy_from_slice(&pieces[start..][..to.len()]);
}
