//! The last look: the kept network on all parts of the data.

use caviar_engine::train::metric::confusion;
use caviar_engine::train::{Data, Targets};

use crate::assessment::Assessment;
use crate::baselines::baselines;
use crate::error::LabError;
use crate::evaluate::with_intervals;
use crate::experiment::{Experiment, View, classes_of};
use crate::figures::Figures;
use crate::finished::{Baseline, Confusion, Rival, Surface};
use crate::measure::{class_weights, figures_of};
use crate::model::{Model, Network, Weighting, likeliest};
use crate::surface::surface;

/// Networks to be measured.
pub(crate) struct Choice {
    /// Those that are kept.
    pub(crate) kept: Vec<Network>,
    /// Several whose average is measured beside one that is kept; else none.
    pub(crate) beside: Vec<Network>,
    /// What is averaged: `networks`, or `trials` where each of them is what several networks say together.
    pub(crate) averaged: &'static str,
}

impl Choice {
    /// One network, and no other.
    pub(crate) fn of(network: Network) -> Self {
        Choice { kept: vec![network], beside: Vec::new(), averaged: "networks" }
    }
}

/// The kept network's figures.
#[derive(Debug)]
pub(crate) struct Judged {
    pub(crate) train: Figures,
    /// On the held-out rows of the view.
    pub(crate) held_out: Option<Figures>,
    pub(crate) test: Option<Figures>,
    pub(crate) baselines: Vec<Baseline>,
    pub(crate) rivals: Vec<Rival>,
    pub(crate) part: &'static str,
    pub(crate) assessment: Assessment,
    pub(crate) confusion: Option<Confusion>,
    pub(crate) surface: Option<Surface>,
    pub(crate) model: Model,
}

/// Measures networks on all parts. Here, after everything is decided, the test rows are looked at for the first time.
///
/// Not `thorough`, it leaves out what takes long: the linear baseline, the importance of the columns, the surface.
pub(crate) fn judge(
    experiment: &Experiment,
    view: &View,
    choice: Choice,
    threads: usize,
    thorough: bool,
) -> Result<Judged, LabError> {
    let recipe = choice.kept.first().map(|network| network.recipe.clone()).unwrap_or_default();
    let weighting = Weighting {
        column: experiment.weight_column().map(str::to_owned),
        classes: class_weights(&recipe, &view.train, &view.target)?,
    };
    let Choice { kept, beside, averaged } = choice;
    let model = Model::new(view.encoder.clone(), view.target.clone(), kept, weighting);
    let test_data = experiment.test_data(&view.encoder, &view.target)?;
    let (part, data) = match (&test_data, &view.held_out) {
        (Some(test), _) => ("test", test),
        (None, Some(held_out)) => ("validation", &**held_out),
        (None, None) => ("train", &*view.train),
    };
    let answers = model.mean_answers(data.features(), threads)?;
    let figures = |of: &Data| match model.networks() {
        // Answered already.
        [_, _, ..] if std::ptr::eq(of, data) => Ok(figures_of(&answers, data, &model)),
        _ => model.figures(of, threads),
    };
    let train = figures(&view.train)?;
    let held_out = view.held_out.as_deref().map(figures).transpose()?;
    let test = test_data.as_ref().map(figures).transpose()?;
    let names = |networks: usize| match networks {
        1 => "the best trial alone".to_owned(),
        several => format!("the average of {several} {averaged}"),
    };
    let rivals = match other(&model, beside) {
        Some(other) => {
            let of_other = other.mean_answers(data.features(), threads)?;
            let rival = |model: &Model, answers: &[f64]| Rival {
                name: names(model.networks().len()),
                figures: with_intervals(model, data, answers, experiment.seed(), threads),
            };
            let mut rivals = vec![rival(&model, &answers), rival(&other, &of_other)];
            rivals.sort_by_key(|rival| rival.name != names(1));
            rivals
        }
        None => Vec::new(),
    };
    let confusion = confusion_of(&model, part, data, &answers);
    let (assessment, baselines, surface) = match thorough {
        true => (
            Assessment::new(&model, data, &answers, experiment.seed(), threads)?,
            baselines(view, &model, data, threads)?,
            surface(experiment, &model, None)?,
        ),
        false => (Assessment::of_answers(&model, data, &answers), Vec::new(), None),
    };
    Ok(Judged { train, held_out, test, baselines, rivals, part, assessment, confusion, surface, model })
}

/// The first of several networks alone, or the average beside the one that is kept; none where there is no average.
fn other(model: &Model, beside: Vec<Network>) -> Option<Model> {
    let networks = match model.networks() {
        [first, _, ..] => vec![first.clone()],
        _ if beside.len() > 1 => beside,
        _ => return None,
    };
    Some(Model::new(model.encoder().clone(), model.target().clone(), networks, model.weighting().clone()))
}

fn confusion_of(model: &Model, part: &'static str, data: &Data, answers: &[f64]) -> Option<Confusion> {
    let Targets::Classes { labels, classes } = data.targets() else { return None };
    let predicted: Vec<i64> = answers.chunks_exact(*classes).map(|row| likeliest(row) as i64).collect();
    let counts = confusion(&predicted, labels, *classes).ok()?;
    Some(Confusion { part, classes: classes_of(model.target()).to_vec(), counts })
}
