//! What a person should know about a table before a network is trained on it.

mod columns;
mod duplicates;
mod finding;
mod leak;

pub use finding::{Evidence, Finding};

use crate::table::Table;
use crate::target::{Target, TargetValues};

/// Rows of a table: a part of the experiment.
#[derive(Clone, Copy, Debug)]
pub struct Part<'a> {
    /// The table they are in.
    pub table: &'a Table,
    /// Which ones.
    pub rows: &'a [usize],
}

/// A table dealt out, about to be learned from.
///
/// [`Checkup::findings`] looks at the training rows (for duplicates at the others too), never at an answer outside
/// them. It is cheap: columns are judged by at most 2,048 rows, evenly spaced.
#[derive(Clone, Copy, Debug)]
pub struct Checkup<'a> {
    /// The columns that are learned from.
    pub features: &'a [String],
    /// The answers to the training rows.
    pub target: &'a Target,
    /// The training rows.
    pub train: Part<'a>,
    /// The rows to choose by; may be none.
    pub validation: Part<'a>,
    /// The test rows; may be none.
    pub test: Part<'a>,
    /// How many inputs the network has.
    pub inputs: usize,
}

/// The most rows by which a column is judged.
const SAMPLE_ROWS: usize = 2048;
/// The fewest, however many columns there are.
const LEAST_SAMPLE_ROWS: usize = 256;
/// The most cells that are looked at in all, columns being many.
const SAMPLE_CELLS: usize = 1 << 18;

/// A class with fewer training rows than this can hardly be learned.
const FEW_OF_A_CLASS: usize = 10;
/// A class is rare below this share of what it would have if all were alike.
const RARE: f64 = 0.2;

impl Checkup<'_> {
    /// What there is to say, the gravest first; a pure function of the cells.
    pub fn findings(&self) -> Vec<Finding> {
        let mut findings = leak::leaks(self);
        findings.extend(duplicates::duplicates(self));
        if let TargetValues::Classes(classes) = &self.target.values {
            findings.extend(self.classes(&classes.names, &classes.labels));
        }
        let rows = self.train.rows.len();
        if rows < 2 * self.inputs {
            findings.push(Finding::FewRows { rows, inputs: self.inputs });
        }
        findings.extend(columns::columns(self));
        findings
    }

    /// How many rows a column is judged by.
    fn sample_rows(&self) -> usize {
        (SAMPLE_CELLS / self.features.len().max(1)).clamp(LEAST_SAMPLE_ROWS, SAMPLE_ROWS)
    }

    fn classes(&self, names: &[String], labels: &[u32]) -> Vec<Finding> {
        let mut counts = vec![0_usize; names.len()];
        for &row in self.train.rows {
            if let Some(count) = labels.get(row).and_then(|&label| counts.get_mut(label as usize)) {
                *count += 1;
            }
        }
        let rows = self.train.rows.len();
        let fair = rows as f64 / names.len().max(1) as f64;
        let few = |count: usize| count < FEW_OF_A_CLASS;
        let of = |wanted: &dyn Fn(usize) -> bool| -> Vec<(String, usize)> {
            let all = names.iter().cloned().zip(counts.iter().copied());
            all.filter(|&(_, count)| wanted(count)).collect()
        };
        let scarce = of(&few);
        let rare = of(&|count| !few(count) && (count as f64) < RARE * fair);
        let scarce = (!scarce.is_empty()).then_some(Finding::FewRowsOfClass { classes: scarce });
        let rare = (!rare.is_empty()).then_some(Finding::Imbalance { classes: rare, rows });
        scarce.into_iter().chain(rare).collect()
    }
}

/// At most `most` of the rows, evenly spaced, the first among them.
fn evenly(rows: &[usize], most: usize) -> impl Iterator<Item = usize> + '_ {
    let count = rows.len().min(most);
    (0..count).map(move |at| rows[at * rows.len() / count])
}
