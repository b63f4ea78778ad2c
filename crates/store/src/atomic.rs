use std::ffi::OsString;
use std::fs::{self, File, OpenOptions};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use crate::error::{Action, StoreError};

/// Tells temporary files of one process apart.
static COUNTER: AtomicU64 = AtomicU64::new(0);

/// Writes a file as a whole or not at all.
///
/// As an [`AtomicFile`] that is written at once.
///
/// - **Errors:** [`StoreError::Io`] with the step that failed; the temporary file is then removed and the target untouched.
pub fn write_atomically(path: &Path, bytes: &[u8]) -> Result<(), StoreError> {
    let mut file = AtomicFile::create(path)?;
    file.write_all(bytes).map_err(|source| file.failed(Action::Write, source))?;
    file.finish()
}

/// A file that has its name only when it is whole.
///
/// A temporary file in the same folder is written; [`AtomicFile::finish`] forces it to disk, renames it over the target,
/// and forces the folder's entry to disk: whoever opens the path sees the old contents or the new, also after a power cut.
/// Without `finish` nothing is left.
///
/// ```
/// use std::io::Write;
/// let folder = std::env::temp_dir().join("caviar-atomic-file");
/// std::fs::create_dir_all(&folder)?;
/// let path = folder.join("long.csv");
/// let mut file = caviar_store::AtomicFile::create(&path)?;
/// writeln!(file, "row by row")?;
/// assert!(!path.exists());
/// file.finish()?;
/// assert_eq!(std::fs::read_to_string(&path)?, "row by row\n");
/// # std::fs::remove_dir_all(&folder)?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct AtomicFile {
    path: PathBuf,
    folder: PathBuf,
    temporary: PathBuf,
    /// None once it is whole.
    file: Option<BufWriter<File>>,
    named: bool,
}

impl AtomicFile {
    /// Begins a file.
    ///
    /// - **Errors:** [`StoreError::NotAFile`], [`StoreError::Io`] where the folder takes no file.
    pub fn create(path: &Path) -> Result<AtomicFile, StoreError> {
        let Some(name) = path.file_name() else {
            return Err(StoreError::NotAFile { path: path.to_path_buf() });
        };
        let folder = match path.parent() {
            Some(parent) if !parent.as_os_str().is_empty() => parent,
            _ => Path::new("."),
        };
        let (temporary, file) = create_beside(folder, name.to_os_string()).map_err(|source| StoreError::Io {
            path: path.to_path_buf(),
            action: Action::Create,
            source,
        })?;
        let file = Some(BufWriter::with_capacity(1 << 16, file));
        Ok(AtomicFile { path: path.to_path_buf(), folder: folder.to_path_buf(), temporary, file, named: false })
    }

    /// Gives the file its name.
    ///
    /// - **Errors:** [`StoreError::Io`] with the step that failed; what was there before is then untouched.
    pub fn finish(mut self) -> Result<(), StoreError> {
        if let Some(writer) = &mut self.file {
            writer.flush().map_err(|source| self.failed(Action::Write, source))?;
        }
        if let Some(writer) = &self.file {
            writer.get_ref().sync_all().map_err(|source| self.failed(Action::Sync, source))?;
        }
        // Some systems rename no file that is open.
        self.file = None;
        fs::rename(&self.temporary, &self.path).map_err(|source| self.failed(Action::Rename, source))?;
        self.named = true;
        sync_folder(&self.folder).map_err(|source| self.failed(Action::Sync, source))
    }

    fn failed(&self, action: Action, source: io::Error) -> StoreError {
        StoreError::Io { path: self.path.clone(), action, source }
    }
}
impl Write for AtomicFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.file.as_mut().map_or(Ok(0), |file| file.write(bytes))
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.as_mut().map_or(Ok(()), Write::flush)
    }
}

impl Drop for AtomicFile {
    fn drop(&mut self) {
        if !self.named {
            self.file = None;
            // The first error is the one to tell; a file that cannot be removed changes nothing about it.
            let _ = fs::remove_file(&self.temporary);
        }
    }
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
