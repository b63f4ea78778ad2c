//! Wishes that reach a running study through its file.
//!
//! A wish is written down with the step at which it is done before it is done. Who goes on after a kill does it again at
//! that step, unless it goes on from a snapshot that holds it.

use std::collections::VecDeque;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use caviar_store::study::{Entry, StudyReader, StudyWriter, WishRow};

use super::Book;
use crate::error::LabError;
use crate::options::Interrupt;
use crate::steering::Steer;

/// The file is looked at so often, in milliseconds.
const PERIOD: u64 = 100;

/// All wishes of a study.
#[derive(Debug)]
pub(super) struct Inbox {
    start: Instant,
    /// When the file is looked at next, in milliseconds since the start.
    due: AtomicU64,
    known: Mutex<Vec<WishRow>>,
}

impl Inbox {
    pub(super) fn new(known: Vec<WishRow>) -> Self {
        Inbox { start: Instant::now(), due: AtomicU64::new(0), known: Mutex::new(known) }
    }

    /// Wishes that a run from this step on must do again: `from` updates are behind it.
    pub(super) fn replayed(&self, trial: u64, from: u64) -> Vec<WishRow> {
        let known = self.known.lock().map(|known| known.clone()).unwrap_or_default();
        known
            .into_iter()
            .filter(|wish| wish.trial == trial && wish.step.is_some() && (from == 0 || !wish.done))
            .collect()
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
        // A poisoned lock means that another worker has panicked.
        let mut known = match looks {
            true => self.known.lock().map_err(|_| LabError::Worker)?,
            false => return Ok(None),
        };
        let last = known.last().map_or(0, |wish| wish.id);
        known.extend(reader.lock().map_err(|_| LabError::Worker)?.wishes(last)?);
        let Some(wish) = known.iter_mut().find(|wish| wish.trial == trial && wish.step.is_none()) else {
            return Ok(None);
        };
        // The others are looked for at once.
        self.due.store(0, Ordering::Relaxed);
        wish.step = Some(step);
        let wish = wish.clone();
        drop(known);
        writer.put(vec![Entry::Wish(wish.clone())])?;
        writer.flush()?;
        Ok(Some(wish))
    }

    /// Whether a run must begin anew because it took a change back that its snapshot may hold.
    pub(super) fn wants_all(&self, trial: u64) -> bool {
        let undoes = |wish: &WishRow| serde_json::from_str(&wish.wish).is_ok_and(|steer: Steer| steer == Steer::Undo);
        self.replayed(trial, 1).iter().any(undoes)
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

/// Steers a run by the wishes of its study's file.
pub(crate) struct Mailed<'a> {
    book: Option<&'a Book>,
    trial: u64,
    /// Those that are to be done again.
    replayed: VecDeque<WishRow>,
    interrupt: &'a Interrupt,
    /// Those that no snapshot holds yet.
    taken: Vec<u64>,
    is_pausing: bool,
    failure: Option<LabError>,
}

impl<'a> Mailed<'a> {
    /// For a run with so many updates behind it.
    pub(super) fn new(book: Option<&'a Book>, trial: u64, from: u64, interrupt: &'a Interrupt) -> Self {
        let replayed = book.map_or_else(VecDeque::new, |book| book.inbox.replayed(trial, from).into());
        Mailed { book, trial, replayed, interrupt, taken: Vec::new(), is_pausing: false, failure: None }
    }

    /// The next wish of the file.
    pub(crate) fn next(&mut self, steps: u64) -> Option<Steer> {
        let book = self.book?;
        while let Some(wish) = self.replayed.pop_front_if(|wish| wish.step.is_some_and(|step| step <= steps)) {
            let steer = self.read(&wish);
            // Nobody waits again.
            self.is_pausing = false;
            if let Some(steer) = steer.filter(|steer| !matches!(steer, Steer::Pause | Steer::Continue)) {
                return Some(steer);
            }
        }
        match book.inbox.take(self.trial, steps, &book.reader, &book.writer) {
            Ok(wish) => wish.and_then(|wish| self.read(&wish)),
            Err(error) => {
                self.failure = Some(error);
                None
            }
        }
    }

    fn read(&mut self, wish: &WishRow) -> Option<Steer> {
        self.taken.push(wish.id);
        // One that is not understood was left by a newer program, and is passed over.
        let steer = serde_json::from_str(&wish.wish).ok();
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
