//! Distinct words, numbered by first appearance.

use std::hash::{BuildHasher, RandomState};

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

    fn push(&mut self, word: &str) {
        self.text.push_str(word);
        self.ends.push(self.text.len());
    }
}

/// A cell whose bytes are no UTF-8.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct NotText;

/// Builds a [`Dictionary`]: open addressing over the codes, so that a word is stored once.
pub(crate) struct Interner {
    dictionary: Dictionary,
    slots: Vec<u32>,
    hasher: RandomState,
}

const FREE: u32 = u32::MAX;

impl Interner {
    pub(crate) fn new() -> Interner {
        Interner { dictionary: Dictionary::default(), slots: vec![FREE; 16], hasher: RandomState::new() }
    }

    /// The code of the word with these bytes, a new one where it has not been seen.
    pub(crate) fn code(&mut self, word: &[u8]) -> Result<u32, NotText> {
        match self.find(word) {
            Ok(code) => Ok(code),
            Err(slot) => {
                let text = std::str::from_utf8(word).map_err(|_| NotText)?;
                Ok(self.add(text, slot))
            }
        }
    }

    /// The code of `word`, a new one where it has not been seen.
    pub(crate) fn code_of(&mut self, word: &str) -> u32 {
        self.find(word.as_bytes()).unwrap_or_else(|slot| self.add(word, slot))
    }

    /// The code of a known word, or the free slot for a new one.
    fn find(&self, word: &[u8]) -> Result<u32, usize> {
        let mask = self.slots.len() - 1;
        let mut at = self.hasher.hash_one(word) as usize & mask;
        loop {
            let code = self.slots[at];
            if code == FREE {
                return Err(at);
            }
            if self.dictionary.get(code).is_some_and(|known| known.as_bytes() == word) {
                return Ok(code);
            }
            at = (at + 1) & mask;
        }
    }

    fn add(&mut self, word: &str, slot: usize) -> u32 {
        let code = self.dictionary.len() as u32;
        self.dictionary.push(word);
        self.slots[slot] = code;
        if self.dictionary.len() * 2 > self.slots.len() {
            self.grow();
        }
        code
    }

    pub(crate) fn finish(self) -> Dictionary {
        self.dictionary
    }

    fn grow(&mut self) {
        let mut slots = vec![FREE; self.slots.len() * 4];
        let mask = slots.len() - 1;
        for (code, word) in self.dictionary.iter().enumerate() {
            let mut at = self.hasher.hash_one(word.as_bytes()) as usize & mask;
            while slots[at] != FREE {
                at = (at + 1) & mask;
            }
            slots[at] = code as u32;
        }
        self.slots = slots;
    }
}

#[cfg(test)]
mod tests {
    use super::{Interner, NotText};

    #[test]
    fn codes_count_first_appearances_and_lead_back_to_the_word() {
        let mut interner = Interner::new();
        let words: Vec<String> = (0..5000).map(|i| format!("w{}", i * 7 % 1013)).collect();
        let codes: Vec<u32> = words.iter().map(|w| interner.code(w.as_bytes()).unwrap()).collect();
        let dictionary = interner.finish();
        assert_eq!(dictionary.len(), 1013);
        assert_eq!(codes[..1013], (0..1013).collect::<Vec<u32>>()[..]);
        for (word, &code) in words.iter().zip(&codes) {
            assert_eq!(dictionary.get(code), Some(word.as_str()));
        }
        assert_eq!(dictionary.get(1013), None);
    }

    #[test]
    fn bytes_that_are_no_text_are_refused() {
        assert_eq!(Interner::new().code(b"caf\xe9"), Err(NotText));
    }
}
