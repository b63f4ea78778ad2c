//! Elementwise operations, comparisons and choices.

use super::evaluate::{SHAPES, booleans, check, dims, indices, integers, numbers, position, real, stretched};
use caviar_engine::{DType, Graph, Node, Tensor};

/// `(2/√π)·Σ (−1)ⁿ x²ⁿ⁺¹ / (n!·(2n+1))`.
fn erf(x: f64) -> f64 {
    let (mut power, mut sum) = (x, x);
    for n in 1..120 {
        power *= -x * x / f64::from(n);
        sum += power / f64::from(2 * n + 1);
    }
    sum * std::f64::consts::FRAC_2_SQRT_PI
}

type Unary = (&'static str, for<'g> fn(Node<'g>) -> Node<'g>, fn(f64) -> f64, [f64; 2]);

#[test]
fn functions_of_one_tensor_are_those_of_the_standard_library() {
    let both = [-3.0, 3.0];
    let above = [0.1, 9.0];
    let table: [Unary; 23] = [
        ("neg", |x| -x, |x| -x, both),
        ("square", |x| x.square(), |x| x * x, both),
        ("sqrt", |x| x.sqrt(), f64::sqrt, above),
        ("exp", |x| x.exp(), f64::exp, both),
        ("log", |x| x.log(), f64::ln, above),
        ("abs", |x| x.abs(), f64::abs, both),
        ("sign", |x| x.sign(), |x| if x > 0.0 { 1.0 } else { -1.0 }, both),
        ("step", |x| x.step(), |x| if x > 0.0 { 1.0 } else { 0.0 }, both),
        ("relu", |x| x.relu(), |x| x.max(0.0), both),
        ("sigmoid", |x| x.sigmoid(), |x| 1.0 / (1.0 + (-x).exp()), both),
        ("tanh", |x| x.tanh(), f64::tanh, both),
        ("erf", |x| x.erf(), erf, both),
        ("softplus", |x| x.softplus(), |x| x.exp().ln_1p(), both),
        ("reciprocal", |x| x.reciprocal(), |x| 1.0 / x, above),
        ("clip", |x| x.clip(-1.0, 0.5), |x| x.clamp(-1.0, 0.5), both),
        ("leaky relu", |x| x.leaky_relu(0.2), |x| if x > 0.0 { x } else { 0.2 * x }, both),
        ("gelu", |x| x.gelu(), |x| x * 0.5 * (1.0 + erf(x / 2.0_f64.sqrt())), both),
        ("silu", |x| x.silu(), |x| x / (1.0 + (-x).exp()), both),
        ("selu", |x| x.selu(), selu, both),
        ("mish", |x| x.mish(), |x| x * x.exp().ln_1p().tanh(), both),
        ("power", |x| x.power(1.7), |x| x.powf(1.7), above),
        ("maximum", |x| x.maximum(0.5), |x| x.max(0.5), both),
        ("minimum", |x| x.minimum(0.5), |x| x.min(0.5), both),
    ];
    for (name, build, function, [low, high]) in table {
        for sizes in SHAPES {
            let x = numbers(1, sizes, low, high);
            let want: Vec<f64> = x.data().iter().map(|x| function(*x)).collect();
            check(|g| build(g.constant(x.clone())), sizes, &want, &format!("{name} of {sizes:?}"));
        }
    }
}

fn selu(x: f64) -> f64 {
    1.050_700_987_355_480_5 * if x > 0.0 { x } else { 1.673_263_242_354_377_2 * (x.exp() - 1.0) }
}

#[test]
fn ends_of_the_range_are_limits_and_not_accidents() {
    let (inf, nan) = (f64::INFINITY, f64::NAN);
    let at =
        |build: for<'g> fn(Node<'g>) -> Node<'g>, x: &[f64]| real::<f64>(|g| build(g.constant(x.to_vec()))).into_data();
    assert_eq!(at(|x| x.exp(), &[-inf, -1000.0, 0.0, 1000.0, inf]), [0.0, 0.0, 1.0, inf, inf]);
    assert_eq!(at(|x| x.log(), &[0.0, 1.0, inf]), [-inf, 0.0, inf]);
    assert!(at(|x| x.log(), &[-1.0])[0].is_nan() && at(|x| x.sqrt(), &[-1.0])[0].is_nan());
    assert_eq!(at(|x| x.sigmoid(), &[-inf, -1000.0, 0.0, 1000.0, inf]), [0.0, 0.0, 0.5, 1.0, 1.0]);
    assert_eq!(at(|x| x.tanh(), &[-inf, -1000.0, 0.0, 1000.0, inf]), [-1.0, -1.0, 0.0, 1.0, 1.0]);
    assert_eq!(at(|x| x.softplus(), &[-1000.0, 1000.0, inf]), [0.0, 1000.0, inf]);
    assert_eq!(at(|x| x.relu(), &[-inf, -0.0, 0.0, inf]), [0.0, 0.0, 0.0, inf]);
    assert_eq!(at(|x| x.sign(), &[-inf, -0.0, 0.0, inf]), [-1.0, 0.0, 0.0, 1.0]);
    assert_eq!(at(|x| x.reciprocal(), &[inf, -inf]), [0.0, 0.0]);
    let lost: [for<'g> fn(Node<'g>) -> Node<'g>; 4] =
        [|x| x.relu(), |x| x.maximum(0.0), |x| x.minimum(0.0), |x| x.clip(0.0, 1.0)];
    for build in lost {
        assert!(at(build, &[nan])[0].is_nan());
    }
    let powers = |a: f64, b: f64| real::<f64>(|g| g.scalar(a).power(b)).data()[0];
    assert_eq!([powers(0.0, 0.0), powers(0.0, 2.0), powers(-2.0, 3.0), powers(4.0, -0.5)], [1.0, 0.0, -8.0, 0.5]);
}

#[test]
fn a_leaky_relu_leaves_positive_numbers_as_they_are() {
    for slope in [0.01, 0.1, 0.2, 0.3, 0.7] {
        let x = numbers(3, &[1000], 0.0, 100.0);
        let got = real::<f32>(|g| g.constant(x.clone()).leaky_relu(slope));
        assert!(got.data().iter().zip(x.data()).all(|(got, x)| f64::from(*got) == *x), "slope {slope}");
    }
}

const PAIRS: [(&[usize], &[usize]); 16] = [
    (&[], &[]),
    (&[], &[3, 4]),
    (&[3, 4], &[]),
    (&[1], &[7]),
    (&[5, 3], &[5, 3]),
    (&[5, 3], &[3]),
    (&[3], &[5, 3]),
    (&[5, 3], &[5, 1]),
    (&[5, 1], &[5, 3]),
    (&[1, 3], &[5, 1]),
    (&[5, 1], &[1, 3]),
    (&[2, 3, 4], &[3, 1]),
    (&[3, 1], &[2, 3, 4]),
    (&[2, 1, 3, 1], &[4, 1, 2]),
    (&[4, 1, 2], &[2, 1, 3, 1]),
    (&[2, 3, 4, 5], &[1, 3, 1, 5]),
];

type Binary = (&'static str, for<'g> fn(Node<'g>, Node<'g>) -> Node<'g>, fn(f64, f64) -> f64);

#[test]
fn functions_of_two_tensors_stretch_sizes_of_one() {
    let table: [Binary; 7] = [
        ("add", |a, b| a + b, |a, b| a + b),
        ("sub", |a, b| a - b, |a, b| a - b),
        ("mul", |a, b| a * b, |a, b| a * b),
        ("div", |a, b| a / b, |a, b| a / b),
        ("power", |a, b| a.power(b), f64::powf),
        ("maximum", |a, b| a.maximum(b), f64::max),
        ("minimum", |a, b| a.minimum(b), f64::min),
    ];
    for (name, build, function) in table {
        for (left, right) in PAIRS {
            let (a, b) = (numbers(1, left, 0.3, 2.5), numbers(2, right, 0.3, 2.5));
            let sizes = stretched(left, right);
            let value =
                |index: &Vec<usize>| function(a.data()[position(left, index)], b.data()[position(right, index)]);
            let want: Vec<f64> = indices(&sizes).iter().map(value).collect();
            let what = format!("{name} of {left:?} and {right:?}");
            check(|g| build(g.constant(a.clone()), g.constant(b.clone())), &sizes, &want, &what);
        }
    }
}

#[test]
fn numbers_stand_on_either_side_of_an_operator() {
    let value = |build: for<'g> fn(Node<'g>) -> Node<'g>| real::<f64>(|g| build(g.scalar(4.0))).data()[0];
    let got = [value(|x| x + 1.0), value(|x| 1.0 + x), value(|x| x - 1.0), value(|x| 1.0 - x), value(|x| x * 3.0)];
    assert_eq!(got, [5.0, 5.0, 3.0, -3.0, 12.0]);
    assert_eq!([value(|x| 3.0 * x), value(|x| x / 8.0), value(|x| 8.0 / x)], [12.0, 0.5, 2.0]);
}

type Compared = (for<'g> fn(Node<'g>, Node<'g>) -> Node<'g>, fn(i64, i64) -> bool);

#[test]
fn comparisons_hold_for_all_three_element_types() {
    let table: [Compared; 3] =
        [(|a, b| a.equal(b), |a, b| a == b), (|a, b| a.less(b), |a, b| a < b), (|a, b| a.greater(b), |a, b| a > b)];
    for (build, function) in table {
        for (left, right) in PAIRS {
            let whole = |which: u64, sizes: &[usize], limit: f64| -> Vec<i64> {
                numbers(which, sizes, 0.0, limit).data().iter().map(|x| *x as i64).collect()
            };
            let sizes = stretched(left, right);
            for limit in [3.0, 2.0] {
                let (a, b) = (whole(1, left, limit), whole(2, right, limit));
                let value = |index: &Vec<usize>| function(a[position(left, index)], b[position(right, index)]);
                let want = Tensor::new(dims(&sizes), indices(&sizes).iter().map(value).collect()).unwrap();
                let pair = |g: &Graph| {
                    let constant = |sizes: &[usize], x: &[i64]| {
                        g.integer_constant(Tensor::new(dims(sizes), x.to_vec()).unwrap()).id()
                    };
                    (constant(left, &a), constant(right, &b))
                };
                for dtype in [DType::Real, DType::Integer, DType::Boolean] {
                    if dtype == DType::Boolean && limit > 2.0 {
                        continue;
                    }
                    let got = booleans(|g| {
                        let (a, b) = pair(g);
                        build(g.node(a).cast(dtype), g.node(b).cast(dtype))
                    });
                    assert_eq!(got, want, "{dtype}, {left:?}, {right:?}");
                }
            }
        }
    }
    let nan = booleans(|g| g.constant([f64::NAN, 1.0]).equal(g.constant([f64::NAN, 1.0])));
    assert_eq!(nan.data(), [false, true]);
}

#[test]
fn where_picks_by_a_condition_of_any_shape() {
    for (condition, yes, no) in [
        (&[5, 3][..], &[5, 3][..], &[5, 3][..]),
        (&[5, 1], &[3], &[5, 3]),
        (&[3], &[5, 3], &[]),
        (&[], &[5, 3], &[5, 3]),
        (&[2, 3, 4, 1], &[3, 1, 5], &[4, 5]),
    ] {
        let sizes = stretched(condition, &stretched(yes, no));
        let truth: Vec<bool> = numbers(1, condition, 0.0, 1.0).data().iter().map(|x| *x < 0.5).collect();
        let (a, b) = (numbers(2, yes, 0.0, 9.0), numbers(3, no, -9.0, 0.0));
        let pick = |index: &Vec<usize>| match truth[position(condition, index)] {
            true => a.data()[position(yes, index)],
            false => b.data()[position(no, index)],
        };
        let want: Vec<f64> = indices(&sizes).iter().map(pick).collect();
        let nodes = |g: &Graph| {
            let condition = g.boolean_constant(Tensor::new(dims(condition), truth.clone()).unwrap());
            [condition.id(), g.constant(a.clone()).id(), g.constant(b.clone()).id()]
        };
        let select = |g: &Graph, dtype: DType| {
            let [condition, a, b] = nodes(g).map(|id| g.node(id));
            g.select(condition, a.cast(dtype), b.cast(dtype)).id()
        };
        check(|g| g.node(select(g, DType::Real)), &sizes, &want, "where");
        let whole = integers(|g| g.node(select(g, DType::Integer)));
        assert!(whole.data().iter().zip(&want).all(|(got, want)| *got == *want as i64));
        let truths = booleans(|g| g.node(select(g, DType::Boolean)));
        assert!(truths.data().iter().zip(&want).all(|(got, want)| *got == (*want != 0.0)));
    }
}

#[test]
fn casts_go_toward_zero_and_back() {
    let numbers = [-2.7, -1.0, -0.5, 0.0, 0.5, 1.0, 2.7];
    assert_eq!(integers(|g| g.constant(numbers).cast(DType::Integer)).data(), [-2, -1, 0, 0, 0, 1, 2]);
    let truth = [true, true, true, false, true, true, true];
    assert_eq!(booleans(|g| g.constant(numbers).cast(DType::Boolean)).data(), truth);
    assert_eq!(real::<f32>(|g| g.integer_constant([-3, 0, 5]).cast(DType::Real)).data(), [-3.0, 0.0, 5.0]);
    assert_eq!(booleans(|g| g.integer_constant([-3, 0, 5]).cast(DType::Boolean)).data(), [true, false, true]);
    assert_eq!(real::<f64>(|g| g.boolean_constant([true, false]).cast(DType::Real)).data(), [1.0, 0.0]);
    assert_eq!(integers(|g| g.boolean_constant([true, false]).cast(DType::Integer)).data(), [1, 0]);
    assert_eq!(real::<f64>(|g| g.constant(numbers).cast(DType::Real)).data(), numbers);
    assert_eq!(integers(|g| g.integer_constant([4, 5]).cast(DType::Integer)).data(), [4, 5]);
    assert_eq!(booleans(|g| g.boolean_constant([true, false]).cast(DType::Boolean)).data(), [true, false]);
}
