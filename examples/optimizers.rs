//! Gradient descent, momentum, RMSprop and Adam on the moons exercise: 300 points, a network 2-5-2-1, 10,000 epochs.
//!
//! ```text
//! gradient descent   W ← W − α·g
//! momentum           v ← β·v + (1−β)·g                         W ← W − α·v
//! RMSprop            s ← β·s + (1−β)·g²                        W ← W − α·g/(√s + ε)
//! Adam               m, s as above, m̂ = m/(1−β₁ᵗ), ŝ = s/(1−β₂ᵗ)   W ← W − α·m̂/(√ŝ + ε)
//! ```
//!
//! All start from the same weights and see the same batches of 64, at one learning rate, 0.0007. The cost of every
//! thousandth epoch's last batch, and the accuracies, are the published ones to all six decimals.

use caviar_engine::Tensor;
use caviar_engine::nn::{Init, Mlp};
use caviar_engine::optim::{Adam, Descent, Minimizer, Momentum, RmsProp};
use caviar_engine::train::{BatchSize, Event, Flow, Metric, Order, TrainSpec, Trainer, Watch};
use caviar_examples::picture::{Panel, save};
use caviar_examples::points::{Points, map};
use rand_mt::Mt;
use std::{error::Error, sync::Arc};

const EPOCHS: u32 = 10_000;
#[rustfmt::skip]
const PUBLISHED: [(&str, [f64; 10], f64); 4] = [
    ("gradient descent", [0.690736, 0.685273, 0.647072, 0.619525, 0.576584, 0.607243, 0.529403, 0.460768, 0.465586, 0.464518], 0.7967),
    ("momentum", [0.690741, 0.685341, 0.647145, 0.619594, 0.576665, 0.607324, 0.529476, 0.460936, 0.465780, 0.464740], 0.7967),
    ("RMSprop", [0.690319, 0.182982, 0.150557, 0.076707, 0.126619, 0.104949, 0.100593, 0.031939, 0.114264, 0.198798], 0.94),
    ("Adam", [0.690552, 0.185567, 0.150852, 0.074454, 0.125936, 0.104235, 0.100552, 0.031601, 0.111709, 0.197648], 0.94),
];

/// `numpy.random.seed(11 + epoch); numpy.random.permutation(300)`, the order of the published runs.
fn order(epoch: u32) -> Vec<u32> {
    let mut twister = Mt::new(11 + epoch);
    let mut order: Vec<u32> = (0..300).collect();
    for last in (1..order.len()).rev() {
        let mask = last.next_power_of_two().max((last + 1).next_power_of_two()) - 1;
        let below = std::iter::repeat_with(|| twister.next_u32() as usize & mask).find(|drawn| *drawn <= last);
        order.swap(last, below.unwrap_or(last));
    }
    order
}

fn main() -> Result<(), Box<dyn Error>> {
    let moons: serde_json::Value = serde_json::from_str(include_str!("../fixtures/moons.json"))?;
    let places: Vec<(f64, f64)> = serde_json::from_value(moons["points"].clone())?;
    let points = Points::of_two_classes(places, serde_json::from_value(moons["labels"].clone())?);
    let mut network = Mlp::new(2, &[5, 2], 1);
    for (number, (inputs, outputs)) in [(2, 5), (5, 2), (2, 1)].into_iter().enumerate() {
        let weight: Vec<Vec<f64>> = serde_json::from_value(moons["initial_layers"][number]["weight"].clone())?;
        let start = Init::values(Tensor::new((inputs, outputs), weight.concat())?);
        network = network.with_values(&format!("dense{}/weight", number + 1), start);
    }
    let orders = Arc::new((0..EPOCHS).map(order).collect());
    let data = points.data()?;
    let rules: [Minimizer; 4] =
        [Descent::new(7e-4)?.into(), Momentum::new(7e-4)?.into(), RmsProp::new(7e-4)?.into(), Adam::new(7e-4)?.into()];

    let mut costs_panel = Panel::new("Cost at α = 0.0007", "epoch", "cost");
    let mut panels = Vec::new();
    for (minimizer, (name, costs, accuracy)) in rules.into_iter().zip(PUBLISHED) {
        let mut spec = TrainSpec::new(network.clone(), data.targets(), minimizer, u64::from(EPOCHS))?;
        (spec.batch_size, spec.order) = (BatchSize::Rows(64), Order::Given(Arc::clone(&orders)));
        let mut trainer = Trainer::<f64>::new(spec, Arc::clone(&data), None)?;
        let (mut curve, mut last_costs) = (Vec::new(), Vec::new());
        trainer.run(&mut Watch(|event: &Event| {
            if let Event::Epoch(report) = event {
                curve.extend((report.epoch % 50 == 0).then_some((report.epoch as f64, report.train_loss)));
                last_costs.extend((report.epoch % 1000 == 0).then_some(report.last_batch_loss));
            }
            Flow::Continue
        }))?;
        let reached = trainer.evaluate(&data, &[])?.get(Metric::Accuracy).unwrap_or(f64::NAN);
        println!("{name:<17} {last_costs:.6?}  accuracy {reached:.4}");
        assert_eq!(format!("{last_costs:.6?}"), format!("{costs:.6?}"), "{name}");
        assert!((reached - accuracy).abs() < 5e-5, "{name}");

        let dashed = name == "momentum"; // the path is nearly that of gradient descent
        costs_panel = if dashed { costs_panel.dashes(name, curve) } else { costs_panel.line(name, curve) };
        panels.push(map(&format!("{name}: {:.1} % right", 100.0 * reached), &points, &mut trainer)?);
    }
    panels.insert(0, costs_panel);
    save("optimizers", &panels)
}
