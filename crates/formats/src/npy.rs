//! One array per file, as `numpy.save` writes it: versions 1 to 3, C and Fortran order, either byte order.
//!
//! ```
//! use caviar_formats::{Array, Elements, npy};
//!
//! let order = Array::new(vec![2, 2], Elements::I64(vec![1, 0, 0, 1]))?;
//! assert_eq!(npy::read(&npy::write(&order))?, order);
//! # Ok::<(), caviar_formats::FormatError>(())
//! ```
//!
//! Reference: <https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html>.

mod header;

use std::cmp::Ordering;
use std::io::{ErrorKind, Read};

use crate::array::{Array, ElementKind, MAX_AXES, element_count};
use crate::error::{Format, FormatError};
use crate::file::ArrayInfo;
use crate::stored::{Number, Places, Stored};
use header::{Cursor, Header};

const SIGNATURE: &[u8; 6] = b"\x93NUMPY";
/// The data starts at a multiple of this many bytes.
const ALIGNMENT: usize = 64;
/// The most bytes of a header's text.
const LONGEST_HEADER: u64 = 1 << 20;

/// Reads the array of an npy file.
///
/// - **Units:** floats of 16 to 64 bits, integers of 8 to 64 bits, booleans, in either byte order. Halves become `f32`;
///   integers the narrowest of `u8`, `i32` and `i64` that holds them all.
/// - **Convention:** what comes back is row-major, whatever the order in the file.
/// - **Errors:** whatever is wrong with the bytes, as a [`FormatError`]; nothing is allocated that the file does not hold.
pub fn read(bytes: &[u8]) -> Result<Array, FormatError> {
    read_from(&mut &bytes[..], bytes.len() as u64)
}

/// As [`read`], from a stream of `length` bytes, straight into the array's place.
pub(crate) fn read_from(input: &mut dyn Read, length: u64) -> Result<Array, FormatError> {
    let head = Head::read(input, length)?;
    let count = element_count(&head.shape).unwrap_or(0);
    let cut_short = |error| match error {
        FormatError::Io { source } if source.kind() == ErrorKind::UnexpectedEof => {
            FormatError::Truncated { format: Format::Npy, needed: length, found: length.saturating_sub(1) }
        }
        other => other,
    };
    let places = match head.fortran_order {
        true => Places::column_major(&head.shape, count),
        false => Places::in_order(count),
    };
    let elements = head.stored.read(input, places, "").map_err(cut_short)?;
    Array::new(head.shape, elements)
}

/// What the array of a stream of `length` bytes is.
pub(crate) fn info(input: &mut dyn Read, length: u64) -> Result<ArrayInfo, FormatError> {
    let head = Head::read(input, length)?;
    Ok(ArrayInfo { name: String::new(), shape: head.shape, kind: head.stored.number.name() })
}

/// All that stands before the elements, found to fit the length of the file.
struct Head {
    shape: Vec<usize>,
    stored: Stored,
    fortran_order: bool,
}

impl Head {
    fn read(input: &mut dyn Read, length: u64) -> Result<Head, FormatError> {
        let (text, start) = header_text(input, length)?;
        let Header { descr, fortran_order, shape } = Header::parse(&mut Cursor::new(&text))?;
        if shape.len() > MAX_AXES {
            return Err(FormatError::TooManyAxes { name: String::new(), found: shape.len(), limit: MAX_AXES });
        }
        let stored = stored(&descr)?;
        let size = element_count(&shape).and_then(|count| count.checked_mul(stored.number.bytes()));
        let Some(size) = size else {
            return Err(FormatError::SizeOverflow { name: String::new(), shape });
        };
        let needed = start.saturating_add(size as u64);
        match needed.cmp(&length) {
            Ordering::Equal => Ok(Head { shape, stored, fortran_order }),
            Ordering::Greater => Err(FormatError::Truncated { format: Format::Npy, needed, found: length }),
            Ordering::Less => Err(FormatError::TrailingBytes { format: Format::Npy, needed, found: length }),
        }
    }
}

/// Writes an array as an npy file of version 1.0: little-endian, C order.
pub fn write(array: &Array) -> Vec<u8> {
    let descr = match array.elements().kind() {
        ElementKind::F64 => "<f8",
        ElementKind::I64 => "<i8",
        ElementKind::F32 => "<f4",
        ElementKind::I32 => "<i4",
        ElementKind::U8 => "|u1",
        ElementKind::Bool => "|b1",
    };
    let axes: String = array.shape().iter().map(|length| format!("{length}, ")).collect();
    let axes = if array.shape().len() == 1 { axes.trim_end() } else { axes.trim_end_matches(", ") };
    let mut text = format!("{{'descr': '{descr}', 'fortran_order': False, 'shape': ({axes}), }}");
    let unpadded = SIGNATURE.len() + 4 + text.len() + 1;
    text.extend(std::iter::repeat_n(' ', unpadded.next_multiple_of(ALIGNMENT) - unpadded));
    text.push('\n');

    let mut bytes = Vec::from(SIGNATURE);
    bytes.extend([1, 0]);
    // At most 32 axes of 22 characters: the text always fits into 16 bits.
    bytes.extend((text.len() as u16).to_le_bytes());
    bytes.extend(text.as_bytes());
    array.elements().write_little_endian(&mut bytes);
    bytes
}

/// The header's text, and where the data starts.
fn header_text(input: &mut dyn Read, found: u64) -> Result<(Vec<u8>, u64), FormatError> {
    let truncated = |needed: u64| FormatError::Truncated { format: Format::Npy, needed, found };
    let mut take = |bytes: &mut [u8], needed: u64| {
        input.read_exact(bytes).map_err(|error| match error.kind() {
            ErrorKind::UnexpectedEof => truncated(needed),
            _ => FormatError::from(error),
        })
    };
    let mut signature = [0_u8; 6];
    let not_npy = FormatError::NotThisFormat { format: Format::Npy };
    match take(&mut signature, 6) {
        Ok(()) if &signature == SIGNATURE => {}
        Err(error @ FormatError::Io { .. }) => return Err(error),
        Ok(()) | Err(_) => return Err(not_npy),
    }
    let mut version = [0_u8; 2];
    take(&mut version, 8)?;
    let (length, start) = match version {
        [1, 0] => {
            let mut length = [0_u8; 2];
            take(&mut length, 10)?;
            (u64::from(u16::from_le_bytes(length)), 10)
        }
        [2 | 3, 0] => {
            let mut length = [0_u8; 4];
            take(&mut length, 12)?;
            (u64::from(u32::from_le_bytes(length)), 12)
        }
        [major, minor] => return Err(FormatError::UnknownVersion { major, minor }),
    };
    let data = start + length;
    if data > found {
        return Err(truncated(data));
    }
    if length > LONGEST_HEADER {
        return Err(FormatError::NpyHeader { at: 0, rule: "at most a megabyte of header" });
    }
    let mut text = vec![0_u8; length as usize];
    take(&mut text, data)?;
    Ok((text, data))
}

/// The kind of element that a `descr` names, and its byte order.
fn stored(descr: &str) -> Result<Stored, FormatError> {
    let unsupported = || FormatError::UnsupportedElements { name: String::new(), kind: descr.to_string() };
    let (order, code) = match descr.chars().next() {
        Some(order @ ('<' | '>' | '|' | '=')) => (order, &descr[1..]),
        _ => return Err(unsupported()),
    };
    let number = Number::named(code).ok_or_else(unsupported)?;
    // Without an order a number of several bytes means nothing.
    if number.bytes() > 1 && matches!(order, '|' | '=') {
        return Err(unsupported());
    }
    Ok(Stored { number, big_endian: order == '>' })
}
