//! What a network says over the plane of two columns.

use std::collections::BTreeMap;

use caviar_table::{Cells, Column, Contents, Feature, Table, Words};

use crate::error::LabError;
use crate::experiment::{Experiment, classes_of};
use crate::finished::{Surface, SurfacePoint};
use crate::model::{Model, Predictions};

/// Points along each side.
const SIDE: usize = 96;

/// What the network says over two columns of numbers: those that are named, or those that are all there are.
///
/// Other columns are held at their median or their commonest word, both of the training rows. Nothing where no columns
/// are named and there are others than two of numbers, or where a column has no two different values.
///
/// # Errors
/// A named column that is no column of numbers that the network uses.
pub(crate) fn surface(
    experiment: &Experiment,
    model: &Model,
    named: Option<&[String; 2]>,
) -> Result<Option<Surface>, LabError> {
    let names = match (named, model.encoder().features()) {
        (Some(names), features) => {
            names.iter().try_for_each(|name| check(name, features))?;
            names.clone()
        }
        (None, [Feature::Number { name: x, .. }, Feature::Number { name: y, .. }]) => [x.clone(), y.clone()],
        (None, _) => return Ok(None),
    };
    let known = |at: &[f64; 2]| at.iter().all(|value| value.is_finite());
    let points: Vec<SurfacePoint> = experiment
        .plane([&names[0], &names[1]])
        .into_iter()
        .filter(|(at, ..)| known(at))
        .map(|(at, truth, test)| SurfacePoint { at, truth, test })
        .collect();
    let ranges = [range(&points, 0), range(&points, 1)];
    if !ranges.iter().all(|(low, high)| low.is_finite() && high.is_finite() && low < high) {
        return Ok(None);
    }
    let (values, probabilities) = match model.predict(&grid(experiment, model, &names, ranges)?)? {
        Predictions::Values(values) => (values, Vec::new()),
        Predictions::Classes { classes, labels, probabilities } => {
            let second =
                if classes.len() == 2 { probabilities.chunks_exact(2).map(|p| p[1]).collect() } else { Vec::new() };
            (labels.into_iter().map(|label| label as f64).collect(), second)
        }
    };
    let classes = classes_of(model.target()).to_vec();
    Ok(Some(Surface { names, ranges, size: [SIDE; 2], values, probabilities, classes, points }))
}

/// Whether two columns can be the sides of a plane.
///
/// # Errors
/// One that is no column of numbers that the network uses.
pub(crate) fn check(name: &str, features: &[Feature]) -> Result<(), LabError> {
    let number = |feature: &Feature| matches!(feature, Feature::Number { name: known, .. } if known == name);
    match features.iter().any(number) {
        true => Ok(()),
        false => {
            let rule = "both must be columns of numbers that the network learns from";
            Err(LabError::Misfit { flag: "boundary", got: name.to_owned(), rule })
        }
    }
}

/// From where to where the rows reach, with some room.
fn range(points: &[SurfacePoint], axis: usize) -> (f64, f64) {
    let values = || points.iter().map(|point| point.at[axis]);
    let (low, high) = (values().fold(f64::INFINITY, f64::min), values().fold(f64::NEG_INFINITY, f64::max));
    let margin = 0.05 * (high - low);
    (low - margin, high + margin)
}

/// A table with a row for each point of the plane, row by row of the second column.
fn grid(
    experiment: &Experiment,
    model: &Model,
    names: &[String; 2],
    ranges: [(f64, f64); 2],
) -> Result<Table, LabError> {
    let place = |axis: usize, step: usize| {
        let (low, high) = ranges[axis];
        low + (high - low) * (step as f64 + 0.5) / SIDE as f64
    };
    let cells = SIDE * SIDE;
    let column = |name: &str| match names.iter().position(|side| side == name) {
        Some(0) => Cells::Numbers((0..cells).map(|cell| place(0, cell % SIDE)).collect()),
        Some(_) => Cells::Numbers((0..cells).map(|cell| place(1, cell / SIDE)).collect()),
        None => typical(experiment, name, cells),
    };
    let columns = model.encoder().schema().columns.iter();
    let columns = columns.map(|known| Column { name: known.name.clone(), cells: column(&known.name) }).collect();
    Ok(Table::from_columns("the plane of two columns", columns)?)
}

/// The median or the commonest word of a column over the training rows, in every row.
fn typical(experiment: &Experiment, name: &str, rows: usize) -> Cells {
    let (table, train) = experiment.training_rows();
    match table.column(name).map(Column::contents) {
        Some(Contents::Words(words)) => {
            let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
            train.iter().filter_map(|row| words.get(*row)).for_each(|word| *counts.entry(word).or_default() += 1);
            // Of several the first by name.
            let commonest = counts.iter().rev().max_by_key(|(_, count)| **count).map(|(word, _)| *word);
            Cells::Words(Words::new(std::iter::repeat_n(commonest, rows)))
        }
        Some(Contents::Numbers(numbers)) => {
            let known = train.iter().filter_map(|row| numbers.get(*row)).filter(|value| value.is_finite());
            let mut values: Vec<f64> = known.copied().collect();
            values.sort_unstable_by(f64::total_cmp);
            Cells::Numbers(vec![values.get(values.len() / 2).copied().unwrap_or(f64::NAN); rows])
        }
        None => Cells::Numbers(vec![f64::NAN; rows]),
    }
}
