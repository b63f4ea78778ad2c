//! What became of the data, for messages and the report.

use std::path::PathBuf;

use caviar_table::{Dropped, Finding};
use serde::Serialize;

/// What became of the data.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct DataReport {
    /// The file.
    pub path: PathBuf,
    /// Its rows.
    pub rows: usize,
    /// Its columns, the target among them.
    pub columns: usize,
    /// The target's name.
    pub target: String,
    /// `classification` or `regression`.
    pub task: &'static str,
    /// The classes with their rows, those of the parts taken together; empty for values.
    pub classes: Vec<(String, usize)>,
    /// Columns of numbers that are used.
    pub numbers: usize,
    /// Columns of categories, and of yes and no, that are used.
    pub categories: usize,
    /// Columns of dates that are used.
    pub dates: usize,
    /// Columns that are left out, with reasons.
    pub dropped: Vec<Dropped>,
    /// Rows without a target, left out.
    pub rows_dropped: usize,
    /// Inputs of the network.
    pub inputs: usize,
    /// Training rows.
    pub train: usize,
    /// Validation rows.
    pub validation: usize,
    /// Test rows.
    pub test: usize,
    /// What the check-up before training found, the gravest first.
    pub checkup: Vec<Finding>,
    /// What else a person should know.
    pub notes: Vec<String>,
}
