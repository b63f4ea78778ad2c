//! From `config.toml` to a plan.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use caviar_lab::{LabError, Recipe};
use serde::de::DeserializeOwned;

use super::place::{ConfigError, error_of, key_place, line_of};
use super::{Command, Config, Data, Search, paths, set, space, usual, words::Network};
use crate::plan::{Job, Plan};

/// Settings files beyond this many bytes are not read.
const MOST_BYTES: u64 = 4 << 20;

/// The plan of a settings file.
///
/// # Errors
/// A file that cannot be read, and those of [`read`].
pub fn load(path: &Path, command: Command) -> Result<Plan, ConfigError> {
    read(&contents(path)?, path, Some(command))
}

/// The text of a settings file.
///
/// # Errors
/// A file that cannot be read, is too large, or is no text.
pub fn contents(path: &Path) -> Result<String, ConfigError> {
    let failed = |source| ConfigError::Io { path: path.to_owned(), source };
    let size = fs::metadata(path).map_err(failed)?.len();
    if size > MOST_BYTES {
        let what = format!("{size} bytes are no settings file, which has at most {MOST_BYTES}");
        return Err(ConfigError::Whole { path: path.to_owned(), what });
    }
    let bytes = fs::read(path).map_err(failed)?;
    String::from_utf8(bytes).map_err(|error| {
        let valid = error.utf8_error().valid_up_to();
        let line = 1 + error.as_bytes()[..valid].iter().filter(|byte| **byte == b'\n').count();
        ConfigError::At { path: path.to_owned(), line, what: "this is not UTF-8 text".to_owned() }
    })
}

/// The plan of a settings text that stands, or stood, in the file at `path`: messages name it, and files are found
/// from its folder. A data file or target that the text does not name is empty in the plan.
///
/// # Errors
/// With the line: text that is no TOML, an unknown setting (the nearest is offered), an illegal value; a command other
/// than the one that is wanted.
pub fn read(text: &str, path: &Path, wanted: Option<Command>) -> Result<Plan, ConfigError> {
    let config: Config = toml::from_str(text).map_err(|error| error_of(path, text, &error, &home))?;
    let about = |key: &str, what: String| match key_place(text, key) {
        Some(place) => ConfigError::At { path: path.to_owned(), line: line_of(text, place), what },
        None => ConfigError::Whole { path: path.to_owned(), what },
    };
    let command =
        config.command.or(wanted).unwrap_or(if config.search.is_some() { Command::Tune } else { Command::Train });
    if let Some(wanted) = wanted.filter(|wanted| *wanted != command) {
        let [is, not] = [command, wanted].map(Command::name);
        return Err(about("command", format!("these are settings for caviar {is}, not for caviar {not}")));
    }
    if command == Command::Train && config.search.is_some() {
        return Err(about("search", "caviar train searches nothing: these are settings for caviar tune".to_owned()));
    }
    let present = present(text);
    if present.contains("seed") {
        return Err(about("network", "the seed of everything stands at the top, not under network".to_owned()));
    }
    let folder = path.parent().unwrap_or(Path::new(""));
    let mut plan = usual(command);
    set(&mut plan.source, config.data.file.as_deref().map(|file| paths::beside(file, folder)));
    config.data.apply(&mut plan.data, folder);
    plan.data.seed = config.seed.map_or(0, |seed| seed.0);
    if config.threads == Some(0) {
        return Err(about("threads", "threads 0: must be a whole number from 1 to 1024".to_owned()));
    }
    set(&mut plan.threads, config.threads);
    let network = paths::with_files(&config.network.0, |file| paths::beside(&file.to_string_lossy(), folder));
    let mut recipe = Recipe { seed: plan.data.seed, ..network };
    if !present.contains("epochs") {
        recipe.epochs = plan.recipe().epochs;
    }
    let checked = match &mut plan.job {
        Job::Train(place) => {
            *place = recipe;
            place.check()
        }
        Job::Tune(options) => {
            let search = config.search.unwrap_or_default();
            options.fixed = search.fixed.clone().map_or(present, BTreeSet::from_iter);
            (options.seed, options.epochs, options.base) = (recipe.seed, recipe.epochs, recipe);
            search.apply(options);
            options.check()
        }
    };
    match checked {
        Ok(()) => Ok(plan),
        Err(error @ (LabError::Setting { flag, .. } | LabError::Settings { flag, .. })) => {
            Err(about(flag, error.to_string().replace("--", "")))
        }
        Err(LabError::Space(error)) => Err(space::located(path, text, &["search", "space"], &error)),
        Err(error) => Err(ConfigError::Whole { path: path.to_owned(), what: error.to_string() }),
    }
}

/// The keys of the network's table.
fn present(text: &str) -> BTreeSet<String> {
    let table: toml::Table = text.parse().unwrap_or_default();
    let network = table.get("network").and_then(toml::Value::as_table);
    network.into_iter().flat_map(toml::Table::keys).cloned().collect()
}

/// Where a setting belongs that stands in the wrong table.
fn home(name: &str) -> Option<String> {
    let tables = [
        ("the top", fields::<Config>()),
        ("[data]", fields::<Data>()),
        ("[search]", fields::<Search>()),
        ("[network]", fields::<Network>()),
    ];
    let all = || tables.iter().flat_map(|(_, names)| names.iter().map(String::as_str));
    let known = caviar_table::nearest(name, all())?.to_owned();
    let (home, _) = tables.iter().find(|(_, names)| names.contains(&known))?;
    Some(if known == name {
        format!(" here; it belongs under {home}").replace("under the top", "at the top, above the first table")
    } else {
        format!("; did you mean `{known}`?")
    })
}

/// The settings of a table, as its type knows them: the parser lists them to whoever gives an unknown one.
fn fields<T: DeserializeOwned>() -> Vec<String> {
    let message = toml::from_str::<T>("\"\" = 0").err().map(|error| error.message().to_owned()).unwrap_or_default();
    message.split('`').skip(3).step_by(2).map(str::to_owned).collect()
}

impl Command {
    /// Its word.
    pub fn name(self) -> &'static str {
        match self {
            Command::Train => "train",
            Command::Tune => "tune",
        }
    }
}
