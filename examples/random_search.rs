//! Random points, not a grid, on the right scales; then coarse to fine.
//!
//! ```text
//! learning rate   exp(ln 0.0001 + u·(ln 1 − ln 0.0001))      uniform in the exponent
//! momentum's β    1 − 10ʳ, r uniform from −1 to −3           0.9 to 0.999
//! ```
//!
//! A grid of 25 tries five values of each hyperparameter, 25 random points try 25. When only one of two matters (here
//! the learning rate, with its best value 10^−2.3), the grid has spent 20 of its 25 trials on values it already knew.
//! The third picture looks again, more densely, where the first look did well.

use caviar_engine::rng::{Purpose, Stream};
use caviar_examples::picture::{BLUE, ORANGE, Panel, save};
use caviar_tune::{Ask, Budget, Draws, Outcome, Parameter, Params, Sampler, Scale, SearchError, Space, Study};
use std::collections::BTreeSet;
use std::error::Error;

/// Stands for a training: the rate matters, Adam's ε hardly does.
fn score(rate: f64, epsilon: f64) -> f64 {
    (rate.log10() + 2.3).powi(2) + 0.002 * (epsilon.log10() + 8.0).powi(2)
}

fn uniform(trial: u64, dimension: u64) -> f64 {
    Stream::new(1, Purpose::Sampler, trial).uniform(dimension)
}

/// What the trials of a study were, `(rate, ε, score)`, the best first.
fn search(sampler: Sampler, rate: Scale, epsilon: Scale) -> Result<Vec<(f64, f64, f64)>, SearchError> {
    let space = Space::new(vec![Parameter::new("rate", rate), Parameter::new("epsilon", epsilon)])?;
    let mut study = Study::new(space, sampler, Budget::trials(25, 1)?);
    let of = |params: &Params, name: &str| params.number(name).unwrap_or(f64::NAN);
    while let Ask::Train(slice) = study.ask(&uniform) {
        let score = score(of(&slice.params, "rate"), of(&slice.params, "epsilon"));
        study.tell(slice.trial, Outcome::Complete { score, epochs: 1 })?;
    }
    let row =
        |params: &Params, score: Option<f64>| (of(params, "rate"), of(params, "epsilon"), score.unwrap_or(f64::NAN));
    Ok(study.leaderboard().into_iter().map(|trial| row(&trial.params, trial.score)).collect())
}

fn different(values: impl Iterator<Item = f64>) -> usize {
    values.map(f64::to_bits).collect::<BTreeSet<u64>>().len()
}

fn main() -> Result<(), Box<dyn Error>> {
    let scales = || Ok::<_, SearchError>((Scale::log(1e-4, 1.0)?, Scale::log(1e-10, 1e-6)?));
    let (rates, epsilons) = scales()?;
    let grid = search(Sampler::grid(5)?, rates, epsilons)?;
    let (rates, epsilons) = scales()?;
    let random = search(Sampler::Random, rates, epsilons)?;
    let bounds = |of: fn(&(f64, f64, f64)) -> f64| {
        random[..5].iter().map(of).fold((f64::MAX, f64::MIN), |(low, high), value| (low.min(value), high.max(value)))
    };
    let (rates, epsilons) = (bounds(|trial| trial.0), bounds(|trial| trial.1));
    let fine = search(Sampler::Random, Scale::log(rates.0, rates.1)?, Scale::log(epsilons.0, epsilons.1)?)?;

    let panel = |title: &str, trials: &[(f64, f64, f64)], color| {
        let panel = Panel::new(title, "learning rate", "ε").log_x().log_y().ranges(5e-5..2.0, 5e-11..4e-6);
        let panel = panel.bands(|rate, epsilon| 6.0 * score(rate, epsilon).sqrt());
        let panel = panel.dots("trial", trials.iter().map(|trial| (trial.0, trial.1))).colored(color);
        panel.rings("best", [(trials[0].0, trials[0].1)]).colored(color)
    };
    let zoomed = panel("Coarse to fine: again around the best five", &fine, BLUE);
    let zoomed = zoomed.dots("first look", random.iter().map(|trial| (trial.0, trial.1))).colored(ORANGE);
    let panels =
        [panel("A grid: 5 learning rates", &grid, ORANGE), panel("Random: 25 learning rates", &random, BLUE), zoomed];
    save("random_search", &panels)?;

    println!("best score: grid {:.4}, random {:.4}, coarse to fine {:.6}", grid[0].2, random[0].2, fine[0].2);
    for (trials, values) in [(&grid, 5), (&random, 25)] {
        assert_eq!(trials.len(), 25);
        assert_eq!(different(trials.iter().map(|trial| trial.0)), values);
        assert_eq!(different(trials.iter().map(|trial| trial.1)), values);
    }
    // The grid's best rate is 10^−2, 0.3 decades away from the best.
    assert!((grid[0].2 - 0.09).abs() < 1e-9);
    assert!(random[0].2 < grid[0].2 && fine[0].2 < random[0].2);
    // The same in a cube: 27 points are 3 values of each parameter, or 27.
    let axis = |name| Ok::<_, SearchError>(Parameter::new(name, Scale::linear(0.0, 1.0)?));
    let cube = Space::new(vec![axis("a")?, axis("b")?, axis("c")?])?;
    let mut draws = Draws::new(cube.clone(), Sampler::Random);
    let random: Vec<Params> = (0..27).filter_map(|trial| draws.next(trial, &uniform)).collect();
    for name in ["a", "b", "c"] {
        assert_eq!(different(cube.grid(3).filter_map(|params| params.number(name))), 3);
        assert_eq!(different(random.iter().filter_map(|params| params.number(name))), 27);
    }
    // Each of four decades has a quarter of the draws; on an even scale the last one has nine tenths.
    assert_eq!((Scale::log(1e-4, 1.0)?.from_unit(0.25).as_number().unwrap_or(0.0) * 1e12).round(), 1e9);
    assert!((Scale::linear(1e-4, 1.0)?.from_unit(0.1).as_number().unwrap_or(0.0) - 0.1).abs() < 1e-4);
    // Half of the betas lie below 0.99.
    assert!((Scale::one_minus_log(0.9, 0.999)?.from_unit(0.5).as_number().unwrap_or(0.0) - 0.99).abs() < 1e-12);
    Ok(())
}
