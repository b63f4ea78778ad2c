//! One owner: a lock of the operating system on a file beside the study, which a killed process gives up by itself.

use std::ffi::OsString;
use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{Read, Seek, Write};
use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;

use super::error::StudyError;
use crate::error::{Action, StoreError};

/// Whoever only looks whether a study is owned has its lock for an instant: so often, and so long, is waited for that.
const GLANCES: u32 = 5;
const GLANCE: Duration = Duration::from_millis(20);

/// A study's lock, held until it is dropped.
///
/// The lock is on a file of its own, because a process that closes the study itself a second time would take SQLite's
/// locks from it.
#[derive(Debug)]
pub(super) struct Owner {
    path: PathBuf,
    file: File,
}

impl Owner {
    /// Takes the lock of a study.
    pub(super) fn claim(study: &Path) -> Result<Owner, StoreError> {
        let path = beside(study);
        let mut patience = GLANCES;
        loop {
            let failed = |source| StoreError::Io { path: path.clone(), action: Action::Lock, source };
            let mut file =
                OpenOptions::new().read(true).write(true).create(true).truncate(false).open(&path).map_err(failed)?;
            match file.try_lock() {
                Ok(()) => {}
                Err(TryLockError::WouldBlock) if patience > 0 => {
                    patience -= 1;
                    thread::sleep(GLANCE);
                    continue;
                }
                Err(TryLockError::WouldBlock) => {
                    let source = StudyError::Owned { owner: named_in(&mut file) };
                    return Err(StoreError::Study { path: study.to_owned(), source });
                }
                Err(TryLockError::Error(source)) => return Err(failed(source)),
            }
            if is_still_there(&file, &path) {
                let name = |file: &mut File| {
                    file.set_len(0)?;
                    file.rewind()?;
                    write!(file, "{}", std::process::id())
                };
                name(&mut file).map_err(failed)?;
                return Ok(Owner { path, file });
            }
        }
    }

    /// Whether somebody has the lock of a study.
    pub(super) fn is_claimed(study: &Path) -> bool {
        match File::open(beside(study)) {
            // A lock for an instant, given back when the file is closed.
            Ok(file) => matches!(file.try_lock_shared(), Err(TryLockError::WouldBlock)),
            Err(_) => false,
        }
    }
}

impl Drop for Owner {
    fn drop(&mut self) {
        // Where it cannot be removed it stays behind unlocked, and is taken by the next owner.
        if cfg!(unix) {
            let _ = fs::remove_file(&self.path);
        }
        let _ = self.file.unlock();
    }
}

fn beside(study: &Path) -> PathBuf {
    let mut name = OsString::from(study.as_os_str());
    name.push("-owner");
    PathBuf::from(name)
}

fn named_in(file: &mut File) -> Option<u32> {
    let mut text = String::new();
    file.take(16).read_to_string(&mut text).ok()?;
    text.trim().parse().ok()
}

/// Between opening and locking, the owner before may have removed the file.
#[cfg(unix)]
fn is_still_there(file: &File, path: &Path) -> bool {
    use std::os::unix::fs::MetadataExt;
    match (file.metadata(), fs::metadata(path)) {
        (Ok(own), Ok(there)) => (own.dev(), own.ino()) == (there.dev(), there.ino()),
        _ => false,
    }
}

#[cfg(not(unix))]
fn is_still_there(_: &File, _: &Path) -> bool {
    true
}
