//! Normalized inputs: the same data, the same network, a round bowl in the place of a long valley.
//!
//! ```text
//! x ← (x − μ)/σ      μ, σ of each feature over the training rows, σ² divided by m
//! ```
//!
//! Linear regression on two features, one of them four times as wide. On the raw features the rate must be small for the
//! steep direction, and the flat one takes long. Normalized (and here uncorrelated) features have the same curvature, 2,
//! in every direction: a step at rate 0.4 leaves 0.2 of each error, so the cost falls by exactly 0.04.

use caviar_engine::nn::{Init, Mlp};
use caviar_engine::optim::Descent;
use caviar_engine::train::{BatchSize, Data, Targets, TrainSpec, Trainer};
use caviar_examples::picture::{ORANGE, Panel, save};
use caviar_examples::points::rows;
use std::error::Error;
use std::sync::Arc;

/// Where the two weights were before every step, and the cost there.
type Path = Vec<((f64, f64), f64)>;

/// A path of 2000 steps from zero.
fn descend(places: &[(f64, f64)], target: &[f64], rate: f64) -> Result<Path, Box<dyn Error>> {
    let targets = Targets::Values { values: target.to_vec(), columns: 1 };
    let network = Mlp::new(2, &[], 1).with_init(Init::Zeros);
    let mut spec = TrainSpec::new(network, &targets, Descent::new(rate)?.into(), 2000)?;
    spec.batch_size = BatchSize::Full;
    let mut trainer = Trainer::<f64>::new(spec, Arc::new(Data::new(rows(places)?, targets)?), None)?;
    let mut path = Vec::new();
    for _ in 0..2000 {
        let weight = trainer.weights("dense1/weight").ok_or("no weights")?;
        trainer.step()?;
        path.push(((weight.data()[0], weight.data()[1]), trainer.progress().last_batch_loss));
    }
    Ok(path)
}

/// Mean and deviation, divided by m.
fn moments(values: impl Iterator<Item = f64> + Clone) -> (f64, f64) {
    let count = values.clone().count() as f64;
    let mean = values.clone().sum::<f64>() / count;
    (mean, (values.map(|value| (value - mean).powi(2)).sum::<f64>() / count).sqrt())
}

fn main() -> Result<(), Box<dyn Error>> {
    // A lattice of 8 × 8 places: the features are not correlated.
    let raw: Vec<(f64, f64)> = (0..64).map(|i| (f64::from(i % 8) - 3.0, 4.0 * f64::from(i / 8) - 12.0)).collect();
    let target: Vec<f64> = raw.iter().map(|(x1, x2)| 2.0 * x1 + 0.5 * x2 + 1.0).collect();
    let ((mean1, width1), (mean2, width2)) = (moments(raw.iter().map(|x| x.0)), moments(raw.iter().map(|x| x.1)));
    let normalized: Vec<(f64, f64)> =
        raw.iter().map(|(x1, x2)| ((x1 - mean1) / width1, (x2 - mean2) / width2)).collect();
    let (mean, width) = moments(normalized.iter().map(|x| x.1));
    assert!(mean.abs() < 1e-12 && (width - 1.0).abs() < 1e-12);

    let (valley, bowl) = (descend(&raw, &target, 0.0105)?, descend(&normalized, &target, 0.4)?);
    let until =
        |path: &[((f64, f64), f64)]| path.iter().position(|(_, cost)| *cost < 1e-6 * path[0].1).unwrap_or(path.len());
    println!("steps to a millionth of the first cost: {} raw, {} normalized", until(&valley), until(&bowl));

    let mut panels = Vec::new();
    // The best weights, and how steep the cost is along each of them.
    for (title, path, best, widths, span) in [
        ("Raw features", &valley, (2.0, 0.5), (width1, width2), (2.6, 1.1)),
        ("Normalized features", &bowl, (2.0 * width1, 0.5 * width2), (1.0, 1.0), (6.0, 6.0)),
    ] {
        let level = move |w1: f64, w2: f64| ((w1 - best.0) * widths.0).hypot((w2 - best.1) * widths.1);
        let panel = Panel::new(title, "w₁", "w₂").ranges(-0.1 * span.0..span.0, -0.1 * span.1..span.1);
        let panel = panel.levels(level, (1..10).map(f64::from).collect::<Vec<_>>());
        let steps: Vec<(f64, f64)> = path.iter().take(60).map(|(weights, _)| *weights).collect();
        panels.push(panel.line("60 steps", steps.clone()).colored(ORANGE).dots("", steps).colored(ORANGE));
    }
    let costs = |path: &[((f64, f64), f64)]| -> Vec<(f64, f64)> {
        (0..100).map(f64::from).zip(path.iter().map(|(_, cost)| *cost)).collect()
    };
    let panel = Panel::new("Cost", "step", "mean squared error").log_y().ranges(0.0..100.0, 1e-6..100.0);
    let above = |cost: &(f64, f64)| cost.1 > 1e-6;
    let panel = panel.line("raw", costs(&valley).into_iter().filter(above));
    panels.push(panel.line("normalized", costs(&bowl).into_iter().filter(above)));
    save("inputs", &panels)?;

    for (step, (_, cost)) in bowl.iter().enumerate().take(8) {
        assert!((cost / bowl[0].1 / 0.04_f64.powi(step as i32) - 1.0).abs() < 1e-6);
    }
    // 0.04⁵ is the first power below a millionth.
    assert_eq!(until(&bowl), 5);
    assert!(until(&valley) > 20 * until(&bowl));
    Ok(())
}
