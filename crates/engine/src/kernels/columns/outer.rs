//! Gradients of weights: sums of outer products over the samples of a shard.

use super::{Column, Row, SHARD, part};
use crate::kernels::cpu::Cpu;
use crate::kernels::simd::{Kernel, LANES, Simd};
use crate::real::Real;

/// For each of `factors` a vector of `sums`: in lane `l` the column `lanes[l]` times the factor's column, summed over the samples
/// in ascending order by fused multiply-adds from 0. Lanes without a column are arbitrary.
///
/// Layers share a vector where their units fit in: what units of different layers have in common is nobody's gradient.
pub struct Outer<'a, T> {
    /// All columns that there are.
    pub columns: &'a [Column<T>],
    /// At most sixteen of them.
    pub lanes: &'a [usize],
    /// Any number of them.
    pub factors: &'a [usize],
    /// The samples, at most 64.
    pub samples: usize,
    /// Scratch.
    pub rows: &'a mut [Row<T>],
    /// As many as there are factors.
    pub sums: &'a mut [Row<T>],
}

/// Computes the sums.
///
/// # Panics
/// Where a column is not there, or the sizes do not fit each other.
pub fn outer<T: Real>(cpu: &Cpu, call: Outer<'_, T>) {
    assert!(call.lanes.len() <= LANES && call.samples <= SHARD, "the sizes of an outer product");
    assert!(call.sums.len() == call.factors.len() && call.rows.len() >= SHARD, "room for an outer product");
    cpu.isa.run(call);
}

impl<T: Real> Kernel<T> for Outer<'_, T> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd<Elem = T>>(self, s: S) {
        let Outer { columns, lanes, factors, samples, rows, sums } = self;
        turn(s, columns, lanes, samples, rows);
        let rows = &rows[..samples];
        let mut done = 0;
        macro_rules! tiles {
            ($($size:literal)*) => {$(
                while const { $size <= most::<S>() } && factors.len() - done >= $size {
                    tile::<S, $size>(s, columns, &factors[done..], rows, &mut sums[done..]);
                    done += $size;
                }
            )*};
        }
        tiles!(16 12 10 8 7 6 5 4 3 2 1);
    }
}

/// The most accumulators that leave registers for a row and a factor.
const fn most<S: Simd>() -> usize {
    match (align_of::<S::V>(), size_of::<S::V>() / align_of::<S::V>()) {
        (64, 1) => 16,
        (64, _) => 12,
        (32, 2) => 6,
        (32, _) => 2,
        _ => 4,
    }
}

/// The columns as rows: a sample's numbers beside each other.
#[inline(always)]
fn turn<S: Simd<Elem: Real>>(
    s: S,
    columns: &[Column<S::Elem>],
    lanes: &[usize],
    samples: usize,
    rows: &mut [Row<S::Elem>],
) {
    let Some(&some) = lanes.first() else { return };
    let mut all = [&columns[some]; LANES];
    all.iter_mut().zip(lanes).for_each(|(to, &lane)| *to = &columns[lane]);
    let all = all.as_chunks::<4>().0;
    for (number, rows) in rows.as_chunks_mut::<LANES>().0.iter_mut().enumerate().take(samples.div_ceil(LANES)) {
        let mut blocks = [[s.splat(S::Elem::ZERO); 4]; 4];
        for (block, four) in blocks.iter_mut().zip(all) {
            for (vector, column) in block.iter_mut().zip(four) {
                *vector = s.load(part(column, number));
            }
            *block = s.turn_fours(*block);
        }
        for first in 0..4 {
            let rows_of_blocks =
                s.turn_blocks([blocks[0][first], blocks[1][first], blocks[2][first], blocks[3][first]]);
            for (block, row) in rows_of_blocks.into_iter().enumerate() {
                s.store(row, &mut rows[4 * block + first]);
            }
        }
    }
}

/// The sums of the first `R` factors.
#[inline(always)]
fn tile<S: Simd<Elem: Real>, const R: usize>(
    s: S,
    columns: &[Column<S::Elem>],
    factors: &[usize],
    rows: &[Row<S::Elem>],
    sums: &mut [Row<S::Elem>],
) {
    let mut from = [&columns[factors[0]]; R];
    for (from, &factor) in from.iter_mut().zip(factors) {
        *from = &columns[factor];
    }
    let mut acc = [s.splat(S::Elem::ZERO); R];
    let (fours, rest) = rows.as_chunks::<4>();
    // Several samples a turn: the turns themselves cost nearly as much as one.
    for (four, rows) in fours.iter().enumerate() {
        for (sample, row) in rows.iter().enumerate() {
            // SAFETY: there are at most as many rows as a column has samples, see `outer`.
            acc = unsafe { add(s, acc, &from, 4 * four + sample, row) };
        }
    }
    for (sample, row) in (rows.len() - rest.len()..).zip(rest) {
        // SAFETY: as above.
        acc = unsafe { add(s, acc, &from, sample, row) };
    }
    for (acc, sum) in acc.into_iter().zip(sums) {
        s.store(acc, sum);
    }
}

/// Adds what one sample gives.
///
/// # Safety
/// The sample must be one of a column.
#[inline(always)]
unsafe fn add<S: Simd<Elem: Real>, const R: usize>(
    s: S,
    mut acc: [S::V; R],
    from: &[&Column<S::Elem>; R],
    sample: usize,
    row: &Row<S::Elem>,
) -> [S::V; R] {
    let row = s.load(row);
    for (acc, column) in acc.iter_mut().zip(from) {
        // SAFETY: the caller's.
        let factor = s.splat(unsafe { *column.get_unchecked(sample) });
        *acc = s.fma(factor, row, *acc);
    }
    acc
}
