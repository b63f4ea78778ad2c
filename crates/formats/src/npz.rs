//! Named arrays in one zip archive, as `numpy.savez` writes them: a member `x.npy` is the array `x`.

use std::io::{Read, Seek};

use zip::ZipArchive;
use zip::result::ZipError;

use crate::array::Array;
use crate::error::{Format, FormatError};
use crate::file::{ArrayInfo, most_unpacked};
use crate::npy;

/// The most arrays of one archive.
const MOST_ARRAYS: usize = 100_000;

/// Lists the arrays.
pub(crate) fn list<R: Read + Seek>(input: R) -> Result<Vec<ArrayInfo>, FormatError> {
    let mut archive = ZipArchive::new(input).map_err(|error| wrong("", error))?;
    if archive.len() > MOST_ARRAYS {
        return Err(FormatError::TooManyArrays { found: archive.len(), limit: MOST_ARRAYS });
    }
    if archive.has_duplicate_names() {
        return Err(FormatError::RepeatedName);
    }
    let mut arrays = Vec::with_capacity(archive.len());
    for index in 0..archive.len() {
        let mut member = archive.by_index(index).map_err(|error| wrong("", error))?;
        let name = member.name().map_err(|error| wrong("", error))?.into_owned();
        let Some(name) = array_name(&name)? else { continue };
        let length = checked_size(&name, member.size(), member.compressed_size())?;
        arrays
            .push(ArrayInfo { name: name.clone(), ..npy::info(&mut member, length).map_err(|error| error.of(&name))? });
    }
    Ok(arrays)
}

/// Reads one array.
pub(crate) fn read<R: Read + Seek>(input: R, wanted: &str) -> Result<Array, FormatError> {
    let mut archive = ZipArchive::new(input).map_err(|error| wrong("", error))?;
    let mut member = archive.by_name(&format!("{wanted}.npy")).map_err(|error| wrong(wanted, error))?;
    let length = checked_size(wanted, member.size(), member.compressed_size())?;
    let array = npy::read_from(&mut member, length).map_err(|error| error.of(wanted))?;
    // The checksum is compared at the very end.
    match member.read(&mut [0; 1]) {
        Ok(0) => Ok(array),
        Ok(_) => Err(FormatError::TrailingBytes { format: Format::Npy, needed: length, found: length + 1 }.of(wanted)),
        Err(error) => Err(wrong(wanted, error.into())),
    }
}

/// The array of a member; none for what is no array.
fn array_name(member: &str) -> Result<Option<String>, FormatError> {
    let climbs = member.split(['/', '\\']).any(|part| part == "..");
    if climbs || member.starts_with(['/', '\\']) || member.contains('\0') {
        return Err(FormatError::UnsafeName { name: member.to_owned() });
    }
    Ok(member.strip_suffix(".npy").map(str::to_owned))
}

/// The size that a member claims, if so much is unpacked of its bytes.
fn checked_size(name: &str, claimed: u64, packed: u64) -> Result<u64, FormatError> {
    match most_unpacked(packed) {
        limit if claimed > limit => Err(FormatError::Bomb { name: name.to_owned(), claimed, packed, limit }),
        _ => Ok(claimed),
    }
}

fn wrong(name: &str, error: ZipError) -> FormatError {
    match error {
        // The unpacker tells of broken bytes as the system tells of broken disks.
        ZipError::Io(source) if !name.is_empty() && source.raw_os_error().is_none() => {
            FormatError::Zip { name: name.to_owned(), what: source.to_string() }
        }
        ZipError::Io(source) => FormatError::Io { source },
        ZipError::InvalidArchive(_) if name.is_empty() => FormatError::NotThisFormat { format: Format::Npz },
        other => FormatError::Zip { name: name.to_owned(), what: other.to_string() },
    }
}
