//! The pages of the gallery in a real browser: their pictures are pictures, and a phone is wide enough.

use std::path::Path;

use crate::browser;
use crate::tally::Count;

const CHECKS: [&str; 4] =
    ["all pictures are shown", "it has its sections", "it is no wider than a phone", "it is no wider than a desk"];

/// Looks at the pages in frames as wide as a phone and a desk.
pub fn look(browser: &str, folder: &Path) -> Count {
    ["index.html", "index.zh-CN.html"].into_iter().map(|file| one(browser, folder, file)).fold(Count::NONE, Count::plus)
}

fn one(browser: &str, folder: &Path, file: &str) -> Count {
    let page = super::folder().join(file);
    let frame = folder.join(format!("gallery-{file}"));
    let text = format!(
        "<!doctype html><meta charset=\"utf-8\">\
         <iframe id=\"phone\" style=\"width:375px;height:800px;border:0\" src=\"file://{0}\"></iframe>\
         <iframe id=\"desk\" style=\"width:1200px;height:900px;border:0\" src=\"file://{0}\"></iframe><script>{1}</script>",
        page.display(),
        include_str!("look.js")
    );
    if let Err(error) = std::fs::write(&frame, text) {
        eprintln!("{}: {error}", frame.display());
        return Count::one(false);
    }
    let answers = browser::answers(browser, &frame);
    let report = |(number, check): (usize, &&str)| {
        let answer = answers.get(number).map_or("no answer", String::as_str);
        let passed = answer == "yes";
        println!("{} gallery, {file}: {check} ({answer})", if passed { "ok    " } else { "FAILED" });
        Count::one(passed)
    };
    CHECKS.iter().enumerate().map(report).fold(Count::NONE, Count::plus)
}
