//! Laws of spaces, their conditions and their errors.

use caviar_tune::{Condition, Parameter, Params, Scale, SearchError, Space, Value, conformance};

fn layers() -> Parameter {
    Parameter::new("layers", Scale::integer(1, 3).unwrap())
}

fn units(name: &str, from_layers: f64) -> Parameter {
    Parameter::new(name, Scale::log_integer(8, 256).unwrap()).when(Condition::at_least("layers", from_layers))
}

fn optimizer() -> Parameter {
    Parameter::new("optimizer", Scale::choice(["gd", "momentum", "adam"]).unwrap())
}

fn beta() -> Parameter {
    Parameter::new("beta", Scale::one_minus_log(0.9, 0.999).unwrap()).when(Condition::one_of("optimizer", ["momentum"]))
}

fn point(pairs: &[(&str, Value)]) -> Params {
    pairs.iter().cloned().collect()
}

fn names(params: &Params) -> Vec<&str> {
    params.iter().map(|(name, _)| name).collect()
}

#[test]
fn a_width_exists_only_for_a_layer_that_does() {
    let space = Space::new(vec![layers(), units("units2", 2.0), units("units3", 3.0)]).unwrap();
    for (draw, expected) in
        [(0.1, &["layers"][..]), (0.5, &["layers", "units2"]), (0.9, &["layers", "units2", "units3"])]
    {
        assert_eq!(names(&space.configuration(&Params::default(), &|_| draw)), expected);
    }
}

#[test]
fn what_depends_on_a_parameter_that_does_not_exist_does_not_exist() {
    let nesterov =
        Parameter::new("nesterov", Scale::choice(["on", "off"]).unwrap()).when(Condition::at_least("beta", 0.9));
    let mut space = Space::new(vec![optimizer(), beta(), nesterov]).unwrap();
    assert_eq!(names(&space.configuration(&Params::default(), &|_| 0.0)), ["optimizer"]);
    assert_eq!(names(&space.configuration(&Params::default(), &|_| 0.5)), ["beta", "nesterov", "optimizer"]);
    // A fixed value counts only where its parameter exists.
    space.fix("beta", 0.95).unwrap();
    let gd = space.configuration(&Params::default(), &|_| 0.0);
    assert_eq!(names(&gd), ["optimizer"]);
    assert_eq!(names(&space.with_fixed(&gd)), ["optimizer"]);
    let momentum = space.configuration(&Params::default(), &|_| 0.5);
    assert_eq!(names(&momentum), ["nesterov", "optimizer"]);
    assert_eq!(space.with_fixed(&momentum).number("beta"), Some(0.95));
}

#[test]
fn a_fixed_value_leaves_the_search_and_changes_no_other_draw() {
    let mut space = Space::new(vec![optimizer(), beta(), layers(), units("units2", 2.0)]).unwrap();
    let draw = |position: usize| [0.5, 0.3, 0.8, 0.4][position];
    let before = space.configuration(&Params::default(), &draw);
    space.fix("optimizer", "momentum").unwrap();
    let after = space.configuration(&Params::default(), &draw);
    assert_eq!(names(&after), ["beta", "layers", "units2"]);
    assert!(after.iter().all(|(name, value)| before.get(name) == Some(value)));
    assert_eq!(space.free().map(|(position, _)| position).collect::<Vec<_>>(), [1, 2, 3]);
    space.fix("layers", 7.0).unwrap();
    assert_eq!(space.fixed().integer("layers"), Some(7), "outside its scale, and in its kind");
}

#[test]
fn misspelt_names_are_offered_the_nearest() {
    let mut space = Space::new(vec![optimizer(), beta(), layers()]).unwrap();
    let error = space.fix("optimiser", "adam").unwrap_err();
    assert_eq!(error, SearchError::UnknownParameter { name: "optimiser".into(), nearest: Some("optimizer".into()) });
    let error = space.check_start(&point(&[("layres", Value::from(1))])).unwrap_err();
    assert!(error.to_string().ends_with("did you mean `layers`?"), "{error}");
    let error = space.fix("seed", 1).unwrap_err();
    assert_eq!(error.to_string(), "the space has no parameter `seed`");
}

#[test]
fn conditions_that_cannot_be_are_refused() {
    let momentum = |condition| Parameter::new("beta", Scale::linear(0.0, 0.9).unwrap()).when(condition);
    let refused = |parameters| Space::new(parameters).unwrap_err();
    let error = refused(vec![optimizer(), momentum(Condition::one_of("optimiser", ["momentum"]))]);
    assert!(matches!(&error, SearchError::ConditionOnUnknown { nearest: Some(near), .. } if near == "optimizer"));
    let error = refused(vec![momentum(Condition::one_of("optimizer", ["momentum"])), optimizer()]);
    assert!(matches!(error, SearchError::ConditionOnLater { .. }), "{error}");
    let error = refused(vec![momentum(Condition::at_least("beta", 0.5))]);
    assert!(matches!(error, SearchError::ConditionOnLater { .. }), "{error}");
    let error = refused(vec![optimizer(), momentum(Condition::one_of("optimizer", ["momentun"]))]);
    assert!(matches!(&error, SearchError::ConditionNeverHolds { nearest: Some(near), .. } if near == "momentum"));
    let error = refused(vec![layers(), units("units4", 4.0)]);
    assert_eq!(
        error.to_string(),
        "`units4` exists only where `layers` is at least 4, but `layers` never does: it is a whole number from 1 to 3"
    );
    let error = refused(vec![optimizer(), momentum(Condition::at_most("optimizer", 3.0))]);
    assert!(matches!(error, SearchError::ConditionNeverHolds { .. }), "{error}");
}

#[test]
fn a_condition_may_look_at_a_parameter_with_a_zero_of_its_own() {
    let dropout = || Parameter::new("dropout", Scale::zero_or(0.5, Scale::linear(0.1, 0.5).unwrap()).unwrap());
    let with = |condition| {
        Space::new(vec![dropout(), Parameter::new("place", Scale::choice(["in", "out"]).unwrap()).when(condition)])
    };
    assert!(with(Condition::at_least("dropout", 0.5)).is_ok());
    assert!(with(Condition::at_most("dropout", 0.0)).is_ok());
    assert!(with(Condition::at_least("dropout", 0.6)).is_err());
}

#[test]
fn names_are_there_and_come_once() {
    assert!(matches!(Space::new(vec![layers(), layers()]), Err(SearchError::RepeatedName { .. })));
    let unnamed = Parameter::new("", Scale::integer(1, 2).unwrap());
    assert!(matches!(Space::new(vec![layers(), unnamed]), Err(SearchError::Unnamed { position: 1 })));
}

#[test]
fn starting_points_are_checked_and_brought_to_their_kinds() {
    let mut space = Space::new(vec![optimizer(), beta(), layers(), units("units2", 2.0)]).unwrap();
    let checked = space
        .check_start(&point(&[
            ("layers", Value::from(2.0)),
            ("units2", Value::from(16)),
            ("optimizer", Value::from("gd")),
        ]))
        .unwrap();
    assert_eq!(checked.integer("layers"), Some(2));
    let refused = |space: &Space, pairs: &[(&str, Value)]| space.check_start(&point(pairs)).unwrap_err();
    let error = refused(&space, &[("layers", Value::from(4))]);
    assert!(matches!(error, SearchError::BadValue { .. }), "{error}");
    let error = refused(&space, &[("layers", Value::from(1.5))]);
    assert!(matches!(error, SearchError::BadValue { .. }), "{error}");
    let error = refused(&space, &[("optimizer", Value::from("adma"))]);
    assert!(error.to_string().ends_with("did you mean `adam`?"), "{error}");
    let error = refused(&space, &[("optimizer", Value::from("gd")), ("beta", Value::from(0.9))]);
    assert!(matches!(error, SearchError::ConditionUnmet { .. }), "{error}");
    let error = refused(&space, &[("units2", Value::from(16))]);
    assert!(matches!(error, SearchError::ConditionUnmet { .. }), "what it depends on must be said: {error}");
    space.fix("layers", 2).unwrap();
    assert!(space.check_start(&point(&[("units2", Value::from(16)), ("layers", Value::from(2))])).is_ok());
    let error = refused(&space, &[("layers", Value::from(3))]);
    assert!(matches!(error, SearchError::AlreadyFixed { .. }), "{error}");
    let error = space.check(&point(&[("units2", Value::from(16))])).unwrap_err();
    assert_eq!(error, SearchError::MissingValue { name: "optimizer".into() });
}

#[test]
fn a_grid_walks_conditional_parameters_only_where_they_exist() {
    let space = Space::new(vec![layers(), units("units2", 2.0), units("units3", 3.0), optimizer(), beta()]).unwrap();
    let all: Vec<Params> = space.grid(2).collect();
    // layers 1 and 3 are the grid's: 1 + 2 * 2 widths; gd, adam, and momentum with two betas: 4.
    assert_eq!(all.len(), (1 + 4) * 4);
    let distinct: std::collections::BTreeSet<&Params> = all.iter().collect();
    assert_eq!(distinct.len(), all.len());
    assert!(all.iter().all(|params| space.check(params).is_ok()));
    assert_eq!(Space::new(vec![]).unwrap().grid(3).collect::<Vec<_>>(), [Params::default()]);
}

#[test]
fn spaces_survive_being_written() {
    let space = conformance::full_space().unwrap();
    let text = serde_json::to_string(&space).unwrap();
    assert_eq!(serde_json::from_str::<Space>(&text).unwrap(), space);
    let text = r#"{"parameters": [
        {"name": "layers", "scale": {"scale": "integer", "low": 1, "high": 3}},
        {"name": "units2", "scale": {"scale": "integer", "low": 8, "high": 256, "log": true},
         "when": {"parameter": "layers", "at_least": 2}}
    ]}"#;
    let read: Space = serde_json::from_str(text).unwrap();
    assert_eq!(read, Space::new(vec![layers(), units("units2", 2.0)]).unwrap());
}
