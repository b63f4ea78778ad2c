//! Wishes that reach a running study through its file.
//!
//! A wish is written down with the step at which it is done before it is done. Who goes on after a kill does it again at
//! that step, unless it goes on from a snapshot that holds it.

use std::collections::{BTreeSet, VecDeque};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use caviar_store::study::{CommandRow, Entry, StudyReader, StudyWriter, WishRow};

use super::Book;
use crate::error::LabError;
use crate::options::Interrupt;
use crate::steering::{Steer, Steered};

/// The file is looked at so often, in milliseconds.
const PERIOD: u64 = 100;

/// All wishes of a study.
#[derive(Debug)]
pub(super) struct Inbox {
    start: Instant,
    /// When the file is looked at next, in milliseconds since the start.
    due: AtomicU64,
    /// Wishes that no trial has taken up; each looks for its own.
    waiting: AtomicU64,
    known: Mutex<Vec<WishRow>>,
}

impl Inbox {
    pub(super) fn new(known: Vec<WishRow>) -> Self {
        let waiting = AtomicU64::new(waiting(&known));
        Inbox { start: Instant::now(), due: AtomicU64::new(0), waiting, known: Mutex::new(known) }
    }

    /// Wishes that a run must do again: all of them where it begins anew, else those that its snapshot does not hold.
    pub(super) fn replayed(&self, trial: u64, anew: bool) -> Vec<WishRow> {
        let known = self.known.lock().map(|known| known.clone()).unwrap_or_default();
        let taken = known.into_iter().filter(|wish| wish.trial == trial && wish.step.is_some());
        taken.filter(|wish| anew || !wish.done).collect()
    }

    /// Whether changes are known that were made in a run before it came so far.
    fn has_changes(&self, trial: u64, steps: u64) -> bool {
        let known = self.replayed(trial, true);
        known.iter().any(|wish| wish.step.is_some_and(|step| step <= steps) && changes(wish))
    }

    /// The next wish for a trial that nobody has taken up, now that so many updates are made; on the disk with the step.
    fn take(
        &self,
        trial: u64,
        step: u64,
        reader: &Mutex<StudyReader>,
        writer: &StudyWriter,
    ) -> Result<Option<WishRow>, LabError> {
        let now = self.start.elapsed().as_millis() as u64;
        let due = self.due.load(Ordering::Relaxed);
        let looks =
            now >= due && self.due.compare_exchange(due, now + PERIOD, Ordering::Relaxed, Ordering::Relaxed).is_ok();
        if !looks && self.waiting.load(Ordering::Relaxed) == 0 {
            return Ok(None);
        }
        // A poisoned lock means that another worker has panicked.
        let mut known = self.known.lock().map_err(|_| LabError::Worker)?;
        if looks {
            let last = known.last().map_or(0, |wish| wish.id);
            known.extend(reader.lock().map_err(|_| LabError::Worker)?.wishes(last)?);
        }
        let wish = known.iter_mut().find(|wish| wish.trial == trial && wish.step.is_none());
        let wish = wish.map(|wish| {
            wish.step = Some(step);
            wish.clone()
        });
        self.waiting.store(waiting(&known), Ordering::Relaxed);
        drop(known);
        let Some(wish) = wish else { return Ok(None) };
        writer.put(vec![Entry::Wish(wish.clone())])?;
        writer.flush()?;
        Ok(Some(wish))
    }

    /// Whether a run must begin anew because it took a change back that its snapshot may hold.
    pub(super) fn wants_all(&self, trial: u64) -> bool {
        self.replayed(trial, false).iter().any(|wish| steer_of(wish) == Some(Steer::Undo))
    }

    /// These wishes are in a snapshot.
    fn hold(&self, ids: &[u64]) -> Vec<Entry> {
        let Ok(mut known) = self.known.lock() else { return Vec::new() };
        let held = known.iter_mut().filter(|wish| ids.contains(&wish.id));
        held.map(|wish| {
            wish.done = true;
            Entry::Wish(wish.clone())
        })
        .collect()
    }
}

fn waiting(wishes: &[WishRow]) -> u64 {
    wishes.iter().filter(|wish| wish.step.is_none()).count() as u64
}

/// What is asked; nothing where it is not understood.
fn steer_of(wish: &WishRow) -> Option<Steer> {
    serde_json::from_str(&wish.wish).ok()
}

fn changes(wish: &WishRow) -> bool {
    matches!(steer_of(wish), Some(Steer::Set(_) | Steer::Scale(_)))
}

/// The trials that were changed otherwise than by these wishes.
pub(super) fn by_hand(commands: &[CommandRow], wishes: &[WishRow]) -> BTreeSet<u64> {
    let unknown = |command: &&CommandRow| {
        let after = match serde_json::from_str(&command.change) {
            Ok(Steered::Undone { left, .. }) => left,
            Ok(_) | Err(_) => command.step,
        };
        !wishes.iter().any(|wish| wish.trial == command.trial && wish.step.is_some_and(|step| step + 1 == after))
    };
    commands.iter().filter(unknown).map(|command| command.trial).collect()
}

/// Steers a run by the wishes of its study's file.
pub(crate) struct Mailed<'a> {
    book: Option<&'a Book>,
    trial: u64,
    /// Those that are to be done again.
    replayed: VecDeque<WishRow>,
    /// Updates that the run has behind it, where it goes on from where it was left.
    goes_on: Option<u64>,
    interrupt: &'a Interrupt,
    /// The wish that was asked for last, if the file has it.
    last: Option<u64>,
    /// Those that no snapshot holds yet.
    taken: Vec<u64>,
    is_pausing: bool,
    failure: Option<LabError>,
}

impl<'a> Mailed<'a> {
    /// For a run that goes on from so many updates, or that begins.
    pub(super) fn new(book: Option<&'a Book>, trial: u64, goes_on: Option<u64>, interrupt: &'a Interrupt) -> Self {
        let replayed = book.map_or_else(VecDeque::new, |book| book.inbox.replayed(trial, goes_on.is_none()).into());
        let (taken, last) = (Vec::new(), None);
        Mailed { book, trial, replayed, goes_on, interrupt, last, taken, is_pausing: false, failure: None }
    }

    /// The number of the wish that was asked for just now.
    pub(super) fn last(&self) -> Option<u64> {
        self.last
    }

    /// Whether changes were made through the file before the run was left, and none by hand, so that it can begin anew.
    pub(crate) fn can_begin_anew(&self) -> bool {
        let Some((book, steps)) = self.book.zip(self.goes_on) else { return false };
        !book.by_hand.contains(&self.trial) && book.inbox.has_changes(self.trial, steps)
    }

    /// The next wish of the file.
    pub(crate) fn next(&mut self, steps: u64) -> Option<Steer> {
        let book = self.book?;
        self.last = None;
        while let Some(wish) = self.replayed.pop_front_if(|wish| wish.step.is_some_and(|step| step <= steps)) {
            let steer = self.read(&wish);
            // Nobody waits again.
            self.is_pausing = false;
            if let Some(steer) = steer.filter(|steer| !matches!(steer, Steer::Pause | Steer::Continue)) {
                return Some(steer);
            }
        }
        match book.inbox.take(self.trial, steps, &book.reader, book.writer.as_ref()?) {
            Ok(wish) => wish.and_then(|wish| self.read(&wish)),
            Err(error) => {
                self.failure = Some(error);
                None
            }
        }
    }

    fn read(&mut self, wish: &WishRow) -> Option<Steer> {
        self.taken.push(wish.id);
        self.last = Some(wish.id);
        // One that is not understood was left by a newer program, and is passed over.
        let steer = steer_of(wish);
        self.is_pausing = match steer {
            Some(Steer::Pause) => true,
            Some(Steer::Continue | Steer::Stop) => false,
            _ => self.is_pausing,
        };
        steer
    }

    /// What is asked for while a network that was paused through the file waits; nothing where it was not, or is to end.
    pub(crate) fn wait(&mut self, steps: u64) -> Option<Steer> {
        while self.is_pausing && !self.interrupt.is_set() && self.failure.is_none() {
            if let Some(wish) = self.next(steps) {
                return Some(wish);
            }
            std::thread::sleep(Duration::from_millis(PERIOD / 2));
        }
        None
    }

    /// Whether it was paused through the file.
    pub(crate) fn is_pausing(&self) -> bool {
        self.is_pausing
    }

    /// That what was taken up is in a snapshot now.
    pub(super) fn hold(&mut self) -> Vec<Entry> {
        let taken = std::mem::take(&mut self.taken);
        self.book.map_or_else(Vec::new, |book| book.inbox.hold(&taken))
    }

    /// # Errors
    /// Why the file could not be looked at or written to.
    pub(crate) fn check(&mut self) -> Result<(), LabError> {
        self.failure.take().map_or(Ok(()), Err)
    }
}
