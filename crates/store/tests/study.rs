//! The study file: what is written is what is read, and nothing else is taken for it.

use std::fs;
use std::path::{Path, PathBuf};

use caviar_store::StoreError;
use caviar_store::study::{
    CommandRow, DataFile, Entry, RunKey, RunRow, SliceRow, SnapshotKind, SnapshotRow, StudyError, StudyFile, StudyHead,
    StudyReader, StudyState, StudyWriter, TrialRow,
};
use rusqlite::Connection;

fn head() -> StudyHead {
    StudyHead {
        program: "caviar 0.1.0".into(),
        command: "caviar tune iris.csv --target species --seed 0".into(),
        config: "command = \"tune\"\n".into(),
        details: "{}".into(),
        state: StudyState::Running,
        seconds: 0.0,
        result: None,
    }
}

fn key(trial: u64) -> RunKey {
    RunKey { trial, stage: "screen".into(), part: 0 }
}

fn trial(number: u64) -> TrialRow {
    TrialRow {
        number,
        state: "complete".into(),
        params: r#"{"learning_rate":0.1}"#.into(),
        seed: u64::MAX - number,
        score: Some(0.25 + number as f64),
        epochs: 2,
        details: "{}".into(),
    }
}

fn slice(number: u64, first_epoch: u64) -> SliceRow {
    let numbers = vec![f64::NAN, f64::INFINITY, -0.0, number as f64 + 0.1];
    SliceRow { key: key(number), first_epoch, columns: vec!["train_loss".into(), "loss".into()], numbers }
}

fn snapshot(number: u64, kind: SnapshotKind) -> SnapshotRow {
    let bytes = (0..3000_u64).map(|place| (place * 7 + number) as u8).collect();
    SnapshotRow { key: key(number), kind, member: 0, epoch: 2, step: 40, bytes }
}

/// A study with a few rows of each kind.
fn filled(folder: &Path) -> PathBuf {
    let path = folder.join("study.db");
    let files = [DataFile { path: "/data/iris.csv".into(), bytes: 4551, hash: "ab".repeat(32) }];
    let mut study = StudyFile::create(&path, &head(), &files).unwrap();
    for number in 0..4 {
        let run = RunRow { key: key(number), ended: "complete".into(), steps: 40, seconds: 0.5, details: None };
        let entries = [
            Entry::Trial(trial(number)),
            Entry::Slice(slice(number, 0)),
            Entry::Slice(slice(number, 2)),
            Entry::Run(run),
            Entry::Snapshot(snapshot(number, SnapshotKind::State)),
            Entry::Snapshot(snapshot(number, SnapshotKind::Weights)),
            Entry::Command(CommandRow { trial: number, step: 7, change: "{}".into() }),
        ];
        study.write(&entries, 1.5).unwrap();
    }
    study.write(&[Entry::State(StudyState::Finished, Some("{}".into()))], 2.0).unwrap();
    path
}

/// All that a study holds, in words: NaN is equal to itself there, and every bit is seen.
fn contents(path: &Path) -> Result<String, StoreError> {
    let reader = StudyReader::open(path)?;
    let mut words = format!("{:?} {:?} {:?} {:?}", reader.head()?, reader.files()?, reader.trials()?, reader.runs()?);
    for slice in reader.slices()? {
        let bits: Vec<u64> = slice.numbers.iter().map(|number| number.to_bits()).collect();
        words += &format!("{:?} {} {:?} {bits:?}", slice.key, slice.first_epoch, slice.columns);
    }
    for kind in [SnapshotKind::State, SnapshotKind::Weights] {
        for (key, bytes) in reader.kept(kind)? {
            words += &format!("{key:?} {bytes} {:?}", reader.snapshots(&key, kind)?);
        }
    }
    Ok(words + &format!("{:?}", reader.commands()?))
}

fn study_error(error: StoreError) -> StudyError {
    match error {
        StoreError::Study { source, .. } => source,
        other => panic!("another kind of error: {other}"),
    }
}

#[test]
fn what_is_written_is_read_to_the_bit() {
    let folder = tempfile::tempdir().unwrap();
    let path = filled(folder.path());
    let reader = StudyReader::open(&path).unwrap();
    let read = reader.head().unwrap();
    assert_eq!((read.state, read.seconds, read.result.as_deref()), (StudyState::Finished, 2.0, Some("{}")));
    assert_eq!(reader.trials().unwrap()[3], trial(3));
    let slices = reader.slices().unwrap();
    assert_eq!((slices.len(), slices[1].first_epoch), (8, 2));
    let bits = |slice: &SliceRow| slice.numbers.iter().map(|number| number.to_bits()).collect::<Vec<_>>();
    assert_eq!(bits(&slices[7]), bits(&slice(3, 2)));
    let snapshots = reader.snapshots(&key(2), SnapshotKind::Weights).unwrap();
    assert_eq!(snapshots, [snapshot(2, SnapshotKind::Weights)]);
    assert_eq!(reader.kept(SnapshotKind::State).unwrap()[0], (key(0), 3000));
    assert_eq!(reader.commands().unwrap().len(), 4);
    // Closed, it is one file.
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
}

#[test]
fn what_is_forgotten_is_gone_and_what_is_written_again_is_replaced() {
    let folder = tempfile::tempdir().unwrap();
    let path = filled(folder.path());
    let mut study = StudyFile::open(&path).unwrap();
    let better = TrialRow { score: None, ..trial(1) };
    study.write(&[Entry::Forget(key(1), SnapshotKind::State), Entry::Trial(better.clone())], 3.0).unwrap();
    let reader = study.reader().unwrap();
    assert!(reader.snapshots(&key(1), SnapshotKind::State).unwrap().is_empty());
    assert_eq!(reader.snapshots(&key(1), SnapshotKind::Weights).unwrap().len(), 1);
    assert_eq!(reader.trials().unwrap()[1], better);
    assert_eq!(reader.head().unwrap().result.as_deref(), Some("{}"));
}

#[test]
fn a_second_owner_is_refused_and_a_reader_is_not() {
    let folder = tempfile::tempdir().unwrap();
    let path = filled(folder.path());
    let first = StudyFile::open(&path).unwrap();
    let refused = study_error(StudyFile::open(&path).unwrap_err());
    assert!(matches!(refused, StudyError::Owned { owner: Some(owner) } if owner == std::process::id()), "{refused}");
    let reader = StudyReader::open(&path).unwrap();
    assert!(reader.is_owned() && reader.trials().unwrap().len() == 4);
    drop(first);
    assert!(!reader.is_owned());
    drop(StudyFile::open(&path).unwrap());
}

#[test]
fn a_study_that_is_there_is_not_made_again() {
    let folder = tempfile::tempdir().unwrap();
    let path = filled(folder.path());
    let before = fs::read(&path).unwrap();
    assert!(matches!(study_error(StudyFile::create(&path, &head(), &[]).unwrap_err()), StudyError::Exists));
    assert_eq!(fs::read(&path).unwrap(), before);
}

#[test]
fn a_writer_writes_what_it_was_given_before_it_is_closed_and_after_half_a_second() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("study.db");
    let writer = StudyWriter::start(StudyFile::create(&path, &head(), &[]).unwrap());
    writer.put(vec![Entry::Trial(trial(0))]).unwrap();
    let begun = std::time::Instant::now();
    while StudyReader::open(&path).unwrap().trials().unwrap().is_empty() {
        assert!(begun.elapsed().as_secs() < 60, "nothing is written though nobody asks for it");
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
    writer.put(vec![Entry::Trial(trial(1))]).unwrap();
    writer.flush().unwrap();
    assert_eq!(StudyReader::open(&path).unwrap().trials().unwrap().len(), 2);
    writer.put(vec![Entry::Trial(trial(2))]).unwrap();
    drop(writer);
    assert_eq!(StudyReader::open(&path).unwrap().trials().unwrap().len(), 3);
}

#[test]
fn a_study_of_a_newer_format_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = filled(folder.path());
    Connection::open(&path).unwrap().execute("UPDATE caviar_study SET format = 99", []).unwrap();
    for error in [StudyReader::open(&path).map(drop).unwrap_err(), StudyFile::open(&path).map(drop).unwrap_err()] {
        assert!(matches!(study_error(error), StudyError::NewerFormat { found: 99, known: 1 }));
    }
}

#[test]
fn other_files_are_no_studies_and_stay_as_they_are() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("study.db");
    assert!(matches!(StudyFile::open(&path).unwrap_err(), StoreError::Io { .. }));
    assert!(matches!(StudyFile::open(folder.path()).unwrap_err(), StoreError::NotAFile { .. }));
    fs::write(&path, "a,b\n1,2\n".repeat(100)).unwrap();
    assert!(matches!(study_error(StudyFile::open(&path).unwrap_err()), StudyError::NotADatabase));
    assert_eq!(fs::read(&path).unwrap().len(), 800);
    fs::write(&path, "").unwrap();
    assert!(matches!(study_error(StudyFile::open(&path).unwrap_err()), StudyError::NotAStudy));
    assert_eq!(fs::read(&path).unwrap().len(), 0);
    fs::remove_file(&path).unwrap();
    Connection::open(&path).unwrap().execute("CREATE TABLE other (x)", []).unwrap();
    assert!(matches!(study_error(StudyReader::open(&path).unwrap_err()), StudyError::NotAStudy));
}

#[test]
fn an_altered_row_does_not_fit_its_seal() {
    let changes = [
        "UPDATE caviar_trials SET score = score / 2 WHERE number = 1",
        "UPDATE caviar_trials SET params = '{}' WHERE number = 2",
        "UPDATE caviar_runs SET ended = 'cut' WHERE trial = 3",
        "UPDATE caviar_slices SET first_epoch = 1 WHERE first_epoch = 2 AND trial = 0",
        "UPDATE caviar_slices SET numbers = zeroblob(length(numbers)) WHERE trial = 0",
        "UPDATE caviar_snapshots SET bytes = zeroblob(length(bytes)) WHERE trial = 0",
        "UPDATE caviar_commands SET step = 8 WHERE trial = 0",
        "UPDATE caviar_files SET bytes = 1",
        "UPDATE caviar_study SET config = ''",
    ];
    let folder = tempfile::tempdir().unwrap();
    let good = fs::read(filled(folder.path())).unwrap();
    let path = folder.path().join("altered.db");
    for change in changes {
        fs::write(&path, &good).unwrap();
        Connection::open(&path).unwrap().execute(change, []).unwrap();
        let error = study_error(contents(&path).unwrap_err());
        assert!(matches!(error, StudyError::Altered { .. }), "{change}: {error}");
    }
}

#[test]
fn files_cut_short_or_altered_anywhere_are_refused_or_read_as_they_were() {
    let folder = tempfile::tempdir().unwrap();
    let good_path = filled(folder.path());
    let (good, known) = (fs::read(&good_path).unwrap(), contents(&good_path).unwrap());
    let path = folder.path().join("hostile.db");
    let mut refused = 0;
    let mut random = 0x2545_f491_4f6c_dd1d_u64;
    let mut next = |below: usize| {
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        (random % below as u64) as usize
    };
    for attempt in 0..1000 {
        let mut bytes = good.clone();
        if attempt % 10 == 0 {
            bytes.truncate(next(good.len()));
        }
        for _ in 0..=next(4) {
            let (place, value) = (next(bytes.len().max(1)), next(256) as u8);
            bytes.get_mut(place).into_iter().for_each(|byte| *byte = value);
        }
        fs::write(&path, &bytes).unwrap();
        match contents(&path) {
            Ok(words) => assert!(words == known, "attempt {attempt} was read as something else"),
            Err(error) => {
                assert!(!error.to_string().is_empty());
                refused += 1;
            }
        }
    }
    // Many of the bytes belong to nothing: a page of a table with a few rows is mostly empty.
    assert!(refused > 300, "{refused} of 1000 refused");
}
