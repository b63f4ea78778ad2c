//! Arrays as data: the same numbers say the same, wherever they come from.

mod tables;

use std::io::Write;
use std::path::{Path, PathBuf};

use caviar_formats::{Array, Elements, npy};
use caviar_lab::{
    DataOptions, ErrorKind, Experiment, LabError, Model, Part, Predictions, Quiet, Workers, read_table,
    read_table_with_target, train,
};
use caviar_table::{Cells, Column, ReadOptions, Scaling, TargetError, Task, Words};
use tables::{Numbers, brief, prices, write};
use tempfile::TempDir;
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

const ROWS: usize = 120;
const COLUMNS: usize = 5;

fn save(folder: &TempDir, name: &str, shape: Vec<usize>, elements: Elements) -> PathBuf {
    let path = folder.path().join(name);
    std::fs::write(&path, npy::write(&Array::new(shape, elements).unwrap())).unwrap();
    path
}

fn save_npz(folder: &TempDir, name: &str, arrays: &[(&str, Array)]) -> PathBuf {
    let path = folder.path().join(name);
    let mut archive = ZipWriter::new(std::fs::File::create(&path).unwrap());
    for (name, array) in arrays {
        archive.start_file(format!("{name}.npy"), SimpleFileOptions::default()).unwrap();
        archive.write_all(&npy::write(array)).unwrap();
    }
    archive.finish().unwrap();
    path
}

fn column(text: &str, at: usize) -> Vec<f64> {
    text.lines().skip(1).map(|line| line.split(',').nth(at).unwrap().parse().unwrap()).collect()
}

/// Numbers in single precision, and a target that follows from them.
fn numbers() -> (Vec<f32>, Vec<f32>) {
    let mut numbers = Numbers(11);
    let values: Vec<f32> = (0..ROWS * COLUMNS).map(|_| (40.0 * numbers.next() - 7.0) as f32).collect();
    let target = values.chunks(COLUMNS).map(|row| row[0] - 0.5 * row[3] + 3.0).collect();
    (values, target)
}

fn as_csv(values: &[f32], target: &[f32]) -> String {
    let mut text = (1..=COLUMNS).map(|at| format!("c{at},")).collect::<String>() + "target\n";
    for (row, target) in values.chunks(COLUMNS).zip(target) {
        // The shortest text of the double that a single is: it is read back as just that.
        row.iter().for_each(|x| text.push_str(&format!("{},", f64::from(*x))));
        text.push_str(&format!("{}\n", f64::from(*target)));
    }
    text
}

fn model(source: &Path, options: &DataOptions) -> Model {
    let experiment = Experiment::prepare(source, options).unwrap();
    train(&experiment, &brief(), &Workers::new(1), &mut Quiet).unwrap().model
}

fn values(model: &Model, source: &Path) -> Vec<f64> {
    let table = read_table(source, &model.read_options(ReadOptions::default())).unwrap();
    let Predictions::Values(values) = model.predict(&table).unwrap() else { panic!("values") };
    values
}

#[test]
fn a_matrix_trains_the_network_that_its_csv_trains_whatever_the_scaling() {
    let folder = TempDir::new().unwrap();
    let (x, y) = numbers();
    let csv = write(&folder, "t.csv", &as_csv(&x, &y));
    let matrix = save(&folder, "x.npy", vec![ROWS, COLUMNS], Elements::F32(x));
    let target = save(&folder, "y.npy", vec![ROWS], Elements::F32(y));
    for scaling in [Scaling::Standard, Scaling::Robust, Scaling::MinMax, Scaling::Unit255, Scaling::None] {
        let of = |target: &str| DataOptions { scaling, ..DataOptions::new(target) };
        let from_csv = model(&csv, &of("target"));
        let from_npy = model(&matrix, &of(target.to_str().unwrap()));
        assert_eq!(from_csv.weights(), from_npy.weights(), "{scaling:?}");
        assert_eq!(from_csv.encoder(), from_npy.encoder(), "{scaling:?}");
        assert_eq!(values(&from_csv, &matrix), values(&from_npy, &csv), "{scaling:?}");
    }
}

#[test]
fn a_model_says_the_same_of_rows_from_csv_and_from_npz() {
    let folder = TempDir::new().unwrap();
    let text = prices(100, 3);
    let csv = write(&folder, "prices.csv", &text);
    let model = model(&csv, &DataOptions::new("price"));
    // In another order, with one more array of another length.
    let array = |at| Array::new(vec![100], Elements::F64(column(&text, at))).unwrap();
    let more = Array::new(vec![2], Elements::I64(vec![1, 2])).unwrap();
    let npz = save_npz(&folder, "prices.npz", &[("c", array(2)), ("a", array(0)), ("b", array(1)), ("note", more)]);
    assert_eq!(values(&model, &csv), values(&model, &npz));
}

#[test]
fn pictures_flatten_and_their_labels_lie_beside_them() {
    let folder = TempDir::new().unwrap();
    let pixels: Vec<u8> = (0..60 * 4 * 3).map(|at| (at * 37 % 251) as u8).collect();
    let labels: Vec<i64> = (0..60).map(|row| row % 3).collect();
    let pictures = Array::new(vec![60, 4, 3], Elements::U8(pixels)).unwrap();
    let answers = Array::new(vec![60, 1], Elements::I64(labels)).unwrap();
    let npz = save_npz(&folder, "p.npz", &[("x", pictures.clone()), ("y", answers)]);
    let named = format!("{}:x", npz.display());
    let target = format!("{}:y", npz.display());
    let (table, name) = read_table_with_target(&named, &ReadOptions::default(), &target, None).unwrap();
    assert_eq!((table.rows(), table.columns().len(), name.as_str()), (60, 13, "y"));
    let test = save_npz(
        &folder,
        "test.npz",
        &[("x", pictures), ("y", Array::new(vec![60], Elements::U8(vec![1; 60])).unwrap())],
    );
    let test = format!("{}:x,{}:y", test.display(), test.display());
    let options = DataOptions { test: Part::File(test.into()), scaling: Scaling::Unit255, ..DataOptions::new(target) };
    let experiment = Experiment::prepare(Path::new(&named), &options).unwrap();
    assert_eq!((experiment.report().test, experiment.report().inputs), (60, 12));
    assert_eq!(experiment.classes(), ["0", "1", "2"]);
}

#[test]
fn what_makes_no_table_is_refused_with_its_rule() {
    let folder = TempDir::new().unwrap();
    let read = |path: &Path| read_table(path, &ReadOptions::default()).map(|table| table.rows());
    let matrix = || Array::new(vec![2, 2], Elements::F32(vec![1.0, 2.0, 3.0, 4.0])).unwrap();
    let two = save_npz(&folder, "two.npz", &[("a", matrix()), ("b", matrix())]);
    let error = read(&two).unwrap_err();
    assert!(matches!(&error, LabError::NoTable { arrays, .. } if arrays == "a [2, 2], b [2, 2]"), "{error}");
    assert_eq!(error.kind(), ErrorKind::Data);
    let named = read_table(format!("{}:b", two.display()), &ReadOptions::default()).unwrap();
    assert_eq!((named.rows(), named.columns().len()), (2, 2));
    let wrong = read_table(format!("{}:c", two.display()), &ReadOptions::default()).unwrap_err();
    assert!(wrong.to_string().contains("there is a, b"), "{wrong}");
    let empty = save(&folder, "empty.npy", vec![0, 3], Elements::F32(Vec::new()));
    assert!(matches!(read(&empty), Err(LabError::NoTable { .. })));
    let single = save(&folder, "single.npy", vec![], Elements::F32(vec![1.0]));
    assert!(matches!(read(&single), Err(LabError::NoTable { .. })));
    let infinite = save(&folder, "infinite.npy", vec![2, 1], Elements::F32(vec![1.0, f32::INFINITY]));
    let error = read(&infinite).unwrap_err();
    assert!(error.to_string().contains("c1"), "{error}");
    let names = ReadOptions { names: Some(vec!["a".to_owned()]), ..ReadOptions::default() };
    assert!(matches!(read_table(format!("{}:a", two.display()), &names), Err(LabError::NoTable { .. })));
    let answers = save(&folder, "answers.npy", vec![3], Elements::F32(vec![1.0; 3]));
    let source = format!("{}:a", two.display());
    let error = read_table_with_target(source, &ReadOptions::default(), answers.to_str().unwrap(), None).unwrap_err();
    assert!(matches!(&error, LabError::Answers { rows: 2, shape, .. } if shape == &[3]), "{error}");
}

#[test]
fn one_hot_answers_are_classes_and_others_are_refused_with_their_row() {
    let folder = TempDir::new().unwrap();
    let rows = save(&folder, "x.npy", vec![6, 2], Elements::F32((0..12).map(|at| at as f32).collect()));
    let read = |name: &str, columns: usize, values: Vec<f32>| {
        let answers = save(&folder, name, vec![6, columns], Elements::F32(values));
        read_table_with_target(&rows, &ReadOptions::default(), answers.to_str().unwrap(), None)
    };
    let mut hot: Vec<f32> = (0..18).map(|at| f32::from(u8::from(at % 3 == at / 3 % 3))).collect();
    let (table, name) = read("hot.npy", 3, hot.clone()).unwrap();
    let column = table.column(&name).unwrap();
    let classes = Column { name: name.clone(), cells: Cells::Numbers(vec![0.0, 1.0, 2.0, 0.0, 1.0, 2.0]) };
    assert_eq!(column, &classes);
    hot[4] = 0.5;
    let error = read("half.npy", 3, hot.clone()).unwrap_err();
    assert!(matches!(error, LabError::NotOneHot { row: 2, value: Some(0.5), .. }), "{error}");
    assert!(error.to_string().contains("half.npy, row 2: 0.5 is neither 0 nor 1"), "{error}");
    hot[4] = 0.0;
    let error = read("none.npy", 3, hot.clone()).unwrap_err();
    assert!(matches!(error, LabError::NotOneHot { row: 2, value: None, sum: 0.0, .. }), "{error}");
    (hot[4], hot[5]) = (1.0, 1.0);
    assert!(matches!(read("two.npy", 3, hot), Err(LabError::NotOneHot { row: 2, sum: 2.0, .. })));
}

#[test]
fn labels_of_an_array_are_whole_numbers() {
    let folder = TempDir::new().unwrap();
    let rows = save(&folder, "x.npy", vec![40, 2], Elements::F32((0..80).map(|at| at as f32).collect()));
    let prepared = |values: Vec<f32>, task| {
        let answers = save(&folder, "y.npy", vec![40], Elements::F32(values));
        let options = DataOptions { task, ..DataOptions::new(answers.to_string_lossy()) };
        Experiment::prepare(&rows, &options).map(|experiment| experiment.classes().len())
    };
    let halves = || (0..40).map(|at| if at == 6 { 0.5 } else { (at % 2) as f32 }).collect::<Vec<_>>();
    let error = prepared(halves(), Task::Classification).unwrap_err();
    assert!(matches!(error, LabError::Target(TargetError::NotWhole { row: 7, value: 0.5, .. })), "{error}");
    assert!(error.to_string().contains("row 7 of `target`"), "{error}");
    assert_eq!(prepared(halves(), Task::Regression).unwrap(), 0);
    assert_eq!(prepared((0..40).map(|at| (at % 2) as f32).collect(), Task::Classification).unwrap(), 2);
}

/// A file that h5py wrote, as `fixtures/arrays.py` keeps it.
fn written(folder: &TempDir, name: &str) -> PathBuf {
    let cases: serde_json::Value = serde_json::from_str(include_str!("../../../fixtures/arrays.json")).unwrap();
    let case = cases["cases"].as_array().unwrap().iter().find(|case| case["name"] == name).unwrap();
    let text = case["bytes"].as_str().unwrap();
    let bytes: Vec<u8> =
        (0..text.len() / 2).map(|at| u8::from_str_radix(&text[2 * at..2 * at + 2], 16).unwrap()).collect();
    let path = folder.path().join("file.h5");
    std::fs::write(&path, bytes).unwrap();
    path
}

#[test]
fn texts_of_an_hdf5_file_are_words_and_empty_ones_missing() {
    let folder = TempDir::new().unwrap();
    let path = written(&folder, "HDF5, texts");
    let table = read_table(&path, &ReadOptions::default()).unwrap();
    let words = Words::new([Some("setosa"), Some("virginica"), None, Some("größer")]);
    assert_eq!(table.columns(), [Column { name: "any length".to_owned(), cells: Cells::Words(words) }]);
    // Half floats are a matrix, and texts may be its answers.
    let rows = save(&folder, "x.npy", vec![3, 2], Elements::F32(vec![0.0; 6]));
    let answers = format!("{}:fixed", path.display());
    let (table, name) = read_table_with_target(&rows, &ReadOptions::default(), &answers, None).unwrap();
    let words = Words::new(["one", "two", "three"].map(Some));
    assert_eq!(table.column(&name).unwrap().cells, Cells::Words(words));
    let answers = format!("{}:packed", path.display());
    let error = read_table_with_target(&rows, &ReadOptions::default(), &answers, None).unwrap_err();
    assert!(matches!(error, LabError::Answers { rows: 3, .. }), "{error}");
    let halves = written(&folder, "HDF5, half floats");
    let table = read_table(format!("{}:plain", halves.display()), &ReadOptions::default()).unwrap();
    assert_eq!((table.rows(), table.columns().len()), (3, 4));
}
