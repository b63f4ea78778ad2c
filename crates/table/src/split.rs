//! Dealing the rows out to training, validation and test.

use std::collections::BTreeMap;

use crate::error::SplitError;
use crate::target::NO_LABEL;

/// Which share of the rows is for what.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Fractions {
    /// Share of all rows that is kept for the test.
    pub test: f64,
    /// Share of the others that is kept for validation.
    pub validation: f64,
}

impl Default for Fractions {
    fn default() -> Fractions {
        Fractions { test: 0.2, validation: 0.2 }
    }
}

impl Fractions {
    /// Shares of at least 0 and below 1; 0 makes no such part.
    ///
    /// # Errors
    /// A share outside that range.
    pub fn new(test: f64, validation: f64) -> Result<Fractions, SplitError> {
        let fractions = Fractions { test, validation };
        fractions.check().map(|()| fractions)
    }

    fn check(&self) -> Result<(), SplitError> {
        for (part, fraction) in [("test", self.test), ("validation", self.validation)] {
            if !(0.0..1.0).contains(&fraction) {
                return Err(SplitError::Fraction { part, fraction });
            }
        }
        Ok(())
    }
}

/// The rows of each part, ascending.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Split {
    /// Rows to learn from.
    pub train: Vec<usize>,
    /// Rows to choose by.
    pub validation: Vec<usize>,
    /// Rows that nothing is chosen by.
    pub test: Vec<usize>,
}

impl Split {
    /// Deals `rows` out in the order of `(key(row), row)`: test first, then validation.
    ///
    /// - **Counts.** The test has `round(test * n)` of `n` rows, at least 1 (0 if the fraction
    ///   is 0); validation likewise of the rest.
    /// - **Classes.** With `labels` (by row of the table) each class gets its share rounded down,
    ///   and the seats left over go to the largest remainders (ties: the lower class). Of a class
    ///   of three or more rows at least one goes to each part, of a smaller class one stays in
    ///   training, even if a part grows or shrinks by that.
    /// - **Independence.** The test rows depend on neither the validation fraction nor the order
    ///   of `rows`.
    ///
    /// # Errors
    /// A fraction out of range, fewer rows than parts, a row without a label, classes so small that
    /// a part gets no row.
    pub fn new(
        rows: &[usize],
        labels: Option<&[u32]>,
        fractions: Fractions,
        key: &dyn Fn(u64) -> u64,
    ) -> Result<Split, SplitError> {
        fractions.check()?;
        let with_test = fractions.test > 0.0;
        let with_validation = fractions.validation > 0.0;
        let parts = 1 + usize::from(with_test) + usize::from(with_validation);
        if rows.len() < parts {
            return Err(SplitError::TooFewRows { rows: rows.len(), parts });
        }
        let classes = by_class(rows, labels, key)?;
        let sizes: Vec<usize> = classes.iter().map(Vec::len).collect();
        let test = counts(&sizes, &sizes, fractions.test, 2);
        let left: Vec<usize> = sizes.iter().zip(&test).map(|(size, taken)| size - taken).collect();
        let validation = counts(&left, &sizes, fractions.validation, 1);
        let mut split = Split::default();
        for (class, (&test, &validation)) in classes.iter().zip(test.iter().zip(&validation)) {
            split.test.extend(&class[..test]);
            split.validation.extend(&class[test..test + validation]);
            split.train.extend(&class[test + validation..]);
        }
        for (part, wanted, found) in
            [("validation", with_validation, &split.validation), ("test", with_test, &split.test)]
        {
            if wanted && found.is_empty() {
                return Err(SplitError::ClassesTooSmall { part, rows: rows.len(), classes: classes.len() });
            }
        }
        for part in [&mut split.train, &mut split.validation, &mut split.test] {
            part.sort_unstable();
        }
        Ok(split)
    }
}

/// The rows of each class that has any, by class, in the order of their keys.
fn by_class(rows: &[usize], labels: Option<&[u32]>, key: &dyn Fn(u64) -> u64) -> Result<Vec<Vec<usize>>, SplitError> {
    let mut classes: BTreeMap<u32, Vec<usize>> = BTreeMap::new();
    for &row in rows {
        let label = match labels {
            None => 0,
            Some(labels) => match labels.get(row) {
                Some(&label) if label != NO_LABEL => label,
                _ => return Err(SplitError::NoLabel { row, labels: labels.len() }),
            },
        };
        classes.entry(label).or_default().push(row);
    }
    // One class at a time: keys take more room than rows.
    for class in classes.values_mut() {
        let mut keyed: Vec<(u64, usize)> = class.iter().map(|&row| (key(row as u64), row)).collect();
        keyed.sort_unstable();
        keyed.dedup();
        class.clear();
        class.extend(keyed.iter().map(|&(_, row)| row));
    }
    Ok(classes.into_values().collect())
}

/// How many rows of each class go to a part.
///
/// `left` are the rows still there, `sizes` those of the whole class, `kept` how many of a class
/// of three or more must stay behind for later parts.
fn counts(left: &[usize], sizes: &[usize], fraction: f64, kept: usize) -> Vec<usize> {
    if fraction == 0.0 {
        return vec![0; left.len()];
    }
    let all: usize = left.iter().sum();
    let total = ((fraction * all as f64).round() as usize).max(1);
    let least: Vec<usize> = sizes.iter().map(|&size| usize::from(size >= 3)).collect();
    let quotas: Vec<f64> = left.iter().map(|&left| fraction * left as f64).collect();
    let most = |class: usize| {
        let stay = if sizes[class] >= 3 { kept } else { 1 };
        let share = (quotas[class].ceil() as usize).max(least[class]);
        left[class].saturating_sub(stay).min(share)
    };
    let most: Vec<usize> = (0..left.len()).map(most).collect();
    let mut taken: Vec<usize> =
        (0..left.len()).map(|class| (quotas[class] as usize).max(least[class]).min(most[class])).collect();
    let mut sum: usize = taken.iter().sum();
    let mut lacking: Vec<usize> = (0..left.len()).collect();
    while sum < total {
        let lack = |class: usize| quotas[class] - taken[class] as f64;
        lacking.retain(|&class| taken[class] < most[class]);
        lacking.sort_by(|&a, &b| lack(b).total_cmp(&lack(a)).then(a.cmp(&b)));
        for &class in lacking.iter().take(total - sum) {
            taken[class] += 1;
            sum += 1;
        }
        if lacking.is_empty() {
            break;
        }
    }
    taken
}
