//! Speed: all works beside the other libraries, by width, and what each technique costs; written into `docs/`.

use std::process::Command;

use crate::environment::prepare;
use crate::process::{cargo, succeeds};

/// The scripts that measure, in their order; the last ones need no other library.
const SCRIPTS: [&str; 3] = ["bench/compare.py", "bench/widths.py", "bench/costs.py"];

/// Builds the program, installs the other libraries in `target/bench`, measures, and writes tables and picture.
///
/// Takes an hour or so, most of it the other libraries' populations; the machine should have nothing else to do.
pub fn run() -> bool {
    if !succeeds(&mut cargo(&["build", "--release", "--package", "caviar-cli"])) {
        return false;
    }
    let Some(interpreter) = prepare("bench", "bench/requirements.txt") else { return false };
    let script = |path: &&str| succeeds(Command::new(&interpreter).args([path, "--write"]).current_dir(crate::root()));
    SCRIPTS.iter().all(script)
}
