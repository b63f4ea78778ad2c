//! Some rows of many.

use caviar_engine::rng::Stream;
use caviar_engine::rows::Rows;
use caviar_engine::train::{Data, DataError, Targets};

use crate::error::LabError;

/// Rows without replacement, in their order, drawn by `stream`; all of them where there are no more.
pub(crate) fn sample(data: &Data, rows: usize, stream: &Stream) -> Result<Data, LabError> {
    let mut order: Vec<u32> = (0..data.len() as u32).collect();
    if rows < data.len() {
        stream.shuffle(&mut order);
        order.truncate(rows);
        order.sort_unstable();
    }
    let picked = order.iter().map(|&row| row as usize);
    let columns = data.features().columns();
    let mut inputs = vec![0.0_f32; order.len() * columns];
    data.features().gather(&order, &mut inputs);
    let targets = match data.targets() {
        Targets::Classes { labels, classes } => {
            Targets::Classes { labels: picked.clone().map(|row| labels[row]).collect(), classes: *classes }
        }
        Targets::Values { values, columns } => Targets::Values {
            values: picked.clone().flat_map(|row| values[row * columns..(row + 1) * columns].to_vec()).collect(),
            columns: *columns,
        },
    };
    let features = Rows::from_f32(inputs, columns).map_err(|_| DataError::Empty)?;
    let plain = Data::new(features, targets)?;
    let weights = data.weights().map(|weights| picked.map(|row| weights[row]).collect::<Vec<f64>>());
    Ok(match weights.filter(|weights| weights.iter().any(|weight| *weight > 0.0)) {
        Some(weights) => plain.with_weights(weights)?,
        None => plain,
    })
}
