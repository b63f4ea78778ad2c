//! A file of arrays, whatever its format: what is in it, and one array at a time.

use std::fs::File;
use std::io::{BufReader, Cursor, Read, Seek};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use flate2::read::MultiGzDecoder;

use crate::array::Array;
use crate::error::{Format, FormatError};
use crate::{hdf5, idx, npy, npz};

/// Deflate packs at most so many bytes into one: whatever claims more is refused before memory is asked for.
const MOST_TIMES: u64 = 1032;
/// So many bytes are unpacked of however few there are, where deflate can do it.
const GENEROUS: u64 = 256 << 20;
/// Beyond that no more than so many of one: an array that packs better is a bomb or nothing but zeros.
const USUAL_TIMES: u64 = 256;

/// The most bytes that are unpacked of so many.
pub(crate) fn most_unpacked(packed: u64) -> u64 {
    let possible = packed.saturating_add(1).saturating_mul(MOST_TIMES);
    possible.min(GENEROUS.max(packed.saturating_mul(USUAL_TIMES)))
}

/// One array of a file, not read yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ArrayInfo {
    /// Its name; empty in files with a single one.
    pub name: String,
    /// The length of each axis.
    pub shape: Vec<usize>,
    /// The kind of its elements in the file: `float32`, `uint8`, ..., or `text`.
    pub kind: &'static str,
}

impl ArrayInfo {
    /// Whether its elements are texts, to be read by [`ArrayFile::read_texts`].
    pub fn is_text(&self) -> bool {
        self.kind == hdf5::TEXT
    }
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
    source: Source,
    format: Format,
    packed: bool,
    length: u64,
    arrays: Vec<ArrayInfo>,
}

/// Where the bytes are.
#[derive(Clone, Debug)]
pub(crate) enum Source {
    Disk(PathBuf),
    Memory(Arc<[u8]>),
}

/// What an archive is read from.
trait Bytes: Read + Seek {}
impl<T: Read + Seek> Bytes for T {}

impl Source {
    fn open(&self) -> Result<Box<dyn Bytes>, FormatError> {
        Ok(match self {
            Source::Disk(path) => Box::new(BufReader::new(File::open(path)?)),
            Source::Memory(bytes) => Box::new(Cursor::new(bytes.clone())),
        })
    }

    /// The first bytes; how many there are.
    pub(crate) fn start(&self, bytes: &mut [u8]) -> Result<usize, FormatError> {
        Ok(fill(&mut self.open()?, bytes)?)
    }

    fn length(&self) -> Result<u64, FormatError> {
        Ok(match self {
            Source::Disk(path) => std::fs::metadata(path)?.len(),
            Source::Memory(bytes) => bytes.len() as u64,
        })
    }
}

impl ArrayFile {
    /// The format of a file: as its first bytes tell, or else the ending of its name (`.npy`, `.npz`, `.h5`, `.hdf5`,
    /// `.idx`, `.idx.gz`); none for what is no file of arrays.
    ///
    /// # Errors
    /// A file that cannot be read.
    pub fn format_of(path: &Path) -> Result<Option<Format>, FormatError> {
        Ok(recognize(&Source::Disk(path.to_owned()))?.map(|(format, _)| format).or_else(|| by_name(path)))
    }

    /// Opens a file and lists its arrays.
    ///
    /// # Errors
    /// A file that cannot be read or is of none of the formats; heads that are wrong or claim too much.
    pub fn open(path: &Path) -> Result<ArrayFile, FormatError> {
        let source = Source::Disk(path.to_owned());
        let (format, packed) = match recognize(&source)? {
            Some(known) => known,
            None => (by_name(path).ok_or(FormatError::UnknownFormat)?, false),
        };
        ArrayFile::new(source, format, packed)
    }

    /// As [`ArrayFile::open`], of bytes in memory.
    ///
    /// # Errors
    /// As [`ArrayFile::open`].
    pub fn parse(bytes: impl Into<Arc<[u8]>>) -> Result<ArrayFile, FormatError> {
        let source = Source::Memory(bytes.into());
        let (format, packed) = recognize(&source)?.ok_or(FormatError::UnknownFormat)?;
        ArrayFile::new(source, format, packed)
    }

    fn new(source: Source, format: Format, packed: bool) -> Result<ArrayFile, FormatError> {
        let length = source.length()?;
        let mut file = ArrayFile { source, format, packed, length, arrays: Vec::new() };
        file.arrays = match format {
            Format::Npy => vec![npy::info(&mut file.bytes()?, length)?],
            Format::Idx => vec![idx::head(&mut file.bytes()?, file.most())?.0],
            Format::Npz => npz::list(file.source.open()?)?,
            Format::Hdf5 => hdf5::File::open(&file.source, length)?.list()?,
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

    /// Reads one array of numbers.
    ///
    /// # Errors
    /// [`FormatError::NoSuchArray`], [`FormatError::Group`]; contents that do not fit their head.
    pub fn read(&self, name: &str) -> Result<Array, FormatError> {
        self.known(name)?;
        match self.format {
            Format::Npy => npy::read_from(&mut self.bytes()?, self.length),
            Format::Idx => idx::read(&mut self.bytes()?, self.most()),
            Format::Npz => npz::read(self.source.open()?, name),
            Format::Hdf5 => hdf5::File::open(&self.source, self.length)?.read(name),
            Format::Safetensors => Err(FormatError::UnknownFormat),
        }
    }

    /// Reads one array of texts, of kind `text`, row-major; HDF5 has them.
    ///
    /// # Errors
    /// [`FormatError::NotTexts`] for numbers; else as [`ArrayFile::read`].
    pub fn read_texts(&self, name: &str) -> Result<Vec<String>, FormatError> {
        self.known(name)?;
        match self.format {
            Format::Hdf5 => hdf5::File::open(&self.source, self.length)?.texts(name),
            Format::Npy | Format::Idx | Format::Npz | Format::Safetensors => {
                Err(FormatError::NotTexts { name: name.to_owned() })
            }
        }
    }

    /// Whether there is an array of this name.
    fn known(&self, name: &str) -> Result<(), FormatError> {
        if self.arrays.iter().any(|array| array.name == name) {
            return Ok(());
        }
        let names = || self.arrays.iter().map(|array| array.name.clone());
        let inside: Vec<String> = names().filter(|known| known.starts_with(&format!("{name}/"))).collect();
        let name = name.to_owned();
        Err(match inside.is_empty() {
            true => FormatError::NoSuchArray { name, names: names().collect() },
            false => FormatError::Group { name, names: inside },
        })
    }

    /// The bytes, unpacked.
    fn bytes(&self) -> Result<Box<dyn Read>, FormatError> {
        let plain = self.source.open()?;
        Ok(if self.packed { Box::new(BufReader::new(MultiGzDecoder::new(plain))) } else { Box::new(plain) })
    }

    /// The most bytes that can come out of the file.
    fn most(&self) -> u64 {
        if self.packed { most_unpacked(self.length) } else { self.length }
    }
}

/// The format by the first bytes, and whether it is gzipped.
fn recognize(source: &Source) -> Result<Option<(Format, bool)>, FormatError> {
    let mut start = [0_u8; 8];
    let count = fill(&mut source.open()?, &mut start)?;
    Ok(match &start[..count] {
        [0x93, b'N', b'U', b'M', b'P', b'Y', ..] => Some((Format::Npy, false)),
        [b'P', b'K', 3, 4, ..] | [b'P', b'K', 5, 6, ..] => Some((Format::Npz, false)),
        [0x89, b'H', b'D', b'F', b'\r', b'\n', 0x1a, b'\n'] => Some((Format::Hdf5, false)),
        [0, 0, 8..=14, 1..=8, ..] => Some((Format::Idx, false)),
        [0x1f, 0x8b, ..] => {
            let mut inner = [0_u8; 4];
            let mut unpacked = MultiGzDecoder::new(source.open()?);
            match fill(&mut unpacked, &mut inner) {
                Ok(4) if matches!(inner, [0, 0, 8..=14, 1..=8]) => Some((Format::Idx, true)),
                // Broken or something else: not for this reader to say.
                _ => None,
            }
        }
        _ => None,
    })
}

/// The format that the ending of a name tells, for files whose first bytes are wrong.
fn by_name(path: &Path) -> Option<Format> {
    let name = path.file_name()?.to_string_lossy().to_lowercase();
    let name = name.strip_suffix(".gz").filter(|stem| stem.ends_with(".idx")).unwrap_or(&name);
    match name.rsplit_once('.')?.1 {
        "npy" => Some(Format::Npy),
        "npz" => Some(Format::Npz),
        "h5" | "hdf5" => Some(Format::Hdf5),
        "idx" => Some(Format::Idx),
        _ => None,
    }
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
