//! A search that is killed at any moment, or whose disk is full, goes on to the bits of one that was never disturbed.
//!
//! What a search does to its files is written down once, call by call, by a library that stands between it and the disk;
//! then the files are laid out as they were after each call, which is how a kill at that moment would have left them, and
//! the search goes on from there. Other processes are killed in earnest, at random moments.

#![cfg(all(target_os = "linux", target_env = "gnu"))]

mod tables;

use std::collections::BTreeMap;
use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use caviar_engine::train::Metric;
use caviar_lab::{
    Board, DataOptions, Event, Experiment, Finished, Flow, LabError, Ledger, Part, Quiet, StudyAbout, TrialRecord,
    TuneOptions, Workers, tune,
};
use caviar_store::study::{StudyReader, StudyState};
use tables::{Numbers, kinds};
use tempfile::TempDir;

/// Names the study to the other process.
const STUDY: &str = "FAULTS_STUDY";
/// Where the disk may be full, the file that the other process makes when it waits.
const WAITS: &str = "FAULTS_WAITS";

/// So long is waited for what must come; the machine may be busy with other things.
const PATIENCE: Duration = Duration::from_secs(120);

/// Rungs of 1, 3 and 9 epochs; the tables lie beside the study.
fn experiment(folder: &Path) -> Experiment {
    let place = |name: &str, rows, seed| {
        let path = folder.join(name);
        if !path.exists() {
            fs::write(&path, kinds(rows, seed)).unwrap();
        }
        path
    };
    let held_out = place("held_out.csv", 40, 2);
    let options = DataOptions { validation: Part::File(held_out), ..DataOptions::new("kind") };
    Experiment::prepare(&place("kinds.csv", 90, 1), &options).unwrap()
}

fn options() -> TuneOptions {
    TuneOptions { trials: Some(12), epochs: 9, leader_seeds: 1, ..TuneOptions::default() }
}

/// Has all that is known written at the end of every trial.
struct Hasty(Ledger);

impl Board for Hasty {
    fn post(&mut self, event: &Event) -> Flow {
        if matches!(event, Event::Trial(_)) {
            // A full disk is the search's to tell.
            let _ = self.0.end(StudyState::Running, None);
        }
        Flow::Continue
    }
}

fn ledger(path: &Path) -> Ledger {
    if path.exists() {
        return Ledger::open(path).unwrap();
    }
    let about = StudyAbout { command: "tune".into(), metric: Metric::Loss, trials: None, epochs: 9 };
    Ledger::create(path, &about, "caviar tune", "", &[]).unwrap()
}

/// Begins a search or goes on with it, in the other process.
#[test]
fn search_in_another_process() {
    let Some(path) = env::var_os(STUDY).map(PathBuf::from) else { return };
    let workers = Workers { ledger: ledger(&path), ..Workers::new(2) };
    if let Some(waits) = env::var_os(WAITS) {
        workers.ledger.when_full(move |_| fs::write(&waits, "").is_ok());
    }
    let mut hasty = Hasty(workers.ledger.clone());
    match tune(&experiment(path.parent().unwrap()), &options(), &workers, &mut hasty) {
        Ok(_) => workers.ledger.end(StudyState::Finished, None).unwrap(),
        Err(error) => {
            eprintln!("{error}");
            std::process::exit(9);
        }
    }
}

/// The other process. It does not outlive its owner: a test that fails leaves nothing that works on.
struct Other(Option<Child>);

impl Other {
    fn start(path: &Path, given: &[(&str, &Path)]) -> Other {
        let mut command = Command::new(env::current_exe().unwrap());
        command.args(["--exact", "search_in_another_process", "--nocapture"]).env(STUDY, path);
        command.envs(given.iter().copied()).stdout(Stdio::null()).stderr(Stdio::piped());
        Other(Some(command.spawn().unwrap()))
    }

    fn has_ended(&mut self) -> bool {
        self.0.as_mut().unwrap().try_wait().unwrap().is_some()
    }

    fn output(mut self) -> Output {
        self.0.take().unwrap().wait_with_output().unwrap()
    }
}

impl Drop for Other {
    fn drop(&mut self) {
        if let Some(child) = &mut self.0 {
            // It may have ended meanwhile.
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

/// All of a search but its clock, and what its study says of the trials.
#[derive(PartialEq)]
struct Result {
    model: Vec<u8>,
    trials: String,
    rows: Vec<String>,
}

/// Goes on with a study to its end.
fn go_on(experiment: &Experiment, path: &Path) -> Result {
    let workers = Workers { ledger: ledger(path), ..Workers::new(1) };
    let finished = tune(experiment, &options(), &workers, &mut Quiet).unwrap();
    drop(workers);
    result(&finished, path)
}

fn result(finished: &Finished, path: &Path) -> Result {
    let trial = |trial: &TrialRecord| TrialRecord { seconds: 0.0, ..trial.clone() };
    let trials: Vec<TrialRecord> = finished.trials.iter().map(trial).collect();
    let rows = StudyReader::open(path).unwrap().trials().unwrap();
    let row = |row: &caviar_store::study::TrialRow| {
        let mut details: serde_json::Value = serde_json::from_str(&row.details).unwrap();
        details["seconds"] = 0.into();
        format!("{:?} {details}", (row.number, &row.state, &row.params, row.score, row.epochs))
    };
    Result {
        model: finished.model.file().unwrap().to_bytes().unwrap(),
        trials: format!("{:?} {trials:?}", finished.best),
        rows: rows.iter().map(row).collect(),
    }
}

/// A folder with the tables, and what a search in it comes to that nobody disturbs.
fn place() -> (TempDir, Experiment, Result) {
    let folder = tempfile::tempdir().unwrap();
    let experiment = experiment(folder.path());
    let undisturbed = go_on(&experiment, &folder.path().join("undisturbed.db"));
    (folder, experiment, undisturbed)
}

/// The library between a process and its disk.
fn disk(folder: &Path) -> PathBuf {
    let library = folder.join("disk.so");
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/faults/disk.c");
    let done = Command::new("cc").args(["-shared", "-fPIC", "-O1", "-o"]).arg(&library).arg(source).status().unwrap();
    assert!(done.success());
    library
}

/// What was done to a file.
struct Call {
    word: String,
    name: String,
    number: usize,
    bytes: Vec<u8>,
}

fn calls(log: &[u8]) -> Vec<Call> {
    let (mut calls, mut at) = (Vec::new(), 0);
    while at < log.len() {
        let end = at + log[at..].iter().position(|byte| *byte == b'\n').unwrap();
        let line = std::str::from_utf8(&log[at..end]).unwrap();
        let [word, name, number, length] = line.split(' ').collect::<Vec<_>>()[..] else { panic!("{line}") };
        let length: usize = length.parse().unwrap();
        let bytes = log[end + 1..end + 1 + length].to_vec();
        calls.push(Call { word: word.into(), name: name.into(), number: number.parse().unwrap(), bytes });
        at = end + 1 + length;
    }
    calls
}

/// Files by what follows the study's name.
type Files = BTreeMap<String, Vec<u8>>;

/// Does a call; of a write so many bytes only.
fn apply(files: &mut Files, call: &Call, most: usize) {
    match call.word.as_str() {
        "write" => {
            let bytes = &call.bytes[..call.bytes.len().min(most)];
            let file = files.entry(call.name.clone()).or_default();
            file.resize(file.len().max(call.number + bytes.len()), 0);
            file[call.number..call.number + bytes.len()].copy_from_slice(bytes);
        }
        "truncate" => files.entry(call.name.clone()).or_default().resize(call.number, 0),
        "remove" => drop(files.remove(&call.name)),
        "rename" => {
            let file = files.remove(&call.name).unwrap();
            files.insert(String::from_utf8(call.bytes.clone()).unwrap(), file);
        }
        "sync" => {}
        other => panic!("{other}"),
    }
}

/// Lays the files out as a kill would leave them, and goes on.
fn check(experiment: &Experiment, undisturbed: &Result, files: &Files, when: &str) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("study.db");
    for (name, bytes) in files {
        let end = if name == "." { "" } else { name };
        fs::write(folder.path().join(format!("study.db{end}")), bytes).unwrap();
    }
    assert!(go_on(experiment, &path) == *undisturbed, "killed {when} it comes to something else");
}

#[test]
fn killed_at_every_write_and_sync_among_the_first_it_ends_with_the_same_bits() {
    let (folder, experiment, undisturbed) = place();
    let (path, log) = (folder.path().join("study.db"), folder.path().join("log"));
    let library = disk(folder.path());
    let given = [("LD_PRELOAD", &*library), ("FAULTS_OF", &*path), ("FAULTS_LOG", &*log)];
    let done = Other::start(&path, &given).output();
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    let calls = calls(&fs::read(&log).unwrap());
    let is_fault_point = |call: &Call| ["write", "sync"].contains(&call.word.as_str());
    let points = calls.iter().filter(|call| is_fault_point(call)).count();
    assert!(points > 300, "{points} writes and syncs only");
    let (mut files, mut point) = (Files::new(), 0);
    for call in &calls {
        // Of every eighth write half is done, too.
        if point % 8 == 1 && call.word == "write" {
            let mut torn = files.clone();
            apply(&mut torn, call, call.bytes.len() / 2);
            check(&experiment, &undisturbed, &torn, &format!("in the middle of write {point}"));
        }
        apply(&mut files, call, usize::MAX);
        point += usize::from(is_fault_point(call));
        // The first 200, the renaming among them, and then one of fifty.
        if point <= 200 || point % 50 == 0 {
            check(&experiment, &undisturbed, &files, &format!("after {} {point} of {}", call.word, call.name));
        }
    }
    assert_eq!(files["."], fs::read(&path).unwrap(), "the calls are not all that was done");
}

/// How long the whole search takes in another process.
fn duration(folder: &TempDir) -> f64 {
    let start_of_all = Instant::now();
    let done = Other::start(&folder.path().join("timed.db"), &[]).output();
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    start_of_all.elapsed().as_secs_f64()
}

fn kill_after(path: &Path, seconds: f64) {
    let other = Other::start(path, &[]);
    sleep(Duration::from_secs_f64(seconds));
    drop(other);
}

#[test]
fn killed_at_random_moments_it_ends_with_the_same_bits() {
    let (folder, experiment, undisturbed) = place();
    let (whole, mut numbers) = (duration(&folder), Numbers(5));
    for kill in 0..50 {
        let path = folder.path().join(format!("{kill}.db"));
        let seconds = numbers.next() * whole;
        kill_after(&path, seconds);
        assert!(go_on(&experiment, &path) == undisturbed, "killed after {seconds} of {whole} s");
    }
}

#[test]
fn killed_ten_times_it_ends_with_the_same_bits() {
    let (folder, experiment, undisturbed) = place();
    let (whole, mut numbers) = (duration(&folder), Numbers(6));
    let path = folder.path().join("study.db");
    for _ in 0..10 {
        kill_after(&path, (0.1 + 0.3 * numbers.next()) * whole);
    }
    assert!(go_on(&experiment, &path) == undisturbed);
}

/// A process whose disk becomes full in the middle of its search.
fn start_with_little_room(path: &Path, full: &Path, given: &[(&str, &Path)]) -> Other {
    let library = disk(path.parent().unwrap());
    let own: [(&str, &Path); 4] = [
        ("LD_PRELOAD", &library),
        ("FAULTS_OF", path),
        ("FAULTS_FULL", full),
        // Of more than 300.
        ("FAULTS_FULL_AT", Path::new("150")),
    ];
    Other::start(path, &[&own, given].concat())
}

#[test]
fn a_full_disk_pauses_the_study_until_there_is_room() {
    let (folder, experiment, undisturbed) = place();
    let beside = |name: &str| folder.path().join(name);
    let (path, full, waits) = (beside("study.db"), beside("full"), beside("waits"));
    let mut other = start_with_little_room(&path, &full, &[(WAITS, &*waits)]);
    let begun = Instant::now();
    while !waits.exists() {
        assert!(!other.has_ended() && begun.elapsed() < PATIENCE, "it does not wait for room");
        sleep(Duration::from_millis(1));
    }
    sleep(Duration::from_millis(600));
    assert!(!other.has_ended(), "it has not waited");
    fs::remove_file(&full).unwrap();
    let done = other.output();
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    let rows = StudyReader::open(&path).unwrap().head().unwrap();
    assert_eq!(rows.state, StudyState::Finished);
    assert!(go_on(&experiment, &path) == undisturbed);
}

#[test]
fn a_study_that_met_a_full_disk_goes_on_when_there_is_room() {
    let (folder, experiment, undisturbed) = place();
    let beside = |name: &str| folder.path().join(name);
    let (path, full) = (beside("study.db"), beside("full"));
    let done = start_with_little_room(&path, &full, &[]).output();
    let told = String::from_utf8_lossy(&done.stderr);
    assert_eq!(done.status.code(), Some(9), "{told}");
    assert!(told.contains("the disk is full: the study holds what was done"), "{told}");
    fs::remove_file(&full).unwrap();
    assert!(go_on(&experiment, &path) == undisturbed);
    let other: std::result::Result<Ledger, LabError> = Ledger::open(&path);
    assert!(other.is_ok());
}
