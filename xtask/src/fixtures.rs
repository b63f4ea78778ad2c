//! `cargo xtask fixtures`: the committed numbers are made anew by their scripts and compared.

use std::path::{Path, PathBuf};
use std::process::Command;

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
    let interpreter = python.map_or_else(own_interpreter, Path::to_owned);
    if python.is_none() {
        tally.part("environment", || Count::one(prepare(&interpreter)));
    }
    for script in SCRIPTS {
        tally.part(script, || {
            Count::one(succeeds(Command::new(&interpreter).args([script, "--check"]).current_dir(crate::root())))
        });
    }
    tally.finish()
}

fn own_interpreter() -> PathBuf {
    let folder = crate::root().join("target/venv");
    if cfg!(windows) { folder.join("Scripts/python.exe") } else { folder.join("bin/python") }
}

/// Creates the environment, and installs what is missing in it.
fn prepare(interpreter: &Path) -> bool {
    let created = interpreter.exists()
        || succeeds(Command::new("python3").args(["-m", "venv", "target/venv"]).current_dir(crate::root()));
    let install = ["-m", "pip", "install", "--quiet", "--requirement", "fixtures/requirements.txt"];
    created && succeeds(Command::new(interpreter).args(install).current_dir(crate::root()))
}
