use std::collections::BTreeSet;

use caviar_engine::optim::Optimizer;
use caviar_tune::{Params, Value};

use super::file::Read;
use super::{SpaceFile, points, recipe};
use crate::recipe::{BatchRows, Recipe};

fn read(json: &str) -> Result<Read, String> {
    let file: SpaceFile = serde_json::from_str(json).unwrap();
    file.read(&Recipe::default(), &BTreeSet::new()).map_err(|error| error.to_string())
}

fn complaint(json: &str) -> String {
    match read(json) {
        Ok(_) => format!("nothing is wrong with {json}"),
        Err(error) => error,
    }
}

fn configurations(read: &Read, count: u64) -> Vec<(Params, Recipe)> {
    let uniform = caviar_tune::conformance::keyed_uniform(3);
    let each = (0..count).map(|trial| {
        let params = read.space.configuration(&Params::default(), &|position| uniform(trial, position as u64));
        let recipe = recipe(&read.base, &params, 9, trial).unwrap();
        (params, recipe)
    });
    each.collect()
}

#[test]
fn every_setting_of_a_network_can_be_searched() {
    let json = r#"{
        "optimizer": ["adam", "rmsprop", "gd"], "learning-rate": {"scale": "log", "low": 0.001, "high": 0.1},
        "beta": {"scale": "one-minus-log", "low": 0.5, "high": 0.99}, "beta1": [0.8, 0.9], "beta2": [0.99, 0.999],
        "epsilon": {"scale": "log", "low": 1e-8, "high": 1e-3}, "schedule": ["cosine", "staircase:3=0.1"],
        "warm-up": {"scale": "linear", "low": 0, "high": 5}, "batch-size": [16, "full"],
        "hidden": ["none", "8", "8,4"], "activation": ["relu", "leaky-relu:0.1"], "batch-norm": [true, false],
        "dropout": {"zero": 0.5, "scale": "linear", "low": 0.1, "high": 0.5},
        "l2": {"zero": 0.5, "scale": "log", "low": 0.01, "high": 10},
        "weight-decay": {"zero": 0.5, "scale": "log", "low": 0.001, "high": 0.1},
        "label-smoothing": [0, 0.1], "init": ["he", "normal:0.1"], "clip-norm": ["none", 1], "clip-value": [0.5],
        "shuffle": ["random", "none"], "class-weight": ["none", "balanced"], "loss": ["cross-entropy", "none"]
    }"#;
    let read = read(json).unwrap();
    let all = configurations(&read, 60);
    let seen = |test: &dyn Fn(&Recipe) -> bool| all.iter().any(|(_, recipe)| test(recipe));
    assert!(seen(&|recipe| recipe.optimizer == Optimizer::RmsProp) && seen(&|recipe| recipe.beta1 == 0.8));
    assert!(seen(&|recipe| recipe.batch_size == BatchRows::Full) && seen(&|recipe| recipe.hidden == [8, 4]));
    assert!(seen(&|recipe| recipe.clip_norm.is_none()) && seen(&|recipe| recipe.clip_norm == Some(1.0)));
    assert!(seen(&|recipe| recipe.dropout == 0.0 && !recipe.hidden.is_empty()) && seen(&|recipe| recipe.dropout > 0.1));
    assert!(seen(&|recipe| recipe.batch_norm) && seen(&|recipe| recipe.l2 == 0.0) && seen(&|recipe| recipe.l2 > 1.0));
    assert!(all.iter().all(|(_, recipe)| recipe.epochs == 9 && recipe.check().is_ok()));
    for (params, recipe) in &all {
        assert_eq!(params.get("beta").is_some(), recipe.optimizer == Optimizer::RmsProp, "{params}");
        assert_eq!(params.get("beta1").is_some(), recipe.optimizer == Optimizer::Adam, "{params}");
    }
}

#[test]
fn a_width_exists_where_its_layer_does() {
    let json = r#"{
        "layers": {"scale": "integer", "low": 0, "high": 3}, "units1": [4], "units2": [5, 6], "units3": [7],
        "dropout": [0.1, 0.2]
    }"#;
    for (params, recipe) in configurations(&read(json).unwrap(), 40) {
        let layers = params.integer("layers").unwrap() as usize;
        assert_eq!(recipe.hidden.len(), layers);
        assert_eq!(params.get("dropout").is_some(), layers > 0, "{params}");
        let own = (1..=3).filter(|layer| params.get(&format!("units{layer}")).is_some()).count();
        assert_eq!(own, layers, "{params}");
    }
    let one = read(r#"{"layers": [1, 3], "units": {"scale": "integer", "low": 2, "high": 9}}"#).unwrap();
    let equal = |recipe: &Recipe| recipe.hidden.iter().all(|units| *units == recipe.hidden[0]);
    assert!(configurations(&one, 20).iter().all(|(_, recipe)| equal(recipe) && recipe.hidden.len() != 2));
}

#[test]
fn a_point_to_start_from_takes_the_scale_whose_condition_holds() {
    let read = read(
        r#"{
            "optimizer": ["adam", "momentum"],
            "learning-rate": [
                {"scale": "log", "low": 0.0001, "high": 0.2, "when": {"optimizer": "adam"}},
                {"scale": "log", "low": 0.1, "high": 1, "when": {"optimizer": "momentum"}}
            ],
            "start": [{"optimizer": "momentum", "learning-rate": 0.15}, {"optimizer": "adam", "learning-rate": 0.15}]
        }"#,
    )
    .unwrap();
    let rates: Vec<f64> =
        read.starts.iter().map(|start| recipe(&read.base, start, 5, 0).unwrap().learning_rate).collect();
    assert_eq!(rates, [0.15, 0.15]);
    assert_eq!(read.starts[0].get("learning-rate/2"), Some(&Value::from(0.15)));
}

#[test]
fn what_is_fixed_is_not_searched() {
    let file: SpaceFile = serde_json::from_str(
        r#"{"layers": [1, 2], "units": [8, 16], "activation": "tanh", "optimizer": ["adam", "gd"],
            "start": [{"layers": 1, "optimizer": "gd"}]}"#,
    )
    .unwrap();
    let fixed = BTreeSet::from(["hidden".to_owned()]);
    let read = file.read(&Recipe { hidden: vec![5], ..Recipe::default() }, &fixed).unwrap();
    let names: Vec<&str> = read.space.parameters().iter().map(|parameter| parameter.name.as_str()).collect();
    assert_eq!(names, ["optimizer"]);
    assert_eq!((read.starts[0].len(), read.base.activation.to_string().as_str()), (1, "tanh"));
    assert!(configurations(&read, 5).iter().all(|(_, recipe)| recipe.hidden == [5]));
}

#[test]
fn mistakes_are_named_with_their_rule() {
    for (json, wanted) in [
        (r#"{"lerning-rate": 1}"#, "no setting is called `lerning-rate`; did you mean `learning-rate`?"),
        (r#"{"epochs": 1}"#, "no setting is called `epochs`"),
        (r#"{"l2": {"scale": "log", "low": 0, "high": 1}}"#, "l2: a log scale from 0 to 1: low must be above 0"),
        (r#"{"l2": {"scale": "linear", "low": 2, "high": 1}}"#, "l2: a range from 2 to 1: low must not be above high"),
        (r#"{"l2": {"scale": "linear", "lwo": 2, "high": 1}}"#, "l2 has no `lwo`; did you mean `low`?"),
        (r#"{"l2": {"scale": "linear", "low": 2}}"#, "l2: `high` must be a number"),
        (r#"{"l2": {"scale": "lin", "low": 2, "high": 3}}"#, "l2: `scale` must be linear, log, one-minus-log"),
        (r#"{"dropout": {"scale": "linear", "low": 0, "high": 1}}"#, "dropout 1.0: dropout 1: must be at least 0 and"),
        (r#"{"dropout": "much"}"#, "dropout much: must be a number"),
        (r#"{"optimizer": ["adam", "sgd"]}"#, "optimizer sgd: must be gd, momentum"),
        (r#"{"beta": [0.9, 0.8]}"#, "beta: the optimizer adam has no beta"),
        (r#"{"layers": [1, 3]}"#, "layers: there may be 3 layers, but neither `units` nor `units3` says how wide"),
        (r#"{"units5": [1, 3]}"#, "units5: there are at most 2 layers"),
        (r#"{"hidden": ["4"], "units": [1, 3]}"#, "hidden: `hidden` says all about the layers"),
        (r#"{"l2": {"values": [1, 2], "when": {"optimiser": "adam"}}, "optimizer": ["adam"]}"#, "mean `optimizer`?"),
        (
            r#"{"l2": {"values": [1, 2], "when": {"dropout": 0.1}}, "dropout": {"values": [0.1, 0.2], "when": {"l2": 1}}}"#,
            "the conditions go round in a circle",
        ),
        (r#"{"l2": [{"values": [1]}, {"values": [2]}]}"#, "of several tables for one setting each needs a `when`"),
        (r#"{"l2": [1, 2], "start": [{"l2": 1}, {"l2": 3}]}"#, "start 2: `l2` cannot be 3"),
        (r#"{"l2": [1, 2], "start": [{"l3": 1}]}"#, "start 1: the space has no parameter `l3`; did you mean `l2`?"),
        (r#"{"schedule": ["cosine"], "warm-up": [0, 100]}"#, "warm-up 100: warm-up and epochs: the warm-up must be"),
    ] {
        let got = complaint(json);
        assert!(got.contains(wanted), "{json}: no {wanted:?} in {got:?}");
    }
}

#[test]
fn a_grid_is_the_largest_whole_one() {
    let two = read(
        r#"{"l2": {"scale": "log", "low": 1, "high": 9}, "dropout": {"scale": "linear", "low": 0, "high": 0.5},
                       "activation": ["relu", "tanh"]}"#,
    )
    .unwrap();
    for (trials, wanted) in [(1, 2), (8, 2), (17, 2), (18, 3), (64, 5)] {
        assert_eq!(points(&two.space, trials), wanted, "{trials} trials");
    }
}
