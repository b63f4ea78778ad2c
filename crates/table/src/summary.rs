//! A table in a few words.

use std::fmt;

use crate::column::Kind;
use crate::table::Table;

/// What a table holds, for messages; by all its rows, so no decision may hang on it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Summary {
    /// Rows.
    pub rows: usize,
    /// Columns.
    pub columns: usize,
    /// Names of the columns of numbers.
    pub numbers: Vec<String>,
    /// Names of the columns of categories.
    pub categories: Vec<String>,
    /// Names of the columns of yes and no.
    pub booleans: Vec<String>,
    /// Names of the columns of dates.
    pub dates: Vec<String>,
    /// Names of the columns of dates that have two meanings.
    pub ambiguous_dates: Vec<String>,
    /// Names of the columns with one value only.
    pub constants: Vec<String>,
    /// Names of the columns that name the rows.
    pub identifiers: Vec<String>,
    /// Names of the columns of free text.
    pub texts: Vec<String>,
    /// Names of the columns without a value.
    pub empty: Vec<String>,
    /// Columns with missing cells, and how many.
    pub missing: Vec<(String, usize)>,
}

impl Summary {
    /// The summary of a table.
    pub fn new(table: &Table) -> Summary {
        let rows: Vec<usize> = (0..table.rows()).collect();
        let mut summary = Summary { rows: table.rows(), columns: table.columns().len(), ..Summary::default() };
        for column in table.columns() {
            let names = match column.kind(&rows) {
                Kind::Number => &mut summary.numbers,
                Kind::Category => &mut summary.categories,
                Kind::Boolean => &mut summary.booleans,
                Kind::Date => &mut summary.dates,
                Kind::AmbiguousDate => &mut summary.ambiguous_dates,
                Kind::Constant => &mut summary.constants,
                Kind::Identifier => &mut summary.identifiers,
                Kind::Text => &mut summary.texts,
                Kind::Empty => &mut summary.empty,
            };
            names.push(column.name.clone());
            let missing = rows.iter().filter(|&&row| column.is_missing(row)).count();
            if missing > 0 {
                summary.missing.push((column.name.clone(), missing));
            }
        }
        summary
    }

    /// How many cells are missing in all.
    pub fn missing_cells(&self) -> usize {
        self.missing.iter().map(|(_, count)| count).sum()
    }
}

impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} rows, {} columns", self.rows, self.columns)?;
        let kinds = [
            (&self.numbers, "numbers", false),
            (&self.categories, "categories", false),
            (&self.booleans, "booleans", false),
            (&self.dates, "dates", false),
            (&self.ambiguous_dates, "dates with two meanings", true),
            (&self.constants, "constant", true),
            (&self.identifiers, "identifiers", true),
            (&self.texts, "free text", true),
            (&self.empty, "empty", true),
        ];
        let mut separator = ": ";
        for (names, kind, named) in kinds {
            if !names.is_empty() {
                write!(f, "{separator}{} {kind}", names.len())?;
                if named {
                    let more = if names.len() > 6 { ", ..." } else { "" };
                    write!(f, " ({}{more})", names[..names.len().min(6)].join(", "))?;
                }
                separator = ", ";
            }
        }
        match self.missing_cells() {
            0 => Ok(()),
            cells => write!(f, "; {cells} cells missing in {} columns", self.missing.len()),
        }
    }
}
