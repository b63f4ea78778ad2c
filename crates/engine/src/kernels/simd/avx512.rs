//! AVX-512: one register of sixteen `f32`, two of eight `f64`.

use super::avx2::{tree_pd, tree_ps};
use super::parts::parts;
use super::{LANES, Simd};
#[allow(clippy::wildcard_imports, reason = "dozens of intrinsics, all with a prefix of their own")]
use std::arch::x86_64::*;

const ROOT_HALF: i32 = 0x3f35_04f3;
const ROOT_HALF_LONG: i64 = 0x3fe6_a09e_667f_3bcd;

/// The mask of the lanes `first..first + 16` that lie below `count`.
#[inline(always)]
fn below(first: usize, count: usize) -> u16 {
    ((1_u32 << count.saturating_sub(first).min(16)) - 1) as u16
}

/// Four matrices of four times four, turned.
#[inline]
#[target_feature(enable = "avx512f")]
fn turn_ps(a: __m512, b: __m512, c: __m512, d: __m512) -> [__m512; 4] {
    let (ab, cd) = (_mm512_castps_pd(_mm512_unpacklo_ps(a, b)), _mm512_castps_pd(_mm512_unpacklo_ps(c, d)));
    let (later_ab, later_cd) = (_mm512_castps_pd(_mm512_unpackhi_ps(a, b)), _mm512_castps_pd(_mm512_unpackhi_ps(c, d)));
    [
        _mm512_castpd_ps(_mm512_unpacklo_pd(ab, cd)),
        _mm512_castpd_ps(_mm512_unpackhi_pd(ab, cd)),
        _mm512_castpd_ps(_mm512_unpacklo_pd(later_ab, later_cd)),
        _mm512_castpd_ps(_mm512_unpackhi_pd(later_ab, later_cd)),
    ]
}

/// Two matrices of four times four, turned.
#[inline]
#[target_feature(enable = "avx512f")]
fn turn_pd(a: __m512d, b: __m512d, c: __m512d, d: __m512d) -> [__m512d; 4] {
    let (first, second) = (_mm512_setr_epi64(0, 1, 8, 9, 4, 5, 12, 13), _mm512_setr_epi64(2, 3, 10, 11, 6, 7, 14, 15));
    let (ab, cd) = (_mm512_unpacklo_pd(a, b), _mm512_unpacklo_pd(c, d));
    let (odd_ab, odd_cd) = (_mm512_unpackhi_pd(a, b), _mm512_unpackhi_pd(c, d));
    [
        _mm512_permutex2var_pd(ab, first, cd),
        _mm512_permutex2var_pd(odd_ab, first, odd_cd),
        _mm512_permutex2var_pd(ab, second, cd),
        _mm512_permutex2var_pd(odd_ab, second, odd_cd),
    ]
}

/// Blocks of four lanes, turned.
#[inline]
#[target_feature(enable = "avx512f")]
fn turn_blocks_ps([a, b, c, d]: [[__m512; 1]; 4]) -> [[__m512; 1]; 4] {
    let (even_ab, odd_ab) = (_mm512_shuffle_f32x4::<0x88>(a[0], b[0]), _mm512_shuffle_f32x4::<0xdd>(a[0], b[0]));
    let (even_cd, odd_cd) = (_mm512_shuffle_f32x4::<0x88>(c[0], d[0]), _mm512_shuffle_f32x4::<0xdd>(c[0], d[0]));
    [
        [_mm512_shuffle_f32x4::<0x88>(even_ab, even_cd)],
        [_mm512_shuffle_f32x4::<0x88>(odd_ab, odd_cd)],
        [_mm512_shuffle_f32x4::<0xdd>(even_ab, even_cd)],
        [_mm512_shuffle_f32x4::<0xdd>(odd_ab, odd_cd)],
    ]
}

/// Blocks of four lanes, turned.
#[inline]
#[target_feature(enable = "avx512f")]
fn turn_blocks_pd([a, b, c, d]: [[__m512d; 2]; 4]) -> [[__m512d; 2]; 4] {
    let first = |x: __m512d, y: __m512d| _mm512_shuffle_f64x2::<0x44>(x, y);
    let second = |x: __m512d, y: __m512d| _mm512_shuffle_f64x2::<0xee>(x, y);
    [
        [first(a[0], b[0]), first(c[0], d[0])],
        [second(a[0], b[0]), second(c[0], d[0])],
        [first(a[1], b[1]), first(c[1], d[1])],
        [second(a[1], b[1]), second(c[1], d[1])],
    ]
}

parts!(F32, f32, __m512, __mmask16, 16, [0],
    splat: _mm512_set1_ps, load: _mm512_loadu_ps, store: _mm512_storeu_ps,
    load_partial: |from, first, count| _mm512_maskz_loadu_ps(below(first, count), from),
    // Short stores with short registers: one of 64 bytes crosses a cache line nearly always.
    store_partial: |v, to, first, count| match count {
        0..=4 => _mm_mask_storeu_ps(to, below(first, count) as u8, _mm512_castps512_ps128(v)),
        5..=8 => _mm256_mask_storeu_ps(to, below(first, count) as u8, _mm512_castps512_ps256(v)),
        _ => _mm512_mask_storeu_ps(to, below(first, count), v),
    },
    gather: |from, stride, first, count| {
        let lanes = _mm512_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
        let index = _mm512_mullo_epi32(lanes, _mm512_set1_epi32(stride as i32));
        _mm512_mask_i32gather_ps::<4>(_mm512_setzero_ps(), below(first, count), index, from)
    },
    load_fours: |from, stride| {
        let low = _mm256_loadu2_m128(from.add(stride), from);
        let high = _mm256_loadu2_m128(from.add(3 * stride), from.add(2 * stride));
        _mm512_insertf32x8::<1>(_mm512_castps256_ps512(low), high)
    },
    turn_fours: turn_ps, turn_blocks: |v| turn_blocks_ps(v),
    unary: {
        sqrt: |a| _mm512_sqrt_ps(a);
        round: |a| _mm512_roundscale_ps::<{ _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC }>(a);
        neg: |a| _mm512_xor_ps(a, _mm512_set1_ps(-0.0));
        abs: |a| _mm512_abs_ps(a);
        mantissa: |x| {
            let shifted = _mm512_add_epi32(_mm512_castps_si512(x), _mm512_set1_epi32(0x3f80_0000 - ROOT_HALF));
            let fraction = _mm512_and_epi32(shifted, _mm512_set1_epi32(0x007f_ffff));
            _mm512_castsi512_ps(_mm512_add_epi32(fraction, _mm512_set1_epi32(ROOT_HALF)))
        };
        exponent: |x| {
            let shifted = _mm512_add_epi32(_mm512_castps_si512(x), _mm512_set1_epi32(0x3f80_0000 - ROOT_HALF));
            let biased = _mm512_srli_epi32::<23>(shifted);
            _mm512_cvtepi32_ps(_mm512_sub_epi32(biased, _mm512_set1_epi32(127)))
        };
    }
    binary: {
        add: |a, b| _mm512_add_ps(a, b);
        sub: |a, b| _mm512_sub_ps(a, b);
        mul: |a, b| _mm512_mul_ps(a, b);
        div: |a, b| _mm512_div_ps(a, b);
        max: |a, b| _mm512_max_ps(a, b);
        min: |a, b| _mm512_min_ps(a, b);
        copy_sign: |magnitude, sign| {
            let bit = _mm512_set1_ps(-0.0);
            _mm512_or_ps(_mm512_andnot_ps(bit, magnitude), _mm512_and_ps(bit, sign))
        };
        scale_by_power_of_two: |x, n| _mm512_scalef_ps(x, n);
    }
    fused: { fma: _mm512_fmadd_ps; fma_negated: _mm512_fnmadd_ps; }
    compare: {
        less: _mm512_cmp_ps_mask::<_CMP_LT_OQ>;
        equal: _mm512_cmp_ps_mask::<_CMP_EQ_OQ>;
        unordered: _mm512_cmp_ps_mask::<_CMP_UNORD_Q>;
    }
    select: |mask, yes, no| _mm512_mask_blend_ps(mask, no, yes),
    tree_sum: |v| tree_ps(_mm256_add_ps(_mm512_castps512_ps256(v[0]), _mm512_extractf32x8_ps::<1>(v[0]))),
);

parts!(F64, f64, __m512d, __mmask8, 8, [0 1],
    splat: _mm512_set1_pd, load: _mm512_loadu_pd, store: _mm512_storeu_pd,
    load_partial: |from, first, count| _mm512_maskz_loadu_pd(below(first, count) as u8, from),
    store_partial: |v, to, first, count| _mm512_mask_storeu_pd(to, below(first, count) as u8, v),
    gather: |from, stride, first, count| {
        let index = _mm256_mullo_epi32(_mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7), _mm256_set1_epi32(stride as i32));
        _mm512_mask_i32gather_pd::<8>(_mm512_setzero_pd(), below(first, count) as u8, index, from)
    },
    load_fours: |from, stride| {
        let low = _mm512_castpd256_pd512(_mm256_loadu_pd(from));
        _mm512_insertf64x4::<1>(low, _mm256_loadu_pd(from.add(stride)))
    },
    turn_fours: turn_pd, turn_blocks: |v| turn_blocks_pd(v),
    unary: {
        sqrt: |a| _mm512_sqrt_pd(a);
        round: |a| _mm512_roundscale_pd::<{ _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC }>(a);
        neg: |a| _mm512_xor_pd(a, _mm512_set1_pd(-0.0));
        abs: |a| _mm512_abs_pd(a);
        mantissa: |x| {
            let one = 0x3ff0_0000_0000_0000;
            let shifted = _mm512_add_epi64(_mm512_castpd_si512(x), _mm512_set1_epi64(one - ROOT_HALF_LONG));
            let fraction = _mm512_and_epi64(shifted, _mm512_set1_epi64(0x000f_ffff_ffff_ffff));
            _mm512_castsi512_pd(_mm512_add_epi64(fraction, _mm512_set1_epi64(ROOT_HALF_LONG)))
        };
        exponent: |x| {
            let one = 0x3ff0_0000_0000_0000;
            let shifted = _mm512_add_epi64(_mm512_castpd_si512(x), _mm512_set1_epi64(one - ROOT_HALF_LONG));
            let biased = _mm512_srli_epi64::<52>(shifted);
            _mm512_cvtepi64_pd(_mm512_sub_epi64(biased, _mm512_set1_epi64(1023)))
        };
    }
    binary: {
        add: |a, b| _mm512_add_pd(a, b);
        sub: |a, b| _mm512_sub_pd(a, b);
        mul: |a, b| _mm512_mul_pd(a, b);
        div: |a, b| _mm512_div_pd(a, b);
        max: |a, b| _mm512_max_pd(a, b);
        min: |a, b| _mm512_min_pd(a, b);
        copy_sign: |magnitude, sign| {
            let bit = _mm512_set1_pd(-0.0);
            _mm512_or_pd(_mm512_andnot_pd(bit, magnitude), _mm512_and_pd(bit, sign))
        };
        scale_by_power_of_two: |x, n| _mm512_scalef_pd(x, n);
    }
    fused: { fma: _mm512_fmadd_pd; fma_negated: _mm512_fnmadd_pd; }
    compare: {
        less: _mm512_cmp_pd_mask::<_CMP_LT_OQ>;
        equal: _mm512_cmp_pd_mask::<_CMP_EQ_OQ>;
        unordered: _mm512_cmp_pd_mask::<_CMP_UNORD_Q>;
    }
    select: |mask, yes, no| _mm512_mask_blend_pd(mask, no, yes),
    tree_sum: |v| {
        let eight = _mm512_add_pd(v[0], v[1]);
        tree_pd(_mm256_add_pd(_mm512_castpd512_pd256(eight), _mm512_extractf64x4_pd::<1>(eight)))
    },
);
