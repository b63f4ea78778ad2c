use crate::kernels::isa::Isa;
use crate::kernels::simd::{Element, Kernel, LANES, Simd};

#[derive(Clone, Copy, Debug)]
enum Function {
    Exp,
    Ln,
    Tanh,
    Sigmoid,
    Softplus,
    Erf,
}

struct Apply<'a, T>(Function, &'a [T; LANES]);

impl<T: Element> Kernel<T> for Apply<'_, T> {
    type Output = [T; LANES];

    #[inline(always)]
    fn run<S: Simd<Elem = T>>(self, s: S) -> [T; LANES] {
        let x = s.load(self.1);
        s.to_array(match self.0 {
            Function::Exp => T::exp(s, x),
            Function::Ln => T::ln(s, x),
            Function::Tanh => T::tanh(s, x),
            Function::Sigmoid => T::sigmoid(s, x),
            Function::Softplus => T::softplus(s, x),
            Function::Erf => T::erf(s, x),
        })
    }
}

fn exact(function: Function, x: f64) -> f64 {
    match function {
        Function::Exp => libm::exp(x),
        Function::Ln => libm::log(x),
        Function::Tanh => libm::tanh(x),
        Function::Sigmoid => 1.0 / (1.0 + libm::exp(-x)),
        Function::Softplus => x.max(0.0) + libm::log1p(libm::exp(-x.abs())),
        Function::Erf => libm::erf(x),
    }
}

/// The distance in units of the last place of the exact result, rounded to `f32`.
fn units(got: f32, exact: f64) -> f64 {
    let rounded = exact as f32;
    if got == rounded || (got.is_nan() && exact.is_nan()) {
        return 0.0;
    }
    if !got.is_finite() || !rounded.is_finite() {
        return f64::INFINITY;
    }
    let magnitude = rounded.abs().max(f32::MIN_POSITIVE);
    let unit = f64::from(f32::from_bits(magnitude.to_bits() + 1)) - f64::from(magnitude);
    (f64::from(got) - exact).abs() / unit
}

/// Largest error over every `stride`-th bit pattern and a finer grid where the function is not yet flat.
fn largest_error(isa: Isa, function: Function, stride: u32, low: f32, high: f32) -> (f64, f32) {
    let patterns = (0..u32::MAX / stride).map(|i| f32::from_bits(i * stride));
    let grid = (0..200_000).map(|i| low + (high - low) * (i as f32 / 200_000.0));
    let all: Vec<f32> = patterns.chain(grid).collect();
    let mut largest = (0.0, 0.0);
    for x in all.as_chunks::<LANES>().0 {
        for (x, y) in x.iter().zip(isa.run(Apply(function, x))) {
            let error = units(y, exact(function, f64::from(*x)));
            if error > largest.0 {
                largest = (error, *x);
            }
        }
    }
    largest
}

#[test]
fn single_precision_functions_keep_their_bounds() {
    let bounds = [
        (Function::Exp, 1.0, -104.0, 89.0),
        (Function::Ln, 2.0, 0.3, 3.0),
        (Function::Tanh, 3.0, -10.0, 10.0),
        (Function::Sigmoid, 3.0, -90.0, 20.0),
        (Function::Softplus, 3.0, -90.0, 20.0),
        (Function::Erf, 3.0, -4.5, 4.5),
    ];
    for (function, bound, low, high) in bounds {
        let (error, at) = largest_error(Isa::detect(), function, 4099, low, high);
        assert!(error <= bound, "{function:?}: {error} units at {at}");
    }
}

const ALL: [Function; 6] =
    [Function::Exp, Function::Ln, Function::Tanh, Function::Sigmoid, Function::Softplus, Function::Erf];

#[test]
fn all_instruction_sets_agree_on_every_function() {
    let patterns: Vec<f32> = (0..16_000).map(|i| f32::from_bits(i * 268_435)).collect();
    let wide: Vec<f64> = patterns.iter().map(|&x| f64::from(x) * 1.000_000_123).collect();
    let same = |a: f64, b: f64| a.to_bits() == b.to_bits() || (a.is_nan() && b.is_nan());
    for function in ALL {
        for isa in Isa::available() {
            for x in patterns.as_chunks::<LANES>().0 {
                let (got, expected) = (isa.run(Apply(function, x)), Isa::Portable.run(Apply(function, x)));
                for l in 0..LANES {
                    assert!(same(got[l].into(), expected[l].into()), "{function:?} {isa} {:?}", x[l]);
                }
            }
            for x in wide.as_chunks::<LANES>().0.iter().step_by(50) {
                let (got, expected) = (isa.run(Apply(function, x)), Isa::Portable.run(Apply(function, x)));
                for l in 0..LANES {
                    assert!(same(got[l], expected[l]), "{function:?} {isa} {:?}", x[l]);
                }
            }
        }
    }
}

#[test]
fn special_values_are_those_of_the_exact_functions() {
    let special = [
        0.0,
        -0.0,
        f32::INFINITY,
        f32::NEG_INFINITY,
        f32::NAN,
        f32::MAX,
        f32::MIN,
        1e-45,
        -1e-45,
        1e-38,
        1.0,
        -1.0,
        88.8,
        -103.9,
        -104.2,
        89.1,
    ];
    for function in ALL {
        for isa in Isa::available() {
            for (x, y) in special.iter().zip(isa.run(Apply(function, &special))) {
                let expected = exact(function, f64::from(*x)) as f32;
                assert!(units(y, f64::from(expected)) <= 2.0, "{function:?}({x}) = {y}, not {expected}");
                if expected == 0.0 {
                    assert_eq!(y.is_sign_negative(), expected.is_sign_negative(), "{function:?}({x})");
                }
            }
        }
    }
}

#[test]
fn double_precision_functions_are_accurate_at_both_ends() {
    let x: [f64; LANES] = std::array::from_fn(|l| (l as f64 - 8.0) * 5.5);
    let close = |a: f64, b: f64| (a - b).abs() <= 4e-15 * b.abs();
    let sigmoid = Isa::detect().run(Apply(Function::Sigmoid, &x));
    let softplus = Isa::detect().run(Apply(Function::Softplus, &x));
    for l in 0..LANES {
        assert!(close(sigmoid[l], libm::exp(-softplus[l] + x[l])), "{} {}", x[l], sigmoid[l]);
        assert!(close(softplus[l], libm::log1p(libm::exp(x[l]))), "{} {}", x[l], softplus[l]);
    }
}
