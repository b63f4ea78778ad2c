//! What is said of a table before a network learns from it, and what is not.

use caviar_table::{Checkup, Evidence, Finding, Part, ReadOptions, Table, Target, Task};
use proptest::prelude::{ProptestConfig, prop_assert_eq, proptest};

fn table(text: &str) -> Table {
    Table::parse(text.as_bytes(), "t.csv", &ReadOptions::default()).unwrap()
}

/// The findings of a table with target `y`: every fifth row is a test row, every fifth but one to choose by.
fn findings(text: &str, inputs: usize) -> Vec<Finding> {
    let table = table(text);
    let target = Target::find(&table, "y", Task::Auto).unwrap();
    let rows = |wanted: &dyn Fn(usize) -> bool| (0..table.rows()).filter(|&row| wanted(row)).collect::<Vec<_>>();
    let parts = [rows(&|row| row % 5 > 1), rows(&|row| row % 5 == 1), rows(&|row| row % 5 == 0)];
    let [train, validation, test] = parts.each_ref().map(|rows| Part { table: &table, rows });
    let features = table.names_without(&["y"]);
    Checkup { features: &features, target: &target, train, validation, test, inputs }.findings()
}

/// Numbers without pattern.
fn noise(row: usize, salt: usize) -> f64 {
    let mixed = (row * 2 + salt * 7919 + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    ((mixed ^ (mixed >> 29)).wrapping_mul(0xbf58_476d_1ce4_e5b9) >> 40) as f64 / f64::from(1 << 24)
}

/// A table with a column `x` of noise, one that `column` makes of row and answer, and the answer.
fn with(rows: usize, answer: impl Fn(usize) -> String, column: impl Fn(usize, &str) -> String) -> String {
    let mut text = "x,c,y\n".to_owned();
    for row in 0..rows {
        let y = answer(row);
        text += &format!("{},{},{y}\n", noise(row, 1), column(row, &y));
    }
    text
}

fn coin(row: usize) -> String {
    if noise(row, 2) < 0.4 { "no" } else { "yes" }.to_owned()
}

fn leak(findings: &[Finding]) -> Option<&Evidence> {
    findings.iter().find_map(|finding| match finding {
        Finding::Leak { column, target, evidence } => {
            assert_eq!((column.as_str(), target.as_str()), ("c", "y"));
            Some(evidence)
        }
        _ => None,
    })
}

#[test]
fn a_column_that_names_the_class_is_a_leak() {
    let rule = |text: &str| matches!(leak(&findings(text, 3)), Some(Evidence::Rule { .. }));
    assert!(rule(&with(500, coin, |row, y| if y == "no" { format!("a{}", row % 3) } else { "b".to_owned() })));
    assert!(rule(&with(500, coin, |row, y| format!("{}", noise(row, 3) + if y == "no" { 2.0 } else { 0.5 }))));
    let between = |row, y: &str| noise(row, 3) + if y == "no" { 0.0 } else { [1.0, -1.0][row % 2] };
    assert!(rule(&with(500, coin, |row, y| between(row, y).to_string())), "no threshold parts them, a rule does");
    let present = |row: usize, y: &str| if y == "yes" { noise(row, 3).to_string() } else { String::new() };
    assert!(rule(&with(500, coin, present)), "missing tells");
}

#[test]
fn columns_that_tell_much_or_name_rows_are_no_leak() {
    let text = with(500, coin, |row, y| if noise(row, 4) < 0.05 { "yes" } else { y }.to_owned() + "!");
    assert_eq!(leak(&findings(&text, 3)), None, "right in 95 of 100 rows");
    let names = with(500, coin, |row, y| format!("{y}{row}"));
    assert_eq!(leak(&findings(&names, 3)), None, "a name for each row");
    assert_eq!(leak(&findings(&with(500, coin, |row, _| noise(row, 5).to_string()), 3)), None);
    let lopsided = with(500, |row| if row % 100 < 2 { "no" } else { "yes" }.to_owned(), |row, _| (row % 9).to_string());
    assert_eq!(leak(&findings(&lopsided, 3)), None, "naming the commonest class is right in 98 of 100");
}

#[test]
fn the_target_in_another_form_is_a_leak() {
    let value = |row: usize| (noise(row, 2) * 100.0).to_string();
    let number = |y: &str| y.parse::<f64>().unwrap();
    let found = |column: &dyn Fn(usize, &str) -> String| leak(&findings(&with(400, value, column), 3)).cloned();
    let affine = found(&|_, y| (2.0 - number(y) / 4.0).to_string());
    assert!(
        matches!(affine, Some(Evidence::Affine { slope, intercept }) if (slope + 4.0).abs() < 1e-9 && (intercept - 8.0).abs() < 1e-9)
    );
    let noisy = found(&|row, y| (number(y) + noise(row, 3)).to_string());
    assert!(matches!(noisy, Some(Evidence::Correlation { correlation }) if correlation > 0.999));
    let ordered = found(&|_, y| number(y).powi(9).to_string());
    assert!(matches!(ordered, Some(Evidence::RankCorrelation { correlation }) if correlation > 0.999));
    let falling = found(&|_, y| (-number(y).powi(9)).to_string());
    assert!(matches!(falling, Some(Evidence::RankCorrelation { correlation }) if correlation < -0.999));
    assert_eq!(found(&|row, y| (number(y) + 20.0 * noise(row, 3)).to_string()), None, "correlation 0.98");
    assert_eq!(found(&|row, _| noise(row, 3).to_string()), None);
    let words = with(400, |row| (row % 40).to_string() + ".5", |row, _| format!("w{}", row % 40));
    assert!(matches!(leak(&findings(&words, 3)), Some(Evidence::Words { told }) if *told > 0.999));
}

#[test]
fn rows_that_are_held_out_and_learned_from_are_counted() {
    // Rows 5k and 5k + 2 are the same: 20 test rows are training rows; 3 validation rows are test rows only.
    let cell = |row: usize| match row % 5 {
        2 => row - 2,
        1 if row < 15 => row - 1,
        _ => row,
    };
    let mut text = "a,b,y\n".to_owned();
    for row in 0..100 {
        let blank = if cell(row) % 3 == 0 { "" } else { "w" };
        text += &format!("{},{blank}{},{}\n", noise(cell(row), 1), cell(row) / 10, noise(row, 2));
    }
    let found: Vec<Finding> =
        findings(&text, 3).into_iter().filter(|finding| matches!(finding, Finding::Duplicates { .. })).collect();
    let expected = [
        Finding::Duplicates { part: "validation", rows: 3, of: 20 },
        Finding::Duplicates { part: "test", rows: 20, of: 20 },
    ];
    assert_eq!(found, expected);
    assert_eq!(
        found[0].to_string(),
        "3 of 20 validation rows (15.0 %) stand among the rows learned from, cell for cell; \
         the validation figures partly measure memory"
    );
}

#[test]
fn rare_classes_few_rows_and_dull_columns_are_said() {
    let mut text = "x,same,gap,y\n".to_owned();
    for row in 0..1000 {
        let y = match row % 100 {
            2 | 3 if row < 300 => "few",
            2..5 => "rare",
            _ => ["one", "two"][row % 2],
        };
        let (same, gap) = (if row == 13 { "b" } else { "a" }, if row % 3 == 0 { "1" } else { "" });
        text += &format!("{},{same},{gap},{y}\n", noise(row, 1));
    }
    let said: Vec<String> = findings(&text, 400).iter().map(Finding::to_string).collect();
    let expected = [
        "too few training rows to learn `few` (6) from; add rows, or put rare classes together",
        "classes are out of balance: of the training rows only 24 are `rare` (4.0 %); judge by F1 or AUC rather than \
         accuracy, or try --class-weight balanced",
        "600 training rows for 400 inputs; expect a network that remembers rather than learns: add rows, or leave \
         columns out with --drop",
        "nearly constant: `same` (99.8 % one value); kept, but there is little to learn from",
        "mostly missing: `gap` (66.7 %); kept, with an input that says so: leave them out with --drop if that says \
         nothing",
    ];
    assert_eq!(said, expected);
}

#[test]
fn a_sound_table_gets_no_finding_and_findings_are_json() {
    assert_eq!(findings(&with(500, coin, |row, _| noise(row, 3).to_string()), 3), []);
    let finding = findings(&with(500, coin, |_, y| y.to_uppercase()), 3).remove(0);
    let json = serde_json::to_value(&finding).unwrap();
    assert_eq!((&json["kind"], &json["column"]), (&"leak".into(), &"c".into()));
    assert!(finding.is_warning());
    assert!(finding.to_string().starts_with("`c` alone gives `y` away (a rule from it is right on "), "{finding}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]

    #[test]
    fn the_answers_of_held_out_rows_change_nothing(salts in proptest::array::uniform2(0_usize..1000)) {
        let text = |salt: usize| with(
            200,
            |row| (noise(row, if row % 5 > 1 { 2 } else { salt }) * 9.0).floor().to_string() + ".5",
            |row, _| noise(row, 3).to_string(),
        );
        prop_assert_eq!(findings(&text(salts[0]), 3), findings(&text(salts[1]), 3));
    }
}
