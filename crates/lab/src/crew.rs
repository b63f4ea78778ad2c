//! The crew: threads that take one job after the other.

use std::panic::resume_unwind;
use std::sync::Mutex;
use std::sync::mpsc::{Sender, channel};
use std::thread;

use crate::board::{Board, Event, Flow};
use crate::error::LabError;
use crate::options::Workers;

/// Does all jobs that `next` gives, each on one thread, in the order in which they are given.
///
/// What a worker tells goes to the board on the calling thread. Results come in no particular order; where their order
/// matters, a job carries its number. Nothing that a job computes may depend on the thread or on other jobs.
///
/// # Errors
/// The first error of a job, in the order of the threads; the others still end their jobs.
pub(crate) fn crew<J: Send, R: Send>(
    workers: &Workers,
    board: &mut dyn Board,
    next: impl FnMut() -> Option<J> + Send,
    work: impl Fn(J, &Teller) -> Result<R, LabError> + Sync,
) -> Result<Vec<R>, LabError> {
    let next = Mutex::new(next);
    let (sender, events) = channel();
    thread::scope(|scope| {
        let mut threads = Vec::new();
        for worker in 0..workers.threads.max(1) {
            let teller = Teller { sender: sender.clone(), worker };
            let (next, work) = (&next, &work);
            threads.push(scope.spawn(move || {
                let mut results = Vec::new();
                // A poisoned lock means that another worker has panicked: there is nothing more to do.
                while let Some(job) = next.lock().ok().and_then(|mut next| next()) {
                    results.push(work(job, &teller)?);
                }
                Ok(results)
            }));
        }
        drop(sender);
        for event in events {
            if board.post(&event) == Flow::Stop {
                workers.interrupt.set();
            }
        }
        let mut results = Vec::new();
        let mut failure = None;
        for worker in threads {
            match worker.join() {
                Ok(Ok(mut done)) => results.append(&mut done),
                Ok(Err(error)) => failure = failure.or(Some(error)),
                Err(panic) => resume_unwind(panic),
            }
        }
        failure.map_or(Ok(results), Err)
    })
}

/// Takes what a worker has to tell to the board.
pub(crate) struct Teller {
    /// Which thread it is, from 0; nothing that is computed may depend on it.
    pub(crate) worker: usize,
    sender: Sender<Event>,
}

impl Teller {
    /// Tells; a board that has gone away is told nothing.
    pub(crate) fn tell(&self, event: Event) {
        let _ = self.sender.send(event);
    }
}
