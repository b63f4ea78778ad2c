//! `inspect`, `ewma` and `batch-size`.

mod program;

use program::Place;

#[test]
fn the_average_of_three_values_is_that_of_the_course() {
    let place = Place::new();
    place.write("s.csv", "day,x\n1,10\n2,20\n3,\n4,30\n");
    let done = place.run("ewma s.csv --column x --beta 0.9 0 --gaps skip --plot a.svg");
    done.expect(0, &["1 missing"]);
    let rows: Vec<Vec<f64>> =
        done.stdout.lines().skip(1).map(|line| line.split(',').map(|cell| cell.parse().unwrap()).collect()).collect();
    // 1, 2.9 and 5.61; divided by 0.1, 0.19 and 0.271: 10, 15.26 and 20.70.
    let meant = [(1.0, 10.0), (2.9, 15.263_157_894_7), (5.61, 20.701_107_011_1)];
    for (row, (average, corrected)) in rows.iter().zip(meant) {
        assert!((row[2] - average).abs() < 1e-9 && (row[3] - corrected).abs() < 1e-9, "{row:?}");
        assert_eq!((row[1], row[1]), (row[4], row[5]), "a beta of 0 remembers nothing");
    }
    assert_eq!(rows.iter().map(|row| row[0]).collect::<Vec<_>>(), [1.0, 2.0, 4.0]);
    assert!(place.read("a.svg").starts_with("<svg"));
    let lines = place.run("ewma s.csv --column x --beta 0.9 --gaps skip --json --quiet").lines();
    assert_eq!(lines.len(), 3);
    assert!((lines[2]["averages"][0]["average"].as_f64().unwrap() - 5.61).abs() < 1e-9);
}

#[test]
fn a_series_that_is_none_is_refused() {
    let place = Place::new();
    place.write("s.csv", "day,x,w\n1,10,a\n2,20,b\n");
    place.run("ewma s.csv --column y --beta 0.9").expect(3, &["`y`", "`x`"]);
    place.run("ewma s.csv --column w --beta 0.9").expect(3, &["s.csv", "line 2", "`w`", "`a`"]);
    place.write("gap.csv", "day,x\n1,10\n2,\n3,30\n");
    place.run("ewma gap.csv --column x --beta 0.9").expect(3, &["gap.csv", "line 3", "`x`", "--gaps skip"]);
    place.run("ewma s.csv --column x --beta 1").expect(2, &["below 1"]);
    place.run("ewma s.csv --column x").expect(2, &["--beta"]);
    place.run("ewma none.csv --column x --beta 0.5").expect(3, &["none.csv"]);
}

#[test]
fn batch_sizes_go_from_all_rows_to_one() {
    let place = Place::with_table();
    let words = "batch-size good.csv --target y --epochs 2 --hidden 4 --json --plot b.png";
    let (first, again) = (place.run(words).lines(), place.run(words).lines());
    let sizes: Vec<u64> = first.iter().filter_map(|line| line["measured"]["batch_size"].as_u64()).collect();
    assert!(sizes.windows(2).all(|pair| pair[0] > pair[1]) && sizes.last() == Some(&1), "{sizes:?}");
    let losses = |lines: &[serde_json::Value]| -> Vec<String> {
        lines.iter().map(|line| line["measured"]["after"].to_string()).collect()
    };
    assert_eq!(losses(&first), losses(&again));
    let best = first.last().unwrap()["best"].as_u64();
    assert!(best.is_some_and(|best| sizes.contains(&best)));
    assert!(std::fs::read(place.path("b.png")).unwrap().starts_with(b"\x89PNG"));
    let told = place.run("batch-size good.csv --target y --epochs 1 --hidden none --quiet");
    told.expect(0, &[]);
    assert!(told.stdout.contains("batch size") && told.stdout.contains("--batch-size"));
}

#[test]
fn every_kind_of_file_is_told_what_it_is() {
    let place = Place::with_table();
    place.run("train good.csv --target y --epochs 1 --out m --quiet").expect(0, &[]);
    let table = place.run("inspect good.csv");
    table.expect(0, &[]);
    assert!(table.stdout.contains("number") && table.stdout.contains("missing"), "{}", table.stdout);
    let model = place.run("inspect m/model.safetensors");
    model.expect(0, &[]);
    assert!(model.stdout.contains("predicts  y") && model.stdout.contains("adam"), "{}", model.stdout);
    let object = &place.run("inspect m/model.safetensors --json").lines()[0];
    assert_eq!(object["kind"], "model");
    let study = place.run("inspect m/study.db");
    study.expect(0, &[]);
    assert!(study.stdout.contains("finished"), "{}", study.stdout);
    assert_eq!(place.run("inspect m --json").lines()[0]["state"], "finished");
    let object = &place.run("inspect good.csv --json").lines()[0];
    assert_eq!(object["kind"], "table");
    place.run("inspect nothing.csv").expect(3, &["nothing.csv"]);
}
