//! Zoom and halving, driven by closed-form learning curves.

use caviar_tune::conformance::{drive, full_space, keyed_uniform};
use caviar_tune::{Ask, Budget, Outcome, Parameter, Params, Sampler, Scale, Slice, Space, Study, TrialState};

/// Three axes with the optimum inside, on a wall, and at an exact zero.
fn space() -> Space {
    Space::new(vec![
        Parameter::new("learning_rate", Scale::log(1e-4, 1.0).unwrap()),
        Parameter::new("batch", Scale::log_integer(8, 512).unwrap()),
        Parameter::new("dropout", Scale::zero_or(0.3, Scale::linear(0.05, 0.6).unwrap()).unwrap()),
    ])
    .unwrap()
}

/// `asymptote + start · epochs^(-rate)`: the best learning rate is 0.01, the best batch 8, the best dropout 0.
fn curve(params: &Params, epochs: u64) -> f64 {
    let rate = params.number("learning_rate").unwrap().log10() + 2.0;
    let batch = (params.number("batch").unwrap() / 8.0).log2();
    let asymptote = 0.1 + 0.05 * rate * rate + 0.02 * batch + 0.3 * params.number("dropout").unwrap();
    asymptote + 0.5 * (epochs as f64).powf(-0.7)
}

fn driven(mut study: Study, seed: u64) -> (Study, Vec<Slice>) {
    let slices = drive(&mut study, &keyed_uniform(seed), &curve, 3, false).unwrap();
    (study, slices)
}

fn budget(epochs: u64) -> Budget {
    Budget::trials(1_000_000, 50).unwrap().with_total_epochs(epochs).unwrap()
}

fn paid(slices: &[Slice]) -> u64 {
    slices.iter().map(|slice| slice.to_epoch - slice.from_epoch).sum()
}

#[test]
fn a_third_goes_on_at_each_rung() {
    let (study, slices) = driven(Study::zoom(space(), budget(158)), 1);
    assert!(slices.iter().all(|slice| [2, 6, 18, 50].contains(&slice.to_epoch)));
    let reaching = |trials: u64| {
        let (study, slices) = driven(Study::zoom(space(), Budget::trials(trials, 50).unwrap()), 1);
        assert_eq!(study.trials().len() as u64, trials);
        [2, 6, 18, 50].map(|rung| slices.iter().filter(|slice| slice.to_epoch == rung).count())
    };
    // One generation: 1 · 50. Two: 16 of 27 and 11, thus 5 + 4, 2 + 1 and 1 + 1.
    assert_eq!((reaching(1), reaching(27)), ([1, 1, 1, 1], [27, 9, 3, 2]));
    let full = study.trials().iter().filter(|trial| trial.state == TrialState::Complete);
    assert!(full.clone().count() > 0 && full.into_iter().all(|trial| trial.epochs == 50));
    assert!(study.trials().iter().all(|trial| [TrialState::Complete, TrialState::Pruned].contains(&trial.state)));
}

#[test]
fn a_budget_of_epochs_is_spent_and_kept() {
    for total in [1, 7, 49, 50, 60, 158, 500, 1234, 5000] {
        let (study, slices) = driven(Study::zoom(space(), budget(total)), 2);
        assert!(paid(&slices) <= total, "{} of {total}", paid(&slices));
        assert!(paid(&slices) * 100 >= total * if total < 500 { 60 } else { 95 }, "{} of {total}", paid(&slices));
        assert!(study.best().is_some(), "one trial at least is trained in full");
    }
}

#[test]
fn it_finds_more_with_less_than_random_search_does() {
    let mean = |make: &dyn Fn() -> Study| {
        (0..20).map(|seed| driven(make(), seed).0.best().unwrap().score.unwrap()).sum::<f64>() / 20.0
    };
    let floor = 0.1 + 0.5 * 50_f64.powf(-0.7);
    for epochs in [500, 2500] {
        let zoomed = mean(&|| Study::zoom(space(), budget(epochs))) - floor;
        let random = mean(&|| Study::new(space(), Sampler::Random, budget(epochs))) - floor;
        assert!(zoomed < 0.4 * random, "{epochs} epochs: {zoomed} and {random}");
    }
}

#[test]
fn walls_and_zeros_are_reached_exactly() {
    let (study, _) = driven(Study::zoom(space(), budget(2500)), 3);
    let best = &study.best().unwrap().params;
    assert_eq!((best.integer("batch"), best.number("dropout")), (Some(8), Some(0.0)));
}

#[test]
fn a_trial_that_stopped_is_revived_when_it_is_among_the_best() {
    // Later generations are worse than the first one: its trials take the places.
    let mut asked = 0;
    let mut study = Study::zoom(space(), Budget::trials(200, 50).unwrap());
    let worse = |params: &Params, epochs: u64| if epochs == 2 { -params.number("learning_rate").unwrap() } else { 1.0 };
    let uniform = keyed_uniform(4);
    let slices = drive(&mut study, &uniform, &worse, 5, true).unwrap();
    let mut newest = 0;
    for slice in &slices {
        newest = newest.max(slice.trial);
        asked += u64::from(slice.from_epoch > 0 && slice.trial + 70 < newest);
    }
    assert!(asked > 0, "no trial of an earlier generation went on");
}

#[test]
fn trials_that_fail_or_diverge_do_not_hold_the_others_up() {
    let mut study = Study::zoom(space(), Budget::trials(40, 50).unwrap());
    let uniform = keyed_uniform(5);
    let mut running = Vec::new();
    loop {
        match study.ask(&uniform) {
            Ask::Train(slice) => running.push(slice),
            Ask::Wait => {
                for slice in running.drain(..) {
                    let epochs = slice.to_epoch;
                    let outcome = match slice.trial % 4 {
                        0 => Outcome::Failed { epochs },
                        1 => Outcome::Diverged { epochs },
                        2 => Outcome::Complete { score: f64::NAN, epochs },
                        _ => Outcome::Complete { score: curve(&slice.params, epochs), epochs },
                    };
                    study.tell(slice.trial, outcome).unwrap();
                }
            }
            Ask::Finished(_) => break,
        }
    }
    assert_eq!(study.trials().len(), 40);
    assert!(study.best().is_some_and(|best| best.number % 4 == 3));
    assert!(study.trials().iter().all(|trial| trial.epochs == 2 || trial.number % 4 == 3));
}

#[test]
fn patience_ends_a_trial_early_and_it_still_counts_at_its_rung() {
    let mut study = Study::zoom(space(), Budget::trials(9, 50).unwrap());
    let uniform = keyed_uniform(6);
    let mut running = Vec::new();
    let mut from = Vec::new();
    loop {
        match study.ask(&uniform) {
            Ask::Train(slice) => running.push(slice),
            Ask::Wait => {
                for slice in running.drain(..) {
                    from.push(slice.from_epoch);
                    // Nobody gets beyond ten epochs.
                    let epochs = slice.to_epoch.min(10);
                    study.tell(slice.trial, Outcome::Complete { score: slice.trial as f64, epochs }).unwrap();
                }
            }
            Ask::Finished(_) => break,
        }
    }
    assert_eq!(study.best().map(|best| (best.number, best.epochs)), Some((0, 10)));
    assert!(from.contains(&10), "it goes on from where it is");
}

#[test]
fn a_small_space_is_used_up_and_its_best_trained_in_full() {
    let small = Space::new(vec![Parameter::new("a", Scale::integer(1, 5).unwrap())]).unwrap();
    let mut study = Study::zoom(small, Budget::trials(100, 50).unwrap());
    drive(&mut study, &keyed_uniform(7), &|params, _| params.number("a").unwrap(), 4, false).unwrap();
    assert_eq!(study.trials().len(), 5);
    assert_eq!(study.best().unwrap().params.integer("a"), Some(1));
}

#[test]
fn starting_points_come_first() {
    let mut study = Study::zoom(full_space().unwrap(), Budget::trials(30, 50).unwrap());
    let point: Params = [("optimizer", "momentum".into()), ("beta", 0.95.into())].into_iter().collect();
    study.enqueue(&point).unwrap();
    study.enqueue(&point).unwrap();
    let uniform = keyed_uniform(8);
    for _ in 0..2 {
        let Ask::Train(slice) = study.ask(&uniform) else { panic!("no trial") };
        assert_eq!((slice.params.word("optimizer"), slice.params.number("beta")), (Some("momentum"), Some(0.95)));
        assert!(study.space().check(&slice.params).is_ok());
    }
}

#[test]
fn a_budget_that_turns_out_larger_or_smaller_is_used_as_it_is() {
    // The clock is known after the first trials only.
    for real in [200, 1000, 5000] {
        let mut study = Study::zoom_in_time(space(), Budget::trials(1_000_000, 50).unwrap());
        let uniform = keyed_uniform(9);
        let (mut running, mut paid, mut told) = (Vec::<Slice>::new(), 0, 0);
        loop {
            match study.ask(&uniform) {
                Ask::Train(slice) => {
                    paid += slice.to_epoch - slice.from_epoch;
                    running.push(slice);
                }
                Ask::Wait => {
                    for slice in running.drain(..) {
                        let (score, epochs) = (curve(&slice.params, slice.to_epoch), slice.to_epoch);
                        study.tell(slice.trial, Outcome::Complete { score, epochs }).unwrap();
                    }
                    told += 1;
                    study.set_epochs_left(real - paid);
                }
                Ask::Finished(_) => break,
            }
        }
        assert!(told > 4 && paid <= real && paid * 10 > real * 8, "{paid} of {real}");
        assert!(study.best().is_some());
    }
}

#[test]
fn the_order_of_results_decides_nothing_in_the_smallest_searches() {
    // Generations of few trials: the best of those before must be known before the first result of their own.
    for total in (20..400).step_by(7) {
        let slices = |workers, backwards| {
            let mut study = Study::zoom(space(), budget(total));
            drive(&mut study, &keyed_uniform(10), &curve, workers, backwards).unwrap()
        };
        let alone = slices(1, false);
        assert!(
            [(4, false), (4, true), (9, true)].iter().all(|&(workers, back)| slices(workers, back) == alone),
            "{total}"
        );
    }
}
