//! Small data sets and comparisons for tests of training.
#![allow(dead_code)] // each test that includes this file uses a part of it

use caviar_engine::Real;
use caviar_engine::nn::Mlp;
use caviar_engine::optim::Minimizer;
use caviar_engine::rng::{Purpose, Stream};
use caviar_engine::rows::Rows;
use caviar_engine::train::{BatchSize, Data, Snapshot, Targets, TrainSpec, Trainer};
use std::sync::Arc;

/// Normal numbers, each its own.
pub fn noise(seed: u64, count: usize) -> Vec<f64> {
    let stream = Stream::new(seed, Purpose::Sampler, 0);
    (0..count as u64).map(|index| stream.normal(index)).collect()
}

/// Clouds of points, one for each class, that overlap a little; the classes take turns.
pub fn clouds(rows: usize, columns: usize, classes: usize) -> Arc<Data> {
    let labels: Vec<i64> = (0..rows).map(|row| (row % classes) as i64).collect();
    let mut values = noise(5, rows * columns);
    for (row, label) in values.chunks_mut(columns).zip(&labels) {
        row[*label as usize % columns] += 2.0;
    }
    Arc::new(Data::new(Rows::from_f64(values, columns).unwrap(), Targets::Classes { labels, classes }).unwrap())
}

/// One target that is a curved function of the columns.
pub fn curve(rows: usize, columns: usize) -> Arc<Data> {
    let features = noise(6, rows * columns);
    let target = |row: &[f64]| row[0] * row[columns - 1] + row.iter().sum::<f64>().sin();
    let values = features.chunks(columns).map(target).collect();
    let features = Rows::from_f64(features, columns).unwrap();
    Arc::new(Data::new(features, Targets::Values { values, columns: 1 }).unwrap())
}

/// A specification for these data with hidden layers of these widths.
pub fn spec(data: &Data, hidden: &[usize], minimizer: impl Into<Minimizer>, epochs: u64) -> TrainSpec {
    let mlp = Mlp::new(data.features().columns(), hidden, data.targets().outputs());
    let mut spec = TrainSpec::new(mlp, data.targets(), minimizer.into(), epochs).unwrap();
    (spec.seed, spec.order_seed) = (3, 4);
    spec.batch_size = BatchSize::Rows(16);
    spec
}

/// Steps a trainer so often.
pub fn steps<T: Real>(trainer: &mut Trainer<T>, count: usize) {
    (0..count).for_each(|_| {
        trainer.step().unwrap();
    });
}

/// All numbers of a snapshot that training changes, as bits: variables, slots, progress.
pub fn bits<T: Real>(snapshot: &Snapshot<T>) -> Vec<u64> {
    let own = snapshot.variables.iter().chain(&snapshot.slots).flatten();
    let best = snapshot.best.iter().flat_map(|best| best.variables.iter().flatten());
    let progress = &snapshot.progress;
    let scalars = [
        progress.epoch as f64,
        progress.row as f64,
        progress.steps as f64,
        progress.loss_sum,
        progress.weight_sum,
        progress.last_batch_loss,
        progress.learning_rate,
        progress.cost.unwrap_or(-1.0),
        progress.lowest.map_or(-1.0, |(lowest, _)| lowest),
        progress.lowest.map_or(-1.0, |(_, waited)| waited as f64),
        snapshot.optimizer_state.beta1_product,
        snapshot.optimizer_state.beta2_product,
        snapshot.schedule_state.cut,
    ];
    own.chain(best).map(|number| number.to_f64().to_bits()).chain(scalars.map(f64::to_bits)).collect()
}

/// The bits of a trainer's state.
pub fn state<T: Real>(trainer: &mut Trainer<T>) -> Vec<u64> {
    bits(&trainer.snapshot().unwrap())
}

/// All parameters, one after another.
pub fn weights<T: Real>(trainer: &Trainer<T>) -> Vec<f64> {
    let of = |name: &str| trainer.weights(name).unwrap().into_data();
    trainer.parameters().iter().flat_map(|parameter| of(&parameter.name)).map(T::to_f64).collect()
}

/// The largest difference between two lists of one length.
pub fn apart(left: &[f64], right: &[f64]) -> f64 {
    assert_eq!(left.len(), right.len());
    let far = |(a, b): (&f64, &f64)| if a.is_finite() { (a - b).abs() } else { f64::INFINITY };
    left.iter().zip(right).map(far).fold(0.0, f64::max)
}
