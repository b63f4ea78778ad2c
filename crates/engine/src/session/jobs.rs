//! Each job of a plan, handed to its kernel.

use super::bind::{Folded, Job, MapInput, Update};
use super::narrow::{self, Call};
use super::parts::{self, BoundGroup};
use super::{LiveOptimizer, Memory};
use crate::kernels::buffer::{Arena, Span};
use crate::kernels::cpu::Cpu;
use crate::kernels::gemm::{Gemm, gemm};
use crate::kernels::map::{self, Input, MAX_INPUTS, MapStep};
use crate::kernels::{layout, random, reduce, softmax};
use crate::op::Draw;
use crate::optim::update;
use crate::plan::{Step, Work};
use crate::real::Real;
use crate::rng::{Purpose, Stream};
use crate::tensor::DType;

/// All kernels of one precision: compiled here once, and not again in every crate that names a session of it.
pub trait Compute: Copy + Default {
    /// Does one job other than an update.
    fn run_job(
        memory: &mut Memory<Self>,
        cpu: &Cpu,
        step: &Step,
        job: &Job,
        randomness: Randomness,
    ) -> Result<(), Fault>;

    /// Does the steps of a group, part by part; false where one refuses its numbers, which the steps one by one will report.
    fn run_group(memory: &mut Memory<Self>, cpu: &Cpu, steps: &[Step], group: &BoundGroup, wanted: u64) -> bool;

    /// Does the steps of a group in columns; false as above.
    fn run_narrow(memory: &mut Memory<Self>, cpu: &Cpu, call: &Call<'_>) -> bool;

    /// Updates every variable of an optimizer; they come one by one, and with neighbors taken together.
    fn update(memory: &mut Memory<Self>, cpu: &Cpu, live: &mut LiveOptimizer, updates: [&[Update]; 2]);
}

impl Compute for f32 {
    fn run_job(m: &mut Memory<f32>, cpu: &Cpu, step: &Step, job: &Job, randomness: Randomness) -> Result<(), Fault> {
        run(m, cpu, step, job, randomness)
    }

    fn run_group(memory: &mut Memory<f32>, cpu: &Cpu, steps: &[Step], group: &BoundGroup, wanted: u64) -> bool {
        parts::run(memory, cpu, steps, group, wanted)
    }

    fn run_narrow(memory: &mut Memory<f32>, cpu: &Cpu, call: &Call<'_>) -> bool {
        narrow::run(memory, cpu, call)
    }

    fn update(memory: &mut Memory<f32>, cpu: &Cpu, live: &mut LiveOptimizer, updates: [&[Update]; 2]) {
        optimize(memory, cpu, live, updates);
    }
}

impl Compute for f64 {
    fn run_job(m: &mut Memory<f64>, cpu: &Cpu, step: &Step, job: &Job, randomness: Randomness) -> Result<(), Fault> {
        run(m, cpu, step, job, randomness)
    }

    fn run_group(memory: &mut Memory<f64>, cpu: &Cpu, steps: &[Step], group: &BoundGroup, wanted: u64) -> bool {
        parts::run(memory, cpu, steps, group, wanted)
    }

    fn run_narrow(memory: &mut Memory<f64>, cpu: &Cpu, call: &Call<'_>) -> bool {
        narrow::run(memory, cpu, call)
    }

    fn update(memory: &mut Memory<f64>, cpu: &Cpu, live: &mut LiveOptimizer, updates: [&[Update]; 2]) {
        optimize(memory, cpu, live, updates);
    }
}

/// What the draws of a run are keyed by, beside the number of the draw.
#[derive(Clone, Copy)]
pub struct Randomness {
    pub seed: u64,
    pub draws: u64,
}

/// What a job refuses.
pub enum Fault {
    Index { element: usize, value: i64, limit: usize },
    NotFinite { value: f64, step: u64 },
}

/// The first integer outside `0..limit`.
pub(super) fn check_indices(values: &[i64], limit: usize) -> Result<(), Fault> {
    // A negative value is a large one without its sign; no branch in the pass that finds nothing.
    let outside = |value: &i64| *value as u64 >= limit as u64;
    if !values.iter().fold(false, |found, value| found | outside(value)) {
        return Ok(());
    }
    match values.iter().position(outside) {
        Some(element) => Err(Fault::Index { element, value: values[element], limit }),
        None => Ok(()),
    }
}

fn run<T: Real>(
    memory: &mut Memory<T>,
    cpu: &Cpu,
    step: &Step,
    job: &Job,
    randomness: Randomness,
) -> Result<(), Fault> {
    let Memory { real, integer, boolean, packed, .. } = memory;
    match *job {
        Job::Map { ref inputs, count, out } => {
            let Work::Map(program) = &step.work else { unreachable!("bound from such a step") };
            match count {
                1 | 2 => run_map::<T, 2>(real, cpu, program, &inputs[..count], out),
                _ => run_map::<T, MAX_INPUTS>(real, cpu, program, &inputs[..count], out),
            }
        }
        Job::Gemm { a, stride_a, b, bias, gate, c, sums, m, k, n } => {
            let Work::Gemm { transpose_a, transpose_b, relu, .. } = step.work else {
                unreachable!("bound from such a step")
            };
            let there = (bias.is_some(), gate.is_some(), sums.is_some());
            let third = bias.or(gate).unwrap_or_default();
            let ([c, sums], [a, b, third]) = real.lend([c, sums.unwrap_or_default()], [a, b, third]);
            let (bias, gate, sums) = (there.0.then_some(third), there.1.then_some(third), there.2.then_some(sums));
            gemm(cpu, Gemm { a, stride_a, b, c, m, k, n, transpose_a, transpose_b, bias, relu, gate, sums, packed });
        }
        Job::Binary { op, a, a_strides, b, b_strides, out, dims } => {
            let ([out], [a, b]) = real.lend([out], [a, b]);
            map::broadcast_binary(cpu, op, a, a_strides, b, b_strides, out, dims);
        }
        Job::Compare { op, dtype, a, a_strides, b, b_strides, out, dims } => match dtype {
            DType::Real => {
                let out = boolean.get_mut(out);
                layout::compare(op, real.get(a), a_strides, real.get(b), b_strides, out, dims);
            }
            DType::Integer => {
                let out = boolean.get_mut(out);
                layout::compare(op, integer.get(a), a_strides, integer.get(b), b_strides, out, dims);
            }
            DType::Boolean => {
                let ([out], [a, b]) = boolean.lend([out], [a, b]);
                layout::compare(op, a, a_strides, b, b_strides, out, dims);
            }
        },
        Job::Select { dtype, inputs: [condition, yes, no], out, dims } => match dtype {
            DType::Real => {
                let ([out], [a, b]) = real.lend([out], [yes.0, no.0]);
                let condition = (boolean.get(condition.0), condition.1);
                layout::select(condition, (a, yes.1), (b, no.1), out, dims);
            }
            DType::Integer => {
                let ([out], [a, b]) = integer.lend([out], [yes.0, no.0]);
                let condition = (boolean.get(condition.0), condition.1);
                layout::select(condition, (a, yes.1), (b, no.1), out, dims);
            }
            DType::Boolean => {
                let ([out], [c, a, b]) = boolean.lend([out], [condition.0, yes.0, no.0]);
                layout::select((c, condition.1), (a, yes.1), (b, no.1), out, dims);
            }
        },
        Job::Cast { from, to, input, out } => cast(memory, from, to, input, out),
        Job::Reduce { kind, input, folded: Folded { outer, reduced, inner }, out } => {
            let ([out], [x]) = real.lend([out], [input]);
            reduce::reduce(cpu, kind, x, outer, reduced, inner, out);
        }
        Job::ArgMax { input, folded: Folded { outer, reduced, inner }, out } => {
            reduce::argmax(real.get(input), outer, reduced, inner, integer.get_mut(out));
        }
        Job::Transpose { dtype, input, dims, order, out } => {
            moved(memory, dtype, input, out, Move::Transpose { dims, order });
        }
        Job::Stretch { dtype, input, strides, out, dims } => {
            moved(memory, dtype, input, out, Move::Stretch { strides, dims });
        }
        Job::Concat { dtype, ref inputs, out, outer, width } => {
            let mut start = 0;
            for &(input, size) in inputs {
                moved(memory, dtype, input, out, Move::Place { outer, width, start, size });
                start += size;
            }
        }
        Job::Slice { dtype, input, out, outer, width, start, size } => {
            moved(memory, dtype, input, out, Move::Cut { outer, width, start, size });
        }
        Job::Pad { input, out, outer, width, start, size } => {
            real.get_mut(out).fill(T::ZERO);
            moved(memory, DType::Real, input, out, Move::Place { outer, width, start, size });
        }
        Job::Gather { dtype, input, positions, rows, width, out } => {
            check_indices(integer.get(positions), rows)?;
            match dtype {
                DType::Real => {
                    let ([out], [x]) = real.lend([out], [input]);
                    layout::gather_rows(x, width, integer.get(positions), out);
                }
                DType::Integer => {
                    let ([out], [x, positions]) = integer.lend([out], [input, positions]);
                    layout::gather_rows(x, width, positions, out);
                }
                DType::Boolean => {
                    let ([out], [x]) = boolean.lend([out], [input]);
                    layout::gather_rows(x, width, integer.get(positions), out);
                }
            }
        }
        Job::Scatter { input, positions, rows, width, out } => {
            check_indices(integer.get(positions), rows)?;
            let ([out], [x]) = real.lend([out], [input]);
            layout::scatter_add_rows(x, width, integer.get(positions), out);
        }
        Job::OneHot { input, outer, depth, inner, out } => {
            check_indices(integer.get(input), depth)?;
            layout::one_hot(integer.get(input), outer, depth, inner, real.get_mut(out));
        }
        Job::Softmax { input, rows, classes, out } => {
            let ([out], [x]) = real.lend([out], [input]);
            softmax::softmax(cpu, x, rows, classes, out);
        }
        Job::LogSoftmax { input, rows, classes, out } => {
            let ([out], [x]) = real.lend([out], [input]);
            softmax::log_softmax(cpu, x, rows, classes, out);
        }
        Job::CrossEntropy { logits, labels, rows, classes, out } => {
            check_indices(integer.get(labels), classes)?;
            let ([out], [logits]) = real.lend([out], [logits]);
            softmax::cross_entropy_labels(cpu, logits, integer.get(labels), rows, classes, out);
        }
        Job::LossAndGradient { logits, labels, upstream, rows, classes, out, gradient } => {
            check_indices(integer.get(labels), classes)?;
            let ([out, gradient], [logits]) = real.lend([out, gradient], [logits]);
            let (labels, upstream) = (integer.get(labels), T::from_f64(upstream));
            softmax::cross_entropy_both(cpu, logits, labels, upstream, rows, classes, out, gradient);
        }
        Job::CrossEntropyGradient { logits, labels, upstream, rows, classes, out } => {
            check_indices(integer.get(labels), classes)?;
            let ([out], [logits, upstream]) = real.lend([out], [logits, upstream]);
            softmax::cross_entropy_labels_gradient(cpu, logits, integer.get(labels), upstream, rows, classes, out);
        }
        Job::DenseCrossEntropy { logits, targets, rows, classes, out } => {
            let ([out], [logits, targets]) = real.lend([out], [logits, targets]);
            softmax::cross_entropy_dense(cpu, logits, targets, rows, classes, out);
        }
        Job::DenseCrossEntropyGradient { logits, targets, upstream, rows, classes, out } => {
            let ([out], [logits, targets, upstream]) = real.lend([out], [logits, targets, upstream]);
            softmax::cross_entropy_dense_gradient(cpu, logits, targets, upstream, rows, classes, out);
        }
        Job::Draw { distribution, drop_prob, stream, out } => {
            let drop_prob = drop_prob.map_or(T::ZERO, |span| real.get(span)[0]);
            draw(cpu, distribution, drop_prob, stream, randomness, real.get_mut(out));
        }
        Job::Count { value, out } => real.get_mut(out).fill(T::from_f64(value)),
        Job::Assign { value, variable } => {
            let ([variable], [value]) = real.lend([variable], [value]);
            variable.copy_from_slice(value);
        }
        Job::Optimize { .. } => unreachable!("needs the optimizer's state: see `run_steps`"),
    }
    Ok(())
}

/// Runs an elementwise program of at most `N` inputs.
fn run_map<T: Real, const N: usize>(
    real: &mut Arena<T>,
    cpu: &Cpu,
    program: &[MapStep],
    inputs: &[MapInput],
    out: Span,
) {
    let spans = std::array::from_fn::<_, N, _>(|at| inputs.get(at).map_or(Span::default(), |input| input.span));
    let ([out], slices) = real.lend([out], spans);
    let lent =
        std::array::from_fn::<_, N, _>(|at| inputs.get(at).map_or(Input::Slice(&[]), |own| input(own, slices[at])));
    map::map(cpu, program, &lent[..inputs.len()], out);
}

pub(super) fn input<'a, T: Real>(input: &MapInput, slice: &'a [T]) -> Input<'a, T> {
    match slice {
        [value, ..] if input.single => Input::Scalar(*value),
        _ => Input::Slice(slice),
    }
}

fn draw<T: Real>(cpu: &Cpu, distribution: Draw, drop_prob: T, stream: u64, randomness: Randomness, out: &mut [T]) {
    let Randomness { seed, draws } = randomness;
    let noise = Stream::new(seed, Purpose::Noise(stream as u32), draws);
    match distribution {
        Draw::Uniform { low, high } => random::fill_uniform(cpu, &noise, low, high, out),
        Draw::Normal { mean, deviation } => random::fill_normal(cpu, &noise, mean, deviation, out),
        Draw::DropoutMask => {
            let stream = Stream::new(seed, Purpose::Dropout(stream as u32), draws);
            random::dropout_mask(cpu, &stream, drop_prob.to_f64(), out);
        }
    }
}

/// Copies that only bring elements to other places.
#[derive(Clone, Copy)]
enum Move {
    Transpose {
        dims: [usize; 4],
        order: [usize; 4],
    },
    Stretch {
        strides: [usize; 4],
        dims: [usize; 4],
    },
    /// `outer` rows of `size` elements to position `start` of rows of `width`.
    Place {
        outer: usize,
        width: usize,
        start: usize,
        size: usize,
    },
    /// The reverse.
    Cut {
        outer: usize,
        width: usize,
        start: usize,
        size: usize,
    },
}

impl Move {
    fn apply<E: Copy>(self, from: &[E], to: &mut [E]) {
        match self {
            Move::Transpose { dims, order } => layout::transpose(from, dims, order, to),
            Move::Stretch { strides, dims } => layout::stretch(from, strides, to, dims),
            Move::Place { outer, width, start, size } => layout::place(from, outer, size, to, width, start),
            Move::Cut { outer, width, start, size } => layout::cut(from, outer, width, start, to, size),
        }
    }
}

fn moved<T: Real>(memory: &mut Memory<T>, dtype: DType, input: Span, out: Span, how: Move) {
    match dtype {
        DType::Real => {
            let ([to], [from]) = memory.real.lend([out], [input]);
            how.apply(from, to);
        }
        DType::Integer => {
            let ([to], [from]) = memory.integer.lend([out], [input]);
            how.apply(from, to);
        }
        DType::Boolean => {
            let ([to], [from]) = memory.boolean.lend([out], [input]);
            how.apply(from, to);
        }
    }
}

fn cast<T: Real>(memory: &mut Memory<T>, from: DType, to: DType, input: Span, out: Span) {
    fn each<A: Copy, B>(from: &[A], to: &mut [B], convert: impl Fn(A) -> B) {
        to.iter_mut().zip(from).for_each(|(to, &from)| *to = convert(from));
    }
    let Memory { real, integer, boolean, .. } = memory;
    match (from, to) {
        (DType::Real, DType::Integer) => each(real.get(input), integer.get_mut(out), |x| x.to_f64() as i64),
        (DType::Real, DType::Boolean) => each(real.get(input), boolean.get_mut(out), |x| x != T::ZERO),
        (DType::Integer, DType::Real) => each(integer.get(input), real.get_mut(out), |x| T::from_f64(x as f64)),
        (DType::Integer, DType::Boolean) => each(integer.get(input), boolean.get_mut(out), |x| x != 0),
        (DType::Boolean, DType::Real) => {
            each(boolean.get(input), real.get_mut(out), |x| if x { T::ONE } else { T::ZERO });
        }
        (DType::Boolean, DType::Integer) => each(boolean.get(input), integer.get_mut(out), i64::from),
        (DType::Real, DType::Real) | (DType::Integer, DType::Integer) | (DType::Boolean, DType::Boolean) => {
            moved(memory, from, input, out, Move::Place { outer: 1, width: out.len, start: 0, size: out.len });
        }
    }
}

/// Updates every variable; the loss has been found finite.
fn optimize<T: Real>(memory: &mut Memory<T>, cpu: &Cpu, live: &mut LiveOptimizer, [each, joined]: [&[Update]; 2]) {
    let rule = live.optimizer;
    let (state, step) = live.state.advance(rule, &live.settings);
    let scale = if step.needs_norm() {
        let square_sum = |each: &Update| {
            let (w, g) = (memory.real.get(each.variable), memory.real.get(each.gradient));
            step.square_sum(cpu, w, g, each.decayed)
        };
        step.scale(each.iter().map(square_sum).sum())
    } else {
        1.0
    };
    for each in joined {
        let &Update { variable, gradient, slots: [first, second], decayed } = each;
        match rule.slots() {
            0 => {
                let ([w], [g]) = memory.real.lend([variable], [gradient]);
                update(cpu, &step, w, g, &mut [], decayed, scale);
            }
            1 => {
                let ([w, s], [g]) = memory.real.lend([variable, first], [gradient]);
                update(cpu, &step, w, g, &mut [s], decayed, scale);
            }
            _ => {
                let ([w, m, s], [g]) = memory.real.lend([variable, first, second], [gradient]);
                update(cpu, &step, w, g, &mut [m, s], decayed, scale);
            }
        }
    }
    live.state = state;
}
