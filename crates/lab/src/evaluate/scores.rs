//! All figures of answers on rows that count as often as they were drawn.

use caviar_engine::train::{Data, Targets};
use caviar_table::TargetSpec;

use crate::measure::{row_losses, row_weights};
use crate::model::{Model, likeliest};

/// Rows times classes beyond which the area under the curve has no interval: it would take too long.
const MOST_RANKED: usize = 5_000_000;

/// What is known of each row.
pub(super) enum Scores {
    Classes(ClassScores),
    Values(ValueScores),
}

/// Answers of classes.
pub(super) struct ClassScores {
    classes: usize,
    labels: Vec<usize>,
    predicted: Vec<usize>,
    losses: Vec<f64>,
    weights: Vec<f64>,
    squares: Vec<f64>,
    /// For each class that is ranked: the class, and rows by falling probability, each with whether it ties with the one
    /// before.
    ranked: Vec<(usize, Vec<(u32, bool)>)>,
}

/// Answers of values.
pub(super) struct ValueScores {
    losses: Vec<f64>,
    weights: Vec<f64>,
    /// Answer less truth, in the person's units.
    errors: Vec<f64>,
    /// Truth less its mean.
    truths: Vec<f64>,
    /// Rows by rising size of the error.
    by_size: Vec<u32>,
}

impl Scores {
    pub(super) fn new(model: &Model, data: &Data, answers: &[f64]) -> Scores {
        let losses = row_losses(answers, data.targets(), model.recipe());
        let weights = row_weights(data, model.weighting());
        match data.targets() {
            Targets::Classes { labels, classes } => {
                Scores::Classes(ClassScores::new(labels, *classes, answers, losses, weights))
            }
            Targets::Values { values, .. } => {
                Scores::Values(ValueScores::new(values, answers, model.target(), losses, weights))
            }
        }
    }

    /// The names of the figures, in their order; those of single classes come after, `precision`, `recall` and `f1` each.
    pub(super) fn names(&self) -> &'static [&'static str] {
        match self {
            Scores::Classes(_) => &["loss", "accuracy", "auc", "f1", "f1_macro", "brier"],
            Scores::Values(_) => &["loss", "rmse", "mae", "r2", "median_absolute_error"],
        }
    }

    /// All figures with these counts.
    pub(super) fn of(&self, counts: &[u32]) -> Vec<f64> {
        match self {
            Scores::Classes(scores) => scores.of(counts),
            Scores::Values(scores) => scores.of(counts),
        }
    }
}

impl ClassScores {
    pub(super) fn new(
        labels: &[i64],
        classes: usize,
        answers: &[f64],
        losses: Vec<f64>,
        weights: Vec<f64>,
    ) -> ClassScores {
        let labels: Vec<usize> = labels.iter().map(|label| *label as usize).collect();
        let predicted = answers.chunks_exact(classes).map(likeliest).collect();
        let square = |(row, label): (&[f64], &usize)| match row {
            [_, second] => (second - *label as f64).powi(2),
            _ => {
                let difference = |(class, p): (usize, &f64)| (p - f64::from(u8::from(class == *label))).powi(2);
                row.iter().enumerate().map(difference).sum()
            }
        };
        let squares = answers.chunks_exact(classes).zip(&labels).map(square).collect();
        let first = if classes == 2 { 1 } else { 0 };
        let all = if labels.len() * (classes - first) > MOST_RANKED { first..first } else { first..classes };
        let sound = answers.iter().all(|p| !p.is_nan());
        let ranked = all.filter(|_| sound).map(|class| (class, ranked(answers, classes, class))).collect();
        ClassScores { classes, labels, predicted, losses, weights, squares, ranked }
    }

    fn of(&self, counts: &[u32]) -> Vec<f64> {
        let (mut right, mut rows, mut squares) = (0.0, 0.0, 0.0);
        let (mut losses, mut weights) = (0.0, 0.0);
        let (mut hits, mut truths, mut said) =
            (vec![0.0; self.classes], vec![0.0; self.classes], vec![0.0; self.classes]);
        for (row, count) in counts.iter().enumerate().filter(|(_, count)| **count > 0) {
            let (count, label, predicted) = (f64::from(*count), self.labels[row], self.predicted[row]);
            rows += count;
            squares += count * self.squares[row];
            losses += count * (self.losses[row] * self.weights[row]);
            weights += count * self.weights[row];
            truths[label] += count;
            said[predicted] += count;
            if label == predicted {
                right += count;
                hits[label] += count;
            }
        }
        let f1 = |class: usize| 2.0 * hits[class] / (truths[class] + said[class]);
        let occurring: Vec<f64> = (0..self.classes).map(f1).filter(|f1| !f1.is_nan()).collect();
        let f1_macro = occurring.iter().sum::<f64>() / occurring.len() as f64;
        let of_run = match self.classes {
            2 if f1(1).is_nan() => 0.0,
            2 => f1(1),
            _ => f1_macro,
        };
        let mut figures = vec![losses / weights, right / rows, self.area(counts, &truths, rows), of_run, f1_macro];
        figures.push(squares / rows);
        for class in 0..self.classes {
            figures.extend([hits[class] / said[class], hits[class] / truths[class], f1(class)]);
        }
        figures
    }

    /// The mean area under the ROC curves of the classes that have rows on both sides.
    fn area(&self, counts: &[u32], truths: &[f64], rows: f64) -> f64 {
        let (mut sum, mut curves) = (0.0, 0.0);
        for (class, order) in &self.ranked {
            let (positives, negatives) = (truths[*class], rows - truths[*class]);
            if positives == 0.0 || negatives == 0.0 {
                continue;
            }
            // Above the rows that tie with this one, and among them.
            let (mut above, mut tied_positives, mut tied_negatives, mut pairs) = (0.0, 0.0, 0.0, 0.0);
            for (row, ties) in order {
                if !ties {
                    pairs += tied_negatives * (above + tied_positives / 2.0);
                    above += tied_positives;
                    (tied_positives, tied_negatives) = (0.0, 0.0);
                }
                let count = f64::from(counts[*row as usize]);
                match self.labels[*row as usize] == *class {
                    true => tied_positives += count,
                    false => tied_negatives += count,
                }
            }
            pairs += tied_negatives * (above + tied_positives / 2.0);
            sum += pairs / (positives * negatives);
            curves += 1.0;
        }
        sum / curves
    }
}

fn ranked(answers: &[f64], classes: usize, class: usize) -> Vec<(u32, bool)> {
    let probability = |row: u32| answers[row as usize * classes + class];
    let mut order: Vec<u32> = (0..(answers.len() / classes) as u32).collect();
    order.sort_unstable_by(|a, b| probability(*b).total_cmp(&probability(*a)).then(a.cmp(b)));
    let ties = |place: usize| place > 0 && probability(order[place]) == probability(order[place - 1]);
    order.iter().enumerate().map(|(place, row)| (*row, ties(place))).collect()
}

impl ValueScores {
    pub(super) fn new(
        values: &[f64],
        answers: &[f64],
        target: &TargetSpec,
        losses: Vec<f64>,
        weights: Vec<f64>,
    ) -> ValueScores {
        let unit = match target {
            TargetSpec::Classification { .. } => 1.0,
            TargetSpec::Regression { deviation, .. } => *deviation,
        };
        let errors: Vec<f64> = answers.iter().zip(values).map(|(answer, value)| unit * (answer - value)).collect();
        let mean = values.iter().sum::<f64>() / values.len() as f64;
        let truths = values.iter().map(|value| unit * (value - mean)).collect();
        let mut by_size: Vec<u32> = (0..values.len() as u32).collect();
        let size = |row: u32| errors[row as usize].abs();
        by_size.sort_unstable_by(|a, b| size(*a).total_cmp(&size(*b)).then(a.cmp(b)));
        ValueScores { losses, weights, errors, truths, by_size }
    }

    fn of(&self, counts: &[u32]) -> Vec<f64> {
        let (mut rows, mut losses, mut weights) = (0.0, 0.0, 0.0);
        let (mut squares, mut sizes, mut truth, mut spread) = (0.0, 0.0, 0.0, 0.0);
        for (row, count) in counts.iter().enumerate().filter(|(_, count)| **count > 0) {
            let (count, error, value) = (f64::from(*count), self.errors[row], self.truths[row]);
            rows += count;
            losses += count * (self.losses[row] * self.weights[row]);
            weights += count * self.weights[row];
            squares += count * (error * error);
            sizes += count * error.abs();
            truth += count * value;
            spread += count * (value * value);
        }
        let spread = spread - truth * truth / rows;
        let r2 = if spread > 0.0 { 1.0 - squares / spread } else { f64::NAN };
        vec![losses / weights, (squares / rows).sqrt(), sizes / rows, r2, self.median(counts, rows)]
    }

    /// The middle size of the errors; of the two middle ones the mean.
    fn median(&self, counts: &[u32], rows: f64) -> f64 {
        let mut seen = 0.0;
        let mut lower = None;
        for &row in &self.by_size {
            seen += f64::from(counts[row as usize]);
            let size = self.errors[row as usize].abs();
            if lower.is_none() && seen * 2.0 >= rows {
                lower = Some(size);
            }
            if let Some(lower) = lower
                && seen * 2.0 > rows
            {
                return (lower + size) / 2.0;
            }
        }
        f64::NAN
    }
}
