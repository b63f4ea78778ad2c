use std::path::PathBuf;

use caviar_store::study::StudyState;

use super::{AskPlan, AskedStudy};
use crate::error::LabError;
use crate::options::Method;
use crate::study::StudyView;

fn plan(trials: u64, epochs: u64) -> AskPlan {
    let space = r#"{"x": {"scale": "linear", "low": -1.0, "high": 3.0}, "kind": ["near", "far"], "size": 7}"#;
    AskPlan {
        space: serde_json::from_str(space).unwrap(),
        maximize: false,
        trials,
        epochs,
        method: Method::Zoom,
        seed: 3,
        notes: serde_json::Value::Null,
    }
}

fn path(name: &str) -> PathBuf {
    let folder = std::env::temp_dir().join(format!("caviar-asked-{}-{name}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let path = folder.join("study.db");
    let _ = std::fs::remove_file(&path);
    path
}

/// `(x − 1)²`, and one more where it is far; what it costs falls with the epochs.
fn value(params: &caviar_tune::Params, epoch: u64) -> f64 {
    let far = params.get("kind").is_some_and(|kind| kind == &caviar_tune::Value::from("far"));
    let x = params.number("x").unwrap();
    (x - 1.0).powi(2) + f64::from(u8::from(far)) + 1.0 / (1.0 + epoch as f64)
}

/// Does what is asked until `stop` slices are done; their trials and rungs.
fn work(study: &mut AskedStudy, stop: usize) -> Vec<(u64, u64)> {
    let mut done = Vec::new();
    while let Some(order) = (done.len() < stop).then(|| study.ask().unwrap()).flatten() {
        for epoch in order.from_epoch..order.to_epoch {
            let at_end = study.report(order.trial, None, value(&order.params, epoch)).unwrap();
            assert_eq!(at_end, epoch + 1 == order.to_epoch);
        }
        study.tell(order.trial, None).unwrap();
        done.push((order.trial, order.to_epoch));
    }
    done
}

#[test]
fn without_epochs_every_trial_is_asked_for_once_and_the_best_leads() {
    let path = path("once");
    let mut study = AskedStudy::create(&path, plan(20, 1)).unwrap();
    let done = work(&mut study, usize::MAX);
    assert_eq!(done.iter().map(|(trial, _)| *trial).collect::<Vec<_>>(), (0..20).collect::<Vec<_>>());
    study.close().unwrap();
    let view = StudyView::open(&path).unwrap();
    assert_eq!((view.state, view.trials.len()), (StudyState::Finished, 20));
    let best = view.best.as_ref().unwrap();
    let scores: Vec<f64> = view.trials.iter().filter_map(|trial| trial.score).collect();
    assert!(scores.iter().all(|score| *score >= best.score.unwrap()) && best.score.unwrap() < 1.5);
    assert_eq!(view.importance.len(), 2);
}

#[test]
fn a_third_goes_on_at_each_rung_and_a_study_that_was_left_goes_on_alike() {
    let whole = work(&mut AskedStudy::create(&path("whole"), plan(27, 27)).unwrap(), usize::MAX);
    let count = |rung| whole.iter().filter(|(_, to)| *to == rung).count();
    assert!(count(1) > 2 * count(3) && count(3) > count(27) && count(27) > 0);
    let path = path("parts");
    let mut study = AskedStudy::create(&path, plan(27, 27)).unwrap();
    let mut parts = work(&mut study, 5);
    // Given out, heard of, never told.
    let lost = study.ask().unwrap().unwrap();
    study.report(lost.trial, None, 0.25).unwrap();
    study.close().unwrap();
    assert_eq!(StudyView::open(&path).unwrap().state, StudyState::Stopped);
    let mut study = AskedStudy::open(&path).unwrap();
    assert!(AskedStudy::open(&path).is_err());
    parts.extend(work(&mut study, 11));
    drop(study);
    let mut study = AskedStudy::open(&path).unwrap();
    parts.extend(work(&mut study, usize::MAX));
    assert_eq!(parts, whole);
    study.close().unwrap();
    let view = StudyView::open(&path).unwrap();
    assert!(view.trials.iter().all(|trial| trial.curve.len() as u64 == trial.epochs));
}

#[test]
fn what_cannot_be_is_refused() {
    let path = path("refused");
    let mut study = AskedStudy::create(&path, plan(2, 3)).unwrap();
    let order = study.ask().unwrap().unwrap();
    assert!(matches!(study.tell(9, Some(1.0)), Err(LabError::UnknownTrial { .. })));
    assert!(matches!(study.tell(order.trial, None), Err(LabError::NoScore { .. })));
    assert!(matches!(study.report(order.trial, Some(1), 0.5), Err(LabError::EpochOrder { .. })));
    study.tell(order.trial, Some(f64::NAN)).unwrap();
    assert!(matches!(study.report(order.trial, None, 0.5), Err(LabError::NotRunning { .. })));
    let second = study.ask().unwrap().unwrap();
    assert!(matches!(study.ask(), Err(LabError::Waits { .. }) | Ok(None)));
    study.fail(second.trial).unwrap();
    study.close().unwrap();
    let states: Vec<String> = StudyView::open(&path).unwrap().trials.iter().map(|t| t.state.to_string()).collect();
    assert_eq!(states, ["diverged", "failed"]);
    let bad = AskPlan {
        space: serde_json::from_str(r#"{"x": {"scale": "log", "low": 0, "high": 1}}"#).unwrap(),
        ..plan(2, 1)
    };
    assert!(matches!(AskedStudy::create(&path.with_file_name("bad.db"), bad), Err(LabError::Space(_))));
    assert!(!path.with_file_name("bad.db").exists());
}
