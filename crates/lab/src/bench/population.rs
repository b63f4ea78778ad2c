//! Many small networks at the same time, one core each.

use std::cmp::Reverse;
use std::sync::Arc;
use std::time::Instant;

use caviar_engine::nn::Mlp;
use caviar_engine::optim::Adam;
use caviar_engine::rng::{Purpose, Stream};
use caviar_engine::train::{BatchSize, Data, Silent, TrainSpec, Trainer};

use super::BenchResult;
use super::limit::Machine;
use crate::board::Quiet;
use crate::crew::{Teller, crew};
use crate::error::LabError;
use crate::options::Workers;

/// How many networks, unless said otherwise.
pub(super) const TRIALS: u64 = 256;
/// What the mixed ones are drawn from.
const UNITS: [usize; 4] = [16, 32, 64, 128];
const BATCHES: [usize; 3] = [32, 64, 128];

/// A network and how it trains.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Trial {
    pub units: usize,
    pub batch: usize,
    pub learning_rate: f64,
}

/// A network of a population by its number from 0: the same at every call, however many others there are.
pub(super) fn trial(mixed: bool, number: u64) -> Trial {
    let draws = Stream::new(3, Purpose::Noise(3), 0);
    let pick = |which: u64, of: usize| draws.below(3 * number + which, of as u64) as usize;
    Trial {
        units: if mixed { UNITS[pick(0, UNITS.len())] } else { 64 },
        batch: if mixed { BATCHES[pick(1, BATCHES.len())] } else { 64 },
        // From 0.0001 to 0.1, each decade as likely.
        learning_rate: libm::pow(10.0, 3.0 * draws.uniform(3 * number + 2) - 4.0),
    }
}

impl Trial {
    fn network(self, data: &Data) -> Mlp {
        Mlp::new(data.features().columns(), &[self.units], data.targets().outputs())
    }

    fn steps(self, data: &Data, epochs: u64) -> u64 {
        epochs * data.len().div_ceil(self.batch) as u64
    }

    pub fn spec(self, data: &Data, epochs: u64) -> Result<TrainSpec, LabError> {
        let rule = Adam::new(self.learning_rate)?.into();
        let mut spec = TrainSpec::new(self.network(data), data.targets(), rule, epochs)?;
        spec.batch_size = BatchSize::Rows(self.batch);
        Ok(spec)
    }
}

/// Trains every network on these rows, the longest first, and measures the time of all.
pub(super) fn run(
    name: &str,
    mut trials: Vec<Trial>,
    data: &Arc<Data>,
    epochs: u64,
    threads: usize,
    machine: &Machine,
) -> Result<BenchResult, LabError> {
    let flops = |trial: &Trial| (trial.network(data).flops_per_row() * 1e3) as u64;
    trials.sort_by_key(|trial| (Reverse(flops(trial)), trial.batch));
    let steps: u64 = trials.iter().map(|trial| trial.steps(data, epochs)).sum();
    let limit = limit(machine, &trials, data, epochs) / (threads.max(1) as u64 * steps.max(1)) as f64;

    let start = Instant::now();
    let mut waiting = trials.into_iter();
    let train = |trial: Trial, teller: &Teller<'_>| {
        let mut trainer = Trainer::<f32>::new(trial.spec(data, epochs)?, Arc::clone(data), None)?;
        for epoch in 1..=epochs {
            trainer.set_threads(teller.threads.now());
            trainer.run_until(epoch, &mut Silent)?;
        }
        Ok(trainer.evaluate(data, &[])?.loss())
    };
    let losses = crew(&Workers::new(threads), &mut Quiet, || waiting.next(), train)?;
    let seconds = start.elapsed().as_secs_f64();

    let us_per_step = seconds * 1e6 / steps.max(1) as f64;
    Ok(BenchResult {
        work: name.to_owned(),
        steps,
        seconds,
        us_per_step,
        limit_us_per_step: limit,
        fraction_of_limit: limit / us_per_step,
        threads: threads.max(1),
        final_loss: losses.into_iter().fold(f64::INFINITY, f64::min),
    })
}

/// Microseconds of all steps of all networks on one core.
fn limit(machine: &Machine, trials: &[Trial], data: &Data, epochs: u64) -> f64 {
    let mut known: Vec<((usize, usize), f64)> = Vec::new();
    let mut sum = 0.0;
    for trial in trials {
        let shape = (trial.units, trial.batch);
        let step = match known.iter().find(|(known, _)| *known == shape) {
            Some((_, step)) => *step,
            None => {
                let step = machine.step(&trial.network(data), trial.batch, 1);
                known.push((shape, step));
                step
            }
        };
        sum += step * trial.steps(data, epochs) as f64;
    }
    sum
}
