//! Which hyperparameters matter: a search tells.
//!
//! ```text
//! learning rate > units, batch size, momentum's β > layers, decay       Adam's three are left at their defaults
//! importance = variance of the ranks between groups of a parameter's values / variance of all ranks
//! ```
//!
//! 200 networks with random settings learn the same points. Each parameter's trials are sorted by its value and cut into
//! four groups; what the groups' means differ by is what the parameter explains by itself. `caviar show STUDY` tells
//! what mattered in a search, by a finer method (functional analysis of variance on a forest).

use caviar_engine::nn::Mlp;
use caviar_engine::optim::Momentum;
use caviar_engine::rng::{Purpose, Stream};
use caviar_engine::schedule::{Schedule, Timetable};
use caviar_engine::train::{BatchSize, Silent, TrainSpec, Trainer};
use caviar_examples::picture::{BLUE, Panel, save};
use caviar_examples::points::Points;
use caviar_tune::{Draws, Parameter, Params, Sampler, Scale, Space};
use std::error::Error;

const TRIALS: u64 = 200;
const EPOCHS: u64 = 20;
const NAMES: [&str; 6] = ["learning rate", "units", "batch size", "beta", "layers", "decay"];

/// The share of the variance of the scores' ranks that lies between four groups of a parameter's values.
fn importance(values: &[f64], ranks: &[f64]) -> f64 {
    let mut order: Vec<usize> = (0..values.len()).collect();
    order.sort_by(|a, b| values[*a].total_cmp(&values[*b]));
    let middle = (ranks.len() as f64 - 1.0) / 2.0;
    let between = |group: &[usize]| {
        let mean = group.iter().map(|trial| ranks[*trial]).sum::<f64>() / group.len() as f64;
        group.len() as f64 * (mean - middle).powi(2)
    };
    let all: f64 = ranks.iter().map(|rank| (rank - middle).powi(2)).sum();
    order.chunks(ranks.len() / 4).map(between).sum::<f64>() / all
}

fn main() -> Result<(), Box<dyn Error>> {
    let (data, held_out) = (Points::moons(300, 0.15, 1).data()?, Points::moons(300, 0.15, 2).data()?);
    let scales = [
        Scale::log(1e-4, 1.0)?,
        Scale::log_integer(2, 64)?,
        Scale::log_integer(8, 256)?,
        Scale::one_minus_log(0.5, 0.99)?,
        Scale::integer(1, 3)?,
        Scale::log(1e-3, 1.0)?,
    ];
    let space = Space::new(NAMES.into_iter().zip(scales).map(|(name, scale)| Parameter::new(name, scale)).collect())?;
    let mut draws = Draws::new(space, Sampler::Random);
    let uniform = |trial, dimension| Stream::new(1, Purpose::Sampler, trial).uniform(dimension);
    let (mut settings, mut scores) = (Vec::new(), Vec::new());
    for params in (0..TRIALS).map_while(|trial| draws.next(trial, &uniform)) {
        let value = |params: &Params, name: &str| {
            params.number(name).or(params.integer(name).map(|whole| whole as f64)).unwrap_or(f64::NAN)
        };
        let [rate, units, batch, beta, layers, decay] = NAMES.map(|name| value(&params, name));
        let network = Mlp::new(2, &vec![units as usize; layers as usize], 1);
        let rule = Momentum::new(rate)?.with_beta(beta)?;
        let mut spec = TrainSpec::new(network, data.targets(), rule.into(), EPOCHS)?;
        spec.batch_size = BatchSize::Rows(batch as usize);
        spec.timetable = Timetable::new(Schedule::inverse_time(decay, None)?, EPOCHS as f64)?;
        let mut trainer = Trainer::<f64>::new(spec, data.clone(), None)?;
        trainer.run(&mut Silent)?;
        settings.push([rate, units, batch, beta, layers, decay]);
        scores.push(trainer.evaluate(&held_out, &[])?.loss());
    }
    let rank = |score: &f64| scores.iter().filter(|other| *other < score).count() as f64;
    let ranks: Vec<f64> = scores.iter().map(rank).collect();
    let of = |which: usize| settings.iter().map(|setting| setting[which]).collect::<Vec<f64>>();
    let shares: Vec<f64> = (0..NAMES.len()).map(|which| importance(&of(which), &ranks)).collect();
    let bars = Panel::new("What a setting explains by itself", "share of the variance of ranks", "");
    let bars = bars.rows(NAMES).range_x(0.0..0.8).bars("", shares.iter().copied().zip((0..).map(f64::from)));
    let rates = Panel::new("The first of them", "learning rate", "cost on other rows").log_x().log_y();
    let rates = rates.dots("", of(0).into_iter().zip(scores.iter().copied())).colored(BLUE);
    save("hyperparameters", &[bars, rates])?;

    NAMES.iter().zip(&shares).for_each(|(name, share)| println!("{name:<14} {share:.3}"));
    // The learning rate first, by far; chance alone gives three groups' worth, 3/199, to each.
    assert!(shares[1..].iter().all(|share| shares[0] > 2.0 * share));
    assert!(shares[0] > 0.4);
    // By hand: four groups of one rank each explain everything.
    assert!((importance(&[1.0, 2.0, 3.0, 4.0], &[0.0, 2.0, 1.0, 3.0]) - 1.0).abs() < 1e-12);
    Ok(())
}
