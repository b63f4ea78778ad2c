use std::fmt;

/// A file format that this crate reads or writes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// One array, as `numpy.save` writes it.
    Npy,
    /// Named arrays behind a JSON header.
    Safetensors,
}

impl fmt::Display for Format {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(match self {
            Format::Npy => "npy",
            Format::Safetensors => "safetensors",
        })
    }
}

/// Why bytes were not read, or arrays not written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FormatError {
    /// A shape and a number of elements that do not belong together.
    #[error("an array of shape {shape:?} does not hold {elements} elements")]
    ShapeMismatch {
        /// The shape asked for.
        shape: Vec<usize>,
        /// The elements given.
        elements: usize,
    },
    /// The first bytes are not those of the format.
    #[error("this is not a {format} file")]
    NotThisFormat {
        /// The format that was expected.
        format: Format,
    },
    /// The file ends before what its header promises.
    #[error("the {format} file is cut short: its header promises {needed} bytes, {found} are there")]
    Truncated {
        /// The format being read.
        format: Format,
        /// Bytes that the header promises, or that the header itself needs.
        needed: u64,
        /// Bytes in the file.
        found: u64,
    },
    /// The file goes on after what its header promises.
    #[error("the {format} file has bytes too many: its header promises {needed}, {found} are there")]
    TrailingBytes {
        /// The format being read.
        format: Format,
        /// Bytes that the header promises.
        needed: u64,
        /// Bytes in the file.
        found: u64,
    },
    /// A version of the npy format other than 1, 2 and 3.
    #[error("npy version {major}.{minor} is not known: versions 1 to 3 are")]
    UnknownVersion {
        /// First number of the version.
        major: u8,
        /// Second number of the version.
        minor: u8,
    },
    /// The header of an npy file does not read as one.
    #[error("the npy header is wrong at its byte {at}: {rule}")]
    NpyHeader {
        /// Byte offset within the header's text.
        at: usize,
        /// What the header must have there.
        rule: &'static str,
    },
    /// The header of a safetensors file does not read as one.
    #[error("the safetensors header is wrong: {source}")]
    SafetensorsHeader {
        /// What the reader of the header found.
        #[from]
        source: serde_json::Error,
    },
    /// The size of an array does not fit into memory addresses.
    #[error("array `{name}` of shape {shape:?} is larger than any memory")]
    SizeOverflow {
        /// Name of the array; empty in formats with a single one.
        name: String,
        /// The shape that the header claims.
        shape: Vec<usize>,
    },
    /// More axes than an array may have.
    #[error("array `{name}` has {found} axes, at most {limit} are allowed")]
    TooManyAxes {
        /// Name of the array; empty in formats with a single one.
        name: String,
        /// Axes in the file.
        found: usize,
        /// Axes allowed.
        limit: usize,
    },
    /// Elements of a kind that is not read.
    #[error(
        "array `{name}` has elements of kind {kind}: 32- and 64-bit floats and integers, bytes and booleans are read"
    )]
    UnsupportedElements {
        /// Name of the array; empty in formats with a single one.
        name: String,
        /// The kind, as the file writes it.
        kind: String,
    },
    /// A boolean that is neither 0 nor 1.
    #[error("array `{name}`: boolean {index} is stored as {byte}, only 0 and 1 are allowed")]
    NotABoolean {
        /// Name of the array; empty in formats with a single one.
        name: String,
        /// Position of the element in the file.
        index: usize,
        /// The byte found.
        byte: u8,
    },
    /// An array cannot have the name of the metadata.
    #[error("an array cannot be named `{name}`: the format keeps that name for its metadata")]
    ReservedName {
        /// The name.
        name: String,
    },
}
