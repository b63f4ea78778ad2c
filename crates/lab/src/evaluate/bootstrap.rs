//! How far a figure can be trusted: rows drawn anew, with replacement.

use std::thread;

use caviar_engine::rng::{Purpose, Stream};
use serde::{Deserialize, Serialize};

/// How often rows are drawn.
pub(super) const RESAMPLES: u64 = 1000;
/// The share of resamples below an interval, and above it: 95 % lie inside.
const TAIL: f64 = 0.025;

/// From where to where 95 % of the resamples lie.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Interval {
    /// The lower end.
    pub low: f64,
    /// The upper end.
    pub high: f64,
}

/// The percentile intervals of statistics of rows: each takes how often every row was drawn.
///
/// The draws are keyed by `(seed, number of the resample)`, so the intervals are the same on any number of threads.
/// None where a statistic is not defined on half of the resamples.
///
/// - **Reference:** Efron & Tibshirani 1993, *An introduction to the bootstrap*, chapter 13.
pub(super) fn intervals(
    rows: usize,
    seed: u64,
    threads: usize,
    statistics: impl Fn(&[u32]) -> Vec<f64> + Sync,
) -> Vec<Option<Interval>> {
    let numbers: Vec<u64> = (0..RESAMPLES).collect();
    let part = |numbers: &[u64]| {
        let mut counts = vec![0_u32; rows];
        let mut drawn = Vec::with_capacity(numbers.len());
        for &number in numbers {
            draw(&Stream::new(seed, Purpose::Resample, number), &mut counts);
            drawn.push(statistics(&counts));
        }
        drawn
    };
    let share = numbers.len().div_ceil(threads.max(1));
    let resamples: Vec<Vec<f64>> = thread::scope(|scope| {
        let parts: Vec<_> = numbers.chunks(share).map(|numbers| scope.spawn(move || part(numbers))).collect();
        let join = parts.into_iter().map(|part| part.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)));
        join.flatten().collect()
    });
    let figures = resamples.first().map_or(0, Vec::len);
    let column = |at: usize| resamples.iter().filter_map(|figures| figures.get(at).copied()).collect();
    (0..figures).map(|at| interval(column(at))).collect()
}

/// As many rows as there are, each equally likely: how often each one came.
fn draw(stream: &Stream, counts: &mut [u32]) {
    counts.fill(0);
    let rows = counts.len() as u64;
    let mut left = counts.len();
    for block in 0.. {
        for word in stream.at(block) {
            if left == 0 {
                return;
            }
            left -= 1;
            // A row is more or less likely than another by less than rows/2³².
            counts[((u64::from(word) * rows) >> 32) as usize] += 1;
        }
    }
}

fn interval(mut values: Vec<f64>) -> Option<Interval> {
    let all = values.len();
    values.retain(|value| value.is_finite());
    if values.len() * 2 < all || values.is_empty() {
        return None;
    }
    values.sort_unstable_by(f64::total_cmp);
    let at = |share: f64| {
        let place = share * (values.len() - 1) as f64;
        let (below, above) = (values[place.floor() as usize], values[place.ceil() as usize]);
        below + (above - below) * place.fract()
    };
    Some(Interval { low: at(TAIL), high: at(1.0 - TAIL) })
}

#[cfg(test)]
mod tests {
    use super::{Interval, interval, intervals};
    use caviar_engine::rng::{Purpose, Stream};

    fn mean_of(values: &[f64], seed: u64, threads: usize) -> Interval {
        let mean = |counts: &[u32]| {
            vec![counts.iter().zip(values).map(|(c, x)| f64::from(*c) * x).sum::<f64>() / values.len() as f64]
        };
        intervals(values.len(), seed, threads, mean)[0].unwrap()
    }

    fn normal(sample: u64, rows: u64) -> Vec<f64> {
        let stream = Stream::new(77, Purpose::Noise(1), sample);
        (0..rows).map(|row| stream.normal(row)).collect()
    }

    #[test]
    fn threads_change_no_bit() {
        let values = normal(0, 101);
        assert_eq!(mean_of(&values, 3, 1), mean_of(&values, 3, 7));
        assert_ne!(mean_of(&values, 3, 1), mean_of(&values, 4, 1));
    }

    #[test]
    fn the_interval_of_a_mean_covers_the_truth_nineteen_times_in_twenty() {
        let covers = |sample: &u64| {
            let Interval { low, high } = mean_of(&normal(*sample, 60), *sample, 1);
            low < 0.0 && 0.0 < high
        };
        let covered = (0..300).filter(covers).count();
        // 285 expected of 300, with a deviation of 3.8; percentile intervals of 60 rows are a little short.
        assert!((270..=296).contains(&covered), "{covered} of 300");
    }

    #[test]
    fn four_times_the_rows_halve_the_interval() {
        let width = |rows| {
            let Interval { low, high } = mean_of(&normal(1, rows), 1, 1);
            high - low
        };
        // ± 1.96/√n by theory.
        assert!((width(100) / 0.392 - 1.0).abs() < 0.2 && (width(400) / 0.196 - 1.0).abs() < 0.15);
    }

    #[test]
    fn percentiles_lie_between_values() {
        let values = (0..=40).map(f64::from).collect();
        assert_eq!(interval(values), Some(Interval { low: 1.0, high: 39.0 }));
        assert_eq!(interval(vec![f64::NAN, f64::NAN, 1.0]), None);
        assert_eq!(interval(vec![]), None);
    }
}
