//! The file of a space to search, `--space FILE`.

use std::path::Path;

use caviar_lab::{SpaceError, SpaceFile};

use super::place::{ConfigError, error_of, line_of, path_place};
use super::read::contents;

/// A space with its text, by which mistakes are found.
#[derive(Debug)]
pub struct Source<'a> {
    path: &'a Path,
    text: String,
}

impl<'a> Source<'a> {
    /// Reads the file.
    ///
    /// # Errors
    /// A file that cannot be read, or is no TOML.
    pub fn load(path: &'a Path) -> Result<(Source<'a>, SpaceFile), ConfigError> {
        let text = contents(path)?;
        let space = toml::from_str(&text).map_err(|error| error_of(path, &text, &error, &|_| None))?;
        Ok((Source { path, text }, space))
    }

    /// An error of the space, with its line.
    pub fn located(&self, error: &SpaceError) -> ConfigError {
        located(self.path, &self.text, &[], error)
    }
}

/// An error of the space that stands in this table of a text, with its line.
pub fn located(path: &Path, text: &str, table: &[&str], error: &SpaceError) -> ConfigError {
    let (setting, key) = error.place();
    let whole: Vec<&str> = table.iter().copied().chain([setting]).chain(key).collect();
    // A key that is missing has no line: then that of its setting, or of the table.
    let place = (0..whole.len()).find_map(|less| path_place(text, &whole[..whole.len() - less]));
    let (path, what) = (path.to_owned(), error.to_string());
    match place {
        Some(place) => ConfigError::At { path, line: line_of(text, place), what },
        None => ConfigError::Whole { path, what },
    }
}
