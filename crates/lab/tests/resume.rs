//! What is left and taken up again ends with the bits of what was never disturbed.

mod tables;

use std::path::Path;

use caviar_engine::train::{Change, Metric};
use caviar_lab::{
    BatchRows, Board, DataOptions, ErrorKind, Event, Experiment, Finished, Flow, Halt, Interrupt, LabError, Ledger,
    Part, Quiet, Recipe, Steer, Steering, StudyAbout, TrialRecord, TuneOptions, Workers, train, train_steered, tune,
};
use caviar_store::study::{StudyReader, StudyState};
use tables::{kinds, prices, short, write};

/// All of a run but its clock.
fn outcome(finished: &Finished) -> (Vec<u8>, String) {
    let trial = |trial: &TrialRecord| TrialRecord { seconds: 0.0, ..trial.clone() };
    let trials: Vec<TrialRecord> = finished.trials.iter().map(trial).collect();
    let told = format!("{:?} {trials:?} {:?} {:?}", finished.best, finished.validation, finished.steps);
    (finished.model.file().unwrap().to_bytes().unwrap(), told)
}

/// The trials of a study but their clocks.
fn trials(path: &Path) -> Vec<String> {
    let without_seconds = |details: &str| {
        let mut details: serde_json::Value = serde_json::from_str(details).unwrap();
        details["seconds"] = 0.into();
        details.to_string()
    };
    let trials = StudyReader::open(path).unwrap().trials().unwrap();
    let row = |trial: &caviar_store::study::TrialRow| {
        format!(
            "{:?} {}",
            (trial.number, &trial.state, &trial.params, trial.score, trial.epochs),
            without_seconds(&trial.details)
        )
    };
    trials.iter().map(row).collect()
}

fn about() -> StudyAbout {
    StudyAbout { command: "tune".into(), metric: Metric::Loss, trials: None, epochs: 6 }
}

fn begin(path: &Path) -> Ledger {
    Ledger::create(path, &about(), "caviar tune", "", &[]).unwrap()
}

/// Sets a flag after so many events.
struct Fuse {
    events: usize,
    interrupt: Interrupt,
}

impl Board for Fuse {
    fn post(&mut self, _: &Event) -> Flow {
        match self.events.checked_sub(1) {
            Some(left) => self.events = left,
            None => self.interrupt.set(),
        }
        Flow::Continue
    }
}

/// Searches in as many pieces as it takes, each interrupted after more events than the one before.
fn in_pieces(
    experiment: &Experiment,
    options: &TuneOptions,
    path: &Path,
    pieces: &[(usize, usize)],
) -> (Finished, usize) {
    let mut left = 0;
    for &(threads, events) in pieces {
        let ledger = if path.exists() { Ledger::open(path).unwrap() } else { begin(path) };
        let workers = Workers { ledger, ..Workers::new(threads) };
        let mut fuse = Fuse { events, interrupt: workers.interrupt.clone() };
        match tune(experiment, options, &workers, &mut fuse) {
            Ok(finished) => return (finished, left),
            Err(error) => assert!(matches!(error, LabError::Left) && error.kind() == ErrorKind::Interrupted, "{error}"),
        }
        workers.ledger.end(StudyState::Stopped, None).unwrap();
        left += 1;
    }
    let workers = Workers { ledger: Ledger::open(path).unwrap(), ..Workers::new(2) };
    (tune(experiment, options, &workers, &mut Quiet).unwrap(), left)
}

fn check_search(experiment: &Experiment, options: &TuneOptions, folder: &Path, pieces: &[(usize, usize)]) {
    let whole = tune(experiment, options, &Workers::new(2), &mut Quiet).unwrap();
    let undisturbed = folder.join("undisturbed.db");
    let workers = Workers { ledger: begin(&undisturbed), ..Workers::new(3) };
    let written = tune(experiment, options, &workers, &mut Quiet).unwrap();
    drop(workers);
    assert!(outcome(&written) == outcome(&whole), "writing it down changes something");
    let path = folder.join("study.db");
    let (finished, left) = in_pieces(experiment, options, &path, pieces);
    assert!(left >= 3, "it was left {left} times");
    assert_eq!(outcome(&finished).1, outcome(&whole).1, "taken up again it is another one");
    assert!(outcome(&finished) == outcome(&whole), "taken up again it is another one");
    assert_eq!(trials(&path), trials(&undisturbed));
    assert!(!folder.join("undisturbed.db-wal").exists(), "a study that is closed is one file");
    // Taken up once more, nothing is trained, and all is the same.
    let workers = Workers { ledger: Ledger::open(&path).unwrap(), ..Workers::new(1) };
    assert!(outcome(&tune(experiment, options, &workers, &mut Quiet).unwrap()) == outcome(&whole));
}

#[test]
fn a_cross_validated_search_in_pieces_is_the_whole_search() {
    let folder = tempfile::tempdir().unwrap();
    let table = write(&folder, "kinds.csv", &kinds(90, 1));
    let experiment = Experiment::prepare(&table, &DataOptions::new("kind")).unwrap();
    let pieces = [(1, 1), (2, 9), (3, 30), (2, 60), (1, 90), (2, 100), (2, 130)];
    check_search(&experiment, &short(13), folder.path(), &pieces);
}

#[test]
fn a_held_out_search_in_pieces_is_the_whole_search() {
    let folder = tempfile::tempdir().unwrap();
    let table = write(&folder, "prices.csv", &prices(300, 2));
    let held_out = write(&folder, "held_out.csv", &prices(80, 3));
    let options = DataOptions { validation: Part::File(held_out), ..DataOptions::new("price") };
    let experiment = Experiment::prepare(&table, &options).unwrap();
    let pieces = [(2, 0), (1, 5), (2, 11), (5, 30), (1, 41), (2, 60)];
    check_search(&experiment, &short(12), folder.path(), &pieces);
}

#[test]
fn trials_too_large_to_be_kept_are_trained_anew_and_are_the_same() {
    let folder = tempfile::tempdir().unwrap();
    let table = write(&folder, "prices.csv", &prices(120, 2));
    let held_out = write(&folder, "held_out.csv", &prices(80, 3));
    let options = DataOptions { validation: Part::File(held_out), ..DataOptions::new("price") };
    let experiment = Experiment::prepare(&table, &options).unwrap();
    // 40,000 weights in four copies of four bytes are more than 256 KiB.
    let base = Recipe { hidden: vec![200, 200], ..short(9).base };
    let options = TuneOptions { base, fixed: ["hidden".to_owned()].into(), ..short(9) };
    let pieces = [(2, 0), (1, 9), (2, 16), (3, 30)];
    check_search(&experiment, &options, folder.path(), &pieces);
}

/// Sets a flag after so many updates, in the middle of an epoch.
struct Stopwatch {
    at: u64,
    interrupt: Interrupt,
    wishes: Vec<(u64, Steer)>,
}

impl Steering for Stopwatch {
    fn next(&mut self, steps: u64) -> Option<Steer> {
        if steps == self.at {
            self.interrupt.set();
        }
        let place = self.wishes.iter().position(|(due, _)| *due == steps)?;
        Some(self.wishes.remove(place).1)
    }

    fn wait(&mut self, _: u64, _: Halt<'_>) -> Option<Steer> {
        None
    }
}

/// Nineteen updates an epoch.
fn recipe() -> Recipe {
    Recipe {
        hidden: vec![9, 5],
        batch_norm: true,
        dropout: 0.2,
        schedule: "cosine".parse().unwrap(),
        batch_size: BatchRows::Rows(11),
        epochs: 12,
        learning_rate: 0.01,
        ..Recipe::default()
    }
}

fn check_training(recipe: &Recipe, wishes: &[(u64, Steer)]) {
    let folder = tempfile::tempdir().unwrap();
    let table = write(&folder, "kinds.csv", &kinds(320, 5));
    let experiment = Experiment::prepare(&table, &DataOptions::new("kind")).unwrap();
    let steered = |workers: &Workers, at, wishes: &[(u64, Steer)]| {
        let mut stopwatch = Stopwatch { at, interrupt: workers.interrupt.clone(), wishes: wishes.to_vec() };
        train_steered(&experiment, recipe, workers, &mut Quiet, &mut stopwatch)
    };
    let whole = steered(&Workers::new(1), u64::MAX, wishes).unwrap();
    let path = folder.path().join("study.db");
    let (mut before, mut threads) = (0, 0);
    for at in [0, 1, 18, 19, 20, 57, 90, 101, 110] {
        let ledger = if path.exists() { Ledger::open(&path).unwrap() } else { begin(&path) };
        threads = threads % 3 + 1;
        let workers = Workers { ledger, ..Workers::new(threads) };
        // Each wish is made once, in the piece that it falls into.
        let now: Vec<(u64, Steer)> = wishes.iter().filter(|(due, _)| (before..at).contains(due)).cloned().collect();
        let error = steered(&workers, at, &now).unwrap_err();
        assert!(matches!(error, LabError::Left), "at {at}: {error}");
        before = at;
    }
    let workers = Workers { ledger: Ledger::open(&path).unwrap(), ..Workers::new(2) };
    let rest: Vec<(u64, Steer)> = wishes.iter().filter(|(due, _)| *due >= before).cloned().collect();
    let finished = steered(&workers, u64::MAX, &rest).unwrap();
    assert!(outcome(&finished) == outcome(&whole));
    drop(workers);
    let reader = StudyReader::open(&path).unwrap();
    assert_eq!(reader.commands().unwrap().len(), wishes.len());
    // Once more, from what is kept of its end.
    drop(reader);
    let workers = Workers { ledger: Ledger::open(&path).unwrap(), ..Workers::new(2) };
    assert!(outcome(&train(&experiment, recipe, &workers, &mut Quiet).unwrap()) == outcome(&whole));
}

#[test]
fn a_training_left_in_the_middle_of_its_epochs_is_the_whole_training() {
    check_training(&recipe(), &[]);
    let plateau =
        Recipe { schedule: "plateau:0.5:1".parse().unwrap(), optimizer: "rmsprop".parse().unwrap(), ..recipe() };
    check_training(&Recipe { precision: caviar_lab::Precision::F64, ..plateau }, &[]);
}

#[test]
fn changes_by_a_person_are_kept_and_not_made_twice() {
    let wishes = [
        (10, Steer::Set(Change::LearningRate(0.05))),
        (30, Steer::Set(Change::BatchSize(23))),
        (62, Steer::Set(Change::Dropout(0.4))),
    ];
    check_training(&recipe(), &wishes);
}

#[test]
fn a_training_that_converged_stays_converged() {
    let folder = tempfile::tempdir().unwrap();
    let table = write(&folder, "kinds.csv", &kinds(60, 5));
    let experiment = Experiment::prepare(&table, &DataOptions::new("kind")).unwrap();
    let recipe = Recipe { patience: Some(2), learning_rate: 0.5, epochs: 200, ..recipe() };
    let path = folder.path().join("study.db");
    let workers = Workers { ledger: begin(&path), ..Workers::new(1) };
    let whole = train(&experiment, &recipe, &workers, &mut Quiet).unwrap();
    assert!(whole.trials[0].epochs < 200);
    drop(workers);
    let workers = Workers { ledger: Ledger::open(&path).unwrap(), ..Workers::new(1) };
    assert!(outcome(&train(&experiment, &recipe, &workers, &mut Quiet).unwrap()) == outcome(&whole));
}
