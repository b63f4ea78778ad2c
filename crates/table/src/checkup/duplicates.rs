//! Rows that are held out and were learned from all the same.

use super::{Checkup, Finding, Part};
use crate::column::{Contents, MISSING};

/// One finding for each part that has such rows.
///
/// The validation rows are looked for among the training rows, the test rows among both.
pub(super) fn duplicates(checkup: &Checkup<'_>) -> Vec<Finding> {
    let marks = |part: &Part<'_>| row_marks(part, checkup.features);
    let Some(train) = marks(&checkup.train) else { return Vec::new() };
    let (Some(validation), Some(test)) = (marks(&checkup.validation), marks(&checkup.test)) else {
        return Vec::new();
    };
    let mut known = Known::with_room_for(train.len() + validation.len());
    train.iter().for_each(|&mark| known.insert(mark));
    let mut findings = Vec::new();
    let mut look = |part: &'static str, marks: &[u64], known: &Known| {
        let rows = marks.iter().filter(|&&mark| known.contains(mark)).count();
        if rows > 0 {
            findings.push(Finding::Duplicates { part, rows, of: marks.len() });
        }
    };
    look("validation", &validation, &known);
    validation.iter().for_each(|&mark| known.insert(mark));
    look("test", &test, &known);
    findings
}

/// A mark for each row, the same for the same cells; `None` where a column is not in the table.
fn row_marks(part: &Part<'_>, features: &[String]) -> Option<Vec<u64>> {
    let mut marks = vec![0_u64; part.rows.len()];
    for name in features {
        match part.table.column(name)?.contents() {
            Contents::Numbers(values) => {
                for (mark, &row) in marks.iter_mut().zip(part.rows) {
                    let value = values[row];
                    *mark = mixed(*mark, if value.is_nan() { u64::MAX } else { value.to_bits() });
                }
            }
            Contents::Words(words) => {
                let known: Vec<u64> = words.dictionary.iter().map(|word| bytes_mark(word.as_bytes())).collect();
                for (mark, &row) in marks.iter_mut().zip(part.rows) {
                    let code = words.codes[row];
                    *mark = mixed(*mark, if code == MISSING { u64::MAX } else { known[code as usize] });
                }
            }
        }
    }
    Some(marks)
}

/// One round of a multiplicative hash: two rows that differ share a mark once in 2^64.
fn mixed(mark: u64, cell: u64) -> u64 {
    let product = u128::from(mark ^ 0x9e37_79b9_7f4a_7c15) * u128::from(cell ^ 0xd6e8_feb8_6659_fd93);
    (product as u64) ^ ((product >> 64) as u64).rotate_left(32) ^ mark.rotate_left(23)
}

fn bytes_mark(bytes: &[u8]) -> u64 {
    bytes.iter().fold(bytes.len() as u64, |mark, &byte| mixed(mark, u64::from(byte)))
}

/// A set of marks: open addressing, half full at most.
struct Known {
    slots: Vec<u64>,
}

impl Known {
    fn with_room_for(count: usize) -> Known {
        Known { slots: vec![0; (count * 2 + 1).next_power_of_two()] }
    }

    fn insert(&mut self, mark: u64) {
        let at = self.place(mark);
        self.slots[at] = mark.max(1);
    }

    fn contains(&self, mark: u64) -> bool {
        self.slots[self.place(mark)] != 0
    }

    /// Where the mark is, or the free slot for it; 0 means free, so the mark 0 counts as 1.
    fn place(&self, mark: u64) -> usize {
        let (mask, mark) = (self.slots.len() - 1, mark.max(1));
        let mut at = (mark.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 20) as usize & mask;
        while self.slots[at] != 0 && self.slots[at] != mark {
            at = (at + 1) & mask;
        }
        at
    }
}
