//! The laws of the schedules, against the formulas of the course notes worked by hand.

use super::{Moment, Schedule, ScheduleState, Timetable};
use crate::optim::SpecError;
use proptest::prelude::{Just, Strategy, prop_assert, prop_assert_eq, prop_oneof, proptest};

fn close(got: f64, want: f64) {
    assert!((got - want).abs() <= 1e-12 * want.abs().max(1e-3), "{got} is not {want}");
}

fn timetable(text: &str, horizon: f64) -> Timetable {
    Timetable::new(text.parse().unwrap(), horizon).unwrap()
}

fn rate_at(timetable: &Timetable, base: f64, epoch: u64) -> f64 {
    timetable.rate(ScheduleState::default(), base, Moment::at_epoch(epoch)).1
}

fn step_rate(timetable: &Timetable, epoch: u64, step: u64, steps_per_epoch: u64) -> f64 {
    let moment = Moment { epoch, step, steps_per_epoch, metric: None };
    timetable.rate(ScheduleState::default(), 1.0, moment).1
}

#[test]
fn rates_of_the_notes_by_epoch() {
    let table: [(&str, [(u64, f64); 4]); 6] = [
        ("constant", [(0, 0.2), (1, 0.2), (9, 0.2), (1000, 0.2)]),
        ("inverse-time:1", [(0, 0.2), (1, 0.1), (2, 0.2 / 3.0), (3, 0.05)]),
        ("inverse-time:1:1000", [(0, 0.2), (999, 0.2), (1000, 0.1), (2999, 0.2 / 3.0)]),
        ("exponential:0.95", [(0, 0.2), (1, 0.19), (2, 0.1805), (3, 0.171475)]),
        ("inverse-sqrt:2", [(0, 0.4), (3, 0.2), (8, 0.4 / 3.0), (15, 0.1)]),
        ("staircase:3=0.5,5=0.25", [(0, 0.2), (2, 0.2), (3, 0.1), (7, 0.05)]),
    ];
    for (text, rates) in table {
        let timetable = timetable(text, 50.0);
        for (epoch, want) in rates {
            close(rate_at(&timetable, 0.2, epoch), want);
        }
    }
}

#[test]
fn a_shifted_schedule_is_one_epoch_late() {
    let shifted = timetable("inverse-time:1", 50.0).with_shift(1);
    close(rate_at(&shifted, 0.2, 0), 0.2);
    close(rate_at(&shifted, 0.2, 1), 0.2);
    close(rate_at(&shifted, 0.2, 2), 0.1);
}

#[test]
fn epoch_schedules_do_not_see_the_batch_size() {
    for text in ["inverse-time:0.5", "exponential:0.9", "inverse-sqrt:1", "staircase:2=0.1"] {
        let timetable = timetable(text, 50.0);
        let (few, many) = (step_rate(&timetable, 3, 1, 2), step_rate(&timetable, 3, 700, 1000));
        assert_eq!(few, many, "{text}");
    }
}

#[test]
fn cosine_is_one_then_half_then_holds_its_last_rate() {
    let cosine = timetable("cosine", 10.0);
    close(step_rate(&cosine, 0, 0, 100), 1.0);
    close(step_rate(&cosine, 5, 0, 100), 0.5);
    close(step_rate(&cosine, 2, 50, 100), (2.0 + 2.0_f64.sqrt()) / 4.0);
    let last = step_rate(&cosine, 9, 99, 100);
    assert!(last > 0.0 && last < 1e-5);
    for epoch in [10, 11, 500] {
        assert_eq!(step_rate(&cosine, epoch, 3, 100), last);
    }
}

#[test]
fn one_cycle_starts_low_peaks_at_three_tenths_and_ends_lower() {
    let cycle = timetable("one-cycle", 10.0);
    close(step_rate(&cycle, 0, 0, 1000), 0.04);
    close(step_rate(&cycle, 3, 0, 1000), 1.0);
    close(step_rate(&cycle, 1, 500, 1000), 0.52);
    close(step_rate(&cycle, 6, 500, 1000), (1.0 + 4e-6) / 2.0);
    let last = step_rate(&cycle, 9, 999, 1000);
    assert!((4e-6..5e-6).contains(&last), "{last}");
    assert_eq!(step_rate(&cycle, 12, 0, 1000), last);
}

#[test]
fn warm_up_rises_in_a_line_and_its_last_step_is_full() {
    let warm = timetable("constant", 10.0).with_warm_up(2.0).unwrap();
    for (epoch, step, want) in [(0, 0, 0.125), (0, 3, 0.5), (1, 0, 0.625), (1, 3, 1.0), (2, 0, 1.0)] {
        close(step_rate(&warm, epoch, step, 4), want);
    }
    let cosine = timetable("cosine", 10.0).with_warm_up(2.0).unwrap();
    close(step_rate(&cosine, 2, 0, 4), 1.0);
    close(step_rate(&cosine, 6, 0, 4), 0.5);
}

#[test]
fn a_plateau_cuts_after_patience_epochs_without_a_new_best() {
    let plateau = timetable("plateau:0.1:2", 50.0);
    let metrics = [1.0, 0.8, 0.8, 0.9, f64::NAN, 0.7, 0.75, 0.75];
    let wanted = [1.0, 1.0, 1.0, 0.1, 0.1, 0.1, 0.1, 0.01];
    let mut state = ScheduleState::default();
    for (i, (metric, want)) in metrics.into_iter().zip(wanted).enumerate() {
        for step in 0..3 {
            let moment = Moment { epoch: i as u64 + 1, step, steps_per_epoch: 3, metric: Some(metric) };
            let (next, rate) = plateau.rate(state, 1.0, moment);
            close(rate, want);
            state = next;
        }
    }
}

#[test]
fn a_plateau_that_is_restored_from_a_file_goes_on_the_same() {
    let plateau = timetable("plateau:0.5:1", 50.0);
    let at = |epoch, metric| Moment { metric: Some(metric), ..Moment::at_epoch(epoch) };
    let (state, _) = plateau.rate(ScheduleState::default(), 0.3, at(1, 0.25));
    let copy: ScheduleState = serde_json::from_str(&serde_json::to_string(&state).unwrap()).unwrap();
    let again: Timetable = serde_json::from_str(&serde_json::to_string(&plateau).unwrap()).unwrap();
    assert_eq!(again.rate(copy, 0.3, at(2, 0.3)), plateau.rate(state, 0.3, at(2, 0.3)));
}

#[test]
fn numbers_out_of_range_are_named() {
    let table = [
        ("inverse-time:-1", "schedule.rate"),
        ("inverse-time:1:0", "schedule.interval"),
        ("exponential:1.5", "schedule.factor"),
        ("exponential:nan", "schedule.factor"),
        ("inverse-sqrt:0", "schedule.k"),
        ("staircase:5=0.1,5=0.01", "schedule.epoch"),
        ("staircase:5=-1", "schedule.factor"),
        ("plateau:1", "schedule.factor"),
        ("plateau:0.5:0", "schedule.patience"),
    ];
    for (text, field) in table {
        match text.parse::<Schedule>() {
            Err(SpecError::OutOfRange { name, .. }) => assert_eq!(name, field, "{text}"),
            other => panic!("{text}: {other:?}"),
        }
    }
    assert!(Timetable::new(Schedule::Cosine, 0.0).is_err());
    assert!(timetable("cosine", 5.0).with_warm_up(5.0).is_err());
    assert!(timetable("constant", 5.0).with_warm_up(-1.0).is_err());
}

#[test]
fn texts_that_are_no_schedule_say_the_form() {
    for text in [
        "inverse-time",
        "inverse-time:a",
        "inverse-time:1:2:3",
        "exponential",
        "cosine:3",
        "constant:1",
        "staircase:",
        "staircase:3",
        "staircase:x=1",
        "plateau:0.5:1:2",
        "inverse-time:1:1.5",
    ] {
        let error = text.parse::<Schedule>().unwrap_err();
        assert!(matches!(error, SpecError::Malformed { .. }), "{text}: {error}");
    }
    let error = "linear".parse::<Schedule>().unwrap_err();
    assert!(matches!(error, SpecError::Unknown { .. }));
    assert!(error.to_string().starts_with("schedule: `linear` is unknown, known are constant, inverse-time"));
    assert_eq!("plateau".parse(), Schedule::plateau(0.5, 5));
}

fn any_schedule() -> impl Strategy<Value = Schedule> {
    let steps = proptest::collection::btree_map(0..1000_u64, 1e-6..10.0_f64, 1..5);
    prop_oneof![
        Just(Schedule::Constant),
        (0.0..10.0_f64, proptest::option::of(1..2000_u64)).prop_map(|(r, i)| Schedule::inverse_time(r, i).unwrap()),
        (1e-9..1.0_f64).prop_map(|f| Schedule::exponential(f).unwrap()),
        (1e-9..10.0_f64).prop_map(|k| Schedule::inverse_sqrt(k).unwrap()),
        steps.prop_map(|s| Schedule::staircase(s.into_iter().collect()).unwrap()),
        Just(Schedule::Cosine),
        Just(Schedule::OneCycle),
        (1e-9..0.999_f64, 1..100_u64).prop_map(|(f, p)| Schedule::plateau(f, p).unwrap()),
    ]
}

proptest! {
    #[test]
    fn text_gives_the_schedule_back(schedule in any_schedule()) {
        prop_assert_eq!(schedule.to_string().parse::<Schedule>().unwrap(), schedule.clone());
        let json = serde_json::to_string(&schedule).unwrap();
        prop_assert_eq!(serde_json::from_str::<Schedule>(&json).unwrap(), schedule);
    }

    #[test]
    fn the_rate_is_proportional_to_its_base_finite_and_not_negative(
        schedule in any_schedule(), epoch in 0..5000_u64, step in 0..7_u64,
    ) {
        let timetable = Timetable::new(schedule, 30.0).unwrap().with_warm_up(1.5).unwrap();
        let moment = Moment { epoch, step, steps_per_epoch: 7, metric: None };
        let (_, one) = timetable.rate(ScheduleState::default(), 1.0, moment);
        let (_, two) = timetable.rate(ScheduleState::default(), 2.0, moment);
        prop_assert!(one.is_finite() && one >= 0.0);
        prop_assert_eq!(two, 2.0 * one);
    }

    #[test]
    fn no_text_panics(text in "\\PC{0,30}", name in 0..8_usize) {
        let names = ["constant:", "inverse-time:", "exponential:", "inverse-sqrt:", "staircase:", "cosine:", "one-cycle:", "plateau:"];
        let _ = text.parse::<Schedule>();
        let _ = format!("{}{text}", names[name]).parse::<Schedule>();
    }
}
