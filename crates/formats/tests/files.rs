//! Files of arrays: those of other programs are read as they were meant, hostile ones are refused by name.

mod mutations;
mod seeds;

use std::io::Write;
use std::time::Instant;

use caviar_formats::{Array, ArrayFile, Elements, Format, FormatError, npy};
use flate2::Compression;
use flate2::write::{DeflateEncoder, GzEncoder};
use seeds::seeds;

#[test]
fn what_numpy_gzip_and_h5py_wrote_is_read_as_they_meant_it() {
    for seed in seeds() {
        let file = ArrayFile::parse(seed.bytes).unwrap();
        let mut listed = file.arrays().to_vec();
        listed.sort_by(|a, b| a.name.cmp(&b.name));
        let names: Vec<&str> = listed.iter().map(|array| array.name.as_str()).collect();
        assert_eq!(names, seed.arrays.iter().map(|array| array.name.as_str()).collect::<Vec<_>>(), "{}", seed.name);
        for (info, meant) in listed.iter().zip(&seed.arrays) {
            assert_eq!((info.kind, &info.shape), (meant.kind.as_str(), &meant.shape), "{}: {}", seed.name, meant.name);
            if info.kind == "text" {
                assert_eq!(file.read_texts(&info.name).unwrap(), meant.texts, "{}: {}", seed.name, meant.name);
                let error = file.read(&info.name).unwrap_err();
                assert!(matches!(error, FormatError::UnsupportedElements { .. }), "{error}");
                continue;
            }
            assert!(matches!(file.read_texts(&info.name), Err(FormatError::NotTexts { .. })), "{}", seed.name);
            let array = file.read(&info.name).unwrap();
            assert_eq!(array.shape(), meant.shape, "{}: {}", seed.name, meant.name);
            assert_eq!(array.to_f64(), meant.values, "{}: {}", seed.name, meant.name);
        }
    }
}

#[test]
fn a_file_is_known_by_its_bytes_and_else_by_its_name() {
    let folder = std::env::temp_dir().join(format!("caviar-formats-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let known = |name: &str, bytes: &[u8]| {
        let path = folder.join(name);
        std::fs::write(&path, bytes).unwrap();
        (ArrayFile::format_of(&path).unwrap(), ArrayFile::open(&path))
    };
    for seed in seeds() {
        let (format, opened) = known("without-an-ending", &seed.bytes);
        assert!(format.is_some(), "{}", seed.name);
        assert_eq!(opened.unwrap().arrays().len(), seed.arrays.len(), "{}", seed.name);
    }
    for (name, wanted) in [
        ("x.npy", Format::Npy),
        ("x.npz", Format::Npz),
        ("x.h5", Format::Hdf5),
        ("x.idx", Format::Idx),
        ("x.idx.gz", Format::Idx),
    ] {
        let (format, opened) = known(name, b"a,b\n1,2\n");
        assert_eq!(format, Some(wanted), "{name}");
        assert!(opened.is_err(), "{name}");
    }
    assert_eq!(known("x.csv", b"a,b\n1,2\n").0, None);
    std::fs::remove_dir_all(folder).unwrap();
}

/// A zip archive of stored or deflated members, laid out by hand: name, bytes, and the size that it claims.
fn zip(members: &[(&str, &[u8], u32)], deflated: bool) -> Vec<u8> {
    let (mut bytes, mut directory) = (Vec::new(), Vec::new());
    for (name, contents, claimed) in members {
        let packed = if deflated {
            let mut encoder = DeflateEncoder::new(Vec::new(), Compression::best());
            encoder.write_all(contents).unwrap();
            encoder.finish().unwrap()
        } else {
            contents.to_vec()
        };
        let mut crc = flate2::Crc::new();
        crc.update(contents);
        let method: u16 = if deflated { 8 } else { 0 };
        let mut head = Vec::new();
        head.extend(20_u16.to_le_bytes()); // version
        head.extend(0_u16.to_le_bytes()); // flags
        head.extend(method.to_le_bytes());
        head.extend(0x21_0000_u32.to_le_bytes()); // 1980-01-01
        head.extend(crc.sum().to_le_bytes());
        head.extend((packed.len() as u32).to_le_bytes());
        head.extend(claimed.to_le_bytes());
        head.extend((name.len() as u16).to_le_bytes());
        head.extend(0_u16.to_le_bytes()); // extra
        directory.extend(b"PK\x01\x02\x14\x00");
        directory.extend(&head);
        directory.extend([0; 10]); // comment, disk, attributes
        directory.extend((bytes.len() as u32).to_le_bytes());
        directory.extend(name.as_bytes());
        bytes.extend(b"PK\x03\x04");
        bytes.extend(&head);
        bytes.extend(name.as_bytes());
        bytes.extend(packed);
    }
    let (start, length, count) = (bytes.len() as u32, directory.len() as u32, members.len() as u16);
    bytes.extend(directory);
    bytes.extend(b"PK\x05\x06\x00\x00\x00\x00");
    bytes.extend(count.to_le_bytes());
    bytes.extend(count.to_le_bytes());
    bytes.extend(length.to_le_bytes());
    bytes.extend(start.to_le_bytes());
    bytes.extend([0; 2]);
    bytes
}

fn one_two() -> Vec<u8> {
    npy::write(&Array::new(vec![2], Elements::U8(vec![1, 2])).unwrap())
}

/// Opened and, where that works, read whole.
fn read_all(bytes: Vec<u8>) -> Result<Vec<Array>, FormatError> {
    let file = ArrayFile::parse(bytes)?;
    file.arrays().iter().map(|array| file.read(&array.name)).collect()
}

#[test]
fn names_that_lead_away_or_come_twice_are_refused() {
    let array = one_two();
    let size = array.len() as u32;
    let good = read_all(zip(&[("a.npy", &array, size), ("b.npy", &array, size)], false)).unwrap();
    assert_eq!(good.len(), 2);
    for name in ["../a.npy", "x/../../a.npy", "/a.npy", "..\\a.npy", "a\0.npy"] {
        let error = read_all(zip(&[(name, &array, size)], false)).unwrap_err();
        assert!(matches!(error, FormatError::UnsafeName { .. }), "{name}: {error}");
    }
    let error = read_all(zip(&[("a.npy", &array, size), ("a.npy", &array, size)], true)).unwrap_err();
    assert!(matches!(error, FormatError::RepeatedName), "{error}");
}

#[test]
fn packed_arrays_that_claim_more_than_they_hold_are_refused_at_once() {
    let start = Instant::now();
    // 4 GB claimed of 200 bytes; then an honest-looking member whose npy header claims a terabyte.
    let error = read_all(zip(&[("a.npy", &one_two(), u32::MAX)], true)).unwrap_err();
    assert!(matches!(error, FormatError::Bomb { claimed: 0xffff_ffff, .. }), "{error}");
    let mut claim = one_two();
    let place = claim.windows(4).position(|bytes| bytes == b"(2,)").unwrap();
    claim.splice(place..place + 4, *b"(1099511627776,)");
    claim.drain(place + 24..place + 36); // as many blanks less, so that the header keeps its length
    let error = read_all(zip(&[("a.npy", &claim, claim.len() as u32)], true)).unwrap_err();
    assert!(error.to_string().contains("array `a`"), "{error}");
    // Gzipped IDX: ten thousand by ten thousand bytes out of thirty.
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(&[0, 0, 8, 2, 0, 0, 39, 16, 0, 0, 39, 16, 1, 2, 3]).unwrap();
    let error = read_all(encoder.finish().unwrap()).unwrap_err();
    assert!(matches!(error, FormatError::Truncated { format: Format::Idx, needed: 100_000_012, .. }), "{error}");
    assert!(start.elapsed().as_millis() < 100, "{:?}", start.elapsed());
}

#[test]
fn a_changed_byte_in_a_packed_array_is_noticed() {
    let array = one_two();
    let mut bytes = zip(&[("a.npy", &array, array.len() as u32)], false);
    let last = bytes.windows(4).position(|bytes| bytes == b"PK\x01\x02").unwrap() - 1;
    bytes[last] = 77;
    let error = read_all(bytes).unwrap_err();
    assert!(matches!(error, FormatError::Zip { .. }), "{error}");
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(&[0, 0, 8, 1, 0, 0, 0, 2, 1, 2]).unwrap();
    let whole = encoder.finish().unwrap();
    assert_eq!(read_all(whole.clone()).unwrap()[0].to_f64(), [1.0, 2.0]);
    for cut in 20..whole.len() {
        assert!(read_all(whole[..cut].to_vec()).is_err(), "cut at {cut}");
    }
}

#[test]
fn idx_files_of_a_wrong_magic_number_or_size_are_refused() {
    let right = [0, 0, 8, 2, 0, 0, 0, 1, 0, 0, 0, 2, 5, 6];
    assert_eq!(read_all(right.to_vec()).unwrap()[0].shape(), [1, 2]);
    for (place, byte) in [(0, 1), (2, 7), (2, 10), (2, 15), (3, 0), (3, 9), (7, 2), (7, 0), (11, 1), (4, 255)] {
        let mut wrong = right;
        wrong[place] = byte;
        assert!(read_all(wrong.to_vec()).is_err(), "byte {place} = {byte}");
    }
    // The product of the axes goes beyond 64 bits.
    let mut huge = vec![0, 0, 14, 3];
    huge.extend([255; 12]);
    let error = read_all(huge).unwrap_err();
    assert!(matches!(error, FormatError::SizeOverflow { .. }), "{error}");
}

#[test]
fn python_objects_are_refused_in_words_that_help() {
    let text = "{'descr': '|O', 'fortran_order': False, 'shape': (1,), }\n";
    let mut bytes = b"\x93NUMPY\x01\x00".to_vec();
    bytes.extend((text.len() as u16).to_le_bytes());
    bytes.extend(text.as_bytes());
    let error = read_all(bytes.clone()).unwrap_err().to_string();
    assert_eq!(
        error,
        "array has elements of kind `|O`: Python objects are never loaded; save numbers, as `array.astype(float)` makes them"
    );
    let error = read_all(zip(&[("a.npy", &bytes, bytes.len() as u32)], false)).unwrap_err().to_string();
    assert!(error.starts_with("array `a`: array has elements of kind `|O`"), "{error}");
}

#[test]
fn an_array_that_is_not_there_is_named_with_those_that_are() {
    let array = one_two();
    let file = ArrayFile::parse(zip(&[("a.npy", &array, array.len() as u32)], false)).unwrap();
    assert_eq!(file.read("x").unwrap_err().to_string(), "there is no array `x` in the file; there is a");
}

/// The bytes of a file that h5py wrote.
fn written(name: &str) -> Vec<u8> {
    seeds().into_iter().find(|seed| seed.name == name).unwrap().bytes
}

/// The bytes with one run of them changed, wherever it is.
fn altered(mut bytes: Vec<u8>, found: &[u8], change: impl Fn(&mut [u8])) -> Vec<u8> {
    let places: Vec<usize> = (0..bytes.len() - found.len()).filter(|&at| bytes[at..].starts_with(found)).collect();
    assert!(!places.is_empty());
    places.into_iter().for_each(|at| change(&mut bytes[at.saturating_sub(8)..at + found.len()]));
    bytes
}

#[test]
fn what_is_wrong_with_an_hdf5_file_is_said_by_name_and_at_once() {
    let start = Instant::now();
    let file = ArrayFile::parse(written("HDF5")).unwrap();
    let error = file.read("w").unwrap_err();
    assert_eq!(error.to_string(), "there is no array `w` in the file; there is deep/er/z, deep/flag, one, words, x, y");
    let error = file.read("deep").unwrap_err();
    assert!(matches!(&error, FormatError::Group { name, names } if name == "deep" && names.len() == 2), "{error}");
    assert_eq!(error.to_string(), "`deep` is a group, not an array; in it is deep/er/z, deep/flag");
    // The filter's number stands eight bytes before its name.
    let filter = altered(written("HDF5, chunked"), b"deflate\0", |bytes| bytes[..2].copy_from_slice(&[0x0f, 0x7d]));
    let error = ArrayFile::parse(filter).unwrap().read("x").unwrap_err();
    assert!(error.to_string().contains("array `x`") && error.to_string().contains("32015"), "{error}");
    assert!(start.elapsed().as_millis() < 100, "{:?}", start.elapsed());
    // A checksum that no longer fits: every byte of the packed chunks matters.
    let whole = written("HDF5, chunked");
    let damaged = (0..whole.len()).step_by(3).filter(|&at| {
        let mut bytes = whole.clone();
        bytes[at] ^= 0x55;
        matches!(ArrayFile::parse(bytes).and_then(|file| file.read("x")), Err(error) if error.to_string().contains("`x`"))
    });
    assert!(damaged.count() > 30);
    for share in 1..8 {
        let cut = whole[..whole.len() * share / 8].to_vec();
        let error = ArrayFile::parse(cut).unwrap_err();
        assert!(matches!(error, FormatError::Truncated { format: Format::Hdf5, .. }), "{share}: {error}");
    }
}

#[test]
fn texts_that_all_claim_one_large_place_are_refused() {
    // A reference is a length, an address and a number; four bytes of length become three gigabytes.
    let texts = written("HDF5, texts");
    let hostile = altered(texts, &[9, 0, 0, 0], |bytes| bytes[8..].copy_from_slice(&[0, 0, 0, 0xc0]));
    let outcome = ArrayFile::parse(hostile).and_then(|file| file.read_texts("any length"));
    assert!(matches!(outcome, Err(FormatError::Bomb { claimed, .. }) if claimed > 3_000_000_000), "{outcome:?}");
}
