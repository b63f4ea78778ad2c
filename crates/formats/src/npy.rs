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

use crate::array::{Array, ElementKind, Elements, MAX_AXES, element_count};
use crate::error::{Format, FormatError};
use header::{Cursor, Header};

const SIGNATURE: &[u8; 6] = b"\x93NUMPY";
/// The data starts at a multiple of this many bytes.
const ALIGNMENT: usize = 64;

/// Reads the array of an npy file.
///
/// - **Units:** `<f4 <f8 <i4 <i8 |u1 |b1` and their big-endian twins.
/// - **Convention:** what comes back is row-major, whatever the order in the file.
/// - **Errors:** whatever is wrong with the bytes, as a [`FormatError`]; nothing is allocated that the file does not hold.
pub fn read(bytes: &[u8]) -> Result<Array, FormatError> {
    let (text, data, data_start) = split_header(bytes)?;
    let header = Header::parse(&mut Cursor::new(text))?;
    if header.shape.len() > MAX_AXES {
        return Err(FormatError::TooManyAxes { name: String::new(), found: header.shape.len(), limit: MAX_AXES });
    }
    let (kind, big_endian) = element_kind(&header.descr)?;
    let size = element_count(&header.shape)
        .and_then(|count| count.checked_mul(kind.bytes()))
        .ok_or_else(|| FormatError::SizeOverflow { name: String::new(), shape: header.shape.clone() })?;
    if data.len() != size {
        let needed = (data_start as u64).saturating_add(size as u64);
        let found = bytes.len() as u64;
        return Err(if data.len() < size {
            FormatError::Truncated { format: Format::Npy, needed, found }
        } else {
            FormatError::TrailingBytes { format: Format::Npy, needed, found }
        });
    }
    let elements = if big_endian {
        Elements::from_little_endian(kind, &swapped(data, kind.bytes()), "")?
    } else {
        Elements::from_little_endian(kind, data, "")?
    };
    if header.fortran_order {
        Array::from_column_major(header.shape, elements)
    } else {
        Array::new(header.shape, elements)
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

/// The header's text, the data behind it, and where the data starts.
fn split_header(bytes: &[u8]) -> Result<(&[u8], &[u8], usize), FormatError> {
    let found = bytes.len() as u64;
    let truncated = |needed: u64| FormatError::Truncated { format: Format::Npy, needed, found };
    let Some(rest) = bytes.strip_prefix(SIGNATURE) else {
        return Err(FormatError::NotThisFormat { format: Format::Npy });
    };
    let Some((&[major, minor], rest)) = rest.split_first_chunk::<2>() else {
        return Err(truncated(8));
    };
    let (length, rest) = match (major, minor) {
        (1, 0) => match rest.split_first_chunk::<2>() {
            Some((length, rest)) => (u64::from(u16::from_le_bytes(*length)), rest),
            None => return Err(truncated(10)),
        },
        (2 | 3, 0) => match rest.split_first_chunk::<4>() {
            Some((length, rest)) => (u64::from(u32::from_le_bytes(*length)), rest),
            None => return Err(truncated(12)),
        },
        (major, minor) => return Err(FormatError::UnknownVersion { major, minor }),
    };
    let before = bytes.len() - rest.len();
    let split = usize::try_from(length).ok().and_then(|length| rest.split_at_checked(length));
    let (text, data) = split.ok_or_else(|| truncated(before as u64 + length))?;
    Ok((text, data, before + text.len()))
}

/// The kind of element that a `descr` names, and whether its bytes are big-endian.
fn element_kind(descr: &str) -> Result<(ElementKind, bool), FormatError> {
    let unsupported = || FormatError::UnsupportedElements { name: String::new(), kind: descr.to_string() };
    let (order, code) = match descr.chars().next() {
        Some(order @ ('<' | '>' | '|' | '=')) => (order, &descr[1..]),
        _ => return Err(unsupported()),
    };
    let kind = match code {
        "f8" => ElementKind::F64,
        "i8" => ElementKind::I64,
        "f4" => ElementKind::F32,
        "i4" => ElementKind::I32,
        "u1" => ElementKind::U8,
        "b1" => ElementKind::Bool,
        _ => return Err(unsupported()),
    };
    // Without an order a number of several bytes means nothing.
    if kind.bytes() > 1 && matches!(order, '|' | '=') {
        return Err(unsupported());
    }
    Ok((kind, order == '>'))
}

/// The bytes with every element turned around.
fn swapped(data: &[u8], width: usize) -> Vec<u8> {
    data.chunks_exact(width).flat_map(|element| element.iter().rev().copied()).collect()
}
