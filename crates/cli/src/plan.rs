//! The validated plan of a training or a search: every setting has its value, and all of them go together.

use std::ffi::OsString;
use std::io::{self, IsTerminal};
use std::path::{Path, PathBuf};

use caviar_engine::optim::Optimizer;
use caviar_lab::picture::PictureFile;
use caviar_lab::{DataOptions, Part, Recipe, TuneOptions, read_table};

use crate::args::after::{BatchSizeArgs, EPOCHS};
use crate::args::data::{DataArgs, set};
use crate::args::output::{CommonArgs, OutArgs};
use crate::args::recipe::RecipeArgs;
use crate::args::{TrainArgs, TuneArgs};
use crate::config::space::Source;
use crate::config::{self, Command};
use crate::failure::Failure;
use crate::live;

/// What is to be done with the rows.
#[derive(Clone, Debug, PartialEq)]
pub enum Job {
    /// One network.
    Train(Recipe),
    /// Many networks.
    Tune(TuneOptions),
}

/// How the run talks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Voice {
    /// JSON on standard output.
    pub json: bool,
    /// Neither progress nor notes.
    pub quiet: bool,
    /// Every epoch or trial.
    pub verbose: bool,
    /// Colors on standard output.
    pub color: bool,
    /// No colors anywhere.
    pub plain: bool,
    /// Curves and keys on the terminal.
    pub live: bool,
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
    /// The folder that was asked for.
    pub out: Option<PathBuf>,
    /// Pictures that get files of their own.
    pub plots: Vec<PictureFile>,
    /// Two columns whose plane is drawn.
    pub boundary: Option<[String; 2]>,
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
    /// A settings file that cannot be followed; settings that do not go together.
    pub fn train(args: &TrainArgs) -> Result<Plan, Failure> {
        let mut plan = Plan::begun(Command::Train, &args.data, &args.out, &args.common)?;
        if let Job::Train(recipe) = &mut plan.job {
            args.recipe.apply(recipe);
            recipe.seed = plan.data.seed;
            check_betas(&args.recipe, Some(recipe.optimizer))?;
            recipe.check()?;
        }
        plan.voice.live = !(args.no_live || plan.voice.quiet || plan.voice.json) && live::is_possible();
        Ok(plan)
    }

    /// The plan of `caviar batch-size`: that of a training, a few epochs long.
    ///
    /// # Errors
    /// As [`Plan::train`].
    pub fn batch_size(args: &BatchSizeArgs) -> Result<Plan, Failure> {
        let out = OutArgs { out: None, plot: Vec::new(), boundary: None };
        let mut plan = Plan::begun(Command::Train, &args.data, &out, &args.common)?;
        if let Job::Train(recipe) = &mut plan.job {
            recipe.epochs = EPOCHS;
            args.recipe.apply(recipe);
            recipe.seed = plan.data.seed;
            check_betas(&args.recipe, Some(recipe.optimizer))?;
            check_files(recipe)?;
            recipe.check()?;
        }
        Ok(plan)
    }

    /// The plan of `caviar tune`.
    ///
    /// # Errors
    /// A settings file that cannot be followed; settings that do not go together.
    pub fn tune(args: &TuneArgs) -> Result<Plan, Failure> {
        let mut plan = Plan::begun(Command::Tune, &args.data, &args.out, &args.common)?;
        if let Job::Tune(options) = &mut plan.job {
            args.search.apply(options);
            options.fixed.extend(args.recipe.apply(&mut options.base));
            options.epochs = options.base.epochs;
            options.seed = plan.data.seed;
            options.base.seed = options.seed;
            let optimizer = options.fixed.contains("optimizer").then_some(options.base.optimizer);
            check_betas(&args.recipe, optimizer)?;
            check_files(&options.base)?;
            let space = args.search.space.as_deref().map(Source::load).transpose()?;
            if let Some((source, space)) = space {
                space.check(&options.base, &options.fixed).map_err(|error| source.located(&error))?;
                options.space = Some(space);
            }
            options.check()?;
        }
        Ok(plan)
    }

    /// The settings file, or what is usual, with the flags of all commands over it.
    fn begun(command: Command, data: &DataArgs, out: &OutArgs, common: &CommonArgs) -> Result<Plan, Failure> {
        let mut plan = match &common.config {
            Some(path) => config::load(path, command)?,
            None => config::usual(command),
        };
        set(&mut plan.source, data.data.as_ref());
        data.apply(&mut plan.data);
        set(&mut plan.data.seed, common.seed.as_ref());
        set(&mut plan.threads, common.threads.as_ref());
        plan.out.clone_from(&out.out);
        plan.plots.clone_from(&out.plot);
        plan.boundary.clone_from(&out.boundary);
        let plain = common.no_color || std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
        plan.voice = Voice {
            json: common.json,
            quiet: common.quiet,
            verbose: common.verbose,
            color: !plain && !common.json && io::stdout().is_terminal(),
            plain,
            live: false,
        };
        plan.command = again(std::env::args_os().skip(1), common.config.is_none().then_some(plan.data.seed));
        plan.check_names(common.config.as_deref())?;
        Ok(plan)
    }

    /// The table and the target must be named; the target can be neither left out nor a weight.
    fn check_names(&self, config: Option<&Path>) -> Result<(), Failure> {
        let config = config.map(Path::display);
        match (&config, self.source.as_os_str().is_empty(), self.data.target.is_empty()) {
            (Some(config), true, _) => {
                return Err(Failure::Usage(format!("{config} names no file under [data]: give the table, too")));
            }
            (Some(config), _, true) => {
                return Err(Failure::Usage(format!("{config} names no target under [data]: give --target, too")));
            }
            (None, _, true) => {
                let table = read_table(&self.source, &self.data.read)?;
                let columns = table.names().map(str::to_owned).collect();
                return Err(Failure::NoTarget { path: self.source.clone(), columns });
            }
            _ => {}
        }
        let target = &self.data.target;
        if self.data.read.drop.contains(target) {
            return Err(Failure::Usage(format!("--drop {target}: the target cannot be left out")));
        }
        if self.data.sample_weight.as_ref() == Some(target) {
            return Err(Failure::Usage(format!(
                "--sample-weight {target}: the target cannot be the weight of the rows"
            )));
        }
        Ok(())
    }

    /// The files that the data come from.
    pub fn files(&self) -> Vec<PathBuf> {
        let part = |part: &Part| match part {
            Part::File(path) => Some(path.clone()),
            Part::Fraction(_) | Part::None => None,
        };
        let target = PathBuf::from(&self.data.target);
        let recipe = self.recipe();
        let given = [recipe.init_file.clone(), recipe.order.clone()];
        let data = [Some(self.source.clone()), part(&self.data.validation), part(&self.data.test), Some(target)];
        let all = data.into_iter().chain(given);
        all.flatten().filter_map(|name| file_of(&name)).collect()
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

/// Weights and orders that are given fit one network on certain rows, not those of a search.
fn check_files(recipe: &Recipe) -> Result<(), Failure> {
    let refuse = |flag: &str, file: &Option<PathBuf>| match file {
        Some(file) => Err(Failure::Usage(format!("--{flag} {}: a file of arrays is for caviar train", file.display()))),
        None => Ok(()),
    };
    refuse("init", &recipe.init_file)?;
    refuse("order", &recipe.order)
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

/// The file of `table.csv`, or of an array that is named with its file, `signs.h5:train_set_y`.
fn file_of(name: &Path) -> Option<PathBuf> {
    if name.is_file() {
        return Some(name.to_owned());
    }
    let (file, _) = name.to_str()?.rsplit_once(':')?;
    Some(PathBuf::from(file)).filter(|file| file.is_file())
}

fn flags_of(optimizer: Optimizer) -> String {
    let mut flags = vec!["--learning-rate"];
    flags.extend(optimizer.has_beta().then_some("--beta"));
    flags.extend(optimizer.has_two_betas().then_some("--beta1, --beta2"));
    flags.extend(optimizer.has_epsilon().then_some("--epsilon"));
    flags.join(", ")
}

/// The command line that repeats this run: the seed said unless a settings file has it, the folder left to be found
/// anew.
fn again(words: impl Iterator<Item = OsString>, seed: Option<u64>) -> String {
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
    match seed {
        Some(seed) if !seeded => format!("{command} --seed {seed}"),
        _ => command,
    }
}

/// A word as a shell takes it.
pub fn quoted(word: &str) -> String {
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
        again(words.iter().map(OsString::from), Some(7))
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
