//! Starting other programs: shown, and with their output passed on while it is read.

use std::ffi::OsString;
use std::io::{BufRead, BufReader, Write};
use std::process::{Command, Stdio};

/// `cargo`, the one that runs this program, in the root of the repository.
pub fn cargo(arguments: &[&str]) -> Command {
    let program = std::env::var_os("CARGO").unwrap_or_else(|| OsString::from("cargo"));
    let mut command = Command::new(program);
    command.args(arguments).current_dir(crate::root());
    command
}

/// Runs a command; true when it succeeds.
pub fn succeeds(command: &mut Command) -> bool {
    show(command);
    match command.status() {
        Ok(status) => status.success(),
        Err(error) => cannot_start(command, &error),
    }
}

/// Runs a command without showing anything of it; true when it succeeds.
pub fn succeeds_silently(command: &mut Command) -> bool {
    let status = command.stdout(Stdio::null()).stderr(Stdio::null()).status();
    status.is_ok_and(|status| status.success())
}

/// Runs a command and hands each line of its stdout to `see`, which says whether to print it; true when it succeeds.
pub fn watch(command: &mut Command, mut see: impl FnMut(&str) -> bool) -> bool {
    show(command);
    let mut child = match command.stdout(Stdio::piped()).spawn() {
        Ok(child) => child,
        Err(error) => return cannot_start(command, &error),
    };
    if let Some(output) = child.stdout.take() {
        let mut reader = BufReader::new(output);
        let mut bytes = Vec::new();
        while reader.read_until(b'\n', &mut bytes).is_ok_and(|count| count > 0) {
            if see(String::from_utf8_lossy(&bytes).trim_end()) {
                // A closed terminal is no reason to stop testing.
                let _ = std::io::stdout().write_all(&bytes);
            }
            bytes.clear();
        }
    }
    child.wait().is_ok_and(|status| status.success())
}

fn show(command: &Command) {
    let program = std::path::Path::new(command.get_program()).file_name().unwrap_or_default();
    let words: Vec<_> = command.get_args().map(|word| word.to_string_lossy()).collect();
    println!("$ {} {}", program.to_string_lossy(), words.join(" "));
}

fn cannot_start(command: &Command, error: &std::io::Error) -> bool {
    eprintln!("{} does not start: {error}", command.get_program().to_string_lossy());
    false
}
