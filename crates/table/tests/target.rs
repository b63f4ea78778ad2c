//! Finding the target: classes or values, and why not.

use caviar_table::{
    Contents, NO_LABEL, ReadOptions, Storage, Table, Target, TargetError, TargetSpec, TargetValues, Task,
};

fn table(cells: &[&str]) -> Table {
    let text = "x,target\n".to_owned() + &cells.iter().map(|cell| format!("1,{cell}\n")).collect::<String>();
    Table::parse(text.as_bytes(), "t.csv", &ReadOptions::default()).unwrap()
}

fn classes(cells: &[&str], task: Task) -> Option<(Vec<String>, Vec<u32>)> {
    match Target::find(&table(cells), "target", task).unwrap().values {
        TargetValues::Classes(classes) => Some((classes.names, classes.labels)),
        TargetValues::Numbers(_) => None,
    }
}

#[test]
fn classes_are_in_numeric_or_alphabetical_order() {
    let (names, labels) = classes(&["b", "a", "b", "", "a", "C", "C"], Task::Auto).unwrap();
    assert_eq!(names, ["C", "a", "b"]);
    assert_eq!(labels, [2, 1, 2, NO_LABEL, 1, 0, 0]);
    let (names, labels) = classes(&["10", "9", "10", "9.0"], Task::Auto).unwrap();
    assert_eq!((names, labels), (vec!["9".to_owned(), "10".to_owned()], vec![1, 0, 1, 0]));
}

#[test]
fn auto_takes_few_whole_numbers_for_classes_and_others_for_values() {
    let cells = |count: usize, period: usize| (0..count).map(|i| (i % period).to_string()).collect::<Vec<_>>();
    let is_classes =
        |cells: Vec<String>| classes(&cells.iter().map(String::as_str).collect::<Vec<_>>(), Task::Auto).is_some();
    assert!(is_classes(cells(30, 3)));
    assert!(!is_classes(cells(29, 3)));
    assert!(is_classes(cells(200, 20)));
    assert!(!is_classes(cells(210, 21)));
    assert!(is_classes(cells(4, 2)));
    assert!(!is_classes((0..100).map(|i| format!("{}.5", i % 3)).collect()));
    assert!(is_classes((0..10).map(|i| ["yes", "no"][i % 2].to_owned()).collect()));
}

#[test]
fn rows_without_a_target_are_dropped_and_counted() {
    let target = Target::find(&table(&["1.5", "NA", "2.5", "?"]), "target", Task::Auto).unwrap();
    assert_eq!((target.rows, target.dropped), (vec![0, 2], 2));
}

#[test]
fn targets_that_cannot_be_learned_are_refused_with_facts() {
    let find = |cells: &[&str], task| Target::find(&table(cells), "target", task).unwrap_err();
    assert!(matches!(find(&["", "NA"], Task::Auto), TargetError::AllMissing { rows: 2, .. }));
    assert!(matches!(find(&["a", "a", ""], Task::Auto), TargetError::OneValue { value, .. } if value == "a"));
    assert!(matches!(find(&["3", "3"], Task::Regression), TargetError::OneValue { .. }));
    assert!(matches!(find(&["a", "b", "c"], Task::Auto), TargetError::TooManyClasses { classes: 3, rows: 3, .. }));
    assert!(matches!(find(&["a", "b"], Task::Regression), TargetError::NotNumbers { line: 2, .. }));
}

#[test]
fn an_unknown_target_is_answered_with_the_nearest_name_or_all() {
    let find = |name| Target::find(&table(&["1", "2"]), name, Task::Auto).unwrap_err().to_string();
    assert_eq!(find("tagret"), "t.csv: no column is named `tagret`; did you mean `target`?");
    assert_eq!(find("species"), "t.csv: no column is named `species`; there are `x`, `target`");
}

#[test]
fn values_are_scaled_by_the_training_rows_and_back() {
    let target = Target::find(&table(&["1", "2", "5", "1000", "2.5"]), "target", Task::Regression).unwrap();
    let spec = target.spec(&[0, 1, 2]).unwrap();
    let TargetSpec::Regression { mean, deviation, .. } = &spec else { panic!("{spec:?}") };
    assert!((mean - 8.0 / 3.0).abs() < 1e-15 && (deviation - (26.0_f64 / 9.0).sqrt()).abs() < 1e-15);
    assert!((spec.inverse(spec.scaled(1000.0)) - 1000.0).abs() < 1e-12);
    assert!(matches!(target.spec(&[0]), Err(TargetError::OneValue { .. })));
    assert!(matches!(target.spec(&[9]), Err(TargetError::RowOutOfRange { .. })));
    let json = serde_json::to_string(&spec).unwrap();
    assert_eq!(serde_json::from_str::<TargetSpec>(&json).unwrap(), spec);
    let hostile = r#"{"task":"regression","name":"y","mean":0.0,"deviation":0.0}"#;
    assert!(serde_json::from_str::<TargetSpec>(hostile).is_err());
}

#[test]
fn another_table_is_read_with_the_classes_of_training() {
    let target = Target::find(&table(&["<=50K", ">50K", "<=50K", ">50K", "?"]), "target", Task::Auto).unwrap();
    let spec = target.spec(&[0, 1]).unwrap();
    assert_eq!((spec.storage(), spec.width()), (Storage::Words, 2));
    let other = spec.read(&table(&[">50K", "", ">50K"])).unwrap();
    assert_eq!(other.labels(), Some(&[1, NO_LABEL, 1][..]));
    let dotted = spec.read(&table(&["<=50K.", "<=50K."])).unwrap_err();
    assert_eq!(
        dotted.to_string(),
        "t.csv, line 2, target `target`: class `<=50K.` is not among those of training; if it means \
         `<=50K`, read the file with --trim-labels '.'"
    );
}

#[test]
fn signs_are_taken_off_the_ends_of_labels_and_nowhere_else() {
    let text = "x.,y\nno.,no.\nyes,yes.\nno.,..\n";
    let table = Table::parse(text.as_bytes(), "t.csv", &ReadOptions::default()).unwrap().with_labels_trimmed("y", ".!");
    let words = |name: &str| match table.column(name).unwrap().contents() {
        Contents::Words(words) => (0..3).map(|row| words.get(row).unwrap().to_owned()).collect::<Vec<_>>(),
        Contents::Numbers(_) => panic!("numbers"),
    };
    assert_eq!(words("y"), ["no", "yes", ".."]);
    assert_eq!(words("x."), ["no.", "yes", "no."]);
}
