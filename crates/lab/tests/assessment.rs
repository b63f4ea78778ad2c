//! What is said about a model: evaluation, baselines, importance.

mod tables;

use caviar_engine::train::Metric;
use caviar_lab::{
    DataOptions, EvaluateOptions, Experiment, Finished, Model, Part, Quiet, Recipe, Workers, evaluate, train,
};
use caviar_table::{ReadOptions, Scaling, Table};
use serde_json::Value;
use tables::{brief, kinds, prices};

fn prepared(text: &str, options: &DataOptions) -> Experiment {
    let table = Table::parse(text.as_bytes(), "table.csv", &options.read).unwrap();
    Experiment::from_table(table, options).unwrap()
}

fn trained(experiment: &Experiment, recipe: &Recipe) -> Finished {
    train(experiment, recipe, &Workers::new(2), &mut Quiet).unwrap()
}

fn evaluated(model: &Model, text: &str, threads: usize) -> caviar_lab::Evaluated {
    let read = model.evaluate_options(ReadOptions::default(), None);
    let table = Table::parse(text.as_bytes(), "new.csv", &read).unwrap();
    evaluate(model, table, &EvaluateOptions { threads, ..EvaluateOptions::default() }).unwrap()
}

/// The head of a table and the lines of these rows.
fn only(text: &str, rows: &[usize]) -> String {
    let lines: Vec<&str> = text.lines().collect();
    std::iter::once(lines[0]).chain(rows.iter().map(|row| lines[row + 1])).collect::<Vec<_>>().join("\n")
}

#[test]
fn an_evaluation_of_the_test_rows_tells_the_figures_of_the_run() {
    let with_weight = |text: String| {
        let line = |(at, line): (usize, &str)| {
            format!("{line},{}\n", if at == 0 { "w".to_owned() } else { (at % 3).to_string() })
        };
        text.lines().enumerate().map(line).collect::<String>()
    };
    let weighed = Recipe { class_weight: "balanced".parse().unwrap(), metric: Metric::Auc, ..brief() };
    let cases = [
        (prices(203, 1), "price", None, brief()),
        (kinds(203, 1), "kind", None, Recipe { metric: Metric::F1, ..brief() }),
        (kinds(203, 2), "kind", None, weighed),
        (with_weight(kinds(203, 3)), "kind", Some("w"), brief()),
    ];
    for (text, target, weight, recipe) in cases {
        let options = DataOptions { sample_weight: weight.map(str::to_owned), ..DataOptions::new(target) };
        let experiment = prepared(&text, &options);
        let finished = trained(&experiment, &recipe);
        let back = Model::from_file(finished.model.file().unwrap()).unwrap();
        let found = evaluated(&back, &only(&text, experiment.test_rows()), 1);
        assert_eq!(found.rows, experiment.test_rows().len());
        let told = finished.test.as_ref().unwrap();
        assert!(told.values().len() >= 2);
        for (metric, value) in told.values() {
            let figure = found.figures.iter().find(|figure| figure.name == metric.name()).unwrap();
            assert_eq!(figure.value.to_bits(), value.to_bits(), "{target} {metric}");
            let interval = figure.interval.unwrap();
            assert!(interval.low <= *value && *value <= interval.high, "{target} {metric}: {interval:?}");
        }
        assert_eq!(found.confusion.map(|found| found.counts), finished.confusion.map(|found| found.counts));
        assert_eq!(evaluated(&back, &text, 1), evaluated(&back, &text, 5));
    }
}

#[test]
fn rows_without_an_answer_are_counted_and_left_out() {
    let text = kinds(100, 1);
    let experiment = prepared(&text, &DataOptions::new("kind"));
    let model = trained(&experiment, &brief()).model;
    let (head, rest) = text.split_once('\n').unwrap();
    let place = head.split(',').position(|name| name == "kind").unwrap();
    let emptied = |(at, line): (usize, &str)| {
        let mut cells: Vec<&str> = line.split(',').collect();
        if at % 10 == 0 {
            cells[place] = "";
        }
        cells.join(",") + "\n"
    };
    let lacking = format!("{head}\n{}", rest.lines().enumerate().map(emptied).collect::<String>());
    let rows: Vec<usize> = (0..100).filter(|row| row % 10 != 0).collect();
    let (found, want) = (evaluated(&model, &lacking, 1), evaluated(&model, &only(&text, &rows), 1));
    assert_eq!((found.rows, found.rows_without_target), (90, 10));
    assert_eq!(found.figures, want.figures);
    // Under another name the answers are found where the name is given.
    let other = lacking.replacen("kind", "species", 1);
    let read = model.evaluate_options(ReadOptions::default(), Some("species"));
    let table = Table::parse(other.as_bytes(), "new.csv", &read).unwrap();
    let options = EvaluateOptions { target: Some("species".to_owned()), ..EvaluateOptions::default() };
    assert_eq!(evaluate(&model, table, &options).unwrap().figures, want.figures);
}

#[test]
fn the_linear_baseline_is_at_the_optimum_of_scikit_learn() {
    let fixture: Value = serde_json::from_str(include_str!("../../../fixtures/metrics.json")).unwrap();
    for case in fixture["linear"].as_array().unwrap() {
        let classes = case["labels"].is_array();
        let truth = case[if classes { "labels" } else { "targets" }].as_array().unwrap();
        let mut text = String::from("a,b,c,y\n");
        for (row, target) in case["features"].as_array().unwrap().iter().zip(truth) {
            let word = if classes { "k" } else { "" };
            text += &format!("{},{},{},{word}{target}\n", row[0], row[1], row[2]);
        }
        let options = DataOptions {
            validation: Part::None,
            test: Part::None,
            scaling: Scaling::Standard,
            ..DataOptions::new("y")
        };
        let finished = trained(&prepared(&text, &options), &Recipe { epochs: 1, ..brief() });
        let linear = &finished.baselines[1];
        let answers = case["answers"].as_array().unwrap();
        let number = |value: &Value| value.as_f64().unwrap();
        let rows = truth.len() as f64;
        let (metric, want, name) = match classes {
            true => {
                let of_row = |(row, label): (&Value, &Value)| -number(&row[label.as_u64().unwrap() as usize]).ln();
                let loss = answers.iter().zip(truth).map(of_row).sum::<f64>() / rows;
                let name = if answers[0].as_array().unwrap().len() == 2 { "logistic" } else { "softmax" };
                (Metric::Loss, loss, name)
            }
            false => {
                let square = |(said, target): (&Value, &Value)| (number(said) - number(target)).powi(2);
                (Metric::Rmse, (answers.iter().zip(truth).map(square).sum::<f64>() / rows).sqrt(), "linear")
            }
        };
        let got = linear.figures.get(metric).unwrap();
        assert!((got / want - 1.0).abs() < 1e-4, "{}: {got}, not {want}", case["name"]);
        assert_eq!((linear.name.as_str(), finished.part), (format!("{name} regression").as_str(), "train"));
    }
}

#[test]
fn the_column_that_tells_everything_matters_and_noise_does_not() {
    let mut text = String::from("noise,told,word,y\n");
    for row in 0..400_u32 {
        let mixed = row.wrapping_mul(2_654_435_761) >> 8;
        let (noise, told, word) = (mixed % 1000, mixed / 1000 % 97, ["red", "blue"][mixed as usize / 97_000 % 2]);
        text += &format!("{noise},{told},{word},{}\n", if told > 48 { "high" } else { "low" });
    }
    let recipe = Recipe { epochs: 60, learning_rate: 0.01, ..brief() };
    for metric in [Metric::Loss, Metric::Accuracy] {
        let found = trained(&prepared(&text, &DataOptions::new("y")), &Recipe { metric, ..recipe.clone() });
        let names: Vec<&str> = found.importance.iter().map(|column| column.name.as_str()).collect();
        assert_eq!((names.len(), names[0]), (3, "told"));
        // Dealt anew, half of the rows are taken for the other class.
        assert!(found.importance[0].drop > 0.35, "{:?}", found.importance);
        assert!(found.importance[1..].iter().all(|column| column.drop.abs() < 0.08), "{:?}", found.importance);
        assert!(found.importance.iter().all(|column| column.deviation < found.importance[0].drop));
    }
}
