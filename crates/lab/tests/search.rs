//! Laws of a search.

mod tables;

use caviar_lab::{
    Board, ErrorKind, Event, Experiment, Finished, Flow, Keep, LabError, Part, Quiet, Recipe, TrialRecord, TuneOptions,
    Validated, Workers, train, tune,
};
use caviar_tune::TrialState;
use tables::{Numbers, brief, kinds, prices, short, with_test, write};

/// All of a run but its clock.
fn outcome(finished: &Finished) -> (Vec<u8>, String) {
    let trial = |trial: &TrialRecord| TrialRecord { seconds: 0.0, ..trial.clone() };
    let trials: Vec<TrialRecord> = finished.trials.iter().map(trial).collect();
    let order: Vec<u64> = finished.leaderboard().iter().map(|trial| trial.number).collect();
    let told = format!("{:?} {order:?} {trials:?} {:?} {:?}", finished.best, finished.validation, finished.steps);
    (finished.model.file().unwrap().to_bytes().unwrap(), told)
}

fn searched(experiment: &Experiment, options: &TuneOptions, threads: usize) -> Finished {
    tune(experiment, options, &Workers::new(threads), &mut Quiet).unwrap()
}

#[test]
fn a_search_is_the_same_for_any_number_of_threads() {
    let folder = tempfile::tempdir().unwrap();
    let table = write(&folder, "kinds.csv", &kinds(67, 1));
    let held_out = write(&folder, "held_out.csv", &kinds(30, 2));
    let folded = with_test("kind", &held_out);
    let kept = caviar_lab::DataOptions { validation: Part::File(held_out.clone()), ..folded.clone() };
    for options in [folded, kept] {
        let experiment = Experiment::prepare(&table, &options).unwrap();
        let one = outcome(&searched(&experiment, &short(10), 1));
        for threads in [2, 3, 7] {
            assert!(outcome(&searched(&experiment, &short(10), threads)) == one, "{threads} threads");
        }
    }
}

#[test]
fn test_rows_take_part_in_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let table = write(&folder, "prices.csv", &prices(60, 3));
    let mut noise = String::from("c,a,price,b\n");
    let mut numbers = Numbers(9);
    for _ in 0..25 {
        let mut number = || 1e6 * (numbers.next() - 0.5);
        noise.push_str(&format!("{},{},{},{}\n", number(), number(), number(), number()));
    }
    let (real, noise) = (write(&folder, "real.csv", &prices(20, 4)), write(&folder, "noise.csv", &noise));
    let run = |test| {
        let experiment = Experiment::prepare(&table, &with_test("price", test)).unwrap();
        searched(&experiment, &short(8), 2)
    };
    let (of_real, of_noise) = (run(&real), run(&noise));
    assert_ne!(of_real.test, of_noise.test);
    assert!(outcome(&of_real) == outcome(&of_noise));
}

#[test]
fn test_rows_dealt_from_the_table_take_part_in_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let text = kinds(70, 5);
    let options = caviar_lab::DataOptions::new("kind");
    let table = write(&folder, "kinds.csv", &text);
    let experiment = Experiment::prepare(&table, &options).unwrap();
    let before = searched(&experiment, &short(8), 2);
    // Which rows are test rows is seen from the points of the report: no feature of the search says so.
    let plane = write(&folder, "plane.csv", &text.replace(",red", ",0").replace(",green", ",0").replace(",blue", ",0"));
    let seen = train(&Experiment::prepare(&plane, &options).unwrap(), &brief(), &Workers::new(1), &mut Quiet).unwrap();
    let test: Vec<[f64; 2]> = seen.surface.unwrap().points.iter().filter(|p| p.test).map(|p| p.at).collect();
    assert_eq!(test.len(), 14);
    let noisy = |line: &str| {
        let cells: Vec<&str> = line.split(',').collect();
        let at = [cells[0].parse().unwrap_or(f64::NAN), cells[1].parse().unwrap_or(f64::NAN)];
        if test.contains(&at) { format!("77.5,-99,violet,{}\n", cells[3]) } else { format!("{line}\n") }
    };
    let noisy = write(&folder, "noisy.csv", &text.lines().map(noisy).collect::<String>());
    let after = searched(&Experiment::prepare(&noisy, &options).unwrap(), &short(8), 2);
    assert_ne!(before.test, after.test);
    assert!(outcome(&before) == outcome(&after));
}

#[test]
fn test_rows_of_one_class_without_answers_change_their_figures_alone() {
    let folder = tempfile::tempdir().unwrap();
    let table = write(&folder, "kinds.csv", &kinds(67, 5));
    let test = kinds(30, 6);
    let blank = test.replace(",above\n", ",\n");
    let run = |name, test: &str| {
        let test = write(&folder, name, test);
        searched(&Experiment::prepare(&table, &with_test("kind", &test)).unwrap(), &short(6), 2)
    };
    let (whole, part) = (run("whole.csv", &test), run("part.csv", &blank));
    let rest = test.matches(",below\n").count();
    assert!(rest > 0 && rest < 30);
    assert_eq!((whole.data.test, part.data.test), (30, rest));
    assert_ne!(whole.test, part.test);
    assert!(outcome(&whole) == outcome(&part));
}

#[test]
fn a_network_alone_is_the_network_in_the_crowd() {
    let folder = tempfile::tempdir().unwrap();
    let table = write(&folder, "kinds.csv", &kinds(80, 6));
    let held_out = write(&folder, "held_out.csv", &kinds(40, 7));
    let options = caviar_lab::DataOptions { validation: Part::File(held_out), ..caviar_lab::DataOptions::new("kind") };
    let experiment = Experiment::prepare(&table, &options).unwrap();
    let crowd = searched(&experiment, &TuneOptions { keep: Keep::Best, ..short(12) }, 3);
    assert_eq!(crowd.validated, Validated::HeldOut);
    let alone = train(&experiment, &crowd.best.recipe, &Workers::new(2), &mut Quiet).unwrap();
    assert_eq!(alone.trials[0].curve, crowd.trials[crowd.best.trial as usize].curve);
    assert!(alone.model.file().unwrap() == crowd.model.file().unwrap());
    assert_eq!((&alone.test, &alone.train), (&crowd.test, &crowd.train));
}

#[test]
fn trials_that_diverge_leave_the_others_alone() {
    let folder = tempfile::tempdir().unwrap();
    let table = write(&folder, "prices.csv", &prices(60, 8));
    let experiment = Experiment::prepare(&table, &caviar_lab::DataOptions::new("price")).unwrap();
    let base = Recipe { learning_rate: 1e30, optimizer: caviar_engine::optim::Optimizer::Descent, ..brief() };
    let fixed = ["learning-rate", "optimizer"].map(str::to_owned).into();
    let options = TuneOptions { base, fixed, ..short(4) };
    let error = tune(&experiment, &options, &Workers::new(2), &mut Quiet).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NoTrial);
    assert!(matches!(&error, LabError::NoTrial { trials: 4, diverged: 4, first: Some(_), failure: None }), "{error}");

    let alone = train(&experiment, &options.base, &Workers::new(1), &mut Quiet).unwrap_err();
    assert_eq!(alone.kind(), ErrorKind::NoTrial);

    // A rate at which deep networks explode and linear ones do not.
    let base = Recipe { learning_rate: 0.7, ..options.base.clone() };
    let finished = searched(&experiment, &TuneOptions { base, ..TuneOptions { trials: Some(16), ..options } }, 2);
    assert!(finished.trials.iter().any(|trial| trial.state == TrialState::Diverged && trial.score.is_none()));
    assert!(finished.trials.iter().any(|trial| trial.state == TrialState::Complete));
}

#[test]
fn what_is_fixed_is_not_searched() {
    let folder = tempfile::tempdir().unwrap();
    let table = write(&folder, "kinds.csv", &kinds(50, 10));
    let experiment = Experiment::prepare(&table, &caviar_lab::DataOptions::new("kind")).unwrap();
    let base = Recipe { dropout: 0.25, l2: 0.5, ..brief() };
    let fixed = ["hidden", "learning-rate", "dropout", "l2"].map(str::to_owned).into();
    let finished = searched(&experiment, &TuneOptions { base: base.clone(), fixed, ..short(6) }, 2);
    for trial in &finished.trials {
        assert_eq!(trial.params.word("hidden"), Some("9,5"));
        assert_eq!(trial.params.number("learning_rate"), Some(0.01));
        assert_eq!((trial.params.number("dropout"), trial.params.number("l2")), (Some(0.25), Some(0.5)));
    }
    assert_eq!(finished.best.recipe.hidden, base.hidden);
    let unknown = TuneOptions { fixed: ["learning-rat".to_owned()].into(), ..short(2) };
    let error = tune(&experiment, &unknown, &Workers::new(1), &mut Quiet).unwrap_err();
    assert!(error.to_string().contains("`learning-rate`"), "{error}");
}

#[test]
fn a_grid_tries_evenly_spread_values() {
    let folder = tempfile::tempdir().unwrap();
    let table = write(&folder, "kinds.csv", &kinds(50, 10));
    let experiment = Experiment::prepare(&table, &caviar_lab::DataOptions::new("kind")).unwrap();
    let method = caviar_lab::Method::Grid;
    let finished = searched(&experiment, &TuneOptions { base: brief(), method, ..short(8) }, 2);
    let mut rates: Vec<f64> = finished.trials.iter().filter_map(|trial| trial.params.number("learning_rate")).collect();
    rates.dedup();
    assert_eq!((finished.trials.len(), rates.len()), (8, 2));
}

/// Counts events, and stops the run at the first epoch where it shall.
struct Counting {
    started: usize,
    epochs: usize,
    trials: usize,
    stop: bool,
}

impl Board for Counting {
    fn post(&mut self, event: &Event) -> Flow {
        match event {
            Event::Started(_) => self.started += 1,
            Event::Epoch(_) => self.epochs += 1,
            Event::Trial(_) => self.trials += 1,
            Event::Steered(_) | Event::Finished(_) => {}
        }
        if self.stop && self.epochs > 0 { Flow::Stop } else { Flow::Continue }
    }
}

#[test]
fn a_search_that_is_stopped_keeps_the_best_so_far() {
    let folder = tempfile::tempdir().unwrap();
    let table = write(&folder, "kinds.csv", &kinds(60, 11));
    let experiment = Experiment::prepare(&table, &caviar_lab::DataOptions::new("kind")).unwrap();
    let mut board = Counting { started: 0, epochs: 0, trials: 0, stop: true };
    let finished = tune(&experiment, &short(10_000), &Workers::new(2), &mut board).unwrap();
    assert!(finished.interrupted && finished.trials.len() < 10_000 && finished.test.is_some());

    let mut board = Counting { started: 0, epochs: 0, trials: 0, stop: false };
    let finished = tune(&experiment, &short(9), &Workers::new(2), &mut board).unwrap();
    assert!(!finished.interrupted);
    assert_eq!((board.started, finished.trials.len()), (1, 9));
    assert!(board.trials >= 18 && board.epochs >= 9);
}

#[test]
fn a_time_is_kept() {
    let folder = tempfile::tempdir().unwrap();
    let table = write(&folder, "kinds.csv", &kinds(400, 12));
    let experiment = Experiment::prepare(&table, &caviar_lab::DataOptions::new("kind")).unwrap();
    let options = TuneOptions {
        time: Some(std::time::Duration::from_millis(300)),
        epochs: 100_000,
        base: Recipe { patience: Some(100_000), ..Recipe::default() },
        ..TuneOptions::default()
    };
    let finished = searched(&experiment, &options, 2);
    assert!(finished.trials.iter().any(|trial| trial.state == TrialState::Complete));
    // Generous, because the machine may be busy; a trial left alone would take minutes.
    assert!(finished.seconds < 20.0, "{} s", finished.seconds);
}

#[test]
fn a_budget_is_paid_trial_by_trial() {
    let folder = tempfile::tempdir().unwrap();
    let table = write(&folder, "kinds.csv", &kinds(60, 13));
    let experiment = Experiment::prepare(&table, &caviar_lab::DataOptions::new("kind")).unwrap();
    let options = TuneOptions { trials: None, budget: Some(20), ..short(1) };
    assert_eq!(searched(&experiment, &options, 2).trials.len(), 3);
    let little = TuneOptions { budget: Some(2), ..options };
    let finished = searched(&experiment, &little, 2);
    assert_eq!((finished.trials.len(), finished.trials[0].epochs), (1, 2));
}

#[test]
fn a_search_beats_the_answer_that_looks_at_no_feature() {
    let folder = tempfile::tempdir().unwrap();
    let table = write(&folder, "kinds.csv", &kinds(250, 14));
    let experiment = Experiment::prepare(&table, &caviar_lab::DataOptions::new("kind")).unwrap();
    let finished = searched(&experiment, &TuneOptions { trials: Some(8), epochs: 30, ..TuneOptions::default() }, 2);
    let accuracy = |figures: &caviar_lab::Figures| figures.get(caviar_engine::train::Metric::Accuracy).unwrap();
    let (network, baseline) = (accuracy(finished.test.as_ref().unwrap()), accuracy(&finished.baselines[0].figures));
    assert!(network > 0.85 && baseline < 0.75, "{network} {baseline}");
    let confusion = finished.confusion.unwrap();
    assert_eq!((confusion.part, confusion.counts.iter().sum::<u64>()), ("test", 50));
}
