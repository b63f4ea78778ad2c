//! A large study is looked at quickly.

use std::time::Instant;

use caviar_engine::train::Metric;
use caviar_lab::{Recipe, StudyAbout, StudyView};
use caviar_store::study::{Entry, RunKey, RunRow, SliceRow, StudyFile, StudyHead, StudyState, TrialRow};
use serde_json::json;

#[test]
fn ten_thousand_trials_of_fifty_epochs_are_read_in_seconds() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("study.db");
    let about = StudyAbout { command: "tune".into(), metric: Metric::Loss, trials: Some(10_000), epochs: 50 };
    let head = StudyHead {
        program: "caviar".into(),
        command: "caviar tune".into(),
        config: String::new(),
        details: serde_json::to_string(&about).unwrap(),
        state: StudyState::Running,
        seconds: 0.0,
        result: None,
    };
    let mut study = StudyFile::create(&path, &head, &[]).unwrap();
    let columns: Vec<String> =
        ["train_loss", "last_batch_loss", "learning_rate", "loss", "accuracy"].map(String::from).into();
    let recipe = serde_json::to_value(Recipe::default()).unwrap();
    let entries = |number: u64| {
        let key = RunKey { trial: number, stage: "screen".into(), part: 0 };
        let score = (number * 7919 % 10_007) as f64 / 10_007.0;
        let details =
            json!({"recipe": recipe, "best_epoch": 49, "folds": 1, "steps": 1, "seconds": 1.0, "diverged": null});
        let params = (0..8).map(|place| (format!("p{place}"), json!((number * (place + 3) % 97) as f64)));
        let params = serde_json::Value::Object(params.collect()).to_string();
        let run = RunRow { key: key.clone(), ended: "complete".into(), steps: 1, seconds: 1.0, details: None };
        let (state, score, details) = ("complete".into(), Some(score), details.to_string());
        let numbers = (0..250).map(|place| 1.0 / (place + number) as f64).collect();
        [
            Entry::Trial(TrialRow { number, state, params, seed: number, score, epochs: 50, details }),
            Entry::Slice(SliceRow { key, first_epoch: 0, columns: columns.clone(), numbers }),
            Entry::Run(run),
        ]
    };
    for first in (0..10_000).step_by(1000) {
        let rows: Vec<Entry> = (first..first + 1000).flat_map(entries).collect();
        study.write(&rows, 1.0).unwrap();
    }
    drop(study);
    let start = Instant::now();
    let view = StudyView::open(&path).unwrap();
    let seconds = start.elapsed().as_secs_f64();
    assert_eq!((view.trials.len(), view.trials[9_999].curve.len(), view.importance.len()), (10_000, 50, 8));
    println!("{seconds} s");
    // With optimization it is under one; the tests are made without, and the machine may be busy.
    assert!(seconds < 30.0, "{seconds} s");
}
