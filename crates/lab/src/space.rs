//! What a search looks through, and the points that it starts from.

mod entry;
mod error;
mod file;
mod setting;
mod usual;

use caviar_table::TargetSpec;
use caviar_tune::{Params, Sampler, Space};

use crate::error::LabError;
use crate::experiment::Experiment;
use crate::options::{Method, TuneOptions};
use crate::recipe::Recipe;
use crate::train::params as params_of;
pub use error::SpaceError;
pub use file::SpaceFile;
pub(crate) use setting::{recipe, setting_of};

/// A space, the points that are tried first, and the method.
#[derive(Debug)]
pub(crate) struct Search {
    pub(crate) space: Space,
    pub(crate) starts: Vec<Params>,
    pub(crate) sampler: Sampler,
    /// What every configuration starts from: the base with the values that the space fixes.
    pub(crate) base: Recipe,
}

/// The space of a person's file, or else the usual one for the table.
pub(crate) fn search(experiment: &Experiment, options: &TuneOptions, rows: usize) -> Result<Search, LabError> {
    let classes = matches!(experiment.target(), TargetSpec::Classification { .. });
    let usual = usual::Fixed::new(options)?;
    let (space, starts, base) = match &options.space {
        Some(file) => {
            let file::Read { space, starts, base } = file.read(&options.base, &options.fixed)?;
            (space, starts, base)
        }
        None => {
            let space = usual::space(&usual, rows, classes)?;
            let starts = usual::starts(&space, &usual, rows);
            (space, starts, options.base.clone())
        }
    };
    let (starts, sampler) = match options.method {
        Method::Random | Method::Zoom => (starts, Sampler::Random),
        Method::Sobol => (starts, Sampler::Sobol),
        Method::Grid => (Vec::new(), Sampler::grid(points(&space, options.trials.unwrap_or(crate::tune::TRIALS)))?),
    };
    Ok(Search { space, starts, sampler, base })
}

/// The most points per axis with which a whole grid has at most so many configurations, at least 2.
pub(crate) fn points(space: &Space, trials: u64) -> usize {
    let most = usize::try_from(trials).unwrap_or(usize::MAX).min(100_000);
    let fits = |points: &usize| space.grid(*points).take(most + 1).count() <= most;
    (3..=most).take_while(fits).last().unwrap_or(2)
}

/// A configuration as it is shown: by the names of the settings.
pub(crate) fn shown(recipe: &Recipe) -> Params {
    params_of(recipe)
}

#[cfg(test)]
mod tests;
