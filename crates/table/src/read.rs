//! Reading a table from CSV and its kin.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use crate::chunks::{Chunks, Open};
use crate::error::ReadError;
use crate::schema::Schema;
use crate::source::Input;
use crate::table::Table;

/// How a table file is to be read.
#[derive(Clone, Debug, PartialEq)]
pub struct ReadOptions {
    /// Whether the first row holds the names. Without it columns are `c1`, `c2`, and so on.
    pub header: bool,
    /// Names for the columns, in place of the header's or of `c1`, `c2`, and so on.
    pub names: Option<Vec<String>>,
    /// The delimiter; guessed among tab, semicolon, bar and comma where not given.
    pub delimiter: Option<u8>,
    /// The encoding by its name in the WHATWG's list (`latin-1`, `utf-16`, `shift_jis`); found out where not given:
    /// UTF-8, UTF-16, or windows-1252 for a file that is neither.
    pub encoding: Option<String>,
    /// Cells that count as missing beside the empty one and `nan` in any case.
    pub missing: Vec<String>,
    /// Signs to take off the ends of labels, for those who know the target; see [`Table::with_labels_trimmed`].
    pub trim_labels: Option<String>,
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
            encoding: None,
            missing: missing.map(str::to_owned).to_vec(),
            trim_labels: None,
            drop: Vec::new(),
            categories: Vec::new(),
            schema: None,
        }
    }
}

impl Table {
    /// Reads a `.csv` or `.tsv` file, gzipped or not (known by its first bytes).
    ///
    /// - UTF-8 and UTF-16 are told apart; a file that is neither is read as windows-1252, and a note says so.
    /// - Cells are trimmed; a byte-order mark and Windows or old Mac line ends are understood;
    ///   lines that are blank are passed over.
    /// - A column without a name is called `unnamed_1` after its place; two columns of one name
    ///   are an error.
    /// - A column is numbers if all its cells are; otherwise words. A few words among numbers are
    ///   an error, as are infinities.
    /// - Where commas do not separate cells, they are read as decimal points in columns of numbers, unless they could
    ///   separate thousands; a note says so.
    /// - With `schema`, columns outside it are passed over, and those in it are read as it says;
    ///   a column that is not there is noticed when it is needed.
    ///
    /// # Errors
    /// [`ReadError`], with file, line and column.
    pub fn read(path: impl AsRef<Path>, options: &ReadOptions) -> Result<Table, ReadError> {
        let path = path.as_ref();
        Table::of(Input::File(open(path)?), path, options)
    }

    /// Reads a file of any length in tables of at most `rows` rows, one after the other.
    ///
    /// Memory is bounded by the rows of one table. What the columns hold is not found out but said by
    /// [`ReadOptions::schema`]; a model has one. All else is as in [`Table::read`], and the tables put
    /// together are the one that it would give.
    ///
    /// ```
    /// use caviar_table::{ReadOptions, Schema, Storage, Table};
    ///
    /// let schema = Schema::default().with("x", Storage::Numbers);
    /// let options = ReadOptions { schema: Some(schema), ..ReadOptions::default() };
    /// let text = "x,name\n1,a\n2,b\n3,c\n".as_bytes();
    /// let chunks = Table::chunks_from(text, "t.csv".as_ref(), &options, 2)?;
    /// let rows: Vec<usize> = chunks.map(|table| table.map(|table| table.rows())).collect::<Result<_, _>>()?;
    /// assert_eq!(rows, [2, 1]);
    /// # Ok::<(), caviar_table::ReadError>(())
    /// ```
    ///
    /// # Errors
    /// No schema; a file without rows or with a header that cannot be; the iterator then ends with the
    /// first error that a row has, as [`Table::read`].
    pub fn chunks(path: impl AsRef<Path>, options: &ReadOptions, rows: usize) -> Result<Chunks<'static>, ReadError> {
        let path = path.as_ref();
        Table::pieces(Input::File(open(path)?), path, options, rows)
    }

    /// As [`Table::chunks`], from a stream; `path` is the name that messages use.
    ///
    /// # Errors
    /// As [`Table::chunks`].
    pub fn chunks_from<'a>(
        input: impl Read + 'a,
        path: &Path,
        options: &ReadOptions,
        rows: usize,
    ) -> Result<Chunks<'a>, ReadError> {
        Table::pieces(Input::Stream(Box::new(input)), path, options, rows)
    }

    fn pieces<'a>(input: Input<'a>, path: &Path, options: &ReadOptions, rows: usize) -> Result<Chunks<'a>, ReadError> {
        if options.schema.is_none() {
            return Err(ReadError::NoSchema { path: path.to_owned() });
        }
        Ok(Chunks::new(Open::new(input, path, options)?, rows))
    }

    /// Reads a table from memory; `path` is the name that messages use.
    ///
    /// # Errors
    /// As [`Table::read`].
    pub fn parse(bytes: &[u8], path: impl AsRef<Path>, options: &ReadOptions) -> Result<Table, ReadError> {
        Table::read_from(bytes, path.as_ref(), options)
    }

    /// Reads a table from a stream; `path` is the name that messages use.
    ///
    /// # Errors
    /// As [`Table::read`].
    pub fn read_from<'a>(input: impl Read + 'a, path: &Path, options: &ReadOptions) -> Result<Table, ReadError> {
        Table::of(Input::Stream(Box::new(input)), path, options)
    }

    fn of(input: Input<'_>, path: &Path, options: &ReadOptions) -> Result<Table, ReadError> {
        let mut file = Open::new(input, path, options)?;
        file.table(usize::MAX)?.ok_or_else(|| ReadError::HeaderOnly { path: path.to_owned() })
    }
}

fn open(path: &Path) -> Result<File, ReadError> {
    File::open(path).map_err(|source| ReadError::Io { path: path.to_owned(), source })
}
