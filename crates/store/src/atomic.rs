use std::ffi::OsString;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use crate::error::{Action, StoreError};

/// Tells temporary files of one process apart.
static COUNTER: AtomicU64 = AtomicU64::new(0);

/// Writes a file as a whole or not at all.
///
/// A temporary file in the same folder is written and forced to disk, renamed over the target, and the folder's entry
/// is forced to disk: whoever opens the path sees the old contents or the new, also after a power cut.
///
/// - **Errors:** [`StoreError::Io`] with the step that failed; the temporary file is then removed and the target untouched.
pub fn write_atomically(path: &Path, bytes: &[u8]) -> Result<(), StoreError> {
    let failed = |action: Action, source: io::Error| StoreError::Io { path: path.to_path_buf(), action, source };
    let Some(name) = path.file_name() else {
        return Err(StoreError::NotAFile { path: path.to_path_buf() });
    };
    let folder = match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    let (temporary, mut file) = create_beside(folder, name.to_os_string()).map_err(|e| failed(Action::Create, e))?;
    let written = file
        .write_all(bytes)
        .map_err(|e| failed(Action::Write, e))
        .and_then(|()| file.sync_all().map_err(|e| failed(Action::Sync, e)));
    drop(file);
    let renamed = written.and_then(|()| fs::rename(&temporary, path).map_err(|e| failed(Action::Rename, e)));
    if renamed.is_err() {
        // The first error is the one to tell; a file that cannot be removed changes nothing about it.
        let _ = fs::remove_file(&temporary);
    }
    renamed?;
    sync_folder(folder).map_err(|e| failed(Action::Sync, e))
}

/// A new file `.NAME.PROCESS-COUNT.tmp` that nobody else has open.
fn create_beside(folder: &Path, name: OsString) -> io::Result<(PathBuf, File)> {
    loop {
        let count = COUNTER.fetch_add(1, Ordering::Relaxed);
        let mut hidden = OsString::from(".");
        hidden.push(&name);
        hidden.push(format!(".{}-{count}.tmp", std::process::id()));
        let path = folder.join(hidden);
        match OpenOptions::new().write(true).create_new(true).open(&path) {
            // Left behind by a dead process that had the same number.
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            opened => return opened.map(|file| (path, file)),
        }
    }
}

#[cfg(unix)]
fn sync_folder(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}

/// Folders cannot be opened as files here; the rename itself is the best there is.
#[cfg(not(unix))]
fn sync_folder(_folder: &Path) -> io::Result<()> {
    Ok(())
}
