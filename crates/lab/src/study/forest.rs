//! Which inputs explain a score: functional analysis of variance on a forest of regression trees.

use std::collections::BTreeSet;

use caviar_engine::rng::{Purpose, Stream};

/// Trees of the forest.
const TREES: u64 = 32;
/// A leaf has at least so many of a tree's draws.
const LEAF: usize = 3;
/// The forest is the same for the same trials.
const SEED: u64 = 0;

/// An input: the code of every trial's value, and where values end in the unit interval, the first at `ends[0]`.
///
/// A value takes as much of the interval as trials have it, so that means over the interval are means over trials.
#[derive(Clone, Debug)]
pub(super) struct Input {
    codes: Vec<usize>,
    ends: Vec<f64>,
}

impl Input {
    /// For values that are ordered by their keys.
    pub(super) fn new<K: Ord>(keys: &[K]) -> Self {
        let distinct: Vec<&K> = keys.iter().collect::<BTreeSet<_>>().into_iter().collect();
        let codes: Vec<usize> = keys.iter().map(|key| distinct.binary_search(&key).unwrap_or(0)).collect();
        let mut counts = vec![0_usize; distinct.len()];
        codes.iter().for_each(|&code| counts[code] += 1);
        let sums = counts.iter().scan(0, |sum, count| {
            *sum += count;
            Some(*sum as f64 / keys.len() as f64)
        });
        Input { ends: sums.collect(), codes }
    }

    /// Whether trials differ in it.
    pub(super) fn varies(&self) -> bool {
        self.ends.len() > 1
    }

    /// The same values dealt to other trials: an input without effect.
    fn shuffled(&self, number: u64) -> Self {
        let mut codes = self.codes.clone();
        Stream::new(SEED, Purpose::Resample, TREES + number).shuffle(&mut codes);
        Input { codes, ends: self.ends.clone() }
    }

    /// Where a value begins.
    fn start(&self, code: usize) -> f64 {
        if code == 0 { 0.0 } else { self.ends[code - 1] }
    }
}

/// A leaf: what it covers of each input, from one code up to before another, and its mean.
#[derive(Clone, Debug)]
struct Leaf {
    covers: Vec<(usize, usize)>,
    mean: f64,
}

/// The share of the forest's variance that each input explains alone, corrected for what chance gives:
///
/// ```text
/// V = Σ_leaves volume · (mean − m)²                       m = Σ_leaves volume · mean
/// V_j = ∫ (a_j(x_j) − m)² dx_j                            a_j: the mean over all other inputs
/// share_j = mean over trees of V_j/V, less the mean of the same for all inputs shuffled; at least 0
/// ```
///
/// - **Reference:** Hutter, Hoos & Leyton-Brown 2014, "An efficient approach for assessing hyperparameter importance".
pub(super) fn explained(inputs: &[Input], scores: &[f64]) -> Vec<f64> {
    let shadows: Vec<Input> = inputs.iter().zip(0..).map(|(input, number)| input.shuffled(number)).collect();
    let all: Vec<&Input> = inputs.iter().chain(&shadows).collect();
    let mut shares = vec![0.0; all.len()];
    let mut trees = 0.0;
    for number in 0..TREES {
        let stream = Stream::new(SEED, Purpose::Resample, number);
        let drawn = (0..scores.len() as u64).map(|place| stream.below(place, scores.len() as u64) as usize).collect();
        let leaves = grow(&all, scores, drawn);
        let volume =
            |leaf: &Leaf| leaf.covers.iter().zip(&all).map(|(cover, input)| length(input, *cover)).product::<f64>();
        let volumes: Vec<f64> = leaves.iter().map(volume).collect();
        let mean: f64 = leaves.iter().zip(&volumes).map(|(leaf, volume)| volume * leaf.mean).sum();
        let total: f64 = leaves.iter().zip(&volumes).map(|(leaf, volume)| volume * (leaf.mean - mean).powi(2)).sum();
        if total > 0.0 {
            trees += 1.0;
            for (place, (share, input)) in shares.iter_mut().zip(&all).enumerate() {
                *share += alone(&leaves, &volumes, input, place, mean) / total;
            }
        }
    }
    // What chance gives to one input it gives to any.
    let chance = shares[inputs.len()..].iter().sum::<f64>() / inputs.len().max(1) as f64;
    let corrected = |share: &f64| if trees > 0.0 { ((share - chance) / trees).max(0.0) } else { 0.0 };
    shares[..inputs.len()].iter().map(corrected).collect()
}

fn length(input: &Input, (from, to): (usize, usize)) -> f64 {
    input.ends[to - 1] - input.start(from)
}

/// The variance of the mean over all other inputs.
fn alone(leaves: &[Leaf], volumes: &[f64], input: &Input, place: usize, mean: f64) -> f64 {
    // By how much the mean rises where a value begins.
    let mut rises = vec![0.0; input.ends.len() + 1];
    for (leaf, volume) in leaves.iter().zip(volumes) {
        let (from, to) = leaf.covers[place];
        let height = leaf.mean * volume / length(input, (from, to));
        rises[from] += height;
        rises[to] -= height;
    }
    let mut height = 0.0;
    let values = rises[..input.ends.len()].iter().enumerate().map(|(code, rise)| {
        height += rise;
        length(input, (code, code + 1)) * (height - mean).powi(2)
    });
    values.sum()
}

/// A tree on these draws, split where squares fall most.
fn grow(inputs: &[&Input], scores: &[f64], drawn: Vec<usize>) -> Vec<Leaf> {
    let everything = inputs.iter().map(|input| (0, input.ends.len())).collect();
    let mut open = vec![(drawn, Leaf { covers: everything, mean: 0.0 })];
    let mut leaves = Vec::new();
    while let Some((drawn, mut leaf)) = open.pop() {
        match split(inputs, scores, &drawn) {
            Some((place, code)) => {
                let (low, high): (Vec<usize>, Vec<usize>) =
                    drawn.into_iter().partition(|&trial| inputs[place].codes[trial] < code);
                let mut above = leaf.clone();
                leaf.covers[place].1 = code;
                above.covers[place].0 = code;
                open.extend([(low, leaf), (high, above)]);
            }
            None => {
                leaf.mean = drawn.iter().map(|&trial| scores[trial]).sum::<f64>() / drawn.len().max(1) as f64;
                leaves.push(leaf);
            }
        }
    }
    leaves
}

/// The input and the first code of the upper part.
fn split(inputs: &[&Input], scores: &[f64], drawn: &[usize]) -> Option<(usize, usize)> {
    let total: f64 = drawn.iter().map(|&trial| scores[trial]).sum();
    let count = drawn.len() as f64;
    let mut best: Option<(f64, usize, usize)> = None;
    for (place, input) in inputs.iter().enumerate() {
        let mut sorted: Vec<(usize, f64)> = drawn.iter().map(|&trial| (input.codes[trial], scores[trial])).collect();
        sorted.sort_by_key(|(code, _)| *code);
        let mut sum = 0.0;
        for (taken, pair) in sorted.windows(2).enumerate() {
            sum += pair[0].1;
            let below = taken + 1;
            if pair[0].0 == pair[1].0 || below < LEAF || drawn.len() - below < LEAF {
                continue;
            }
            let (low, high) = (below as f64, count - below as f64);
            let gain = sum * sum / low + (total - sum).powi(2) / high - total * total / count;
            if gain > 1e-9 * count && best.is_none_or(|(most, ..)| gain > most) {
                best = Some((gain, place, pair[1].0));
            }
        }
    }
    best.map(|(_, place, code)| (place, code))
}

#[cfg(test)]
mod tests {
    use super::{Input, explained};
    use caviar_engine::rng::{Purpose, Stream};

    /// So many trials of inputs that are uniform in `0..1000`.
    fn inputs(trials: u64, count: u64) -> (Vec<Vec<u64>>, Vec<Input>) {
        let column =
            |number| (0..trials).map(|trial| Stream::new(7, Purpose::Noise(1), number).below(trial, 1000)).collect();
        let values: Vec<Vec<u64>> = (0..count).map(column).collect();
        let inputs = values.iter().map(|column| Input::new(column)).collect();
        (values, inputs)
    }

    #[test]
    fn shares_are_those_of_the_formula() {
        // 4x + 2y: variances 16/12 and 4/12 of uniform inputs, shares 0.8 and 0.2, nothing for the other two.
        let (values, inputs) = inputs(600, 4);
        let scores: Vec<f64> =
            (0..600).map(|trial| (4 * values[0][trial] + 2 * values[1][trial]) as f64 / 1000.0).collect();
        let shares = explained(&inputs, &scores);
        assert!((shares[0] - 0.8).abs() < 0.06 && (shares[1] - 0.2).abs() < 0.06, "{shares:?}");
        assert!(shares[2] < 0.02 && shares[3] < 0.02, "{shares:?}");
    }

    #[test]
    fn two_that_matter_only_together_explain_nothing_alone() {
        let (values, inputs) = inputs(600, 3);
        let scores: Vec<f64> =
            (0..600).map(|trial| f64::from((values[0][trial] < 500) != (values[1][trial] < 500))).collect();
        let shares = explained(&inputs, &scores);
        assert!(shares.iter().all(|share| *share < 0.1), "{shares:?}");
    }

    #[test]
    fn a_parameter_without_effect_has_less_than_two_percent() {
        for trials in [64, 200] {
            let (values, inputs) = inputs(trials, 8);
            let score = |trial: usize| {
                let x = |number: usize| values[number][trial] as f64 / 1000.0;
                (x(0) - 0.3).powi(2) * 3.0 + x(1) + 0.4 * x(2) + 0.2 * x(7)
            };
            let scores: Vec<f64> = (0..trials as usize).map(score).collect();
            let shares = explained(&inputs, &scores);
            assert!(shares[3..7].iter().all(|share| *share < 0.02), "{trials}: {shares:?}");
            assert!(shares[0] > 0.2 && shares[1] > 0.1, "{trials}: {shares:?}");
        }
    }

    #[test]
    fn equal_scores_are_explained_by_nothing() {
        let (_, inputs) = inputs(20, 2);
        assert_eq!(explained(&inputs, &[0.5; 20]), [0.0, 0.0]);
    }
}
