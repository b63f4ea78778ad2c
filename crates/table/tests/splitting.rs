//! Laws of the split.

use std::collections::BTreeSet;

use caviar_table::{Fractions, NO_LABEL, Split, SplitError};
use proptest::prelude::{Just, Strategy, prop_assert, prop_assert_eq, proptest};

fn key(seed: u64) -> impl Fn(u64) -> u64 {
    move |row| (row ^ seed).wrapping_mul(0x9e37_79b9_7f4a_7c15).rotate_left(29).wrapping_mul(0xbf58_476d_1ce4_e5b9)
}

fn split(labels: &[u32], test: f64, validation: f64) -> Result<Split, SplitError> {
    let rows: Vec<usize> = (0..labels.len()).collect();
    Split::new(&rows, Some(labels), Fractions { test, validation }, &key(1))
}

fn count(rows: &[usize], labels: &[u32], class: u32) -> usize {
    rows.iter().filter(|&&row| labels[row] == class).count()
}

#[test]
fn classes_are_dealt_out_by_largest_remainder() {
    // 50, 33 and 17 rows; a fifth is 10, 6.6 and 3.4, so that 20 rows are 10, 7 and 3.
    let labels: Vec<u32> = (0..100).map(|row| if row < 50 { 0 } else { u32::from(row >= 83) + 1 }).collect();
    let split = split(&labels, 0.2, 0.25).unwrap();
    let counts = |rows: &[usize]| [0, 1, 2].map(|class| count(rows, &labels, class));
    assert_eq!(counts(&split.test), [10, 7, 3]);
    // 40, 26 and 14 are left; a quarter is 10, 6.5 and 3.5: the seat goes to the lower class.
    assert_eq!(counts(&split.validation), [10, 7, 3]);
    assert_eq!(counts(&split.train), [30, 19, 11]);
}

#[test]
fn without_labels_the_first_keys_are_the_test() {
    let rows = [4, 7, 1, 9, 2];
    let split = Split::new(&rows, None, Fractions { test: 0.4, validation: 0.34 }, &|row| 100 - row).unwrap();
    assert_eq!((split.test, split.validation, split.train), (vec![7, 9], vec![4], vec![1, 2]));
}

#[test]
fn equal_keys_fall_back_on_the_row() {
    let split = Split::new(&[3, 1, 2], None, Fractions { test: 0.3, validation: 0.0 }, &|_| 7).unwrap();
    assert_eq!((split.test, split.validation, split.train), (vec![1], vec![], vec![2, 3]));
}

#[test]
fn splits_that_cannot_be_are_refused() {
    assert!(matches!(split(&[0, 1], 0.2, 0.2), Err(SplitError::TooFewRows { rows: 2, parts: 3 })));
    assert!(matches!(split(&[0, 1, 2, 3], 0.2, 0.2), Err(SplitError::ClassesTooSmall { part: "validation", .. })));
    assert!(matches!(split(&[0; 9], 1.0, 0.2), Err(SplitError::Fraction { part: "test", .. })));
    assert!(matches!(split(&[0; 9], 0.2, f64::NAN), Err(SplitError::Fraction { part: "validation", .. })));
    assert!(matches!(split(&[0, 0, 0, NO_LABEL], 0.2, 0.2), Err(SplitError::NoLabel { row: 3, .. })));
    assert!(matches!(
        Split::new(&[0, 9], Some(&[0, 0]), Fractions { test: 0.5, validation: 0.0 }, &key(1)),
        Err(SplitError::NoLabel { row: 9, labels: 2 })
    ));
    assert!(Fractions::new(0.0, 0.5).is_ok());
    assert!(Fractions::new(-0.1, 0.5).is_err());
}

proptest! {
    #[test]
    fn every_row_is_in_one_part_and_every_class_of_three_in_all(
        labels in proptest::collection::vec(0_u32..6, 12..200),
        (test, validation) in (Just(0.2), 0.05_f64..0.6).prop_flat_map(|(a, b)| (a..0.5, Just(b))),
        seed in 0_u64..50,
    ) {
        let rows: Vec<usize> = (0..labels.len()).collect();
        let split = Split::new(&rows, Some(&labels), Fractions { test, validation }, &key(seed)).unwrap();
        let parts = [&split.train, &split.validation, &split.test];
        prop_assert!(parts.iter().all(|part| part.is_sorted()));
        let all: BTreeSet<usize> = parts.iter().flat_map(|part| part.iter().copied()).collect();
        prop_assert_eq!(all.len(), rows.len());
        prop_assert_eq!(parts.iter().map(|part| part.len()).sum::<usize>(), rows.len());
        for class in 0..6 {
            let size = count(&rows, &labels, class);
            if size >= 3 {
                prop_assert!(parts.iter().all(|part| count(part, &labels, class) > 0), "class {class} of {size}");
                let taken = count(&split.test, &labels, class) as f64;
                prop_assert!((taken - test * size as f64).abs() < 2.0);
            } else if size > 0 {
                prop_assert!(count(&split.train, &labels, class) > 0);
            }
        }
    }

    #[test]
    fn test_rows_depend_on_neither_the_validation_fraction_nor_the_order(
        labels in proptest::collection::vec(0_u32..4, 12..100),
        one in 0.0_f64..0.5,
        other in 0.0_f64..0.5,
    ) {
        let rows: Vec<usize> = (0..labels.len()).collect();
        let reversed: Vec<usize> = rows.iter().rev().copied().collect();
        let split = |rows: &[usize], validation| {
            Split::new(rows, Some(&labels), Fractions { test: 0.25, validation }, &key(3))
        };
        if let (Ok(a), Ok(b)) = (split(&rows, one), split(&reversed, other)) {
            prop_assert_eq!(a.test, b.test);
        }
        prop_assert_eq!(split(&rows, one), split(&reversed, one));
    }
}
