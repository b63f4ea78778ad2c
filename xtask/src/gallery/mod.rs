//! `cargo xtask gallery`: the page with all techniques and the pictures that the examples draw of them.
//!
//! The text is in `docs/gallery/sections.toml`, in both languages; the pictures come out of the examples. Both are checked
//! whenever the tests run: what is committed must be what is drawn.

mod look;
mod page;
mod text;

use std::collections::BTreeSet;
use std::path::PathBuf;

pub use look::look;

use crate::examples;
use crate::tally::Count;
use text::{Sections, Words};

/// The techniques of the course.
const ROWS: u32 = 20;
/// More than this nobody wants in a repository.
const MOST_BYTES: u64 = 1_500_000;

/// Runs the examples and writes pages and pictures; true when they are good.
pub fn make() -> bool {
    let drawn = examples::run();
    let written = read().and_then(|sections| {
        for picture in sections.pictures() {
            let name = format!("{}.svg", picture.file);
            std::fs::copy(drawn_folder().join(&name), folder().join(&name))
                .map_err(|error| format!("{name}: {error}"))?;
        }
        pages(&sections).into_iter().try_for_each(|(file, html)| {
            std::fs::write(folder().join(&file), html).map_err(|error| format!("{file}: {error}"))
        })
    });
    if let Err(problem) = written {
        eprintln!("{problem}");
        return false;
    }
    drawn.plus(check()).failed == 0
}

/// Whether pages and pictures are those that text and examples make now; the examples have just been run.
pub fn check() -> Count {
    let sections = match read() {
        Ok(sections) => sections,
        Err(problem) => {
            println!("FAILED {problem}");
            return Count::one(false);
        }
    };
    let checks = [
        ("each technique has a section", rows(&sections)),
        ("the lines of code stand in the examples", code(&sections)),
        ("the commands name columns that are there", columns(&sections)),
        ("all pictures are drawn, and all drawings shown", drawings(&sections)),
        ("the pictures are those that the examples draw", pictures(&sections)),
        ("the pages are made from the text", made(&sections)),
        ("the folder is small", size()),
        ("the README links to it", linked()),
        ("the READMEs of both languages have the same parts", translated()),
    ];
    let report = |(name, outcome): (&str, Result<(), String>)| {
        match &outcome {
            Ok(()) => println!("ok     {name}"),
            Err(problem) => println!("FAILED {name}: {problem}; `cargo xtask gallery` makes it anew"),
        }
        Count::one(outcome.is_ok())
    };
    checks.into_iter().map(report).fold(Count::NONE, Count::plus)
}

/// The folder of pages and pictures.
pub fn folder() -> PathBuf {
    crate::root().join("docs/gallery")
}

fn drawn_folder() -> PathBuf {
    crate::root().join("target/pictures")
}

fn read() -> Result<Sections, String> {
    let path = folder().join("sections.toml");
    let source = std::fs::read_to_string(&path).map_err(|error| format!("{}: {error}", path.display()))?;
    Sections::from_text(&source).map_err(|error| format!("{}: {error}", path.display()))
}

/// The pages by the names of their files.
fn pages(sections: &Sections) -> Vec<(String, String)> {
    let of = |words: &Words| (words.file.clone(), page::html(sections, words));
    vec![of(&sections.page.en), of(&sections.page.zh)]
}

fn rows(sections: &Sections) -> Result<(), String> {
    let found: Vec<u32> = sections.section.iter().map(|section| section.row).collect();
    let wanted: Vec<u32> = (1..=ROWS).collect();
    if found == wanted { Ok(()) } else { Err(format!("rows {found:?}")) }
}

fn code(sections: &Sections) -> Result<(), String> {
    for section in &sections.section {
        let path = crate::root().join("examples").join(&section.example).with_extension("rs");
        let source = std::fs::read_to_string(&path).map_err(|error| format!("{}: {error}", path.display()))?;
        let lines: BTreeSet<&str> = source.lines().map(str::trim).collect();
        if let Some(line) = section.code.trim().lines().find(|line| !lines.contains(line.trim())) {
            return Err(format!("{} has no line `{line}`", path.display()));
        }
    }
    Ok(())
}

/// Whether the tables of the commands have the columns that are to be predicted.
fn columns(sections: &Sections) -> Result<(), String> {
    for command in sections.section.iter().map(|section| &section.command) {
        let words: Vec<&str> = command.split(' ').collect();
        for pair in words.windows(3).filter(|pair| pair[0].starts_with("examples/") && pair[1] == "--target") {
            let table =
                std::fs::read_to_string(crate::root().join(pair[0])).map_err(|e| format!("{}: {e}", pair[0]))?;
            let mut names = table.lines().next().unwrap_or_default().split(',');
            if !names.any(|name| name == pair[2]) {
                return Err(format!("{} has no column `{}`", pair[0], pair[2]));
            }
        }
    }
    Ok(())
}

fn drawings(sections: &Sections) -> Result<(), String> {
    let listed = std::fs::read_dir(drawn_folder()).map_err(|error| error.to_string())?;
    let drawn: BTreeSet<String> =
        listed.flatten().map(|file| file.file_name().to_string_lossy().trim_end_matches(".svg").to_owned()).collect();
    let shown: BTreeSet<String> = sections.pictures().map(|picture| picture.file.clone()).collect();
    let differ: Vec<&String> = drawn.symmetric_difference(&shown).collect();
    if differ.is_empty() { Ok(()) } else { Err(format!("{differ:?}")) }
}

fn pictures(sections: &Sections) -> Result<(), String> {
    for picture in sections.pictures() {
        let name = format!("{}.svg", picture.file);
        let [kept, drawn] = [folder(), drawn_folder()].map(|folder| std::fs::read_to_string(folder.join(&name)));
        let (kept, drawn) = (kept.map_err(|e| format!("{name}: {e}"))?, drawn.map_err(|e| format!("{name}: {e}"))?);
        let whole = |svg: &str| svg.starts_with("<svg ") && svg.ends_with("</svg>\n") && !svg.contains("NaN");
        if !whole(&kept) || !whole(&drawn) {
            return Err(format!("{name} is no picture"));
        }
        if !picture.measured && kept != drawn {
            return Err(format!("{name} is drawn differently now"));
        }
    }
    Ok(())
}

fn made(sections: &Sections) -> Result<(), String> {
    let differs =
        |(file, html): &(String, String)| std::fs::read_to_string(folder().join(file)).ok().as_ref() != Some(html);
    match pages(sections).iter().find(|page| differs(page)) {
        Some((file, _)) => Err(format!("{file} differs")),
        None => Ok(()),
    }
}

fn size() -> Result<(), String> {
    let files = std::fs::read_dir(folder()).map_err(|error| error.to_string())?;
    let bytes: u64 = files.flatten().filter_map(|file| Some(file.metadata().ok()?.len())).sum();
    if bytes <= MOST_BYTES { Ok(()) } else { Err(format!("{bytes} bytes, at most {MOST_BYTES}")) }
}

/// What a translation must have in common: code, headings, tables, and what is linked outside the gallery.
fn parts(readme: &str) -> (Vec<String>, usize, usize, BTreeSet<String>) {
    let code = readme.split("```").skip(1).step_by(2).map(str::to_owned).collect();
    let prose: String = readme.split("```").step_by(2).collect();
    let lines = |sign: char| prose.lines().filter(|line| line.starts_with(sign)).count();
    let targets = prose.split("](").skip(1).filter_map(|rest| rest.split(')').next());
    let shared = |target: &&str| !target.starts_with("docs/gallery/") && !target.starts_with("README");
    (code, lines('#'), lines('|'), targets.filter(shared).map(str::to_owned).collect())
}

fn translated() -> Result<(), String> {
    let read =
        |name: &str| std::fs::read_to_string(crate::root().join(name)).map_err(|error| format!("{name}: {error}"));
    let (english, chinese) = (parts(&read("README.md")?), parts(&read("README.zh-CN.md")?));
    match (english.0 == chinese.0, english.1 == chinese.1, english.2 == chinese.2, english.3 == chinese.3) {
        (true, true, true, true) => Ok(()),
        (false, ..) => Err("the code differs".to_owned()),
        (_, false, ..) => Err("the headings differ in number".to_owned()),
        (_, _, false, _) => Err("the tables differ in length".to_owned()),
        (.., false) => Err("the links differ".to_owned()),
    }
}

fn linked() -> Result<(), String> {
    let readme = std::fs::read_to_string(crate::root().join("README.md")).map_err(|error| error.to_string())?;
    if readme.contains("(docs/gallery/index.html)") { Ok(()) } else { Err("there is no link".to_owned()) }
}

#[cfg(test)]
mod tests {
    use super::{parts, translated};

    #[test]
    fn the_readmes_have_the_same_parts_and_a_missing_one_is_seen() {
        assert_eq!(translated(), Ok(()));
        let readme = "# A\n[x](y.md)\n```\nrun\n```\n| a |\n";
        assert_eq!(parts(readme), parts(&readme.replace("# A", "# B").replace("[x]", "[z]")));
        assert_ne!(parts(readme), parts(&readme.replace("run", "go")));
        assert_ne!(parts(readme), parts(&readme.replace("y.md", "z.md")));
    }
}
