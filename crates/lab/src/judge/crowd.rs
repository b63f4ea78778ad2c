//! The figures of several networks whose answers are averaged.

use caviar_engine::nn::Loss;
use caviar_engine::train::metric::{self, MetricError};
use caviar_engine::train::{ClassWeight, Data, Metric, Targets};
use caviar_table::TargetSpec;

use crate::error::LabError;
use crate::experiment::{View, classes_of};
use crate::figures::Figures;
use crate::model::{Model, likeliest};

/// The smallest probability that a loss is taken of.
const LEAST: f64 = f64::EPSILON;

/// The figures that a single network has, of the mean answers: the loss, the usual ones, and the metric chosen by.
pub(super) fn figures(view: &View, model: &Model, data: &Data) -> Result<Figures, LabError> {
    let answers = model.mean_answers(data.features())?;
    let recipe = model.recipe();
    let weights = weights(view, model, data)?;
    let loss = match data.targets() {
        Targets::Classes { labels, classes } => {
            let of_row = |(row, label): (usize, &i64)| -libm::log(answers[row * classes + *label as usize].max(LEAST));
            mean(labels.iter().enumerate().map(of_row), &weights)
        }
        Targets::Values { values, .. } => {
            let loss = recipe.loss.unwrap_or(Loss::Squared);
            let of_row = |(answer, value): (&f64, &f64)| error(loss, answer - value);
            mean(answers.iter().zip(values).map(of_row), &weights)
        }
    };
    let usual: &[Metric] = match data.targets() {
        Targets::Classes { .. } => &[Metric::Accuracy],
        Targets::Values { .. } => &[Metric::Rmse, Metric::Mae, Metric::R2],
    };
    let mut pairs = vec![(Metric::Loss, loss)];
    for &which in usual.iter().chain([&recipe.metric]) {
        if !pairs.iter().any(|(known, _)| *known == which) {
            pairs.push((which, measure(which, &answers, data.targets(), &view.target).unwrap_or(f64::NAN)));
        }
    }
    Ok(Figures::from_pairs(pairs))
}

/// The weight of each row: its own times that of its class.
fn weights(view: &View, model: &Model, data: &Data) -> Result<Vec<f64>, LabError> {
    let mut weights = data.weights().map_or_else(|| vec![1.0; data.len()], <[f64]>::to_vec);
    let spec = model.recipe().spec_for(&view.train, classes_of(&view.target), 0)?;
    let (Targets::Classes { labels, classes }, Targets::Classes { labels: training, .. }) =
        (data.targets(), view.train.targets())
    else {
        return Ok(weights);
    };
    let of_class: Vec<f64> = match spec.class_weight {
        ClassWeight::None => return Ok(weights),
        ClassWeight::Given(given) => given,
        ClassWeight::Balanced => {
            let count = |class: usize| training.iter().filter(|&&label| label == class as i64).count().max(1);
            (0..*classes).map(|class| training.len() as f64 / (classes * count(class)) as f64).collect()
        }
    };
    weights.iter_mut().zip(labels).for_each(|(weight, label)| *weight *= of_class[*label as usize]);
    Ok(weights)
}

fn mean(losses: impl Iterator<Item = f64>, weights: &[f64]) -> f64 {
    losses.zip(weights).map(|(loss, weight)| loss * weight).sum::<f64>() / weights.iter().sum::<f64>()
}

fn error(loss: Loss, difference: f64) -> f64 {
    let size = difference.abs();
    match loss {
        Loss::Squared | Loss::CrossEntropy => size * size,
        Loss::Absolute => size,
        Loss::Huber { delta } => size.min(delta) * (size - size.min(delta) / 2.0),
    }
}

/// In the person's units.
fn measure(which: Metric, answers: &[f64], targets: &Targets, target: &TargetSpec) -> Result<f64, MetricError> {
    let unit = match target {
        TargetSpec::Classification { .. } => 1.0,
        TargetSpec::Regression { deviation, .. } => *deviation,
    };
    match targets {
        Targets::Classes { labels, classes } => {
            let predicted = || answers.chunks_exact(*classes).map(|row| likeliest(row) as i64).collect::<Vec<_>>();
            match which {
                Metric::Accuracy => metric::accuracy(&predicted(), labels),
                Metric::F1 => metric::f1(&predicted(), labels, *classes),
                Metric::Auc => metric::auc_of_classes(answers, labels, *classes),
                Metric::Loss | Metric::Rmse | Metric::Mae | Metric::R2 => Ok(f64::NAN),
            }
        }
        Targets::Values { values, .. } => match which {
            Metric::Rmse => Ok(unit * metric::rmse(answers, values)?),
            Metric::Mae => Ok(unit * metric::mae(answers, values)?),
            Metric::R2 => metric::r2(answers, values),
            Metric::Loss | Metric::Accuracy | Metric::Auc | Metric::F1 => Ok(f64::NAN),
        },
    }
}
