//! The training loop: batches, orders, early stopping, divergence, weights of rows, and laws of the simplest networks.

mod sample;

use caviar_engine::nn::{BatchNorm, Init, Loss, LossSpec, Mlp};
use caviar_engine::optim::{Adam, Descent, Minimizer, Optimizer};
use caviar_engine::rows::Rows;
use caviar_engine::train::{
    BatchSize, ClassWeight, Data, DataError, EpochReport, Event, Flow, Metric, Order, Outcome, Silent, Targets,
    TrainError, TrainSpec, Trainer, Watch,
};
use caviar_engine::{Graph, RunError, Tensor};
use sample::{apart, clouds, curve, noise, spec, state, steps, weights};
use std::sync::Arc;

/// The rows at which an epoch is cut.
fn cuts(spec: &TrainSpec, data: &Arc<Data>) -> Vec<usize> {
    let mut trainer = Trainer::<f64>::new(spec.clone(), Arc::clone(data), None).unwrap();
    let mut cuts = Vec::new();
    while trainer.progress().epoch == 0 {
        trainer.step().unwrap();
        cuts.push(trainer.progress().row);
    }
    *cuts.last_mut().unwrap() = data.len();
    cuts
}

/// The reports of a whole run.
fn reports(trainer: &mut Trainer<f64>) -> (Vec<EpochReport>, Outcome) {
    let mut reports = Vec::new();
    let outcome = trainer.run(&mut Watch(|event: &Event| {
        if let Event::Epoch(report) = event {
            reports.push(report.clone());
        }
        Flow::Continue
    }));
    (reports, outcome.unwrap())
}

/// The weights after a whole run.
fn trained(spec: &TrainSpec, data: &Arc<Data>) -> Vec<f64> {
    let mut trainer = Trainer::<f64>::new(spec.clone(), Arc::clone(data), None).unwrap();
    assert_eq!(trainer.run(&mut Silent), Ok(Outcome::Complete));
    weights(&trainer)
}

#[test]
fn an_epoch_is_cut_into_batches_the_last_one_smaller() {
    let data = clouds(23, 3, 2);
    let cut_into = |size| {
        let mut spec = spec(&data, &[4], Descent::new(0.1).unwrap(), 2);
        spec.batch_size = size;
        cuts(&spec, &data)
    };
    assert_eq!(cut_into(BatchSize::Rows(7)), [7, 14, 21, 23]);
    assert_eq!(cut_into(BatchSize::Rows(11)), [11, 22, 23]);
    assert_eq!(cut_into(BatchSize::Rows(23)), [23]);
    assert_eq!(cut_into(BatchSize::Full), [23]);
    assert_eq!(cut_into(BatchSize::Rows(24)), [23]);
    assert_eq!(cut_into(BatchSize::Rows(usize::MAX)), [23]);
    assert_eq!(cut_into(BatchSize::Rows(1)), (1..=23).collect::<Vec<_>>());
}

#[test]
fn a_batch_larger_than_the_rows_is_the_full_batch() {
    let data = curve(23, 3);
    let with = |size| {
        let mut spec = spec(&data, &[4], Adam::new(0.01).unwrap(), 5);
        spec.batch_size = size;
        trained(&spec, &data)
    };
    assert_eq!(with(BatchSize::Full), with(BatchSize::Rows(1000)));
}

#[test]
fn rows_are_taken_in_the_order_asked_for() {
    let data = clouds(23, 3, 2);
    let with = |order| {
        let mut spec = spec(&data, &[4], Adam::new(0.01).unwrap(), 2);
        spec.order = order;
        trained(&spec, &data)
    };
    let forward: Vec<u32> = (0..23).collect();
    let backward: Vec<u32> = (0..23).rev().collect();
    let given = |first: &Vec<u32>, second: &Vec<u32>| Order::Given(Arc::new(vec![first.clone(), second.clone()]));
    let in_order = with(Order::InOrder);
    assert_eq!(with(given(&forward, &forward)), in_order);
    assert_ne!(with(given(&backward, &forward)), in_order);
    assert_ne!(with(given(&forward, &backward)), in_order);
    assert_ne!(with(Order::Random), in_order);
    assert_ne!(with(Order::Stratified), with(Order::Random));
}

#[test]
fn an_order_that_is_none_is_refused() {
    let data = clouds(5, 3, 2);
    let with = |order: Order, data: &Arc<Data>| {
        let mut spec = spec(data, &[4], Adam::new(0.01).unwrap(), 2);
        spec.order = order;
        Trainer::<f32>::new(spec, Arc::clone(data), None).err()
    };
    let given = |second: Vec<u32>| Order::Given(Arc::new(vec![vec![4, 3, 2, 1, 0], second]));
    assert_eq!(with(given(vec![0, 1, 2, 3, 4]), &data), None);
    for wrong in [vec![0, 1, 2, 3, 3], vec![0, 1, 2, 3, 5], vec![0, 1, 2, 3], vec![]] {
        let got = wrong.len();
        assert_eq!(with(given(wrong), &data), Some(TrainError::Order { epoch: 1, got, rows: 5 }));
    }
    let short = Order::Given(Arc::new(vec![vec![0, 1, 2, 3, 4]]));
    assert_eq!(with(short, &data), Some(TrainError::OrderEpochs { got: 1, want: 2 }));
    assert_eq!(with(Order::Stratified, &curve(5, 3)), Some(TrainError::StratifiedValues));
}

#[test]
fn a_full_batch_does_not_depend_on_the_order() {
    let data = clouds(40, 3, 2);
    let with = |order| {
        let mut spec = spec(&data, &[4], Descent::new(0.1).unwrap(), 20);
        (spec.order, spec.batch_size) = (order, BatchSize::Full);
        trained(&spec, &data)
    };
    assert!(apart(&with(Order::InOrder), &with(Order::Random)) < 1e-12);
}

#[test]
fn early_stopping_ends_with_the_weights_of_the_best_epoch() {
    // Labels that mean nothing: the validation loss soon rises.
    let labels: Vec<i64> = noise(8, 80).iter().map(|x| i64::from(*x > 0.0)).collect();
    let features = noise(9, 80 * 6);
    let part = |from: usize, to: usize| {
        let rows = Rows::from_f64(features[from * 6..to * 6].to_vec(), 6).unwrap();
        Arc::new(Data::new(rows, Targets::Classes { labels: labels[from..to].to_vec(), classes: 2 }).unwrap())
    };
    let (train, held_out) = (part(0, 50), part(50, 80));
    let mut spec = spec(&train, &[32], Adam::new(0.01).unwrap(), 500);
    spec.patience = Some(4);
    let mut trainer = Trainer::<f64>::new(spec.clone(), Arc::clone(&train), Some(Arc::clone(&held_out))).unwrap();
    let (told, outcome) = reports(&mut trainer);
    let losses: Vec<f64> = told.iter().map(|report| report.validation.as_ref().unwrap().loss()).collect();
    let best = (0..losses.len()).min_by(|a, b| losses[*a].total_cmp(&losses[*b])).unwrap();
    assert_eq!(outcome, Outcome::Converged { epoch: best as u64 + 4 });
    assert_eq!(told.len(), best + 5);
    assert_eq!(trainer.best(), Some((best as u64, losses[best])));
    assert_eq!(trainer.evaluate(&held_out, &[]).unwrap().loss(), losses[best]);
    // The same again says the same; without restoring, the last weights stay.
    assert_eq!(trainer.run(&mut Silent), Ok(outcome));
    spec.restore_best = false;
    let mut last = Trainer::<f64>::new(spec.clone(), Arc::clone(&train), Some(Arc::clone(&held_out))).unwrap();
    last.run(&mut Silent).unwrap();
    assert_eq!(last.evaluate(&held_out, &[]).unwrap().loss(), losses[best + 4]);
    // A metric where more is better.
    (spec.metric, spec.restore_best) = (Metric::Accuracy, true);
    let mut other = Trainer::<f64>::new(spec, train, Some(Arc::clone(&held_out))).unwrap();
    let (told, _) = reports(&mut other);
    let score = |report: &EpochReport| report.validation.as_ref().unwrap().get(Metric::Accuracy).unwrap();
    let most = told.iter().map(score).fold(0.0, f64::max);
    assert_eq!(other.best().unwrap().1, most);
    assert_eq!(other.evaluate(&held_out, &[]).unwrap().get(Metric::Accuracy), Some(most));
}

#[test]
fn a_metric_that_is_not_defined_is_never_the_best() {
    // One class only: the area under the curve is not a number, in every epoch.
    let data = clouds(20, 3, 2);
    let rows = Rows::from_f64(noise(4, 9), 3).unwrap();
    let held_out = Arc::new(Data::new(rows, Targets::Classes { labels: vec![1; 3], classes: 2 }).unwrap());
    let mut spec = spec(&data, &[4], Adam::new(0.01).unwrap(), 9);
    (spec.metric, spec.patience) = (Metric::Auc, Some(3));
    let mut trainer = Trainer::<f64>::new(spec, data, Some(held_out)).unwrap();
    let (told, outcome) = reports(&mut trainer);
    assert!(told[0].validation.as_ref().unwrap().get(Metric::Auc).unwrap().is_nan());
    assert_eq!(outcome, Outcome::Converged { epoch: 3 });
}

#[test]
fn a_learning_rate_that_explodes_is_noticed_and_leaves_the_weights() {
    let data = curve(60, 3);
    for optimizer in [Optimizer::Descent, Optimizer::Nesterov] {
        let minimizer = Minimizer::new(optimizer, optimizer.settings(1e6).unwrap()).unwrap();
        let mut trainer = Trainer::<f32>::new(spec(&data, &[8, 8], minimizer, 200), Arc::clone(&data), None).unwrap();
        let mut before = state(&mut trainer);
        let (failed, name) = loop {
            match trainer.step() {
                Ok(_) => before = state(&mut trainer),
                Err(TrainError::Run(RunError::NotFinite { step, origin, .. })) => break (step, origin),
                Err(other) => panic!("{other}"),
            }
        };
        assert_eq!(state(&mut trainer), before);
        assert!(!name.is_empty());
        let outcome = trainer.run(&mut Silent).unwrap();
        assert_eq!(outcome, Outcome::Diverged { epoch: trainer.progress().epoch, step: failed, origin: name });
    }
}

#[test]
fn a_feature_that_is_not_finite_is_named() {
    let rows = Rows::from_f64(vec![1.0, f64::NAN, 2.0, 1.0], 2).unwrap();
    let data = Arc::new(Data::new(rows, Targets::Values { values: vec![0.0, 1.0], columns: 1 }).unwrap());
    let mut trainer = Trainer::<f32>::new(spec(&data, &[3], Adam::new(0.01).unwrap(), 3), data, None).unwrap();
    let outcome = trainer.run(&mut Silent).unwrap();
    assert_eq!(outcome, Outcome::Diverged { epoch: 0, step: 1, origin: "features".to_string() });
}

/// Rows that stand so often in the data, in a full batch.
fn repeated(times: &[usize], weighted: bool, classes: Option<Vec<f64>>) -> Vec<f64> {
    let (features, rows) = (noise(11, times.len() * 3), times.len());
    let copies = |row: usize| if weighted || classes.is_some() { 1 } else { times[row] };
    let taken: Vec<usize> = (0..rows).flat_map(|row| std::iter::repeat_n(row, copies(row))).collect();
    let values = taken.iter().flat_map(|&row| features[row * 3..row * 3 + 3].to_vec()).collect();
    let labels = taken.iter().map(|&row| (row % 2) as i64).collect();
    let data = Data::new(Rows::from_f64(values, 3).unwrap(), Targets::Classes { labels, classes: 2 }).unwrap();
    let weights = times.iter().map(|&times| times as f64).collect();
    let data = Arc::new(if weighted { data.with_weights(weights).unwrap() } else { data });
    let mut spec = spec(&data, &[4], Descent::new(0.3).unwrap(), 25);
    spec.batch_size = BatchSize::Full;
    spec.class_weight = classes.map_or(ClassWeight::None, ClassWeight::Given);
    trained(&spec, &data)
}

#[test]
fn a_row_of_weight_three_counts_as_three_rows() {
    let times = [1, 2, 3, 1, 1, 4];
    assert!(apart(&repeated(&times, true, None), &repeated(&times, false, None)) < 1e-13);
    let by_class = [2, 3, 2, 3, 2, 3];
    let given = repeated(&by_class, false, Some(vec![2.0, 3.0]));
    assert!(apart(&given, &repeated(&by_class, false, None)) < 1e-13);
    assert!(apart(&given, &repeated(&[1; 6], false, None)) > 1e-4);
}

#[test]
fn balanced_classes_have_equal_weight_in_all() {
    let labels: Vec<i64> = (0..12).map(|row| i64::from(row % 4 == 0)).collect();
    let data = Data::new(Rows::from_f64(noise(2, 24), 2).unwrap(), Targets::Classes { labels, classes: 2 }).unwrap();
    let data = Arc::new(data);
    let with = |class_weight| {
        let mut spec = spec(&data, &[3], Descent::new(0.3).unwrap(), 5);
        (spec.class_weight, spec.batch_size) = (class_weight, BatchSize::Full);
        trained(&spec, &data)
    };
    // 12 / (2·9) and 12 / (2·3).
    let by_hand = ClassWeight::Given(vec![2.0 / 3.0, 2.0]);
    assert!(apart(&with(ClassWeight::Balanced), &with(by_hand)) < 1e-14);
}

#[test]
fn weights_that_cannot_be_are_refused() {
    let data = clouds(6, 3, 2);
    let with = |weights: Vec<f64>, data: &Arc<Data>| {
        let mut spec = spec(data, &[3], Descent::new(0.3).unwrap(), 5);
        spec.class_weight = ClassWeight::Given(weights);
        Trainer::<f64>::new(spec, Arc::clone(data), None).err()
    };
    assert_eq!(with(vec![1.0], &data), Some(TrainError::ClassWeights { got: 1, classes: 2 }));
    assert_eq!(with(vec![1.0, -1.0], &data), Some(TrainError::ClassWeight { class: 1, weight: -1.0 }));
    assert!(matches!(with(vec![f64::NAN, 1.0], &data), Some(TrainError::ClassWeight { class: 0, .. })));
    assert_eq!(with(vec![0.0, 0.0], &data), Some(TrainError::NoWeight));
    assert_eq!(with(vec![1.0, 1.0], &curve(6, 3)), Some(TrainError::ClassWeightsOfValues));
    let own =
        || Data::new(Rows::from_f64(noise(1, 4), 2).unwrap(), Targets::Values { values: vec![0.0; 2], columns: 1 });
    assert!(matches!(own().unwrap().with_weights(vec![1.0]), Err(DataError::Rows { what: "weights", got: 1, .. })));
    assert!(matches!(own().unwrap().with_weights(vec![1.0, -2.0]), Err(DataError::Weight { row: 1, .. })));
    assert!(matches!(own().unwrap().with_weights(vec![0.0, 0.0]), Err(DataError::Weight { .. })));
}

#[test]
fn data_that_do_not_fit_are_refused() {
    let rows = || Rows::from_f64(noise(1, 6), 2).unwrap();
    let values = |values: Vec<f64>, columns| Data::new(rows(), Targets::Values { values, columns }).err();
    assert_eq!(values(vec![0.0; 2], 1), Some(DataError::Rows { features: 3, what: "targets", got: 2 }));
    assert_eq!(values(vec![0.0; 7], 2), Some(DataError::Rows { features: 3, what: "targets", got: 4 }));
    assert!(matches!(values(vec![0.0, f64::INFINITY, 1.0], 1), Some(DataError::Target { row: 1, .. })));
    let labels = |labels: Vec<i64>| Data::new(rows(), Targets::Classes { labels, classes: 2 }).err();
    assert_eq!(labels(vec![0, 1, 2]), Some(DataError::Label { row: 2, label: 2, classes: 2 }));
    assert_eq!(labels(vec![0, -1, 1]), Some(DataError::Label { row: 1, label: -1, classes: 2 }));
    let none = Data::new(Rows::from_f64(vec![], 2).unwrap(), Targets::Values { values: vec![], columns: 1 });
    assert_eq!(none.err(), Some(DataError::Empty));

    let data = clouds(20, 3, 2);
    let spec = spec(&data, &[3], Descent::new(0.3).unwrap(), 5);
    let with = |held_out: Arc<Data>| Trainer::<f64>::new(spec.clone(), Arc::clone(&data), Some(held_out)).err();
    assert_eq!(with(clouds(8, 3, 2)), None);
    assert_eq!(with(clouds(8, 4, 2)), Some(TrainError::Columns { network: 3, data: 4 }));
    for other in [clouds(8, 3, 3), curve(8, 3)] {
        assert_eq!(with(Arc::clone(&other)), Some(TrainError::Targets));
        let mut trainer = Trainer::<f64>::new(spec.clone(), Arc::clone(&data), None).unwrap();
        assert_eq!(trainer.evaluate(&other, &[]).err(), Some(TrainError::Targets));
    }
}

#[test]
fn a_specification_out_of_range_is_refused() {
    let data = clouds(20, 3, 3);
    let with = |change: fn(&mut TrainSpec)| {
        let mut spec = spec(&data, &[3], Adam::new(0.3).unwrap(), 5);
        change(&mut spec);
        Trainer::<f64>::new(spec, Arc::clone(&data), None).err().unwrap().to_string()
    };
    assert_eq!(with(|spec| spec.batch_size = BatchSize::Rows(0)), "batch-size: 0 is out of range, must be at least 1");
    assert_eq!(with(|spec| spec.epochs = 0), "epochs: 0 is out of range, must be at least 1");
    assert_eq!(with(|spec| spec.drop_prob = 1.0), "dropout: 1 is out of range, must be at least 0 and below 1");
    assert!(with(|spec| spec.l2 = f64::NAN).starts_with("l2: NaN"));
    assert!(with(|spec| spec.label_smoothing = 1.0).starts_with("label-smoothing: 1"));
    assert!(with(|spec| spec.minimizer.settings.beta1 = 1.0).starts_with("beta1: 1"));
    assert!(with(|spec| spec.minimizer.settings.learning_rate = 0.0).starts_with("learning-rate: 0"));
    assert_eq!(
        with(|spec| spec.network.hidden[0].units = 0),
        "network: hidden layer 1 has 0 units, at least 1 is needed"
    );
    assert_eq!(with(|spec| spec.network.outputs = 1), "network: 1 outputs, but the targets need 3");
    assert_eq!(with(|spec| spec.network.inputs = 4), "network: 4 inputs, but the data have 3 columns");
    assert!(with(|spec| spec.loss = Loss::Squared).starts_with("loss: squared does not fit the targets"));
    let numbers = curve(20, 3);
    let mut smoothed = spec(&numbers, &[3], Adam::new(0.3).unwrap(), 5);
    smoothed.label_smoothing = 0.1;
    assert!(Trainer::<f64>::new(smoothed, numbers, None).is_err());
}

#[test]
fn label_smoothing_is_in_the_training_loss_and_not_in_the_measured_one() {
    let data = clouds(30, 3, 3);
    let mut spec = spec(&data, &[], Descent::new(1e-9).unwrap(), 1);
    spec.network =
        spec.network.with_init(Init::Zeros).with_values("dense1/bias", Init::values(Tensor::from([0.0, 0.5, 1.0])));
    (spec.label_smoothing, spec.batch_size) = (0.3, BatchSize::Full);
    let mut trainer = Trainer::<f64>::new(spec, Arc::clone(&data), None).unwrap();
    let total: f64 = [0.0_f64, 0.5, 1.0].iter().map(|z| z.exp()).sum();
    let loss = |class: usize| total.ln() - [0.0, 0.5, 1.0][class];
    // The classes are equally many, so smoothing changes nothing of the mean here but through each row: (1−s)·l + s·mean l.
    let mean = (loss(0) + loss(1) + loss(2)) / 3.0;
    let report = trainer.step().unwrap().unwrap();
    assert!((report.train_loss - mean).abs() < 1e-14);
    assert!((trainer.evaluate(&data, &[]).unwrap().loss() - mean).abs() < 1e-8);
    // On rows of class 0 alone they differ.
    let rows = Rows::from_f64(vec![0.0; 6], 3).unwrap();
    let zeros = Arc::new(Data::new(rows, Targets::Classes { labels: vec![0; 2], classes: 3 }).unwrap());
    let mut trainer = Trainer::<f64>::new(trainer.spec().clone(), Arc::clone(&zeros), None).unwrap();
    let report = trainer.step().unwrap().unwrap();
    assert!((report.train_loss - (0.7 * loss(0) + 0.3 * mean)).abs() < 1e-14);
    assert!((trainer.evaluate(&zeros, &[]).unwrap().loss() - loss(0)).abs() < 1e-8);
}

#[test]
fn no_hidden_layer_is_logistic_regression() {
    let data = clouds(40, 3, 2);
    let mut spec = spec(&data, &[], Descent::new(0.5).unwrap(), 30);
    (spec.batch_size, spec.l2) = (BatchSize::Full, 2.0);
    let start = [0.3, -0.2, 0.1];
    spec.network = spec.network.with_values("dense1/weight", Init::values(Tensor::from([[0.3], [-0.2], [0.1]])));
    let got = trained(&spec, &data);
    // The same by hand.
    let mut features = vec![0.0_f64; 40 * 3];
    data.features().gather(&(0..40).collect::<Vec<u32>>(), &mut features);
    let (mut w, mut b) = (start, 0.0);
    for _ in 0..30 {
        let (mut dw, mut db) = ([0.0; 3], 0.0);
        for (row, x) in features.chunks(3).enumerate() {
            let z: f64 = x.iter().zip(&w).map(|(x, w)| x * w).sum::<f64>() + b;
            let error = 1.0 / (1.0 + (-z).exp()) - (row % 2) as f64;
            dw.iter_mut().zip(x).for_each(|(dw, x)| *dw += error * x / 40.0);
            db += error / 40.0;
        }
        w.iter_mut().zip(dw).for_each(|(w, dw)| *w -= 0.5 * (dw + 2.0 / 40.0 * *w));
        b -= 0.5 * db;
    }
    assert!(apart(&got, &[w[0], w[1], w[2], b]) < 1e-13);
}

#[test]
fn softmax_of_two_classes_is_logistic_regression_at_twice_the_rate() {
    let data = clouds(50, 3, 2);
    for optimizer in [Optimizer::Descent, Optimizer::Momentum, Optimizer::Adam] {
        let minimizer = |rate| Minimizer::new(optimizer, optimizer.settings(rate).unwrap()).unwrap();
        let softmax_start = Tensor::from([[0.1, 0.4], [0.0, -0.2], [0.3, 0.4]]);
        let logistic_start = Tensor::from([[0.4 - 0.1], [-0.2], [0.4 - 0.3]]);
        let mut softmax = spec(&data, &[], minimizer(0.02), 8);
        softmax.network.outputs = 2;
        softmax.network = softmax.network.with_values("dense1/weight", Init::values(softmax_start));
        let mut logistic = spec(&data, &[], minimizer(0.04), 8);
        logistic.network = logistic.network.with_values("dense1/weight", Init::values(logistic_start));
        let mut two = Trainer::<f64>::new(softmax, Arc::clone(&data), None).unwrap();
        let mut one = Trainer::<f64>::new(logistic, Arc::clone(&data), None).unwrap();
        for _ in 0..32 {
            steps(&mut two, 1);
            steps(&mut one, 1);
            let two = weights(&two);
            let difference: Vec<f64> = two.chunks(2).map(|pair| pair[1] - pair[0]).collect();
            assert!(apart(&difference, &weights(&one)) < 1e-11, "{optimizer}");
        }
        let (p, q) = (two.predict_probabilities(data.features()), one.predict_probabilities(data.features()));
        assert!(apart(&p.unwrap(), &q.unwrap()) < 1e-11);
        assert!((two.evaluate(&data, &[]).unwrap().loss() - one.evaluate(&data, &[]).unwrap().loss()).abs() < 1e-11);
    }
}

#[test]
fn weights_go_out_and_into_another_network() {
    let data = clouds(40, 3, 3);
    let mut told = spec(&data, &[5], Adam::new(0.05).unwrap(), 3);
    told.network = told.network.with_batch_norm(BatchNorm::default());
    let mut own = Trainer::<f64>::new(told.clone(), Arc::clone(&data), None).unwrap();
    own.run(&mut Silent).unwrap();
    told.seed = 99;
    let mut other = Trainer::<f64>::new(told.clone(), Arc::clone(&data), None).unwrap();
    let want = own.predict(data.features()).unwrap();
    assert_ne!(other.predict(data.features()).unwrap(), want);
    for parameter in own.parameters().to_vec() {
        other.set_weights(&parameter.name, &own.weights(&parameter.name).unwrap()).unwrap();
    }
    assert_eq!(other.predict(data.features()).unwrap(), want);
    // As first values of a third one.
    for parameter in own.parameters() {
        told.network = told.network.with_values(&parameter.name, Init::values(own.weights(&parameter.name).unwrap()));
    }
    let mut third = Trainer::<f64>::new(told, Arc::clone(&data), None).unwrap();
    assert_eq!(third.predict(data.features()).unwrap(), want);

    let before = weights(&other);
    let wrong = other.set_weights("dense1/weight", &Tensor::from([[1.0]])).unwrap_err();
    assert_eq!(wrong.to_string(), "dense1/weight: shape [1, 1] given, [3, 5] needed");
    let missing = other.set_weights("dense9/weight", &Tensor::from([[1.0]])).unwrap_err();
    assert_eq!(missing.to_string(), "dense9/weight: not a variable of this plan");
    assert_eq!(other.weights("dense9/weight"), None);
    assert_eq!(weights(&other), before);
}

#[test]
fn given_values_reach_every_variable_or_are_refused() {
    let data = clouds(20, 2, 2);
    let mut told = spec(&data, &[3], Descent::new(0.1).unwrap(), 1);
    let mlp = Mlp::new(2, &[3], 1).with_batch_norm(BatchNorm::default());
    let names = ["dense1/weight", "batch_norm1/gamma", "batch_norm1/beta", "batch_norm1/running_mean", "dense2/bias"];
    told.network = names.iter().fold(mlp, |mlp, name| mlp.with_values(name, Init::Constant(0.75)));
    let trainer = Trainer::<f64>::new(told, data, None).unwrap();
    for name in names {
        assert!(trainer.weights(name).unwrap().data().iter().all(|value| *value == 0.75), "{name}");
    }
    let build = |mlp: Mlp| {
        let spec = LossSpec { loss: Loss::CrossEntropy, smoothing: 0.0, weighted: false };
        mlp.build(&Graph::new(), spec, Descent::new(0.1).unwrap().into()).unwrap_err().to_string()
    };
    let unknown = build(Mlp::new(2, &[3], 1).with_values("batch_norm1/gamma", Init::Zeros));
    assert!(unknown.starts_with("network: initial values for batch_norm1/gamma, which is not one of dense1/weight"));
    let misshapen = build(Mlp::new(2, &[3], 1).with_values("dense1/weight", Init::values(Tensor::from([1.0, 2.0]))));
    assert!(misshapen.starts_with("dense1/weight: "), "{misshapen}");
}

#[test]
fn single_and_double_precision_take_nearly_the_same_path() {
    let data = clouds(60, 3, 3);
    let mut told = spec(&data, &[6], Adam::new(0.01).unwrap(), 5);
    told.network = told.network.with_batch_norm(BatchNorm::default());
    let mut single = Trainer::<f32>::new(told.clone(), Arc::clone(&data), None).unwrap();
    let mut double = Trainer::<f64>::new(told, data, None).unwrap();
    steps(&mut single, 15);
    steps(&mut double, 15);
    let far = apart(&weights(&single), &weights(&double));
    assert!(far < 1e-4 && far > 0.0, "{far}");
}

#[test]
fn a_row_is_predicted_alike_alone_and_in_company() {
    let data = clouds(300, 4, 3);
    let mut told = spec(&data, &[7], Adam::new(0.01).unwrap(), 2);
    told.network = told.network.with_batch_norm(BatchNorm::default()).with_dropout();
    told.drop_prob = 0.3;
    let mut trainer = Trainer::<f32>::new(told, Arc::clone(&data), None).unwrap();
    trainer.run(&mut Silent).unwrap();
    let all = trainer.predict(data.features()).unwrap();
    assert_eq!(trainer.predict(data.features()).unwrap(), all);
    for row in [0_u32, 17, 255, 256, 299] {
        let mut values = vec![0.0_f64; 4];
        data.features().gather(&[row], &mut values);
        let alone = trainer.predict(&Rows::from_f64(values, 4).unwrap()).unwrap();
        assert_eq!(alone, all[row as usize * 3..row as usize * 3 + 3]);
    }
    assert_eq!(trainer.predict(&Rows::from_f64(vec![], 4).unwrap()), Ok(vec![]));
    assert!(trainer.predict(&Rows::from_f64(vec![1.0], 1).unwrap()).is_err());
}

#[test]
fn dropout_is_on_wherever_its_share_is_above_zero() {
    let data = clouds(60, 3, 3);
    let with = |share: f64, layer: bool| {
        let mut told = spec(&data, &[20], Adam::new(0.01).unwrap(), 2);
        (told.drop_prob, told.network.dropout) = (share, layer);
        trained(&told, &data)
    };
    assert_eq!(with(0.2, false), with(0.2, true));
    assert_ne!(with(0.2, false), with(0.0, true));
}

#[test]
fn learned_rows_are_predicted_right() {
    for (data, wanted) in [(clouds(200, 4, 3), Metric::Accuracy), (curve(200, 2), Metric::R2)] {
        let mut told = spec(&data, &[24, 24], Adam::new(0.02).unwrap(), 80);
        told.order = if wanted == Metric::Accuracy { Order::Stratified } else { Order::Random };
        let mut trainer = Trainer::<f32>::new(told, Arc::clone(&data), None).unwrap();
        assert_eq!(trainer.run(&mut Silent), Ok(Outcome::Complete));
        let score = trainer.evaluate(&data, &[]).unwrap().get(wanted).unwrap();
        assert!(score > 0.9, "{wanted} {score}");
    }
}
