//! The name that was probably meant.

use strsim::osa_distance;

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
    let wanted = lowered(name);
    let mut best: Option<(usize, &str)> = None;
    for candidate in candidates {
        let letters = lowered(candidate);
        let (wanted_len, len) = (wanted.chars().count(), letters.chars().count());
        let longer = wanted_len.max(len);
        let limit = (longer / 3).max(1);
        let bound = best.map_or(limit, |(distance, _)| limit.min(distance.saturating_sub(1)));
        if wanted_len.abs_diff(len) > bound || len > LONGEST {
            continue;
        }
        let distance = osa_distance(&wanted, &letters);
        if distance <= bound && best.is_none_or(|(least, _)| distance < least) {
            best = Some((distance, candidate));
        }
    }
    best.map(|(_, candidate)| candidate)
}

/// Longer names are not compared: a hostile header must not cost minutes.
const LONGEST: usize = 200;

fn lowered(name: &str) -> String {
    name.trim().chars().take(LONGEST + 1).flat_map(char::to_lowercase).collect()
}

#[cfg(test)]
mod tests {
    use super::nearest;

    #[test]
    fn the_nearest_of_several_wins_and_nothing_far_is_offered() {
        let names = ["Diagnosis", "radius_mean", "texture_mean"];
        assert_eq!(nearest("diagnoses", names), Some("Diagnosis"));
        assert_eq!(nearest("radius-mean", names), Some("radius_mean"));
        assert_eq!(nearest("y", names), None);
        assert_eq!(nearest("", []), None);
    }
}
