use std::fmt;

/// A file format that this crate reads or writes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// One array, as `numpy.save` writes it.
    Npy,
    /// Named npy files in a zip archive, as `numpy.savez` writes it.
    Npz,
    /// One array, as MNIST comes.
    Idx,
    /// Data sets in groups, as h5py writes them.
    Hdf5,
    /// Named arrays behind a JSON header.
    Safetensors,
}

impl fmt::Display for Format {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(match self {
            Format::Npy => "npy",
            Format::Npz => "npz",
            Format::Idx => "IDX",
            Format::Hdf5 => "HDF5",
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
    #[error("this is no {format} file")]
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
    #[error("array{} of shape {shape:?} is larger than any memory", named(name))]
    SizeOverflow {
        /// Name of the array; empty in formats with a single one.
        name: String,
        /// The shape that the header claims.
        shape: Vec<usize>,
    },
    /// More axes than an array may have.
    #[error("array{} has {found} axes, at most {limit} are allowed", named(name))]
    TooManyAxes {
        /// Name of the array; empty in formats with a single one.
        name: String,
        /// Axes in the file.
        found: usize,
        /// Axes allowed.
        limit: usize,
    },
    /// Elements of a kind that is not read.
    #[error("array{} has elements of kind `{kind}`: {}", named(name), unsupported(kind))]
    UnsupportedElements {
        /// Name of the array; empty in formats with a single one.
        name: String,
        /// The kind, as the file writes it.
        kind: String,
    },
    /// A boolean that is neither 0 nor 1.
    #[error("array{}: boolean {index} is stored as {byte}, only 0 and 1 are allowed", named(name))]
    NotABoolean {
        /// Name of the array; empty in formats with a single one.
        name: String,
        /// Position of the element in the file.
        index: usize,
        /// The byte found.
        byte: u8,
    },
    /// The file cannot be read.
    #[error("{source}")]
    Io {
        /// What the operating system says.
        #[from]
        source: std::io::Error,
    },
    /// The first bytes are those of no format that is read.
    #[error("this is no file of arrays: npy, npz, IDX and HDF5 files are read")]
    UnknownFormat,
    /// There is no array of that name.
    #[error("there is no array{} in the file; there is {}", named(name), listed(names))]
    NoSuchArray {
        /// The name asked for.
        name: String,
        /// The names there are.
        names: Vec<String>,
    },
    /// The name of a group, in which arrays are.
    #[error("`{name}` is a group, not an array; in it is {}", listed(names))]
    Group {
        /// The name asked for.
        name: String,
        /// The arrays in the group.
        names: Vec<String>,
    },
    /// Numbers where texts were asked for.
    #[error("array{} holds numbers, not texts", named(name))]
    NotTexts {
        /// Name of the array; empty in formats with a single one.
        name: String,
    },
    /// Members of a zip archive with one name.
    #[error("the archive has two members of one name")]
    RepeatedName,
    /// A name that leads out of its folder.
    #[error("the archive has a member `{name}`: a name must not lead out of its folder")]
    UnsafeName {
        /// The name.
        name: String,
    },
    /// More arrays than are read.
    #[error("the file has {found} arrays, at most {limit} are read")]
    TooManyArrays {
        /// Arrays in the file.
        found: usize,
        /// Arrays allowed.
        limit: usize,
    },
    /// An array that claims more bytes than the packed ones can hold.
    #[error("array{} claims {claimed} bytes: of {packed} packed ones at most {limit} are unpacked", named(name))]
    Bomb {
        /// Name of the array.
        name: String,
        /// Bytes that it claims.
        claimed: u64,
        /// Bytes in the file.
        packed: u64,
        /// The most bytes that are unpacked of so many.
        limit: u64,
    },
    /// A member of a zip archive that cannot be unpacked.
    #[error("array `{name}` cannot be unpacked: {what}")]
    Zip {
        /// Name of the array.
        name: String,
        /// What the reader of the archive found.
        what: String,
    },
    /// An HDF5 file that is broken or uses what is not read.
    #[error("the HDF5 file cannot be read: {source}")]
    Hdf5 {
        /// What the reader found.
        #[from]
        source: hdf5_reader::error::Error,
    },
    /// An integer that fits into no kind that is kept.
    #[error("array{}: integer {index} is {value}, the largest that is kept is 9223372036854775807", named(name))]
    IntegerTooLarge {
        /// Name of the array; empty in formats with a single one.
        name: String,
        /// Position of the element.
        index: usize,
        /// The integer.
        value: u64,
    },
    /// A fault of the library that takes HDF5 files apart, met on this file.
    #[error("the HDF5 file cannot be read: its reader gave up ({what})")]
    Hdf5Fault {
        /// What the library said.
        what: String,
    },
    /// Memory that the machine does not have.
    #[error("{elements} elements do not fit into memory")]
    OutOfMemory {
        /// How many.
        elements: u64,
    },
    /// Anything of the above in one array of several.
    #[error("array `{name}`: {source}")]
    InArray {
        /// Name of the array.
        name: String,
        /// What is wrong with it.
        source: Box<FormatError>,
    },
    /// An array cannot have the name of the metadata.
    #[error("an array cannot be named `{name}`: the format keeps that name for its metadata")]
    ReservedName {
        /// The name.
        name: String,
    },
}

impl FormatError {
    /// The error of one array among several.
    pub(crate) fn of(self, name: &str) -> FormatError {
        FormatError::InArray { name: name.to_owned(), source: Box::new(self) }
    }
}

/// The name of an array after the word, nothing where a file holds a single one.
fn named(name: &str) -> String {
    if name.is_empty() { String::new() } else { format!(" `{name}`") }
}

/// What can be done about a kind of element, by numpy's letter for it.
fn unsupported(kind: &str) -> &'static str {
    match kind.trim_start_matches(['|', '<', '>', '=']).chars().next() {
        Some('O') => "Python objects are never loaded; save numbers, as `array.astype(float)` makes them",
        Some('U' | 'S') => "texts are not read; save numbers",
        Some('M' | 'm') => "times are not read; save numbers, as `array.astype('int64')` makes them",
        _ => "floats of 16, 32 and 64 bits, integers of 8 to 64 bits and booleans are read",
    }
}

/// The first names of several.
fn listed(names: &[String]) -> String {
    match names {
        [] => "none".to_owned(),
        [name] if name.is_empty() => "one without a name".to_owned(),
        _ => {
            let first: Vec<&str> = names.iter().take(8).map(String::as_str).collect();
            format!("{}{}", first.join(", "), if names.len() > first.len() { ", ..." } else { "" })
        }
    }
}
