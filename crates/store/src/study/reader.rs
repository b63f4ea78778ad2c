use std::fs;
use std::path::{Path, PathBuf};

use rusqlite::{Connection, OpenFlags, Params, Row};

use super::error::StudyError;
use super::file::BUSY;
use super::owner::Owner;
use super::rows::{
    CommandRow, DataFile, RunKey, RunRow, SliceRow, SnapshotKind, SnapshotRow, StudyHead, TrialRow, WishRow,
};
use super::schema;
use super::seal::Seal;
use crate::error::{Action, StoreError};

/// A study that is looked at; also while another process works on it.
#[derive(Debug)]
pub struct StudyReader {
    connection: Connection,
    path: PathBuf,
}

impl StudyReader {
    /// Opens a study to look at it; nothing is written.
    ///
    /// - **Errors:** [`StoreError::Study`] for a file that is no study, damaged, or newer than this program.
    pub fn open(path: &Path) -> Result<StudyReader, StoreError> {
        check_file(path)?;
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let open = || {
            let connection = Connection::open_with_flags(path, flags)?;
            connection.busy_timeout(BUSY)?;
            connection.pragma_update(None, "trusted_schema", false)?;
            schema::check(&connection)?;
            Ok(connection)
        };
        let connection = open().map_err(|source| StoreError::Study { path: path.to_owned(), source })?;
        Ok(StudyReader { connection, path: path.to_owned() })
    }

    /// For the owner of a study, which looks at it through its own connection.
    pub(super) fn with(connection: Connection, path: &Path) -> Self {
        StudyReader { connection, path: path.to_owned() }
    }

    pub(super) fn connection(&self) -> &Connection {
        &self.connection
    }

    pub(super) fn connection_mut(&mut self) -> &mut Connection {
        &mut self.connection
    }

    pub(super) fn into_connection(self) -> Connection {
        self.connection
    }

    /// The file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Whether a process works on the study at this moment.
    pub fn is_owned(&self) -> bool {
        Owner::is_claimed(&self.path)
    }

    /// The study as a whole.
    ///
    /// - **Errors:** as of all that is read here, [`StudyError::Altered`] and [`StudyError::Damaged`].
    pub fn head(&self) -> Result<StudyHead, StoreError> {
        let query = "SELECT program, command, config, details, state, seconds, result, seal FROM caviar_study";
        let mut rows = self.all(query, [], |row| {
            let word: String = row.get(4)?;
            let state = word.parse().map_err(|()| StudyError::Damaged { what: format!("a state `{word}`") })?;
            let head = StudyHead {
                program: row.get(0)?,
                command: row.get(1)?,
                config: row.get(2)?,
                details: row.get(3)?,
                state,
                seconds: row.get(5)?,
                result: row.get(6)?,
            };
            seal_of_head(&head).check("caviar_study", row.get(7)?)?;
            Ok(head)
        })?;
        rows.pop().ok_or_else(|| self.failed(StudyError::NotAStudy))
    }

    /// The files that it was made from.
    ///
    /// - **Errors:** as [`StudyReader::head`].
    pub fn files(&self) -> Result<Vec<DataFile>, StoreError> {
        self.all("SELECT path, bytes, hash, seal FROM caviar_files ORDER BY path", [], |row| {
            let file = DataFile { path: row.get(0)?, bytes: unsigned(row, 1)?, hash: row.get(2)? };
            seal_of_file(&file).check("caviar_files", row.get(3)?)?;
            Ok(file)
        })
    }

    /// All trials by number.
    ///
    /// - **Errors:** as [`StudyReader::head`].
    pub fn trials(&self) -> Result<Vec<TrialRow>, StoreError> {
        let query =
            "SELECT number, state, params, seed, score, epochs, details, seal FROM caviar_trials ORDER BY number";
        self.all(query, [], |row| {
            let trial = TrialRow {
                number: unsigned(row, 0)?,
                state: row.get(1)?,
                params: row.get(2)?,
                seed: unsigned(row, 3)?,
                score: row.get(4)?,
                epochs: unsigned(row, 5)?,
                details: row.get(6)?,
            };
            seal_of_trial(&trial).check("caviar_trials", row.get(7)?)?;
            Ok(trial)
        })
    }

    /// The runs that have ended, by key.
    ///
    /// - **Errors:** as [`StudyReader::head`].
    pub fn runs(&self) -> Result<Vec<RunRow>, StoreError> {
        let query = "SELECT trial, stage, part, ended, steps, seconds, details, seal FROM caviar_runs
                     ORDER BY trial, stage, part";
        self.all(query, [], |row| {
            let run = RunRow {
                key: key(row)?,
                ended: row.get(3)?,
                steps: unsigned(row, 4)?,
                seconds: row.get(5)?,
                details: row.get(6)?,
            };
            seal_of_run(&run).check("caviar_runs", row.get(7)?)?;
            Ok(run)
        })
    }

    /// The epochs of all runs, by key and epoch.
    ///
    /// - **Errors:** as [`StudyReader::head`].
    pub fn slices(&self) -> Result<Vec<SliceRow>, StoreError> {
        let query = "SELECT trial, stage, part, first_epoch, columns, numbers, seal FROM caviar_slices
                     ORDER BY trial, stage, part, first_epoch";
        self.all(query, [], |row| {
            let columns: String = row.get(4)?;
            let blob = row.get_ref(5)?.as_blob().map_err(rusqlite::Error::from)?;
            let (numbers, rest) = blob.as_chunks::<8>();
            let slice = SliceRow {
                key: key(row)?,
                first_epoch: unsigned(row, 3)?,
                columns: columns.split(',').map(str::to_owned).collect(),
                numbers: numbers.iter().map(|bytes| f64::from_le_bytes(*bytes)).collect(),
            };
            seal_of_slice(&slice).check("caviar_slices", row.get(6)?)?;
            match rest.is_empty() && slice.numbers.len().is_multiple_of(slice.columns.len()) {
                true => Ok(slice),
                false => Err(StudyError::Damaged { what: format!("a slice of {} bytes", blob.len()) }),
            }
        })
    }

    /// The networks of one kind of a run, by member.
    ///
    /// - **Errors:** as [`StudyReader::head`].
    pub fn snapshots(&self, run: &RunKey, kind: SnapshotKind) -> Result<Vec<SnapshotRow>, StoreError> {
        let query = "SELECT trial, stage, part, member, epoch, step, hash, bytes, seal FROM caviar_snapshots
                     WHERE trial = ?1 AND stage = ?2 AND part = ?3 AND kind = ?4 ORDER BY member";
        self.all(query, (run.trial as i64, &run.stage, run.part as i64, kind.name()), |row| {
            let (hash, bytes): (String, Vec<u8>) = (row.get(6)?, row.get(7)?);
            let snapshot = SnapshotRow {
                key: key(row)?,
                kind,
                member: unsigned(row, 3)?,
                epoch: unsigned(row, 4)?,
                step: unsigned(row, 5)?,
                bytes,
            };
            seal_of_snapshot(&snapshot, &hash).check("caviar_snapshots", row.get(8)?)?;
            match hash_of(&snapshot.bytes) == hash {
                true => Ok(snapshot),
                false => Err(StudyError::Altered { table: "caviar_snapshots" }),
            }
        })
    }

    /// The runs that have networks of this kind, and how many bytes each has.
    ///
    /// - **Errors:** as [`StudyReader::head`].
    pub fn kept(&self, kind: SnapshotKind) -> Result<Vec<(RunKey, u64)>, StoreError> {
        let query = "SELECT trial, stage, part, sum(length(bytes)) FROM caviar_snapshots WHERE kind = ?1
                     GROUP BY trial, stage, part ORDER BY trial, stage, part";
        self.all(query, [kind.name()], |row| Ok((key(row)?, unsigned(row, 3)?)))
    }

    /// The changes that were made to running trials, in order.
    ///
    /// - **Errors:** as [`StudyReader::head`].
    pub fn commands(&self) -> Result<Vec<CommandRow>, StoreError> {
        self.all("SELECT trial, step, change, seal FROM caviar_commands ORDER BY id", [], |row| {
            let command = CommandRow { trial: unsigned(row, 0)?, step: unsigned(row, 1)?, change: row.get(2)? };
            seal_of_command(&command).check("caviar_commands", row.get(3)?)?;
            Ok(command)
        })
    }

    /// The wishes after a number, in order.
    ///
    /// - **Errors:** as [`StudyReader::head`].
    pub fn wishes(&self, after: u64) -> Result<Vec<WishRow>, StoreError> {
        let tables = "SELECT count(*) FROM sqlite_master WHERE name = 'caviar_wishes'";
        if self.all(tables, [], |row| Ok(row.get::<_, i64>(0)?))?.first() != Some(&1) {
            return Ok(Vec::new());
        }
        let query = "SELECT id, trial, wish, step, done, seal FROM caviar_wishes WHERE id > ?1 ORDER BY id";
        self.all(query, [after as i64], |row| {
            let wish = WishRow {
                id: unsigned(row, 0)?,
                trial: unsigned(row, 1)?,
                wish: row.get(2)?,
                step: row.get::<_, Option<i64>>(3)?.map(|step| step as u64),
                done: row.get(4)?,
            };
            seal_of_wish(&wish).check("caviar_wishes", row.get(5)?)?;
            Ok(wish)
        })
    }

    fn all<T>(
        &self,
        query: &str,
        params: impl Params,
        read: impl Fn(&Row<'_>) -> Result<T, StudyError>,
    ) -> Result<Vec<T>, StoreError> {
        let all = || {
            let mut statement = self.connection.prepare_cached(query)?;
            let mut rows = statement.query(params)?;
            let mut found = Vec::new();
            while let Some(row) = rows.next()? {
                found.push(read(row)?);
            }
            Ok(found)
        };
        all().map_err(|source| self.failed(source))
    }

    pub(super) fn failed(&self, source: StudyError) -> StoreError {
        StoreError::Study { path: self.path.clone(), source }
    }
}

/// A device or a pipe might never end, and a file that is not there must not be made.
pub(super) fn check_file(path: &Path) -> Result<(), StoreError> {
    let failed = |source| StoreError::Io { path: path.to_owned(), action: Action::Read, source };
    match fs::metadata(path).map_err(failed)?.is_file() {
        true => Ok(()),
        false => Err(StoreError::NotAFile { path: path.to_owned() }),
    }
}

/// Whole numbers are kept by their 64 bits.
fn unsigned(row: &Row<'_>, column: usize) -> Result<u64, StudyError> {
    Ok(row.get::<_, i64>(column)? as u64)
}

fn key(row: &Row<'_>) -> Result<RunKey, StudyError> {
    Ok(RunKey { trial: unsigned(row, 0)?, stage: row.get(1)?, part: unsigned(row, 2)? })
}

pub(super) fn hash_of(bytes: &[u8]) -> String {
    blake3::hash(bytes).to_hex().to_string()
}

pub(super) fn seal_of_head(head: &StudyHead) -> Seal {
    let StudyHead { program, command, config, details, state, seconds, result } = head;
    let words = Seal::of("caviar_study").text(program).text(command).text(config).text(details).text(state.name());
    words.real(*seconds).maybe(result.as_deref())
}

pub(super) fn seal_of_file(file: &DataFile) -> Seal {
    Seal::of("caviar_files").text(&file.path).number(file.bytes).text(&file.hash)
}

pub(super) fn seal_of_trial(trial: &TrialRow) -> Seal {
    let TrialRow { number, state, params, seed, score, epochs, details } = trial;
    let seal = Seal::of("caviar_trials").number(*number).text(state).text(params).number(*seed);
    let seal = match score {
        Some(score) => seal.number(1).real(*score),
        None => seal.number(0),
    };
    seal.number(*epochs).text(details)
}

fn seal_of_key(table: &'static str, key: &RunKey) -> Seal {
    Seal::of(table).number(key.trial).text(&key.stage).number(key.part)
}

pub(super) fn seal_of_run(run: &RunRow) -> Seal {
    let seal = seal_of_key("caviar_runs", &run.key).text(&run.ended).number(run.steps).real(run.seconds);
    seal.maybe(run.details.as_deref())
}

pub(super) fn seal_of_slice(slice: &SliceRow) -> Seal {
    let seal = seal_of_key("caviar_slices", &slice.key).number(slice.first_epoch).text(&slice.columns.join(","));
    slice.numbers.iter().fold(seal, |seal, number| seal.real(*number))
}

pub(super) fn seal_of_snapshot(snapshot: &SnapshotRow, hash: &str) -> Seal {
    let SnapshotRow { key, kind, member, epoch, step, bytes: _ } = snapshot;
    let seal = seal_of_key("caviar_snapshots", key).text(kind.name()).number(*member);
    seal.number(*epoch).number(*step).text(hash)
}

pub(super) fn seal_of_wish(wish: &WishRow) -> Seal {
    let seal = Seal::of("caviar_wishes").number(wish.trial).text(&wish.wish);
    seal.number(wish.step.map_or(0, |step| step + 1)).number(u64::from(wish.done))
}

pub(super) fn seal_of_command(command: &CommandRow) -> Seal {
    Seal::of("caviar_commands").number(command.trial).number(command.step).text(&command.change)
}
