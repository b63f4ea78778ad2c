//! Which columns a model leans on: each one's cells are dealt out anew among the rows.

use std::ops::Range;

use caviar_engine::rng::{Purpose, Stream};
use caviar_engine::rows::Rows;
use caviar_engine::train::{Data, DataError, Metric};

use super::ColumnImportance;
use crate::error::LabError;
use crate::measure::figures_of;
use crate::model::Model;
use crate::sample::sample;
use crate::share::shared_out;

/// How often the cells of a column are dealt out anew.
const DEALS: usize = 5;
/// The most rows that are looked at; a mean over so many is exact enough.
const MOST_ROWS: usize = 2000;
/// Fewer rows than this say nothing.
const FEWEST_ROWS: usize = 50;
/// Multiplications that it may take, a fraction of a second; not a time, so that it is the same on every machine.
const MOST_WORK: u64 = 4_000_000_000;
/// Where the draws begin, beyond those of resampling.
const FIRST_DEAL: u64 = 1 << 32;

/// The columns by how much the model leans on them; none where that takes too long.
///
/// The rise of the cost is that of the chosen metric, or of the loss where the metric is not defined on these rows.
///
/// - **Reference:** Breiman 2001, *Random forests*, section 10; as a property of any model Fisher, Rudin & Dominici 2019,
///   <https://arxiv.org/abs/1801.01489>.
pub(super) fn importance(
    model: &Model,
    data: &Data,
    seed: u64,
    threads: usize,
) -> Result<Vec<ColumnImportance>, LabError> {
    let columns = columns(model);
    let Some(rows) = affordable(model, columns.len(), data.len()) else { return Ok(Vec::new()) };
    let sample = Sample::draw(data, rows, seed)?;
    let answers = model.mean_answers(sample.data.features(), threads)?;
    let before = figures_of(&answers, &sample.data, model);
    let chosen = model.recipe().metric;
    let metric = if before.get(chosen).is_some_and(f64::is_finite) { chosen } else { Metric::Loss };
    let before = metric.cost(before.get(metric).unwrap_or(f64::NAN));
    let one = |(name, places): &(String, Range<usize>)| -> Result<ColumnImportance, LabError> {
        let answers = model.mean_answers(&sample.dealt(places)?, 1)?;
        let cost = |answers: &[f64]| {
            metric.cost(figures_of(answers, &sample.data, model).get(metric).unwrap_or(f64::NAN)) - before
        };
        let drops: Vec<f64> = answers.chunks_exact(answers.len() / DEALS).map(cost).collect();
        let drop = drops.iter().sum::<f64>() / DEALS as f64;
        let spread = drops.iter().map(|one| (one - drop) * (one - drop)).sum::<f64>() / DEALS as f64;
        Ok(ColumnImportance { name: name.clone(), drop, deviation: spread.sqrt() })
    };
    let mut found = shared_out(&columns, threads, one).into_iter().collect::<Result<Vec<_>, _>>()?;
    found.retain(|column| column.drop.is_finite());
    found.sort_by(|a, b| b.drop.total_cmp(&a.drop));
    Ok(found)
}

/// The columns of the table with their places among the inputs.
fn columns(model: &Model) -> Vec<(String, Range<usize>)> {
    let mut columns: Vec<(String, Range<usize>)> = Vec::new();
    let mut at = 0;
    for feature in model.encoder().features() {
        let end = at + feature.width();
        match columns.last_mut() {
            Some((name, places)) if name == feature.name() => places.end = end,
            _ => columns.push((feature.name().to_owned(), at..end)),
        }
        at = end;
    }
    columns
}

/// As many rows as the work allows.
fn affordable(model: &Model, columns: usize, rows: usize) -> Option<usize> {
    let weights = |network: &crate::model::Network| {
        network.weights.values().map(|array| array.shape().iter().product::<usize>() as u64).sum::<u64>()
    };
    let of_row = model.networks().iter().map(weights).sum::<u64>().max(1);
    let of_all = of_row.saturating_mul((columns * DEALS) as u64).max(1);
    let affordable = usize::try_from(MOST_WORK / of_all).unwrap_or(usize::MAX).min(MOST_ROWS);
    (rows <= affordable || affordable >= FEWEST_ROWS).then(|| rows.min(affordable))
}

/// Some rows, and orders to deal cells out by.
struct Sample {
    data: Data,
    /// The inputs, row by row.
    inputs: Vec<f32>,
    deals: Vec<Vec<usize>>,
}

impl Sample {
    fn draw(data: &Data, rows: usize, seed: u64) -> Result<Sample, LabError> {
        let data = sample(data, rows, &Stream::new(seed, Purpose::Resample, FIRST_DEAL))?;
        let (rows, columns) = (data.len(), data.features().columns());
        let mut inputs = vec![0.0_f32; rows * columns];
        data.features().gather(&(0..rows as u32).collect::<Vec<u32>>(), &mut inputs);
        let deal = |deal| Stream::new(seed, Purpose::Resample, FIRST_DEAL + 1 + deal).permutation(rows);
        Ok(Sample { data, inputs, deals: (0..DEALS as u64).map(deal).collect() })
    }

    /// The rows once for each deal, with the inputs at these places taken from other rows.
    fn dealt(&self, places: &Range<usize>) -> Result<Rows, LabError> {
        let columns = self.data.features().columns();
        let mut inputs = self.inputs.repeat(DEALS);
        for (copy, order) in inputs.chunks_exact_mut(self.inputs.len()).zip(&self.deals) {
            for (row, &from) in copy.chunks_exact_mut(columns).zip(order) {
                row[places.clone()].copy_from_slice(&self.inputs[from * columns..][places.clone()]);
            }
        }
        Ok(Rows::from_f32(inputs, columns).map_err(|_| DataError::Empty)?)
    }
}
