//! `config.toml`: every setting of a run, seeds and all, under the names of the flags.

use std::path::PathBuf;

use caviar_lab::{Part, Recipe};
use serde::Serialize;

use crate::plan::{Job, Plan};

#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
struct Config<'a> {
    command: &'static str,
    version: &'static str,
    seed: u64,
    threads: usize,
    data: Data<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    search: Option<Search<'a>>,
    network: &'a Recipe,
}

#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
struct Data<'a> {
    file: &'a PathBuf,
    target: &'a str,
    task: caviar_table::Task,
    header: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    names: Option<&'a [String]>,
    #[serde(skip_serializing_if = "Option::is_none")]
    delimiter: Option<char>,
    missing: &'a [String],
    drop: &'a [String],
    validation: Rows<'a>,
    test: Rows<'a>,
    stratify: &'static str,
    scale: caviar_table::Scaling,
    #[serde(skip_serializing_if = "Option::is_none")]
    sample_weight: Option<&'a str>,
}

#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
struct Search<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    trials: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    time: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    budget: Option<u64>,
    epochs: u64,
    method: caviar_lab::Method,
    keep: caviar_lab::Keep,
    /// The settings of the network that are not searched.
    fixed: Vec<&'a str>,
}

/// A share of the rows, or a file.
#[derive(Serialize)]
#[serde(untagged)]
enum Rows<'a> {
    Share(f64),
    File(&'a PathBuf),
}

impl<'a> From<&'a Part> for Rows<'a> {
    fn from(part: &'a Part) -> Self {
        match part {
            Part::None => Rows::Share(0.0),
            Part::Fraction(share) => Rows::Share(*share),
            Part::File(path) => Rows::File(path),
        }
    }
}

/// The contents of `config.toml`.
pub fn text(plan: &Plan) -> String {
    let read = &plan.data.read;
    let search = match &plan.job {
        Job::Train(_) => None,
        Job::Tune(options) => Some(Search {
            trials: options.trials,
            time: options.time.map(|time| format!("{}s", time.as_secs_f64())),
            budget: options.budget,
            epochs: options.epochs,
            method: options.method,
            keep: options.keep,
            fixed: options.fixed.iter().map(String::as_str).collect(),
        }),
    };
    let config = Config {
        command: plan.name(),
        version: env!("CARGO_PKG_VERSION"),
        seed: plan.data.seed,
        threads: plan.threads,
        data: Data {
            file: &plan.source,
            target: &plan.data.target,
            task: plan.data.task,
            header: read.header,
            names: read.names.as_deref(),
            delimiter: read.delimiter.map(char::from),
            missing: &read.missing,
            drop: &read.drop,
            validation: Rows::from(&plan.data.validation),
            test: Rows::from(&plan.data.test),
            stratify: match plan.data.stratify {
                None => "auto",
                Some(true) => "on",
                Some(false) => "off",
            },
            scale: plan.data.scaling,
            sample_weight: plan.data.sample_weight.as_deref(),
        },
        search,
        network: plan.recipe(),
    };
    let settings =
        toml::to_string(&config).unwrap_or_else(|error| format!("# not all of it could be written: {error}\n"));
    format!("# Written by caviar; all settings of this run. {}\n{settings}", plan.command)
}
