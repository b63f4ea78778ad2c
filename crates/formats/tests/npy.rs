//! Laws of the npy reader, against bytes laid out by hand from numpy's description of the format.

use caviar_formats::{Array, Elements, Format, FormatError, npy};
use proptest::prelude::{Just, Strategy, any, prop, prop_oneof, proptest};

/// A file of the given version with the header text as it stands.
fn file(major: u8, text: &str, data: &[u8]) -> Vec<u8> {
    let mut bytes = b"\x93NUMPY".to_vec();
    bytes.extend([major, 0]);
    match major {
        1 => bytes.extend((text.len() as u16).to_le_bytes()),
        _ => bytes.extend((text.len() as u32).to_le_bytes()),
    }
    bytes.extend(text.as_bytes());
    bytes.extend(data);
    bytes
}

fn header(descr: &str, fortran: bool, shape: &str) -> String {
    let fortran = if fortran { "True" } else { "False" };
    format!("{{'descr': '{descr}', 'fortran_order': {fortran}, 'shape': {shape}, }}  \n")
}

#[test]
fn all_versions_read_the_same() {
    let data: Vec<u8> = [1.5_f32, -2.0].iter().flat_map(|value| value.to_le_bytes()).collect();
    for version in [1, 2, 3] {
        let array = npy::read(&file(version, &header("<f4", false, "(2,)"), &data)).unwrap();
        assert_eq!(array.shape(), [2]);
        assert_eq!(array.elements(), &Elements::F32(vec![1.5, -2.0]));
    }
}

#[test]
fn fortran_order_comes_back_row_major() {
    // [[1, 2, 3], [4, 5, 6]] column by column.
    let array = npy::read(&file(1, &header("|u1", true, "(2, 3)"), &[1, 4, 2, 5, 3, 6])).unwrap();
    assert_eq!(array.shape(), [2, 3]);
    assert_eq!(array.elements(), &Elements::U8(vec![1, 2, 3, 4, 5, 6]));
    // Rank 3, shape (2, 2, 2): element [i, j, k] lies at i + 2 j + 4 k.
    let array = npy::read(&file(1, &header("|u1", true, "(2, 2, 2)"), &[0, 1, 2, 3, 4, 5, 6, 7])).unwrap();
    assert_eq!(array.elements(), &Elements::U8(vec![0, 4, 2, 6, 1, 5, 3, 7]));
}

#[test]
fn big_endian_elements_are_turned() {
    let array = npy::read(&file(1, &header(">i4", false, "()"), &[0, 0, 1, 2])).unwrap();
    assert_eq!(array.shape(), [0_usize; 0]);
    assert_eq!(array.elements(), &Elements::I32(vec![258]));
    let array = npy::read(&file(1, &header(">f8", false, "(1,)"), &[0xC0, 0, 0, 0, 0, 0, 0, 0])).unwrap();
    assert_eq!(array.elements(), &Elements::F64(vec![-2.0]));
}

#[test]
fn keys_come_in_any_order_and_quotes() {
    let text = "{\"shape\": (1L, 3L), \"fortran_order\": False, 'descr': '|b1'}";
    let array = npy::read(&file(1, text, &[1, 0, 1])).unwrap();
    assert_eq!(array.shape(), [1, 3]);
    assert_eq!(array.elements(), &Elements::Bool(vec![true, false, true]));
}

#[test]
fn written_files_have_numpys_layout() {
    let bytes = npy::write(&Array::new(vec![3], Elements::F64(vec![0.0, 1.0, 2.0])).unwrap());
    assert_eq!(&bytes[..8], b"\x93NUMPY\x01\x00");
    let length = usize::from(u16::from_le_bytes([bytes[8], bytes[9]]));
    assert_eq!((10 + length) % 64, 0, "the data is aligned");
    let text = std::str::from_utf8(&bytes[10..10 + length]).unwrap();
    assert!(text.starts_with("{'descr': '<f8', 'fortran_order': False, 'shape': (3,), }"), "{text}");
    assert!(text.ends_with('\n'));
    assert_eq!(&bytes[10 + length..], [0_f64, 1.0, 2.0].map(f64::to_le_bytes).concat());
}

#[test]
fn a_header_of_eight_terabytes_allocates_nothing() {
    let claim = header("<f8", false, "(1099511627776,)");
    let error = npy::read(&file(1, &claim, &[0; 16])).unwrap_err();
    assert!(matches!(error, FormatError::Truncated { format: Format::Npy, needed, .. } if needed > 1 << 43), "{error}");
}

#[test]
fn sizes_that_wrap_are_refused() {
    for shape in ["(4294967296, 4294967296)", "(2305843009213693952,)", "(18446744073709551615, 2)"] {
        let error = npy::read(&file(1, &header("<f8", false, shape), &[])).unwrap_err();
        assert!(matches!(error, FormatError::SizeOverflow { .. }), "{shape}: {error}");
    }
    let axes = format!("({})", "1, ".repeat(33));
    let error = npy::read(&file(1, &header("|u1", false, &axes), &[1])).unwrap_err();
    assert!(matches!(error, FormatError::TooManyAxes { found: 33, limit: 32, .. }), "{error}");
}

#[test]
fn wrong_bytes_are_named() {
    let right = file(1, &header("<f4", false, "(1,)"), &[0; 4]);
    let error = npy::read(b"1,2,3\n").unwrap_err();
    assert!(matches!(error, FormatError::NotThisFormat { format: Format::Npy }), "{error}");
    let error = npy::read(&file(9, &header("<f4", false, "(1,)"), &[0; 4])).unwrap_err();
    assert!(matches!(error, FormatError::UnknownVersion { major: 9, minor: 0 }), "{error}");
    let error = npy::read(&[right.as_slice(), &[0]].concat()).unwrap_err();
    assert!(matches!(error, FormatError::TrailingBytes { .. }), "{error}");
    let error = npy::read(&file(1, &header("|b1", false, "(2,)"), &[1, 7])).unwrap_err();
    assert!(matches!(error, FormatError::NotABoolean { index: 1, byte: 7, .. }), "{error}");
    for length in 6..right.len() {
        let error = npy::read(&right[..length]).unwrap_err();
        assert!(matches!(error, FormatError::Truncated { .. }), "{length}: {error}");
    }
}

#[test]
fn other_elements_are_refused_by_name() {
    for (descr, kind) in [("<f3", "<f3"), ("<c16", "<c16"), ("|O", "|O"), ("=f8", "=f8"), ("é", "é")] {
        let error = npy::read(&file(3, &header(descr, false, "(0,)"), &[])).unwrap_err();
        assert!(matches!(&error, FormatError::UnsupportedElements { kind: found, .. } if found == kind), "{error}");
    }
    let record = "{'descr': [('a', '<f8')], 'fortran_order': False, 'shape': (1,), }";
    let error = npy::read(&file(1, record, &[0; 8])).unwrap_err();
    assert!(matches!(error, FormatError::UnsupportedElements { .. }), "{error}");
}

#[test]
fn headers_that_are_not_headers_are_refused() {
    for text in [
        "",
        "{",
        "{}",
        "{'descr': '|u1'}",
        "{'descr': '|u1', 'descr': '|u1', 'fortran_order': False, 'shape': ()}",
        "{'descr': '|u1', 'fortran_order': 0, 'shape': ()}",
        "{'descr': '|u1', 'fortran_order': False, 'shape': (-1,)}",
        "{'descr': '|u1', 'fortran_order': False, 'shape': (1, 2}",
        "{'descr': '|u1', 'fortran_order': False, 'shape': (99999999999999999999,)}",
        "{'descr': '|u1', 'fortran_order': False, 'shape': (), 'more': 1}",
        "{'descr': '|u1', 'fortran_order': False, 'shape': ()} exit()",
        "{'descr': '|u1",
    ] {
        let error = npy::read(&file(1, text, &[0])).unwrap_err();
        assert!(matches!(error, FormatError::NpyHeader { .. }), "{text}: {error}");
    }
}

fn arrays() -> impl Strategy<Value = Array> {
    let shapes = prop::collection::vec(0_usize..4, 0..4);
    (shapes, any::<u64>(), 0..6).prop_flat_map(|(shape, seed, kind)| {
        let count = shape.iter().product::<usize>();
        let bits = move |index: usize| seed.wrapping_mul(index as u64 * 2 + 1).rotate_left(17);
        let elements = match kind {
            // Any bits at all: infinities and payloads of NaN included.
            0 => Elements::F64((0..count).map(|index| f64::from_bits(bits(index))).collect()),
            1 => Elements::F32((0..count).map(|index| f32::from_bits(bits(index) as u32)).collect()),
            2 => Elements::I64((0..count).map(|index| bits(index) as i64).collect()),
            3 => Elements::I32((0..count).map(|index| bits(index) as i32).collect()),
            4 => Elements::U8((0..count).map(|index| bits(index) as u8).collect()),
            _ => Elements::Bool((0..count).map(|index| bits(index) & 1 == 1).collect()),
        };
        Just(Array::new(shape, elements).unwrap())
    })
}

proptest! {
    #[test]
    fn what_is_written_reads_back_bit_for_bit(array in arrays()) {
        let bytes = npy::write(&array);
        let back = npy::read(&bytes).unwrap();
        assert_eq!(back.shape(), array.shape());
        assert_eq!(npy::write(&back), bytes);
    }

    #[test]
    fn altered_bytes_give_an_array_or_an_error(
        array in arrays(),
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..6),
        cut in prop_oneof![Just(None), any::<prop::sample::Index>().prop_map(Some)],
    ) {
        let mut bytes = npy::write(&array);
        for (place, byte) in changes {
            let place = place.index(bytes.len());
            bytes[place] = byte;
        }
        if let Some(cut) = cut {
            bytes.truncate(cut.index(bytes.len()));
        }
        if let Ok(array) = npy::read(&bytes) {
            assert!(array.elements().len() <= bytes.len());
        }
    }

    #[test]
    fn any_header_text_gives_an_array_or_an_error(text in "[{}()',: 0-9a-zL<>|]{0,60}", data in prop::collection::vec(any::<u8>(), 0..20)) {
        drop(npy::read(&file(1, &text, &data)));
    }
}
