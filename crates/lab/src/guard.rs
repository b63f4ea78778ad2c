//! A panic while a trial is trained is the failure of that trial; the others are trained.

use std::any::Any;
use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind};

thread_local! {
    static GUARDED: Cell<bool> = const { Cell::new(false) };
}

/// Whether a panic of this thread would be caught and told as the failure of a trial: a panic hook may then keep quiet.
pub fn is_guarded() -> bool {
    GUARDED.get()
}

/// Does something; in words where it panicked.
pub(crate) fn guarded<R>(work: impl FnOnce() -> R) -> Result<R, String> {
    GUARDED.set(true);
    // What was half done is dropped with the networks of the trial.
    let done = catch_unwind(AssertUnwindSafe(work));
    GUARDED.set(false);
    done.map_err(|panic| format!("the program made a mistake in it: {}", words(&*panic)))
}

fn words(panic: &(dyn Any + Send)) -> &str {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    text.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("no message")
}

#[cfg(test)]
pub(crate) mod tests {
    use super::{guarded, is_guarded};
    use std::collections::BTreeSet;
    use std::sync::Mutex;

    /// Trials that panic in tests, by their seeds.
    static PANICKING: Mutex<BTreeSet<u64>> = Mutex::new(BTreeSet::new());

    /// From here on the trial with this seed panics.
    pub(crate) fn make_panic(seed: u64) {
        PANICKING.lock().unwrap().insert(seed);
    }

    /// Where a trial would panic.
    pub(crate) fn provoke(seed: u64) {
        let panics = PANICKING.lock().unwrap().contains(&seed);
        assert!(!panics, "provoked in the trial of seed {seed}");
    }

    #[test]
    fn a_panic_becomes_words() {
        assert_eq!(guarded(|| 3), Ok(3));
        assert!(guarded(is_guarded).unwrap() && !is_guarded());
        let told: Result<(), String> = guarded(|| panic!("row {}", 7));
        assert!(told.unwrap_err().ends_with("row 7") && !is_guarded());
    }
}
