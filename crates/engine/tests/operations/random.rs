//! Random tensors: moments, streams, repetition.

use caviar_engine::{Graph, Node, Plan, Seed, Session, Tensor};

const LEN: usize = 100_000;

fn session(g: &Graph, nodes: &[Node<'_>], seed: u64) -> Session<f64> {
    Session::new(Plan::new(g, nodes).unwrap(), Seed(seed))
}

fn run(session: &mut Session<f64>, node: Node<'_>) -> Vec<f64> {
    session.run(node, &[]).unwrap().data().to_vec()
}

fn mean(x: &[f64]) -> f64 {
    x.iter().sum::<f64>() / x.len() as f64
}

fn moment(x: &[f64], power: i32) -> f64 {
    let center = mean(x);
    mean(&x.iter().map(|x| (x - center).powi(power)).collect::<Vec<_>>())
}

fn correlation(x: &[f64], y: &[f64]) -> f64 {
    let product: Vec<f64> = x.iter().zip(y).map(|(x, y)| x * y).collect();
    (mean(&product) - mean(x) * mean(y)) / (moment(x, 2) * moment(y, 2)).sqrt()
}

#[test]
fn uniform_numbers_have_the_moments_of_their_bounds() {
    let g = Graph::new();
    let node = g.random_uniform((LEN,), -2.0, 4.0);
    let x = run(&mut session(&g, &[node], 1), node);
    assert!(x.iter().all(|x| (-2.0..4.0).contains(x)));
    // The deviations of the mean and of the variance are 0.0055 and 0.0085.
    assert!((mean(&x) - 1.0).abs() < 0.03 && (moment(&x, 2) - 3.0).abs() < 0.05, "{} {}", mean(&x), moment(&x, 2));
}

#[test]
fn normal_numbers_have_the_moments_of_their_curve() {
    let g = Graph::new();
    let node = g.random_normal((LEN,), 3.0, 2.0);
    let x = run(&mut session(&g, &[node], 1), node);
    // The deviations are 0.0063, 0.018, 0.06 and 0.5.
    assert!((mean(&x) - 3.0).abs() < 0.03 && (moment(&x, 2) - 4.0).abs() < 0.09);
    assert!(moment(&x, 3).abs() < 0.3 && (moment(&x, 4) - 48.0).abs() < 2.5);
}

#[test]
fn each_run_draws_anew_and_the_same_seed_draws_the_same() {
    let g = Graph::new();
    let node = g.random_normal((5, 3), 0.0, 1.0);
    let (mut first, mut second) = (session(&g, &[node], 4), session(&g, &[node], 4));
    let runs: Vec<Vec<f64>> = (0..3).map(|_| run(&mut first, node)).collect();
    assert!(runs[0] != runs[1] && runs[1] != runs[2] && runs[0] != runs[2]);
    assert_eq!(first.draws(), 3);
    for want in &runs {
        assert_eq!(run(&mut second, node), *want);
    }
    second.set_draws(1);
    assert_eq!(run(&mut second, node), runs[1]);
    assert_ne!(run(&mut session(&g, &[node], 5), node), runs[0]);
}

#[test]
fn draws_of_one_graph_are_independent_of_each_other() {
    let g = Graph::new();
    let nodes =
        [g.random_normal((LEN,), 0.0, 1.0), g.random_normal((LEN,), 0.0, 1.0), g.random_uniform((LEN,), 0.0, 1.0)];
    let mut session = session(&g, &nodes, 1);
    session.run_all(&nodes.map(Node::id), &[]).unwrap();
    let values = nodes.map(|node| session.value(node).unwrap().data().to_vec());
    for (one, other) in [(0, 1), (0, 2), (1, 2)] {
        assert!(correlation(&values[one], &values[other]).abs() < 0.015);
    }
    let again = run(&mut session, nodes[0]);
    assert!(correlation(&values[0], &again).abs() < 0.015);
    assert!(correlation(&values[0][1..], &values[0][..LEN - 1]).abs() < 0.015);
}

#[test]
fn a_draw_does_not_depend_on_what_else_is_fetched() {
    let g = Graph::new();
    let (one, other) = (g.random_normal((7,), 0.0, 1.0), g.random_normal((7,), 0.0, 1.0));
    let alone = run(&mut session(&g, &[other], 3), other);
    let mut both = session(&g, &[one, other], 3);
    both.run_all(&[one.id(), other.id()], &[]).unwrap();
    assert_eq!(both.value(other).unwrap().data(), alone);
}

#[test]
fn one_draw_used_twice_is_the_same_number() {
    let g = Graph::new();
    let noise = g.random_uniform((5, 3), 0.0, 1.0);
    let zero = noise - noise;
    let sum = (noise + noise) - noise * 2.0;
    let mut session = session(&g, &[zero, sum], 1);
    assert!(run(&mut session, zero).iter().chain(&run(&mut session, sum)).all(|x| *x == 0.0));
}

#[test]
fn dropout_keeps_its_share_and_its_mean_and_obeys_its_variable() {
    let g = Graph::new();
    let share = g.state("drop_prob", (), caviar_engine::nn::Init::Constant(0.25));
    let node = g.ones((LEN,)).dropout(share);
    let mut session = session(&g, &[node], 1);
    let x = run(&mut session, node);
    let dropped = x.iter().filter(|x| **x == 0.0).count() as f64 / LEN as f64;
    assert!((dropped - 0.25).abs() < 0.007, "{dropped}");
    assert!(x.iter().all(|x| *x == 0.0 || *x == 1.0 / 0.75));
    assert_ne!(run(&mut session, node), x);
    session.set(share, &Tensor::scalar(0.0)).unwrap();
    assert!(run(&mut session, node).iter().all(|x| *x == 1.0));
}
