//! A file of arrays, whatever its format: what is in it, and one array at a time.

use std::fs::File;
use std::io::{BufReader, Read};
use std::path::{Path, PathBuf};

use flate2::read::MultiGzDecoder;

use crate::array::Array;
use crate::error::{Format, FormatError};
use crate::{hdf5, idx, npy, npz};

/// Deflate packs at most so many bytes into one: whatever claims more is refused before memory is asked for.
pub(crate) const MOST_TIMES: u64 = 1032;

/// One array of a file, not read yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ArrayInfo {
    /// Its name; empty in files with a single one.
    pub name: String,
    /// The length of each axis.
    pub shape: Vec<usize>,
    /// The kind of its elements in the file: `float32`, `uint8`, ...
    pub kind: &'static str,
}

/// A file of arrays: npy, npz, IDX (gzipped or not) or HDF5, known by its first bytes.
///
/// Opening reads the heads alone; [`ArrayFile::read`] reads one array straight into its place. A head that claims more
/// than the file can hold is refused, whatever the format, before memory is asked for.
///
/// ```
/// use caviar_formats::{Array, ArrayFile, Elements, npy};
///
/// let path = std::env::temp_dir().join(format!("caviar-doc-{}.npy", std::process::id()));
/// std::fs::write(&path, npy::write(&Array::new(vec![2], Elements::F32(vec![0.5, 2.0]))?))?;
/// let file = ArrayFile::open(&path)?;
/// assert_eq!((file.arrays()[0].shape.as_slice(), file.arrays()[0].kind), (&[2][..], "float32"));
/// assert_eq!(file.read("")?.to_f64(), [0.5, 2.0]);
/// # std::fs::remove_file(&path)?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct ArrayFile {
    path: PathBuf,
    format: Format,
    packed: bool,
    length: u64,
    arrays: Vec<ArrayInfo>,
}

impl ArrayFile {
    /// The format that a file's first bytes tell; none for what is no file of arrays.
    ///
    /// # Errors
    /// A file that cannot be read.
    pub fn format_of(path: &Path) -> Result<Option<Format>, FormatError> {
        Ok(recognize(path)?.map(|(format, _)| format))
    }

    /// Opens a file and lists its arrays.
    ///
    /// # Errors
    /// A file that cannot be read or is of none of the formats; heads that are wrong or claim too much.
    pub fn open(path: &Path) -> Result<ArrayFile, FormatError> {
        let (format, packed) = recognize(path)?.ok_or(FormatError::UnknownFormat)?;
        let length = std::fs::metadata(path)?.len();
        let mut file = ArrayFile { path: path.to_owned(), format, packed, length, arrays: Vec::new() };
        file.arrays = match format {
            Format::Npy => vec![npy::info(&mut file.bytes()?, length)?],
            Format::Idx => vec![idx::head(&mut file.bytes()?, file.most())?.0],
            Format::Npz => npz::list(file.plain()?)?,
            Format::Hdf5 => hdf5::File::open(path)?.list()?,
            Format::Safetensors => return Err(FormatError::UnknownFormat),
        };
        Ok(file)
    }

    /// The format.
    pub fn format(&self) -> Format {
        self.format
    }

    /// What is in it.
    pub fn arrays(&self) -> &[ArrayInfo] {
        &self.arrays
    }

    /// Reads one array.
    ///
    /// # Errors
    /// [`FormatError::NoSuchArray`]; contents that do not fit their head.
    pub fn read(&self, name: &str) -> Result<Array, FormatError> {
        if !self.arrays.iter().any(|array| array.name == name) {
            let names = self.arrays.iter().map(|array| array.name.clone()).collect();
            return Err(FormatError::NoSuchArray { name: name.to_owned(), names });
        }
        match self.format {
            Format::Npy => npy::read_from(&mut self.bytes()?, self.length),
            Format::Idx => idx::read(&mut self.bytes()?, self.most()),
            Format::Npz => npz::read(self.plain()?, name),
            Format::Hdf5 => hdf5::File::open(&self.path)?.read(name),
            Format::Safetensors => Err(FormatError::UnknownFormat),
        }
    }

    fn plain(&self) -> Result<BufReader<File>, FormatError> {
        Ok(BufReader::new(File::open(&self.path)?))
    }

    /// The bytes, unpacked.
    fn bytes(&self) -> Result<Box<dyn Read>, FormatError> {
        let plain = self.plain()?;
        Ok(if self.packed { Box::new(BufReader::new(MultiGzDecoder::new(plain))) } else { Box::new(plain) })
    }

    /// The most bytes that can come out of the file.
    fn most(&self) -> u64 {
        if self.packed { self.length.saturating_mul(MOST_TIMES) } else { self.length }
    }
}

/// The format by the first bytes, and whether it is gzipped.
fn recognize(path: &Path) -> Result<Option<(Format, bool)>, FormatError> {
    let mut start = [0_u8; 8];
    let count = fill(&mut File::open(path)?, &mut start)?;
    Ok(match &start[..count] {
        [0x93, b'N', b'U', b'M', b'P', b'Y', ..] => Some((Format::Npy, false)),
        [b'P', b'K', 3, 4, ..] | [b'P', b'K', 5, 6, ..] => Some((Format::Npz, false)),
        [0x89, b'H', b'D', b'F', b'\r', b'\n', 0x1a, b'\n'] => Some((Format::Hdf5, false)),
        [0, 0, 8..=14, 1..=8, ..] => Some((Format::Idx, false)),
        [0x1f, 0x8b, ..] => {
            let mut inner = [0_u8; 4];
            let mut unpacked = MultiGzDecoder::new(BufReader::new(File::open(path)?));
            match fill(&mut unpacked, &mut inner) {
                Ok(4) if matches!(inner, [0, 0, 8..=14, 1..=8]) => Some((Format::Idx, true)),
                // Broken or something else: not for this reader to say.
                _ => None,
            }
        }
        _ => None,
    })
}

/// Reads until the buffer is full or the input at its end.
fn fill(input: &mut dyn Read, buffer: &mut [u8]) -> std::io::Result<usize> {
    let mut count = 0;
    while count < buffer.len() {
        match input.read(&mut buffer[count..])? {
            0 => break,
            more => count += more,
        }
    }
    Ok(count)
}
