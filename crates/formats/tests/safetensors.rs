//! Laws of the safetensors reader and writer.

use caviar_formats::safetensors::NamedArrays;
use caviar_formats::{Array, Elements, Format, FormatError};
use proptest::prelude::{any, prop, proptest};

/// A file with the header text as it stands.
fn file(header: &str, data: &[u8]) -> Vec<u8> {
    let mut bytes = (header.len() as u64).to_le_bytes().to_vec();
    bytes.extend(header.as_bytes());
    bytes.extend(data);
    bytes
}

fn small() -> NamedArrays {
    let mut file = NamedArrays::default();
    let mut insert = |name: &str, shape: &[usize], elements: Elements| {
        file.arrays.insert(name.to_string(), Array::new(shape.to_vec(), elements).unwrap());
    };
    insert("dense1/weight", &[2, 2], Elements::F32(vec![1.0, -0.0, f32::MIN_POSITIVE, 3.5]));
    insert("dense1/bias", &[1, 2], Elements::F64(vec![std::f64::consts::PI, f64::MAX]));
    insert("classes", &[3], Elements::I64(vec![i64::MIN, 0, i64::MAX]));
    insert("mask", &[3], Elements::Bool(vec![true, false, true]));
    insert("pixels", &[0, 5], Elements::U8(vec![]));
    insert("scalar", &[], Elements::I32(vec![-7]));
    file.metadata.insert("zeta".into(), "\"quoted\" \u{1F41F}".into());
    file.metadata.insert("alpha".into(), "{\"nested\": 1}".into());
    file
}

#[test]
fn the_crate_of_the_format_reads_what_is_written() {
    let bytes = small().write().unwrap();
    let read = ::safetensors::SafeTensors::deserialize(&bytes).unwrap();
    assert_eq!(read.len(), 6);
    let bias = read.tensor("dense1/bias").unwrap();
    assert_eq!(bias.shape(), [1, 2]);
    assert_eq!(bias.data(), [std::f64::consts::PI, f64::MAX].map(f64::to_le_bytes).concat());
    let (_, metadata) = ::safetensors::SafeTensors::read_metadata(&bytes).unwrap();
    assert_eq!(metadata.metadata().as_ref().unwrap()["alpha"], "{\"nested\": 1}");
}

#[test]
fn a_file_laid_out_by_hand_is_read() {
    let header = r#"{"b":{"dtype":"F32","shape":[1],"data_offsets":[2,6]},"a":{"dtype":"BOOL","shape":[2,1],"data_offsets":[0,2]}}"#;
    let read = NamedArrays::read(&file(header, &[1, 0, 0, 0, 0x80, 0x3F])).unwrap();
    assert_eq!(read.arrays["a"].elements(), &Elements::Bool(vec![true, false]));
    assert_eq!(read.arrays["b"].elements(), &Elements::F32(vec![1.0]));
    assert!(read.metadata.is_empty());
}

#[test]
fn round_trips_are_bit_equal_and_writing_is_deterministic() {
    let first = small();
    let bytes = first.write().unwrap();
    assert_eq!(NamedArrays::read(&bytes).unwrap(), first);
    assert_eq!(NamedArrays::read(&bytes).unwrap().write().unwrap(), bytes);
    assert_eq!(small().write().unwrap(), bytes);
}

#[test]
fn arrays_are_aligned_to_their_elements() {
    let bytes = small().write().unwrap();
    let start = 8 + u64::from_le_bytes(bytes[..8].try_into().unwrap());
    assert_eq!(start % 8, 0);
    let (_, metadata) = ::safetensors::SafeTensors::read_metadata(&bytes).unwrap();
    for (name, info) in metadata.tensors() {
        assert_eq!(info.data_offsets.0 % (info.dtype.bitsize() / 8), 0, "{name}");
    }
}

#[test]
fn an_empty_file_of_arrays_is_legal() {
    let empty = NamedArrays::default();
    assert_eq!(NamedArrays::read(&empty.write().unwrap()).unwrap(), empty);
}

#[test]
fn the_name_of_the_metadata_is_refused() {
    let mut file = NamedArrays::default();
    file.arrays.insert("__metadata__".into(), Array::new(vec![0], Elements::U8(vec![])).unwrap());
    assert!(matches!(file.write(), Err(FormatError::ReservedName { .. })));
}

#[test]
fn wrong_frames_are_named() {
    let right = small().write().unwrap();
    for bytes in [&b""[..], b"short", b"age,income,target\n1,2,3\n", &[0xFF; 64]] {
        let error = NamedArrays::read(bytes).unwrap_err();
        assert!(matches!(error, FormatError::NotThisFormat { format: Format::Safetensors }), "{error}");
    }
    for length in 8..right.len() {
        let error = NamedArrays::read(&right[..length]).unwrap_err();
        assert!(matches!(error, FormatError::Truncated { found, .. } if found == length as u64), "{error}");
    }
    let error = NamedArrays::read(&[right.as_slice(), b"x"].concat()).unwrap_err();
    assert!(matches!(error, FormatError::TrailingBytes { .. }), "{error}");
}

#[test]
fn hostile_headers_are_refused_without_allocating_what_they_claim() {
    let tensor = |dtype: &str, shape: &str, offsets: &str| {
        file(&format!(r#"{{"a":{{"dtype":"{dtype}","shape":{shape},"data_offsets":{offsets}}}}}"#), &[0; 16])
    };
    // Eight terabytes; a product that wraps to zero; offsets backwards, beyond the end, not those of the shape.
    for bytes in [
        tensor("F64", "[1099511627776]", "[0,8796093022208]"),
        tensor("F64", "[4294967296,4294967296]", "[0,16]"),
        tensor("F64", "[18446744073709551615]", "[0,18446744073709551615]"),
        tensor("F64", "[2]", "[16,0]"),
        tensor("F64", "[2]", "[8,24]"),
        tensor("F64", "[3]", "[0,16]"),
        tensor("F64", "[-2]", "[0,16]"),
        tensor("F99", "[2]", "[0,16]"),
        tensor("F16", "[8]", "[0,16]"),
        file(&"[".repeat(100_000), &[]),
        file(&format!(r#"{{"a":{}"#, "[".repeat(100_000)), &[]),
        file("{}", &[0; 16]),
        file("not json", &[]),
    ] {
        assert!(NamedArrays::read(&bytes).is_err());
    }
}

#[test]
fn offsets_that_add_up_to_the_whole_address_space_do_not_wrap() {
    // Eight arrays of 2^61 - 1 bytes each end at 2^64 - 8: adding the header's length to that would wrap.
    let each = (1_u64 << 61) - 1;
    let entries: Vec<String> = (0..8)
        .map(|index| {
            let (start, end) = (each * index, each * (index + 1));
            format!(r#""{index}":{{"dtype":"U8","shape":[{each}],"data_offsets":[{start},{end}]}}"#)
        })
        .collect();
    let error = NamedArrays::read(&file(&format!("{{{}}}", entries.join(",")), &[0; 16])).unwrap_err();
    assert!(matches!(error, FormatError::Truncated { .. }), "{error}");
}

proptest! {
    #[test]
    fn altered_bytes_give_arrays_or_an_error(
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..8),
        cut in any::<prop::sample::Index>(),
        also_cut in any::<bool>(),
    ) {
        let mut bytes = small().write().unwrap();
        for (place, byte) in changes {
            let place = place.index(bytes.len());
            bytes[place] = byte;
        }
        if also_cut {
            bytes.truncate(cut.index(bytes.len()));
        }
        if let Ok(read) = NamedArrays::read(&bytes) {
            let held: usize = read.arrays.values().map(|array| array.elements().len()).sum();
            assert!(held <= bytes.len());
        }
    }

    #[test]
    fn any_bits_of_floats_survive(bits in prop::collection::vec(any::<u32>(), 0..50)) {
        let mut file = NamedArrays::default();
        let values = bits.iter().map(|&bits| f32::from_bits(bits)).collect();
        file.arrays.insert("w".into(), Array::new(vec![bits.len()], Elements::F32(values)).unwrap());
        let back = NamedArrays::read(&file.write().unwrap()).unwrap();
        let Elements::F32(values) = back.arrays["w"].elements() else { panic!("f32 expected") };
        assert_eq!(values.iter().map(|value| value.to_bits()).collect::<Vec<_>>(), bits);
    }
}
