//! A trial in the words of Optuna.

use caviar_store::study::{Entry, OptunaParam, OptunaState, OptunaTrial};
use caviar_tune::{Params, ScaleForm, Space, TrialState, Value};
use serde_json::json;

use crate::finished::TrialRecord;
use crate::recipe::Recipe;

/// The row of a trial for Optuna.
///
/// - A parameter that has one value only is left out.
/// - On the scale of the distance to 1, what is shown is this distance: `one_minus_beta`, on a log scale.
/// - A zero of its own is a choice, `l2_zero`, and the parameter exists where that is false.
/// - Under halving the scores at the rungs are the intermediate values; else a pruned trial has its last one.
pub(crate) fn optuna_entry(
    space: &Space,
    rungs: &[u64],
    record: &TrialRecord,
    recipe: &Recipe,
    drawn: &Params,
) -> Entry {
    let mut params = Vec::new();
    for (_, parameter) in space.free() {
        if let Some(value) = drawn.get(&parameter.name) {
            put(&mut params, &parameter.name, parameter.scale.form(), value);
        }
    }
    let state = match record.state {
        TrialState::Running | TrialState::Paused => OptunaState::Running,
        TrialState::Complete => OptunaState::Complete,
        TrialState::Pruned => OptunaState::Pruned,
        TrialState::Failed | TrialState::Diverged => OptunaState::Fail,
    };
    let mut steps: Vec<(u64, f64)> = rungs
        .iter()
        .filter(|&&rung| rung <= record.epochs || state == OptunaState::Complete)
        .filter_map(|&rung| Some((rung, best(record, recipe, rung)?)))
        .collect();
    if steps.is_empty() && state == OptunaState::Pruned {
        steps.extend(record.score.map(|score| (record.epochs, score)));
    }
    let value = record.score.filter(|_| state != OptunaState::Running);
    Entry::Optuna(OptunaTrial { number: record.number, state, params, value, steps })
}

/// The best score of the first epochs.
fn best(record: &TrialRecord, recipe: &Recipe, epochs: u64) -> Option<f64> {
    let score = |point: &crate::CurvePoint| point.validation.as_ref()?.get(recipe.metric).filter(|s| s.is_finite());
    let scores = record.curve.iter().take(usize::try_from(epochs).unwrap_or(usize::MAX)).filter_map(score);
    scores.min_by(|a, b| recipe.metric.cost(*a).total_cmp(&recipe.metric.cost(*b)))
}

fn put(params: &mut Vec<OptunaParam>, name: &str, form: &ScaleForm, value: &Value) {
    let float = |low: f64, high: f64, log: bool| json!({"step": null, "low": low, "high": high, "log": log});
    let (name, value, kind, attributes) = match form {
        ScaleForm::Linear { low, high } => (name.to_owned(), value.as_number(), "Float", float(*low, *high, false)),
        ScaleForm::Log { low, high } => (name.to_owned(), value.as_number(), "Float", float(*low, *high, true)),
        ScaleForm::OneMinusLog { low, high } => {
            let distance = value.as_number().map(|value| (1.0 - value).clamp(1.0 - high, 1.0 - low));
            (format!("one_minus_{name}"), distance, "Float", float(1.0 - high, 1.0 - low, true))
        }
        ScaleForm::Integer { low, high, log } => {
            let attributes = json!({"log": log, "step": 1, "low": low, "high": high});
            (name.to_owned(), value.as_number(), "Int", attributes)
        }
        ScaleForm::Choice { values } if values.len() < 2 => return,
        ScaleForm::Choice { values } => {
            let place = values.iter().position(|other| other == value).map(|place| place as f64);
            (name.to_owned(), place, "Categorical", json!({"choices": values}))
        }
        ScaleForm::ZeroOr { range, .. } => {
            let is_zero = value.as_number() == Some(0.0);
            let place = if is_zero { 1.0 } else { 0.0 };
            params.push(OptunaParam {
                name: format!("{name}_zero"),
                value: place,
                distribution: distribution("Categorical", &json!({"choices": [false, true]})),
            });
            if !is_zero {
                put(params, name, range, value);
            }
            return;
        }
    };
    if let Some(value) = value {
        params.push(OptunaParam { name, value, distribution: distribution(kind, &attributes) });
    }
}

fn distribution(kind: &str, attributes: &serde_json::Value) -> String {
    json!({"name": format!("{kind}Distribution"), "attributes": attributes}).to_string()
}
