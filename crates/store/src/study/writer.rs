use std::fmt;
use std::path::PathBuf;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, SyncSender, channel, sync_channel};
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use super::error::StudyError;
use super::file::StudyFile;
use super::rows::Entry;
use crate::error::StoreError;

/// What is written is on the disk after this at the latest.
const DELAY: Duration = Duration::from_millis(500);
/// So many batches may wait before those who train must wait for the disk.
const WAITING: usize = 64;

/// While the disk is full it is tried so often whether there is room.
const RETRY: Duration = Duration::from_millis(250);

/// What somebody is told of a full disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Room {
    /// There is none, still: everything waits if the answer is that it shall.
    Lacks,
    /// There is some again, and everything goes on.
    Back,
}

/// Who is asked whether to wait for room.
type WhenFull = Box<dyn FnMut(Room) -> bool + Send>;

/// Writes to a study from a thread of its own, so that nobody who trains waits for the disk.
///
/// What comes within half a second is written in one transaction. While the disk is full everybody waits, if somebody
/// says so ([`StudyWriter::when_full`]). After another failure nothing further is written: the study stays as it was at
/// the last good one, and everybody who wants something written is told. When the writer is dropped, what is left is
/// written and the study closed.
pub struct StudyWriter {
    path: PathBuf,
    sender: Option<SyncSender<Message>>,
    thread: Option<JoinHandle<StudyFile>>,
    shared: Arc<Shared>,
}

impl fmt::Debug for StudyWriter {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("StudyWriter").field("path", &self.path).finish_non_exhaustive()
    }
}

/// What the writer and its thread share.
#[derive(Default)]
struct Shared {
    /// Why nothing is written any more.
    broken: Mutex<Option<StudyError>>,
    when_full: Mutex<Option<WhenFull>>,
}

impl Shared {
    /// Whether to wait for room; nobody who could be asked does not wait.
    fn waits(&self, room: Room) -> bool {
        self.when_full.lock().is_ok_and(|mut ask| ask.as_mut().is_some_and(|ask| ask(room)))
    }
}

#[derive(Debug)]
enum Message {
    /// Entries that belong together.
    Put(Vec<Entry>),
    /// Write now, then answer.
    Flush(Sender<()>),
}

impl StudyWriter {
    /// Takes a study over.
    pub fn start(study: StudyFile) -> StudyWriter {
        let (sender, messages) = sync_channel(WAITING);
        let shared = Arc::<Shared>::default();
        let path = study.reader().map(|reader| reader.path().to_owned()).unwrap_or_default();
        let tell = Arc::clone(&shared);
        let builder = thread::Builder::new().name("study".to_owned());
        // Without its thread nothing is written, and everybody is told.
        let thread = builder.spawn(move || serve(study, &messages, &tell)).ok();
        StudyWriter { path, sender: Some(sender), thread, shared }
    }

    /// Whom to ask, again and again, whether to wait while the disk is full; without anybody nothing waits, and a full
    /// disk is a failure. It is called on the writing thread.
    pub fn when_full(&self, ask: impl FnMut(Room) -> bool + Send + 'static) {
        if let Ok(mut when_full) = self.shared.when_full.lock() {
            *when_full = Some(Box::new(ask));
        }
    }

    /// Has entries written, all or none, within half a second.
    ///
    /// - **Errors:** that of an earlier write.
    pub fn put(&self, entries: Vec<Entry>) -> Result<(), StoreError> {
        let sent = self.sender.as_ref().and_then(|sender| sender.send(Message::Put(entries)).ok());
        sent.ok_or_else(|| self.failure())
    }

    /// Returns when all that was put is on the disk.
    ///
    /// - **Errors:** that of this write or of an earlier one.
    pub fn flush(&self) -> Result<(), StoreError> {
        let (done, wait) = channel();
        let sent = self.sender.as_ref().and_then(|sender| sender.send(Message::Flush(done)).ok());
        sent.and_then(|()| wait.recv().ok()).ok_or_else(|| self.failure())
    }

    fn failure(&self) -> StoreError {
        let source = match self.shared.broken.lock().as_deref() {
            Ok(Some(StudyError::DiskFull)) => StudyError::DiskFull,
            Ok(Some(error)) => StudyError::Broken { why: error.to_string() },
            Ok(None) | Err(_) => StudyError::Closed,
        };
        StoreError::Study { path: self.path.clone(), source }
    }

    /// Writes what is left and gives the study back.
    ///
    /// - **Errors:** as [`StudyWriter::flush`].
    pub fn close(mut self) -> Result<StudyFile, StoreError> {
        self.flush()?;
        self.sender = None;
        let study = self.thread.take().and_then(|thread| thread.join().ok());
        study.ok_or_else(|| self.failure())
    }
}

impl Drop for StudyWriter {
    fn drop(&mut self) {
        self.sender = None;
        if let Some(thread) = self.thread.take() {
            // A writer that panicked has said so already.
            let _ = thread.join();
        }
    }
}

/// Writes, as soon as there is room.
fn commit(study: &mut StudyFile, entries: &[Entry], seconds: f64, shared: &Shared) -> Result<(), StudyError> {
    let mut waited = false;
    loop {
        match study.commit(entries, seconds) {
            Err(error) if error.is_full_disk() && shared.waits(Room::Lacks) => waited = true,
            done => {
                if waited && done.is_ok() {
                    shared.waits(Room::Back);
                }
                return done;
            }
        }
        thread::sleep(RETRY);
    }
}

/// Writes until nobody can put any more, or a write fails.
fn serve(mut study: StudyFile, messages: &Receiver<Message>, shared: &Shared) -> StudyFile {
    let (start, before) = (Instant::now(), study.head().seconds);
    let mut waiting: Vec<Entry> = Vec::new();
    let mut due: Option<Instant> = None;
    loop {
        let message = match due {
            None => messages.recv().map_err(|_| RecvTimeoutError::Disconnected),
            Some(due) => messages.recv_timeout(due.saturating_duration_since(Instant::now())),
        };
        let (now, answer, ended) = match message {
            Ok(Message::Put(entries)) => {
                waiting.extend(entries);
                due = due.or_else(|| Some(Instant::now() + DELAY));
                (false, None, false)
            }
            Ok(Message::Flush(done)) => (true, Some(done), false),
            Err(RecvTimeoutError::Timeout) => (true, None, false),
            Err(RecvTimeoutError::Disconnected) => (true, None, true),
        };
        // Many small messages must not put the writing off.
        if (now || due.is_some_and(|due| Instant::now() >= due)) && !(ended && waiting.is_empty()) {
            if let Err(error) = commit(&mut study, &waiting, before + start.elapsed().as_secs_f64(), shared) {
                if let Ok(mut broken) = shared.broken.lock() {
                    *broken = Some(error);
                }
                return study;
            }
            (waiting, due) = (Vec::new(), None);
        }
        if let Some(done) = answer {
            let _ = done.send(());
        }
        if ended {
            return study;
        }
    }
}
