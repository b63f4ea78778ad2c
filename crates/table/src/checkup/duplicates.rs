//! Rows that are held out and were learned from all the same.

use super::{Checkup, Finding, Part};
use crate::column::{Cells, MISSING};
use crate::table::Table;

/// So many training rows are looked at together.
const ROWS_AT_ONCE: usize = 1 << 16;

/// One finding for each part that has such rows.
///
/// The validation rows are looked for among the training rows, the test rows among both.
pub(super) fn duplicates(checkup: &Checkup<'_>) -> Vec<Finding> {
    let Checkup { features, train, .. } = *checkup;
    let marks = |part: &Part<'_>| row_marks(part.table, features, part.rows);
    let (Some(validation), Some(test)) = (marks(&checkup.validation), marks(&checkup.test)) else {
        return Vec::new();
    };
    // What is held out is remembered, and the training rows, which are more, pass by.
    let mut known = Known::of(&validation, &test);
    for rows in train.rows.chunks(ROWS_AT_ONCE) {
        let Some(marks) = row_marks(train.table, features, rows) else { return Vec::new() };
        marks.iter().for_each(|&mark| known.see(mark));
    }
    let mut findings = Vec::new();
    let mut look = |part: &'static str, marks: &[u64], known: &Known| {
        let rows = marks.iter().filter(|&&mark| known.was_seen(mark)).count();
        if rows > 0 {
            findings.push(Finding::Duplicates { part, rows, of: marks.len() });
        }
    };
    look("validation", &validation, &known);
    validation.iter().for_each(|&mark| known.see(mark));
    look("test", &test, &known);
    findings
}

/// A mark for each row, the same for the same cells; `None` where a column is not in the table.
fn row_marks(table: &Table, features: &[String], rows: &[usize]) -> Option<Vec<u64>> {
    let mut marks = vec![0_u64; rows.len()];
    for name in features {
        match &table.column(name)?.cells {
            Cells::Numbers(values) => mix(&mut marks, rows, |row| number_mark(values[row])),
            Cells::Block(column) => mix(&mut marks, rows, |row| number_mark(column.get(row))),
            Cells::Words(words) => {
                let known: Vec<u64> = words.dictionary.iter().map(|word| bytes_mark(word.as_bytes())).collect();
                let of = |code: u32| if code == MISSING { u64::MAX } else { known[code as usize] };
                mix(&mut marks, rows, |row| of(words.codes[row]));
            }
        }
    }
    Some(marks)
}

fn mix(marks: &mut [u64], rows: &[usize], cell: impl Fn(usize) -> u64) {
    marks.iter_mut().zip(rows).for_each(|(mark, &row)| *mark = mixed(*mark, cell(row)));
}

/// One round of a multiplicative hash: two rows that differ share a mark once in 2^64.
fn mixed(mark: u64, cell: u64) -> u64 {
    let product = u128::from(mark ^ 0x9e37_79b9_7f4a_7c15) * u128::from(cell ^ 0xd6e8_feb8_6659_fd93);
    (product as u64) ^ ((product >> 64) as u64).rotate_left(32) ^ mark.rotate_left(23)
}

fn number_mark(value: f64) -> u64 {
    if value.is_nan() { u64::MAX } else { value.to_bits() }
}

fn bytes_mark(bytes: &[u8]) -> u64 {
    bytes.iter().fold(bytes.len() as u64, |mark, &byte| mixed(mark, u64::from(byte)))
}

/// The marks of the rows that are held out, ascending, and which of them were seen elsewhere.
struct Known {
    marks: Vec<u64>,
    seen: Vec<bool>,
}

impl Known {
    fn of(validation: &[u64], test: &[u64]) -> Known {
        let mut marks = [validation, test].concat();
        marks.sort_unstable();
        marks.dedup();
        Known { seen: vec![false; marks.len()], marks }
    }

    fn see(&mut self, mark: u64) {
        if let Ok(at) = self.marks.binary_search(&mark) {
            self.seen[at] = true;
        }
    }

    fn was_seen(&self, mark: u64) -> bool {
        self.marks.binary_search(&mark).is_ok_and(|at| self.seen[at])
    }
}
