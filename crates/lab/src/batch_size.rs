//! The measured trade-off of batch sizes: time for an epoch against progress in it.

use std::sync::Arc;
use std::time::Instant;

use caviar_engine::Real;
use caviar_engine::train::{BatchSize, Outcome, Silent, TrainOptions, Trainer};
use serde::Serialize;

use crate::error::LabError;
use crate::experiment::Experiment;
use crate::options::Workers;
use crate::recipe::{Precision, Recipe};

/// A size that took longer than this in all is the smallest that is tried: half of it takes about twice as long.
const MOST_SECONDS: f64 = 10.0;
/// The share of the largest progress that is as good as it.
const GOOD: f64 = 0.9;

/// What batches of one size did.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct BatchTrial {
    /// Rows of a batch.
    pub batch_size: usize,
    /// Updates of an epoch.
    pub steps: u64,
    /// Seconds of an epoch, the mean.
    pub seconds: f64,
    /// The loss on all training rows before training.
    pub before: f64,
    /// The same after the epochs; not finite where training diverged.
    pub after: f64,
}

/// Several sizes, the largest first.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct BatchTrials {
    /// Epochs of each.
    pub epochs: u64,
    /// What each did.
    pub trials: Vec<BatchTrial>,
    /// Of the sizes that made at least nine tenths of the largest progress, the one that took the least time; none
    /// where no size made any.
    pub best: Option<usize>,
    /// The size below which none was tried, where time was up.
    pub cut_below: Option<usize>,
}

/// Trains the recipe with batches of all rows, and of 2ᵏ rows for every k downwards, from the same start.
///
/// Losses are the same at every call; seconds are not, and they decide how far down it goes.
///
/// # Errors
/// A recipe that is illegal or does not fit the data.
pub fn batch_sizes(experiment: &Experiment, recipe: &Recipe, workers: &Workers) -> Result<BatchTrials, LabError> {
    recipe.check()?;
    let rows = experiment.train_data().len();
    let powers = (0..usize::BITS).map(|power| 1_usize << power).take_while(|size| *size < rows);
    let sizes: Vec<usize> = powers.chain([rows]).collect();
    let (mut trials, mut cut_below) = (Vec::new(), None);
    for &size in sizes.iter().rev() {
        // Batch norm has nothing to normalize in a batch of one row.
        if size == 1 && recipe.batch_norm && rows > 1 {
            continue;
        }
        let trial = match recipe.precision {
            Precision::F32 => measure::<f32>(experiment, recipe, size, workers)?,
            Precision::F64 => measure::<f64>(experiment, recipe, size, workers)?,
        };
        let took = trial.seconds * recipe.epochs as f64;
        trials.push(trial);
        if workers.interrupt.is_set() || (took > MOST_SECONDS && size > 1) {
            cut_below = Some(size);
            break;
        }
    }
    let best = best(&trials);
    Ok(BatchTrials { epochs: recipe.epochs, trials, best, cut_below })
}

fn measure<T: Real>(
    experiment: &Experiment,
    recipe: &Recipe,
    size: usize,
    workers: &Workers,
) -> Result<BatchTrial, LabError> {
    let data = experiment.train_data();
    let mut spec = recipe.spec_for(data, experiment.classes(), experiment.seed())?;
    spec.batch_size = BatchSize::Rows(size);
    (spec.patience, spec.restore_best) = (None, false);
    let options = TrainOptions { threads: workers.threads.max(1), ..TrainOptions::default() };
    let mut trainer = Trainer::<T>::with_options(spec, Arc::clone(data), None, options)?;
    let before = trainer.evaluate(data, &[])?.loss();
    let start = Instant::now();
    let outcome = trainer.run(&mut Silent)?;
    let seconds = start.elapsed().as_secs_f64() / recipe.epochs.max(1) as f64;
    let after = match outcome {
        Outcome::Diverged { .. } => f64::NAN,
        _ => trainer.evaluate(data, &[])?.loss(),
    };
    Ok(BatchTrial { batch_size: size, steps: data.len().div_ceil(size) as u64, seconds, before, after })
}

/// Of the sizes with nearly the largest progress, the quickest.
fn best(trials: &[BatchTrial]) -> Option<usize> {
    let progress = |trial: &BatchTrial| trial.before - trial.after;
    let most = trials.iter().map(progress).filter(|drop| drop.is_finite()).fold(0.0, f64::max);
    let good = trials.iter().filter(|trial| most > 0.0 && progress(trial) >= GOOD * most);
    good.min_by(|a, b| a.seconds.total_cmp(&b.seconds)).map(|trial| trial.batch_size)
}

#[cfg(test)]
mod tests {
    use super::{BatchTrial, best};

    fn trial(batch_size: usize, seconds: f64, after: f64) -> BatchTrial {
        BatchTrial { batch_size, steps: 1, seconds, before: 1.0, after }
    }

    #[test]
    fn the_quickest_of_the_good_ones_is_the_best() {
        let trials = [trial(512, 0.1, 0.9), trial(64, 0.2, 0.25), trial(8, 1.0, 0.2), trial(1, 9.0, f64::NAN)];
        assert_eq!(best(&trials), Some(64));
        assert_eq!(best(&trials[..1]), Some(512));
    }

    #[test]
    fn without_progress_there_is_none() {
        assert_eq!(best(&[trial(8, 1.0, 1.5), trial(1, 1.0, f64::NAN)]), None);
    }
}
