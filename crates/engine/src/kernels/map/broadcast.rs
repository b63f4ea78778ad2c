//! Pairs of tensors of different shapes.

use super::operation::{Binary, Pairs, binary};
use super::{Line, Operand, SPREAD};
use crate::kernels::cpu::Cpu;
use crate::kernels::simd::{Kernel, Simd};
use crate::real::Real;

/// One operand of a broadcast operation: element `[i, j, k, l]` is `x[i·s₀ + j·s₁ + k·s₂ + l·s₃]`.
#[derive(Clone, Copy)]
struct Strided<'a, T> {
    x: &'a [T],
    strides: [usize; 4],
}

/// `out = op(a, b)` with the shape `dims`; an operand's stride is 0 along an axis on which it is stretched.
///
/// # Panics
/// Where an operand is too short for its strides, or a stride along the last axis is neither 0 nor 1.
#[allow(clippy::too_many_arguments, reason = "two operands with their strides, and the result")]
pub fn broadcast_binary<T: Real>(
    cpu: &Cpu,
    op: Binary,
    a: &[T],
    a_strides: [usize; 4],
    b: &[T],
    b_strides: [usize; 4],
    out: &mut [T],
    dims: [usize; 4],
) {
    assert_eq!(out.len(), dims.iter().product::<usize>(), "the shape of a broadcast result");
    if out.is_empty() {
        return;
    }
    let (mut a, mut b, mut dims) = (Strided { x: a, strides: a_strides }, Strided { x: b, strides: b_strides }, dims);
    for operand in [&a, &b] {
        let last: usize = operand.strides.iter().zip(dims).map(|(stride, size)| stride * (size - 1)).sum();
        assert!(last < operand.x.len(), "an operand is shorter than its strides say");
    }
    merge_axes(&mut dims, &mut a.strides, &mut b.strides);
    assert!(a.strides[3] <= 1 && b.strides[3] <= 1, "the last axis of an operand is neither dense nor stretched");
    let (rows, row_len) = (out.len() / dims[3], dims[3]);
    if out.len() < SPREAD || rows == 1 || cpu.gang.threads() == 1 {
        return cpu.isa.run(Broadcast { op, a, b, first_row: 0, dims, out });
    }
    let chunk_rows = cpu.gang.chunk_len(rows, 1);
    cpu.gang.for_chunks(out, chunk_rows * row_len, |index, out| {
        cpu.isa.run(Broadcast { op, a, b, first_row: index * chunk_rows, dims, out });
    });
}

/// Merges neighboring axes that both operands run through in one stride, toward the last one.
fn merge_axes(dims: &mut [usize; 4], a: &mut [usize; 4], b: &mut [usize; 4]) {
    for axis in 0..4 {
        if dims[axis] == 1 {
            (a[axis], b[axis]) = (0, 0);
        }
    }
    for _ in 0..3 {
        for axis in (1..4).rev() {
            let (outer, inner) = (dims[axis - 1], dims[axis]);
            let runs_on = |strides: &[usize; 4]| strides[axis - 1] == strides[axis] * inner;
            if outer == 1 || (inner != 1 && !(runs_on(a) && runs_on(b))) {
                continue;
            }
            // A merged axis leaves an axis of size 1 before it.
            for strides in [&mut *a, &mut *b] {
                if inner == 1 {
                    strides[axis] = strides[axis - 1];
                }
                strides[axis - 1] = 0;
            }
            dims[axis] = outer * inner;
            dims[axis - 1] = 1;
        }
    }
}

/// The rows (runs along the last axis) from `first_row` on, as many as `out` holds.
struct Broadcast<'a, T> {
    op: Binary,
    a: Strided<'a, T>,
    b: Strided<'a, T>,
    first_row: usize,
    dims: [usize; 4],
    out: &'a mut [T],
}

impl<T: Real> Kernel<T> for Broadcast<'_, T> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd<Elem = T>>(self, s: S) {
        let rows = Rows {
            operands: [self.a, self.b],
            first_row: self.first_row,
            dims: self.dims,
            len: self.out.len(),
            out: self.out.as_mut_ptr(),
        };
        // SAFETY: `broadcast_binary` has found the operands long enough for the strides; `out` holds the rows.
        unsafe { binary(s, self.op, &rows) }
    }
}

struct Rows<'a, T> {
    operands: [Strided<'a, T>; 2],
    first_row: usize,
    dims: [usize; 4],
    out: *mut T,
    len: usize,
}

impl<S: Simd<Elem: Real>> Pairs<S> for Rows<'_, S::Elem> {
    #[inline(always)]
    unsafe fn each(&self, s: S, f: impl Fn(S::V, S::V) -> S::V) {
        let [_, middle, inner, row_len] = self.dims;
        let (mut k, mut j, mut i) =
            (self.first_row % inner, self.first_row / inner % middle, self.first_row / inner / middle);
        for start in (0..self.len).step_by(row_len) {
            let operands = self.operands.each_ref().map(
                #[inline(always)]
                |Strided { x, strides }| Operand {
                    from: x.as_ptr().wrapping_add(i * strides[0] + j * strides[1] + k * strides[2]),
                    dense: strides[3] == 1,
                },
            );
            // SAFETY: the row lies in `out`, and the operands reach as far as their strides say.
            unsafe { Line { operands, out: self.out.add(start), len: row_len }.each(s, &f) };
            k += 1;
            if k == inner {
                (k, j) = (0, j + 1);
            }
            if j == middle {
                (j, i) = (0, i + 1);
            }
        }
    }
}
