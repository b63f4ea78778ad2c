//! A file of arrays as a table.

use std::path::Path;
use std::sync::Arc;

use caviar_formats::{Array, ArrayFile, ArrayInfo, Elements, FormatError};
use caviar_table::{Block, BlockColumn, Cells, Column, Numbers, ReadOptions, Table, Words};

use crate::error::LabError;

/// The most columns of a matrix.
const MOST_COLUMNS: usize = 100_000;

/// The table of a file: one matrix, whose columns are `c1`, `c2`, ... or as the options name them, and beside it, by
/// their names, the arrays of one number or text for each of its rows.
///
/// An array of more axes is a matrix by its first one. Named with `array`, that array alone. The matrix is not copied.
pub(crate) fn table(path: &Path, array: Option<&str>, options: &ReadOptions) -> Result<Table, LabError> {
    let file = ArrayFile::open(path).map_err(|source| broken(path, source))?;
    let read = |name: &str| file.read(name).map_err(|source| broken(path, source));
    let all: Vec<&ArrayInfo> =
        file.arrays().iter().filter(|array| !array.is_text() || array.shape.len() == 1).collect();
    let matrices: Vec<&ArrayInfo> = all.iter().copied().filter(|array| array.shape.len() > 1).collect();
    let no_table = |rule| LabError::NoTable { path: path.to_owned(), rule, arrays: described(file.arrays()) };
    let main = match (array, &matrices[..], &all[..]) {
        (Some(name), ..) => Some(name),
        (None, [only], _) => Some(only.name.as_str()),
        (None, [], [only]) if only.name.is_empty() => Some(""),
        (None, [], [_, ..]) => None,
        (None, [], []) => return Err(no_table("there is no array of numbers")),
        (None, [_, _, ..], _) => return Err(no_table("name one array after a colon: several have more than one axis")),
    };
    let mut columns = match main {
        Some(name) => matrix(path, read(name)?, options)?,
        None => Vec::new(),
    };
    if array.is_none() {
        let rows = columns.first().map(Column::rows).or(all.first().and_then(|first| first.shape.first().copied()));
        let beside = |array: &&&ArrayInfo| {
            array.shape.len() == 1 && array.shape.first().copied() == rows && Some(array.name.as_str()) != main
        };
        for array in all.iter().filter(beside) {
            columns.push(match array.is_text() {
                true => words(&array.name, &file.read_texts(&array.name).map_err(|source| broken(path, source))?),
                false => numbers(&array.name, read(&array.name)?),
            });
        }
    }
    if columns.first().is_none_or(|first| first.rows() == 0) {
        return Err(no_table("there is no row"));
    }
    let wanted = |column: &Column| !options.drop.contains(&column.name);
    columns.retain(wanted);
    Ok(Table::from_columns(path, columns)?)
}

/// The answers of a file: one number or text for each of so many rows, or a row of a one-hot matrix.
pub(crate) fn answers(path: &Path, array: Option<&str>, name: &str, table: &Table) -> Result<Column, LabError> {
    let file = ArrayFile::open(path).map_err(|source| broken(path, source))?;
    let only = file.arrays().first().map_or("", |first| first.name.as_str());
    let array = array.unwrap_or(only);
    let info = file.arrays().iter().find(|info| info.name == array);
    let fits = |shape: &[usize]| {
        let (path, data, shape) = (path.to_owned(), table.path().to_owned(), shape.to_vec());
        match shape.first() == Some(&table.rows()) && shape[1..].iter().all(|&length| length == 1) {
            true => Ok(()),
            false => Err(LabError::Answers { path, shape, rows: table.rows(), data }),
        }
    };
    if let Some(info) = info.filter(|info| info.is_text()) {
        fits(&info.shape)?;
        return Ok(words(name, &file.read_texts(array).map_err(|source| broken(path, source))?));
    }
    let found = file.read(array).map_err(|source| broken(path, source))?;
    if let &[rows, classes] = found.shape()
        && rows == table.rows()
        && classes > 1
    {
        let cells = Cells::Numbers(one_hot(path, &found.to_f64(), classes)?);
        return Ok(Column { name: name.to_owned(), cells });
    }
    fits(found.shape())?;
    Ok(numbers(name, found))
}

/// The class of each row of a one-hot matrix.
fn one_hot(path: &Path, values: &[f64], classes: usize) -> Result<Vec<f64>, LabError> {
    let class = |(row, hot): (usize, &[f64])| {
        let value = hot.iter().copied().find(|value| *value != 0.0 && *value != 1.0);
        let sum = hot.iter().sum::<f64>();
        match (value, hot.iter().position(|value| *value == 1.0)) {
            (None, Some(class)) if sum == 1.0 => Ok(class as f64),
            _ => Err(LabError::NotOneHot { path: path.to_owned(), row, value, sum }),
        }
    };
    (1..).zip(values.chunks_exact(classes)).map(class).collect()
}

/// One text for each row; an empty one is missing.
fn words(name: &str, texts: &[String]) -> Column {
    let cells = texts.iter().map(|text| Some(text.trim()).filter(|text| !text.is_empty()));
    Column { name: name.to_owned(), cells: Cells::Words(Words::new(cells)) }
}

/// The columns of a matrix.
fn matrix(path: &Path, array: Array, options: &ReadOptions) -> Result<Vec<Column>, LabError> {
    let (shape, elements) = array.into_parts();
    let width = shape.get(1..).unwrap_or_default().iter().product::<usize>();
    let no_table = |rule| {
        let arrays = format!("shape {shape:?}");
        LabError::NoTable { path: path.to_owned(), rule, arrays }
    };
    if shape.is_empty() || width == 0 {
        return Err(no_table("there is no row of numbers"));
    }
    if width > MOST_COLUMNS {
        return Err(no_table("a table has at most 100000 columns"));
    }
    let names: Vec<String> = match &options.names {
        Some(names) if names.len() == width => names.clone(),
        Some(_) => return Err(no_table("--names must name each column of the matrix")),
        None => (1..=width).map(|number| format!("c{number}")).collect(),
    };
    let block = Block::new(kept(elements), width).ok_or_else(|| no_table("there is no row of numbers"))?;
    let column =
        |(name, at): (String, usize)| Some(Column { name, cells: Cells::Block(BlockColumn::new(&block, at)?) });
    Ok(names.into_iter().zip(0..).filter_map(column).collect())
}

/// One number for each row, kept as it was read.
fn numbers(name: &str, array: Array) -> Column {
    let block = Block::new(kept(array.into_parts().1), 1).and_then(|block| BlockColumn::new(&block, 0));
    let cells = block.map_or_else(|| Cells::Numbers(Vec::new()), Cells::Block);
    Column { name: name.to_owned(), cells }
}

/// Bytes and single precision stay what they are, all else becomes double precision.
fn kept(elements: Elements) -> Numbers {
    match elements {
        Elements::U8(values) => Numbers::U8(Arc::new(values)),
        Elements::F32(values) => Numbers::F32(Arc::new(values)),
        other => Numbers::F64(Arc::new(to_f64(other))),
    }
}

fn to_f64(elements: Elements) -> Vec<f64> {
    match elements {
        Elements::F64(values) => values,
        Elements::F32(values) => values.into_iter().map(f64::from).collect(),
        Elements::I64(values) => values.into_iter().map(|value| value as f64).collect(),
        Elements::I32(values) => values.into_iter().map(f64::from).collect(),
        Elements::U8(values) => values.into_iter().map(f64::from).collect(),
        Elements::Bool(values) => values.into_iter().map(|value| f64::from(u8::from(value))).collect(),
    }
}

/// The arrays of a file, with their shapes.
fn described(arrays: &[ArrayInfo]) -> String {
    let one = |array: &ArrayInfo| format!("{} {:?}", array.name, array.shape).trim_start().to_owned();
    let shown: Vec<String> = arrays.iter().take(8).map(one).collect();
    match (shown.is_empty(), arrays.len() > shown.len()) {
        (true, _) => "none".to_owned(),
        (false, more) => format!("{}{}", shown.join(", "), if more { ", ..." } else { "" }),
    }
}

pub(crate) fn broken(path: &Path, source: FormatError) -> LabError {
    LabError::Arrays { path: path.to_owned(), source: Box::new(source) }
}
