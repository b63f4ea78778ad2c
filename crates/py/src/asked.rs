//! A study whose trials are done by whoever asks.

use std::path::PathBuf;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use caviar_lab::{AskPlan, AskedStudy, LabError, Order};
use pyo3::Python;
use pyo3::prelude::{PyResult, pyclass, pymethods};

use crate::error::{EngineError, Failure, detached};

/// A study that is asked for configurations and told what they are worth; it holds its file until it is closed.
#[pyclass(module = "caviar._caviar", name = "Asked", frozen)]
pub(crate) struct PyAsked {
    study: Mutex<Option<AskedStudy>>,
    /// Something was told, so that there may be something to do for those who wait.
    told: Condvar,
}

/// Who waits looks for Ctrl-C so often.
const LOOKED_FOR: Duration = Duration::from_millis(50);

impl PyAsked {
    fn new(study: AskedStudy) -> Self {
        PyAsked { study: Mutex::new(Some(study)), told: Condvar::new() }
    }

    fn lock(&self) -> MutexGuard<'_, Option<AskedStudy>> {
        self.study.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What to do next, if there is something before so long; a study that is closed meanwhile has nothing.
    fn next(&self, patience: Duration) -> Result<Option<Order>, LabError> {
        let mut study = self.lock();
        let closed = || Err(LabError::Waits { running: Vec::new() });
        let asked = study.as_mut().map_or_else(closed, AskedStudy::ask);
        if !matches!(asked, Err(LabError::Waits { .. })) || patience.is_zero() {
            return asked;
        }
        let (mut study, _) = self.told.wait_timeout(study, patience).unwrap_or_else(PoisonError::into_inner);
        study.as_mut().map_or_else(closed, AskedStudy::ask)
    }

    /// Does something that may give those who wait something to do.
    fn tells(&self, py: Python<'_>, work: impl FnOnce(&mut AskedStudy) -> Result<(), Failure> + Send) -> PyResult<()> {
        let done = self.with(py, work);
        self.told.notify_all();
        done
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

    /// What to do next, as JSON; nothing where all is done. Where others must be told before, it waits for that, or says
    /// so if it is not to wait.
    fn ask(&self, py: Python<'_>, wait: bool) -> PyResult<Option<String>> {
        let patience = if wait { LOOKED_FOR } else { Duration::ZERO };
        loop {
            // Whether it is open, for those who wait, too.
            self.with(py, |_| Ok(()))?;
            match detached(py, || Ok(self.next(patience)))? {
                Err(LabError::Waits { .. }) if wait => py.check_signals()?,
                Err(error @ LabError::Waits { .. }) => return Err(EngineError::new_err(error.to_string())),
                asked => {
                    let text = |order: &Order| serde_json::to_string(order).unwrap_or_default();
                    return Ok(asked.map_err(Failure::Lab)?.as_ref().map(text));
                }
            }
        }
    }

    /// Takes the value of an epoch; whether the trial has come to where it is told.
    fn report(&self, py: Python<'_>, trial: u64, epoch: Option<u64>, value: f64) -> PyResult<bool> {
        self.with(py, |study| Ok(study.report(trial, epoch, value)?))
    }

    /// Takes the score of a trial; without one the best that was reported.
    fn tell(&self, py: Python<'_>, trial: u64, score: Option<f64>) -> PyResult<()> {
        self.tells(py, |study| Ok(study.tell(trial, score)?))
    }

    /// That a trial failed.
    fn fail(&self, py: Python<'_>, trial: u64) -> PyResult<()> {
        self.tells(py, |study| Ok(study.fail(trial)?))
    }

    /// Leaves the study, to go on another time; a second time nothing happens.
    fn close(&self, py: Python<'_>) -> PyResult<()> {
        let closed = detached(py, || self.lock().take().map_or(Ok(()), |study| Ok(study.close()?)));
        self.told.notify_all();
        closed
    }
}
