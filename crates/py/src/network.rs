//! A trained network: predictions, weights, bytes.

use std::sync::Arc;

use caviar_engine::rows::Rows;
use caviar_engine::train::{Command, Event, Flow, Observer, Snapshot, Trainer};
use caviar_engine::{Dims, Real, Tensor};
use caviar_formats::{Array, Elements};
use caviar_lab::{read_snapshot, write_snapshot};
use caviar_store::ModelFile;
use numpy::{IntoPyArray, PyArray1, PyArray2, PyArrayDyn, PyArrayMethods};
use pyo3::Python;
use pyo3::prelude::{Bound, PyAny, PyResult, pyclass, pymethods};
use pyo3::types::{PyAnyMethods, PyBytes, PyDict, PyDictMethods};

use crate::arrays::Matrix;
use crate::error::{Failure, FileError, detached};
use crate::shape::Shape;
use crate::training::{End, Point};

/// The section of the file that holds the shape.
const SHAPE: &str = "network";
/// The array of the file that holds where the training stood.
const SNAPSHOT: &str = "snapshot";

/// A network with its weights, in its own precision.
#[derive(Clone, Debug)]
pub(crate) struct Learned<T> {
    pub(crate) shape: Shape,
    pub(crate) names: Vec<String>,
    pub(crate) sizes: Vec<Dims>,
    pub(crate) variables: Vec<Vec<T>>,
    /// Where the training stood, for one that goes on.
    pub(crate) snapshot: Option<Snapshot<T>>,
    pub(crate) curve: Vec<Point>,
    pub(crate) end: End,
}

impl<T: Real> Learned<T> {
    /// What a trainer has learned; where it held out rows to stop by, that of the best epoch.
    pub(crate) fn new(shape: Shape, trainer: &mut Trainer<T>, curve: Vec<Point>, end: End) -> Result<Self, Failure> {
        let snapshot = trainer.snapshot()?;
        trainer.run(&mut EndNow)?;
        let variables = trainer.snapshot()?.variables;
        let names = trainer.parameters().iter().map(|parameter| parameter.name.clone()).collect();
        let sizes = trainer.parameters().iter().map(|parameter| parameter.dims).collect();
        Ok(Learned { shape, names, sizes, variables, snapshot: Some(snapshot), curve, end })
    }

    fn trainer(&self, threads: usize) -> Result<Trainer<T>, Failure> {
        let mut trainer = self.shape.trainer::<T>(threads)?;
        for ((name, dims), values) in self.names.iter().zip(&self.sizes).zip(&self.variables) {
            let tensor = Tensor::new(*dims, values.clone()).map_err(|error| Failure::File(error.to_string()))?;
            trainer.set_weights(name, &tensor)?;
        }
        Ok(trainer)
    }

    fn predict(&self, rows: &Rows, probabilities: bool, threads: usize) -> Result<Vec<f64>, Failure> {
        let mut trainer = self.trainer(threads)?;
        Ok(if probabilities { trainer.predict_probabilities(rows)? } else { trainer.predict(rows)? })
    }

    fn file(&self) -> Result<ModelFile, Failure> {
        let file = |error: &dyn std::fmt::Display| Failure::File(error.to_string());
        let mut model = ModelFile::default();
        model.set_section(SHAPE, &self.shape).map_err(|error| file(&error))?;
        for ((name, dims), values) in self.names.iter().zip(&self.sizes).zip(&self.variables) {
            let elements = match T::NAME {
                "f32" => Elements::F32(values.iter().map(|value| value.to_f64() as f32).collect()),
                _ => Elements::F64(values.iter().map(|value| value.to_f64()).collect()),
            };
            let array = Array::new(dims.sizes().to_vec(), elements).map_err(|error| file(&error))?;
            model.arrays.insert(name.clone(), array);
        }
        if let Some(snapshot) = &self.snapshot {
            let bytes = write_snapshot(snapshot.clone()).map_err(Failure::File)?;
            let array = Array::new(vec![bytes.len()], Elements::U8(bytes)).map_err(|error| file(&error))?;
            model.arrays.insert(SNAPSHOT.to_owned(), array);
        }
        Ok(model)
    }

    /// From a file whose numbers are those that its shape needs.
    fn from_file(shape: Shape, file: &ModelFile) -> Result<Self, Failure> {
        let trainer = shape.trainer::<T>(1)?;
        let (mut names, mut sizes, mut variables) = (Vec::new(), Vec::new(), Vec::new());
        for parameter in trainer.parameters() {
            let array = file.array(&parameter.name).map_err(|error| Failure::File(error.to_string()))?;
            if array.shape() != parameter.dims.sizes() {
                return Err(Failure::File(format!("network: array `{}` has another shape", parameter.name)));
            }
            names.push(parameter.name.clone());
            sizes.push(parameter.dims);
            variables.push(array.to_f64().into_iter().map(T::from_f64).collect());
        }
        let snapshot = match file.arrays.get(SNAPSHOT).map(Array::elements) {
            Some(Elements::U8(bytes)) => Some(read_snapshot(bytes).map_err(Failure::File)?),
            Some(_) | None => None,
        };
        Ok(Learned { shape, names, sizes, variables, snapshot, curve: Vec::new(), end: End::default() })
    }
}

/// Ends a run at once, so that the weights of the best epoch are put back.
struct EndNow;

impl Observer for EndNow {
    fn event(&mut self, _: &Event) -> Flow {
        Flow::Stop
    }

    fn command(&mut self) -> Option<Command> {
        Some(Command::Stop)
    }
}

/// A network in either precision; clones share it.
#[derive(Clone, Debug)]
pub(crate) enum Either {
    F32(Arc<Learned<f32>>),
    F64(Arc<Learned<f64>>),
}

impl Either {
    pub(crate) fn as_f32(&self) -> Option<&Learned<f32>> {
        match self {
            Either::F32(learned) => Some(learned),
            Either::F64(_) => None,
        }
    }

    pub(crate) fn as_f64(&self) -> Option<&Learned<f64>> {
        match self {
            Either::F64(learned) => Some(learned),
            Either::F32(_) => None,
        }
    }
}

/// A trained network.
#[pyclass(module = "caviar._caviar", frozen)]
#[derive(Clone, Debug)]
pub(crate) struct Network {
    pub(crate) learned: Either,
}

impl From<Learned<f32>> for Network {
    fn from(learned: Learned<f32>) -> Self {
        Network { learned: Either::F32(Arc::new(learned)) }
    }
}

impl From<Learned<f64>> for Network {
    fn from(learned: Learned<f64>) -> Self {
        Network { learned: Either::F64(Arc::new(learned)) }
    }
}

/// Does the same with a network of either precision.
macro_rules! of_either {
    ($network:expr, $learned:ident => $work:expr) => {
        match &$network.learned {
            Either::F32($learned) => $work,
            Either::F64($learned) => $work,
        }
    };
}

#[pymethods]
impl Network {
    /// The outputs (logits or values) of each row, or its probabilities: `[rows, columns]`.
    #[pyo3(signature = (features, probabilities=false, threads=1))]
    fn predict<'py>(
        &self,
        py: Python<'py>,
        features: Matrix<'_>,
        probabilities: bool,
        threads: usize,
    ) -> PyResult<Bound<'py, PyArray2<f64>>> {
        let lines = features.lines()?;
        let (answers, rows) = detached(py, || {
            lines.with_rows(None, |rows| {
                let answers = of_either!(self, learned => learned.predict(&rows, probabilities, threads))?;
                Ok((answers, rows.len()))
            })
        })?;
        let columns = answers.len().checked_div(rows).unwrap_or(0);
        answers.into_pyarray(py).reshape([rows, columns])
    }

    /// Weights and other arrays by name: `dense1/weight` is `[in, out]`.
    fn arrays<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        let arrays = PyDict::new(py);
        of_either!(self, learned => {
            for ((name, dims), values) in learned.names.iter().zip(&learned.sizes).zip(&learned.variables) {
                let array: Bound<'py, PyArrayDyn<_>> = values.clone().into_pyarray(py).reshape(dims.sizes())?;
                arrays.set_item(name, array)?;
            }
        });
        Ok(arrays)
    }

    /// The losses of the epochs of the last training, penalties included.
    #[getter]
    fn losses<'py>(&self, py: Python<'py>) -> Bound<'py, PyArray1<f64>> {
        of_either!(self, learned => learned.curve.iter().map(|point| point.loss).collect::<Vec<_>>()).into_pyarray(py)
    }

    /// The learning rates of the last steps of the epochs.
    #[getter]
    fn learning_rates<'py>(&self, py: Python<'py>) -> Bound<'py, PyArray1<f64>> {
        of_either!(self, learned => learned.curve.iter().map(|point| point.learning_rate).collect::<Vec<_>>())
            .into_pyarray(py)
    }

    /// The figures of the validation rows after each epoch, by name.
    fn validation<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        let figures = PyDict::new(py);
        of_either!(self, learned => {
            let names = learned.curve.first().map(|point| &point.validation[..]).unwrap_or_default();
            for (at, (name, _)) in names.iter().enumerate() {
                let of_epoch = |point: &Point| point.validation.get(at).map_or(f64::NAN, |(_, value)| *value);
                let values: Vec<f64> = learned.curve.iter().map(of_epoch).collect();
                figures.set_item(name, values.into_pyarray(py))?;
            }
        });
        Ok(figures)
    }

    /// How the last training ended: `converged`, `exhausted`, `stopped` or `interrupted`.
    #[getter]
    fn end(&self) -> &'static str {
        match of_either!(self, learned => learned.end) {
            End::Converged => "converged",
            End::Exhausted => "exhausted",
            End::Stopped => "stopped",
            End::Interrupted => "interrupted",
        }
    }

    /// The updates and the epochs done in all.
    #[getter]
    fn progress(&self) -> (u64, u64) {
        of_either!(self, learned => learned
            .snapshot
            .as_ref()
            .map_or((0, 0), |snapshot| (snapshot.progress.steps, snapshot.progress.epoch)))
    }

    /// The network as bytes: safetensors, with nothing in it that could be executed.
    fn to_bytes<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyBytes>> {
        let file = of_either!(self, learned => learned.file())?;
        let bytes = file.to_bytes().map_err(|error| FileError::new_err(error.to_string()))?;
        Ok(PyBytes::new(py, &bytes))
    }

    /// A network from its bytes.
    #[staticmethod]
    fn from_bytes(py: Python<'_>, bytes: &[u8]) -> PyResult<Network> {
        detached(py, || {
            let file = ModelFile::from_bytes(bytes).map_err(|error| Failure::File(error.to_string()))?;
            let shape: Shape = file.section(SHAPE).map_err(|error| Failure::File(error.to_string()))?;
            // Before anything is laid out: sizes must be those of the arrays.
            let numbers: usize = file.arrays.values().map(|array| array.shape().iter().product::<usize>()).sum();
            if shape.numbers().is_none_or(|needed| needed > numbers.saturating_add(shape.hidden.iter().sum())) {
                return Err(Failure::File("network: its shape needs more numbers than the bytes hold".to_owned()));
            }
            match shape.precision.as_str() {
                "f64" => Learned::<f64>::from_file(shape, &file).map(Network::from),
                _ => Learned::<f32>::from_file(shape, &file).map(Network::from),
            }
        })
    }

    fn __reduce__<'py>(slf: &Bound<'py, Self>) -> PyResult<(Bound<'py, PyAny>, (Bound<'py, PyBytes>,))> {
        let bytes = slf.get().to_bytes(slf.py())?;
        Ok((slf.get_type().getattr("from_bytes")?, (bytes,)))
    }

    fn __deepcopy__(&self, _memo: &Bound<'_, PyAny>) -> Network {
        self.clone()
    }
}
