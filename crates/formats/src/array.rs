use crate::error::FormatError;

/// The most axes that an array may have; numpy's limit.
pub(crate) const MAX_AXES: usize = 32;

/// The kind of an array's elements.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum ElementKind {
    /// 64-bit float.
    F64,
    /// 64-bit signed integer.
    I64,
    /// 32-bit float.
    F32,
    /// 32-bit signed integer.
    I32,
    /// Unsigned byte.
    U8,
    /// Boolean, a byte each in files.
    Bool,
}

impl ElementKind {
    /// Bytes per element, in files and in memory.
    pub fn bytes(self) -> usize {
        match self {
            ElementKind::F64 | ElementKind::I64 => 8,
            ElementKind::F32 | ElementKind::I32 => 4,
            ElementKind::U8 | ElementKind::Bool => 1,
        }
    }
}

/// The elements of an array, row-major.
#[derive(Debug, Clone, PartialEq)]
pub enum Elements {
    /// 64-bit floats.
    F64(Vec<f64>),
    /// 64-bit signed integers.
    I64(Vec<i64>),
    /// 32-bit floats.
    F32(Vec<f32>),
    /// 32-bit signed integers.
    I32(Vec<i32>),
    /// Unsigned bytes.
    U8(Vec<u8>),
    /// Booleans.
    Bool(Vec<bool>),
}

/// Evaluates one expression for whichever vector the elements are.
macro_rules! each_kind {
    ($elements:expr, $values:ident => $body:expr) => {
        match $elements {
            Elements::F64($values) => $body,
            Elements::I64($values) => $body,
            Elements::F32($values) => $body,
            Elements::I32($values) => $body,
            Elements::U8($values) => $body,
            Elements::Bool($values) => $body,
        }
    };
}

impl Elements {
    /// How many elements there are.
    pub fn len(&self) -> usize {
        each_kind!(self, values => values.len())
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// What kind they are.
    pub fn kind(&self) -> ElementKind {
        match self {
            Elements::F64(_) => ElementKind::F64,
            Elements::I64(_) => ElementKind::I64,
            Elements::F32(_) => ElementKind::F32,
            Elements::I32(_) => ElementKind::I32,
            Elements::U8(_) => ElementKind::U8,
            Elements::Bool(_) => ElementKind::Bool,
        }
    }

    /// Decodes little-endian bytes; a length that is no multiple of the element's loses its rest, so check it before.
    pub(crate) fn from_little_endian(kind: ElementKind, bytes: &[u8], name: &str) -> Result<Elements, FormatError> {
        macro_rules! decode {
            ($element:ty, $width:literal) => {
                bytes.as_chunks::<$width>().0.iter().map(|chunk| <$element>::from_le_bytes(*chunk)).collect()
            };
        }
        Ok(match kind {
            ElementKind::F64 => Elements::F64(decode!(f64, 8)),
            ElementKind::I64 => Elements::I64(decode!(i64, 8)),
            ElementKind::F32 => Elements::F32(decode!(f32, 4)),
            ElementKind::I32 => Elements::I32(decode!(i32, 4)),
            ElementKind::U8 => Elements::U8(bytes.to_vec()),
            ElementKind::Bool => {
                if let Some(index) = bytes.iter().position(|&byte| byte > 1) {
                    return Err(FormatError::NotABoolean { name: name.to_string(), index, byte: bytes[index] });
                }
                Elements::Bool(bytes.iter().map(|&byte| byte == 1).collect())
            }
        })
    }

    /// Appends the elements as little-endian bytes.
    pub(crate) fn write_little_endian(&self, out: &mut Vec<u8>) {
        out.reserve(self.len() * self.kind().bytes());
        match self {
            Elements::F64(values) => values.iter().for_each(|value| out.extend(value.to_le_bytes())),
            Elements::I64(values) => values.iter().for_each(|value| out.extend(value.to_le_bytes())),
            Elements::F32(values) => values.iter().for_each(|value| out.extend(value.to_le_bytes())),
            Elements::I32(values) => values.iter().for_each(|value| out.extend(value.to_le_bytes())),
            Elements::U8(values) => out.extend(values),
            Elements::Bool(values) => out.extend(values.iter().map(|&value| u8::from(value))),
        }
    }
}

/// An array of any rank, row-major.
///
/// ```
/// use caviar_formats::{Array, Elements};
///
/// let weights = Array::new(vec![2, 3], Elements::F32(vec![1.0, 2.0, 3.0, 4.0, 5.0, 6.0]))?;
/// assert_eq!(weights.to_f64()[3], 4.0); // row 1, column 0
/// assert!(Array::new(vec![2, 2], Elements::U8(vec![1])).is_err());
/// # Ok::<(), caviar_formats::FormatError>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Array {
    shape: Vec<usize>,
    elements: Elements,
}

impl Array {
    /// An array of this shape; an empty shape is a single number.
    ///
    /// - **Errors:** [`FormatError::ShapeMismatch`] when the product of the shape is not the number of elements,
    ///   [`FormatError::TooManyAxes`] beyond 32.
    pub fn new(shape: Vec<usize>, elements: Elements) -> Result<Array, FormatError> {
        if shape.len() > MAX_AXES {
            return Err(FormatError::TooManyAxes { name: String::new(), found: shape.len(), limit: MAX_AXES });
        }
        match element_count(&shape) {
            Some(count) if count == elements.len() => Ok(Array { shape, elements }),
            _ => Err(FormatError::ShapeMismatch { shape, elements: elements.len() }),
        }
    }

    /// The length of each axis.
    pub fn shape(&self) -> &[usize] {
        &self.shape
    }

    /// The elements, row-major.
    pub fn elements(&self) -> &Elements {
        &self.elements
    }

    /// Shape and elements, without a copy.
    pub fn into_parts(self) -> (Vec<usize>, Elements) {
        (self.shape, self.elements)
    }

    /// The elements as `f32`, rounded to the nearest where they do not fit; booleans are 0 and 1.
    pub fn to_f32(&self) -> Vec<f32> {
        match &self.elements {
            Elements::F64(values) => values.iter().map(|&value| value as f32).collect(),
            Elements::I64(values) => values.iter().map(|&value| value as f32).collect(),
            Elements::F32(values) => values.clone(),
            Elements::I32(values) => values.iter().map(|&value| value as f32).collect(),
            Elements::U8(values) => values.iter().map(|&value| f32::from(value)).collect(),
            Elements::Bool(values) => values.iter().map(|&value| f32::from(u8::from(value))).collect(),
        }
    }

    /// The elements as `f64`; only `i64` beyond 2^53 are rounded; booleans are 0 and 1.
    pub fn to_f64(&self) -> Vec<f64> {
        match &self.elements {
            Elements::F64(values) => values.clone(),
            Elements::I64(values) => values.iter().map(|&value| value as f64).collect(),
            Elements::F32(values) => values.iter().map(|&value| f64::from(value)).collect(),
            Elements::I32(values) => values.iter().map(|&value| f64::from(value)).collect(),
            Elements::U8(values) => values.iter().map(|&value| f64::from(value)).collect(),
            Elements::Bool(values) => values.iter().map(|&value| f64::from(u8::from(value))).collect(),
        }
    }

    /// The elements as `i64`; `None` for floats, which are never rounded to integers silently.
    pub fn to_i64(&self) -> Option<Vec<i64>> {
        match &self.elements {
            Elements::F64(_) | Elements::F32(_) => None,
            Elements::I64(values) => Some(values.clone()),
            Elements::I32(values) => Some(values.iter().map(|&value| i64::from(value)).collect()),
            Elements::U8(values) => Some(values.iter().map(|&value| i64::from(value)).collect()),
            Elements::Bool(values) => Some(values.iter().map(|&value| i64::from(value)).collect()),
        }
    }
}

/// The product of a shape, `None` where it overflows.
pub(crate) fn element_count(shape: &[usize]) -> Option<usize> {
    shape.iter().try_fold(1_usize, |count, &length| count.checked_mul(length))
}
