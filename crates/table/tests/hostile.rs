//! Whatever the bytes, reading ends with a table or an error.

use caviar_table::{Encoder, Fractions, ReadError, ReadOptions, Scaling, Split, Summary, Table, Target, Task};
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
