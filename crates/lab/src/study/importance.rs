//! What mattered: how much of the differences between scores a setting explains by itself.

use std::collections::BTreeMap;

use caviar_engine::train::Metric;
use caviar_tune::{Params, Value};

use super::TrialView;

/// Fewer trials say nothing.
const LEAST: usize = 8;
/// Values are taken together in so many groups of like size at most.
const GROUPS: usize = 4;

/// The share of the variance of the trials' ranks that lies between the groups of a setting's values (ε², the
/// correlation ratio corrected for what chance would give):
///
/// ```text
/// ε² = (S_between − (k − 1)·S_within/(n − k)) / S_total, at least 0
/// ```
///
/// for `n` trials in `k` groups: words by themselves, numbers in up to four groups of like size, trials without the
/// setting in a group of their own. Ranks, so that a few very bad trials do not decide. A setting is looked at alone: two
/// that matter only together share nothing, and shares do not add up to 1.
///
/// Reference: Kelley, An unbiased correlation ratio measure, PNAS 21 (1935).
pub(super) fn of(trials: &[TrialView], metric: Metric) -> Vec<(String, f64)> {
    let mut scored: Vec<(&Params, f64)> = trials
        .iter()
        .filter_map(|trial| Some((&trial.params, trial.score.filter(|score| score.is_finite())?)))
        .collect();
    if scored.len() < LEAST {
        return Vec::new();
    }
    scored.sort_by(|a, b| metric.better_first(a.1, b.1));
    let ranks = ranks(&scored.iter().map(|(_, score)| *score).collect::<Vec<_>>());
    let names: std::collections::BTreeSet<&str> =
        scored.iter().flat_map(|(params, _)| params.iter()).map(|(name, _)| name).collect();
    let mut shares: Vec<(String, f64)> = names
        .into_iter()
        .filter_map(|name| {
            let values: Vec<Option<&Value>> = scored.iter().map(|(params, _)| params.get(name)).collect();
            Some((name.to_owned(), explained(&groups(&values), &ranks)?))
        })
        .collect();
    shares.sort_by(|a, b| b.1.total_cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
    shares
}

/// The places of sorted scores, equal ones sharing the mean of theirs.
fn ranks(sorted: &[f64]) -> Vec<f64> {
    let mut ranks = vec![0.0; sorted.len()];
    let mut start = 0;
    for part in sorted.chunk_by(|a, b| a == b) {
        let mean = start as f64 + (part.len() - 1) as f64 / 2.0;
        ranks[start..start + part.len()].fill(mean);
        start += part.len();
    }
    ranks
}

/// The group of each value.
fn groups(values: &[Option<&Value>]) -> Vec<String> {
    let numbers: Vec<Option<f64>> = values.iter().map(|value| value.and_then(number)).collect();
    let mut known: Vec<f64> = numbers.iter().flatten().copied().collect();
    known.sort_by(f64::total_cmp);
    let mut distinct = known.clone();
    distinct.dedup();
    let group = |number: f64| {
        if distinct.len() <= GROUPS {
            return number.to_string();
        }
        // By the middle of its places, so that equal numbers stay together.
        let below = known.partition_point(|other| *other < number);
        let up_to = known.partition_point(|other| *other <= number);
        format!("quarter {}", (below + up_to) * GROUPS / (2 * known.len() + 1))
    };
    let name = |(value, number): (&Option<&Value>, &Option<f64>)| match (value, number) {
        (_, Some(number)) => group(*number),
        (Some(value), None) => format!("{value}"),
        (None, None) => String::new(),
    };
    values.iter().zip(&numbers).map(name).collect()
}

/// A number, or the units of all layers of `64,32`.
fn number(value: &Value) -> Option<f64> {
    match value {
        Value::Integer(_) | Value::Number(_) => value.as_number(),
        Value::Word(word) if word == "none" => Some(0.0),
        Value::Word(word) => word.split(',').map(|units| units.parse::<u32>().ok().map(f64::from)).sum(),
    }
}

/// ε² of ranks in groups; nothing for one group, or for as many groups as trials.
fn explained(groups: &[String], ranks: &[f64]) -> Option<f64> {
    let mut members: BTreeMap<&str, Vec<f64>> = BTreeMap::new();
    for (group, rank) in groups.iter().zip(ranks) {
        members.entry(group).or_default().push(*rank);
    }
    let (n, k) = (ranks.len() as f64, members.len() as f64);
    if members.len() < 2 || members.len() >= ranks.len() {
        return None;
    }
    let mean = |values: &[f64]| values.iter().sum::<f64>() / values.len() as f64;
    let squares = |values: &[f64], center: f64| values.iter().map(|value| (value - center).powi(2)).sum::<f64>();
    let total = squares(ranks, mean(ranks));
    let within: f64 = members.values().map(|values| squares(values, mean(values))).sum();
    let share = (total - within - (k - 1.0) * within / (n - k)) / total;
    Some(if share.is_finite() { share.clamp(0.0, 1.0) } else { 0.0 })
}

#[cfg(test)]
mod tests {
    use super::{explained, groups, ranks};
    use caviar_tune::Value;

    #[test]
    fn equal_scores_share_their_places() {
        assert_eq!(ranks(&[0.1, 0.2, 0.2, 0.9]), [0.0, 1.5, 1.5, 3.0]);
    }

    #[test]
    fn the_share_is_that_of_the_formula() {
        // Ranks 0 1 | 2 3: means 0.5 and 2.5, within 0.5 + 0.5 = 1, total 5; ε² = (4 − 1·1/2)/5.
        let groups = ["a", "a", "b", "b"].map(str::to_owned);
        assert_eq!(explained(&groups, &[0.0, 1.0, 2.0, 3.0]), Some(0.7));
        // Alternating, it explains less than chance.
        assert_eq!(explained(&groups, &[0.0, 3.0, 1.0, 2.0]), Some(0.0));
        assert_eq!(explained(&["a", "a"].map(str::to_owned), &[0.0, 1.0]), None);
        assert_eq!(explained(&["a", "b"].map(str::to_owned), &[0.0, 1.0]), None);
    }

    #[test]
    fn numbers_are_taken_together_and_layers_count_as_their_units() {
        let values: Vec<Value> = (1..=8).map(Value::from).collect();
        let found = groups(&values.iter().map(Some).collect::<Vec<_>>());
        assert_eq!(found.chunk_by(|a, b| a == b).map(<[String]>::len).collect::<Vec<_>>(), [2, 2, 2, 2]);
        let words = [Value::from("64,32"), Value::from("none"), Value::from("96"), Value::from("relu")];
        let found = groups(&words.iter().map(Some).collect::<Vec<_>>());
        assert_eq!(found, ["96", "0", "96", "relu"]);
    }
}
