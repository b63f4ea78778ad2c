//! Training step by step beside PyTorch in float64, and twins of it that are wrong on purpose and must be seen.
//!
//! A right run stays within 1 % of the smallest change that a step of the recorded run makes; a wrong one does not.

mod fixture;

use caviar_engine::nn::{Activation, BatchNorm, Dense, Init, Loss, Mlp, Running};
use caviar_engine::optim::{Minimizer, Optimizer, Settings};
use caviar_engine::rows::Rows;
use caviar_engine::schedule::{Schedule, Timetable};
use caviar_engine::train::{BatchSize, ClassWeight, Data, L2Divisor, Order, Targets, TrainSpec, Trainer};
use caviar_engine::{Dim, Graph, Node, Plan, Seed, Session, Tensor};
use fixture::{case, integers, list, load, number, numbers, parameters, sizes, text};
use serde_json::Value;
use std::sync::Arc;

/// The part of the smallest change within which a run is right.
const TOLERANCE: f64 = 0.01;

/// How far a run is from its record, in smallest changes: weights, losses of batches and learning rates, after every step.
fn deviation(spec: TrainSpec, data: Data, case: &Value) -> f64 {
    let rows = data.len();
    let mut trainer = Trainer::<f64>::new(spec, Arc::new(data), None).unwrap();
    let mut largest = 0.0_f64;
    let mut penalty: Option<f64> = None;
    for step in list(&case["steps"]) {
        if let (Some(got), Some(want)) = (penalty.take(), step.get("penalty"))
            && case["l2"]["divisor"] == "rows"
        {
            largest = largest.max((got - number(want)).abs());
        }
        assert_eq!(trainer.progress().row, sizes(&step["rows"])[0]);
        penalty = trainer.step().unwrap().map(|report| report.penalty);
        let progress = trainer.progress();
        assert_eq!(if progress.row == 0 { rows } else { progress.row }, sizes(&step["rows"])[1]);
        largest = largest.max((progress.last_batch_loss - number(&step["loss"])).abs());
        largest = largest.max((progress.learning_rate - number(&step["learning_rate"])).abs());
        for (name, want) in parameters(&step["layers"]) {
            largest = largest.max(apart(trainer.weights(&name).unwrap().data(), &numbers(want)));
        }
    }
    largest / number(&case["smallest_change"])
}

fn apart(got: &[f64], want: &[f64]) -> f64 {
    assert_eq!(got.len(), want.len());
    let far = |(a, b): (&f64, &f64)| if a.is_finite() { (a - b).abs() } else { f64::INFINITY };
    got.iter().zip(want).map(far).fold(0.0, f64::max)
}

fn assert_right(name: &str, deviation: f64) {
    assert!(deviation < TOLERANCE, "{name} is {deviation} smallest changes away from the record");
}

fn assert_seen(name: &str, deviation: f64) {
    assert!(deviation > TOLERANCE, "{name} is only {deviation} smallest changes away and would pass");
}

fn inputs(fixture: &Value) -> Rows {
    Rows::from_f64(numbers(&fixture["inputs"]), 3).unwrap()
}

fn classes(fixture: &Value, labels: &str, classes: usize) -> Data {
    Data::new(inputs(fixture), Targets::Classes { labels: integers(&fixture[labels]), classes }).unwrap()
}

fn values(fixture: &Value) -> Data {
    let values = numbers(&fixture["targets"]);
    Data::new(inputs(fixture), Targets::Values { values, columns: 2 }).unwrap()
}

/// A network of these sizes that starts with these layers, and its training in the order of the rows.
fn spec(told: &[usize], layers: &Value, fixture: &Value, targets: &Targets, minimizer: Minimizer) -> TrainSpec {
    let (last, rest) = told.split_last().unwrap();
    let mlp = Mlp::new(rest[0], &rest[1..], *last).with_activation(Activation::Tanh);
    let mut spec = TrainSpec::new(fixture::starting_with(mlp, layers), targets, minimizer, 10).unwrap();
    spec.order = Order::InOrder;
    spec.batch_size = BatchSize::Rows(fixture["batch_size"].as_u64().unwrap() as usize);
    spec
}

/// The specification of a case of `optimizers.json` or `batch_norm.json`.
fn optimizer_spec(fixture: &Value, case: &Value, data: &Data) -> TrainSpec {
    let told = sizes(&fixture["sizes"]);
    let mut spec = spec(&told, &fixture["initial"], fixture, data.targets(), fixture::minimizer(&case["optimizer"]));
    if let Some(l2) = case.get("l2") {
        spec.l2 = number(&l2["lambda"]);
        let per_batch = l2["divisor"] == "batch";
        spec.l2_divisor = if per_batch { L2Divisor::BatchRows } else { L2Divisor::TrainingRows };
    }
    if let Some(rate) = case.get("decay_rate") {
        spec.timetable = Timetable::new(Schedule::inverse_time(number(rate), None).unwrap(), 10.0).unwrap();
    }
    let settings = &mut spec.minimizer.settings;
    settings.weight_decay = case.get("weight_decay").map_or(0.0, number);
    settings.clip_norm = case.get("clip").and_then(|clip| clip.get("norm")).map(number);
    settings.clip_value = case.get("clip").and_then(|clip| clip.get("value")).map(number);
    spec
}

/// How far a case of `optimizers.json` is from its record after something has been changed.
fn changed_optimizer(name: &str, change: impl FnOnce(&mut TrainSpec)) -> f64 {
    let fixture = load("optimizers");
    let data = classes(&fixture, "labels", 2);
    let case = case(&fixture, name);
    let mut spec = optimizer_spec(&fixture, case, &data);
    change(&mut spec);
    deviation(spec, data, case)
}

#[test]
fn every_optimizer_takes_pytorchs_path() {
    let fixture = load("optimizers");
    let mut seen = Vec::new();
    for case in list(&fixture["cases"]) {
        let data = classes(&fixture, "labels", 2);
        let spec = optimizer_spec(&fixture, case, &data);
        seen.push(spec.minimizer.optimizer);
        assert!(list(&case["steps"]).len() >= 10);
        assert_right(text(&case["name"]), deviation(spec, data, case));
    }
    assert!(Optimizer::ALL.iter().all(|optimizer| seen.contains(optimizer)));
}

#[test]
fn every_activation_takes_pytorchs_path() {
    let fixture = load("activations");
    let mut seen = Vec::new();
    for case in list(&fixture["cases"]) {
        let data = values(&fixture);
        let minimizer = fixture::minimizer(&fixture["optimizer"]);
        let mut spec = spec(&sizes(&fixture["sizes"]), &fixture["initial"], &fixture, data.targets(), minimizer);
        let activation: Activation = text(&case["name"]).replace('_', "-").parse().unwrap();
        spec.network = spec.network.with_activation(activation);
        seen.push(activation);
        assert_right(text(&case["name"]), deviation(spec, data, case));
    }
    assert!(Activation::ALL.iter().all(|activation| seen.contains(activation)));
}

/// Data and specification of a case of `losses.json`, where a trainer can have them.
fn loss_case(fixture: &Value, case: &Value) -> Option<(TrainSpec, Data)> {
    let data = match text(&case["targets"]) {
        "labels" => classes(fixture, "labels", 3),
        "bits" => {
            let labels = numbers(&fixture["bits"]).into_iter().map(|bit| bit as i64).collect();
            Data::new(inputs(fixture), Targets::Classes { labels, classes: 2 }).unwrap()
        }
        "targets" => values(fixture),
        "dense_labels" | "shares" => return None,
        other => panic!("unknown targets {other}"),
    };
    let loss = &case["loss"];
    let weighted = loss.get("sample_weights").is_some();
    let data = if weighted { data.with_weights(numbers(&fixture["sample_weights"])).unwrap() } else { data };
    let minimizer = fixture::minimizer(&fixture["optimizer"]);
    let mut spec = spec(&sizes(&case["sizes"]), &case["initial"], fixture, data.targets(), minimizer);
    spec.loss = match text(&loss["kind"]) {
        "huber" => Loss::Huber { delta: number(&loss["delta"]) },
        "softmax_cross_entropy" | "sigmoid_cross_entropy" => Loss::CrossEntropy,
        other => other.parse().unwrap(),
    };
    spec.label_smoothing = loss.get("label_smoothing").map_or(0.0, number);
    if let Some(weights) = loss.get("class_weights") {
        spec.class_weight = ClassWeight::Given(numbers(weights));
    }
    Some((spec, data))
}

#[test]
fn every_loss_takes_pytorchs_path() {
    let fixture = load("losses");
    let mut elsewhere = Vec::new();
    for case in list(&fixture["cases"]) {
        match loss_case(&fixture, case) {
            Some((spec, data)) => assert_right(text(&case["name"]), deviation(spec, data, case)),
            None => elsewhere.push(text(&case["name"])),
        }
    }
    assert_eq!(elsewhere, ["softmax_cross_entropy_dense", "sigmoid_cross_entropy_two_outputs"]);
}

/// How far a net of two dense layers and tanh, built node by node, is from its record.
fn graph_deviation(
    fixture: &Value,
    (case, initial): (&Value, &Value),
    targets: Tensor<f64>,
    loss: impl for<'g> Fn(Node<'g>, Node<'g>) -> Node<'g>,
) -> f64 {
    let g = Graph::new();
    let x = g.placeholder("x", (Dim::Batch, 3));
    let width = targets.data().len() / 23;
    let t = g.placeholder("t", (Dim::Batch, width));
    let mut layers = Vec::new();
    let mut y = x;
    for (number, layer) in list(initial).iter().enumerate() {
        let weight = fixture::tensor(&layer["weight"]);
        let (inputs, units) = (weight.dims().sizes()[0], weight.dims().sizes()[1]);
        let bias = Init::values(fixture::tensor(&layer["bias"]));
        let dense = Dense::new(&g, inputs, units, Init::values(weight), Some(bias));
        y = dense.apply(if number == 0 { y } else { y.tanh() });
        layers.push(dense);
    }
    let loss = loss(y, t);
    let step = g.minimize(loss, fixture::minimizer(&fixture["optimizer"]));
    let mut session = Session::new(Plan::<f64>::new(&g, &[step, loss]).unwrap(), Seed(0));
    let (all, mut largest) = (numbers(&fixture["inputs"]), 0.0_f64);
    for recorded in list(&case["steps"]) {
        let [from, to] = sizes(&recorded["rows"])[..] else { panic!("two row numbers") };
        let part = |all: &[f64], width: usize| {
            Tensor::new((to - from, width), all[from * width..to * width].to_vec()).unwrap()
        };
        let (points, wanted) = (part(&all, 3), part(targets.data(), width));
        session.run_all(&[step.id(), loss.id()], &[x.feed(&points), t.feed(&wanted)]).unwrap();
        let got = session.value(loss).unwrap().item().unwrap();
        largest = largest.max((got - number(&recorded["loss"])).abs());
        for (dense, want) in layers.iter().zip(list(&recorded["layers"])) {
            largest = largest.max(apart(session.value(dense.weight).unwrap().data(), &numbers(&want["weight"])));
            let bias = session.value(dense.bias.unwrap()).unwrap();
            largest = largest.max(apart(bias.data(), &numbers(&want["bias"])));
        }
    }
    largest / number(&case["smallest_change"])
}

#[test]
fn losses_of_dense_labels_take_pytorchs_path_in_a_graph() {
    let fixture = load("losses");
    let dense = case(&fixture, "softmax_cross_entropy_dense");
    let labels = Tensor::from(numbers(&fixture["dense_labels"]));
    let far = graph_deviation(&fixture, (dense, &dense["initial"]), labels, mean_of_dense_labels);
    assert_right("softmax of dense labels", far);
    let two = case(&fixture, "sigmoid_cross_entropy_two_outputs");
    let shares = Tensor::from(numbers(&fixture["shares"]));
    let far = graph_deviation(&fixture, (two, &two["initial"]), shares, mean_of_shares);
    assert_right("sigmoid of two outputs", far);
}

fn mean_of_dense_labels<'g>(z: Node<'g>, t: Node<'g>) -> Node<'g> {
    z.softmax_cross_entropy(t).mean()
}

fn mean_of_shares<'g>(z: Node<'g>, t: Node<'g>) -> Node<'g> {
    z.sigmoid_cross_entropy(t).mean()
}

fn mean_of_squares<'g>(z: Node<'g>, t: Node<'g>) -> Node<'g> {
    z.squared_error(t).mean()
}

/// Wrong: every batch, the last one too, divided by the 7 rows of a full batch.
fn squares_over_a_full_batch<'g>(z: Node<'g>, t: Node<'g>) -> Node<'g> {
    z.squared_error(t).sum() / 14.0
}

/// A network under batch norm after one of the recorded runs: how far weights, averages and predictions are.
fn batch_norm_deviation(name: &str, running: Running, change: impl FnOnce(&mut BatchNorm)) -> f64 {
    let fixture = load("batch_norm");
    let case = case(&fixture, name);
    let data = classes(&fixture, "labels", 2);
    let mut spec = optimizer_spec(&fixture, case, &data);
    let mut norm = BatchNorm { running, ..BatchNorm::default() };
    change(&mut norm);
    spec.network.batch_norm = Some(norm);
    let shown = Rows::from_f64(numbers(&fixture["inference_inputs"]), 3).unwrap();
    let mut largest = deviation(spec.clone(), data.clone(), case) * number(&case["smallest_change"]);
    let mut trainer = Trainer::<f64>::new(spec, Arc::new(data), None).unwrap();
    let (averages, inference) = match running {
        Running::Corrected => ("running", "inference"),
        Running::Torch => ("running_pytorch", "inference_pytorch"),
        Running::Keras => panic!("not recorded"),
    };
    for step in list(&case["steps"]) {
        trainer.step().unwrap();
        for (layer, want) in (1..).zip(list(&step[averages])) {
            let of = |name: &str| trainer.weights(&format!("batch_norm{layer}/{name}")).unwrap().into_data();
            let known = if running == Running::Corrected { 1.0 - of("past_weight")[0] } else { 1.0 };
            let used = |name: &str| of(name).iter().map(|value| value / known).collect::<Vec<f64>>();
            largest = largest.max(apart(&used("running_mean"), &numbers(&want["mean"])));
            largest = largest.max(apart(&used("running_variance"), &numbers(&want["variance"])));
        }
        if let Some(want) = step.get(inference) {
            largest = largest.max(apart(&trainer.predict(&shown).unwrap(), &numbers(want)));
        }
    }
    largest / number(&case["smallest_change"])
}

#[test]
fn batch_norm_takes_pytorchs_path_in_training_and_in_inference() {
    // Gamma and beta are trained by whichever rule is in use.
    for name in ["gd", "gd_l2", "adam", "momentum", "momentum_accumulating", "nesterov", "rmsprop", "adamw"] {
        for running in [Running::Corrected, Running::Torch] {
            assert_right(name, batch_norm_deviation(name, running, |_| {}));
        }
    }
}

#[test]
fn a_wrong_beta_is_seen() {
    for name in ["momentum", "momentum_accumulating", "nesterov", "rmsprop"] {
        assert_seen(name, changed_optimizer(name, |spec| spec.minimizer.settings.beta = 0.89));
    }
    for name in ["adam", "adamw"] {
        assert_seen(name, changed_optimizer(name, |spec| spec.minimizer.settings.beta1 = 0.89));
        assert_seen(name, changed_optimizer(name, |spec| spec.minimizer.settings.beta2 = 0.998));
    }
}

#[test]
fn another_form_of_momentum_is_seen() {
    let forms = [Optimizer::Momentum, Optimizer::MomentumAccumulating, Optimizer::Nesterov];
    for (name, own) in ["momentum", "momentum_accumulating", "nesterov"].into_iter().zip(forms) {
        for other in forms.into_iter().filter(|other| *other != own) {
            assert_seen(name, changed_optimizer(name, |spec| spec.minimizer.optimizer = other));
        }
    }
}

#[test]
fn a_wrong_decay_is_seen() {
    for name in
        ["gd_decay", "momentum_decay", "nesterov_decay", "rmsprop_decay", "adam_decay", "adamw_weight_decay_decay"]
    {
        let timetable = |rate| Timetable::new(Schedule::inverse_time(rate, None).unwrap(), 10.0).unwrap();
        assert_seen(name, changed_optimizer(name, |spec| spec.timetable = timetable(0.45)));
        assert_seen(name, changed_optimizer(name, |spec| spec.timetable = timetable(0.5).with_shift(1)));
    }
}

#[test]
fn a_wrong_epsilon_is_seen() {
    for name in ["rmsprop_l2", "rmsprop_decay", "adam_l2", "adam_decay", "adamw_weight_decay"] {
        for epsilon in [1e-8, 1.1e-3] {
            assert_seen(name, changed_optimizer(name, |spec| spec.minimizer.settings.epsilon = epsilon));
        }
    }
}

#[test]
fn wrong_penalties_and_limits_are_seen() {
    type Change = fn(&mut TrainSpec);
    let settings: [(&str, Change); 8] = [
        ("gd_l2", |spec| spec.l2 = 1.95),
        ("gd_l2", |spec| spec.l2_divisor = L2Divisor::BatchRows),
        ("adam_l2", |spec| (spec.l2, spec.minimizer.settings.weight_decay) = (0.0, 2.0 / 23.0)),
        ("gd_l2_per_batch", |spec| spec.l2_divisor = L2Divisor::TrainingRows),
        ("adamw_weight_decay", |spec| spec.minimizer.settings.weight_decay = 0.29),
        ("gd_clip_norm", |spec| spec.minimizer.settings.clip_norm = Some(0.74)),
        ("gd_clip_value", |spec| spec.minimizer.settings.clip_value = Some(0.099)),
        ("adam_clip_norm", |spec| {
            let settings = &mut spec.minimizer.settings;
            *settings = Settings { clip_norm: None, clip_value: Some(0.75), ..*settings };
        }),
    ];
    for (name, change) in settings {
        assert_seen(name, changed_optimizer(name, change));
    }
}

#[test]
fn a_last_batch_divided_by_the_full_size_is_seen() {
    let fixture = load("activations");
    let tanh = (case(&fixture, "tanh"), &fixture["initial"]);
    let targets = || Tensor::from(numbers(&fixture["targets"]));
    assert_right("own size", graph_deviation(&fixture, tanh, targets(), mean_of_squares));
    assert_seen("full size", graph_deviation(&fixture, tanh, targets(), squares_over_a_full_batch));
}

#[test]
fn a_transposed_weight_is_seen() {
    let transposed = |values: &Value| {
        let tensor = fixture::tensor(values);
        let (rows, columns) = (tensor.dims().sizes()[0], tensor.dims().sizes()[1]);
        // The numbers of [out, in] read as if they were [in, out].
        let numbers = (0..rows * columns).map(|i| tensor.data()[(i % rows) * columns + i / rows]).collect();
        Init::values(Tensor::new((rows, columns), numbers).unwrap())
    };
    let fixture = load("optimizers");
    for number in 1..=3 {
        let weight = transposed(&fixture["initial"][number - 1]["weight"]);
        let wrong = |spec: &mut TrainSpec| {
            spec.network = spec.network.clone().with_values(&format!("dense{number}/weight"), weight);
        };
        assert_seen("a transposed weight", changed_optimizer("gd", wrong));
    }
}

#[test]
fn a_wrong_loss_is_seen() {
    type Change = fn(&mut TrainSpec);
    let changes: [(&str, Change); 5] = [
        ("label_smoothing", |spec| spec.label_smoothing = 0.09),
        ("class_weights", |spec| spec.class_weight = ClassWeight::Given(vec![0.5, 2.0, 1.2])),
        ("class_and_sample_weights", |spec| spec.class_weight = ClassWeight::None),
        ("huber_half", |spec| spec.loss = Loss::Huber { delta: 0.55 }),
        ("huber", |spec| spec.loss = Loss::Squared),
    ];
    let fixture = load("losses");
    for (name, change) in changes {
        let case = case(&fixture, name);
        let (mut spec, data) = loss_case(&fixture, case).unwrap();
        change(&mut spec);
        assert_seen(name, deviation(spec, data, case));
    }
}

#[test]
fn a_wrong_batch_norm_is_seen() {
    type Change = fn(&mut BatchNorm);
    let changes: [Change; 4] = [
        |norm| norm.epsilon = 1e-3,
        |norm| norm.decay = 0.89,
        |norm| norm.running = Running::Torch,
        |norm| norm.running = Running::Keras,
    ];
    for change in changes {
        assert_seen("batch norm", batch_norm_deviation("gd", Running::Corrected, change));
    }
}
