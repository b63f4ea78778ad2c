//! How many instructions a training step takes, counted by valgrind: slower code is seen on the busiest machine.
//!
//! Valgrind knows AVX2 and no AVX-512, so that the counts are those of the kernels for AVX2. A count depends on the compiler; one that
//! rises with a new compiler is looked at, and then written down here.

use std::path::Path;
use std::process::Command;

use crate::process::{cargo, succeeds, succeeds_silently};
use crate::tally::Count;

/// A count may be so many times the one written down.
const ROOM: f64 = 1.05;

/// A network, how its rows are dealt, the epochs of two runs whose difference counts, and the instructions of a step.
struct Guarded {
    net: &'static str,
    rows: u64,
    batch: u64,
    epochs: [u64; 2],
    instructions: f64,
}

const GUARDED: [Guarded; 4] = [
    Guarded { net: "2-5-2-2", rows: 300, batch: 64, epochs: [10, 60], instructions: 14_003.0 },
    Guarded { net: "64-64-64-10", rows: 640, batch: 64, epochs: [2, 6], instructions: 557_354.0 },
    Guarded { net: "784-256-128-10", rows: 256, batch: 128, epochs: [1, 2], instructions: 21_438_560.0 },
    Guarded { net: "30-64-32-2", rows: 2000, batch: 1000, epochs: [1, 3], instructions: 4_020_042.0 },
];

/// Counts and compares; where there is no valgrind, or no AVX2, that is said.
pub fn run() -> Count {
    if !succeeds_silently(Command::new("valgrind").arg("--version")) {
        println!("valgrind is not installed: instructions are not counted");
        return Count::NONE;
    }
    if !has_avx2() {
        println!("this machine has no AVX2: instructions are not counted");
        return Count::NONE;
    }
    if !succeeds(&mut cargo(&["build", "--quiet", "--release", "--package", "caviar-engine", "--example", "steps"])) {
        return Count::one(false);
    }
    GUARDED.iter().map(|guarded| Count::one(guarded.holds())).fold(Count::NONE, Count::plus)
}

impl Guarded {
    fn holds(&self) -> bool {
        let [Some(few), Some(many)] = self.epochs.map(|epochs| self.count(epochs)) else {
            println!("FAILED {}: valgrind gave no count", self.net);
            return false;
        };
        let steps = (self.epochs[1] - self.epochs[0]) * self.rows.div_ceil(self.batch);
        let found = (many - few) as f64 / steps as f64;
        let holds = found <= self.instructions * ROOM;
        println!(
            "{} {}, batch {}: {found:.0} instructions a step, {:.0} are written down",
            if holds { "ok    " } else { "FAILED" },
            self.net,
            self.batch,
            self.instructions
        );
        holds
    }

    /// The instructions of a whole run of so many epochs.
    fn count(&self, epochs: u64) -> Option<u64> {
        let mut command = Command::new("valgrind");
        command.args(["--tool=callgrind", "--callgrind-out-file=/dev/null"]);
        command.arg(crate::root().join("target/release/examples/steps")).arg(self.net);
        command.args([self.rows, self.batch, epochs].map(|number| number.to_string()));
        let output = command.output().ok()?;
        collected(&String::from_utf8_lossy(&output.stderr))
    }
}

/// Reads `==123== Collected : 4567`.
fn collected(said: &str) -> Option<u64> {
    said.lines().find_map(|line| line.split_once("Collected :")?.1.trim().parse().ok())
}

fn has_avx2() -> bool {
    let about = std::fs::read_to_string(Path::new("/proc/cpuinfo")).unwrap_or_default();
    about.split_whitespace().any(|flag| flag == "avx2")
}

#[cfg(test)]
mod tests {
    use super::collected;

    #[test]
    fn the_count_is_read_from_what_valgrind_says() {
        assert_eq!(collected("==7== Events    : Ir\n==7== Collected : 20786\n"), Some(20_786));
        assert_eq!(collected("==7== Warning"), None);
    }
}
