//! What a model says of new tables: predict and evaluate.

mod program;

use program::{Place, table};

fn words(a: f64, b: f64) -> String {
    format!("{a:.3},{b:.3},{}", if a > b { 'u' } else { 'v' })
}

/// A folder with a model in `m`.
fn with_model() -> Place {
    let place = Place::with_table();
    place.run("train good.csv --target y --epochs 2 --hidden 8 --quiet --out m").expect(0, &[]);
    place
}

#[test]
fn a_long_table_is_answered_as_its_rows_one_by_one() {
    let place = with_model();
    // More rows than are read at a time.
    let long = table(20_003, |_, a, b| words(a, b));
    place.write("long.csv", &long);
    place.run("predict m long.csv -o said.csv").expect(0, &[]);
    let said = place.read("said.csv");
    let lines: Vec<&str> = said.lines().collect();
    assert_eq!((lines.len(), lines[0]), (20_004, "class,probability_u,probability_v"));
    assert_eq!(place.run("predict m long.csv").stdout, said);
    for row in [1, 8192, 8193, 16_385, 20_003] {
        place.write("one.csv", &format!("a,b,y\n{}\n", long.lines().nth(row).unwrap()));
        assert_eq!(place.run("predict m one.csv").stdout.lines().nth(1).unwrap(), lines[row]);
    }
    let objects = place.run("predict m long.csv --json").lines();
    let numbers: Vec<f64> = lines[20_003].split(',').skip(1).map(|cell| cell.parse().unwrap()).collect();
    assert_eq!(objects.len(), 20_003);
    assert_eq!(objects[20_002]["probabilities"]["u"].as_f64(), Some(numbers[0]));
}

#[test]
fn a_bad_row_far_down_leaves_no_file() {
    let place = with_model();
    place.write("long.csv", &table(9000, |row, a, b| if row == 8999 { "x,1,u".to_owned() } else { words(a, b) }));
    place.write("old.csv", "old");
    place.run("predict m long.csv -o old.csv").expect(3, &["line 9001"]);
    place.run("predict m long.csv -o new.csv").expect(3, &["line 9001"]);
    assert_eq!(place.read("old.csv"), "old");
    assert!(!place.path("new.csv").exists());
    let left =
        std::fs::read_dir(place.path("")).unwrap().filter_map(|entry| entry.unwrap().file_name().into_string().ok());
    assert!(left.into_iter().all(|name| !name.ends_with(".tmp")));
}

#[test]
fn an_evaluation_is_told_as_text_and_as_json() {
    let place = with_model();
    let text = place.run("evaluate m good.csv");
    text.expect(0, &[]);
    for part in
        ["60 rows, target y", "log loss", "accuracy", "AUC", "F1 of v", "Brier score", "95 % interval", "taken for"]
    {
        assert!(text.stdout.contains(part), "no {part:?} in {}", text.stdout);
    }
    assert!(text.stdout.lines().all(|line| line.chars().count() <= 90));
    let found = &place.run("evaluate m good.csv --json").lines()[0];
    let accuracy = &found["figures"]["accuracy"];
    assert!(
        accuracy["low"].as_f64() <= accuracy["value"].as_f64()
            && accuracy["value"].as_f64() <= accuracy["high"].as_f64()
    );
    assert_eq!((found["rows"].as_u64(), found["confusion"].as_array().unwrap().len()), (Some(60), 2));
    place.run("evaluate m good.csv --target z").expect(3, &["z", "good.csv"]);
}

#[test]
fn an_evaluation_is_drawn_with_the_counts_that_it_tells() {
    let place = with_model();
    let done = place.run("evaluate m good.csv --json --plot confusion.svg --plot roc:left.png");
    let confusion = &done.lines()[0]["confusion"];
    let picture = place.read("confusion.svg");
    for count in confusion.as_array().unwrap().iter().flat_map(|row| row.as_array().unwrap()) {
        assert!(picture.contains(&format!(">{count}<")), "no {count} in {picture}");
    }
    assert!(std::fs::read(place.path("left.png")).unwrap().starts_with(b"\x89PNG"));
    place.run("evaluate m good.csv --plot residuals.svg").expect(1, &["--plot residuals: there is nothing here"]);
    place.run("evaluate m good.csv --plot roc.pdf").expect(2, &["roc.pdf", ".svg or a .png"]);
    assert!(!place.path("residuals.svg").exists());
}
