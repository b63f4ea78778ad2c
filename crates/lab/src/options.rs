//! What an experiment and a search are asked to do.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use caviar_table::{ReadOptions, Scaling, Task};
use serde::{Deserialize, Serialize};

use crate::error::LabError;
use crate::ledger::Ledger;
use crate::recipe::Recipe;
use crate::space::SpaceFile;
use crate::steering::Wishes;

/// The most further seeds of leaders.
const MOST_SEEDS: u64 = 100;

/// Where the rows of validation or test come from.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Part {
    /// A share of the rows: of all of them for the test, of those that are not test rows for validation.
    Fraction(f64),
    /// A table of their own, with the same columns.
    File(PathBuf),
    /// There are none.
    None,
}

/// How a table becomes an experiment.
#[derive(Clone, Debug, PartialEq)]
pub struct DataOptions {
    /// How the file is read; its `drop` are the columns to leave out.
    pub read: ReadOptions,
    /// The column in question.
    pub target: String,
    /// Classes or values.
    pub task: Task,
    /// The rows to choose by.
    pub validation: Part,
    /// The rows that nothing is chosen by.
    pub test: Part,
    /// Whether each part gets its share of every class; where not said, for classes.
    pub stratify: Option<bool>,
    /// How numbers are scaled, by the training rows.
    pub scaling: Scaling,
    /// A column with the weight of each row; it is then no feature.
    pub sample_weight: Option<String>,
    /// The seed of the split, of the folds, and of the order of the rows.
    pub seed: u64,
}

impl DataOptions {
    /// A fifth of the rows for the test, a fifth of the others for validation, standard scaling, seed 0.
    pub fn new(target: impl Into<String>) -> Self {
        DataOptions {
            read: ReadOptions::default(),
            target: target.into(),
            task: Task::Auto,
            validation: Part::Fraction(0.2),
            test: Part::Fraction(0.2),
            stratify: None,
            scaling: Scaling::Standard,
            sample_weight: None,
            seed: 0,
        }
    }
}

/// How configurations are found.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Method {
    /// Zoom and halving: many trials are begun, the best third goes on at each rung, later ones lie around the best. Where
    /// trials are cross-validated, independent draws that are thinned out by folds.
    #[default]
    Zoom,
    /// Independent draws on the right scales, after a few points known to be good.
    Random,
    /// The points of Sobol's sequence, which are spread more evenly than independent draws.
    Sobol,
    /// Evenly spread values, every combination of them.
    Grid,
}

/// What a search keeps.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Keep {
    /// The best configuration, as one network.
    Best,
    /// Several networks, their answers averaged: of a cross-validated search those of the best few configurations, else
    /// those that are best together on the validation rows.
    Ensemble,
}

/// What a search may do.
#[derive(Clone, Debug, PartialEq)]
pub struct TuneOptions {
    /// Values for what is not searched.
    pub base: Recipe,
    /// Names of the settings of `base` that stay as they are, in the words of the command line: `learning-rate`, ...
    pub fixed: BTreeSet<String>,
    /// What is searched; where not said, the usual space for the table.
    pub space: Option<SpaceFile>,
    /// How many configurations; 64 unless a time or a budget is given.
    pub trials: Option<u64>,
    /// How long, the final training included.
    pub time: Option<Duration>,
    /// How many epochs over all trials, each paid in full.
    pub budget: Option<u64>,
    /// The most epochs of a trial.
    pub epochs: u64,
    /// How configurations are found.
    pub method: Method,
    /// Workers of the virtual time in which decisions fall, however many threads there are. The methods that there are
    /// decide between stages, when all of a stage is done, so that no result depends on it.
    pub virtual_workers: u64,
    /// Bytes that data and trials at work may take, by estimate: fewer trials work at a time, with the same results.
    pub max_memory: Option<u64>,
    /// With how many further seeds the leaders are trained again; 0 for none.
    pub leader_seeds: u64,
    /// What is kept.
    pub keep: Keep,
    /// The seed of the search: of the configurations and of each trial's own seed.
    pub seed: u64,
}

impl Default for TuneOptions {
    fn default() -> Self {
        TuneOptions {
            base: Recipe { epochs: 50, ..Recipe::default() },
            fixed: BTreeSet::new(),
            space: None,
            trials: None,
            time: None,
            budget: None,
            epochs: 50,
            method: Method::Zoom,
            virtual_workers: 8,
            max_memory: None,
            leader_seeds: 3,
            keep: Keep::Ensemble,
            seed: 0,
        }
    }
}

impl TuneOptions {
    /// Whether the clock alone says how much is trained.
    pub(crate) fn is_timed(&self) -> bool {
        self.time.is_some() && self.trials.is_none() && self.budget.is_none()
    }

    /// Whether every setting is legal by itself.
    ///
    /// # Errors
    /// [`LabError::Setting`] or [`LabError::Settings`], with the flag.
    pub fn check(&self) -> Result<(), LabError> {
        self.base.check()?;
        let rule = |flag, fits: bool| match fits {
            true => Ok(()),
            false => Err(LabError::Setting { flag, got: "0".to_owned(), want: "at least 1" }),
        };
        rule("trials", self.trials != Some(0))?;
        rule("budget", self.budget != Some(0))?;
        rule("virtual-workers", self.virtual_workers > 0)?;
        rule("max-memory", self.max_memory != Some(0))?;
        rule("epochs", self.epochs > 0)?;
        if self.leader_seeds > MOST_SEEDS {
            let got = self.leader_seeds.to_string();
            return Err(LabError::Setting { flag: "leader-seeds", got, want: "at most 100" });
        }
        if let Some(space) = &self.space {
            space.check(&self.base, &self.fixed)?;
        }
        match self.time {
            Some(time) if time.is_zero() => {
                Err(LabError::Setting { flag: "time", got: "0s".to_owned(), want: "above 0" })
            }
            Some(_) | None => Ok(()),
        }
    }
}

/// A flag that ends a run, see [`Workers::interrupt`]; clones are the same flag.
#[derive(Clone, Debug, Default)]
pub struct Interrupt(Arc<AtomicBool>);

impl Interrupt {
    /// Asks for the end; may be called from a signal handler.
    pub fn set(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    /// Whether the end was asked for.
    pub fn is_set(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

/// The threads that work, the flag that ends them, the ledger that they write to, and who steers them. No result depends on
/// the first three.
#[derive(Clone, Debug)]
pub struct Workers {
    /// How many; 0 counts as 1.
    pub threads: usize,
    /// Ends the run at once: with a ledger all that was done is kept there, to go on another time; without one the best so
    /// far is kept, with no more said about it than takes no time.
    pub interrupt: Interrupt,
    /// Where they write down what they do.
    pub ledger: Ledger,
    /// What is asked of the trials of a search while they run.
    pub wishes: Wishes,
}

impl Workers {
    /// So many threads, with a flag of their own and no ledger.
    pub fn new(threads: usize) -> Self {
        Workers { threads, interrupt: Interrupt::default(), ledger: Ledger::default(), wishes: Wishes::default() }
    }
}
