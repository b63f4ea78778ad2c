//! The study as Optuna's tables have it; the real Optuna reads it in `bench/check_optuna.py`.

use caviar_store::study::{
    Entry, OptunaParam, OptunaState, OptunaTrial, RunKey, RunRow, SliceRow, StudyFile, StudyHead, StudyState, TrialRow,
};
use rusqlite::Connection;

fn study(folder: &std::path::Path) -> StudyFile {
    let head = StudyHead {
        program: "caviar 0.1.0".into(),
        command: "caviar tune".into(),
        config: String::new(),
        details: "{}".into(),
        state: StudyState::Running,
        seconds: 0.0,
        result: None,
    };
    let mut study = StudyFile::create(&folder.join("study.db"), &head, &[]).unwrap();
    study.write(&[Entry::OptunaStudy { maximize: false }], 0.0).unwrap();
    study
}

fn trial(number: u64, state: OptunaState) -> Entry {
    let distribution = r#"{"attributes":{"high":0.1,"log":true,"low":0.0001,"step":null},"name":"FloatDistribution"}"#;
    let param = |place: u64| OptunaParam {
        name: format!("parameter-{place}"),
        value: (number + 1) as f64 / (place + 3) as f64,
        distribution: distribution.to_owned(),
    };
    let value = (state != OptunaState::Running).then_some(0.5 + number as f64);
    let steps = if value.is_some() { vec![(2, 0.9), (6, 0.7), (18, f64::NAN)] } else { Vec::new() };
    Entry::Optuna(OptunaTrial { number, state, params: (0..8).map(param).collect(), value, steps })
}

fn rows(connection: &Connection, query: &str) -> Vec<(i64, String)> {
    let mut statement = connection.prepare(query).unwrap();
    let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?))).unwrap();
    rows.map(Result::unwrap).collect()
}

#[test]
fn a_trial_is_written_once_whatever_becomes_of_it() {
    let folder = tempfile::tempdir().unwrap();
    let mut study = study(folder.path());
    study.write(&[trial(0, OptunaState::Running), trial(1, OptunaState::Running)], 0.1).unwrap();
    study.write(&[trial(1, OptunaState::Fail), trial(0, OptunaState::Pruned)], 0.2).unwrap();
    study.write(&[trial(0, OptunaState::Running)], 0.3).unwrap();
    study.write(&[trial(0, OptunaState::Complete)], 0.4).unwrap();
    drop(study);
    let connection = Connection::open(folder.path().join("study.db")).unwrap();
    let states = rows(&connection, "SELECT number, state FROM trials ORDER BY trial_id");
    assert_eq!(states, [(0, "COMPLETE".to_owned()), (1, "FAIL".to_owned())]);
    let steps =
        rows(&connection, "SELECT step, intermediate_value_type FROM trial_intermediate_values WHERE trial_id = 1");
    assert_eq!(
        steps.iter().map(|(step, _)| *step).collect::<Vec<_>>(),
        [2, 6],
        "a score that is not finite is left out"
    );
    assert_eq!(rows(&connection, "SELECT count(*), 'x' FROM trial_params")[0].0, 16);
    assert_eq!(rows(&connection, "SELECT count(*), 'x' FROM trials WHERE datetime_complete IS NULL")[0].0, 0);
}

#[test]
fn trials_that_optuna_has_added_keep_their_numbers() {
    let folder = tempfile::tempdir().unwrap();
    let mut ours = study(folder.path());
    ours.write(&[trial(0, OptunaState::Complete)], 0.1).unwrap();
    drop(ours);
    let path = folder.path().join("study.db");
    let connection = Connection::open(&path).unwrap();
    connection
        .execute("INSERT INTO trials VALUES (2, 1, 1, 'COMPLETE', '2026-01-01 00:00:00', '2026-01-01 00:00:01')", [])
        .unwrap();
    drop(connection);
    let mut ours = StudyFile::open(&path).unwrap();
    ours.write(&[trial(1, OptunaState::Running)], 0.2).unwrap();
    ours.write(&[trial(1, OptunaState::Complete), trial(2, OptunaState::Running)], 0.3).unwrap();
    drop(ours);
    let states = rows(&Connection::open(&path).unwrap(), "SELECT number, state FROM trials ORDER BY trial_id");
    let words = states.iter().map(|(number, state)| (*number, &state[..])).collect::<Vec<_>>();
    assert_eq!(words, [(0, "COMPLETE"), (1, "COMPLETE"), (2, "COMPLETE"), (3, "RUNNING")]);
}

#[test]
fn an_epoch_of_a_trial_takes_less_than_120_bytes() {
    const TRIALS: u64 = 1000;
    let folder = tempfile::tempdir().unwrap();
    let mut study = study(folder.path());
    let columns: Vec<String> =
        ["train_loss", "last_batch_loss", "learning_rate", "loss", "accuracy"].map(String::from).into();
    for number in 0..TRIALS {
        let key = RunKey { trial: number, stage: "screen".into(), part: 0 };
        let numbers = (0..50 * columns.len()).map(|place| 1.0 / (place as f64 + 1.7)).collect();
        let row = TrialRow {
            number,
            state: "complete".into(),
            params: "x".repeat(192),
            seed: number,
            score: Some(0.1),
            epochs: 50,
            details: "x".repeat(525),
        };
        let run = RunRow { key: key.clone(), ended: "complete".into(), steps: 9, seconds: 1.0, details: None };
        let entries = [
            trial(number, OptunaState::Running),
            Entry::Slice(SliceRow { key, first_epoch: 0, columns: columns.clone(), numbers }),
            Entry::Run(run),
            Entry::Trial(row),
            trial(number, OptunaState::Complete),
        ];
        study.write(&entries, 1.0).unwrap();
    }
    drop(study);
    let bytes = std::fs::metadata(folder.path().join("study.db")).unwrap().len();
    assert!(bytes < TRIALS * 50 * 120, "{} bytes", bytes as f64 / (TRIALS * 50) as f64);
}

#[test]
fn trials_that_end_in_any_order_keep_their_numbers() {
    let folder = tempfile::tempdir().unwrap();
    let mut study = study(folder.path());
    study.write(&[trial(0, OptunaState::Running), trial(2, OptunaState::Running)], 0.1).unwrap();
    study.write(&[trial(1, OptunaState::Running), trial(2, OptunaState::Pruned)], 0.2).unwrap();
    study.write(&[trial(2, OptunaState::Complete), trial(1, OptunaState::Fail)], 0.3).unwrap();
    drop(study);
    let connection = Connection::open(folder.path().join("study.db")).unwrap();
    let states = rows(&connection, "SELECT number, state FROM trials ORDER BY trial_id");
    assert_eq!(states, [(0, "RUNNING".to_owned()), (1, "FAIL".to_owned()), (2, "COMPLETE".to_owned())]);
}
