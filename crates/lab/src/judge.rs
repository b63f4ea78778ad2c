//! The last look: the kept network on all parts of the data.

use caviar_engine::train::metric::confusion;
use caviar_engine::train::{Data, Targets};
use caviar_table::{Cells, Column, Feature, Table};

use crate::assessment::Assessment;
use crate::baselines::baselines;
use crate::error::LabError;
use crate::experiment::{Experiment, View, classes_of};
use crate::figures::Figures;
use crate::finished::{Baseline, Confusion, Surface, SurfacePoint};
use crate::measure::class_weights;
use crate::model::{Model, Network, Predictions, Weighting, likeliest};

/// Points along each side of a decision surface.
const SURFACE_SIDE: usize = 96;

/// The kept network's figures.
#[derive(Debug)]
pub(crate) struct Judged {
    pub(crate) train: Figures,
    /// On the held-out rows of the view.
    pub(crate) held_out: Option<Figures>,
    pub(crate) test: Option<Figures>,
    pub(crate) baselines: Vec<Baseline>,
    pub(crate) part: &'static str,
    pub(crate) assessment: Assessment,
    pub(crate) confusion: Option<Confusion>,
    pub(crate) surface: Option<Surface>,
    pub(crate) model: Model,
}

/// Measures networks on all parts. Here, after everything is decided, the test rows are looked at for the first time.
pub(crate) fn judge(
    experiment: &Experiment,
    view: &View,
    networks: Vec<Network>,
    threads: usize,
) -> Result<Judged, LabError> {
    let recipe = networks.first().map(|network| network.recipe.clone()).unwrap_or_default();
    let weighting = Weighting {
        column: experiment.weight_column().map(str::to_owned),
        classes: class_weights(&recipe, &view.train, &view.target)?,
    };
    let model = Model::new(view.encoder.clone(), view.target.clone(), networks, weighting);
    let test_data = experiment.test_data(&view.encoder, &view.target)?;
    let train = model.figures(&view.train, threads)?;
    let held_out = view.held_out.as_deref().map(|data| model.figures(data, threads)).transpose()?;
    let test = test_data.as_ref().map(|data| model.figures(data, threads)).transpose()?;
    let (part, data) = match (&test_data, &view.held_out) {
        (Some(test), _) => ("test", test),
        (None, Some(held_out)) => ("validation", &**held_out),
        (None, None) => ("train", &*view.train),
    };
    let answers = model.mean_answers(data.features())?;
    let confusion = confusion_of(&model, part, data, &answers);
    let assessment = Assessment::new(&model, data, &answers, experiment.seed(), threads)?;
    let baselines = baselines(view, &model, data, threads)?;
    let surface = surface(experiment, &model)?;
    Ok(Judged { train, held_out, test, baselines, part, assessment, confusion, surface, model })
}

fn confusion_of(model: &Model, part: &'static str, data: &Data, answers: &[f64]) -> Option<Confusion> {
    let Targets::Classes { labels, classes } = data.targets() else { return None };
    let predicted: Vec<i64> = answers.chunks_exact(*classes).map(|row| likeliest(row) as i64).collect();
    let counts = confusion(&predicted, labels, *classes).ok()?;
    Some(Confusion { part, classes: classes_of(model.target()).to_vec(), counts })
}

/// What the network says over the plane, where there are just two features and both are numbers.
fn surface(experiment: &Experiment, model: &Model) -> Result<Option<Surface>, LabError> {
    let [Feature::Number { name: x, .. }, Feature::Number { name: y, .. }] = model.encoder().features() else {
        return Ok(None);
    };
    let known = |at: &[f64; 2]| at.iter().all(|value| value.is_finite());
    let points: Vec<SurfacePoint> = experiment
        .plane([x, y])
        .into_iter()
        .filter(|(at, ..)| known(at))
        .map(|(at, truth, test)| SurfacePoint { at, truth, test })
        .collect();
    let range = |axis: usize| {
        let values = || points.iter().map(|point| point.at[axis]);
        let (low, high) = (values().fold(f64::INFINITY, f64::min), values().fold(f64::NEG_INFINITY, f64::max));
        let margin = 0.05 * (high - low);
        (low - margin, high + margin)
    };
    let ranges = [range(0), range(1)];
    if !ranges.iter().all(|(low, high)| low.is_finite() && high.is_finite() && low < high) {
        return Ok(None);
    }
    let place = |axis: usize, step: usize| {
        let (low, high) = ranges[axis];
        low + (high - low) * (step as f64 + 0.5) / SURFACE_SIDE as f64
    };
    let cells = SURFACE_SIDE * SURFACE_SIDE;
    let column = |name: &str, values: Vec<f64>| Column { name: name.to_owned(), cells: Cells::Numbers(values) };
    let grid = Table::from_columns(
        "the plane of the two features",
        vec![
            column(x, (0..cells).map(|cell| place(0, cell % SURFACE_SIDE)).collect()),
            column(y, (0..cells).map(|cell| place(1, cell / SURFACE_SIDE)).collect()),
        ],
    )?;
    let (values, probabilities) = match model.predict(&grid)? {
        Predictions::Values(values) => (values, Vec::new()),
        Predictions::Classes { classes, labels, probabilities } => {
            let second =
                if classes.len() == 2 { probabilities.chunks_exact(2).map(|p| p[1]).collect() } else { Vec::new() };
            (labels.into_iter().map(|label| label as f64).collect(), second)
        }
    };
    let classes = classes_of(model.target()).to_vec();
    let (names, size) = ([x.clone(), y.clone()], [SURFACE_SIDE; 2]);
    Ok(Some(Surface { names, ranges, size, values, probabilities, classes, points }))
}
