//! A recipe checked, and turned into what the engine trains by.

use caviar_engine::nn::Mlp;
use caviar_engine::train::{Data, TrainSpec};

use super::Recipe;
use crate::error::LabError;
use crate::experiment::Experiment;

impl Recipe {
    /// Whether every setting is legal by itself.
    ///
    /// # Errors
    /// [`LabError::Setting`] or [`LabError::Settings`], with the flag.
    pub fn check(&self) -> Result<(), LabError> {
        todo!("check")
    }

    /// What the engine trains by.
    ///
    /// # Errors
    /// Those of [`Recipe::check`]; settings that do not fit the data.
    pub fn spec(&self, experiment: &Experiment) -> Result<TrainSpec, LabError> {
        let _ = experiment;
        todo!("spec")
    }

    /// What the engine trains by on rows that come from elsewhere, with the names of their classes.
    ///
    /// # Errors
    /// As [`Recipe::spec`].
    pub fn spec_for(&self, data: &Data, classes: &[String], order_seed: u64) -> Result<TrainSpec, LabError> {
        let _ = (data, classes, order_seed);
        todo!("spec")
    }

    /// The network.
    pub fn network(&self, inputs: usize, outputs: usize) -> Mlp {
        let _ = (inputs, outputs);
        todo!("network")
    }

    /// What a person should know about these settings on so many training rows: a batch size that was cut.
    pub fn notes(&self, rows: usize) -> Vec<String> {
        let _ = rows;
        todo!("notes")
    }
}
