//! What a run prints and leaves behind.

mod program;

use program::{Place, example, table};
use serde_json::Value;

/// The events of a run, apart from the last one, which must be `finished`.
fn split(lines: &[Value]) -> (&[Value], &Value) {
    let (last, events) = lines.split_last().unwrap();
    assert_eq!(last["event"], "finished");
    (events, last)
}

fn named<'a>(events: &'a [Value], name: &str) -> Vec<&'a Value> {
    events.iter().filter(|event| event["event"] == name).collect()
}

#[test]
fn a_training_tells_every_epoch_as_json() {
    let place = Place::with_table();
    let lines = place.run("train good.csv --target y --epochs 3 --json").lines();
    let (events, last) = split(&lines);
    assert_eq!(events[0]["event"], "started");
    let epochs = named(events, "epoch");
    assert_eq!(epochs.iter().map(|epoch| epoch["epoch"].as_u64().unwrap()).collect::<Vec<_>>(), [0, 1, 2]);
    for epoch in epochs {
        assert!(epoch["train"]["loss"].is_f64() && epoch["train"]["last_batch_loss"].is_f64());
        assert!(epoch["validation"]["loss"].is_f64() && epoch["validation"]["accuracy"].is_f64());
        assert!(epoch["learning_rate"].is_f64() && epoch["seconds"].is_f64() && epoch["trial"] == 0);
    }
    for part in ["train", "validation", "test"] {
        assert!(last[part]["loss"].is_f64() && last[part]["accuracy"].is_f64(), "{part}");
    }
    assert!(last["seconds"].is_f64() && last["best"]["params"].is_object());
    // 60 rows: 12 to test, 10 to choose by, 38 to learn from, in batches of 32: two steps an epoch.
    assert_eq!(last["steps"], 6);
    assert_eq!(last["model"], "caviar-out/good-1/model.safetensors");
    assert!(place.path("caviar-out/good-1/report.html").exists());
}

#[test]
fn a_shifted_schedule_comes_an_epoch_later() {
    let place = Place::with_table();
    let words = "train good.csv --target y --epochs 4 --learning-rate 0.12 --schedule inverse-time:1 --json";
    let rates = |words: &str| -> Vec<f64> {
        let lines = place.run(words).lines();
        named(&lines, "epoch").iter().map(|epoch| epoch["learning_rate"].as_f64().unwrap()).collect()
    };
    let are = |words: &str, expected: [f64; 4]| {
        let found = rates(words);
        assert!(found.iter().zip(expected).all(|(a, b)| (a - b).abs() < 1e-12), "{found:?}");
    };
    are(words, [0.12, 0.06, 0.04, 0.03]);
    are(&format!("{words} --schedule-shift 1"), [0.12, 0.12, 0.06, 0.04]);
}

#[test]
fn a_search_tells_every_trial_and_keeps_the_best() {
    let place = Place::with_table();
    let lines = place.run("tune good.csv --target y --trials 4 --epochs 4 --learning-rate 0.01 --json --quiet").lines();
    let (events, last) = split(&lines);
    let mut numbers: Vec<u64> = named(events, "trial").iter().map(|trial| trial["trial"].as_u64().unwrap()).collect();
    numbers.sort_unstable();
    numbers.dedup();
    assert_eq!(numbers, [0, 1, 2, 3]);
    for trial in named(events, "trial") {
        let state = trial["state"].as_str().unwrap();
        assert!(["complete", "pruned", "failed", "diverged", "paused"].contains(&state), "{state}");
        assert_eq!(trial["params"]["learning_rate"], 0.01, "a setting that is given is fixed");
        assert!(trial["epochs"].as_u64().is_some_and(|epochs| epochs <= 4));
    }
    assert!(last["best"]["trial"].as_u64().is_some_and(|trial| trial < 4));
    assert!(place.path(last["model"].as_str().unwrap()).exists());
}

#[test]
fn the_same_seed_gives_the_same_bytes_on_any_number_of_threads() {
    let place = Place::with_table();
    let model = |threads: usize| {
        let out = format!("out{threads}");
        let words = "tune good.csv --target y --trials 3 --epochs 3 --quiet --seed 5";
        place.run(&format!("{words} --threads {threads} --out {out}")).expect(0, &[]);
        std::fs::read(place.path(&format!("{out}/model.safetensors"))).unwrap()
    };
    assert!(model(1) == model(3));
}

#[test]
fn a_search_prints_a_leaderboard_and_the_test_score_beside_a_baseline() {
    let place = Place::new();
    let iris = example("iris.csv");
    let done = place.run(&format!("tune {iris} --target species --trials 3 --epochs 5"));
    done.expect(0, &["150 rows, 4 inputs"]);
    for part in ["trial", "learning-rate", "network, test rows", "always ", "accuracy", "caviar-out/iris-1/report.html"]
    {
        assert!(done.stdout.contains(part), "no {part:?} in {}", done.stdout);
    }
    assert!(!done.stdout.contains('\u{1b}') && !done.stderr.contains('\u{1b}'), "no colors and no bar in a pipe");
    assert_eq!(place.run(&format!("tune {iris} --target species --trials 1 --epochs 2 --quiet")).stderr, "");
    assert!(place.path("caviar-out/iris-2").exists(), "folders count up");
}

#[test]
fn a_prediction_has_a_line_for_each_row() {
    let place = Place::with_table();
    place.run("train good.csv --target y --epochs 60 --out m --quiet").expect(0, &[]);
    let done = place.run("predict m/model.safetensors good.csv");
    done.expect(0, &[]);
    let lines: Vec<&str> = done.stdout.lines().collect();
    assert_eq!((lines[0], lines.len()), ("class,probability_u,probability_v", 61));
    for line in &lines[1..] {
        let cells: Vec<&str> = line.split(',').collect();
        let (u, v): (f64, f64) = (cells[1].parse().unwrap(), cells[2].parse().unwrap());
        assert!((u + v - 1.0).abs() < 1e-6);
        assert_eq!(cells[0], if u > v { "u" } else { "v" });
    }
    place.run("predict m good.csv -o answers.csv").expect(0, &[]);
    assert_eq!(place.read("answers.csv"), done.stdout);
    let objects = place.run("predict m good.csv --json").lines();
    assert!(objects.len() == 60 && objects[0]["probabilities"]["u"].is_f64());
}

#[test]
fn a_table_is_predicted_whatever_else_it_holds_and_in_whatever_order() {
    let place = Place::with_table();
    place.run("train good.csv --target y --epochs 5 --out m --quiet").expect(0, &[]);
    place.write("plain.csv", "a,b\n0.2,0.9\n0.8,0.1\n");
    place.write("mixed.csv", "b,note,a\n0.9,x,0.2\n0.1,y,0.8\n");
    place.write("short.csv", "a\n0.2\n");
    let [plain, mixed] = ["plain.csv", "mixed.csv"].map(|name| place.run(&format!("predict m {name}")));
    assert_eq!((plain.code, plain.stdout.lines().count()), (0, 3));
    assert_eq!(plain.stdout, mixed.stdout);
    place.run("predict m short.csv").expect(3, &["short.csv", "`b`"]);
}

#[test]
fn numbers_are_predicted_in_their_own_units() {
    let place = Place::new();
    place.write("t.csv", &table(80, |_, a, b| format!("{a:.3},{b:.3},{:.3}", 1000.0 + 100.0 * (a + b))));
    let words =
        "train t.csv --target y --task regression --hidden none --learning-rate 0.05 --epochs 60 --out m --json";
    let lines = place.run(words).lines();
    let (_, last) = split(&lines);
    assert!(last["test"]["rmse"].as_f64().is_some_and(|error| error < 10.0), "{}", last["test"]);
    let done = place.run("predict m t.csv");
    let values: Vec<f64> = done.stdout.lines().skip(1).map(|line| line.parse().unwrap()).collect();
    assert!(done.stdout.starts_with("value\n") && values.len() == 80);
    assert!(values.iter().all(|value| (950.0..1250.0).contains(value)));
    assert!(place.read("m/report.html").contains("true value"));
}

#[test]
fn the_page_and_the_settings_are_complete() {
    let place = Place::with_table();
    place.run("tune good.csv --target y --trials 3 --epochs 3 --out m --quiet --seed 4").expect(0, &[]);
    let page = place.read("m/report.html");
    for part in [
        "<h1>y from good.csv</h1>",
        "How it learned",
        "class=\"best\"",
        "class=\"confusion\"",
        "id=\"boundary-field\"",
        "always ",
        "caviar tune good.csv --target y --trials 3 --epochs 3 --quiet --seed 4</pre>",
    ] {
        assert!(page.contains(part), "no {part:?} on the page");
    }
    assert!(!page.contains("http"), "the page asks nothing of the network");
    let config = place.read("m/config.toml");
    for line in ["seed = 4", "target = \"y\"", "trials = 3", "learning-rate = 0.001", "validation = 0.2", "[network]"] {
        assert!(config.contains(line), "no {line:?} in {config}");
    }
}

#[test]
fn rows_can_come_from_files_of_their_own() {
    let place = Place::with_table();
    place.write("test.csv", &table(20, |_, a, b| format!("{b:.3},{a:.3},{}", if b > a { 'u' } else { 'v' })));
    let done = place.run("train good.csv --target y --epochs 2 --test test.csv --validation 0 --json");
    let lines = done.lines();
    let (events, last) = split(&lines);
    assert_eq!((&events[0]["data"]["train"], &events[0]["data"]["test"]), (&Value::from(60), &Value::from(20)));
    assert!(last["validation"].is_null() && last["test"]["accuracy"].is_f64());
}
