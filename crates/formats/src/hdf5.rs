//! Data sets of an HDF5 file, as h5py writes them, groups within groups: `group/name`.

use std::path::Path;

use hdf5_reader::group::Group;
use hdf5_reader::{Dataset, Datatype, Hdf5File, OpenOptions};

use crate::array::{Array, element_count};
use crate::error::FormatError;
use crate::file::{ArrayInfo, MOST_TIMES};
use crate::stored::{Number, Stored};

/// Groups within groups are followed so deep.
const DEEPEST: usize = 16;
/// The most data sets that are listed.
const MOST_ARRAYS: usize = 100_000;

/// An open file, and its length in bytes.
pub(crate) struct File {
    file: Hdf5File,
    length: u64,
}

impl File {
    /// Opens a file; its bytes are mapped, not read.
    pub(crate) fn open(path: &Path) -> Result<File, FormatError> {
        let length = std::fs::metadata(path)?.len();
        Ok(File { file: Hdf5File::open_with_options(path, options(length))?, length })
    }

    /// The data sets of numbers; others are passed over.
    pub(crate) fn list(&self) -> Result<Vec<ArrayInfo>, FormatError> {
        let mut arrays = Vec::new();
        let mut groups = vec![(String::new(), self.file.root_group()?, 0)];
        while let Some((prefix, group, depth)) = groups.pop() {
            let (inner, datasets) = Group::members(&group)?;
            for dataset in datasets {
                let name = format!("{prefix}{}", dataset.name().trim_start_matches('/'));
                if let (Ok(stored), Some(shape)) = (stored(&name, dataset.dtype()), shape_of(&dataset)) {
                    arrays.push(ArrayInfo { name, shape, kind: stored.number.name() });
                }
            }
            if depth < DEEPEST && arrays.len() + groups.len() < MOST_ARRAYS {
                let named = |group: Group| (format!("{prefix}{}/", group.name().trim_matches('/')), group, depth + 1);
                groups.extend(inner.into_iter().map(named));
            }
        }
        arrays.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(arrays)
    }

    /// Reads one data set.
    pub(crate) fn read(&self, name: &str) -> Result<Array, FormatError> {
        let dataset = self.file.dataset(&format!("/{name}"))?;
        let stored = stored(name, dataset.dtype())?;
        let shape: Vec<usize> =
            shape_of(&dataset).ok_or_else(|| FormatError::SizeOverflow { name: name.to_owned(), shape: Vec::new() })?;
        let count = element_count(&shape);
        let size = count.and_then(|count| count.checked_mul(stored.number.bytes()));
        let (Some(count), Some(size)) = (count, size) else {
            return Err(FormatError::SizeOverflow { name: name.to_owned(), shape });
        };
        if size as u64 > most_bytes(self.length) {
            return Err(FormatError::Bomb { name: name.to_owned(), claimed: size as u64, packed: self.length });
        }
        let bytes = dataset.read_native_bytes()?;
        Array::new(shape, stored.read(&mut &bytes[..], count, name)?)
    }
}

fn options(length: u64) -> OpenOptions {
    let most = usize::try_from(most_bytes(length)).unwrap_or(usize::MAX);
    OpenOptions::default().with_max_read_bytes(most).with_max_chunk_bytes(most.min(1 << 30))
}

/// Compressed or not, a file of this length holds no more.
fn most_bytes(length: u64) -> u64 {
    length.saturating_mul(MOST_TIMES)
}

fn shape_of(dataset: &Dataset) -> Option<Vec<usize>> {
    dataset.shape().iter().map(|&length| usize::try_from(length).ok()).collect()
}

/// What the elements are once they are in the machine's byte order.
fn stored(name: &str, kind: &Datatype) -> Result<Stored, FormatError> {
    let number = match kind {
        Datatype::FixedPoint { size, signed, .. } => {
            Number::named(&format!("{}{size}", if *signed { 'i' } else { 'u' }))
        }
        // Half floats are left out: the library reads their bytes without a check of their layout.
        Datatype::FloatingPoint { size: size @ (4 | 8), .. } => Number::named(&format!("f{size}")),
        // h5py writes booleans as an enumeration of 0 and 1.
        Datatype::Enum { base, members } if members.len() == 2 => match &**base {
            Datatype::FixedPoint { size: 1, .. } => Some(Number::Bool),
            _ => None,
        },
        _ => None,
    };
    let unsupported = || FormatError::UnsupportedElements { name: name.to_owned(), kind: kind_name(kind).to_owned() };
    Ok(Stored { number: number.ok_or_else(unsupported)?, big_endian: cfg!(target_endian = "big") })
}

fn kind_name(kind: &Datatype) -> &'static str {
    match kind {
        Datatype::FixedPoint { .. } => "an integer of unusual width",
        Datatype::FloatingPoint { .. } => "a float of unusual width",
        Datatype::String { .. } | Datatype::VarLen { .. } => "text",
        Datatype::Compound { .. } => "records",
        _ => "another kind",
    }
}
