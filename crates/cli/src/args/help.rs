//! Help that fits a screen: flags that belong together stand in one line.

use clap::Command;

const TRAIN: &str = concat!(include_str!("help/train.txt"), include_str!("help/shared.txt"));
const TUNE: &str = concat!(include_str!("help/tune.txt"), include_str!("help/shared.txt"));
const BATCH_SIZE: &str = include_str!("help/batch_size.txt");

/// Letters of a line.
const WIDTH: usize = 100;

/// The program with its short help; a flag that the texts do not name is told at their end.
pub fn compact(program: Command) -> Command {
    let with = |text: &'static str| {
        move |command: Command| {
            let whole = complete(text, &command);
            command.override_help(whole)
        }
    };
    let program = program.mut_subcommand("train", with(TRAIN)).mut_subcommand("tune", with(TUNE));
    program.mut_subcommand("batch-size", |command| command.override_help(BATCH_SIZE))
}

fn complete(text: &str, command: &Command) -> String {
    let mut whole = text.to_owned();
    for argument in command.get_arguments().filter(|argument| !argument.is_hide_set()) {
        let Some(name) = argument.get_long().filter(|name| !names(text, name)) else { continue };
        let value = argument.get_value_names().filter(|_| argument.get_action().takes_values());
        let value = value.and_then(|names| names.first()).map_or_else(String::new, |name| format!(" {name}"));
        let what = argument.get_help().map(ToString::to_string).unwrap_or_default();
        let what: String = what.lines().next().unwrap_or_default().chars().take(WIDTH - 34).collect();
        whole += &format!("  {:<30}  {what}\n", format!("--{name}{value}"));
    }
    whole
}

/// Whether a text has a flag, and not only a longer one.
fn names(text: &str, flag: &str) -> bool {
    let flag = format!("--{flag}");
    text.match_indices(&flag).any(|(at, _)| {
        !text[at + flag.len()..].starts_with(|letter: char| letter.is_ascii_alphanumeric() || letter == '-')
    })
}
