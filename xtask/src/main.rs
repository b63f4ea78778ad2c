//! The project's chores: `cargo xtask test`, `cargo xtask gallery` and others.

mod browser;
mod checks;
mod environment;
mod examples;
mod fixtures;
mod gallery;
mod instructions;
mod optuna;
mod process;
mod python;
mod smoke;
mod speed;
mod tally;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

const USAGE: &str = "\
usage: cargo xtask COMMAND

  test [--quick] [--fail-fast]   format, lints, all tests, all examples, the program from a table to a model, its page
                                 in a browser (Chromium is installed where it is missing and that is possible), and the
                                 Python package
                                 --quick leaves out the examples, the release build, the browser and Python
                                 --fail-fast stops at the first part that fails
  python                         the Python package alone: its wheel is built, installed in target/python and tested
  optuna                         a study, read and gone on with by Optuna and its dashboard, alone
  instructions                   the instructions of training steps alone, counted by valgrind
  page                           the page of two runs in a browser, alone; pictures of it in target/report-check/
  bench                          speed beside PyTorch, JAX and scikit-learn (installed in target/bench), by width and by technique,
                                 into docs/benchmarks.md; an hour on an idle machine
  bench search DIR [--seeds N] [--all | --only WORD] [--fold]
                                 how good a search is, by the LCBench surrogate (the folder lcbench of YAHPO, with weights.json,
                                 weights.f32 and reference.json); --all measures other methods beside it, --fold moves
                                 optima off the walls of the space
  gallery                        the examples, and from their pictures the page about all techniques, docs/gallery/
  fixtures [--python PATH]       make the fixtures and example tables anew with Python and compare with the committed
                                 ones; --python takes an interpreter that has fixtures/requirements.txt installed";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let outcome = match words.as_slice() {
        ["test", options @ ..] => test_options(options).map(checks::run),
        ["python"] => Ok(python::run().failed == 0),
        ["optuna"] => Ok(optuna::run().failed == 0),
        ["instructions"] => Ok(instructions::run().failed == 0),
        ["page"] => Ok(browser::run(true).failed == 0),
        ["bench"] => Ok(speed::run()),
        ["bench", "search", options @ ..] => {
            let run = ["run", "--quiet", "--release", "-p", "search-bench", "--"];
            Ok(process::succeeds(&mut process::cargo(&[&run[..], options].concat())))
        }
        ["gallery"] => Ok(gallery::make()),
        ["fixtures"] => Ok(fixtures::run(None)),
        ["fixtures", "--python", path] => Ok(fixtures::run(Some(Path::new(path)))),
        ["help" | "--help" | "-h"] => {
            println!("{USAGE}");
            return ExitCode::SUCCESS;
        }
        [] => Err("a command is missing".to_owned()),
        [word, ..] => Err(format!("`{word}` is not understood here")),
    };
    match outcome {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(message) => {
            eprintln!("xtask: {message}\n\n{USAGE}");
            ExitCode::from(2)
        }
    }
}

fn test_options(words: &[&str]) -> Result<checks::Options, String> {
    let mut options = checks::Options::default();
    for word in words {
        match *word {
            "--quick" => options.quick = true,
            "--fail-fast" => options.fail_fast = true,
            _ => return Err(format!("`{word}` is not an option of test")),
        }
    }
    Ok(options)
}

/// The root of the repository.
fn root() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.parent().unwrap_or(here).to_owned()
}
