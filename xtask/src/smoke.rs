//! The first command of the README, shortened, in an empty folder: a table goes in, a model, a report and a score come out.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::process::{cargo, succeeds, watch};
use crate::tally::Count;

/// What any sensible model reaches on the untouched rows of the breast cancer table; the commoner class alone is 0.63.
const LEAST_ACCURACY: f64 = 0.85;

/// Tunes, checks what was left behind, and predicts with it.
pub fn run(release: bool) -> Count {
    let folder = std::env::temp_dir().join(format!("caviar-smoke-{}", std::process::id()));
    if let Err(error) = std::fs::create_dir_all(&folder) {
        eprintln!("{}: {error}", folder.display());
        return Count::one(false);
    }
    let count = table_to_model(&folder, release);
    if count.failed == 0 {
        // Left for a look when something failed.
        let _ = std::fs::remove_dir_all(&folder);
    } else {
        println!("what it left is in {}", folder.display());
    }
    count
}

fn table_to_model(folder: &Path, release: bool) -> Count {
    let table = crate::root().join("examples/data/breast_cancer.csv");
    let mut tune = caviar(folder, release);
    tune.arg("tune").arg(&table).args(["--target", "diagnosis", "--trials", "8", "--time", "20s", "--json", "--quiet"]);
    let mut last = String::new();
    let ended = watch(&mut tune, |line| {
        line.clone_into(&mut last);
        false
    });
    println!("{last}");
    let model = text_of(&last, "model").map(|path| folder.join(path));
    let report = text_of(&last, "report").map(|path| folder.join(path));
    let accuracy = test_accuracy(&last).unwrap_or(f64::NAN);
    let checks = [
        ("tune ends well", ended),
        ("its last line is the finished event", last.contains(r#""event":"finished""#)),
        ("the test accuracy is there and is good", accuracy >= LEAST_ACCURACY),
        ("the model is there", model.as_deref().is_some_and(|path| bytes_of(path) > 0)),
        ("the report is a whole page", report.as_deref().is_some_and(is_page)),
        ("the model predicts every row", model.is_some_and(|path| predicts(folder, release, &path, &table))),
    ];
    for (name, passed) in checks {
        println!("{} {name}", if passed { "ok    " } else { "FAILED" });
    }
    checks.iter().map(|(_, passed)| Count::one(*passed)).fold(Count::NONE, Count::plus)
}

/// The program, started as the README does, with `folder` to work in.
pub fn caviar(folder: &Path, release: bool) -> Command {
    let mut command = cargo(&["run", "--quiet"]);
    if release {
        command.arg("--release");
    }
    command.arg("--manifest-path").arg(crate::root().join("Cargo.toml")).arg("--").current_dir(folder);
    command
}

fn predicts(folder: &Path, release: bool, model: &Path, table: &Path) -> bool {
    let predictions = folder.join("predictions.csv");
    let mut predict = caviar(folder, release);
    predict.arg("predict").arg(model).arg(table).arg("-o").arg(&predictions);
    let lines = |path: &PathBuf| std::fs::read_to_string(path).map(|text| text.lines().count()).ok();
    succeeds(&mut predict) && lines(&predictions).is_some() && lines(&predictions) == lines(&table.to_owned())
}

fn bytes_of(path: &Path) -> u64 {
    std::fs::metadata(path).map_or(0, |facts| facts.len())
}

fn is_page(path: &Path) -> bool {
    let text = std::fs::read_to_string(path).unwrap_or_default().to_lowercase();
    text.trim_start().starts_with("<!doctype html") && text.contains("</html>")
}

/// The text under `key` in one line of JSON.
fn text_of(line: &str, key: &str) -> Option<String> {
    let (_, rest) = line.split_once(&format!(r#""{key}":""#))?;
    let (text, _) = rest.split_once('"')?;
    Some(text.replace(r"\\", r"\"))
}

/// `test.accuracy` of the finished event.
fn test_accuracy(line: &str) -> Option<f64> {
    let (_, rest) = line.split_once(r#""test":{"#)?;
    let (part, _) = rest.split_once('}')?;
    let (_, value) = part.split_once(r#""accuracy":"#)?;
    value.split(',').next()?.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::{test_accuracy, text_of};

    #[test]
    fn the_finished_event_is_read() {
        let line = r#"{"event":"finished","validation":{"accuracy":0.5},"test":{"loss":0.1,"accuracy":0.97},"model":"a/m.safetensors"}"#;
        assert_eq!(test_accuracy(line), Some(0.97));
        assert_eq!(text_of(line, "model").as_deref(), Some("a/m.safetensors"));
        assert_eq!(text_of(line, "report"), None);
    }
}
