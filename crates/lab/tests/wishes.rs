//! A running study is steered through its file.

mod tables;

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use caviar_engine::train::{Change, Metric};
use caviar_lab::{
    BatchRows, DataOptions, Experiment, Finished, Halt, Interrupt, LabError, Ledger, Parent, Quiet, Recipe, Script,
    Steer, Steering, StudyAbout, TrialRecord, Workers, train, train_steered,
};
use caviar_store::study::{StudyReader, wish};
use tables::{kinds, write};

fn recipe() -> Recipe {
    Recipe { hidden: vec![9, 5], batch_size: BatchRows::Rows(11), epochs: 12, learning_rate: 0.01, ..Recipe::default() }
}

fn begin(path: &Path) -> Ledger {
    let about = StudyAbout { command: "train".into(), metric: Metric::Loss, trials: None, epochs: 12 };
    Ledger::create(path, &about, "caviar train", "", &[]).unwrap()
}

fn outcome(finished: &Finished) -> Vec<u8> {
    finished.model.file().unwrap().to_bytes().unwrap()
}

/// Somebody with a keyboard and with another process, who leaves wishes, ends the run, or takes a copy of the file as a
/// kill would leave it.
#[derive(Default)]
struct Person {
    path: PathBuf,
    wishes: Vec<(u64, Steer)>,
    keys: Vec<(u64, Steer)>,
    ends_at: Option<(u64, Interrupt)>,
    copies: Option<PathBuf>,
}

impl Steering for Person {
    fn next(&mut self, steps: u64) -> Option<Steer> {
        // So slow that the file is looked at every few steps.
        std::thread::sleep(Duration::from_millis(4));
        if let Some((_, asked)) = self.wishes.pop_if(|(due, _)| *due <= steps) {
            wish(&self.path, 0, &serde_json::to_string(&asked).unwrap()).unwrap();
        }
        if let Some((_, interrupt)) = self.ends_at.as_ref().filter(|(due, _)| *due == steps) {
            interrupt.set();
        }
        let taken = |to: &PathBuf| {
            !to.exists() && StudyReader::open(&self.path).unwrap().wishes(0).unwrap().iter().any(|w| w.step.is_some())
        };
        if let Some(to) = self.copies.as_ref().filter(|to| taken(to)) {
            fs::copy(&self.path, to).unwrap();
            fs::copy(suffixed(&self.path), suffixed(to)).unwrap();
        }
        self.keys.pop_if(|(due, _)| *due <= steps).map(|(_, asked)| asked)
    }

    fn wait(&mut self, _: u64, _: Halt<'_>) -> Option<Steer> {
        None
    }
}

fn suffixed(path: &Path) -> PathBuf {
    PathBuf::from(format!("{}-wal", path.display()))
}

/// What was done, with the steps.
fn done(path: &Path) -> Vec<(u64, Steer)> {
    let wishes = StudyReader::open(path).unwrap().wishes(0).unwrap();
    wishes.iter().map(|wish| (wish.step.unwrap(), serde_json::from_str(&wish.wish).unwrap())).collect()
}

struct Place {
    folder: tempfile::TempDir,
    experiment: Experiment,
}

impl Place {
    fn new() -> Place {
        let folder = tempfile::tempdir().unwrap();
        let table = write(&folder, "kinds.csv", &kinds(320, 5));
        let experiment = Experiment::prepare(&table, &DataOptions::new("kind")).unwrap();
        Place { folder, experiment }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn scripted(&self, wishes: Vec<(u64, Steer)>) -> Vec<u8> {
        let mut script = Script::new(wishes);
        outcome(&train_steered(&self.experiment, &recipe(), &Workers::new(1), &mut Quiet, &mut script).unwrap())
    }
}

#[test]
fn a_wish_is_done_between_two_steps_and_again_after_a_kill() {
    let place = Place::new();
    let (path, copy) = (place.path("study.db"), place.path("killed.db"));
    let workers = Workers { ledger: begin(&path), ..Workers::new(1) };
    let wishes = vec![(20, Steer::Set(Change::LearningRate(0.05)))];
    let mut person = Person { path: path.clone(), wishes, copies: Some(copy.clone()), ..Person::default() };
    let finished = train_steered(&place.experiment, &recipe(), &workers, &mut Quiet, &mut person).unwrap();
    drop(workers);
    let wishes = done(&path);
    assert_eq!(wishes.len(), 1);
    assert!((20..200).contains(&wishes[0].0));
    let scripted = place.scripted(wishes);
    assert!(outcome(&finished) == scripted, "the same change at the same step is another training");
    assert!(scripted != place.scripted(Vec::new()), "the change changes nothing");
    // As it was on the disk just after the wish was taken up.
    let workers = Workers { ledger: Ledger::open(&copy).unwrap(), ..Workers::new(2) };
    assert!(outcome(&train(&place.experiment, &recipe(), &workers, &mut Quiet).unwrap()) == scripted);
}

/// What a person does while a process trains, later things first, and the step at which it is left, if it is.
#[derive(Default)]
struct Sitting {
    wishes: Vec<(u64, Steer)>,
    keys: Vec<(u64, Steer)>,
    left_at: Option<u64>,
}

impl Sitting {
    fn left_at(step: u64) -> Sitting {
        Sitting { left_at: Some(step), ..Sitting::default() }
    }
}

/// What a training becomes that is left and taken up again, each time by another process.
fn in_sittings(place: &Place, path: &Path, sittings: Vec<Sitting>) -> Finished {
    let mut ledger = Some(begin(path));
    let mut finished = None;
    for Sitting { wishes, keys, left_at } in sittings {
        let workers =
            Workers { ledger: ledger.take().unwrap_or_else(|| Ledger::open(path).unwrap()), ..Workers::new(1) };
        let ends_at = left_at.map(|step| (step, workers.interrupt.clone()));
        let mut person = Person { path: path.to_owned(), wishes, keys, ends_at, copies: None };
        match train_steered(&place.experiment, &recipe(), &workers, &mut Quiet, &mut person) {
            Ok(ended) => finished = Some(ended),
            Err(error) => assert!(matches!(error, LabError::Left), "{error}"),
        }
    }
    finished.unwrap()
}

#[test]
fn what_is_taken_back_through_the_file_never_was() {
    let place = Place::new();
    let path = place.path("study.db");
    let wishes = vec![(60, Steer::Undo), (10, Steer::Set(Change::LearningRate(0.07)))];
    // Left in the middle, and taken up again.
    let first = Sitting { wishes, left_at: Some(150), ..Sitting::default() };
    let finished = in_sittings(&place, &path, vec![first, Sitting::default()]);
    assert_eq!(done(&path).len(), 2);
    assert!(outcome(&finished) == place.scripted(Vec::new()));
}

#[test]
fn what_was_changed_before_the_run_was_left_can_be_taken_back() {
    let place = Place::new();
    let path = place.path("study.db");
    // Changed, left, and taken back by another process.
    let changed = vec![(10, Steer::Set(Change::LearningRate(0.07)))];
    let first = Sitting { wishes: changed, ..Sitting::left_at(90) };
    let second = Sitting { wishes: vec![(120, Steer::Undo)], ..Sitting::default() };
    let finished = in_sittings(&place, &path, vec![first, second]);
    assert_eq!(done(&path).len(), 2);
    assert!(outcome(&finished) == place.scripted(Vec::new()));
}

#[test]
fn what_was_changed_from_the_keyboard_before_the_run_was_left_can_be_taken_back_through_the_file() {
    let place = Place::new();
    let path = place.path("study.db");
    let first = Sitting { keys: vec![(10, Steer::Set(Change::LearningRate(0.07)))], ..Sitting::left_at(90) };
    // Left again after it was taken back: nothing brings the change back.
    let second = Sitting { wishes: vec![(120, Steer::Undo)], ..Sitting::left_at(160) };
    let finished = in_sittings(&place, &path, vec![first, second, Sitting::default()]);
    assert!(outcome(&finished) == place.scripted(Vec::new()));
}

#[test]
fn of_changes_by_both_ways_the_last_is_taken_back_first_by_either() {
    let place = Place::new();
    let path = place.path("study.db");
    let (rate, l2) = (Steer::Set(Change::LearningRate(0.03)), Steer::Set(Change::L2(0.4)));
    let first = Sitting {
        wishes: vec![(10, Steer::Set(Change::BatchSize(20)))],
        keys: vec![(70, l2), (60, Steer::Undo), (50, Steer::Scale(0.5)), (5, rate.clone())],
        ..Sitting::left_at(90)
    };
    // Back before the change of L2, and before that of the batch size, each time in another process.
    let second = Sitting { wishes: vec![(100, Steer::Undo)], ..Sitting::left_at(110) };
    let third = Sitting { keys: vec![(115, Steer::Undo)], ..Sitting::left_at(125) };
    let finished = in_sittings(&place, &path, vec![first, second, third, Sitting::default()]);
    assert!(outcome(&finished) == place.scripted(vec![(5, rate)]));
}

#[test]
fn a_fork_is_a_trial_of_its_own_and_without_a_change_a_twin() {
    let place = Place::new();
    let (path, copy) = (place.path("study.db"), place.path("killed.db"));
    let workers = Workers { ledger: begin(&path), ..Workers::new(1) };
    let changes = vec![Change::LearningRate(0.0001), Change::BatchSize(20)];
    let wishes = vec![
        (70, Steer::Fork(vec![Change::LearningRate(-1.0)])),
        (60, Steer::Fork(changes.clone())),
        (50, Steer::Fork(Vec::new())),
    ];
    let mut person = Person { path: path.clone(), wishes, copies: Some(copy.clone()), ..Person::default() };
    let finished = train_steered(&place.experiment, &recipe(), &workers, &mut Quiet, &mut person).unwrap();
    drop(workers);
    let steps: Vec<u64> = done(&path).into_iter().map(|(step, _)| step).collect();
    let [own, twin, other] = &finished.trials[..] else { panic!("{:?}", finished.trials.len()) };
    assert_eq!((own.number, twin.number, other.number), (0, 1_000_001, 1_000_002), "what is refused is no trial");
    assert_eq!(twin.parent, Some(Parent { trial: 0, step: steps[0] }));
    assert_eq!((&twin.curve, twin.score, twin.steps), (&own.curve, own.score, own.steps));
    assert_eq!(finished.best.trial, 0, "of equals the first");
    // The other one is the same network, changed at that step.
    let scripted = |wishes: Vec<(u64, Steer)>| {
        let mut script = Script::new(wishes);
        train_steered(&place.experiment, &recipe(), &Workers::new(1), &mut Quiet, &mut script).unwrap()
    };
    let by_hand = scripted(changes.into_iter().map(|change| (steps[1], Steer::Set(change))).collect());
    assert_eq!((&other.curve, other.score), (&by_hand.trials[0].curve, by_hand.trials[0].score));
    assert!(other.curve != own.curve && other.params.get("batch_size") == Some(&20.into()));
    assert!(outcome(&finished) == outcome(&scripted(Vec::new())), "the network itself goes on as it was");
    // As it was on the disk when the first wish was taken up, and as it is at its end.
    let again = |path: &Path| {
        let workers = Workers { ledger: Ledger::open(path).unwrap(), ..Workers::new(2) };
        train(&place.experiment, &recipe(), &workers, &mut Quiet).unwrap().trials
    };
    let curves = |trials: &[TrialRecord]| trials.iter().map(|trial| trial.curve.clone()).collect::<Vec<_>>();
    assert_eq!(curves(&again(&path)), curves(&finished.trials));
    let killed = again(&copy);
    assert_eq!((killed[1].number, &killed[1].curve), (1_000_001, &own.curve));
}

#[test]
fn a_study_that_nobody_works_on_cannot_be_steered() {
    let place = Place::new();
    let path = place.path("study.db");
    drop(begin(&path));
    let error = wish(&path, 0, "\"stop\"").unwrap_err();
    assert!(error.to_string().contains("only a running one can be steered"), "{error}");
}
