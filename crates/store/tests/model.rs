//! Laws of the model file.

use std::fs;
use std::path::Path;

use caviar_formats::safetensors::NamedArrays;
use caviar_formats::{Array, Elements, FormatError};
use caviar_store::{MODEL_FORMAT, ModelError, ModelFile, StoreError};
use proptest::prelude::{any, prop, proptest};
use serde_json::{Value, json};

fn model() -> ModelFile {
    let mut model = ModelFile::default();
    let mut insert = |name: &str, shape: &[usize], elements: Elements| {
        model.arrays.insert(name.to_string(), Array::new(shape.to_vec(), elements).unwrap());
    };
    insert("dense1/weight", &[2, 3], Elements::F32(vec![0.1, -0.0, 1e-40, f32::MAX, 5.0, -6.0]));
    insert("dense1/bias", &[3], Elements::F32(vec![0.0; 3]));
    insert("batch_norm1/gamma", &[3], Elements::F64(vec![1.0, std::f64::consts::E, -0.0]));
    model.set_section("schema", &json!({"columns": ["age", "größe \"quoted\""], "target": "y"})).unwrap();
    model.set_section("encoder", &json!({"mean": [0.1, 1e-300, 123456789.12345679]})).unwrap();
    model
}

/// The file with its metadata changed, and arrays as they are.
fn with_metadata(change: impl FnOnce(&mut NamedArrays)) -> Vec<u8> {
    let mut file = NamedArrays::read(&model().to_bytes().unwrap()).unwrap();
    change(&mut file);
    file.write().unwrap()
}

fn files_in(folder: &Path) -> Vec<String> {
    fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
}

#[test]
fn what_is_saved_loads_bit_for_bit() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("model.safetensors");
    model().save(&path).unwrap();
    let back = ModelFile::load(&path).unwrap();
    assert_eq!(back, model());
    assert_eq!(back.to_bytes().unwrap(), fs::read(&path).unwrap());
    assert_eq!(files_in(folder.path()), ["model.safetensors"], "no temporary file stays");
}

#[test]
fn any_reader_of_the_format_opens_it() {
    let file = NamedArrays::read(&model().to_bytes().unwrap()).unwrap();
    assert_eq!(file.arrays["dense1/weight"].shape(), [2, 3]);
    assert_eq!(file.metadata["caviar.format"], "1");
    let schema: Value = serde_json::from_str(&file.metadata["caviar.schema"]).unwrap();
    assert_eq!(schema["target"], "y");
}

#[test]
fn saving_over_a_model_replaces_it_whole() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("model.safetensors");
    fs::write(&path, vec![7; 1 << 20]).unwrap();
    model().save(&path).unwrap();
    assert_eq!(ModelFile::load(&path).unwrap(), model());
}

#[test]
fn a_failed_save_leaves_what_was_there() {
    let folder = tempfile::tempdir().unwrap();
    // A folder with something in it cannot be renamed over.
    let path = folder.path().join("model.safetensors");
    fs::create_dir(&path).unwrap();
    fs::write(path.join("inside"), "kept").unwrap();
    assert!(matches!(model().save(&path), Err(StoreError::Io { .. })));
    assert_eq!(fs::read_to_string(path.join("inside")).unwrap(), "kept");
    assert_eq!(files_in(folder.path()), ["model.safetensors"]);
    let missing = folder.path().join("no such folder").join("model.safetensors");
    let error = model().save(&missing).unwrap_err();
    assert!(error.to_string().contains("no such folder"), "{error}");
}

#[test]
fn two_threads_that_save_at_once_leave_one_whole_model() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("model.safetensors");
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| (0..5).for_each(|_| model().save(&path).unwrap()));
        }
    });
    assert_eq!(ModelFile::load(&path).unwrap(), model());
    assert_eq!(files_in(folder.path()).len(), 1);
}

#[test]
fn a_path_that_is_no_file_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    assert!(matches!(ModelFile::load(folder.path()), Err(StoreError::NotAFile { .. })));
    let error = ModelFile::load(&folder.path().join("none")).unwrap_err();
    assert!(matches!(error, StoreError::Io { .. }), "{error}");
}

#[test]
fn a_newer_model_is_refused_with_its_version() {
    let bytes = with_metadata(|file| {
        file.metadata.insert("caviar.format".into(), "7".into());
    });
    let error = ModelFile::from_bytes(&bytes).unwrap_err();
    assert!(matches!(error, ModelError::NewerFormat { found: 7, known: MODEL_FORMAT }), "{error}");
    for version in ["0", "-1", "one", "", "99999999999"] {
        let bytes = with_metadata(|file| {
            file.metadata.insert("caviar.format".into(), version.into());
        });
        assert!(matches!(ModelFile::from_bytes(&bytes), Err(ModelError::BadVersion { .. })), "{version}");
    }
}

#[test]
fn what_is_not_a_model_is_refused() {
    let error = ModelFile::from_bytes(b"age,income\n1,2\n").unwrap_err();
    assert!(matches!(error, ModelError::Damaged { source: FormatError::NotThisFormat { .. } }), "{error}");
    let bytes = NamedArrays::default().write().unwrap();
    assert!(matches!(ModelFile::from_bytes(&bytes), Err(ModelError::NotAModel)));
}

#[test]
fn a_model_cut_short_anywhere_is_refused() {
    let bytes = model().to_bytes().unwrap();
    for length in 0..bytes.len() {
        let error = ModelFile::from_bytes(&bytes[..length]).unwrap_err();
        assert!(matches!(error, ModelError::Damaged { .. }), "{length}: {error}");
    }
}

#[test]
fn an_altered_weight_or_section_is_noticed() {
    let mut bytes = model().to_bytes().unwrap();
    let last = bytes.len() - 1;
    bytes[last] ^= 1;
    assert!(matches!(ModelFile::from_bytes(&bytes), Err(ModelError::Altered { .. })));
    let bytes = with_metadata(|file| {
        file.metadata.insert("caviar.encoder".into(), "{\"mean\":[0.2]}".into());
    });
    assert!(matches!(ModelFile::from_bytes(&bytes), Err(ModelError::Altered { .. })));
    let bytes = with_metadata(|file| {
        file.metadata.remove("caviar.fingerprint");
    });
    assert!(matches!(ModelFile::from_bytes(&bytes), Err(ModelError::Altered { .. })));
}

#[test]
fn sections_and_arrays_are_asked_for_by_name() {
    let mut model = model();
    assert_eq!(model.array("dense1/bias").unwrap().shape(), [3]);
    assert!(matches!(model.array("dense9/bias"), Err(ModelError::MissingArray { .. })));
    assert!(matches!(model.section::<Value>("network"), Err(ModelError::MissingSection { .. })));
    assert!(matches!(model.section::<Vec<u8>>("schema"), Err(ModelError::BadSection { .. })));
    for name in ["format", "fingerprint"] {
        assert!(matches!(model.set_section(name, &1), Err(ModelError::ReservedSection { .. })));
    }
}

proptest! {
    #[test]
    fn altered_bytes_are_refused_or_mean_the_same(
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..5),
    ) {
        let mut bytes = model().to_bytes().unwrap();
        for (place, byte) in changes {
            let place = place.index(bytes.len());
            bytes[place] = byte;
        }
        // Blanks in the header may change without a change of meaning; nothing else may.
        if let Ok(read) = ModelFile::from_bytes(&bytes) {
            assert_eq!(read, model());
        }
    }

    #[test]
    fn every_finite_number_of_a_section_survives(bits in prop::collection::vec(any::<u64>(), 0..20)) {
        let numbers: Vec<f64> = bits.into_iter().map(f64::from_bits).filter(|number| number.is_finite()).collect();
        let mut model = ModelFile::default();
        model.set_section("numbers", &numbers).unwrap();
        let back = ModelFile::from_bytes(&model.to_bytes().unwrap()).unwrap();
        let read: Vec<f64> = back.section("numbers").unwrap();
        assert!(read.iter().zip(&numbers).all(|(read, number)| read.to_bits() == number.to_bits()));
    }
}
