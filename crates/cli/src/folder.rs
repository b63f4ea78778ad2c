//! The folder that a run writes to.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use crate::failure::Failure;

/// Files by which a folder is known to hold a run.
const HELD: [(&str, &str); 2] =
    [("study.db", "a study (study.db)"), ("model.safetensors", "a model (model.safetensors)")];

/// A folder for one run, claimed before the work begins.
#[derive(Debug)]
pub struct Folder {
    path: PathBuf,
    /// Whether this run made it.
    made: bool,
}

impl Folder {
    /// The folder that was asked for, or the next free `caviar-out/<table>-<n>`.
    ///
    /// # Errors
    /// A folder that already holds a run, or cannot be made.
    pub fn claim(asked: Option<&Path>, table: &Path) -> Result<Folder, Failure> {
        match asked {
            Some(path) => Folder::named(path),
            None => Folder::next(Path::new("caviar-out"), &stem(table)),
        }
    }

    /// The folder of a study that goes on.
    pub fn of(study: &Path) -> Folder {
        let parent = study.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
        Folder { path: parent.to_owned(), made: false }
    }

    fn named(path: &Path) -> Result<Folder, Failure> {
        if let Some((_, held)) = HELD.iter().find(|(name, _)| path.join(name).exists()) {
            return Err(Failure::Taken { folder: path.to_owned(), held, differences: Vec::new() });
        }
        let made = !path.exists();
        let failed = |source| Failure::Folder { folder: path.to_owned(), source };
        fs::create_dir_all(path).map_err(failed)?;
        Ok(Folder { path: path.to_owned(), made })
    }

    fn next(parent: &Path, stem: &str) -> Result<Folder, Failure> {
        let failed = |folder: &Path, source| Failure::Folder { folder: folder.to_owned(), source };
        fs::create_dir_all(parent).map_err(|source| failed(parent, source))?;
        let mut count = 1_u64;
        loop {
            let path = parent.join(format!("{stem}-{count}"));
            // Making a folder is atomic: of two runs that start at once, each gets its own.
            match fs::create_dir(&path) {
                Ok(()) => return Ok(Folder { path, made: true }),
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => count += 1,
                Err(error) => return Err(failed(&path, error)),
            }
        }
    }

    /// A file in it.
    pub fn file(&self, name: &str) -> PathBuf {
        self.path.join(name)
    }

    /// Itself.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Removes the folder if this run made it and nothing is in it: a run that failed leaves no trace.
    pub fn abandon(self) {
        if self.made {
            // A folder that is not empty stays, and that is right.
            let _ = fs::remove_dir(&self.path);
            if let Some(parent) = self.path.parent().filter(|parent| parent.ends_with("caviar-out")) {
                let _ = fs::remove_dir(parent);
            }
        }
    }
}

/// The table's name without its endings.
fn stem(table: &Path) -> String {
    let name = table.file_name().unwrap_or_default().to_string_lossy();
    let stem = name.trim_end_matches(".gz");
    let stem = stem.strip_suffix(".csv").or_else(|| stem.strip_suffix(".tsv")).unwrap_or(stem);
    let stem = stem.trim_matches('.');
    if stem.is_empty() { "table".to_owned() } else { stem.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::{Folder, stem};
    use std::fs;
    use std::path::Path;

    #[test]
    fn folders_count_up() {
        let place = tempfile::tempdir().unwrap();
        let claim = || Folder::next(place.path(), "iris").unwrap();
        let (first, second) = (claim(), claim());
        assert!(first.path().ends_with("iris-1") && second.path().ends_with("iris-2"));
        first.abandon();
        assert!(claim().path().ends_with("iris-1"));
    }

    #[test]
    fn a_folder_that_holds_something_is_not_abandoned() {
        let place = tempfile::tempdir().unwrap();
        let folder = Folder::named(&place.path().join("a/b")).unwrap();
        fs::write(folder.file("notes"), "x").unwrap();
        folder.abandon();
        assert!(place.path().join("a/b/notes").exists());
    }

    #[test]
    fn a_table_lends_its_name() {
        assert_eq!(stem(Path::new("x/iris.csv.gz")), "iris");
        assert_eq!(stem(Path::new("iris.data.tsv")), "iris.data");
        assert_eq!(stem(Path::new(".csv")), "table");
    }
}
