//! Wishes that reach a running study through its file.
//!
//! A wish is written down with the step at which it is done before it is done. Who goes on after a kill does it again at
//! that step, unless it goes on from a snapshot that holds it.

use std::collections::{BTreeMap, VecDeque};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use caviar_store::study::{CommandRow, Entry, StudyReader, StudyWriter, WishRow};

use super::Book;
use super::deed::{Deed, deeds, in_force};
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
    /// Wishes that no trial has taken up; each looks for its own.
    waiting: AtomicU64,
    known: Mutex<Vec<WishRow>>,
    /// All that was taken up, whoever asked, by trial.
    deeds: Mutex<BTreeMap<u64, Vec<Deed>>>,
}

impl Inbox {
    pub(super) fn new(known: Vec<WishRow>, commands: &[CommandRow]) -> Self {
        let (waiting, deeds) = (AtomicU64::new(waiting(&known)), Mutex::new(deeds(commands, &known)));
        Inbox { start: Instant::now(), due: AtomicU64::new(0), waiting, known: Mutex::new(known), deeds }
    }

    /// What a run must do again: all that was asked where it begins anew, else the wishes that its snapshot does not hold.
    fn replayed(&self, trial: u64, anew: bool) -> Vec<Deed> {
        if anew {
            let deeds = self.deeds.lock().unwrap_or_else(PoisonError::into_inner);
            return deeds.get(&trial).cloned().unwrap_or_default();
        }
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        known.iter().filter(|wish| wish.trial == trial && !wish.done).filter_map(Deed::of).collect()
    }

    /// Remembers what was taken up.
    fn note(&self, trial: u64, deed: Deed) {
        self.deeds.lock().unwrap_or_else(PoisonError::into_inner).entry(trial).or_default().push(deed);
    }

    /// Whether a change is in force, apart from what was asked for last.
    fn has_changes(&self, trial: u64) -> bool {
        let deeds = self.replayed(trial, true);
        deeds.split_last().is_some_and(|(_, before)| in_force(before.iter()) > 0)
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
        self.replayed(trial, false).iter().any(|deed| deed.steer == Steer::Undo)
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
pub(super) fn steer_of(wish: &WishRow) -> Option<Steer> {
    serde_json::from_str(&wish.wish).ok()
}

/// Steers a run by the wishes of its study's file.
pub(crate) struct Mailed<'a> {
    book: Option<&'a Book>,
    trial: u64,
    /// What is to be done again.
    replayed: VecDeque<Deed>,
    /// Whether the run goes on from where it was left.
    goes_on: bool,
    interrupt: &'a Interrupt,
    /// The wish that was asked for last, if the file has it.
    last: Option<u64>,
    /// Those that no snapshot holds yet.
    taken: Vec<u64>,
    is_pausing: bool,
    failure: Option<LabError>,
}

impl<'a> Mailed<'a> {
    /// For a run that goes on from where it was left, or that begins.
    pub(super) fn new(book: Option<&'a Book>, trial: u64, goes_on: bool, interrupt: &'a Interrupt) -> Self {
        let replayed = book.map_or_else(VecDeque::new, |book| book.inbox.replayed(trial, !goes_on).into());
        let (taken, last) = (Vec::new(), None);
        Mailed { book, trial, replayed, goes_on, interrupt, last, taken, is_pausing: false, failure: None }
    }

    /// The number of the wish that was asked for just now.
    pub(super) fn last(&self) -> Option<u64> {
        self.last
    }

    /// Whether a change is in force that was made before this process took the run up, so that it is taken back by going
    /// there again.
    pub(crate) fn can_begin_anew(&self) -> bool {
        self.goes_on && self.book.is_some_and(|book| book.inbox.has_changes(self.trial))
    }

    /// Whether the run is on its way to where it was when it began anew: what is written of it is still further.
    pub(super) fn is_behind(&self) -> bool {
        !self.goes_on && !self.replayed.is_empty()
    }

    /// Somebody else has asked for something.
    pub(crate) fn note(&mut self, step: u64, steer: &Steer) {
        self.last = None;
        if let Some(book) = self.book {
            book.inbox.note(self.trial, Deed { step, steer: steer.clone(), wish: None });
        }
    }

    /// The next wish of the file.
    pub(crate) fn next(&mut self, steps: u64) -> Option<Steer> {
        let book = self.book?;
        self.last = None;
        while let Some(deed) = self.replayed.pop_front_if(|deed| deed.step <= steps) {
            self.taken.extend(deed.wish);
            self.last = deed.wish;
            // Nobody waits again.
            if !matches!(deed.steer, Steer::Pause | Steer::Continue) {
                return Some(deed.steer);
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
        let deed = Deed::of(wish);
        if let Some((book, deed)) = self.book.zip(deed.clone()) {
            book.inbox.note(self.trial, deed);
        }
        let steer = deed.map(|deed| deed.steer);
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
