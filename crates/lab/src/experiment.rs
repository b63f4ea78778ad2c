//! From a table to rows for networks.

use std::path::Path;

use crate::error::LabError;
use crate::options::DataOptions;
use crate::report_data::DataReport;

/// A table read, dealt out and encoded: all that networks are trained, chosen and measured on.
#[derive(Clone, Debug)]
pub struct Experiment {
    pub(crate) report: DataReport,
}

impl Experiment {
    /// Reads the table, finds the target, deals out the rows, and fits the encoder on the training rows alone.
    ///
    /// # Errors
    /// Anything that is wrong with the file, a column, or the number of rows.
    pub fn prepare(source: &Path, options: &DataOptions) -> Result<Experiment, LabError> {
        let _ = (source, options);
        todo!("reading")
    }

    /// What became of the data.
    pub fn report(&self) -> &DataReport {
        &self.report
    }
}
