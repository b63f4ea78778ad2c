//! Every bad input ends with a clear message and the right exit code.

mod program;

use program::{Place, example, table};

const TRAIN: &str = "train good.csv --target y --epochs 2 --quiet";

#[test]
fn a_missing_file_is_bad_data_and_the_nearest_one_is_offered() {
    let place = Place::with_table();
    place.run("train nowhere.csv --target y").expect(3, &["nowhere.csv", "cannot be read"]);
    place.run("train god.csv --target y").expect(3, &["god.csv", "did you mean good.csv?"]);
    assert!(!place.path("caviar-out").exists(), "a run that fails leaves no folder");
}

#[test]
fn an_unknown_column_is_bad_data_and_the_nearest_one_is_offered() {
    let iris = example("iris.csv");
    let place = Place::with_table();
    place.run(&format!("train {iris} --target specis")).expect(3, &["`specis`", "did you mean `species`?"]);
    place.run(&format!("{TRAIN} --drop aa")).expect(3, &["`aa`", "did you mean `a`?"]);
    place.run(&format!("{TRAIN} --sample-weight bb")).expect(3, &["`bb`", "did you mean `b`?"]);
}

#[test]
fn who_does_not_say_what_to_predict_is_told_the_columns() {
    let place = Place::with_table();
    place.run("train good.csv").expect(2, &["good.csv: which column", "--target", "there are `a`, `b`, `y`\n"]);
    place.run("tune nowhere.csv").expect(3, &["nowhere.csv", "cannot be read"]);
    let digits = example("digits.csv");
    place.run(&format!("batch-size {digits}")).expect(2, &["digits.csv: which column", ", ..., `digit`\n"]);
}

#[test]
fn a_file_without_rows_is_bad_data() {
    let place = Place::new();
    place.write("empty.csv", "");
    place.write("header.csv", "a,b,y\n");
    place.run("train empty.csv --target y").expect(3, &["empty.csv: empty"]);
    place.run("tune header.csv --target y").expect(3, &["header.csv: only a header"]);
}

#[test]
fn a_bad_cell_is_named_by_file_line_and_column() {
    let place = Place::new();
    let class = |a: f64, b: f64| if a > b { 'u' } else { 'v' };
    let with = |cell: &'static str| {
        table(40, move |row, a, b| match row {
            30 => format!("{a:.3},{cell},u"),
            _ => format!("{a:.3},{b:.3},{}", class(a, b)),
        })
    };
    place.write("text.csv", &with("oops"));
    place.write("infinite.csv", &with("inf"));
    place.write("ragged.csv", &with("0.5,0.5"));
    place.run("train text.csv --target y").expect(3, &["text.csv, line 32, column `b`", "`oops`"]);
    place.run("train infinite.csv --target y").expect(3, &["infinite.csv, line 32, column `b`", "infinite"]);
    place.run("train ragged.csv --target y").expect(3, &["ragged.csv, line 32", "4 cells", "3"]);
}

#[test]
fn a_number_that_is_missing_is_no_error() {
    let place = Place::new();
    let cell = |row: usize, b: f64| if row == 30 { "NaN".to_owned() } else { format!("{b:.3}") };
    place.write("t.csv", &table(60, |row, a, b| format!("{a:.3},{},{}", cell(row, b), if a > b { 'u' } else { 'v' })));
    place.run("train t.csv --target y --epochs 2").expect(0, &[]);
    place.write("t.csv", &table(60, |_, a, b| format!("{a:.3},,{}", if a > b { 'u' } else { 'v' })));
    place.run("train t.csv --target y --epochs 2").expect(0, &["`b` (no value)"]);
    place.write("t.csv", &table(60, |_, a, b| format!(",,{}", if a > b { 'u' } else { 'v' })));
    place.run("train t.csv --target y --epochs 2").expect(3, &["no column is left", "`a` (no value)"]);
}

#[test]
fn a_target_that_teaches_nothing_is_bad_data() {
    let place = Place::new();
    place.write("one.csv", &table(40, |_, a, b| format!("{a:.3},{b:.3},u")));
    place.write("few.csv", "a,y\n1,u\n2,v\n3,w\n");
    place.run("train one.csv --target y").expect(3, &["every row says `u`"]);
    place.run("train few.csv --target y").expect(3, &["3 classes in 3 rows"]);
}

#[test]
fn ten_thousand_columns_work() {
    let place = Place::new();
    let names: Vec<String> = (0..10_000).map(|column| format!("x{column}")).collect();
    let mut text = format!("{},y\n", names.join(","));
    for row in 0..30_usize {
        let cells: Vec<String> = (0..10_000_usize).map(|column| ((row * 31 + column * 17) % 101).to_string()).collect();
        text += &format!("{},{}\n", cells.join(","), if row % 2 == 0 { "u" } else { "v" });
    }
    place.write("wide.csv", &text);
    place.run("train wide.csv --target y --hidden none --epochs 1").expect(0, &["10000 inputs"]);
}

#[test]
fn a_batch_larger_than_the_rows_is_cut_and_said() {
    let place = Place::with_table();
    place.run("train good.csv --target y --epochs 2 --batch-size 5000").expect(0, &["note:", "5000", "38"]);
}

#[test]
fn wrong_values_of_flags_are_wrong_usage_with_value_and_range() {
    let place = Place::with_table();
    for (flag, value, rule) in [
        ("--learning-rate", "0", "above 0"),
        ("--learning-rate", "-1", "above 0"),
        ("--learning-rate", "nan", "above 0"),
        ("--dropout", "1", "at least 0 and below 1"),
        ("--beta1", "1", "at least 0 and below 1"),
        ("--hidden", "0", "at least 1"),
        ("--epochs", "0", "at least 1"),
        ("--threads", "0", "from 1"),
        ("--validation", "1.5", "below 1"),
        ("--loss", "huber:0", "above 0"),
        ("--optimizer", "adm", "adam"),
        ("--schedule", "cosin", "cosine"),
        ("--metric", "acc", "accuracy"),
        ("--batch-size", "0", "at least 1"),
        ("--class-weight", "u=-1", "at least 0"),
        ("--drop", "y", "the target"),
        ("--beta", "0.5", "adam"),
    ] {
        place.run(&format!("train good.csv --target y --quiet {flag} {value}")).expect(2, &[flag, value, rule]);
    }
    place.run("tune good.csv --target y --time 0s").expect(2, &["--time", "0s", "above 0"]);
    place.run("tune good.csv --target y --trials 0").expect(2, &["--trials", "at least 1"]);
    assert!(!place.path("caviar-out").exists());
}

#[test]
fn an_unknown_flag_or_command_is_wrong_usage_and_the_nearest_one_is_offered() {
    let place = Place::with_table();
    place.run(&format!("{TRAIN} --learning-rte 1")).expect(2, &["--learning-rte", "'--learning-rate'"]);
    place.run("trian good.csv").expect(2, &["trian", "train"]);
    place.run("train good.csv").expect(2, &["--target"]);
}

#[test]
fn settings_that_do_not_fit_the_table_are_bad_data() {
    let place = Place::with_table();
    place.write("values.csv", &table(60, |_, a, b| format!("{a:.3},{b:.3},{:.3}", a + b)));
    for words in ["--loss squared", "--metric rmse", "--class-weight x=2"] {
        place.run(&format!("{TRAIN} {words}")).expect(3, &[words.split(' ').next().unwrap()]);
    }
    for words in ["--class-weight balanced", "--shuffle stratified", "--metric auc"] {
        let done = place.run(&format!("train values.csv --target y --epochs 2 {words}"));
        done.expect(3, &[words.split(' ').next().unwrap()]);
    }
}

#[test]
fn a_rate_that_explodes_is_a_diverged_trial() {
    let place = Place::with_table();
    let words = "--learning-rate 1e30 --optimizer gd --json --quiet";
    let done = place.run(&format!("train good.csv --target y {words}"));
    done.expect(4, &["1 of 1 diverged", "epoch 0", "--learning-rate"]);
    assert!(done.stdout.contains(r#""state":"diverged""#), "{}", done.stdout);
    let done = place.run(&format!("tune good.csv --target y --trials 2 --epochs 2 {words}"));
    done.expect(4, &["2 of 2 diverged"]);
}

#[test]
fn a_folder_that_holds_a_model_is_not_overwritten() {
    let place = Place::with_table();
    place.run(&format!("{TRAIN} --out kept")).expect(0, &[]);
    let before = place.read("kept/config.toml");
    place.run(&format!("{TRAIN} --out kept --seed 9")).expect(3, &["kept", "study.db", "--out"]);
    assert_eq!(place.read("kept/config.toml"), before);
}

#[test]
fn a_file_that_is_no_model_is_bad_data() {
    let place = Place::with_table();
    place.run("predict good.csv good.csv").expect(3, &["good.csv"]);
    place.run("predict nothing.safetensors good.csv").expect(3, &["nothing.safetensors"]);
}
