//! Simple answers to compare with: one that looks at no feature, and a linear model.

use std::time::Instant;

use caviar_engine::optim::Optimizer;
use caviar_engine::schedule::Schedule;
use caviar_engine::train::{Data, Targets};

use crate::company::Onlooker;
use crate::crew::Threads;
use crate::error::LabError;
use crate::experiment::{View, classes_of};
use crate::finished::Baseline;
use crate::ledger::{Ledger, Place, Stage};
use crate::measure::figures_of;
use crate::model::{Model, Network, likeliest};
use crate::options::Interrupt;
use crate::recipe::{BatchRows, Precision, Recipe};
use crate::run::{End, Limits, Run, run};

/// Updates of the linear model, more or less.
const STEPS: u64 = 4000;
/// Multiplications that its training may take, a second or two; not a time, so that it is the same on every machine.
const MOST_WORK: u64 = 20_000_000_000;

/// Measures both on the given rows as the model is measured; they learn from the view's training rows alone.
pub(crate) fn baselines(view: &View, model: &Model, data: &Data, threads: usize) -> Result<Vec<Baseline>, LabError> {
    let mut baselines = vec![constant(view, model, data)];
    baselines.extend(linear(view, model, data, threads)?);
    Ok(baselines)
}

/// Of the epochs of the linear model, so many are trained to know how long all take.
const TRIED: u64 = 100;

/// About the seconds that training the linear model will take, by a hundredth of it.
pub(crate) fn seconds(train: &View, asked: &Recipe, threads: usize) -> Result<f64, LabError> {
    let recipe = linear_recipe(asked, &train.train);
    let part = |epochs: u64| {
        let start = Instant::now();
        fit(train, &Recipe { epochs, horizon: Some(recipe.epochs), ..recipe.clone() }, threads)?;
        Ok::<f64, LabError>(start.elapsed().as_secs_f64())
    };
    // What a training costs before its first epoch is had once, and not by each part.
    let (begun, more) = (part(1)?, (recipe.epochs / TRIED).max(1));
    let each = (part(1 + more)? - begun).max(0.0) / more as f64;
    Ok(begun + each * recipe.epochs as f64)
}

/// Trains a linear model on the training rows alone.
fn fit(view: &View, recipe: &Recipe, threads: usize) -> Result<Run, LabError> {
    let alone = View { held_out: None, ..view.clone() };
    let never = Interrupt::default();
    let nowhere = Ledger::default();
    let place = Place::new(&nowhere, Stage::Refit, 0, 0);
    let limits = Limits { epochs: recipe.epochs, patience: None, deadline: None, interrupt: &never, place: &place };
    run(&[alone], recipe, &[recipe.seed], 0, Threads::Fixed(threads), limits, &mut Onlooker::new(|_, _| true))
}

/// The commonest class of the training rows with their shares as probabilities, or their mean.
fn constant(view: &View, model: &Model, data: &Data) -> Baseline {
    let (answer, answers) = match view.train.targets() {
        Targets::Classes { labels, classes } => {
            let count = |class: usize| labels.iter().filter(|&&label| label == class as i64).count();
            let shares: Vec<f64> = (0..*classes).map(|class| count(class) as f64 / labels.len() as f64).collect();
            let commonest = classes_of(&view.target).get(likeliest(&shares)).cloned().unwrap_or_default();
            (commonest, shares.repeat(data.len()))
        }
        Targets::Values { .. } => (format!("{:.4}", view.target.inverse(0.0)), vec![0.0; data.len()]),
    };
    Baseline { name: format!("always {answer}"), answer, figures: figures_of(&answers, data, model) }
}

/// The best linear model, in as good as its optimum; none where the training rows lead it nowhere.
fn linear(view: &View, model: &Model, data: &Data, threads: usize) -> Result<Option<Baseline>, LabError> {
    let recipe = linear_recipe(model.recipe(), &view.train);
    let run = fit(view, &recipe, threads)?;
    let (End::Complete, Some(weights)) = (run.end, run.weights) else { return Ok(None) };
    let network = Network { recipe, count: 1, weights };
    let linear = Model::new(view.encoder.clone(), view.target.clone(), vec![network], model.weighting().clone());
    let name = match classes_of(&view.target).len() {
        0 => "linear regression",
        2 => "logistic regression",
        _ => "softmax regression",
    };
    let answer = format!("linear in {} inputs", view.encoder.width());
    Ok(Some(Baseline { name: name.to_owned(), answer, figures: linear.figures(data, threads)? }))
}

/// Adam at a rate that falls to zero, over all rows at once where they are few.
///
/// `λ` of L2 is 1, the usual default for logistic regression: classes that a plane divides would else pull the weights
/// beyond all bounds, and with more inputs than rows the optimum would not be one point.
fn linear_recipe(asked: &Recipe, train: &Data) -> Recipe {
    let rows = train.len() as u64;
    let batch = if rows <= 2048 { rows } else { 1024 };
    let of_epoch = (rows * (train.features().columns() * train.targets().outputs()) as u64 * 4).max(1);
    let epochs = STEPS.div_ceil(rows.div_ceil(batch)).min(MOST_WORK / of_epoch).max(1);
    Recipe {
        hidden: Vec::new(),
        optimizer: Optimizer::Adam,
        learning_rate: 0.02,
        schedule: Schedule::Cosine,
        batch_size: BatchRows::Rows(batch as usize),
        epochs,
        l2: 1.0,
        loss: asked.loss,
        class_weight: asked.class_weight.clone(),
        metric: asked.metric,
        precision: Precision::F32,
        ..Recipe::default()
    }
}
