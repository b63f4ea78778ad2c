//! Columns that are neither numbers nor categories: booleans and dates, as features and as targets.

use caviar_table::{
    EncodeError, Encoder, Feature, ReadError, ReadOptions, Reason, Scaling, Table, Target, TargetError, TargetValues,
    Task,
};

fn read(text: &str) -> Table {
    Table::parse(text.as_bytes(), "t.csv", &ReadOptions::default()).unwrap()
}

fn fit(table: &Table, rows: std::ops::Range<usize>) -> Encoder {
    Encoder::fit(table, &table.names_without(&[]), &rows.collect::<Vec<_>>(), Scaling::MinMax).unwrap()
}

#[test]
fn a_boolean_is_one_column_of_0_and_1() {
    let table = read("b,x\nYes,1\nno,2\n,3\nNO,4\nyes,5\nNo,6\nperhaps,7\n");
    let encoder = fit(&table, 0..6);
    assert_eq!(encoder.labels(), ["b = yes", "b is missing", "x"]);
    let rows: Vec<usize> = (0..7).collect();
    let matrix = encoder.encode(&table, &rows).unwrap();
    let columns: Vec<(f32, f32)> = matrix.values.chunks_exact(3).map(|row| (row[0], row[1])).collect();
    let (no, yes, none) = ((0.0, 0.0), (1.0, 0.0), (0.0, 1.0)); // no is the commoner
    assert_eq!(columns, [yes, no, none, no, yes, no, none]);
    for pair in ["true,false", "T,F", "y,N"] {
        let (yes, no) = pair.split_once(',').unwrap();
        let table = read(&format!("b,x\n{yes},1\n{no},2\n{yes},3\n"));
        assert_eq!(fit(&table, 0..3).encode(&table, &[0, 1]).unwrap().values, [1.0, 0.0, 0.0, 0.5], "{pair}");
    }
}

#[test]
fn a_date_is_year_day_month_and_weekday() {
    // 2010-12-31 was a Friday, 2011-01-01 a Saturday, 2011-12-31 a Saturday 365 days after the first.
    let table = read("when,x\n2010-12-31,1\n2011-01-01,2\n,3\n2011-12-31,4\n");
    let encoder = fit(&table, 0..4);
    let labels =
        ["when: year", "when: day", "when in Jan", "when in Dec", "when on Fri", "when on Sat", "when is missing"];
    assert_eq!(encoder.labels()[..7], labels);
    let matrix = encoder.encode(&table, &[0, 1, 2, 3]).unwrap();
    let row = |at: usize| &matrix.values[at * 8..at * 8 + 7];
    assert_eq!(row(0), [0.0, 0.0, 0.0, 1.0, 1.0, 0.0, 0.0]);
    assert_eq!(row(1), [1.0, 1.0 / 365.0, 1.0, 0.0, 0.0, 1.0, 0.0]);
    assert_eq!(row(3), [1.0, 1.0, 0.0, 1.0, 0.0, 1.0, 0.0]);
    assert_eq!(row(2), [1.0, 1.0 / 365.0, 0.0, 0.0, 0.0, 0.0, 1.0], "the medians");
    let other = read("x,when\n1,Jan 1 2011\n1,3/6/2011\n1,soon\n");
    assert_eq!(encoder.encode(&other, &[0]).unwrap().values[..7], *row(1), "another form of the same day");
    let june = &encoder.encode(&other, &[1]).unwrap().values[..7]; // Friday 2011-06-03, 154 days after the first
    assert_eq!(june, [1.0, 154.0 / 365.0, 0.0, 0.0, 1.0, 0.0, 0.0]);
    let error = encoder.encode(&other, &[2]).unwrap_err();
    assert!(matches!(error, EncodeError::NotDate { line: 4, ref cell, .. } if cell == "soon"), "{error}");
    let json = serde_json::to_string(&encoder).unwrap();
    assert_eq!(serde_json::from_str::<Encoder>(&json).unwrap(), encoder);
    assert!(serde_json::from_str::<Encoder>(&json.replace("\"months\":[1", "\"months\":[13")).is_err());
}

#[test]
fn a_time_of_day_is_hours() {
    let table = read("when,x\n2011-01-03 06:00,1\n2011-01-03T18:00:00,2\n2011-01-03 09:00:00.0,3\n");
    let encoder = fit(&table, 0..3);
    assert_eq!(encoder.labels(), ["when: hour", "x"]);
    assert_eq!(encoder.encode(&table, &[2, 1]).unwrap().values, [0.25, 1.0, 1.0, 0.5]);
}

#[test]
fn day_and_month_are_told_apart_by_the_column_or_named() {
    let order = |text: &str| match &fit(&read(text), 0..2).features()[0] {
        Feature::Date { order, .. } => serde_json::to_string(order).unwrap(),
        other => panic!("{other:?}"),
    };
    assert_eq!(order("d,x\n1/2/2011,1\n31/2/2011,2\n".replace("31/2", "28/2").as_str()), "\"day_first\"");
    assert_eq!(order("d,x\n1/2/2011,1\n2/28/2011,2\n"), "\"month_first\"");
    let either = read("d,x\n1/2/2011,1\n2/3/2011,2\n");
    let encoder = fit(&either, 0..2);
    assert_eq!(encoder.dropped()[0].reason, Reason::AmbiguousDate);
    assert_eq!(
        encoder.dropped()[0].to_string(),
        "`d` (dates that could be day/month or month/day; write them as 2011-01-31)"
    );
}

#[test]
fn a_text_among_dates_is_an_error_with_its_line() {
    let error = |text: &str| Table::parse(text.as_bytes(), "t.csv", &ReadOptions::default()).unwrap_err();
    let stray = error("d,x\n2011-01-03,1\n2011-01-04,2\n2011-02-30,3\n2011-01-05,4\n2011-01-06,5\n");
    let ReadError::TextInDates { line: 4, ref cell, words: 1, dates: 4, .. } = stray else { panic!("{stray}") };
    assert_eq!(cell, "2011-02-30");
}

#[test]
fn spellings_of_a_boolean_target_are_one_class() {
    let classes = |text: &str| match Target::find(&read(text), "y", Task::Auto).unwrap().values {
        TargetValues::Classes(classes) => (classes.names, classes.labels),
        TargetValues::Numbers(_) => panic!("numbers"),
    };
    let (names, labels) = classes("x,y\n1,Yes\n2,no\n3,yes\n4,Yes\n5,NO\n6,no\n");
    assert_eq!((names, labels), (vec!["no".to_owned(), "Yes".to_owned()], vec![1, 0, 1, 1, 0, 0]));
    let (names, _) = classes("x,y\n1,Yes\n2,No\n3,Yes\n4,No\n");
    assert_eq!(names, ["No", "Yes"]);
    let target = Target::find(&read("x,y\n1,Yes\n2,No\n3,Yes\n4,No\n"), "y", Task::Auto).unwrap();
    let other = target.spec(&[0, 1]).unwrap().read(&read("x,y\n1,yes\n2,NO\n")).unwrap();
    assert_eq!(other.labels(), Some(&[1, 0][..]));
}

#[test]
fn a_target_of_dates_is_refused_unless_classes_are_asked_for() {
    let text = "x,y\n".to_owned() + &"1,2011-01-03\n2,2011-01-04\n".repeat(6);
    for task in [Task::Auto, Task::Regression] {
        let error = Target::find(&read(&text), "y", task).unwrap_err();
        assert!(matches!(error, TargetError::Dates { .. }), "{error}");
    }
    assert!(Target::find(&read(&text), "y", Task::Classification).is_ok());
}

#[test]
fn all_missing_columns_are_named_with_what_was_probably_meant() {
    let encoder = fit(&read("age,job,pay\n1,a,2\n2,b,3\n"), 0..2);
    let error = encoder.encode(&read("Age,jobs,height\n1,a,2\n"), &[0]).unwrap_err();
    assert_eq!(
        error.to_string(),
        "t.csv: 3 columns are missing: `age` (did you mean `Age`?), `job` (did you mean `jobs`?), `pay`"
    );
}
