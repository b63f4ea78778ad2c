//! Steering the trials of a search: from its callback, or through the file of its study.

use std::path::{Path, PathBuf};
use std::thread::sleep;
use std::time::{Duration, Instant};

use caviar_engine::train::Change;
use caviar_lab::{LabError, Steer, StudyView, Wishes};
use caviar_store::study::{StudyState, wish};
use pyo3::Python;
use pyo3::prelude::{Bound, PyResult, pyclass, pyfunction, pymethods};
use pyo3::types::{PyDict, PyDictMethods};

use crate::changes::change;
use crate::error::{Failure, SettingError, detached};
use crate::settings::Units;

/// The networks of a search go by the engine's own units.
const UNITS: Units = Units { gradient: 1.0, loss: 1.0, rate: 1.0 };

/// What a search is steered by while it runs.
#[pyclass(module = "caviar._caviar", frozen)]
#[derive(Clone, Debug, Default)]
pub(crate) struct Reins {
    pub(crate) wishes: Wishes,
}

#[pymethods]
impl Reins {
    #[new]
    fn new() -> Reins {
        Reins::default()
    }

    /// Asks something of a trial: `set` with changes, `fork` with those of the copy, `pause`, `continue`, `stop` or `undo`.
    fn steer(&self, trial: u64, what: &str, changes: Option<Bound<'_, PyDict>>) -> PyResult<()> {
        steers(what, changes)?.into_iter().for_each(|steer| self.wishes.ask(trial, steer));
        Ok(())
    }
}

/// What a study does is on the disk after this.
const DELAY: Duration = Duration::from_secs(1);
const GLANCE: Duration = Duration::from_millis(50);

/// Asks the same of a trial of a study that somebody works on, through its file; the numbers of the wishes. Whoever has
/// `begun` the trial and says so need not wait until that is on the disk.
#[pyfunction]
#[pyo3(signature = (path, trial, what, changes=None, begun=false))]
pub(crate) fn steer(
    py: Python<'_>,
    path: PathBuf,
    trial: u64,
    what: &str,
    changes: Option<Bound<'_, PyDict>>,
    begun: bool,
) -> PyResult<Vec<u64>> {
    let steers = steers(what, changes)?;
    detached(py, move || {
        let path = if begun { StudyView::file(&path) } else { steerable(&path, trial)? };
        let text = |steer: &Steer| serde_json::to_string(steer).map_err(|error| Failure::Setting(error.to_string()));
        let ask = |steer: &Steer| Ok(wish(&path, trial, &text(steer)?).map_err(LabError::from)?);
        steers.iter().map(ask).collect()
    })
}

/// The file of a study whose trial can be steered.
fn steerable(path: &Path, trial: u64) -> Result<PathBuf, Failure> {
    let start = Instant::now();
    loop {
        let study = StudyView::open(path)?;
        if study.state != StudyState::Running {
            let why = format!("the study is {}, nobody works on it", study.state);
            return Err(LabError::NotSteerable { trial, why }.into());
        }
        match study.trials.iter().find(|known| known.number == trial) {
            Some(known) if known.is_settled() => {
                return Err(LabError::NotSteerable { trial, why: format!("it is {}", known.state) }.into());
            }
            Some(_) => return Ok(study.path),
            None if start.elapsed() < DELAY => sleep(GLANCE),
            None => return Err(LabError::UnknownTrial { trial, trials: study.trials.len() as u64 }.into()),
        }
    }
}

fn all(changes: Option<Bound<'_, PyDict>>) -> PyResult<Vec<Change>> {
    let changes = changes.iter().flat_map(|changes| changes.iter());
    changes.map(|(name, value)| change(&name, &value, UNITS)).collect()
}

fn steers(what: &str, changes: Option<Bound<'_, PyDict>>) -> PyResult<Vec<Steer>> {
    Ok(match what {
        "pause" => vec![Steer::Pause],
        "continue" => vec![Steer::Continue],
        "stop" => vec![Steer::Stop],
        "undo" => vec![Steer::Undo],
        "set" => all(changes)?.into_iter().map(Steer::Set).collect(),
        "fork" => vec![Steer::Fork(all(changes)?)],
        _ => {
            return Err(SettingError::new_err(format!(
                "`{what}`: a trial is asked to set, pause, continue, stop, undo or fork"
            )));
        }
    })
}
