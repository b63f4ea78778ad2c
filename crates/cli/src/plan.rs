//! The validated plan of a training or a search: every setting has its value, and all of them go together.

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::io::{self, IsTerminal};
use std::path::PathBuf;

use caviar_engine::optim::Optimizer;
use caviar_lab::{DataOptions, Recipe, TuneOptions};

use crate::args::data::DataArgs;
use crate::args::output::{CommonArgs, OutArgs};
use crate::args::recipe::RecipeArgs;
use crate::args::{TrainArgs, TuneArgs};
use crate::failure::Failure;

/// What is to be done with the rows.
#[derive(Clone, Debug, PartialEq)]
pub enum Job {
    /// One network.
    Train(Recipe),
    /// Many networks.
    Tune(TuneOptions),
}

/// How the run talks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Voice {
    /// JSON on standard output.
    pub json: bool,
    /// Neither progress nor notes.
    pub quiet: bool,
    /// Every epoch or trial.
    pub verbose: bool,
    /// Colors on standard output.
    pub color: bool,
}

/// A training or a search.
#[derive(Clone, Debug, PartialEq)]
pub struct Plan {
    /// The table.
    pub source: PathBuf,
    /// How it becomes an experiment.
    pub data: DataOptions,
    /// What is done with it.
    pub job: Job,
    /// The settings that were given, as the flags are called.
    pub given: BTreeSet<String>,
    /// The folder that was asked for.
    pub out: Option<PathBuf>,
    /// Threads that work.
    pub threads: usize,
    /// How it talks.
    pub voice: Voice,
    /// The command that repeats it.
    pub command: String,
}

impl Plan {
    /// The plan of `caviar train`.
    ///
    /// # Errors
    /// Settings that do not go together.
    pub fn train(args: &TrainArgs) -> Result<Plan, Failure> {
        let mut recipe = Recipe { seed: args.common.seed, ..Recipe::default() };
        let given = args.recipe.apply(&mut recipe);
        check_betas(&args.recipe, Some(recipe.optimizer))?;
        recipe.check()?;
        check_columns(&args.data)?;
        let job = Job::Train(recipe);
        Ok(Plan::new(&args.data, &args.out, &args.common, given, job))
    }

    /// The plan of `caviar tune`.
    ///
    /// # Errors
    /// Settings that do not go together.
    pub fn tune(args: &TuneArgs) -> Result<Plan, Failure> {
        let search = &args.search;
        let mut options = TuneOptions {
            trials: search.trials,
            time: search.time,
            budget: search.budget,
            method: search.method,
            keep: search.keep,
            seed: args.common.seed,
            ..TuneOptions::default()
        };
        let given = args.recipe.apply(&mut options.base);
        options.epochs = args.recipe.epochs.unwrap_or(options.epochs);
        options.base.epochs = options.epochs;
        options.base.seed = options.seed;
        options.fixed = given.clone();
        check_betas(&args.recipe, args.recipe.optimizer)?;
        options.base.check()?;
        check_columns(&args.data)?;
        Ok(Plan::new(&args.data, &args.out, &args.common, given, Job::Tune(options)))
    }

    fn new(data: &DataArgs, out: &OutArgs, common: &CommonArgs, given: BTreeSet<String>, job: Job) -> Plan {
        let plain = common.no_color || std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
        Plan {
            source: data.data.clone(),
            data: data.options(common.seed),
            job,
            given,
            out: out.out.clone(),
            threads: common.threads(),
            voice: Voice {
                json: common.json,
                quiet: common.quiet,
                verbose: common.verbose,
                color: !plain && !common.json && io::stdout().is_terminal(),
            },
            command: again(std::env::args_os().skip(1), common.seed),
        }
    }

    /// The name of the command.
    pub fn name(&self) -> &'static str {
        match self.job {
            Job::Train(_) => "train",
            Job::Tune(_) => "tune",
        }
    }

    /// The settings of the network, or what those of all networks start from.
    pub fn recipe(&self) -> &Recipe {
        match &self.job {
            Job::Train(recipe) => recipe,
            Job::Tune(options) => &options.base,
        }
    }
}

/// A beta that the optimizer does not read would be a setting without effect.
fn check_betas(args: &RecipeArgs, optimizer: Option<Optimizer>) -> Result<(), Failure> {
    let Some(optimizer) = optimizer else { return Ok(()) };
    let refuse = |flag: &str, has: bool, given: Option<f64>| match given.filter(|_| !has) {
        Some(value) => {
            let known = flags_of(optimizer);
            Err(Failure::Usage(format!("--{flag} {value}: the optimizer {optimizer} has no {flag}; it has {known}")))
        }
        None => Ok(()),
    };
    refuse("beta", optimizer.has_beta(), args.beta)?;
    refuse("beta1", optimizer.has_two_betas(), args.beta1)?;
    refuse("beta2", optimizer.has_two_betas(), args.beta2)?;
    refuse("epsilon", optimizer.has_epsilon(), args.epsilon)
}

/// The target can be neither left out nor a weight.
fn check_columns(args: &DataArgs) -> Result<(), Failure> {
    let target = &args.target;
    if args.drop.iter().any(|name| name.trim() == target) {
        return Err(Failure::Usage(format!("--drop {target}: the target cannot be left out")));
    }
    if args.sample_weight.as_ref() == Some(target) {
        return Err(Failure::Usage(format!("--sample-weight {target}: the target cannot be the weight of the rows")));
    }
    Ok(())
}

fn flags_of(optimizer: Optimizer) -> String {
    let mut flags = vec!["--learning-rate"];
    flags.extend(optimizer.has_beta().then_some("--beta"));
    flags.extend(optimizer.has_two_betas().then_some("--beta1, --beta2"));
    flags.extend(optimizer.has_epsilon().then_some("--epsilon"));
    flags.join(", ")
}

/// The command line that repeats this run: the seed said, the folder left to be found anew.
fn again(words: impl Iterator<Item = OsString>, seed: u64) -> String {
    let mut command = String::from("caviar");
    let (mut skip, mut seeded) = (false, false);
    for word in words {
        let word = word.to_string_lossy();
        let folder = word == "--out";
        if !(std::mem::replace(&mut skip, folder) || folder || word.starts_with("--out=")) {
            seeded |= word == "--seed" || word.starts_with("--seed=");
            command.push(' ');
            command.push_str(&quoted(&word));
        }
    }
    if seeded { command } else { format!("{command} --seed {seed}") }
}

/// A word as a shell takes it.
fn quoted(word: &str) -> String {
    let plain = |letter: char| letter.is_ascii_alphanumeric() || "-_./,:=+%@".contains(letter);
    if !word.is_empty() && word.chars().all(plain) {
        return word.to_owned();
    }
    format!("'{}'", word.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::again;
    use std::ffi::OsString;

    fn command(words: &[&str]) -> String {
        again(words.iter().map(OsString::from), 7)
    }

    #[test]
    fn the_repeated_command_names_the_seed_and_no_folder() {
        assert_eq!(
            command(&["tune", "a b.csv", "--out", "x", "--target", "it's", "--out=y"]),
            r"caviar tune 'a b.csv' --target 'it'\''s' --seed 7"
        );
        assert_eq!(command(&["train", "--seed=3", "t.csv"]), "caviar train --seed=3 t.csv");
    }
}
