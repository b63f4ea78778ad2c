//! Whatever the bytes, reading ends with a table or an error.

use std::cell::Cell;
use std::io::Read;

use caviar_table::{Encoder, Fractions, ReadError, ReadOptions, Scaling, Schema, Split, Summary, Table, Target, Task};
use proptest::prelude::{ProptestConfig, Strategy, any, prop_assert, proptest};

const SEED: &[u8] =
    b"\xef\xbb\xbfid,age,\"job, now\",pay\r\n1,20,a,1.5\r\n2,,\"b \"\"x\"\"\",2e3\r\n3,40,\"c\nd\",NaN\r\n\
    4,25,a,-7\r\n5,31,b,.5\r\n6,29,a,0\r\n7,44,?,1e-5\r\n8,38,b,12\r\n";

/// The whole way, as far as it goes; only the reading may not pass over a fault in silence.
fn go(bytes: &[u8], options: &ReadOptions) -> Result<(), ReadError> {
    let table = Table::parse(bytes, "x", options)?;
    assert!(!Summary::new(&table).to_string().is_empty());
    for name in table.names_without(&[]) {
        let Ok(target) = Target::find(&table, &name, Task::Auto) else { continue };
        let Ok(split) = Split::new(&target.rows, target.labels(), Fractions::default(), &|row| row) else { continue };
        let features = table.names_without(&[&name]);
        let Ok(encoder) = Encoder::fit(&table, &features, &split.train, Scaling::Standard) else { continue };
        if let Ok(matrix) = encoder.encode(&table, &target.rows) {
            assert!(matrix.values.iter().all(|value| value.is_finite()));
            assert_eq!(matrix.values.len(), target.rows.len() * encoder.width());
        }
    }
    Ok(())
}

/// The seed with some bytes replaced, put in, or taken out.
fn mutated() -> impl Strategy<Value = Vec<u8>> {
    let telling = proptest::sample::select(b",;\t|\"\r\n\0 -+.eE?0123456789\xff\xfe\x1f\x8bxN".to_vec());
    proptest::collection::vec((any::<u16>(), 0_u8..3, telling), 1..12).prop_map(|edits| {
        let mut bytes = SEED.to_vec();
        for (place, edit, byte) in edits {
            let at = usize::from(place) % bytes.len().max(1);
            match edit {
                0 if !bytes.is_empty() => bytes[at] = byte,
                1 if !bytes.is_empty() => drop(bytes.remove(at)),
                _ => bytes.insert(at, byte),
            }
        }
        bytes
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn mutated_files_cause_no_panic(bytes in mutated(), header in any::<bool>()) {
        let options = ReadOptions { header, ..ReadOptions::default() };
        if let Err(error) = go(&bytes, &options) {
            prop_assert!(!error.to_string().is_empty());
        }
    }

    #[test]
    fn random_bytes_cause_no_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        let _ = go(&bytes, &ReadOptions::default());
        let packed: Vec<u8> = [0x1f, 0x8b, 8, 0].into_iter().chain(bytes).collect();
        prop_assert!(go(&packed, &ReadOptions::default()).is_err());
    }
}

#[test]
fn the_seed_itself_is_a_table() {
    go(SEED, &ReadOptions::default()).unwrap();
}

#[test]
fn an_impossible_delimiter_is_refused() {
    for delimiter in [b'"', b'\n', b'a', b'7'] {
        let options = ReadOptions { delimiter: Some(delimiter), ..ReadOptions::default() };
        assert!(matches!(go(SEED, &options), Err(ReadError::Delimiter { .. })));
    }
}

/// Small files of every form.
fn seeds() -> Vec<Vec<u8>> {
    let dates =
        "when;ok;x\n2011-01-03 04:05;yes;1,5\n2011-01-04T05:06:07Z;no;2,25\n2011-02-03;YES;\n2011-02-04;No;0,5\n";
    let numeric = "d\tw\n1/2/2011\ta\n13/2/2011\tb\nJan 3 2011\tc\n\td\n3-Mar-2011\te\n";
    let units = |text: &str, little: bool| -> Vec<u8> {
        text.encode_utf16().flat_map(|unit| if little { unit.to_le_bytes() } else { unit.to_be_bytes() }).collect()
    };
    let mut packer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    std::io::Write::write_all(&mut packer, SEED).unwrap();
    let packed = packer.finish().unwrap();
    let latin = b"caf\xe9,b\n1,na\xefve\n2,\x80\n3,na\xefve\n".to_vec();
    let wide = units(dates, true);
    let marked = [&[0xfe, 0xff][..], &units(numeric, false)].concat();
    vec![SEED.to_vec(), dates.into(), numeric.into(), latin, wide, marked, packed]
}

/// Numbers without pattern, the same in every run.
struct Noise(u64);

impl Noise {
    fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        ((mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb) >> 33) as usize % bound.max(1)
    }
}

/// Bytes changed, put in, taken out, cut off or doubled, one to eight times.
fn mutate(bytes: &mut Vec<u8>, noise: &mut Noise) {
    const TELLING: &[u8] = b",;\t|\"\r\n\0 -+./:eETZ?0123456789\xff\xfe\xc3\xa9\x1f\x8bxN";
    for _ in 0..=noise.below(8) {
        let (at, end) = (noise.below(bytes.len()), noise.below(bytes.len() + 1));
        let byte = if noise.below(4) == 0 { noise.below(256) as u8 } else { TELLING[noise.below(TELLING.len())] };
        match noise.below(12) {
            0..=4 if !bytes.is_empty() => bytes[at] = byte,
            5..=7 => bytes.insert(at, byte),
            8 | 9 if !bytes.is_empty() => drop(bytes.remove(at)),
            10 => bytes.truncate(end),
            _ if at < end => bytes.extend_from_within(at..end),
            _ => {}
        }
    }
}

#[test]
fn a_hundred_thousand_mutated_files_are_read_or_refused() {
    let files = std::env::var("CAVIAR_MUTATIONS").ok().and_then(|text| text.parse().ok()).unwrap_or(100_000_u64);
    let seeds = seeds();
    for number in 0..files {
        let mut noise = Noise(number.wrapping_mul(0x2545_f491_4f6c_dd1d));
        let mut bytes = seeds[noise.below(seeds.len())].clone();
        mutate(&mut bytes, &mut noise);
        let header = noise.below(4) > 0;
        let options = ReadOptions { header, ..ReadOptions::default() };
        if number % 8 == 0 {
            let _ = go(&bytes, &options);
            continue;
        }
        let Ok(table) = Table::parse(&bytes, "x", &options) else { continue };
        assert!(table.rows() <= bytes.len() * 1032, "file {number}: {} rows of {} bytes", table.rows(), bytes.len());
        let schema = table
            .columns()
            .iter()
            .fold(Schema::default(), |schema, column| schema.with(&column.name, column.storage()));
        let pieces = ReadOptions { schema: Some(schema), ..options };
        let pieces: Result<Vec<Table>, ReadError> =
            Table::chunks_from(&bytes[..], "x".as_ref(), &pieces, 2).and_then(Iterator::collect);
        if let Ok(pieces) = pieces {
            assert_eq!(pieces.iter().map(Table::rows).sum::<usize>(), table.rows(), "file {number}");
        }
    }
}

/// Counts what is read of it.
struct Counted<'a, R>(R, &'a Cell<u64>);

impl<R: Read> Read for Counted<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let count = self.0.read(buffer)?;
        self.1.set(self.1.get() + count as u64);
        Ok(count)
    }
}

#[test]
fn of_a_field_of_a_gigabyte_and_of_a_million_columns_little_is_read() {
    let read = Cell::new(0);
    let refused = |start: &'static [u8], rest: Box<dyn Read>| {
        read.set(0);
        let input = Counted(start.chain(rest), &read);
        Table::read_from(input, "x".as_ref(), &ReadOptions::default()).unwrap_err()
    };
    let field = || Box::new(std::io::repeat(b'x').take(1 << 30));
    for start in [&b"a,b\n1,\""[..], b"a,b\n1,", b"", b"\""] {
        let error = refused(start, field());
        assert!(matches!(error, ReadError::RowTooLong { .. }), "{error}");
        assert!(read.get() < 18 << 20, "{}", read.get());
    }
    let columns = "x,".repeat(1_000_000) + "y\n" + &"1,".repeat(1_000_000) + "2\n";
    let error = refused(b"", Box::new(std::io::Cursor::new(columns)));
    assert!(matches!(error, ReadError::TooManyColumns { found: 1_000_001, .. }), "{error}");
    assert!(read.get() < 3 << 20, "{}", read.get());
}
