//! Random points, not a grid.
//!
//! A grid of 25 tries five values of each hyperparameter, 25 random points try 25. When only one of two matters (here
//! the learning rate, with its best value 10^−2.3), the grid has spent 20 of its 25 trials on values it already knew.
//! The marks along the edges are the projections: the values that were tried of one hyperparameter alone.

use caviar_engine::rng::{Purpose, Stream};
use caviar_examples::picture::{BLUE, Color, GRAY, ORANGE, Panel, save};
use caviar_tune::{Ask, Budget, Outcome, Parameter, Params, Sampler, Scale, SearchError, Space, Study};
use std::collections::BTreeSet;
use std::error::Error;

/// Stands for a training: the rate matters, Adam's ε hardly does.
fn score(rate: f64, epsilon: f64) -> f64 {
    (libm::log10(rate) + 2.3).powi(2) + 0.002 * (libm::log10(epsilon) + 8.0).powi(2)
}

fn uniform(trial: u64, dimension: u64) -> f64 {
    Stream::new(1, Purpose::Sampler, trial).uniform(dimension)
}

fn value(params: &Params, name: &str) -> f64 {
    params.number(name).unwrap_or(f64::NAN)
}

/// What the 25 trials of a study were, `(rate, ε, score)`, the best first.
fn search(sampler: Sampler) -> Result<Vec<(f64, f64, f64)>, SearchError> {
    let (rate, epsilon) = (Scale::log(1e-4, 1.0)?, Scale::log(1e-10, 1e-6)?);
    let space = Space::new(vec![Parameter::new("rate", rate), Parameter::new("epsilon", epsilon)])?;
    let mut study = Study::new(space, sampler, Budget::trials(25, 1)?);
    while let Ask::Train(slice) = study.ask(&uniform) {
        let score = score(value(&slice.params, "rate"), value(&slice.params, "epsilon"));
        study.tell(slice.trial, Outcome::Complete { score, epochs: 1 })?;
    }
    let row = |params: &Params, score: Option<f64>| {
        (value(params, "rate"), value(params, "epsilon"), score.unwrap_or(f64::NAN))
    };
    Ok(study.leaderboard().into_iter().map(|trial| row(&trial.params, trial.score)).collect())
}

fn different(values: impl Iterator<Item = f64>) -> usize {
    values.map(f64::to_bits).collect::<BTreeSet<u64>>().len()
}

fn plane(title: &str, trials: &[(f64, f64, f64)], color: Color) -> Panel {
    let panel = Panel::new(title, "learning rate", "ε").log_x().log_y().ranges(4e-5..2.0, 4e-11..2e-6);
    let panel = panel.levels(score, [0.05, 0.25, 0.6, 1.2, 2.0, 3.2, 4.6]);
    let panel = panel.dots("trials", trials.iter().map(|trial| (trial.0, trial.1))).colored(color);
    let edges = trials.iter().flat_map(|trial| [(trial.0, 5.5e-11), (5e-5, trial.1)]);
    panel.dots("values tried", edges).colored(GRAY).rings("best", [(trials[0].0, trials[0].1)]).colored(color)
}

fn main() -> Result<(), Box<dyn Error>> {
    let (grid, random) = (search(Sampler::grid(5)?)?, search(Sampler::Random)?);
    println!("best score: grid {:.4}, random {:.4}", grid[0].2, random[0].2);
    for (trials, values) in [(&grid, 5), (&random, 25)] {
        assert_eq!(trials.len(), 25);
        assert_eq!(different(trials.iter().map(|trial| trial.0)), values);
        assert_eq!(different(trials.iter().map(|trial| trial.1)), values);
    }
    // The grid's best rate is 10^−2, 0.3 decades away from the best.
    assert!((grid[0].2 - 0.09).abs() < 1e-9);
    assert!(random[0].2 < grid[0].2);

    let panels = [plane("A grid: 5 learning rates", &grid, ORANGE), plane("Random: 25 learning rates", &random, BLUE)];
    save("random_search", &panels)
}
