//! The network that is kept: the model file, and predictions.

use std::collections::BTreeMap;
use std::ops::Range;
use std::path::Path;

use caviar_engine::Real;
use caviar_engine::rows::Rows;
use caviar_engine::train::{ClassWeight, Data, DataError, Targets, TrainOptions, Trainer};
use caviar_formats::Array;
use caviar_store::ModelFile;
use caviar_table::{Encoder, ReadOptions, Table, TargetSpec};
use serde::{Deserialize, Serialize};

use crate::encoded::encoded;
use crate::error::LabError;
use crate::experiment::classes_of;
use crate::network::{Weights, folded, set_weights};
use crate::recipe::{ClassWeights, Precision, Recipe};
use crate::share::shared_out;

/// A trained network with all that is needed to use it on a new table; or several, whose answers are averaged.
///
/// On disk a safetensors file; see [`caviar_store::ModelFile`]. It holds nothing that depends on a test row or on a
/// clock: the same training gives the same bytes.
#[derive(Clone, Debug, PartialEq)]
pub struct Model {
    encoder: Encoder,
    target: TargetSpec,
    /// One or more; the first is that of the best trial.
    networks: Vec<Network>,
    weighting: Weighting,
}

/// How much rows counted in the loss that a model was trained by.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", default, deny_unknown_fields)]
pub struct Weighting {
    /// The column with the weight of each row; none where all counted alike.
    pub column: Option<String>,
    /// The weight of each class; empty where all counted alike.
    pub classes: Vec<f64>,
}

/// One network of a model.
#[derive(Clone, Debug, PartialEq)]
pub struct Network {
    /// The settings by which it was trained.
    pub recipe: Recipe,
    /// How often it counts in the average, from 1.
    pub count: u64,
    /// Weights and other arrays by name: `dense1/weight`, ...
    pub weights: BTreeMap<String, Array>,
}

/// A network's shape, for those who read the file without Caviar.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct NetworkSection {
    inputs: usize,
    hidden: Vec<usize>,
    outputs: usize,
    activation: String,
    batch_norm: bool,
    #[serde(default = "once", skip_serializing_if = "is_once")]
    count: u64,
    recipe: Recipe,
}

fn once() -> u64 {
    1
}

fn is_once(count: &u64) -> bool {
    *count == 1
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
    /// A model of one network or more.
    pub(crate) fn new(encoder: Encoder, target: TargetSpec, networks: Vec<Network>, weighting: Weighting) -> Self {
        Model { encoder, target, networks, weighting }
    }

    /// Its networks; the first is that of the best trial.
    pub fn networks(&self) -> &[Network] {
        &self.networks
    }

    /// The networks alone.
    pub(crate) fn into_networks(self) -> Vec<Network> {
        self.networks
    }

    /// The settings of the first network.
    pub fn recipe(&self) -> &Recipe {
        &self.networks[0].recipe
    }

    /// The weights of the first network.
    pub fn weights(&self) -> &BTreeMap<String, Array> {
        &self.networks[0].weights
    }

    /// How rows become numbers.
    pub fn encoder(&self) -> &Encoder {
        &self.encoder
    }

    /// What is predicted.
    pub fn target(&self) -> &TargetSpec {
        &self.target
    }

    /// How much rows counted in the loss.
    pub fn weighting(&self) -> &Weighting {
        &self.weighting
    }

    /// Writes the model file, as a whole or not at all.
    ///
    /// # Errors
    /// What the operating system says.
    pub fn save(&self, path: &Path) -> Result<(), LabError> {
        Ok(self.file()?.save(path)?)
    }

    /// The contents of the model file: the arrays, and the sections `encoder`, `target`, `networks`, `program` and,
    /// where rows did not all count alike, `weighting`.
    ///
    /// With several networks the arrays of network `i`, from 1, are named `network<i>/dense1/weight`, ..., and one that counts
    /// several times in the average says so in its entry of `networks` (`count`).
    ///
    /// # Errors
    /// None that a user can cause.
    pub fn file(&self) -> Result<ModelFile, LabError> {
        let mut file = ModelFile::default();
        for (number, network) in (1..).zip(&self.networks) {
            let arrays = network.weights.iter().map(|(name, array)| (self.prefix(number) + name, array.clone()));
            file.arrays.extend(arrays);
        }
        let section = |network: &Network| NetworkSection {
            inputs: self.encoder.width(),
            hidden: network.recipe.hidden.clone(),
            outputs: self.outputs_of_each(),
            activation: network.recipe.activation.to_string(),
            batch_norm: network.recipe.batch_norm && !network.recipe.hidden.is_empty(),
            count: network.count,
            recipe: network.recipe.clone(),
        };
        file.set_section("encoder", &self.encoder)?;
        file.set_section("target", &self.target)?;
        file.set_section("networks", &self.networks.iter().map(section).collect::<Vec<_>>())?;
        if self.weighting != Weighting::default() {
            file.set_section("weighting", &self.weighting)?;
        }
        file.set_section("program", concat!("caviar ", env!("CARGO_PKG_VERSION")))?;
        Ok(file)
    }

    fn prefix(&self, number: usize) -> String {
        if self.networks.len() == 1 { String::new() } else { format!("network{number}/") }
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
        let sections: Vec<NetworkSection> = file.section("networks")?;
        let empty = |NetworkSection { count, recipe, .. }| Network { recipe, count, weights: Weights::new() };
        let networks: Vec<Network> = sections.into_iter().map(empty).collect();
        let weighting = match file.sections().contains_key("weighting") {
            true => file.section("weighting")?,
            false => Weighting::default(),
        };
        let mut model =
            Model { encoder: file.section("encoder")?, target: file.section("target")?, networks, weighting };
        if model.networks.is_empty() {
            return Err(LabError::BrokenModel { what: "it has no network".to_owned() });
        }
        let prefixes: Vec<String> = (1..=model.networks.len()).map(|number| model.prefix(number)).collect();
        for (name, array) in file.arrays {
            let place = prefixes.iter().position(|prefix| name.starts_with(prefix.as_str()));
            let Some(place) = place else {
                return Err(LabError::BrokenModel { what: format!("array `{name}` belongs to no network") });
            };
            model.networks[place].weights.insert(name[prefixes[place].len()..].to_owned(), array);
        }
        model.networks.iter().try_for_each(|network| model.check(network))?;
        Ok(model)
    }

    /// Whether a network that was read fits its weights, the encoder and the target.
    fn check(&self, network: &Network) -> Result<(), LabError> {
        let broken = |error: LabError| LabError::BrokenModel { what: error.to_string() };
        network.recipe.check().map_err(broken)?;
        if network.count == 0 {
            return Err(LabError::BrokenModel {
                what: "a network that counts 0 times belongs to no average".to_owned(),
            });
        }
        // Before any layer is laid out: sizes in the file must be those of its arrays.
        let mut inputs = self.encoder.width();
        for (number, units) in (1..).zip(network.recipe.hidden.iter().copied().chain([self.outputs_of_each()])) {
            let name = format!("dense{number}/weight");
            let found = network.weights.get(&name).map(Array::shape);
            if found != Some(&[inputs, units]) {
                let what = format!("array `{name}` is {found:?}, the network needs [{inputs}, {units}]");
                return Err(LabError::BrokenModel { what });
            }
            inputs = units;
        }
        match network.recipe.precision {
            Precision::F32 => self.trainer::<f32>(network, 1).map(drop),
            Precision::F64 => self.trainer::<f64>(network, 1).map(drop),
        }
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
        self.predict_range(table, 0..table.rows())
    }

    /// As [`Model::predict`], of some rows.
    ///
    /// # Errors
    /// As [`Model::predict`]; rows that are not there.
    pub fn predict_range(&self, table: &Table, rows: Range<usize>) -> Result<Predictions, LabError> {
        let rows: Vec<usize> = rows.collect();
        self.predict_rows(&encoded(&self.encoder, table, &rows)?)
    }

    /// As [`Model::predict`], of rows that the model's encoder has encoded.
    ///
    /// # Errors
    /// Rows with other columns.
    pub fn predict_rows(&self, rows: &Rows) -> Result<Predictions, LabError> {
        let mean = self.mean_answers(rows, 1)?;
        Ok(match &self.target {
            TargetSpec::Regression { .. } => {
                Predictions::Values(mean.into_iter().map(|value| self.target.inverse(value)).collect())
            }
            TargetSpec::Classification { classes, .. } => {
                let labels = mean.chunks_exact(classes.len()).map(likeliest).collect();
                Predictions::Classes { classes: classes.clone(), labels, probabilities: mean }
            }
        })
    }

    /// The mean over the networks, each as often as it counts: of the probabilities of the classes, or of the scaled value,
    /// row by row.
    pub(crate) fn mean_answers(&self, rows: &Rows, threads: usize) -> Result<Vec<f64>, LabError> {
        let mut mean: Vec<f64> = Vec::new();
        // As many at a time as there are threads: answers on many rows are large.
        for networks in self.networks.chunks(threads.max(1)) {
            let answers = shared_out(networks, threads, |network| self.answers_of(network, rows));
            for (network, answers) in networks.iter().zip(answers) {
                let times = answers?.into_iter().map(|answer| network.count as f64 * answer);
                match mean.is_empty() {
                    true => mean = times.collect(),
                    false => mean.iter_mut().zip(times).for_each(|(mean, answer)| *mean += answer),
                }
            }
        }
        let counts: f64 = self.networks.iter().map(|network| network.count as f64).sum();
        mean.iter_mut().for_each(|mean| *mean /= counts);
        Ok(mean)
    }

    /// The answers of each network alone.
    pub(crate) fn answers_of_each(&self, rows: &Rows, threads: usize) -> Result<Vec<Vec<f64>>, LabError> {
        shared_out(&self.networks, threads, |network| self.answers_of(network, rows)).into_iter().collect()
    }

    fn answers_of(&self, network: &Network, rows: &Rows) -> Result<Vec<f64>, LabError> {
        match network.recipe.precision {
            Precision::F32 => self.answers::<f32>(network, rows),
            Precision::F64 => self.answers::<f64>(network, rows),
        }
    }

    fn answers<T: Real>(&self, network: &Network, rows: &Rows) -> Result<Vec<f64>, LabError> {
        let mut trainer = self.trainer::<T>(network, 1)?;
        Ok(match &self.target {
            TargetSpec::Regression { .. } => trainer.predict(rows)?,
            TargetSpec::Classification { .. } => trainer.predict_probabilities(rows)?,
        })
    }

    /// A network with its weights, on a few rows that stand for any; batch norm is folded into its layers.
    pub(crate) fn trainer<T: Real>(&self, network: &Network, threads: usize) -> Result<Trainer<T>, LabError> {
        let (inputs, classes) = (self.encoder.width(), classes_of(&self.target).len());
        let rows = classes.max(2);
        let features = Rows::from_f32(vec![0.0; rows * inputs], inputs).map_err(|_| DataError::Empty)?;
        let targets = match classes {
            0 => Targets::Values { values: vec![0.0; rows], columns: 1 },
            classes => Targets::Classes { labels: (0..classes as i64).collect(), classes },
        };
        let data = Data::new(features, targets)?;
        // What only training asks for is left out: a batch of one, weights of classes by their rows.
        let plain = Recipe {
            batch_size: crate::recipe::BatchRows::Full,
            class_weight: ClassWeights::None,
            ..network.recipe.clone()
        };
        let mut spec = plain.spec_for(&data, classes_of(&self.target), 0)?;
        if !self.weighting.classes.is_empty() {
            spec.class_weight = ClassWeight::Given(self.weighting.classes.clone());
        }
        let options = TrainOptions { threads: threads.max(1), ..TrainOptions::default() };
        if spec.network.batch_norm.is_some() {
            spec.network = folded(&spec.network, &network.weights)?;
            return Ok(Trainer::with_options(spec, data.into(), None, options)?);
        }
        let mut trainer = Trainer::with_options(spec, data.into(), None, options)?;
        set_weights(&mut trainer, &network.weights)?;
        Ok(trainer)
    }

    /// The outputs of a network: one for two classes, or for a value.
    fn outputs_of_each(&self) -> usize {
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
