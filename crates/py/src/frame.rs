//! Data frames: named columns of numbers or words, and how they become rows of numbers.

use caviar_table::{Cells, Column, Encoder, Scaling, Storage, Table, Words};
use numpy::{IntoPyArray, PyArray2, PyArrayMethods, PyReadonlyArray1};
use pyo3::Python;
use pyo3::prelude::{Bound, FromPyObject, PyAny, PyResult, pyclass, pymethods};
use pyo3::types::{PyAnyMethods, PyBytes};

use crate::error::{Failure, FileError, SettingError, detached};
use crate::table::Features;

/// The cells of a column.
#[derive(FromPyObject)]
pub(crate) enum FrameCells<'py> {
    /// Numbers, NaN where missing.
    Numbers(PyReadonlyArray1<'py, f64>),
    /// Words, none where missing.
    Words(Vec<Option<String>>),
}

/// The columns of a data frame, by name.
pub(crate) type Frame<'py> = Vec<(String, FrameCells<'py>)>;

/// A column of a table.
pub(crate) fn column((name, cells): &(String, FrameCells<'_>)) -> Column {
    let cells = match cells {
        FrameCells::Numbers(values) => Cells::Numbers(values.as_array().iter().copied().collect()),
        FrameCells::Words(words) => Cells::Words(Words::new(words.iter().map(Option::as_deref))),
    };
    Column { name: name.clone(), cells }
}

/// Whether each column that an encoder uses holds `numbers` or `words`.
pub(crate) fn kinds(encoder: &Encoder) -> Vec<(String, &'static str)> {
    let kind = |storage| match storage {
        Storage::Numbers => "numbers",
        Storage::Words => "words",
    };
    encoder.schema().columns.iter().map(|column| (column.name.clone(), kind(column.storage))).collect()
}

/// A scaling by name.
pub(crate) fn scaling(name: &str) -> PyResult<Scaling> {
    match name {
        "standard" => Ok(Scaling::Standard),
        "minmax" => Ok(Scaling::MinMax),
        "robust" => Ok(Scaling::Robust),
        "none" => Ok(Scaling::None),
        _ => Err(SettingError::new_err(format!("scale `{name}`: must be standard, minmax, robust or none"))),
    }
}

/// How the columns of a matrix or a data frame become numbers, as learned from the training rows alone.
#[pyclass(module = "caviar._caviar", name = "Encoder", frozen)]
#[derive(Clone, Debug)]
pub(crate) struct FrameEncoder {
    encoder: Encoder,
}

#[pymethods]
impl FrameEncoder {
    /// Learns from `rows`, or from all.
    #[staticmethod]
    fn fit(
        py: Python<'_>,
        features: Features<'_>,
        rows: Option<PyReadonlyArray1<'_, u32>>,
        scale: &str,
    ) -> PyResult<FrameEncoder> {
        let (features, scaling) = (features.loose()?, scaling(scale)?);
        let rows: Option<Vec<usize>> = rows.map(|rows| rows.as_array().iter().map(|&row| row as usize).collect());
        let learn = |table: Table| {
            let names: Vec<String> = table.names().map(str::to_owned).collect();
            let rows = rows.unwrap_or_else(|| (0..table.rows()).collect());
            let encoder = Encoder::fit(&table, &names, &rows, scaling).map_err(|error| Failure::Lab(error.into()))?;
            Ok(FrameEncoder { encoder })
        };
        detached(py, || features.with_table(Vec::new(), learn))
    }

    /// The rows as numbers; columns are found by name.
    fn encode<'py>(&self, py: Python<'py>, features: Features<'_>) -> PyResult<Bound<'py, PyArray2<f32>>> {
        let features = features.loose()?;
        let encode = |table: Table| {
            let rows: Vec<usize> = (0..table.rows()).collect();
            self.encoder.encode(&table, &rows).map_err(|error| Failure::Lab(error.into()))
        };
        let matrix = detached(py, || features.with_table(Vec::new(), encode))?;
        matrix.values.into_pyarray(py).reshape([matrix.rows, matrix.columns])
    }

    /// What the columns of the numbers say: `age`, `age is missing`, `job = nurse`, ...
    #[getter]
    fn labels(&self) -> Vec<String> {
        self.encoder.labels()
    }

    /// Whether each column that is used holds `numbers` or `words`.
    #[getter]
    fn kinds(&self) -> Vec<(String, &'static str)> {
        kinds(&self.encoder)
    }

    /// The columns that are left out, with reasons.
    #[getter]
    fn dropped(&self) -> Vec<String> {
        self.encoder.dropped().iter().map(ToString::to_string).collect()
    }

    /// As bytes: JSON.
    fn to_bytes<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyBytes>> {
        let text = serde_json::to_vec(&self.encoder).map_err(|error| FileError::new_err(error.to_string()))?;
        Ok(PyBytes::new(py, &text))
    }

    /// From its bytes.
    #[staticmethod]
    fn from_bytes(bytes: &[u8]) -> PyResult<FrameEncoder> {
        let encoder = serde_json::from_slice(bytes).map_err(|error| FileError::new_err(error.to_string()))?;
        Ok(FrameEncoder { encoder })
    }

    fn __reduce__<'py>(slf: &Bound<'py, Self>) -> PyResult<(Bound<'py, PyAny>, (Bound<'py, PyBytes>,))> {
        let bytes = slf.get().to_bytes(slf.py())?;
        Ok((slf.get_type().getattr("from_bytes")?, (bytes,)))
    }

    fn __deepcopy__(&self, _memo: &Bound<'_, PyAny>) -> FrameEncoder {
        self.clone()
    }
}
