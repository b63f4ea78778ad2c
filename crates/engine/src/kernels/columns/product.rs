//! The product of a layer, forward and back.

use super::{Column, SHARD, part, part_mut};
use crate::kernels::cpu::Cpu;
use crate::kernels::simd::{Kernel, LANES, Simd};
use crate::real::Real;

/// `C = A·B` of columns, then `+ bias`, then the positive part; then `· step(gate)`, as [`gemm`](crate::kernels::gemm::gemm)
/// does it: each element is one chain over the units that are read, in ascending order.
pub struct Product<'a, T> {
    /// The units that are read.
    pub a: &'a [Column<T>],
    /// `[units read, units written]` row-major, or its transpose where `transpose_b`.
    pub b: &'a [T],
    /// Whether `b` holds its transpose.
    pub transpose_b: bool,
    /// Added to each unit.
    pub bias: Option<&'a [T]>,
    /// Whether negative results become 0; NaN stays.
    pub relu: bool,
    /// As wide as the result, which is multiplied by 1 where this is above 0, elsewhere by 0.
    pub gate: Option<&'a [Column<T>]>,
    /// The units that are written.
    pub c: &'a mut [Column<T>],
    /// The samples, at most 64.
    pub samples: usize,
}

/// Computes the product.
///
/// # Panics
/// Where the sizes do not fit each other.
pub fn product<T: Real>(cpu: &Cpu, call: Product<'_, T>) {
    let (k, n) = (call.a.len(), call.c.len());
    assert!(call.b.len() >= k * n && call.samples <= SHARD, "the sizes of a narrow product");
    assert!(call.bias.is_none_or(|bias| bias.len() >= n), "the bias is shorter than a row");
    assert!(call.gate.is_none_or(|gate| gate.len() >= n), "the gate is narrower than the result");
    cpu.isa.run(call);
}

impl<T: Real> Kernel<T> for Product<'_, T> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd<Elem = T>>(mut self, s: S) {
        // The accumulators of a tile fill half of sixteen registers.
        let wide = const { size_of::<S::V>() / align_of::<S::V>() <= 2 || align_of::<S::V>() == 64 };
        match self.samples.div_ceil(LANES) {
            0 => {}
            1 => self.tile::<S, 1>(s, 0),
            2 => self.tile::<S, 2>(s, 0),
            _ if wide => self.tile::<S, 4>(s, 0),
            _ => {
                self.tile::<S, 2>(s, 0);
                self.tile::<S, 2>(s, 2);
            }
        }
    }
}

impl<T: Real> Product<'_, T> {
    /// All units for `V` vectors of samples from vector `first` on.
    #[inline(always)]
    fn tile<S: Simd<Elem = T>, const V: usize>(&mut self, s: S, first: usize) {
        let (k, n) = (self.a.len(), self.c.len());
        let (step, next) = if self.transpose_b { (1, k) } else { (n, 1) };
        let (zero, one) = (s.splat(T::ZERO), s.splat(T::ONE));
        for (unit, c) in self.c.iter_mut().enumerate() {
            let mut acc = [zero; V];
            let mut at = unit * next;
            for a in self.a {
                // SAFETY: `unit < n`, fewer than `k` steps are behind, and `b` holds `k·n` elements, see `product`.
                let factor = s.splat(unsafe { *self.b.get_unchecked(at) });
                for (v, acc) in acc.iter_mut().enumerate() {
                    *acc = s.fma(s.load(part(a, first + v)), factor, *acc);
                }
                at += step;
            }
            if let Some(bias) = self.bias {
                let bias = s.splat(bias[unit]);
                acc.iter_mut().for_each(|acc| *acc = s.add(*acc, bias));
            }
            if self.relu {
                acc.iter_mut().for_each(|acc| *acc = s.max(zero, *acc));
            }
            if let Some(gate) = self.gate {
                for (v, acc) in acc.iter_mut().enumerate() {
                    let open = s.less(zero, s.load(part(&gate[unit], first + v)));
                    *acc = s.mul(*acc, s.select(open, one, zero));
                }
            }
            for (v, acc) in acc.into_iter().enumerate() {
                s.store(acc, part_mut(c, first + v));
            }
        }
    }
}
