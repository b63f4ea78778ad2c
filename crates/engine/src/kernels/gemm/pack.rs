//! Copying a panel of `B` into one piece.

use super::Product;
use crate::kernels::simd::{Kernel, LANES, Simd};
use crate::real::Real;
#[cfg(target_arch = "x86_64")]
use std::arch::x86_64::{
    _mm512_castpd_ps, _mm512_castps_pd, _mm512_maskz_loadu_ps, _mm512_setzero_ps, _mm512_shuffle_f32x4,
    _mm512_storeu_ps, _mm512_unpackhi_pd, _mm512_unpackhi_ps, _mm512_unpacklo_pd, _mm512_unpacklo_ps,
};
use std::marker::PhantomData;
use std::ops::Range;

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
    pub(super) fn copy<S: Simd<Elem = T>>(&self, simd: S) {
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

    /// In squares that stay in the cache: what lies beside each other in one lies beneath each other in the other.
    #[inline(always)]
    fn transpose<S: Simd<Elem = T>>(&self) {
        let width = self.vectors * LANES;
        let mut first = self.steps.start;
        while first < self.steps.end {
            let count = (self.steps.end - first).min(LANES);
            for column in (0..width).step_by(LANES) {
                let used = self.n.saturating_sub(self.start + column).min(LANES);
                // SAFETY: the square has `count` steps from `first` on and `used` columns of the matrix; the target holds
                // `width` elements for each step.
                unsafe {
                    let from = self.from.wrapping_add((self.start + column) * self.k + first);
                    let to = self.to.add((first - self.steps.start) * width + column);
                    self.transpose_square::<S>(from, used, count, to);
                }
            }
            first += count;
        }
    }

    /// # Safety
    /// `from` must be valid for reading `count` elements at `used` multiples of `k`, `to` for writing sixteen at `count`
    /// multiples of the width of the panel.
    #[inline(always)]
    unsafe fn transpose_square<S: Simd<Elem = T>>(&self, from: *const T, used: usize, count: usize, to: *mut T) {
        let width = self.vectors * LANES;
        #[cfg(target_arch = "x86_64")]
        if const { is_avx512_f32::<S>() } {
            // SAFETY: the type says that the machine has AVX-512 and that `T` is `f32`; the rest as promised.
            unsafe { transpose_f32(from.cast(), self.k, used, count, to.cast(), width) };
            return;
        }
        for column in 0..LANES {
            for step in 0..count {
                let x = if column < used {
                    // SAFETY: as promised to this function.
                    unsafe { *from.wrapping_add(column * self.k + step) }
                } else {
                    T::ZERO
                };
                // SAFETY: as promised to this function.
                unsafe { *to.add(step * width + column) = x };
            }
        }
    }
}

/// Whether vectors are single registers of AVX-512 with sixteen `f32`.
#[cfg(target_arch = "x86_64")]
const fn is_avx512_f32<S: Simd>() -> bool {
    size_of::<S::Elem>() == 4 && align_of::<S::V>() == 64
}

/// `to[step · width + column] = from[column · stride + step]` for `count` steps and sixteen columns, with zeros for the
/// columns from `used` on.
///
/// # Safety
/// The `count` elements of `used` columns must be readable, and sixteen of each step writable.
#[cfg(target_arch = "x86_64")]
#[inline]
#[target_feature(enable = "avx512f")]
unsafe fn transpose_f32(from: *const f32, stride: usize, used: usize, count: usize, to: *mut f32, width: usize) {
    let mask = ((1_u32 << count) - 1) as u16;
    let mut rows = [_mm512_setzero_ps(); LANES];
    for (column, row) in rows.iter_mut().enumerate() {
        let mask = if column < used { mask } else { 0 };
        // SAFETY: as promised to this function; masked elements are not read.
        *row = unsafe { _mm512_maskz_loadu_ps(mask, from.wrapping_add(column * stride)) };
    }
    // Pairs of rows, then fours: register `4i + j` gets elements `j`, `4 + j`, `8 + j`, `12 + j` of rows `4i..4i + 4`.
    let mut pairs = rows;
    for i in 0..LANES / 2 {
        pairs[2 * i] = _mm512_unpacklo_ps(rows[2 * i], rows[2 * i + 1]);
        pairs[2 * i + 1] = _mm512_unpackhi_ps(rows[2 * i], rows[2 * i + 1]);
    }
    let mut fours = pairs;
    for i in 0..LANES / 4 {
        let (a, c) = (_mm512_castps_pd(pairs[4 * i]), _mm512_castps_pd(pairs[4 * i + 2]));
        let (b, d) = (_mm512_castps_pd(pairs[4 * i + 1]), _mm512_castps_pd(pairs[4 * i + 3]));
        fours[4 * i] = _mm512_castpd_ps(_mm512_unpacklo_pd(a, c));
        fours[4 * i + 1] = _mm512_castpd_ps(_mm512_unpackhi_pd(a, c));
        fours[4 * i + 2] = _mm512_castpd_ps(_mm512_unpacklo_pd(b, d));
        fours[4 * i + 3] = _mm512_castpd_ps(_mm512_unpackhi_pd(b, d));
    }
    for j in 0..4 {
        let even = _mm512_shuffle_f32x4::<0x88>(fours[j], fours[4 + j]);
        let odd = _mm512_shuffle_f32x4::<0xdd>(fours[j], fours[4 + j]);
        let later_even = _mm512_shuffle_f32x4::<0x88>(fours[8 + j], fours[12 + j]);
        let later_odd = _mm512_shuffle_f32x4::<0xdd>(fours[8 + j], fours[12 + j]);
        rows[j] = _mm512_shuffle_f32x4::<0x88>(even, later_even);
        rows[4 + j] = _mm512_shuffle_f32x4::<0x88>(odd, later_odd);
        rows[8 + j] = _mm512_shuffle_f32x4::<0xdd>(even, later_even);
        rows[12 + j] = _mm512_shuffle_f32x4::<0xdd>(odd, later_odd);
    }
    for (step, row) in rows.iter().enumerate() {
        if step < count {
            // SAFETY: as promised to this function.
            unsafe { _mm512_storeu_ps(to.add(step * width), *row) };
        }
    }
}

impl<T: Real> Kernel<T> for Pack<'_, T> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd<Elem = T>>(self, simd: S) {
        if self.transposed { self.transpose::<S>() } else { self.copy(simd) }
    }
}
