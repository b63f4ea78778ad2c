use super::{Element, Kernel, LANES, Simd};
use crate::kernels::isa::Isa;

/// Reproducible numbers of all magnitudes, with the special ones among them.
fn numbers(count: usize, seed: u64) -> Vec<f64> {
    let special = [
        0.0,
        -0.0,
        1.0,
        -1.0,
        0.5,
        1.5,
        2.5,
        -2.5,
        1e-40,
        -1e-40,
        1e-310,
        3e38,
        f64::INFINITY,
        f64::NEG_INFINITY,
        f64::NAN,
    ];
    let mut state = seed;
    let mut next = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 11) as f64 / (1_u64 << 53) as f64
    };
    (0..count)
        .map(|_| {
            if next() < 0.2 {
                special[(next() * special.len() as f64) as usize]
            } else {
                (next() - 0.5) * 2_f64.powf(next() * 60.0 - 30.0)
            }
        })
        .collect()
}

/// Every operation, on three vectors, as one long list of results.
struct Everything<'a, T> {
    a: &'a [T; LANES],
    b: &'a [T; LANES],
    c: &'a [T; LANES],
}

impl<T: Element> Kernel<T> for Everything<'_, T> {
    type Output = Vec<T>;

    #[inline(always)]
    fn run<S: Simd<Elem = T>>(self, s: S) -> Vec<T> {
        let (a, b, c) = (s.load(self.a), s.load(self.b), s.load(self.c));
        let one = s.div(a, a);
        let none = s.sub(one, one);
        let truth = |mask| s.select(mask, one, none);
        let positive = s.max(s.abs(a), s.splat(self.b[0]));
        let integer = s.round(s.min(s.mul(a, b), c));
        let results = [
            s.add(a, b),
            s.sub(a, b),
            s.mul(a, b),
            s.div(a, b),
            s.fma(a, b, c),
            s.fma_negated(a, b, c),
            s.max(a, b),
            s.min(a, b),
            s.sqrt(s.abs(a)),
            s.round(a),
            s.neg(a),
            s.abs(a),
            s.copy_sign(a, b),
            truth(s.less(a, b)),
            truth(s.equal(a, b)),
            truth(s.unordered(a, b)),
            positive,
            integer,
        ];
        let mut list: Vec<T> = results.iter().flat_map(|&v| s.to_array(v)).collect();
        list.push(s.tree_sum(a));
        for length in 0..=LANES + 1 {
            let from: Vec<T> = self.a.iter().chain(self.b).copied().take(length).collect();
            let mut to: Vec<T> = self.c.iter().chain(self.b).copied().take(length).collect();
            let v = s.load_partial(&from);
            list.extend(s.to_array(v));
            s.store_partial(s.add(v, b), &mut to);
            list.extend(to);
        }
        for stride in 1..4 {
            for count in 0..=LANES {
                let from: Vec<T> = self.a.iter().chain(self.b).chain(self.c).copied().collect();
                let end = count.max(1) * stride - stride + 1;
                list.extend(s.to_array(s.gather(&from[..end], stride, count)));
            }
        }
        for stride in [4, 5, 17] {
            let from: Vec<T> = self.a.iter().chain(self.b).chain(self.c).chain(self.a).copied().collect();
            list.extend(s.to_array(s.load_fours(&from[..3 * stride + 4], stride)));
        }
        list.extend(s.turn_fours([a, b, c, one]).into_iter().flat_map(|v| s.to_array(v)));
        list.extend(s.turn_blocks([a, b, c, one]).into_iter().flat_map(|v| s.to_array(v)));
        list
    }
}

/// Mantissa, exponent and their product again, of positive normal numbers.
struct Split<'a, T>(&'a [T; LANES]);

impl<T: Element> Kernel<T> for Split<'_, T> {
    type Output = [[T; LANES]; 3];

    #[inline(always)]
    fn run<S: Simd<Elem = T>>(self, s: S) -> [[T; LANES]; 3] {
        let x = s.load(self.0);
        let (m, e) = (s.mantissa(x), s.exponent(x));
        [s.to_array(m), s.to_array(e), s.to_array(s.scale_by_power_of_two(m, e))]
    }
}

struct Scale<'a, T>(&'a [T; LANES], &'a [T; LANES]);

impl<T: Element> Kernel<T> for Scale<'_, T> {
    type Output = [T; LANES];

    #[inline(always)]
    fn run<S: Simd<Elem = T>>(self, s: S) -> [T; LANES] {
        s.to_array(s.scale_by_power_of_two(s.load(self.0), s.load(self.1)))
    }
}

macro_rules! laws {
    ($name:ident, $elem:ident, $smallest_normal:expr) => {
        mod $name {
            use super::{Everything, Isa, LANES, Scale, Split, numbers};
            use std::array::from_fn;

            fn bits(list: &[$elem]) -> Vec<Option<u64>> {
                list.iter().map(|x| (!x.is_nan()).then(|| u64::from(x.to_bits()))).collect()
            }

            #[test]
            fn all_instruction_sets_agree_on_every_operation() {
                let list: Vec<$elem> = numbers(3 * LANES * 500, 1).iter().map(|&x| x as $elem).collect();
                for three in list.as_chunks::<LANES>().0.as_chunks::<3>().0 {
                    let [a, b, c] = three;
                    let expected = bits(&Isa::Portable.run(Everything { a, b, c }));
                    for isa in Isa::available() {
                        assert_eq!(bits(&isa.run(Everything { a, b, c })), expected, "{isa}: {a:?} {b:?} {c:?}");
                    }
                }
            }

            #[test]
            fn a_positive_number_is_its_mantissa_times_a_power_of_two() {
                for round in 0..200 {
                    let x: [$elem; LANES] = from_fn(|l| {
                        let x = (numbers(LANES, round)[l].abs() as $elem).min(1e30);
                        if x.is_nan() { 1.0 } else { x.max($smallest_normal) }
                    });
                    for isa in Isa::available() {
                        let [m, e, product] = isa.run(Split(&x));
                        assert_eq!(bits(&product), bits(&x), "{isa}");
                        for l in 0..LANES {
                            assert!(
                                m[l] * m[l] > 0.4999 && m[l] * m[l] < 2.0001 && e[l].fract() == 0.0,
                                "{isa}: {} {}",
                                m[l],
                                e[l]
                            );
                        }
                    }
                }
            }

            #[test]
            fn scaling_rounds_once_into_the_subnormals() {
                let x: [$elem; LANES] = from_fn(|l| 0.7 + 0.043_219_87 * l as $elem);
                for n in -160..=130 {
                    let wide = x.map(|x| (f64::from(x) * 2_f64.powi(n)) as $elem);
                    for isa in Isa::available() {
                        assert_eq!(isa.run(Scale(&x, &[n as $elem; LANES])), wide, "{isa} {n}");
                    }
                }
            }
        }
    };
}

laws!(single, f32, f32::MIN_POSITIVE);
laws!(double, f64, f64::MIN_POSITIVE);

#[test]
#[should_panic(expected = "a gather beyond the end")]
fn a_gather_beyond_the_end_is_refused() {
    struct Gather<'a>(&'a [f32]);
    impl Kernel<f32> for Gather<'_> {
        type Output = [f32; LANES];
        #[inline(always)]
        fn run<S: Simd<Elem = f32>>(self, s: S) -> [f32; LANES] {
            s.to_array(s.gather(self.0, 3, 4))
        }
    }
    assert_eq!(Isa::detect().run(Gather(&[1.0; 10]))[3], 1.0);
    assert_eq!(Isa::detect().run(Gather(&[1.0; 9]))[3], 1.0);
}

#[test]
fn the_tree_adds_halves() {
    struct Sum<'a>(&'a [f64; LANES]);
    impl Kernel<f64> for Sum<'_> {
        type Output = f64;
        #[inline(always)]
        fn run<S: Simd<Elem = f64>>(self, s: S) -> f64 {
            s.tree_sum(s.load(self.0))
        }
    }
    let x: [f64; LANES] = std::array::from_fn(|l| 0.1 * (l * l + 1) as f64);
    let mut halves = x.to_vec();
    while halves.len() > 1 {
        let half = halves.len() / 2;
        halves = (0..half).map(|l| halves[l] + halves[l + half]).collect();
    }
    for isa in Isa::available() {
        assert_eq!(isa.run(Sum(&x)), halves[0]);
    }
}
