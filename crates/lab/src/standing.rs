//! How sure the order of the leaders is: their scores with several seeds, compared in pairs.

use std::cmp::Ordering;

use caviar_engine::train::Metric;
use serde::{Deserialize, Serialize};

use crate::evaluate::Interval;
use crate::finished::TrialRecord;
use crate::picture::text::score;

/// How a leader stands beside the first of the leaderboard.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Standing {
    /// It is the first.
    First,
    /// Its scores do not tell it from the first: not yet distinguishable.
    Undecided,
    /// It is worse than the first, with 95 % confidence.
    Worse,
    /// It diverged with another seed.
    Diverged,
}

impl Standing {
    /// In words; the first needs none.
    pub fn words(self) -> &'static str {
        match self {
            Standing::First => "",
            Standing::Undecided => "not yet distinguishable",
            Standing::Worse => "worse",
            Standing::Diverged => "diverged with another seed",
        }
    }
}

/// The scores of a leader with several seeds.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Repeats {
    /// One for each seed, the first that by which it became a leader; in a cross-validated search one for each deal of the
    /// rows into folds.
    pub scores: Vec<f64>,
    /// Their mean.
    pub mean: f64,
    /// Where the mean over many seeds lies with 95 % confidence, by Student's t; of one seed nothing is known.
    pub interval: Option<Interval>,
    /// How it stands beside the first.
    pub standing: Standing,
}

impl Repeats {
    /// The mean with its interval, `0.1234 [0.1201, 0.1267]`.
    pub fn words(&self) -> String {
        let mean = score(Some(self.mean));
        match self.interval {
            Some(Interval { low, high }) => format!("{mean} [{}, {}]", score(Some(low)), score(Some(high))),
            None => mean,
        }
    }
}

/// The order of two trials on a leaderboard as far as their seeds tell: leaders first, by their means, those that diverged
/// with a seed last among them.
pub(crate) fn order(metric: Metric, a: Option<&Repeats>, b: Option<&Repeats>) -> Ordering {
    let diverged = |repeats: &Repeats| repeats.standing == Standing::Diverged;
    match (a, b) {
        (Some(a), Some(b)) => {
            let first = |repeats: &Repeats| repeats.standing != Standing::First;
            let rank = first(a).cmp(&first(b)).then(diverged(a).cmp(&diverged(b)));
            rank.then_with(|| metric.better_first(a.mean, b.mean))
        }
        (a, b) => b.is_some().cmp(&a.is_some()),
    }
}

/// As [`order`], of two trials.
pub(crate) fn lead(metric: Metric, a: &TrialRecord, b: &TrialRecord) -> Ordering {
    order(metric, a.repeats.as_ref(), b.repeats.as_ref())
}

/// The scores of leaders, each with several seeds, in pairs: seed by seed, or deal by deal. The first is that with the
/// best mean, of equal ones the earlier. Another one is worse where the differences `d` to the first say so:
///
/// ```text
/// mean(d) − t · s(d)/√n > 0        d: cost of the other less cost of the first, seed by seed
///                                  s: standard deviation with n − 1;  t: 97.5 % point of Student's t with n − 1
/// ```
///
/// else the two are not yet distinguishable. Scores that are not finite are those of seeds with which it diverged; such a
/// leader is no first while there is another.
pub(crate) fn standings(metric: Metric, leaders: &[Vec<f64>]) -> Vec<Repeats> {
    let costs: Vec<Vec<f64>> =
        leaders.iter().map(|scores| scores.iter().map(|score| metric.cost(*score)).collect()).collect();
    // What is not finite makes the mean so, too.
    let mean_cost = |place: &usize| Some(mean(&costs[*place])).filter(|cost| cost.is_finite()).unwrap_or(f64::INFINITY);
    let first = (0..leaders.len()).min_by(|a, b| mean_cost(a).total_cmp(&mean_cost(b)).then(a.cmp(b)));
    let standing = |place: usize| match first {
        Some(first) if first == place => Standing::First,
        _ if costs[place].iter().any(|cost| !cost.is_finite()) => Standing::Diverged,
        Some(first) => {
            let differences: Vec<f64> = costs[place].iter().zip(&costs[first]).map(|(a, b)| a - b).collect();
            match interval(&differences) {
                Some(interval) if interval.low > 0.0 => Standing::Worse,
                Some(_) | None => Standing::Undecided,
            }
        }
        None => Standing::Undecided,
    };
    let finite = |scores: &[f64]| scores.iter().copied().filter(|score| score.is_finite()).collect::<Vec<_>>();
    let repeats = leaders.iter().enumerate().map(|(place, scores)| {
        let scores = finite(scores);
        Repeats { mean: mean(&scores), interval: interval(&scores), standing: standing(place), scores }
    });
    repeats.collect()
}

fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len() as f64
}

/// Where the mean of many such values lies with 95 % confidence; nothing for less than two.
fn interval(values: &[f64]) -> Option<Interval> {
    let freedom = values.len().checked_sub(1).filter(|freedom| *freedom > 0)?;
    let center = mean(values);
    let squares: f64 = values.iter().map(|value| (value - center).powi(2)).sum();
    let half = student(freedom) * (squares / freedom as f64 / values.len() as f64).sqrt();
    Some(Interval { low: center - half, high: center + half })
}

/// The 97.5 % point of Student's t: from a table, beyond it by the expansion of Cornish and Fisher.
fn student(freedom: usize) -> f64 {
    const TABLE: [f64; 9] = [12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262];
    const NORMAL: f64 = 1.959_964;
    if let Some(point) = freedom.checked_sub(1).and_then(|place| TABLE.get(place)) {
        return *point;
    }
    let (z, n) = (NORMAL, freedom as f64);
    z + (z.powi(3) + z) / (4.0 * n) + (5.0 * z.powi(5) + 16.0 * z.powi(3) + 3.0 * z) / (96.0 * n * n)
}

#[cfg(test)]
mod tests {
    use super::{Standing, interval, standings, student};
    use caviar_engine::train::Metric;

    #[test]
    fn the_points_of_students_t_are_those_of_the_table() {
        // Abramowitz & Stegun, table 26.10.
        for (freedom, point) in [(1, 12.706), (3, 3.182), (10, 2.228), (20, 2.086), (60, 2.000)] {
            assert!((student(freedom) - point).abs() < 0.004, "{freedom}");
        }
    }

    #[test]
    fn the_interval_of_four_values_is_that_of_the_book() {
        // Mean 2.5, deviation √(5/3), half of the length 3.182·√(5/12) = 2.0540.
        let found = interval(&[1.0, 2.0, 3.0, 4.0]).unwrap();
        assert!((found.low - 0.446).abs() < 1e-3 && (found.high - 4.554).abs() < 1e-3);
        assert_eq!(interval(&[1.0]), None);
    }

    #[test]
    fn what_differs_by_the_same_for_every_seed_is_told_apart_and_what_crosses_is_not() {
        let base = [0.30, 0.20, 0.50, 0.40];
        let steady: Vec<f64> = base.iter().zip([0.011, 0.010, 0.009, 0.010]).map(|(cost, more)| cost + more).collect();
        let crossing = vec![0.20, 0.32, 0.38, 0.52];
        let found = standings(Metric::Loss, &[steady.clone(), base.to_vec(), crossing.clone()]);
        let standing: Vec<Standing> = found.iter().map(|repeats| repeats.standing).collect();
        assert_eq!(standing, [Standing::Worse, Standing::First, Standing::Undecided]);
        // Where more is better, the one with more is the first.
        let found = standings(Metric::Accuracy, &[steady, base.to_vec(), crossing]);
        let standing: Vec<Standing> = found.iter().map(|repeats| repeats.standing).collect();
        assert_eq!(standing, [Standing::First, Standing::Worse, Standing::Undecided]);
    }

    #[test]
    fn who_diverged_is_no_first_and_of_equal_ones_the_earlier_is() {
        let found = standings(Metric::Loss, &[vec![0.1, f64::NAN], vec![0.3, 0.3], vec![0.3, 0.3]]);
        let standing: Vec<Standing> = found.iter().map(|repeats| repeats.standing).collect();
        assert_eq!(standing, [Standing::Diverged, Standing::First, Standing::Undecided]);
        assert_eq!((found[0].mean, found[0].interval), (0.1, None));
    }
}
