//! Why rates decay: small batches circle around the minimum, and a falling rate lets the orbit shrink.
//!
//! ```text
//! a = a₀/(1 + rate·e), e the epoch from 0
//! ```
//!
//! A line is fitted to 200 points, 10 at a time. At a constant rate the last steps stay as wide as the first ones near
//! the minimum; with the same first rate and decay they close in on it. So stochastic descent does converge, given decay.

use caviar_engine::nn::{Init, Mlp};
use caviar_engine::optim::Descent;
use caviar_engine::rng::{Purpose, Stream};
use caviar_engine::rows::Rows;
use caviar_engine::schedule::Timetable;
use caviar_engine::train::{BatchSize, Data, Targets, TrainSpec, Trainer};
use caviar_examples::picture::{BLUE, GRAY, ORANGE, Panel, save};
use std::error::Error;
use std::sync::Arc;

const ROWS: usize = 200;
const EPOCHS: u64 = 40;

fn main() -> Result<(), Box<dyn Error>> {
    let noise = Stream::new(3, Purpose::Noise(0), 0);
    let inputs: Vec<f64> = (0..ROWS).map(|row| noise.normal(2 * row as u64)).collect();
    let values: Vec<f64> = (0..).zip(&inputs).map(|(row, x)| x + 2.0 * noise.normal(2 * row + 1)).collect();
    let sum = |of: fn(f64, f64) -> f64| inputs.iter().zip(&values).map(|(x, y)| of(*x, *y)).sum::<f64>() / ROWS as f64;
    // The line of least squares.
    let (x, y, xx, xy) = (sum(|x, _| x), sum(|_, y| y), sum(|x, _| x * x), sum(|x, y| x * y));
    let slope = (xy - x * y) / (xx - x * x);
    let best = (slope, y - slope * x);
    let targets = Targets::Values { values, columns: 1 };
    let data = Arc::new(Data::new(Rows::from_f64(inputs, 1)?, targets)?);

    let mut distances = Panel::new("Distance from the minimum", "epoch", "root mean square").log_y();
    let (mut panels, mut ends) = (Vec::new(), Vec::new());
    for (name, schedule, color) in
        [("constant rate 0.3", "constant", ORANGE), ("rate 0.3/(1 + e)", "inverse-time:1", BLUE)]
    {
        let line = Mlp::new(1, &[], 1).with_init(Init::Zeros);
        let mut spec = TrainSpec::new(line, data.targets(), Descent::new(0.3)?.into(), EPOCHS)?;
        spec.batch_size = BatchSize::Rows(10);
        spec.timetable = Timetable::new(schedule.parse()?, EPOCHS as f64)?;
        let mut trainer = Trainer::<f64>::new(spec, Arc::clone(&data), None)?;
        let mut path = Vec::new();
        while trainer.progress().epoch < EPOCHS {
            trainer.step()?;
            let weight = |name| trainer.weights(name).and_then(|weight| weight.data().first().copied());
            path.push((weight("dense1/weight").ok_or("no slope")?, weight("dense1/bias").ok_or("no intercept")?));
        }
        let squared = |place: &(f64, f64)| (place.0 - best.0).powi(2) + (place.1 - best.1).powi(2);
        let by_epoch = path.chunks(20).map(|steps| (steps.iter().map(squared).sum::<f64>() / 20.0).sqrt());
        let by_epoch: Vec<(f64, f64)> = (0..).map(f64::from).zip(by_epoch).collect();
        ends.push(by_epoch[EPOCHS as usize - 10..].iter().map(|epoch| epoch.1).sum::<f64>() / 10.0);
        distances = distances.line(name, by_epoch).colored(color);
        let near = Panel::new(&format!("Orbit: {name}"), "slope", "intercept");
        let near = near.ranges(best.0 - 2.2..best.0 + 2.2, best.1 - 1.7..best.1 + 1.7);
        let distance = move |w: f64, b: f64| (w - best.0).hypot(b - best.1);
        let near = near.levels(distance, [0.25, 0.5, 1.0, 1.5, 2.0]).line("", path.clone()).colored(GRAY);
        panels.push(near.dots("the last ten epochs", path[path.len() - 200..].to_vec()).colored(color));
    }
    panels.push(distances);
    save("orbit", &panels)?;
    println!("mean distance over the last ten epochs: {:.3} constant, {:.3} decayed", ends[0], ends[1]);
    assert!(ends[0] > 0.4 && ends[1] < ends[0] / 4.0);
    Ok(())
}
