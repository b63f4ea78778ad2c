//! Columns that say little: nearly constant ones and those that are mostly missing.

use super::{Checkup, Finding, evenly};
use crate::column::{Cells, Column};

/// So large a share of one value makes a column nearly constant.
const NEARLY: f64 = 0.99;
/// So large a share of missing cells is said.
const MOSTLY: f64 = 0.5;
/// The sample decides how far below the share a column is not counted through.
const MARGIN: f64 = 0.05;

/// At most one finding of each kind.
pub(super) fn columns(checkup: &Checkup<'_>) -> Vec<Finding> {
    let rows = checkup.train.rows;
    let sample: Vec<usize> = evenly(rows, checkup.sample_rows()).collect();
    let (mut constant, mut missing) = (Vec::new(), Vec::new());
    for name in checkup.features {
        let Some(column) = checkup.train.table.column(name) else { continue };
        if share_missing(column, &sample) > MOSTLY - MARGIN {
            let share = share_missing(column, rows);
            if share > MOSTLY {
                missing.push((name.clone(), share));
                continue;
            }
        }
        let likely = commonest(column, &sample);
        if share_of(column, likely, &sample) > NEARLY - MARGIN {
            let share = share_of(column, likely, rows);
            if share > NEARLY {
                constant.push((name.clone(), share));
            }
        }
    }
    let constant = (!constant.is_empty()).then_some(Finding::NearConstant { columns: constant });
    let missing = (!missing.is_empty()).then_some(Finding::MostlyMissing { columns: missing });
    constant.into_iter().chain(missing).collect()
}

fn share_missing(column: &Column, rows: &[usize]) -> f64 {
    rows.iter().filter(|&&row| column.is_missing(row)).count() as f64 / rows.len().max(1) as f64
}

/// What a cell says, as a number to compare by; all missing ones alike.
fn mark(column: &Column, row: usize) -> u64 {
    match &column.cells {
        Cells::Numbers(values) => number_mark(values[row]),
        Cells::Block(column) => number_mark(column.get(row)),
        Cells::Words(words) => u64::from(words.codes[row]),
    }
}

fn number_mark(value: f64) -> u64 {
    if value.is_nan() { u64::MAX } else { value.to_bits() }
}

/// The mark of more than half of the rows; anything where no mark has so many (Boyer and Moore's vote).
fn commonest(column: &Column, rows: &[usize]) -> u64 {
    let (mut leader, mut lead) = (0, 0_usize);
    for &row in rows {
        let mark = mark(column, row);
        if lead == 0 {
            leader = mark;
        }
        if mark == leader { lead += 1 } else { lead -= 1 }
    }
    leader
}

fn share_of(column: &Column, wanted: u64, rows: &[usize]) -> f64 {
    rows.iter().filter(|&&row| mark(column, row) == wanted).count() as f64 / rows.len().max(1) as f64
}
