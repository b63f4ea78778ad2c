//! What mattered: how much of the differences between scores a setting explains by itself.

use std::cmp::Ordering;

use caviar_engine::train::Metric;
use caviar_tune::{Params, Value};

use super::forest::{Input, explained};

/// Fewer trials say nothing.
const LEAST: usize = 8;
/// Of more trials every second, third, ... is looked at.
const MOST: usize = 512;

/// The share of the variance of the trials' ranks that each setting explains alone, by functional analysis of variance on
/// a forest ([`explained`]), the largest first. A setting that a trial does not have is a value of its own.
///
/// Ranks, so that a few very bad trials do not decide. Shares do not add up to 1: two settings that matter only together
/// explain nothing alone.
pub(crate) fn of<'a>(trials: impl Iterator<Item = (&'a Params, Option<f64>)>, metric: Metric) -> Vec<(String, f64)> {
    let scored = trials.filter_map(|(params, score)| Some((params, score.filter(|score| score.is_finite())?)));
    let scored: Vec<(&Params, f64)> = scored.collect();
    if scored.len() < LEAST {
        return Vec::new();
    }
    let mut scored: Vec<(&Params, f64)> = scored.iter().step_by(scored.len().div_ceil(MOST)).copied().collect();
    scored.sort_by(|a, b| metric.better_first(a.1, b.1));
    let ranks = ranks(&scored.iter().map(|(_, score)| *score).collect::<Vec<_>>());
    let names: std::collections::BTreeSet<&str> =
        scored.iter().flat_map(|(params, _)| params.iter()).map(|(name, _)| name).collect();
    let (names, inputs): (Vec<&str>, Vec<Input>) = names
        .into_iter()
        .map(|name| {
            let keys: Vec<Key> = scored.iter().map(|(params, _)| Key::of(params.get(name))).collect();
            (name, Input::new(&keys))
        })
        .filter(|(_, input)| input.varies())
        .unzip();
    let shares = explained(&inputs, &ranks);
    let mut shares: Vec<(String, f64)> = names.into_iter().map(str::to_owned).zip(shares).collect();
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

/// By what values are ordered: no value, numbers, words.
#[derive(Debug, Clone, PartialEq)]
enum Key {
    None,
    Number(f64),
    Word(String),
}

impl Key {
    fn of(value: Option<&Value>) -> Key {
        match (value, value.and_then(number)) {
            (None, _) => Key::None,
            (Some(_), Some(number)) => Key::Number(number),
            (Some(value), None) => Key::Word(value.to_string()),
        }
    }
}

impl Eq for Key {}

impl PartialOrd for Key {
    fn partial_cmp(&self, other: &Key) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Key {
    fn cmp(&self, other: &Key) -> Ordering {
        match (self, other) {
            (Key::Number(a), Key::Number(b)) => a.total_cmp(b),
            (Key::Word(a), Key::Word(b)) => a.cmp(b),
            (Key::None, Key::None) => Ordering::Equal,
            (Key::None, _) | (Key::Number(_), Key::Word(_)) => Ordering::Less,
            _ => Ordering::Greater,
        }
    }
}

/// A number, or the units of all layers of `64,32`.
fn number(value: &Value) -> Option<f64> {
    match value {
        Value::Integer(_) | Value::Number(_) => value.as_number(),
        Value::Word(word) if word == "none" => Some(0.0),
        Value::Word(word) => word.split(',').map(|units| units.parse::<u32>().ok().map(f64::from)).sum(),
    }
}

#[cfg(test)]
mod tests {
    use super::{Key, number, ranks};
    use caviar_tune::Value;

    #[test]
    fn equal_scores_share_their_places() {
        assert_eq!(ranks(&[0.1, 0.2, 0.2, 0.9]), [0.0, 1.5, 1.5, 3.0]);
    }

    #[test]
    fn layers_count_as_their_units_and_no_value_comes_first() {
        let words = ["64,32", "none", "96", "relu"].map(Value::from);
        assert_eq!(words.each_ref().map(number), [Some(96.0), Some(0.0), Some(96.0), None]);
        let mut keys = [Some(&words[3]), Some(&words[0]), None, Some(&words[1])].map(Key::of);
        keys.sort();
        assert_eq!(keys, [Key::None, Key::Number(0.0), Key::Number(96.0), Key::Word("relu".to_owned())]);
    }
}
