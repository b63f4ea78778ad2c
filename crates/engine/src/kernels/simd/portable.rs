//! Plain arrays. Slow where fused multiply-add is a function call, with the same bits.
//!
//! On x86-64 an operation is a call, so that this path, which serves only old machines there, stays small.

use super::{LANES, Simd};
use std::array::from_fn;

macro_rules! portable {
    ($name:ident, $elem:ty, $bits:ty, $mantissa_bits:literal, $bias:literal, $root_half:literal) => {
        #[derive(Clone, Copy)]
        pub struct $name(());

        impl Simd for $name {
            type Elem = $elem;
            type V = [$elem; LANES];
            type Mask = [bool; LANES];

            #[inline(always)]
            unsafe fn new() -> Self {
                Self(())
            }
            #[inline(always)]
            fn splat(self, x: $elem) -> Self::V {
                [x; LANES]
            }
            #[inline(always)]
            unsafe fn load_pointer(self, from: *const $elem) -> Self::V {
                // SAFETY: the caller vouches for sixteen elements; an array is as aligned as its element.
                unsafe { from.cast::<Self::V>().read_unaligned() }
            }
            #[inline(always)]
            unsafe fn store_pointer(self, v: Self::V, to: *mut $elem) {
                // SAFETY: the caller vouches for sixteen elements.
                unsafe { to.cast::<Self::V>().write_unaligned(v) }
            }
            #[cfg_attr(target_arch = "x86_64", inline(never))]
            #[cfg_attr(not(target_arch = "x86_64"), inline(always))]
            fn load_partial(self, from: &[$elem]) -> Self::V {
                let mut v = [0.0; LANES];
                for (lane, x) in v.iter_mut().zip(from) {
                    *lane = *x;
                }
                v
            }
            #[cfg_attr(target_arch = "x86_64", inline(never))]
            #[cfg_attr(not(target_arch = "x86_64"), inline(always))]
            fn store_partial(self, v: Self::V, to: &mut [$elem]) {
                for (x, lane) in to.iter_mut().zip(v) {
                    *x = lane;
                }
            }
            #[cfg_attr(target_arch = "x86_64", inline(never))]
            #[cfg_attr(not(target_arch = "x86_64"), inline(always))]
            fn gather(self, from: &[$elem], stride: usize, count: usize) -> Self::V {
                assert!(count <= LANES && (count == 0 || (count - 1) * stride < from.len()), "a gather beyond the end");
                from_fn(|l| if l < count { from[l * stride] } else { 0.0 })
            }
            #[cfg_attr(target_arch = "x86_64", inline(never))]
            #[cfg_attr(not(target_arch = "x86_64"), inline(always))]
            fn load_fours(self, from: &[$elem], stride: usize) -> Self::V {
                from_fn(|l| from[l / 4 * stride + l % 4])
            }
            #[cfg_attr(target_arch = "x86_64", inline(never))]
            #[cfg_attr(not(target_arch = "x86_64"), inline(always))]
            fn turn_fours(self, v: [Self::V; 4]) -> [Self::V; 4] {
                from_fn(|i| from_fn(|l| v[l % 4][l / 4 * 4 + i]))
            }
            #[cfg_attr(target_arch = "x86_64", inline(never))]
            #[cfg_attr(not(target_arch = "x86_64"), inline(always))]
            fn turn_blocks(self, v: [Self::V; 4]) -> [Self::V; 4] {
                from_fn(|i| from_fn(|l| v[l / 4][4 * i + l % 4]))
            }
            #[cfg_attr(target_arch = "x86_64", inline(never))]
            #[cfg_attr(not(target_arch = "x86_64"), inline(always))]
            fn add(self, a: Self::V, b: Self::V) -> Self::V {
                from_fn(|l| a[l] + b[l])
            }
            #[cfg_attr(target_arch = "x86_64", inline(never))]
            #[cfg_attr(not(target_arch = "x86_64"), inline(always))]
            fn sub(self, a: Self::V, b: Self::V) -> Self::V {
                from_fn(|l| a[l] - b[l])
            }
            #[cfg_attr(target_arch = "x86_64", inline(never))]
            #[cfg_attr(not(target_arch = "x86_64"), inline(always))]
            fn mul(self, a: Self::V, b: Self::V) -> Self::V {
                from_fn(|l| a[l] * b[l])
            }
            #[cfg_attr(target_arch = "x86_64", inline(never))]
            #[cfg_attr(not(target_arch = "x86_64"), inline(always))]
            fn div(self, a: Self::V, b: Self::V) -> Self::V {
                from_fn(|l| a[l] / b[l])
            }
            #[cfg_attr(target_arch = "x86_64", inline(never))]
            #[cfg_attr(not(target_arch = "x86_64"), inline(always))]
            fn fma(self, a: Self::V, b: Self::V, c: Self::V) -> Self::V {
                from_fn(|l| a[l].mul_add(b[l], c[l]))
            }
            #[cfg_attr(target_arch = "x86_64", inline(never))]
            #[cfg_attr(not(target_arch = "x86_64"), inline(always))]
            fn fma_negated(self, a: Self::V, b: Self::V, c: Self::V) -> Self::V {
                from_fn(|l| (-a[l]).mul_add(b[l], c[l]))
            }
            #[cfg_attr(target_arch = "x86_64", inline(never))]
            #[cfg_attr(not(target_arch = "x86_64"), inline(always))]
            fn max(self, a: Self::V, b: Self::V) -> Self::V {
                from_fn(|l| if a[l] > b[l] { a[l] } else { b[l] })
            }
            #[cfg_attr(target_arch = "x86_64", inline(never))]
            #[cfg_attr(not(target_arch = "x86_64"), inline(always))]
            fn min(self, a: Self::V, b: Self::V) -> Self::V {
                from_fn(|l| if a[l] < b[l] { a[l] } else { b[l] })
            }
            #[cfg_attr(target_arch = "x86_64", inline(never))]
            #[cfg_attr(not(target_arch = "x86_64"), inline(always))]
            fn sqrt(self, a: Self::V) -> Self::V {
                a.map(<$elem>::sqrt)
            }
            #[cfg_attr(target_arch = "x86_64", inline(never))]
            #[cfg_attr(not(target_arch = "x86_64"), inline(always))]
            fn round(self, a: Self::V) -> Self::V {
                a.map(<$elem>::round_ties_even)
            }
            #[cfg_attr(target_arch = "x86_64", inline(never))]
            #[cfg_attr(not(target_arch = "x86_64"), inline(always))]
            fn neg(self, a: Self::V) -> Self::V {
                a.map(|x| -x)
            }
            #[cfg_attr(target_arch = "x86_64", inline(never))]
            #[cfg_attr(not(target_arch = "x86_64"), inline(always))]
            fn abs(self, a: Self::V) -> Self::V {
                a.map(<$elem>::abs)
            }
            #[cfg_attr(target_arch = "x86_64", inline(never))]
            #[cfg_attr(not(target_arch = "x86_64"), inline(always))]
            fn copy_sign(self, magnitude: Self::V, sign: Self::V) -> Self::V {
                from_fn(|l| magnitude[l].copysign(sign[l]))
            }
            #[cfg_attr(target_arch = "x86_64", inline(never))]
            #[cfg_attr(not(target_arch = "x86_64"), inline(always))]
            fn less(self, a: Self::V, b: Self::V) -> Self::Mask {
                from_fn(|l| a[l] < b[l])
            }
            #[cfg_attr(target_arch = "x86_64", inline(never))]
            #[cfg_attr(not(target_arch = "x86_64"), inline(always))]
            fn equal(self, a: Self::V, b: Self::V) -> Self::Mask {
                from_fn(|l| a[l] == b[l])
            }
            #[cfg_attr(target_arch = "x86_64", inline(never))]
            #[cfg_attr(not(target_arch = "x86_64"), inline(always))]
            fn unordered(self, a: Self::V, b: Self::V) -> Self::Mask {
                from_fn(|l| a[l].is_nan() || b[l].is_nan())
            }
            #[cfg_attr(target_arch = "x86_64", inline(never))]
            #[cfg_attr(not(target_arch = "x86_64"), inline(always))]
            fn select(self, mask: Self::Mask, yes: Self::V, no: Self::V) -> Self::V {
                from_fn(|l| if mask[l] { yes[l] } else { no[l] })
            }
            #[cfg_attr(target_arch = "x86_64", inline(never))]
            #[cfg_attr(not(target_arch = "x86_64"), inline(always))]
            fn scale_by_power_of_two(self, x: Self::V, n: Self::V) -> Self::V {
                // Two exact powers: the first product is exact, the second rounds once, into the subnormals too.
                let power = |n: $elem| <$elem>::from_bits(((n as i64 + $bias) as $bits) << $mantissa_bits);
                from_fn(|l| {
                    let half = (n[l] * 0.5).round_ties_even();
                    x[l] * power(half) * power(n[l] - half)
                })
            }
            #[cfg_attr(target_arch = "x86_64", inline(never))]
            #[cfg_attr(not(target_arch = "x86_64"), inline(always))]
            fn mantissa(self, x: Self::V) -> Self::V {
                let one = (1.0 as $elem).to_bits();
                x.map(|x| {
                    let shifted = x.to_bits().wrapping_add(one - $root_half);
                    <$elem>::from_bits((shifted & ((1 << $mantissa_bits) - 1)) + $root_half)
                })
            }
            #[cfg_attr(target_arch = "x86_64", inline(never))]
            #[cfg_attr(not(target_arch = "x86_64"), inline(always))]
            fn exponent(self, x: Self::V) -> Self::V {
                let one = (1.0 as $elem).to_bits();
                x.map(|x| {
                    let shifted = x.to_bits().wrapping_add(one - $root_half);
                    ((shifted >> $mantissa_bits) as i64 - $bias) as $elem
                })
            }
            #[cfg_attr(target_arch = "x86_64", inline(never))]
            #[cfg_attr(not(target_arch = "x86_64"), inline(always))]
            fn tree_sum(self, v: Self::V) -> $elem {
                let v: [$elem; 8] = from_fn(|l| v[l] + v[l + 8]);
                let v: [$elem; 4] = from_fn(|l| v[l] + v[l + 4]);
                (v[0] + v[2]) + (v[1] + v[3])
            }
        }
    };
}

portable!(F32, f32, u32, 23, 127, 0x3f35_04f3);
portable!(F64, f64, u64, 52, 1023, 0x3fe6_a09e_667f_3bcd);
