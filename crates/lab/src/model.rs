//! The network that is kept: the model file, and predictions.

use std::collections::BTreeMap;
use std::path::Path;

use caviar_engine::Real;
use caviar_engine::rows::Rows;
use caviar_engine::train::{Data, DataError, Targets, Trainer};
use caviar_formats::Array;
use caviar_store::ModelFile;
use caviar_table::{Encoder, ReadOptions, Table, TargetSpec};
use serde::{Deserialize, Serialize};

use crate::error::LabError;
use crate::experiment::classes_of;
use crate::network::{Weights, set_weights};
use crate::recipe::{ClassWeights, Precision, Recipe};

/// A trained network with all that is needed to use it on a new table.
///
/// On disk a safetensors file; see [`caviar_store::ModelFile`]. It holds nothing that depends on a test row or on a
/// clock: the same training gives the same bytes.
#[derive(Clone, Debug, PartialEq)]
pub struct Model {
    recipe: Recipe,
    encoder: Encoder,
    target: TargetSpec,
    weights: BTreeMap<String, Array>,
}

/// The network's shape, for those who read the file without Caviar.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct NetworkSection {
    inputs: usize,
    hidden: Vec<usize>,
    outputs: usize,
    activation: String,
    batch_norm: bool,
    features: Vec<String>,
    written_by: String,
}

/// What a model says about rows.
#[derive(Clone, Debug, PartialEq)]
pub enum Predictions {
    /// Classes.
    Classes {
        /// The names of the classes.
        classes: Vec<String>,
        /// The likeliest class of each row, the first of several.
        labels: Vec<usize>,
        /// The probability of each class, row by row.
        probabilities: Vec<f64>,
    },
    /// A value for each row, in the person's units.
    Values(Vec<f64>),
}

impl Model {
    pub(crate) fn new(recipe: Recipe, encoder: Encoder, target: TargetSpec, weights: Weights) -> Self {
        Model { recipe, encoder, target, weights }
    }

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

    /// The contents of the model file: the arrays, and the sections `recipe`, `encoder`, `target` and `network`.
    ///
    /// # Errors
    /// None that a user can cause.
    pub fn file(&self) -> Result<ModelFile, LabError> {
        let mut file = ModelFile::default();
        file.arrays = self.weights.clone();
        file.set_section("recipe", &self.recipe)?;
        file.set_section("encoder", &self.encoder)?;
        file.set_section("target", &self.target)?;
        file.set_section(
            "network",
            &NetworkSection {
                inputs: self.encoder.width(),
                hidden: self.recipe.hidden.clone(),
                outputs: self.outputs(),
                activation: self.recipe.activation.to_string(),
                batch_norm: self.recipe.batch_norm && !self.recipe.hidden.is_empty(),
                features: self.encoder.labels(),
                written_by: concat!("caviar ", env!("CARGO_PKG_VERSION")).to_owned(),
            },
        )?;
        Ok(file)
    }

    /// Reads a model file.
    ///
    /// # Errors
    /// A file that is no model, or one whose parts do not fit together.
    pub fn load(path: &Path) -> Result<Model, LabError> {
        Model::from_file(ModelFile::load(path)?)
    }

    /// From the contents of a model file.
    ///
    /// # Errors
    /// Parts that are missing or do not fit together.
    pub fn from_file(file: ModelFile) -> Result<Model, LabError> {
        let model = Model {
            recipe: file.section("recipe")?,
            encoder: file.section("encoder")?,
            target: file.section("target")?,
            weights: file.arrays,
        };
        let broken = |error: &dyn std::fmt::Display| LabError::BrokenModel { what: error.to_string() };
        model.recipe.check().map_err(|error| broken(&error))?;
        // Before any layer is laid out: sizes in the file must be those of its arrays.
        let mut inputs = model.encoder.width();
        for (number, units) in (1..).zip(model.recipe.hidden.iter().copied().chain([model.outputs()])) {
            let name = format!("dense{number}/weight");
            let found = model.weights.get(&name).map(Array::shape);
            if found != Some(&[inputs, units]) {
                let what = format!("array `{name}` is {found:?}, the network needs [{inputs}, {units}]");
                return Err(LabError::BrokenModel { what });
            }
            inputs = units;
        }
        match model.recipe.precision {
            Precision::F32 => model.trainer::<f32>().map(drop)?,
            Precision::F64 => model.trainer::<f64>().map(drop)?,
        }
        Ok(model)
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
        match self.recipe.precision {
            Precision::F32 => self.predict_with::<f32>(table),
            Precision::F64 => self.predict_with::<f64>(table),
        }
    }

    fn predict_with<T: Real>(&self, table: &Table) -> Result<Predictions, LabError> {
        let rows: Vec<usize> = (0..table.rows()).collect();
        let matrix = self.encoder.encode(table, &rows)?;
        let rows = Rows::from_f32(matrix.values, matrix.columns).map_err(|_| DataError::Empty)?;
        let mut trainer = self.trainer::<T>()?;
        match &self.target {
            TargetSpec::Regression { .. } => {
                let values = trainer.predict(&rows)?;
                Ok(Predictions::Values(values.into_iter().map(|value| self.target.inverse(value)).collect()))
            }
            TargetSpec::Classification { classes, .. } => {
                let probabilities = trainer.predict_probabilities(&rows)?;
                let labels = probabilities.chunks_exact(classes.len()).map(likeliest).collect();
                Ok(Predictions::Classes { classes: classes.clone(), labels, probabilities })
            }
        }
    }

    /// The network with its weights, on two rows that stand for any.
    fn trainer<T: Real>(&self) -> Result<Trainer<T>, LabError> {
        let inputs = self.encoder.width();
        let features = Rows::from_f32(vec![0.0; 2 * inputs], inputs).map_err(|_| DataError::Empty)?;
        let targets = match classes_of(&self.target).len() {
            0 => Targets::Values { values: vec![0.0; 2], columns: 1 },
            classes => Targets::Classes { labels: vec![0, 1], classes },
        };
        let data = Data::new(features, targets)?;
        // What only training asks for is left out: a batch of one, weights of classes.
        let plain = Recipe {
            batch_size: crate::recipe::BatchRows::Full,
            class_weight: ClassWeights::None,
            ..self.recipe.clone()
        };
        let spec = plain.spec_for(&data, classes_of(&self.target), 0)?;
        let mut trainer = Trainer::new(spec, data.into(), None)?;
        set_weights(&mut trainer, &self.weights)?;
        Ok(trainer)
    }

    fn outputs(&self) -> usize {
        match classes_of(&self.target).len() {
            0 | 2 => 1,
            classes => classes,
        }
    }
}

/// The largest, the first of several.
pub(crate) fn likeliest(probabilities: &[f64]) -> usize {
    let better = |best: usize, (class, p): (usize, &f64)| if *p > probabilities[best] { class } else { best };
    probabilities.iter().enumerate().fold(0, better)
}
