//! Rows with their answers as one table.

use std::sync::Arc;

use caviar_store::study::DataFile;
use caviar_table::{Block, BlockColumn, Cells, Column, Contents, Numbers, Table, Words};
use pyo3::prelude::{FromPyObject, PyResult};

use crate::arrays::Matrix;
use crate::error::{DataError, Failure};
use crate::frame::{Frame, column};

/// Features, a matrix or a frame.
#[derive(FromPyObject)]
pub(crate) enum Features<'py> {
    /// Columns with these names.
    Named((Vec<String>, Matrix<'py>)),
    /// Columns are named `x0`, `x1`, ...
    Matrix(Matrix<'py>),
    /// Columns have names.
    Frame(Frame<'py>),
}

impl Features<'_> {
    /// The columns of a table.
    pub(crate) fn columns(self) -> PyResult<Vec<Column>> {
        let (names, matrix) = match self {
            Features::Frame(frame) => return Ok(frame.into_iter().map(column).collect()),
            Features::Named((names, matrix)) => (names, matrix),
            Features::Matrix(matrix) => (Vec::new(), matrix),
        };
        let (numbers, width) = matrix.numbers()?;
        let block = Block::new(numbers, width).ok_or_else(|| DataError::new_err("X has no columns"))?;
        let named = |at: usize| {
            let cells = BlockColumn::new(&block, at).map(Cells::Block)?;
            Some(Column { name: names.get(at).cloned().unwrap_or_else(|| format!("x{at}")), cells })
        };
        Ok((0..width).filter_map(named).collect())
    }
}

impl Matrix<'_> {
    /// The numbers as a table holds them, and how many a row has.
    fn numbers(&self) -> PyResult<(Numbers, usize)> {
        let strided = |_| DataError::new_err("features: the array is not C-contiguous");
        Ok(match self {
            Matrix::F32(array) => {
                (Numbers::F32(Arc::new(array.as_slice().map_err(strided)?.to_vec())), array.as_array().ncols())
            }
            Matrix::F64(array) => {
                (Numbers::F64(Arc::new(array.as_slice().map_err(strided)?.to_vec())), array.as_array().ncols())
            }
        })
    }
}

/// The columns of an experiment, detached from Python.
pub(crate) struct Columns {
    columns: Vec<Column>,
    /// The name of the answers.
    pub(crate) target: String,
    /// The name of the weights.
    pub(crate) weight: Option<String>,
}

/// As Python hands them over: answers are words for classes, else numbers.
#[derive(FromPyObject)]
#[pyo3(from_item_all)]
struct Given<'py> {
    features: Features<'py>,
    words: Option<Vec<String>>,
    values: Option<Vec<f64>>,
    weights: Option<Vec<f64>>,
}

impl<'a, 'py> FromPyObject<'a, 'py> for Columns {
    type Error = pyo3::PyErr;

    fn extract(given: pyo3::Borrowed<'a, 'py, pyo3::PyAny>) -> PyResult<Self> {
        let Given { features, words, values, weights } = given.extract()?;
        let mut columns = features.columns()?;
        let free = |wanted: &str| {
            let mut name = wanted.to_owned();
            while columns.iter().any(|column| column.name == name) {
                name.push('_');
            }
            name
        };
        let (target, weight) = (free("y"), weights.is_some().then(|| free("sample_weight")));
        let cells = match (words, values) {
            (Some(words), _) => Cells::Words(Words::new(words.iter().map(|word| Some(word.as_str())))),
            (None, values) => Cells::Numbers(values.unwrap_or_default()),
        };
        columns.push(Column { name: target.clone(), cells });
        if let (Some(name), Some(weights)) = (&weight, weights) {
            columns.push(Column { name: name.clone(), cells: Cells::Numbers(weights) });
        }
        Ok(Columns { columns, target, weight })
    }
}

impl Columns {
    /// The table.
    pub(crate) fn table(self) -> Result<Table, Failure> {
        Table::from_columns("X", self.columns).map_err(|error| Failure::Lab(error.into()))
    }
}

/// What a study knows its data by.
pub(crate) fn fingerprint(table: &Table) -> DataFile {
    let mut hasher = blake3::Hasher::new();
    for column in table.columns() {
        hasher.update(column.name.as_bytes());
        match column.contents() {
            Contents::Numbers(values) => {
                let bytes: Vec<u8> = values.iter().flat_map(|value| value.to_bits().to_le_bytes()).collect();
                hasher.update(&bytes);
            }
            Contents::Words(words) => (0..words.codes.len()).for_each(|row| {
                hasher.update(words.get(row).unwrap_or("\u{0}").as_bytes()).update(b"\n");
            }),
        }
    }
    DataFile { path: "X".to_owned(), bytes: hasher.count(), hash: hasher.finalize().to_hex().to_string() }
}
