//! Which table, and how it is read.

use std::path::PathBuf;

use caviar_lab::DataOptions;
use caviar_table::{ReadOptions, Scaling, Task};
use clap::Args;
use clap::builder::{PossibleValuesParser, TypedValueParser};

use super::values::{self, Share};

const SCALINGS: [(&str, Scaling); 5] = [
    ("standard", Scaling::Standard),
    ("robust", Scaling::Robust),
    ("minmax", Scaling::MinMax),
    ("unit255", Scaling::Unit255),
    ("none", Scaling::None),
];
const TASKS: [(&str, Task); 3] =
    [("auto", Task::Auto), ("classification", Task::Classification), ("regression", Task::Regression)];

/// How a file of cells is read.
#[derive(Debug, Args)]
#[command(next_help_heading = "Data")]
pub struct FormatArgs {
    /// The kind of file, where its name does not tell
    #[arg(long, value_parser = ["csv", "tsv"])]
    pub format: Option<String>,
    /// The first line is data; columns are then c1, c2, ...
    #[arg(long)]
    pub no_header: bool,
    /// Names for the columns
    #[arg(long, value_name = "A,B,...", value_delimiter = ',')]
    pub names: Option<Vec<String>>,
    /// What separates cells: one character, or tab [default: found out]
    #[arg(long, value_name = "C", value_parser = values::delimiter)]
    pub delimiter: Option<u8>,
    /// Words that mean missing, beside empty cells, NA, NaN and their like
    #[arg(long, value_name = "WORDS", value_delimiter = ',')]
    pub missing: Vec<String>,
}

/// Which table, which column of it, and which rows are for what.
#[derive(Debug, Args)]
#[command(next_help_heading = "Data")]
pub struct DataArgs {
    /// The table: .csv or .tsv, also .gz
    pub data: PathBuf,
    /// The column to predict
    #[arg(long, value_name = "COL")]
    pub target: String,
    /// Classes or numbers
    #[arg(long, default_value = "auto", value_parser = word(&TASKS))]
    pub task: Task,
    /// Columns to leave out
    #[arg(long, value_name = "COLS", value_delimiter = ',')]
    pub drop: Vec<String>,
    /// Rows to choose by: a share of what is not test, a file, or 0
    #[arg(long, value_name = "SHARE|FILE|0", default_value = "0.2", value_parser = values::share)]
    pub validation: Share,
    /// Rows that nothing is chosen by: a share, a file, or 0
    #[arg(long, value_name = "SHARE|FILE|0", default_value = "0.2", value_parser = values::share)]
    pub test: Share,
    /// Give each part its share of every class: on or off [default: on for classes]
    #[arg(long, value_name = "on|off", value_parser = values::switch)]
    pub stratify: Option<bool>,
    /// Scaling of numbers
    #[arg(long, default_value = "standard", value_parser = word(&SCALINGS))]
    pub scale: Scaling,
    /// The column with the weight of each row
    #[arg(long, value_name = "COL")]
    pub sample_weight: Option<String>,
    #[command(flatten)]
    pub format: FormatArgs,
}

impl FormatArgs {
    /// How the file is read.
    pub fn read_options(&self) -> ReadOptions {
        let mut read = ReadOptions { header: !self.no_header, names: self.names.clone(), ..ReadOptions::default() };
        let tabs = self.format.as_deref() == Some("tsv");
        read.delimiter = self.delimiter.or(tabs.then_some(b'\t'));
        read.missing.extend(self.missing.iter().map(|word| word.trim().to_owned()));
        read
    }
}

impl DataArgs {
    /// How the table becomes an experiment.
    pub fn options(&self, seed: u64) -> DataOptions {
        let mut read = self.format.read_options();
        read.drop = self.drop.iter().map(|name| name.trim().to_owned()).collect();
        DataOptions {
            read,
            target: self.target.clone(),
            task: self.task,
            validation: self.validation.0.clone(),
            test: self.test.0.clone(),
            stratify: self.stratify,
            scaling: self.scale,
            sample_weight: self.sample_weight.clone(),
            seed,
        }
    }
}

/// A word out of a list, with its value.
fn word<T: Copy + Send + Sync + 'static>(all: &'static [(&'static str, T)]) -> impl TypedValueParser<Value = T> {
    let names = all.iter().map(|(name, _)| *name);
    PossibleValuesParser::new(names).map(move |word| {
        let found = all.iter().find(|(name, _)| *name == word);
        found.unwrap_or(&all[0]).1
    })
}
