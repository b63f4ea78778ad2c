//! A file as tables, one after the other.

use std::path::{Path, PathBuf};
use std::thread;

use encoding_rs::WINDOWS_1252;

use crate::batch::{self, Batch, Builders};
use crate::builder::{ColumnBuilder, MOST_ROWS, MissingWords};
use crate::column::Column;
use crate::error::{ReadError, clipped};
use crate::header::{self, Wish};
use crate::infer::{BadCell, CellFault, infer};
use crate::note::ReadNote;
use crate::parallel;
use crate::read::ReadOptions;
use crate::rows::Rows;
use crate::source::{self, Input, guess_delimiter};
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
    /// The row that comes next and its line, where it has been read.
    next: Option<(Batch, u64)>,
    /// Whether commas may be decimal points, as they do not separate cells.
    commas: bool,
    text: Text,
    /// What the header, or the first bytes, made worth a note.
    notes: Vec<ReadNote>,
}

/// What the bytes have been so far.
#[derive(Clone, Copy, PartialEq)]
enum Text {
    Ascii,
    Utf8,
    /// Known by bytes that are no UTF-8, and held to from then on.
    Windows1252,
}

impl<'a> Open<'a> {
    pub(crate) fn new(input: Input<'a>, path: &Path, options: &ReadOptions) -> Result<Open<'a>, ReadError> {
        let source = source::open(input, path, options.encoding.as_deref())?;
        let delimiter = options.delimiter.unwrap_or_else(|| guess_delimiter(&source.sample));
        if matches!(delimiter, b'"' | b'\n' | b'\r') || delimiter.is_ascii_alphanumeric() {
            return Err(ReadError::Delimiter { delimiter: char::from(delimiter) });
        }
        let mut notes: Vec<ReadNote> = source.utf16.then_some(ReadNote::Utf16).into_iter().collect();
        let mut text = if source.named || source.utf16 { Text::Utf8 } else { Text::Ascii };
        let mut rows = Rows::new(source, path, delimiter);
        let (mut first, mut lines) = (Batch::default(), RowLines::default());
        rows.fill(&mut first, 1, None, 0, &mut lines)?;
        if first.rows == 0 {
            return Err(ReadError::Empty { path: path.to_owned() });
        }
        header::check_count(first.cells.len(), path)?;
        let head = decoded(&first, options.header, &mut text);
        let names = header::names(&head, options, path)?;
        let wishes = header::wishes(&names, options, path)?;
        let unnamed: Vec<String> = (0..names.len()).map(header::unnamed).filter(|name| names.contains(name)).collect();
        if !unnamed.is_empty() {
            notes.push(ReadNote::Unnamed { names: unnamed });
        }
        let next = (!options.header).then(|| (first, lines.line(0)));
        let (path, missing, commas) = (path.to_owned(), options.missing.clone(), delimiter != b',');
        Ok(Open { path, names, wishes, missing, rows, next, commas, text, notes })
    }

    /// The table of the next rows, `most` at most; `None` where there are no more.
    pub(crate) fn table(&mut self, most: usize) -> Result<Option<Table>, ReadError> {
        let (mut columns, lines, count) = self.collect(most)?;
        if count == 0 {
            return Ok(None);
        }
        self.settle_text(&mut columns, &lines)?;
        let (mut kept, mut passed_over, mut by_comma) = (Vec::new(), Vec::new(), Vec::new());
        let threads = parallel::threads(columns.len(), count);
        let columns = columns.into_iter().zip(&self.wishes).collect();
        let all = parallel::map(columns, threads, |(built, wish): (ColumnBuilder, &Wish)| match wish {
            Wish::Skip => None,
            Wish::Find => Some(infer(built, None, self.commas)),
            Wish::Keep(storage) => Some(infer(built, Some(*storage), self.commas)),
        });
        for (name, found) in self.names.iter().zip(all) {
            let Some(found) = found else {
                passed_over.push(name.clone());
                continue;
            };
            let found = found.map_err(|bad| bad_cell(&self.path, clipped(name), lines.line(bad.row), bad))?;
            if found.commas {
                by_comma.push(name.clone());
            }
            kept.push(Column { name: name.clone(), cells: found.cells });
        }
        let mut notes = self.notes.clone();
        notes.extend((self.text == Text::Windows1252).then_some(ReadNote::Windows1252));
        notes.extend((!by_comma.is_empty()).then_some(ReadNote::DecimalCommas { columns: by_comma }));
        Ok(Some(Table::with_lines(&self.path, kept, lines)?.with_passed_over(passed_over).with_notes(notes)))
    }

    /// Finds out whether the cells are UTF-8, and makes them so.
    ///
    /// Bytes that are none tell that the file is windows-1252, all of it: after letters in UTF-8 in what came before
    /// they are an error.
    fn settle_text(&mut self, columns: &mut [ColumnBuilder], lines: &RowLines) -> Result<(), ReadError> {
        let mut letters = false;
        for (built, name) in columns.iter().zip(&self.names) {
            match built.not_utf8() {
                _ if self.text == Text::Windows1252 => break,
                Ok(some) => letters |= some,
                Err(_) if self.text == Text::Ascii => self.text = Text::Windows1252,
                Err(row) => {
                    let (path, line, column) = (self.path.clone(), lines.line(row), clipped(name));
                    return Err(ReadError::NotUtf8 { path, line, column });
                }
            }
        }
        if self.text == Text::Ascii && letters {
            self.text = Text::Utf8;
        }
        if self.text == Text::Windows1252 {
            let missing = MissingWords::new(&self.missing);
            for (built, wish) in columns.iter_mut().zip(&self.wishes) {
                built.recode(wish.words(), &missing);
            }
        }
        Ok(())
    }

    /// The cells of the next rows by column of the file; those of columns passed over stay empty.
    fn collect(&mut self, most: usize) -> Result<(Vec<ColumnBuilder>, RowLines, usize), ReadError> {
        let Open { names, wishes, missing, rows, next, path, .. } = self;
        let most = most.min(MOST_ROWS + 1);
        let missing = MissingWords::new(missing);
        let mut columns: Vec<ColumnBuilder> = wishes.iter().map(|wish| ColumnBuilder::new(wish.words())).collect();
        let mut places = batch::places(&mut columns, wishes);
        let (mut lines, mut count) = (RowLines::default(), 0);
        let mut fill = |batch: &mut Batch| match next.take() {
            Some((row, line)) => {
                *batch = row;
                lines.push(0, line);
                count += batch.rows;
                Ok(())
            }
            None => {
                rows.fill(batch, most - count, Some(names), count, &mut lines)?;
                count += batch.rows;
                Ok::<(), ReadError>(())
            }
        };
        let mut batch = Batch::default();
        fill(&mut batch)?;
        batch::build(&batch, &mut places, &missing);
        fill(&mut batch)?;
        if batch.rows > 0 {
            thread::scope(|scope| {
                let mut builders = Builders::start(scope, places, &missing);
                while batch.rows > 0 {
                    batch = builders.send(std::mem::take(&mut batch));
                    fill(&mut batch)?;
                }
                Ok::<(), ReadError>(())
            })?;
        }
        if count > MOST_ROWS {
            return Err(ReadError::TooManyRows { path: path.clone(), limit: MOST_ROWS });
        }
        Ok((columns, lines, count))
    }
}

/// The cells of the first row as text; where they are a header, they may tell what the bytes are.
fn decoded(first: &Batch, header: bool, text: &mut Text) -> Vec<String> {
    let cells = || (0..first.cells.len()).map(|at| first.cell(at));
    let utf8 = cells().all(|cell| std::str::from_utf8(cell).is_ok());
    if header && *text == Text::Ascii && !cells().all(<[u8]>::is_ascii) {
        *text = if utf8 { Text::Utf8 } else { Text::Windows1252 };
    }
    let cell = |cell: &[u8]| match std::str::from_utf8(cell) {
        Ok(cell) if utf8 => cell.to_owned(),
        _ => WINDOWS_1252.decode_without_bom_handling(cell).0.into_owned(),
    };
    cells().map(cell).collect()
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
    }
}
