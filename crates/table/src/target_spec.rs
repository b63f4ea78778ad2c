//! What a model keeps of its target, and the reading of other tables by it.

use serde::{Deserialize, Serialize};

use crate::boolean;
use crate::column::Column;
use crate::error::{TargetError, clipped};
use crate::schema::Storage;
use crate::table::Table;
use crate::target::{Classes, Different, NO_LABEL, Target, TargetValues, find_column, numbers, present};

/// What a model knows of its target. Goes into the model file.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "task", rename_all = "lowercase", try_from = "UncheckedSpec")]
pub enum TargetSpec {
    /// One of these classes.
    Classification {
        /// The column.
        name: String,
        /// How its cells were kept.
        storage: Storage,
        /// The names by class.
        classes: Vec<String>,
    },
    /// A number, scaled by mean and deviation (divisor m) of the training rows.
    Regression {
        /// The column.
        name: String,
        /// Mean over the training rows.
        mean: f64,
        /// Deviation over the training rows, positive.
        deviation: f64,
    },
}

impl TargetSpec {
    /// The column.
    pub fn name(&self) -> &str {
        match self {
            TargetSpec::Classification { name, .. } | TargetSpec::Regression { name, .. } => name,
        }
    }

    /// How the column is kept: for the schema by which new files are read.
    pub fn storage(&self) -> Storage {
        match self {
            TargetSpec::Classification { storage, .. } => *storage,
            TargetSpec::Regression { .. } => Storage::Numbers,
        }
    }

    /// How many outputs a network needs for it: one per class, or one value.
    pub fn width(&self) -> usize {
        match self {
            TargetSpec::Classification { classes, .. } => classes.len(),
            TargetSpec::Regression { .. } => 1,
        }
    }

    /// The target of another table (a test file, say), its classes numbered as in training.
    ///
    /// # Errors
    /// No such column, no cell with a value, a class that training did not have, a text where
    /// numbers were.
    pub fn read(&self, table: &Table) -> Result<Target, TargetError> {
        let column = find_column(table, self.name())?;
        let rows = present(column);
        if rows.is_empty() {
            let name = self.name().to_owned();
            return Err(TargetError::AllMissing { name, rows: column.rows() });
        }
        let values = match self {
            TargetSpec::Regression { .. } => TargetValues::Numbers(numbers(table, column, &rows)?),
            TargetSpec::Classification { classes, .. } => {
                TargetValues::Classes(known_classes(table, column, &rows, classes)?)
            }
        };
        Ok(Target::new(column, rows, values))
    }

    /// `(value - mean) / deviation`; a class is left as it is.
    pub fn scaled(&self, value: f64) -> f64 {
        match self {
            TargetSpec::Classification { .. } => value,
            TargetSpec::Regression { mean, deviation, .. } => (value - mean) / deviation,
        }
    }

    /// `scaled * deviation + mean`; a class is left as it is.
    pub fn inverse(&self, scaled: f64) -> f64 {
        match self {
            TargetSpec::Classification { .. } => scaled,
            TargetSpec::Regression { mean, deviation, .. } => scaled * deviation + mean,
        }
    }
}

/// The labels of a column whose classes are given.
fn known_classes(table: &Table, column: &Column, rows: &[usize], classes: &[String]) -> Result<Classes, TargetError> {
    let different = Different::of(column);
    let mut found = different.classes(column);
    let pair = boolean::pair(classes.iter().map(String::as_str)).filter(|_| classes.len() == 2);
    let truth = |name: &str| pair.and_then(|pair| boolean::truth(name, &pair));
    let class = |name: &String| {
        let spelled = || classes.iter().position(|known| truth(known).is_some() && truth(known) == truth(name));
        classes.iter().position(|known| known == name).or_else(spelled)
    };
    let known: Vec<Option<usize>> = found.names.iter().map(class).collect();
    let unknown = rows.iter().find(|&&row| known[found.labels[row] as usize].is_none());
    if let Some(&row) = unknown {
        let cell = &found.names[found.labels[row] as usize];
        let nearest = crate::nearest(cell, classes.iter().map(String::as_str));
        return Err(TargetError::UnknownClass {
            path: table.path().to_owned(),
            line: table.line(row),
            name: column.name.clone(),
            cell: clipped(cell).into(),
            nearest: nearest.map(Into::into),
            classes: classes.to_vec(),
        });
    }
    for &row in rows {
        let label = &mut found.labels[row];
        *label = known[*label as usize].map_or(NO_LABEL, |class| class as u32);
    }
    Ok(Classes { names: classes.to_vec(), labels: found.labels })
}

/// A target as it stands in a file, not yet trusted.
#[derive(Deserialize)]
#[serde(tag = "task", rename_all = "lowercase", deny_unknown_fields)]
enum UncheckedSpec {
    Classification { name: String, storage: Storage, classes: Vec<String> },
    Regression { name: String, mean: f64, deviation: f64 },
}

impl TryFrom<UncheckedSpec> for TargetSpec {
    type Error = String;

    fn try_from(spec: UncheckedSpec) -> Result<TargetSpec, String> {
        match spec {
            UncheckedSpec::Classification { name, storage, classes } if classes.len() >= 2 => {
                Ok(TargetSpec::Classification { name, storage, classes })
            }
            UncheckedSpec::Classification { name, .. } => {
                Err(format!("target `{name}`: at least two classes are needed"))
            }
            UncheckedSpec::Regression { name, mean, deviation }
                if mean.is_finite() && deviation.is_finite() && deviation > 0.0 =>
            {
                Ok(TargetSpec::Regression { name, mean, deviation })
            }
            UncheckedSpec::Regression { name, .. } => {
                Err(format!("target `{name}`: mean and deviation must be finite, the latter positive"))
            }
        }
    }
}
