//! Who writes one run down.

use std::time::{Duration, Instant};

use caviar_engine::Real;
use caviar_engine::train::{Change, Metric, Trainer};
use caviar_store::study::{CommandRow, Entry, RunKey, SnapshotKind, SnapshotRow};

use super::fork::{Birth, Fork, UNWRITTEN};
use super::{Begun, Ledger, Mailed, Span, curve, json, run_row, snapshot};
use crate::error::LabError;
use crate::finished::{CurvePoint, Parent};
use crate::options::Interrupt;
use crate::recipe::Recipe;
use crate::run::Run;
use crate::steering::Steered;
use crate::turn::{Answer, Turn, take_in};

/// A run is saved so often, and at most for a twentieth of its time.
const PERIOD: Duration = Duration::from_secs(3);
const SHARE: u32 = 20;
/// A change by a person is saved after this, with those that follow at once.
const SOON: Duration = Duration::from_millis(200);
/// The end of an epoch is near where the one before took less than this.
const NEAR: Duration = Duration::from_millis(200);

/// What a run is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stage {
    /// The one network of a training.
    Train,
    /// A trial for the first time.
    Screen,
    /// A trial on all folds.
    Full,
    /// A trial on a further deal of the rows.
    Repeat,
    /// A leader with a further seed.
    Leader,
    /// A member of what is kept.
    Refit,
    /// A trial that goes on beyond its search.
    Longer,
    /// No run: where a trial begins that was forked from another one.
    Fork,
    /// No run: the settings of the study.
    Settings,
    /// No run: what the clock has decided, such as the epochs that there is time for after a wave of trials, in place
    /// of its updates.
    Room,
    /// No run: a stretch of work, for those who look at it; see [`Span`](super::Span).
    Span,
    /// No run: what was told of a trial on its way to so many epochs, by whoever does its work.
    Told,
}

impl Stage {
    pub(super) fn name(self) -> &'static str {
        match self {
            Stage::Train => "train",
            Stage::Screen => "screen",
            Stage::Full => "full",
            Stage::Repeat => "repeat",
            Stage::Leader => "leader",
            Stage::Refit => "refit",
            Stage::Longer => "longer",
            Stage::Fork => "fork",
            Stage::Settings => "settings",
            Stage::Room => "room",
            Stage::Span => "span",
            Stage::Told => "told",
        }
    }

    /// The key of a run; `part` tells several alike apart.
    pub(crate) fn key(self, trial: u64, part: u64) -> RunKey {
        RunKey { trial, stage: self.name().to_owned(), part }
    }

    /// Whether the weights of a run are needed once it has ended.
    fn keeps_weights(self) -> bool {
        match self {
            Stage::Train | Stage::Leader | Stage::Refit | Stage::Longer => true,
            Stage::Screen
            | Stage::Full
            | Stage::Repeat
            | Stage::Fork
            | Stage::Settings
            | Stage::Room
            | Stage::Span
            | Stage::Told => false,
        }
    }

    /// Whether a person steers a run of it, rather than that it does again what was done to the trial's first one.
    pub(super) fn is_steered(self) -> bool {
        match self {
            Stage::Train | Stage::Screen | Stage::Longer => true,
            Stage::Full
            | Stage::Repeat
            | Stage::Leader
            | Stage::Refit
            | Stage::Fork
            | Stage::Settings
            | Stage::Room
            | Stage::Span
            | Stage::Told => false,
        }
    }

    /// Whether a run may go on after its end, if its snapshot is of a size to be kept.
    fn may_go_on(self) -> bool {
        match self {
            Stage::Train | Stage::Screen | Stage::Full | Stage::Longer => true,
            Stage::Repeat
            | Stage::Leader
            | Stage::Refit
            | Stage::Fork
            | Stage::Settings
            | Stage::Room
            | Stage::Span
            | Stage::Told => false,
        }
    }
}

/// The place of a run in the ledger.
#[derive(Debug)]
pub(crate) struct Place<'a> {
    ledger: &'a Ledger,
    stage: Stage,
    key: RunKey,
    /// The run that it takes over, where it has not begun itself.
    from: Option<RunKey>,
    /// Where it begins, where that is not its first step.
    birth: Option<Birthplace>,
    /// The rung that it goes to, where it may go on to others.
    rung: Option<Rung>,
    /// The thread that trains it.
    worker: usize,
}

/// Where a trial was forked from another one.
#[derive(Debug)]
struct Birthplace {
    key: RunKey,
    /// What was in force there.
    turns: Vec<Turn>,
    /// Of one that was forked in this process.
    begun: Option<Begun>,
}

/// How a run begins.
#[derive(Debug, Default)]
pub(crate) struct Beginning {
    /// The epochs that it has behind it.
    pub(crate) curve: Vec<CurvePoint>,
    /// What was done to it on the way and is in force.
    turns: Vec<Turn>,
    /// Whether it goes on from where it was left, rather than from its own beginning.
    goes_on: bool,
    /// Whether it was further, so that what was changed is told anew.
    tells_anew: bool,
    /// Whether what is written of it no longer holds.
    contradicts: bool,
}

/// A rung of a trial that may go on to others.
#[derive(Debug)]
struct Rung {
    /// Epochs there.
    epochs: u64,
    /// Where this process has left the trial before.
    left: Left,
}

/// Where this process has left a trial.
#[derive(Debug)]
pub(crate) enum Left {
    /// It has not trained it.
    Nowhere,
    /// It has trained it, but its networks could not be kept: it is trained anew.
    Lost,
    /// Here.
    Parked(Begun),
}

impl<'a> Place<'a> {
    pub(crate) fn new(ledger: &'a Ledger, stage: Stage, trial: u64, part: u64) -> Self {
        Place { ledger, stage, key: stage.key(trial, part), from: None, birth: None, rung: None, worker: 0 }
    }

    /// Has something written.
    pub(crate) fn note(&self, entry: Option<Entry>) -> Result<(), LabError> {
        self.ledger.put(entry.into_iter().collect())
    }

    /// On this thread.
    pub(crate) fn on(self, worker: usize) -> Self {
        Place { worker, ..self }
    }

    /// For a trial that goes on from where another run of it ended.
    pub(crate) fn longer(ledger: &'a Ledger, trial: u64, from: RunKey) -> Self {
        let birth = Some(Birthplace { key: Stage::Fork.key(trial, 0), turns: Vec::new(), begun: None });
        Place { from: Some(from), birth, ..Place::new(ledger, Stage::Longer, trial, 0) }
    }

    /// For a trial that was forked from another one.
    pub(crate) fn fork(ledger: &'a Ledger, stage: Stage, fork: &Fork) -> Self {
        let (key, turns) = (Stage::Fork.key(fork.number, 0), fork.turns.clone());
        let birth = Birthplace { key, turns, begun: fork.begun.clone() };
        Place { birth: Some(birth), ..Place::new(ledger, stage, fork.number, 0) }
    }

    /// For a trial on its way to a rung; its run is that of its screening, which grows from rung to rung.
    pub(crate) fn rung(ledger: &'a Ledger, trial: u64, epochs: u64, left: Left) -> Self {
        Place { rung: Some(Rung { epochs, left }), ..Place::new(ledger, Stage::Screen, trial, 0) }
    }

    /// The run, where it is known to have ended.
    pub(crate) fn ended(&self, metric: Metric) -> Result<Option<Run>, LabError> {
        let ended = match (self.stage, &self.rung) {
            (Stage::Longer, _) => None,
            (_, Some(rung)) => self.ledger.ended_at(&self.key, rung.epochs, metric)?,
            (_, None) => self.ledger.ended(&self.key, metric)?,
        };
        Ok(ended.map(|run| Run { turns: self.turns_until(run.curve.len() as u64), ..run }))
    }

    /// What was done to the run in its first epochs and is in force, so far as it is written down. That is written
    /// together with a snapshot that holds it.
    fn turns_until(&self, epochs: u64) -> Vec<Turn> {
        if !self.stage.is_steered() {
            return Vec::new();
        }
        let own = self.ledger.turns_of(self.key.trial).iter().filter(|turn| turn.epoch <= epochs);
        self.birth.iter().flat_map(|birth| &birth.turns).chain(own).cloned().collect()
    }

    /// Where the networks have been left, unless they are to begin anew.
    fn begun(&self, anew: bool) -> Result<Option<Begun>, LabError> {
        if anew {
            return Ok(None);
        }
        let begun = match (&self.rung, &self.from) {
            (Some(Rung { left: Left::Parked(begun), .. }), _) => return Ok(Some(begun.clone())),
            (Some(Rung { left: Left::Lost, .. }), _) => None,
            (_, Some(from)) => self.ledger.begun(&self.key)?.or(self.ledger.begun(from)?),
            (_, None) => self.ledger.begun(&self.key)?,
        };
        Ok(begun.map(|begun| Begun { turns: self.turns_until(u64::MAX), ..begun }))
    }

    /// Where the run begins, if that is not its first step.
    fn born(&self) -> Result<Option<Begun>, LabError> {
        match &self.birth {
            Some(Birthplace { begun: Some(begun), .. }) => Ok(Some(begun.clone())),
            Some(Birthplace { key, turns, .. }) => {
                Ok(self.ledger.begun(key)?.map(|begun| Begun { turns: turns.clone(), ..begun }))
            }
            None => Ok(None),
        }
    }

    /// Whether what is written of the epochs does not hold for a run with this curve.
    fn contradicts(&self, curve: &[CurvePoint]) -> bool {
        match &self.rung {
            // What goes on under another key is written there whole.
            None if self.stage == Stage::Longer || self.birth.is_some() => true,
            None => curve.is_empty() && self.ledger.knows_epochs(&self.key),
            Some(Rung { left: Left::Lost, .. }) => true,
            Some(Rung { left: Left::Parked(_), .. }) => false,
            Some(Rung { left: Left::Nowhere, .. }) => curve.is_empty() && self.ledger.knows_epochs(&self.key),
        }
    }

    /// What is to be written of the run where it failed.
    pub(crate) fn failed(&self, run: &Run) -> Vec<Entry> {
        let key = self.key.clone();
        let forgotten = Entry::Forget(key.clone(), SnapshotKind::State);
        let row = run_row(&key, run, self.rung.as_ref().map(|rung| rung.epochs));
        vec![Entry::Restart(key), forgotten, Entry::Run(row)]
    }

    /// Puts the networks to where an earlier process has left them, or `anew` to where they begin.
    pub(crate) fn take_up<T: Real>(&self, members: &mut [Trainer<T>], anew: bool) -> Result<Beginning, LabError> {
        let wants_all = || self.ledger.0.as_ref().is_some_and(|book| book.inbox.wants_all(self.key.trial));
        let tells_anew = anew || (self.stage.is_steered() && wants_all());
        let begun = self.begun(tells_anew)?;
        let goes_on = begun.is_some();
        let Some(Begun { snapshots, curve, turns }) = begun.map_or_else(|| self.born(), |begun| Ok(Some(begun)))?
        else {
            let contradicts = anew || self.contradicts(&[]);
            return Ok(Beginning { contradicts, tells_anew, ..Beginning::default() });
        };
        let damaged = |what: &str| self.ledger.damaged(what);
        if snapshots.len() != members.len() {
            return Err(damaged("a run has another number of snapshots than of networks"));
        }
        for (trainer, bytes) in members.iter_mut().zip(&snapshots) {
            let snapshot = snapshot::read(bytes).map_err(|what| damaged(&what))?;
            let epochs = trainer.spec().epochs;
            trainer.restore(&snapshot).map_err(|error| damaged(&error.to_string()))?;
            if self.stage == Stage::Longer {
                trainer.change(&Change::Epochs(epochs))?;
            }
            if trainer.progress().epoch != curve.len() as u64 {
                return Err(damaged("a snapshot is of another epoch than its curve"));
            }
        }
        let contradicts = anew || self.contradicts(&curve);
        Ok(Beginning { curve, turns, goes_on, tells_anew, contradicts })
    }
}

/// Writes one run down while it goes.
pub(crate) struct Scribe<'a> {
    place: &'a Place<'a>,
    recipe: &'a Recipe,
    interrupt: &'a Interrupt,
    /// All epochs, where anything is written.
    curve: Vec<CurvePoint>,
    /// How many of them are written.
    saved: usize,
    /// Whether what is written of the curve no longer holds.
    anew: bool,
    /// Whether what is written of the changes is told anew.
    tells_anew: bool,
    commands: Vec<CommandRow>,
    /// What was done to it and is in force.
    turns: Vec<Turn>,
    /// Wishes of the study's file.
    pub(crate) mailed: Mailed<'a>,
    due: Instant,
    /// When the epoch began, and how long the one before took.
    epoch: (Instant, Option<Duration>),
    /// When it began, and the epochs that there were before.
    from: (f64, u64),
}

impl<'a> Scribe<'a> {
    /// For a run that begins so.
    pub(crate) fn new(
        place: &'a Place<'a>,
        recipe: &'a Recipe,
        interrupt: &'a Interrupt,
        beginning: &Beginning,
    ) -> Self {
        let &Beginning { ref curve, ref turns, goes_on, tells_anew, contradicts: anew } = beginning;
        let book = place.ledger.0.as_deref().filter(|_| place.stage.is_steered());
        let mailed = Mailed::new(book, place.key.trial, goes_on, interrupt);
        let saved = if anew { 0 } else { curve.len() };
        let from = (place.ledger.clock(), curve.len() as u64);
        let (curve, now) = (curve.clone(), Instant::now());
        let (due, epoch) = (now + PERIOD, (now, None));
        let (commands, turns) = (Vec::new(), turns.clone());
        Scribe { place, recipe, interrupt, curve, saved, anew, tells_anew, commands, turns, mailed, due, epoch, from }
    }

    /// Whether the run is to be left where it is, to go on another time.
    pub(crate) fn leaves(&self) -> bool {
        self.place.ledger.leaves(self.interrupt)
    }

    /// Whether the end was asked for.
    pub(crate) fn is_over(&self) -> bool {
        self.interrupt.is_set()
    }

    /// Until when the end of the epoch is worth waiting for: where it is near, and what was learned is written then.
    pub(crate) fn near_until(&self) -> Option<Instant> {
        let (start, before) = self.epoch;
        (self.place.ledger.is_kept() && before.is_some_and(|before| before < NEAR)).then(|| start + 2 * NEAR)
    }

    /// Whether it is time to save.
    pub(crate) fn is_due(&self) -> bool {
        self.place.ledger.is_kept() && Instant::now() >= self.due
    }

    /// An epoch is over.
    pub(crate) fn epoch(&mut self, point: &CurvePoint) {
        let now = Instant::now();
        self.epoch = (now, Some(now.duration_since(self.epoch.0)));
        if self.place.ledger.is_kept() {
            self.curve.push(point.clone());
        }
    }

    /// The run went back; this is its curve now.
    pub(crate) fn back(&mut self, curve: &[CurvePoint]) {
        self.anew = true;
        (self.curve, self.saved) = (curve.to_vec(), 0);
    }

    /// A wish was answered.
    pub(crate) fn steered(&mut self, epoch: u64, step: u64, steered: &Steered) {
        // What is done again is known from the first time.
        if !self.place.stage.is_steered() {
            return;
        }
        take_in(&mut self.turns, epoch, step, steered);
        match steered {
            Steered::Paused | Steered::Continued => {}
            Steered::Changed { .. }
            | Steered::Undone { .. }
            | Steered::Forked { .. }
            | Steered::Refused { .. }
            | Steered::Stopped => {
                if self.place.ledger.is_kept() {
                    let change = json(&Answer { epoch: Some(epoch), steered: steered.clone() });
                    self.commands.push(CommandRow { trial: self.place.key.trial, step, change });
                    self.due = self.due.min(Instant::now() + SOON);
                }
            }
        }
    }

    /// What was done to the run so far and is in force.
    pub(crate) fn turns(&self) -> &[Turn] {
        &self.turns
    }

    /// Makes a trial of its own that begins here; its number, or why there cannot be one.
    pub(crate) fn fork(&mut self, birth: Birth) -> Result<Result<u64, &'static str>, LabError> {
        let Place { ledger, stage, key, .. } = self.place;
        let (Some(book), Some(wish)) = (ledger.0.as_deref(), self.mailed.last()) else { return Ok(Err(UNWRITTEN)) };
        match stage {
            Stage::Train | Stage::Screen => {}
            Stage::Full
            | Stage::Repeat
            | Stage::Leader
            | Stage::Refit
            | Stage::Longer
            | Stage::Fork
            | Stage::Settings
            | Stage::Room
            | Stage::Span
            | Stage::Told => {
                return Ok(Err("only a network of a training or of a search is forked"));
            }
        }
        let parent = Parent { trial: key.trial, step: birth.steps };
        // A run that has just gone back still has the epochs from there on.
        let over = self.curve.len().min(usize::try_from(birth.epoch).unwrap_or(usize::MAX));
        Ok(Ok(book.bear(ledger, wish, parent, self.recipe, (&self.curve[..over], &self.turns), birth)?))
    }

    /// Writes where the networks stand, unless what is written is further.
    pub(crate) fn save<T: Real>(&mut self, members: &mut [Trainer<T>]) -> Result<(), LabError> {
        if self.mailed.is_behind() {
            return Ok(());
        }
        let start = Instant::now();
        let mut entries = self.progress();
        entries.extend(self.snapshots(members)?);
        self.place.ledger.put(entries)?;
        self.due = Instant::now() + PERIOD.max(start.elapsed() * SHARE);
        Ok(())
    }

    /// What is to be written of a run that has ended.
    pub(crate) fn close<T: Real>(&mut self, run: &Run, members: &mut [Trainer<T>]) -> Result<Vec<Entry>, LabError> {
        let Place { ledger, stage, key, rung, .. } = self.place;
        if !ledger.is_kept() {
            return Ok(Vec::new());
        }
        let mut entries = self.progress();
        entries.push(Entry::Run(run_row(key, run, rung.as_ref().map(|rung| rung.epochs))));
        let size: u64 = members.iter().map(size).sum();
        if stage.may_go_on() && (*stage == Stage::Train || ledger.has_room(key, size)) {
            entries.extend(self.snapshots(members)?);
        } else {
            entries.push(Entry::Forget(key.clone(), SnapshotKind::State));
        }
        Ok(entries)
    }

    /// The stretch of work that ends here.
    pub(crate) fn span(&self, run: &Run) -> Option<Entry> {
        let Place { ledger, stage, key, worker, .. } = self.place;
        let (from, before) = self.from;
        ledger.span(Span {
            trial: key.trial,
            stage: stage.name().to_owned(),
            worker: *worker,
            from,
            to: ledger.clock(),
            epochs: [before, run.curve.len() as u64],
        })
    }

    /// Where the networks of a run stand, if it may go on from there to another rung.
    pub(crate) fn park<T: Real>(&self, run: &Run, members: &mut [Trainer<T>]) -> Result<Option<Begun>, LabError> {
        if self.place.rung.is_none() {
            return Ok(None);
        }
        let each = members.iter_mut().map(|trainer| Ok(trainer.snapshot()?));
        let each = each.collect::<Result<Vec<_>, LabError>>()?;
        let bytes =
            each.into_iter().map(|snapshot| snapshot::write(snapshot).map_err(|what| self.place.ledger.damaged(&what)));
        let (curve, turns) = (run.curve.clone(), run.turns.clone());
        Ok(Some(Begun { snapshots: bytes.collect::<Result<_, _>>()?, curve, turns }))
    }

    /// The weights that are kept of a run that has ended.
    pub(crate) fn weights(&self, run: &Run) -> Result<Option<Entry>, LabError> {
        match &run.weights {
            Some(weights) if self.place.ledger.is_kept() && self.place.stage.keeps_weights() => {
                self.place.ledger.weights_entry(&self.place.key, weights).map(Some)
            }
            Some(_) | None => Ok(None),
        }
    }

    /// Epochs and changes since the last time.
    fn progress(&mut self) -> Vec<Entry> {
        let key = &self.place.key;
        let mut entries = Vec::new();
        if std::mem::take(&mut self.anew) {
            entries.push(Entry::Restart(key.clone()));
        }
        entries.extend(self.curve.get(self.saved..).and_then(|unsaved| curve::slice(key, unsaved)).map(Entry::Slice));
        if std::mem::take(&mut self.tells_anew) {
            entries.push(Entry::Retell(key.trial));
        }
        entries.extend(self.commands.drain(..).map(Entry::Command));
        entries.extend(self.mailed.hold());
        self.saved = self.curve.len();
        entries
    }

    fn snapshots<T: Real>(&self, members: &mut [Trainer<T>]) -> Result<Vec<Entry>, LabError> {
        let mut entries = Vec::with_capacity(members.len());
        for (trainer, member) in members.iter_mut().zip(0..) {
            let snapshot = trainer.snapshot()?;
            entries.push(Entry::Snapshot(SnapshotRow {
                key: self.place.key.clone(),
                kind: SnapshotKind::State,
                member,
                epoch: snapshot.progress.epoch,
                step: snapshot.progress.steps,
                bytes: snapshot::write(snapshot).map_err(|what| self.place.ledger.damaged(&what))?,
            }));
        }
        Ok(entries)
    }
}

/// About the bytes of a network's snapshot: its variables, the best ones, and what the update rule keeps.
fn size<T: Real>(trainer: &Trainer<T>) -> u64 {
    let variables: usize = trainer.parameters().iter().map(|parameter| parameter.dims.len()).sum();
    let copies = 2 + trainer.spec().minimizer.optimizer.slots();
    (variables * copies * size_of::<T>()) as u64
}
