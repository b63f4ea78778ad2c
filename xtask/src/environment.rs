//! Environments of Python in `target/`, each with what a file of requirements names.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::process::succeeds;

/// Creates `target/NAME` where it is not there yet, and installs what is missing in it; its interpreter where that
/// succeeded.
pub fn prepare(name: &str, requirements: &str) -> Option<PathBuf> {
    let folder = format!("target/{name}");
    let interpreter = interpreter(&folder);
    let created = interpreter.exists()
        || succeeds(Command::new("python3").args(["-m", "venv", &folder]).current_dir(crate::root()));
    let install = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--requirement", requirements];
    let ready = created && succeeds(Command::new(&interpreter).args(install).current_dir(crate::root()));
    ready.then_some(interpreter)
}

fn interpreter(folder: &str) -> PathBuf {
    let folder = crate::root().join(folder);
    if cfg!(windows) { folder.join("Scripts/python.exe") } else { folder.join("bin/python") }
}

/// A program that was installed beside an interpreter.
pub fn beside(interpreter: &Path, program: &str) -> PathBuf {
    let name = if cfg!(windows) { format!("{program}.exe") } else { program.to_owned() };
    interpreter.parent().map_or_else(|| PathBuf::from(&name), |folder| folder.join(&name))
}
