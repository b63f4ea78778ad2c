//! `config.toml` alone repeats a run, bit for bit.

mod program;

use std::fs;

use program::{Place, table};

#[test]
fn the_settings_of_a_run_repeat_it_bit_for_bit() {
    let place = Place::with_table();
    let train = "train good.csv --target y --hidden 7,3 --dropout 0.2 --optimizer nesterov --learning-rate 0.02 \
                 --batch-size 16 --epochs 4 --schedule cosine --class-weight u=2 --label-smoothing 0.1 --scale robust \
                 --test 0.3 --seed 18446744073709551615";
    let tune = "tune good.csv --target y --trials 3 --epochs 3 --activation tanh --keep best --validation 0.3 --seed 6";
    for (command, words) in [("train", train), ("tune", tune)] {
        place.run(&format!("{words} --quiet --out first-{command}")).expect(0, &[]);
        place
            .run(&format!("{command} --config first-{command}/config.toml --quiet --out again-{command} --threads 1"))
            .expect(0, &[]);
        let model = |run: &str| fs::read(place.path(&format!("{run}-{command}/model.safetensors"))).unwrap();
        assert!(model("first") == model("again"), "{command}");
        let settings = |run: &str| {
            let text = place.read(&format!("{run}-{command}/config.toml"));
            text.lines().skip(1).map(str::to_owned).collect::<Vec<_>>()
        };
        assert_eq!(settings("first"), settings("again"));
    }
}

#[test]
fn a_project_that_moves_as_a_whole_takes_its_runs_along() {
    let place = Place::new();
    fs::create_dir_all(place.path("project/data")).unwrap();
    place.write("project/data/t.csv", &table(60, |_, a, b| format!("{a:.3},{b:.3},{}", if a > b { 'u' } else { 'v' })));
    place.run("train project/data/t.csv --target y --epochs 2 --out project/runs/1 --quiet").expect(0, &[]);
    assert!(place.read("project/runs/1/config.toml").contains("file = \"../../data/t.csv\""));
    fs::rename(place.path("project"), place.path("elsewhere")).unwrap();
    place.run("train --config elsewhere/runs/1/config.toml --out again --quiet").expect(0, &[]);
    let model = |folder: &str| fs::read(place.path(&format!("{folder}/model.safetensors"))).unwrap();
    assert!(model("elsewhere/runs/1") == model("again"));
}

#[test]
fn flags_go_over_the_file() {
    let place = Place::with_table();
    place.write("mine.toml", "seed = 3\n[data]\nfile = \"good.csv\"\n[network]\nhidden = \"4\"\nepochs = 2\n");
    let lines = place.run("train --config mine.toml --target y --epochs 3 --json --quiet").lines();
    assert_eq!(lines.iter().filter(|line| line["event"] == "epoch").count(), 3);
    assert_eq!(lines.last().unwrap()["best"]["params"]["hidden"], "4");
    assert_eq!(lines[0]["seed"], 3);
    let config = place.read("caviar-out/good-1/config.toml");
    assert!(config.contains("epochs = 3") && config.contains("hidden = [4]"), "{config}");
}

#[test]
fn a_file_that_cannot_be_followed_is_named_with_its_line() {
    let place = Place::with_table();
    place.write("bad.toml", "[data]\nfile = \"good.csv\"\ntarget = \"y\"\n\n[network]\ndropuot = 0.5\n");
    place.run("train --config bad.toml").expect(3, &["bad.toml, line 6", "`dropuot`", "did you mean `dropout`?"]);
    place.write("bad.toml", "[data]\nfile = \"good.csv\"\ntarget = \"y\"\n[network]\ndropout = 1.5\n");
    place.run("train --config bad.toml").expect(3, &["bad.toml, line 5: dropout 1.5: must be at least 0 and below 1"]);
    place.run("train --config nothing.toml").expect(3, &["nothing.toml"]);
    fs::write(place.path("bad.toml"), b"seed = 1\n# \xff\n").unwrap();
    place.run("train --config bad.toml").expect(3, &["bad.toml, line 2", "not UTF-8"]);
    place.write("bad.toml", "seed = 1\n");
    place.run("train --config bad.toml").expect(2, &["bad.toml names no file"]);
    place.run("train good.csv --config bad.toml").expect(2, &["bad.toml names no target"]);
    place.write("bad.toml", "[data]\nfile = \"gone.csv\"\ntarget = \"y\"\n");
    place.run("train --config bad.toml").expect(3, &["gone.csv"]);
    assert!(!place.path("caviar-out").exists(), "nothing is left behind");
}
