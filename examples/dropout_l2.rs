//! A network that is too large for its 60 rows, with and without L2, dropout and early stopping.
//!
//! ```text
//! L2               cost + λ/(2m)·ΣW²     m training rows; biases exempt
//! inverted dropout a ← a·mask/(1 − p)    mask 0 with probability p; nothing is dropped when predicting
//! early stopping   the weights of the epoch with the lowest validation cost
//! ```

use caviar_engine::nn::Mlp;
use caviar_engine::optim::Adam;
use caviar_engine::train::{BatchSize, EpochReport, Event, Flow, TrainSpec, Trainer, Watch};
use caviar_engine::{Graph, Plan, Seed, Session};
use caviar_examples::picture::{Panel, save};
use caviar_examples::points::{Points, map};
use std::error::Error;

fn main() -> Result<(), Box<dyn Error>> {
    let points = Points::moons(60, 0.35, 4);
    let (data, held_out) = (points.data()?, Points::moons(1000, 0.35, 5).data()?);
    let mut curves = Panel::new("Cost on rows not trained on", "epoch", "validation cost").log_y();
    let (mut maps, mut costs) = (Vec::new(), Vec::new());
    for (name, l2, drop_prob, early) in [
        ("nothing", 0.0, 0.0, false),
        ("L2", 1.0, 0.0, false),
        ("dropout", 0.0, 0.5, false),
        ("early stopping", 0.0, 0.0, true),
    ] {
        let network = Mlp::new(2, &[64, 64], 1);
        let mut spec = TrainSpec::new(network, data.targets(), Adam::new(0.01)?.into(), 500)?;
        spec.batch_size = BatchSize::Full;
        (spec.l2, spec.drop_prob) = (l2, drop_prob);
        (spec.patience, spec.restore_best) = (early.then_some(30), early);
        let mut trainer = Trainer::<f64>::new(spec, data.clone(), Some(held_out.clone()))?;
        let mut reports: Vec<EpochReport> = Vec::new();
        trainer.run(&mut Watch(|event: &Event| {
            if let Event::Epoch(report) = event {
                reports.push(report.clone());
            }
            Flow::Continue
        }))?;
        let loss = |report: &EpochReport| report.validation.as_ref().map_or(f64::NAN, |found| found.loss());
        let curve: Vec<(f64, f64)> = reports.iter().map(|report| (report.epoch as f64, loss(report))).collect();
        curves = curves.line(name, curve.iter().copied());
        let cost = trainer.evaluate(&held_out, &[])?.loss();
        println!("{name:<15} cost {:.3} in training, {cost:.3} outside", trainer.evaluate(&data, &[])?.loss());
        costs.push(cost);
        if early {
            assert_eq!(cost, curve.iter().fold(f64::MAX, |low, (_, cost)| low.min(*cost)));
        } else {
            maps.push(map(&format!("With {name}: {cost:.2} outside"), &points, &mut trainer)?);
        }
        // The penalty by hand: λ/(2·60) times the sum of the squares of all weights.
        let squares = |layer| -> f64 {
            let weight = trainer.weights(&format!("dense{layer}/weight"));
            weight.iter().flat_map(|weight| weight.data()).map(|w| w * w).sum()
        };
        let penalty = l2 / 120.0 * (1..=3).map(squares).sum::<f64>();
        assert!((reports.last().ok_or("no epoch")?.penalty - penalty).abs() < 1e-12 * (1.0 + penalty));
    }
    maps.insert(0, curves);
    save("dropout_l2", &maps)?;
    assert!(costs[1..].iter().all(|cost| *cost < costs[0] / 2.0));

    // Dropped or divided by 0.7: the mean stays 1, but for its scatter of √(0.3/0.7/10000) = 0.0065.
    let g = Graph::new();
    let dropped = g.ones((100, 100)).dropout(0.3);
    let mut session = Session::new(Plan::<f64>::new(&g, &[dropped])?, Seed(1));
    let values = session.run(dropped, &[])?.data().to_vec();
    assert!(values.iter().all(|&value| value == 0.0 || (value - 1.0 / 0.7).abs() < 1e-12));
    assert!((values.iter().sum::<f64>() / 1e4 - 1.0).abs() < 0.03);
    Ok(())
}
