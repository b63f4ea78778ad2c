//! Panels and tiles: the loops whose accumulators stay in registers.

use super::Product;
use super::pack::Pack;
use crate::kernels::simd::{Kernel, LANES, Simd};
use crate::real::Real;
use std::mem::MaybeUninit;
use std::ops::Range;

/// The most registers that the accumulators of a tile take, in bytes.
const TILE_BYTES: usize = 24 * 64;
/// Scratch for the partial sums of a tile: one for each digit of the number of shards.
pub(super) const TREE_BYTES: usize = 32 * TILE_BYTES;
/// Where `B` is read in place, a vector may reach into the next rows; the last rows, which have none, are copied: at most
/// sixteen of one vector, or one of four.
const COPIED: usize = LANES * LANES;

/// `rows` of the result in the columns of one panel, from `steps` of the contraction.
///
/// The first steps start from 0, later ones go on from what is in the result; the last ones add the bias and take the
/// positive part.
pub(super) struct Panel<'a, T> {
    pub(super) product: &'a Product<T>,
    pub(super) rows: Range<usize>,
    /// The first column.
    pub(super) start: usize,
    /// 1, 2 or 4, at most as many as the registers are meant for.
    pub(super) vectors: usize,
    pub(super) steps: Range<usize>,
    /// The panel's steps, each of `vectors` vectors; in place where there is none.
    pub(super) packed: Option<*const T>,
}

/// Some steps of a panel of `B`.
#[derive(Clone, Copy)]
struct Steps<T> {
    from: *const T,
    stride: usize,
    count: usize,
}

impl<T: Real> Kernel<T> for (Panel<'_, T>, *mut T) {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd<Elem = T>>(self, simd: S) {
        let (panel, tree) = self;
        match panel.vectors {
            4 if const { rows_of_tile::<S>(4) > 0 } => panel.all_rows::<S, 4>(simd, tree),
            2 if const { rows_of_tile::<S>(2) > 0 } => panel.all_rows::<S, 2>(simd, tree),
            _ => panel.all_rows::<S, 1>(simd, tree),
        }
    }
}

/// The rows of a tile of `vectors` vectors, such that its accumulators fill the registers but for the operands; 0 where
/// panels are not meant to be so wide.
const fn rows_of_tile<S: Simd>(vectors: usize) -> usize {
    // The alignment of a vector is the size of the registers that it lies in; plain arrays get those of NEON.
    let register = if align_of::<S::V>() > 16 { align_of::<S::V>() } else { 16 };
    match (register, vectors, size_of::<S::V>() / register) {
        // 32 registers, one or two to a vector.
        (64, 1, 1) => 16,
        (64, 2, 1) | (64, 1, 2) => 12,
        (64, 4, 1) | (64, 2, 2) => 6,
        // 16 registers, two or four to a vector.
        (32, 1, 2) => 6,
        (32, 1, 4) => 2,
        // 32 registers, four or eight to a vector.
        (16, 1, 4) => 6,
        (16, 1, 8) => 2,
        _ => 0,
    }
}

impl<T: Real> Panel<'_, T> {
    #[inline(always)]
    fn all_rows<S: Simd<Elem = T>, const V: usize>(&self, simd: S, tree: *mut T) {
        let mut copied = MaybeUninit::<[T; COPIED]>::uninit();
        let b = self.operand::<S, V>(simd, copied.as_mut_ptr().cast());
        let mut row = self.rows.start;
        if row == 0 && !self.product.sums.is_null() {
            let mut rows = 0;
            macro_rules! tile_with_sums {
                ($($rows:literal)*) => {$(
                    if rows == 0 && const { $rows <= rows_of_tile::<S>(V) } && self.rows.end >= $rows - 1 {
                        // SAFETY: as below, with one row of ones beside those of the panel.
                        unsafe { self.tile::<S, $rows, V, true>(simd, 0, b, tree) };
                        rows = $rows - 1;
                    }
                )*};
            }
            tile_with_sums!(12 8 6 4 3 2);
            row = rows;
        }
        macro_rules! tiles {
            ($($rows:literal)*) => {$(
                while const { $rows <= rows_of_tile::<S>(V) } && self.rows.end - row >= $rows {
                    // SAFETY: the rows are those of the panel, `b` covers its steps, and `tree` has room for a tile's
                    // partial sums where there is more than one shard.
                    unsafe { self.tile::<S, $rows, V, false>(simd, row, b, tree) };
                    row += $rows;
                }
            )*};
        }
        tiles!(16 12 8 7 6 5 4 3 2 1);
    }

    /// The steps of `B`: those that can be read where they are, and the rest.
    #[inline(always)]
    fn operand<S: Simd<Elem = T>, const V: usize>(&self, simd: S, copied: *mut T) -> [Steps<T>; 2] {
        let width = V * LANES;
        let nothing = Steps { from: copied.cast_const(), stride: width, count: 0 };
        if let Some(from) = self.packed {
            return [Steps { from, stride: width, count: self.steps.len() }, nothing];
        }
        let Product { b, k, n, .. } = *self.product;
        // A step can be read if its last vector, which may reach into the next rows, ends inside the matrix; a few steps
        // that could be read may be copied with the others, to save a division.
        let beyond = (self.start + width).saturating_sub(n);
        let in_place = if beyond == 0 { k } else { k.saturating_sub((beyond >> n.ilog2()) + 1) };
        let middle = in_place.clamp(self.steps.start, self.steps.end);
        let from = b.wrapping_add(self.steps.start * n + self.start);
        let near = Steps { from, stride: n, count: middle - self.steps.start };
        if middle == self.steps.end {
            return [near, nothing];
        }
        // SAFETY: the buffer holds the few steps of this panel that reach beyond the matrix, see `COPIED`.
        unsafe { Pack::new(self.product, self.start, V, middle..self.steps.end, copied) }.copy(simd);
        [near, Steps { count: self.steps.end - middle, ..nothing }]
    }

    /// `R` rows from `row` on, `V` vectors wide. With `SUMS` the last of them is the sums: ones times `B`.
    ///
    /// # Safety
    /// The rows must be rows of the product, `b` must cover `self.steps`, and `tree` must have room for [`TREE_BYTES`] where
    /// the product has more than one shard.
    #[inline(always)]
    unsafe fn tile<S: Simd<Elem = T>, const R: usize, const V: usize, const SUMS: bool>(
        &self,
        simd: S,
        row: usize,
        b: [Steps<T>; 2],
        tree: *mut T,
    ) {
        let Product { a, a_row, a_step, k, shard, .. } = *self.product;
        let a = a.wrapping_add(row * a_row + self.steps.start * a_step);
        let mut acc = [[simd.splat(T::ZERO); V]; R];
        if shard < k {
            // SAFETY: as promised to this function.
            acc = unsafe { self.shards::<S, R, V, SUMS>(simd, a, b, tree) };
        } else {
            // Only few steps, one shard of them, come with sums: they are never cut.
            if self.steps.start > 0 && !SUMS {
                acc = self.resume(simd, row);
            }
            let strides = (a_row, a_step);
            // SAFETY: as promised to this function; the second steps follow the first.
            unsafe {
                acc = accumulate::<S, T, R, V, SUMS>(simd, acc, a, strides, b[0]);
                let rest = a.wrapping_add(b[0].count * a_step);
                acc = accumulate::<S, T, R, V, SUMS>(simd, acc, rest, strides, b[1]);
            }
        }
        if self.steps.end == k && !SUMS {
            acc = self.finish(simd, row, acc);
        }
        self.store::<S, R, V, SUMS>(simd, row, acc);
    }

    /// All steps, shard by shard, with the partial sums that wait for a neighbor of their size in `tree`.
    ///
    /// # Safety
    /// As for [`tile`](Self::tile).
    #[inline(always)]
    unsafe fn shards<S: Simd<Elem = T>, const R: usize, const V: usize, const SUMS: bool>(
        &self,
        simd: S,
        a: *const T,
        [near, far]: [Steps<T>; 2],
        tree: *mut T,
    ) -> [[S::V; V]; R] {
        let Product { a_row, a_step, k, shard, .. } = *self.product;
        let mut done = 0;
        let mut shards = 0_usize;
        loop {
            let mut acc = [[simd.splat(T::ZERO); V]; R];
            let end = (done + shard).min(k);
            let (middle, far_start) = (near.count.clamp(done, end), done.max(near.count));
            // SAFETY: as promised to this function: `near` and `far` together are the steps `0..k`.
            unsafe {
                let (first, rest) = (a.wrapping_add(done * a_step), a.wrapping_add(middle * a_step));
                let (steps, strides) = (near.part(done, middle - done), (a_row, a_step));
                acc = accumulate::<S, T, R, V, SUMS>(simd, acc, first, strides, steps);
                let steps = far.part(far_start - near.count, end - middle);
                acc = accumulate::<S, T, R, V, SUMS>(simd, acc, rest, strides, steps);
            }
            done = end;
            let mut level = 0;
            // The digits of the counter: a carry adds the partial sum of its place; at the end, all that are left.
            while shards >> level != 0 {
                if shards >> level & 1 == 1 {
                    // SAFETY: there are at most 32 digits, each with room for a tile.
                    unsafe { acc = add_to_left(simd, acc, tree.add(level * R * V * LANES)) };
                } else if done < k {
                    break;
                }
                level += 1;
            }
            if done == k {
                return acc;
            }
            for (r, sums) in acc.iter().enumerate() {
                for (v, sum) in sums.iter().enumerate() {
                    // SAFETY: as above.
                    unsafe { simd.store_pointer(*sum, tree.add(((level * R + r) * V + v) * LANES)) };
                }
            }
            shards += 1;
        }
    }

    /// What earlier steps left in the result.
    #[inline(always)]
    fn resume<S: Simd<Elem = T>, const R: usize, const V: usize>(&self, simd: S, row: usize) -> [[S::V; V]; R] {
        let Product { c, n, .. } = *self.product;
        let mut acc = [[simd.splat(T::ZERO); V]; R];
        for (r, sums) in acc.iter_mut().enumerate() {
            for (v, sum) in sums.iter_mut().enumerate() {
                let column = self.start + v * LANES;
                // SAFETY: the row and the column lie in the result.
                *sum = unsafe { load(simd, c.add((row + r) * n + column), n - column) };
            }
        }
        acc
    }

    /// Adds the bias, takes the positive part and applies the gate, where they are asked for.
    #[inline(always)]
    fn finish<S: Simd<Elem = T>, const R: usize, const V: usize>(
        &self,
        simd: S,
        row: usize,
        mut acc: [[S::V; V]; R],
    ) -> [[S::V; V]; R] {
        let Product { n, bias, relu, gate, .. } = *self.product;
        if let Some(bias) = bias {
            for v in 0..V {
                let column = self.start + v * LANES;
                // SAFETY: the bias has `n` elements.
                let bias = unsafe { load(simd, bias.add(column), n - column) };
                for sums in &mut acc {
                    sums[v] = simd.add(sums[v], bias);
                }
            }
        }
        if relu {
            let zero = simd.splat(T::ZERO);
            for sums in &mut acc {
                for sum in sums {
                    *sum = simd.max(zero, *sum);
                }
            }
        }
        if let Some(gate) = gate {
            let (zero, one) = (simd.splat(T::ZERO), simd.splat(T::ONE));
            // No branch inside, so that the compiler unrolls both loops.
            let count = (n - self.start - (V - 1) * LANES).min(LANES);
            let mut from = gate.wrapping_add(row * n + self.start);
            for sums in &mut acc {
                for (v, sum) in sums.iter_mut().enumerate() {
                    let count = if v == V - 1 { count } else { LANES };
                    // SAFETY: the gate has the shape of the result.
                    let gate = unsafe { std::slice::from_raw_parts(from.add(v * LANES), count) };
                    let open = simd.less(zero, simd.load_partial(gate));
                    *sum = simd.mul(*sum, simd.select(open, one, zero));
                }
                from = from.wrapping_add(n);
            }
        }
        acc
    }

    #[inline(always)]
    fn store<S: Simd<Elem = T>, const R: usize, const V: usize, const SUMS: bool>(
        &self,
        simd: S,
        row: usize,
        acc: [[S::V; V]; R],
    ) {
        let Product { c, n, sums, .. } = *self.product;
        let last = self.start + (V - 1) * LANES;
        let count = (n - last).min(LANES);
        let mut to = c.wrapping_add(row * n + self.start);
        for (r, vectors) in acc.iter().enumerate() {
            if SUMS && r == R - 1 {
                to = sums.wrapping_add(self.start);
            }
            // SAFETY: the row and the columns lie in the result, or in the sums, and no other thread has them.
            unsafe {
                for (v, vector) in vectors[..V - 1].iter().enumerate() {
                    simd.store_pointer(*vector, to.add(v * LANES));
                }
                let last = to.add((V - 1) * LANES);
                if count == LANES {
                    simd.store_pointer(vectors[V - 1], last);
                } else {
                    simd.store_partial(vectors[V - 1], std::slice::from_raw_parts_mut(last, count));
                }
            }
            to = to.wrapping_add(n);
        }
    }
}

impl<T> Steps<T> {
    /// `count` steps from `first` on.
    #[inline(always)]
    fn part(self, first: usize, count: usize) -> Self {
        Steps { from: self.from.wrapping_add(first * self.stride), stride: self.stride, count }
    }
}

/// Sixteen elements, or as many as there are and then zeros.
///
/// # Safety
/// `from` must be valid for reading `left.min(LANES)` elements.
#[inline(always)]
unsafe fn load<S: Simd<Elem = T>, T: Real>(simd: S, from: *const T, left: usize) -> S::V {
    // SAFETY: as promised to this function.
    unsafe {
        if left >= LANES { simd.load_pointer(from) } else { simd.load_partial(std::slice::from_raw_parts(from, left)) }
    }
}

/// `acc = left + acc`.
///
/// # Safety
/// `left` must hold as many elements as `acc`.
#[inline(always)]
unsafe fn add_to_left<S: Simd<Elem = T>, T: Real, const R: usize, const V: usize>(
    simd: S,
    mut acc: [[S::V; V]; R],
    left: *const T,
) -> [[S::V; V]; R] {
    for (r, sums) in acc.iter_mut().enumerate() {
        for (v, sum) in sums.iter_mut().enumerate() {
            // SAFETY: as promised to this function.
            *sum = simd.add(unsafe { simd.load_pointer(left.add((r * V + v) * LANES)) }, *sum);
        }
    }
    acc
}

/// The inner loop: `acc[r][v] = fma(a[r, p], b[p, v], acc[r][v])` for ascending `p`. With `SUMS` the last row is of ones.
///
/// # Safety
/// `R` rows of `a`, or one less with `SUMS`, with these strides from row to row and from step to step, and `V` vectors of `b` must be readable
/// for each of the steps.
#[inline(always)]
unsafe fn accumulate<S: Simd<Elem = T>, T: Real, const R: usize, const V: usize, const SUMS: bool>(
    simd: S,
    mut acc: [[S::V; V]; R],
    a: *const T,
    (a_row, a_step): (usize, usize),
    b: Steps<T>,
) -> [[S::V; V]; R] {
    // One address for three rows: the processor adds once or twice the stride by itself.
    let mut rows: [*const T; 6] = [a; 6];
    for (index, row) in rows.iter_mut().enumerate() {
        *row = a.wrapping_add(3 * index * a_row);
    }
    let mut from = b.from;
    for _ in 0..b.count {
        let mut vectors = [simd.splat(T::ZERO); V];
        for (v, vector) in vectors.iter_mut().enumerate() {
            // SAFETY: as promised to this function.
            *vector = unsafe { simd.load_pointer(from.add(v * LANES)) };
        }
        // Two loops, so that the compiler unrolls both.
        for (three_rows, (row, three)) in rows.iter().zip(acc.chunks_mut(3)).enumerate() {
            for (r, sums) in three.iter_mut().enumerate() {
                // A product with 1 added in one rounding is the sum itself.
                let x = match SUMS && 3 * three_rows + r == R - 1 {
                    true => T::ONE,
                    // SAFETY: as promised to this function.
                    false => unsafe { *row.wrapping_add(r * a_row) },
                };
                let x = simd.splat(x);
                for (sum, vector) in sums.iter_mut().zip(&vectors) {
                    *sum = simd.fma(x, *vector, *sum);
                }
            }
        }
        for row in &mut rows {
            *row = row.wrapping_add(a_step);
        }
        from = from.wrapping_add(b.stride);
    }
    acc
}
