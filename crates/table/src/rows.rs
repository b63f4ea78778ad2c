//! The rows of a file, checked one by one.

use std::path::{Path, PathBuf};
use std::rc::Rc;

use csv::{ByteRecord, Reader, ReaderBuilder, Terminator};

use crate::error::{ReadError, clipped};
use crate::infer::trimmed;
use crate::source::{self, Fault, Progress, ROW_BYTES, Source};

/// The rows of the file, one after the other, with their lines.
pub(crate) struct Rows<'a> {
    reader: Reader<source::Lines<'a>>,
    progress: Rc<Progress>,
    packed: bool,
    pub(crate) path: PathBuf,
    /// The line on which the last row started.
    pub(crate) line: u64,
}

impl<'a> Rows<'a> {
    pub(crate) fn new(source: Source<'a>, path: &Path, delimiter: u8) -> Rows<'a> {
        let Source { text, progress, packed, .. } = source;
        let reader = ReaderBuilder::new()
            .has_headers(false)
            .flexible(true)
            .delimiter(delimiter)
            .terminator(Terminator::Any(b'\n'))
            .buffer_capacity(1 << 17)
            .from_reader(text);
        Rows { reader, progress, packed, path: path.to_owned(), line: 1 }
    }

    /// Reads the next row that is not blank; checks it against the names of the columns.
    pub(crate) fn next(&mut self, row: &mut ByteRecord, names: Option<&[String]>) -> Result<bool, ReadError> {
        loop {
            let before = self.reader.position().line();
            match self.reader.read_byte_record(row) {
                Ok(true) => {}
                Ok(false) => return Ok(false),
                Err(error) => return Err(self.failed(error)),
            }
            let after = self.reader.position().line();
            // The last line end of the text is ours; inside a cell it tells of an open quote.
            let all = self.progress.ended.get().then(|| self.progress.delivered.get());
            let at_end = all == Some(self.reader.position().byte());
            let open = at_end && row.as_slice().last() == Some(&b'\n');
            self.line = before;
            if open || after != before + 1 {
                let inside = row.as_slice().iter().filter(|&&byte| byte == b'\n').count();
                self.line = after.saturating_sub(u64::from(!open) + inside as u64).max(1);
            }
            self.progress.since_row.set(0);
            if open {
                return Err(self.open_quote(row, names));
            }
            let blank = row.len() == 1 && trimmed(row.as_slice()).is_empty();
            match names {
                _ if blank && names.is_none_or(|names| names.len() > 1) => {}
                Some(names) if row.len() != names.len() => {
                    return Err(self.ragged(row.len(), names, after - 1));
                }
                _ => return Ok(true),
            }
        }
    }

    fn open_quote(&self, row: &ByteRecord, names: Option<&[String]>) -> ReadError {
        let last = row.len().saturating_sub(1);
        let name = names.and_then(|names| names.get(last.min(names.len() - 1)));
        ReadError::OpenQuote {
            path: self.path.clone(),
            line: self.line,
            column: name.map_or_else(|| format!("c{}", last + 1), |name| clipped(name)),
        }
    }

    fn ragged(&self, found: usize, names: &[String], last_line: u64) -> ReadError {
        let at = found.min(names.len() - 1);
        ReadError::Ragged {
            path: self.path.clone(),
            line: self.line,
            last_line,
            column: clipped(&names[at]),
            found,
            expected: names.len(),
        }
    }

    fn failed(&self, error: csv::Error) -> ReadError {
        let path = self.path.clone();
        let next = self.reader.position().line();
        let source = match error.into_kind() {
            csv::ErrorKind::Io(source) => source,
            other => std::io::Error::other(format!("{other:?}")),
        };
        match source::fault(&source) {
            Some(Fault::NulByte { line }) => ReadError::NulByte { path, line: *line },
            Some(Fault::Malformed { line, encoding }) => ReadError::Malformed { path, line: *line, encoding },
            Some(Fault::RowTooLong) => ReadError::RowTooLong { path, line: next, limit: ROW_BYTES },
            None => source::failed(&self.path, source, self.packed),
        }
    }
}
