//! Words for yes and no.

/// Pairs of words, the one for no first, in lower case.
const PAIRS: [[&str; 2]; 4] = [["false", "true"], ["no", "yes"], ["f", "t"], ["n", "y"]];

/// The pair that all these words belong to, whatever their case, if both of its words are there.
pub(crate) fn pair<'a>(words: impl Iterator<Item = &'a str>) -> Option<[&'static str; 2]> {
    let mut found: Option<([&'static str; 2], [bool; 2])> = None;
    for word in words {
        let is = |pair: &&[&str; 2]| truth(word, pair).is_some();
        let (pair, seen) = match &mut found {
            Some(found) => found,
            None => found.insert((*PAIRS.iter().find(is)?, [false; 2])),
        };
        seen[usize::from(truth(word, pair)?)] = true;
    }
    found.filter(|(_, seen)| *seen == [true; 2]).map(|(pair, _)| pair)
}

/// Whether the word is the pair's second, `None` where it is neither.
pub(crate) fn truth(word: &str, pair: &[impl AsRef<str>; 2]) -> Option<bool> {
    let is = |at: usize| word.eq_ignore_ascii_case(pair[at].as_ref());
    if is(1) { Some(true) } else { is(0).then_some(false) }
}

#[cfg(test)]
mod tests {
    use super::{pair, truth};

    #[test]
    fn both_words_of_one_pair_make_a_boolean() {
        let of = |words: &[&str]| pair(words.iter().copied());
        assert_eq!(of(&["Yes", "no", "YES"]), Some(["no", "yes"]));
        assert_eq!(of(&["F", "t"]), Some(["f", "t"]));
        assert_eq!(of(&["true", "True"]), None);
        assert_eq!(of(&["true", "no"]), None);
        assert_eq!(of(&["yes", "no", "perhaps"]), None);
        assert_eq!(of(&[]), None);
        assert_eq!(
            [truth("Y", &["n", "y"]), truth("N", &["n", "y"]), truth("x", &["n", "y"])],
            [Some(true), Some(false), None]
        );
    }
}
