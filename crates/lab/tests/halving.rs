//! Laws of a search that goes from rung to rung.

mod tables;

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use caviar_lab::{
    Board, DataOptions, Event, Experiment, Finished, Flow, LabError, Method, Part, Quiet, TrialRecord, TuneOptions,
    Workers, tune,
};
use caviar_tune::TrialState;
use tables::{kinds, write};
use tempfile::TempDir;

fn experiment(folder: &TempDir) -> Experiment {
    let table = write(folder, "kinds.csv", &kinds(120, 1));
    let held_out = write(folder, "held_out.csv", &kinds(60, 2));
    let options = DataOptions { validation: Part::File(held_out), ..DataOptions::new("kind") };
    Experiment::prepare(&table, &options).unwrap()
}

/// Rungs of 1, 3, 9 and 27 epochs.
fn options() -> TuneOptions {
    TuneOptions { trials: Some(30), epochs: 27, ..TuneOptions::default() }
}

/// All of a run but its clock.
fn outcome(finished: &Finished) -> (Vec<u8>, String) {
    let trial = |trial: &TrialRecord| TrialRecord { seconds: 0.0, ..trial.clone() };
    let trials: Vec<TrialRecord> = finished.trials.iter().map(trial).collect();
    (finished.model.file().unwrap().to_bytes().unwrap(), format!("{:?} {trials:?}", finished.best))
}

/// Notes the epochs that it is told of.
#[derive(Default)]
struct Epochs {
    told: usize,
    seen: BTreeSet<(u64, u64)>,
}

impl Board for Epochs {
    fn post(&mut self, event: &Event) -> Flow {
        if let Event::Epoch(epoch) = event {
            self.told += 1;
            self.seen.insert((epoch.trial, epoch.epoch));
        }
        Flow::Continue
    }
}

#[test]
fn no_epoch_is_trained_twice_and_the_best_third_goes_on() {
    let folder = tempfile::tempdir().unwrap();
    let mut epochs = Epochs::default();
    let finished = tune(&experiment(&folder), &options(), &Workers::new(2), &mut epochs).unwrap();
    assert_eq!(epochs.told, epochs.seen.len(), "an epoch was trained twice");
    let trained: u64 = finished.trials.iter().map(|trial| trial.epochs).sum();
    assert_eq!(epochs.told as u64, trained);
    assert_eq!(finished.trials.len(), 30);
    let beyond = |epochs| finished.trials.iter().filter(|trial| trial.epochs > epochs).count();
    assert!((9..=11).contains(&beyond(1)) && (3..=4).contains(&beyond(3)) && (1..=3).contains(&beyond(9)));
    for trial in &finished.trials {
        let expected = if trial.epochs > 9 { TrialState::Complete } else { TrialState::Pruned };
        assert!(trial.state == expected || trial.state == TrialState::Diverged, "{trial:?}");
    }
    assert_eq!(finished.trials[finished.best.trial as usize].state, TrialState::Complete);
}

#[test]
fn neither_threads_nor_memory_decide_anything() {
    let folder = tempfile::tempdir().unwrap();
    let experiment = experiment(&folder);
    let one = outcome(&tune(&experiment, &options(), &Workers::new(1), &mut Quiet).unwrap());
    for threads in [2, 3, 5] {
        assert!(outcome(&tune(&experiment, &options(), &Workers::new(threads), &mut Quiet).unwrap()) == one);
    }
    let tight = |limit| TuneOptions { max_memory: Some(limit), ..options() };
    let Err(LabError::Memory { data, trial, .. }) = tune(&experiment, &tight(1), &Workers::new(2), &mut Quiet) else {
        panic!("a byte is enough")
    };
    // Room for one trial at work and for none that waits.
    assert!(outcome(&tune(&experiment, &tight(data + trial), &Workers::new(2), &mut Quiet).unwrap()) == one);
}

/// A search for three seconds that keeps its time and of which something holds. The rest of the machine may be busy:
/// then another one shows it.
fn timed(experiment: &Experiment, holds: &dyn Fn(&Finished) -> bool) {
    let options = TuneOptions { trials: None, time: Some(Duration::from_secs(3)), ..options() };
    let search = || {
        let start = Instant::now();
        let finished = tune(experiment, &options, &Workers::new(2), &mut Quiet).unwrap();
        let seconds = start.elapsed().as_secs_f64();
        println!("{seconds} s");
        (2.0..4.0).contains(&seconds) && holds(&finished)
    };
    assert!((0..5).any(|_| search()), "a time of 3 s is not used or not kept");
}

#[test]
fn a_time_is_used_and_kept() {
    let folder = tempfile::tempdir().unwrap();
    let is_complete = |trial: &&TrialRecord| trial.state == TrialState::Complete;
    timed(&experiment(&folder), &|finished| finished.trials.iter().filter(is_complete).count() > 1);
}

#[test]
fn a_time_is_used_and_kept_where_trials_are_cross_validated() {
    let folder = tempfile::tempdir().unwrap();
    let table = write(&folder, "kinds.csv", &kinds(120, 1));
    let experiment = Experiment::prepare(&table, &DataOptions::new("kind")).unwrap();
    // What is left is used to measure the best again.
    timed(&experiment, &|finished| finished.trials.iter().any(|trial| trial.folds > 15));
}

#[test]
fn random_search_trains_every_trial_to_its_end() {
    let folder = tempfile::tempdir().unwrap();
    let options = TuneOptions { method: Method::Random, trials: Some(6), epochs: 4, ..options() };
    let finished = tune(&experiment(&folder), &options, &Workers::new(2), &mut Quiet).unwrap();
    assert!(finished.trials.iter().all(|trial| trial.epochs == 4 || trial.state == TrialState::Diverged));
}
