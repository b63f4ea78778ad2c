//! Studies as the program keeps them: killed, stopped, taken up again, shown.

mod program;

use std::fs;
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

use program::{Place, example};

/// Epochs that are over long after the test; if nobody ends the program, because the test was killed, they end it.
const ENDLESS: u64 = 3_000_000;

/// A table whose search takes a second or so.
fn search(out: &str) -> String {
    let table = example("breast_cancer.csv");
    format!("tune {table} --target diagnosis --trials 12 --epochs 30 --seed 3 --quiet --out {out}")
}

#[test]
fn a_search_that_is_killed_again_and_again_ends_as_if_nothing_had_happened() {
    check_kills(&search, 12);
}

#[test]
fn a_search_from_rung_to_rung_that_is_killed_again_and_again_ends_as_if_nothing_had_happened() {
    let table = example("breast_cancer.csv");
    let halved = |out: &str| {
        let words = format!("tune {table} --target diagnosis --validation {table} --seed 3 --quiet --out {out}");
        format!("{words} --trials 250 --epochs 81")
    };
    check_kills(&halved, 250);
}

fn check_kills(search: &dyn Fn(&str) -> String, trials: usize) {
    let place = Place::new();
    let start = Instant::now();
    place.run(&search("whole")).expect(0, &[]);
    let duration = start.elapsed();
    let whole = fs::read(place.path("whole/model.safetensors")).unwrap();
    // On a busy machine a search may be over before it is killed: then it is begun once more, and killed sooner.
    let mut kills = 0;
    for attempt in 0.. {
        assert!(attempt < 20, "it is never killed in time");
        let _ = fs::remove_dir_all(place.path("killed"));
        kills = kill_again_and_again(&place, &search("killed"), duration.div_f64(f64::from(4 << attempt.min(8))));
        if kills > 0 {
            break;
        }
    }
    assert!(fs::read(place.path("killed/model.safetensors")).unwrap() == whole, "after {kills} kills");
    let show = |study: &str| {
        let mut shown = place.run(&format!("show {study} --json")).lines().remove(0);
        shown["study"] = "".into();
        shown
    };
    assert_eq!(show("killed"), show("whole"));
    assert_eq!(show("killed")["state"], "finished");
    assert_eq!(show("killed")["trials"].as_array().unwrap().len(), trials);
}

/// Kills a search up to four times, each time after so long, and lets it go on to its end; how often it was killed.
fn kill_again_and_again(place: &Place, search: &str, after: Duration) -> usize {
    let mut running = place.start(search);
    running.wait_for("study", || place.path("killed/study.db").exists());
    let mut kills = 0;
    for threads in [1, 2, 3, 1] {
        thread::sleep(after);
        if running.has_ended() {
            break;
        }
        drop(running);
        kills += 1;
        let state = place.run("show killed --json").lines()[0]["state"].clone();
        // The last kill may come when all is written and the program is about to end.
        assert!(state == "stopped" || state == "finished", "{state}");
        running = place.start(&format!("resume killed --quiet --threads {threads}"));
    }
    let done = running.output();
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    kills
}

#[cfg(unix)]
#[test]
fn ctrl_c_and_the_end_by_signal_save_within_two_seconds_and_say_how_to_go_on() {
    let place = Place::new();
    // One epoch takes far longer than anything that is waited for below: it is left in its middle.
    let rows = program::table(40_000, |_, a, b| format!("{a:.4},{b:.4},{}", if a > b { 'u' } else { 'v' }));
    place.write("long.csv", &rows);
    let words = "train long.csv --target y --hidden 1000,1000 --batch-size 1 --epochs 3 --quiet --out";
    for signal in ["INT", "TERM"] {
        let mut running = place.start_study(&format!("{words} {signal}"), signal);
        let sent = Instant::now();
        let kill = Command::new("kill").args([format!("-{signal}"), running.id().to_string()]).status().unwrap();
        assert!(kill.success());
        let done = running.output();
        let seconds = sent.elapsed().as_secs_f64();
        let told = String::from_utf8_lossy(&done.stderr).into_owned();
        assert_eq!(done.status.code(), Some(130), "{told}");
        assert!(told.contains(&format!("caviar resume {signal}")), "{told}");
        assert!(seconds < 10.0, "{seconds} s for a debug build on a busy machine");
        assert_eq!(place.run(&format!("show {signal} --json")).lines()[0]["trials"][0]["epochs"], 0);
        let shown = place.run(&format!("show {signal}"));
        shown.expect(0, &[]);
        assert!(shown.stdout.contains("stopped") && shown.stdout.contains(&format!("caviar resume {signal}")));
        place
            .run(&format!("{words} {signal}"))
            .expect(3, &["already holds a study", &format!("caviar resume {signal}")]);
    }
}

#[test]
fn two_programs_cannot_go_on_with_one_study() {
    let place = Place::with_table();
    let mut first = place.start_study(&format!("train good.csv --target y --epochs {ENDLESS} --quiet --out s"), "s");
    place.run("resume s --quiet").expect(1, &["in use", &first.id().to_string()]);
    assert_eq!(place.run("show s --json").lines()[0]["state"], "running");
    drop(first);
    place.write("good.csv", &program::table(60, |_, a, b| format!("{a:.3},{b:.3},{}", if a > b { 'v' } else { 'u' })));
    place.run("resume s --quiet").expect(3, &["good.csv", "other contents"]);
    fs::remove_file(place.path("good.csv")).unwrap();
    place.run("resume s --quiet").expect(3, &["good.csv", "not there any more"]);
}

#[test]
fn one_trial_goes_on_beyond_its_search() {
    let place = Place::with_table();
    place.run("train good.csv --target y --epochs 5 --quiet --out short").expect(0, &[]);
    place.run("resume short").expect(0, &["finished", "--trial 0 --epochs 10"]);
    place.run("resume short --trial 0 --epochs 5").expect(3, &["5 epochs already"]);
    place.run("resume short --trial 7 --epochs 9").expect(3, &["1 trials"]);
    place.run("resume short --trial 0").expect(2, &["--epochs"]);
    let done = place.run("resume short --trial 0 --epochs 12 --json");
    let lines = done.lines();
    let (epochs, last) = (lines.iter().filter(|line| line["event"] == "epoch").count(), lines.last().unwrap());
    assert_eq!((epochs, &last["event"], &last["epochs"]), (12, &"trial".into(), &12.into()));
    // Twelve epochs at once are the same twelve epochs: nothing in a constant schedule knows how long it will be.
    place.run("train good.csv --target y --epochs 12 --quiet --out long").expect(0, &[]);
    let shown = |study: &str| place.run(&format!("show {study} --json")).lines()[0]["trials"][0].clone();
    assert_eq!(shown("short"), shown("long"));
    place.run("predict short/trial-0.safetensors good.csv").expect(0, &[]);
    let [short, long] =
        ["short/trial-0.safetensors", "long"].map(|model| place.run(&format!("predict {model} good.csv")));
    assert_eq!(short.stdout, long.stdout);
    // A cross-validated trial is its folds.
    place.run("tune good.csv --target y --trials 3 --epochs 4 --quiet --out folded").expect(0, &[]);
    let done = place.run("resume folded --trial 1 --epochs 9");
    done.expect(0, &[]);
    assert!(done.stdout.contains("trial 1: complete") && done.stdout.contains("9 epochs"), "{}", done.stdout);
    assert_eq!(place.run("show folded --json").lines()[0]["trials"][1]["epochs"], 9);
}

#[test]
fn other_files_are_refused_with_what_they_are() {
    let place = Place::with_table();
    place.run("show good.csv").expect(3, &["good.csv", "no SQLite file"]);
    place.run("resume nowhere").expect(3, &["nowhere"]);
    place.run("train good.csv --target y --epochs 3 --quiet --out s").expect(0, &[]);
    let bytes = fs::read(place.path("s/study.db")).unwrap();
    fs::write(place.path("cut.db"), &bytes[..bytes.len() / 2]).unwrap();
    place.run("show cut.db").expect(3, &["cut.db", "damaged"]);
    place.run("resume cut.db").expect(3, &["cut.db", "damaged"]);
    assert_eq!(fs::read(place.path("cut.db")).unwrap().len(), bytes.len() / 2);
}

#[test]
fn a_running_program_is_changed_forked_and_ended_from_another_terminal() {
    let place = Place::with_table();
    let endless = format!("train good.csv --target y --validation 0.3 --epochs {ENDLESS} --quiet --out s");
    let running = place.start_study(&endless, "s");
    let steer = |words: &str, told: &str| {
        let done = place.run(&format!("steer s {words}"));
        done.expect(0, &[]);
        assert!(done.stdout.contains(told), "{words}: {}", done.stdout);
    };
    steer("--learning-rate 0.002", "learning-rate 0.002, was learning-rate 0.001");
    steer("--learning-rate -1", "learning-rate -1 is refused: ");
    steer("--fork --l2 0.5", "forked as trial 1000003 with l2 0.5");
    steer("--undo", "before learning-rate 0.002");
    let shown = place.run("show s --json").lines().remove(0);
    let fork = &shown["trials"][1];
    assert_eq!((&fork["trial"], &fork["parent"]["trial"]), (&1_000_003.into(), &0.into()));
    assert!(place.run("show s").stdout.contains("1000003 of 0"), "the parent is named");
    steer("--stop", "stop");
    // The fork is trained now.
    steer("--trial 1000003 --stop", "stop");
    let done = running.output();
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    let shown = place.run("show s --json").lines().remove(0);
    assert_eq!(shown["trials"].as_array().unwrap().len(), 2);
    assert!(shown["trials"][1]["params"]["l2"] == 0.5 && shown["trials"][1]["state"] == "complete");
    place.run("steer s --fork --stop").expect(2, &["--stop"]);
}

#[test]
fn a_running_search_on_a_small_table_is_steered_from_another_terminal() {
    let place = Place::with_table();
    // Nobody waits for the end of its epochs, which are long: what ends a trial is what is asked of it.
    let words =
        "--trials 1 --hidden 100,100 --batch-size 1 --batch-norm=off --leader-seeds 0 --keep best --quiet --out s";
    let endless = format!("tune good.csv --target y --epochs {ENDLESS} {words}");
    let running = place.start_study(&endless, "s");
    let steer = |words: &str, told: &str| {
        let done = place.run(&format!("steer s {words}"));
        done.expect(0, &[]);
        assert!(done.stdout.contains(told), "{words}: {}", done.stdout);
        done.stdout
    };
    place.run("steer s --trial 7 --stop").expect(3, &["--trial 7"]);
    steer("--pause", "steps of its first network: pause");
    let told = steer("--learning-rate 0.002 --continue", "epochs: learning-rate 0.002, was learning-rate ");
    let epochs: u64 =
        told.split(" epochs").next().and_then(|before| before.rsplit(' ').next()).unwrap().parse().unwrap();
    let told = steer("--undo --learning-rate -1 --l2 0.25 --stop", "epochs again, before learning-rate 0.002");
    for part in ["learning-rate -1 is refused: ", "l2 0.25, was l2 ", "epochs: stopped"] {
        assert!(told.contains(part), "{told}");
    }
    let done = running.output();
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    place.run("steer s --stop").expect(3, &["trial 0 cannot be steered: it is complete"]);
    let trial = place.run("show s --json").lines().remove(0)["trials"][0].clone();
    let turns = trial["turns"].as_array().unwrap();
    assert_eq!(turns.len(), 2, "{turns:?}");
    assert_eq!((&turns[0]["steer"]["set"]["l2"], &turns[1]["steer"]), (&0.25.into(), &"stop".into()));
    // On all folds it went as far as it was let.
    assert_eq!((&trial["epochs"], &trial["state"]), (&turns[1]["epoch"], &"complete".into()));
    assert!(turns[0]["epoch"].as_u64().unwrap() >= epochs);
    place.run("predict s good.csv").expect(0, &[]);
}

#[test]
fn only_what_runs_can_be_steered() {
    let place = Place::with_table();
    place.run("train good.csv --target y --epochs 2 --quiet --out run").expect(0, &[]);
    place.run("steer run").expect(2, &["nothing is asked for"]);
    place.run("steer run --trial 1 --stop").expect(3, &["--trial 1"]);
    place.run("steer run --learning-rate 0.1").expect(3, &["trial 0 cannot be steered: it is complete"]);
    place.run("steer nowhere --stop").expect(3, &["nowhere"]);
}
