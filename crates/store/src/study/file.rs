use std::ffi::OsString;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::{Connection, OpenFlags, Transaction, TransactionBehavior, params};

use super::error::StudyError;
use super::optuna;
use super::owner::Owner;
use super::reader::{
    StudyReader, check_file, hash_of, seal_of_command, seal_of_file, seal_of_head, seal_of_run, seal_of_slice,
    seal_of_snapshot, seal_of_trial, seal_of_wish,
};
use super::rows::{DataFile, Entry, StudyHead};
use super::schema;
use crate::error::{Action, StoreError};

/// How long another connection may hold a lock of SQLite before this one gives up.
pub(super) const BUSY: Duration = Duration::from_secs(10);

/// A study that this process works on; no other one can until it is dropped.
///
/// While it is open, SQLite keeps a `-wal` and a `-shm` file beside it, and the lock is a file `-owner`; when it is
/// closed all is in the one file again.
#[derive(Debug)]
pub struct StudyFile {
    // Dropped before the lock is given back.
    reader: Option<StudyReader>,
    head: StudyHead,
    path: PathBuf,
    _owner: Owner,
}

impl StudyFile {
    /// Makes a study where there is none; under its name it appears whole.
    ///
    /// - **Errors:** [`StudyError::Exists`], [`StudyError::Owned`], what the operating system says.
    pub fn create(path: &Path, head: &StudyHead, files: &[DataFile]) -> Result<StudyFile, StoreError> {
        let failed = |source| StoreError::Study { path: path.to_owned(), source };
        let owner = Owner::claim(path)?;
        if path.exists() {
            return Err(failed(StudyError::Exists));
        }
        let unfinished = suffixed(path, "-new");
        // Left behind by a process that was killed while it made the same study.
        let _ = fs::remove_file(&unfinished);
        let made = fill(&unfinished, head, files).map_err(failed).and_then(|()| {
            let io = |action| move |source| StoreError::Io { path: path.to_owned(), action, source };
            File::open(&unfinished).and_then(|file| file.sync_all()).map_err(io(Action::Sync))?;
            fs::rename(&unfinished, path).map_err(io(Action::Rename))
        });
        if made.is_err() {
            let _ = fs::remove_file(&unfinished);
            let _ = fs::remove_file(suffixed(&unfinished, "-journal"));
        }
        made?;
        StudyFile::opened(path, owner)
    }

    /// Opens a study to go on with it.
    ///
    /// - **Errors:** [`StudyError::Owned`] while another process works on it; those of [`StudyReader::open`].
    pub fn open(path: &Path) -> Result<StudyFile, StoreError> {
        check_file(path)?;
        StudyFile::opened(path, Owner::claim(path)?)
    }

    fn opened(path: &Path, owner: Owner) -> Result<StudyFile, StoreError> {
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let open = || {
            let connection = Connection::open_with_flags(path, flags)?;
            connection.busy_timeout(BUSY)?;
            connection.pragma_update(None, "trusted_schema", false)?;
            schema::check(&connection)?;
            connection.pragma_update(None, "journal_mode", "WAL")?;
            connection.pragma_update(None, "synchronous", "FULL")?;
            connection.pragma_update(None, "foreign_keys", true)?;
            schema::add_wishes(&connection)?;
            Ok(connection)
        };
        let connection = open().map_err(|source| StoreError::Study { path: path.to_owned(), source })?;
        let reader = StudyReader::with(connection, path);
        let head = reader.head()?;
        Ok(StudyFile { reader: Some(reader), head, path: path.to_owned(), _owner: owner })
    }

    /// What the study holds.
    ///
    /// - **Errors:** [`StudyError::Closed`]; never before the study is dropped.
    pub fn reader(&self) -> Result<&StudyReader, StoreError> {
        self.reader.as_ref().ok_or_else(|| StoreError::Study { path: self.path.clone(), source: StudyError::Closed })
    }

    /// The study as a whole, as last written.
    pub fn head(&self) -> &StudyHead {
        &self.head
    }

    /// Writes all entries or none; afterwards they are on the disk. `seconds` are those of work so far.
    ///
    /// - **Errors:** [`StudyError::DiskFull`] and what else SQLite says; then nothing has been written.
    pub fn write(&mut self, entries: &[Entry], seconds: f64) -> Result<(), StoreError> {
        self.commit(entries, seconds).map_err(|source| StoreError::Study { path: self.path.clone(), source })
    }

    pub(super) fn commit(&mut self, entries: &[Entry], seconds: f64) -> Result<(), StudyError> {
        let connection = self.reader.as_mut().ok_or(StudyError::Closed)?.connection_mut();
        let mut head = StudyHead { seconds, ..self.head.clone() };
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        for entry in entries {
            match entry {
                Entry::State(state, result) => {
                    head.state = *state;
                    head.result = result.clone().or(head.result);
                }
                _ => put(&transaction, entry)?,
            }
        }
        let seal = seal_of_head(&head).value();
        transaction
            .prepare_cached("UPDATE caviar_study SET state = ?1, seconds = ?2, result = ?3, seal = ?4")?
            .execute(params![head.state.name(), head.seconds, head.result, seal])?;
        transaction.commit()?;
        self.head = head;
        Ok(())
    }

    /// Removes the study with all that belongs to it.
    ///
    /// - **Errors:** what the operating system says.
    pub fn remove(mut self) -> Result<(), StoreError> {
        self.reader = None;
        let failed = |source| StoreError::Io { path: self.path.clone(), action: Action::Remove, source };
        fs::remove_file(&self.path).map_err(failed)
    }
}

impl Drop for StudyFile {
    fn drop(&mut self) {
        let Some(reader) = self.reader.take() else { return };
        // Back to one plain file. Where somebody looks at it just now it stays in two, and is as good.
        let _ = reader.connection().pragma_update(None, "wal_checkpoint", "TRUNCATE");
        let _ = reader.connection().pragma_update(None, "journal_mode", "DELETE");
        let _ = reader.into_connection().close();
    }
}

/// A new file with the tables, the study as a whole and its files.
fn fill(path: &Path, head: &StudyHead, files: &[DataFile]) -> Result<(), StudyError> {
    let mut connection = Connection::open(path)?;
    // A trial's epochs are a row of some thousand bytes, of which one alone would fit into a page of the usual 4096.
    connection.pragma_update(None, "page_size", 16384)?;
    connection.pragma_update(None, "synchronous", "FULL")?;
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    schema::create(&transaction)?;
    let StudyHead { program, command, config, details, state, seconds, result } = head;
    transaction.execute(
        "INSERT INTO caviar_study VALUES (1, ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
        params![
            schema::STUDY_FORMAT,
            program,
            command,
            config,
            details,
            state.name(),
            seconds,
            result,
            seal_of_head(head).value()
        ],
    )?;
    for file in files {
        let cells = params![file.path, file.bytes as i64, file.hash, seal_of_file(file).value()];
        transaction.execute("INSERT INTO caviar_files VALUES (?1, ?2, ?3, ?4)", cells)?;
    }
    transaction.commit()?;
    connection.close().map_err(|(_, error)| error.into())
}

/// Writes one entry.
fn put(transaction: &Transaction<'_>, entry: &Entry) -> Result<(), StudyError> {
    let run = |query: &str, cells: &[&dyn rusqlite::ToSql]| transaction.prepare_cached(query)?.execute(cells);
    match entry {
        Entry::Trial(row) => {
            let (number, seed, epochs) = (row.number as i64, row.seed as i64, row.epochs as i64);
            let seal = seal_of_trial(row).value();
            let cells = params![number, row.state, row.params, seed, row.score, epochs, row.details, seal];
            run("INSERT OR REPLACE INTO caviar_trials VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)", cells)?;
        }
        Entry::Run(row) => {
            let (trial, part, steps) = (row.key.trial as i64, row.key.part as i64, row.steps as i64);
            let seal = seal_of_run(row).value();
            let cells = params![trial, row.key.stage, part, row.ended, steps, row.seconds, row.details, seal];
            run("INSERT OR REPLACE INTO caviar_runs VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)", cells)?;
        }
        Entry::Restart(key) => {
            let cells = params![key.trial as i64, key.stage, key.part as i64];
            run("DELETE FROM caviar_slices WHERE trial = ?1 AND stage = ?2 AND part = ?3", cells)?;
            run("DELETE FROM caviar_runs WHERE trial = ?1 AND stage = ?2 AND part = ?3", cells)?;
        }
        Entry::Slice(row) => {
            let (trial, part, first) = (row.key.trial as i64, row.key.part as i64, row.first_epoch as i64);
            let numbers: Vec<u8> = row.numbers.iter().flat_map(|number| number.to_le_bytes()).collect();
            let seal = seal_of_slice(row).value();
            let cells = params![trial, row.key.stage, part, first, row.columns.join(","), numbers, seal];
            run("INSERT OR REPLACE INTO caviar_slices VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)", cells)?;
        }
        Entry::Snapshot(row) => {
            let (trial, part, member) = (row.key.trial as i64, row.key.part as i64, row.member as i64);
            let (epoch, step, hash) = (row.epoch as i64, row.step as i64, hash_of(&row.bytes));
            let (stage, kind, seal) = (&row.key.stage, row.kind.name(), seal_of_snapshot(row, &hash).value());
            let cells = params![trial, stage, part, kind, member, epoch, step, hash, row.bytes, seal];
            run(
                "INSERT OR REPLACE INTO caviar_snapshots
                 (trial, stage, part, kind, member, epoch, step, hash, bytes, seal)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
                cells,
            )?;
        }
        Entry::Forget(key, kind) => {
            let cells = params![key.trial as i64, key.stage, key.part as i64, kind.name()];
            run("DELETE FROM caviar_snapshots WHERE trial = ?1 AND stage = ?2 AND part = ?3 AND kind = ?4", cells)?;
        }
        Entry::Command(row) => {
            let cells = params![row.trial as i64, row.step as i64, row.change, seal_of_command(row).value()];
            run("INSERT INTO caviar_commands (trial, step, change, seal) VALUES (?1, ?2, ?3, ?4)", cells)?;
        }
        Entry::Retell(trial) => {
            run("DELETE FROM caviar_commands WHERE trial = ?1", params![*trial as i64])?;
        }
        Entry::Wish(row) => {
            let cells = params![row.id as i64, row.step.map(|step| step as i64), row.done, seal_of_wish(row).value()];
            run("UPDATE caviar_wishes SET step = ?2, done = ?3, seal = ?4 WHERE id = ?1", cells)?;
        }
        Entry::Optuna(trial) => optuna::put(transaction, trial)?,
        Entry::OptunaStudy { maximize } => optuna::begin(transaction, *maximize)?,
        Entry::State(..) => {}
    }
    Ok(())
}

fn suffixed(path: &Path, suffix: &str) -> PathBuf {
    let mut name = OsString::from(path.as_os_str());
    name.push(suffix);
    PathBuf::from(name)
}
