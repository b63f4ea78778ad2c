//! Distinct words, numbered by first appearance.

use std::hash::BuildHasher;

use foldhash::quality::RandomState;

/// The distinct words of a column: one text, cut at `ends`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Dictionary {
    text: String,
    ends: Vec<usize>,
}

impl Dictionary {
    /// How many words there are.
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// Whether there is no word.
    pub fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    /// The word with this code, codes counting from 0 by first appearance.
    pub fn get(&self, code: u32) -> Option<&str> {
        let code = code as usize;
        let start = if code == 0 { 0 } else { *self.ends.get(code - 1)? };
        self.text.get(start..*self.ends.get(code)?)
    }

    /// The words by code.
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        (0..self.len() as u32).filter_map(|code| self.get(code))
    }
}

/// Builds a [`Dictionary`]: open addressing over the codes, so that a word is stored once.
///
/// Words are bytes here, because a file's encoding may be known only at its end.
pub(crate) struct Interner {
    text: Vec<u8>,
    ends: Vec<usize>,
    slots: Vec<u32>,
    hasher: RandomState,
}

const FREE: u32 = u32::MAX;

impl Interner {
    pub(crate) fn new() -> Interner {
        Interner { text: Vec::new(), ends: Vec::new(), slots: vec![FREE; 16], hasher: RandomState::default() }
    }

    pub(crate) fn len(&self) -> usize {
        self.ends.len()
    }

    /// The word with this code.
    pub(crate) fn get(&self, code: u32) -> Option<&[u8]> {
        let code = code as usize;
        let start = if code == 0 { 0 } else { *self.ends.get(code - 1)? };
        self.text.get(start..*self.ends.get(code)?)
    }

    /// The words by code.
    pub(crate) fn words(&self) -> impl Iterator<Item = &[u8]> {
        (0..self.len() as u32).filter_map(|code| self.get(code))
    }

    /// The code of this word, a new one where it has not been seen.
    pub(crate) fn code(&mut self, word: &[u8]) -> u32 {
        let mask = self.slots.len() - 1;
        let mut at = self.hasher.hash_one(word) as usize & mask;
        loop {
            let code = self.slots[at];
            if code == FREE {
                break;
            }
            if self.get(code).is_some_and(|known| known == word) {
                return code;
            }
            at = (at + 1) & mask;
        }
        let code = self.len() as u32;
        self.text.extend_from_slice(word);
        self.ends.push(self.text.len());
        self.slots[at] = code;
        if self.len() * 2 > self.slots.len() {
            self.grow();
        }
        code
    }

    /// The code of the first word that is no UTF-8, or whether any word has more than ASCII.
    pub(crate) fn not_utf8(&self) -> Result<bool, u32> {
        if self.text.is_ascii() {
            return Ok(false);
        }
        match (0_u32..).zip(self.words()).find(|(_, word)| std::str::from_utf8(word).is_err()) {
            Some((code, _)) => Err(code),
            None => Ok(true),
        }
    }

    /// The words as text; one that is no UTF-8 has signs that say so.
    pub(crate) fn finish(self) -> Dictionary {
        if self.not_utf8().is_ok() {
            // Words that are text each are text together.
            return Dictionary { text: String::from_utf8(self.text).unwrap_or_default(), ends: self.ends };
        }
        let mut dictionary = Dictionary::default();
        for word in self.words() {
            dictionary.text.push_str(&String::from_utf8_lossy(word));
            dictionary.ends.push(dictionary.text.len());
        }
        dictionary
    }

    fn grow(&mut self) {
        let mut slots = vec![FREE; self.slots.len() * 4];
        let mask = slots.len() - 1;
        for (code, word) in (0..).zip(self.words()) {
            let mut at = self.hasher.hash_one(word) as usize & mask;
            while slots[at] != FREE {
                at = (at + 1) & mask;
            }
            slots[at] = code;
        }
        self.slots = slots;
    }
}

#[cfg(test)]
mod tests {
    use super::Interner;

    #[test]
    fn codes_count_first_appearances_and_lead_back_to_the_word() {
        let mut interner = Interner::new();
        let words: Vec<String> = (0..5000).map(|i| format!("w{}", i * 7 % 1013)).collect();
        let codes: Vec<u32> = words.iter().map(|w| interner.code(w.as_bytes())).collect();
        let dictionary = interner.finish();
        assert_eq!(dictionary.len(), 1013);
        assert_eq!(codes[..1013], (0..1013).collect::<Vec<u32>>()[..]);
        for (word, &code) in words.iter().zip(&codes) {
            assert_eq!(dictionary.get(code), Some(word.as_str()));
        }
        assert_eq!(dictionary.get(1013), None);
    }

    #[test]
    fn bytes_that_are_no_text_are_known_by_their_word() {
        let mut interner = Interner::new();
        assert_eq!((interner.code(b"tea"), interner.not_utf8()), (0, Ok(false)));
        assert_eq!((interner.code("th\u{e9}".as_bytes()), interner.not_utf8()), (1, Ok(true)));
        // Two halves of one letter make text together, but not each by itself.
        assert_eq!((interner.code(b"\xc3"), interner.code(b"\xa9")), (2, 3));
        assert_eq!(interner.not_utf8(), Err(2));
        assert_eq!(interner.finish().get(3), Some("\u{fffd}"));
    }
}
