//! Sums, means and extremes over the middle axis of `[outer, reduced, inner]`, each in one order.
//!
//! Along the innermost axis (`inner` = 1): lane `l` takes the elements `l, l + 16, …`, from 0; then the lanes are added by
//! halves. Down columns: shards of 64 rows, ascending from 0; equal neighbors are merged as soon as both exist, what is left at
//! the end from the latest to the earliest. The order depends on the shape alone.

#[cfg(test)]
mod tests;

use super::cpu::Cpu;
use super::map::operation::{max, min};
use super::simd::{Kernel, LANES, Simd};
use crate::real::Real;
use std::fmt;

/// The rows of one shard.
const SHARD: usize = 64;
/// Merged shards of different sizes that can wait at the same time: one for each bit of the number of shards.
const LEVELS: usize = 40;
/// From this many elements on a reduction with several results is spread over the gang.
const SPREAD: usize = 65_536;

/// What a reduction computes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Reduction {
    /// The sum; of nothing 0.
    Sum,
    /// The sum divided by the number of elements.
    Mean,
    /// The largest, NaN where there is one; of nothing −∞.
    Max,
    /// The smallest, NaN where there is one; of nothing ∞.
    Min,
}

impl Reduction {
    /// Every one of them.
    pub const ALL: &[Reduction] = &[Reduction::Sum, Reduction::Mean, Reduction::Max, Reduction::Min];

    /// The name in lower case.
    pub fn name(self) -> &'static str {
        match self {
            Reduction::Sum => "sum",
            Reduction::Mean => "mean",
            Reduction::Max => "max",
            Reduction::Min => "min",
        }
    }
}

impl fmt::Display for Reduction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Reduces the middle axis of `x: [outer, reduced, inner]` into `out: [outer, inner]`.
///
/// # Panics
/// Where the lengths do not fit the shape.
pub fn reduce<T: Real>(cpu: &Cpu, kind: Reduction, x: &[T], outer: usize, reduced: usize, inner: usize, out: &mut [T]) {
    assert!(x.len() == outer * reduced * inner && out.len() == outer * inner, "the shapes of a reduction");
    let threads = cpu.gang.threads();
    let whole = Block { kind, x, reduced, inner, first_column: 0 };
    if x.len() < SPREAD || threads == 1 || out.len() == 1 {
        return cpu.isa.run(Reduce { block: whole, out });
    }
    let chunk_len = match outer {
        1 => cpu.gang.chunk_len(inner, SHARD),
        _ => cpu.gang.chunk_len(outer, 1) * inner,
    };
    cpu.gang.for_chunks(out, chunk_len, |index, out| {
        let block = match outer {
            1 => Block { first_column: index * chunk_len, ..whole },
            _ => Block { x: &x[index * chunk_len * reduced..][..out.len() * reduced], ..whole },
        };
        cpu.isa.run(Reduce { block, out });
    });
}

/// A part of a reduction: whole outer indices, or some columns of a single one.
#[derive(Clone, Copy)]
struct Block<'a, T> {
    kind: Reduction,
    x: &'a [T],
    reduced: usize,
    inner: usize,
    first_column: usize,
}

struct Reduce<'a, T> {
    block: Block<'a, T>,
    out: &'a mut [T],
}

impl<T: Real> Kernel<T> for Reduce<'_, T> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd<Elem = T>>(self, s: S) {
        let Block { kind, x, reduced, inner, first_column } = self.block;
        if self.out.is_empty() {
            return;
        }
        if inner == 1 {
            return match kind {
                Reduction::Sum => row_sums(s, x, reduced, T::ONE, self.out),
                Reduction::Mean => row_sums(s, x, reduced, T::from_f64(reduced as f64), self.out),
                Reduction::Max => row_extremes::<S, true>(s, x, reduced, self.out),
                Reduction::Min => row_extremes::<S, false>(s, x, reduced, self.out),
            };
        }
        let columns = inner.min(self.out.len());
        for (n, out) in self.out.chunks_exact_mut(columns).enumerate() {
            let x = &x[n * reduced * inner..][..reduced * inner];
            match kind {
                Reduction::Sum => column_sums(s, x, inner, first_column, T::ONE, out),
                Reduction::Mean => column_sums(s, x, inner, first_column, T::from_f64(reduced as f64), out),
                Reduction::Max => column_extremes::<S, true>(s, x, inner, first_column, out),
                Reduction::Min => column_extremes::<S, false>(s, x, inner, first_column, out),
            }
        }
    }
}

/// The sums of rows of `len` elements, each divided by `divisor`.
#[inline(always)]
fn row_sums<S: Simd<Elem: Real>>(s: S, x: &[S::Elem], len: usize, divisor: S::Elem, out: &mut [S::Elem]) {
    for (n, sum) in out.iter_mut().enumerate() {
        *sum = row_sum(s, &x[n * len..][..len]);
    }
    if divisor != S::Elem::ONE {
        out.iter_mut().for_each(|sum| *sum = *sum / divisor);
    }
}

/// The largest or smallest of each row of `len` elements; of short rows sixteen at a time.
#[inline(always)]
fn row_extremes<S: Simd<Elem: Real>, const LARGEST: bool>(s: S, x: &[S::Elem], len: usize, out: &mut [S::Elem]) {
    if len > SHARD || out.len() == 1 {
        for (n, best) in out.iter_mut().enumerate() {
            *best = row_extreme::<S, LARGEST>(s, &x[n * len..][..len]);
        }
        return;
    }
    for (n, out) in out.chunks_mut(LANES).enumerate() {
        let x = &x[n * LANES * len..];
        let mut best = s.splat(least::<S::Elem, LARGEST>());
        for i in 0..len {
            best = extreme::<S, LARGEST>(s, best, s.gather(&x[i..], len, out.len()));
        }
        s.store_partial(s.add(best, s.splat(S::Elem::ZERO)), out);
    }
}

#[inline(always)]
fn is_nan<T: Real>(x: T) -> bool {
    x.partial_cmp(&x).is_none()
}

/// What every element surpasses.
#[inline(always)]
fn least<T: Real, const LARGEST: bool>() -> T {
    T::from_f64(if LARGEST { f64::NEG_INFINITY } else { f64::INFINITY })
}

#[inline(always)]
fn row_sum<S: Simd<Elem: Real>>(s: S, row: &[S::Elem]) -> S::Elem {
    let (whole, rest) = row.as_chunks::<LANES>();
    let mut sum = s.splat(S::Elem::ZERO);
    for x in whole {
        sum = s.add(sum, s.load(x));
    }
    // Lanes beyond the end add 0, which changes nothing: a sum from +0 on is never −0.
    s.tree_sum(if rest.is_empty() { sum } else { s.add(sum, s.load_partial(rest)) })
}

#[inline(always)]
fn extreme<S: Simd, const LARGEST: bool>(s: S, a: S::V, b: S::V) -> S::V {
    if LARGEST { max(s, a, b) } else { min(s, a, b) }
}

#[inline(always)]
fn row_extreme<S: Simd<Elem: Real>, const LARGEST: bool>(s: S, row: &[S::Elem]) -> S::Elem {
    let least = least::<S::Elem, LARGEST>();
    let (whole, rest) = row.as_chunks::<LANES>();
    let mut best = s.splat(least);
    for x in whole {
        best = extreme::<S, LARGEST>(s, best, s.load(x));
    }
    if !rest.is_empty() {
        let mut padded = [least; LANES];
        padded[..rest.len()].copy_from_slice(rest);
        best = extreme::<S, LARGEST>(s, best, s.load(&padded));
    }
    let mut lanes = s.to_array(best);
    for half in [8, 4, 2, 1] {
        for l in 0..half {
            let (a, b) = (lanes[l], lanes[l + half]);
            let better = if LARGEST { a > b } else { a < b };
            let best = if better { a } else { b };
            lanes[l] = if is_nan(a) { a } else { best };
        }
    }
    // A zero is +0, so that the order of the comparisons does not show.
    lanes[0] + S::Elem::ZERO
}

/// The sums of the columns `first..first + out.len()` of the matrix `x` with `inner` columns, each divided by `divisor`.
#[inline(always)]
fn column_sums<S: Simd<Elem: Real>>(
    s: S,
    x: &[S::Elem],
    inner: usize,
    first: usize,
    divisor: S::Elem,
    out: &mut [S::Elem],
) {
    let divisor = (divisor != S::Elem::ONE).then(|| s.splat(divisor));
    let (wide, rest) = out.as_chunks_mut::<{ 4 * LANES }>();
    let mut column = first;
    for out in wide {
        let sums = stacked_sums::<S, 4>(s, x, inner, column, LANES);
        for (out, sum) in out.as_chunks_mut::<LANES>().0.iter_mut().zip(sums) {
            s.store(divided(s, sum, divisor), out);
        }
        column += 4 * LANES;
    }
    for out in rest.chunks_mut(LANES) {
        let [sum] = stacked_sums::<S, 1>(s, x, inner, column, out.len());
        s.store_partial(divided(s, sum, divisor), out);
        column += LANES;
    }
}

#[inline(always)]
fn divided<S: Simd>(s: S, sum: S::V, divisor: Option<S::V>) -> S::V {
    match divisor {
        Some(divisor) => s.div(sum, divisor),
        None => sum,
    }
}

/// The sums of `16·N` columns from `column` on; of `width` columns where N = 1.
#[inline(always)]
fn stacked_sums<S: Simd<Elem: Real>, const N: usize>(
    s: S,
    x: &[S::Elem],
    inner: usize,
    column: usize,
    width: usize,
) -> [S::V; N] {
    let shard_len = SHARD * inner;
    let zero = [s.splat(S::Elem::ZERO); N];
    if x.len() <= shard_len {
        return shard_sums(s, x, inner, column, width);
    }
    // A binary counter: `waiting[d - 1]` is the sum of `sizes` shards; the trailing zeros of the count say how many merge.
    let mut waiting = [zero; LEVELS];
    let mut depth = 0;
    for (number, shard) in x.chunks(shard_len).enumerate() {
        let mut sums: [S::V; N] = shard_sums(s, shard, inner, column, width);
        for _ in 0..(number + 1).trailing_zeros() {
            depth -= 1;
            sums = added(s, waiting[depth], sums);
        }
        waiting[depth] = sums;
        depth += 1;
    }
    let mut sums = waiting[depth - 1];
    for earlier in waiting[..depth - 1].iter().rev() {
        sums = added(s, *earlier, sums);
    }
    sums
}

#[inline(always)]
fn added<S: Simd, const N: usize>(s: S, mut left: [S::V; N], right: [S::V; N]) -> [S::V; N] {
    for n in 0..N {
        left[n] = s.add(left[n], right[n]);
    }
    left
}

/// The sums over at most 64 rows, ascending.
#[inline(always)]
fn shard_sums<S: Simd<Elem: Real>, const N: usize>(
    s: S,
    shard: &[S::Elem],
    inner: usize,
    column: usize,
    width: usize,
) -> [S::V; N] {
    let mut sums = [s.splat(S::Elem::ZERO); N];
    for row in shard.chunks_exact(inner) {
        if width < LANES {
            sums[0] = s.add(sums[0], s.load_partial(&row[column..][..width]));
            continue;
        }
        for (sum, x) in sums.iter_mut().zip(row[column..].as_chunks::<LANES>().0) {
            *sum = s.add(*sum, s.load(x));
        }
    }
    sums
}

/// The largest or smallest of each of the columns `first..first + out.len()`.
#[inline(always)]
fn column_extremes<S: Simd<Elem: Real>, const LARGEST: bool>(
    s: S,
    x: &[S::Elem],
    inner: usize,
    first: usize,
    out: &mut [S::Elem],
) {
    let least = least::<S::Elem, LARGEST>();
    for (n, out) in out.chunks_mut(LANES).enumerate() {
        let mut best = s.splat(least);
        for row in x.chunks_exact(inner) {
            let x = s.load_partial(&row[first + n * LANES..][..out.len()]);
            best = extreme::<S, LARGEST>(s, best, x);
        }
        s.store_partial(s.add(best, s.splat(S::Elem::ZERO)), out);
    }
}

/// The position of the largest element along the middle axis of `[outer, reduced, inner]`; the first of several, and NaN counts
/// as the largest.
///
/// # Panics
/// Where the lengths do not fit the shape, or `reduced` is 0.
pub fn argmax<T: Real>(x: &[T], outer: usize, reduced: usize, inner: usize, out: &mut [i64]) {
    assert!(x.len() == outer * reduced * inner && out.len() == outer * inner, "the shapes of an argmax");
    assert!(reduced > 0 || out.is_empty(), "nothing has no largest element");
    for (n, result) in out.iter_mut().enumerate() {
        let column = &x[n / inner * reduced * inner + n % inner..];
        let (mut best, mut position) = (column[0], 0);
        for (i, &x) in column.iter().step_by(inner).take(reduced).enumerate() {
            if x > best || (is_nan(x) && !is_nan(best)) {
                (best, position) = (x, i as i64);
            }
        }
        *result = position;
    }
}
