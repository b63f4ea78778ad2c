//! Where there is no derivative, or a limit: what is taken instead.

use super::differences::signed;
use crate::graph::{DefineError, Graph, Node};
use crate::nn::init::Init;
use crate::op::{Reduction, Rule};
use crate::optim::Descent;
use crate::plan::Plan;
use crate::session::{Seed, Session};
use crate::tensor::{DType, Tensor};

/// The derivatives of the sum of a function's values.
fn slopes(at: Tensor<f64>, build: impl for<'g> Fn(&'g Graph, Node<'g>) -> Node<'g>) -> Vec<f64> {
    let g = Graph::new();
    let x = g.placeholder("x", at.dims());
    let slope = g.gradients(build(&g, x), &[x])[0];
    let mut session = Session::new(Plan::<f64>::new(&g, &[slope, x]).unwrap(), Seed(0));
    session.run(slope, &[x.feed(&at)]).unwrap().data().to_vec()
}

fn slopes_of(at: &[f64], build: impl for<'g> Fn(&'g Graph, Node<'g>) -> Node<'g>) -> Vec<f64> {
    slopes(Tensor::from(at.to_vec()), build)
}

#[test]
fn the_derivatives_of_relu_and_abs_at_zero_are_zero() {
    assert_eq!(slopes_of(&[-1.0, -0.0, 0.0, 1.0], |_, x| x.relu()), [0.0, 0.0, 0.0, 1.0]);
    assert_eq!(slopes_of(&[-1.0, -0.0, 0.0, 1.0], |_, x| x.abs()), [-1.0, 0.0, 0.0, 1.0]);
    assert_eq!(slopes_of(&[-1.0, 0.0, 1.0], |_, x| x.sign()), [0.0; 3]);
    assert_eq!(slopes_of(&[-1.0, 0.0, 1.0], |_, x| x.step()), [0.0; 3]);
}

#[test]
fn the_derivative_of_leaky_relu_at_zero_is_its_slope() {
    assert_eq!(slopes_of(&[-3.0, 0.0, 3.0], |_, x| x.leaky_relu(0.25)), [0.25, 0.25, 1.0]);
}

#[test]
fn the_derivative_of_selu_at_zero_is_that_of_its_negative_side() {
    let [below, at, above] = slopes_of(&[-1e-9, 0.0, 1e-9], |_, x| x.selu())[..] else { panic!("three slopes") };
    let (left, right) = (1.050_700_987_355_480_5 * 1.673_263_242_354_377_2, 1.050_700_987_355_480_5);
    assert!((below - left).abs() < 1e-8 && (at - left).abs() < 1e-15 && (above - right).abs() < 1e-15);
}

#[test]
fn equal_operands_of_maximum_and_minimum_share_the_derivative() {
    let two = |_: &Graph, x: Node<'_>| (x.slice(0, 0, 1).id(), x.slice(0, 1, 2).id());
    for (at, larger, smaller) in [([2.0, 2.0], [0.5, 0.5], [0.5, 0.5]), ([3.0, 1.0], [1.0, 0.0], [0.0, 1.0])] {
        let maximum = slopes_of(&at, |g, x| {
            let (a, b) = two(g, x);
            g.node(a).maximum(g.node(b))
        });
        let minimum = slopes_of(&at, |g, x| {
            let (a, b) = two(g, x);
            g.node(a).minimum(g.node(b))
        });
        assert_eq!((&maximum[..], &minimum[..]), (&larger[..], &smaller[..]));
    }
}

#[test]
fn the_largest_and_the_smallest_share_the_derivative_equally() {
    let at = Tensor::from([[1.0, 4.0, 4.0, 4.0], [0.5, 0.5, 2.0, 3.0]]);
    let third = 1.0 / 3.0;
    assert_eq!(slopes(at.clone(), |_, x| x.max_over(1)), [0.0, third, third, third, 0.0, 0.0, 0.0, 1.0]);
    assert_eq!(slopes(at.clone(), |_, x| x.min_over(1)), [1.0, 0.0, 0.0, 0.0, 0.5, 0.5, 0.0, 0.0]);
    assert_eq!(slopes(at, |_, x| x.max_over([0, 1])), [0.0, third, third, third, 0.0, 0.0, 0.0, 0.0]);
}

#[test]
fn ties_over_axes_that_are_not_adjacent_share_equally_too() {
    let at = Tensor::new((2, 1, 2), vec![5.0, 5.0, 5.0, 0.0]).unwrap();
    let third = 1.0 / 3.0;
    for keep in [false, true] {
        let maximum = slopes(at.clone(), |_, x| x.reduce(Reduction::Max, [0, 2], keep));
        assert_eq!(maximum, [third, third, third, 0.0]);
        let minimum = slopes(at.clone(), |_, x| (-x).reduce(Reduction::Min, [0, 2], keep));
        assert_eq!(minimum, [-third, -third, -third, 0.0]);
    }
}

#[test]
fn the_derivative_of_clip_is_one_at_the_limits_and_zero_beyond() {
    assert_eq!(slopes_of(&[-2.0, -1.0, 0.0, 1.0, 2.0], |_, x| x.clip(-1.0, 1.0)), [0.0, 1.0, 1.0, 1.0, 0.0]);
}

#[test]
fn the_derivative_of_huber_passes_without_a_jump() {
    let at = [-3.0, -1.0, -0.5, 0.0, 0.5, 1.0, 3.0];
    let slopes = slopes_of(&at, |g, x| x.huber_error(g.zeros((7,)), 1.0));
    assert_eq!(slopes, [-1.0, -1.0, -0.5, 0.0, 0.5, 1.0, 1.0]);
}

#[test]
fn powers_of_zero_have_the_derivatives_of_their_formulas() {
    let by_base = |exponent: f64| slopes_of(&[0.0], |_, x| x.power(exponent))[0];
    assert_eq!([by_base(0.0), by_base(1.0), by_base(2.0), by_base(3.0)], [0.0, 1.0, 0.0, 0.0]);
    assert_eq!(by_base(0.5), f64::INFINITY);
    // 0ʸ is 0 for every y > 0.
    assert_eq!(slopes_of(&[0.5, 1.0, 2.0], |g, x| g.scalar(0.0).power(x)), [0.0; 3]);
}

#[test]
fn derivatives_far_out_are_finite_and_right() {
    let far = [-1000.0, 1000.0];
    let ends = |build: for<'g> fn(Node<'g>) -> Node<'g>| slopes_of(&far, |_, x| build(x));
    assert_eq!(ends(|x| x.sigmoid()), [0.0, 0.0]);
    assert_eq!(ends(|x| x.tanh()), [0.0, 0.0]);
    assert_eq!(ends(|x| x.softplus()), [0.0, 1.0]);
    assert_eq!(ends(|x| x.gelu()), [0.0, 1.0]);
    assert_eq!(ends(|x| x.silu()), [0.0, 1.0]);
    assert_eq!(ends(|x| x.mish()), [0.0, 1.0]);
    assert_eq!(ends(|x| x.selu()), [0.0, 1.050_700_987_355_480_5]);
    assert_eq!(slopes_of(&far, |g, x| x.sigmoid_cross_entropy(g.constant([1.0, 0.0]))), [-1.0, 1.0]);
    let logits = Tensor::from([[1000.0, -1000.0, 0.0], [-1000.0, 1000.0, 1000.0]]);
    let labels = |g: &Graph| g.integer_constant([1, 1]).id();
    let of_labels = slopes(logits.clone(), |g, x| x.softmax_cross_entropy(g.node(labels(g))));
    assert_eq!(of_labels, [1.0, -1.0, 0.0, 0.0, -0.5, 0.5]);
    let dense = slopes(logits, |g, x| x.softmax_cross_entropy(g.node(labels(g)).one_hot(3, 1)));
    assert_eq!(dense, [1.0, -1.0, 0.0, 0.0, -0.5, 0.5]);
}

#[test]
fn what_a_loss_does_not_depend_on_has_a_derivative_of_zeros() {
    let g = Graph::new();
    let (x, y) = (g.placeholder("x", (5, 3)), g.placeholder("y", (3, 4)));
    let (later, labels) = (x.square(), g.integer_constant([1, 0]));
    let slopes = g.gradients(x.sum(), &[y, later, labels]);
    let mut session = Session::new(Plan::<f64>::new(&g, &slopes).unwrap(), Seed(0));
    for (slope, len) in slopes.iter().zip([12, 15, 2]) {
        assert_eq!(session.run(*slope, &[]).unwrap().data(), vec![0.0; len]);
    }
}

#[test]
fn derivatives_are_taken_by_nodes_in_between_and_by_variables() {
    let g = Graph::new();
    let w = g.variable("w", (2,), Init::values(Tensor::from([3.0, -1.0])));
    let between = w * 2.0;
    let loss = between.square().sum();
    let slopes = g.gradients(loss, &[between, w, loss]);
    let mut session = Session::new(Plan::<f64>::new(&g, &slopes).unwrap(), Seed(0));
    session.run_all(&[slopes[0].id(), slopes[1].id(), slopes[2].id()], &[]).unwrap();
    assert_eq!(session.value(slopes[0]).unwrap().data(), [12.0, -4.0]);
    assert_eq!(session.value(slopes[1]).unwrap().data(), [24.0, -8.0]);
    assert_eq!(session.value(slopes[2]).unwrap().data(), [1.0]);
}

#[test]
fn the_derivative_of_a_tensor_is_that_of_its_sum() {
    let at = signed(0, &[5, 3]);
    assert_eq!(slopes(at.clone(), |_, x| x.square()), slopes(at, |_, x| x.square().sum()));
}

fn error(g: &Graph, node: Node<'_>) -> DefineError {
    Plan::<f64>::new(g, &[node]).unwrap_err()
}

#[test]
fn derivatives_of_what_is_not_real_are_refused() {
    let g = Graph::new();
    let x = g.placeholder("x", (5,));
    let slope = g.gradients(x.less(0.0), &[x])[0];
    assert_eq!(error(&g, slope).rule, Rule::ElementType { op: "gradients", got: DType::Boolean, want: DType::Real });
    let broken = x.slice(0, 2, 9);
    assert_eq!(error(&g, g.gradients(broken, &[x])[0]), error(&g, broken));
}

#[test]
fn nodes_of_another_graph_are_refused() {
    let (g, other) = (Graph::new(), Graph::new());
    let x = g.placeholder("x", ());
    for _ in 0..9 {
        other.placeholder("filler", ());
    }
    let stranger = other.variable("stranger", (), Init::Zeros);
    let refused = |node: Node<'_>, op: &'static str| {
        assert_eq!(error(&g, node).rule, Rule::OtherGraph { op, got: "stranger".to_string() });
    };
    refused(g.gradients(x, &[stranger])[0], "gradients");
    refused(g.gradients(stranger, &[x])[0], "gradients");
    refused(g.minimize(stranger, Descent::new(0.1).unwrap()), "minimize");
    let w = g.variable("w", (), Init::Zeros);
    refused(g.minimize_over(x * w, &[w, stranger], Descent::new(0.1).unwrap()), "minimize");
    refused(g.assign(stranger, x), "assign");
    refused(g.assign(w, stranger), "assign");
    refused(x + stranger, "add");
    refused(g.group(&[x, stranger]), "group");
    refused(g.concat(&[stranger], 0), "concat");
}
