//! Cross-validated trials of a search are steered: all folds at once, in the first stage, and in all that follow.

mod tables;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use caviar_engine::train::{Change, Metric};
use caviar_lab::{
    BatchRows, Board, DataOptions, Event, Experiment, Finished, Flow, Interrupt, Keep, LabError, Ledger, Method, Part,
    Quiet, Recipe, Steer, Steered, SteeredEvent, StudyAbout, StudyView, TrialRecord, TuneOptions, Turn, Wishes,
    Workers, tune,
};
use caviar_store::study::wish;
use caviar_tune::{Params, TrialState};
use tables::{kinds, write};
use tempfile::TempDir;

/// 160 rows: dealt into folds.
fn experiment(folder: &TempDir) -> Experiment {
    Experiment::prepare(&write(folder, "kinds.csv", &kinds(160, 3)), &DataOptions::new("kind")).unwrap()
}

/// Small networks that differ in all but their rate, which is constant.
fn options(rate: f64) -> TuneOptions {
    let base =
        Recipe { hidden: vec![7], batch_size: BatchRows::Rows(15), learning_rate: rate, ..TuneOptions::default().base };
    let fixed = ["hidden", "batch-size", "batch-norm", "learning-rate", "schedule"].map(str::to_owned).into();
    TuneOptions { base, fixed, method: Method::Random, trials: Some(9), epochs: 8, ..TuneOptions::default() }
}

fn set(change: Change) -> Steer {
    Steer::Set(change)
}

/// What a trial came to, whatever its settings are called.
fn came_to(finished: &Finished) -> Vec<TrialRecord> {
    let bare = |trial: &TrialRecord| TrialRecord {
        params: Params::default(),
        turns: Vec::new(),
        seconds: 0.0,
        ..trial.clone()
    };
    finished.trials.iter().map(bare).collect()
}

fn weights(finished: &Finished) -> Vec<String> {
    finished.model.networks().iter().map(|network| format!("{:?}", network.weights)).collect()
}

/// A search whose trials are all changed before their first step is the search that has it so from the beginning, in all
/// its stages.
fn check_from_the_beginning(experiment: &Experiment) {
    let plain = tune(experiment, &options(0.03), &Workers::new(2), &mut Quiet).unwrap();
    let slow = tune(experiment, &options(0.001), &Workers::new(2), &mut Quiet).unwrap();
    assert!(weights(&plain) != weights(&slow));
    for threads in [1, 2, 3] {
        let wishes = Wishes::default();
        (0..9).for_each(|trial| wishes.ask(trial, set(Change::LearningRate(0.03))));
        let workers = Workers { wishes, ..Workers::new(threads) };
        let steered = tune(experiment, &options(0.001), &workers, &mut Quiet).unwrap();
        assert_eq!(came_to(&steered), came_to(&plain));
        assert!(weights(&steered) == weights(&plain), "on {threads} threads");
        let turn = Turn { epoch: 0, step: 0, steer: set(Change::LearningRate(0.03)) };
        assert!(steered.trials.iter().all(|trial| trial.turns == [turn.clone()]));
    }
}

#[test]
fn what_follows_the_first_stage_follows_its_changes() {
    let folder = tempfile::tempdir().unwrap();
    check_from_the_beginning(&experiment(&folder));
}

#[test]
fn further_seeds_of_leaders_on_held_out_rows_follow_their_changes() {
    let folder = tempfile::tempdir().unwrap();
    let held_out = write(&folder, "held_out.csv", &kinds(60, 2));
    let data = DataOptions { validation: Part::File(held_out), ..DataOptions::new("kind") };
    let experiment = Experiment::prepare(&write(&folder, "kinds.csv", &kinds(160, 3)), &data).unwrap();
    check_from_the_beginning(&experiment);
}

#[test]
fn a_pause_and_a_change_that_is_taken_back_leave_no_trace() {
    let folder = tempfile::tempdir().unwrap();
    let experiment = experiment(&folder);
    let plain = tune(&experiment, &options(0.01), &Workers::new(2), &mut Quiet).unwrap();
    let wishes = Wishes::default();
    let change = Change::Optimizer("gd".parse().unwrap());
    let all = [Steer::Pause, set(change), set(Change::L2(-1.0)), Steer::Undo, Steer::Fork(Vec::new()), Steer::Continue];
    all.into_iter().for_each(|wish| wishes.ask(2, wish));
    let mut person = Told::default();
    let steered = tune(&experiment, &options(0.01), &Workers { wishes, ..Workers::new(3) }, &mut person).unwrap();
    assert_eq!(came_to(&steered), came_to(&plain));
    assert!(weights(&steered) == weights(&plain) && steered.trials[2].turns.is_empty());
    let kinds: Vec<&str> = person.0.iter().map(|event| kind(&event.steered)).collect();
    assert_eq!(kinds, ["paused", "changed", "refused", "undone", "refused", "continued"]);
    let rule = |at: usize| match &person.0[at].steered {
        Steered::Refused { rule, .. } => rule.clone(),
        other => panic!("{other:?}"),
    };
    assert!(rule(2).contains("l2") && rule(4).contains("through the file"), "{} {}", rule(2), rule(4));
    assert!(person.0.iter().all(|event| (event.trial, event.epoch, event.step) == (2, 0, 1)));
}

/// Keeps what became of wishes.
#[derive(Default)]
struct Told(Vec<SteeredEvent>);

impl Board for Told {
    fn post(&mut self, event: &Event) -> Flow {
        if let Event::Steered(event) = event {
            self.0.push(event.clone());
        }
        Flow::Continue
    }
}

fn kind(steered: &Steered) -> &'static str {
    match steered {
        Steered::Changed { .. } => "changed",
        Steered::Refused { .. } => "refused",
        Steered::Undone { .. } => "undone",
        Steered::Paused => "paused",
        Steered::Continued => "continued",
        Steered::Stopped => "stopped",
        Steered::Forked { .. } => "forked",
    }
}

/// Nobody waits for so many: a person says when a trial is over.
const ENDLESS: u64 = 1_000_000;
const RATE: f64 = 0.004;
/// Beyond the changes, a trial has so many epochs.
const REST: u64 = 6;

/// Somebody at another terminal, who changes the only trial while it trains, then pauses it again, takes a change back, says
/// how long it is to be, and forks it twice.
struct Person {
    path: PathBuf,
    told: Vec<SteeredEvent>,
    asked: usize,
    /// Where a copy is left of the file as it is when all wishes are done.
    copy: PathBuf,
}

impl Person {
    fn ask(&mut self, wishes: &[Steer]) {
        self.asked += 1;
        for asked in wishes {
            wish(&self.path, 0, &serde_json::to_string(asked).unwrap()).unwrap();
        }
    }

    fn steered(&mut self, event: &SteeredEvent) {
        self.told.push(event.clone());
        match (self.asked, &event.steered) {
            (1, Steered::Paused) => self.ask(&[set(Change::LearningRate(RATE)), Steer::Continue]),
            (3, Steered::Paused) => self.ask(&[
                set(Change::L2(0.4)),
                Steer::Undo,
                set(Change::Epochs(event.epoch + REST)),
                Steer::Fork(Vec::new()),
                Steer::Fork(vec![Change::LearningRate(0.0001)]),
                Steer::Continue,
            ]),
            (4, Steered::Continued) => {
                for end in ["", "-wal"] {
                    let beside = |path: &Path| PathBuf::from(format!("{}{end}", path.display()));
                    fs::copy(beside(&self.path), beside(&self.copy)).unwrap();
                }
            }
            _ => {}
        }
    }
}

impl Board for Person {
    fn post(&mut self, event: &Event) -> Flow {
        match event {
            Event::Epoch(event) if self.asked == 0 && event.epoch == 2 => self.ask(&[Steer::Pause]),
            Event::Epoch(event) if self.asked == 2 && event.learning_rate == RATE => self.ask(&[Steer::Pause]),
            Event::Steered(event) => self.steered(event),
            Event::Epoch(_) | Event::Started(_) | Event::Trial(_) | Event::Finished(_) => {}
        }
        Flow::Continue
    }
}

/// All of each trial but its clock, and its state, which says whether it is the best.
fn trials(finished: &Finished) -> BTreeMap<u64, String> {
    let told = |trial: &TrialRecord| {
        format!("{:?}", TrialRecord { seconds: 0.0, state: TrialState::Complete, ..trial.clone() })
    };
    finished.trials.iter().map(|trial| (trial.number, told(trial))).collect()
}

#[test]
fn a_trial_is_steered_and_forked_through_the_file_and_again_after_a_kill() {
    let folder = tempfile::tempdir().unwrap();
    let experiment = experiment(&folder);
    let base = Recipe { hidden: vec![24], batch_size: BatchRows::Rows(1), ..options(0.001).base };
    let options = TuneOptions { base, trials: Some(1), epochs: ENDLESS, keep: Keep::Best, ..options(0.001) };
    let (path, copy) = (folder.path().join("study.db"), folder.path().join("killed.db"));
    let about = StudyAbout { command: "tune".into(), metric: Metric::Loss, trials: None, epochs: ENDLESS };
    let ledger = Ledger::create(&path, &about, "caviar tune", "", &[]).unwrap();
    let mut person = Person { path: path.clone(), told: Vec::new(), asked: 0, copy: copy.clone() };
    let workers = Workers { ledger, ..Workers::new(2) };
    let finished = tune(&experiment, &options, &workers, &mut person).unwrap();
    drop(workers);
    let [own, twin, other] = &finished.trials[..] else { panic!("{:?}", person.told) };
    // What is in force, with the epochs.
    let at = |kind_of: &str| person.told.iter().filter(|told| kind(&told.steered) == kind_of).collect::<Vec<_>>();
    let (changed, end) = (at("changed")[0], at("continued")[1]);
    let turn = |told: &SteeredEvent, change| Turn { epoch: told.epoch, step: told.step - 1, steer: set(change) };
    let epochs = turn(end, Change::Epochs(end.epoch + REST));
    assert_eq!(own.turns, [turn(changed, Change::LearningRate(RATE)), epochs.clone()]);
    assert!(own.epochs == end.epoch + REST && own.folds == 15 && end.epoch > changed.epoch, "{:?}", person.told);
    // A twin is a twin in all that is trained of it.
    let bare = |trial: &TrialRecord| TrialRecord { number: 0, seconds: 0.0, parent: None, ..trial.clone() };
    assert_eq!(bare(own), bare(twin));
    assert_eq!(other.turns, [&own.turns[..], &[turn(end, Change::LearningRate(0.0001))]].concat());
    let shared = usize::try_from(end.epoch).unwrap();
    assert!(other.curve[..shared] == own.curve[..shared] && other.curve != own.curve);
    // The network that is kept was changed before the same epoch.
    let best = finished.trials.iter().find(|trial| trial.number == finished.best.trial).unwrap();
    let first = usize::try_from(changed.epoch).unwrap();
    let rates: Vec<f64> = finished.refit.iter().map(|point| point.learning_rate).collect();
    assert_eq!(rates.len() as u64, best.best_epoch.unwrap() + 1);
    let followed = best.curve.iter().map(|point| point.learning_rate);
    assert_eq!(rates, followed.take(rates.len()).collect::<Vec<_>>());
    assert!(best.curve[first].learning_rate == RATE && best.curve[first - 1].learning_rate != RATE);
    // The study says what was done.
    let view = StudyView::open(&path).unwrap();
    assert_eq!(
        view.trials.iter().map(|trial| &trial.turns).collect::<Vec<_>>(),
        [&own.turns, &twin.turns, &other.turns]
    );
    // Killed just after the last wish, and taken up again; taken up again at its end.
    for (study, threads) in [(&copy, 1), (&path, 3)] {
        let workers = Workers { ledger: Ledger::open(study).unwrap(), ..Workers::new(threads) };
        let again = tune(&experiment, &options, &workers, &mut Quiet).unwrap();
        assert_eq!(trials(&again), trials(&finished), "{}", study.display());
        assert!(weights(&again) == weights(&finished), "{}", study.display());
    }
}

/// Somebody who changes the only trial and leaves the search when it trains with that, or takes the change back and says how
/// long the trial is to be.
struct Leaver {
    path: PathBuf,
    interrupt: Interrupt,
    returns: bool,
    ends: Option<u64>,
}

impl Leaver {
    fn ask(&self, wishes: &[Steer]) {
        for asked in wishes {
            wish(&self.path, 0, &serde_json::to_string(asked).unwrap()).unwrap();
        }
    }
}

impl Board for Leaver {
    fn post(&mut self, event: &Event) -> Flow {
        match event {
            Event::Epoch(event) if !self.returns && event.epoch == 2 => self.ask(&[set(Change::LearningRate(RATE))]),
            Event::Epoch(event) if !self.returns && event.learning_rate == RATE => self.interrupt.set(),
            Event::Steered(event) if self.returns && matches!(event.steered, Steered::Undone { .. }) => {
                self.ask(&[Steer::Pause]);
            }
            Event::Steered(event) if self.returns && event.steered == Steered::Paused => {
                self.ends = Some(event.epoch + REST);
                self.ask(&[set(Change::Epochs(event.epoch + REST)), Steer::Continue]);
            }
            Event::Epoch(_) | Event::Steered(_) | Event::Started(_) | Event::Trial(_) | Event::Finished(_) => {}
        }
        Flow::Continue
    }
}

#[test]
fn what_was_changed_before_the_search_was_left_is_taken_back_by_another_process() {
    let folder = tempfile::tempdir().unwrap();
    let experiment = experiment(&folder);
    let base =
        Recipe { hidden: vec![24], batch_size: BatchRows::Rows(1), patience: Some(ENDLESS), ..options(0.001).base };
    let options = TuneOptions { base, trials: Some(1), epochs: ENDLESS, keep: Keep::Best, ..options(0.001) };
    let path = folder.path().join("study.db");
    let about = StudyAbout { command: "tune".into(), metric: Metric::Loss, trials: None, epochs: ENDLESS };
    let workers = Workers { ledger: Ledger::create(&path, &about, "caviar tune", "", &[]).unwrap(), ..Workers::new(2) };
    let mut person = Leaver { path: path.clone(), interrupt: workers.interrupt.clone(), returns: false, ends: None };
    let left = tune(&experiment, &options, &workers, &mut person).map(|_| ()).unwrap_err();
    assert!(matches!(left, LabError::Left), "{left}");
    drop((workers, person));
    let workers = Workers { ledger: Ledger::open(&path).unwrap(), ..Workers::new(1) };
    let mut person = Leaver { path, interrupt: workers.interrupt.clone(), returns: true, ends: None };
    person.ask(&[Steer::Undo]);
    let finished = tune(&experiment, &options, &workers, &mut person).unwrap();
    let epochs = person.ends.unwrap();
    let plain = tune(&experiment, &TuneOptions { epochs, ..options }, &Workers::new(2), &mut Quiet).unwrap();
    assert_eq!(came_to(&finished), came_to(&plain));
    assert!(weights(&finished) == weights(&plain));
    assert_eq!(finished.trials[0].turns.len(), 1);
}
