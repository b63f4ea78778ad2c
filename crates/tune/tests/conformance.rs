//! The conformance suite: our samplers pass it, and broken ones are seen to fail it.

use std::env;
use std::process::Command;

use caviar_tune::conformance::{Violation, check_study, check_uniform, full_space, keyed_uniform};
use caviar_tune::{Ask, Budget, Draws, Params, Sampler, Space, Study, Value};

fn budget() -> Budget {
    Budget::trials(300, 5).unwrap()
}

fn random(space: Space, seed: u64, count: usize) -> Vec<Params> {
    drawn(Sampler::Random, space, seed, count)
}

fn drawn(sampler: Sampler, space: Space, seed: u64, count: usize) -> Vec<Params> {
    let uniform = keyed_uniform(seed);
    let mut draws = Draws::new(space, sampler);
    (0..count as u64).map_while(|trial| draws.next(trial, &uniform)).collect()
}

/// Random search with every configuration changed.
fn changed(change: impl Fn(&mut Params)) -> Result<(), Violation> {
    check_uniform(&|space, seed, count| {
        let mut trials = random(space, seed, count);
        trials.iter_mut().for_each(&change);
        trials
    })
}

#[test]
fn random_search_conforms() {
    check_study(&|space| Study::new(space, Sampler::Random, budget())).unwrap();
    check_uniform(&random).unwrap();
}

#[test]
fn sobol_search_conforms() {
    check_study(&|space| Study::new(space, Sampler::Sobol, budget())).unwrap();
    check_uniform(&|space, seed, count| drawn(Sampler::Sobol, space, seed, count)).unwrap();
}

#[test]
fn sobol_points_are_more_even_than_independent_draws() {
    // In each of the cells of an 8 x 8 chessboard over two parameters, how far from 4 of 256 points.
    let unevenness = |sampler| -> f64 {
        let mut cells = [0_i32; 64];
        let space = full_space().unwrap();
        for params in drawn(sampler, space, 9, 256) {
            let place = |low: f64, high: f64, value: f64| (((value - low) / (high - low) * 8.0) as usize).min(7);
            let x = place(-2.0, 3.0, params.number("linear").unwrap());
            let y = place(-4.0, 0.0, params.number("learning_rate").unwrap().log10());
            cells[8 * x + y] += 1;
        }
        cells.iter().map(|count| f64::from((count - 4).pow(2))).sum()
    };
    assert!(unevenness(Sampler::Sobol) < 0.2 * unevenness(Sampler::Random));
}

#[test]
fn grid_search_conforms() {
    for points in [1, 2, 5] {
        check_study(&|space| Study::new(space, Sampler::grid(points).unwrap(), budget())).unwrap();
    }
}

fn zoom(space: Space, trials: u64) -> Study {
    Study::zoom(space, Budget::trials(trials, 50).unwrap())
}

#[test]
fn zoom_conforms() {
    check_study(&|space| zoom(space, 300)).unwrap();
    check_study(&|space| Study::zoom(space, Budget::trials(10_000, 27).unwrap().with_total_epochs(2000).unwrap()))
        .unwrap();
    // The first generation lies anywhere; of so many trials it is the first tenth at least.
    check_uniform(&|space, seed, count| {
        let uniform = keyed_uniform(seed);
        let mut study = zoom(space, 20 * count as u64);
        let slice = |_| match study.ask(&uniform) {
            Ask::Train(slice) => Some(slice.params),
            Ask::Wait | Ask::Finished(_) => None,
        };
        (0..count).map_while(slice).collect()
    })
    .unwrap();
}

#[test]
fn integers_without_half_step_widening_are_seen() {
    let uniform = keyed_uniform(5);
    let result = check_uniform(&|space, seed, count| {
        let mut trials = random(space, seed, count);
        for (trial, params) in trials.iter_mut().enumerate() {
            // Rounding a draw from 1 to 6 gives the ends half their share.
            params.insert("die", (1.0 + 5.0 * uniform(trial as u64, 99)).round() as i64);
        }
        trials
    });
    assert!(matches!(&result, Err(Violation::NotUniform { parameter, .. }) if parameter == "die"), "{result:?}");
}

#[test]
fn a_rate_uniform_within_each_decade_is_seen() {
    let result = changed(|params| {
        let exponent = params.number("learning_rate").unwrap().log10();
        let within = 1.0 + 9.0 * (exponent - exponent.floor());
        params.insert("learning_rate", within * 10_f64.powf(exponent.floor()));
    });
    let seen = |parameter: &str| parameter == "learning_rate";
    assert!(matches!(&result, Err(Violation::NotUniform { parameter, .. }) if seen(parameter)), "{result:?}");
}

#[test]
fn a_condition_that_is_not_kept_is_seen() {
    let result = changed(|params| {
        params.insert("beta", 0.95);
    });
    assert!(matches!(result, Err(Violation::OutOfSpace { .. })), "{result:?}");
}

#[test]
fn a_few_values_over_and_over_are_seen() {
    let result = changed(|params| {
        let coarse = (params.number("linear").unwrap() * 100.0).round() / 100.0;
        params.insert("linear", coarse);
    });
    assert!(matches!(result, Err(Violation::FewValues { .. })), "{result:?}");
}

#[test]
fn wrong_shares_of_zeros_and_choices_are_seen() {
    let result = changed(|params| {
        if params.number("dropout").unwrap() < 0.1 {
            params.insert("dropout", 0.0);
        }
    });
    assert!(matches!(&result, Err(Violation::NotUniform { parameter, .. }) if parameter == "dropout"), "{result:?}");
}

#[test]
fn parameters_that_go_together_are_seen() {
    let uniform = keyed_uniform(5);
    let result = check_uniform(&|space, seed, count| {
        let mut trials = random(space, seed, count);
        for (trial, params) in trials.iter_mut().enumerate() {
            let place = (params.number("linear").unwrap() + 2.0) / 5.0;
            // A tenth of the faces follow the other parameter.
            if uniform(trial as u64, 7) < 0.1 {
                params.insert("die", 1 + (place * 6.0).min(5.0) as i64);
            }
        }
        trials
    });
    assert!(matches!(result, Err(Violation::Correlated { .. })), "{result:?}");
}

#[test]
fn a_seed_without_effect_is_seen() {
    let result = check_uniform(&|space, _, count| random(space, 1, count));
    assert_eq!(result, Err(Violation::SeedIgnored));
}

#[test]
fn a_method_that_remembers_between_studies_is_seen() {
    let count = std::cell::Cell::new(0);
    let result = check_study(&|space| {
        count.set(count.get() + 1);
        let mut study = Study::new(space, Sampler::Random, budget());
        if count.get() == 2 {
            study.enqueue(&[("linear", Value::from(0.125))].into_iter().collect()).unwrap();
        }
        study
    });
    assert!(matches!(result, Err(Violation::NotReproducible { .. })), "{result:?}");
}

const CHILD: &str = "CAVIAR_TUNE_TEST_CHILD";

fn trials_as_text() -> String {
    let all = [Sampler::Random, Sampler::Sobol].map(|sampler| drawn(sampler, full_space().unwrap(), 3, 100)).concat();
    all.iter().map(|params| format!("trial {params}\n")).collect()
}

#[test]
fn the_same_seed_gives_the_same_trials_in_another_process() {
    if env::var_os(CHILD).is_some() {
        println!("\n{}", trials_as_text());
        return;
    }
    let output = Command::new(env::current_exe().unwrap())
        .args(["--exact", "the_same_seed_gives_the_same_trials_in_another_process", "--nocapture"])
        .env(CHILD, "1")
        .output()
        .unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let trials: String =
        text.lines().filter(|line| line.starts_with("trial ")).map(|line| format!("{line}\n")).collect();
    assert_eq!(trials, trials_as_text());
}
