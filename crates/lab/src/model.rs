//! The network that is kept: the model file, and predictions.

use std::collections::BTreeMap;
use std::path::Path;

use caviar_formats::Array;
use caviar_store::ModelFile;
use caviar_table::{Encoder, ReadOptions, Table, TargetSpec};

use crate::error::LabError;
use crate::recipe::Recipe;

/// A trained network with all that is needed to use it on a new table.
///
/// On disk a safetensors file; see [`caviar_store::ModelFile`]. It holds nothing that depends on a test row or on a
/// clock: the same training gives the same bytes.
#[derive(Clone, Debug, PartialEq)]
pub struct Model {
    pub(crate) recipe: Recipe,
    pub(crate) encoder: Encoder,
    pub(crate) target: TargetSpec,
    pub(crate) weights: BTreeMap<String, Array>,
}

/// What a model says about rows.
#[derive(Clone, Debug, PartialEq)]
pub enum Predictions {
    /// Classes.
    Classes {
        /// The names of the classes.
        classes: Vec<String>,
        /// The likeliest class of each row.
        labels: Vec<usize>,
        /// The probability of each class, row by row.
        probabilities: Vec<f64>,
    },
    /// A value for each row, in the person's units.
    Values(Vec<f64>),
}

impl Model {
    /// The settings by which it was trained.
    pub fn recipe(&self) -> &Recipe {
        &self.recipe
    }

    /// How rows become numbers.
    pub fn encoder(&self) -> &Encoder {
        &self.encoder
    }

    /// What is predicted.
    pub fn target(&self) -> &TargetSpec {
        &self.target
    }

    /// Weights and other arrays by name: `dense1/weight`, ...
    pub fn weights(&self) -> &BTreeMap<String, Array> {
        &self.weights
    }

    /// Writes the model file, as a whole or not at all.
    ///
    /// # Errors
    /// What the operating system says.
    pub fn save(&self, path: &Path) -> Result<(), LabError> {
        Ok(self.file()?.save(path)?)
    }

    /// The contents of the model file.
    ///
    /// # Errors
    /// None that a user can cause.
    pub fn file(&self) -> Result<ModelFile, LabError> {
        todo!("file")
    }

    /// Reads a model file.
    ///
    /// # Errors
    /// A file that is no model, or one whose parts do not fit together.
    pub fn load(path: &Path) -> Result<Model, LabError> {
        let _ = path;
        todo!("load")
    }

    /// How a table is to be read for [`Model::predict`]: by the columns of training, whatever else it has.
    pub fn read_options(&self, options: ReadOptions) -> ReadOptions {
        ReadOptions { schema: Some(self.encoder.schema().clone()), ..options }
    }

    /// What the network says about every row of a table; columns are found by name.
    ///
    /// A row's prediction is the same whatever rows are beside it, to the bit.
    ///
    /// # Errors
    /// A column that is missing or holds something else.
    pub fn predict(&self, table: &Table) -> Result<Predictions, LabError> {
        let _ = table;
        todo!("predict")
    }
}
