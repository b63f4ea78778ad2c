//! Laws of the study.

use caviar_tune::{
    Ask, Budget, End, Outcome, Parameter, Params, Sampler, Scale, SearchError, Slice, Space, Study, TrialState, Value,
    conformance,
};

fn space() -> Space {
    Space::new(vec![
        Parameter::new("learning_rate", Scale::log(1e-4, 1.0).unwrap()),
        Parameter::new("layers", Scale::integer(1, 3).unwrap()),
    ])
    .unwrap()
}

fn study(trials: u64) -> Study {
    Study::new(space(), Sampler::Random, Budget::trials(trials, 10).unwrap())
}

fn ask(study: &mut Study) -> Slice {
    match study.ask(&conformance::keyed_uniform(0)) {
        Ask::Train(slice) => slice,
        other @ (Ask::Wait | Ask::Finished(_)) => panic!("{other:?}"),
    }
}

fn end(study: &mut Study) -> End {
    match study.ask(&conformance::keyed_uniform(0)) {
        Ask::Train(slice) => panic!("one more: {slice:?}"),
        Ask::Wait => panic!("it waits"),
        Ask::Finished(end) => end,
    }
}

fn complete(score: f64) -> Outcome {
    Outcome::Complete { score, epochs: 10 }
}

#[test]
fn the_best_has_the_lowest_score_and_of_equal_ones_the_lower_number() {
    let mut study = study(6);
    let trials: Vec<u64> = (0..6).map(|_| ask(&mut study).trial).collect();
    assert_eq!(trials, [0, 1, 2, 3, 4, 5]);
    assert!(study.best().is_none());
    for (trial, score) in [(5, 0.0), (3, -0.0), (1, 2.0), (4, 7.0), (0, f64::NAN)] {
        study.tell(trial, complete(score)).unwrap();
    }
    study.tell(2, Outcome::Failed { epochs: 1 }).unwrap();
    let order: Vec<u64> = study.leaderboard().iter().map(|trial| trial.number).collect();
    assert_eq!(order, [3, 5, 1, 4], "-0 and 0 are equal");
    assert_eq!(study.best().unwrap().number, 3);
    assert_eq!(study.trials()[0].state, TrialState::Diverged, "a score that is not finite is no score");
}

#[test]
fn only_complete_trials_lead() {
    let mut study = study(4);
    (0..4).for_each(|_| drop(ask(&mut study)));
    study.tell(0, Outcome::Pruned { score: 0.1, epochs: 2 }).unwrap();
    study.tell(1, Outcome::Paused { epochs: 3 }).unwrap();
    study.tell(2, Outcome::Diverged { epochs: 3 }).unwrap();
    assert!(study.best().is_none());
    study.tell(3, complete(5.0)).unwrap();
    assert_eq!(study.best().unwrap().number, 3);
    assert_eq!(study.trials()[0].score, Some(0.1));
}

#[test]
fn the_budget_of_trials_and_of_epochs_is_kept() {
    let mut by_trials = study(3);
    (0..3).for_each(|_| assert_eq!(ask(&mut by_trials).to_epoch, 10));
    assert_eq!(end(&mut by_trials), End::BudgetSpent);
    let budget = |total| Budget::trials(100, 10).unwrap().with_total_epochs(total).unwrap();
    for (total, epochs) in [(35, vec![10; 3]), (30, vec![10; 3]), (10, vec![10]), (7, vec![7])] {
        let mut study = Study::new(space(), Sampler::Random, budget(total));
        for expected in epochs {
            assert_eq!(ask(&mut study).to_epoch, expected);
        }
        assert_eq!(end(&mut study), End::BudgetSpent, "{total}");
    }
    assert!(matches!(Budget::trials(0, 10), Err(SearchError::EmptyBudget { .. })));
    assert!(matches!(Budget::trials(10, 0), Err(SearchError::EmptyBudget { .. })));
    assert!(Budget::trials(1, 1).unwrap().with_total_epochs(0).is_err());
}

#[test]
fn a_closed_study_asks_for_nothing_and_still_listens() {
    let mut study = study(3);
    let slice = ask(&mut study);
    study.close();
    assert_eq!(end(&mut study), End::Closed);
    study.tell(slice.trial, complete(1.0)).unwrap();
    assert_eq!(study.best().unwrap().number, 0);
}

#[test]
fn starting_points_come_first_and_what_they_leave_out_is_drawn() {
    let mut study = study(10);
    let whole: Params = [("learning_rate", Value::from(0.01)), ("layers", Value::from(2))].into_iter().collect();
    let part: Params = [("layers", Value::from(3))].into_iter().collect();
    study.enqueue(&whole).unwrap();
    study.enqueue(&whole).unwrap();
    study.enqueue(&part).unwrap();
    assert_eq!(ask(&mut study).params, whole);
    let second = ask(&mut study);
    assert_eq!(second.params.integer("layers"), Some(3), "the repeated point is passed over");
    assert!(study.space().check(&second.params).is_ok());
    let error = study.enqueue(&part).unwrap_err();
    assert_eq!(error, SearchError::AlreadyStarted { trials: 2 });
    let third = ask(&mut study);
    assert!(study.space().check(&third.params).is_ok());
}

#[test]
fn starting_points_change_no_other_trial() {
    let (mut plain, mut started) = (study(5), study(5));
    started.enqueue(&[("layers", Value::from(3))].into_iter().collect()).unwrap();
    let plain: Vec<Params> = (0..5).map(|_| ask(&mut plain).params).collect();
    let started: Vec<Params> = (0..5).map(|_| ask(&mut started).params).collect();
    assert_eq!(plain[1..], started[1..]);
}

#[test]
fn reports_are_kept_while_a_trial_runs() {
    let mut study = study(2);
    let slice = ask(&mut study);
    for (epoch, score) in [(0, 3.0), (1, f64::INFINITY), (2, 1.0)] {
        study.report(slice.trial, epoch, score).unwrap();
    }
    let trial = &study.trials()[0];
    assert_eq!(trial.curve.iter().map(|(&epoch, &score)| (epoch, score)).collect::<Vec<_>>(), [(0, 3.0), (2, 1.0)]);
    assert_eq!(trial.epochs, 3);
    study.tell(slice.trial, complete(1.0)).unwrap();
    let error = study.report(slice.trial, 3, 1.0).unwrap_err();
    assert_eq!(error.to_string(), "trial 0 is complete: only a running trial can do that");
    assert!(matches!(study.tell(0, complete(2.0)), Err(SearchError::WrongState { .. })));
    assert_eq!(study.tell(9, complete(2.0)), Err(SearchError::UnknownTrial { trial: 9, trials: 1 }));
}

#[test]
fn a_paused_trial_goes_on_where_it_stopped() {
    let mut study = study(2);
    let slice = ask(&mut study);
    study.tell(slice.trial, Outcome::Paused { epochs: 4 }).unwrap();
    let rest = study.resume(slice.trial).unwrap();
    assert_eq!((rest.from_epoch, rest.to_epoch), (4, 10));
    assert_eq!(rest.params, slice.params);
    assert!(study.resume(slice.trial).is_err(), "it runs already");
    study.tell(slice.trial, complete(1.0)).unwrap();
}

#[test]
fn random_search_uses_up_a_finite_space_and_stops() {
    let space = || {
        // The rare zero is found although draws hardly ever hit it.
        let rare = Scale::zero_or(1e-9, Scale::integer(1, 4).unwrap()).unwrap();
        Space::new(vec![Parameter::new("a", rare), Parameter::new("b", Scale::choice(["x", "y"]).unwrap())]).unwrap()
    };
    let mut study = Study::new(space(), Sampler::Random, Budget::trials(100, 1).unwrap());
    let distinct: std::collections::BTreeSet<Params> = (0..10).map(|_| ask(&mut study).params).collect();
    assert_eq!(distinct.len(), 10);
    assert_eq!(end(&mut study), End::SpaceExhausted);
}

#[test]
fn a_space_without_parameters_has_one_trial() {
    let mut study = Study::new(Space::new(vec![]).unwrap(), Sampler::Random, Budget::trials(5, 1).unwrap());
    assert!(ask(&mut study).params.is_empty());
    assert_eq!(end(&mut study), End::SpaceExhausted);
}

#[test]
fn twenty_five_random_points_try_twenty_five_rates_and_a_grid_five() {
    let space = || {
        let unit = || Scale::linear(0.0, 1.0).unwrap();
        Space::new(vec![Parameter::new("a", unit()), Parameter::new("b", unit())]).unwrap()
    };
    let different = |sampler| {
        let mut study = Study::new(space(), sampler, Budget::trials(25, 1).unwrap());
        let tried: std::collections::BTreeSet<Value> =
            (0..25).filter_map(|_| ask(&mut study).params.get("a").cloned()).collect();
        tried.len()
    };
    assert_eq!(different(Sampler::Random), 25);
    assert_eq!(different(Sampler::grid(5).unwrap()), 5);
    assert!(Sampler::grid(0).is_err());
}

#[test]
fn draws_that_are_broken_end_the_study_instead_of_hanging_it() {
    let mut study = study(50);
    let mut trials = 0;
    while let Ask::Train(slice) = study.ask(&|_, _| f64::NAN) {
        assert!(study.space().check(&slice.params).is_ok());
        trials += 1;
    }
    assert_eq!(trials, 50, "the grid behind the draws has new ones");
}
