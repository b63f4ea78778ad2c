use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use caviar_formats::Array;
use caviar_formats::safetensors::NamedArrays;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::atomic::write_atomically;
use crate::error::{Action, ModelError, StoreError};

/// The newest version of the model file that this program writes and reads.
pub const MODEL_FORMAT: u32 = 1;

const PREFIX: &str = "caviar.";
const FORMAT: &str = "format";
const FINGERPRINT: &str = "fingerprint";

/// A trained network and all that is needed to use it: arrays by name, and sections of JSON by name.
///
/// On disk a safetensors file that any reader of the format opens: arrays such as `dense1/weight` as tensors; in the
/// metadata `caviar.format` (the version), `caviar.fingerprint` (BLAKE3 of everything else) and each section as
/// `caviar.<name>`. The same contents give the same bytes.
///
/// ```
/// use caviar_formats::{Array, Elements};
/// use caviar_store::ModelFile;
///
/// let mut model = ModelFile::default();
/// model.arrays.insert("dense1/bias".into(), Array::new(vec![2], Elements::F32(vec![0.5, -1.0]))?);
/// model.set_section("network", &[2, 5, 1])?;
/// let back = ModelFile::from_bytes(&model.to_bytes()?)?;
/// assert_eq!(back, model);
/// assert_eq!(back.section::<Vec<u32>>("network")?, [2, 5, 1]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ModelFile {
    /// Weights and other arrays, such as `dense1/weight`.
    pub arrays: BTreeMap<String, Array>,
    sections: BTreeMap<String, Value>,
}

impl ModelFile {
    /// Puts a section in, in place of one with the same name.
    ///
    /// - **Convention:** JSON has no infinity and no NaN; they become `null` and will not read back as numbers.
    /// - **Errors:** [`ModelError::ReservedSection`] for `format` and `fingerprint`, [`ModelError::BadSection`] for what
    ///   cannot be JSON.
    pub fn set_section<T: Serialize + ?Sized>(&mut self, name: &str, contents: &T) -> Result<(), ModelError> {
        if name == FORMAT || name == FINGERPRINT {
            return Err(ModelError::ReservedSection { name: name.to_string() });
        }
        let value = serde_json::to_value(contents)
            .map_err(|source| ModelError::BadSection { name: name.to_string(), source })?;
        self.sections.insert(name.to_string(), value);
        Ok(())
    }

    /// A section as the type that was put in.
    ///
    /// - **Errors:** [`ModelError::MissingSection`], [`ModelError::BadSection`].
    pub fn section<T: DeserializeOwned>(&self, name: &str) -> Result<T, ModelError> {
        let value = self.sections.get(name).ok_or_else(|| ModelError::MissingSection { name: name.to_string() })?;
        T::deserialize(value).map_err(|source| ModelError::BadSection { name: name.to_string(), source })
    }

    /// All sections by name, as JSON.
    pub fn sections(&self) -> &BTreeMap<String, Value> {
        &self.sections
    }

    /// An array by name.
    ///
    /// - **Errors:** [`ModelError::MissingArray`].
    pub fn array(&self, name: &str) -> Result<&Array, ModelError> {
        self.arrays.get(name).ok_or_else(|| ModelError::MissingArray { name: name.to_string() })
    }

    /// The bytes of the file.
    ///
    /// - **Errors:** [`ModelError::Damaged`] for an array named `__metadata__`.
    pub fn to_bytes(&self) -> Result<Vec<u8>, ModelError> {
        let mut metadata = BTreeMap::from([(key(FORMAT), MODEL_FORMAT.to_string())]);
        for (name, value) in &self.sections {
            metadata.insert(key(name), value.to_string());
        }
        let mut file = NamedArrays { arrays: self.arrays.clone(), metadata };
        let fingerprint = fingerprint(&file.write()?);
        file.metadata.insert(key(FINGERPRINT), fingerprint);
        Ok(file.write()?)
    }

    /// Reads the bytes of a file.
    ///
    /// - **Errors:** any [`ModelError`] about contents; the version is looked at before the sections.
    pub fn from_bytes(bytes: &[u8]) -> Result<ModelFile, ModelError> {
        let mut file = NamedArrays::read(bytes)?;
        check_version(&file.metadata)?;
        let written = file.metadata.remove(&key(FINGERPRINT)).unwrap_or_default();
        let found = fingerprint(&file.write()?);
        if written != found {
            return Err(ModelError::Altered { written, found });
        }
        file.metadata.remove(&key(FORMAT));
        let mut sections = BTreeMap::new();
        for (name, text) in &file.metadata {
            let Some(name) = name.strip_prefix(PREFIX) else {
                continue;
            };
            let value = serde_json::from_str(text)
                .map_err(|source| ModelError::BadSection { name: name.to_string(), source })?;
            sections.insert(name.to_string(), value);
        }
        Ok(ModelFile { arrays: file.arrays, sections })
    }

    /// Writes the file, as a whole or not at all.
    ///
    /// - **Errors:** [`StoreError`]; the file that was there before is then untouched.
    pub fn save(&self, path: &Path) -> Result<(), StoreError> {
        let bytes = self.to_bytes().map_err(|source| StoreError::Model { path: path.to_path_buf(), source })?;
        write_atomically(path, &bytes)
    }

    /// Reads a file.
    ///
    /// - **Errors:** [`StoreError`] with the path and what is wrong.
    pub fn load(path: &Path) -> Result<ModelFile, StoreError> {
        let failed = |source| StoreError::Io { path: path.to_path_buf(), action: Action::Read, source };
        // A device or a pipe might never end.
        if !fs::metadata(path).map_err(failed)?.is_file() {
            return Err(StoreError::NotAFile { path: path.to_path_buf() });
        }
        let bytes = fs::read(path).map_err(failed)?;
        ModelFile::from_bytes(&bytes).map_err(|source| StoreError::Model { path: path.to_path_buf(), source })
    }
}

/// The name of a section in the file's metadata.
fn key(name: &str) -> String {
    format!("{PREFIX}{name}")
}

/// BLAKE3, in hexadecimal.
fn fingerprint(bytes: &[u8]) -> String {
    blake3::hash(bytes).to_hex().to_string()
}

fn check_version(metadata: &BTreeMap<String, String>) -> Result<(), ModelError> {
    let found = metadata.get(&key(FORMAT)).ok_or(ModelError::NotAModel)?;
    match found.parse::<u32>() {
        Ok(version) if version > MODEL_FORMAT => Err(ModelError::NewerFormat { found: version, known: MODEL_FORMAT }),
        Ok(version) if version > 0 => Ok(()),
        _ => Err(ModelError::BadVersion { found: found.clone() }),
    }
}
