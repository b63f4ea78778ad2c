//! `cargo xtask test`: everything that must hold, in order.

use std::process::Command;

use crate::process::{cargo, succeeds, succeeds_silently, watch};
use crate::tally::{Count, Tally};
use crate::{browser, examples, gallery, instructions, optuna, python, smoke};

/// What `cargo xtask test` was asked for.
#[derive(Clone, Copy, Default)]
pub struct Options {
    /// Leave out the examples, the release build, the browser and Python.
    pub quick: bool,
    /// Stop at the first part that fails.
    pub fail_fast: bool,
}

/// Runs all parts; true when nothing failed.
pub fn run(options: Options) -> bool {
    let mut tally = Tally::new(options.fail_fast);
    tally.part("format", || {
        install("rustfmt", "fmt");
        Count::one(succeeds(&mut cargo(&["fmt", "--all", "--", "--check"])))
    });
    tally.part("lints", || {
        install("clippy", "clippy");
        Count::one(succeeds(&mut cargo(&["clippy", "--workspace", "--all-targets", "--", "-D", "warnings"])))
    });
    tally.part("tests", tests);
    if !options.quick {
        tally.part("examples", examples::run);
        tally.part("the gallery", gallery::check);
    }
    tally.part("from a table to a model", || smoke::run(!options.quick));
    if !options.quick {
        tally.part("instructions a step", instructions::run);
        tally.part("the page in a browser", || browser::run(true));
        tally.part("the Python package", python::run);
        tally.part("the study in Optuna", optuna::run);
    }
    tally.finish()
}

/// Adds a component of the toolchain that is not there yet.
fn install(component: &str, subcommand: &str) {
    if !succeeds_silently(&mut cargo(&[subcommand, "--version"])) {
        succeeds(Command::new("rustup").args(["component", "add", component]));
    }
}

/// Unit, property, integration and doc tests.
fn tests() -> Count {
    let mut count = Count::NONE;
    let passed = watch(&mut cargo(&["test", "--workspace", "--no-fail-fast"]), |line| {
        count = count.plus(test_result(line).unwrap_or(Count::NONE));
        true
    });
    // What does not compile has no failed tests.
    if !passed && count.failed == 0 { count.plus(Count::one(false)) } else { count }
}

/// Reads `test result: ok. 12 passed; 0 failed; 1 ignored; ...`.
fn test_result(line: &str) -> Option<Count> {
    let (_, facts) = line.strip_prefix("test result: ")?.split_once(". ")?;
    let fact = |word: &str| facts.split("; ").find_map(|part| part.strip_suffix(word)?.trim().parse().ok());
    Some(Count { passed: fact("passed")?, failed: fact("failed")? })
}

#[cfg(test)]
mod tests {
    use super::test_result;
    use crate::tally::Count;

    #[test]
    fn a_result_line_is_read_and_others_are_not() {
        let line = "test result: FAILED. 12 passed; 3 failed; 1 ignored; 0 measured; 0 filtered out; finished in 0.01s";
        assert_eq!(test_result(line), Some(Count { passed: 12, failed: 3 }));
        assert_eq!(test_result("test result is unknown"), None);
        assert_eq!(test_result("test sum ... ok"), None);
    }
}
