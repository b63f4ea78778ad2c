//! Coarse to fine: look everywhere, then again, more densely, where the first look did well.
//!
//! ```text
//! stage 1: 25 points in the whole space → stage 2: 25 in the box around the best five → stage 3: again
//! ```
//!
//! A formula stands for the training, so that the best setting is known: rate 10^−2.3, 40 units.

use caviar_engine::rng::{Purpose, Stream};
use caviar_examples::picture::{BLUE, GRAY, ORANGE, Panel, save};
use caviar_tune::{Ask, Budget, Outcome, Parameter, Params, Sampler, Scale, SearchError, Space, Study};
use std::error::Error;
use std::ops::Range;

/// Stands for a training; the best is 0.
fn score(rate: f64, units: f64) -> f64 {
    (libm::log10(rate) + 2.3).powi(2) + 2.0 * libm::log10(units / 40.0).powi(2)
}

/// Rate, units and score of 25 trials in a box, the best first.
fn search(rates: &Range<f64>, units: &Range<f64>, stage: u64) -> Result<Vec<(f64, f64, f64)>, SearchError> {
    let (rate, width) = (Scale::log(rates.start, rates.end)?, Scale::log(units.start, units.end)?);
    let space = Space::new(vec![Parameter::new("rate", rate), Parameter::new("units", width)])?;
    let mut study = Study::new(space, Sampler::Random, Budget::trials(25, 1)?);
    let uniform = |trial, dimension| Stream::new(stage, Purpose::Sampler, trial).uniform(dimension);
    let of = |params: &Params, name: &str| params.number(name).unwrap_or(f64::NAN);
    while let Ask::Train(slice) = study.ask(&uniform) {
        let score = score(of(&slice.params, "rate"), of(&slice.params, "units"));
        study.tell(slice.trial, Outcome::Complete { score, epochs: 1 })?;
    }
    let row =
        |params: &Params, score: Option<f64>| (of(params, "rate"), of(params, "units"), score.unwrap_or(f64::NAN));
    Ok(study.leaderboard().into_iter().map(|trial| row(&trial.params, trial.score)).collect())
}

fn main() -> Result<(), Box<dyn Error>> {
    let (mut rates, mut units) = (1e-4..1.0, 4.0..256.0);
    let (mut panels, mut best) = (Vec::new(), Vec::new());
    for stage in 1..=3 {
        let trials = search(&rates, &units, stage)?;
        let around = |of: fn(&(f64, f64, f64)) -> f64| {
            let spread = |(low, high): (f64, f64), value: f64| (low.min(value), high.max(value));
            let (low, high) = trials[..5].iter().map(of).fold((f64::MAX, f64::MIN), spread);
            low..high
        };
        let (next_rates, next_units) = (around(|trial| trial.0), around(|trial| trial.1));
        let panel = Panel::new(&format!("Stage {stage}"), "learning rate", "units").log_x().log_y();
        let panel = panel.ranges(rates.start / 1.02..rates.end * 1.02, units.start / 1.02..units.end * 1.02);
        let steepness = if stage == 1 { 1.0 } else { 0.02 };
        let panel = panel.levels(score, [0.02, 0.1, 0.3, 0.7, 1.4, 2.4, 4.0].map(|level| level * steepness));
        let panel = panel.dots("trials", trials.iter().map(|trial| (trial.0, trial.1))).colored(BLUE);
        let ((left, right), (low, high)) = ((next_rates.start, next_rates.end), (next_units.start, next_units.end));
        let frame = [(left, low), (right, low), (right, high), (left, high), (left, low)];
        let panel = panel.line("around the best five", frame).colored(ORANGE);
        panels.push(panel.rings("the best setting", [(libm::pow(10.0, -2.3), 40.0)]).colored(GRAY));
        best.push(trials[0].2);
        (rates, units) = (next_rates, next_units);
    }
    save("coarse_to_fine", &panels)?;
    println!("best score of each stage: {best:.6?}");
    // Each look is better than the one before; 75 points without zooming have about 75 times the area for each.
    assert!(best[1] < best[0] / 2.0 && best[2] < best[1] / 2.0);
    assert!(rates.contains(&libm::pow(10.0, -2.3)) || best[2] < 1e-4);
    Ok(())
}
