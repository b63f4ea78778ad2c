//! The metrics against numbers counted by hand.

use super::{Metric, MetricError, accuracy, auc, auc_of_classes, confusion, f1, log_loss, mae, r2, rmse};
use proptest::prelude::{Strategy, prop_assert, proptest};
use std::cmp::Ordering;

fn close(got: f64, want: f64) {
    assert!((got - want).abs() <= 1e-12, "{got} is not {want}");
}

#[test]
fn names_are_read_and_written() {
    for metric in Metric::ALL {
        assert_eq!(metric.to_string().parse(), Ok(metric));
        let json = serde_json::to_string(&metric).unwrap();
        assert_eq!(json, format!("\"{metric}\""));
    }
    let error = "f2".parse::<Metric>().unwrap_err();
    assert_eq!(error.to_string(), "metric: `f2` is unknown, known are accuracy, loss, auc, f1, rmse, mae, r2");
}

#[test]
fn better_comes_first_and_nan_last() {
    assert_eq!(Metric::Loss.better_first(0.1, 0.2), Ordering::Less);
    assert_eq!(Metric::Auc.better_first(0.1, 0.2), Ordering::Greater);
    assert_eq!(Metric::R2.better_first(f64::NAN, -1e9), Ordering::Greater);
    assert_eq!(Metric::Mae.better_first(f64::INFINITY, f64::NAN), Ordering::Less);
    assert_eq!(Metric::Mae.better_first(f64::NAN, f64::NAN), Ordering::Equal);
}

#[test]
fn accuracy_and_confusion_by_hand() {
    let (predicted, labels) = ([0, 2, 1, 1, 0, 2], [0, 1, 1, 1, 2, 2]);
    close(accuracy(&predicted, &labels).unwrap(), 4.0 / 6.0);
    assert_eq!(confusion(&predicted, &labels, 3).unwrap(), [1, 0, 0, 0, 2, 1, 1, 0, 1]);
}

#[test]
fn f1_of_two_classes_is_that_of_class_one() {
    // TP = 3, FP = 1, FN = 2.
    let (predicted, labels) = ([1, 1, 1, 1, 0, 0, 0], [1, 1, 1, 0, 1, 1, 0]);
    close(f1(&predicted, &labels, 2).unwrap(), 6.0 / 9.0);
    close(f1(&[0, 0], &[0, 0], 2).unwrap(), 0.0);
}

#[test]
fn f1_of_many_classes_is_the_mean_over_those_that_occur() {
    // Class 0: 1 right of 1 true, 2 said; class 1: 2 of 3, 2; class 2: 1 of 2, 2; class 3 never occurs.
    let (predicted, labels) = ([0, 2, 1, 1, 0, 2], [0, 1, 1, 1, 2, 2]);
    let want = (2.0 / 3.0 + 4.0 / 5.0 + 2.0 / 4.0) / 3.0;
    close(f1(&predicted, &labels, 4).unwrap(), want);
}

#[test]
fn auc_counts_pairs_in_order_and_ties_half() {
    // Positives 0.35 and 0.8, negatives 0.1 and 0.4: 3 of 4 pairs are in order.
    close(auc(&[0.1, 0.4, 0.35, 0.8], &[false, false, true, true]).unwrap(), 0.75);
    close(auc(&[0.5, 0.5, 0.5], &[true, false, true]).unwrap(), 0.5);
    // Pairs (2,1) right, (2,2) tied, (3,1) right, (3,2) right.
    close(auc(&[1.0_f32, 2.0, 2.0, 3.0], &[false, false, true, true]).unwrap(), 3.5 / 4.0);
    close(auc(&[-0.0, 0.0], &[true, false]).unwrap(), 0.5);
}

#[test]
fn auc_is_nan_where_it_is_undefined() {
    assert!(auc(&[0.1, 0.2], &[true, true]).unwrap().is_nan());
    assert!(auc(&[0.1, f64::NAN], &[true, false]).unwrap().is_nan());
    assert!(auc::<f64>(&[], &[]).unwrap().is_nan());
}

#[test]
fn auc_of_classes_is_each_against_the_rest() {
    let probabilities = [0.6, 0.3, 0.1, 0.2, 0.5, 0.3, 0.5, 0.2, 0.3, 0.1, 0.1, 0.8];
    // Class 0 (row 0): 3 of 3. Class 1 (row 1): 3 of 3. Class 2 (rows 2, 3): 0.3 beats 0.1 and ties 0.3; 0.8 beats both.
    let want = (1.0 + 1.0 + 3.5 / 4.0) / 3.0;
    close(auc_of_classes(&probabilities, &[0, 1, 2, 2], 3).unwrap(), want);
    close(auc_of_classes(&[0.9, 0.1, 0.6, 0.4, 0.65, 0.35, 0.2, 0.8], &[0, 0, 1, 1], 2).unwrap(), 0.75);
}

#[test]
fn log_loss_by_hand() {
    let got = log_loss(&[0.5, 0.5, 0.75, 0.25], &[1, 0], 2).unwrap();
    close(got, (2.0_f64.ln() + (4.0 / 3.0_f64).ln()) / 2.0);
    close(log_loss(&[0.0, 1.0], &[0], 2).unwrap(), 52.0 * 2.0_f64.ln());
    assert!(log_loss(&[f64::NAN, 1.0], &[0], 2).unwrap().is_nan());
}

#[test]
fn errors_of_regression_by_hand() {
    let (predicted, targets) = ([2.5, 0.0, 2.0, 8.0], [3.0, -0.5, 2.0, 7.0]);
    close(rmse(&predicted, &targets).unwrap(), 0.375_f64.sqrt());
    close(mae(&predicted, &targets).unwrap(), 0.5);
    // Mean 2.875; deviations 0.125, -3.375, -0.875, 4.125 have the square sum 29.1875.
    close(r2(&predicted, &targets).unwrap(), 1.0 - 1.5 / 29.1875);
}

#[test]
fn r2_of_equal_targets_is_one_or_zero() {
    close(r2(&[2.0, 2.0], &[2.0, 2.0]).unwrap(), 1.0);
    close(r2(&[2.0, 2.5], &[2.0, 2.0]).unwrap(), 0.0);
    assert!(r2(&[2.0, f64::NAN], &[2.0, 2.0]).unwrap().is_nan());
    assert!(r2::<f32>(&[], &[]).unwrap().is_nan());
}

#[test]
fn what_does_not_belong_together_is_refused() {
    let lengths = MetricError::Lengths { predictions: 3, rows: 2, per_row: 1 };
    assert_eq!(accuracy(&[0, 1, 1], &[0, 1]), Err(lengths.clone()));
    assert_eq!(rmse(&[0.0, 1.0, 1.0], &[0.0, 1.0]), Err(lengths.clone()));
    assert_eq!(lengths.to_string(), "metric: 3 predictions for 2 rows, 1 per row are needed");
    let label = MetricError::LabelOutOfRange { row: 1, label: -1, classes: 2 };
    assert_eq!(confusion(&[0, 1], &[0, -1], 2), Err(label.clone()));
    assert_eq!(log_loss(&[0.5; 4], &[0, -1], 2), Err(label.clone()));
    assert_eq!(label.to_string(), "metric: row 1 has class -1, the classes are 0 to 1");
}

fn scored_rows() -> impl Strategy<Value = (Vec<f64>, Vec<bool>)> {
    let row = (0..6_u8, proptest::bool::ANY);
    proptest::collection::vec(row, 2..40).prop_map(|rows| rows.into_iter().map(|(s, p)| (f64::from(s), p)).unzip())
}

proptest! {
    #[test]
    fn auc_is_the_count_over_all_pairs((scores, positive) in scored_rows()) {
        let (mut won, mut pairs) = (0.0, 0.0);
        for (up, _) in scores.iter().zip(&positive).filter(|(_, p)| **p) {
            for (down, _) in scores.iter().zip(&positive).filter(|(_, p)| !**p) {
                pairs += 1.0;
                won += if up > down { 1.0 } else if up == down { 0.5 } else { 0.0 };
            }
        }
        let got = auc(&scores, &positive).unwrap();
        let undefined = pairs == 0.0 && got.is_nan();
        prop_assert!(undefined || (got - won / pairs).abs() < 1e-12);
    }
}
