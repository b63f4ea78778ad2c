//! The files of a study, known again by their contents.

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};

use caviar_store::study::DataFile;
use caviar_store::{Action, StoreError};

use crate::error::LabError;

/// What tells the contents of files apart: their lengths and BLAKE3 hashes, with their places.
///
/// It takes as long as reading all of them; where it is not `wanted` any more it ends at once, and what it gives means
/// nothing.
///
/// # Errors
/// A file that cannot be read.
pub fn fingerprint(paths: &[PathBuf], wanted: &AtomicBool) -> Result<Vec<DataFile>, LabError> {
    let mut files = Vec::new();
    for path in paths {
        let path = std::path::absolute(path).unwrap_or_else(|_| path.clone());
        let name = path.to_string_lossy().into_owned();
        if !files.iter().any(|file: &DataFile| file.path == name) {
            let (bytes, hash) = read(&path, wanted)?;
            files.push(DataFile { path: name, bytes, hash });
        }
    }
    Ok(files)
}

/// Whether files have the contents of those that a study was made from; they may lie elsewhere by now.
///
/// # Errors
/// [`LabError::OtherData`] for one that has not, or is missing.
pub fn same_files(known: &[DataFile], paths: &[PathBuf]) -> Result<(), LabError> {
    let found = fingerprint(paths, &AtomicBool::new(true))?;
    let same = |a: &DataFile, b: &DataFile| a.hash == b.hash && a.bytes == b.bytes;
    let other = |file: &DataFile, what| LabError::OtherData { path: PathBuf::from(&file.path), what };
    if let Some(file) = found.iter().find(|file| !known.iter().any(|known| same(known, file))) {
        return Err(other(file, "the file has other contents than when the study was begun"));
    }
    match known.iter().find(|known| !found.iter().any(|file| same(known, file))) {
        Some(file) => Err(other(file, "the file is not there any more")),
        None => Ok(()),
    }
}

fn read(path: &Path, wanted: &AtomicBool) -> Result<(u64, String), LabError> {
    let failed = |source| LabError::Store(StoreError::Io { path: path.to_owned(), action: Action::Read, source });
    let mut file = File::open(path).map_err(failed)?;
    let mut hasher = blake3::Hasher::new();
    let mut buffer = vec![0; 1 << 16];
    let mut bytes = 0;
    while wanted.load(Ordering::Relaxed) {
        match file.read(&mut buffer) {
            Ok(0) => break,
            Ok(count) => {
                hasher.update(&buffer[..count]);
                bytes += count as u64;
            }
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
            Err(error) => return Err(failed(error)),
        }
    }
    Ok((bytes, hasher.finalize().to_hex().to_string()))
}

#[cfg(test)]
mod tests {
    use super::{AtomicBool, fingerprint, same_files};

    #[test]
    fn a_file_is_known_by_its_contents_wherever_it_is() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        std::fs::write(at("a.csv"), "abc").unwrap();
        let known = fingerprint(&[at("a.csv"), at("a.csv")], &AtomicBool::new(true)).unwrap();
        // The hash of `abc` from the official test vectors of other BLAKE3 programs.
        assert_eq!(known[0].hash, "6437b3ac38465133ffb63b75273a8db548c558465d79db03fd359c6cd5bd9d85");
        assert_eq!((known.len(), known[0].bytes), (1, 3));
        std::fs::rename(at("a.csv"), at("b.csv")).unwrap();
        same_files(&known, &[at("b.csv")]).unwrap();
        assert!(same_files(&known, &[]).unwrap_err().to_string().contains("a.csv: the file is not there any more"));
        std::fs::write(at("b.csv"), "abd").unwrap();
        assert!(same_files(&known, &[at("b.csv")]).unwrap_err().to_string().contains("other contents"));
    }
}
