/// A trial that goes on is trained for about so many times the epochs that it had.
pub(crate) const ETA: u64 = 3;

/// The epochs at which trials are compared: a 27th of the most epochs, three times as many, nine times, and all.
///
/// ```text
/// 50 epochs   2, 6, 18, 50
/// 10 epochs   1, 3, 10
/// ```
pub(crate) fn rungs(epochs: u64) -> Vec<u64> {
    let mut rungs = Vec::new();
    let mut rung = ((epochs as f64 / 27.0).round() as u64).max(1);
    // A last step of less than half as many epochs again would tell little.
    while rung.saturating_mul(ETA) <= epochs.saturating_mul(2) && rung < epochs {
        rungs.push(rung);
        rung = rung.saturating_mul(ETA);
    }
    rungs.push(epochs);
    rungs
}

/// How many of so many new trials reach each rung: all, a third, a ninth, ..., always one.
pub(crate) fn survivors(fresh: u64, rungs: usize) -> Vec<u64> {
    let mut reaching = vec![fresh];
    while reaching.len() < rungs {
        let before = reaching.last().copied().unwrap_or(0);
        reaching.push((before as f64 / ETA as f64).round().max(1.0) as u64);
    }
    reaching
}

/// The epochs of a generation with so many new trials.
pub(crate) fn cost(fresh: u64, rungs: &[u64]) -> u64 {
    let steps = rungs.iter().scan(0, |before, &rung| Some(rung - std::mem::replace(before, rung)));
    survivors(fresh, rungs.len()).iter().zip(steps).map(|(trials, epochs)| trials.saturating_mul(epochs)).sum()
}

#[cfg(test)]
mod tests {
    use super::{cost, rungs, survivors};

    #[test]
    fn rungs_are_thirds_of_the_most_epochs() {
        assert_eq!(rungs(50), [2, 6, 18, 50]);
        assert_eq!(rungs(10), [1, 3, 10]);
        assert_eq!(rungs(81), [3, 9, 27, 81]);
        assert_eq!([rungs(1), rungs(2), rungs(3)], [vec![1], vec![1, 2], vec![1, 3]]);
    }

    #[test]
    fn twenty_seven_trials_cost_what_their_thirds_cost() {
        assert_eq!(survivors(27, 4), [27, 9, 3, 1]);
        // 27 · 2 + 9 · 4 + 3 · 12 + 1 · 32.
        assert_eq!(cost(27, &[2, 6, 18, 50]), 158);
        assert_eq!(cost(1, &[2, 6, 18, 50]), 50);
    }
}
