//! Bytes of a table file: unpacked, checked, with plain line ends.

use std::fmt;
use std::fs::File;
use std::io::{self, Cursor, Read};
use std::path::Path;

use encoding_rs::{Encoding, UTF_8};
use flate2::read::MultiGzDecoder;
use memchr::{memchr, memchr2};

use crate::ahead::Ahead;
use crate::decode::{Decoded, wide};
use crate::error::ReadError;

/// So much is looked at to guess the delimiter.
const SAMPLE_BYTES: usize = 64 << 10;

/// Where the bytes come from.
pub(crate) enum Input<'a> {
    /// Any stream.
    Stream(Box<dyn Read + 'a>),
    /// A file, which can be unpacked by a thread of its own.
    File(File),
}

impl Read for Input<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            Input::Stream(stream) => stream.read(buffer),
            Input::File(file) => file.read(buffer),
        }
    }
}

/// A table file ready for the CSV parser.
pub(crate) struct Source<'a> {
    /// The text, line ends being `\n`, one more of them at the end.
    pub(crate) text: Lines<'a>,
    /// The first bytes of the text.
    pub(crate) sample: Vec<u8>,
    /// Whether the file is compressed.
    pub(crate) packed: bool,
    /// Whether the encoding was named.
    pub(crate) named: bool,
    /// Whether UTF-16 was found.
    pub(crate) utf16: bool,
}

/// Faults found in the bytes, carried through `io::Error`.
#[derive(Debug)]
pub(crate) enum Fault {
    /// At this place of what was being read, line ends plain before it.
    NulByte {
        at: usize,
    },
    Malformed {
        line: u64,
        encoding: &'static str,
    },
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self:?}")
    }
}

impl std::error::Error for Fault {}

/// Opens the input: gzip is known by its first two bytes, UTF-16 by its mark or zeros, a byte-order mark is taken off.
///
/// Without a `label` bytes pass as they are, UTF-16 excepted; with one, all become UTF-8.
pub(crate) fn open<'a>(mut input: Input<'a>, path: &Path, label: Option<&str>) -> Result<Source<'a>, ReadError> {
    let head = take(&mut input, 2).map_err(|source| failed(path, source, false))?;
    let packed = head == [0x1f, 0x8b];
    let mut inner: Box<dyn Read + 'a> = match input {
        Input::File(file) if packed => {
            let unpacked = MultiGzDecoder::new(Cursor::new(head).chain(file));
            Box::new(Ahead::of(unpacked).map_err(|source| failed(path, source, false))?)
        }
        input if packed => Box::new(MultiGzDecoder::new(Cursor::new(head).chain(input))),
        input => Box::new(Cursor::new(head).chain(input)),
    };
    let mut sample = take(&mut inner, SAMPLE_BYTES).map_err(|source| failed(path, source, packed))?;
    let encoding = match label {
        None => wide(&sample),
        Some(label) => {
            let unknown = || ReadError::UnknownEncoding { label: label.to_owned() };
            Some(Encoding::for_label(label.as_bytes()).ok_or_else(unknown)?)
        }
    };
    let encoding = encoding.filter(|&encoding| encoding != UTF_8);
    if let Some(encoding) = encoding {
        inner = Box::new(Decoded::new(Cursor::new(sample).chain(inner), encoding));
        sample = take(&mut inner, SAMPLE_BYTES).map_err(|source| match fault(&source) {
            Some(Fault::Malformed { line, encoding }) => {
                ReadError::Malformed { path: path.to_owned(), line: *line, encoding }
            }
            _ => failed(path, source, packed),
        })?;
    }
    if sample.starts_with(&[0xef, 0xbb, 0xbf]) {
        sample.drain(..3);
    }
    let text = Lines { inner: Box::new(Cursor::new(sample.clone()).chain(inner)), after_return: false, ended: false };
    let named = label.is_some();
    Ok(Source { text, sample, packed, named, utf16: encoding.is_some() && !named })
}

/// The error of an input that cannot be read on.
pub(crate) fn failed(path: &Path, source: io::Error, packed: bool) -> ReadError {
    let path = path.to_owned();
    let damaged = matches!(
        source.kind(),
        io::ErrorKind::UnexpectedEof | io::ErrorKind::InvalidInput | io::ErrorKind::InvalidData
    );
    if packed && damaged { ReadError::Compressed { path, source } } else { ReadError::Io { path, source } }
}

/// The fault that an error carries.
pub(crate) fn fault(error: &io::Error) -> Option<&Fault> {
    error.get_ref().and_then(|inner| inner.downcast_ref())
}

fn take(input: &mut dyn Read, most: usize) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    input.take(most as u64).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// Turns `\r\n` and a lone `\r` into `\n`, refuses NUL, and ends with one `\n` more than the input.
///
/// With that every row has an end, and one without is a quote left open.
pub(crate) struct Lines<'a> {
    inner: Box<dyn Read + 'a>,
    after_return: bool,
    ended: bool,
}

impl Read for Lines<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if buffer.is_empty() || self.ended {
            return Ok(0);
        }
        loop {
            let count = self.inner.read(buffer)?;
            if count == 0 {
                self.ended = true;
                buffer[0] = b'\n';
                return Ok(1);
            }
            let bytes = &mut buffer[..count];
            if !self.after_return && memchr2(b'\r', 0, bytes).is_none() {
                return Ok(count);
            }
            let kept = self.plain(bytes);
            if let Some(at) = memchr(0, &bytes[..kept]) {
                return Err(io::Error::other(Fault::NulByte { at }));
            }
            if kept > 0 {
                return Ok(kept);
            }
        }
    }
}

impl Lines<'_> {
    /// Plain line ends in place; returns the new length.
    fn plain(&mut self, bytes: &mut [u8]) -> usize {
        let mut kept = 0;
        for at in 0..bytes.len() {
            let byte = bytes[at];
            let second = self.after_return && byte == b'\n';
            self.after_return = byte == b'\r';
            if !second {
                bytes[kept] = if byte == b'\r' { b'\n' } else { byte };
                kept += 1;
            }
        }
        kept
    }
}

/// The delimiter of a table that starts with these bytes.
///
/// For each candidate the cells of the lines are counted outside quotes. The candidate with the
/// largest share of lines that have as many cells as the first one (and more than one) wins;
/// among equals tab comes before semicolon, bar and comma, because commas stand inside the cells
/// of the others (decimal commas) and seldom the other way round. No candidate: comma.
pub(crate) fn guess_delimiter(sample: &[u8]) -> u8 {
    let mut best = (0.0, b',');
    for candidate in [b'\t', b';', b'|', b','] {
        let counts = separators_by_line(sample, candidate);
        let first = counts.first().copied().unwrap_or(0);
        if first == 0 {
            continue;
        }
        let same = counts.iter().filter(|&&count| count == first).count();
        let share = same as f64 / counts.len() as f64;
        if share > best.0 {
            best = (share, candidate);
        }
    }
    best.1
}

fn separators_by_line(sample: &[u8], delimiter: u8) -> Vec<usize> {
    let mut counts = Vec::new();
    let (mut count, mut quoted, mut blank) = (0, false, true);
    let mut previous = b'\n';
    for &byte in sample {
        let line_end = matches!(byte, b'\n' | b'\r') && !quoted;
        if byte == b'"' {
            // A quote opens at the start of a cell only; a doubled one opens again.
            quoted = !quoted && (matches!(previous, b'\n' | b'\r' | b'"') || previous == delimiter);
        } else if line_end {
            if !blank {
                counts.push(count);
            }
            count = 0;
        } else if byte == delimiter && !quoted {
            count += 1;
        }
        blank = line_end;
        previous = byte;
    }
    let whole = sample.len() < SAMPLE_BYTES - 3;
    if !blank && (whole || counts.is_empty()) {
        counts.push(count);
    }
    counts
}

#[cfg(test)]
mod tests {
    use super::{Input, Source, guess_delimiter, open};
    use std::io::Read;
    use std::path::Path;

    fn text(bytes: &'static [u8]) -> Vec<u8> {
        let Source { mut text, .. } = open(Input::Stream(Box::new(bytes)), Path::new("x"), None).unwrap();
        let mut out = Vec::new();
        let mut one = [0_u8; 1];
        while text.read(&mut one).unwrap() == 1 {
            out.push(one[0]);
        }
        out
    }

    #[test]
    fn line_ends_of_all_systems_become_one() {
        assert_eq!(text(b"a\r\nb\rc\nd\r\r\n"), b"a\nb\nc\nd\n\n\n");
        assert_eq!(text(b"\xef\xbb\xbfa"), b"a\n");
    }

    #[test]
    fn the_delimiter_is_guessed_from_all_lines() {
        for (sample, delimiter) in [
            ("a,b\n1,2\n", b','),
            ("a;b\n1,5;2,5\n", b';'),
            ("1,5;2,5\n2,5;3,5\n", b';'),
            ("a\tb c\n1\t2\n", b'\t'),
            ("a|b\n1|2\n", b'|'),
            ("name,note\nx,\"a;b;c\"\ny,\"a\n;b\"\n", b','),
            ("a,b\n1,2;3\n", b','),
            ("size,name\n5\",x\n6,y\n", b','),
            ("a;b,c\n1,2\n2,3\n3,4\n", b','),
            ("alone\n1\n", b','),
            ("", b','),
        ] {
            assert_eq!(guess_delimiter(sample.as_bytes()), delimiter, "{sample:?}");
        }
    }
}
