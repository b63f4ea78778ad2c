//! Curves as the study has them: a number for each column and epoch, to the bit.

use caviar_engine::train::Metric;
use caviar_store::study::{RunKey, SliceRow};

use crate::figures::Figures;
use crate::finished::CurvePoint;

/// What every epoch has; the metrics of the rows to choose by come after these.
const COLUMNS: [&str; 3] = ["train_loss", "last_batch_loss", "learning_rate"];

/// A stretch of a curve; nothing where it is empty.
pub(crate) fn slice(key: &RunKey, points: &[CurvePoint]) -> Option<SliceRow> {
    let first = points.first()?;
    let metrics = first.validation.iter().flat_map(Figures::values).map(|(metric, _)| metric.name());
    let columns: Vec<String> = COLUMNS.into_iter().chain(metrics).map(str::to_owned).collect();
    let numbers = points.iter().flat_map(|point| {
        let measured = point.validation.iter().flat_map(Figures::values).map(|(_, value)| *value);
        [point.train_loss, point.last_batch_loss, point.learning_rate].into_iter().chain(measured)
    });
    Some(SliceRow { key: key.clone(), first_epoch: first.epoch, columns, numbers: numbers.collect() })
}

/// Puts a stretch behind those before it.
pub(super) fn append(curve: &mut Vec<CurvePoint>, slice: &SliceRow) -> Result<(), String> {
    let Some((fixed, metrics)) = slice.columns.split_first_chunk::<3>() else {
        return Err("a slice without the columns of every epoch".to_owned());
    };
    if fixed != &COLUMNS || slice.first_epoch != curve.len() as u64 {
        return Err(format!("a slice of trial {} does not go on where the one before it ends", slice.key.trial));
    }
    let metrics = metrics.iter().map(|name| name.parse::<Metric>()).collect::<Result<Vec<_>, _>>();
    let metrics = metrics.map_err(|error| error.to_string())?;
    for numbers in slice.numbers.chunks_exact(slice.columns.len()) {
        let Some((&[train_loss, last_batch_loss, learning_rate], measured)) = numbers.split_first_chunk::<3>() else {
            continue;
        };
        let pairs: Vec<(Metric, f64)> = metrics.iter().copied().zip(measured.iter().copied()).collect();
        let validation = (!pairs.is_empty()).then(|| Figures::from_pairs(pairs));
        curve.push(CurvePoint { epoch: curve.len() as u64, train_loss, last_batch_loss, validation, learning_rate });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::{append, slice};
    use crate::figures::Figures;
    use crate::finished::CurvePoint;
    use caviar_engine::train::Metric;
    use caviar_store::study::RunKey;

    #[test]
    fn a_curve_in_two_slices_is_the_curve() {
        let point = |epoch| CurvePoint {
            epoch,
            train_loss: 0.1 + epoch as f64,
            last_batch_loss: f64::INFINITY,
            validation: Some(Figures::from_pairs(vec![(Metric::Loss, -0.0), (Metric::Accuracy, 1.0 / 3.0)])),
            learning_rate: 1e-300,
        };
        let curve: Vec<CurvePoint> = (0..7).map(point).collect();
        let key = RunKey { trial: 3, stage: "screen".to_owned(), part: 0 };
        let mut read = Vec::new();
        for part in [&curve[..3], &curve[3..]] {
            append(&mut read, &slice(&key, part).unwrap()).unwrap();
        }
        assert_eq!(read, curve);
        assert!(append(&mut read, &slice(&key, &curve[..3]).unwrap()).is_err());
        assert!(slice(&key, &[]).is_none());
    }
}
