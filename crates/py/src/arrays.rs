//! Arrays of numpy, and what the engine makes of them.

use std::sync::Arc;

use caviar_engine::rows::{Numbers, Rows, lend};
use caviar_engine::train::{Data, Targets};
use numpy::{PyReadonlyArray1, PyReadonlyArray2};
use pyo3::prelude::FromPyObject;

use crate::error::Failure;

/// Rows of features, C-contiguous.
#[derive(FromPyObject)]
pub(crate) enum Matrix<'py> {
    /// Bytes.
    U8(PyReadonlyArray2<'py, u8>),
    /// Single precision.
    F32(PyReadonlyArray2<'py, f32>),
    /// Double precision.
    F64(PyReadonlyArray2<'py, f64>),
}

/// The numbers of a matrix, where they are, and how many a row has.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Lines<'a> {
    U8(&'a [u8], usize),
    F32(&'a [f32], usize),
    F64(&'a [f64], usize),
}

impl Matrix<'_> {
    /// The numbers, and how many a row has.
    pub(crate) fn lines(&self) -> Result<Lines<'_>, Failure> {
        let strided = |_| Failure::Data("features: the array is not C-contiguous".to_owned());
        Ok(match self {
            Matrix::U8(array) => Lines::U8(array.as_slice().map_err(strided)?, array.as_array().ncols()),
            Matrix::F32(array) => Lines::F32(array.as_slice().map_err(strided)?, array.as_array().ncols()),
            Matrix::F64(array) => Lines::F64(array.as_slice().map_err(strided)?, array.as_array().ncols()),
        })
    }
}

impl Lines<'_> {
    /// Lends the numbers for as long as `work` runs, with how many a row has; nothing is copied.
    pub(crate) fn lent<R>(self, work: impl FnOnce(Numbers, usize) -> R) -> R {
        match self {
            Lines::U8(values, width) => lend(values, |lent| work(Numbers::U8(Arc::new(lent)), width)),
            Lines::F32(values, width) => lend(values, |lent| work(Numbers::F32(Arc::new(lent)), width)),
            Lines::F64(values, width) => lend(values, |lent| work(Numbers::F64(Arc::new(lent)), width)),
        }
    }

    /// The engine's rows, all of them or the `picked` ones, for as long as `work` runs.
    pub(crate) fn with_rows<R>(
        self,
        picked: Option<Vec<u32>>,
        work: impl FnOnce(Rows) -> Result<R, Failure>,
    ) -> Result<R, Failure> {
        self.lent(|numbers, width| {
            let rows = match picked {
                Some(picked) => Rows::some(numbers, width, picked),
                None => Rows::whole(numbers, width),
            };
            work(rows.map_err(|error| Failure::Data(error.to_string()))?)
        })
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
    /// Which rows of the features; all where not said. Answers and weights are of these alone.
    #[pyo3(item)]
    rows: Option<PyReadonlyArray1<'py, u32>>,
    #[pyo3(item)]
    targets: Answers<'py>,
    #[pyo3(item)]
    weights: Option<PyReadonlyArray1<'py, f64>>,
}

/// The same, without Python; the features are still where they were.
#[derive(Debug)]
pub(crate) struct Loose<'a> {
    lines: Lines<'a>,
    rows: Option<Vec<u32>>,
    targets: Targets,
    weights: Option<Vec<f64>>,
}

impl Part<'_> {
    /// Apart from Python; `classes` is how many there are where the answers are labels.
    pub(crate) fn loose(&self, classes: usize) -> Result<Loose<'_>, Failure> {
        let targets = match &self.targets {
            Answers::Labels(labels) => {
                Targets::Classes { labels: labels.as_array().iter().copied().collect(), classes }
            }
            Answers::Values(values) => {
                let values = values.as_array();
                Targets::Values { values: values.iter().copied().collect(), columns: values.ncols() }
            }
        };
        let rows = self.rows.as_ref().map(|rows| rows.as_array().to_vec());
        let weights = self.weights.as_ref().map(|weights| weights.as_array().to_vec());
        Ok(Loose { lines: self.features.lines()?, rows, targets, weights })
    }
}

impl Loose<'_> {
    /// The engine's data for as long as `work` runs.
    pub(crate) fn with_data<R>(self, work: impl FnOnce(Arc<Data>) -> Result<R, Failure>) -> Result<R, Failure> {
        let Loose { lines, rows, targets, weights } = self;
        let fail = |error: caviar_engine::train::DataError| Failure::Data(error.to_string());
        lines.with_rows(rows, |rows| {
            let data = Data::new(rows, targets).map_err(fail)?;
            work(Arc::new(match weights {
                Some(weights) => data.with_weights(weights).map_err(fail)?,
                None => data,
            }))
        })
    }
}
