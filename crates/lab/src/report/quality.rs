//! How good each trial is among all: its color, and its place on the axis of scores.

use super::Report;
use crate::picture::axis::Axis;
use crate::picture::text::figure;

/// Colors, from the worst to the best.
pub(super) const LEVELS: usize = 6;
/// The shares of the trials that are better than those of a color: the best twentieth has the last one.
const SHARES: [f64; LEVELS - 1] = [0.05, 0.15, 0.3, 0.5, 0.75];
/// Scores are drawn by their powers where the largest is so many times the smallest.
const WIDE: f64 = 30.0;

/// The scores of a report's trials, as something to look at.
#[derive(Clone, Debug)]
pub(super) struct Quality {
    axis: Axis,
    flipped: bool,
    /// Of each trial the place of its score, 1 the best; those of the worst quarter lie at 0, at least. None without a score.
    pub(super) places: Vec<Option<f64>>,
    /// Of each trial its color.
    pub(super) levels: Vec<Option<usize>>,
    /// Of each trial the share of the trials that it is better than, from 0 to 1.
    pub(super) ranks: Vec<Option<f64>>,
}

impl Quality {
    /// None where fewer trials than these have a score.
    pub(super) fn of(report: &Report, fewest: usize) -> Option<Quality> {
        let score = |at: usize| report.trials[at].score.filter(|score| score.is_finite());
        let cost = |at: usize| score(at).map_or(f64::INFINITY, |s| if report.higher_is_better { -s } else { s });
        let mut order: Vec<usize> = (0..report.trials.len()).filter(|&at| score(at).is_some()).collect();
        if order.len() < fewest.max(1) {
            return None;
        }
        order.sort_by(|a, b| cost(*a).total_cmp(&cost(*b)).then(a.cmp(b)));
        // The worst quarter would press the others together.
        let seen = order.len() * 3 / 4 + 1;
        let seen: Vec<f64> = order.iter().take(seen).filter_map(|&at| score(at)).collect();
        let (low, high) = seen.iter().fold((f64::INFINITY, f64::NEG_INFINITY), |(l, h), v| (l.min(*v), h.max(*v)));
        let axis = Axis::around(seen.iter().copied(), low > 0.0 && high > WIDE * low)?;
        let mut quality = Quality {
            axis,
            flipped: !report.higher_is_better,
            places: vec![None; report.trials.len()],
            levels: vec![None; report.trials.len()],
            ranks: vec![None; report.trials.len()],
        };
        for (rank, &at) in order.iter().enumerate() {
            let share = rank as f64 / order.len() as f64;
            quality.levels[at] = Some(LEVELS - 1 - SHARES.iter().filter(|end| share >= **end).count());
            quality.places[at] = score(at).map(|score| quality.place(score));
            quality.ranks[at] = Some(1.0 - rank as f64 / (order.len() - 1).max(1) as f64);
        }
        Some(quality)
    }

    fn place(&self, score: f64) -> f64 {
        let unit = self.axis.unit(score);
        let unit = if unit.is_finite() { unit } else { 0.0 };
        (if self.flipped { 1.0 - unit } else { unit }).clamp(0.0, 1.0)
    }

    /// Places with the scores that stand at them.
    pub(super) fn ticks(&self, about: usize) -> Vec<(f64, String)> {
        self.axis.ticks(about).into_iter().map(|tick| (self.place(tick), figure(tick))).collect()
    }
}
