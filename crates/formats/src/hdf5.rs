//! Data sets of an HDF5 file, as h5py writes them, groups within groups: `group/name`.

use std::any::Any;
use std::collections::HashSet;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use hdf5_reader::group::Group;
use hdf5_reader::messages::datatype::{StringSize, VarLenKind};
use hdf5_reader::storage::{BytesStorage, DynStorage, FileStorage};
use hdf5_reader::{ByteOrder, Dataset, Datatype, H5Type, Hdf5File, OpenOptions, SliceInfo, SliceInfoElem};

use crate::array::{Array, Elements, MAX_AXES, element_count};
use crate::error::{Format, FormatError};
use crate::file::{ArrayInfo, Source, most_unpacked};
use crate::stored::{Number, booleans, half};

/// Groups within groups are followed so deep.
const DEEPEST: usize = 16;
/// The kind of elements that are texts.
pub(crate) const TEXT: &str = "text";
/// The most data sets and groups that are looked at.
const MOST_ARRAYS: usize = 100_000;
/// About so many bytes are taken out of a data set at a time.
const BLOCK: u64 = 4 << 20;
/// A head of an object beyond this is refused; real ones have a few thousand bytes.
const LONGEST_HEAD: usize = 1 << 20;

/// An open file, and its length in bytes.
pub(crate) struct File {
    file: Hdf5File,
    length: u64,
}

impl File {
    /// Opens a file of so many bytes; they are read where they are needed.
    pub(crate) fn open(source: &Source, length: u64) -> Result<File, FormatError> {
        if let Some(needed) = end(source)?
            && needed > length
        {
            return Err(FormatError::Truncated { format: Format::Hdf5, needed, found: length });
        }
        guarded(|| {
            let storage: DynStorage = match source {
                Source::Memory(bytes) => Arc::new(BytesStorage::from_shared(bytes.clone())),
                Source::Disk(path) => Arc::new(FileStorage::open(path)?),
            };
            let most = usize::try_from(most_unpacked(length)).unwrap_or(usize::MAX);
            let options = OpenOptions::default().with_max_read_bytes(most).with_max_chunk_bytes(most.min(1 << 30));
            let options = options.with_max_object_header_bytes(LONGEST_HEAD).with_chunk_cache_bytes(32 << 20);
            Ok(File { file: Hdf5File::from_storage_with_options(storage, options)?, length })
        })
    }

    /// The data sets of numbers and of texts; others are passed over.
    pub(crate) fn list(&self) -> Result<Vec<ArrayInfo>, FormatError> {
        guarded(|| {
            let mut arrays = Vec::new();
            let mut seen = HashSet::new();
            let mut groups = vec![(String::new(), self.file.root_group()?, 0)];
            while let Some((prefix, group, depth)) = groups.pop() {
                // A group may lie in itself.
                if !seen.insert(group.address()) {
                    continue;
                }
                let (inner, datasets) = Group::members(&group)?;
                let found = arrays.len() + datasets.len() + groups.len() + inner.len() + seen.len();
                if found > MOST_ARRAYS {
                    return Err(FormatError::TooManyArrays { found, limit: MOST_ARRAYS });
                }
                for dataset in datasets {
                    let name = format!("{prefix}{}", dataset.name().trim_start_matches('/'));
                    let kind = match is_text(dataset.dtype()) {
                        true => Some(TEXT),
                        false => number(&name, &dataset).ok().map(Number::name),
                    };
                    if let (Some(kind), Some(shape)) = (kind, shape_of(&dataset)) {
                        arrays.push(ArrayInfo { name, shape, kind });
                    }
                }
                if depth < DEEPEST {
                    let named =
                        |group: Group| (format!("{prefix}{}/", group.name().trim_matches('/')), group, depth + 1);
                    groups.extend(inner.into_iter().map(named));
                }
            }
            arrays.sort_by(|a, b| a.name.cmp(&b.name));
            Ok(arrays)
        })
    }

    /// Reads one data set of numbers.
    pub(crate) fn read(&self, name: &str) -> Result<Array, FormatError> {
        guarded(|| {
            let dataset = self.file.dataset(&format!("/{name}"))?;
            let number = number(name, &dataset)?;
            let shape = self.affordable_shape(&dataset, name, number.bytes())?;
            let elements = elements(&dataset, number, &shape, name)?;
            Array::new(shape, elements)
        })
        .map_err(|error| in_dataset(error, name))
    }

    /// Reads one data set of texts, row-major.
    pub(crate) fn texts(&self, name: &str) -> Result<Vec<String>, FormatError> {
        guarded(|| {
            let dataset = self.file.dataset(&format!("/{name}"))?;
            if !is_text(dataset.dtype()) {
                return Err(FormatError::NotTexts { name: name.to_owned() });
            }
            let size = dataset.raw_element_size()?;
            self.affordable_shape(&dataset, name, size)?;
            if size == dataset.vlen_reference_size() && !is_fixed(dataset.dtype()) {
                // Each text lies elsewhere, and one place may be claimed by many.
                let references = dataset.read_raw_bytes()?;
                let length = |reference: &[u8]| {
                    reference.first_chunk().map_or(0, |bytes: &[u8; 4]| u64::from(u32::from_le_bytes(*bytes)))
                };
                self.affordable(name, references.chunks_exact(size).map(length).sum())?;
            }
            Ok(dataset.read_strings()?)
        })
        .map_err(|error| in_dataset(error, name))
    }

    /// The shape of a data set whose elements the file may be worth.
    fn affordable_shape(&self, dataset: &Dataset, name: &str, bytes: usize) -> Result<Vec<usize>, FormatError> {
        let overflow = |shape| FormatError::SizeOverflow { name: name.to_owned(), shape };
        let shape = shape_of(dataset).ok_or_else(|| overflow(Vec::new()))?;
        let size = element_count(&shape).and_then(|count| count.checked_mul(bytes));
        self.affordable(name, size.ok_or_else(|| overflow(shape.clone()))? as u64)?;
        Ok(shape)
    }

    fn affordable(&self, name: &str, claimed: u64) -> Result<(), FormatError> {
        let (packed, limit) = (self.length, most_unpacked(self.length));
        if claimed > limit {
            return Err(FormatError::Bomb { name: name.to_owned(), claimed, packed, limit });
        }
        Ok(())
    }
}

/// Where the file ends by its own word; none in a form that is not known.
fn end(source: &Source) -> Result<Option<u64>, FormatError> {
    let mut start = [0_u8; 52];
    let count = source.start(&mut start)?;
    let at = match start {
        // The signature, a version, then the width of addresses, which is eight bytes everywhere.
        [_, _, _, _, _, _, _, _, 0, _, _, _, _, 8, ..] => 40,
        [_, _, _, _, _, _, _, _, 1, _, _, _, _, 8, ..] => 44,
        [_, _, _, _, _, _, _, _, 2 | 3, 8, ..] => 28,
        _ => return Ok(None),
    };
    Ok(start[..count].get(at..).and_then(<[u8]>::first_chunk).map(|bytes| u64::from_le_bytes(*bytes)))
}

/// What the library says of a data set, with the name of it.
fn in_dataset(error: FormatError, name: &str) -> FormatError {
    match error {
        FormatError::Hdf5 { .. } | FormatError::Hdf5Fault { .. } => error.of(name),
        other => other,
    }
}

/// A half float, which the library has no kind for.
#[derive(Clone)]
struct Half(f32);

impl H5Type for Half {
    fn hdf5_type() -> Datatype {
        Datatype::FloatingPoint { size: 2, byte_order: ByteOrder::LittleEndian }
    }

    fn from_bytes(bytes: &[u8], kind: &Datatype) -> hdf5_reader::error::Result<Self> {
        let short = || hdf5_reader::error::Error::InvalidData("a half float has two bytes".to_owned());
        let bytes = *bytes.first_chunk::<2>().ok_or_else(short)?;
        Ok(Half(half(match kind {
            Datatype::FloatingPoint { byte_order: ByteOrder::BigEndian, .. } => u16::from_be_bytes(bytes),
            _ => u16::from_le_bytes(bytes),
        })))
    }

    fn element_size(_: &Datatype) -> usize {
        2
    }
}

/// The elements, whatever their kind in the file.
fn elements(dataset: &Dataset, number: Number, shape: &[usize], name: &str) -> Result<Elements, FormatError> {
    let unsigned = |(index, value): (usize, u64)| {
        let large = || FormatError::IntegerTooLarge { name: name.to_owned(), index, value };
        i64::try_from(value).map_err(|_| large())
    };
    Ok(match number {
        Number::F32 => Elements::F32(fill(dataset, number, shape, |x: f32| x)?),
        Number::F64 => Elements::F64(fill(dataset, number, shape, |x: f64| x)?),
        Number::I8 => Elements::I32(fill(dataset, number, shape, |x: i8| i32::from(x))?),
        Number::I16 => Elements::I32(fill(dataset, number, shape, |x: i16| i32::from(x))?),
        Number::U16 => Elements::I32(fill(dataset, number, shape, |x: u16| i32::from(x))?),
        Number::I32 => Elements::I32(fill(dataset, number, shape, |x: i32| x)?),
        Number::U32 => Elements::I64(fill(dataset, number, shape, |x: u32| i64::from(x))?),
        Number::I64 => Elements::I64(fill(dataset, number, shape, |x: i64| x)?),
        Number::U64 => {
            let values = fill(dataset, number, shape, |x: u64| x)?;
            Elements::I64(values.into_iter().enumerate().map(unsigned).collect::<Result<_, _>>()?)
        }
        Number::U8 => Elements::U8(fill(dataset, number, shape, |x: u8| x)?),
        Number::Bool => Elements::Bool(booleans(&dataset.read_native_bytes()?, name)?),
        Number::F16 => Elements::F32(fill(dataset, number, shape, |x: Half| x.0)?),
    })
}

/// All elements, some rows at a time, so that there is never a second copy of them.
fn fill<S: hdf5_reader::H5Type, T>(
    dataset: &Dataset,
    number: Number,
    shape: &[usize],
    kept: impl Fn(S) -> T,
) -> Result<Vec<T>, FormatError> {
    let count = element_count(shape).unwrap_or(0);
    let mut values = Vec::new();
    values.try_reserve_exact(count).map_err(|_| FormatError::OutOfMemory { elements: count as u64 })?;
    let mut take = |part: &SliceInfo| -> Result<(), FormatError> {
        values.extend(dataset.read_slice::<S>(part)?.into_iter().map(&kept));
        Ok(())
    };
    let all = SliceInfo::all(shape.len());
    let rows = match shape.first() {
        Some(0) => return Ok(values),
        _ if count == 0 => return Ok(values),
        Some(&rows) => rows as u64,
        None => return take(&all).map(|()| values),
    };
    let row_bytes = (count as u64 / rows).saturating_mul(number.bytes() as u64).max(1);
    // Whole chunks, so that none is unpacked twice.
    let chunk = dataset.chunks().and_then(|chunks| chunks.first().copied()).map_or(1, u64::from).max(1);
    let at_once = (BLOCK / row_bytes).max(1).div_ceil(chunk).saturating_mul(chunk);
    let mut start = 0;
    while start < rows {
        let end = start.saturating_add(at_once).min(rows);
        let mut part = all.clone();
        if let Some(first) = part.selections.first_mut() {
            *first = SliceInfoElem::Slice { start, end, step: 1 };
        }
        take(&part)?;
        start = end;
    }
    Ok(values)
}

/// Runs code of the library; a panic in it is an error about the file.
fn guarded<T>(read: impl FnOnce() -> Result<T, FormatError>) -> Result<T, FormatError> {
    let fault = |panic: Box<dyn Any + Send>| {
        let text = panic.downcast_ref::<String>().cloned();
        let text = text.or_else(|| panic.downcast_ref::<&str>().map(|text| (*text).to_owned()));
        Err(FormatError::Hdf5Fault { what: text.unwrap_or_default() })
    };
    catch_unwind(AssertUnwindSafe(read)).unwrap_or_else(fault)
}

fn shape_of(dataset: &Dataset) -> Option<Vec<usize>> {
    if dataset.shape().len() > MAX_AXES {
        return None;
    }
    dataset.shape().iter().map(|&length| usize::try_from(length).ok()).collect()
}

/// What the numbers are.
fn number(name: &str, dataset: &Dataset) -> Result<Number, FormatError> {
    let kind = dataset.dtype();
    let number = match kind {
        Datatype::FixedPoint { size, signed, .. } => {
            Number::named(&format!("{}{size}", if *signed { 'i' } else { 'u' }))
        }
        Datatype::FloatingPoint { size: size @ (4 | 8), .. } => Number::named(&format!("f{size}")),
        Datatype::FloatingPoint { size: 2, .. } if is_half(dataset) => Number::named("f2"),
        // h5py writes booleans as an enumeration of 0 and 1.
        Datatype::Enum { base, members } if members.len() == 2 => match &**base {
            Datatype::FixedPoint { size: 1, .. } => Some(Number::Bool),
            _ => None,
        },
        _ => None,
    };
    number.ok_or_else(|| unsupported(name, kind))
}

/// Whether two bytes are a sign, five bits of exponent and ten of fraction; other numbers of two bytes have eight and seven.
fn is_half(dataset: &Dataset) -> bool {
    // After class and size: offset and precision, then place and length of the exponent and of the fraction, then its bias.
    let parts = dataset.raw_datatype().ok().and_then(|bytes| bytes.get(8..20).map(<[u8]>::to_vec));
    parts.is_some_and(|parts| parts == [0, 0, 16, 0, 10, 5, 0, 10, 15, 0, 0, 0])
}

fn is_text(kind: &Datatype) -> bool {
    matches!(kind, Datatype::String { .. } | Datatype::VarLen { kind: VarLenKind::String, .. })
}

/// Whether each text has the same room, in its place.
fn is_fixed(kind: &Datatype) -> bool {
    matches!(kind, Datatype::String { size: StringSize::Fixed(_), .. })
}

fn unsupported(name: &str, kind: &Datatype) -> FormatError {
    FormatError::UnsupportedElements { name: name.to_owned(), kind: kind_name(kind).to_owned() }
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
