//! Seals: a row that was not written by this program, or changed since, does not fit its own.

use super::error::StudyError;

/// Takes the cells of a row, one after the other; none runs into the next.
pub(super) struct Seal {
    hasher: blake3::Hasher,
}

impl Seal {
    pub(super) fn of(table: &'static str) -> Self {
        Seal { hasher: blake3::Hasher::new() }.text(table)
    }

    pub(super) fn bytes(mut self, bytes: &[u8]) -> Self {
        self.hasher.update(&(bytes.len() as u64).to_le_bytes());
        self.hasher.update(bytes);
        self
    }

    pub(super) fn text(self, text: &str) -> Self {
        self.bytes(text.as_bytes())
    }

    pub(super) fn maybe(self, text: Option<&str>) -> Self {
        match text {
            Some(text) => self.number(1).text(text),
            None => self.number(0),
        }
    }

    pub(super) fn number(mut self, number: u64) -> Self {
        self.hasher.update(&number.to_le_bytes());
        self
    }

    pub(super) fn real(self, real: f64) -> Self {
        self.number(real.to_bits())
    }

    pub(super) fn value(self) -> i64 {
        let hash = self.hasher.finalize();
        let mut first = [0; 8];
        first.copy_from_slice(&hash.as_bytes()[..8]);
        i64::from_le_bytes(first)
    }

    /// Whether this is the seal that was found.
    pub(super) fn check(self, table: &'static str, found: i64) -> Result<(), StudyError> {
        if self.value() == found { Ok(()) } else { Err(StudyError::Altered { table }) }
    }
}
