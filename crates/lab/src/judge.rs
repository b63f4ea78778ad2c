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
use crate::measure::class_weights;
use crate::model::{Model, Network, Weighting, likeliest};
use crate::surface::surface;

/// Resampling more rows takes too long at the end of a search.
const MOST_ROWS: usize = 20_000;

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
    networks: Vec<Network>,
    threads: usize,
    thorough: bool,
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
    let rivals = rivals(&model, data, experiment.seed(), threads)?;
    let answers = model.mean_answers(data.features())?;
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

/// The first network alone beside all of them, where there are several and not too many rows.
fn rivals(model: &Model, data: &Data, seed: u64, threads: usize) -> Result<Vec<Rival>, LabError> {
    let [first, _, ..] = model.networks() else { return Ok(Vec::new()) };
    if data.len() > MOST_ROWS {
        return Ok(Vec::new());
    }
    let (encoder, target) = (model.encoder().clone(), model.target().clone());
    let alone = Model::new(encoder, target, vec![first.clone()], model.weighting().clone());
    let rival = |name: String, model: &Model| {
        Ok::<_, LabError>(Rival { name, figures: with_intervals(model, data, seed, threads)? })
    };
    let several = format!("the average of {} trials", model.networks().len());
    Ok(vec![rival("the best trial alone".to_owned(), &alone)?, rival(several, model)?])
}

fn confusion_of(model: &Model, part: &'static str, data: &Data, answers: &[f64]) -> Option<Confusion> {
    let Targets::Classes { labels, classes } = data.targets() else { return None };
    let predicted: Vec<i64> = answers.chunks_exact(*classes).map(|row| likeliest(row) as i64).collect();
    let counts = confusion(&predicted, labels, *classes).ok()?;
    Some(Confusion { part, classes: classes_of(model.target()).to_vec(), counts })
}
