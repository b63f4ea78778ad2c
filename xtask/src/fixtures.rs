//! `cargo xtask fixtures`: the committed numbers are made anew by their scripts and compared.

use std::path::Path;
use std::process::Command;

use crate::environment::prepare;
use crate::process::succeeds;
use crate::tally::{Count, Tally};

const SCRIPTS: [&str; 7] = [
    "examples/data/export.py",
    "fixtures/arrays.py",
    "fixtures/metrics.py",
    "fixtures/moons.py",
    "fixtures/moons_init.py",
    "fixtures/sobol.py",
    "fixtures/traces.py",
];

/// Runs the check of every script, with the given interpreter or one in `target/venv`; true when all agree.
pub fn run(python: Option<&Path>) -> bool {
    let mut tally = Tally::new(true);
    let mut interpreter = python.map(Path::to_owned);
    if python.is_none() {
        tally.part("environment", || {
            interpreter = prepare("venv", "fixtures/requirements.txt");
            Count::one(interpreter.is_some())
        });
    }
    let interpreter = interpreter.unwrap_or_else(|| "python3".into());
    for script in SCRIPTS {
        tally.part(script, || {
            Count::one(succeeds(Command::new(&interpreter).args([script, "--check"]).current_dir(crate::root())))
        });
    }
    tally.finish()
}
