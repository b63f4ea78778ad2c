//! What the encoder learns, from which rows, and what it does with others.

use caviar_table::{Cells, Column, EncodeError, Encoder, Feature, ReadOptions, Reason, Scaling, Storage, Table};
use proptest::prelude::{ProptestConfig, Strategy, any, prop_assert, prop_assert_eq, proptest};

fn read(text: &str) -> Table {
    Table::parse(text.as_bytes(), "t.csv", &ReadOptions::default()).unwrap()
}

fn fit(table: &Table, rows: &[usize], scaling: Scaling) -> Encoder {
    Encoder::fit(table, &table.names_without(&[]), rows, scaling).unwrap()
}

fn all(table: &Table) -> Vec<usize> {
    (0..table.rows()).collect()
}

const PEOPLE: &str = "age,job,pay\n20,b,1\n40,a,2\n?,b,6\n60,,3\n90,c,100\n";

#[test]
fn the_matrix_is_as_computed_by_hand() {
    let table = read(PEOPLE);
    let encoder = fit(&table, &[0, 1, 2, 3], Scaling::MinMax);
    assert_eq!(encoder.labels(), ["age", "age is missing", "job = b", "job = a", "job is missing", "pay"]);
    let matrix = encoder.encode(&table, &[0, 2, 3, 4]).unwrap();
    assert_eq!((matrix.rows, matrix.columns), (4, 6));
    #[rustfmt::skip]
    assert_eq!(matrix.values, [
        0.0, 0.0, 1.0, 0.0, 0.0, 0.0,
        0.5, 1.0, 1.0, 0.0, 0.0, 1.0,   // the median of 20, 40, 60
        1.0, 0.0, 0.0, 0.0, 1.0, 0.4,
        1.75, 0.0, 0.0, 0.0, 0.0, 19.8, // job c was not seen
    ]);
}

#[test]
fn the_standard_scale_has_divisor_m() {
    let table = read("x,y\n1,0\n2,0\n6,1\n");
    let encoder = fit(&table, &[0, 1, 2], Scaling::Standard);
    let Feature::Number { affine, fill, indicator, .. } = &encoder.features()[0] else { panic!() };
    assert_eq!((affine.center, *fill, *indicator), (3.0, 2.0, false));
    assert!((affine.scale - (14.0_f64 / 3.0).sqrt()).abs() < 1e-15);
}

#[test]
fn the_commonest_words_have_a_column_and_the_rest_is_other() {
    // Word k comes 40 - k times, k up to 35, so that w00 to w31 are the commonest; twice, by two
    // spellings of one count, the tie goes to the alphabet.
    let mut text = "w\nzz\naa\n".to_owned();
    for word in 0..36 {
        text += &format!("w{word:02}\n").repeat(40 - word);
    }
    let table = read(&text);
    let encoder = fit(&table, &all(&table), Scaling::Standard);
    let Feature::Category { values, other, missing, .. } = &encoder.features()[0] else { panic!() };
    assert_eq!((values.len(), *other, *missing), (32, true, false));
    assert_eq!((values[0].as_str(), values[31].as_str()), ("w00", "w31"));
    let row = encoder.encode(&table, &[0]).unwrap().values; // zz
    assert_eq!((row.iter().sum::<f32>(), row[32]), (1.0, 1.0));

    let tied: String = (0..40).rev().map(|word| format!("w{word:02}\n").repeat(3)).collect();
    let tied = read(&("w\n".to_owned() + &tied));
    let encoder = fit(&tied, &all(&tied), Scaling::Standard);
    let Feature::Category { values, .. } = &encoder.features()[0] else { panic!() };
    assert_eq!((values[0].as_str(), values[31].as_str()), ("w00", "w31"));
}

#[test]
fn columns_that_teach_nothing_are_dropped_and_named() {
    let mut text = "id,name,note,one,void,gap,x\n".to_owned();
    for row in 0..60 {
        let gap = if row % 2 == 0 { "7" } else { "" };
        text += &format!("{row},n{row},t{},k,,{gap},{}\n", row % 40, row * row % 7);
    }
    let table = read(&text);
    let encoder = fit(&table, &all(&table), Scaling::Standard);
    let dropped: Vec<(&str, Reason)> = encoder.dropped().iter().map(|d| (d.name.as_str(), d.reason)).collect();
    let expected = [
        ("id", Reason::Identifier),
        ("name", Reason::Identifier),
        ("note", Reason::Text),
        ("one", Reason::Constant),
        ("void", Reason::Empty),
    ];
    assert_eq!(dropped, expected);
    assert_eq!(encoder.labels(), ["gap is missing", "x"]);
    assert_eq!(encoder.encode(&table, &[0, 1]).unwrap().values[..3].iter().step_by(2).sum::<f32>(), 1.0);
    let only = Encoder::fit(&table, &["one".to_owned()], &all(&table), Scaling::Standard).unwrap_err();
    assert_eq!(only.to_string(), "no column is left to learn from: `one` (one value only)");
}

#[test]
fn a_missing_number_unseen_in_training_is_the_median() {
    let table = read("x,y\n1,0\n2,0\n4,0\n9,1\n,1\n");
    let encoder = fit(&table, &[0, 1, 2, 3], Scaling::None);
    assert_eq!(encoder.encode(&table, &[4]).unwrap().values, [3.0, 1.0]);
}

#[test]
fn missing_columns_and_other_contents_are_typed_errors() {
    let encoder = fit(&read("age,job\n1,a\n2,b\n"), &[0, 1], Scaling::Standard);
    let encode = |text: &str| encoder.encode(&read(text), &[0]).unwrap_err();
    let missing = encode("Age ,job\n1,a\n");
    assert_eq!(missing.to_string(), "t.csv: column `age` is missing; did you mean `Age`?");
    assert!(matches!(encode("age,job\nold,a\n"), EncodeError::NotNumber { line: 2, .. }));
    assert!(matches!(encode("age,job\n1,5\n"), EncodeError::OtherStorage { expected: Storage::Words, .. }));
    assert!(matches!(encode("age,job\n1e300,a\n"), EncodeError::OutOfRange { line: 2, .. }));
    let blank = encoder.encode(&read("age,job\n,\n"), &[0]).unwrap();
    assert_eq!(blank.values, [0.0; 3]);
    let table = read("age,job\n1,a\n");
    assert!(matches!(encoder.encode(&table, &[1]), Err(EncodeError::RowOutOfRange { row: 1, rows: 1 })));
    let unknown = Encoder::fit(&table, &["jab".to_owned()], &[0], Scaling::None).unwrap_err();
    assert!(
        matches!(unknown, EncodeError::MissingColumns { missing, .. } if missing[0].nearest.as_deref() == Some("job"))
    );
    assert!(matches!(Encoder::fit(&table, &[], &[], Scaling::None), Err(EncodeError::NoRows)));
}

#[test]
fn encoders_from_hostile_files_are_refused() {
    let encoder = fit(&read(PEOPLE), &[0, 1, 2, 3], Scaling::Standard);
    let json = serde_json::to_string(&encoder).unwrap();
    assert!(serde_json::from_str::<Encoder>(&json).is_ok());
    for (from, to) in [
        ("\"name\":\"pay\"", "\"name\":\"pray\""),
        ("\"scale\":", "\"scale\":-"),
        ("\"indicator\":", "\"indicated\":"),
        ("\"features\":[", "\"features\":[],\"more\":["),
    ] {
        let broken = json.replacen(from, to, 1);
        assert_ne!(broken, json);
        assert!(serde_json::from_str::<Encoder>(&broken).is_err(), "{from}");
    }
}

/// A table of two columns of numbers and one of words, some cells missing.
fn tables() -> impl Strategy<Value = Vec<(Option<f64>, i8, Option<u8>)>> {
    let number = proptest::option::weighted(0.8, -1e12_f64..1e12);
    let word = proptest::option::weighted(0.8, 0_u8..50);
    proptest::collection::vec((number, any::<i8>(), word), 6..60)
}

fn text(rows: &[(Option<f64>, i8, Option<u8>)], order: [usize; 3]) -> String {
    let line = |cells: [String; 3]| order.map(|at| cells[at].clone()).join(",") + "\n";
    let mut text = line(["a", "b", "c"].map(str::to_owned));
    for (a, b, c) in rows {
        let a = a.map_or_else(String::new, |a| a.to_string());
        let c = c.map_or_else(|| "NA".to_owned(), |c| format!("\"w, {c}\""));
        text += &line([a, b.to_string(), c]);
    }
    text
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(150))]

    #[test]
    fn generated_tables_are_read_back_exactly(rows in tables()) {
        let table = read(&text(&rows, [0, 1, 2]));
        prop_assert_eq!(table.rows(), rows.len());
        let Cells::Numbers(a) = &table.columns()[0].cells else { panic!("numbers") };
        for (at, row) in rows.iter().enumerate() {
            prop_assert_eq!(row.0.is_none(), a[at].is_nan());
            prop_assert!(row.0.is_none_or(|value| value == a[at]));
            if let Cells::Words(words) = &table.columns()[2].cells {
                let expected = row.2.map(|c| format!("w, {c}"));
                prop_assert_eq!(words.get(at), expected.as_deref());
            }
        }
    }

    #[test]
    fn permuted_columns_and_single_rows_encode_to_the_same_bits(rows in tables()) {
        let table = read(&text(&rows, [0, 1, 2]));
        let train: Vec<usize> = (0..rows.len() / 2).collect();
        let Ok(encoder) = Encoder::fit(&table, &table.names_without(&[]), &train, Scaling::Standard) else {
            return Ok(());
        };
        let options = ReadOptions { schema: Some(encoder.schema().clone()), ..ReadOptions::default() };
        let whole = encoder.encode(&table, &all(&table)).unwrap();
        let permuted = Table::parse(text(&rows, [2, 0, 1]).as_bytes(), "p.csv", &options).unwrap();
        prop_assert_eq!(&encoder.encode(&permuted, &all(&table)).unwrap(), &whole);
        for row in 0..rows.len() {
            let alone = Table::parse(text(&rows[row..=row], [1, 2, 0]).as_bytes(), "1.csv", &options).unwrap();
            let bits = |values: &[f32]| values.iter().map(|value| value.to_bits()).collect::<Vec<_>>();
            let of_whole = &whole.values[row * whole.columns..(row + 1) * whole.columns];
            prop_assert_eq!(bits(&encoder.encode(&alone, &[0]).unwrap().values), bits(of_whole));
        }
    }

    #[test]
    fn noise_in_the_other_rows_leaves_the_encoder_equal(rows in tables(), noise in tables()) {
        let half = rows.len() / 2;
        let train: Vec<usize> = (0..half).collect();
        let noisy: Vec<_> = rows[..half].iter().chain(&noise).copied().collect();
        for scaling in [Scaling::Standard, Scaling::Robust, Scaling::MinMax] {
            let fit = |rows: &[_]| {
                let table = read(&text(rows, [0, 1, 2]));
                Encoder::fit(&table, &["a".to_owned(), "b".to_owned(), "c".to_owned()], &train, scaling)
            };
            prop_assert_eq!(fit(&rows), fit(&noisy));
        }
    }

    #[test]
    fn an_encoder_comes_back_from_json_to_the_bit(rows in tables()) {
        let table = read(&text(&rows, [0, 1, 2]));
        for scaling in [Scaling::Standard, Scaling::Robust, Scaling::Unit255] {
            let Ok(encoder) = Encoder::fit(&table, &table.names_without(&[]), &all(&table), scaling) else {
                continue;
            };
            let json = serde_json::to_string(&encoder).unwrap();
            let back: Encoder = serde_json::from_str(&json).unwrap();
            prop_assert_eq!(&back, &encoder);
            prop_assert_eq!(back.encode(&table, &all(&table)), encoder.encode(&table, &all(&table)));
        }
    }
}

#[test]
fn columns_made_in_memory_encode_as_those_read() {
    let read = read("x,y\n1,5\n2,6\n4,9\n");
    let column = |name: &str, values: &[f64]| Column { name: name.to_owned(), cells: Cells::Numbers(values.to_vec()) };
    let made = Table::from_columns("m", vec![column("y", &[5.0, 6.0, 9.0]), column("x", &[1.0, 2.0, 4.0])]).unwrap();
    let encoder = fit(&read, &[0, 1, 2], Scaling::Standard);
    assert_eq!(encoder.encode(&made, &[2, 0]), encoder.encode(&read, &[2, 0]));
}
