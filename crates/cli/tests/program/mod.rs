//! The real program, run in a folder of its own.

#![allow(dead_code, reason = "each test file uses its own part")]

use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;
use tempfile::TempDir;

/// So long is waited for what must come; the machine may be busy with other things.
const PATIENCE: Duration = Duration::from_secs(120);

/// A folder with tables, and the program in it.
pub struct Place {
    folder: TempDir,
}

/// The program in the background. It does not outlive its owner: a test that fails leaves nothing that works on.
pub struct Running(Option<Child>);

/// What the program left behind.
pub struct Done {
    pub code: i32,
    pub stdout: String,
    pub stderr: String,
}

impl Place {
    /// An empty folder.
    pub fn new() -> Self {
        Place { folder: tempfile::tempdir().unwrap() }
    }

    /// A folder with the table `good.csv`: numbers `a` and `b`, a class `y` that is `u` where `a > b`, else `v`.
    pub fn with_table() -> Self {
        let place = Place::new();
        place.write("good.csv", &table(60, |_, a, b| format!("{a:.3},{b:.3},{}", if a > b { 'u' } else { 'v' })));
        place
    }

    /// A file in the folder.
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Writes a file.
    pub fn write(&self, name: &str, text: &str) {
        fs::write(self.path(name), text).unwrap();
    }

    /// Reads a file.
    pub fn read(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).unwrap()
    }

    /// Starts the program with words, parted by spaces.
    pub fn start(&self, words: &str) -> Running {
        let mut command = Command::new(env!("CARGO_BIN_EXE_caviar"));
        command.current_dir(self.folder.path()).args(words.split_whitespace());
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        Running(Some(command.spawn().unwrap()))
    }

    /// Starts the program, and waits until its study is there with its first trial.
    pub fn start_study(&self, words: &str, study: &str) -> Running {
        let mut running = self.start(words);
        let has_trial = || {
            let shown = self.run(&format!("show {study} --json"));
            shown.code == 0 && shown.lines()[0]["trials"].as_array().is_some_and(|trials| !trials.is_empty())
        };
        running.wait_for(&format!("a trial of {study}"), || self.path(study).exists() && has_trial());
        running
    }

    /// Runs the program with words, parted by spaces.
    pub fn run(&self, words: &str) -> Done {
        let mut command = Command::new(env!("CARGO_BIN_EXE_caviar"));
        command.current_dir(self.folder.path()).args(words.split_whitespace()).env_remove("RUST_BACKTRACE");
        let output = command.output().unwrap();
        Done {
            code: output.status.code().unwrap(),
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
        }
    }
}

impl Running {
    fn child(&mut self) -> &mut Child {
        self.0.as_mut().unwrap()
    }

    /// Its number in the system.
    pub fn id(&mut self) -> u32 {
        self.child().id()
    }

    /// Whether it has ended by itself.
    pub fn has_ended(&mut self) -> bool {
        self.child().try_wait().unwrap().is_some()
    }

    /// Waits for something that it brings about.
    pub fn wait_for(&mut self, what: &str, is_there: impl Fn() -> bool) {
        let start = Instant::now();
        while !is_there() {
            assert!(!self.has_ended() || is_there(), "it has ended without {what}");
            assert!(start.elapsed() < PATIENCE, "no {what}");
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    /// Waits for its end.
    pub fn output(mut self) -> Output {
        self.0.take().unwrap().wait_with_output().unwrap()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if let Some(child) = &mut self.0 {
            // It may have ended meanwhile.
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

impl Done {
    /// Fails unless the code is this one and the errors hold all these parts.
    pub fn expect(&self, code: i32, parts: &[&str]) {
        assert_eq!(self.code, code, "{}", self.stderr);
        for part in parts {
            assert!(self.stderr.contains(part), "no {part:?} in {:?}", self.stderr);
        }
        assert!(!self.stderr.contains("panicked") && !self.stderr.contains("made a mistake"), "{}", self.stderr);
    }

    /// The lines of standard output, each a JSON object.
    pub fn lines(&self) -> Vec<Value> {
        assert_eq!(self.code, 0, "{}", self.stderr);
        self.stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }
}

/// A table with the header `a,b,y` and a line for each row, of two numbers between 0 and 1.
pub fn table(rows: usize, line: impl Fn(usize, f64, f64) -> String) -> String {
    let mut text = String::from("a,b,y\n");
    for row in 0..rows {
        // Two steps that are irrational to each other fill the square evenly.
        let (a, b) = ((row as f64 * 0.618_034) % 1.0, (row as f64 * 0.754_878) % 1.0);
        let _ = writeln!(text, "{}", line(row, a, b));
    }
    text
}

/// One of the tables that come with the program.
pub fn example(name: &str) -> String {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/data").join(name).display().to_string()
}
