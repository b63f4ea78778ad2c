//! Laws of a search that need a look inside.

use caviar_engine::rng::{Purpose, derive};
use caviar_engine::train::Metric;
use caviar_table::{ReadOptions, Table};
use caviar_tune::TrialState;
use tempfile::TempDir;

use super::tune;
use crate::board::{Board, Event, Flow, Quiet};
use crate::error::{ErrorKind, LabError};
use crate::experiment::Experiment;
use crate::finished::{Finished, TrialRecord};
use crate::guard::tests::make_panic;
use crate::ledger::{Ledger, StudyAbout};
use crate::options::{DataOptions, Method, Part, TuneOptions, Workers};
use crate::recipe::BatchRows;

/// Whether x lies beyond the middle of its twenty values.
fn rows(count: usize) -> String {
    let row = |i: usize| format!("{},{}\n", i * 7 % 20, if i * 7 % 20 > 9 { "high" } else { "low" });
    std::iter::once("x,y\n".to_owned()).chain((0..count).map(row)).collect()
}

fn experiment(folder: &TempDir) -> Experiment {
    let held_out = folder.path().join("held_out.csv");
    std::fs::write(&held_out, rows(40)).unwrap();
    let table = Table::parse(rows(90).as_bytes(), "rows.csv", &ReadOptions::default()).unwrap();
    let options = DataOptions { validation: Part::File(held_out), ..DataOptions::new("y") };
    Experiment::from_table(table, &options).unwrap()
}

fn ledger(folder: &TempDir, name: &str) -> Ledger {
    let path = folder.path().join(name);
    if path.exists() {
        return Ledger::open(&path).unwrap();
    }
    let about = StudyAbout { command: "tune".into(), metric: Metric::Loss, trials: None, epochs: 9 };
    Ledger::create(&path, &about, "caviar tune", "", &[]).unwrap()
}

/// The trials but their clocks.
fn trials(finished: &Finished) -> Vec<TrialRecord> {
    finished.trials.iter().map(|trial| TrialRecord { seconds: 0.0, ..trial.clone() }).collect()
}

fn seed_of(options: &TuneOptions, trial: u64) -> u64 {
    derive(options.seed, Purpose::Trial, trial) >> 11
}

fn check(options: &TuneOptions, panicking: u64) {
    let folder = tempfile::tempdir().unwrap();
    let experiment = experiment(&folder);
    let plain = tune(&experiment, options, &Workers::new(2), &mut Quiet).unwrap();
    make_panic(seed_of(options, panicking));
    let run = |threads| {
        let workers = Workers { ledger: ledger(&folder, "study.db"), ..Workers::new(threads) };
        tune(&experiment, options, &workers, &mut Quiet).unwrap()
    };
    let finished = run(2);
    let failed = &finished.trials[panicking as usize];
    assert_eq!((failed.state, failed.score, failed.curve.len()), (TrialState::Failed, None, 0));
    assert!(failed.diverged.as_ref().unwrap().contains("provoked in the trial"), "{failed:?}");
    assert_eq!(finished.trials.len(), plain.trials.len());
    if options.method == Method::Random {
        let others = |trials: Vec<TrialRecord>| trials.into_iter().filter(|trial| trial.number != panicking);
        assert!(others(trials(&finished)).eq(others(trials(&plain))));
    }
    assert_eq!(trials(&run(3)), trials(&finished), "taken up again it has failed, too");
}

#[test]
fn a_trial_that_panics_is_a_failed_trial_and_the_others_finish() {
    let options = TuneOptions { trials: Some(6), epochs: 9, ..TuneOptions::default() };
    check(&TuneOptions { method: Method::Random, seed: 71_001, ..options.clone() }, 2);
    check(&TuneOptions { method: Method::Zoom, seed: 71_002, ..options }, 4);
}

#[test]
fn a_trial_of_folds_that_panics_is_a_failed_trial() {
    let table = Table::parse(rows(90).as_bytes(), "rows.csv", &ReadOptions::default()).unwrap();
    let experiment = Experiment::from_table(table, &DataOptions::new("y")).unwrap();
    let options = TuneOptions { trials: Some(5), epochs: 4, seed: 71_003, ..TuneOptions::default() };
    make_panic(seed_of(&options, 1));
    let finished = tune(&experiment, &options, &Workers::new(2), &mut Quiet).unwrap();
    assert_eq!(finished.trials[1].state, TrialState::Failed);
    assert!(finished.trials.iter().filter(|trial| trial.state == TrialState::Complete).count() >= 2);
}

#[test]
fn where_every_trial_panics_the_reason_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let options = TuneOptions { trials: Some(2), epochs: 2, seed: 71_004, ..TuneOptions::default() };
    (0..2).for_each(|trial| make_panic(seed_of(&options, trial)));
    let error = tune(&experiment(&folder), &options, &Workers::new(1), &mut Quiet).map(|_| ()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NoTrial);
    assert!(error.to_string().contains("provoked"), "{error}");
}

#[test]
fn a_study_goes_on_with_its_own_settings_alone() {
    let folder = tempfile::tempdir().unwrap();
    let experiment = experiment(&folder);
    let options = TuneOptions { trials: Some(3), epochs: 2, seed: 71_005, ..TuneOptions::default() };
    let search = |options: &TuneOptions| {
        let workers = Workers { ledger: ledger(&folder, "study.db"), ..Workers::new(2) };
        tune(&experiment, options, &workers, &mut Quiet).map(|finished| trials(&finished))
    };
    let first = search(&options).unwrap();
    // What no result depends on may change.
    assert_eq!(search(&TuneOptions { max_memory: Some(1 << 30), ..options.clone() }).unwrap(), first);
    let space = r#"{"learning-rate": {"scale": "log", "low": 0.001, "high": 0.2}}"#;
    let space = Some(serde_json::from_str(space).unwrap());
    let error = search(&TuneOptions { epochs: 3, space, ..options.clone() }).unwrap_err();
    let LabError::OtherSettings { differences } = &error else { panic!("{error}") };
    assert!(differences.iter().any(|difference| difference.name == "space.dropout" && difference.is.is_none()));
    let told = error.to_string();
    assert!(told.contains("\n  epochs: was 2, is 3") && error.kind() == ErrorKind::Data, "{told}");
    let rate = differences.iter().find(|difference| difference.name == "space.learning-rate").unwrap();
    assert!(rate.was.is_some() && rate.is.as_ref().unwrap().contains("0.2"), "{rate}");
    assert_eq!(search(&options).unwrap(), first, "the study is as it was");
}

/// Ends a search when a trial has come to an epoch.
struct EndAt {
    trial: u64,
    epoch: u64,
}

impl Board for EndAt {
    fn post(&mut self, event: &Event) -> Flow {
        match event {
            Event::Epoch(told) if told.trial == self.trial && told.epoch >= self.epoch => Flow::Stop,
            _ => Flow::Continue,
        }
    }
}

#[test]
fn what_was_found_is_found_although_the_first_trial_had_hardly_begun() {
    let folder = tempfile::tempdir().unwrap();
    let table = Table::parse(rows(90).as_bytes(), "rows.csv", &ReadOptions::default()).unwrap();
    let folded = Experiment::from_table(table, &DataOptions::new("y")).unwrap();
    // The first trial is so large that it is in its first epoch while the second one learns all that there is.
    let space = serde_json::from_str(r#"{"hidden": ["1500,1500,1500", "4"]}"#).unwrap();
    let mut options = TuneOptions { trials: Some(2), epochs: 400, method: Method::Grid, ..TuneOptions::default() };
    (options.space, options.base.batch_size) = (Some(space), BatchRows::Rows(1));
    for (name, experiment) in [("folded.db", folded), ("held_out.db", experiment(&folder))] {
        let workers = Workers { ledger: ledger(&folder, name), ..Workers::new(2) };
        let left = tune(&experiment, &options, &workers, &mut EndAt { trial: 1, epoch: 3 }).map(|_| ());
        assert!(matches!(left, Err(LabError::Left)), "{left:?}");
        drop(workers);
        let workers = Workers { ledger: Ledger::look(&folder.path().join(name)).unwrap(), ..Workers::new(2) };
        workers.interrupt.set();
        let found = tune(&experiment, &options, &workers, &mut Quiet).unwrap();
        assert!(found.interrupted && found.best.trial == 1, "{:?}", found.best);
    }
}

#[test]
fn a_search_that_is_ended_before_any_epoch_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let options = TuneOptions { trials: Some(4), epochs: 9, ..TuneOptions::default() };
    let workers = Workers::new(2);
    workers.interrupt.set();
    let ended = tune(&experiment(&folder), &options, &workers, &mut Quiet).map(|found| found.best.trial);
    assert!(matches!(ended, Err(LabError::Interrupted)), "{ended:?}");
}
