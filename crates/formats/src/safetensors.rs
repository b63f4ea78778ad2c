//! Named arrays and text metadata in one file: no code, no pickle.
//!
//! The header is read by the `safetensors` crate; its frame is checked here, with arithmetic that cannot wrap.
//! Writing is deterministic: the same arrays and metadata give the same bytes.
//!
//! Reference: <https://github.com/huggingface/safetensors#format>.

use std::collections::BTreeMap;

use ::safetensors::tensor::{Dtype, Metadata, TensorInfo};
use serde::Serialize;

use crate::array::{Array, ElementKind, Elements, MAX_AXES};
use crate::error::{Format, FormatError};

/// The name under which the format keeps its metadata.
const METADATA: &str = "__metadata__";
/// The bytes that hold the header's length.
const LENGTH_BYTES: usize = 8;
/// A header beyond this is refused; the format's own limit.
const MAX_HEADER_BYTES: u64 = 100_000_000;

/// What a safetensors file holds.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct NamedArrays {
    /// The arrays by name.
    pub arrays: BTreeMap<String, Array>,
    /// Texts by name.
    pub metadata: BTreeMap<String, String>,
}

#[derive(Serialize)]
struct Header<'a> {
    #[serde(rename = "__metadata__", skip_serializing_if = "BTreeMap::is_empty")]
    metadata: &'a BTreeMap<String, String>,
    #[serde(flatten)]
    tensors: BTreeMap<&'a str, TensorInfo>,
}

impl NamedArrays {
    /// Reads a safetensors file.
    ///
    /// - **Errors:** [`FormatError`]: not a safetensors file, cut short or too long, a header that contradicts itself or
    ///   the file, elements of a kind that is not read. Nothing is allocated that the file does not hold.
    ///
    /// ```
    /// use caviar_formats::{Array, Elements, safetensors::NamedArrays};
    ///
    /// let mut file = NamedArrays::default();
    /// file.arrays.insert("dense1/bias".into(), Array::new(vec![2], Elements::F32(vec![0.5, -0.0]))?);
    /// file.metadata.insert("made by".into(), "hand".into());
    /// assert_eq!(NamedArrays::read(&file.write()?)?, file);
    /// # Ok::<(), caviar_formats::FormatError>(())
    /// ```
    pub fn read(bytes: &[u8]) -> Result<NamedArrays, FormatError> {
        let (header, data) = split_header(bytes)?;
        let header: Metadata = serde_json::from_slice(header)?;
        let (needed, found) = (header.data_len(), data.len());
        if needed != found {
            let before = (bytes.len() - found) as u64;
            let (needed, found) = (before.saturating_add(needed as u64), bytes.len() as u64);
            return Err(if needed > found {
                FormatError::Truncated { format: Format::Safetensors, needed, found }
            } else {
                FormatError::TrailingBytes { format: Format::Safetensors, needed, found }
            });
        }
        let mut arrays = BTreeMap::new();
        for (name, info) in header.tensors() {
            let array = read_array(&name, info, data)?;
            arrays.insert(name, array);
        }
        let metadata = header.metadata().iter().flatten().map(|(name, text)| (name.clone(), text.clone())).collect();
        Ok(NamedArrays { arrays, metadata })
    }

    /// Writes a safetensors file, the widest elements first so that every array is aligned, then by name.
    ///
    /// - **Errors:** [`FormatError::ReservedName`] for an array called `__metadata__`.
    pub fn write(&self) -> Result<Vec<u8>, FormatError> {
        if self.arrays.contains_key(METADATA) {
            return Err(FormatError::ReservedName { name: METADATA.to_string() });
        }
        let mut ordered: Vec<(&String, &Array)> = self.arrays.iter().collect();
        ordered.sort_by_key(|(_, array)| array.elements().kind());

        let (mut end, mut tensors) = (0, BTreeMap::new());
        for (name, array) in &ordered {
            let (start, kind) = (end, array.elements().kind());
            end += array.elements().len() * kind.bytes();
            let info = TensorInfo { dtype: dtype(kind), shape: array.shape().to_vec(), data_offsets: (start, end) };
            tensors.insert(name.as_str(), info);
        }
        let mut header = serde_json::to_vec(&Header { metadata: &self.metadata, tensors })?;
        header.resize(header.len().next_multiple_of(LENGTH_BYTES), b' ');

        // Nothing is held beside the result: arrays are large, and this is done while networks train.
        let mut bytes = Vec::with_capacity(LENGTH_BYTES + header.len() + end);
        bytes.extend((header.len() as u64).to_le_bytes());
        bytes.extend(header);
        for (_, array) in ordered {
            array.elements().write_little_endian(&mut bytes);
        }
        Ok(bytes)
    }
}

/// The header's JSON and the data behind it.
fn split_header(bytes: &[u8]) -> Result<(&[u8], &[u8]), FormatError> {
    let Some((length, rest)) = bytes.split_first_chunk::<LENGTH_BYTES>() else {
        return Err(FormatError::NotThisFormat { format: Format::Safetensors });
    };
    let length = u64::from_le_bytes(*length);
    if length > MAX_HEADER_BYTES || rest.first().is_some_and(|&byte| byte != b'{') {
        return Err(FormatError::NotThisFormat { format: Format::Safetensors });
    }
    // At most 100 million, so it fits wherever a `usize` has 32 bits.
    rest.split_at_checked(length as usize).ok_or(FormatError::Truncated {
        format: Format::Safetensors,
        needed: LENGTH_BYTES as u64 + length,
        found: bytes.len() as u64,
    })
}

fn read_array(name: &str, info: &TensorInfo, data: &[u8]) -> Result<Array, FormatError> {
    let kind = element_kind(info.dtype).ok_or_else(|| FormatError::UnsupportedElements {
        name: name.to_string(),
        kind: format!("{:?}", info.dtype),
    })?;
    if info.shape.len() > MAX_AXES {
        return Err(FormatError::TooManyAxes { name: name.to_string(), found: info.shape.len(), limit: MAX_AXES });
    }
    let (start, end) = info.data_offsets;
    // The header's reader has compared the offsets with the shape, and its end with the file.
    let bytes = data
        .get(start..end)
        .ok_or_else(|| FormatError::SizeOverflow { name: name.to_string(), shape: info.shape.clone() })?;
    Array::new(info.shape.clone(), Elements::from_little_endian(kind, bytes, name)?)
}

fn dtype(kind: ElementKind) -> Dtype {
    match kind {
        ElementKind::F64 => Dtype::F64,
        ElementKind::I64 => Dtype::I64,
        ElementKind::F32 => Dtype::F32,
        ElementKind::I32 => Dtype::I32,
        ElementKind::U8 => Dtype::U8,
        ElementKind::Bool => Dtype::BOOL,
    }
}

fn element_kind(dtype: Dtype) -> Option<ElementKind> {
    // The crate's enum is open, so a wildcard is the only way to say "anything else".
    match dtype {
        Dtype::F64 => Some(ElementKind::F64),
        Dtype::I64 => Some(ElementKind::I64),
        Dtype::F32 => Some(ElementKind::F32),
        Dtype::I32 => Some(ElementKind::I32),
        Dtype::U8 => Some(ElementKind::U8),
        Dtype::BOOL => Some(ElementKind::Bool),
        _ => None,
    }
}
