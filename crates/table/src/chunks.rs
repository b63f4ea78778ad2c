//! A file as tables, one after the other.

use std::io::Read;
use std::path::{Path, PathBuf};

use csv::ByteRecord;

use crate::column::Column;
use crate::error::{ReadError, clipped};
use crate::header::{Wish, names, wishes};
use crate::infer::{BadCell, COLUMN_BYTES, CellFault, MissingWords, RawColumn, infer};
use crate::read::ReadOptions;
use crate::rows::Rows;
use crate::source::{self, guess_delimiter};
use crate::table::{RowLines, Table};

/// The tables of [`Table::chunks`], in the order of the file; none is empty, and nothing follows an error.
pub struct Chunks<'a> {
    file: Open<'a>,
    rows: usize,
    state: State,
}

#[derive(Clone, Copy, PartialEq)]
enum State {
    Fresh,
    Going,
    Done,
}

impl<'a> Chunks<'a> {
    pub(crate) fn new(file: Open<'a>, rows: usize) -> Chunks<'a> {
        Chunks { file, rows: rows.max(1), state: State::Fresh }
    }
}

impl std::fmt::Debug for Chunks<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Chunks").field("path", &self.file.path).field("rows", &self.rows).finish_non_exhaustive()
    }
}

impl Iterator for Chunks<'_> {
    type Item = Result<Table, ReadError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.state == State::Done {
            return None;
        }
        let fresh = std::mem::replace(&mut self.state, State::Going) == State::Fresh;
        let next = match self.file.table(self.rows) {
            Ok(None) if fresh => Some(Err(ReadError::HeaderOnly { path: self.file.path.clone() })),
            Ok(table) => table.map(Ok),
            Err(error) => Some(Err(error)),
        };
        if !matches!(next, Some(Ok(_))) {
            self.state = State::Done;
        }
        next
    }
}

/// A file whose columns are known and whose rows are still to come.
pub(crate) struct Open<'a> {
    path: PathBuf,
    names: Vec<String>,
    wishes: Vec<Wish>,
    missing: Vec<String>,
    rows: Rows<'a>,
    /// The row that comes next, where it has been read.
    next: Option<ByteRecord>,
}

impl<'a> Open<'a> {
    pub(crate) fn new(input: Box<dyn Read + 'a>, path: &Path, options: &ReadOptions) -> Result<Open<'a>, ReadError> {
        let source = source::open(input, path)?;
        let delimiter = options.delimiter.unwrap_or_else(|| guess_delimiter(&source.sample));
        if matches!(delimiter, b'"' | b'\n' | b'\r') || delimiter.is_ascii_alphanumeric() {
            return Err(ReadError::Delimiter { delimiter: char::from(delimiter) });
        }
        let mut rows = Rows::new(source, path, delimiter);
        let mut first = ByteRecord::new();
        if !rows.next(&mut first, None)? {
            return Err(ReadError::Empty { path: path.to_owned() });
        }
        let names = names(&first, options, path, rows.line)?;
        let wishes = wishes(&names, options, path)?;
        let next = (!options.header).then_some(first);
        Ok(Open { path: path.to_owned(), names, wishes, missing: options.missing.clone(), rows, next })
    }

    /// The table of the next rows, `most` at most; `None` where there are no more.
    pub(crate) fn table(&mut self, most: usize) -> Result<Option<Table>, ReadError> {
        let (columns, lines, count) = self.collect(most)?;
        if count == 0 {
            return Ok(None);
        }
        let missing = MissingWords::new(&self.missing);
        let (mut kept, mut passed_over) = (Vec::new(), Vec::new());
        for ((name, raw), wish) in self.names.iter().zip(columns).zip(&self.wishes) {
            let wanted = match wish {
                Wish::Skip => {
                    passed_over.push(name.clone());
                    continue;
                }
                Wish::Find => None,
                Wish::Keep(storage) => Some(*storage),
            };
            let cells = infer(&raw, &missing, wanted)
                .map_err(|bad| bad_cell(&self.path, clipped(name), lines.line(bad.row), bad))?;
            kept.push(Column { name: name.clone(), cells });
        }
        Ok(Some(Table::with_lines(&self.path, kept, lines)?.with_passed_over(passed_over)))
    }

    /// The cells of the next rows by column of the file; those of columns passed over stay empty.
    fn collect(&mut self, most: usize) -> Result<(Vec<RawColumn>, RowLines, usize), ReadError> {
        let mut columns: Vec<RawColumn> = self.names.iter().map(|_| RawColumn::default()).collect();
        let mut lines = RowLines::default();
        let mut count = 0;
        let given = self.next.take();
        let mut there = given.is_some();
        let mut row = given.unwrap_or_default();
        while count < most && (std::mem::take(&mut there) || self.rows.next(&mut row, Some(&self.names))?) {
            lines.push(count, self.rows.line);
            for (at, cell) in row.iter().enumerate() {
                if self.wishes[at] != Wish::Skip && !columns[at].push(cell) {
                    return Err(ReadError::ColumnTooLong {
                        path: self.path.clone(),
                        column: clipped(&self.names[at]),
                        limit: COLUMN_BYTES,
                    });
                }
            }
            count += 1;
        }
        Ok((columns, lines, count))
    }
}

fn bad_cell(path: &Path, column: String, line: u64, bad: BadCell) -> ReadError {
    let path = path.to_owned();
    let BadCell { cell, fault, .. } = bad;
    match fault {
        CellFault::Infinite => ReadError::Infinite { path, line, column, cell },
        CellFault::TextInNumbers { words, numbers } => {
            ReadError::TextInNumbers { path, line, column, cell, words, numbers }
        }
        CellFault::TextInDates { words, dates } => ReadError::TextInDates { path, line, column, cell, words, dates },
        CellFault::DecimalComma => ReadError::DecimalComma { path, line, column, cell },
        CellFault::NotUtf8 => ReadError::NotUtf8 { path, line, column },
    }
}
