//! What tables look like once read, and what is said of those that are none.

use std::io::Write;

use caviar_table::{Contents, Kind, ReadError, ReadNote, ReadOptions, Schema, Storage, Summary, Table};

fn read(text: &str) -> Result<Table, ReadError> {
    Table::parse(text.as_bytes(), "t.csv", &ReadOptions::default())
}

fn numbers(table: &Table, name: &str) -> Vec<f64> {
    match table.column(name).expect("the column").contents() {
        Contents::Numbers(values) => values.into_owned(),
        Contents::Words(words) => panic!("words: {words:?}"),
    }
}

fn words(table: &Table, name: &str) -> Vec<Option<String>> {
    match table.column(name).expect("the column").contents() {
        Contents::Words(words) => (0..table.rows()).map(|row| words.get(row).map(str::to_owned)).collect(),
        Contents::Numbers(values) => panic!("numbers: {values:?}"),
    }
}

#[test]
fn line_ends_marks_blanks_and_quotes_do_not_change_the_table() {
    let plain = read("a,b\n1,x\n2,y z\n").unwrap();
    for text in [
        "\u{feff}a,b\n1,x\n2,y z\n",
        "a,b\r\n1,x\r\n2,y z\r\n",
        "a,b\r1,x\r2,y z",
        "a;b\n1;x\n2;y z",
        "a\tb\n1\tx\n2\ty z\n",
        " a , b \n 1 , x \n\n2,  y z\n\n",
        "\"a\",\"b\"\n\"1\",\"x\"\n2,\"y z\"\n   \n",
    ] {
        assert_eq!(read(text).unwrap().columns(), plain.columns(), "{text:?}");
    }
    assert_eq!(numbers(&plain, "a"), [1.0, 2.0]);
    assert_eq!(words(&plain, "b"), [Some("x".to_owned()), Some("y z".to_owned())]);
}

#[test]
fn gzip_is_known_by_its_bytes() {
    let mut packer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    packer.write_all(b"a,b\n1,x\n2,y\n").unwrap();
    let packed = packer.finish().unwrap();
    let options = ReadOptions::default();
    let table = Table::parse(&packed, "t.csv.gz", &options).unwrap();
    assert_eq!(numbers(&table, "a"), [1.0, 2.0]);
    let cut = Table::parse(&packed[..packed.len() - 6], "t.csv.gz", &options);
    assert!(matches!(cut, Err(ReadError::Compressed { .. })), "{cut:?}");
}

#[test]
fn quoted_cells_may_hold_delimiters_quotes_and_line_ends() {
    let table = read("a,b\n\"x, \"\"y\"\"\",1\n\"two\nlines\",2\nz,3\n").unwrap();
    let cells = words(&table, "a");
    assert_eq!(cells[0].as_deref(), Some("x, \"y\""));
    assert_eq!(cells[1].as_deref(), Some("two\nlines"));
    assert_eq!((table.line(0), table.line(1), table.line(2)), (2, 3, 5));
}

#[test]
fn lines_are_those_of_the_editor() {
    for text in ["a,b\n1,2\n\n\n3,4\n5,inf\n6,7\n", "a,b\r\n1,2\r\n\r\n\r\n3,4\r\n5,inf\r\n6,7\r\n"] {
        match read(text) {
            Err(ReadError::Infinite { line, column, cell, .. }) => {
                assert_eq!((line, column.as_str(), cell.as_str()), (6, "b", "inf"));
            }
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn a_ragged_row_is_named_with_line_and_column() {
    let short = read("a,b,c\n1,2,3\n4,5\n").unwrap_err();
    assert_eq!(
        short.to_string(),
        "t.csv, line 3, column `c` (the first without a cell): 2 cells where the first line has 3"
    );
    let long = read("a,b\n1,2\n3,4,5\n").unwrap_err();
    assert_eq!(
        long.to_string(),
        "t.csv, line 3, column 3 (after the last one, `b`): 3 cells where the first line has 2"
    );
}

#[test]
fn an_open_quote_is_named_where_it_opens() {
    let last = read("a,b\n1,2\n3,\"4\n5,6\n").unwrap_err();
    assert!(matches!(last, ReadError::OpenQuote { line: 3, ref column, .. } if column == "b"), "{last}");
    for (text, at) in
        [("a,b\n1,2\n3,\"", 3), ("a,b\n\n\n1,2\n\n3,\"4\n", 6), ("a,b\n1,\"2\n3,4\n5,6\n", 2), ("a,\"b\n", 1)]
    {
        let error = read(text).unwrap_err();
        assert!(matches!(error, ReadError::OpenQuote { line, .. } if line == at), "{text:?}: {error}");
    }
    let closed = read("a,b\n1,2\n3,\"4\n\"\n");
    assert!(matches!(closed, Ok(ref table) if table.rows() == 2), "{closed:?}");
}

#[test]
fn files_without_rows_are_told_apart() {
    assert!(matches!(read(""), Err(ReadError::Empty { .. })));
    assert!(matches!(read("\u{feff}\n \r\n"), Err(ReadError::Empty { .. })));
    assert!(matches!(read("a,b\n"), Err(ReadError::HeaderOnly { .. })));
    let missing = Table::read("no/such/file.csv", &ReadOptions::default());
    assert!(matches!(missing, Err(ReadError::Io { .. })));
}

#[test]
fn latin_1_is_read_and_said() {
    let options = ReadOptions::default();
    let table = Table::parse(b"caf\xe9,b\n1,na\xefve\n2,\x80\n", "t.csv", &options).unwrap();
    assert_eq!(table.names().collect::<Vec<_>>(), ["caf\u{e9}", "b"]);
    assert_eq!(words(&table, "b"), [Some("na\u{ef}ve".to_owned()), Some("\u{20ac}".to_owned())]);
    assert_eq!(table.notes(), [ReadNote::Windows1252]);
    let mixed = Table::parse(b"caf\xc3\xa9,b\n1,x\n2,caf\xe9\n", "t.csv", &options).unwrap_err();
    assert!(matches!(mixed, ReadError::NotUtf8 { line: 3, ref column, .. } if column == "b"), "{mixed}");
    let utf8 = Table::parse("a,b\n1,caf\u{e9}\n".as_bytes(), "t.csv", &options).unwrap();
    assert_eq!((utf8.notes(), words(&utf8, "b")[0].as_deref()), (&[][..], Some("caf\u{e9}")));
    // The second byte of a letter in a cell of its own is no UTF-8, though the bytes one after the other are.
    let cut = Table::parse(b"a,b\n1,\xc3\n2,\xa9\n", "t.csv", &options).unwrap();
    assert_eq!(cut.notes(), [ReadNote::Windows1252]);
    let pieces = ReadOptions { schema: Some(Schema::default().with("b", Storage::Words)), ..options };
    let read =
        |bytes: &'static [u8]| Table::chunks_from(bytes, "t.csv".as_ref(), &pieces, 1).unwrap().collect::<Vec<_>>();
    let later = read(b"a,b\n1,x\n2,\xe9\n3,\xc3\xa9\n");
    let last = later[2].as_ref().unwrap();
    assert_eq!(words(last, "b")[0].as_deref(), Some("\u{c3}\u{a9}"), "held to");
    assert!(matches!(read(b"a,b\n1,\xc3\xa9\n2,\xe9\n")[..], [Ok(_), Err(ReadError::NotUtf8 { line: 3, .. })]));
}

#[test]
fn utf16_and_named_encodings_are_read() {
    let plain = read("n\u{e9},b\n1,\u{1f980}\n2,y\n").unwrap();
    let units: Vec<u16> = "n\u{e9},b\r\n1,\u{1f980}\r\n2,y\r\n".encode_utf16().collect();
    let little: Vec<u8> = units.iter().flat_map(|unit| unit.to_le_bytes()).collect();
    let big: Vec<u8> = units.iter().flat_map(|unit| unit.to_be_bytes()).collect();
    let with_mark = |mark: [u8; 2], bytes: &[u8]| [&mark[..], bytes].concat();
    for bytes in [little.clone(), big.clone(), with_mark([0xff, 0xfe], &little), with_mark([0xfe, 0xff], &big)] {
        let table = Table::parse(&bytes, "t.csv", &ReadOptions::default()).unwrap();
        assert_eq!((table.columns(), table.notes()), (plain.columns(), &[ReadNote::Utf16][..]));
    }
    let named = |label: &str, bytes: &[u8]| {
        let options = ReadOptions { encoding: Some(label.to_owned()), ..ReadOptions::default() };
        Table::parse(bytes, "t.csv", &options)
    };
    let table = named("latin1", b"a,b\n1,\xc3\xa9\n").unwrap();
    assert_eq!((words(&table, "b")[0].as_deref(), table.notes()), (Some("\u{c3}\u{a9}"), &[][..]));
    assert_eq!(words(&named("koi8-r", b"a,b\n1,\xc6\n").unwrap(), "b")[0].as_deref(), Some("\u{444}"));
    assert!(matches!(named("utf-8", b"a,b\n1,\xe9\n"), Err(ReadError::NotUtf8 { line: 2, .. })));
    assert!(matches!(named("utf-16", b"a\0,\0b\0\n\0\x00\xd8"), Err(ReadError::Malformed { line: 2, .. })));
    assert!(matches!(named("klingon", b"a\n1\n"), Err(ReadError::UnknownEncoding { .. })));
    let nul = Table::parse(b"a,b\n1,2\n3,\0\n", "t.csv", &ReadOptions::default());
    assert!(matches!(nul, Err(ReadError::NulByte { line: 3, .. })));
}

#[test]
fn european_numbers_are_read_where_commas_separate_nothing() {
    let table = read("x;n\n1,5;1,234\n-0,25;2\n;3\n").unwrap_err();
    assert!(matches!(table, ReadError::DecimalComma { line: 2, ref column, .. } if column == "n"), "{table}");
    let table = read("x;w\n1,5;a\n-0,25;b, c\n2;d\n").unwrap();
    assert_eq!(numbers(&table, "x"), [1.5, -0.25, 2.0]);
    assert_eq!(table.notes(), [ReadNote::DecimalCommas { columns: vec!["x".to_owned()] }]);
    assert!(matches!(read("x,w\n\"1,5\",a\n\"2,5\",b\n"), Err(ReadError::DecimalComma { line: 2, .. })));
    assert_eq!(
        read(",b\n0,1\n").unwrap().notes()[0].to_string(),
        "columns without a name in the header are called `unnamed_1`"
    );
}

#[test]
fn several_gzip_members_are_one_file() {
    let member = |text: &[u8]| {
        let mut packer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
        packer.write_all(text).unwrap();
        packer.finish().unwrap()
    };
    let packed = [member(b"a,b\n1,"), member(b"x\n2"), member(b",y\n")].concat();
    let table = Table::parse(&packed, "t.csv.gz", &ReadOptions::default()).unwrap();
    assert_eq!((numbers(&table, "a"), table.rows()), (vec![1.0, 2.0], 2));
}

#[test]
fn a_quote_left_open_does_not_swallow_the_machine() {
    let mut text = b"a,b\n1,\"".to_vec();
    text.resize(40 << 20, b'x');
    let error = Table::parse(&text, "t.csv", &ReadOptions::default()).unwrap_err();
    assert!(matches!(error, ReadError::RowTooLong { line: 2, .. }), "{error}");
}

#[test]
fn names_come_from_the_header_the_user_or_the_place() {
    let names = |text: &str, options: &ReadOptions| {
        Table::parse(text.as_bytes(), "t.csv", options)
            .map(|table| table.names().map(str::to_owned).collect::<Vec<_>>())
    };
    let header = ReadOptions::default();
    let bare = ReadOptions { header: false, ..header.clone() };
    let given = ReadOptions { names: Some(vec!["p".to_owned(), "q".to_owned()]), ..header.clone() };
    assert_eq!(names(",b\n0,1\n", &header).unwrap(), ["unnamed_1", "b"]);
    assert_eq!(names("5,6\n0,1\n", &bare).unwrap(), ["c1", "c2"]);
    assert_eq!(names("5,6\n0,1\n", &given).unwrap(), ["p", "q"]);
    assert!(matches!(names("a\n1\n", &given), Err(ReadError::NameCount { given: 2, found: 1, .. })));
    assert!(matches!(names("a,b,a\n1,2,3\n", &header), Err(ReadError::DuplicateName { first: 1, second: 3, .. })));
}

#[test]
fn the_text_in_a_number_column_says_what_to_do() {
    let mut text = "age,capital\n".to_owned();
    for row in 0..40 {
        text += &format!("{row},{}\n", if row == 29 { "lots".to_owned() } else { (row * 100).to_string() });
    }
    let error = read(&text).unwrap_err();
    assert_eq!(
        error.to_string(),
        "t.csv, line 31, column `capital`: the text `lots` in a column of numbers (1 of its 40 cells are text); \
         if it means missing, say so (--missing 'lots'), else mend the cell or leave the column out (--drop 'capital')"
    );
    let mut options = ReadOptions::default();
    options.missing.push("lots".to_owned());
    let table = Table::parse(text.as_bytes(), "t.csv", &options).unwrap();
    assert!(numbers(&table, "capital")[29].is_nan());
    let dropped = ReadOptions { drop: vec!["capital".to_owned()], ..ReadOptions::default() };
    assert_eq!(Table::parse(text.as_bytes(), "t.csv", &dropped).unwrap().columns().len(), 1);
    let forced = ReadOptions { categories: vec!["capital".to_owned()], ..ReadOptions::default() };
    let table = Table::parse(text.as_bytes(), "t.csv", &forced).unwrap();
    assert_eq!(words(&table, "capital")[29].as_deref(), Some("lots"));
}

#[test]
fn an_unknown_column_to_drop_is_answered_with_the_nearest() {
    let options = ReadOptions { drop: vec!["captial".to_owned()], ..ReadOptions::default() };
    let error = Table::parse(b"age,capital\n1,2\n", "t.csv", &options).unwrap_err();
    assert_eq!(error.to_string(), "t.csv: no column is named `captial`; did you mean `capital`?");
}

#[test]
fn a_schema_reads_a_file_as_the_first_one_was() {
    let schema = Schema::default().with("code", Storage::Words).with("x", Storage::Numbers);
    let options = ReadOptions { schema: Some(schema), ..ReadOptions::default() };
    let table = Table::parse(b"x,extra,code\n1,inf,01\n,2,2\n", "t.csv", &options).unwrap();
    assert_eq!(words(&table, "code"), [Some("01".to_owned()), Some("2".to_owned())]);
    assert_eq!(table.names().collect::<Vec<_>>(), ["x", "code"]);
    assert_eq!(table.passed_over().collect::<Vec<_>>(), ["extra"]);
    let text = Table::parse(b"x,code\n1,a\nfive,b\n", "t.csv", &options).unwrap_err();
    assert!(matches!(text, ReadError::TextInNumbers { line: 3, .. }), "{text}");
}

#[test]
fn ten_thousand_columns_are_read() {
    let line = |cell: &dyn Fn(usize) -> String| (0..10_000).map(cell).collect::<Vec<_>>().join(",");
    let mut text = line(&|column| format!("x{column}")) + "\n";
    for row in 0..50 {
        text += &(line(&|column| format!("{}.5", row * column)) + "\n");
    }
    let table = read(&text).unwrap();
    assert_eq!((table.rows(), table.columns().len()), (50, 10_000));
    assert_eq!(numbers(&table, "x9999")[49], 49.0 * 9999.0 + 0.5);
    let too_many = vec!["x"; 100_001].join(",") + "\n";
    assert!(matches!(read(&too_many), Err(ReadError::TooManyColumns { .. })));
}

#[test]
fn the_summary_counts_columns_by_kind() {
    let mut text = "id,age,job,one,void,note\n".to_owned();
    for row in 0..40 {
        let age = if row == 3 { "?".to_owned() } else { (20 + row % 7).to_string() };
        text += &format!("{},{age},{},same,,remark {}\n", 500 - row, ["a", "b"][row % 2], row % 35);
    }
    let table = read(&text).unwrap();
    let summary = Summary::new(&table);
    assert_eq!(summary.numbers, ["age"]);
    assert_eq!(summary.categories, ["job"]);
    assert_eq!(summary.missing, [("age".to_owned(), 1), ("void".to_owned(), 40)]);
    assert_eq!(
        summary.to_string(),
        "40 rows, 6 columns: 1 numbers, 1 categories, 1 constant (one), 1 identifiers (id), \
         1 free text (note), 1 empty (void); 41 cells missing in 2 columns"
    );
    let rows: Vec<usize> = (0..40).collect();
    assert_eq!(table.column("id").map(|column| column.kind(&rows)), Some(Kind::Identifier));
}
