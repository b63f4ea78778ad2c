//! Arrays as MNIST and its kin come: a magic number, the length of each axis, the elements; often gzipped.
//!
//! ```text
//! 0 0 kind axes   length of each axis (u32, big-endian)   elements (big-endian, row-major)
//! ```
//!
//! Kinds: 8 uint8, 9 int8, 11 int16, 12 int32, 13 float32, 14 float64.
//! Reference: the description beside the MNIST files, <http://yann.lecun.com/exdb/mnist/>.

use std::io::Read;

use crate::array::{Array, element_count};
use crate::error::{Format, FormatError};
use crate::file::ArrayInfo;
use crate::stored::{Number, Places, Stored};

/// Reads the head: what the array is, and the bytes of head and elements together.
///
/// `most` is the largest number of bytes that the input can hold.
pub(crate) fn head(input: &mut dyn Read, most: u64) -> Result<(ArrayInfo, Stored, u64), FormatError> {
    let mut magic = [0_u8; 4];
    read_all(input, &mut magic, 4, most)?;
    let number = match magic {
        [0, 0, kind, _] => number(kind).ok_or(FormatError::NotThisFormat { format: Format::Idx })?,
        _ => return Err(FormatError::NotThisFormat { format: Format::Idx }),
    };
    let axes = usize::from(magic[3]);
    if axes == 0 || axes > 8 {
        return Err(FormatError::TooManyAxes { name: String::new(), found: axes, limit: 8 });
    }
    let mut shape = Vec::with_capacity(axes);
    for axis in 1..=axes as u64 {
        let mut length = [0_u8; 4];
        read_all(input, &mut length, 4 + 4 * axis, most)?;
        shape.push(u32::from_be_bytes(length) as usize);
    }
    let start = 4 + 4 * axes as u64;
    let size = element_count(&shape).and_then(|count| count.checked_mul(number.bytes()));
    let needed = size.and_then(|size| start.checked_add(size as u64));
    let needed = needed.ok_or_else(|| FormatError::SizeOverflow { name: String::new(), shape: shape.clone() })?;
    if needed > most {
        return Err(FormatError::Truncated { format: Format::Idx, needed, found: most });
    }
    Ok((ArrayInfo { name: String::new(), shape, kind: number.name() }, Stored { number, big_endian: true }, needed))
}

/// Reads the array; nothing may come after it.
pub(crate) fn read(input: &mut dyn Read, most: u64) -> Result<Array, FormatError> {
    let (info, stored, needed) = head(input, most)?;
    let count = element_count(&info.shape).unwrap_or(0);
    let elements = stored.read(input, Places::in_order(count), "").map_err(|error| cut_short(error, needed))?;
    match input.read(&mut [0])? {
        0 => Array::new(info.shape, elements),
        _ => Err(FormatError::TrailingBytes { format: Format::Idx, needed, found: most.max(needed + 1) }),
    }
}

fn number(kind: u8) -> Option<Number> {
    Some(match kind {
        8 => Number::U8,
        9 => Number::I8,
        11 => Number::I16,
        12 => Number::I32,
        13 => Number::F32,
        14 => Number::F64,
        _ => return None,
    })
}

fn read_all(input: &mut dyn Read, bytes: &mut [u8], needed: u64, most: u64) -> Result<(), FormatError> {
    input.read_exact(bytes).map_err(|error| match error.kind() {
        std::io::ErrorKind::UnexpectedEof => {
            FormatError::Truncated { format: Format::Idx, needed, found: most.min(needed - 1) }
        }
        _ => error.into(),
    })
}

/// An input that ends within the elements is a file cut short.
fn cut_short(error: FormatError, needed: u64) -> FormatError {
    match error {
        FormatError::Io { source } if source.kind() == std::io::ErrorKind::UnexpectedEof => {
            FormatError::Truncated { format: Format::Idx, needed, found: needed - 1 }
        }
        other => other,
    }
}
