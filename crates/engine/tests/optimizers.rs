//! The laws of all optimizers over one table, and updates worked elsewhere.

mod numpy_legacy;

use caviar_engine::optim::{
    Adam, AdamW, Descent, Minimizer, Momentum, MomentumAccumulating, Nesterov, Optimizer, OptimizerState, RmsProp,
    Settings, SpecError,
};
use numpy_legacy::NumpyLegacy;

/// A run of a rule on one parameter: weights, slots, state.
#[derive(Clone, Debug, PartialEq)]
struct Run {
    minimizer: Minimizer,
    state: OptimizerState,
    weights: Vec<f64>,
    slots: Vec<Vec<f64>>,
}

impl Run {
    fn new(minimizer: impl Into<Minimizer>, weights: &[f64]) -> Self {
        let minimizer = minimizer.into();
        Self {
            minimizer,
            state: OptimizerState::default(),
            weights: weights.to_vec(),
            slots: vec![vec![0.0; weights.len()]; minimizer.optimizer.slots()],
        }
    }

    fn step(&mut self, gradient: &[f64]) {
        let mut slots: Vec<&mut [f64]> = self.slots.iter_mut().map(Vec::as_mut_slice).collect();
        self.state = self.minimizer.update(self.state, &mut self.weights, gradient, &mut slots);
    }

    /// Steps along the derivative of `Σ curvature·w²/2`.
    fn descend(&mut self, curvature: &[f64], steps: usize) {
        for _ in 0..steps {
            let gradient: Vec<f64> = self.weights.iter().zip(curvature).map(|(w, c)| w * c).collect();
            self.step(&gradient);
        }
    }
}

/// Every rule, with a rate that suits a parabola.
fn table() -> [Minimizer; 7] {
    [
        Descent::new(0.1).unwrap().into(),
        Momentum::new(0.1).unwrap().into(),
        MomentumAccumulating::new(0.01).unwrap().into(),
        Nesterov::new(0.01).unwrap().into(),
        RmsProp::new(0.001).unwrap().into(),
        Adam::new(0.01).unwrap().into(),
        AdamW::new(0.01).unwrap().into(),
    ]
}

fn close(got: f64, want: f64, tolerance: f64) {
    assert!((got - want).abs() <= tolerance, "{got} is not {want}");
}

/// A gradient for step `t` that repeats nowhere.
fn gradient(t: usize) -> [f64; 3] {
    let t = t as f64;
    [(1.7 * t).sin(), 2.0 * (0.3 * t).cos(), 0.1 * t - 0.4]
}

#[test]
fn the_table_has_every_optimizer_and_the_names_are_read_back() {
    for (minimizer, optimizer) in table().iter().zip(Optimizer::ALL) {
        assert_eq!(minimizer.optimizer, optimizer);
        assert_eq!(optimizer.to_string().parse(), Ok(optimizer));
        assert_eq!(serde_json::to_string(&optimizer).unwrap(), format!("\"{optimizer}\""));
    }
    assert_eq!(Optimizer::ALL.map(Optimizer::slots), [0, 1, 1, 1, 1, 2, 2]);
}

#[test]
fn every_optimizer_reaches_the_minimum_of_a_parabola() {
    for minimizer in table() {
        let mut run = Run::new(minimizer, &[1.0, -2.0, 0.5]);
        run.descend(&[1.0, 0.3, 2.0], 4000);
        for w in run.weights {
            assert!(w.abs() < 2e-3, "{} stops at {w}", minimizer.optimizer);
        }
    }
}

#[test]
fn a_zero_gradient_from_the_start_changes_nothing() {
    for minimizer in table().map(|m| m.with_weight_decay(0.0).unwrap()) {
        let mut run = Run::new(minimizer, &[1.0, -2.0]);
        run.step(&[0.0, 0.0]);
        assert_eq!(run.weights, [1.0, -2.0], "{}", minimizer.optimizer);
    }
}

#[test]
fn first_adam_step_is_the_rate_times_the_sign() {
    for size in [1e-3, 1.0, 1e6] {
        let mut run = Run::new(Adam::new(0.01).unwrap(), &[1.0, 1.0]);
        run.step(&[size, -size]);
        close(run.weights[0], 0.99, 1e-6);
        close(run.weights[1], 1.01, 1e-6);
    }
}

#[test]
fn momentum_of_the_notes_is_the_accumulating_form_at_a_smaller_rate() {
    let (rate, beta) = (0.2, 0.9);
    let mut notes = Run::new(Momentum::new(rate).unwrap(), &[1.0, -1.0, 2.0]);
    let mut sums = Run::new(MomentumAccumulating::new(rate * (1.0 - beta)).unwrap(), &[1.0, -1.0, 2.0]);
    for t in 1..20 {
        notes.step(&gradient(t));
        sums.step(&gradient(t));
        for (a, b) in notes.weights.iter().zip(&sums.weights) {
            close(*a, *b, 1e-13);
        }
    }
}

#[test]
fn momentum_on_a_parabola_is_stable_up_to_its_limit() {
    for beta in [0.5, 0.9] {
        let limit = 2.0 * (1.0 + beta) / (1.0 - beta);
        for (share, stable) in [(0.98, true), (1.02, false)] {
            let momentum = Momentum::new(share * limit).unwrap().with_beta(beta).unwrap();
            let mut run = Run::new(momentum, &[1.0]);
            run.descend(&[1.0], 2000);
            assert_eq!(run.weights[0].abs() < 1e-3, stable, "beta {beta}, {share} of the limit");
        }
    }
}

#[test]
fn adam_divides_by_the_betas_that_were_in_force() {
    let mut run = Run::new(Adam::new(0.1).unwrap(), &[0.0]);
    let (mut m, mut s, mut w) = (0.0, 0.0, 0.0);
    let (mut product1, mut product2) = (1.0, 1.0);
    for (t, (beta1, beta2)) in [(0.9, 0.999), (0.9, 0.999), (0.5, 0.99), (0.5, 0.99)].into_iter().enumerate() {
        run.minimizer.settings.beta1 = beta1;
        run.minimizer.settings.beta2 = beta2;
        let g = 1.0 + t as f64;
        run.step(&[g]);
        (m, s) = (beta1 * m + (1.0 - beta1) * g, beta2 * s + (1.0 - beta2) * g * g);
        (product1, product2) = (product1 * beta1, product2 * beta2);
        w -= 0.1 * (m / (1.0 - product1)) / ((s / (1.0_f64 - product2)).sqrt() + 1e-8);
        close(run.weights[0], w, 1e-14);
    }
    // A power of the present beta would correct with 1 − 0.5⁴ = 0.9375 instead.
    close(1.0 - run.state.beta1_product, 1.0 - 0.81 * 0.25, 1e-15);
}

#[test]
fn state_through_a_fresh_copy_goes_on_as_if_never_stopped() {
    for minimizer in table() {
        let mut whole = Run::new(minimizer, &[1.0, -2.0, 0.5]);
        (1..=5).for_each(|t| whole.step(&gradient(t)));
        let text = serde_json::to_string(&(whole.minimizer, whole.state)).unwrap();
        let (minimizer, state): (Minimizer, OptimizerState) = serde_json::from_str(&text).unwrap();
        let mut copy = Run::new(minimizer, &[0.0; 3]);
        (copy.state, copy.weights, copy.slots) = (state, whole.weights.clone(), whole.slots.clone());
        for t in 6..=8 {
            whole.step(&gradient(t));
            copy.step(&gradient(t));
            assert_eq!(whole, copy);
        }
    }
}

#[test]
fn a_wrong_hyperparameter_is_seen_in_the_path() {
    type Change = fn(&mut Settings);
    let beta: Change = |s| s.beta = 0.89;
    let epsilon: Change = |s| s.epsilon = 1e-3;
    let beta1: Change = |s| s.beta1 = 0.89;
    let beta2: Change = |s| s.beta2 = 0.998;
    let decay: Change = |s| s.weight_decay += 1e-3;
    for minimizer in table() {
        let rule = minimizer.optimizer;
        let breaks = [
            (beta, rule.has_beta()),
            (epsilon, rule.has_epsilon()),
            (beta1, rule.has_two_betas()),
            (beta2, rule.has_two_betas()),
            (decay, true),
        ];
        for (change, read) in breaks {
            let mut right = Run::new(minimizer, &[1.0, -2.0, 0.5]);
            let mut wrong = right.clone();
            change(&mut wrong.minimizer.settings);
            for t in 1..=10 {
                right.step(&gradient(t));
                wrong.step(&gradient(t));
            }
            let apart = right.weights.iter().zip(&wrong.weights).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max);
            assert_eq!(apart > 1e-6, read, "{rule}: {apart}");
        }
    }
}

#[test]
fn l2_adds_to_the_gradient_and_weight_decay_does_not() {
    let start = [1.0, -2.0];
    let mut l2 = Run::new(Minimizer::from(Descent::new(0.1).unwrap()).with_l2(0.5).unwrap(), &start);
    l2.step(&[0.2, 0.4]);
    close(l2.weights[0], 1.0 - 0.1 * (0.2 + 0.5), 1e-15);
    close(l2.weights[1], -2.0 - 0.1 * (0.4 - 1.0), 1e-15);
    // Adam's first step is the rate times the sign; the decoupled decay takes 0.1 · 0.5 of the weight before it.
    let mut decay = Run::new(AdamW::new(0.1).unwrap().with_weight_decay(0.5).unwrap(), &start);
    decay.step(&[0.2, 0.4]);
    close(decay.weights[0], 0.95 - 0.1, 1e-7);
    close(decay.weights[1], -1.9 - 0.1, 1e-7);
}

#[test]
fn clipping_limits_components_or_the_whole() {
    let descent = Minimizer::from(Descent::new(1.0).unwrap());
    let mut by_value = Run::new(descent.with_clip_value(0.5).unwrap(), &[0.0; 3]);
    by_value.step(&[3.0, -0.2, -4.0]);
    assert_eq!(by_value.weights, [-0.5, 0.2, 0.5]);
    let mut by_norm = Run::new(descent.with_clip_norm(1.0).unwrap(), &[0.0; 3]);
    by_norm.step(&[3.0, 0.0, -4.0]);
    close(by_norm.weights[0], -0.6, 1e-15);
    close(by_norm.weights[2], 0.8, 1e-15);
    let mut below = Run::new(descent.with_clip_norm(5.5).unwrap(), &[0.0; 3]);
    below.step(&[3.0, 0.0, -4.0]);
    assert_eq!(below.weights, [-3.0, 0.0, 4.0]);
}

#[test]
fn the_norm_that_is_clipped_is_that_of_the_penalized_cost() {
    // The gradient of the cost is 1 + 0.5·4 = 3 and −2 + 0.5·(−4) = −4: its norm is 5.
    let descent = Minimizer::from(Descent::new(1.0).unwrap()).with_l2(0.5).unwrap();
    let mut run = Run::new(descent.with_clip_norm(1.0).unwrap(), &[4.0, -4.0]);
    run.step(&[1.0, -2.0]);
    close(run.weights[0], 4.0 - 0.6, 1e-15);
    close(run.weights[1], -4.0 + 0.8, 1e-15);
}

#[test]
fn hyperparameters_out_of_range_are_named() {
    for rate in [0.0, -1.0, f64::NAN, f64::INFINITY] {
        let error = Adam::new(rate).unwrap_err();
        assert!(matches!(error, SpecError::OutOfRange { name: "learning-rate", .. }));
    }
    assert_eq!(
        Momentum::new(0.1).unwrap().with_beta(1.0),
        Err(SpecError::OutOfRange { name: "beta", got: 1.0, want: "at least 0 and below 1" })
    );
    assert!(Adam::new(0.1).unwrap().with_epsilon(0.0).is_err());
    let minimizer = Minimizer::from(RmsProp::new(0.1).unwrap());
    assert!(minimizer.with_clip_norm(0.0).is_err() && minimizer.with_l2(-1.0).is_err());
    let kept = r#"{"optimizer":"adam","settings":{"learning-rate":0}}"#;
    let error = serde_json::from_str::<Minimizer>(kept).unwrap_err().to_string();
    assert!(error.starts_with("learning-rate: 0 is out of range, must be positive and finite"), "{error}");
    let error = "sgd".parse::<Optimizer>().unwrap_err().to_string();
    assert!(error.starts_with("optimizer: `sgd` is unknown, known are gd, momentum,"), "{error}");
}

/// `fixtures/moons.json`: the exercise in numpy.
fn exercise() -> serde_json::Value {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../fixtures/moons.json");
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

/// The numbers of a nested array, row-major.
fn numbers(value: &serde_json::Value) -> Vec<f64> {
    match value.as_array() {
        Some(rows) => rows.iter().flat_map(numbers).collect(),
        None => vec![value.as_f64().unwrap()],
    }
}

/// The arrays of the hand update and their gradients: seed 1, `randn` for W1 (2,3), b1, W2 (3,3), b2, then for their gradients.
fn hand_update() -> [(&'static str, Vec<f64>, Vec<f64>); 4] {
    let shapes = [("W1", 6), ("b1", 2), ("W2", 9), ("b2", 3)];
    let mut numpy = NumpyLegacy::seed(1);
    let weights = shapes.map(|(_, count)| numpy.randn(count));
    let gradients = shapes.map(|(_, count)| numpy.randn(count));
    let mut pairs = weights.into_iter().zip(gradients);
    shapes.map(|(name, _)| {
        let (weights, gradient) = pairs.next().unwrap();
        (name, weights, gradient)
    })
}

/// Both against the digits that the exercise prints and against all digits of numpy.
fn check_hand_update(rule: &str, printed_w1: [f64; 6], update: impl Fn(&mut [f64], &[f64])) {
    let exercise = exercise();
    for (name, mut weights, gradient) in hand_update() {
        update(&mut weights, &gradient);
        let want = numbers(&exercise["one_update"][rule][name]);
        assert_eq!(want.len(), weights.len());
        weights.iter().zip(want).for_each(|(got, want)| close(*got, want, 1e-15));
        if name == "W1" {
            weights.iter().zip(printed_w1).for_each(|(got, want)| close(*got, want, 5.1e-9));
        }
    }
}

#[test]
fn momentum_by_hand() {
    let printed = [1.62544598, -0.61290114, -0.52907334, -1.07347112, 0.86450677, -2.30085497];
    check_hand_update("momentum", printed, |weights, gradient| {
        Momentum::new(0.01).unwrap().update(weights, gradient, &mut vec![0.0; gradient.len()]);
    });
}

#[test]
fn adam_by_hand() {
    let printed = [1.63178673, -0.61919778, -0.53561312, -1.08040999, 0.85796626, -2.29409733];
    check_hand_update("adam", printed, |weights, gradient| {
        let (mut mean, mut mean_square) = (vec![0.0; gradient.len()], vec![0.0; gradient.len()]);
        Adam::new(0.01).unwrap().update(2, weights, gradient, &mut mean, &mut mean_square);
    });
}

#[test]
fn legacy_permutations_and_normal_numbers_are_those_of_numpy() {
    let exercise = exercise();
    for (epoch, order) in (0..).zip(exercise["first_orders"].as_array().unwrap()) {
        let drawn = NumpyLegacy::seed(11 + epoch).permutation(300);
        let want: Vec<usize> = order.as_array().unwrap().iter().map(|row| row.as_u64().unwrap() as usize).collect();
        assert_eq!(drawn, want);
    }
    let mut numpy = NumpyLegacy::seed(3);
    for (sizes, layer) in [2, 5, 2, 1].windows(2).zip(exercise["initial_layers"].as_array().unwrap()) {
        let (inputs, outputs) = (sizes[0], sizes[1]);
        let drawn = numpy.randn(outputs * inputs);
        let scale = (2.0 / inputs as f64).sqrt();
        // Drawn as [out, in], kept as [in][out].
        for (place, want) in numbers(&layer["weight"]).into_iter().enumerate() {
            let (input, output) = (place / outputs, place % outputs);
            close(drawn[output * inputs + input] * scale, want, 1e-15);
        }
    }
}
