//! Whether probabilities hold.

use super::{Calibration, CalibrationBin};

/// Steps of the probability.
const BINS: usize = 10;

/// From the probability said of each row and whether the row is of the class.
///
/// - **Convention:** a probability on an edge belongs to the step below it; 0 belongs to the first.
pub(super) fn calibration(class: &str, said: &[(f64, bool)]) -> Calibration {
    let mut sums = [(0_u64, 0.0, 0_u64); BINS];
    for &(probability, positive) in said.iter().filter(|(probability, _)| !probability.is_nan()) {
        let step = (1..BINS).take_while(|edge| probability > *edge as f64 * (1.0 / BINS as f64)).count();
        let (rows, predicted, positives) = &mut sums[step];
        *rows += 1;
        *predicted += probability;
        *positives += u64::from(positive);
    }
    let bins: Vec<CalibrationBin> = sums
        .iter()
        .filter(|(rows, ..)| *rows > 0)
        .map(|&(rows, predicted, positives)| CalibrationBin {
            rows,
            predicted: predicted / rows as f64,
            observed: positives as f64 / rows as f64,
        })
        .collect();
    let rows: u64 = bins.iter().map(|bin| bin.rows).sum();
    let error: f64 = bins.iter().map(|bin| bin.rows as f64 * (bin.predicted - bin.observed).abs()).sum();
    Calibration { class: class.to_owned(), bins, expected_error: error / rows as f64 }
}
