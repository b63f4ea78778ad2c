//! The model that an argument names.

use std::path::{Path, PathBuf};

use caviar_lab::{LabError, Model};

/// Reads a model file; the folder of a run stands for the model in it.
///
/// # Errors
/// A file that is no model.
pub fn load(path: &Path) -> Result<Model, LabError> {
    Model::load(&place(path))
}

fn place(path: &Path) -> PathBuf {
    if path.is_dir() { path.join("model.safetensors") } else { path.to_owned() }
}
