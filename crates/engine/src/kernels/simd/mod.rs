//! Sixteen lanes: the vector operations that kernels are written in, one implementation per instruction set.
//!
//! Every implementation has sixteen *logical* lanes for both element types and rounds each operation once, so that a kernel
//! gives the same bits on each of them (the payload of a NaN alone is left open).

#[cfg(target_arch = "x86_64")]
mod avx2;
#[cfg(target_arch = "x86_64")]
mod avx512;
#[cfg(target_arch = "x86_64")]
mod parts;
mod portable;
#[cfg(test)]
mod tests;

use super::math;

/// The number of logical lanes of every vector.
pub const LANES: usize = 16;

/// Names the vector types of an element type, one per instruction set.
pub trait Element: Copy + 'static {
    /// AVX-512 (F, DQ, BW, VL).
    #[cfg(target_arch = "x86_64")]
    type Avx512: Simd<Elem = Self>;
    /// AVX2 with fused multiply-add.
    #[cfg(target_arch = "x86_64")]
    type Avx2: Simd<Elem = Self>;
    /// Plain arrays, on any machine.
    type Portable: Simd<Elem = Self>;

    /// `eˣ`.
    fn exp<S: Simd<Elem = Self>>(s: S, x: S::V) -> S::V;
    /// The natural logarithm.
    fn ln<S: Simd<Elem = Self>>(s: S, x: S::V) -> S::V;
    /// The hyperbolic tangent.
    fn tanh<S: Simd<Elem = Self>>(s: S, x: S::V) -> S::V;
    /// `1 / (1 + e⁻ˣ)`.
    fn sigmoid<S: Simd<Elem = Self>>(s: S, x: S::V) -> S::V;
    /// `ln(1 + eˣ)`.
    fn softplus<S: Simd<Elem = Self>>(s: S, x: S::V) -> S::V;
    /// The error function.
    fn erf<S: Simd<Elem = Self>>(s: S, x: S::V) -> S::V;
    /// `aᵇ`, through `f64`.
    fn pow<S: Simd<Elem = Self>>(s: S, a: S::V, b: S::V) -> S::V;
}

impl Element for f32 {
    #[cfg(target_arch = "x86_64")]
    type Avx512 = avx512::F32;
    #[cfg(target_arch = "x86_64")]
    type Avx2 = avx2::F32;
    type Portable = portable::F32;

    #[inline(always)]
    fn exp<S: Simd<Elem = f32>>(s: S, x: S::V) -> S::V {
        math::exp(s, x)
    }
    #[inline(always)]
    fn ln<S: Simd<Elem = f32>>(s: S, x: S::V) -> S::V {
        math::ln(s, x)
    }
    #[inline(always)]
    fn tanh<S: Simd<Elem = f32>>(s: S, x: S::V) -> S::V {
        math::tanh(s, x)
    }
    #[inline(always)]
    fn sigmoid<S: Simd<Elem = f32>>(s: S, x: S::V) -> S::V {
        math::sigmoid(s, x)
    }
    #[inline(always)]
    fn softplus<S: Simd<Elem = f32>>(s: S, x: S::V) -> S::V {
        math::softplus(s, x)
    }
    #[inline(always)]
    fn erf<S: Simd<Elem = f32>>(s: S, x: S::V) -> S::V {
        math::erf(s, x)
    }
    #[inline(always)]
    fn pow<S: Simd<Elem = f32>>(s: S, a: S::V, b: S::V) -> S::V {
        math::each_pair(s, a, b, |a, b| libm::pow(f64::from(a), f64::from(b)) as f32)
    }
}

impl Element for f64 {
    #[cfg(target_arch = "x86_64")]
    type Avx512 = avx512::F64;
    #[cfg(target_arch = "x86_64")]
    type Avx2 = avx2::F64;
    type Portable = portable::F64;

    #[inline(always)]
    fn exp<S: Simd<Elem = f64>>(s: S, x: S::V) -> S::V {
        math::each_lane(s, x, libm::exp)
    }
    #[inline(always)]
    fn ln<S: Simd<Elem = f64>>(s: S, x: S::V) -> S::V {
        math::each_lane(s, x, libm::log)
    }
    #[inline(always)]
    fn tanh<S: Simd<Elem = f64>>(s: S, x: S::V) -> S::V {
        math::each_lane(s, x, libm::tanh)
    }
    #[inline(always)]
    fn sigmoid<S: Simd<Elem = f64>>(s: S, x: S::V) -> S::V {
        math::each_lane(s, x, math::sigmoid_f64)
    }
    #[inline(always)]
    fn softplus<S: Simd<Elem = f64>>(s: S, x: S::V) -> S::V {
        math::each_lane(s, x, math::softplus_f64)
    }
    #[inline(always)]
    fn erf<S: Simd<Elem = f64>>(s: S, x: S::V) -> S::V {
        math::each_lane(s, x, libm::erf)
    }
    #[inline(always)]
    fn pow<S: Simd<Elem = f64>>(s: S, a: S::V, b: S::V) -> S::V {
        math::each_pair(s, a, b, libm::pow)
    }
}

/// A computation that is compiled once per instruction set and entered through [`Isa::run`](super::isa::Isa::run).
///
/// `run`, and whatever it calls with a vector in hand, must be `#[inline(always)]`: the code is then compiled with the
/// features of the shell around it.
pub trait Kernel<T: Element> {
    /// What the computation returns.
    type Output;
    /// The computation. `simd` is the proof that the instruction set is there.
    fn run<S: Simd<Elem = T>>(self, simd: S) -> Self::Output;
}

/// The operations on vectors of [`LANES`] lanes. A value of the type is a proof that the machine has the instructions.
pub trait Simd: Copy + Send + Sync + 'static {
    /// What a lane holds.
    type Elem: Element;
    /// Sixteen elements.
    type V: Copy;
    /// Sixteen truth values.
    type Mask: Copy;

    /// The proof.
    ///
    /// # Safety
    /// The machine must have the instruction set.
    unsafe fn new() -> Self;

    /// Every lane is `x`.
    fn splat(self, x: Self::Elem) -> Self::V;
    /// Reads sixteen elements; no alignment is needed.
    ///
    /// # Safety
    /// Sixteen elements from `from` on must be readable.
    unsafe fn load_pointer(self, from: *const Self::Elem) -> Self::V;
    /// Writes sixteen elements; no alignment is needed.
    ///
    /// # Safety
    /// Sixteen elements from `to` on must be writable.
    unsafe fn store_pointer(self, v: Self::V, to: *mut Self::Elem);
    /// Lane `l` is `from[l]` where there is one, otherwise 0.
    fn load_partial(self, from: &[Self::Elem]) -> Self::V;
    /// Writes lane `l` to `to[l]` where there is one.
    fn store_partial(self, v: Self::V, to: &mut [Self::Elem]);

    /// Lane `l < count ≤ 16` is `from[l·stride]`; the others are 0.
    ///
    /// # Panics
    /// Where `from` ends before the last of them.
    fn gather(self, from: &[Self::Elem], stride: usize, count: usize) -> Self::V;

    /// Lanes `4b..4b + 4` are the four elements of `from` from `b·stride` on.
    ///
    /// # Panics
    /// Where `from` ends before the last of them.
    fn load_fours(self, from: &[Self::Elem], stride: usize) -> Self::V;
    /// Turns matrices of four times four: lane `4b + j` of vector `i` is lane `4b + i` of vector `j`.
    fn turn_fours(self, v: [Self::V; 4]) -> [Self::V; 4];
    /// Turns a matrix of four times four blocks of four lanes: block `j` of vector `i` is block `i` of vector `j`.
    fn turn_blocks(self, v: [Self::V; 4]) -> [Self::V; 4];

    /// Lane `l` is `from[l]`.
    #[inline(always)]
    fn load(self, from: &[Self::Elem; LANES]) -> Self::V {
        // SAFETY: the reference covers sixteen elements.
        unsafe { self.load_pointer(from.as_ptr()) }
    }
    /// Writes lane `l` to `to[l]`.
    #[inline(always)]
    fn store(self, v: Self::V, to: &mut [Self::Elem; LANES]) {
        // SAFETY: the reference covers sixteen elements.
        unsafe { self.store_pointer(v, to.as_mut_ptr()) }
    }
    /// The lanes as an array.
    #[inline(always)]
    fn to_array(self, v: Self::V) -> [Self::Elem; LANES] {
        let mut lanes = std::mem::MaybeUninit::<[Self::Elem; LANES]>::uninit();
        // SAFETY: the store writes all sixteen elements, so the array is initialized afterwards.
        unsafe {
            self.store_pointer(v, lanes.as_mut_ptr().cast());
            lanes.assume_init()
        }
    }

    /// `a + b`.
    fn add(self, a: Self::V, b: Self::V) -> Self::V;
    /// `a − b`.
    fn sub(self, a: Self::V, b: Self::V) -> Self::V;
    /// `a · b`.
    fn mul(self, a: Self::V, b: Self::V) -> Self::V;
    /// `a / b`, correctly rounded.
    fn div(self, a: Self::V, b: Self::V) -> Self::V;
    /// `a · b + c`, rounded once.
    fn fma(self, a: Self::V, b: Self::V, c: Self::V) -> Self::V;
    /// `c − a · b`, rounded once.
    fn fma_negated(self, a: Self::V, b: Self::V, c: Self::V) -> Self::V;
    /// `a` where `a > b`, otherwise `b` (so `b` where either is NaN or both are zeros).
    fn max(self, a: Self::V, b: Self::V) -> Self::V;
    /// `a` where `a < b`, otherwise `b` (so `b` where either is NaN or both are zeros).
    fn min(self, a: Self::V, b: Self::V) -> Self::V;
    /// The correctly rounded square root.
    fn sqrt(self, a: Self::V) -> Self::V;
    /// The nearest integer, ties to even.
    fn round(self, a: Self::V) -> Self::V;
    /// `−a`: the sign bit flipped.
    fn neg(self, a: Self::V) -> Self::V;
    /// `|a|`: the sign bit cleared.
    fn abs(self, a: Self::V) -> Self::V;
    /// `|magnitude|` with the sign bit of `sign`.
    fn copy_sign(self, magnitude: Self::V, sign: Self::V) -> Self::V;

    /// `a < b`; false where either is NaN.
    fn less(self, a: Self::V, b: Self::V) -> Self::Mask;
    /// `a = b`; false where either is NaN.
    fn equal(self, a: Self::V, b: Self::V) -> Self::Mask;
    /// Either is NaN.
    fn unordered(self, a: Self::V, b: Self::V) -> Self::Mask;
    /// `yes` where the mask is true, otherwise `no`.
    fn select(self, mask: Self::Mask, yes: Self::V, no: Self::V) -> Self::V;

    /// `x · 2ⁿ`, rounded once, for integral `n` with |n| ≤ 250 and 1/2 ≤ |x| ≤ 2. NaN in `x` and `n` together is NaN.
    fn scale_by_power_of_two(self, x: Self::V, n: Self::V) -> Self::V;
    /// `m` of `x = m · 2ᵉ` with √½ ≤ m < √2, for a positive normal `x`.
    fn mantissa(self, x: Self::V) -> Self::V;
    /// `e` of `x = m · 2ᵉ` with √½ ≤ m < √2, for a positive normal `x`.
    fn exponent(self, x: Self::V) -> Self::V;

    /// The sum of the lanes by halves: lane `l` takes `l + 8`, then `l + 4`, `l + 2`, `l + 1`.
    fn tree_sum(self, v: Self::V) -> Self::Elem;
}
