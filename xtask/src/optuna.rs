//! Optuna: the real one reads a study of ours, and goes on with it.

use std::process::Command;

use crate::environment::prepare;
use crate::process::{cargo, succeeds, watch};
use crate::tally::Count;

/// Makes a study with the program as people have it, which the other parts have built, and has it read.
pub fn run() -> Count {
    let Some(interpreter) = prepare("optuna", "bench/optuna.txt") else { return Count::one(false) };
    if !succeeds(&mut cargo(&["build", "--quiet", "--release", "-p", "caviar-cli"])) {
        return Count::one(false);
    }
    let program = crate::root().join("target/release").join(format!("caviar{}", std::env::consts::EXE_SUFFIX));
    let mut check = Command::new(interpreter);
    check.arg("bench/check_optuna.py").arg(program).args([
        "examples/data/breast_cancer.csv",
        "diagnosis",
        "--dashboard",
    ]);
    let mut count = Count::NONE;
    let passed = watch(check.current_dir(crate::root()), |line| {
        count = count.plus(match line.split_whitespace().next() {
            Some("ok") => Count::one(true),
            Some("FAILED") => Count::one(false),
            Some(_) | None => Count::NONE,
        });
        true
    });
    // What ends before its first line has checked nothing.
    if !passed && count.failed == 0 { count.plus(Count::one(false)) } else { count }
}
