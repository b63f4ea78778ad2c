//! A study whose trials are done by whoever asks.

use std::path::PathBuf;
use std::sync::{Mutex, MutexGuard, PoisonError};

use caviar_lab::{AskPlan, AskedStudy};
use pyo3::Python;
use pyo3::prelude::{PyResult, pyclass, pymethods};

use crate::error::{EngineError, Failure, detached};

/// A study that is asked for configurations and told what they are worth; it holds its file until it is closed.
#[pyclass(module = "caviar._caviar", name = "Asked", frozen)]
pub(crate) struct PyAsked {
    study: Mutex<Option<AskedStudy>>,
}

impl PyAsked {
    fn new(study: AskedStudy) -> Self {
        PyAsked { study: Mutex::new(Some(study)) }
    }

    fn lock(&self) -> MutexGuard<'_, Option<AskedStudy>> {
        self.study.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Does something with the study, without the interpreter's lock.
    fn with<R: Send>(
        &self,
        py: Python<'_>,
        work: impl FnOnce(&mut AskedStudy) -> Result<R, Failure> + Send,
    ) -> PyResult<R> {
        detached(py, || match &mut *self.lock() {
            Some(study) => work(study),
            None => Err(Failure::Python(EngineError::new_err("the study is closed"))),
        })
    }
}

#[pymethods]
impl PyAsked {
    /// A new study by a plan, as JSON.
    #[staticmethod]
    fn create(py: Python<'_>, path: PathBuf, plan: &str) -> PyResult<PyAsked> {
        let plan: AskPlan = serde_json::from_str(plan).map_err(|error| Failure::Setting(format!("study: {error}")))?;
        detached(py, || Ok(PyAsked::new(AskedStudy::create(&path, plan)?)))
    }

    /// A study that goes on.
    #[staticmethod]
    fn open(py: Python<'_>, path: PathBuf) -> PyResult<PyAsked> {
        detached(py, || Ok(PyAsked::new(AskedStudy::open(&path)?)))
    }

    /// By what it goes, as JSON.
    #[getter]
    fn plan(&self, py: Python<'_>) -> PyResult<String> {
        self.with(py, |study| Ok(serde_json::to_string(study.plan()).unwrap_or_default()))
    }

    /// What to do next, as JSON; nothing where all is done.
    fn ask(&self, py: Python<'_>) -> PyResult<Option<String>> {
        self.with(py, |study| Ok(study.ask()?.map(|order| serde_json::to_string(&order).unwrap_or_default())))
    }

    /// Takes the value of an epoch; whether the trial has come to where it is told.
    fn report(&self, py: Python<'_>, trial: u64, epoch: Option<u64>, value: f64) -> PyResult<bool> {
        self.with(py, |study| Ok(study.report(trial, epoch, value)?))
    }

    /// Takes the score of a trial; without one the best that was reported.
    fn tell(&self, py: Python<'_>, trial: u64, score: Option<f64>) -> PyResult<()> {
        self.with(py, |study| Ok(study.tell(trial, score)?))
    }

    /// That a trial failed.
    fn fail(&self, py: Python<'_>, trial: u64) -> PyResult<()> {
        self.with(py, |study| Ok(study.fail(trial)?))
    }

    /// Leaves the study, to go on another time; a second time nothing happens.
    fn close(&self, py: Python<'_>) -> PyResult<()> {
        detached(py, || self.lock().take().map_or(Ok(()), |study| Ok(study.close()?)))
    }
}
