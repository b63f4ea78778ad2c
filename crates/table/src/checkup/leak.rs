//! Columns that give the target away.
//!
//! A rule from one column is learned on half of the rows looked at and measured on the others, so that a column of
//! names, which tells each known row and no other, gives nothing away.

use std::collections::HashMap;

use super::{Checkup, Evidence, Finding, evenly};
use crate::column::{Column, Contents};
use crate::target::TargetValues;

/// A rule must take away this share of the errors of naming the commonest class.
const ERRORS_TAKEN: f64 = 0.98;
/// With fewer errors to take away nothing can be said.
const LEAST_ERRORS: usize = 10;
/// From this correlation on a column is the target in another form.
const CORRELATION: f64 = 0.999;
/// With fewer rows nothing can be said of numbers.
const LEAST_ROWS: usize = 20;
/// The largest residual, as a share of the target's range, of a relation that is exact.
const EXACT: f64 = 1e-9;

/// The columns that give the target away, in the order of the table.
pub(super) fn leaks(checkup: &Checkup<'_>) -> Vec<Finding> {
    let columns = checkup.features.iter().filter_map(|name| checkup.train.table.column(name));
    let found: Vec<(&Column, Evidence)> = match &checkup.target.values {
        TargetValues::Classes(classes) => {
            let halves = class_halves(checkup, &classes.labels, classes.names.len());
            let evidence = |column: &Column| rule(&column.contents(), &halves, &classes.labels, classes.names.len());
            columns.filter_map(|column| Some((column, evidence(column)?))).collect()
        }
        TargetValues::Numbers(values) => {
            let rows: Vec<usize> = evenly(checkup.train.rows, checkup.sample_rows()).collect();
            let evidence = |column: &Column| match column.contents() {
                Contents::Numbers(column) => relation(&column, values, &rows),
                Contents::Words(words) => means(&words.codes, values, &rows),
            };
            columns.filter_map(|column| Some((column, evidence(column)?))).collect()
        }
    };
    let target = &checkup.target.name;
    let leak = |(column, evidence): (&Column, _)| {
        let (column, target) = (column.name.clone(), target.clone());
        Finding::Leak { column, target, evidence }
    };
    found.into_iter().map(leak).collect()
}

/// Rows to learn a rule on, and rows to measure it on: of every class alike, evenly spaced.
fn class_halves(checkup: &Checkup<'_>, labels: &[u32], classes: usize) -> [Vec<usize>; 2] {
    let mut of_class = vec![Vec::new(); classes];
    for &row in checkup.train.rows {
        if let Some(rows) = labels.get(row).and_then(|&label| of_class.get_mut(label as usize)) {
            rows.push(row);
        }
    }
    let quota = (checkup.sample_rows() / classes.max(1)).max(2);
    let mut halves = [Vec::new(), Vec::new()];
    for rows in &of_class {
        evenly(rows, quota).enumerate().for_each(|(at, row)| halves[half(at)].push(row));
    }
    halves
}

/// One of each two neighbors is learned from (0), the other measured on (1): which, changes without a period that a
/// table could have as well.
fn half(at: usize) -> usize {
    let pair = (at as u64 / 2).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 63;
    (at + pair as usize) % 2
}

/// Whether the best rule from these cells names the class of nearly every row.
fn rule(cells: &Contents<'_>, [learn, measure]: &[Vec<usize>; 2], labels: &[u32], classes: usize) -> Option<Evidence> {
    let label = |row: usize| labels[row] as usize;
    let count = |rows: &[usize]| {
        let mut counts = vec![0_usize; classes];
        rows.iter().for_each(|&row| counts[label(row)] += 1);
        counts
    };
    let commonest = largest(&count(learn));
    let of = measure.len();
    let by_default = count(measure).get(commonest).copied().unwrap_or(0);
    let errors = of - by_default;
    if errors < LEAST_ERRORS {
        return None;
    }
    let answer: Box<dyn Fn(usize) -> usize> = match cells {
        Contents::Numbers(values) => nearest_neighbor(values, learn, &label, commonest, classes),
        Contents::Words(words) => {
            let mut counts: HashMap<u32, Vec<usize>> = HashMap::new();
            for &row in learn {
                counts.entry(words.codes[row]).or_insert_with(|| vec![0; classes])[label(row)] += 1;
            }
            let answers: HashMap<u32, usize> =
                counts.into_iter().map(|(code, counts)| (code, largest(&counts))).collect();
            Box::new(move |row| answers.get(&words.codes[row]).copied().unwrap_or(commonest))
        }
    };
    let wrong = measure.iter().filter(|&&row| answer(row) != label(row)).count();
    let near_perfect = wrong as f64 <= (1.0 - ERRORS_TAKEN) * errors as f64;
    near_perfect.then_some(Evidence::Rule { right: of - wrong, of, commonest: by_default })
}

/// Names the class of the known row with the nearest number; missing ones go by the commonest class among them.
fn nearest_neighbor<'a>(
    values: &'a [f64],
    learn: &[usize],
    label: &dyn Fn(usize) -> usize,
    commonest: usize,
    classes: usize,
) -> Box<dyn Fn(usize) -> usize + 'a> {
    let mut missing = vec![0_usize; classes];
    let mut known: Vec<(f64, usize)> = Vec::with_capacity(learn.len());
    for &row in learn {
        if values[row].is_nan() { missing[label(row)] += 1 } else { known.push((values[row], label(row))) }
    }
    let of_missing = if missing.iter().any(|&count| count > 0) { largest(&missing) } else { commonest };
    known.sort_unstable_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
    // Rows of one number speak as one: by the commonest class among them.
    let mut spoken: Vec<(f64, usize)> = Vec::new();
    for run in known.chunk_by(|a, b| a.0 == b.0) {
        let mut counts = vec![0_usize; classes];
        run.iter().for_each(|&(_, class)| counts[class] += 1);
        spoken.push((run[0].0, largest(&counts)));
    }
    Box::new(move |row| {
        let value = values[row];
        if value.is_nan() {
            return of_missing;
        }
        let above = spoken.partition_point(|&(known, _)| known < value);
        let lower = above.checked_sub(1).and_then(|at| spoken.get(at));
        match (lower, spoken.get(above)) {
            (Some(lower), Some(upper)) if value - lower.0 <= upper.0 - value => lower.1,
            (_, Some(upper)) => upper.1,
            (Some(lower), None) => lower.1,
            (None, None) => commonest,
        }
    })
}

/// The place of the largest count, the first of several.
fn largest(counts: &[usize]) -> usize {
    counts.iter().enumerate().fold(0, |best, (at, &count)| if count > counts[best] { at } else { best })
}

/// Whether numbers go with the target in a straight line or in order.
fn relation(column: &[f64], target: &[f64], rows: &[usize]) -> Option<Evidence> {
    let pairs: Vec<(f64, f64)> =
        rows.iter().map(|&row| (column[row], target[row])).filter(|(x, y)| !x.is_nan() && !y.is_nan()).collect();
    if pairs.len() < LEAST_ROWS || pairs.len() * 5 < rows.len() {
        return None;
    }
    let (x, y): (Vec<f64>, Vec<f64>) = pairs.iter().copied().unzip();
    let line = Line::through(&x, &y)?;
    if line.is_exact(&x, &y) {
        return Some(Evidence::Affine { slope: line.slope, intercept: line.intercept });
    }
    if line.correlation.abs() > CORRELATION {
        return Some(Evidence::Correlation { correlation: line.correlation });
    }
    // Few different numbers on either side are in one order by chance.
    if !mostly_in_order(&x, &y) || different(&x) < LEAST_ROWS || different(&y) < LEAST_ROWS {
        return None;
    }
    let correlation = Line::through(&ranks(&x), &ranks(&y))?.correlation;
    (correlation.abs() > CORRELATION).then_some(Evidence::RankCorrelation { correlation })
}

/// Whether neighbors go up together, or one up and the other down, nearly always: spares sorting most columns.
fn mostly_in_order(x: &[f64], y: &[f64]) -> bool {
    let (mut together, mut against) = (0_usize, 0_usize);
    for (x, y) in x.windows(2).zip(y.windows(2)) {
        let product = (x[1] - x[0]).signum() * (y[1] - y[0]).signum();
        let moved = x[1] != x[0] && y[1] != y[0];
        together += usize::from(moved && product > 0.0);
        against += usize::from(moved && product < 0.0);
    }
    together.min(against) * 10 <= together.max(against)
}

fn different(values: &[f64]) -> usize {
    let mut sorted = values.to_vec();
    sorted.sort_unstable_by(f64::total_cmp);
    sorted.dedup();
    sorted.len()
}

/// A straight line by least squares.
struct Line {
    slope: f64,
    intercept: f64,
    correlation: f64,
}

impl Line {
    /// `None` where either side is constant or the sums leave the range of f64.
    fn through(x: &[f64], y: &[f64]) -> Option<Line> {
        let count = x.len() as f64;
        let mean = |values: &[f64]| values.iter().map(|value| value / count).sum::<f64>();
        let (mean_x, mean_y) = (mean(x), mean(y));
        let (mut xx, mut xy, mut yy) = (0.0, 0.0, 0.0);
        for (x, y) in x.iter().zip(y) {
            let (x, y) = (x - mean_x, y - mean_y);
            xx += x * x;
            xy += x * y;
            yy += y * y;
        }
        let slope = xy / xx;
        let correlation = xy / (xx.sqrt() * yy.sqrt());
        let line = Line { slope, intercept: mean_y - slope * mean_x, correlation };
        (line.slope.is_finite() && line.intercept.is_finite() && correlation.is_finite()).then_some(line)
    }

    fn is_exact(&self, x: &[f64], y: &[f64]) -> bool {
        let (least, most) = y.iter().fold((f64::MAX, f64::MIN), |(least, most), &y| (least.min(y), most.max(y)));
        let allowed = EXACT * (most - least);
        x.iter().zip(y).all(|(x, y)| (self.slope * x + self.intercept - y).abs() <= allowed)
    }
}

/// The rank of each value, equal ones sharing the mean of their ranks.
fn ranks(values: &[f64]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..values.len()).collect();
    order.sort_unstable_by(|&a, &b| values[a].total_cmp(&values[b]).then(a.cmp(&b)));
    let mut ranks = vec![0.0; values.len()];
    let mut start = 0;
    for run in order.chunk_by(|&a, &b| values[a] == values[b]) {
        let rank = start as f64 + (run.len() - 1) as f64 / 2.0;
        run.iter().for_each(|&at| ranks[at] = rank);
        start += run.len();
    }
    ranks
}

/// Whether the mean of the target over the rows with one word tells the target of the others with it.
fn means(codes: &[u32], target: &[f64], rows: &[usize]) -> Option<Evidence> {
    let of_half = |wanted: usize| {
        let rows = rows.iter().enumerate().filter(move |&(at, _)| half(at) == wanted).map(|(_, &row)| row);
        rows.filter(|&row| !target[row].is_nan())
    };
    let mut sums: HashMap<u32, (f64, f64)> = HashMap::new();
    let (mut sum, mut count) = (0.0, 0.0);
    for row in of_half(0) {
        let of_word = sums.entry(codes[row]).or_insert((0.0, 0.0));
        *of_word = (of_word.0 + target[row], of_word.1 + 1.0);
        (sum, count) = (sum + target[row], count + 1.0);
    }
    let mean = sum / count;
    let (mut rest, mut all, mut measured) = (0.0, 0.0, 0_usize);
    for row in of_half(1) {
        let guess = sums.get(&codes[row]).map_or(mean, |(sum, count)| sum / count);
        rest += (target[row] - guess) * (target[row] - guess);
        all += (target[row] - mean) * (target[row] - mean);
        measured += 1;
    }
    let told = 1.0 - rest / all;
    (measured >= LEAST_ROWS && told > CORRELATION).then_some(Evidence::Words { told })
}
