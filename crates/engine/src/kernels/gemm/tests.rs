//! Every path gives the bits of the plain loop.

use super::{Gemm, SHARD, gemm, packed_len};
use crate::kernels::cpu::Cpu;
use crate::kernels::gang::Gang;
use crate::kernels::isa::Isa;
use crate::real::Real;
use crate::rng::{Purpose, Stream};
use proptest::prelude::{any, prop_assert_eq, proptest};

#[derive(Clone, Copy, Debug)]
struct Case {
    m: usize,
    k: usize,
    n: usize,
    transpose_a: bool,
    transpose_b: bool,
    bias: bool,
    relu: bool,
    gate: bool,
}

impl Case {
    /// Whether such a product can have the column sums of `B` beside it; then they are asked for.
    fn has_sums(self) -> bool {
        self.transpose_a && !self.transpose_b && self.m > 0 && !self.bias && !self.relu && !self.gate
    }
}

struct Matrices<T> {
    a: Vec<T>,
    b: Vec<T>,
    bias: Vec<T>,
    gate: Vec<T>,
}

fn matrices<T: Real>(case: Case, seed: u64) -> Matrices<T> {
    let stream = Stream::new(seed, Purpose::Noise(0), 0);
    let mut index = 0;
    let mut some = |len: usize| -> Vec<T> {
        let numbers = (index..).take(len).map(|i| T::from_f64(stream.uniform(i) * 2.0 - 1.0)).collect();
        index += len as u64;
        numbers
    };
    let (a, b) = (some(case.m * case.k), some(case.k * case.n));
    Matrices { a, b, bias: some(case.n), gate: some(case.m * case.n) }
}

/// The order of sums as it is written in the head of the module, and nothing else. The column sums, where there are some,
/// follow as one more row: of ones times `B`.
fn plain_loop<T: Real>(case: Case, matrices: &Matrices<T>) -> Vec<T> {
    let Case { m, k, n, .. } = case;
    let mut out = Vec::new();
    for i in 0..m + usize::from(case.has_sums()) {
        for j in 0..n {
            let element = |p: usize| matrices.a[if case.transpose_a { p * m + i } else { i * k + p }];
            let a = |p: usize| if i < m { element(p) } else { T::ONE };
            let b = |p: usize| matrices.b[if case.transpose_b { j * k + p } else { p * n + j }];
            let chain = |first: usize, end: usize| (first..end).fold(T::ZERO, |acc, p| a(p).mul_add(b(p), acc));
            let mut sum = T::ZERO;
            if !case.transpose_a {
                sum = chain(0, k);
            } else if k > 0 {
                // Each partial sum with its number of shards.
                let mut partial: Vec<(usize, T)> = Vec::new();
                for first in (0..k).step_by(SHARD) {
                    let mut new = (1, chain(first, (first + SHARD).min(k)));
                    while let Some(left) = partial.pop_if(|left| left.0 == new.0) {
                        new = (2 * new.0, left.1 + new.1);
                    }
                    partial.push(new);
                }
                sum = partial.pop().map_or(T::ZERO, |last| last.1);
                while let Some((_, left)) = partial.pop() {
                    sum = left + sum;
                }
            }
            if case.bias {
                sum = sum + matrices.bias[j];
            }
            let sum = if case.relu && sum < T::ZERO { T::ZERO } else { sum };
            let factor = if case.gate && i < m && matrices.gate[i * n + j] <= T::ZERO { T::ZERO } else { T::ONE };
            out.push(sum * factor);
        }
    }
    out
}

fn product<T: Real>(cpu: &Cpu, case: Case, matrices: &Matrices<T>) -> Vec<T> {
    let Case { m, k, n, transpose_a, transpose_b, bias, relu, gate } = case;
    let mut all = vec![T::from_f64(f64::NAN); (m + usize::from(case.has_sums())) * n];
    let (c, sums) = all.split_at_mut(m * n);
    let mut packed = vec![T::from_f64(f64::NAN); packed_len(k, n)];
    let bias = bias.then_some(&matrices.bias[..]);
    let (a, b, gate) = (&matrices.a[..], &matrices.b[..], gate.then_some(&matrices.gate[..]));
    let (sums, packed) = (case.has_sums().then_some(sums), &mut packed[..]);
    let stride_a = if transpose_a { m } else { k };
    gemm(cpu, Gemm { a, stride_a, b, c, m, k, n, transpose_a, transpose_b, bias, relu, gate, sums, packed });
    all
}

/// The numbers as bits, so that zeros of both signs differ and NaN equals itself.
fn bits<T: Real>(numbers: &[T]) -> Vec<u64> {
    numbers.iter().map(|x| x.to_f64().to_bits()).collect()
}

fn cpus(threads: &[usize]) -> Vec<Cpu> {
    let each = |isa: Isa| threads.iter().map(move |&threads| Cpu { isa, gang: Gang::new(threads) });
    Isa::available().into_iter().flat_map(each).collect()
}

fn assert_plain<T: Real>(cpus: &[Cpu], case: Case) {
    let matrices = matrices::<T>(case, 7);
    let want = bits(&plain_loop(case, &matrices));
    for cpu in cpus {
        let got = bits(&product(cpu, case, &matrices));
        assert!(got == want, "{} {case:?} on {} with {} threads", T::NAME, cpu.isa, cpu.gang.threads());
    }
}

fn case(m: usize, k: usize, n: usize) -> Case {
    Case { m, k, n, transpose_a: false, transpose_b: false, bias: false, relu: false, gate: false }
}

fn transpositions(of: Case) -> [Case; 4] {
    [(false, false), (true, false), (false, true), (true, true)].map(|(transpose_a, transpose_b)| Case {
        transpose_a,
        transpose_b,
        ..of
    })
}

proptest! {
    #[test]
    fn any_small_product_has_the_bits_of_the_plain_loop(
        (m, k, n) in (0..70_usize, 0..70_usize, 0..70_usize),
        (transpose_a, transpose_b, bias, relu, gate) in any::<(bool, bool, bool, bool, bool)>(),
        seed in any::<u64>(),
    ) {
        let case = Case { m, k, n, transpose_a, transpose_b, bias, relu, gate };
        let (short, long) = (matrices::<f32>(case, seed), matrices::<f64>(case, seed));
        let (want_short, want_long) = (bits(&plain_loop(case, &short)), bits(&plain_loop(case, &long)));
        for isa in Isa::available() {
            let cpu = Cpu { isa, gang: Gang::alone() };
            prop_assert_eq!(&bits(&product(&cpu, case, &short)), &want_short, "f32 on {}", isa);
            prop_assert_eq!(&bits(&product(&cpu, case, &long)), &want_long, "f64 on {}", isa);
        }
    }
}

#[test]
fn every_height_of_tile_has_the_bits_of_the_plain_loop() {
    let cpus = cpus(&[1]);
    for m in 1..=40 {
        for n in [1, 16, 17, 45, 64, 100] {
            for case in transpositions(case(m, 5, n)) {
                assert_plain::<f32>(&cpus, Case { bias: m % 2 == 0, relu: m % 3 == 0, ..case });
                assert_plain::<f64>(&cpus, Case { gate: m % 2 == 0, ..case });
            }
        }
    }
}

#[test]
fn a_gang_of_any_size_gives_the_bits_of_the_plain_loop() {
    let cpus = cpus(&[1, 2, 3, 7]);
    for (m, k, n) in [(37, 1003, 45), (200, 130, 17), (7, 300, 150), (256, 64, 130), (1, 2000, 333), (500, 700, 1)] {
        for case in transpositions(case(m, k, n)) {
            assert_plain::<f32>(&cpus, Case { bias: true, relu: true, ..case });
            assert_plain::<f32>(&cpus, Case { gate: true, ..case });
            assert_plain::<f64>(&cpus, case);
        }
    }
}

#[test]
fn many_shards_are_added_like_the_digits_of_a_counter() {
    let cpus = cpus(&[1, 3]);
    for k in [63, 64, 65, 127, 128, 129, 64 * 3, 64 * 4, 64 * 5 + 1, 64 * 7, 64 * 13 + 5] {
        for n in [1, 5, 40] {
            assert_plain::<f32>(&cpus, Case { transpose_a: true, ..case(9, k, n) });
            assert_plain::<f64>(&cpus, Case { transpose_a: true, bias: true, ..case(9, k, n) });
        }
    }
}

#[test]
fn a_long_chain_is_exact_to_the_precision_of_its_length() {
    for case in transpositions(case(5, 1003, 17)) {
        let matrices = matrices::<f32>(case, 3);
        let long = Matrices {
            a: matrices.a.iter().map(|&x| f64::from(x)).collect(),
            b: matrices.b.iter().map(|&x| f64::from(x)).collect(),
            bias: Vec::new(),
            gate: Vec::new(),
        };
        let want = plain_loop(case, &long);
        for cpu in cpus(&[1, 2]) {
            for (got, want) in product(&cpu, case, &matrices).iter().zip(&want) {
                assert!((f64::from(*got) - want).abs() < 2e-4, "{got} {want}");
            }
        }
    }
}

#[test]
fn nothing_to_contract_leaves_the_bias() {
    for cpu in cpus(&[1, 2]) {
        let mut c = [9.0_f32; 6];
        let bias = [1.0, -2.0, 3.0];
        let call = Gemm {
            a: &[],
            stride_a: 0,
            b: &[],
            c: &mut c,
            m: 2,
            k: 0,
            n: 3,
            transpose_a: false,
            transpose_b: false,
            bias: Some(&bias),
            relu: true,
            gate: None,
            sums: None,
            packed: &mut [],
        };
        gemm(&cpu, call);
        assert_eq!(c, [1.0, 0.0, 3.0, 1.0, 0.0, 3.0]);
    }
}

#[test]
fn a_nan_reaches_its_row_or_column_alone() {
    for cpu in cpus(&[1]) {
        let case = Case { relu: true, ..case(19, 7, 21) };
        let mut matrices = matrices::<f32>(case, 1);
        matrices.b[6 * 21 + 20] = f32::NAN;
        let c = product(&cpu, case, &matrices);
        assert!(c.iter().enumerate().all(|(index, x)| x.is_nan() == (index % 21 == 20)));
    }
}
