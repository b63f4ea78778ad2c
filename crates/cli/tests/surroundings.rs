//! What surrounds the program fails: disks, pipes, folders, files of other versions.

mod program;

use std::fs;
use std::process::{Command, Stdio};

use program::{Place, example};

fn with_model() -> Place {
    let place = Place::with_table();
    place.run("train good.csv --target y --epochs 2 --quiet --out run").expect(0, &[]);
    place
}

#[test]
fn a_full_disk_is_named_by_its_file() {
    let place = with_model();
    place.run("predict run good.csv -o /dev/full").expect(1, &["/dev/full: cannot write", "No space left"]);
    let full = fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
    let done = Command::new(env!("CARGO_BIN_EXE_caviar"))
        .args(["predict", "run", "good.csv"])
        .current_dir(place.path(""))
        .stdout(full)
        .output()
        .unwrap();
    assert_eq!(done.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&done.stderr).contains("the output cannot be written"));
}

#[test]
fn a_reader_that_leaves_early_is_no_failure() {
    let place = with_model();
    let mut child = Command::new(env!("CARGO_BIN_EXE_caviar"))
        .args(["predict", "run", "good.csv"])
        .current_dir(place.path(""))
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    let done = child.wait_with_output().unwrap();
    assert_eq!((done.status.code(), done.stderr.as_slice()), (Some(0), &b""[..]));
}

#[test]
fn an_output_that_cannot_be_there_is_named_and_leaves_nothing() {
    let place = with_model();
    place.run("train good.csv --target y --epochs 1 --out good.csv/run").expect(1, &["good.csv/run: cannot be made"]);
    place.run("predict run good.csv -o nowhere/answers.csv").expect(1, &["nowhere/answers.csv: cannot create"]);
    place.run("predict run good.csv -o run").expect(1, &["run"]);
    let mut left: Vec<String> =
        fs::read_dir(place.path("")).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    left.sort();
    assert_eq!(left, ["good.csv", "run"]);
}

#[test]
fn a_model_of_a_newer_program_says_so() {
    let place = with_model();
    let path = place.path("run/model.safetensors");
    let mut bytes = fs::read(&path).unwrap();
    let known = b"\"caviar.format\":\"1\"";
    let at = bytes.windows(known.len()).position(|part| part == known).unwrap();
    bytes[at + known.len() - 2] = b'7';
    fs::write(&path, bytes).unwrap();
    for command in ["predict run good.csv", "evaluate run good.csv", "inspect run/model.safetensors"] {
        place.run(command).expect(3, &["format 7", "formats up to 1", "use a newer Caviar"]);
    }
}

#[test]
fn a_model_for_other_columns_names_all_that_are_missing() {
    let place = with_model();
    let iris = example("iris.csv");
    place.run(&format!("predict run {iris}")).expect(3, &["iris.csv", "`a`", "`b`"]);
    place.run(&format!("evaluate run {iris} --target species")).expect(3, &["iris.csv"]);
}

#[test]
fn an_infinite_number_in_an_array_is_named_by_file_column_and_row() {
    let place = Place::new();
    let numbers: Vec<f64> = (0..60).map(|cell| if cell == 31 { f64::INFINITY } else { f64::from(cell) }).collect();
    let mut bytes = b"\x93NUMPY\x01\x00\x76\x00".to_vec();
    let header = "{'descr': '<f8', 'fortran_order': False, 'shape': (20, 3), }";
    bytes.extend(format!("{header:<117}\n").bytes());
    bytes.extend(numbers.iter().flat_map(|number| number.to_le_bytes()));
    fs::write(place.path("x.npy"), bytes).unwrap();
    place.run("train x.npy --target c3 --epochs 1").expect(3, &["x.npy, column `c2`, row 10", "infinite"]);
}

#[test]
fn a_folder_is_no_file() {
    let place = with_model();
    place.run("train run --target y").expect(3, &["run: cannot be read", "this is a folder"]);
    place.run("predict run run").expect(3, &["run", "this is a folder"]);
    place.run("resume good.csv").expect(3, &["good.csv: this is not a study"]);
    place.run("show run/model.safetensors").expect(3, &["this is not a study"]);
}
