//! Fixed works that speed is measured by: the same networks, batches and data as other libraries are given.
//!
//! A work runs through [`Trainer`] as every training does, so that its loss is that of a plain training; a population runs
//! through the crew as every search does. The data are made before the clock starts.

mod data;
mod limit;
mod own;
mod population;
#[cfg(test)]
mod tests;

use std::str::FromStr;
use std::sync::Arc;
use std::time::Instant;

use caviar_engine::nn::Mlp;
use caviar_engine::optim::Adam;
use caviar_engine::train::{BatchSize, Data, Silent, TrainOptions, TrainSpec, Trainer};
use serde::{Serialize, Serializer};
use thiserror::Error;

use crate::error::LabError;
pub use limit::Machine;
pub use own::{OwnWork, Widths, WidthsError};

/// A fixed work.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Work {
    /// 300 points of two half moons; 2-5-2-2, batch 64, Adam 0.0007: all overhead.
    Moons,
    /// 60,000 rows of 784 features around ten centers; 784-256-128-10, batch 128, Adam 0.001: all arithmetic.
    Fashion,
    /// 1,080 rows of 12,288 features around six centers; 12288-25-12-6, batch 32, Adam 0.0001: memory and narrow layers.
    Signs,
    /// Five million rows of 30 features around two centers; 30-64-32-2, batch 1,000, Adam 0.001: rows from far away.
    Rows,
    /// 256 networks 64-64-10 on 1,400 rows of the digits, batch 64, Adam of 256 rates, one core each.
    Population,
    /// The same with 16 to 128 units and batches of 32 to 128.
    PopulationMixed,
}

/// A word that names no work.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("there is no work named {got}; there are {}", Work::NAMES.join(", "))]
pub struct WorkError {
    /// The word.
    pub got: String,
}

/// What a work took.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct BenchResult {
    /// The name of the work.
    pub work: String,
    /// Updates.
    pub steps: u64,
    /// Seconds of training, shuffling and gathering of rows included.
    pub seconds: f64,
    /// Microseconds per update.
    pub us_per_step: f64,
    /// What the machine would allow at best: the longest of the step's arithmetic, updates and reading of rows, each at the
    /// measured speed of its cores.
    pub limit_us_per_step: f64,
    /// That limit over the time taken.
    pub fraction_of_limit: f64,
    /// Threads that worked.
    pub threads: usize,
    /// The loss of the final weights on all rows; the lowest one of a population.
    #[serde(serialize_with = "finite")]
    pub final_loss: f64,
}

impl Work {
    /// Every work.
    pub const ALL: [Work; 6] =
        [Work::Moons, Work::Fashion, Work::Signs, Work::Rows, Work::Population, Work::PopulationMixed];

    /// The names of [`Work::ALL`], in its order.
    pub const NAMES: [&'static str; 6] = ["moons", "fashion", "signs", "rows", "population", "population-mixed"];

    /// Its name.
    pub fn name(self) -> &'static str {
        Self::NAMES[self as usize]
    }

    /// Epochs that take a second or so.
    pub fn epochs(self) -> u64 {
        match self {
            Work::Moons => 10_000,
            Work::Fashion => 3,
            Work::Signs => 60,
            Work::Rows => 1,
            Work::Population | Work::PopulationMixed => 30,
        }
    }

    /// Networks: a population's are many.
    pub fn trials(self) -> u64 {
        if self.is_population() { population::TRIALS } else { 1 }
    }

    /// Whether it is many networks side by side.
    pub fn is_population(self) -> bool {
        matches!(self, Work::Population | Work::PopulationMixed)
    }

    /// Threads that help: the small network has nothing to spread.
    pub fn threads(self, available: usize) -> usize {
        match self {
            Work::Moons => 1,
            Work::Fashion | Work::Signs | Work::Rows | Work::Population | Work::PopulationMixed => available.max(1),
        }
    }

    /// Its rows and their features.
    fn size(self) -> (usize, usize) {
        match self {
            Work::Moons => (300, 2),
            Work::Fashion => (60_000, 784),
            Work::Signs => (1_080, 12_288),
            Work::Rows => (5_000_000, 30),
            Work::Population | Work::PopulationMixed => (1_400, 64),
        }
    }

    /// What the machine does at best with such data; measured before they are there, because it takes memory, too.
    pub fn machine(self) -> Machine {
        let (rows, columns) = self.size();
        Machine::measure(rows * columns * size_of::<f32>())
    }

    /// Its rows; the same at every call.
    pub fn data(self) -> Data {
        let (rows, columns) = self.size();
        match self {
            Work::Moons => data::moons(),
            Work::Fashion => data::blobs(rows, columns, 10),
            Work::Signs => data::blobs(rows, columns, 6),
            Work::Rows => data::blobs(rows, columns, 2),
            Work::Population | Work::PopulationMixed => data::digits(),
        }
    }

    /// How it trains on such rows for so many epochs; of a population, its first network.
    ///
    /// # Errors
    /// No epoch at all.
    pub fn spec(self, data: &Data, epochs: u64) -> Result<TrainSpec, LabError> {
        let inputs = data.features().columns();
        let (network, rate, batch) = match self {
            Work::Moons => (Mlp::new(inputs, &[5, 2], 2), 7e-4, 64),
            Work::Fashion => (Mlp::new(inputs, &[256, 128], 10), 1e-3, 128),
            Work::Signs => (Mlp::new(inputs, &[25, 12], 6), 1e-4, 32),
            Work::Rows => (Mlp::new(inputs, &[64, 32], 2), 1e-3, 1_000),
            Work::Population | Work::PopulationMixed => {
                return population::trial(self == Work::PopulationMixed, 0).spec(data, epochs);
            }
        };
        let mut spec = TrainSpec::new(network, data.targets(), Adam::new(rate)?.into(), epochs)?;
        spec.batch_size = BatchSize::Rows(batch);
        Ok(spec)
    }

    /// Trains on these rows and measures the time; `trials` are the networks of a population, all others are one.
    ///
    /// # Errors
    /// No epoch at all.
    pub fn run(
        self,
        data: Arc<Data>,
        trials: u64,
        epochs: u64,
        threads: usize,
        machine: &Machine,
    ) -> Result<BenchResult, LabError> {
        if self.is_population() {
            let trials = (0..trials.max(1)).map(|number| population::trial(self == Work::PopulationMixed, number));
            return population::run(self.name(), trials.collect(), &data, epochs, threads, machine);
        }
        let options = TrainOptions { threads: threads.max(1), ..TrainOptions::default() };
        let spec = self.spec(&data, epochs)?;
        let batch = spec.batch_size.rows(data.len());
        let limit = machine.step(&spec.network, batch, options.threads);
        let mut trainer = Trainer::<f32>::with_options(spec, Arc::clone(&data), None, options)?;
        let start = Instant::now();
        trainer.run(&mut Silent)?;
        let seconds = start.elapsed().as_secs_f64();
        let steps = trainer.progress().steps;
        let final_loss = trainer.evaluate(&data, &[])?.loss();
        let us_per_step = seconds * 1e6 / steps.max(1) as f64;
        Ok(BenchResult {
            work: self.name().to_owned(),
            steps,
            seconds,
            us_per_step,
            limit_us_per_step: limit,
            fraction_of_limit: limit / us_per_step,
            threads: options.threads,
            final_loss,
        })
    }
}

impl FromStr for Work {
    type Err = WorkError;

    fn from_str(text: &str) -> Result<Self, WorkError> {
        let place = Work::NAMES.iter().position(|name| *name == text);
        place.map(|place| Work::ALL[place]).ok_or_else(|| WorkError { got: text.to_owned() })
    }
}

fn finite<S: Serializer>(value: &f64, serializer: S) -> Result<S::Ok, S::Error> {
    value.is_finite().then_some(*value).serialize(serializer)
}
