//! Snapshots and weights as bytes: safetensors, so that any reader of the format can look inside.
//!
//! The arrays are `variable/NAME`, `slot/I` and `best/NAME`; numbers that may be infinite or NaN, where JSON has none,
//! are the array `numbers`; everything else is JSON in the metadata under `caviar.snapshot`.

use std::any::Any;
use std::collections::BTreeMap;

use caviar_engine::Real;
use caviar_engine::optim::{Optimizer, OptimizerState, Settings};
use caviar_engine::schedule::{ScheduleState, Timetable};
use caviar_engine::train::{BatchSize, Best, Progress, Snapshot};
use caviar_formats::safetensors::NamedArrays;
use caviar_formats::{Array, Elements, FormatError};
use serde::{Deserialize, Serialize};

use crate::network::Weights;

const STATE: &str = "caviar.snapshot";
const NUMBERS: &str = "numbers";

/// What JSON can hold exactly.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
struct State {
    names: Vec<String>,
    slots: usize,
    optimizer: Optimizer,
    optimizer_state: OptimizerState,
    settings: Settings,
    timetable: Timetable,
    batch_size: BatchSize,
    epochs: u64,
    epoch: u64,
    row: usize,
    steps: u64,
    steps_of_epoch: u64,
    /// Epochs since the lowest cost.
    waited: Option<u64>,
    has_cost: bool,
    schedule: ScheduleRest,
    best_epoch: Option<u64>,
}

/// A schedule's state without its number.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
struct ScheduleRest {
    has_best: bool,
    state: ScheduleState,
}

/// The bytes of a snapshot, whose numbers are not copied on the way.
///
/// # Errors
/// None that a user can cause, in words.
pub fn write<T: Real>(snapshot: Snapshot<T>) -> Result<Vec<u8>, String> {
    let progress = &snapshot.progress;
    let state = State {
        names: snapshot.names.clone(),
        slots: snapshot.slots.len(),
        optimizer: snapshot.optimizer,
        optimizer_state: snapshot.optimizer_state,
        settings: snapshot.settings,
        timetable: snapshot.timetable.clone(),
        batch_size: snapshot.batch_size,
        epochs: snapshot.epochs,
        epoch: progress.epoch,
        row: progress.row,
        steps: progress.steps,
        steps_of_epoch: progress.steps_of_epoch,
        waited: progress.lowest.map(|(_, waited)| waited),
        has_cost: progress.cost.is_some(),
        schedule: ScheduleRest {
            has_best: snapshot.schedule_state.best.is_some(),
            state: ScheduleState { best: None, ..snapshot.schedule_state },
        },
        best_epoch: snapshot.best.as_ref().map(|best| best.epoch),
    };
    let numbers = [
        snapshot.l2,
        snapshot.drop_prob,
        progress.loss_sum,
        progress.weight_sum,
        progress.last_batch_loss,
        progress.learning_rate,
        progress.cost.unwrap_or(0.0),
        progress.lowest.map_or(0.0, |(lowest, _)| lowest),
        snapshot.schedule_state.best.unwrap_or(0.0),
        snapshot.best.as_ref().map_or(0.0, |best| best.score),
    ];
    let mut file = NamedArrays::default();
    let mut add = |name: String, elements: Elements| {
        let length = elements.len();
        let array = Array::new(vec![length], elements)?;
        file.arrays.insert(name, array);
        Ok::<(), FormatError>(())
    };
    let all = || {
        add(NUMBERS.to_owned(), Elements::F64(numbers.to_vec()))?;
        for (name, values) in snapshot.names.iter().zip(snapshot.variables) {
            add(format!("variable/{name}"), elements(values))?;
        }
        for (place, values) in snapshot.slots.into_iter().enumerate() {
            add(format!("slot/{place}"), elements(values))?;
        }
        for (name, values) in snapshot.names.iter().zip(snapshot.best.into_iter().flat_map(|best| best.variables)) {
            add(format!("best/{name}"), elements(values))?;
        }
        Ok::<(), FormatError>(())
    };
    all().map_err(|error| error.to_string())?;
    let text = serde_json::to_string(&state).map_err(|error| error.to_string())?;
    file.metadata.insert(STATE.to_owned(), text);
    file.write().map_err(|error| error.to_string())
}

/// The snapshot that was written, to the bit.
///
/// # Errors
/// Bytes that are no snapshot, in words.
pub fn read<T: Real>(bytes: &[u8]) -> Result<Snapshot<T>, String> {
    let mut file = NamedArrays::read(bytes).map_err(|error| error.to_string())?;
    let text = file.metadata.get(STATE).ok_or("a snapshot without a state")?;
    let state: State = serde_json::from_str(text).map_err(|error| error.to_string())?;
    let numbers = file.arrays.remove(NUMBERS).map(|array| array.to_f64()).unwrap_or_default();
    let Ok([l2, drop_prob, loss_sum, weight_sum, last_batch_loss, learning_rate, cost, lowest, schedule_best, score]) =
        <[f64; 10]>::try_from(numbers)
    else {
        return Err("a snapshot with other numbers than its own".to_owned());
    };
    let mut take = |name: String| match file.arrays.remove(&name) {
        Some(array) => values::<T>(&array).ok_or(format!("array `{name}` of a snapshot has another precision")),
        None => Err(format!("a snapshot has no array `{name}`")),
    };
    let mut all = |group: &str| state.names.iter().map(|name| take(format!("{group}/{name}"))).collect();
    let variables = all("variable")?;
    let best_variables = state.best_epoch.map(|_| all("best")).transpose()?;
    let slots = (0..state.slots).map(|place| take(format!("slot/{place}"))).collect::<Result<_, _>>()?;
    let progress = Progress {
        epoch: state.epoch,
        row: state.row,
        steps: state.steps,
        steps_of_epoch: state.steps_of_epoch,
        loss_sum,
        weight_sum,
        last_batch_loss,
        learning_rate,
        cost: state.has_cost.then_some(cost),
        lowest: state.waited.map(|waited| (lowest, waited)),
    };
    Ok(Snapshot {
        names: state.names,
        variables,
        optimizer: state.optimizer,
        slots,
        optimizer_state: state.optimizer_state,
        settings: state.settings,
        timetable: state.timetable,
        schedule_state: ScheduleState {
            best: state.schedule.has_best.then_some(schedule_best),
            ..state.schedule.state
        },
        l2,
        drop_prob,
        batch_size: state.batch_size,
        epochs: state.epochs,
        progress,
        best: state.best_epoch.zip(best_variables).map(|(epoch, variables)| Best { epoch, score, variables }),
    })
}

fn elements<T: Real>(values: Vec<T>) -> Elements {
    // As they are, where they are of that kind: snapshots of large networks are saved while somebody waits.
    let same: Box<dyn Any> = Box::new(values);
    match same.downcast::<Vec<f32>>() {
        Ok(same) => Elements::F32(*same),
        Err(other) => match other.downcast::<Vec<f64>>() {
            Ok(same) => Elements::F64(*same),
            Err(_) => unreachable!("a real is an f32 or an f64"),
        },
    }
}

fn values<T: Real>(array: &Array) -> Option<Vec<T>> {
    match (T::NAME, array.elements()) {
        ("f32", Elements::F32(values)) => Some(values.iter().map(|value| T::from_f64(f64::from(*value))).collect()),
        ("f64", Elements::F64(values)) => Some(values.iter().map(|value| T::from_f64(*value)).collect()),
        _ => None,
    }
}

/// The bytes of weights.
pub(super) fn write_weights(weights: &Weights) -> Result<Vec<u8>, String> {
    let file = NamedArrays { arrays: weights.clone(), metadata: BTreeMap::new() };
    file.write().map_err(|error| error.to_string())
}

/// The weights that were written.
pub(super) fn read_weights(bytes: &[u8]) -> Result<Weights, String> {
    Ok(NamedArrays::read(bytes).map_err(|error| error.to_string())?.arrays)
}

#[cfg(test)]
mod tests {
    use super::{read, write};
    use caviar_engine::Real;
    use caviar_engine::nn::Mlp;
    use caviar_engine::optim::Optimizer;
    use caviar_engine::rows::Rows;
    use caviar_engine::train::{Change, Data, Metric, Snapshot, Targets, TrainSpec, Trainer};
    use std::sync::Arc;

    fn trainer<T: Real>() -> Trainer<T> {
        let points: Vec<f32> = (0..60).map(|i| ((i * 37 % 101) as f32 - 50.0) / 25.0).collect();
        let labels = (0..30).map(|i| i64::from(i % 3 == 0)).collect();
        let data =
            Arc::new(Data::new(Rows::from_f32(points, 2).unwrap(), Targets::Classes { labels, classes: 2 }).unwrap());
        let minimizer = caviar_engine::optim::Minimizer::new(Optimizer::Adam, Optimizer::Adam.settings(0.01).unwrap());
        let mut spec = TrainSpec::new(Mlp::new(2, &[5, 3], 1), data.targets(), minimizer.unwrap(), 9).unwrap();
        (spec.metric, spec.restore_best) = (Metric::Loss, true);
        spec.batch_size = caviar_engine::train::BatchSize::Rows(7);
        Trainer::new(spec, data.clone(), Some(data)).unwrap()
    }

    /// Writes after so many steps, reads into a fresh trainer, and compares what both do then.
    fn goes_on_alike<T: Real>(steps: usize) {
        let mut first = trainer::<T>();
        for _ in 0..steps {
            first.step().unwrap();
        }
        first.change(&Change::Beta1(0.8)).unwrap();
        let snapshot = first.snapshot().unwrap();
        let back: Snapshot<T> = read(&write(snapshot).unwrap()).unwrap();
        let mut second = trainer::<T>();
        second.restore(&back).unwrap();
        for _ in 0..13 {
            first.step().unwrap();
            second.step().unwrap();
        }
        assert_eq!(write(first.snapshot().unwrap()), write(second.snapshot().unwrap()));
    }

    #[test]
    fn a_snapshot_survives_its_bytes() {
        // At the start the last loss is NaN and there is no best; later there are both.
        for steps in [0, 3, 5, 23] {
            goes_on_alike::<f32>(steps);
            goes_on_alike::<f64>(steps);
        }
    }

    #[test]
    fn a_snapshot_of_another_precision_is_refused() {
        let bytes = write(trainer::<f32>().snapshot().unwrap()).unwrap();
        assert!(read::<f64>(&bytes).is_err());
        assert!(read::<f32>(&bytes[..bytes.len() - 1]).is_err());
    }
}
