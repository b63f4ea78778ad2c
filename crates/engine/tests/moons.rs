//! The optimizer exercise of the course: 300 points, a net 2-5-2-1, 10,000 epochs; costs and accuracies as published.

mod fixture;
mod numpy_legacy;

use caviar_engine::Tensor;
use caviar_engine::nn::{Init, Mlp};
use caviar_engine::optim::{Adam, Descent, Minimizer, Momentum, RmsProp};
use caviar_engine::rows::Rows;
use caviar_engine::train::{BatchSize, Data, Event, Flow, Metric, Order, Outcome, Targets, TrainSpec, Trainer, Watch};
use numpy_legacy::NumpyLegacy;
use std::sync::{Arc, OnceLock};

const EPOCHS: u64 = 10_000;
const RATE: f64 = 0.0007;

/// The points and their labels.
fn points() -> Arc<Data> {
    let moons = fixture::load("moons");
    let points = Rows::from_f64(fixture::numbers(&moons["points"]), 2).unwrap();
    let targets = Targets::Classes { labels: fixture::integers(&moons["labels"]), classes: 2 };
    Arc::new(Data::new(points, targets).unwrap())
}

/// Seed 3, `W = randn(out, in)·√(2/in)`: drawn as the notes keep it, turned into our `[in, out]`.
fn network() -> Mlp {
    let mut numpy = NumpyLegacy::seed(3);
    let mut mlp = Mlp::new(2, &[5, 2], 1);
    for (number, (inputs, outputs)) in [(2, 5), (5, 2), (2, 1)].into_iter().enumerate() {
        let drawn = numpy.randn(outputs * inputs);
        let scale = (2.0 / inputs as f64).sqrt();
        let place = |i: usize| drawn[(i % outputs) * inputs + i / outputs] * scale;
        let weight = Tensor::new((inputs, outputs), (0..inputs * outputs).map(place).collect()).unwrap();
        mlp = mlp.with_values(&format!("dense{}/weight", number + 1), Init::values(weight));
    }
    mlp
}

/// Epoch `e` has the permutation of seed `11 + e`.
fn orders() -> Arc<Vec<Vec<u32>>> {
    static ORDERS: OnceLock<Arc<Vec<Vec<u32>>>> = OnceLock::new();
    let order = |epoch| NumpyLegacy::seed(11 + epoch).permutation(300).into_iter().map(|row| row as u32).collect();
    Arc::clone(ORDERS.get_or_init(|| Arc::new((0..EPOCHS as u32).map(order).collect())))
}

/// A row of the table: the cost of the last batch at every thousandth epoch, and the accuracy at the end.
fn check_row(minimizer: impl Into<Minimizer>, costs: [&str; 10], accuracy: f64) {
    let data = points();
    let mut spec = TrainSpec::new(network(), data.targets(), minimizer.into(), EPOCHS).unwrap();
    spec.batch_size = BatchSize::Rows(64);
    spec.order = Order::Given(orders());
    let mut trainer = Trainer::<f64>::new(spec, Arc::clone(&data), None).unwrap();
    let mut printed = Vec::new();
    let mut watch = Watch(|event: &Event| {
        if let Event::Epoch(report) = event
            && report.epoch % 1000 == 0
        {
            printed.push(format!("{:.6}", report.last_batch_loss));
        }
        Flow::Continue
    });
    assert_eq!(trainer.run(&mut watch), Ok(Outcome::Complete));
    assert_eq!(printed, costs);
    let got = trainer.evaluate(&data, &[]).unwrap().get(Metric::Accuracy).unwrap();
    assert!((got - accuracy).abs() < 5e-5, "accuracy {got}, published {accuracy}");
}

#[test]
fn gradient_descent_takes_the_published_path() {
    let costs = [
        "0.690736", "0.685273", "0.647072", "0.619525", "0.576584", "0.607243", "0.529403", "0.460768", "0.465586",
        "0.464518",
    ];
    check_row(Descent::new(RATE).unwrap(), costs, 0.7967);
}

#[test]
fn momentum_takes_the_published_path() {
    let costs = [
        "0.690741", "0.685341", "0.647145", "0.619594", "0.576665", "0.607324", "0.529476", "0.460936", "0.465780",
        "0.464740",
    ];
    check_row(Momentum::new(RATE).unwrap(), costs, 0.7967);
}

#[test]
fn rmsprop_takes_the_published_path() {
    let costs = [
        "0.690319", "0.182982", "0.150557", "0.076707", "0.126619", "0.104949", "0.100593", "0.031939", "0.114264",
        "0.198798",
    ];
    check_row(RmsProp::new(RATE).unwrap(), costs, 0.94);
}

#[test]
fn adam_takes_the_published_path() {
    let costs = [
        "0.690552", "0.185567", "0.150852", "0.074454", "0.125936", "0.104235", "0.100552", "0.031601", "0.111709",
        "0.197648",
    ];
    check_row(Adam::new(RATE).unwrap(), costs, 0.94);
}
