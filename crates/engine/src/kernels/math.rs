//! Transcendental functions of sixteen lanes.
//!
//! In `f32`: argument reduction and polynomials of our own, fused multiply-adds only, so that every instruction set gives the
//! same bits. In `f64`: `libm`, lane by lane. Errors are in units of the last place, measured by the tests beside this file.

use super::simd::{LANES, Simd};

#[cfg(test)]
mod tests;

const LOG2_E: f32 = std::f32::consts::LOG2_E;
const LN_2: f32 = std::f32::consts::LN_2;
/// What `LN_2` lacks.
const LN_2_REST: f32 = -1.904_654_3e-9;

/// `c[0] + c[1]·x + …`.
#[inline(always)]
fn polynomial<S: Simd<Elem = f32>, const N: usize>(s: S, x: S::V, coefficients: [f32; N]) -> S::V {
    let mut sum = s.splat(coefficients[N - 1]);
    for i in (0..N - 1).rev() {
        sum = s.fma(sum, x, s.splat(coefficients[i]));
    }
    sum
}

/// `eˣ`, to 1 unit.
///
/// `x = n·ln 2 + r` with integral `n`, |r| ≤ ln 2 / 2; `eˣ = 2ⁿ·(1 + r + r²·q(r))`.
#[inline(always)]
pub fn exp<S: Simd<Elem = f32>>(s: S, x: S::V) -> S::V {
    // Beyond these bounds the result is ∞ or 0; the order of the operands lets NaN through.
    let x = s.max(s.splat(-104.5), s.min(s.splat(89.0), x));
    let n = s.round(s.mul(x, s.splat(LOG2_E)));
    let r = s.fma_negated(n, s.splat(LN_2), x);
    let r = s.fma_negated(n, s.splat(LN_2_REST), r);
    let q = polynomial(s, r, [4.999_999_4e-1, 1.666_652e-1, 4.166_826e-2, 8.368_852e-3, 1.382_173_3e-3]);
    let e = s.add(s.fma(s.mul(r, r), q, r), s.splat(1.0));
    s.scale_by_power_of_two(e, n)
}

/// `ln(1 + f) − f` for √½ − 1 ≤ f ≤ √2 − 1, plus `e·LN_2_REST`.
#[inline(always)]
fn ln_rest<S: Simd<Elem = f32>>(s: S, f: S::V, e: S::V) -> S::V {
    let p = [
        3.333_333e-1,
        -2.500_082_6e-1,
        2.000_122e-1,
        -1.662_319_2e-1,
        1.420_208_8e-1,
        -1.316_228e-1,
        1.275_932e-1,
        -7.625_481e-2,
    ];
    let square = s.mul(f, f);
    let rest = s.mul(s.mul(square, f), polynomial(s, f, p));
    let rest = s.fma(e, s.splat(LN_2_REST), rest);
    s.fma_negated(s.splat(0.5), square, rest)
}

/// `ln x`, to 2 units; −∞ at 0, NaN below.
///
/// `x = m·2ᵉ` with √½ ≤ m < √2; `ln x = e·ln 2 + f − f²/2 + f³·p(f)` with `f = m − 1`.
#[inline(always)]
pub fn ln<S: Simd<Elem = f32>>(s: S, x: S::V) -> S::V {
    let zero = s.splat(0.0);
    let subnormal = s.less(x, s.splat(f32::MIN_POSITIVE));
    let normal = s.select(subnormal, s.mul(x, s.splat(33_554_432.0)), x);
    let e = s.sub(s.exponent(normal), s.select(subnormal, s.splat(25.0), zero));
    let f = s.sub(s.mantissa(normal), s.splat(1.0));
    let result = s.fma(e, s.splat(LN_2), s.add(f, ln_rest(s, f, e)));
    // The special values, each over the one before: ∞ and NaN are themselves.
    let result = s.select(s.less(x, s.splat(f32::INFINITY)), result, x);
    let result = s.select(s.less(x, zero), s.splat(f32::NAN), result);
    s.select(s.equal(x, zero), s.splat(f32::NEG_INFINITY), result)
}

/// `ln(1 + x)` for 0 ≤ x ≤ 1, to 2 units.
#[inline(always)]
fn ln_1p_of_unit<S: Simd<Elem = f32>>(s: S, x: S::V) -> S::V {
    // 1 + x is never formed: above √2 it is halved, and (1 + x)/2 − 1 = (x − 1)/2 is exact there.
    let upper = s.less(s.splat(std::f32::consts::SQRT_2 - 1.0), x);
    let f = s.select(upper, s.mul(s.sub(x, s.splat(1.0)), s.splat(0.5)), x);
    let e = s.select(upper, s.splat(1.0), s.splat(0.0));
    s.fma(e, s.splat(LN_2), s.add(f, ln_rest(s, f, e)))
}

/// The hyperbolic tangent, to 3 units.
///
/// |x| < 5/8: `x + x³·p(x²)`; above: `1 − 2 / (e²ˣ + 1)`.
#[inline(always)]
pub fn tanh<S: Simd<Elem = f32>>(s: S, x: S::V) -> S::V {
    let magnitude = s.abs(x);
    let square = s.mul(magnitude, magnitude);
    let p = [-3.333_327_5e-1, 1.333_124_6e-1, -5.372_32e-2, 2.058_445e-2, -5.643_061_4e-3];
    let small = s.fma(s.mul(square, magnitude), polynomial(s, square, p), magnitude);
    let e = exp(s, s.add(magnitude, magnitude));
    let large = s.sub(s.splat(1.0), s.div(s.splat(2.0), s.add(e, s.splat(1.0))));
    s.copy_sign(s.select(s.less(magnitude, s.splat(0.625)), small, large), x)
}

/// `1 / (1 + e⁻ˣ)`, to 3 units also where it is near 0.
#[inline(always)]
pub fn sigmoid<S: Simd<Elem = f32>>(s: S, x: S::V) -> S::V {
    let one = s.splat(1.0);
    let e = exp(s, s.neg(s.abs(x)));
    s.div(s.select(s.less(x, s.splat(0.0)), e, one), s.add(one, e))
}

/// `ln(1 + eˣ) = max(x, 0) + ln(1 + e^−|x|)`, to 3 units, without overflow.
#[inline(always)]
pub fn softplus<S: Simd<Elem = f32>>(s: S, x: S::V) -> S::V {
    let e = exp(s, s.neg(s.abs(x)));
    s.add(s.max(x, s.splat(0.0)), ln_1p_of_unit(s, e))
}

/// The error function `2/√π · ∫₀ˣ e^(−t²) dt`, to 3 units.
///
/// |x| < 0.92: `x + x·p(x²)`; above: `1 − exp(−x + x·r(x))`.
#[inline(always)]
pub fn erf<S: Simd<Elem = f32>>(s: S, x: S::V) -> S::V {
    let square = s.mul(x, x);
    let p = [1.283_791_5e-1, -3.761_25e-1, 1.128_184_3e-1, -2.676_730_6e-2, 4.993_961e-3, -5.994_068e-4];
    let small = s.fma(x, polynomial(s, square, p), x);
    // From 4 on the result is 1; the order of the operands lets NaN through.
    let magnitude = s.min(s.splat(4.0), s.abs(x));
    let r = [-1.285_144_8e-1, -6.357_179e-1, -1.052_624_8e-1, 2.289_041_1e-2, -3.215_11e-3, 2.140_059_7e-4];
    let power = s.fma(magnitude, polynomial(s, magnitude, r), s.neg(magnitude));
    let large = s.sub(s.splat(1.0), exp(s, power));
    s.select(s.less(magnitude, s.splat(0.92)), small, s.copy_sign(large, x))
}

/// `f` of each lane.
#[inline(always)]
pub fn each_lane<S: Simd>(s: S, x: S::V, f: impl Fn(S::Elem) -> S::Elem) -> S::V {
    let mut lanes = s.to_array(x);
    for lane in &mut lanes {
        *lane = f(*lane);
    }
    s.load(&lanes)
}

/// `f` of each pair of lanes.
#[inline(always)]
pub fn each_pair<S: Simd>(s: S, a: S::V, b: S::V, f: impl Fn(S::Elem, S::Elem) -> S::Elem) -> S::V {
    let (mut lanes, others) = (s.to_array(a), s.to_array(b));
    for l in 0..LANES {
        lanes[l] = f(lanes[l], others[l]);
    }
    s.load(&lanes)
}

/// `1 / (1 + e⁻ˣ)`.
pub fn sigmoid_f64(x: f64) -> f64 {
    let e = libm::exp(-x.abs());
    if x < 0.0 { e / (1.0 + e) } else { 1.0 / (1.0 + e) }
}

/// `ln(1 + eˣ)`.
pub fn softplus_f64(x: f64) -> f64 {
    let tail = libm::log1p(libm::exp(-x.abs()));
    if x > 0.0 { x + tail } else { tail }
}
