//! The conventions of `docs/numerics.md`, one test for each, and a check that the page names tests that exist.

mod sample;

use caviar_engine::nn::{Activation, BatchNorm, Init, Loss, Mlp, Running};
use caviar_engine::optim::{Adam, AdamW, Descent, Minimizer, Momentum, Optimizer, RmsProp};
use caviar_engine::rows::Rows;
use caviar_engine::train::{
    BatchSize, ClassWeight, Data, EpochReport, L2Divisor, Order, Outcome, Silent, Targets, TrainError, TrainSpec,
    Trainer,
};
use caviar_engine::{Dim, Graph, Node, Plan, RunError, Seed, Session, Tensor};
use sample::{apart, curve, spec, weights};
use std::sync::Arc;

fn close(got: f64, want: f64, tolerance: f64) {
    assert!((got - want).abs() <= tolerance, "{got} is not {want}");
}

/// The values of nodes that need nothing fed.
fn values(build: impl for<'g> Fn(&'g Graph) -> Vec<Node<'g>>) -> Vec<Vec<f64>> {
    let g = Graph::new();
    let nodes = build(&g);
    let ids: Vec<_> = nodes.iter().map(|node| node.id()).collect();
    let mut session = Session::new(Plan::<f64>::new(&g, &nodes).unwrap(), Seed(1));
    session.run_all(&ids, &[]).unwrap();
    ids.iter().map(|&id| session.value(id).unwrap().data().to_vec()).collect()
}

/// The value of one node.
fn value(build: impl for<'g> Fn(&'g Graph) -> Node<'g>) -> Vec<f64> {
    values(|g| vec![build(g)]).remove(0)
}

/// The derivative of the sum of `of` of a variable with these first values.
fn derivative(start: &[f64], of: impl for<'g> Fn(Node<'g>) -> Node<'g>) -> Vec<f64> {
    value(|g| {
        let x = g.variable("x", (start.len(),), Init::values(Tensor::from(start.to_vec())));
        g.gradients(of(x).sum(), &[x]).remove(0)
    })
}

/// A linear network of one column and one output, `w·x` with the bias at 0, on rows in their order.
fn line(
    w: f64,
    points: &[f64],
    targets: &[f64],
    batch: usize,
    minimizer: impl Into<Minimizer>,
) -> (TrainSpec, Arc<Data>) {
    let rows = Rows::from_f64(points.to_vec(), 1).unwrap();
    let data = Data::new(rows, Targets::Values { values: targets.to_vec(), columns: 1 }).unwrap();
    let mlp = Mlp::new(1, &[], 1).with_init(Init::Constant(w));
    let mut spec = TrainSpec::new(mlp, data.targets(), minimizer.into(), 5).unwrap();
    (spec.order, spec.batch_size) = (Order::InOrder, BatchSize::Rows(batch));
    (spec, Arc::new(data))
}

fn epoch(trainer: &mut Trainer<f64>) -> EpochReport {
    loop {
        if let Some(report) = trainer.step().unwrap() {
            return report;
        }
    }
}

fn first(trainer: &Trainer<f64>, name: &str) -> f64 {
    trainer.weights(name).unwrap().data()[0]
}

#[test]
fn the_loss_of_an_epoch_is_the_row_weighted_mean_of_its_batches_each_before_its_update() {
    // Two rows, then one; rate 0.1. Before: w = 1, b = 0.
    let (spec, data) = line(1.0, &[1.0, 2.0, 3.0], &[0.0, 0.0, 0.0], 2, Descent::new(0.1).unwrap());
    let report = epoch(&mut Trainer::new(spec, data, None).unwrap());
    let first = (1.0 + 4.0) / 2.0;
    // dw = mean of 2·e·x = 5, db = mean of 2·e = 3: w = 0.5, b = -0.3.
    let second = (0.5 * 3.0 - 0.3_f64).powi(2);
    close(report.train_loss, (2.0 * first + second) / 3.0, 1e-14);
}

#[test]
fn the_loss_of_the_last_batch_is_in_the_events() {
    let (spec, data) = line(1.0, &[1.0, 2.0, 3.0], &[0.0, 0.0, 0.0], 2, Descent::new(0.1).unwrap());
    let report = epoch(&mut Trainer::new(spec, data, None).unwrap());
    close(report.last_batch_loss, (0.5 * 3.0 - 0.3_f64).powi(2), 1e-14);
}

#[test]
fn penalties_are_shown_apart() {
    let (mut spec, data) = line(2.0, &[1.0, 1.0], &[0.0, 0.0], 2, Descent::new(0.1).unwrap());
    spec.l2 = 3.0;
    let mut trainer = Trainer::new(spec, data, None).unwrap();
    let report = epoch(&mut trainer);
    close(report.train_loss, 4.0, 1e-15);
    let w = first(&trainer, "dense1/weight");
    close(report.penalty, 3.0 / (2.0 * 2.0) * w * w, 1e-15);
}

#[test]
fn l2_is_lambda_over_twice_the_training_rows_times_the_squares_of_the_weights() {
    // Predictions are right, so that only the penalty has a gradient: λ/m·w, with m = 4 rows in batches of 2.
    let (mut spec, data) = line(2.0, &[1.0; 4], &[2.5; 4], 2, Descent::new(0.1).unwrap());
    spec.network = spec.network.with_values("dense1/bias", Init::Constant(0.5));
    spec.l2 = 3.0;
    let mut trainer = Trainer::new(spec, data, None).unwrap();
    trainer.step().unwrap();
    close(first(&trainer, "dense1/weight"), 2.0 - 0.1 * 3.0 / 4.0 * 2.0, 1e-15);
    // Biases, gamma and beta are exempt.
    assert_eq!(first(&trainer, "dense1/bias"), 0.5);
}

#[test]
fn l2_divided_by_the_batch_has_its_own_name() {
    let (mut spec, data) = line(2.0, &[1.0; 3], &[2.0; 3], 2, Descent::new(0.1).unwrap());
    (spec.l2, spec.l2_divisor) = (3.0, L2Divisor::BatchRows);
    let mut trainer = Trainer::new(spec, data, None).unwrap();
    trainer.step().unwrap();
    let w = 2.0 - 0.1 * 3.0 / 2.0 * 2.0;
    close(first(&trainer, "dense1/weight"), w, 1e-15);
}

#[test]
fn decoupled_weight_decay_has_its_own_name_and_does_not_pass_through_the_rule() {
    let (spec, data) = line(2.0, &[1.0; 2], &[2.0; 2], 2, AdamW::new(0.1).unwrap().with_weight_decay(0.5).unwrap());
    let mut trainer = Trainer::new(spec, Arc::clone(&data), None).unwrap();
    trainer.step().unwrap();
    close(first(&trainer, "dense1/weight"), 2.0 - 0.1 * 0.5 * 2.0, 1e-15);
    // L2 does pass through it: Adam's first step is the rate, whatever the size of the gradient.
    let (mut spec, data) = line(2.0, &[1.0; 2], &[2.0; 2], 2, Adam::new(0.1).unwrap());
    spec.l2 = 0.5;
    let mut trainer = Trainer::new(spec, data, None).unwrap();
    trainer.step().unwrap();
    close(first(&trainer, "dense1/weight"), 2.0 - 0.1, 1e-6);
}

#[test]
fn softmax_and_sigmoid_losses_take_logits() {
    let losses = values(|g| {
        let (two, one) = (g.constant([[0.0, 3.0_f64.ln()]]), g.constant([[3.0_f64.ln(), 800.0, -800.0]]));
        let label = g.integer_constant([1]);
        vec![two.softmax_cross_entropy(label), one.sigmoid_cross_entropy(g.constant([[1.0, 1.0, 1.0]]))]
    });
    // The probability of the label is 3/4 both times; a probability itself would give another number.
    close(losses[0][0], (4.0_f64 / 3.0).ln(), 1e-15);
    close(losses[1][0], (4.0_f64 / 3.0).ln(), 1e-15);
    assert_eq!(losses[1][1..], [0.0, 800.0]);

    // A label whose probability is below every number: the loss is the distance of the logits, its gradient 1 and -1.
    let far = values(|g| {
        let logits = g.variable("far", (1, 3), Init::values(Tensor::from([[1e4, -1e4, 0.0]])));
        let loss = logits.softmax_cross_entropy(g.integer_constant([1])).sum();
        vec![logits.softmax(), logits.log_softmax(), loss, g.gradients(loss, &[logits])[0]]
    });
    assert_eq!(far[0], [1.0, 0.0, 0.0]);
    assert_eq!(far[1], [0.0, -2e4, -1e4]);
    assert_eq!((&far[2], &far[3]), (&vec![2e4], &vec![1.0, -1.0, 0.0]));
}

#[test]
fn squared_error_has_no_half() {
    assert_eq!(value(|g| g.constant([[3.0]]).squared_error(g.constant([[1.0]]))), [4.0]);
    let (spec, data) = line(3.0, &[1.0], &[1.0], 1, Descent::new(0.1).unwrap());
    let mut trainer = Trainer::new(spec, data, None).unwrap();
    assert_eq!(epoch(&mut trainer).train_loss, 4.0);
    close(first(&trainer, "dense1/weight"), 3.0 - 0.1 * 2.0 * 2.0, 1e-15);
}

#[test]
fn poisson_is_half_the_deviance_and_finite_at_zero() {
    // Of 3 where e² are expected: e² − 3 + 3·(ln 3 − 2).
    let half = value(|g| g.constant([[2.0, 0.0, -90.0]]).poisson_error(g.constant([[3.0, 0.0, 0.0]])));
    close(half[0], 7.38905609893065 - 3.0 + 3.0 * (1.0986122886681098 - 2.0), 1e-14);
    // Nothing where one is expected, and nothing where nothing is.
    assert_eq!((half[1], half[2] < 1e-38), (1.0, true));
    assert_eq!((Loss::Poisson.said(0.0), Loss::Binary.said(0.0), Loss::Squared.said(0.5)), (1.0, 0.5, 0.5));
}

/// The loss of rows of logits with these labels, `C` classes and smoothing `s`.
fn smoothed(logits: [f64; 3], label: i64, s: f64) -> f64 {
    value(|g| {
        let labels = g.integer_constant([label]);
        Loss::CrossEntropy.per_row(g.constant([logits]), labels, s)
    })[0]
}

#[test]
fn label_smoothing_takes_a_share_for_all_classes_alike() {
    let logits = [0.0, 2.0_f64.ln(), 5.0_f64.ln()];
    let log_p = [8.0_f64, 4.0, 8.0 / 5.0].map(|odds| -odds.ln());
    // (1 − 0.3)·y + 0.3/3 for label 1: 0.1, 0.8, 0.1.
    let want = -(0.1 * log_p[0] + 0.8 * log_p[1] + 0.1 * log_p[2]);
    close(smoothed(logits, 1, 0.3), want, 1e-14);
    // One output has two classes: a target of 1 becomes 0.7 + 0.3/2.
    let one = value(|g| Loss::CrossEntropy.per_row(g.constant([[3.0_f64.ln()]]), g.constant([[1.0]]), 0.3));
    close(one[0], -(0.85 * 0.75_f64.ln() + 0.15 * 0.25_f64.ln()), 1e-14);
}

#[test]
fn class_and_sample_weights_divide_by_their_sum() {
    let rows = Rows::from_f64(vec![1.0, 2.0, 4.0], 1).unwrap();
    let targets = Targets::Values { values: vec![0.0; 3], columns: 1 };
    let data = Data::new(rows, targets).unwrap().with_weights(vec![1.0, 3.0, 0.5]).unwrap();
    let mlp = Mlp::new(1, &[], 1).with_init(Init::Constant(1.0));
    let mut spec = TrainSpec::new(mlp, data.targets(), Descent::new(0.01).unwrap().into(), 1).unwrap();
    spec.batch_size = BatchSize::Full;
    let report = epoch(&mut Trainer::new(spec, Arc::new(data), None).unwrap());
    close(report.train_loss, (1.0 + 3.0 * 4.0 + 0.5 * 16.0) / 4.5, 1e-14);

    let rows = Rows::from_f64(vec![1.0, 2.0, 3.0], 1).unwrap();
    let data = Data::new(rows, Targets::Classes { labels: vec![0, 1, 1], classes: 2 }).unwrap();
    let mlp = Mlp::new(1, &[], 1).with_init(Init::Constant(1.0));
    let mut spec = TrainSpec::new(mlp, data.targets(), Descent::new(0.01).unwrap().into(), 1).unwrap();
    (spec.batch_size, spec.class_weight) = (BatchSize::Full, ClassWeight::Given(vec![2.0, 0.25]));
    let report = epoch(&mut Trainer::new(spec, Arc::new(data), None).unwrap());
    let softplus = |z: f64| z.exp().ln_1p();
    let want = (2.0 * softplus(1.0) + 0.25 * softplus(-2.0) + 0.25 * softplus(-3.0)) / 2.5;
    close(report.train_loss, want, 1e-14);
}

#[test]
fn drop_prob_is_the_share_dropped_after_the_activation_and_the_rest_is_scaled_up() {
    let dropped = value(|g| g.ones((100, 100)).dropout(0.25));
    let zeros = dropped.iter().filter(|x| **x == 0.0).count() as f64 / 1e4;
    // Four deviations of a share of 0.25 among 10,000.
    close(zeros, 0.25, 4.0 * (0.25 * 0.75 / 1e4_f64).sqrt());
    assert!(dropped.iter().all(|x| *x == 0.0 || *x == 1.0 / 0.75));

    // After the activation: softplus(0) = ln 2 is dropped to 0; dropped before it, every unit would give ln 2 again.
    let data = Data::new(Rows::from_f64(vec![0.0], 1).unwrap(), Targets::Values { values: vec![0.0], columns: 1 });
    let mlp = Mlp::new(1, &[1000], 1).with_activation(Activation::Softplus).with_init(Init::Constant(1.0));
    let data = data.unwrap();
    let mut spec = TrainSpec::new(mlp, data.targets(), Descent::new(1e-15).unwrap().into(), 1).unwrap();
    (spec.drop_prob, spec.batch_size) = (0.5, BatchSize::Full);
    let mut trainer = Trainer::<f64>::new(spec, Arc::new(data), None).unwrap();
    let training = epoch(&mut trainer).train_loss.sqrt() / 2.0_f64.ln();
    let kept = training / 2.0;
    close(kept, kept.round(), 1e-6);
    close(kept, 500.0, 4.0 * 250.0_f64.sqrt());
    // Nothing is dropped, or scaled, at prediction time.
    let shown = trainer.predict(&Rows::from_f64(vec![0.0], 1).unwrap()).unwrap();
    close(shown[0] / 2.0_f64.ln(), 1000.0, 1e-6);
}

/// The variance of first weights `[200, 300]`, and their largest size.
fn spread(init: Init) -> (f64, f64) {
    let g = Graph::new();
    let w = g.variable("w", (200, 300), init);
    let sum = w.sum();
    let session = Session::new(Plan::<f64>::new(&g, &[sum]).unwrap(), Seed(3));
    let drawn = session.value(w).unwrap();
    let drawn = drawn.data();
    let mean = drawn.iter().sum::<f64>() / drawn.len() as f64;
    let variance = drawn.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / drawn.len() as f64;
    (variance, drawn.iter().map(|x| x.abs()).fold(0.0, f64::max))
}

#[test]
fn he_and_xavier_are_normal_with_variance_two_over_fan_in_and_two_over_both_fans() {
    for (init, want) in [(Init::He, 2.0 / 200.0), (Init::Xavier, 2.0 / 500.0)] {
        let (variance, largest) = spread(init);
        close(variance / want, 1.0, 0.03);
        // A normal number among 60,000 goes beyond three deviations, a uniform one never beyond 1.73.
        assert!(largest > 3.0 * want.sqrt());
    }
}

#[test]
fn uniform_forms_of_he_and_xavier_have_their_own_names_and_the_same_variance() {
    for (name, want) in [("he-uniform", 2.0 / 200.0), ("xavier-uniform", 2.0 / 500.0)] {
        let (variance, largest) = spread(name.parse().unwrap());
        close(variance / want, 1.0, 0.03);
        assert!(largest <= (3.0 * want).sqrt());
    }
}

#[test]
fn gelu_is_the_exact_one() {
    // x·Φ(x) from tables of the normal distribution; the tanh form differs in the fourth decimal.
    let got = value(|g| g.constant([[1.0, -1.0, 2.0]]).gelu());
    for (got, want) in got.iter().zip([0.841_344_746_068_543, -0.158_655_253_931_457, 1.954_499_736_103_642]) {
        close(*got, want, 1e-14);
    }
}

/// A column of `points` through batch norm in training, one unit with weight 1; the first step's loss against targets of 0.
fn normalized_square(points: &[f64], norm: BatchNorm) -> (Trainer<f64>, f64) {
    let rows = Rows::from_f64(points.to_vec(), 1).unwrap();
    let data = Data::new(rows, Targets::Values { values: vec![0.0; points.len()], columns: 1 }).unwrap();
    let mlp = Mlp::new(1, &[1], 1).with_activation(Activation::Identity).with_init(Init::Constant(1.0));
    let mlp = mlp.with_batch_norm(norm);
    let mut spec = TrainSpec::new(mlp, data.targets(), Descent::new(1e-12).unwrap().into(), 3).unwrap();
    spec.batch_size = BatchSize::Full;
    let mut trainer = Trainer::new(spec, Arc::new(data), None).unwrap();
    let loss = epoch(&mut trainer).train_loss;
    (trainer, loss)
}

#[test]
fn batch_norm_divides_by_the_biased_variance() {
    // Mean 3, squares of deviations 4 + 1 + 9 = 14: variance 14/3, with divisor m − 1 it would be 7.
    let (_, loss) = normalized_square(&[1.0, 2.0, 6.0], BatchNorm { epsilon: 1e-5, ..BatchNorm::default() });
    let variance = 14.0 / 3.0;
    close(loss, variance / (variance + 1e-5), 1e-13);
}

#[test]
fn running_averages_start_at_zero_and_are_corrected_so_that_inference_is_right_after_one_step() {
    let (mut trainer, _) = normalized_square(&[1.0, 2.0, 6.0], BatchNorm::default());
    close(first(&trainer, "batch_norm1/running_mean"), 0.1 * 3.0, 1e-15);
    close(first(&trainer, "batch_norm1/running_variance"), 0.1 * 14.0 / 3.0, 1e-15);
    close(first(&trainer, "batch_norm1/past_weight"), 0.9, 1e-15);
    let shown = trainer.predict(&Rows::from_f64(vec![5.0], 1).unwrap()).unwrap();
    close(shown[0], 2.0 / (14.0_f64 / 3.0 + 1e-5).sqrt(), 1e-9);
}

#[test]
fn the_averages_of_pytorch_and_of_keras_are_options() {
    for (running, seen) in [(Running::Torch, 7.0), (Running::Keras, 14.0 / 3.0)] {
        let (trainer, _) = normalized_square(&[1.0, 2.0, 6.0], BatchNorm { running, ..BatchNorm::default() });
        close(first(&trainer, "batch_norm1/running_mean"), 0.1 * 3.0, 1e-15);
        close(first(&trainer, "batch_norm1/running_variance"), 0.9 + 0.1 * seen, 1e-15);
    }
}

#[test]
fn a_last_batch_of_one_row_joins_the_batch_before_it() {
    for (rows, batch, batches) in
        [(17, 8, [8, 9, 0].as_slice()), (17, 16, &[17, 0]), (18, 8, &[8, 8, 2, 0]), (3, 2, &[3, 0])]
    {
        let data = curve(rows, 2);
        let mut spec = spec(&data, &[3], Descent::new(0.01).unwrap(), 2);
        spec.network.batch_norm = Some(BatchNorm::default());
        spec.batch_size = BatchSize::Rows(batch);
        let mut trainer = Trainer::<f64>::new(spec, data, None).unwrap();
        let mut row = 0;
        for &size in batches.iter().take_while(|size| **size > 0) {
            row += size;
            trainer.step().unwrap();
            assert_eq!(trainer.progress().row, row % rows, "{rows} rows in batches of {batch}");
        }
        assert_eq!(trainer.progress().epoch, 1);
    }
}

#[test]
fn batch_norm_of_one_row_or_of_batches_of_one_is_an_error() {
    for (rows, batch) in [(1, 8), (9, 1)] {
        let data = curve(rows, 2);
        let mut spec = spec(&data, &[3], Descent::new(0.01).unwrap(), 2);
        spec.network.batch_norm = Some(BatchNorm::default());
        spec.batch_size = BatchSize::Rows(batch);
        let error = Trainer::<f32>::new(spec, data, None).err();
        assert_eq!(error, Some(TrainError::BatchNormOfOne { rows, batch: 1 }));
    }
}

#[test]
fn the_derivative_of_relu_at_zero_is_zero() {
    assert_eq!(derivative(&[-1.0, 0.0, -0.0, 2.0], |x| x.relu()), [0.0, 0.0, 0.0, 1.0]);
}

#[test]
fn ties_in_max_share_the_gradient_equally() {
    assert_eq!(derivative(&[3.0, 1.0, 3.0, 3.0], |x| x.max_over(0)), [1.0 / 3.0, 0.0, 1.0 / 3.0, 1.0 / 3.0]);
    assert_eq!(derivative(&[2.0, 5.0], |x| x.maximum(2.0)), [0.5, 1.0]);
}

#[test]
fn clipping_by_norm_is_global() {
    // Gradients of w and b are 2·e·x = 24 and 2·e = 6: scaled together they keep their ratio.
    let minimizer = Minimizer::from(Descent::new(1.0).unwrap()).with_clip_norm(1.0).unwrap();
    let (spec, data) = line(1.0, &[4.0], &[1.0], 1, minimizer);
    let mut trainer = Trainer::new(spec, data, None).unwrap();
    trainer.step().unwrap();
    let norm = (24.0_f64 * 24.0 + 6.0 * 6.0).sqrt();
    close(first(&trainer, "dense1/weight"), 1.0 - 24.0 / norm, 1e-15);
    close(first(&trainer, "dense1/bias"), -6.0 / norm, 1e-15);
}

#[test]
fn momentum_is_the_form_of_the_notes_unless_asked_otherwise() {
    assert_eq!("momentum".parse(), Ok(Optimizer::Momentum));
    // e = 3, the gradient of w is 6: the first step takes a tenth of it.
    let (spec, data) = line(3.0, &[1.0], &[0.0], 1, Momentum::new(0.5).unwrap());
    let mut trainer = Trainer::new(spec, data, None).unwrap();
    trainer.step().unwrap();
    close(first(&trainer, "dense1/weight"), 3.0 - 0.5 * 0.1 * 6.0, 1e-15);
}

#[test]
fn the_epsilon_of_adam_and_rmsprop_is_outside_the_root() {
    let (spec, data) = line(3.0, &[1.0], &[0.0], 1, Adam::new(0.1).unwrap().with_epsilon(2.0).unwrap());
    let mut trainer = Trainer::new(spec, data, None).unwrap();
    trainer.step().unwrap();
    // The corrected means are 6 and 36.
    close(first(&trainer, "dense1/weight"), 3.0 - 0.1 * 6.0 / (6.0 + 2.0), 1e-14);
    let rmsprop = RmsProp::new(0.1).unwrap().with_epsilon(2.0).unwrap();
    let (spec, data) = line(3.0, &[1.0], &[0.0], 1, rmsprop);
    let mut trainer = Trainer::new(spec, data, None).unwrap();
    trainer.step().unwrap();
    close(first(&trainer, "dense1/weight"), 3.0 - 0.1 * 6.0 / (3.6_f64.sqrt() + 2.0), 1e-14);
}

#[test]
fn one_hot_of_a_label_out_of_range_is_an_error() {
    for label in [-1, 3] {
        let g = Graph::new();
        let labels = g.integer_placeholder("labels", (Dim::Batch,));
        let one_hot = labels.one_hot(3, 1);
        let mut session = Session::new(Plan::<f32>::new(&g, &[one_hot]).unwrap(), Seed(0));
        let fed = Tensor::from([0, label]);
        let error = session.run(one_hot, &[labels.feed(&fed)]).unwrap_err();
        assert!(matches!(error, RunError::Index { element: 1, value, limit: 3, .. } if value == label), "{error}");
    }
}

#[test]
fn the_loss_is_checked_before_an_update_and_one_that_is_not_finite_ends_the_run_as_diverged() {
    let data = curve(40, 3);
    for norm in [None, Some(BatchNorm::default())] {
        let mut spec = spec(&data, &[8], Descent::new(1e200).unwrap(), 50);
        spec.network.batch_norm = norm;
        let mut trainer = Trainer::<f64>::new(spec, Arc::clone(&data), None).unwrap();
        let mut before = weights(&trainer);
        let step = loop {
            match trainer.step() {
                Ok(_) => before = weights(&trainer),
                Err(TrainError::Run(RunError::NotFinite { step, .. })) => break step,
                Err(other) => panic!("{other}"),
            }
        };
        assert_eq!(step, trainer.progress().steps + 1);
        let bits = |weights: Vec<f64>| weights.into_iter().map(f64::to_bits).collect::<Vec<_>>();
        assert_eq!(bits(weights(&trainer)), bits(before));
        let outcome = trainer.run(&mut Silent).unwrap();
        assert!(matches!(outcome, Outcome::Diverged { step: again, .. } if again == step), "{outcome:?}");
    }
}

#[test]
fn the_first_node_that_is_not_finite_is_named() {
    // e^800 overflows, not the product before it nor the loss after it.
    let g = Graph::new();
    let x = g.placeholder("x", (Dim::Batch, 1));
    let w = g.variable("w", (1, 1), Init::Constant(8.0));
    let scope = g.scope("growth");
    let loss = x.matmul(w).exp().mean();
    drop(scope);
    let step = g.minimize(loss, Descent::new(0.1).unwrap());
    let mut session = Session::new(Plan::<f64>::new(&g, &[step]).unwrap(), Seed(0));
    let error = session.run(step, &[x.feed(&Tensor::from([[1.0], [100.0]]))]).unwrap_err();
    let RunError::NotFinite { origin, step: 1, .. } = error else { panic!("{error}") };
    assert_eq!(origin, "growth/exp");
    assert_eq!(session.value(w).unwrap().data(), [8.0]);
}

#[test]
fn a_row_weight_of_zero_throughout_a_batch_is_no_division_by_zero() {
    let rows = Rows::from_f64(vec![1.0, 2.0, 3.0, 4.0], 1).unwrap();
    let targets = Targets::Values { values: vec![0.0; 4], columns: 1 };
    let data = Data::new(rows, targets).unwrap().with_weights(vec![1.0, 1.0, 0.0, 0.0]).unwrap();
    let mlp = Mlp::new(1, &[], 1).with_init(Init::Constant(1.0));
    let mut spec = TrainSpec::new(mlp, data.targets(), Descent::new(0.1).unwrap().into(), 1).unwrap();
    (spec.batch_size, spec.order) = (BatchSize::Rows(2), Order::InOrder);
    let mut trainer = Trainer::<f64>::new(spec, Arc::new(data), None).unwrap();
    trainer.step().unwrap();
    let before = weights(&trainer);
    let report = trainer.step().unwrap().unwrap();
    assert_eq!(apart(&weights(&trainer), &before), 0.0);
    assert_eq!((report.train_loss, report.last_batch_loss), (2.5, 0.0));
}

#[test]
fn the_page_of_numerics_names_a_test_of_each_convention() {
    let page = include_str!("../../../docs/numerics.md");
    let sources = [include_str!("conventions.rs"), include_str!("sameness.rs"), include_str!("optimizers.rs")];
    let mut named = Vec::new();
    for line in page.lines().filter(|line| line.starts_with("- ")) {
        let test = line.rsplit('`').nth(1).unwrap_or_else(|| panic!("no test is named in: {line}"));
        let defined = |source: &&str| source.contains(&format!("#[test]\nfn {test}()"));
        assert!(sources.iter().any(defined), "there is no test {test}");
        named.push(test);
    }
    // And the other way round: each test of this file but this one stands on the page.
    let own = include_str!("conventions.rs").split("#[test]\nfn ").skip(1);
    for test in own.filter_map(|rest| rest.split("()").next()).filter(|test| test.starts_with(char::is_alphabetic)) {
        assert!(test.starts_with("the_page_of_numerics") || named.contains(&test), "{test} is not on the page");
    }
}
