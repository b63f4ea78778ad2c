//! What a search has found: predictions, bytes, and all that is known of the trials.

use std::sync::Arc;

use caviar_lab::report::Report;
use caviar_lab::{Finished, Model, Predictions, Validated};
use caviar_store::ModelFile;
use numpy::{IntoPyArray, PyArray2, PyArrayMethods};
use pyo3::Python;
use pyo3::prelude::{Bound, PyAny, PyResult, pyclass, pymethods};
use pyo3::types::{PyAnyMethods, PyBytes};
use serde_json::{Value, json};

use crate::error::{Failure, FileError, detached};
use crate::table::Features;

/// The section of the file with what is known of the trials.
const SUMMARY: &str = "search";

/// A model that a search has found.
#[pyclass(module = "caviar._caviar", name = "Tuned", frozen)]
#[derive(Clone, Debug)]
pub(crate) struct Tuned {
    found: Arc<Found>,
}

#[derive(Debug)]
struct Found {
    model: Model,
    summary: Value,
    /// The page about the search; not kept in bytes, and not made of one that was interrupted.
    report: Option<Report>,
}

impl Tuned {
    pub(crate) fn new(finished: Finished, report: Option<Report>) -> Self {
        let summary = summary(&finished);
        Tuned { found: Arc::new(Found { model: finished.model, summary, report }) }
    }

    fn file(&self) -> Result<ModelFile, Failure> {
        let mut file = self.found.model.file()?;
        file.set_section(SUMMARY, &self.found.summary).map_err(|error| Failure::File(error.to_string()))?;
        Ok(file)
    }
}

/// All that is known of the trials, as data.
pub(crate) fn summary(finished: &Finished) -> Value {
    let finite = |value: f64| value.is_finite().then_some(value);
    let leaders: Vec<Value> = finished
        .leaderboard()
        .into_iter()
        .map(|trial| {
            json!({ "trial": trial.number, "score": trial.score.and_then(finite), "state": trial.state,
            "epochs": trial.epochs, "folds": trial.folds, "seconds": trial.seconds, "params": trial.params })
        })
        .collect();
    let trials: Vec<Value> = finished
        .trials
        .iter()
        .map(|trial| {
            json!({ "trial": trial.number, "score": trial.score.and_then(finite), "state": trial.state,
            "epochs": trial.epochs, "folds": trial.folds, "seconds": trial.seconds, "params": trial.params,
            "curve": trial.curve, "turns": trial.turns })
        })
        .collect();
    json!({
        "best": { "trial": finished.best.trial, "params": finished.best.params, "epochs": finished.best.epochs,
            "score": finished.best.score.and_then(finite), "recipe": finished.best.recipe },
        "metric": finished.metric, "members": finished.members, "seconds": finished.seconds,
        "steps": finished.steps, "interrupted": finished.interrupted, "train": finished.train,
        "validation": finished.validation, "leaderboard": leaders, "trials": trials, "importance": finished.importance,
        "refit": finished.refit,
        "folds": match finished.validated { Validated::Folds(folds) => Some(folds), _ => None },
    })
}

#[pymethods]
impl Tuned {
    /// The probability of each class, or the value, of each row; and the names of the classes in their order.
    fn predict<'py>(
        &self,
        py: Python<'py>,
        features: Features<'_>,
    ) -> PyResult<(Bound<'py, PyArray2<f64>>, Vec<String>)> {
        let features = features.loose()?;
        let predict = |table: caviar_table::Table| {
            Ok(match self.found.model.predict(&table)? {
                Predictions::Values(values) => (values, Vec::new(), table.rows()),
                Predictions::Classes { classes, probabilities, .. } => (probabilities, classes, table.rows()),
            })
        };
        let (answers, classes, rows) = detached(py, || features.with_table(Vec::new(), predict))?;
        let width = answers.len().checked_div(rows).unwrap_or(0);
        Ok((answers.into_pyarray(py).reshape([rows, width])?, classes))
    }

    /// All that is known of the trials, as JSON.
    #[getter]
    fn summary(&self) -> String {
        self.found.summary.to_string()
    }

    /// Whether each column that is used holds `numbers` or `words`.
    #[getter]
    fn kinds(&self) -> Vec<(String, &'static str)> {
        crate::frame::kinds(self.found.model.encoder())
    }

    /// What the inputs of the networks say.
    #[getter]
    fn labels(&self) -> Vec<String> {
        self.found.model.encoder().labels()
    }

    /// The columns that are left out, with reasons.
    #[getter]
    fn dropped(&self) -> Vec<String> {
        self.found.model.encoder().dropped().iter().map(ToString::to_string).collect()
    }

    /// The page about the search, as HTML; none where this was read from bytes, or the search interrupted.
    fn report(&self) -> Option<String> {
        self.found.report.as_ref().map(Report::to_html)
    }

    /// As bytes: a model file of the program, with nothing in it that could be executed.
    fn to_bytes<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyBytes>> {
        let bytes = self.file()?.to_bytes().map_err(|error| FileError::new_err(error.to_string()))?;
        Ok(PyBytes::new(py, &bytes))
    }

    /// From its bytes.
    #[staticmethod]
    fn from_bytes(py: Python<'_>, bytes: &[u8]) -> PyResult<Tuned> {
        detached(py, || {
            let file = ModelFile::from_bytes(bytes).map_err(|error| Failure::File(error.to_string()))?;
            let summary = file.section(SUMMARY).map_err(|error| Failure::File(error.to_string()))?;
            let model = Model::from_file(file).map_err(|error| Failure::File(error.to_string()))?;
            Ok(Tuned { found: Arc::new(Found { model, summary, report: None }) })
        })
    }

    fn __reduce__<'py>(slf: &Bound<'py, Self>) -> PyResult<(Bound<'py, PyAny>, (Bound<'py, PyBytes>,))> {
        let bytes = slf.get().to_bytes(slf.py())?;
        Ok((slf.get_type().getattr("from_bytes")?, (bytes,)))
    }

    fn __deepcopy__(&self, _memo: &Bound<'_, PyAny>) -> Tuned {
        self.clone()
    }
}
