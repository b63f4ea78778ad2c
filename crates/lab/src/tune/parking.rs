//! Networks that may go on: in memory, and on the disk where that is not enough.

use std::fs;
use std::io;
use std::path::PathBuf;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::error::LabError;
use crate::ledger::{Begun, Left};

/// Where networks wait for their next rung; it is gone when it is dropped.
#[derive(Debug)]
pub(super) struct Parking {
    /// Bytes that are still free.
    room: Mutex<u64>,
    folder: PathBuf,
}

/// Parkings of this process.
static PARKINGS: AtomicU64 = AtomicU64::new(0);

impl Parking {
    /// With room for so many bytes in memory, and for the rest in a folder beside the study, or a temporary one.
    pub(super) fn new(bytes: u64, folder: Option<PathBuf>) -> Parking {
        if let Some(folder) = &folder {
            // Left behind by a process that was killed: whoever works on a study is the only one.
            let _ = fs::remove_dir_all(folder);
        }
        let temporary = || {
            let name = format!("caviar-{}-{}", std::process::id(), PARKINGS.fetch_add(1, Ordering::Relaxed));
            std::env::temp_dir().join(name)
        };
        Parking { room: Mutex::new(bytes), folder: folder.unwrap_or_else(temporary) }
    }

    /// Takes the networks of a trial.
    ///
    /// # Errors
    /// What the operating system says of the file.
    pub(super) fn park(&self, trial: u64, begun: Option<Begun>) -> Result<Left, LabError> {
        let Some(mut begun) = begun else { return Ok(Left::Lost) };
        let bytes: u64 = begun.snapshots.iter().map(|snapshot| snapshot.len() as u64).sum();
        // A poisoned lock means that another worker has panicked.
        let mut room = self.room.lock().map_err(|_| LabError::Worker)?;
        if bytes <= *room {
            *room -= bytes;
            return Ok(Left::Parked(begun));
        }
        fs::create_dir_all(&self.folder).map_err(|source| self.failed(source))?;
        for (member, snapshot) in std::mem::take(&mut begun.snapshots).into_iter().enumerate() {
            fs::write(self.file(trial, member), snapshot).map_err(|source| self.failed(source))?;
        }
        Ok(Left::Parked(begun))
    }

    /// Gives the networks of a trial back.
    ///
    /// # Errors
    /// What the operating system says of the file.
    pub(super) fn fetch(&self, trial: u64, left: Left) -> Result<Left, LabError> {
        let Left::Parked(mut begun) = left else { return Ok(left) };
        if begun.snapshots.is_empty() {
            for member in 0.. {
                let file = self.file(trial, member);
                if !file.exists() {
                    break;
                }
                begun.snapshots.push(fs::read(&file).map_err(|source| self.failed(source))?);
                let _ = fs::remove_file(file);
            }
        } else {
            let bytes: u64 = begun.snapshots.iter().map(|snapshot| snapshot.len() as u64).sum();
            *self.room.lock().map_err(|_| LabError::Worker)? += bytes;
        }
        Ok(Left::Parked(begun))
    }

    fn file(&self, trial: u64, member: usize) -> PathBuf {
        self.folder.join(format!("{trial}-{member}"))
    }

    fn failed(&self, source: io::Error) -> LabError {
        LabError::Parking { folder: self.folder.clone(), source }
    }
}

impl Drop for Parking {
    fn drop(&mut self) {
        // There is none where all had room in memory.
        let _ = fs::remove_dir_all(&self.folder);
    }
}

#[cfg(test)]
mod tests {
    use super::Parking;
    use crate::ledger::{Begun, Left};

    #[test]
    fn what_has_no_room_comes_back_from_the_disk() {
        let place = tempfile::tempdir().unwrap();
        let beside = place.path().join("study.db-parked");
        std::fs::create_dir(&beside).unwrap();
        std::fs::write(beside.join("9-0"), "of a process that was killed").unwrap();
        let parking = Parking::new(5, Some(beside));
        let begun = |letter: u8| Begun { snapshots: vec![vec![letter; 3]], ..Begun::default() };
        let parked: Vec<Left> = (0..3).map(|trial| parking.park(trial, Some(begun(trial as u8))).unwrap()).collect();
        let folder = parking.folder.clone();
        assert_eq!(std::fs::read_dir(&folder).unwrap().count(), 2);
        for (trial, left) in parked.into_iter().enumerate() {
            let Left::Parked(back) = parking.fetch(trial as u64, left).unwrap() else { panic!("it is lost") };
            assert_eq!(back.snapshots, begun(trial as u8).snapshots);
        }
        assert!(matches!(parking.park(4, None).unwrap(), Left::Lost));
        drop(parking);
        assert!(!folder.exists());
    }
}
