//! Arrays of numpy, and what the engine makes of them.

use caviar_engine::rows::Rows;
use caviar_engine::train::{Data, Targets};
use numpy::{PyReadonlyArray1, PyReadonlyArray2};
use pyo3::prelude::FromPyObject;

use crate::error::Failure;

/// Rows of features, C-contiguous.
#[derive(FromPyObject)]
pub(crate) enum Matrix<'py> {
    /// Single precision.
    F32(PyReadonlyArray2<'py, f32>),
    /// Double precision.
    F64(PyReadonlyArray2<'py, f64>),
}

impl Matrix<'_> {
    /// The engine's rows; the numbers are copied once.
    pub(crate) fn rows(&self) -> Result<Rows, Failure> {
        let strided = || Failure::Data("features: the array is not C-contiguous".to_owned());
        let rows = match self {
            Matrix::F32(array) => {
                let values = array.as_slice().map_err(|_| strided())?.to_vec();
                Rows::from_f32(values, array.as_array().ncols())
            }
            Matrix::F64(array) => {
                let values = array.as_slice().map_err(|_| strided())?.to_vec();
                Rows::from_f64(values, array.as_array().ncols())
            }
        };
        rows.map_err(|error| Failure::Data(error.to_string()))
    }
}

/// What is to be predicted.
#[derive(FromPyObject)]
pub(crate) enum Answers<'py> {
    /// The class of each row, from 0.
    Labels(PyReadonlyArray1<'py, i64>),
    /// The values of each row.
    Values(PyReadonlyArray2<'py, f64>),
}

/// Rows with their answers, and their weights where they have any.
#[derive(FromPyObject)]
pub(crate) struct Part<'py> {
    #[pyo3(item)]
    features: Matrix<'py>,
    #[pyo3(item)]
    targets: Answers<'py>,
    #[pyo3(item)]
    weights: Option<Vec<f64>>,
}

impl Part<'_> {
    /// The engine's data; `classes` is how many there are where the answers are labels.
    pub(crate) fn data(&self, classes: usize) -> Result<Data, Failure> {
        let targets = match &self.targets {
            Answers::Labels(labels) => {
                Targets::Classes { labels: labels.as_array().iter().copied().collect(), classes }
            }
            Answers::Values(values) => {
                let values = values.as_array();
                Targets::Values { values: values.iter().copied().collect(), columns: values.ncols() }
            }
        };
        let fail = |error: caviar_engine::train::DataError| Failure::Data(error.to_string());
        let data = Data::new(self.features.rows()?, targets).map_err(fail)?;
        match &self.weights {
            Some(weights) => data.with_weights(weights.clone()).map_err(fail),
            None => Ok(data),
        }
    }
}
