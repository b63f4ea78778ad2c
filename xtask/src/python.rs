//! The Python package: its wheel is built, put into an environment of its own, and its tests are run there.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::environment::{beside, prepare};
use crate::process::{succeeds, watch};
use crate::tally::Count;

/// Where the package is.
const PACKAGE: &str = "crates/py";
/// A wheel of more bytes is too large to be handed around.
const LARGEST: u64 = 10_000_000;

/// Builds, installs and tests.
pub fn run() -> Count {
    let Some(interpreter) = prepare("python", "crates/py/requirements.txt") else {
        return Count::one(false);
    };
    let Some(wheel) = wheel(&interpreter) else {
        return Count::one(false);
    };
    let install = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--force-reinstall", "--no-deps"];
    if !succeeds(Command::new(&interpreter).args(install).arg(&wheel)) {
        return Count::one(false);
    }
    let size = std::fs::metadata(&wheel).map_or(u64::MAX, |about| about.len());
    println!("{} the wheel has {size} bytes, {LARGEST} at most", if size <= LARGEST { "ok    " } else { "FAILED" });
    Count::one(size <= LARGEST)
        .plus(pytest(&interpreter, &["tests"]))
        .plus(pytest(&interpreter, &["--doctest-modules", "--pyargs", "caviar"]))
}

/// Builds the wheel with the profile of the tests, whose parts are there already; the newest one.
fn wheel(interpreter: &Path) -> Option<PathBuf> {
    let out = crate::root().join("target/wheels");
    let _ = std::fs::remove_dir_all(&out);
    let mut maturin = Command::new(beside(interpreter, "maturin"));
    maturin.args(["build", "--quiet", "--profile", "dev", "--out"]).arg(&out).arg("--interpreter").arg(interpreter);
    if !succeeds(maturin.current_dir(crate::root().join(PACKAGE))) {
        return None;
    }
    let mut wheels = std::fs::read_dir(&out).ok()?.filter_map(|entry| Some(entry.ok()?.path()));
    wheels.find(|path| path.extension().is_some_and(|extension| extension == "whl"))
}

fn pytest(interpreter: &Path, what: &[&str]) -> Count {
    let mut command = Command::new(interpreter);
    command.args(["-m", "pytest", "--quiet", "-p", "no:cacheprovider"]).args(what);
    let mut count = Count::NONE;
    let passed = watch(command.current_dir(crate::root().join(PACKAGE)), |line| {
        count = summary(line).unwrap_or(count);
        true
    });
    // What cannot be collected has no failed tests.
    if !passed && count.failed == 0 { count.plus(Count::one(false)) } else { count }
}

/// Reads `2 failed, 119 passed, 2 skipped, 1 error in 3.86s`.
fn summary(line: &str) -> Option<Count> {
    let (facts, _) = line.trim_matches(['=', ' ']).rsplit_once(" in ")?;
    let fact = |word: &str| -> Option<usize> {
        facts.split(", ").find_map(|part| part.strip_suffix(word)?.trim().parse().ok())
    };
    let failed = [" failed", " error", " errors"].into_iter().filter_map(fact).sum();
    fact(" passed").or((failed > 0).then_some(0)).map(|passed| Count { passed, failed })
}

#[cfg(test)]
mod tests {
    use super::summary;
    use crate::tally::Count;

    #[test]
    fn the_last_line_is_read_and_others_are_not() {
        let read = summary("2 failed, 119 passed, 2 skipped, 1 error in 3.86s");
        assert_eq!(read, Some(Count { passed: 119, failed: 3 }));
        assert_eq!(summary("307 passed, 2 xfailed in 12.44s (0:00:12)"), Some(Count { passed: 307, failed: 0 }));
        assert_eq!(summary("....... [ 48%]"), None);
        assert_eq!(summary("an error in the middle"), None);
    }
}
