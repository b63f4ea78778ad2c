//! A running search is steered through its file, trial by trial.

mod tables;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use caviar_engine::train::{Change, Metric};
use caviar_lab::{
    BatchRows, Board, DataOptions, Event, Experiment, Finished, Flow, LabError, Ledger, Method, Parent, Part, Quiet,
    Recipe, Steer, Steered, SteeredEvent, StudyAbout, StudyView, TrialRecord, TuneOptions, Workers, tune,
};
use caviar_store::study::{StudyState, wish};
use caviar_tune::TrialState;
use tables::{kinds, write};
use tempfile::TempDir;

fn experiment(folder: &TempDir) -> Experiment {
    let table = write(folder, "kinds.csv", &kinds(400, 1));
    let held_out = write(folder, "held_out.csv", &kinds(60, 2));
    let options = DataOptions { validation: Part::File(held_out), ..DataOptions::new("kind") };
    Experiment::prepare(&table, &options).unwrap()
}

const EPOCHS: u64 = 81;

/// Four trials of a second or so each, because a file is looked at ten times a second.
fn options(method: Method) -> TuneOptions {
    let base = Recipe {
        hidden: vec![96, 96],
        batch_size: BatchRows::Rows(1),
        patience: Some(1000),
        ..TuneOptions::default().base
    };
    let fixed = ["hidden".to_owned(), "batch-size".to_owned(), "batch-norm".to_owned()].into();
    TuneOptions { base, fixed, method, trials: Some(4), epochs: EPOCHS, ..TuneOptions::default() }
}

fn begin(path: &Path) -> Ledger {
    let about = StudyAbout { command: "tune".into(), metric: Metric::Loss, trials: None, epochs: EPOCHS };
    Ledger::create(path, &about, "caviar tune", "", &[]).unwrap()
}

fn ask(path: &Path, trial: u64, asked: &Steer) {
    wish(path, trial, &serde_json::to_string(asked).unwrap()).unwrap();
}

/// Somebody at another terminal, who pauses the first trial, changes it, lets it go on, takes the change back after a while
/// (or at once), forks it twice, and ends the third trial early.
struct Person {
    at_once: bool,
    path: PathBuf,
    pauses: usize,
    told: Vec<SteeredEvent>,
    /// Where a copy is left of the file as it is when all wishes are done.
    copy: PathBuf,
    stopped: bool,
    left: Workers,
    /// Whether the search is left then.
    leaves: bool,
}

const RATE: Steer = Steer::Set(Change::LearningRate(0.03));

impl Person {
    fn epoch(&mut self, trial: u64, epoch: u64) {
        if (trial, epoch) == (0, 1) && self.pauses == 1 && !self.at_once {
            ask(&self.path, 0, &Steer::Pause);
        }
        if (trial, epoch) == (2, 1) && !self.stopped {
            ask(&self.path, 2, &Steer::Stop);
            self.stopped = true;
        }
    }

    fn steered(&mut self, event: &SteeredEvent) {
        self.told.push(event.clone());
        if event.trial == 0 && event.steered == Steered::Paused {
            self.pauses += 1;
            let begins = [RATE, Steer::Continue];
            let fork = Steer::Fork(vec![Change::LearningRate(0.0001)]);
            let ends = [Steer::Undo, Steer::Fork(Vec::new()), fork, Steer::Continue];
            let wishes = match (self.at_once, self.pauses) {
                (true, _) => [&begins[..1], &ends[..]].concat(),
                (false, 1) => begins.to_vec(),
                (false, _) => ends.to_vec(),
            };
            wishes.iter().for_each(|wish| ask(&self.path, 0, wish));
        }
        let done = (self.at_once || self.pauses == 2) && event.trial == 0 && event.steered == Steered::Continued;
        if done && self.leaves {
            self.left.interrupt.set();
        } else if done {
            for end in ["", "-wal"] {
                let beside = |path: &Path| PathBuf::from(format!("{}{end}", path.display()));
                fs::copy(beside(&self.path), beside(&self.copy)).unwrap();
            }
        }
    }
}

impl Board for Person {
    fn post(&mut self, event: &Event) -> Flow {
        match event {
            Event::Epoch(event) => self.epoch(event.trial, event.epoch),
            Event::Steered(event) => self.steered(event),
            Event::Started(_) | Event::Trial(_) | Event::Finished(_) => {}
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

fn check(method: Method) {
    let folder = tempfile::tempdir().unwrap();
    let (experiment, options) = (experiment(&folder), options(method));
    let plain = trials(&tune(&experiment, &options, &Workers::new(2), &mut Quiet).unwrap());
    let (path, copy) = (folder.path().join("study.db"), folder.path().join("killed.db"));
    let workers = Workers { ledger: begin(&path), ..Workers::new(2) };
    ask(&path, 0, &Steer::Pause);
    let halved = method == Method::Zoom;
    if !halved {
        // Wishes for a trial that has not begun wait for it. Under halving another trial would go on than before.
        ask(&path, 1, &Steer::Set(Change::L2(0.5)));
    }
    let mut person = Person {
        at_once: halved,
        path: path.clone(),
        pauses: 0,
        told: Vec::new(),
        copy: copy.clone(),
        stopped: halved,
        left: workers.clone(),
        leaves: false,
    };
    let finished = tune(&experiment, &options, &workers, &mut person).unwrap();
    let forks: Vec<&TrialRecord> = finished.trials.iter().filter(|trial| trial.parent.is_some()).collect();
    let [twin, other] = forks[..] else { panic!("{:?}", person.told) };
    let record = |number: usize| &finished.trials[number];
    // The first trial went on as if nobody had been there.
    assert_eq!(trials(&finished)[&0], plain[&0]);
    assert_eq!(trials(&finished)[&1] == plain[&1], halved, "the change of the second does nothing");
    assert!(record(2).epochs < options.epochs || halved);
    assert_eq!(trials(&finished)[&3], plain[&3]);
    // A fork goes to the end, its parent perhaps only to a rung.
    let shared = record(0).curve.len();
    assert_eq!(twin.curve[..shared], record(0).curve[..]);
    assert!(twin.params == record(0).params && other.curve != twin.curve);
    let forked = person.told.iter().filter(|told| matches!(told.steered, Steered::Forked { .. }));
    let steps: Vec<u64> = forked.map(|told| told.step - 1).collect();
    assert_eq!([twin.parent, other.parent], [steps[0], steps[1]].map(|step| Some(Parent { trial: 0, step })));
    drop((person, workers));
    let view = StudyView::open(&path).unwrap();
    assert_eq!(view.trials.iter().filter(|trial| trial.parent.is_some()).count(), 2);
    // Killed just after the last wish, and taken up again; taken up again at its end.
    for study in [&copy, &path] {
        let workers = Workers { ledger: Ledger::open(study).unwrap(), ..Workers::new(3) };
        let again = tune(&experiment, &options, &workers, &mut Quiet).unwrap();
        let same = [0, 1, 3, twin.number, other.number];
        for number in same {
            assert_eq!(trials(&again)[&number], trials(&finished)[&number], "{}", study.display());
        }
    }
}

#[test]
fn a_search_is_steered_through_its_file() {
    check(Method::Random);
}

#[test]
fn a_search_from_rung_to_rung_is_steered_through_its_file() {
    check(Method::Zoom);
}

#[test]
fn a_steered_search_that_is_left_does_it_all_again() {
    let folder = tempfile::tempdir().unwrap();
    let (experiment, options) = (experiment(&folder), options(Method::Random));
    let path = folder.path().join("study.db");
    let workers = Workers { ledger: begin(&path), ..Workers::new(1) };
    ask(&path, 0, &Steer::Pause);
    let mut person = Person {
        at_once: false,
        path: path.clone(),
        pauses: 0,
        told: Vec::new(),
        copy: PathBuf::new(),
        stopped: true,
        left: workers.clone(),
        leaves: true,
    };
    let error = tune(&experiment, &options, &workers, &mut person).map(|_| person.told.len()).unwrap_err();
    assert!(matches!(error, LabError::Left), "{error}");
    workers.ledger.end(StudyState::Stopped, None).unwrap();
    drop((person, workers));
    let workers = Workers { ledger: Ledger::open(&path).unwrap(), ..Workers::new(2) };
    let again = trials(&tune(&experiment, &options, &workers, &mut Quiet).unwrap());
    let plain = trials(&tune(&experiment, &options, &Workers::new(2), &mut Quiet).unwrap());
    assert_eq!(again.len(), plain.len() + 2);
    assert!(plain.iter().all(|(number, trial)| again[number] == *trial));
}
