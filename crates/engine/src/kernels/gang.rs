//! A few threads that work on one kernel together.
//!
//! A training step is a chain of short kernels, so the workers wait for the next one by spinning, for some tens of
//! microseconds, before they sleep. Handing out work allocates nothing.

use std::any::Any;
use std::cell::UnsafeCell;
use std::fmt;
use std::hint::spin_loop;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};

/// Pauses before a waiting thread gives up its core: about 40 µs where a pause takes 140 cycles.
const PAUSES: u32 = 1000;
/// Pauses where there are more threads than cores: whoever spins keeps another from working.
const PAUSES_OVERSUBSCRIBED: u32 = 30;
/// How often a worker offers its core to others before it sleeps.
const YIELDS: u32 = 10;

/// What a worker is doing or is to do.
mod state {
    /// Nothing: it waits, awake.
    pub const IDLE: u32 = 0;
    /// Its share of the job waits for it.
    pub const WORK: u32 = 1;
    /// Nothing: it sleeps and must be woken.
    pub const ASLEEP: u32 = 2;
    /// The gang ends.
    pub const STOP: u32 = 3;
    /// Its share of the job, just now.
    pub const BUSY: u32 = 4;
}

/// The work of one [`Gang::run`], borrowed for as long as it lasts.
#[derive(Clone, Copy)]
struct Job {
    work: *const (dyn Fn(usize) + Sync),
    parts: usize,
}

/// One cache line (two, for the neighbor prefetch) per thing that several threads write.
#[repr(align(128))]
struct Line<T>(T);

struct Shared {
    states: Box<[Line<AtomicU32>]>,
    job: Line<UnsafeCell<Option<Job>>>,
    unfinished: Line<AtomicUsize>,
    taken: AtomicBool,
    panicked: AtomicBool,
    panic: Mutex<Option<Box<dyn Any + Send>>>,
    threads: usize,
    pauses: u32,
}

// SAFETY: `job` is written only by the thread that took the gang while no worker is at work (`taken`, `unfinished`),
// and read by a worker only between taking the work and counting itself as finished; both are ordered by these atomics.
unsafe impl Sync for Shared {}
// SAFETY: the pointer inside `job` is to a `Sync` closure, which any thread may call.
unsafe impl Send for Shared {}

/// The caller's thread and `threads - 1` workers that do the parts of one kernel at the same time.
///
/// Part `i` is done by thread `i % threads`, or by the caller where that thread is late. The parts must not depend on each
/// other; then no result depends on the number of threads.
pub struct Gang {
    shared: Option<Arc<Shared>>,
    workers: Vec<JoinHandle<()>>,
}

impl fmt::Debug for Gang {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Gang").field("threads", &self.threads()).finish()
    }
}

impl Gang {
    /// The caller alone: no threads, no overhead.
    pub fn alone() -> Self {
        Gang { shared: None, workers: Vec::new() }
    }

    /// A gang of `threads`, the caller included; fewer where the system refuses to start so many.
    pub fn new(threads: usize) -> Self {
        if threads <= 1 {
            return Self::alone();
        }
        let cores = thread::available_parallelism().map_or(1, |cores| cores.get());
        let shared = Arc::new(Shared {
            states: (1..threads).map(|_| Line(AtomicU32::new(state::IDLE))).collect(),
            job: Line(UnsafeCell::new(None)),
            unfinished: Line(AtomicUsize::new(0)),
            taken: AtomicBool::new(false),
            panicked: AtomicBool::new(false),
            panic: Mutex::new(None),
            threads,
            pauses: if threads > cores { PAUSES_OVERSUBSCRIBED } else { PAUSES },
        });
        let mut workers = Vec::with_capacity(threads - 1);
        for index in 0..threads - 1 {
            let shared = Arc::clone(&shared);
            let worker = thread::Builder::new().name(format!("gang-{}", index + 1));
            match worker.spawn(move || shared.serve(index)) {
                Ok(handle) => workers.push(handle),
                Err(_) => break,
            }
        }
        let started = workers.len() + 1;
        let gang = Gang { shared: Some(shared), workers };
        if started == threads { gang } else { Self::smaller(gang, started) }
    }

    /// Starts again with as many threads as could be started.
    fn smaller(gang: Gang, threads: usize) -> Self {
        drop(gang);
        Self::new(threads)
    }

    /// The number of threads, the caller included.
    #[inline]
    pub fn threads(&self) -> usize {
        self.workers.len() + 1
    }

    /// The length of the chunks of `len` elements, one chunk per thread, each a multiple of `multiple` (but the last).
    #[inline]
    pub fn chunk_len(&self, len: usize, multiple: usize) -> usize {
        len.div_ceil(self.threads()).next_multiple_of(multiple).max(multiple)
    }

    /// Calls `work` once for each part `0..parts` and returns when all have been done.
    ///
    /// Where the gang is already at work (called from within a part, or from a second thread) the caller does all
    /// parts itself. A panic in a part reaches the caller after the other threads have ended theirs.
    #[inline]
    pub fn run(&self, parts: usize, work: &(dyn Fn(usize) + Sync)) {
        match &self.shared {
            Some(shared) if parts > 1 && !shared.taken.swap(true, Ordering::Acquire) => {
                self.run_together(shared, parts, work);
            }
            _ => (0..parts).for_each(work),
        }
    }

    #[inline(never)]
    fn run_together(&self, shared: &Shared, parts: usize, work: &(dyn Fn(usize) + Sync)) {
        let called = (self.workers.len()).min(parts - 1);
        // SAFETY: only the lifetime is changed; this function does not return before every worker called has counted
        // itself as finished, after which none touches the job.
        let work_of_any_lifetime =
            unsafe { std::mem::transmute::<&(dyn Fn(usize) + Sync), &'static (dyn Fn(usize) + Sync)>(work) };
        // SAFETY: `taken` is ours and no worker is at work, so nobody else reads or writes the job.
        unsafe { *shared.job.0.get() = Some(Job { work: work_of_any_lifetime, parts }) };
        shared.unfinished.0.store(called, Ordering::Relaxed);
        for (state, worker) in shared.states.iter().zip(&self.workers).take(called) {
            if state.0.swap(state::WORK, Ordering::AcqRel) == state::ASLEEP {
                worker.thread().unpark();
            }
        }
        let own = catch_unwind(AssertUnwindSafe(|| {
            (0..parts).step_by(shared.threads).for_each(work);
            for (index, state) in shared.states.iter().enumerate().take(called) {
                // A worker that has not come (it is just waking up, or its core is busy) is not waited for.
                if state.0.compare_exchange(state::WORK, state::IDLE, Ordering::Acquire, Ordering::Relaxed).is_ok() {
                    shared.unfinished.0.fetch_sub(1, Ordering::Relaxed);
                    (index + 1..parts).step_by(shared.threads).for_each(work);
                }
            }
        }));
        let mut pauses = 0;
        while shared.unfinished.0.load(Ordering::Acquire) > 0 {
            if pauses < shared.pauses {
                pauses += 1;
                spin_loop();
            } else {
                thread::yield_now();
            }
        }
        let panicked = shared.panicked.swap(false, Ordering::Relaxed);
        let theirs = if panicked { shared.panic.lock().unwrap_or_else(PoisonError::into_inner).take() } else { None };
        shared.taken.store(false, Ordering::Release);
        if let Err(panic) = own {
            resume_unwind(panic);
        }
        if let Some(panic) = theirs {
            resume_unwind(panic);
        }
    }

    /// Cuts `out` into chunks of `chunk_len` elements (the last may be shorter) and calls `work(index, chunk)` for each.
    #[inline]
    pub fn for_chunks<T: Send>(&self, out: &mut [T], chunk_len: usize, work: impl Fn(usize, &mut [T]) + Sync) {
        self.for_chunks_of([out], chunk_len, |index, [out]| work(index, out));
    }

    /// Cuts several slices of one length at the same places and calls `work(index, chunks)` for each set.
    #[inline]
    pub fn for_chunks_of<T: Send, const N: usize>(
        &self,
        slices: [&mut [T]; N],
        chunk_len: usize,
        work: impl Fn(usize, [&mut [T]; N]) + Sync,
    ) {
        self.for_chunks_by(slices.map(|slice| (slice, chunk_len)), work);
    }

    /// Cuts each slice into chunks of a length of its own, as many of each slice, and calls `work(index, chunks)` for each
    /// set.
    #[inline]
    pub fn for_chunks_by<T: Send, const N: usize>(
        &self,
        slices: [(&mut [T], usize); N],
        work: impl Fn(usize, [&mut [T]; N]) + Sync,
    ) {
        assert!(slices.iter().all(|(_, chunk)| *chunk > 0), "a chunk holds at least one element");
        let parts = slices.first().map_or(0, |(slice, chunk)| slice.len().div_ceil(*chunk));
        let alike = slices.iter().all(|(slice, chunk)| slice.len().div_ceil(*chunk) == parts);
        assert!(alike, "slices of several lengths cannot be cut together");
        if parts <= 1 {
            if parts == 1 {
                work(0, slices.map(|(slice, _)| slice));
            }
            return;
        }
        let starts = Starts(slices.map(|(slice, chunk)| (slice.as_mut_ptr(), slice.len(), chunk)));
        self.run(parts, &|index| {
            // SAFETY: the slices are disjoint, each chunk ends inside its slice, and each index is handed out once, so no
            // two chunks share an element; the borrow of `slices` lasts until `run` has returned.
            let chunks = starts.get().map(|(start, len, chunk)| unsafe {
                let begin = index * chunk;
                std::slice::from_raw_parts_mut(start.add(begin), chunk.min(len - begin))
            });
            work(index, chunks);
        });
    }
}

impl Drop for Gang {
    fn drop(&mut self) {
        let Some(shared) = &self.shared else { return };
        for (state, worker) in shared.states.iter().zip(&self.workers) {
            state.0.store(state::STOP, Ordering::Release);
            worker.thread().unpark();
        }
        for worker in self.workers.drain(..) {
            // A worker catches the panics of its parts, so that there is nothing to report.
            let _ = worker.join();
        }
    }
}

/// The slices that the parts of a job cut up: start, length, length of a chunk.
struct Starts<T, const N: usize>([(*mut T, usize, usize); N]);

// SAFETY: the parts of a job reach disjoint elements through the pointers, and `T: Send` may be changed anywhere.
unsafe impl<T: Send, const N: usize> Sync for Starts<T, N> {}

impl<T, const N: usize> Starts<T, N> {
    fn get(&self) -> [(*mut T, usize, usize); N] {
        self.0
    }
}

impl Shared {
    /// The life of worker `index`, which is thread `index + 1` of the gang.
    fn serve(&self, index: usize) {
        let state = &self.states[index].0;
        while self.wait(state) {
            // SAFETY: the work was taken, so the caller has written the job and keeps it until we count as finished.
            let job = unsafe { *self.job.0.get() };
            if let Some(Job { work, parts }) = job {
                // SAFETY: the caller waits in `run_together`, which keeps the closure borrowed.
                let work = unsafe { &*work };
                let parts = (index + 1..parts).step_by(self.threads);
                if let Err(panic) = catch_unwind(AssertUnwindSafe(|| parts.for_each(work))) {
                    *self.panic.lock().unwrap_or_else(PoisonError::into_inner) = Some(panic);
                    self.panicked.store(true, Ordering::Relaxed);
                }
            }
            state.store(state::IDLE, Ordering::Relaxed);
            self.unfinished.0.fetch_sub(1, Ordering::Release);
        }
    }

    /// Waits for work; `false` when there will be no more.
    fn wait(&self, state: &AtomicU32) -> bool {
        let mut waited = 0;
        loop {
            match state.load(Ordering::Acquire) {
                state::WORK => {
                    if state.compare_exchange(state::WORK, state::BUSY, Ordering::Acquire, Ordering::Relaxed).is_ok() {
                        return true;
                    }
                }
                state::STOP => return false,
                _ if waited < self.pauses => {
                    waited += 1;
                    spin_loop();
                }
                _ if waited < self.pauses + YIELDS => {
                    waited += 1;
                    thread::yield_now();
                }
                _ => {
                    // Fails where work has just come; after a spurious return the state is ASLEEP already.
                    let _ = state.compare_exchange(state::IDLE, state::ASLEEP, Ordering::Relaxed, Ordering::Relaxed);
                    if state.load(Ordering::Relaxed) == state::ASLEEP {
                        thread::park();
                        // Whoever woke it may have done the work meanwhile, and will soon have more.
                        waited = 0;
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Gang;
    use std::panic::{AssertUnwindSafe, catch_unwind};
    use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

    #[test]
    fn every_part_is_done_once_whatever_the_threads() {
        for threads in [1, 2, 3, 7] {
            let gang = Gang::new(threads);
            assert_eq!(gang.threads(), threads);
            for parts in [0, 1, 2, 3, 6, 7, 8, 100] {
                let counts: Vec<AtomicUsize> = (0..parts).map(|_| AtomicUsize::new(0)).collect();
                gang.run(parts, &|part| {
                    counts[part].fetch_add(1, Ordering::Relaxed);
                });
                assert!(counts.iter().all(|count| count.load(Ordering::Relaxed) == 1));
            }
        }
    }

    #[test]
    fn thousands_of_short_jobs_lose_no_work_even_when_workers_fall_asleep() {
        for threads in [2, 7] {
            let gang = Gang::new(threads);
            let total = AtomicU64::new(0);
            for job in 0..3000_u64 {
                gang.run(threads, &|part| {
                    total.fetch_add(job + part as u64, Ordering::Relaxed);
                });
                if job % 500 == 0 {
                    std::thread::sleep(std::time::Duration::from_millis(2));
                }
            }
            let threads = threads as u64;
            assert_eq!(total.into_inner(), threads * (3000 * 2999 / 2) + 3000 * (threads * (threads - 1) / 2));
        }
    }

    #[test]
    fn a_panic_in_any_part_reaches_the_caller_and_the_gang_goes_on() {
        let gang = Gang::new(3);
        for bad in 0..3 {
            let panic = catch_unwind(AssertUnwindSafe(|| gang.run(3, &|part| assert!(part != bad, "part {part}"))));
            let message = panic.expect_err("the panic is re-raised");
            assert_eq!(message.downcast_ref::<String>(), Some(&format!("part {bad}")));
            let done = AtomicUsize::new(0);
            gang.run(5, &|_| {
                done.fetch_add(1, Ordering::Relaxed);
            });
            assert_eq!(done.into_inner(), 5);
        }
    }

    #[test]
    fn a_job_inside_a_job_is_done_by_the_thread_that_asks() {
        let gang = Gang::new(2);
        let done = AtomicUsize::new(0);
        gang.run(4, &|_| {
            gang.run(3, &|_| {
                done.fetch_add(1, Ordering::Relaxed);
            });
        });
        assert_eq!(done.into_inner(), 12);
    }

    #[test]
    fn chunks_cover_the_slices_once_and_in_place() {
        for gang in [Gang::alone(), Gang::new(3)] {
            for (len, chunk_len) in [(0, 4), (1, 4), (4, 4), (5, 4), (1003, 17)] {
                let mut first = vec![0_usize; len];
                let mut second = vec![0_usize; len];
                gang.for_chunks_of([&mut first, &mut second], chunk_len, |index, [first, second]| {
                    for (offset, (a, b)) in first.iter_mut().zip(second).enumerate() {
                        *a += index * chunk_len + offset + 1;
                        *b += 2 * (index * chunk_len + offset);
                    }
                });
                assert!(first.iter().enumerate().all(|(i, value)| *value == i + 1));
                assert!(second.iter().enumerate().all(|(i, value)| *value == 2 * i));
            }
        }
    }

    #[test]
    fn one_chunk_per_thread_is_a_multiple_of_the_granule() {
        let gang = Gang::new(3);
        assert_eq!(
            [gang.chunk_len(100, 16), gang.chunk_len(1, 16), gang.chunk_len(0, 16), gang.chunk_len(96, 16)],
            [48, 16, 16, 32]
        );
    }
}
