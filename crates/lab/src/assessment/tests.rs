//! Calibration and curves against scikit-learn's.

use serde_json::Value;

use super::calibration::calibration;
use super::curves::curves;

fn fixture() -> Value {
    serde_json::from_str(include_str!("../../../../fixtures/metrics.json")).unwrap()
}

fn close(got: f64, want: &Value, what: &str) {
    let want = want.as_f64().unwrap();
    assert!((got - want).abs() < 1e-12, "{what}: {got}, not {want}");
}

/// Of each class with curves: what is said of every row, whether the row is of the class, and the fixture's numbers.
fn cases() -> Vec<(Vec<(f64, bool)>, Value)> {
    let mut cases = Vec::new();
    for case in fixture()["classes"].as_array().unwrap() {
        let rows = case["probabilities"].as_array().unwrap();
        let classes = rows[0].as_array().unwrap().len();
        let first = if classes == 2 { 1 } else { 0 };
        for (class, want) in (first..).zip(case["curves"].as_array().unwrap()) {
            let of_row = |(row, label): (&Value, &Value)| (row[class].as_f64().unwrap(), label == class);
            let said = rows.iter().zip(case["labels"].as_array().unwrap()).map(of_row).collect();
            cases.push((said, want.clone()));
        }
    }
    assert_eq!(cases.len(), 6);
    cases
}

#[test]
fn calibration_is_that_of_scikit_learn() {
    for (said, want) in cases() {
        let found = calibration("a", &said);
        assert_eq!(found.bins.len(), want["bins"].as_array().unwrap().len());
        for (bin, want) in found.bins.iter().zip(want["bins"].as_array().unwrap()) {
            assert_eq!(bin.rows, want[0].as_u64().unwrap());
            close(bin.predicted, &want[1], "predicted");
            close(bin.observed, &want[2], "observed");
        }
        close(found.expected_error, &want["expected_error"], "expected error");
    }
}

#[test]
fn curves_are_those_of_scikit_learn() {
    for (said, want) in cases() {
        let (roc, precision_recall) = curves("a", &said).unwrap();
        close(roc.area, &want["roc_area"], "area under the ROC curve");
        close(precision_recall.area, &want["mean_precision"], "mean precision");
        for (curve, name) in [(&roc, "roc"), (&precision_recall, "precision_recall")] {
            let all: Vec<(f64, f64)> = want[name]
                .as_array()
                .unwrap()
                .iter()
                .map(|point| (point[0].as_f64().unwrap(), point[1].as_f64().unwrap()))
                .collect();
            assert!(curve.points.len() <= 200 && curve.points.len() * 8 > all.len().min(200), "{name}");
            assert_eq!((curve.points.first(), curve.points.last()), (all.first(), all.last()), "{name}");
            let is_there = |point: &(f64, f64)| {
                all.iter().any(|other| (point.0 - other.0).abs() + (point.1 - other.1).abs() < 1e-12)
            };
            assert!(curve.points.iter().all(is_there), "{name}");
        }
    }
}
