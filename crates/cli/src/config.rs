//! `config.toml`: every setting of a run, seeds and all, under the names of the flags.
//!
//! The same types are written and read. A file that a run wrote is complete and repeats the run by itself; one that a
//! person wrote may say as little as it likes, the rest is as usual. The number of threads is not written, because no
//! result depends on it.
//!
//! Files are named by paths that begin at the folder of `config.toml`, unless they were given from the root: a project
//! folder that moves as a whole, results and all, goes on working.

mod paths;
mod place;
pub mod read;
pub mod space;
#[cfg(test)]
mod tests;
mod words;

use std::path::{Path, PathBuf};

use caviar_lab::{DataOptions, Keep, Method, Recipe, Settings, SpaceFile, TuneOptions};
use caviar_table::{ReadOptions, Scaling, Task};
use serde::{Deserialize, Serialize};

use crate::args::output::all_cores;
use crate::plan::{Job, Plan, Voice};
pub use place::ConfigError;
pub use read::load;
use words::{Delimiter, Network, Seed, Share, Size, Switch, Time};

/// What a run may be told by a file.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", default, deny_unknown_fields)]
struct Config {
    /// The command that the file is for.
    #[serde(skip_serializing_if = "Option::is_none")]
    command: Option<Command>,
    /// The version that wrote it.
    #[serde(skip_serializing_if = "Option::is_none")]
    version: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    seed: Option<Seed>,
    #[serde(skip_serializing_if = "Option::is_none")]
    threads: Option<usize>,
    data: Data,
    #[serde(skip_serializing_if = "Option::is_none")]
    search: Option<Search>,
    network: Network,
}

/// The commands that have settings to keep.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Command {
    /// One network.
    Train,
    /// Many networks.
    Tune,
}

#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", default, deny_unknown_fields)]
struct Data {
    #[serde(skip_serializing_if = "Option::is_none")]
    file: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    target: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    task: Option<Task>,
    #[serde(skip_serializing_if = "Option::is_none")]
    header: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    names: Option<Vec<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    delimiter: Option<Delimiter>,
    #[serde(skip_serializing_if = "Option::is_none")]
    encoding: Option<String>,
    /// All words that mean missing, beside the empty cell.
    #[serde(skip_serializing_if = "Option::is_none")]
    missing: Option<Vec<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    categories: Option<Vec<String>>,
    /// Signs that are taken off the ends of labels.
    #[serde(skip_serializing_if = "Option::is_none")]
    trim_labels: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    drop: Option<Vec<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    validation: Option<Share>,
    #[serde(skip_serializing_if = "Option::is_none")]
    test: Option<Share>,
    #[serde(skip_serializing_if = "Option::is_none")]
    stratify: Option<Switch>,
    #[serde(skip_serializing_if = "Option::is_none")]
    scale: Option<Scaling>,
    #[serde(skip_serializing_if = "Option::is_none")]
    sample_weight: Option<String>,
}

#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", default, deny_unknown_fields)]
struct Search {
    #[serde(skip_serializing_if = "Option::is_none")]
    trials: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    time: Option<Time>,
    #[serde(skip_serializing_if = "Option::is_none")]
    budget: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    method: Option<Method>,
    #[serde(skip_serializing_if = "Option::is_none")]
    virtual_workers: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    max_memory: Option<Size>,
    #[serde(skip_serializing_if = "Option::is_none")]
    leader_seeds: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    keep: Option<Keep>,
    /// The settings of the network that are not searched; where this is not said, those that `network` has.
    #[serde(skip_serializing_if = "Option::is_none")]
    fixed: Option<Vec<String>>,
    /// What is searched, where a file of its own said so.
    #[serde(skip_serializing_if = "Option::is_none")]
    space: Option<SpaceFile>,
}

/// The contents of `config.toml` for a folder: files are named from there.
pub fn text(plan: &Plan, folder: &Path) -> String {
    let config = Config {
        command: Some(match plan.job {
            Job::Train(_) => Command::Train,
            Job::Tune(_) => Command::Tune,
        }),
        version: Some(env!("CARGO_PKG_VERSION").to_owned()),
        seed: Some(Seed(plan.data.seed)),
        threads: None,
        data: Data::of(&plan.data, &plan.source, folder),
        search: match &plan.job {
            Job::Train(_) => None,
            Job::Tune(options) => Some(Search::of(options)),
        },
        network: Network(paths::with_files(plan.recipe(), |file| paths::from_folder(file, folder).into())),
    };
    let settings =
        toml::to_string(&config).unwrap_or_else(|error| format!("# not all of it could be written: {error}\n"));
    format!("# Written by caviar; all settings of this run. {}\n{settings}", one_line(&plan.command))
}

/// The settings of a `config.toml` by name, `network.epochs` and the like; none where it cannot be read.
pub fn flat(text: &str) -> Settings {
    let mut settings = Settings::new();
    if let Ok(table) = text.parse::<toml::Table>() {
        flatten("", &toml::Value::Table(table), &mut settings);
    }
    // What wrote it is no setting.
    settings.remove("version");
    settings
}

fn flatten(name: &str, value: &toml::Value, settings: &mut Settings) {
    match value {
        toml::Value::Table(table) => {
            for (key, value) in table {
                let name = if name.is_empty() { key.clone() } else { format!("{name}.{key}") };
                flatten(&name, value, settings);
            }
        }
        value => {
            settings.insert(name.to_owned(), value.to_string());
        }
    }
}

/// A text that a comment can hold.
fn one_line(text: &str) -> String {
    text.chars().map(|letter| if letter.is_control() { ' ' } else { letter }).collect()
}

impl Data {
    fn of(options: &DataOptions, source: &Path, folder: &Path) -> Data {
        // Taken apart by name, so that a setting that is added cannot be forgotten here.
        let DataOptions { read, target, task, validation, test, stratify, scaling, sample_weight, seed: _ } = options;
        let ReadOptions { header, names, delimiter, encoding, missing, trim_labels, drop, categories, schema: _ } =
            read;
        let share = |part| Share(paths::seen_from(part, folder));
        Data {
            file: Some(paths::from_folder(source, folder)),
            target: Some(target.clone()),
            task: Some(*task),
            header: Some(*header),
            names: names.clone(),
            delimiter: delimiter.map(Delimiter),
            encoding: encoding.clone(),
            missing: Some(missing.clone()),
            categories: Some(categories.clone()),
            trim_labels: trim_labels.clone(),
            drop: Some(drop.clone()),
            validation: Some(share(validation)),
            test: Some(share(test)),
            stratify: stratify.map(Switch),
            scale: Some(*scaling),
            sample_weight: sample_weight.clone(),
        }
    }

    fn apply(self, options: &mut DataOptions, folder: &Path) {
        let read = &mut options.read;
        set(&mut read.header, self.header);
        set(&mut read.missing, self.missing);
        set(&mut read.categories, self.categories);
        set(&mut read.drop, self.drop);
        read.names = self.names;
        read.delimiter = self.delimiter.map(|delimiter| delimiter.0);
        read.encoding = self.encoding;
        read.trim_labels = self.trim_labels;
        set(&mut options.target, self.target);
        set(&mut options.task, self.task);
        set(&mut options.validation, self.validation.map(|share| paths::found_from(share.0, folder)));
        set(&mut options.test, self.test.map(|share| paths::found_from(share.0, folder)));
        options.stratify = self.stratify.map(|stratify| stratify.0);
        set(&mut options.scaling, self.scale);
        options.sample_weight = self.sample_weight;
    }
}

impl Search {
    fn of(options: &TuneOptions) -> Search {
        let TuneOptions {
            base: _,
            fixed,
            space,
            trials,
            time,
            budget,
            epochs: _,
            method,
            virtual_workers,
            max_memory,
            leader_seeds,
            keep,
            seed: _,
        } = options;
        Search {
            trials: *trials,
            time: time.map(Time),
            budget: *budget,
            method: Some(*method),
            virtual_workers: Some(*virtual_workers),
            max_memory: max_memory.map(Size),
            leader_seeds: Some(*leader_seeds),
            keep: Some(*keep),
            fixed: Some(fixed.iter().cloned().collect()),
            space: space.clone(),
        }
    }

    fn apply(self, options: &mut TuneOptions) {
        options.trials = self.trials;
        options.time = self.time.map(|time| time.0);
        options.budget = self.budget;
        options.space = self.space;
        set(&mut options.method, self.method);
        set(&mut options.virtual_workers, self.virtual_workers);
        options.max_memory = self.max_memory.map(|size| size.0);
        set(&mut options.leader_seeds, self.leader_seeds);
        set(&mut options.keep, self.keep);
    }
}

fn set<T>(place: &mut T, value: Option<T>) {
    if let Some(value) = value {
        *place = value;
    }
}

/// A plan in which everything is as usual; table and target are yet to be named.
pub fn usual(command: Command) -> Plan {
    let job = match command {
        Command::Train => Job::Train(Recipe::default()),
        Command::Tune => Job::Tune(TuneOptions::default()),
    };
    let voice = Voice::default();
    Plan {
        source: PathBuf::new(),
        data: DataOptions::new(""),
        job,
        out: None,
        plots: Vec::new(),
        boundary: None,
        threads: all_cores(),
        voice,
        command: String::new(),
    }
}
