//! Figures against scikit-learn's.

use caviar_table::TargetSpec;
use serde_json::Value;

use super::scores::{ClassScores, Scores, ValueScores};

fn fixture() -> Value {
    serde_json::from_str(include_str!("../../../../fixtures/metrics.json")).unwrap()
}

fn numbers(value: &Value) -> Vec<f64> {
    match value {
        Value::Array(values) => values.iter().flat_map(numbers).collect(),
        value => vec![value.as_f64().unwrap()],
    }
}

fn close(got: f64, want: f64, what: &str) {
    assert!((got - want).abs() < 1e-12 * (1.0 + want.abs()), "{what}: {got}, not {want}");
}

/// The scores of a case.
fn of_classes(case: &Value) -> (Scores, usize) {
    let labels: Vec<i64> = case["labels"].as_array().unwrap().iter().map(|label| label.as_i64().unwrap()).collect();
    let probabilities = numbers(&case["probabilities"]);
    let classes = probabilities.len() / labels.len();
    let losses = probabilities.chunks_exact(classes).zip(&labels).map(|(row, label)| -row[*label as usize].ln());
    let weights = vec![1.0; labels.len()];
    (Scores::Classes(ClassScores::new(&labels, classes, &probabilities, losses.collect(), weights)), labels.len())
}

fn of_values(case: &Value) -> (Scores, usize) {
    let (targets, predicted) = (numbers(&case["targets"]), numbers(&case["predicted"]));
    // Scaled by a deviation of 2, so that the units matter.
    let half = |values: &[f64]| values.iter().map(|value| value / 2.0).collect::<Vec<f64>>();
    let target = TargetSpec::Regression { name: "y".to_owned(), mean: 0.0, deviation: 2.0 };
    let rows = targets.len();
    let plain = vec![1.0; rows];
    (Scores::Values(ValueScores::new(&half(&targets), &half(&predicted), &target, plain.clone(), plain)), rows)
}

#[test]
fn figures_of_classes_are_those_of_scikit_learn() {
    for case in fixture()["classes"].as_array().unwrap() {
        let (scores, rows) = of_classes(case);
        let figures = scores.of(&vec![1; rows]);
        for (name, value) in scores.names().iter().zip(&figures) {
            close(*value, case[name].as_f64().unwrap(), &format!("{} {name}", case["name"]));
        }
        let of_each = &figures[scores.names().len()..];
        for (at, name) in ["precision", "recall", "f1_of_classes"].iter().enumerate() {
            for (class, want) in numbers(&case[name]).iter().enumerate() {
                let got = of_each[class * 3 + at];
                // Where a class is never said, scikit-learn says 0 of 0 is 0.
                close(if got.is_nan() { 0.0 } else { got }, *want, &format!("{name} of {class}"));
            }
        }
    }
}

#[test]
fn figures_of_values_are_those_of_scikit_learn() {
    for case in fixture()["values"].as_array().unwrap() {
        let (scores, rows) = of_values(case);
        let figures = scores.of(&vec![1; rows]);
        for (name, value) in scores.names().iter().zip(&figures).skip(1) {
            close(*value, case[name].as_f64().unwrap(), &format!("{} {name}", case["name"]));
        }
    }
}

/// A row that counts three times is three rows.
#[test]
fn counts_are_copies_of_rows() {
    let fixture = fixture();
    let case = &fixture["classes"][1];
    let counts: Vec<u32> = (0..case["labels"].as_array().unwrap().len() as u32).map(|row| row * 7 % 4).collect();
    let mut copies = case.clone();
    for key in ["labels", "probabilities"] {
        let rows = case[key].as_array().unwrap().iter().zip(&counts);
        copies[key] = rows.flat_map(|(row, count)| vec![row.clone(); *count as usize]).collect();
    }
    let ((scores, _), (copied, rows)) = (of_classes(case), of_classes(&copies));
    for (got, want) in scores.of(&counts).iter().zip(copied.of(&vec![1; rows])) {
        close(*got, want, "a figure of classes");
    }
    let case = &fixture["values"][1];
    let counts: Vec<u32> = (0..48).map(|row| row * 5 % 3).collect();
    let mut copies = case.clone();
    for key in ["targets", "predicted"] {
        let rows = case[key].as_array().unwrap().iter().zip(&counts);
        copies[key] = rows.flat_map(|(row, count)| vec![row.clone(); *count as usize]).collect();
    }
    let ((scores, _), (copied, rows)) = (of_values(case), of_values(&copies));
    for (got, want) in scores.of(&counts).iter().zip(copied.of(&vec![1; rows])) {
        close(*got, want, "a figure of values");
    }
}
