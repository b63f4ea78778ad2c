//! What goes wrong, as Python's exceptions.

use std::panic::{AssertUnwindSafe, catch_unwind};

use caviar_engine::train::TrainError;
use caviar_lab::{ErrorKind, LabError};
use pyo3::exceptions::{PyRuntimeError, PyValueError};
use pyo3::prelude::{Bound, PyErr, PyModule, PyModuleMethods, PyResult};
use pyo3::{Python, create_exception};

create_exception!(caviar, SettingError, PyValueError, "A setting that is illegal, or does not fit the data.");
create_exception!(caviar, DataError, PyValueError, "Data that cannot be learned from, or do not fit the network.");
create_exception!(caviar, DivergedError, PyRuntimeError, "A loss that was not finite; the text names step and node.");
create_exception!(caviar, FileError, PyValueError, "Bytes or a file that are not what they should be.");
create_exception!(caviar, EngineError, PyRuntimeError, "Anything else that ended the work.");

/// Adds the exceptions to the module.
pub(crate) fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    let py = module.py();
    module.add("SettingError", py.get_type::<SettingError>())?;
    module.add("DataError", py.get_type::<DataError>())?;
    module.add("DivergedError", py.get_type::<DivergedError>())?;
    module.add("FileError", py.get_type::<FileError>())?;
    module.add("EngineError", py.get_type::<EngineError>())
}

/// What the native half runs into, before it is an exception.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    /// Of the experiment.
    #[error(transparent)]
    Lab(#[from] LabError),
    /// A setting that is illegal.
    #[error("{0}")]
    Setting(String),
    /// Data that do not fit.
    #[error("{0}")]
    Data(String),
    /// Bytes that are no network.
    #[error("{0}")]
    File(String),
    /// A training whose loss was not finite.
    #[error(
        "training diverged at epoch {epoch}, step {step}: {origin} is not finite; a lower learning_rate_init, clip_norm or scaled features help"
    )]
    Diverged {
        /// From 1.
        epoch: u64,
        /// From 1.
        step: u64,
        /// The first node that was not finite.
        origin: String,
    },
    /// A search that was left, all that was done being in its study; why, where somebody raised something.
    #[error("the search was stopped; its study keeps what was done")]
    Left(Option<Box<Failure>>),
    /// Raised by Python on the way: a signal, a callback.
    #[error(transparent)]
    Python(#[from] PyErr),
}

impl From<TrainError> for Failure {
    fn from(error: TrainError) -> Self {
        match error {
            TrainError::Spec(_) | TrainError::Network(_) | TrainError::NotRead { .. } | TrainError::NothingToDrop => {
                Failure::Setting(error.to_string())
            }
            other => Failure::Lab(other.into()),
        }
    }
}

impl From<Failure> for PyErr {
    fn from(failure: Failure) -> PyErr {
        let text = in_python(&failure.to_string());
        match failure {
            Failure::Python(error) => error,
            Failure::Left(Some(why)) => (*why).into(),
            Failure::Left(None) => EngineError::new_err(text),
            Failure::Setting(_) => SettingError::new_err(text),
            Failure::Data(_) => DataError::new_err(text),
            Failure::File(_) => FileError::new_err(text),
            Failure::Diverged { .. } => DivergedError::new_err(text),
            Failure::Lab(error) => match error.kind() {
                ErrorKind::Usage => SettingError::new_err(text),
                ErrorKind::Data => DataError::new_err(text),
                ErrorKind::NoTrial => DivergedError::new_err(text),
                ErrorKind::Interrupted | ErrorKind::Failed => EngineError::new_err(text),
            },
        }
    }
}

/// A text with the names of parameters in the place of those of flags: `--max-memory` is `max_memory`.
fn in_python(text: &str) -> String {
    let mut parts = text.split("--");
    let mut said = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let end = part.find(|sign: char| !sign.is_ascii_lowercase() && sign != '-').unwrap_or(part.len());
        let (flag, rest) = part.split_at(end);
        let name = if flag == "validation" { "validation_fraction".to_owned() } else { flag.replace('-', "_") };
        said.push_str(&name);
        said.push_str(rest);
    }
    said
}

/// Does `work` without the interpreter's lock; a panic in it, which is a fault of the package, becomes an exception.
pub(crate) fn detached<R: Send>(py: Python<'_>, work: impl FnOnce() -> Result<R, Failure> + Send) -> PyResult<R> {
    let outcome = py.detach(|| catch_unwind(AssertUnwindSafe(work)));
    match outcome {
        Ok(result) => Ok(result?),
        Err(_) => Err(EngineError::new_err("the engine ended unexpectedly; this is a fault of the package")),
    }
}
