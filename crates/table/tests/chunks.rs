//! A file in pieces is the file.

use std::cell::Cell;
use std::io::Read;
use std::path::Path;

use caviar_table::{Cells, Chunks, ReadError, ReadOptions, Schema, Storage, Table};
use proptest::prelude::{ProptestConfig, prop_assert, prop_assert_eq, proptest};

fn options() -> ReadOptions {
    let schema = Schema::default().with("x", Storage::Numbers).with("w", Storage::Words);
    ReadOptions { schema: Some(schema), ..ReadOptions::default() }
}

fn chunks(text: &str, rows: usize) -> Vec<Result<Table, ReadError>> {
    Table::chunks_from(text.as_bytes(), Path::new("t.csv"), &options(), rows).unwrap().collect()
}

/// Line and cells of every row.
fn cells<'a>(tables: impl IntoIterator<Item = &'a Table>) -> Vec<(u64, Option<f64>, Option<String>)> {
    let mut all = Vec::new();
    for table in tables {
        let Cells::Numbers(x) = &table.column("x").unwrap().cells else { panic!("numbers") };
        let Cells::Words(w) = &table.column("w").unwrap().cells else { panic!("words") };
        let row = |row: usize| (table.line(row), Some(x[row]).filter(|x| !x.is_nan()), w.get(row).map(str::to_owned));
        all.extend((0..table.rows()).map(row));
    }
    all
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(150))]

    #[test]
    fn the_pieces_put_together_are_the_whole(
        rows in proptest::collection::vec(("-?[0-9]{0,3}", "[ab\n\", ]{0,4}", 0_usize..3), 1..40),
        size in 1_usize..12,
    ) {
        let mut text = "w,extra,x\n".to_owned();
        for (x, w, blank) in &rows {
            let x = if x == "-" { "" } else { x };
            text += &format!("\"{}\",7,{x}\n{}", w.replace('"', "\"\""), "\n".repeat(*blank));
        }
        let whole = Table::parse(text.as_bytes(), "t.csv", &options()).unwrap();
        let pieces: Vec<Table> = chunks(&text, size).into_iter().map(Result::unwrap).collect();
        prop_assert!(pieces.iter().rev().skip(1).all(|piece| piece.rows() == size));
        prop_assert!(pieces.iter().all(|piece| piece.rows() > 0 && piece.passed_over().eq(["extra"])));
        prop_assert_eq!(cells(&pieces), cells([&whole]));
    }
}

#[test]
fn errors_name_the_line_of_the_file_and_end_the_pieces() {
    let text = "x,w\n1,a\n\n2,\"two\nlines\"\n3,c\nfour,d\n5,e\n";
    let pieces = chunks(text, 2);
    assert_eq!(pieces.len(), 2);
    assert_eq!(cells(pieces[0].iter()).iter().map(|row| row.0).collect::<Vec<_>>(), [2, 4]);
    assert!(matches!(pieces[1], Err(ReadError::TextInNumbers { line: 7, .. })));
    let ragged = chunks("x,w\n1,a\n2\n", 1);
    assert!(matches!(ragged[..], [Ok(_), Err(ReadError::Ragged { line: 3, .. })]));
}

#[test]
fn pieces_need_a_schema_and_rows() {
    fn open(text: &'static str, options: &ReadOptions) -> Result<Chunks<'static>, ReadError> {
        Table::chunks_from(text.as_bytes(), Path::new("t.csv"), options, 10)
    }
    assert!(matches!(open("x\n1\n", &ReadOptions::default()), Err(ReadError::NoSchema { .. })));
    assert!(matches!(open("", &options()), Err(ReadError::Empty { .. })));
    let rows: Vec<_> = open("x,w\n", &options()).unwrap().collect();
    assert!(matches!(rows[..], [Err(ReadError::HeaderOnly { .. })]));
    assert!(matches!(Table::chunks("no/such.csv", &options(), 10), Err(ReadError::Io { .. })));
}

/// Rows without end.
struct Endless<'a> {
    read: &'a Cell<usize>,
}

impl Read for Endless<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        for byte in &mut *buffer {
            *byte = b"x,w\n1,a\n1,b\n"[if self.read.get() < 4 { self.read.get() } else { 4 + self.read.get() % 8 }];
            self.read.set(self.read.get() + 1);
        }
        Ok(buffer.len())
    }
}

#[test]
fn no_more_is_read_than_the_pieces_need() {
    let read = Cell::new(0);
    let pieces = Table::chunks_from(Endless { read: &read }, Path::new("endless"), &options(), 1000).unwrap();
    let rows: usize = pieces.take(50).map(|piece| piece.unwrap().rows()).sum();
    assert_eq!(rows, 50_000);
    assert!(read.get() < 50_000 * 4 + (1 << 20), "{}", read.get());
}
