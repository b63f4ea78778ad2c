//! Slices for a terminal: how good trials are along a setting.

use super::Report;
use super::dimension::Dimension;
use super::quality::Quality;

/// Fewer scores say nothing about a setting.
const FEWEST_TRIALS: usize = 6;

/// How good trials are along a setting.
#[derive(Clone, Debug, PartialEq)]
pub struct Slice {
    /// The setting.
    pub name: String,
    /// Its least and its largest value; empty for words.
    pub ends: [String; 2],
    /// `log`, where it goes by powers.
    pub scale: &'static str,
    /// Its words; none for numbers.
    pub words: Vec<String>,
    /// In each part of the setting, or for each word, the share of all trials that its median trial is better than; none
    /// where there is no trial.
    pub goodness: Vec<Option<f64>>,
}

impl Report {
    /// The settings that vary, what mattered first, numbers in so many parts of their scale; none for few trials.
    pub fn slices(&self, parts: usize) -> Vec<Slice> {
        let Some(quality) = Quality::of(self, FEWEST_TRIALS) else { return Vec::new() };
        let slice = |dimension: Dimension| {
            let words = dimension.words().to_vec();
            let parts = if words.is_empty() { parts.max(1) } else { words.len() };
            let mut found = vec![Vec::new(); parts];
            for (place, rank) in dimension.places.iter().zip(&quality.ranks) {
                if let (Some(place), Some(rank)) = (place, rank) {
                    found[((place * parts as f64) as usize).min(parts - 1)].push(*rank);
                }
            }
            let goodness = found.into_iter().map(median).collect();
            let ends = [dimension.end(false), dimension.end(true)];
            Slice { ends, scale: dimension.scale_words(), name: dimension.name, words, goodness }
        };
        Dimension::all(self).into_iter().map(slice).collect()
    }
}

fn median(mut ranks: Vec<f64>) -> Option<f64> {
    ranks.sort_unstable_by(f64::total_cmp);
    let upper = *ranks.get(ranks.len() / 2)?;
    let lower = *ranks.get(ranks.len().saturating_sub(1) / 2)?;
    Some((lower + upper) / 2.0)
}
