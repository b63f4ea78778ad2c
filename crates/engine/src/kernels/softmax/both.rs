//! Cross entropy of labels and its gradient in one pass.

use super::tile::Tiles;
use super::{SPREAD, largest_and_sum};
use crate::kernels::cpu::Cpu;
use crate::kernels::simd::{Element, Kernel, LANES, Simd};
use crate::real::Real;

/// What [`cross_entropy_labels`](super::cross_entropy_labels) writes to `out`, and what
/// [`cross_entropy_labels_gradient`](super::cross_entropy_labels_gradient) writes to `gradient` where each row has the
/// factor `upstream`: the same bits, with each exponential computed once.
///
/// # Panics
/// Where the lengths do not fit the shape.
#[allow(clippy::too_many_arguments, reason = "a kernel: slices in, slices out, their shape")]
pub fn cross_entropy_both<T: Real>(
    cpu: &Cpu,
    logits: &[T],
    labels: &[i64],
    upstream: T,
    rows: usize,
    classes: usize,
    out: &mut [T],
    gradient: &mut [T],
) {
    assert!(labels.len() == rows && out.len() == rows, "one label and one loss for each row");
    assert!(logits.len() == rows * classes && gradient.len() == logits.len(), "the shapes of a cross entropy");
    if logits.is_empty() {
        return out.fill(T::from_f64(f64::NAN));
    }
    let both = Both { logits, labels, upstream, classes };
    if logits.len() < SPREAD || cpu.gang.threads() == 1 {
        return cpu.isa.run((both, out, gradient));
    }
    let chunk_rows = cpu.gang.chunk_len(rows, LANES);
    cpu.gang.for_chunks_by([(out, chunk_rows), (gradient, chunk_rows * classes)], |index, [out, gradient]| {
        let first = index * chunk_rows;
        let logits = &logits[first * classes..][..gradient.len()];
        cpu.isa.run((Both { logits, labels: &labels[first..][..out.len()], ..both }, out, gradient));
    });
}

/// Some rows.
#[derive(Clone, Copy)]
struct Both<'a, T> {
    logits: &'a [T],
    labels: &'a [i64],
    upstream: T,
    classes: usize,
}

impl<T: Real> Kernel<T> for (Both<'_, T>, &mut [T], &mut [T]) {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd<Elem = T>>(self, s: S) {
        let (Both { logits, labels, upstream, classes }, out, gradient) = self;
        let mut lanes = Tiles::room();
        let groups = out.chunks_mut(LANES).zip(gradient.chunks_mut(LANES * classes));
        let rows = logits.chunks(LANES * classes).zip(labels.chunks(LANES));
        for ((out, gradient), (logits, labels)) in groups.zip(rows) {
            let mut logits = Tiles::new(logits, labels.len(), classes, &mut lanes);
            sixteen(s, &mut logits, labels, upstream, out, gradient);
        }
    }
}

/// At most sixteen rows, one in each lane.
#[inline(always)]
fn sixteen<S: Simd<Elem: Real>>(
    s: S,
    logits: &mut Tiles<'_, S::Elem>,
    labels: &[i64],
    upstream: S::Elem,
    out: &mut [S::Elem],
    gradient: &mut [S::Elem],
) {
    let (zero, one) = (s.splat(S::Elem::ZERO), s.splat(S::Elem::ONE));
    let labels = numbers(s, labels, logits.classes());
    let no_class = s.unordered(labels, labels);
    let is = |number: usize| s.equal(labels, s.splat(S::Elem::from_f64(number as f64)));
    // Before the tile is overwritten by exponentials.
    let mut picked = labels;
    let mut number = 0;
    for tile in 0..logits.count() {
        for z in logits.load(s, tile) {
            picked = s.select(is(number), s.load(z), picked);
            number += 1;
        }
    }
    let (largest, sum) = largest_and_sum(s, logits);
    let picked = s.select(no_class, labels, picked);
    let shifted = s.sub(picked, largest);
    s.store_partial(s.sub(<S::Elem as Element>::ln(s, sum), shifted), out);

    let upstream = s.select(no_class, labels, s.splat(upstream));
    let mut number = 0;
    for tile in 0..logits.count() {
        for e in logits.exponentials(s, tile, largest) {
            let hot = s.select(is(number), one, zero);
            s.store(s.mul(s.sub(s.div(s.load(e), sum), hot), upstream), e);
            number += 1;
        }
        logits.store(tile, gradient);
    }
}

/// The labels as numbers, NaN where one is no class: it equals no class number and spoils its row.
#[inline(always)]
fn numbers<S: Simd<Elem: Real>>(s: S, labels: &[i64], classes: usize) -> S::V {
    let number = |label: i64| {
        let class = (label as u64) < classes as u64;
        S::Elem::from_f64(if class { label as f64 } else { f64::NAN })
    };
    let mut numbers = [S::Elem::ZERO; LANES];
    match labels.first_chunk::<LANES>() {
        Some(all) => numbers.iter_mut().zip(all).for_each(|(to, &label)| *to = number(label)),
        None => numbers.iter_mut().zip(labels).for_each(|(to, &label)| *to = number(label)),
    }
    s.load(&numbers)
}
