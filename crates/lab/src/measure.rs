//! The figures of a model, or of any answers, on rows.

use caviar_engine::nn::Loss;
use caviar_engine::train::metric::{self, MetricError};
use caviar_engine::train::{ClassWeight, Data, Metric, Targets};
use caviar_table::TargetSpec;

use crate::error::LabError;
use crate::experiment::classes_of;
use crate::figures::Figures;
use crate::model::{Model, Weighting, likeliest};
use crate::network::figures;
use crate::recipe::{Precision, Recipe};

/// The smallest probability that a loss is taken of.
const LEAST: f64 = f64::EPSILON;

impl Model {
    /// Its figures on encoded rows: the loss, the usual ones, and the metric that was chosen by.
    ///
    /// - **Weights:** those of rows and of classes count in the loss; every other figure counts rows.
    pub(crate) fn figures(&self, data: &Data, threads: usize) -> Result<Figures, LabError> {
        match self.networks() {
            [alone] if alone.recipe.precision == Precision::F32 => {
                figures(&mut self.trainer::<f32>(alone, threads)?, data, self.target(), alone.recipe.metric)
            }
            [alone] => figures(&mut self.trainer::<f64>(alone, threads)?, data, self.target(), alone.recipe.metric),
            _ => Ok(figures_of(&self.mean_answers(data.features(), threads)?, data, self)),
        }
    }
}

/// The same figures of given answers: probabilities of the classes, or scaled values, row by row.
pub(crate) fn figures_of(answers: &[f64], data: &Data, model: &Model) -> Figures {
    let usual: &[Metric] = match data.targets() {
        Targets::Classes { .. } => &[Metric::Accuracy],
        Targets::Values { .. } => &[Metric::Rmse, Metric::Mae, Metric::R2],
    };
    let losses = row_losses(answers, data.targets(), model.recipe());
    let mut pairs = vec![(Metric::Loss, mean(&losses, &row_weights(data, model.weighting())))];
    for &which in usual.iter().chain([&model.recipe().metric]) {
        if !pairs.iter().any(|(known, _)| *known == which) {
            pairs.push((which, measure(which, answers, data.targets(), model.target()).unwrap_or(f64::NAN)));
        }
    }
    Figures::from_pairs(pairs)
}

/// The loss of each row.
pub(crate) fn row_losses(answers: &[f64], targets: &Targets, recipe: &Recipe) -> Vec<f64> {
    match targets {
        Targets::Classes { labels, classes } => {
            let of_row = |(row, label): (&[f64], &i64)| {
                let probability = usize::try_from(*label).ok().and_then(|class| row.get(class));
                -libm::log(probability.copied().unwrap_or(f64::NAN).max(LEAST))
            };
            answers.chunks_exact((*classes).max(1)).zip(labels).map(of_row).collect()
        }
        Targets::Values { values, .. } => {
            let loss = recipe.loss.unwrap_or(Loss::Squared);
            answers.iter().zip(values).map(|(answer, value)| error(loss, answer - value)).collect()
        }
    }
}

/// How much each row counts in the loss: its own weight times that of its class.
pub(crate) fn row_weights(data: &Data, weighting: &Weighting) -> Vec<f64> {
    let mut weights = data.weights().map_or_else(|| vec![1.0; data.len()], <[f64]>::to_vec);
    if let (Targets::Classes { labels, .. }, false) = (data.targets(), weighting.classes.is_empty()) {
        let of_class = |label: i64| usize::try_from(label).ok().and_then(|class| weighting.classes.get(class));
        weights.iter_mut().zip(labels).for_each(|(weight, label)| *weight *= of_class(*label).unwrap_or(&1.0));
    }
    weights
}

/// What the classes weigh by a recipe on these training rows; empty where all weigh alike.
pub(crate) fn class_weights(recipe: &Recipe, train: &Data, target: &TargetSpec) -> Result<Vec<f64>, LabError> {
    let spec = recipe.spec_for(train, classes_of(target), 0)?;
    let Targets::Classes { labels, classes } = train.targets() else { return Ok(Vec::new()) };
    Ok(match spec.class_weight {
        ClassWeight::None => Vec::new(),
        ClassWeight::Given(given) => given,
        ClassWeight::Balanced => {
            let count = |class: usize| labels.iter().filter(|&&label| label == class as i64).count().max(1);
            (0..*classes).map(|class| labels.len() as f64 / (classes * count(class)) as f64).collect()
        }
    })
}

fn mean(losses: &[f64], weights: &[f64]) -> f64 {
    losses.iter().zip(weights).map(|(loss, weight)| loss * weight).sum::<f64>() / weights.iter().sum::<f64>()
}

fn error(loss: Loss, difference: f64) -> f64 {
    let size = difference.abs();
    match loss {
        Loss::Squared | Loss::CrossEntropy | Loss::Poisson | Loss::Binary => size * size,
        Loss::Absolute => size,
        Loss::Huber { delta } => size.min(delta) * (size - size.min(delta) / 2.0),
    }
}

/// A figure in the person's units.
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
