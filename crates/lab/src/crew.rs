//! The crew: threads that take one job after the other.

use std::panic::resume_unwind;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Sender, channel};
use std::thread;

use crate::board::{Board, Event, Flow};
use crate::error::LabError;
use crate::options::Workers;

/// Does all jobs that `next` gives, one a thread, in the order in which they are given.
///
/// When there are no more jobs, the threads that have none work for those that are left, which ask for their share by
/// [`Teller::threads`].
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
    work: impl Fn(J, &Teller<'_>) -> Result<R, LabError> + Sync,
) -> Result<Vec<R>, LabError> {
    let next = Mutex::new(next);
    let all = workers.threads.max(1);
    let busy = AtomicUsize::new(all);
    let (sender, events) = channel();
    thread::scope(|scope| {
        let mut threads = Vec::new();
        for worker in 0..all {
            let teller = Teller { sender: sender.clone(), worker, threads: Threads::Shared { all, busy: &busy } };
            let (next, work, busy) = (&next, &work, &busy);
            threads.push(scope.spawn(move || {
                let mut results = Vec::new();
                // A poisoned lock means that another worker has panicked: there is nothing more to do.
                while let Some(job) = next.lock().ok().and_then(|mut next| next()) {
                    results.push(work(job, &teller)?);
                }
                busy.fetch_sub(1, Ordering::Relaxed);
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

/// Over how many threads the kernels of a run are spread; nothing that is computed depends on it.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Threads<'a> {
    /// So many all the time.
    Fixed(usize),
    /// As many of a crew's as there are for each job at work.
    Shared {
        /// The threads of the crew.
        all: usize,
        /// How many of them have a job.
        busy: &'a AtomicUsize,
    },
}

impl Threads<'_> {
    /// How many there are at the moment.
    pub(crate) fn now(self) -> usize {
        match self {
            Threads::Fixed(threads) => threads.max(1),
            Threads::Shared { all, busy } => all / busy.load(Ordering::Relaxed).clamp(1, all),
        }
    }
}

/// Takes what a worker has to tell to the board.
pub(crate) struct Teller<'a> {
    /// Which thread it is, from 0; nothing that is computed may depend on it.
    pub(crate) worker: usize,
    /// The threads that it may use.
    pub(crate) threads: Threads<'a>,
    sender: Sender<Event>,
}

impl Teller<'_> {
    /// Tells; a board that has gone away is told nothing.
    pub(crate) fn tell(&self, event: Event) {
        let _ = self.sender.send(event);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::{Receiver, channel};
    use std::sync::{Mutex, PoisonError};

    use super::crew;
    use crate::board::Quiet;
    use crate::options::Workers;

    #[test]
    fn those_who_have_nothing_to_do_work_for_those_who_have() {
        let (end, ended) = channel::<()>();
        let wait = |ended: &Mutex<Receiver<()>>| ended.lock().unwrap_or_else(PoisonError::into_inner).recv().is_ok();
        let ended = Mutex::new(ended);
        let mut jobs = 0..2;
        // The second job is the shorter one; the first one waits until it has all threads.
        let work = |job: u32, teller: &super::Teller<'_>| {
            match job {
                0 => {
                    let _ = wait(&ended);
                    while teller.threads.now() < 5 {
                        std::thread::yield_now();
                    }
                }
                _ => {
                    while teller.threads.now() < 2 {
                        std::thread::yield_now();
                    }
                    let _ = end.send(());
                }
            }
            Ok(teller.threads.now())
        };
        let mut shares = crew(&Workers::new(5), &mut Quiet, || jobs.next(), work).unwrap();
        shares.sort_unstable();
        assert_eq!(shares, [2, 5]);
    }
}
