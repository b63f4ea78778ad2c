//! The name that was probably meant.

/// The candidate nearest to `name`, if one is near enough to be a slip of the hand.
///
/// Distance is the number of letters put in, left out, replaced or swapped with the neighbor,
/// whatever their case; at most a third of the longer name's letters may differ (and one at
/// least may). Ties go to the earlier candidate.
///
/// ```
/// assert_eq!(caviar_table::nearest("specis", ["sepal", "species"]), Some("species"));
/// assert_eq!(caviar_table::nearest("Price", ["size", "price"]), Some("price"));
/// assert_eq!(caviar_table::nearest("weight", ["size", "price"]), None);
/// ```
pub fn nearest<'a>(name: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let wanted: Vec<char> = lowered(name);
    let mut best: Option<(usize, &str)> = None;
    for candidate in candidates {
        let letters = lowered(candidate);
        let longer = wanted.len().max(letters.len());
        let limit = (longer / 3).max(1);
        let bound = best.map_or(limit, |(distance, _)| limit.min(distance.saturating_sub(1)));
        if wanted.len().abs_diff(letters.len()) > bound || letters.len() > LONGEST {
            continue;
        }
        let distance = distance(&wanted, &letters);
        if distance <= bound && best.is_none_or(|(least, _)| distance < least) {
            best = Some((distance, candidate));
        }
    }
    best.map(|(_, candidate)| candidate)
}

/// Longer names are not compared: a hostile header must not cost minutes.
const LONGEST: usize = 200;

fn lowered(name: &str) -> Vec<char> {
    name.trim().chars().take(LONGEST + 1).flat_map(char::to_lowercase).collect()
}

/// Damerau's distance, restricted to one edit per pair of letters.
fn distance(a: &[char], b: &[char]) -> usize {
    let mut before: Vec<usize> = Vec::new();
    let mut above: Vec<usize> = (0..=b.len()).collect();
    for (i, &from) in a.iter().enumerate() {
        let mut row = Vec::with_capacity(b.len() + 1);
        row.push(i + 1);
        for (j, &to) in b.iter().enumerate() {
            let replaced = above[j] + usize::from(from != to);
            let mut least = replaced.min(above[j + 1] + 1).min(row[j] + 1);
            if i > 0 && j > 0 && from == b[j - 1] && a[i - 1] == to {
                least = least.min(before[j - 1] + 1);
            }
            row.push(least);
        }
        before = std::mem::replace(&mut above, row);
    }
    above[b.len()]
}

#[cfg(test)]
mod tests {
    use super::{distance, nearest};

    #[test]
    fn distance_counts_edits_and_swaps() {
        let count = |a: &str, b: &str| distance(&a.chars().collect::<Vec<_>>(), &b.chars().collect::<Vec<_>>());
        assert_eq!(count("kitten", "sitting"), 3);
        assert_eq!(count("ab", "ba"), 1);
        assert_eq!(count("", "abc"), 3);
        assert_eq!(count("same", "same"), 0);
    }

    #[test]
    fn the_nearest_of_several_wins_and_nothing_far_is_offered() {
        let names = ["Diagnosis", "radius_mean", "texture_mean"];
        assert_eq!(nearest("diagnoses", names), Some("Diagnosis"));
        assert_eq!(nearest("radius-mean", names), Some("radius_mean"));
        assert_eq!(nearest("y", names), None);
        assert_eq!(nearest("", []), None);
    }
}
