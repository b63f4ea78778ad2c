//! Copying a panel of `B` into one piece.

use super::Product;
use crate::kernels::simd::{Kernel, LANES, Simd};
use crate::real::Real;
use std::marker::PhantomData;
use std::ops::Range;

/// Steps of the contraction that are copied together from a transposed `B`, whose columns lie far apart.
const BLOCK: usize = 16;

/// Copies `steps` of the panel of `vectors` vectors from column `start` to `to`, step by step, with zeros beyond the last
/// column.
pub(super) struct Pack<'a, T> {
    from: *const T,
    transposed: bool,
    /// The columns of the matrix.
    n: usize,
    /// The rows of the matrix.
    k: usize,
    start: usize,
    vectors: usize,
    steps: Range<usize>,
    to: *mut T,
    borrows: PhantomData<&'a T>,
}

impl<'a, T: Real> Pack<'a, T> {
    /// # Safety
    /// `to` must be valid for writing `steps.len() · vectors · LANES` elements by this thread alone while the value lives.
    #[inline(always)]
    pub(super) unsafe fn new(
        product: &'a Product<T>,
        start: usize,
        vectors: usize,
        steps: Range<usize>,
        to: *mut T,
    ) -> Self {
        let Product { b, transpose_b, n, k, .. } = *product;
        Pack { from: b, transposed: transpose_b, n, k, start, vectors, steps, to, borrows: PhantomData }
    }

    /// Row by row: the columns of a step lie beside each other.
    #[inline(always)]
    fn copy<S: Simd<Elem = T>>(&self, simd: S) {
        for (index, step) in self.steps.clone().enumerate() {
            for vector in 0..self.vectors {
                let column = self.start + vector * LANES;
                let count = (self.n - column).min(LANES);
                // SAFETY: `step < k` and `column + count <= n`; the target holds `vectors` vectors per step.
                unsafe {
                    let from = self.from.add(step * self.n + column);
                    let to = self.to.add((index * self.vectors + vector) * LANES);
                    let v = match count {
                        LANES => simd.load_pointer(from),
                        _ => simd.load_partial(std::slice::from_raw_parts(from, count)),
                    };
                    simd.store_pointer(v, to);
                }
            }
        }
    }

    /// Column by column, in blocks that stay in the cache.
    #[inline(always)]
    fn transpose(&self) {
        let width = self.vectors * LANES;
        let used = (self.n - self.start).min(width);
        let mut first = self.steps.start;
        while first < self.steps.end {
            let count = (self.steps.end - first).min(BLOCK);
            // SAFETY: the target holds `width` elements for each of the steps.
            let to = unsafe { self.to.add((first - self.steps.start) * width) };
            for column in 0..used {
                // SAFETY: `start + column < n` and `first + count <= k`.
                let from = unsafe { self.from.add((self.start + column) * self.k + first) };
                for step in 0..count {
                    // SAFETY: as above, and `column < width`.
                    unsafe { *to.add(step * width + column) = *from.add(step) };
                }
            }
            for step in 0..count {
                for column in used..width {
                    // SAFETY: as above.
                    unsafe { *to.add(step * width + column) = T::ZERO };
                }
            }
            first += count;
        }
    }
}

impl<T: Real> Kernel<T> for Pack<'_, T> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd<Elem = T>>(self, simd: S) {
        if self.transposed { self.transpose() } else { self.copy(simd) }
    }
}
