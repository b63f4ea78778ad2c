//! What is searched, and how.

mod program;

use std::path::Path;

use program::{Place, example};
use serde_json::Value;

fn space() -> String {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/space.toml").display().to_string()
}

fn trials(lines: &[Value]) -> Vec<&Value> {
    lines.iter().filter(|line| line["event"] == "trial").map(|line| &line["params"]).collect()
}

#[test]
fn the_example_of_a_space_is_searched_and_repeated_by_the_settings_alone() {
    let place = Place::with_table();
    let words = format!("tune good.csv --target y --space {} --trials 6 --epochs 3 --seed 2", space());
    let lines = place.run(&format!("{words} --json --quiet --out one")).lines();
    let params = trials(&lines);
    assert!(params.iter().all(|params| params["activation"] == "relu"));
    assert!(params.iter().any(|params| params["learning_rate"] == 0.003 && params["dropout"] == 0.0));
    assert!(params.iter().any(|params| params["learning_rate"] == 0.1 && params["beta"] == 0.9));
    // The settings hold the space itself.
    place.run("tune --config one/config.toml --quiet --out two").expect(0, &[]);
    let model = |run: &str| std::fs::read(place.path(&format!("{run}/model.safetensors"))).unwrap();
    assert!(model("one") == model("two"));
    let lines = place.run(&format!("{words} --optimizer adam --hidden 5 --json --quiet")).lines();
    let fixed = |params: &&Value| params["optimizer"] == "adam" && params["hidden"] == "5";
    assert!(trials(&lines).iter().all(fixed), "flags go over the file");
}

#[test]
fn a_mistake_in_a_space_is_named_with_its_line() {
    let place = Place::with_table();
    for (text, parts) in [
        ("optimizer = \"adam\"\n\n[lerning-rate]\nlow = 1\n", ["s.toml, line 3", "did you mean `learning-rate`?"]),
        ("[l2]\nscale = \"log\"\nlow = 0\nhigh = 1\n", ["s.toml, line 1", "low must be above 0"]),
        ("[l2]\nscale = \"log\"\nlwo = 0.1\nhigh = 1\n", ["s.toml, line 3", "did you mean `low`?"]),
        ("l2 = [1, 2]\n[[start]]\nl2 = 5\n", ["s.toml, line 2", "start 1: `l2` cannot be 5"]),
        ("l2 = [1,\n", ["s.toml, line", ""]),
    ] {
        place.write("s.toml", text);
        place.run("tune good.csv --target y --space s.toml").expect(3, &parts);
    }
    place.write("c.toml", "[data]\nfile = \"good.csv\"\n[search.space]\nl2 = [1, 2]\ndropuot = 0.5\n");
    place.run("tune --config c.toml --target y").expect(3, &["c.toml, line 5", "did you mean `dropout`?"]);
    assert!(!place.path("caviar-out").exists());
}

#[test]
fn a_study_with_another_space_is_refused_with_the_difference() {
    let place = Place::with_table();
    place.write("s.toml", "l2 = [0.1, 1.0]\n[learning-rate]\nscale = \"log\"\nlow = 0.001\nhigh = 0.1\n");
    let words = "tune good.csv --target y --space s.toml --trials 3 --epochs 2 --quiet --out s";
    place.run(words).expect(0, &[]);
    place.run(words).expect(3, &["already holds a study (study.db), which is never overwritten\n", "caviar resume s"]);
    place.write("s.toml", "l2 = [0.1, 1.0]\n[learning-rate]\nscale = \"log\"\nlow = 0.001\nhigh = 0.5\n");
    let told = ["its settings are others:", "search.space.learning-rate.high: was 0.1, is 0.5", "caviar resume s"];
    let done = place.run(&words.replace("--epochs 2", "--epochs 3"));
    done.expect(3, &told);
    assert!(done.stderr.contains("epochs: was 2, is 3") && !done.stderr.contains("l2"), "{}", done.stderr);
}

#[test]
fn a_dry_run_shows_the_space_and_its_cost_and_trains_nothing() {
    let place = Place::with_table();
    let words = format!("tune good.csv --target y --space {} --trials 6 --epochs 3 --dry-run", space());
    let done = place.run(&words);
    done.expect(0, &[]);
    for part in ["learning-rate/2", "log scale", "optimizer is momentum", "6 trials of at most 3 epochs", "an estimate"]
    {
        assert!(done.stdout.contains(part), "no {part:?} in {}", done.stdout);
    }
    let lines = place.run(&format!("{words} --json")).lines();
    assert_eq!((lines.len(), &lines[0]["event"], &lines[0]["trials"]), (1, &"dry-run".into(), &6.into()));
    assert!(lines[0]["flops"].as_f64().is_some_and(|flops| flops > 0.0) && lines[0]["seconds"].is_f64());
    assert!(lines[0]["parameters"].as_array().is_some_and(|all| all.iter().any(|one| one["name"] == "beta")));
    assert!(!place.path("caviar-out").exists());
}

#[test]
fn every_method_gives_the_same_on_any_number_of_threads_and_in_little_memory() {
    let place = Place::with_table();
    for method in ["sobol", "grid"] {
        let model = |name: &str, more: &str| {
            let out = format!("{method}-{name}");
            let words = "tune good.csv --target y --trials 8 --epochs 2 --quiet --method";
            place.run(&format!("{words} {method} {more} --out {out}")).expect(0, &[]);
            std::fs::read(place.path(&format!("{out}/model.safetensors"))).unwrap()
        };
        let one = model("one", "--threads 1");
        assert!(one == model("three", "--threads 3"));
        assert!(one == model("little", "--threads 3 --max-memory 20MB --virtual-workers 3"));
    }
    place
        .run("tune good.csv --target y --max-memory 10KB")
        .expect(3, &["--max-memory 10.0 kB", "MB while it trains", "estimate"]);
    place.run("tune good.csv --target y --max-memory much").expect(2, &["500MB"]);
    place.run("tune good.csv --target y --virtual-workers 0").expect(2, &["at least 1"]);
}

#[test]
fn a_budget_of_epochs_is_kept() {
    let place = Place::new();
    let words = format!("tune {} --target species --budget 40 --epochs 10 --json --quiet", example("iris.csv"));
    let lines = place.run(&words).lines();
    let mut numbers: Vec<u64> =
        lines.iter().filter(|line| line["event"] == "trial").map(|line| line["trial"].as_u64().unwrap()).collect();
    numbers.sort_unstable();
    numbers.dedup();
    assert_eq!(numbers, [0, 1, 2, 3]);
}
