//! The last look: the kept network on all parts of the data.

mod crowd;

use caviar_engine::Real;
use caviar_engine::train::metric::{self, confusion};
use caviar_engine::train::{Data, Metric, Targets, TrainOptions, Trainer};
use caviar_table::{Cells, Column, Feature, Table, TargetSpec};

use crate::error::LabError;
use crate::experiment::{Experiment, View, classes_of};
use crate::figures::Figures;
use crate::finished::{Baseline, Confusion, Surface, SurfacePoint};
use crate::model::{Model, Network, Predictions, likeliest};
use crate::network::{figures, set_weights};
use crate::recipe::Precision;

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
    let model = Model::new(view.encoder.clone(), view.target.clone(), networks);
    let test_data = experiment.test_data(&view.encoder, &view.target)?;
    let mut measure = |data: &Data| match model.networks() {
        [alone] if alone.recipe.precision == Precision::F32 => measure_one::<f32>(view, alone, data, threads),
        [alone] => measure_one::<f64>(view, alone, data, threads),
        _ => crowd::figures(view, &model, data),
    };
    let train = measure(&view.train)?;
    let held_out = view.held_out.as_deref().map(&mut measure).transpose()?;
    let test = test_data.as_ref().map(&mut measure).transpose()?;
    let (part, data) = match (&test_data, &view.held_out) {
        (Some(test), _) => ("test", test),
        (None, Some(held_out)) => ("validation", &**held_out),
        (None, None) => ("train", &*view.train),
    };
    let confusion = confusion_of(&model, part, data)?;
    let baselines = vec![baseline(view, data)];
    let surface = surface(experiment, &model)?;
    Ok(Judged { train, held_out, test, baselines, part, confusion, surface, model })
}

/// One network's figures, as the engine measures them while it trains.
fn measure_one<T: Real>(view: &View, network: &Network, data: &Data, threads: usize) -> Result<Figures, LabError> {
    let spec = network.recipe.spec_for(&view.train, classes_of(&view.target), 0)?;
    let options = TrainOptions { threads: threads.max(1), ..TrainOptions::default() };
    let mut trainer = Trainer::<T>::with_options(spec, view.train.clone(), None, options)?;
    set_weights(&mut trainer, &network.weights)?;
    figures(&mut trainer, data, &view.target, network.recipe.metric)
}

fn confusion_of(model: &Model, part: &'static str, data: &Data) -> Result<Option<Confusion>, LabError> {
    let Targets::Classes { labels, classes } = data.targets() else { return Ok(None) };
    let Predictions::Classes { labels: predicted, .. } = model.predict_rows(data.features())? else { return Ok(None) };
    let predicted: Vec<i64> = predicted.into_iter().map(|label| label as i64).collect();
    let counts = confusion(&predicted, labels, *classes).ok();
    Ok(counts.map(|counts| Confusion { part, classes: classes_of(model.target()).to_vec(), counts }))
}

/// The commonest class of the training rows with their shares as probabilities, or their mean.
fn baseline(view: &View, data: &Data) -> Baseline {
    match (data.targets(), view.train.targets()) {
        (Targets::Classes { labels, classes }, Targets::Classes { labels: known, .. }) => {
            let count = |class: usize| known.iter().filter(|&&label| label == class as i64).count();
            let shares: Vec<f64> = (0..*classes).map(|class| count(class) as f64 / known.len() as f64).collect();
            let commonest = likeliest(&shares);
            let figure = |value: Result<f64, metric::MetricError>| value.unwrap_or(f64::NAN);
            let loss = figure(metric::log_loss(&shares.repeat(labels.len()), labels, *classes));
            let accuracy = figure(metric::accuracy(&vec![commonest as i64; labels.len()], labels));
            let answer = classes_of(&view.target).get(commonest).cloned().unwrap_or_default();
            let figures = Figures::from_pairs(vec![(Metric::Loss, loss), (Metric::Accuracy, accuracy)]);
            Baseline { name: format!("always {answer}"), answer, figures }
        }
        (Targets::Values { values, .. }, _) | (_, Targets::Values { values, .. }) => {
            let unit = match &view.target {
                TargetSpec::Regression { deviation, .. } => *deviation,
                TargetSpec::Classification { .. } => 1.0,
            };
            let zeros = vec![0.0; values.len()];
            let figure = |value: Result<f64, metric::MetricError>| value.unwrap_or(f64::NAN);
            let figures = vec![
                (Metric::Rmse, unit * figure(metric::rmse(&zeros, values))),
                (Metric::Mae, unit * figure(metric::mae(&zeros, values))),
                (Metric::R2, figure(metric::r2(&zeros, values))),
            ];
            let answer = format!("{:.4}", view.target.inverse(0.0));
            Baseline { name: format!("always {answer}"), answer, figures: Figures::from_pairs(figures) }
        }
    }
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
