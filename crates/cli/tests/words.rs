//! Help, version, completions, and the speed of fixed works.

mod program;

use program::Place;

#[test]
fn every_command_explains_itself_beginning_with_examples() {
    let place = Place::new();
    for command in [
        "",
        "train",
        "tune",
        "resume",
        "show",
        "predict",
        "evaluate",
        "inspect",
        "ewma",
        "batch-size",
        "bench",
        "completions",
    ] {
        let done = place.run(&format!("{command} --help"));
        done.expect(0, &[]);
        assert!(
            done.stdout.starts_with(&format!("Examples:\n  caviar {command}").trim_end().to_owned()),
            "{}",
            done.stdout
        );
        assert_eq!(place.run(&format!("{command} -h")).stdout, done.stdout);
        let lines: Vec<&str> = done.stdout.lines().collect();
        assert!(lines.len() <= 48, "{command}: {} lines are more than a screen", lines.len());
        assert!(lines.iter().all(|line| line.chars().count() <= 100), "{command}: {}", done.stdout);
    }
}

#[test]
fn the_first_help_is_short() {
    let help = Place::new().run("--help").stdout;
    let begin = "\
Examples:
  caviar tune iris.csv --target species
  caviar predict caviar-out/iris-1/model.safetensors new.csv -o answers.csv

Finds the best feed-forward network for a table

Usage: caviar <COMMAND>

Commands:
  train        Train one network
";
    assert!(help.starts_with(begin) && help.lines().count() < 30, "{help}");
}

/// The settings of a run under the names of the flags are a list of flags that was made elsewhere.
#[test]
fn the_help_names_every_setting() {
    let place = Place::with_table();
    place
        .run("train good.csv --target y --epochs 1 --clip-norm 1 --clip-value 1 --patience 1 --out m --quiet")
        .expect(0, &[]);
    let settings = place.read("m/config.toml");
    for command in ["train", "tune"] {
        let help = place.run(&format!("{command} --help")).stdout;
        for setting in settings.lines().filter_map(|line| line.split_once(" = ")).map(|(name, _)| name) {
            let told = ["file", "header", "command", "version", "categories"].contains(&setting)
                || help.contains(&format!("--{setting}"));
            assert!(told, "no --{setting} in {help}");
        }
    }
}

#[test]
fn the_version_is_that_of_the_package() {
    assert_eq!(Place::new().run("--version").stdout, format!("caviar {}\n", env!("CARGO_PKG_VERSION")));
}

#[test]
fn shells_get_their_completions() {
    let place = Place::new();
    for (shell, part) in [("bash", "complete -F"), ("zsh", "#compdef caviar"), ("fish", "complete -c caviar")] {
        let done = place.run(&format!("completions {shell}"));
        done.expect(0, &[]);
        assert!(done.stdout.contains(part) && done.stdout.contains("learning-rate"), "{shell}");
    }
}

#[test]
fn a_work_is_measured_as_json() {
    let lines = Place::new().run("bench moons --epochs 20 --json --quiet").lines();
    let [result] = &lines[..] else { panic!("one line for one work") };
    assert_eq!((&result["work"], &result["threads"], &result["steps"]), (&"moons".into(), &1.into(), &100.into()));
    for figure in ["seconds", "us_per_step", "final_loss"] {
        assert!(result[figure].as_f64().is_some_and(|value| value > 0.0), "{figure}");
    }
    assert!(result.get("limit_us_per_step").is_some() && result.get("fraction_of_limit").is_some());
    Place::new().run("bench mons").expect(2, &["mons", "moons"]);
    Place::new().run("bench moons --rows 9").expect(2, &["--rows", "name a network"]);
    Place::new().run("bench moons --trials 9").expect(2, &["--trials", "name population"]);
    let lines = Place::new().run("bench population --trials 3 --epochs 2 --json --quiet").lines();
    assert_eq!(lines[0]["steps"], 132);
    Place::new().run("bench 7-").expect(2, &["`7-`", "784-256-128-10"]);
    let lines = Place::new().run("bench 6-9-3 --rows 64 --epochs 3 --batch-norm --precision f64 --json").lines();
    assert_eq!((&lines[0]["work"], &lines[0]["steps"]), (&"6-9-3".into(), &6.into()));
}
