//! From the end of a run to the page about it.

use caviar_engine::train::Metric;
use caviar_tune::Value;

use super::pairs::pairs;
use super::{Answers, Boundary, BoundaryPoint, CurvePoint, Fact, Report, Request, ScoreLine, TrialLine};
use crate::error::LabError;
use crate::evaluate::{Figure, Interval};
use crate::experiment::Experiment;
use crate::figures::Figures;
use crate::finished::{Finished, Rival, Surface, TrialRecord, Validated};
use crate::picture::text::{figure, score};
use crate::recipe::Recipe;
use crate::report_data::DataReport;
use crate::study::importance;
use crate::surface::surface;

/// Digits of a setting in a table.
const DIGITS: usize = 4;
/// Settings in the order of their weight, as courses teach it; the others follow by name.
const WEIGHT: [&str; 6] = ["learning_rate", "hidden", "batch_size", "optimizer", "beta", "activation"];

impl Report {
    /// The page about a run.
    ///
    /// # Errors
    /// Test rows that cannot be encoded; columns for a plane that are none.
    pub fn of(experiment: &Experiment, finished: &Finished, request: Request) -> Result<Report, LabError> {
        let Request { asked, command, version, plane } = request;
        let surface = match &plane {
            Some(names) => surface(experiment, &finished.model, Some(names))?,
            None => finished.surface.clone(),
        };
        let data = &finished.data;
        let file = data.path.file_name().unwrap_or(data.path.as_os_str()).to_string_lossy().into_owned();
        let metrics = metrics(&finished.train);
        let confusion = finished.confusion.as_ref();
        let points = pairs(experiment, &finished.model)?;
        let scatter = (!points.is_empty()).then_some(Answers::Scatter { points });
        Ok(Report {
            title: format!("{} from {file}", data.target),
            summary: summary(finished),
            asked,
            data: facts_of_data(data),
            checkup: data.checkup.iter().map(ToString::to_string).collect(),
            metric: finished.metric.name().to_owned(),
            is_folded: matches!(finished.validated, Validated::Folds(_)),
            higher_is_better: finished.metric.higher_is_better(),
            scores: scores(finished, &metrics),
            rivals: rivals(finished, &metrics),
            metrics: metrics.iter().map(|metric| metric.name().to_owned()).collect(),
            trials: finished.trials.iter().map(trial_line).collect(),
            mattered: mattered(finished),
            spans: finished.spans.clone(),
            best: Some(finished.best.trial),
            best_settings: settings(finished),
            answers: confusion
                .map(|found| Answers::Confusion { classes: found.classes.clone(), counts: found.counts.clone() })
                .or(scatter),
            answered: finished.part.to_owned(),
            importance: finished.importance.clone(),
            calibration: finished.calibration.clone(),
            roc: finished.roc.clone(),
            precision_recall: finished.precision_recall.clone(),
            boundary: surface.as_ref().map(|found| boundary(found, finished.model.encoder().features().len())),
            command,
            version,
        })
    }
}

/// The rivals in words: `accuracy 0.9737 [0.9474, 1.0000], loss ...`, by the metrics that the page shows.
fn rivals(finished: &Finished, metrics: &[Metric]) -> Vec<Fact> {
    let words = |rival: &Rival| {
        let shown =
            metrics.iter().filter_map(|metric| rival.figures.iter().find(|figure| figure.name == metric.name()));
        let shown: Vec<String> = shown
            .map(|Figure { name, value, interval }| match interval {
                Some(Interval { low, high }) => {
                    format!("{name} {} [{}, {}]", score(Some(*value)), score(Some(*low)), score(Some(*high)))
                }
                None => format!("{name} {}", score(Some(*value))),
            })
            .collect();
        Fact::new(rival.name.clone(), shown.join(", "))
    };
    finished.rivals.iter().map(words).collect()
}

/// What mattered, under the names of the page.
fn mattered(finished: &Finished) -> Vec<(String, f64)> {
    let drawn = finished.trials.iter().filter(|trial| trial.parent.is_none());
    let trials = drawn.map(|trial| (&trial.params, trial.score));
    let shares = importance::of(trials, finished.metric);
    shares.into_iter().map(|(name, share)| (name.replace('_', "-"), share)).collect()
}

fn summary(finished: &Finished) -> String {
    let data = &finished.data;
    let what = match finished.trials.len() {
        0 | 1 => "One network".to_owned(),
        trials => format!("The best of {trials} trials"),
    };
    let metric = finished.metric;
    let chosen = match finished.validated {
        Validated::Not => String::new(),
        Validated::HeldOut => format!(" Chosen by the {metric} on {} validation rows.", data.validation),
        Validated::Folds(folds) => {
            let rows = data.train + data.validation;
            format!(" Chosen by the {metric} in cross-validation over {rows} rows in {folds} folds.")
        }
    };
    let test = match data.test {
        0 => String::new(),
        rows => format!(" The {rows} test rows took no part in any choice."),
    };
    let kept = match (finished.members, finished.validated) {
        (0 | 1, _) => String::new(),
        (members, Validated::Folds(_)) => {
            format!(" The model averages the answers of {members} networks, trained anew for the best trials.")
        }
        (members, Validated::HeldOut | Validated::Not) => {
            format!(" The model averages the answers of {members} networks, chosen to be best together on these rows.")
        }
    };
    let stopped = if finished.interrupted { " Stopped before its end." } else { "" };
    format!("{what}, in {} s.{chosen}{kept}{test}{stopped}", figure(finished.seconds))
}

/// The figures that were measured, the loss last.
fn metrics(figures: &Figures) -> Vec<Metric> {
    let mut metrics: Vec<Metric> = figures.values().iter().map(|(metric, _)| *metric).collect();
    metrics.sort_by_key(|metric| *metric == Metric::Loss);
    metrics
}

fn scores(finished: &Finished, metrics: &[Metric]) -> Vec<ScoreLine> {
    let line = |name: &str, headline: bool, figures: &Figures| ScoreLine {
        name: name.to_owned(),
        headline,
        values: metrics.iter().map(|metric| figures.get(*metric)).collect(),
    };
    let mut scores = Vec::new();
    if let Some(test) = &finished.test {
        scores.push(line("network, test rows", true, test));
    }
    if let Some(validation) = &finished.validation {
        let name = match finished.validated {
            Validated::Folds(_) => "network, cross-validated",
            Validated::HeldOut | Validated::Not => "network, validation rows",
        };
        scores.push(line(name, finished.test.is_none(), validation));
    }
    let alone = finished.test.is_none() && finished.validation.is_none();
    scores.push(line("network, training rows", alone, &finished.train));
    let rows = if finished.part == "train" { "training" } else { finished.part };
    for baseline in &finished.baselines {
        scores.push(line(&format!("{}, {rows} rows", baseline.name), false, &baseline.figures));
    }
    scores
}

pub(super) fn trial_line(trial: &TrialRecord) -> TrialLine {
    let mut params: Vec<(&str, &Value)> = trial.params.iter().collect();
    params.sort_by_key(|(name, _)| WEIGHT.iter().position(|first| first == name).unwrap_or(WEIGHT.len()));
    TrialLine {
        number: trial.number,
        state: trial.state.to_string(),
        score: trial.score,
        repeats: trial.repeats.clone(),
        epochs: trial.epochs,
        params: params.into_iter().map(|(name, value)| Fact::new(name.replace('_', "-"), setting(value))).collect(),
        curve: trial
            .curve
            .iter()
            .map(|point| CurvePoint {
                epoch: point.epoch,
                train: point.train_loss,
                validation: point.validation.as_ref().map(Figures::loss),
            })
            .collect(),
    }
}

fn setting(value: &Value) -> String {
    format!("{value:.DIGITS$}")
}

/// All settings of the network that is kept, as a configuration file names them.
fn settings(finished: &Finished) -> Vec<Fact> {
    let mut facts = of_recipe(&finished.best.recipe);
    facts.push(Fact::new("epochs kept", finished.best.epochs.to_string()));
    facts
}

fn of_recipe(recipe: &Recipe) -> Vec<Fact> {
    // A recipe is plain data: it always is an object.
    let Ok(serde_json::Value::Object(settings)) = serde_json::to_value(recipe) else { return Vec::new() };
    let text = |value: &serde_json::Value| match value {
        serde_json::Value::String(word) => word.clone(),
        serde_json::Value::Array(values) if values.is_empty() => "none".to_owned(),
        serde_json::Value::Array(values) => values.iter().map(ToString::to_string).collect::<Vec<_>>().join(", "),
        serde_json::Value::Bool(on) => if *on { "yes" } else { "no" }.to_owned(),
        serde_json::Value::Null => "none".to_owned(),
        serde_json::Value::Number(_) | serde_json::Value::Object(_) => value.to_string(),
    };
    settings.iter().map(|(name, value)| Fact::new(name.replace('-', " "), text(value))).collect()
}

fn facts_of_data(data: &DataReport) -> Vec<Fact> {
    let mut facts = vec![
        Fact::new("file", data.path.display().to_string()),
        Fact::new(
            "rows",
            format!("{} to learn from, {} to choose by, {} to test", data.train, data.validation, data.test),
        ),
        Fact::new("target", format!("{} ({})", data.target, data.task)),
    ];
    if !data.classes.is_empty() {
        let shown = data.classes.iter().take(20).map(|(class, rows)| format!("{class}: {rows}"));
        let more = if data.classes.len() > 20 { ", ..." } else { "" };
        facts.push(Fact::new("rows of each class", shown.collect::<Vec<_>>().join(", ") + more));
    }
    let mut columns = format!("{} of numbers, {} of categories", data.numbers, data.categories);
    if data.dates > 0 {
        columns += &format!(", {} of dates", data.dates);
    }
    facts.push(Fact::new("columns used", format!("{columns}; {} inputs", data.inputs)));
    if !data.dropped.is_empty() {
        let shown: Vec<String> = data.dropped.iter().take(20).map(ToString::to_string).collect();
        let more = if data.dropped.len() > 20 { ", ..." } else { "" };
        facts.push(Fact::new("columns left out", shown.join(", ") + more));
    }
    if data.rows_dropped > 0 {
        facts.push(Fact::new("rows without a target", format!("{}, left out", data.rows_dropped)));
    }
    facts.extend(data.notes.iter().map(|note| Fact::new("note", note.clone())));
    facts
}

fn boundary(surface: &Surface, columns: usize) -> Boundary {
    let [x, y] = surface.ranges;
    let finite = || surface.values.iter().copied().filter(|value| value.is_finite());
    let (low, high) = finite().fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), v| (low.min(v), high.max(v)));
    let classes = !surface.classes.is_empty();
    let cell = |(at, &value): (usize, &f64)| match surface.probabilities.get(at) {
        Some(second) => (value as usize, (2.0 * second - 1.0).abs()),
        None if classes => (value as usize, 0.8),
        None => (0, (value - low) / (high - low)),
    };
    Boundary {
        names: (surface.names[0].clone(), surface.names[1].clone()),
        x,
        y,
        size: (surface.size[0], surface.size[1]),
        cells: surface.values.iter().enumerate().map(cell).collect(),
        classes: surface.classes.clone(),
        note: match columns > 2 {
            true => {
                "The other columns are held at their median or their commonest word over the training rows.".to_owned()
            }
            false => String::new(),
        },
        points: surface
            .points
            .iter()
            .map(|point| BoundaryPoint {
                x: point.at[0],
                y: point.at[1],
                class: if classes { point.truth as usize } else { 0 },
                test: point.test,
            })
            .collect(),
    }
}
