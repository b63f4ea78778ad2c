//! Steps that threads do part by part, without meeting in between, give the bits of the plain plan on one thread.

use caviar_engine::nn::Init;
use caviar_engine::optim::{Adam, Minimizer};
use caviar_engine::rng::{Purpose, Stream};
use caviar_engine::{Dim, Graph, Isa, NodeId, Plan, PlanOptions, Real, RunError, Seed, Session, Tensor, Value};
use proptest::prelude::{Strategy, any};
use proptest::test_runner::Config;
use proptest::{collection, proptest};

/// A network of plain layers, and what it ends in.
#[derive(Clone, Debug)]
struct Shape {
    widths: Vec<usize>,
    rows: usize,
    /// Cross entropy of classes; else the squared error of as many numbers.
    classes: bool,
    /// Rectified units; else tanh.
    relu: bool,
    /// Gradients limited together, so that all of them must be there before the first weight changes.
    clipped: bool,
}

fn shapes() -> impl Strategy<Value = Shape> {
    let flags = any::<(bool, bool, bool)>();
    (collection::vec(1_usize..90, 2..5), 1_usize..1_300, flags)
        .prop_map(|(widths, rows, (classes, relu, clipped))| Shape { widths, rows, classes, relu, clipped })
}

/// Weights and predictions after three updates, or what was refused.
fn trained<T: Real>(shape: &Shape, options: PlanOptions, threads: usize, worst: i64) -> Result<Vec<u64>, RunError> {
    let Shape { widths, rows, classes, relu, clipped } = shape;
    let outputs = widths[widths.len() - 1];
    let g = Graph::new();
    let x = g.placeholder("x", (Dim::Batch, widths[0]));
    let (mut z, mut parameters) = (x, Vec::new());
    for (layer, pair) in widths.windows(2).enumerate() {
        let w = g.variable(&format!("w{layer}"), (pair[0], pair[1]), Init::He);
        let b = g.bias(&format!("b{layer}"), (pair[1],), Init::Zeros);
        parameters.extend([w, b]);
        z = z.matmul(w) + b;
        if layer + 2 < widths.len() {
            z = if *relu { z.relu() } else { z.tanh() };
        }
    }
    let labels = g.integer_placeholder("t", (Dim::Batch,));
    let numbers = g.placeholder("y", (Dim::Batch, outputs));
    let loss = if *classes { z.softmax_cross_entropy(labels).mean() } else { (z - numbers).square().mean() };
    let mut minimizer = Minimizer::from(Adam::new(0.01).unwrap()).with_l2(0.001).unwrap();
    if *clipped {
        minimizer = minimizer.with_clip_norm(0.5).unwrap();
    }
    let step = g.minimize(loss, minimizer);
    let plan = Plan::<T>::with_options(&g, &[step, loss, z], options).unwrap();
    let mut session = Session::with_threads(plan, Seed(4), threads);

    let stream = Stream::new(6, Purpose::Noise(0), 0);
    let some = |columns: usize, first: u64| {
        let numbers = (first..).take(rows * columns).map(|index| T::from_f64(stream.normal(index))).collect();
        Tensor::new((*rows, columns), numbers).unwrap()
    };
    let (points, targets) = (some(widths[0], 0), some(outputs, 1 << 32));
    let mut classes_of_rows: Vec<i64> = (0..*rows).map(|row| (row * 7 % outputs) as i64).collect();
    classes_of_rows[rows - 1] += worst;
    let classes_of_rows = Tensor::from(classes_of_rows);
    let inputs = x.feed(Value::Real(&points));
    let wanted = if *classes { labels.feed(&classes_of_rows) } else { numbers.feed(Value::Real(&targets)) };
    for _ in 0..3 {
        session.run_all(&[step.id(), loss.id()], &[inputs, wanted])?;
    }
    let bits = |values: &[T]| values.iter().map(|value| value.to_f64().to_bits()).collect::<Vec<u64>>();
    let mut all = bits(session.run(z, &[inputs])?.data());
    let ids: Vec<NodeId> = parameters.iter().map(|parameter| parameter.id()).collect();
    ids.iter().for_each(|&id| all.extend(bits(session.value(id).unwrap().data())));
    Ok(all)
}

/// Networks whose layers are done in columns.
fn narrow_shapes() -> impl Strategy<Value = Shape> {
    let widths = (1_usize..=64, collection::vec(1_usize..=16, 1..5));
    (widths, 1_usize..400, any::<(bool, bool, bool)>()).prop_map(|((inputs, mut widths), rows, flags)| {
        widths.insert(0, inputs);
        let (classes, relu, clipped) = flags;
        Shape { widths, rows, classes, relu, clipped }
    })
}

fn compare_sets<T: Real>(shape: &Shape) {
    let want = trained::<T>(shape, PlanOptions { isa: Isa::Portable, fuse: false }, 1, 0).unwrap();
    for isa in Isa::available() {
        let got = trained::<T>(shape, PlanOptions { isa, fuse: true }, 1, 0).unwrap();
        let first = got.iter().zip(&want).position(|(got, want)| got != want);
        assert_eq!(first, None, "{shape:?} on {isa} in {}", T::NAME);
    }
}

fn compare<T: Real>(shape: &Shape) {
    let want = trained::<T>(shape, PlanOptions { isa: Isa::detect(), fuse: false }, 1, 0).unwrap();
    for threads in [1, 2, 3, 7] {
        let got = trained::<T>(shape, PlanOptions::default(), threads, 0).unwrap();
        let first = got.iter().zip(&want).position(|(got, want)| got != want);
        assert_eq!(first, None, "{shape:?} on {threads} threads in {}", T::NAME);
    }
}

proptest! {
    #![proptest_config(Config { cases: 32, failure_persistence: None, ..Config::default() })]

    #[test]
    fn any_network_on_any_number_of_threads_has_the_bits_of_the_plain_plan(shape in shapes()) {
        compare::<f32>(&shape);
        compare::<f64>(&shape);
    }

    #[test]
    fn any_narrow_network_on_any_instruction_set_has_the_bits_of_the_plain_plan(shape in narrow_shapes()) {
        compare_sets::<f32>(&shape);
        compare_sets::<f64>(&shape);
    }
}

#[test]
fn the_shapes_of_narrow_networks_on_many_rows_have_the_bits_of_the_plain_plan() {
    for (widths, rows) in [(vec![30, 64, 32, 2], 1_000), (vec![30, 64, 32, 2], 1), (vec![64, 256, 256, 1], 641)] {
        for (classes, clipped) in [(true, false), (false, true)] {
            compare::<f32>(&Shape { widths: widths.clone(), rows, classes, relu: true, clipped });
        }
    }
}

#[test]
fn a_label_that_is_no_class_is_refused_with_its_place_on_any_number_of_threads() {
    for units in [64, 7] {
        let shape = Shape { widths: vec![30, units, 5], rows: 999, classes: true, relu: true, clipped: false };
        for threads in [1, 2, 7] {
            match trained::<f32>(&shape, PlanOptions::default(), threads, 5) {
                Err(RunError::Index { element, limit, .. }) => assert_eq!((element, limit), (998, 5)),
                other => panic!("{threads} threads: {other:?}"),
            }
        }
    }
}
