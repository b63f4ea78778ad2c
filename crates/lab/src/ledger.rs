//! The ledger: what a training or a search has done, written to its study while it does it, and taken from there when
//! it goes on.
//!
//! A run that has ended is written with its curve, and is not trained again: whoever goes on does all from the start
//! and is handed what is known. A run that was cut goes on from its last snapshot. Both give the bits of an undisturbed
//! run, because a run is a function of its recipe, its rows and its snapshot.

mod curve;
mod deed;
mod fork;
mod inbox;
mod optuna;
mod scribe;
mod snapshot;
mod span;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use caviar_engine::train::Metric;
use caviar_store::study::{
    CommandRow, DataFile, Entry, Room, RunKey, RunRow, SliceRow, SnapshotKind, SnapshotRow, StudyFile, StudyHead,
    StudyReader, StudyState, StudyWriter, TrialRow,
};
use caviar_store::{StoreError, study::StudyError};
use caviar_tune::TrialState;
use serde::{Deserialize, Serialize};

use crate::error::{Divergence, LabError};
use crate::finished::{CurvePoint, Parent, TrialRecord};
use crate::network::Weights;
use crate::options::Interrupt;
use crate::recipe::Recipe;
use crate::run::{End, Run};
use crate::settings::{Settings, differences};
use crate::standing::Repeats;
use crate::turn::{Answer, Turn, take_in};
pub(crate) use curve::slice as stretch;
use fork::Forks;
pub(crate) use fork::{Birth, Fork, UNWRITTEN};
use inbox::{Inbox, Mailed};
pub(crate) use optuna::optuna_entry;
pub(crate) use scribe::{Left, Place, Scribe, Stage};
pub use snapshot::{read as read_snapshot, write as write_snapshot};
pub use span::Span;

/// Where a run writes down what it does; clones are the same ledger. The default writes nothing down.
#[derive(Clone, Debug, Default)]
pub struct Ledger(Option<Arc<Book>>);

#[derive(Debug)]
struct Book {
    /// Looks up what earlier processes have written. Closed before the writer, which then leaves one plain file.
    reader: Mutex<StudyReader>,
    /// Nothing where the study is only looked at.
    writer: Option<StudyWriter>,
    path: PathBuf,
    known: BTreeMap<RunKey, Known>,
    /// Runs of earlier processes that may go on from a snapshot.
    begun: BTreeSet<RunKey>,
    inbox: Inbox,
    /// What was done to trials and is in force, as earlier processes have written it down.
    turns: BTreeMap<u64, Vec<Turn>>,
    forks: Mutex<Forks>,
    /// Of the work of earlier processes.
    elapsed: Duration,
    opened: Instant,
    /// Stretches of work so far.
    spans: Mutex<Vec<Span>>,
    /// Bytes of the last snapshots of trials that are kept.
    kept: Mutex<BTreeMap<RunKey, u64>>,
}

/// What is known of a run.
#[derive(Debug, Default)]
struct Known {
    curve: Vec<CurvePoint>,
    ended: Option<RunRow>,
}

/// Where a run was left.
#[derive(Clone, Debug, Default)]
pub(crate) struct Begun {
    /// One for each of its networks.
    pub(crate) snapshots: Vec<Vec<u8>>,
    /// Up to there.
    pub(crate) curve: Vec<CurvePoint>,
    /// What was done to it by then and is in force.
    pub(crate) turns: Vec<Turn>,
}

/// What a run's row holds beside what everybody wants to know of it.
#[derive(Debug, Default, Serialize, Deserialize)]
struct RunDetails {
    /// The epochs of the rung that it went to.
    #[serde(skip_serializing_if = "Option::is_none")]
    rung: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    divergence: Option<Divergence>,
    #[serde(skip_serializing_if = "Option::is_none")]
    failure: Option<String>,
}

/// What a study is about, for those who look at it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct StudyAbout {
    /// `train` or `tune`.
    pub command: String,
    /// What is chosen by.
    pub metric: Metric,
    /// How many trials were asked for, where that is known beforehand.
    pub trials: Option<u64>,
    /// The most epochs of a trial.
    pub epochs: u64,
}

/// What a trial's row holds beside what everybody wants to know of it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct TrialDetails {
    pub(crate) recipe: Recipe,
    pub(crate) best_epoch: Option<u64>,
    pub(crate) folds: usize,
    pub(crate) steps: u64,
    pub(crate) seconds: f64,
    pub(crate) diverged: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) parent: Option<Parent>,
    pub(crate) repeats: Option<Repeats>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) turns: Vec<Turn>,
}

impl Ledger {
    /// A new study: `command` repeats it, `config` are all its settings, `files` its data.
    ///
    /// # Errors
    /// A study that is there already; what the operating system says.
    pub fn create(
        path: &Path,
        about: &StudyAbout,
        command: &str,
        config: &str,
        files: &[DataFile],
    ) -> Result<Ledger, LabError> {
        let head = StudyHead {
            program: concat!("caviar ", env!("CARGO_PKG_VERSION")).to_owned(),
            command: command.to_owned(),
            config: config.to_owned(),
            details: json(about),
            state: StudyState::Running,
            seconds: 0.0,
            result: None,
        };
        Ledger::of(StudyFile::create(path, &head, files)?)
    }

    /// A study that goes on.
    ///
    /// # Errors
    /// A file that is no study, is damaged, newer than this program, or in the hands of another process.
    pub fn open(path: &Path) -> Result<Ledger, LabError> {
        Ledger::of(StudyFile::open(path)?)
    }

    /// A study whose trials are taken as known, while nothing is written: what was found so far can be kept as the end of
    /// the search that it is of. Its owner may go on.
    ///
    /// # Errors
    /// A file that is no study, is damaged, or newer than this program.
    pub fn look(path: &Path) -> Result<Ledger, LabError> {
        let reader = StudyReader::open(path)?;
        let seconds = reader.head()?.seconds;
        Ok(Ledger(Some(Arc::new(Ledger::book(&reader, seconds)?))))
    }

    fn of(study: StudyFile) -> Result<Ledger, LabError> {
        let mut book = Ledger::book(study.reader()?, study.head().seconds)?;
        let writer = StudyWriter::start(study);
        writer.put(vec![Entry::State(StudyState::Running, None)])?;
        book.writer = Some(writer);
        Ok(Ledger(Some(Arc::new(book))))
    }

    /// What a study holds, to be looked at alone.
    fn book(reader: &StudyReader, seconds: f64) -> Result<Book, LabError> {
        let path = reader.path().to_owned();
        let mut known: BTreeMap<RunKey, Known> = BTreeMap::new();
        for slice in reader.slices()? {
            let known = known.entry(slice.key.clone()).or_default();
            curve::append(&mut known.curve, &slice).map_err(|what| damaged(&path, &what))?;
        }
        let mut spans = Vec::new();
        for run in reader.runs()? {
            spans.extend(Span::of(&run));
            let known = known.entry(run.key.clone()).or_default();
            end_of(&run).ok_or_else(|| damaged(&path, "a run ended in an unknown way"))?;
            known.ended = Some(run);
        }
        let kept = reader.kept(SnapshotKind::State)?;
        let (wishes, trials, commands) = (reader.wishes(0)?, reader.trials()?, reader.commands()?);
        Ok(Book {
            forks: Mutex::new(Forks::of(&trials).map_err(|what| damaged(&path, &what))?),
            known,
            elapsed: Duration::try_from_secs_f64(seconds).unwrap_or_default(),
            opened: Instant::now(),
            spans: Mutex::new(spans),
            begun: kept.iter().map(|(key, _)| key.clone()).collect(),
            kept: Mutex::new(kept.into_iter().collect()),
            turns: turns_of(&commands),
            inbox: Inbox::new(wishes, &commands),
            reader: Mutex::new(StudyReader::open(&path)?),
            path,
            writer: None,
        })
    }

    /// Whom to ask, again and again, whether to wait while the disk is full; without anybody a full disk ends the work.
    /// Nothing is lost either way: what is on the disk is whole, and goes on.
    pub fn when_full(&self, ask: impl FnMut(Room) -> bool + Send + 'static) {
        if let Some(writer) = self.writer() {
            writer.when_full(ask);
        }
    }

    /// Whether anything is written down.
    pub fn is_kept(&self) -> bool {
        self.writer().is_some()
    }

    fn writer(&self) -> Option<&StudyWriter> {
        self.0.as_ref()?.writer.as_ref()
    }

    /// A folder beside the study for what only the process that works on it needs.
    pub(crate) fn folder(&self, name: &str) -> Option<PathBuf> {
        let path = &self.0.as_ref()?.path;
        Some(PathBuf::from(format!("{}-{name}", path.display())))
    }

    /// How long earlier processes have worked on the study.
    pub fn elapsed(&self) -> Duration {
        self.0.as_ref().map_or(Duration::ZERO, |book| book.elapsed)
    }

    /// Says how the study has ended, or that it was stopped, with a result as JSON; returns when it is on the disk.
    ///
    /// # Errors
    /// What the operating system says, now or at an earlier write.
    pub fn end(&self, state: StudyState, result: Option<String>) -> Result<(), LabError> {
        let Some(writer) = self.writer() else { return Ok(()) };
        writer.put(vec![Entry::State(state, result)])?;
        Ok(writer.flush()?)
    }

    /// Removes the study, where nobody else has the ledger any more.
    ///
    /// # Errors
    /// What the operating system says.
    pub fn abandon(self) -> Result<(), LabError> {
        match self.0.and_then(Arc::into_inner) {
            Some(Book { reader, writer: Some(writer), .. }) => {
                drop(reader);
                Ok(writer.close()?.remove()?)
            }
            Some(_) | None => Ok(()),
        }
    }

    /// Whether those who train leave what they do, to go on another time: all is kept, and the end was asked for.
    pub(crate) fn leaves(&self, interrupt: &Interrupt) -> bool {
        self.is_kept() && interrupt.is_set()
    }

    /// The weights of a run.
    pub(crate) fn weights_entry(&self, key: &RunKey, weights: &Weights) -> Result<Entry, LabError> {
        let bytes = snapshot::write_weights(weights).map_err(|what| self.damaged(&what))?;
        let (key, kind) = (key.clone(), SnapshotKind::Weights);
        Ok(Entry::Snapshot(SnapshotRow { key, kind, member: 0, epoch: 0, step: 0, bytes }))
    }

    /// Has entries written together.
    pub(crate) fn put(&self, entries: Vec<Entry>) -> Result<(), LabError> {
        match self.writer() {
            Some(writer) if !entries.is_empty() => Ok(writer.put(entries)?),
            Some(_) | None => Ok(()),
        }
    }

    /// Writes down the settings of what is done, and compares them with those of earlier processes.
    ///
    /// # Errors
    /// [`LabError::OtherSettings`].
    pub(crate) fn settings(&self, settings: &Settings) -> Result<(), LabError> {
        let key = Stage::Settings.key(0, 0);
        if let Some(row) = self.known(&key).and_then(|known| known.ended.as_ref()) {
            let was = row.details.as_deref().map(serde_json::from_str::<Settings>);
            let was = was.and_then(Result::ok).ok_or_else(|| self.damaged("its settings cannot be read"))?;
            let differences = differences(&was, settings);
            return if differences.is_empty() { Ok(()) } else { Err(LabError::OtherSettings { differences }) };
        }
        let details = Some(json(settings));
        self.put(vec![Entry::Run(RunRow { key, ended: "complete".to_owned(), steps: 0, seconds: 0.0, details })])
    }

    /// Whether a run is known to have ended.
    pub(crate) fn has(&self, key: &RunKey) -> bool {
        self.known(key).is_some_and(|known| known.ended.is_some())
    }

    fn known(&self, key: &RunKey) -> Option<&Known> {
        self.0.as_ref()?.known.get(key)
    }

    /// A run that has ended, as it was; its weights where they were kept.
    pub(crate) fn ended(&self, key: &RunKey, metric: Metric) -> Result<Option<Run>, LabError> {
        let Some(known) = self.known(key) else { return Ok(None) };
        let Some((row, end)) = known.ended.as_ref().and_then(|row| Some((row, end_of(row)?))) else { return Ok(None) };
        let mut run = Run {
            curve: known.curve.clone(),
            best: None,
            end,
            steps: row.steps,
            seconds: row.seconds,
            weights: self.kept_weights(key)?,
            closing: Vec::new(),
            parked: None,
            turns: Vec::new(),
        };
        run.choose(metric);
        Ok(Some(run))
    }

    /// A run on its way to a rung, as it was there; nothing where it is not known to have come so far or to have ended.
    ///
    /// Of one that went beyond, the epochs up to there; with weights where those that are kept are of one of these.
    pub(crate) fn ended_at(&self, key: &RunKey, epochs: u64, metric: Metric) -> Result<Option<Run>, LabError> {
        if self.went_beyond(key, epochs) {
            let known = self.known(key).map(|known| known.curve.clone()).unwrap_or_default();
            let mut run = Run::new(known.iter().take(epochs as usize).cloned().collect(), metric);
            if Run::new(known, metric).best == run.best {
                run.weights = self.kept_weights(key)?;
            }
            return Ok(Some(run));
        }
        match self.rung(key).is_some_and(|rung| rung >= epochs) {
            true => self.ended(key, metric),
            false => Ok(None),
        }
    }

    /// Whether a run is known to have come to a rung, or to have ended on its way there.
    pub(crate) fn has_come_to(&self, key: &RunKey, epochs: u64) -> bool {
        self.went_beyond(key, epochs) || self.rung(key).is_some_and(|rung| rung >= epochs)
    }

    /// Whether a search has come to a trial: an epoch of it, or of one with a higher number, is over, or all of it.
    pub(crate) fn has_reached(&self, trial: u64) -> bool {
        let Some(book) = &self.0 else { return false };
        let screened = Stage::Screen.key(trial, 0);
        let mut later = book.known.range(&screened..).rev();
        later.any(|(key, known)| key.stage == screened.stage && (known.ended.is_some() || !known.curve.is_empty()))
    }

    /// Whether a run has epochs beyond a rung.
    pub(crate) fn went_beyond(&self, key: &RunKey, epochs: u64) -> bool {
        self.known(key).is_some_and(|known| known.curve.len() as u64 > epochs)
    }

    /// The highest rung that a run has come to; all of them for one that had none.
    fn rung(&self, key: &RunKey) -> Option<u64> {
        let row = self.known(key)?.ended.as_ref()?;
        Some(details_of(row).and_then(|details| details.rung).unwrap_or(u64::MAX))
    }

    /// The epochs that there is time for after a wave: those that an earlier process has written down, else these, which
    /// are written down.
    pub(crate) fn room(&self, wave: u64, epochs: u64) -> Result<u64, LabError> {
        self.decided(Stage::Room.key(0, wave), epochs)
    }

    /// What the clock has decided: the number that an earlier process has written down under a key, else this one, which
    /// is written down.
    pub(crate) fn decided(&self, key: RunKey, number: u64) -> Result<u64, LabError> {
        if let Some(row) = self.known(&key).and_then(|known| known.ended.as_ref()) {
            return Ok(row.steps);
        }
        let row = RunRow { key, ended: "complete".to_owned(), steps: number, seconds: 0.0, details: None };
        self.put(vec![Entry::Run(row)])?;
        Ok(number)
    }

    /// The runs of a stage that earlier processes have ended.
    pub(crate) fn ended_runs(&self, stage: Stage) -> Vec<&RunRow> {
        let all = self.0.iter().flat_map(|book| book.known.iter());
        all.filter(|(key, _)| key.stage == stage.name()).filter_map(|(_, known)| known.ended.as_ref()).collect()
    }

    /// What earlier processes have written of the epochs of a run.
    pub(crate) fn curve_of(&self, key: &RunKey) -> &[CurvePoint] {
        self.known(key).map_or(&[], |known| &known.curve)
    }

    /// Whether an earlier process has written epochs of a run.
    fn knows_epochs(&self, key: &RunKey) -> bool {
        self.known(key).is_some_and(|known| !known.curve.is_empty())
    }

    /// Whether a run has a snapshot to go on from.
    pub(crate) fn has_begun(&self, key: &RunKey) -> bool {
        self.0.as_ref().is_some_and(|book| book.begun.contains(key))
    }

    /// Where a run goes on from, if it has a snapshot.
    pub(crate) fn begun(&self, key: &RunKey) -> Result<Option<Begun>, LabError> {
        if !self.has_begun(key) {
            return Ok(None);
        }
        let curve = self.known(key).map(|known| known.curve.clone()).unwrap_or_default();
        Ok(Some(Begun { snapshots: self.blobs(key, SnapshotKind::State)?, curve, turns: Vec::new() }))
    }

    /// What earlier processes have written of what was done to a trial and is in force; of a fork, after its birth.
    fn turns_of(&self, trial: u64) -> &[Turn] {
        self.0.as_ref().and_then(|book| book.turns.get(&trial)).map_or(&[], |turns| turns)
    }

    fn blobs(&self, key: &RunKey, kind: SnapshotKind) -> Result<Vec<Vec<u8>>, LabError> {
        let Some(book) = &self.0 else { return Ok(Vec::new()) };
        // A poisoned lock means that another worker has panicked while it read.
        let reader = book.reader.lock().map_err(|_| LabError::Worker)?;
        Ok(reader.snapshots(key, kind)?.into_iter().map(|row| row.bytes).collect())
    }

    fn kept_weights(&self, key: &RunKey) -> Result<Option<Weights>, LabError> {
        let read = |bytes: &Vec<u8>| snapshot::read_weights(bytes).map_err(|what| self.damaged(&what));
        self.blobs(key, SnapshotKind::Weights)?.first().map(read).transpose()
    }

    /// That something in the study contradicts the rest.
    pub(crate) fn damaged(&self, what: &str) -> LabError {
        damaged(self.0.as_ref().map_or(Path::new("study"), |book| &book.path), what)
    }

    /// That something in a study contradicts the rest.
    pub(crate) fn damaged_at(path: &Path, what: &str) -> LabError {
        damaged(path, what)
    }

    /// Puts a stretch of epochs behind those of its run.
    pub(crate) fn show(curves: &mut BTreeMap<RunKey, Vec<CurvePoint>>, slice: &SliceRow) -> Result<(), String> {
        curve::append(curves.entry(slice.key.clone()).or_default(), slice)
    }

    /// The curve by which a trial is shown: of its longest training, else on all folds, else of the first time.
    pub(crate) fn longest(curves: &BTreeMap<RunKey, Vec<CurvePoint>>, trial: u64) -> Vec<CurvePoint> {
        let stages = [Stage::Longer, Stage::Full, Stage::Train, Stage::Screen];
        stages.iter().find_map(|stage| curves.get(&stage.key(trial, 0))).cloned().unwrap_or_default()
    }

    /// Takes the room for the last snapshots of a run in place of those before, if there is so much.
    fn has_room(&self, key: &RunKey, bytes: u64) -> bool {
        let Some(book) = &self.0 else { return false };
        // A poisoned lock means that another worker has panicked.
        let Ok(mut kept) = book.kept.lock() else { return false };
        kept.remove(key);
        let fits = bytes <= LARGEST_KEPT && kept.values().sum::<u64>().saturating_add(bytes) <= LARGEST_OF_ALL;
        if fits {
            kept.insert(key.clone(), bytes);
        }
        fits
    }
}

/// The last snapshots of a trial are kept up to so many bytes, so that it can go on; a larger one is trained anew, which
/// gives the same bits.
const LARGEST_KEPT: u64 = 256 << 10;
/// Those of all trials up to so many.
const LARGEST_OF_ALL: u64 = 16 << 20;

/// The row of a trial as it stands.
pub(crate) fn trial_entry(record: &TrialRecord, recipe: &Recipe) -> Entry {
    let details = TrialDetails {
        recipe: recipe.clone(),
        best_epoch: record.best_epoch,
        folds: record.folds,
        steps: record.steps,
        seconds: record.seconds,
        diverged: record.diverged.clone(),
        parent: record.parent,
        repeats: record.repeats.clone(),
        turns: record.turns.clone(),
    };
    Entry::Trial(TrialRow {
        number: record.number,
        state: record.state.to_string(),
        params: json(&record.params),
        seed: recipe.seed,
        score: record.score,
        epochs: record.epochs,
        details: json(&details),
    })
}

/// A trial as it goes on.
pub(crate) fn running(record: &TrialRecord) -> TrialRecord {
    TrialRecord { state: TrialState::Running, ..record.clone() }
}

/// A trial as it begins.
pub(crate) fn begins(number: u64, params: caviar_tune::Params) -> TrialRecord {
    TrialRecord {
        number,
        params,
        state: TrialState::Running,
        score: None,
        epochs: 0,
        best_epoch: None,
        folds: 1,
        steps: 0,
        seconds: 0.0,
        curve: Vec::new(),
        diverged: None,
        parent: None,
        repeats: None,
        turns: Vec::new(),
    }
}

/// The row of a run that has ended.
fn run_row(key: &RunKey, run: &Run, rung: Option<u64>) -> RunRow {
    let none = RunDetails { rung, ..RunDetails::default() };
    let (ended, details) = match &run.end {
        End::Complete => ("complete", none),
        End::Cut | End::Left => ("cut", none),
        End::Diverged(divergence) => ("diverged", RunDetails { divergence: Some(divergence.clone()), ..none }),
        End::Failed(why) => ("failed", RunDetails { failure: Some(why.clone()), ..none }),
    };
    let says_something = details.rung.is_some() || !matches!(run.end, End::Complete | End::Cut | End::Left);
    let details = says_something.then(|| json(&details));
    RunRow { key: key.clone(), ended: ended.to_owned(), steps: run.steps, seconds: run.seconds, details }
}

fn details_of(row: &RunRow) -> Option<RunDetails> {
    row.details.as_ref().map_or(Some(RunDetails::default()), |details| serde_json::from_str(details).ok())
}

fn end_of(row: &RunRow) -> Option<End> {
    match row.ended.as_str() {
        "complete" => Some(End::Complete),
        "cut" => Some(End::Cut),
        "diverged" => details_of(row)?.divergence.map(End::Diverged),
        "failed" => details_of(row)?.failure.map(End::Failed),
        _ => None,
    }
}

/// What was done to each trial and is in force.
fn turns_of(commands: &[CommandRow]) -> BTreeMap<u64, Vec<Turn>> {
    let mut turns: BTreeMap<u64, Vec<Turn>> = BTreeMap::new();
    for command in commands {
        let Ok(Answer { epoch: Some(epoch), steered }) = serde_json::from_str(&command.change) else { continue };
        take_in(turns.entry(command.trial).or_default(), epoch, command.step, &steered);
    }
    turns
}

fn damaged(path: &Path, what: &str) -> LabError {
    let source = StudyError::Damaged { what: what.to_owned() };
    LabError::Store(StoreError::Study { path: path.to_owned(), source })
}

/// What the rows hold always is JSON.
fn json(value: &impl Serialize) -> String {
    serde_json::to_string(value).unwrap_or_default()
}
