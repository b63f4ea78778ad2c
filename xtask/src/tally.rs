//! What passed and what failed.

use std::time::Instant;

/// How one part ended: a part that is a single check counts as one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Count {
    /// Checks that passed.
    pub passed: usize,
    /// Checks that failed.
    pub failed: usize,
}

impl Count {
    /// No check at all.
    pub const NONE: Self = Self { passed: 0, failed: 0 };

    /// One check.
    pub fn one(passed: bool) -> Self {
        Self { passed: usize::from(passed), failed: usize::from(!passed) }
    }

    /// Both together.
    pub fn plus(self, other: Self) -> Self {
        Self { passed: self.passed + other.passed, failed: self.failed + other.failed }
    }
}

/// Runs parts in order, with a heading each, and sums them up.
pub struct Tally {
    fail_fast: bool,
    parts: Vec<(&'static str, Count, f64)>,
}

impl Tally {
    /// Nothing run yet.
    pub fn new(fail_fast: bool) -> Self {
        Self { fail_fast, parts: Vec::new() }
    }

    /// Runs one part, unless one failed before and the first failure ends it all.
    pub fn part(&mut self, name: &'static str, run: impl FnOnce() -> Count) {
        if self.fail_fast && self.total().failed > 0 {
            return;
        }
        println!("\n=== {name} ===");
        let start = Instant::now();
        let count = run();
        self.parts.push((name, count, start.elapsed().as_secs_f64()));
    }

    /// Prints a line per part and the sum; true when nothing failed.
    pub fn finish(self) -> bool {
        println!("\n=== summary ===");
        for (name, count, seconds) in &self.parts {
            let word = if count.failed == 0 { "ok" } else { "FAILED" };
            println!("{word:<6} {name}: {} passed, {} failed, {seconds:.1} s", count.passed, count.failed);
        }
        let total = self.total();
        println!("\n{} passed, {} failed", total.passed, total.failed);
        total.failed == 0
    }

    fn total(&self) -> Count {
        self.parts.iter().fold(Count::NONE, |sum, (_, count, _)| sum.plus(*count))
    }
}

#[cfg(test)]
mod tests {
    use super::{Count, Tally};

    #[test]
    fn the_first_failure_ends_it_only_when_asked() {
        for (fail_fast, expected) in [(false, 2), (true, 1)] {
            let mut tally = Tally::new(fail_fast);
            tally.part("red", || Count::one(false));
            tally.part("green", || Count::one(true));
            assert_eq!(tally.parts.len(), expected);
            assert!(!tally.finish());
        }
    }
}
