//! A work of a person's own: any network on rows made for it.

use std::str::FromStr;
use std::sync::Arc;
use std::time::Instant;

use caviar_engine::Real;
use caviar_engine::nn::Mlp;
use caviar_engine::train::{Data, Silent, TrainOptions, Trainer};
use thiserror::Error;

use super::limit::Machine;
use super::{BenchResult, data};
use crate::error::LabError;
use crate::recipe::{BatchRows, Precision, Recipe};

/// Operations that take about a second; so many epochs are trained that there are as many, two at least.
const OPERATIONS: f64 = 2e11;
/// The most epochs: of a tiny network the overhead counts, not the operations.
const MOST_EPOCHS: f64 = 1e4;

/// The width of each layer of a network, the inputs first: `784-256-128-10`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Widths(Vec<usize>);

/// Text that names no network.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("`{got}`: a network is the widths of its layers from the inputs to the classes, such as 784-256-128-10")]
pub struct WidthsError {
    /// The text.
    pub got: String,
}

impl FromStr for Widths {
    type Err = WidthsError;

    fn from_str(text: &str) -> Result<Self, WidthsError> {
        let width = |word: &str| word.parse::<usize>().ok().filter(|width| (1..=1 << 20).contains(width));
        let widths: Option<Vec<usize>> = text.split('-').map(width).collect();
        let widths = widths.filter(|widths| widths.len() > 1 && widths[widths.len() - 1] > 1);
        widths.map(Widths).ok_or_else(|| WidthsError { got: text.to_owned() })
    }
}

/// A network, the rows it is trained on, and how.
///
/// ```
/// use caviar_lab::bench::OwnWork;
///
/// let work = OwnWork { widths: "8-16-3".parse()?, rows: 500, recipe: caviar_lab::Recipe::default() };
/// let measured = work.run(Some(3), 1)?;
/// assert_eq!((measured.work.as_str(), measured.steps), ("8-16-3", 3 * 16));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct OwnWork {
    /// The network.
    pub widths: Widths,
    /// How many rows are made, around as many centers as there are classes.
    pub rows: usize,
    /// The training; its hidden layers are those of the network.
    pub recipe: Recipe,
}

impl OwnWork {
    /// Its name.
    pub fn name(&self) -> String {
        let widths: Vec<String> = self.widths.0.iter().map(usize::to_string).collect();
        widths.join("-")
    }

    /// Makes the rows, trains, and measures the time after the first epoch, in which memory is touched and threads wake.
    ///
    /// # Errors
    /// Settings that make no sense.
    pub fn run(&self, epochs: Option<u64>, threads: usize) -> Result<BenchResult, LabError> {
        let (inputs, classes) = (self.widths.0[0], self.widths.0[self.widths.0.len() - 1]);
        let hidden = self.widths.0[1..self.widths.0.len() - 1].to_vec();
        let batch = match self.recipe.batch_size {
            BatchRows::Rows(rows) => rows.min(self.rows),
            BatchRows::Full => self.rows,
        };
        let network = Mlp::new(inputs, &hidden, classes);
        let usual = (OPERATIONS / (network.flops_per_row() * self.rows as f64)).clamp(2.0, MOST_EPOCHS) as u64;
        let recipe = Recipe { hidden, epochs: epochs.unwrap_or(usual), patience: None, ..self.recipe.clone() };
        let limit = Machine::measure(self.rows * inputs * size_of::<f32>()).step(&network, batch, threads);
        let data = Arc::new(data::blobs(self.rows, inputs, classes));
        let timed = match recipe.precision {
            Precision::F32 => time::<f32>(&recipe, &data, threads)?,
            Precision::F64 => time::<f64>(&recipe, &data, threads)?,
        };
        let us_per_step = timed.seconds * 1e6 / timed.counted.max(1) as f64;
        Ok(BenchResult {
            work: self.name(),
            steps: timed.steps,
            seconds: timed.seconds,
            us_per_step,
            limit_us_per_step: limit,
            fraction_of_limit: limit / us_per_step,
            threads: threads.max(1),
            final_loss: timed.loss,
        })
    }
}

struct Timed {
    steps: u64,
    /// The steps that the seconds are of.
    counted: u64,
    seconds: f64,
    loss: f64,
}

fn time<T: Real>(recipe: &Recipe, data: &Arc<Data>, threads: usize) -> Result<Timed, LabError> {
    let spec = recipe.spec_for(data, &[], recipe.seed)?;
    let options = TrainOptions { threads: threads.max(1), ..TrainOptions::default() };
    let mut trainer = Trainer::<T>::with_options(spec, Arc::clone(data), None, options)?;
    trainer.run_until(1, &mut Silent)?;
    let before = trainer.progress().steps;
    let start = Instant::now();
    trainer.run(&mut Silent)?;
    let seconds = start.elapsed().as_secs_f64();
    let steps = trainer.progress().steps;
    Ok(Timed { steps, counted: steps - before, seconds, loss: trainer.evaluate(data, &[])?.loss() })
}

#[cfg(test)]
mod tests {
    use super::{OwnWork, Widths};
    use crate::recipe::Recipe;

    #[test]
    fn widths_are_those_of_two_layers_or_more() {
        assert_eq!("784-256-10".parse(), Ok(Widths(vec![784, 256, 10])));
        for wrong in ["", "7", "7-", "7-0-2", "-3", "7-x-2", "7-1", "99999999-2"] {
            assert!(wrong.parse::<Widths>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn the_loss_depends_on_no_number_of_threads_and_all_steps_are_made() {
        let work = OwnWork { widths: "40-64-64-4".parse().unwrap(), rows: 700, recipe: Recipe::default() };
        let [one, two] = [1, 2].map(|threads| work.run(Some(4), threads).unwrap());
        assert_eq!((one.final_loss.to_bits(), one.steps), (two.final_loss.to_bits(), 4 * 22));
        assert!(one.us_per_step > 0.0 && one.final_loss < 4_f64.ln());
    }

    #[test]
    fn settings_that_make_no_sense_are_refused() {
        let recipe = Recipe { dropout: 1.5, ..Recipe::default() };
        let work = OwnWork { widths: "4-8-2".parse().unwrap(), rows: 70, recipe };
        assert!(work.run(Some(2), 1).is_err());
    }
}
