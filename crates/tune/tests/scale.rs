//! Laws of the scales.

use caviar_tune::{Scale, SearchError, Value};
use proptest::prelude::{Just, Strategy, any, prop_oneof, proptest};

fn number(value: Value) -> f64 {
    value.as_number().unwrap()
}

#[test]
fn a_log_scale_is_uniform_in_the_exponent() {
    let scale = Scale::log(1e-4, 1.0).unwrap();
    for (unit, expected) in [(0.0, 1e-4), (0.25, 1e-3), (0.5, 1e-2), (0.75, 1e-1), (1.0, 1.0)] {
        assert!((number(scale.from_unit(unit)) / expected - 1.0).abs() < 1e-14, "{unit}");
    }
    assert_eq!(scale.from_unit(0.0), Value::from(1e-4), "the ends are exact");
    assert_eq!(scale.from_unit(1.0), Value::from(1.0));
}

#[test]
fn one_minus_log_spreads_the_distance_to_one() {
    let scale = Scale::one_minus_log(0.9, 0.999).unwrap();
    assert_eq!(scale.from_unit(0.0), Value::from(0.9));
    assert!((number(scale.from_unit(0.5)) - 0.99).abs() < 1e-14);
    assert_eq!(scale.from_unit(1.0), Value::from(0.999));
}

#[test]
fn every_integer_has_an_equal_share_of_the_unit_interval() {
    let scale = Scale::integer(2, 4).unwrap();
    for (unit, expected) in [(0.0, 2), (0.333, 2), (0.334, 3), (0.666, 3), (0.667, 4), (1.0, 4)] {
        assert_eq!(scale.from_unit(unit), Value::from(expected), "{unit}");
    }
}

#[test]
fn log_integers_are_widened_by_half_a_step() {
    // From 1/2 to 9/2 is a factor of 9: its half in the exponent is 3/2, where 1 ends and 2 begins.
    let scale = Scale::log_integer(1, 4).unwrap();
    assert_eq!(scale.from_unit(0.499), Value::from(1));
    assert_eq!(scale.from_unit(0.501), Value::from(2));
    assert_eq!((scale.from_unit(0.0), scale.from_unit(1.0)), (Value::from(1), Value::from(4)));
}

#[test]
fn a_zero_has_its_own_share() {
    let scale = Scale::zero_or(0.4, Scale::log(1e-3, 1e-1).unwrap()).unwrap();
    assert_eq!(scale.from_unit(0.0), Value::from(0.0));
    assert_eq!(scale.from_unit(0.399), Value::from(0.0));
    assert_eq!(scale.from_unit(0.4), Value::from(1e-3));
    assert!((number(scale.from_unit(0.7)) - 1e-2).abs() < 1e-15);
    assert_eq!(scale.to_unit(&Value::from(0.0)), Some(0.2));
    let whole = Scale::zero_or(0.5, Scale::integer(1, 2).unwrap()).unwrap();
    assert_eq!(whole.from_unit(0.1), Value::from(0), "a zero among integers is an integer");
}

#[test]
fn what_lies_outside_the_unit_interval_is_moved_to_its_ends() {
    let scale = Scale::linear(-1.0, 2.0).unwrap();
    for (unit, expected) in [(-3.0, -1.0), (7.0, 2.0), (f64::INFINITY, 2.0), (f64::NAN, -1.0)] {
        assert_eq!(scale.from_unit(unit), Value::from(expected));
    }
    let widest = Scale::linear(-f64::MAX, f64::MAX).unwrap();
    assert_eq!(widest.from_unit(0.5), Value::from(0.0), "the width of the range may be more than f64 holds");
    assert_eq!(widest.to_unit(&Value::from(0.0)), Some(0.5));
}

#[test]
fn ranges_that_cannot_be_are_refused_with_their_facts() {
    let refused = |scale: Result<Scale, SearchError>| scale.unwrap_err();
    assert_eq!(refused(Scale::linear(2.0, 1.0)), SearchError::LowAboveHigh { low: 2.0, high: 1.0 });
    assert_eq!(refused(Scale::integer(2, 1)), SearchError::LowAboveHigh { low: 2.0, high: 1.0 });
    assert_eq!(refused(Scale::log(0.0, 1.0)), SearchError::LogThroughZero { low: 0.0, high: 1.0 });
    assert_eq!(refused(Scale::log(-1.0, 1.0)), SearchError::LogThroughZero { low: -1.0, high: 1.0 });
    assert_eq!(refused(Scale::log_integer(0, 8)), SearchError::LogThroughZero { low: 0.0, high: 8.0 });
    assert_eq!(refused(Scale::one_minus_log(0.9, 1.0)), SearchError::DistanceThroughZero { low: 0.9, high: 1.0 });
    for scale in [Scale::linear(f64::NAN, 1.0), Scale::log(1.0, f64::INFINITY), Scale::integer(i64::MIN, i64::MAX)] {
        assert!(matches!(scale, Err(SearchError::EndOutOfReach { .. })));
    }
    assert_eq!(refused(Scale::choice::<Value>([])), SearchError::EmptyChoice);
    assert_eq!(refused(Scale::choice(["a", "b", "a"])), SearchError::RepeatedChoice { value: Value::from("a") });
    assert!(matches!(Scale::choice([f64::NAN]), Err(SearchError::ChoiceNotFinite { .. })));
    let range = || Scale::linear(0.0, 1.0).unwrap();
    for got in [0.0, 1.0, -0.5, f64::NAN] {
        assert!(matches!(Scale::zero_or(got, range()), Err(SearchError::ZeroProbability { .. })));
    }
    let zero = Scale::zero_or(0.5, range()).unwrap();
    for beside in [zero, Scale::choice([1]).unwrap(), Scale::integer(0, 3).unwrap(), Scale::linear(-1.0, 1.0).unwrap()]
    {
        assert_eq!(refused(Scale::zero_or(0.5, beside)), SearchError::ZeroBeside);
    }
}

#[test]
fn written_scales_are_checked_when_they_are_read() {
    let read = |text: &str| serde_json::from_str::<Scale>(text);
    assert_eq!(read(r#"{"scale":"log","low":0.0001,"high":1.0}"#).unwrap(), Scale::log(1e-4, 1.0).unwrap());
    assert_eq!(read(r#"{"scale":"integer","low":1,"high":5}"#).unwrap(), Scale::integer(1, 5).unwrap());
    let error = read(r#"{"scale":"log","low":0.0,"high":1.0}"#).unwrap_err();
    assert!(error.to_string().contains("low must be above 0"), "{error}");
    assert!(read(r#"{"scale":"log","low":0.1,"hihg":1.0}"#).is_err());
}

#[test]
fn grids_have_both_ends_and_no_value_twice() {
    let integers = |scale: Scale, points| -> Vec<f64> { scale.grid(points).into_iter().map(number).collect() };
    assert_eq!(integers(Scale::linear(0.0, 1.0).unwrap(), 5), [0.0, 0.25, 0.5, 0.75, 1.0]);
    assert_eq!(integers(Scale::linear(0.0, 1.0).unwrap(), 1), [0.5]);
    assert_eq!(integers(Scale::integer(1, 3).unwrap(), 10), [1.0, 2.0, 3.0]);
    assert_eq!(integers(Scale::integer(0, 100).unwrap(), 3), [0.0, 50.0, 100.0]);
    assert_eq!(integers(Scale::log_integer(1, 8).unwrap(), 7), [1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 8.0]);
    let zero_or = Scale::zero_or(0.5, Scale::log(1e-4, 1e-2).unwrap()).unwrap();
    assert_eq!(integers(zero_or, 3), [0.0, 1e-4, 1e-2]);
    assert_eq!(Scale::choice(["a", "b", "c"]).unwrap().grid(2).len(), 3, "a choice keeps all its values");
    assert_eq!(Scale::integer(0, 1 << 53).unwrap().grid(1000).len(), 1000);
}

fn scales() -> impl Strategy<Value = Scale> {
    let ends = || (-1e3..1e3, 0.0..1e3);
    let positive = || (1e-6..1e3, 1.0..1e6);
    let real = prop_oneof![
        ends().prop_map(|(low, width): (f64, f64)| Scale::linear(low, low + width).unwrap()),
        positive().prop_map(|(low, factor): (f64, f64)| Scale::log(low, low * factor).unwrap()),
        (0.0..0.9, 0.9..0.9999).prop_map(|(low, high)| Scale::one_minus_log(low, high).unwrap()),
    ];
    let whole = prop_oneof![
        (-50_i64..50, 0_i64..60).prop_map(|(low, width)| Scale::integer(low, low + width).unwrap()),
        (1_i64..50, 0_i64..2000).prop_map(|(low, width)| Scale::log_integer(low, low + width).unwrap()),
    ];
    let zero_or = (1e-3..0.999, positive())
        .prop_map(|(prob, (low, factor))| Scale::zero_or(prob, Scale::log(low, low * factor).unwrap()).unwrap());
    prop_oneof![real, whole, zero_or, Just(Scale::choice(["a", "b", "c"]).unwrap())]
}

proptest! {
    #[test]
    fn there_and_back_is_the_same_value(scale in scales(), unit in 0.0..=1.0) {
        let value = scale.from_unit(unit);
        assert!(scale.contains(&value), "{value} on {scale}");
        let back = scale.from_unit(scale.to_unit(&value).unwrap());
        match (&value, &back) {
            (Value::Number(value), Value::Number(back)) => {
                assert!((value - back).abs() <= 1e-9 * value.abs().max(1e-3), "{value} {back} on {scale}");
            }
            _ => assert_eq!(value, back, "on {scale}"),
        }
    }

    #[test]
    fn a_larger_draw_never_gives_a_smaller_number(scale in scales(), one in 0.0..=1.0, other in 0.0..=1.0) {
        if let (Some(low), Some(high)) =
            (scale.from_unit(f64::min(one, other)).as_number(), scale.from_unit(f64::max(one, other)).as_number())
        {
            // Two neighboring draws may swap by a rounding.
            assert!(low <= high + 1e-12 * high.abs().max(1.0));
        }
    }

    #[test]
    fn a_grid_lies_on_its_scale_without_repeats(scale in scales(), points in 1_usize..40) {
        let grid = scale.grid(points);
        assert!(grid.iter().all(|value| scale.contains(value)));
        assert!(grid.len() <= points.max(3));
        let distinct: std::collections::BTreeSet<_> = grid.iter().collect();
        assert_eq!(distinct.len(), grid.len());
    }

    #[test]
    fn scales_survive_being_written(scale in scales(), _any in any::<u8>()) {
        let text = serde_json::to_string(&scale).unwrap();
        assert_eq!(serde_json::from_str::<Scale>(&text).unwrap(), scale);
    }
}
