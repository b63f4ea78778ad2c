use strsim::osa_distance;

/// The candidate that a misspelt word most likely means, if one is near.
///
/// Near is an edit distance (insert, delete, replace, swap two neighbors) of at most a third of the longer word, and
/// at least one edit is always forgiven; of equally near ones the first. Case, `-` and `_` do not count.
///
/// ```
/// use caviar_tune::nearest;
/// assert_eq!(nearest("learning_rat", ["layers", "learning_rate"]), Some("learning_rate"));
/// assert_eq!(nearest("colour", ["layers", "units"]), None);
/// ```
pub fn nearest<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let word = folded(word);
    candidates
        .into_iter()
        .map(|candidate| {
            let folded = folded(candidate);
            (osa_distance(&word, &folded), word.chars().count().max(folded.chars().count()), candidate)
        })
        .filter(|&(distance, length, _)| distance <= (length / 3).max(1))
        .min_by_key(|&(distance, _, _)| distance)
        .map(|(_, _, candidate)| candidate)
}

fn folded(word: &str) -> String {
    word.chars().flat_map(char::to_lowercase).map(|letter| if letter == '-' { '_' } else { letter }).collect()
}

#[cfg(test)]
mod tests {
    use super::nearest;

    #[test]
    fn swapped_and_missing_letters_are_forgiven() {
        let names = ["batch_size", "beta", "learning_rate"];
        assert_eq!(nearest("bacth_size", names), Some("batch_size"));
        assert_eq!(nearest("Batch-Size", names), Some("batch_size"));
        assert_eq!(nearest("bata", names), Some("beta"));
        assert_eq!(nearest("", names), None);
        assert_eq!(nearest("dropout", names), None);
        assert_eq!(nearest("x", []), None);
    }
}
