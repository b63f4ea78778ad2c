//! A model measured on a table that has the answers.

mod bootstrap;
mod scores;

use caviar_engine::train::metric::confusion;
use caviar_engine::train::{Data, Metric, Targets};
use caviar_table::{ReadOptions, Storage, Table, TargetSpec};
use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};

use crate::assessment::{Assessment, Calibration, Curve};
use crate::error::LabError;
use crate::experiment::{Source, classes_of};
use crate::finished::Confusion;
use crate::model::{Model, likeliest};
pub use bootstrap::Interval;
use bootstrap::intervals;
use scores::Scores;

/// Resampling more rows takes too long at the end of a search.
const MOST_ROWS: usize = 20_000;

/// How a model is measured.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EvaluateOptions {
    /// The column with the answers; where not said, that of the training.
    pub target: Option<String>,
    /// The seed of the resampling.
    pub seed: u64,
    /// Over how many threads the work is spread; no figure depends on it.
    pub threads: usize,
}

/// A figure and how far it can be trusted.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Figure {
    /// `loss`, `accuracy`, `f1_macro`, `rmse`, ...
    pub name: &'static str,
    /// Its value on the rows; NaN where they do not define it.
    pub value: f64,
    /// Where 95 % of 1000 resamples of the rows have it.
    pub interval: Option<Interval>,
}

/// What is said about one class.
#[derive(Clone, Debug, PartialEq)]
pub struct ClassFigures {
    /// Its name.
    pub class: String,
    /// Its rows.
    pub rows: u64,
    /// `precision`, `recall` and `f1`.
    pub figures: Vec<Figure>,
}

/// A model's figures on the rows of a table.
///
/// Figures that a run tells, too, are measured as the run measures them: on the run's own test rows they are the same to
/// the last bit. The weights of rows and classes count in the loss alone.
#[derive(Clone, Debug, PartialEq)]
pub struct Evaluated {
    /// The column with the answers.
    pub target: String,
    /// Rows that were measured.
    pub rows: usize,
    /// Rows without an answer, left out.
    pub rows_without_target: usize,
    /// Of all rows together.
    ///
    /// For classes `loss`, `accuracy`, `auc`, `f1` (of the second of two classes, else as `f1_macro`), `f1_macro` and
    /// `brier`: the mean of `(p − y)²` of the second of two classes, else of the sum over the classes. For values `loss`,
    /// `rmse`, `mae`, `r2` and `median_absolute_error`.
    pub figures: Vec<Figure>,
    /// Of each class.
    pub classes: Vec<ClassFigures>,
    /// Truth against prediction, for classes.
    pub confusion: Option<Confusion>,
    /// For classes, whether the probabilities hold: of the second of two classes, or of each of several.
    pub calibration: Vec<Calibration>,
    /// For classes, the false positive rate and the true positive rate; for the classes of `calibration`.
    pub roc: Vec<Curve>,
    /// For classes, recall and precision; for the classes of `calibration`.
    pub precision_recall: Vec<Curve>,
    /// For values, the true and the predicted one of each row, in the person's units.
    pub pairs: Vec<(f64, f64)>,
    /// What else a person should know.
    pub notes: Vec<String>,
}

impl Model {
    /// How a table is to be read for [`evaluate`]: as for a prediction, with the answers and the weights of the rows.
    pub fn evaluate_options(&self, options: ReadOptions, target: Option<&str>) -> ReadOptions {
        let read = self.read_options(options);
        let schema = read.schema.clone().unwrap_or_default();
        let schema = schema.with(target.unwrap_or(self.target().name()), self.target().storage());
        let schema = match &self.weighting().column {
            Some(column) => schema.with(column, Storage::Numbers),
            None => schema,
        };
        ReadOptions { schema: Some(schema), ..read }
    }
}

/// Measures a model on all rows of a table that have an answer.
///
/// # Errors
/// A column that is missing or holds something else, a class that the model does not know, no row with an answer.
pub fn evaluate(model: &Model, table: Table, options: &EvaluateOptions) -> Result<Evaluated, LabError> {
    let spec = renamed(model.target(), options.target.as_deref());
    let mut notes = Vec::new();
    let weights = model.weighting().column.as_deref().filter(|column| {
        let found = table.column(column).is_some();
        if !found {
            notes.push(format!("there is no column `{column}` with weights: all rows count alike in the loss"));
        }
        found
    });
    let source = Source::new(table, &spec, weights)?;
    let rows = source.rows().to_vec();
    let data = source.encode(model.encoder(), &spec, &rows)?;
    let rows_without_target = source.rows_without_target();
    drop(source);
    let exact = model.figures(&data, options.threads)?;
    let answers = model.mean_answers(data.features(), options.threads)?;
    let scores = Scores::new(model, &data, &answers);
    let values = scores.of(&vec![1; data.len()]);
    let intervals = intervals(data.len(), options.seed, options.threads, |counts| scores.of(counts));
    let figure = |(at, name): (usize, &'static str)| {
        let told = Metric::ALL.iter().find(|metric| metric.name() == name).and_then(|metric| exact.get(*metric));
        let value = told.unwrap_or_else(|| values.get(at).copied().unwrap_or(f64::NAN));
        Figure { name, value, interval: intervals.get(at).copied().flatten().filter(|_| value.is_finite()) }
    };
    let names = scores.names();
    let names_of_class = ["precision", "recall", "f1"];
    let mut classes = Vec::new();
    let confusion = confusion_of(model, &data, &answers);
    for (number, class) in classes_of(model.target()).iter().enumerate() {
        let first = names.len() + number * names_of_class.len();
        let figures = (first..).zip(names_of_class).map(|(at, name)| Figure { name, ..plain(at, &values, &intervals) });
        let counts = confusion.as_ref().map_or(&[][..], |found| &found.counts);
        let side = classes_of(model.target()).len();
        let rows = counts.get(number * side..(number + 1) * side).unwrap_or_default().iter().sum();
        classes.push(ClassFigures { class: class.clone(), rows, figures: figures.collect() });
    }
    let figures = names.iter().copied().enumerate().map(figure).collect();
    let target = spec.name().to_owned();
    let Assessment { calibration, roc, precision_recall, .. } = Assessment::of_answers(model, &data, &answers);
    Ok(Evaluated {
        target,
        rows: data.len(),
        rows_without_target,
        figures,
        classes,
        confusion,
        calibration,
        roc,
        precision_recall,
        pairs: pairs(model, &data, &answers),
        notes,
    })
}

/// The usual figures of a model's answers on encoded rows, each with its interval; of more than so many rows without, which
/// would take too long.
pub(crate) fn with_intervals(model: &Model, data: &Data, answers: &[f64], seed: u64, threads: usize) -> Vec<Figure> {
    let scores = Scores::new(model, data, answers);
    let values = scores.of(&vec![1; data.len()]);
    let intervals = match data.len() {
        0..=MOST_ROWS => intervals(data.len(), seed, threads, |counts| scores.of(counts)),
        _ => Vec::new(),
    };
    let figure = |(at, name): (usize, &&'static str)| Figure { name, ..plain(at, &values, &intervals) };
    scores.names().iter().enumerate().map(figure).collect()
}

/// Truth and answer, where they are values.
fn pairs(model: &Model, data: &Data, answers: &[f64]) -> Vec<(f64, f64)> {
    let Targets::Values { values, .. } = data.targets() else { return Vec::new() };
    let own = |value: f64| model.target().inverse(value);
    values.iter().zip(answers).map(|(value, answer)| (own(*value), own(*answer))).collect()
}

fn plain(at: usize, values: &[f64], intervals: &[Option<Interval>]) -> Figure {
    let value = values.get(at).copied().unwrap_or(f64::NAN);
    let interval = intervals.get(at).copied().flatten().filter(|_| value.is_finite());
    Figure { name: "", value, interval }
}

fn confusion_of(model: &Model, data: &Data, answers: &[f64]) -> Option<Confusion> {
    let Targets::Classes { labels, classes } = data.targets() else { return None };
    let predicted: Vec<i64> = answers.chunks_exact(*classes).map(|row| likeliest(row) as i64).collect();
    let counts = confusion(&predicted, labels, *classes).ok()?;
    Some(Confusion { part: "table", classes: classes_of(model.target()).to_vec(), counts })
}

/// The same answers under another name.
fn renamed(target: &TargetSpec, name: Option<&str>) -> TargetSpec {
    let mut target = target.clone();
    if let (TargetSpec::Classification { name, .. } | TargetSpec::Regression { name, .. }, Some(other)) =
        (&mut target, name)
    {
        other.clone_into(name);
    }
    target
}

impl Serialize for Figure {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let finite = |value: f64| value.is_finite().then_some(value);
        let mut map = serializer.serialize_map(Some(3))?;
        map.serialize_entry("value", &finite(self.value))?;
        map.serialize_entry("low", &self.interval.map(|interval| interval.low))?;
        map.serialize_entry("high", &self.interval.map(|interval| interval.high))?;
        map.end()
    }
}

#[cfg(test)]
mod tests;
