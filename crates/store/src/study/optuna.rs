//! The study as Optuna's tables (schema 12) have it: a projection beside our own, never read back.

use rusqlite::{Connection, OptionalExtension, Transaction, params};

use super::error::StudyError;

/// A value as a column of Optuna has it.
#[derive(Debug, Clone, PartialEq)]
pub struct OptunaParam {
    /// The name of the parameter.
    pub name: String,
    /// The number; of a choice its place.
    pub value: f64,
    /// The distribution, as Optuna's JSON.
    pub distribution: String,
}

/// What became of a trial, in Optuna's words.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OptunaState {
    /// It runs.
    Running,
    /// It has a value.
    Complete,
    /// It was stopped early.
    Pruned,
    /// It has none.
    Fail,
}

impl OptunaState {
    fn name(self) -> &'static str {
        match self {
            OptunaState::Running => "RUNNING",
            OptunaState::Complete => "COMPLETE",
            OptunaState::Pruned => "PRUNED",
            OptunaState::Fail => "FAIL",
        }
    }
}

/// A trial as it stands, in Optuna's tables.
#[derive(Debug, Clone, PartialEq)]
pub struct OptunaTrial {
    /// Our number of it.
    pub number: u64,
    /// What it is doing.
    pub state: OptunaState,
    /// What is searched of its configuration.
    pub params: Vec<OptunaParam>,
    /// Its score, where it is finite.
    pub value: Option<f64>,
    /// The scores by which it was compared, by epochs.
    pub steps: Vec<(u64, f64)>,
}

/// The tables as `RDBStorage` of Optuna 3.2 to 5 makes them.
const TABLES: &str = "
CREATE TABLE IF NOT EXISTS studies (
    study_id INTEGER NOT NULL PRIMARY KEY, study_name VARCHAR(512) NOT NULL
);
CREATE UNIQUE INDEX IF NOT EXISTS ix_studies_study_name ON studies (study_name);
CREATE TABLE IF NOT EXISTS version_info (
    version_info_id INTEGER NOT NULL PRIMARY KEY CHECK (version_info_id = 1),
    schema_version INTEGER, library_version VARCHAR(256)
);
CREATE TABLE IF NOT EXISTS study_directions (
    study_direction_id INTEGER NOT NULL PRIMARY KEY, direction VARCHAR(8) NOT NULL,
    study_id INTEGER NOT NULL REFERENCES studies (study_id), objective INTEGER NOT NULL, UNIQUE (study_id, objective)
);
CREATE TABLE IF NOT EXISTS study_user_attributes (
    study_user_attribute_id INTEGER NOT NULL PRIMARY KEY, study_id INTEGER REFERENCES studies (study_id),
    \"key\" VARCHAR(512), value_json TEXT, UNIQUE (study_id, \"key\")
);
CREATE TABLE IF NOT EXISTS study_system_attributes (
    study_system_attribute_id INTEGER NOT NULL PRIMARY KEY, study_id INTEGER REFERENCES studies (study_id),
    \"key\" VARCHAR(512), value_json TEXT, UNIQUE (study_id, \"key\")
);
CREATE TABLE IF NOT EXISTS trials (
    trial_id INTEGER NOT NULL PRIMARY KEY, number INTEGER, study_id INTEGER REFERENCES studies (study_id),
    state VARCHAR(8) NOT NULL, datetime_start DATETIME, datetime_complete DATETIME
);
CREATE INDEX IF NOT EXISTS ix_trials_study_id ON trials (study_id);
CREATE TABLE IF NOT EXISTS trial_user_attributes (
    trial_user_attribute_id INTEGER NOT NULL PRIMARY KEY, trial_id INTEGER REFERENCES trials (trial_id),
    \"key\" VARCHAR(512), value_json TEXT, UNIQUE (trial_id, \"key\")
);
CREATE TABLE IF NOT EXISTS trial_system_attributes (
    trial_system_attribute_id INTEGER NOT NULL PRIMARY KEY, trial_id INTEGER REFERENCES trials (trial_id),
    \"key\" VARCHAR(512), value_json TEXT, UNIQUE (trial_id, \"key\")
);
CREATE TABLE IF NOT EXISTS trial_params (
    param_id INTEGER NOT NULL PRIMARY KEY, trial_id INTEGER REFERENCES trials (trial_id), param_name VARCHAR(512),
    param_value FLOAT, distribution_json TEXT, UNIQUE (trial_id, param_name)
);
CREATE TABLE IF NOT EXISTS trial_values (
    trial_value_id INTEGER NOT NULL PRIMARY KEY, trial_id INTEGER NOT NULL REFERENCES trials (trial_id),
    objective INTEGER NOT NULL, value FLOAT, value_type VARCHAR(7) NOT NULL, UNIQUE (trial_id, objective)
);
CREATE TABLE IF NOT EXISTS trial_intermediate_values (
    trial_intermediate_value_id INTEGER NOT NULL PRIMARY KEY,
    trial_id INTEGER NOT NULL REFERENCES trials (trial_id), step INTEGER NOT NULL, intermediate_value FLOAT,
    intermediate_value_type VARCHAR(7) NOT NULL, UNIQUE (trial_id, step)
);
CREATE TABLE IF NOT EXISTS trial_heartbeats (
    trial_heartbeat_id INTEGER NOT NULL PRIMARY KEY, trial_id INTEGER NOT NULL REFERENCES trials (trial_id),
    heartbeat DATETIME NOT NULL, UNIQUE (trial_id)
);
CREATE TABLE IF NOT EXISTS alembic_version (version_num VARCHAR(32) NOT NULL PRIMARY KEY);
INSERT OR IGNORE INTO alembic_version VALUES ('v3.2.0.a');
INSERT OR IGNORE INTO version_info VALUES (1, 12, '5.0.0');
INSERT OR IGNORE INTO studies VALUES (1, 'caviar');
";

/// UTC without a zone, in microseconds.
const NOW: &str = "strftime('%Y-%m-%d %H:%M:%f000', 'now')";
/// By this attribute a trial is known as ours; others were added by Optuna.
const OURS: &str = "caviar_trial";

/// Makes the tables where they are not there, and says whether the largest score is the best.
pub(super) fn begin(connection: &Connection, maximize: bool) -> Result<(), StudyError> {
    connection.execute_batch(TABLES)?;
    let direction = if maximize { "MAXIMIZE" } else { "MINIMIZE" };
    connection.execute("INSERT OR IGNORE INTO study_directions VALUES (1, ?1, 1, 0)", [direction])?;
    Ok(())
}

/// Writes a trial in the place of what was there of it.
pub(super) fn put(transaction: &Transaction<'_>, trial: &OptunaTrial) -> Result<(), StudyError> {
    let id = match id_of(transaction, trial.number)? {
        Some(id) => id,
        None => add(transaction, trial.number)?,
    };
    let run = |query: &str, cells: &[&dyn rusqlite::ToSql]| transaction.prepare_cached(query)?.execute(cells);
    let ended = if trial.state == OptunaState::Running { "NULL" } else { NOW };
    run(
        &format!("UPDATE trials SET state = ?2, datetime_complete = {ended} WHERE trial_id = ?1"),
        params![id, trial.state.name()],
    )?;
    for param in &trial.params {
        run(
            "INSERT OR IGNORE INTO trial_params (trial_id, param_name, param_value, distribution_json)
             VALUES (?1, ?2, ?3, ?4)",
            params![id, param.name, param.value, param.distribution],
        )?;
    }
    match trial.value.filter(|value| value.is_finite()) {
        Some(value) => run(
            "INSERT OR REPLACE INTO trial_values (trial_id, objective, value, value_type) VALUES (?1, 0, ?2, 'FINITE')",
            params![id, value],
        )?,
        None => run("DELETE FROM trial_values WHERE trial_id = ?1", params![id])?,
    };
    for (step, score) in trial.steps.iter().filter(|(_, score)| score.is_finite()) {
        run(
            "INSERT OR IGNORE INTO trial_intermediate_values
             (trial_id, step, intermediate_value, intermediate_value_type) VALUES (?1, ?2, ?3, 'FINITE')",
            params![id, *step as i64, score],
        )?;
    }
    Ok(())
}

/// Optuna's key of a trial of ours: that of its number, but where Optuna has added trials of its own.
fn id_of(transaction: &Transaction<'_>, number: u64) -> Result<Option<i64>, StudyError> {
    let (guess, word) = (number as i64 + 1, number.to_string());
    let query = "SELECT trial_id FROM trial_user_attributes WHERE trial_id = ?1 AND \"key\" = ?2 AND value_json = ?3";
    let guessed = transaction.prepare_cached(query)?.query_row(params![guess, OURS, word], |row| row.get(0));
    if let Some(id) = guessed.optional()? {
        return Ok(Some(id));
    }
    if is_free(transaction, guess)? {
        return Ok(None);
    }
    let query = "SELECT trial_id FROM trial_user_attributes WHERE \"key\" = ?1 AND value_json = ?2";
    let found = transaction.prepare_cached(query)?.query_row(params![OURS, word], |row| row.get(0));
    Ok(found.optional()?)
}

fn is_free(transaction: &Transaction<'_>, id: i64) -> Result<bool, StudyError> {
    let query = "SELECT count(*) FROM trials WHERE trial_id = ?1";
    Ok(transaction.prepare_cached(query)?.query_row([id], |row| row.get::<_, i64>(0))? == 0)
}

fn add(transaction: &Transaction<'_>, number: u64) -> Result<i64, StudyError> {
    // Optuna numbers trials by their keys. Workers begin trials in any order, so that each takes its own place.
    let own = (number as i64 + 1, number as i64);
    let (id, place) = match is_free(transaction, own.0)? {
        true => own,
        false => transaction
            .prepare_cached("SELECT max(trial_id) + 1, count(*) FROM trials")?
            .query_row([], |row| Ok((row.get(0)?, row.get(1)?)))?,
    };
    transaction
        .prepare_cached(&format!("INSERT INTO trials VALUES (?1, ?2, 1, 'RUNNING', {NOW}, NULL)"))?
        .execute(params![id, place])?;
    transaction
        .prepare_cached("INSERT INTO trial_user_attributes (trial_id, \"key\", value_json) VALUES (?1, ?2, ?3)")?
        .execute(params![id, OURS, number.to_string()])?;
    Ok(id)
}
