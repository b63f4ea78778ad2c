//! Laws of a model and its file.

mod tables;

use caviar_engine::rows::Rows;
use caviar_lab::{
    DataOptions, ErrorKind, Experiment, LabError, Model, Part, Precision, Predictions, Quiet, Recipe, Workers, train,
};
use caviar_store::ModelFile;
use caviar_table::{ReadOptions, Table};
use tables::{brief, kinds, prices, write};

fn trained(text: &str, target: &str, recipe: &Recipe) -> Model {
    let table = Table::parse(text.as_bytes(), "table.csv", &ReadOptions::default()).unwrap();
    let experiment = Experiment::from_table(table, &DataOptions::new(target)).unwrap();
    train(&experiment, recipe, &Workers::new(1), &mut Quiet).unwrap().model
}

fn predicted(model: &Model, text: &str) -> Predictions {
    let options = model.read_options(ReadOptions::default());
    model.predict(&Table::parse(text.as_bytes(), "new.csv", &options).unwrap()).unwrap()
}

/// The lines of a table with their cells in another order.
fn permuted(text: &str, order: [usize; 4]) -> String {
    let line = |line: &str| {
        let cells: Vec<&str> = line.split(',').collect();
        order.map(|place| cells[place]).join(",") + "\n"
    };
    text.lines().map(line).collect()
}

#[test]
fn a_model_comes_back_from_its_file() {
    let folder = tempfile::tempdir().unwrap();
    let recipes = [
        brief(),
        Recipe { hidden: vec![], ..brief() },
        Recipe { batch_norm: true, dropout: 0.2, precision: Precision::F64, ..brief() },
        Recipe { class_weight: "above=2".parse().unwrap(), label_smoothing: 0.1, ..brief() },
    ];
    for recipe in recipes {
        let model = trained(&kinds(60, 1), "kind", &recipe);
        let path = folder.path().join("model.safetensors");
        model.save(&path).unwrap();
        let back = Model::load(&path).unwrap();
        assert_eq!(back, model);
        assert_eq!(predicted(&back, &kinds(20, 2)), predicted(&model, &kinds(20, 2)));
    }
    let model = trained(&prices(60, 1), "price", &brief());
    let back = Model::from_file(model.file().unwrap()).unwrap();
    assert_eq!(predicted(&back, &prices(20, 2)), predicted(&model, &prices(20, 2)));
}

#[test]
fn an_average_counts_each_network_as_often_as_its_file_says() {
    let [first, second] =
        [1, 2].map(|seed| trained(&kinds(60, 1), "kind", &Recipe { seed, ..brief() }).file().unwrap());
    let probabilities = |file: ModelFile| match predicted(&Model::from_file(file).unwrap(), &kinds(20, 2)) {
        Predictions::Classes { probabilities, .. } => probabilities,
        Predictions::Values(values) => panic!("{values:?}"),
    };
    let joined = |counts: [Option<u64>; 2]| {
        let mut file = first.clone();
        file.arrays.clear();
        let mut sections: Vec<serde_json::Value> = Vec::new();
        for ((number, one), count) in (1..).zip([&first, &second]).zip(counts) {
            let arrays = one.arrays.iter().map(|(name, array)| (format!("network{number}/{name}"), array.clone()));
            file.arrays.extend(arrays);
            let mut section = one.section::<Vec<serde_json::Value>>("networks").unwrap().remove(0);
            // Files without counts are older ones, or those of networks that count alike.
            assert_eq!(section.get("count"), None);
            if let Some(count) = count {
                section["count"] = count.into();
            }
            sections.push(section);
        }
        file.set_section("networks", &sections).unwrap();
        file
    };
    let (a, b) = (probabilities(first.clone()), probabilities(second.clone()));
    for (counts, [p, q]) in
        [([None, None], [0.5, 0.5]), ([Some(3), None], [0.75, 0.25]), ([Some(1), Some(4)], [0.2, 0.8])]
    {
        for ((mean, a), b) in probabilities(joined(counts)).iter().zip(&a).zip(&b) {
            assert!((mean - (p * a + q * b)).abs() < 1e-12, "{counts:?}");
        }
    }
    let model = Model::from_file(joined([Some(3), Some(2)])).unwrap();
    assert_eq!(Model::from_file(model.file().unwrap()).unwrap(), model);
    let error = Model::from_file(joined([Some(0), Some(1)])).unwrap_err();
    assert!(error.to_string().contains("counts 0 times"), "{error}");
}

#[test]
fn columns_are_found_by_name() {
    let model = trained(&kinds(60, 1), "kind", &brief());
    let text = kinds(30, 5);
    let straight = predicted(&model, &text);
    assert_eq!(predicted(&model, &permuted(&text, [2, 0, 3, 1])), straight);
    assert_eq!(predicted(&model, &permuted(&text, [3, 2, 1, 0])), straight);
    let Predictions::Classes { classes, labels, probabilities } = straight else { panic!("classes are predicted") };
    assert_eq!((classes.len(), labels.len(), probabilities.len()), (2, 30, 60));
    assert!(probabilities.chunks(2).all(|p| (p[0] + p[1] - 1.0).abs() < 1e-12));
    let missing = Table::parse(b"x,color\n1,red\n", "new.csv", &model.read_options(ReadOptions::default())).unwrap();
    assert_eq!(model.predict(&missing).unwrap_err().kind(), ErrorKind::Data);
}

#[test]
fn a_row_is_predicted_alike_alone_and_among_others() {
    for (text, target) in [(prices(300, 1), "price"), (kinds(300, 1), "kind")] {
        let model = trained(&text, target, &Recipe { hidden: vec![45, 17], batch_norm: true, ..brief() });
        let (head, rows) = text.split_once('\n').unwrap();
        let all = predicted(&model, &text);
        for (place, row) in rows.lines().enumerate().step_by(37) {
            match (predicted(&model, &format!("{head}\n{row}\n")), &all) {
                (Predictions::Values(one), Predictions::Values(all)) => assert_eq!(one[0], all[place]),
                (Predictions::Classes { probabilities: one, .. }, Predictions::Classes { probabilities: all, .. }) => {
                    assert_eq!(one[..], all[2 * place..2 * place + 2]);
                }
                _ => panic!("one kind of target"),
            }
        }
    }
}

#[test]
fn a_value_is_predicted_in_the_units_of_the_table() {
    let recipe = Recipe { hidden: vec![24], epochs: 150, learning_rate: 0.01, ..Recipe::default() };
    let table = Table::parse(prices(300, 1).as_bytes(), "prices.csv", &ReadOptions::default()).unwrap();
    let experiment = Experiment::from_table(table, &DataOptions::new("price")).unwrap();
    let finished = train(&experiment, &recipe, &Workers::new(1), &mut Quiet).unwrap();
    let text = prices(50, 2);
    let Predictions::Values(values) = predicted(&finished.model, &text) else { panic!("values are predicted") };
    let truth = text.lines().skip(1).map(|line| line.rsplit(',').next().unwrap().parse::<f64>().unwrap());
    let square = values.iter().zip(truth).map(|(value, truth)| (value - truth) * (value - truth)).sum::<f64>() / 50.0;
    assert!(square.sqrt() < 6.0, "{}", square.sqrt());
    let rmse = finished.test.unwrap().get(caviar_engine::train::Metric::Rmse).unwrap();
    let baseline = finished.baselines[0].figures.get(caviar_engine::train::Metric::Rmse).unwrap();
    assert!(rmse < 6.0 && (25.0..40.0).contains(&baseline), "{rmse} {baseline}");
}

#[test]
fn parts_that_do_not_fit_are_refused() {
    let model = trained(&kinds(60, 1), "kind", &brief());
    let mut file = model.file().unwrap();
    let weight = file.arrays.remove("dense2/weight").unwrap();
    assert!(matches!(Model::from_file(file.clone()), Err(LabError::BrokenModel { .. })));
    file.arrays.insert("dense2/weight".to_owned(), weight.clone());
    file.arrays.insert("dense1/weight".to_owned(), weight);
    assert!(matches!(Model::from_file(file.clone()), Err(LabError::BrokenModel { .. })));
    let with = |recipe: Recipe| {
        let mut file = model.file().unwrap();
        let mut networks = file.sections()["networks"].clone();
        networks[0]["recipe"] = serde_json::to_value(recipe).unwrap();
        file.set_section("networks", &networks).unwrap();
        Model::from_file(file)
    };
    assert!(with(brief()).is_ok());
    assert_eq!(with(Recipe { hidden: vec![1 << 60, 1 << 60], ..brief() }).unwrap_err().kind(), ErrorKind::Data);
    assert!(with(Recipe { dropout: 1.0, ..brief() }).is_err());
    let mut none = model.file().unwrap();
    none.set_section("networks", &[0; 0]).unwrap();
    assert_eq!(Model::from_file(none).unwrap_err().kind(), ErrorKind::Data);
}

#[test]
fn bad_tables_and_settings_end_with_their_kind_of_error() {
    let folder = tempfile::tempdir().unwrap();
    let good = kinds(40, 1);
    let prepare = |text: &str, options: &DataOptions| {
        let path = write(&folder, "table.csv", text);
        Experiment::prepare(&path, options)
    };
    let options = DataOptions::new("kind");
    let cases = [
        ("", options.clone()),
        ("x,kind\n", options.clone()),
        ("x,kind\n1,a\n2\n", options.clone()),
        ("x,kind\n1,a\n2,a\n", options.clone()),
        (&*good, DataOptions::new("knid")),
        (&*good, DataOptions { sample_weight: Some("wieght".to_owned()), ..options.clone() }),
        (&*good, DataOptions { sample_weight: Some("y".to_owned()), ..options.clone() }),
        (&*good, DataOptions { test: Part::File("nowhere.csv".into()), ..options.clone() }),
    ];
    for (text, options) in cases {
        let error = prepare(text, &options).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Data, "{error}");
    }
    let beyond = DataOptions { test: Part::Fraction(1.0), ..options.clone() };
    assert_eq!(prepare(&good, &beyond).unwrap_err().kind(), ErrorKind::Usage);

    let experiment = prepare(&good, &options).unwrap();
    let fails = |recipe: Recipe| train(&experiment, &recipe, &Workers::new(1), &mut Quiet).unwrap_err().kind();
    assert_eq!(fails(Recipe { beta: 1.0, ..brief() }), ErrorKind::Usage);
    assert_eq!(fails(Recipe { metric: caviar_engine::train::Metric::Rmse, ..brief() }), ErrorKind::Data);
    assert_eq!(fails(Recipe { class_weight: "abvoe=2".parse().unwrap(), ..brief() }), ErrorKind::Data);
    assert_eq!(brief().notes(12), ["batch size 32 cut to the 12 training rows"]);
}

#[test]
fn batch_norm_folded_for_prediction_says_what_its_definition_says() {
    for precision in [Precision::F32, Precision::F64] {
        let recipe = Recipe { batch_norm: true, hidden: vec![6], precision, ..brief() };
        let model = trained(&kinds(80, 1), "kind", &recipe);
        let width = model.encoder().width();
        let values: Vec<f64> = (0..20 * width).map(|at| ((at * 37 % 101) as f64 - 50.0) / 25.0).collect();
        let rows = Rows::from_f64(values.clone(), width).unwrap();
        let Predictions::Classes { probabilities, .. } = model.predict_rows(&rows).unwrap() else { panic!("classes") };
        let of = |name: &str| model.weights()[name].to_f64();
        let (w1, w2, b2) = (of("dense1/weight"), of("dense2/weight"), of("dense2/bias"));
        let norm = |name: &str| of(&format!("batch_norm1/{name}"));
        let (gamma, beta, seen) = (norm("gamma"), norm("beta"), 1.0 - norm("past_weight")[0]);
        let (mean, variance) = (norm("running_mean"), norm("running_variance"));
        for (row, said) in values.chunks(width).zip(probabilities.chunks(2)) {
            let unit = |unit: usize| {
                let z: f64 = row.iter().enumerate().map(|(input, x)| x * w1[input * 6 + unit]).sum();
                let deviation = (variance[unit] / seen + 1e-5).sqrt();
                (gamma[unit] * (z - mean[unit] / seen) / deviation + beta[unit]).max(0.0)
            };
            let logit = (0..6).map(|at| unit(at) * w2[at]).sum::<f64>() + b2[0];
            let probability = 1.0 / (1.0 + (-logit).exp());
            let tolerance = if precision == Precision::F32 { 1e-6 } else { 1e-12 };
            assert!((said[1] - probability).abs() < tolerance, "{precision:?}: {} {probability}", said[1]);
        }
    }
}

#[test]
fn the_penalty_is_told_apart_from_the_loss() {
    let table = Table::parse(kinds(100, 1).as_bytes(), "table.csv", &ReadOptions::default()).unwrap();
    let options =
        DataOptions { validation: Part::Fraction(0.0), test: Part::Fraction(0.2), ..DataOptions::new("kind") };
    let experiment = Experiment::from_table(table, &options).unwrap();
    let finished = |l2| {
        let recipe = Recipe { l2, hidden: vec![], ..brief() };
        train(&experiment, &recipe, &Workers::new(1), &mut Quiet).unwrap()
    };
    assert_eq!(finished(0.0).penalty(), None);
    let with = finished(3.0);
    // 80 rows to learn from: 3/160 times the sum of the squares; the bias is exempt.
    let squares: f64 = with.model.weights()["dense1/weight"].to_f64().iter().map(|weight| weight.powi(2)).sum();
    assert!((with.penalty().unwrap() - 3.0 / 160.0 * squares).abs() < 1e-12);
    let json = serde_json::to_value(with.event(None, None)).unwrap();
    assert!((json["penalty"].as_f64().unwrap() - 3.0 / 160.0 * squares).abs() < 1e-12);
}
