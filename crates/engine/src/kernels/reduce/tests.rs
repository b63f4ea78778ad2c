use super::{Reduction, argmax, reduce};
use crate::kernels::cpu::Cpu;
use crate::kernels::gang::Gang;
use crate::kernels::isa::Isa;
use crate::real::Real;

fn cpu(isa: Isa) -> Cpu {
    Cpu { isa, gang: Gang::alone() }
}

/// Values of several magnitudes, so that another order gives other bits.
fn values<T: Real>(len: usize) -> Vec<T> {
    let value = |i: usize| {
        let mixed = (i + 1).wrapping_mul(2_654_435_761) % 1_000_003;
        (mixed as f64 / 500_000.0 - 1.0) * 10_f64.powi((mixed % 7) as i32 - 3)
    };
    (0..len).map(|i| T::from_f64(value(i))).collect()
}

/// Sixteen strided accumulators, then halves.
fn strided_sum<T: Real>(x: &[T]) -> T {
    let mut lanes: Vec<T> = (0..16).map(|l| x.iter().skip(l).step_by(16).fold(T::ZERO, |sum, x| sum + *x)).collect();
    while lanes.len() > 1 {
        let half = lanes.len() / 2;
        lanes = (0..half).map(|l| lanes[l] + lanes[l + half]).collect();
    }
    lanes[0]
}

/// Shards of 64, merged as a list of (number of shards, sum): equal neighbors at once, the others from the end.
fn sharded_sum<T: Real>(x: &[T]) -> T {
    let mut list: Vec<(usize, T)> = Vec::new();
    for shard in x.chunks(64) {
        list.push((1, shard.iter().fold(T::ZERO, |sum, x| sum + *x)));
        while let [.., (left_size, left), (right_size, right)] = list[..] {
            if left_size != right_size {
                break;
            }
            list.truncate(list.len() - 2);
            list.push((left_size + right_size, left + right));
        }
    }
    list.into_iter().rev().map(|(_, sum)| sum).reduce(|sum, left| left + sum).unwrap_or(T::ZERO)
}

fn expected<T: Real>(kind: Reduction, column: &[T], innermost: bool) -> T {
    let sum = if innermost { strided_sum(column) } else { sharded_sum(column) };
    let best = |better: fn(&T, &T) -> bool| column.iter().copied().reduce(|a, b| if better(&b, &a) { b } else { a });
    match kind {
        Reduction::Sum => sum,
        Reduction::Mean => sum / T::from_f64(column.len() as f64),
        Reduction::Max => best(|a, b| a > b).unwrap_or(T::from_f64(f64::NEG_INFINITY)),
        Reduction::Min => best(|a, b| a < b).unwrap_or(T::from_f64(f64::INFINITY)),
    }
}

fn same<T: Real>(a: T, b: T) -> bool {
    let (a, b) = (a.to_f64(), b.to_f64());
    a.to_bits() == b.to_bits() || (a.is_nan() && b.is_nan())
}

fn check<T: Real>(cpu: &Cpu, outer: usize, reduced: usize, inner: usize) {
    let x = values::<T>(outer * reduced * inner);
    let mut out = vec![T::ONE; outer * inner];
    for &kind in Reduction::ALL {
        reduce(cpu, kind, &x, outer, reduced, inner, &mut out);
        for (n, got) in out.iter().enumerate() {
            let (i, j) = (n / inner, n % inner);
            let column: Vec<T> = (0..reduced).map(|k| x[(i * reduced + k) * inner + j]).collect();
            let expected = expected(kind, &column, inner == 1);
            assert!(
                same(*got, expected),
                "{} {kind} of [{outer}, {reduced}, {inner}] at {n}: {got}, not {expected}",
                cpu.isa
            );
        }
    }
}

#[test]
fn every_instruction_set_keeps_the_documented_order() {
    let shapes = [
        (1, 0, 3),
        (2, 0, 1),
        (1, 1, 1),
        (3, 5, 1),
        (40, 7, 1),
        (2, 70, 1),
        (1, 1000, 1),
        (2, 63, 5),
        (1, 64, 2),
        (1, 65, 17),
    ];
    let long = [(3, 129, 33), (1, 200, 130), (1, 64 * 13 + 7, 3), (2, 64 * 7, 16), (1, 64 * 6 + 1, 65)];
    for isa in Isa::available() {
        for (outer, reduced, inner) in shapes.into_iter().chain(long) {
            check::<f32>(&cpu(isa), outer, reduced, inner);
            check::<f64>(&cpu(isa), outer, reduced, inner);
        }
        for reduced in 0..70 {
            check::<f32>(&cpu(isa), 2, reduced, 1);
            check::<f32>(&cpu(isa), 1, 3, reduced + 1);
        }
    }
}

#[test]
fn a_gang_keeps_the_order_too() {
    let gang = Cpu { isa: Isa::detect(), gang: Gang::new(3) };
    for (outer, reduced, inner) in [(1, 300, 250), (700, 100, 1), (9, 100, 90), (1, 70_000, 1)] {
        check::<f32>(&gang, outer, reduced, inner);
    }
}

#[test]
fn one_nan_makes_an_extreme_nan() {
    for isa in Isa::available() {
        for (len, at) in [(5, 0), (5, 4), (40, 20), (100, 99), (100, 3)] {
            let mut x = values::<f32>(3 * len);
            x[len + at] = f32::NAN;
            for kind in [Reduction::Max, Reduction::Min] {
                let mut rows = [0.0; 3];
                reduce(&cpu(isa), kind, &x, 3, len, 1, &mut rows);
                assert_eq!(rows.map(f32::is_nan), [false, true, false], "{isa} {kind}");
                let mut column = [0.0; 1];
                reduce(&cpu(isa), kind, &x[len..2 * len], 1, len, 1, &mut column);
                assert!(column[0].is_nan());
                let mut columns = vec![0.0; len];
                reduce(&cpu(isa), kind, &x, 1, 3, len, &mut columns);
                assert_eq!(columns.iter().position(|y| y.is_nan()), Some(at));
            }
        }
    }
}

#[test]
fn the_first_of_several_largest_is_taken_and_nan_is_largest() {
    let position = |x: &[f32]| {
        let mut out = [0];
        argmax(x, 1, x.len(), 1, &mut out);
        out[0]
    };
    assert_eq!(position(&[1.0, 3.0, 2.0, 3.0]), 1);
    assert_eq!(position(&[-0.0, 0.0]), 0);
    assert_eq!(position(&[f32::NEG_INFINITY; 3]), 0);
    assert_eq!(position(&[1.0, f32::NAN, 9.0, f32::NAN]), 1);
    let mut out = [0; 4];
    argmax(&[1.0, 5.0, 2.0, 4.0, 3.0, 3.0, /**/ 0.0, 0.0, 1.0, -1.0, 0.5, 7.0], 2, 3, 2, &mut out);
    assert_eq!(out, [2, 0, 1, 2]);
}
