//! The rows of a file, checked one by one.

use std::io::{self, Read};
use std::path::{Path, PathBuf};

use csv_core::{ReadRecordResult, Reader, ReaderBuilder, Terminator};
use memchr::memchr_iter;

use crate::batch::Batch;
use crate::builder::trimmed;
use crate::error::{ReadError, clipped};
use crate::source::{self, Fault, Lines, Source};
use crate::table::RowLines;

/// The most bytes of one row: a quote left open must not swallow the machine.
const ROW_BYTES: usize = 16 << 20;
/// Bytes that are read at a time: text and cells of as many stay in the cache until the last column has them.
const READ_BYTES: usize = 64 << 10;

/// The rows of the file, one after the other, with their lines.
///
/// A line without quotes is cut here, eight bytes at a time; all others are the `csv_core` parser's.
pub(crate) struct Rows<'a> {
    text: Lines<'a>,
    /// What has been read and belongs to the next batch.
    rest: Vec<u8>,
    ended: bool,
    parser: Reader,
    /// What the parser makes of a row: its cells one after the other, cut at `ends`.
    unquoted: Vec<u8>,
    ends: Vec<usize>,
    delimiter: u8,
    packed: bool,
    path: PathBuf,
    /// The line on which the next row starts.
    line: u64,
}

impl<'a> Rows<'a> {
    pub(crate) fn new(source: Source<'a>, path: &Path, delimiter: u8) -> Rows<'a> {
        let Source { text, packed, .. } = source;
        let parser = ReaderBuilder::new().delimiter(delimiter).terminator(Terminator::Any(b'\n')).build();
        let (rest, unquoted, ends, path) = (Vec::new(), Vec::new(), Vec::new(), path.to_owned());
        Rows { text, rest, ended: false, parser, unquoted, ends, delimiter, packed, path, line: 1 }
    }

    /// Fills the batch with the next rows that are not blank, `most` at most: none only where there are no more.
    ///
    /// With `names`, rows are checked against the columns. The line of each row goes to `lines`, the first of them
    /// being row `before`.
    pub(crate) fn fill(
        &mut self,
        batch: &mut Batch,
        most: usize,
        names: Option<&[String]>,
        before: usize,
        lines: &mut RowLines,
    ) -> Result<(), ReadError> {
        batch.clear();
        batch.text.append(&mut self.rest);
        let mut at = 0;
        while batch.rows < most {
            let start = batch.cells.len();
            let (next, last_line) = match cut(&batch.text, at, self.delimiter, &mut batch.cells) {
                Line::Plain(next) => (next, self.line),
                Line::Unfinished if self.ended || batch.rows > 0 => break,
                Line::Unfinished => {
                    self.read(batch, at)?;
                    continue;
                }
                Line::Quoted => self.parse(batch, at, names)?,
            };
            let line = std::mem::replace(&mut self.line, last_line + 1);
            let found = batch.cells.len() - start;
            let alone = found == 1 && names.is_none_or(|names| names.len() > 1);
            let blank = next == at + 1 || (alone && trimmed(batch.cell(start)).is_empty());
            at = next;
            if blank {
                batch.cells.truncate(start);
                continue;
            }
            if let Some(names) = names.filter(|names| names.len() != found) {
                return Err(self.ragged(found, names, line, last_line));
            }
            lines.push(before + batch.rows, line);
            batch.rows += 1;
        }
        self.rest.extend_from_slice(&batch.text[at..]);
        Ok(())
    }

    /// Reads on behind the text of the batch; the row that starts at `from` is not yet whole.
    fn read(&mut self, batch: &mut Batch, from: usize) -> Result<(), ReadError> {
        let (before, length) = (batch.text.len(), batch.text.len() - from);
        if length > ROW_BYTES {
            return Err(ReadError::RowTooLong { path: self.path.clone(), line: self.line, limit: ROW_BYTES as u64 });
        }
        // Long rows are read in ever larger steps, so that looking again from their start costs little.
        let step = READ_BYTES.max(length).min(ROW_BYTES + 1 - length).max(1);
        batch.text.resize(before + step, 0);
        let count = self
            .text
            .read(&mut batch.text[before..])
            .map_err(|error| self.failed(error, &batch.text[from..], length))?;
        batch.text.truncate(before + count);
        self.ended = count == 0;
        Ok(())
    }

    /// Cuts the row with quotes that starts at `at`; its cells, which are no longer, take the place of its text.
    ///
    /// Gives where the next row starts, and the line on which this one ends.
    fn parse(&mut self, batch: &mut Batch, at: usize, names: Option<&[String]>) -> Result<(usize, u64), ReadError> {
        let (mut next, mut written, mut cells) = (at, 0, 0);
        self.parser.reset();
        loop {
            if next == batch.text.len() {
                self.read(batch, at)?;
                if self.ended {
                    return Err(self.open_quote(cells, names));
                }
            }
            let room = batch.text.len() - at;
            self.unquoted.resize(room.max(self.unquoted.len()), 0);
            self.ends.resize((cells + 64).max(self.ends.len()), 0);
            let (result, read, wrote, ended) =
                self.parser.read_record(&batch.text[next..], &mut self.unquoted[written..], &mut self.ends[cells..]);
            (next, written, cells) = (next + read, written + wrote, cells + ended);
            match result {
                ReadRecordResult::Record | ReadRecordResult::End => break,
                ReadRecordResult::InputEmpty | ReadRecordResult::OutputFull | ReadRecordResult::OutputEndsFull => {}
            }
        }
        let inside = newlines(&batch.text[at..next]).saturating_sub(1);
        batch.text[at..at + written].copy_from_slice(&self.unquoted[..written]);
        let mut start = at;
        batch.cells.extend(self.ends[..cells].iter().map(|end| {
            let cell = (start as u32, (at + end) as u32);
            start = at + end;
            cell
        }));
        Ok((next, self.line + inside))
    }

    fn open_quote(&self, last: usize, names: Option<&[String]>) -> ReadError {
        let name = names.and_then(|names| names.get(last.min(names.len() - 1)));
        ReadError::OpenQuote {
            path: self.path.clone(),
            line: self.line,
            column: name.map_or_else(|| format!("c{}", last + 1), |name| clipped(name)),
        }
    }

    fn ragged(&self, found: usize, names: &[String], line: u64, last_line: u64) -> ReadError {
        let at = found.min(names.len() - 1);
        let (path, column) = (self.path.clone(), clipped(&names[at]));
        ReadError::Ragged { path, line, last_line, column, found, expected: names.len() }
    }

    /// What broke reading; `text` is what there is from the start of a row, `before` of it read earlier.
    fn failed(&self, error: io::Error, text: &[u8], before: usize) -> ReadError {
        let path = self.path.clone();
        match source::fault(&error) {
            Some(Fault::NulByte { at }) => {
                ReadError::NulByte { path, line: self.line + newlines(&text[..before + at]) }
            }
            Some(Fault::Malformed { line, encoding }) => ReadError::Malformed { path, line: *line, encoding },
            None => source::failed(&self.path, error, self.packed),
        }
    }
}

fn newlines(text: &[u8]) -> u64 {
    memchr_iter(b'\n', text).count() as u64
}

/// What a line turned out to be.
enum Line {
    /// A row without quotes; where the next one starts.
    Plain(usize),
    /// A row with quotes.
    Quoted,
    /// More of it is still to be read.
    Unfinished,
}

/// Cuts the line that starts at `from`, unless it has a quote.
fn cut(text: &[u8], from: usize, delimiter: u8, cells: &mut Vec<(u32, u32)>) -> Line {
    let first = cells.len();
    let (mut start, mut at) = (from, from);
    while at < text.len() {
        // The last bytes are filled up with some at which no file is cut.
        let mut bytes = [b'0'; 8];
        let count = bytes.len().min(text.len() - at);
        bytes[..count].copy_from_slice(&text[at..at + count]);
        let word = u64::from_le_bytes(bytes);
        let mut hits = equal(word, delimiter) | equal(word, b'\n') | equal(word, b'"');
        while hits != 0 {
            let within = (hits.trailing_zeros() / 8) as usize;
            if bytes[within] == b'"' {
                cells.truncate(first);
                return Line::Quoted;
            }
            cells.push((start as u32, (at + within) as u32));
            start = at + within + 1;
            if bytes[within] == b'\n' {
                return Line::Plain(start);
            }
            hits &= hits - 1;
        }
        at += count;
    }
    cells.truncate(first);
    Line::Unfinished
}

/// The highest bit of each byte of the word that is this one.
fn equal(word: u64, byte: u8) -> u64 {
    const LOW: u64 = 0x7f7f_7f7f_7f7f_7f7f;
    let zero = word ^ (u64::from(byte) * 0x0101_0101_0101_0101);
    !(((zero & LOW) + LOW) | zero | LOW)
}

#[cfg(test)]
mod tests {
    use super::{Line, cut};
    use proptest::prelude::{prop_assert, prop_assert_eq, proptest};

    proptest! {
        #[test]
        fn a_line_is_cut_at_each_delimiter_and_nowhere_else(line in "[a-c,\u{80}-\u{ff}]{0,40}", from in 0_usize..9) {
            let text = format!("{}{line}\nrest,", "x".repeat(from));
            let mut cells = Vec::new();
            let Line::Plain(next) = cut(text.as_bytes(), from, b',', &mut cells) else { panic!("{text:?}") };
            prop_assert_eq!(next, from + line.len() + 1);
            let found: Vec<&[u8]> =
                cells.iter().map(|&(start, end)| &text.as_bytes()[start as usize..end as usize]).collect();
            prop_assert_eq!(found, line.split(',').map(str::as_bytes).collect::<Vec<_>>());
        }

        #[test]
        fn lines_with_quotes_or_without_an_end_are_left_alone(line in "[a-c,]{0,20}", quoted: bool, after in "[a,]{0,9}") {
            let text = if quoted { format!("{line}\"{after}\n") } else { format!("{line}{after}") };
            let mut cells = vec![(7, 8)];
            let cut = cut(text.as_bytes(), 0, b',', &mut cells);
            let expected = if quoted { matches!(cut, Line::Quoted) } else { matches!(cut, Line::Unfinished) };
            prop_assert!(expected);
            prop_assert_eq!(cells, vec![(7, 8)]);
        }
    }
}
