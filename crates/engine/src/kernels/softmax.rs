//! Softmax and cross entropy of rows of logits `[rows, classes]`.
//!
//! Sixteen rows at a time, one in each lane: the largest logit of a row is exact, the sum of the exponentials runs over the classes in
//! ascending order from 0, whatever the number of rows.

mod both;
#[cfg(test)]
mod tests;
mod tile;

use super::cpu::Cpu;
use super::simd::{Element, Kernel, LANES, Simd};
use crate::real::Real;
pub use both::cross_entropy_both;
use tile::Tiles;

/// From this many logits on the rows are spread over the gang.
const SPREAD: usize = 8_192;

/// `e^(z − max) / Σ e^(z − max)` of each row.
///
/// # Panics
/// Where the lengths do not fit the shape; so do all functions here.
pub fn softmax<T: Real>(cpu: &Cpu, x: &[T], rows: usize, classes: usize, out: &mut [T]) {
    spread(cpu, x, rows, classes, out, classes, Softmax);
}

/// `z − max − ln Σ e^(z − max)` of each row.
pub fn log_softmax<T: Real>(cpu: &Cpu, x: &[T], rows: usize, classes: usize, out: &mut [T]) {
    spread(cpu, x, rows, classes, out, classes, LogSoftmax);
}

/// `ln Σ e^(z − max) − (z[label] − max)` of each row; NaN where the label is not a class.
pub fn cross_entropy_labels<T: Real>(
    cpu: &Cpu,
    logits: &[T],
    labels: &[i64],
    rows: usize,
    classes: usize,
    out: &mut [T],
) {
    assert_eq!(labels.len(), rows, "one label for each row");
    spread(cpu, logits, rows, classes, out, 1, LossOfLabels { labels });
}

/// `(softmax − onehot(label))·upstream` of each row; NaN where the label is not a class.
pub fn cross_entropy_labels_gradient<T: Real>(
    cpu: &Cpu,
    logits: &[T],
    labels: &[i64],
    upstream: &[T],
    rows: usize,
    classes: usize,
    out: &mut [T],
) {
    assert!(labels.len() == rows && upstream.len() == rows, "one label and one factor for each row");
    spread(cpu, logits, rows, classes, out, classes, GradientOfLabels { labels, upstream });
}

/// `Σ t·(ln Σ e^(z − max) − (z − max))` of each row, over the classes whose target `t` is not 0.
pub fn cross_entropy_dense<T: Real>(
    cpu: &Cpu,
    logits: &[T],
    targets: &[T],
    rows: usize,
    classes: usize,
    out: &mut [T],
) {
    assert_eq!(targets.len(), logits.len(), "one target for each logit");
    spread(cpu, logits, rows, classes, out, 1, LossOfTargets { targets });
}

/// `(softmax·Σt − t)·upstream` of each row.
pub fn cross_entropy_dense_gradient<T: Real>(
    cpu: &Cpu,
    logits: &[T],
    targets: &[T],
    upstream: &[T],
    rows: usize,
    classes: usize,
    out: &mut [T],
) {
    assert!(
        targets.len() == logits.len() && upstream.len() == rows,
        "one target for each logit, one factor for each row"
    );
    spread(cpu, logits, rows, classes, out, classes, GradientOfTargets { targets, upstream });
}

/// What is computed for sixteen rows, of which the first is `row`; `out` holds the results of those that exist.
trait Rows<T: Real>: Copy + Sync {
    fn sixteen<S: Simd<Elem = T>>(self, s: S, logits: &mut Tiles<'_, T>, row: usize, out: &mut [T]);
}

/// `width` results for each row.
fn spread<T: Real, R: Rows<T>>(cpu: &Cpu, x: &[T], rows: usize, classes: usize, out: &mut [T], width: usize, rule: R) {
    assert!(x.len() == rows * classes && out.len() == rows * width, "the shapes of a softmax");
    if out.is_empty() {
        return;
    }
    if x.len() < SPREAD || cpu.gang.threads() == 1 {
        return cpu.isa.run(All { x, classes, first_row: 0, width, rule, out });
    }
    let chunk_rows = cpu.gang.chunk_len(rows, LANES);
    cpu.gang.for_chunks(out, chunk_rows * width, |index, out| {
        cpu.isa.run(All { x, classes, first_row: index * chunk_rows, width, rule, out });
    });
}

/// All rows from `first_row` on for which `out` has room.
struct All<'a, T, R> {
    x: &'a [T],
    classes: usize,
    first_row: usize,
    width: usize,
    rule: R,
    out: &'a mut [T],
}

impl<T: Real, R: Rows<T>> Kernel<T> for All<'_, T, R> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd<Elem = T>>(self, s: S) {
        let mut row = self.first_row;
        let mut lanes = Tiles::room();
        for out in self.out.chunks_mut(LANES * self.width) {
            let count = out.len() / self.width;
            let x = &self.x[row * self.classes..][..count * self.classes];
            self.rule.sixteen(s, &mut Tiles::new(x, count, self.classes, &mut lanes), row, out);
            row += count;
        }
    }
}

/// The largest logit of each row and the sum of the exponentials of the distances to it.
#[inline(always)]
fn largest_and_sum<S: Simd<Elem: Real>>(s: S, logits: &mut Tiles<'_, S::Elem>) -> (S::V, S::V) {
    let mut largest = s.splat(S::Elem::from_f64(f64::NEG_INFINITY));
    for tile in 0..logits.count() {
        for z in logits.load(s, tile) {
            largest = super::map::operation::max(s, largest, s.load(z));
        }
    }
    let mut sum = s.splat(S::Elem::ZERO);
    for tile in 0..logits.count() {
        for e in logits.exponentials(s, tile, largest) {
            sum = s.add(sum, s.load(e));
        }
    }
    (largest, sum)
}

#[derive(Clone, Copy)]
struct Softmax;

impl<T: Real> Rows<T> for Softmax {
    #[inline(always)]
    fn sixteen<S: Simd<Elem = T>>(self, s: S, logits: &mut Tiles<'_, T>, _: usize, out: &mut [T]) {
        let (largest, sum) = largest_and_sum(s, logits);
        for tile in 0..logits.count() {
            for e in logits.exponentials(s, tile, largest) {
                s.store(s.div(s.load(e), sum), e);
            }
            logits.store(tile, out);
        }
    }
}

#[derive(Clone, Copy)]
struct LogSoftmax;

impl<T: Real> Rows<T> for LogSoftmax {
    #[inline(always)]
    fn sixteen<S: Simd<Elem = T>>(self, s: S, logits: &mut Tiles<'_, T>, _: usize, out: &mut [T]) {
        let (largest, sum) = largest_and_sum(s, logits);
        let log_sum = <T as Element>::ln(s, sum);
        for tile in 0..logits.count() {
            for z in logits.load(s, tile) {
                let shifted = s.sub(s.load(z), largest);
                s.store(s.sub(shifted, log_sum), z);
            }
            logits.store(tile, out);
        }
    }
}

/// The label of row `row` as a column, where it is one.
#[inline(always)]
fn class(labels: &[i64], row: usize, classes: usize) -> Option<usize> {
    usize::try_from(labels[row]).ok().filter(|&label| label < classes)
}

#[derive(Clone, Copy)]
struct LossOfLabels<'a> {
    labels: &'a [i64],
}

impl<T: Real> Rows<T> for LossOfLabels<'_> {
    #[inline(always)]
    fn sixteen<S: Simd<Elem = T>>(self, s: S, logits: &mut Tiles<'_, T>, row: usize, out: &mut [T]) {
        let (largest, sum) = largest_and_sum(s, logits);
        let mut picked = [T::ZERO; LANES];
        for (l, picked) in picked.iter_mut().enumerate().take(out.len()) {
            let label = class(self.labels, row + l, logits.classes());
            *picked = label.map_or(T::from_f64(f64::NAN), |label| logits.at(l, label));
        }
        let shifted = s.sub(s.load(&picked), largest);
        s.store_partial(s.sub(<T as Element>::ln(s, sum), shifted), out);
    }
}

#[derive(Clone, Copy)]
struct GradientOfLabels<'a, T> {
    labels: &'a [i64],
    upstream: &'a [T],
}

impl<T: Real> Rows<T> for GradientOfLabels<'_, T> {
    #[inline(always)]
    fn sixteen<S: Simd<Elem = T>>(self, s: S, logits: &mut Tiles<'_, T>, row: usize, out: &mut [T]) {
        let (largest, sum) = largest_and_sum(s, logits);
        let classes = logits.classes();
        let count = out.len() / classes;
        // A label that is no class stays NaN, which equals no class number and spoils its row.
        let mut labels = [T::from_f64(f64::NAN); LANES];
        for (l, label) in labels.iter_mut().enumerate().take(count) {
            if let Some(class) = class(self.labels, row + l, classes) {
                *label = T::from_f64(class as f64);
            }
        }
        let labels = s.load(&labels);
        let upstream = s.load_partial(&self.upstream[row..][..count]);
        let upstream = s.select(s.unordered(labels, labels), labels, upstream);
        let (zero, one) = (s.splat(T::ZERO), s.splat(T::ONE));
        let mut number = 0;
        for tile in 0..logits.count() {
            for e in logits.exponentials(s, tile, largest) {
                let hot = s.select(s.equal(labels, s.splat(T::from_f64(number as f64))), one, zero);
                s.store(s.mul(s.sub(s.div(s.load(e), sum), hot), upstream), e);
                number += 1;
            }
            logits.store(tile, out);
        }
    }
}

#[derive(Clone, Copy)]
struct LossOfTargets<'a, T> {
    targets: &'a [T],
}

impl<T: Real> Rows<T> for LossOfTargets<'_, T> {
    #[inline(always)]
    fn sixteen<S: Simd<Elem = T>>(self, s: S, logits: &mut Tiles<'_, T>, row: usize, out: &mut [T]) {
        let (largest, sum) = largest_and_sum(s, logits);
        let (log_sum, zero) = (<T as Element>::ln(s, sum), s.splat(T::ZERO));
        let classes = logits.classes();
        let mut lanes = Tiles::room();
        let mut targets =
            Tiles::new(&self.targets[row * classes..][..out.len() * classes], out.len(), classes, &mut lanes);
        let mut loss = zero;
        for tile in 0..logits.count() {
            for (z, t) in logits.load(s, tile).iter().zip(targets.load(s, tile)) {
                let (t, surprise) = (s.load(t), s.sub(log_sum, s.sub(s.load(z), largest)));
                loss = s.select(s.equal(t, zero), loss, s.fma(t, surprise, loss));
            }
        }
        s.store_partial(loss, out);
    }
}

#[derive(Clone, Copy)]
struct GradientOfTargets<'a, T> {
    targets: &'a [T],
    upstream: &'a [T],
}

impl<T: Real> Rows<T> for GradientOfTargets<'_, T> {
    #[inline(always)]
    fn sixteen<S: Simd<Elem = T>>(self, s: S, logits: &mut Tiles<'_, T>, row: usize, out: &mut [T]) {
        let (largest, sum) = largest_and_sum(s, logits);
        let classes = logits.classes();
        let count = out.len() / classes;
        let mut lanes = Tiles::room();
        let mut targets = Tiles::new(&self.targets[row * classes..][..out.len()], count, classes, &mut lanes);
        let mut total = s.splat(T::ZERO);
        for tile in 0..targets.count() {
            for t in targets.load(s, tile) {
                total = s.add(total, s.load(t));
            }
        }
        let upstream = s.load_partial(&self.upstream[row..][..count]);
        for tile in 0..logits.count() {
            for (e, t) in logits.exponentials(s, tile, largest).iter_mut().zip(targets.load(s, tile)) {
                let excess = s.sub(s.mul(s.div(s.load(e), sum), total), s.load(t));
                s.store(s.mul(excess, upstream), e);
            }
            logits.store(tile, out);
        }
    }
}
