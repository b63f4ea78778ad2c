//! Files as they are named in a settings file.

use std::path::{Component, Path, PathBuf};

use caviar_lab::{Part, Recipe};

/// How a file is named from a folder; one that is given from the root keeps its name.
pub fn from_folder(file: &Path, folder: &Path) -> String {
    if file.is_absolute() {
        return file.to_string_lossy().into_owned();
    }
    let (file, folder) = (resolved(file), resolved(folder));
    let shared = file.components().zip(folder.components()).take_while(|(left, right)| left == right).count();
    let up = folder.components().skip(shared).map(|_| Component::ParentDir);
    let down = file.components().skip(shared);
    let path: PathBuf = up.chain(down).collect();
    // With `/` on every platform.
    path.components().map(|part| part.as_os_str().to_string_lossy()).collect::<Vec<_>>().join("/")
}

/// A file named from a folder, as this process finds it.
pub fn beside(file: &str, folder: &Path) -> PathBuf {
    let joined = folder.join(file);
    // `runs/x-1/../../iris.csv` is `iris.csv`, unless a folder on the way is a link to elsewhere.
    let short = shortened(&joined);
    match (short.canonicalize(), joined.canonicalize()) {
        (Ok(left), Ok(right)) if left == right => short,
        (Err(_), Err(_)) => short,
        _ => joined,
    }
}

/// A part whose file is named from a folder.
pub fn seen_from(part: &Part, folder: &Path) -> Part {
    match part {
        Part::File(file) => Part::File(from_folder(file, folder).into()),
        Part::Fraction(_) | Part::None => part.clone(),
    }
}

/// Inverse of [`seen_from`].
pub fn found_from(part: Part, folder: &Path) -> Part {
    match part {
        Part::File(file) => Part::File(beside(&file.to_string_lossy(), folder)),
        Part::Fraction(_) | Part::None => part,
    }
}

/// A recipe whose files are named anew.
pub fn with_files(recipe: &Recipe, named: impl Fn(&Path) -> PathBuf) -> Recipe {
    let anew = |file: &Option<PathBuf>| file.as_deref().map(&named);
    Recipe { init_file: anew(&recipe.init_file), order: anew(&recipe.order), ..recipe.clone() }
}

/// A path from the root, links followed as far as it exists.
fn resolved(path: &Path) -> PathBuf {
    let whole = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    whole.ancestors().find_map(|part| Some((part.canonicalize().ok()?, whole.strip_prefix(part).ok()?))).map_or_else(
        || shortened(&whole),
        |(found, rest)| if rest.as_os_str().is_empty() { found } else { shortened(&found.join(rest)) },
    )
}

/// Without `.` and without `name/..`.
fn shortened(path: &Path) -> PathBuf {
    let mut short: Vec<Component<'_>> = Vec::new();
    for part in path.components() {
        match (part, short.last()) {
            (Component::CurDir, _) => {}
            (Component::ParentDir, Some(Component::Normal(_))) => {
                short.pop();
            }
            _ => short.push(part),
        }
    }
    short.into_iter().collect()
}

#[cfg(test)]
mod tests {
    use super::{beside, from_folder, shortened};
    use std::path::Path;

    #[test]
    fn a_file_is_named_from_the_folder_of_the_settings() {
        assert_eq!(from_folder(Path::new("iris.csv"), Path::new("caviar-out/iris-1")), "../../iris.csv");
        assert_eq!(from_folder(Path::new("out/x/t.csv"), Path::new("out/x")), "t.csv");
        assert_eq!(from_folder(Path::new("/data/t.csv"), Path::new("out")), "/data/t.csv");
        assert_eq!(beside("../../iris.csv", Path::new("caviar-out/iris-1")), Path::new("iris.csv"));
        assert_eq!(beside("/data/t.csv", Path::new("out")), Path::new("/data/t.csv"));
    }

    #[test]
    fn steps_down_and_up_cancel() {
        assert_eq!(shortened(Path::new("./a/../b/./c")), Path::new("b/c"));
        assert_eq!(shortened(Path::new("../a/../../b")), Path::new("../../b"));
    }

    #[cfg(unix)]
    #[test]
    fn a_link_is_followed_as_the_system_does() {
        let place = tempfile::tempdir().unwrap();
        let at = |name: &str| place.path().join(name);
        std::fs::create_dir_all(at("far/deep")).unwrap();
        std::fs::write(at("far/t.csv"), "a\n").unwrap();
        std::os::unix::fs::symlink(at("far/deep"), at("link")).unwrap();
        assert_eq!(beside("../t.csv", &at("link")), at("link/../t.csv"));
    }
}
