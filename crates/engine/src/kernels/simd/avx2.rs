//! AVX2 with fused multiply-add: two registers of eight `f32`, four of four `f64`.

use super::parts::parts;
use super::{LANES, Simd};
#[allow(clippy::wildcard_imports, reason = "dozens of intrinsics, all with a prefix of their own")]
use std::arch::x86_64::*;

const ROOT_HALF: i32 = 0x3f35_04f3;
const ROOT_HALF_LONG: i64 = 0x3fe6_a09e_667f_3bcd;

/// Sixteen set and sixteen clear masks: read from `16 - count` on, the first `count` lanes are set.
static SET_THEN_CLEAR: [i32; 32] =
    [-1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];

/// The mask of the lanes `first..first + 8` that lie below `count ≤ 16`.
#[inline]
#[target_feature(enable = "avx2")]
fn below(first: usize, count: usize) -> __m256i {
    // SAFETY: `first` is 0 or 8, so the eight elements end at 16 - count + first + 8 ≤ 32.
    unsafe { _mm256_loadu_si256(SET_THEN_CLEAR.as_ptr().add(LANES - count + first).cast()) }
}

/// The mask of the lanes `first..first + 4` that lie below `count ≤ 16`.
#[inline]
#[target_feature(enable = "avx2")]
fn below_long(first: usize, count: usize) -> __m256i {
    // SAFETY: `first` is at most 12, so the four elements end at 16 - count + first + 4 ≤ 32.
    let narrow = unsafe { _mm_loadu_si128(SET_THEN_CLEAR.as_ptr().add(LANES - count + first).cast()) };
    _mm256_cvtepi32_epi64(narrow)
}

/// The sum of eight lanes by halves.
#[inline]
#[target_feature(enable = "avx2")]
pub(super) fn tree_ps(v: __m256) -> f32 {
    let v = _mm_add_ps(_mm256_castps256_ps128(v), _mm256_extractf128_ps::<1>(v));
    let v = _mm_add_ps(v, _mm_movehl_ps(v, v));
    _mm_cvtss_f32(_mm_add_ss(v, _mm_movehdup_ps(v)))
}

/// The sum of four lanes by halves.
#[inline]
#[target_feature(enable = "avx2")]
pub(super) fn tree_pd(v: __m256d) -> f64 {
    let v = _mm_add_pd(_mm256_castpd256_pd128(v), _mm256_extractf128_pd::<1>(v));
    _mm_cvtsd_f64(_mm_add_sd(v, _mm_unpackhi_pd(v, v)))
}

/// `x · 2ⁿ` by two exact powers: the first product is exact, the second rounds once, into the subnormals too.
#[inline]
#[target_feature(enable = "avx2,fma")]
fn scale_ps(x: __m256, n: __m256) -> __m256 {
    // Adding 1.5·2²³ + 127 leaves the biased exponent in the low bits of the sum.
    let magic = _mm256_set1_ps(12_583_039.0);
    let half =
        _mm256_round_ps::<{ _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC }>(_mm256_mul_ps(n, _mm256_set1_ps(0.5)));
    let first = _mm256_slli_epi32::<23>(_mm256_castps_si256(_mm256_add_ps(half, magic)));
    let second = _mm256_slli_epi32::<23>(_mm256_castps_si256(_mm256_add_ps(_mm256_sub_ps(n, half), magic)));
    _mm256_mul_ps(_mm256_mul_ps(x, _mm256_castsi256_ps(first)), _mm256_castsi256_ps(second))
}

/// As [`scale_ps`].
#[inline]
#[target_feature(enable = "avx2,fma")]
fn scale_pd(x: __m256d, n: __m256d) -> __m256d {
    // Adding 1.5·2⁵² + 1023 leaves the biased exponent in the low bits of the sum.
    let magic = _mm256_set1_pd(6_755_399_441_056_767.0);
    let half =
        _mm256_round_pd::<{ _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC }>(_mm256_mul_pd(n, _mm256_set1_pd(0.5)));
    let first = _mm256_slli_epi64::<52>(_mm256_castpd_si256(_mm256_add_pd(half, magic)));
    let second = _mm256_slli_epi64::<52>(_mm256_castpd_si256(_mm256_add_pd(_mm256_sub_pd(n, half), magic)));
    _mm256_mul_pd(_mm256_mul_pd(x, _mm256_castsi256_pd(first)), _mm256_castsi256_pd(second))
}

/// Two matrices of four times four, turned.
#[inline]
#[target_feature(enable = "avx2")]
fn turn_ps(a: __m256, b: __m256, c: __m256, d: __m256) -> [__m256; 4] {
    let (ab, cd) = (_mm256_castps_pd(_mm256_unpacklo_ps(a, b)), _mm256_castps_pd(_mm256_unpacklo_ps(c, d)));
    let (later_ab, later_cd) = (_mm256_castps_pd(_mm256_unpackhi_ps(a, b)), _mm256_castps_pd(_mm256_unpackhi_ps(c, d)));
    [
        _mm256_castpd_ps(_mm256_unpacklo_pd(ab, cd)),
        _mm256_castpd_ps(_mm256_unpackhi_pd(ab, cd)),
        _mm256_castpd_ps(_mm256_unpacklo_pd(later_ab, later_cd)),
        _mm256_castpd_ps(_mm256_unpackhi_pd(later_ab, later_cd)),
    ]
}

/// A matrix of four times four, turned.
#[inline]
#[target_feature(enable = "avx2")]
fn turn_pd(a: __m256d, b: __m256d, c: __m256d, d: __m256d) -> [__m256d; 4] {
    let (ab, cd) = (_mm256_unpacklo_pd(a, b), _mm256_unpacklo_pd(c, d));
    let (odd_ab, odd_cd) = (_mm256_unpackhi_pd(a, b), _mm256_unpackhi_pd(c, d));
    [
        _mm256_permute2f128_pd::<0x20>(ab, cd),
        _mm256_permute2f128_pd::<0x20>(odd_ab, odd_cd),
        _mm256_permute2f128_pd::<0x31>(ab, cd),
        _mm256_permute2f128_pd::<0x31>(odd_ab, odd_cd),
    ]
}

/// Blocks of four lanes, turned.
#[inline]
#[target_feature(enable = "avx2")]
fn turn_blocks_ps([a, b, c, d]: [[__m256; 2]; 4]) -> [[__m256; 2]; 4] {
    let first = |x: __m256, y: __m256| _mm256_permute2f128_ps::<0x20>(x, y);
    let second = |x: __m256, y: __m256| _mm256_permute2f128_ps::<0x31>(x, y);
    [
        [first(a[0], b[0]), first(c[0], d[0])],
        [second(a[0], b[0]), second(c[0], d[0])],
        [first(a[1], b[1]), first(c[1], d[1])],
        [second(a[1], b[1]), second(c[1], d[1])],
    ]
}

/// Blocks of four lanes, turned: each is a register.
#[inline]
#[target_feature(enable = "avx2")]
fn turn_blocks_pd([a, b, c, d]: [[__m256d; 4]; 4]) -> [[__m256d; 4]; 4] {
    [[a[0], b[0], c[0], d[0]], [a[1], b[1], c[1], d[1]], [a[2], b[2], c[2], d[2]], [a[3], b[3], c[3], d[3]]]
}

parts!(F32, f32, __m256, __m256, 8, [0 1],
    splat: _mm256_set1_ps, load: _mm256_loadu_ps, store: _mm256_storeu_ps,
    load_partial: |from, first, count| _mm256_maskload_ps(from, below(first, count)),
    store_partial: |v, to, first, count| _mm256_maskstore_ps(to, below(first, count), v),
    gather: |from, stride, first, count| {
        let index = _mm256_mullo_epi32(_mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7), _mm256_set1_epi32(stride as i32));
        let mask = _mm256_castsi256_ps(below(first, count));
        _mm256_mask_i32gather_ps::<4>(_mm256_setzero_ps(), from, index, mask)
    },
    load_fours: |from, stride| _mm256_loadu2_m128(from.add(stride), from),
    turn_fours: turn_ps, turn_blocks: |v| turn_blocks_ps(v),
    unary: {
        sqrt: |a| _mm256_sqrt_ps(a);
        round: |a| _mm256_round_ps::<{ _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC }>(a);
        neg: |a| _mm256_xor_ps(a, _mm256_set1_ps(-0.0));
        abs: |a| _mm256_andnot_ps(_mm256_set1_ps(-0.0), a);
        mantissa: |x| {
            let shifted = _mm256_add_epi32(_mm256_castps_si256(x), _mm256_set1_epi32(0x3f80_0000 - ROOT_HALF));
            let fraction = _mm256_and_si256(shifted, _mm256_set1_epi32(0x007f_ffff));
            _mm256_castsi256_ps(_mm256_add_epi32(fraction, _mm256_set1_epi32(ROOT_HALF)))
        };
        exponent: |x| {
            let shifted = _mm256_add_epi32(_mm256_castps_si256(x), _mm256_set1_epi32(0x3f80_0000 - ROOT_HALF));
            let biased = _mm256_srli_epi32::<23>(shifted);
            _mm256_cvtepi32_ps(_mm256_sub_epi32(biased, _mm256_set1_epi32(127)))
        };
    }
    binary: {
        add: |a, b| _mm256_add_ps(a, b);
        sub: |a, b| _mm256_sub_ps(a, b);
        mul: |a, b| _mm256_mul_ps(a, b);
        div: |a, b| _mm256_div_ps(a, b);
        max: |a, b| _mm256_max_ps(a, b);
        min: |a, b| _mm256_min_ps(a, b);
        copy_sign: |magnitude, sign| {
            let bit = _mm256_set1_ps(-0.0);
            _mm256_or_ps(_mm256_andnot_ps(bit, magnitude), _mm256_and_ps(bit, sign))
        };
        scale_by_power_of_two: |x, n| scale_ps(x, n);
    }
    fused: { fma: _mm256_fmadd_ps; fma_negated: _mm256_fnmadd_ps; }
    compare: {
        less: _mm256_cmp_ps::<_CMP_LT_OQ>;
        equal: _mm256_cmp_ps::<_CMP_EQ_OQ>;
        unordered: _mm256_cmp_ps::<_CMP_UNORD_Q>;
    }
    select: |mask, yes, no| _mm256_blendv_ps(no, yes, mask),
    tree_sum: |v| tree_ps(_mm256_add_ps(v[0], v[1])),
);

parts!(F64, f64, __m256d, __m256d, 4, [0 1 2 3],
    splat: _mm256_set1_pd, load: _mm256_loadu_pd, store: _mm256_storeu_pd,
    load_partial: |from, first, count| _mm256_maskload_pd(from, below_long(first, count)),
    store_partial: |v, to, first, count| _mm256_maskstore_pd(to, below_long(first, count), v),
    gather: |from, stride, first, count| {
        let index = _mm_mullo_epi32(_mm_setr_epi32(0, 1, 2, 3), _mm_set1_epi32(stride as i32));
        let mask = _mm256_castsi256_pd(below_long(first, count));
        _mm256_mask_i32gather_pd::<8>(_mm256_setzero_pd(), from, index, mask)
    },
    load_fours: |from, _stride| _mm256_loadu_pd(from),
    turn_fours: turn_pd, turn_blocks: |v| turn_blocks_pd(v),
    unary: {
        sqrt: |a| _mm256_sqrt_pd(a);
        round: |a| _mm256_round_pd::<{ _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC }>(a);
        neg: |a| _mm256_xor_pd(a, _mm256_set1_pd(-0.0));
        abs: |a| _mm256_andnot_pd(_mm256_set1_pd(-0.0), a);
        mantissa: |x| {
            let one = 0x3ff0_0000_0000_0000;
            let shifted = _mm256_add_epi64(_mm256_castpd_si256(x), _mm256_set1_epi64x(one - ROOT_HALF_LONG));
            let fraction = _mm256_and_si256(shifted, _mm256_set1_epi64x(0x000f_ffff_ffff_ffff));
            _mm256_castsi256_pd(_mm256_add_epi64(fraction, _mm256_set1_epi64x(ROOT_HALF_LONG)))
        };
        exponent: |x| {
            let one = 0x3ff0_0000_0000_0000;
            let shifted = _mm256_add_epi64(_mm256_castpd_si256(x), _mm256_set1_epi64x(one - ROOT_HALF_LONG));
            // Under the exponent of 2⁵² the biased exponent reads as 2⁵² + itself.
            let biased = _mm256_or_si256(_mm256_srli_epi64::<52>(shifted), _mm256_set1_epi64x(0x4330_0000_0000_0000));
            _mm256_sub_pd(_mm256_castsi256_pd(biased), _mm256_set1_pd(4_503_599_627_371_519.0))
        };
    }
    binary: {
        add: |a, b| _mm256_add_pd(a, b);
        sub: |a, b| _mm256_sub_pd(a, b);
        mul: |a, b| _mm256_mul_pd(a, b);
        div: |a, b| _mm256_div_pd(a, b);
        max: |a, b| _mm256_max_pd(a, b);
        min: |a, b| _mm256_min_pd(a, b);
        copy_sign: |magnitude, sign| {
            let bit = _mm256_set1_pd(-0.0);
            _mm256_or_pd(_mm256_andnot_pd(bit, magnitude), _mm256_and_pd(bit, sign))
        };
        scale_by_power_of_two: |x, n| scale_pd(x, n);
    }
    fused: { fma: _mm256_fmadd_pd; fma_negated: _mm256_fnmadd_pd; }
    compare: {
        less: _mm256_cmp_pd::<_CMP_LT_OQ>;
        equal: _mm256_cmp_pd::<_CMP_EQ_OQ>;
        unordered: _mm256_cmp_pd::<_CMP_UNORD_Q>;
    }
    select: |mask, yes, no| _mm256_blendv_pd(no, yes, mask),
    tree_sum: |v| {
        let (low, high) = (_mm256_add_pd(v[0], v[2]), _mm256_add_pd(v[1], v[3]));
        tree_pd(_mm256_add_pd(low, high))
    },
);
