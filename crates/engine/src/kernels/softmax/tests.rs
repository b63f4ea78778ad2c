use super::{
    cross_entropy_both, cross_entropy_dense, cross_entropy_dense_gradient, cross_entropy_labels,
    cross_entropy_labels_gradient, log_softmax, softmax,
};
use crate::kernels::cpu::Cpu;
use crate::kernels::gang::Gang;
use crate::kernels::isa::Isa;
use crate::real::Real;

const SHAPES: [(usize, usize); 8] = [(1, 1), (1, 7), (5, 3), (16, 2), (64, 2), (33, 10), (17, 33), (18, 101)];

fn cpu(isa: Isa) -> Cpu {
    Cpu { isa, gang: Gang::alone() }
}

fn values<T: Real>(len: usize, spread: f64) -> Vec<T> {
    let value = |i: usize| (i + 1).wrapping_mul(2_654_435_761) % 1_000_003;
    (0..len).map(|i| T::from_f64((value(i) as f64 / 500_000.0 - 1.0) * spread)).collect()
}

fn labels(rows: usize, classes: usize) -> Vec<i64> {
    (0..rows).map(|row| (row * 7 % classes) as i64).collect()
}

/// Every function on the same logits, one after the other.
fn everything<T: Real>(cpu: &Cpu, z: &[T], rows: usize, classes: usize) -> [Vec<T>; 6] {
    let (labels, targets, upstream) = (labels(rows, classes), values::<T>(z.len(), 1.0), values::<T>(rows, 2.0));
    let mut out = [z.len(), z.len(), rows, z.len(), rows, z.len()].map(|len| vec![T::ZERO; len]);
    let [soft, log_soft, loss, gradient, dense, dense_gradient] = &mut out;
    softmax(cpu, z, rows, classes, soft);
    log_softmax(cpu, z, rows, classes, log_soft);
    cross_entropy_labels(cpu, z, &labels, rows, classes, loss);
    cross_entropy_labels_gradient(cpu, z, &labels, &upstream, rows, classes, gradient);
    cross_entropy_dense(cpu, z, &targets, rows, classes, dense);
    cross_entropy_dense_gradient(cpu, z, &targets, &upstream, rows, classes, dense_gradient);
    out
}

/// The same from the definitions, in `f64`.
fn defined(z: &[f64], rows: usize, classes: usize) -> [Vec<f64>; 6] {
    let (labels, targets, upstream) = (labels(rows, classes), values::<f64>(z.len(), 1.0), values::<f64>(rows, 2.0));
    let mut out = [const { Vec::new() }; 6];
    for row in 0..rows {
        let z = &z[row * classes..][..classes];
        let t = &targets[row * classes..][..classes];
        let largest = z.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let log_sum = z.iter().map(|z| (z - largest).exp()).sum::<f64>().ln() + largest;
        let total: f64 = t.iter().sum();
        let label = labels[row] as usize;
        for (class, z) in z.iter().enumerate() {
            let p = (z - log_sum).exp();
            out[0].push(p);
            out[1].push(z - log_sum);
            out[3].push((p - f64::from(u8::from(class == label))) * upstream[row]);
            out[5].push((p * total - t[class]) * upstream[row]);
        }
        out[2].push(log_sum - z[label]);
        out[4].push(t.iter().zip(z).map(|(t, z)| t * (log_sum - z)).sum());
    }
    out
}

#[test]
fn every_function_is_that_of_its_definition() {
    for (rows, classes) in SHAPES {
        let wide = values::<f64>(rows * classes, 5.0);
        let narrow: Vec<f32> = wide.iter().map(|&z| z as f32).collect();
        let rounded: Vec<f64> = narrow.iter().map(|&z| f64::from(z)).collect();
        for isa in Isa::available() {
            let in_f64 = everything(&cpu(isa), &wide, rows, classes);
            let in_f32 = everything(&cpu(isa), &narrow, rows, classes);
            let (exact, exact_of_rounded) = (defined(&wide, rows, classes), defined(&rounded, rows, classes));
            for n in 0..6 {
                for (got, exact) in in_f64[n].iter().zip(&exact[n]) {
                    assert!(
                        (got - exact).abs() <= 1e-13 * (1.0 + exact.abs()),
                        "{isa} {n} {rows}×{classes}: {got}, not {exact}"
                    );
                }
                for (got, exact) in in_f32[n].iter().zip(&exact_of_rounded[n]) {
                    assert!(
                        (f64::from(*got) - exact).abs() <= 1e-5 * (1.0 + exact.abs()),
                        "{isa} {n}: {got}, not {exact}"
                    );
                }
            }
        }
    }
}

#[test]
fn a_gang_and_every_instruction_set_give_the_same_bits() {
    let gang = Cpu { isa: Isa::detect(), gang: Gang::new(3) };
    for (rows, classes) in SHAPES.into_iter().chain([(999, 9)]) {
        let z = values::<f32>(rows * classes, 9.0);
        let expected =
            everything(&gang, &z, rows, classes).map(|list| list.iter().map(|x| x.to_bits()).collect::<Vec<_>>());
        for isa in Isa::available() {
            let got = everything(&cpu(isa), &z, rows, classes)
                .map(|list| list.iter().map(|x| x.to_bits()).collect::<Vec<_>>());
            assert_eq!(got, expected, "{isa} {rows}×{classes}");
        }
    }
}

#[test]
fn loss_and_gradient_together_have_the_bits_of_each_alone() {
    fn bits(values: &[f32]) -> Vec<u32> {
        values.iter().map(|x| x.to_bits()).collect()
    }
    for (rows, classes) in SHAPES.into_iter().chain([(999, 9), (48, 2)]) {
        let z = values::<f32>(rows * classes, 9.0);
        let (labels, upstream) = (labels(rows, classes), 1.0 / 3.0);
        let (mut loss, mut gradient) = (vec![0.0; rows], vec![0.0; z.len()]);
        cross_entropy_labels(&cpu(Isa::Portable), &z, &labels, rows, classes, &mut loss);
        let factors = vec![upstream; rows];
        cross_entropy_labels_gradient(&cpu(Isa::Portable), &z, &labels, &factors, rows, classes, &mut gradient);
        let gang = Cpu { isa: Isa::detect(), gang: Gang::new(3) };
        for cpu in Isa::available().into_iter().map(cpu).chain([gang]) {
            let (mut both_loss, mut both_gradient) = (vec![1.0; rows], vec![1.0; z.len()]);
            cross_entropy_both(&cpu, &z, &labels, upstream, rows, classes, &mut both_loss, &mut both_gradient);
            assert_eq!(bits(&both_loss), bits(&loss), "{} {rows}×{classes}", cpu.isa);
            assert_eq!(bits(&both_gradient), bits(&gradient), "{} {rows}×{classes}", cpu.isa);
        }
    }
}

#[test]
fn a_row_does_not_depend_on_its_neighbors() {
    let z = values::<f32>(40 * 5, 3.0);
    let all = everything(&cpu(Isa::detect()), &z, 40, 5);
    let mut alone = [0.0; 5];
    softmax(&cpu(Isa::detect()), &z[35 * 5..36 * 5], 1, 5, &mut alone);
    assert_eq!(all[0][35 * 5..36 * 5], alone);
}

#[test]
fn large_logits_neither_overflow_nor_lose_the_sum() {
    let z = [1e4_f32, -1e4, 1e4, 0.0, -1e4, -1e4, -1e4, -1e4, 1e4, 1e4, 1e4, 1e4];
    for isa in Isa::available() {
        let [soft, _, loss, gradient, ..] = everything(&cpu(isa), &z, 3, 4);
        assert_eq!(soft, [0.5, 0.0, 0.5, 0.0, 0.25, 0.25, 0.25, 0.25, 0.25, 0.25, 0.25, 0.25]);
        assert!(loss.iter().chain(&gradient).all(|x| x.is_finite()));
        // Label 0 of the first row: ln 2, with nothing lost to the size of the logits.
        assert!((loss[0] - std::f32::consts::LN_2).abs() < 1e-7);
        // Label 3 of the second row, 2 of the third: ln 4.
        assert!((loss[1] - 2.0 * std::f32::consts::LN_2).abs() < 2e-7);
    }
}

#[test]
fn a_label_that_is_no_class_spoils_its_row_alone() {
    let (z, up) = (values::<f32>(12, 1.0), [1.0; 4]);
    for isa in Isa::available() {
        let (mut loss, mut gradient) = ([0.0; 4], [0.0; 12]);
        let labels = [2, -1, 3, 0];
        cross_entropy_labels(&cpu(isa), &z, &labels, 4, 3, &mut loss);
        cross_entropy_labels_gradient(&cpu(isa), &z, &labels, &up, 4, 3, &mut gradient);
        assert_eq!(loss.map(f32::is_nan), [false, true, true, false]);
        let spoiled: Vec<bool> = gradient.chunks(3).map(|row| row.iter().all(|x| x.is_nan())).collect();
        assert_eq!(spoiled, [false, true, true, false]);
        cross_entropy_both(&cpu(isa), &z, &labels, 1.0, 4, 3, &mut loss, &mut gradient);
        assert_eq!(loss.map(f32::is_nan), [false, true, true, false]);
        let spoiled: Vec<bool> = gradient.chunks(3).map(|row| row.iter().all(|x| x.is_nan())).collect();
        assert_eq!(spoiled, [false, true, true, false]);
    }
}

#[test]
fn a_class_without_target_may_be_impossible() {
    let mut loss = [0.0_f64];
    cross_entropy_dense(&cpu(Isa::detect()), &[0.0, f64::NEG_INFINITY, 0.0], &[0.5, 0.0, 0.5], 1, 3, &mut loss);
    assert!((loss[0] - std::f64::consts::LN_2).abs() < 1e-15);
}
