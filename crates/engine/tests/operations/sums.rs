//! Matrix products, reductions, softmax and the losses made of it.

use super::evaluate::{check, dims, indices, integers, numbers, position, real};
use caviar_engine::{Axes, Graph, Node, Reduction, Tensor};

#[test]
fn all_four_forms_of_the_product_are_sums_of_products() {
    for (m, k, n) in [(1, 1, 1), (5, 3, 4), (3, 4, 1), (1, 7, 3), (17, 45, 33), (2, 200, 3), (70, 2, 5)] {
        for (transpose_a, transpose_b) in [(false, false), (false, true), (true, false), (true, true)] {
            let turned = |rows: usize, columns: usize, turn: bool| if turn { [columns, rows] } else { [rows, columns] };
            let (left, right) = (turned(m, k, transpose_a), turned(k, n, transpose_b));
            let (a, b) = (numbers(1, &left, -1.0, 1.0), numbers(2, &right, -1.0, 1.0));
            let a_at = |i: usize, l: usize| a.data()[if transpose_a { l * m + i } else { i * k + l }];
            let b_at = |l: usize, j: usize| b.data()[if transpose_b { j * k + l } else { l * n + j }];
            let sum = |index: &Vec<usize>| (0..k).map(|l| a_at(index[0], l) * b_at(l, index[1])).sum::<f64>();
            let want: Vec<f64> = indices(&[m, n]).iter().map(sum).collect();
            let product = |g: &Graph| {
                g.constant(a.clone()).matmul_transposed(g.constant(b.clone()), transpose_a, transpose_b).id()
            };
            check(|g| g.node(product(g)), &[m, n], &want, &format!("[{m}, {k}]·[{k}, {n}]"));
            // What the plan fuses: a bias, and ReLU.
            let bias = numbers(3, &[n], -1.0, 1.0);
            let with_bias: Vec<f64> = want.iter().enumerate().map(|(at, x)| x + bias.data()[at % n]).collect();
            check(|g| g.node(product(g)) + g.constant(bias.clone()), &[m, n], &with_bias, "a product and a bias");
            let relu: Vec<f64> = with_bias.iter().map(|x| x.max(0.0)).collect();
            check(|g| (g.constant(bias.clone()) + g.node(product(g))).relu(), &[m, n], &relu, "and ReLU");
        }
    }
}

#[test]
fn reductions_run_over_every_set_of_axes() {
    for sizes in [&[7][..], &[5, 3], &[3, 1, 4], &[2, 3, 4, 5]] {
        let x = numbers(1, sizes, -1.0, 1.0);
        for set in 0_usize..1 << sizes.len() {
            let over = |axis: usize| set & (1 << axis) != 0;
            let axes = (0..sizes.len()).filter(|axis| over(*axis)).fold(Axes::NONE, Axes::with);
            let kept: Vec<usize> =
                sizes.iter().enumerate().map(|(axis, &size)| if over(axis) { 1 } else { size }).collect();
            let gone: Vec<usize> = (0..sizes.len()).filter(|axis| !over(*axis)).map(|axis| sizes[axis]).collect();
            for kind in Reduction::ALL {
                let mut groups = vec![Vec::new(); kept.iter().product()];
                for (index, x) in indices(sizes).iter().zip(x.data()) {
                    groups[position(&kept, index)].push(*x);
                }
                let want: Vec<f64> = groups.iter().map(|group| reduced(*kind, group)).collect();
                let what = format!("{kind} of {sizes:?} over {axes}");
                check(|g| g.constant(x.clone()).reduce(*kind, axes, true), &kept, &want, &what);
                check(|g| g.constant(x.clone()).reduce(*kind, axes, false), &gone, &want, &what);
            }
        }
    }
}

fn reduced(kind: Reduction, values: &[f64]) -> f64 {
    let sum: f64 = values.iter().sum();
    match kind {
        Reduction::Sum => sum,
        Reduction::Mean => sum / values.len() as f64,
        Reduction::Max => values.iter().copied().fold(f64::NEG_INFINITY, f64::max),
        Reduction::Min => values.iter().copied().fold(f64::INFINITY, f64::min),
    }
}

#[test]
fn named_reductions_are_the_general_one() {
    let x = Tensor::from([[1.0, 2.0, 3.0], [4.0, 5.0, 9.0]]);
    let value = |build: for<'g> fn(Node<'g>) -> Node<'g>| real::<f64>(|g| build(g.constant(x.clone()))).into_data();
    assert_eq!((value(|x| x.sum()), value(|x| x.mean())), (vec![24.0], vec![4.0]));
    assert_eq!(value(|x| x.sum_over(0)), [5.0, 7.0, 12.0]);
    assert_eq!(value(|x| x.mean_over(1)), [2.0, 6.0]);
    assert_eq!((value(|x| x.max_over(0)), value(|x| x.min_over(1))), (vec![4.0, 5.0, 9.0], vec![1.0, 4.0]));
    assert_eq!(real::<f64>(|g| g.scalar(3.0).sum() + g.scalar(4.0).mean()).data(), [7.0]);
}

#[test]
fn sums_over_many_rows_lose_nothing() {
    for rows in [63, 64, 65, 1003] {
        let x = numbers(4, &[rows, 3], -1.0, 1.0);
        let column = |j: usize| (0..rows).map(|i| x.data()[i * 3 + j]).sum::<f64>();
        check(|g| g.constant(x.clone()).sum_over(0), &[3], &[column(0), column(1), column(2)], "columns");
        check(|g| g.constant(x.clone()).sum(), &[], &[column(0) + column(1) + column(2)], "all");
    }
}

#[test]
fn argmax_is_the_first_of_the_largest_along_any_axis() {
    let sizes = [2, 3, 4];
    let x = numbers(1, &sizes, 0.0, 4.0);
    let whole: Vec<f64> = x.data().iter().map(|x| x.floor()).collect();
    for axis in 0..3 {
        let kept: Vec<usize> = (0..3).filter(|other| *other != axis).map(|other| sizes[other]).collect();
        let largest = |index: &Vec<usize>| {
            let value = |i: usize| {
                let mut full = index.clone();
                full.insert(axis, i);
                whole[position(&sizes, &full)]
            };
            (1..sizes[axis]).fold(0, |best, i| if value(i) > value(best) { i } else { best }) as i64
        };
        let want: Vec<i64> = indices(&kept).iter().map(largest).collect();
        let got = integers(|g| g.constant(Tensor::new(dims(&sizes), whole.clone()).unwrap()).argmax(axis));
        assert_eq!(got, Tensor::new(dims(&kept), want).unwrap(), "axis {axis}");
    }
    assert_eq!(integers(|g| g.constant([1.0, f64::NAN, 9.0]).argmax(0)).data(), [1]);
    assert_eq!(integers(|g| g.constant([f64::NEG_INFINITY, f64::NEG_INFINITY]).argmax(0)).data(), [0]);
}

fn softmax(row: &[f64]) -> Vec<f64> {
    let largest = row.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let exponentials: Vec<f64> = row.iter().map(|z| (z - largest).exp()).collect();
    let sum: f64 = exponentials.iter().sum();
    exponentials.iter().map(|e| e / sum).collect()
}

#[test]
fn softmax_runs_over_the_last_axis_of_any_rank() {
    for sizes in [&[6][..], &[5, 3], &[17, 4], &[2, 3, 4], &[2, 1, 3, 5], &[4, 1]] {
        let x = numbers(1, sizes, -9.0, 9.0);
        let rows = x.data().chunks(*sizes.last().unwrap());
        let want: Vec<f64> = rows.flat_map(softmax).collect();
        check(|g| g.constant(x.clone()).softmax(), sizes, &want, "softmax");
        let logarithms: Vec<f64> = want.iter().map(|p| p.ln()).collect();
        check(|g| g.constant(x.clone()).log_softmax(), sizes, &logarithms, "log softmax");
    }
    let far = Tensor::from([[1000.0, 0.0, -1000.0]]);
    check(|g| g.constant(far.clone()).softmax(), &[1, 3], &[1.0, 0.0, 0.0], "far logits");
    check(|g| g.constant(far.clone()).log_softmax(), &[1, 3], &[0.0, -1000.0, -2000.0], "far logits");
}

#[test]
fn cross_entropies_agree_with_their_definitions() {
    let z = numbers(1, &[5, 3], -4.0, 4.0);
    let labels = [2_usize, 0, 1, 1, 2];
    let loss = |(row, label): (&[f64], &usize)| -softmax(row)[*label].ln();
    let want: Vec<f64> = z.data().chunks(3).zip(&labels).map(loss).collect();
    let integers = Tensor::from(labels.map(|label| label as i64));
    check(|g| g.constant(z.clone()).softmax_cross_entropy(g.integer_constant(integers.clone())), &[5], &want, "labels");
    check(
        |g| g.constant(z.clone()).softmax_cross_entropy(g.integer_constant(integers.clone()).one_hot(3, 1)),
        &[5],
        &want,
        "dense",
    );
    let t = numbers(2, &[5, 3], 0.0, 1.0);
    let sigmoid = |z: f64| 1.0 / (1.0 + (-z).exp());
    let pair = |(z, t): (&f64, &f64)| -t * sigmoid(*z).ln() - (1.0 - t) * (1.0 - sigmoid(*z)).ln();
    let want: Vec<f64> = z.data().iter().zip(t.data()).map(pair).collect();
    check(|g| g.constant(z.clone()).sigmoid_cross_entropy(g.constant(t.clone())), &[5, 3], &want, "sigmoid");
    let far = real::<f32>(|g| g.constant([-1000.0, 1000.0, 1000.0]).sigmoid_cross_entropy(g.constant([1.0, 0.0, 1.0])));
    assert_eq!(far.data(), [1000.0, 1000.0, 0.0]);
}

#[test]
fn distances_agree_with_their_definitions() {
    let (z, t) = (numbers(1, &[5, 3], -4.0, 4.0), numbers(2, &[5, 3], -1.0, 1.0));
    let pairs = |function: fn(f64) -> f64| -> Vec<f64> {
        z.data().iter().zip(t.data()).map(|(z, t)| function(z - t)).collect()
    };
    let built = |which: usize| {
        let (z, t) = (z.clone(), t.clone());
        move |g: &Graph| {
            let (z, t) = (g.constant(z.clone()), g.constant(t.clone()));
            [z.squared_error(t), z.absolute_error(t), z.huber_error(t, 1.5)][which].id()
        }
    };
    let huber = |e: f64| if e.abs() <= 1.5 { e * e / 2.0 } else { 1.5 * (e.abs() - 0.75) };
    for (which, want) in [pairs(|e| e * e), pairs(f64::abs), pairs(huber)].iter().enumerate() {
        let build = built(which);
        check(|g| g.node(build(g)), &[5, 3], want, "a distance");
    }
}
