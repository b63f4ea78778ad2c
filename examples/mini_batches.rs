//! Mini-batch gradient descent: all rows at a time, some, or one.
//!
//! ```text
//! each epoch: shuffle the rows, cut them into batches of B (the last one smaller), one step per batch
//! cost of a step = mean over its batch          B = rows: batch gradient descent, B = 1: stochastic
//! ```
//!
//! A line is fitted to 500 points: two weights, so that the paths can be drawn on the levels of the cost. With all rows
//! the cost falls at every step; with few it is noisy, since each step sees other rows, but the path leads down.

use caviar_engine::nn::{Init, Mlp};
use caviar_engine::optim::Descent;
use caviar_engine::rng::{Purpose, Stream};
use caviar_engine::rows::Rows;
use caviar_engine::train::{BatchSize, Data, Silent, Targets, TrainSpec, Trainer};
use caviar_examples::picture::{BLUE, GRAY, ORANGE, Panel, save};
use std::error::Error;
use std::sync::Arc;

const ROWS: usize = 500;

fn main() -> Result<(), Box<dyn Error>> {
    let noise = Stream::new(1, Purpose::Noise(0), 0);
    let inputs: Vec<f64> = (0..ROWS).map(|row| 0.6 + noise.normal(2 * row as u64)).collect();
    let values: Vec<f64> = (0..).zip(&inputs).map(|(row, x)| 2.0 * x + 1.0 + 0.7 * noise.normal(2 * row + 1)).collect();
    let targets = Targets::Values { values: values.clone(), columns: 1 };
    let data = Arc::new(Data::new(Rows::from_f64(inputs.clone(), 1)?, targets)?);
    // The cost of a slope and an intercept, from the moments of the data.
    let mean = |of: fn((f64, f64)) -> f64| {
        inputs.iter().copied().zip(values.iter().copied()).map(of).sum::<f64>() / ROWS as f64
    };
    let (x, y, xx, xy, yy) =
        (mean(|p| p.0), mean(|p| p.1), mean(|p| p.0 * p.0), mean(|p| p.0 * p.1), mean(|p| p.1 * p.1));
    let cost = move |w: f64, b: f64| w * w * xx + b * b + yy + 2.0 * (w * b * x - w * xy - b * y);
    let best = ((xy - x * y) / (xx - x * x), y - x * (xy - x * y) / (xx - x * x));

    let mut costs = Panel::new("The cost of every step", "step", "cost of the batch").ranges(0.0..160.0, 0.0..10.0);
    let mut panels = Vec::new();
    for (name, rows, color) in
        [("one row", 1, GRAY), ("64 rows: mini-batch", 64, BLUE), ("500 rows: batch", ROWS, ORANGE)]
    {
        let line = Mlp::new(1, &[], 1).with_init(Init::Zeros);
        let mut spec = TrainSpec::new(line, data.targets(), Descent::new(0.02)?.into(), 1000)?;
        spec.batch_size = BatchSize::Rows(rows);
        let mut trainer = Trainer::<f64>::new(spec, Arc::clone(&data), None)?;
        let (mut path, mut curve) = (Vec::new(), Vec::new());
        for step in 0..400 {
            let weight = |name| trainer.weights(name).and_then(|weight| weight.data().first().copied());
            path.push((weight("dense1/weight").ok_or("no slope")?, weight("dense1/bias").ok_or("no intercept")?));
            trainer.step()?;
            curve.push((f64::from(step), trainer.progress().last_batch_loss));
        }
        // Steps of an epoch are rounded up: 500, 8, 1.
        assert_eq!(trainer.progress().epoch, 400 / ROWS.div_ceil(rows) as u64);
        assert_eq!(curve.windows(2).all(|pair| pair[1].1 < pair[0].1), rows == ROWS, "{name}");
        let end = path[399];
        println!("{name:<20} ends at {end:.3?}, {:.4} above the least cost", cost(end.0, end.1) - cost(best.0, best.1));
        assert!(cost(end.0, end.1) - cost(best.0, best.1) < 0.1, "{name}");
        costs = costs.line(name, curve.into_iter().take(160)).colored(color);
        let panel = Panel::new(&format!("The way of {name}"), "slope", "intercept").ranges(-0.2..3.0, -0.3..2.0);
        let panel = panel.levels(cost, [0.6, 1.0, 1.6, 2.4, 3.4, 4.6, 6.0, 7.6, 9.4, 11.4]);
        panels.push(panel.line("", path.clone()).colored(color).dots("", [path[0], end]).colored(color));
    }
    panels.insert(0, costs);
    save("mini_batches", &panels)?;

    // The example of the notes: 5,000,000 rows in batches of 1000 are 5000 steps.
    let targets = Targets::Classes { labels: (0..5_000_000).map(|row| row % 2).collect(), classes: 2 };
    let rows = Rows::from_u8((0..5_000_000).map(|row| (row % 2) as u8).collect(), 1)?;
    let mut spec = TrainSpec::new(Mlp::new(1, &[], 1), &targets, Descent::new(0.1)?.into(), 1)?;
    spec.batch_size = BatchSize::Rows(1000);
    let mut trainer = Trainer::<f32>::new(spec, Arc::new(Data::new(rows, targets)?), None)?;
    trainer.run(&mut Silent)?;
    assert_eq!(trainer.progress().steps, 5000);
    Ok(())
}
