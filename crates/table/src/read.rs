//! Reading a table from CSV and its kin.

use std::collections::{HashMap, HashSet};
use std::fs::File;
use std::io::Read;
use std::path::Path;

use csv::{ByteRecord, Reader, ReaderBuilder, Terminator};

use crate::column::Column;
use crate::error::{ReadError, clipped};
use crate::infer::{BadCell, COLUMN_BYTES, CellFault, MissingWords, RawColumn, infer, trimmed};
use crate::schema::{Schema, Storage};
use crate::source::{self, Fault, Progress, ROW_BYTES, Source, guess_delimiter};
use crate::table::{RowLines, Table};

/// The most columns of a table.
const MOST_COLUMNS: usize = 100_000;

/// How a table file is to be read.
#[derive(Clone, Debug, PartialEq)]
pub struct ReadOptions {
    /// Whether the first row holds the names. Without it columns are `c1`, `c2`, and so on.
    pub header: bool,
    /// Names for the columns, in place of the header's or of `c1`, `c2`, and so on.
    pub names: Option<Vec<String>>,
    /// The delimiter; guessed among tab, semicolon, bar and comma where not given.
    pub delimiter: Option<u8>,
    /// Cells that count as missing beside the empty one and `nan` in any case.
    pub missing: Vec<String>,
    /// Columns that are not read at all.
    pub drop: Vec<String>,
    /// Columns that hold words even where they look like numbers.
    pub categories: Vec<String>,
    /// Read as an earlier table was: only these columns, kept as they were then.
    pub schema: Option<Schema>,
}

impl Default for ReadOptions {
    fn default() -> ReadOptions {
        let missing = ["", "NA", "N/A", "n/a", "#N/A", "<NA>", "NaN", "nan", "null", "NULL", "None", "?"];
        ReadOptions {
            header: true,
            names: None,
            delimiter: None,
            missing: missing.map(str::to_owned).to_vec(),
            drop: Vec::new(),
            categories: Vec::new(),
            schema: None,
        }
    }
}

impl Table {
    /// Reads a `.csv` or `.tsv` file, gzipped or not (known by its first bytes).
    ///
    /// - Cells are trimmed; a byte-order mark and Windows or old Mac line ends are understood;
    ///   lines that are blank are passed over.
    /// - A column without a name is called `unnamed_1` after its place; two columns of one name
    ///   are an error.
    /// - A column is numbers if all its cells are; otherwise words. A few words among numbers are
    ///   an error, as are infinities.
    /// - With `schema`, columns outside it are passed over, and those in it are read as it says;
    ///   a column that is not there is noticed when it is needed.
    ///
    /// # Errors
    /// [`ReadError`], with file, line and column.
    pub fn read(path: impl AsRef<Path>, options: &ReadOptions) -> Result<Table, ReadError> {
        let path = path.as_ref();
        let mut file = File::open(path).map_err(|source| ReadError::Io { path: path.to_owned(), source })?;
        Table::read_from(&mut file, path, options)
    }

    /// Reads a table from memory; `path` is the name that messages use.
    ///
    /// # Errors
    /// As [`Table::read`].
    pub fn parse(mut bytes: &[u8], path: impl AsRef<Path>, options: &ReadOptions) -> Result<Table, ReadError> {
        Table::read_from(&mut bytes, path.as_ref(), options)
    }

    /// Reads a table from a stream; `path` is the name that messages use.
    ///
    /// # Errors
    /// As [`Table::read`].
    pub fn read_from(input: &mut dyn Read, path: &Path, options: &ReadOptions) -> Result<Table, ReadError> {
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
        let cells = collect(&mut rows, first, &names, &wishes, options.header)?;
        finish(path, names, cells, &wishes, options)
    }
}

/// What is to be done with a column of the file.
#[derive(Clone, Copy, PartialEq)]
enum Wish {
    Skip,
    Find,
    Keep(Storage),
}

/// The rows of the file, one after the other, with their lines.
struct Rows<'a> {
    reader: Reader<source::Lines<'a>>,
    progress: std::rc::Rc<Progress>,
    packed: bool,
    path: &'a Path,
    /// The line on which the last row started.
    line: u64,
}

impl<'a> Rows<'a> {
    fn new(source: Source<'a>, path: &'a Path, delimiter: u8) -> Rows<'a> {
        let Source { text, progress, packed, .. } = source;
        let reader = ReaderBuilder::new()
            .has_headers(false)
            .flexible(true)
            .delimiter(delimiter)
            .terminator(Terminator::Any(b'\n'))
            .buffer_capacity(1 << 17)
            .from_reader(text);
        Rows { reader, progress, packed, path, line: 1 }
    }

    /// Reads the next row that is not blank; checks it against the names of the columns.
    fn next(&mut self, row: &mut ByteRecord, names: Option<&[String]>) -> Result<bool, ReadError> {
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
            path: self.path.to_owned(),
            line: self.line,
            column: name.map_or_else(|| format!("c{}", last + 1), |name| clipped(name)),
        }
    }

    fn ragged(&self, found: usize, names: &[String], last_line: u64) -> ReadError {
        let at = found.min(names.len() - 1);
        ReadError::Ragged {
            path: self.path.to_owned(),
            line: self.line,
            last_line,
            column: clipped(&names[at]),
            found,
            expected: names.len(),
        }
    }

    fn failed(&self, error: csv::Error) -> ReadError {
        let path = self.path.to_owned();
        let next = self.reader.position().line();
        let source = match error.into_kind() {
            csv::ErrorKind::Io(source) => source,
            other => std::io::Error::other(format!("{other:?}")),
        };
        match source.get_ref().and_then(|inner| inner.downcast_ref::<Fault>()) {
            Some(Fault::NulByte { line }) => ReadError::NulByte { path, line: *line },
            Some(Fault::RowTooLong) => ReadError::RowTooLong { path, line: next, limit: ROW_BYTES },
            None => source::failed(self.path, source, self.packed),
        }
    }
}

/// The names of all columns of the file.
fn names(first: &ByteRecord, options: &ReadOptions, path: &Path, line: u64) -> Result<Vec<String>, ReadError> {
    let found = first.len();
    if found > MOST_COLUMNS {
        return Err(ReadError::TooManyColumns { path: path.to_owned(), found, limit: MOST_COLUMNS });
    }
    let names: Vec<String> = if let Some(given) = &options.names {
        if given.len() != found {
            let given = given.len();
            return Err(ReadError::NameCount { path: path.to_owned(), given, found });
        }
        given.iter().map(|name| name.trim().to_owned()).collect()
    } else if options.header {
        first.iter().enumerate().map(|(at, cell)| header_name(at, cell, path, line)).collect::<Result<_, _>>()?
    } else {
        (1..=found).map(|place| format!("c{place}")).collect()
    };
    let mut places = HashMap::with_capacity(found);
    for (at, name) in names.iter().enumerate() {
        if let Some(first) = places.insert(name.as_str(), at) {
            let (first, second) = (first + 1, at + 1);
            let name = clipped(name);
            return Err(ReadError::DuplicateName { path: path.to_owned(), name, first, second });
        }
    }
    Ok(names)
}

fn header_name(at: usize, cell: &[u8], path: &Path, line: u64) -> Result<String, ReadError> {
    let text = std::str::from_utf8(cell).map_err(|_| ReadError::NotUtf8 {
        path: path.to_owned(),
        line,
        column: format!("c{}", at + 1),
    })?;
    let name = text.trim();
    Ok(if name.is_empty() { format!("unnamed_{}", at + 1) } else { name.to_owned() })
}

/// What each column is read as.
fn wishes(names: &[String], options: &ReadOptions, path: &Path) -> Result<Vec<Wish>, ReadError> {
    let known: HashSet<&str> = names.iter().map(String::as_str).collect();
    let unknown = |name: &str| ReadError::UnknownColumn {
        path: path.to_owned(),
        name: name.to_owned(),
        nearest: crate::nearest(name, names.iter().map(String::as_str)).map(str::to_owned),
    };
    let mut asked = options.drop.iter().chain(&options.categories);
    if let Some(name) = asked.find(|name| !known.contains(name.as_str())) {
        return Err(unknown(name));
    }
    let drop: HashSet<&str> = options.drop.iter().map(String::as_str).collect();
    let categories: HashSet<&str> = options.categories.iter().map(String::as_str).collect();
    let schema: Option<HashMap<&str, Storage>> = options
        .schema
        .as_ref()
        .map(|schema| schema.columns.iter().map(|column| (column.name.as_str(), column.storage)).collect());
    let wish = |name: &String| {
        let name = name.as_str();
        match &schema {
            _ if drop.contains(name) => Wish::Skip,
            Some(schema) => schema.get(name).map_or(Wish::Skip, |&storage| Wish::Keep(storage)),
            None if categories.contains(name) => Wish::Keep(Storage::Words),
            None => Wish::Find,
        }
    };
    let wishes: Vec<Wish> = names.iter().map(wish).collect();
    if wishes.iter().all(|&wish| wish == Wish::Skip) {
        let wanted = options.schema.as_ref().and_then(|schema| schema.columns.first());
        return Err(match wanted {
            Some(column) => unknown(&column.name),
            None => ReadError::NoColumns { path: path.to_owned() },
        });
    }
    Ok(wishes)
}

/// The cells of all rows by column of the file; those of columns passed over stay empty.
struct Collected {
    columns: Vec<RawColumn>,
    lines: RowLines,
}

fn collect(
    rows: &mut Rows<'_>,
    first: ByteRecord,
    names: &[String],
    wishes: &[Wish],
    header: bool,
) -> Result<Collected, ReadError> {
    let mut columns: Vec<RawColumn> = names.iter().map(|_| RawColumn::default()).collect();
    let mut lines = RowLines::default();
    let mut row = first;
    let mut count = 0;
    let mut there = !header || rows.next(&mut row, Some(names))?;
    while there {
        lines.push(count, rows.line);
        for (at, cell) in row.iter().enumerate() {
            if wishes[at] != Wish::Skip && !columns[at].push(cell) {
                return Err(ReadError::ColumnTooLong {
                    path: rows.path.to_owned(),
                    column: clipped(&names[at]),
                    limit: COLUMN_BYTES,
                });
            }
        }
        count += 1;
        there = rows.next(&mut row, Some(names))?;
    }
    if count == 0 {
        return Err(ReadError::HeaderOnly { path: rows.path.to_owned() });
    }
    Ok(Collected { columns, lines })
}

fn finish(
    path: &Path,
    names: Vec<String>,
    cells: Collected,
    wishes: &[Wish],
    options: &ReadOptions,
) -> Result<Table, ReadError> {
    let missing = MissingWords::new(&options.missing);
    let (mut columns, mut passed_over) = (Vec::new(), Vec::new());
    for ((name, raw), wish) in names.into_iter().zip(cells.columns).zip(wishes) {
        let wanted = match wish {
            Wish::Skip => {
                passed_over.push(name);
                continue;
            }
            Wish::Find => None,
            Wish::Keep(storage) => Some(*storage),
        };
        let cells = infer(&raw, &missing, wanted)
            .map_err(|bad| bad_cell(path, clipped(&name), cells.lines.line(bad.row), bad))?;
        columns.push(Column { name, cells });
    }
    Ok(Table::with_lines(path, columns, cells.lines)?.with_passed_over(passed_over))
}

fn bad_cell(path: &Path, column: String, line: u64, bad: BadCell) -> ReadError {
    let path = path.to_owned();
    let BadCell { cell, fault, .. } = bad;
    match fault {
        CellFault::Infinite => ReadError::Infinite { path, line, column, cell },
        CellFault::TextInNumbers { words, numbers } => {
            ReadError::TextInNumbers { path, line, column, cell, words, numbers }
        }
        CellFault::DecimalComma => ReadError::DecimalComma { path, line, column, cell },
        CellFault::NotUtf8 => ReadError::NotUtf8 { path, line, column },
    }
}
