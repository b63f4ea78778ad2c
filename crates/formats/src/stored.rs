//! Numbers as files store them, and as they are kept in memory.

use std::io::Read;

use crate::array::Elements;
use crate::error::FormatError;

/// A kind of number that files hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Number {
    F16,
    F32,
    F64,
    I8,
    I16,
    I32,
    I64,
    U8,
    U16,
    U32,
    U64,
    Bool,
}

/// A kind of number with its byte order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Stored {
    pub(crate) number: Number,
    pub(crate) big_endian: bool,
}

/// So many bytes are decoded at a time.
const BLOCK: usize = 64 << 10;

impl Number {
    /// The letter and width of numpy: `f4`, `u1`.
    pub(crate) fn named(code: &str) -> Option<Number> {
        Some(match code {
            "f2" => Number::F16,
            "f4" => Number::F32,
            "f8" => Number::F64,
            "i1" => Number::I8,
            "i2" => Number::I16,
            "i4" => Number::I32,
            "i8" => Number::I64,
            "u1" => Number::U8,
            "u2" => Number::U16,
            "u4" => Number::U32,
            "u8" => Number::U64,
            "b1" => Number::Bool,
            _ => return None,
        })
    }

    /// The name that people know: `float32`, `uint8`.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Number::F16 => "float16",
            Number::F32 => "float32",
            Number::F64 => "float64",
            Number::I8 => "int8",
            Number::I16 => "int16",
            Number::I32 => "int32",
            Number::I64 => "int64",
            Number::U8 => "uint8",
            Number::U16 => "uint16",
            Number::U32 => "uint32",
            Number::U64 => "uint64",
            Number::Bool => "bool",
        }
    }

    /// Bytes of each.
    pub(crate) fn bytes(self) -> usize {
        match self {
            Number::I8 | Number::U8 | Number::Bool => 1,
            Number::F16 | Number::I16 | Number::U16 => 2,
            Number::F32 | Number::I32 | Number::U32 => 4,
            Number::F64 | Number::I64 | Number::U64 => 8,
        }
    }
}

impl Stored {
    /// Reads an array; nothing is read twice, and nothing is held beside the result but one block.
    ///
    /// The caller has made sure that the input can hold so many: memory is reserved for all of them.
    pub(crate) fn read(self, input: &mut dyn Read, mut places: Places, name: &str) -> Result<Elements, FormatError> {
        let (order, count) = (self.big_endian, &mut places);
        Ok(match self.number {
            Number::F16 => Elements::F32(decode(input, count, order, |bytes| half(u16::from_le_bytes(bytes)))?),
            Number::F32 => Elements::F32(decode(input, count, order, f32::from_le_bytes)?),
            Number::F64 => Elements::F64(decode(input, count, order, f64::from_le_bytes)?),
            Number::I8 => Elements::I32(decode(input, count, order, |bytes| i8::from_le_bytes(bytes).into())?),
            Number::I16 => Elements::I32(decode(input, count, order, |bytes| i16::from_le_bytes(bytes).into())?),
            Number::U16 => Elements::I32(decode(input, count, order, |bytes| u16::from_le_bytes(bytes).into())?),
            Number::I32 => Elements::I32(decode(input, count, order, i32::from_le_bytes)?),
            Number::U32 => Elements::I64(decode(input, count, order, |bytes| u32::from_le_bytes(bytes).into())?),
            Number::I64 => Elements::I64(decode(input, count, order, i64::from_le_bytes)?),
            Number::U64 => Elements::I64(unsigned(decode(input, count, order, u64::from_le_bytes)?, name)?),
            Number::U8 => Elements::U8(decode(input, count, order, |[byte]| byte)?),
            Number::Bool => Elements::Bool(booleans(&decode(input, count, order, |[byte]| byte)?, name)?),
        })
    }
}

fn decode<T: Copy + Default, const WIDTH: usize>(
    input: &mut dyn Read,
    places: &mut Places,
    big_endian: bool,
    number: impl Fn([u8; WIDTH]) -> T,
) -> Result<Vec<T>, FormatError> {
    let count = places.count;
    let mut values = Vec::new();
    values.try_reserve_exact(count).map_err(|_| FormatError::OutOfMemory { elements: count as u64 })?;
    if places.scattered() {
        values.resize(count, T::default());
    }
    let mut block = vec![0_u8; BLOCK.min(count.saturating_mul(WIDTH))];
    let mut left = count;
    while left > 0 {
        let length = block.len().min(left * WIDTH);
        input.read_exact(&mut block[..length])?;
        let (chunks, _) = block[..length].as_chunks::<WIDTH>();
        let value = |chunk: &[u8; WIDTH]| {
            let mut chunk = *chunk;
            if big_endian {
                chunk.reverse();
            }
            number(chunk)
        };
        match places.scattered() {
            false => values.extend(chunks.iter().map(value)),
            true => chunks.iter().zip(&mut *places).for_each(|(chunk, place)| values[place] = value(chunk)),
        }
        left -= chunks.len();
    }
    Ok(values)
}

/// Where the elements of an array go, in the order in which they come.
pub(crate) struct Places {
    count: usize,
    /// Length, stride and index of each axis, the fastest first; none where they come row by row.
    axes: Vec<[usize; 3]>,
    place: usize,
}

impl Places {
    /// So many, one after another.
    pub(crate) fn in_order(count: usize) -> Places {
        Places { count, axes: Vec::new(), place: 0 }
    }

    /// For an array of `count` elements whose first axis runs fastest in the file, as Fortran has it.
    pub(crate) fn column_major(shape: &[usize], count: usize) -> Places {
        let mut axes: Vec<[usize; 3]> = shape.iter().map(|&length| [length, 1, 0]).collect();
        for axis in (1..axes.len()).rev() {
            let [length, stride, _] = axes[axis];
            // With an axis of length 0 there is nothing to place, and the others may be of any length.
            axes[axis - 1][1] = length.wrapping_mul(stride);
        }
        Places { count, axes: if shape.len() > 1 { axes } else { Vec::new() }, place: 0 }
    }

    fn scattered(&self) -> bool {
        !self.axes.is_empty()
    }
}

impl Iterator for Places {
    type Item = usize;

    /// Never ends; the file does.
    fn next(&mut self) -> Option<usize> {
        let here = self.place;
        for [length, stride, index] in &mut self.axes {
            *index += 1;
            self.place += *stride;
            if *index < *length {
                break;
            }
            self.place -= *stride * *length;
            *index = 0;
        }
        Some(here)
    }
}

fn unsigned(values: Vec<u64>, name: &str) -> Result<Vec<i64>, FormatError> {
    let fits = |(index, value): (usize, u64)| {
        i64::try_from(value).map_err(|_| FormatError::IntegerTooLarge { name: name.to_owned(), index, value })
    };
    values.into_iter().enumerate().map(fits).collect()
}

pub(crate) fn booleans(bytes: &[u8], name: &str) -> Result<Vec<bool>, FormatError> {
    match bytes.iter().position(|&byte| byte > 1) {
        Some(index) => Err(FormatError::NotABoolean { name: name.to_owned(), index, byte: bytes[index] }),
        None => Ok(bytes.iter().map(|&byte| byte == 1).collect()),
    }
}

/// The value of an IEEE 754 half: one sign bit, five of exponent (bias 15), ten of fraction.
pub(crate) fn half(bits: u16) -> f32 {
    let sign = u32::from(bits >> 15) << 31;
    let (exponent, fraction) = (u32::from(bits >> 10 & 0x1f), u32::from(bits & 0x3ff));
    match exponent {
        // A subnormal is its fraction times 2^-24, exactly a float.
        0 => f32::from_bits(sign | (fraction as f32 * f32::from_bits(103 << 23)).to_bits()),
        31 => f32::from_bits(sign | 0xff << 23 | fraction << 13),
        _ => f32::from_bits(sign | (exponent + 112) << 23 | fraction << 13),
    }
}

#[cfg(test)]
mod tests {
    use super::{Number, Places, Stored, half};
    use crate::array::Elements;
    use crate::error::FormatError;

    fn read(number: Number, big_endian: bool, bytes: &[u8]) -> Result<Elements, FormatError> {
        let places = Places::in_order(bytes.len() / number.bytes());
        Stored { number, big_endian }.read(&mut &bytes[..], places, "x")
    }

    #[test]
    fn halves_are_exact() {
        // 1, -2, the largest, the least normal, the least at all, infinity: IEEE 754, table of binary16.
        for (bits, value) in [
            (0x3c00, 1.0),
            (0xc000, -2.0),
            (0x7bff, 65504.0),
            (0x0400, 2.0_f32.powi(-14)),
            (0x0001, 2.0_f32.powi(-24)),
            (0x8001, -(2.0_f32.powi(-24))),
            (0x7c00, f32::INFINITY),
            (0x3555, 0.333_251_95),
        ] {
            assert_eq!(half(bits), value, "{bits:#x}");
        }
        assert!(half(0x7e00).is_nan() && half(0x8000).is_sign_negative());
    }

    #[test]
    fn every_width_and_order_keeps_its_values() {
        assert_eq!(read(Number::I8, false, &[0xff, 0x7f]).unwrap(), Elements::I32(vec![-1, 127]));
        assert_eq!(read(Number::I16, true, &[0xff, 0xfe]).unwrap(), Elements::I32(vec![-2]));
        assert_eq!(read(Number::U16, false, &[0xfe, 0xff]).unwrap(), Elements::I32(vec![65534]));
        assert_eq!(read(Number::U32, true, &[0xff, 0, 0, 1]).unwrap(), Elements::I64(vec![0xff00_0001]));
        assert_eq!(read(Number::F32, true, &[0x3f, 0x80, 0, 0]).unwrap(), Elements::F32(vec![1.0]));
        assert_eq!(read(Number::U64, false, &[7, 0, 0, 0, 0, 0, 0, 0]).unwrap(), Elements::I64(vec![7]));
    }

    #[test]
    fn what_no_kind_can_hold_is_refused() {
        let large = read(Number::U64, true, &[0x80, 0, 0, 0, 0, 0, 0, 0]);
        assert!(matches!(large, Err(FormatError::IntegerTooLarge { index: 0, .. })));
        assert!(matches!(read(Number::Bool, false, &[1, 2]), Err(FormatError::NotABoolean { index: 1, .. })));
    }

    #[test]
    fn more_than_a_block_is_read_whole() {
        let bytes: Vec<u8> = (0..200_000_u32).flat_map(u32::to_le_bytes).collect();
        let Elements::I32(values) = read(Number::I32, false, &bytes).unwrap() else { panic!("integers") };
        assert!(values.iter().zip(0..).all(|(value, index)| *value == index) && values.len() == 200_000);
    }
}
