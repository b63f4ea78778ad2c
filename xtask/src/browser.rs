//! The page about a run in a real browser: nothing goes wrong, nothing is asked of the network, it fits a phone, and its
//! buttons do what they say. Pictures of it stay in `target/report-check/`.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::gallery;
use crate::process::{succeeds, succeeds_silently, watch};
use crate::smoke::caviar;
use crate::tally::Count;

/// Runs whose pages are looked at: a name, and what the program is told.
const RUNS: [(&str, &str); 2] = [
    ("classes", "tune examples/data/breast_cancer.csv --target diagnosis --trials 12 --epochs 15"),
    ("numbers", "train examples/data/diabetes.csv --target progression --epochs 20 --boundary bmi,bp"),
];
/// What is asked of every page by the script in `browser.js`, in its order.
const CHECKS: [&str; 15] = [
    "no script fails",
    "nothing is asked of the network",
    "it has its sections",
    "it is no wider than a phone",
    "it is no wider than a desk",
    "no text of a picture is cut off on a phone",
    "no text of a picture is cut off on a desk",
    "a heading sorts the trials",
    "a curve tells of itself",
    "the curves can be zoomed, and put back",
    "light and dark differ",
    "a brush is taken",
    "the time line tells of its bars",
    "the command can be taken along",
    "a brush changes what is drawn, and can be taken back",
];
/// Browsers by name, and where they are on other systems.
const BROWSERS: [&str; 6] = [
    "chromium",
    "chromium-browser",
    "google-chrome",
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
    "/Applications/Chromium.app/Contents/MacOS/Chromium",
    r"C:\Program Files\Google\Chrome\Application\chrome.exe",
];

/// Makes the pages and looks at each.
pub fn run(release: bool) -> Count {
    let Some(browser) = browser() else {
        eprintln!("there is no Chromium or Chrome here, and none could be installed: the page is not checked");
        return Count::one(false);
    };
    let folder = crate::root().join("target/report-check");
    let _ = std::fs::remove_dir_all(&folder);
    if let Err(error) = std::fs::create_dir_all(&folder) {
        eprintln!("{}: {error}", folder.display());
        return Count::one(false);
    }
    let pages = RUNS.iter().map(|(name, words)| page(browser, &folder, name, words, release));
    pages.fold(gallery::look(browser, &folder), Count::plus)
}

/// A browser that is here, or comes from Debian's packages.
fn browser() -> Option<&'static str> {
    let here = || BROWSERS.into_iter().find(|name| succeeds_silently(Command::new(name).arg("--version")));
    here().or_else(|| {
        let apt =
            |words: &[&str]| succeeds(Command::new("apt-get").args(words).env("DEBIAN_FRONTEND", "noninteractive"));
        let installed = apt(&["update", "-q"]) && apt(&["install", "-qy", "--no-install-recommends", "chromium"]);
        installed.then(here).flatten()
    })
}

fn page(browser: &str, folder: &Path, name: &str, words: &str, release: bool) -> Count {
    let run = folder.join(name);
    let mut program = caviar(&crate::root(), release);
    program.args(words.split(' ')).arg("--out").arg(&run).args(["--quiet", "--json"]);
    let made = watch(&mut program, |_| false);
    let text = std::fs::read_to_string(run.join("report.html")).unwrap_or_default();
    println!("{} {name}: there is a page", if made && !text.is_empty() { "ok    " } else { "FAILED" });
    if !made || text.is_empty() {
        return Count::one(false);
    }
    let outcome = probe(browser, folder, name, &text);
    let one = |(number, check): (usize, &&str)| {
        let answer = outcome.get(number).map_or("no answer", String::as_str);
        let passed = answer == "yes";
        println!(
            "{} {name}: {check}{}",
            if passed { "ok    " } else { "FAILED" },
            if passed { String::new() } else { format!(" ({answer})") }
        );
        Count::one(passed)
    };
    let count = CHECKS.iter().enumerate().map(one).fold(Count::one(true), Count::plus);
    pictures(browser, folder, name, &run.join("report.html"));
    count
}

/// The answers of a page in frames as wide as a phone and a desk.
fn probe(browser: &str, folder: &Path, name: &str, text: &str) -> Vec<String> {
    // Errors are caught from the first script on, in a copy.
    let catch = "<script>window.failures=[];addEventListener('error',e=>failures.push(e.message));\
                 addEventListener('unhandledrejection',e=>failures.push(String(e.reason)));</script>";
    let copy = text.replacen("<head>", &format!("<head>{catch}"), 1);
    let frames = format!(
        "<!doctype html><meta charset=\"utf-8\"><iframe id=\"phone\" style=\"width:375px;height:800px;border:0\" src=\"{name}-copy.html\"></iframe>\
         <iframe id=\"desk\" style=\"width:1200px;height:900px;border:0\" src=\"{name}-copy.html\"></iframe><script>{}</script>",
        include_str!("browser.js")
    );
    let frame = folder.join(format!("{name}-frames.html"));
    let written =
        std::fs::write(folder.join(format!("{name}-copy.html")), copy).and_then(|()| std::fs::write(&frame, frames));
    if let Err(error) = written {
        eprintln!("{}: {error}", frame.display());
        return Vec::new();
    }
    answers(browser, &frame)
}

/// What the scripts of a page leave in its `answers`, parted by bars.
pub fn answers(browser: &str, page: &Path) -> Vec<String> {
    let mut found = Vec::new();
    let mut command = headless(browser);
    command.args(["--allow-file-access-from-files", "--virtual-time-budget=8000", "--dump-dom"]).arg(address(page));
    watch(&mut command, |line| {
        if let Some((_, rest)) = line.split_once("<pre id=\"answers\">") {
            let answers = rest.split("</pre>").next().unwrap_or_default();
            found = answers.split('|').map(str::to_owned).collect();
        }
        false
    });
    found
}

/// The page as it looks on a desk, in the dark, on a phone and on paper.
fn pictures(browser: &str, folder: &Path, name: &str, page: &Path) {
    let picture = |kind: &str, options: &[&str]| {
        let mut command = headless(browser);
        command.args(options).arg(format!("--screenshot={}", folder.join(format!("{name}-{kind}.png")).display()));
        succeeds_silently(command.arg(address(page)));
    };
    picture("light", &["--window-size=1100,5200"]);
    picture("dark", &["--window-size=1100,5200", "--blink-settings=preferredColorScheme=0"]);
    picture("phone", &["--window-size=500,5200"]);
    let mut paper = headless(browser);
    paper.arg(format!("--print-to-pdf={}", folder.join(format!("{name}.pdf")).display()));
    succeeds_silently(paper.arg("--no-pdf-header-footer").arg(address(page)));
}

fn headless(browser: &str) -> Command {
    let mut command = Command::new(browser);
    command.args(["--headless=new", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--no-first-run"]);
    command.stderr(std::process::Stdio::null());
    command
}

fn address(path: &Path) -> String {
    let path: PathBuf = path.canonicalize().unwrap_or_else(|_| path.to_owned());
    format!("file://{}", path.display())
}
