//! A study that a search keeps, looked at.

use std::path::PathBuf;

use caviar_lab::StudyView;
use pyo3::Python;
use pyo3::prelude::{PyResult, pyfunction};
use serde_json::{Value, json};

use crate::error::{Failure, detached};
use crate::search::ESTIMATOR;

/// What a study file, or the folder that holds one, says, as JSON; also while a search writes it.
#[pyfunction]
pub(crate) fn study(py: Python<'_>, path: PathBuf) -> PyResult<String> {
    detached(py, move || {
        let view = StudyView::open(&path)?;
        let json = |error: serde_json::Error| Failure::File(error.to_string());
        let mut whole = serde_json::to_value(&view).map_err(json)?;
        let details = view.trials.iter().map(|trial| {
            json!({ "curve": trial.curve, "settings": trial.recipe, "folds": trial.folds, "diverged": trial.diverged,
                "turns": trial.turns })
        });
        if let Some(Value::Array(trials)) = whole.get_mut("trials") {
            for (trial, details) in trials.iter_mut().zip(details) {
                if let (Value::Object(trial), Value::Object(details)) = (trial, details) {
                    trial.extend(details);
                }
            }
        }
        let order: Vec<u64> = view.leaderboard().iter().map(|trial| trial.number).collect();
        if let Value::Object(whole) = &mut whole {
            let estimator = view.config.split_once(ESTIMATOR).map(|(_, text)| text.trim());
            whole.insert("estimator".to_owned(), json!(estimator));
            whole.insert("metric".to_owned(), json!(view.score_name()));
            whole.insert("maximize".to_owned(), json!(view.metric().higher_is_better()));
            whole.insert("command".to_owned(), json!(view.about.command));
            whole.insert("seconds".to_owned(), json!(view.seconds));
            whole.insert("order".to_owned(), json!(order));
            whole.insert("files".to_owned(), json!(view.files.iter().map(|file| &file.hash).collect::<Vec<_>>()));
        }
        Ok(whole.to_string())
    })
}
