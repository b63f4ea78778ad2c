//! Rows with their answers as one table.

use caviar_engine::rows::Numbers;
use caviar_store::study::DataFile;
use caviar_table::{Block, BlockColumn, Cells, Column, Contents, Table, Words};
use numpy::PyReadonlyArray1;
use pyo3::prelude::FromPyObject;

use crate::arrays::{Lines, Matrix};
use crate::error::Failure;
use crate::frame::{Frame, column};

/// What messages call the rows.
const NAME: &str = "X";

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

/// The same, without Python; the numbers of a matrix are still where they were.
#[derive(Debug)]
pub(crate) enum LooseFeatures<'a> {
    Columns(Vec<Column>),
    Matrix(Lines<'a>, &'a [String]),
}

impl Features<'_> {
    /// Apart from Python.
    pub(crate) fn loose(&self) -> Result<LooseFeatures<'_>, Failure> {
        Ok(match self {
            Features::Frame(frame) => LooseFeatures::Columns(frame.iter().map(column).collect()),
            Features::Named((names, matrix)) => LooseFeatures::Matrix(matrix.lines()?, names),
            Features::Matrix(matrix) => LooseFeatures::Matrix(matrix.lines()?, &[]),
        })
    }
}

impl LooseFeatures<'_> {
    /// The table of these columns and the `others` for as long as `work` runs; the numbers of a matrix are lent to it.
    pub(crate) fn with_table<R>(
        self,
        others: Vec<Column>,
        work: impl FnOnce(Table) -> Result<R, Failure>,
    ) -> Result<R, Failure> {
        let table = |columns: Vec<Column>| {
            let columns = columns.into_iter().chain(others).collect();
            Table::from_columns(NAME, columns).map_err(|error| Failure::Lab(error.into()))
        };
        match self {
            LooseFeatures::Columns(columns) => work(table(columns)?),
            LooseFeatures::Matrix(lines, names) => {
                lines.lent(|numbers, width| work(table(columns(numbers, width, names)?)?))
            }
        }
    }

    /// Whether a column is called so.
    fn has(&self, name: &str) -> bool {
        match self {
            LooseFeatures::Columns(columns) => columns.iter().any(|column| column.name == name),
            LooseFeatures::Matrix(_, names) => names.iter().any(|known| known == name),
        }
    }
}

/// The columns of a matrix.
fn columns(numbers: Numbers, width: usize, names: &[String]) -> Result<Vec<Column>, Failure> {
    let numbers = match numbers {
        Numbers::U8(values) => caviar_table::Numbers::U8(values),
        Numbers::F32(values) => caviar_table::Numbers::F32(values),
        Numbers::F64(values) => caviar_table::Numbers::F64(values),
    };
    let block = Block::new(numbers, width).ok_or_else(|| Failure::Data("X has no columns".to_owned()))?;
    let named = |at: usize| {
        let cells = BlockColumn::new(&block, at).map(Cells::Block)?;
        Some(Column { name: names.get(at).cloned().unwrap_or_else(|| format!("x{at}")), cells })
    };
    Ok((0..width).filter_map(named).collect())
}

/// Rows with their answers, which are classes or numbers, and their weights where they have any.
#[derive(FromPyObject)]
#[pyo3(from_item_all)]
pub(crate) struct Columns<'py> {
    features: Features<'py>,
    /// The class of each row, from 0, and their names.
    classes: Option<(PyReadonlyArray1<'py, i64>, Vec<String>)>,
    values: Option<PyReadonlyArray1<'py, f64>>,
    weights: Option<PyReadonlyArray1<'py, f64>>,
}

/// The same, without Python; features are still where they were.
#[derive(Debug)]
pub(crate) struct LooseColumns<'a> {
    features: LooseFeatures<'a>,
    answers: Cells,
    weights: Option<Vec<f64>>,
    /// The name of the answers.
    pub(crate) target: String,
    /// The name of the weights.
    pub(crate) weight: Option<String>,
}

impl Columns<'_> {
    /// Apart from Python.
    pub(crate) fn loose(&self) -> Result<LooseColumns<'_>, Failure> {
        let features = self.features.loose()?;
        let free = |wanted: &str| {
            let mut name = wanted.to_owned();
            while features.has(&name) {
                name.push('_');
            }
            name
        };
        let (target, weight) = (free("y"), self.weights.is_some().then(|| free("sample_weight")));
        let numbers = |values: &PyReadonlyArray1<'_, f64>| values.as_array().to_vec();
        let answers = match &self.classes {
            Some((codes, names)) => {
                let name = |&code: &i64| names.get(usize::try_from(code).ok()?).map(String::as_str);
                Cells::Words(Words::new(codes.as_array().iter().map(name)))
            }
            None => Cells::Numbers(self.values.as_ref().map(numbers).unwrap_or_default()),
        };
        Ok(LooseColumns { features, answers, weights: self.weights.as_ref().map(numbers), target, weight })
    }
}

impl LooseColumns<'_> {
    /// The table for as long as `work` runs.
    pub(crate) fn with_table<R>(self, work: impl FnOnce(Table) -> Result<R, Failure>) -> Result<R, Failure> {
        let mut others = vec![Column { name: self.target, cells: self.answers }];
        if let (Some(name), Some(weights)) = (self.weight, self.weights) {
            others.push(Column { name, cells: Cells::Numbers(weights) });
        }
        self.features.with_table(others, work)
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
    DataFile { path: NAME.to_owned(), bytes: hasher.count(), hash: hasher.finalize().to_hex().to_string() }
}
