//! First weights and orders of the rows that come from files.

#[path = "../../engine/tests/numpy_legacy/mod.rs"]
mod numpy_legacy;
mod program;

use std::collections::BTreeMap;
use std::fmt::Write;
use std::fs;
use std::path::Path;

use caviar_formats::safetensors::NamedArrays;
use caviar_formats::{Array, Elements, npy};
use numpy_legacy::NumpyLegacy;
use program::Place;
use serde_json::Value;

fn fixture(name: &str) -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures").join(name)
}

/// The table of the optimizer exercise.
fn moons() -> String {
    let moons: Value = serde_json::from_str(&fs::read_to_string(fixture("moons.json")).unwrap()).unwrap();
    let mut text = String::from("x,y,class\n");
    for (point, label) in moons["points"].as_array().unwrap().iter().zip(moons["labels"].as_array().unwrap()) {
        let _ = writeln!(text, "{},{},{label}", point[0], point[1]);
    }
    text
}

fn order(epochs: usize, rows: usize, values: Vec<i64>) -> Vec<u8> {
    npy::write(&Array::new(vec![epochs, rows], Elements::I64(values)).unwrap())
}

/// Epoch `e` has the permutation of seed `11 + e`.
fn published_orders(epochs: u32) -> Vec<u8> {
    let line = |epoch| NumpyLegacy::seed(11 + epoch).permutation(300).into_iter().map(|row| row as i64);
    order(epochs as usize, 300, (0..epochs).flat_map(line).collect())
}

/// The costs of the last batch after 0, 1000 and 2000 epochs, as published.
#[test]
fn the_optimizer_exercise_takes_the_published_path_through_the_program() {
    let place = Place::new();
    place.write("moons.csv", &moons());
    fs::copy(fixture("moons_init.npz"), place.path("init.npz")).unwrap();
    fs::write(place.path("order.npy"), published_orders(2001)).unwrap();
    for (optimizer, costs) in [
        ("gd", ["0.690736", "0.685273", "0.647072"]),
        ("momentum", ["0.690741", "0.685341", "0.647145"]),
        ("rmsprop", ["0.690319", "0.182982", "0.150557"]),
        ("adam", ["0.690552", "0.185567", "0.150852"]),
    ] {
        let lines = place
            .run(&format!(
                "train moons.csv --target class --hidden 5,2 --optimizer {optimizer} --learning-rate 0.0007 \
                 --batch-size 64 --epochs 2001 --precision f64 --scale none --validation 0 --test 0 \
                 --init init.npz --init-layout features-first --order order.npy --json"
            ))
            .lines();
        let printed: Vec<String> = lines
            .iter()
            .filter(|line| line["event"] == "epoch" && line["epoch"].as_u64().unwrap().is_multiple_of(1000))
            .map(|line| format!("{:.6}", line["train"]["last_batch_loss"].as_f64().unwrap()))
            .collect();
        assert_eq!(printed, costs, "{optimizer}");
    }
}

fn arrays(path: &Path, arrays: &[(&str, &[usize], Vec<f64>)]) {
    let array = |(name, shape, values): &(&str, &[usize], Vec<f64>)| {
        (name.to_string(), Array::new(shape.to_vec(), Elements::F64(values.clone())).unwrap())
    };
    let file = NamedArrays { arrays: arrays.iter().map(array).collect(), metadata: BTreeMap::new() };
    fs::write(path, file.write().unwrap()).unwrap();
}

#[test]
fn both_layouts_and_both_kinds_of_names_mean_the_same_weights() {
    let place = Place::with_table();
    // Two inputs, three units, one output; [in, out], then the same [out, in].
    arrays(
        &place.path("rows.safetensors"),
        &[
            ("W1", &[2, 3], vec![0.1, 0.2, 0.3, 0.4, 0.5, 0.6]),
            ("b1", &[3], vec![1.0, 2.0, 3.0]),
            ("W2", &[3, 1], vec![0.7, 0.8, 0.9]),
        ],
    );
    arrays(
        &place.path("columns.safetensors"),
        &[
            ("dense1/weight", &[3, 2], vec![0.1, 0.4, 0.2, 0.5, 0.3, 0.6]),
            ("dense1/bias", &[3, 1], vec![1.0, 2.0, 3.0]),
            ("dense2/weight", &[1, 3], vec![0.7, 0.8, 0.9]),
            ("dense2/bias", &[1, 1], vec![0.0]),
        ],
    );
    let train = "train good.csv --target y --hidden 3 --epochs 2 --quiet --init";
    place.run(&format!("{train} rows.safetensors --out rows")).expect(0, &[]);
    place.run(&format!("{train} columns.safetensors --init-layout features-first --out columns")).expect(0, &[]);
    let model = |out: &str| fs::read(place.path(&format!("{out}/model.safetensors"))).unwrap();
    let network = |out: &str| NamedArrays::read(&model(out)).unwrap().arrays;
    assert_eq!(network("rows"), network("columns"));
    // The settings name the file from their own folder, and repeat the run; the model needs no other file.
    assert!(place.read("rows/config.toml").contains("init-file = \"../rows.safetensors\""));
    place.run("train --config rows/config.toml --quiet --out again").expect(0, &[]);
    assert!(model("again") == model("rows"));
    fs::remove_file(place.path("rows.safetensors")).unwrap();
    place.run("predict rows good.csv").expect(0, &[]);
}

#[test]
fn weights_that_do_not_fit_are_named_with_both_shapes() {
    let place = Place::with_table();
    let train = "train good.csv --target y --hidden 3 --epochs 2 --quiet --init init.safetensors";
    let with = |given: &[(&str, &[usize], Vec<f64>)], words: &str, parts: &[&str]| {
        arrays(&place.path("init.safetensors"), given);
        place.run(&format!("{train} {words}")).expect(3, &[&["init.safetensors"], parts].concat());
    };
    let (first, last): (&[usize], &[usize]) = (&[2, 3], &[3, 1]);
    let (six, three) = (vec![0.5; 6], vec![0.5; 3]);
    let transposed = ["`W1`", "[3, 2]", "layer 1", "[2, 3]", "--init-layout features-first"];
    with(&[("W1", &[3, 2], six.clone()), ("W2", last, three.clone())], "", &transposed);
    with(&[("W1", first, six.clone()), ("W2", &[4, 1], vec![0.5; 4])], "", &["`W2`", "[4, 1]", "layer 2", "[3, 1]"]);
    with(
        &[("W1", first, six.clone()), ("W2", last, three.clone()), ("b1", &[2], vec![0.5; 2])],
        "",
        &["`b1`", "[2]", "[3]"],
    );
    with(&[("W1", first, six.clone())], "", &["`W2`", "layer 2 of 2", "there are W1"]);
    let stray = [("W1", first, six.clone()), ("W2", last, three.clone()), ("W3", &[1, 1][..], vec![0.5])];
    with(&stray, "", &["`W3`", "2 layers"]);
    let infinite = vec![0.5, f64::INFINITY, 0.5];
    with(&[("W1", first, six), ("W2", last, infinite)], "", &["`W2`", "inf", "place 1", "finite"]);
    place.run(&format!("{train} --init none.npz")).expect(2, &["--init"]);
    place.run("train good.csv --target y --init none.npz").expect(3, &["none.npz"]);
    place.run("train good.csv --target y --init hee").expect(2, &["hee", "he-uniform", ".npz"]);
    place.run("tune good.csv --target y --init none.npz").expect(2, &["--init", "caviar train"]);
}

#[test]
fn an_order_that_is_none_is_named_by_epoch_and_place() {
    let place = Place::with_table();
    // 60 rows, all to learn from.
    let good: Vec<i64> = (0..60).rev().chain(0..60).collect();
    let with = |epochs: usize, rows: usize, values: Vec<i64>, code: i32, parts: &[&str]| {
        fs::write(place.path("order.npy"), order(epochs, rows, values)).unwrap();
        let words = "train good.csv --target y --epochs 2 --validation 0 --test 0 --quiet --order order.npy";
        place.run(words).expect(code, parts);
    };
    let changed = |place: usize, value: i64| {
        let mut values = good.clone();
        values[place] = value;
        values
    };
    with(2, 60, good.clone(), 0, &[]);
    with(2, 60, changed(63, 0), 3, &["order.npy", "epoch 1, place 3", "row 0 stands at place 0, too"]);
    with(2, 60, changed(7, 60), 3, &["epoch 0, place 7", "row 60 is not there", "0 to 59"]);
    with(2, 60, changed(7, -1), 3, &["epoch 0, place 7", "row -1 is not there"]);
    with(1, 60, (0..60).collect(), 3, &["1 epochs", "2 are to be trained"]);
    with(2, 30, good[..60].to_vec(), 3, &["30 rows", "60 rows", "--validation 0 --test 0"]);
    fs::write(place.path("order.npy"), npy::write(&Array::new(vec![2], Elements::F32(vec![0.5, 1.5])).unwrap()))
        .unwrap();
    place
        .run("train good.csv --target y --order order.npy")
        .expect(3, &["order.npy", "whole numbers", "fractions", "[2]"]);
    place.run("train good.csv --target y --order order.npy --shuffle none").expect(2, &["--order", "--shuffle"]);
    place.run("train good.csv --target y --order nothing.npy").expect(3, &["nothing.npy"]);
}
