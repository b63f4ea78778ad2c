//! Each kernel gives the bits of the plain loop.

use super::{Column, CrossEntropy, Outer, Product, SHARD, cross_entropy, from_rows, outer, product, to_rows};
use crate::kernels::cpu::Cpu;
use crate::kernels::gang::Gang;
use crate::kernels::isa::Isa;
use crate::kernels::simd::LANES;
use crate::kernels::softmax::cross_entropy_both;
use crate::real::Real;
use crate::rng::{Purpose, Stream};
use proptest::prelude::{any, prop, proptest};

fn cpus() -> Vec<Cpu> {
    Isa::available().into_iter().map(|isa| Cpu { isa, gang: Gang::alone() }).collect()
}

/// Numbers in `[-1, 1)` from `first` on.
fn some<T: Real>(first: u64, len: usize) -> Vec<T> {
    let stream = Stream::new(3, Purpose::Noise(0), 0);
    (first..).take(len).map(|i| T::from_f64(stream.uniform(i) * 2.0 - 1.0)).collect()
}

/// Columns of such numbers; what lies beyond the samples is poison.
fn columns<T: Real>(first: u64, width: usize, samples: usize) -> Vec<Column<T>> {
    let column = |unit: usize| {
        let numbers = some::<T>(first + (SHARD * unit) as u64, samples);
        std::array::from_fn(|sample| numbers.get(sample).copied().unwrap_or(T::from_f64(f64::NAN)))
    };
    (0..width).map(column).collect()
}

/// The numbers of the samples as bits, so that zeros of both signs differ.
fn bits<T: Real>(columns: &[Column<T>], samples: usize) -> Vec<u64> {
    columns.iter().flat_map(|column| &column[..samples]).map(|x| x.to_f64().to_bits()).collect()
}

fn check_turns<T: Real>(width: usize, samples: usize, beyond: usize) {
    let longer = some::<T>(0, width * samples + beyond);
    let rows = &longer[..width * samples];
    for cpu in cpus() {
        let mut turned = vec![[T::from_f64(f64::NAN); SHARD]; width];
        from_rows(&cpu, &longer, samples, &mut turned);
        let at = |sample: usize, unit: usize| rows[sample * width + unit];
        let right = (0..samples).all(|sample| (0..width).all(|unit| turned[unit][sample] == at(sample, unit)));
        assert!(right, "{} {samples} rows of {width} on {}", T::NAME, cpu.isa);
        let mut back = vec![T::from_f64(f64::NAN); rows.len()];
        to_rows(&turned, &mut back);
        assert_eq!(back, rows);
    }
}

/// What follows a product.
#[derive(Clone, Copy, Debug)]
struct Then {
    transpose_b: bool,
    bias: bool,
    relu: bool,
    gate: bool,
}

fn check_product<T: Real>([k, n, samples]: [usize; 3], then: Then) {
    let (a, gate) = (columns::<T>(0, k, samples), columns::<T>(1 << 20, n, samples));
    let (b, bias) = (some::<T>(1 << 30, k * n), some::<T>(1 << 40, n));
    let element = |sample: usize, unit: usize| {
        let b = |p: usize| b[if then.transpose_b { unit * k + p } else { p * n + unit }];
        let mut sum = (0..k).fold(T::ZERO, |acc, p| a[p][sample].mul_add(b(p), acc));
        if then.bias {
            sum = sum + bias[unit];
        }
        if then.relu && sum < T::ZERO {
            sum = T::ZERO;
        }
        let open = !then.gate || gate[unit][sample] > T::ZERO;
        sum * if open { T::ONE } else { T::ZERO }
    };
    let want: Vec<u64> = (0..n)
        .flat_map(|unit| (0..samples).map(move |sample| (sample, unit)))
        .map(|(sample, unit)| element(sample, unit).to_f64().to_bits())
        .collect();
    for cpu in cpus() {
        let mut c = vec![[T::from_f64(f64::NAN); SHARD]; n];
        let (bias, gate) = (then.bias.then_some(&bias[..]), then.gate.then_some(&gate[..]));
        let (transpose_b, relu) = (then.transpose_b, then.relu);
        product(&cpu, Product { a: &a, b: &b, transpose_b, bias, relu, gate, c: &mut c, samples });
        assert!(bits(&c, samples) == want, "{} {k} to {n}, {samples} samples, {then:?} on {}", T::NAME, cpu.isa);
    }
}

fn check_outer<T: Real>(lanes: &[usize], factors: &[usize], samples: usize) {
    let columns = columns::<T>(7, 70, samples);
    let chain = |factor: usize, lane: usize| {
        (0..samples).fold(T::ZERO, |acc, s| columns[factor][s].mul_add(columns[lane][s], acc))
    };
    for cpu in cpus() {
        let mut sums = vec![[T::from_f64(f64::NAN); LANES]; factors.len()];
        let mut rows = vec![[T::from_f64(f64::NAN); LANES]; SHARD];
        outer(&cpu, Outer { columns: &columns, lanes, factors, samples, rows: &mut rows, sums: &mut sums });
        for (sums, &factor) in sums.iter().zip(factors) {
            for (sum, &lane) in sums.iter().zip(lanes) {
                let want = chain(factor, lane);
                let same = sum.to_f64().to_bits() == want.to_f64().to_bits();
                assert!(same, "{} {lanes:?} {factors:?} {samples} on {}: {sum}, not {want}", T::NAME, cpu.isa);
            }
        }
    }
}

fn check_loss<T: Real>(classes: usize, samples: usize, wrong: Option<usize>) {
    let logits = columns::<T>(11, classes, samples);
    let mut labels: Vec<i64> = (0..samples).map(|sample| (sample * 7 % classes) as i64).collect();
    if let Some(wrong) = wrong {
        labels[wrong % samples] = [-1, classes as i64, i64::MIN, (1 << 32) + 1][wrong % 4];
    }
    let (upstream, mut rows) = (T::from_f64(0.3), vec![T::ZERO; classes * samples]);
    to_rows(&logits, &mut rows);
    for cpu in cpus() {
        let (mut loss_of_rows, mut gradient_of_rows) = (vec![T::ZERO; samples], rows.clone());
        let plain = (&mut loss_of_rows, &mut gradient_of_rows);
        cross_entropy_both(&cpu, &rows, &labels, upstream, samples, classes, plain.0, plain.1);
        let (mut loss, mut gradient) = ([T::ZERO; SHARD], vec![[T::ZERO; SHARD]; classes]);
        let (logits, labels, gradient_of_columns) = (&logits[..], &labels[..], &mut gradient[..]);
        let call = CrossEntropy { logits, labels, upstream, loss: &mut loss, gradient: gradient_of_columns };
        assert_eq!(cross_entropy(&cpu, call), wrong.is_none());
        let mut turned = vec![T::ZERO; classes * samples];
        to_rows(&gradient, &mut turned);
        let same = |got: &[T], want: &[T]| {
            let number = |x: &T| (!x.to_f64().is_nan()).then(|| x.to_f64().to_bits());
            got.iter().map(number).eq(want.iter().map(number))
        };
        assert!(same(&loss[..samples], &loss_of_rows), "{} {classes} classes on {}", T::NAME, cpu.isa);
        assert!(same(&turned, &gradient_of_rows), "{} {classes} classes on {}", T::NAME, cpu.isa);
    }
}

proptest! {
    #[test]
    fn rows_become_columns_and_rows_again(width in 1_usize..70, samples in 0..=SHARD, beyond in 0_usize..600) {
        check_turns::<f32>(width, samples, beyond);
        check_turns::<f64>(width, samples, beyond);
    }

    #[test]
    fn any_product_has_the_bits_of_the_plain_loop(
        (k, n, samples) in (0_usize..70, 0_usize..70, 0..=SHARD),
        (transpose_b, bias, relu, gate) in any::<(bool, bool, bool, bool)>(),
    ) {
        let then = Then { transpose_b, bias, relu, gate };
        check_product::<f32>([k, n, samples], then);
        check_product::<f64>([k, n, samples], then);
    }

    #[test]
    fn any_outer_product_has_the_bits_of_the_plain_loop(
        lanes in prop::collection::vec(0_usize..70, 0..=LANES),
        factors in prop::collection::vec(0_usize..70, 0..70),
        samples in 0..=SHARD,
    ) {
        check_outer::<f32>(&lanes, &factors, samples);
        check_outer::<f64>(&lanes, &factors, samples);
    }

    #[test]
    fn any_loss_has_the_bits_of_that_of_rows(
        classes in 1_usize..70,
        samples in 1..=SHARD,
        wrong in prop::option::of(0_usize..SHARD),
    ) {
        check_loss::<f32>(classes, samples, wrong);
        check_loss::<f64>(classes, samples, wrong);
    }
}
