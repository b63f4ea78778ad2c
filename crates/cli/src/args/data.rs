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
    /// The encoding: utf-8, utf-16, latin-1, ... [default: found out]
    #[arg(long, value_name = "NAME")]
    pub encoding: Option<String>,
    /// Signs to take off the ends of the target's labels: `.` where a file says `yes.`
    #[arg(long, value_name = "SIGNS")]
    pub trim_labels: Option<String>,
    /// Words that mean missing, beside empty cells, NA, NaN and their like
    #[arg(long, value_name = "WORDS", value_delimiter = ',')]
    pub missing: Vec<String>,
}

/// Which table, which column of it, and which rows are for what.
#[derive(Debug, Args)]
#[command(next_help_heading = "Data")]
pub struct DataArgs {
    /// The table: .csv or .tsv, also .gz
    #[arg(required_unless_present = "config")]
    pub data: Option<PathBuf>,
    /// The column to predict
    #[arg(long, value_name = "COL")]
    pub target: Option<String>,
    /// Classes or numbers [default: auto]
    #[arg(long, value_parser = word(&TASKS))]
    pub task: Option<Task>,
    /// Columns to leave out
    #[arg(long, value_name = "COLS", value_delimiter = ',')]
    pub drop: Vec<String>,
    /// Rows to choose by: a share of what is not test, a file, or 0 [default: 0.2]
    #[arg(long, value_name = "SHARE|FILE|0", value_parser = values::share)]
    pub validation: Option<Share>,
    /// Rows that nothing is chosen by: a share, a file, or 0 [default: 0.2]
    #[arg(long, value_name = "SHARE|FILE|0", value_parser = values::share)]
    pub test: Option<Share>,
    /// Give each part its share of every class: on or off [default: on for classes]
    #[arg(long, value_name = "on|off", value_parser = values::switch)]
    pub stratify: Option<bool>,
    /// Scaling of numbers [default: standard]
    #[arg(long, value_parser = word(&SCALINGS))]
    pub scale: Option<Scaling>,
    /// The column with the weight of each row
    #[arg(long, value_name = "COL")]
    pub sample_weight: Option<String>,
    #[command(flatten)]
    pub format: FormatArgs,
}

impl FormatArgs {
    /// How the file is read.
    pub fn read_options(&self) -> ReadOptions {
        let mut read = ReadOptions::default();
        self.apply(&mut read);
        read
    }

    /// Puts what was given in the place of what was there.
    pub fn apply(&self, read: &mut ReadOptions) {
        read.header &= !self.no_header;
        read.names = self.names.clone().or(read.names.take());
        let tabs = self.format.as_deref() == Some("tsv");
        read.delimiter = self.delimiter.or(tabs.then_some(b'\t')).or(read.delimiter);
        read.encoding = self.encoding.clone().or(read.encoding.take());
        read.trim_labels = self.trim_labels.clone().or(read.trim_labels.take());
        for word in &self.missing {
            let word = word.trim().to_owned();
            if !read.missing.contains(&word) {
                read.missing.push(word);
            }
        }
    }
}

impl DataArgs {
    /// Puts what was given in the place of what was there.
    pub fn apply(&self, options: &mut DataOptions) {
        self.format.apply(&mut options.read);
        if !self.drop.is_empty() {
            options.read.drop = self.drop.iter().map(|name| name.trim().to_owned()).collect();
        }
        set(&mut options.target, self.target.as_ref());
        set(&mut options.task, self.task.as_ref());
        set(&mut options.validation, self.validation.as_ref().map(|share| &share.0));
        set(&mut options.test, self.test.as_ref().map(|share| &share.0));
        set(&mut options.scaling, self.scale.as_ref());
        options.stratify = self.stratify.or(options.stratify);
        options.sample_weight = self.sample_weight.clone().or(options.sample_weight.take());
    }
}

/// Puts a value in its place, if there is one.
pub fn set<T: Clone>(place: &mut T, value: Option<&T>) {
    if let Some(value) = value {
        place.clone_from(value);
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
