//! Every example of the workspace, run from the root of the repository.

use std::process::Command;

use crate::process::{cargo, succeeds, watch};
use crate::tally::Count;

/// Builds and runs all examples, with the profile of the tests: they are built already.
pub fn run() -> Count {
    let mut programs = Vec::new();
    let mut build = cargo(&["build", "--workspace", "--examples", "--message-format=json-render-diagnostics"]);
    let built = watch(&mut build, |line| {
        programs.extend(example_program(line));
        false
    });
    if !built {
        return Count::one(false);
    }
    programs.sort();
    if programs.is_empty() {
        println!("there is no example");
    }
    // What is there afterwards was drawn now.
    let _ = std::fs::remove_dir_all(crate::root().join("target/pictures"));
    let run_one = |program: &String| Count::one(succeeds(Command::new(program).current_dir(crate::root())));
    programs.iter().map(run_one).fold(Count::NONE, Count::plus)
}

/// The program that a line of cargo's messages speaks of, if it is an example.
fn example_program(line: &str) -> Option<String> {
    if !line.contains(r#""kind":["example"]"#) {
        return None;
    }
    let (_, rest) = line.split_once(r#""executable":""#)?;
    let (path, _) = rest.split_once('"')?;
    Some(path.replace(r"\\", r"\"))
}

#[cfg(test)]
mod tests {
    use super::example_program;

    #[test]
    fn only_examples_are_taken_from_the_messages() {
        let example = r#"{"reason":"compiler-artifact","target":{"kind":["example"],"name":"a"},"executable":"/t/a"}"#;
        let binary = r#"{"reason":"compiler-artifact","target":{"kind":["bin"],"name":"b"},"executable":"/t/b"}"#;
        let checked = r#"{"reason":"compiler-artifact","target":{"kind":["example"],"name":"a"},"executable":null}"#;
        assert_eq!(example_program(example).as_deref(), Some("/t/a"));
        assert_eq!(example_program(binary), None);
        assert_eq!(example_program(checked), None);
    }
}
