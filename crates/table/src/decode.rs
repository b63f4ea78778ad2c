//! Text in other encodings, as UTF-8.

use std::io::{self, Read};

use encoding_rs::{Decoder, DecoderResult, Encoding, UTF_16BE, UTF_16LE};

use crate::source::Fault;

/// The encoding that the first bytes tell of, if it is not one of bytes for letters: a byte-order mark of UTF-16, or
/// zeros at every other place, as UTF-16 has them between latin letters.
pub(crate) fn wide(sample: &[u8]) -> Option<&'static Encoding> {
    match sample {
        [0xff, 0xfe, ..] => return Some(UTF_16LE),
        [0xfe, 0xff, ..] => return Some(UTF_16BE),
        _ => {}
    }
    let zeros = |start: usize| sample.iter().skip(start).step_by(2).filter(|&&byte| byte == 0).count();
    let (even, odd, pairs) = (zeros(0), zeros(1), sample.len() / 2);
    let most = |many: usize, few: usize| pairs >= 2 && many * 4 > pairs * 3 && few * 100 <= pairs;
    if most(odd, even) { Some(UTF_16LE) } else { most(even, odd).then_some(UTF_16BE) }
}

/// Reads bytes of an encoding and gives UTF-8; a sequence that is none of the encoding's is an error.
pub(crate) struct Decoded<R> {
    inner: R,
    decoder: Decoder,
    encoding: &'static Encoding,
    bytes: Vec<u8>,
    /// What of `bytes` is still to be decoded.
    start: usize,
    /// UTF-8 for which the reader's buffer had no room.
    rest: [u8; 16],
    rest_len: usize,
    /// Whether the bytes are at their end, and whether all of them are decoded.
    ended: bool,
    finished: bool,
    lines: u64,
}

impl<R: Read> Decoded<R> {
    pub(crate) fn new(inner: R, encoding: &'static Encoding) -> Self {
        let decoder = encoding.new_decoder_with_bom_removal();
        Decoded {
            inner,
            decoder,
            encoding,
            bytes: Vec::new(),
            start: 0,
            rest: [0; 16],
            rest_len: 0,
            ended: false,
            finished: false,
            lines: 1,
        }
    }

    /// Decodes into the buffer; 0 where more bytes are needed.
    fn decode(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let input = &self.bytes[self.start..];
        let (result, read, written) = self.decoder.decode_to_utf8_without_replacement(input, buffer, self.ended);
        self.start += read;
        self.lines += buffer[..written].iter().filter(|&&byte| byte == b'\n').count() as u64;
        match result {
            DecoderResult::Malformed(..) => {
                self.finished = true;
                Err(io::Error::other(Fault::Malformed { line: self.lines, encoding: self.encoding.name() }))
            }
            DecoderResult::InputEmpty => {
                self.finished = self.ended;
                Ok(written)
            }
            DecoderResult::OutputFull => Ok(written),
        }
    }
}

impl<R: Read> Read for Decoded<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if buffer.is_empty() {
            return Ok(0);
        }
        loop {
            if self.rest_len > 0 {
                let count = self.rest_len.min(buffer.len());
                buffer[..count].copy_from_slice(&self.rest[..count]);
                self.rest.copy_within(count.., 0);
                self.rest_len -= count;
                return Ok(count);
            }
            if self.finished {
                return Ok(0);
            }
            // A letter takes up to four bytes of UTF-8, and the decoder writes none in part.
            if buffer.len() >= 16 {
                let written = self.decode(buffer)?;
                if written > 0 {
                    return Ok(written);
                }
            } else {
                let mut small = [0; 16];
                self.rest_len = self.decode(&mut small)?;
                self.rest = small;
                if self.rest_len > 0 {
                    continue;
                }
            }
            if self.ended {
                continue;
            }
            self.bytes.drain(..self.start);
            self.start = 0;
            let before = self.bytes.len();
            self.bytes.resize(before + (64 << 10), 0);
            let count = self.inner.read(&mut self.bytes[before..])?;
            self.bytes.truncate(before + count);
            self.ended = count == 0;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Decoded, wide};
    use encoding_rs::{UTF_16BE, UTF_16LE};
    use std::io::Read;

    fn utf16(text: &str, little: bool) -> Vec<u8> {
        text.encode_utf16().flat_map(|unit| if little { unit.to_le_bytes() } else { unit.to_be_bytes() }).collect()
    }

    #[test]
    fn utf16_is_known_by_its_mark_or_its_zeros() {
        assert_eq!(wide(&utf16("a,b\n1,2\n", true)), Some(UTF_16LE));
        assert_eq!(wide(&utf16("a,b\n1,2\n", false)), Some(UTF_16BE));
        assert_eq!(wide(&utf16("\u{feff}ж,ж\n", true)), Some(UTF_16LE));
        assert_eq!(wide(&utf16("\u{feff}ж,ж\n", false)), Some(UTF_16BE));
        for plain in [&b"a,b\n1,2\n"[..], b"", b"\0", b"a,b\n1,\0\n", b"\0\0\0\0"] {
            assert_eq!(wide(plain), None);
        }
    }

    #[test]
    fn letters_of_all_lengths_come_through_buffers_of_all_sizes() {
        let text = "aé\u{20ac}\u{1f980}\n".repeat(50_000);
        for size in [1, 3, 15, 16, 17, 5000] {
            let bytes = utf16(&text, true);
            let mut decoded = Decoded::new(&bytes[..], UTF_16LE);
            let (mut out, mut buffer) = (Vec::new(), vec![0; size]);
            loop {
                match decoded.read(&mut buffer).unwrap() {
                    0 => break,
                    count => out.extend_from_slice(&buffer[..count]),
                }
            }
            assert!(out == text.as_bytes(), "{size}");
        }
        let half = &utf16("ab\u{1f980}", true)[..6];
        assert!(Decoded::new(half, UTF_16LE).read_to_end(&mut Vec::new()).is_err());
    }
}
