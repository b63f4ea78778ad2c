//! The findings, each a sentence: what, how much, what to do.

use std::fmt;

use serde::Serialize;

/// Something that a person should know before they trust a network trained on a table.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
#[non_exhaustive]
pub enum Finding {
    /// One column alone gives the target away.
    Leak {
        /// The column.
        column: String,
        /// The target.
        target: String,
        /// How it is known.
        evidence: Evidence,
    },
    /// Rows that are held out and yet, in all cells that are learned from, rows that were learned from.
    Duplicates {
        /// `validation` or `test`.
        part: &'static str,
        /// So many of its rows.
        rows: usize,
        /// The rows of the part.
        of: usize,
    },
    /// Classes with so few training rows that they can hardly be learned.
    FewRowsOfClass {
        /// The classes with their training rows.
        classes: Vec<(String, usize)>,
    },
    /// Classes much rarer than the others.
    Imbalance {
        /// The classes with their training rows.
        classes: Vec<(String, usize)>,
        /// All training rows.
        rows: usize,
    },
    /// Hardly more training rows than inputs, or fewer.
    FewRows {
        /// Training rows.
        rows: usize,
        /// Inputs of the network.
        inputs: usize,
    },
    /// Columns with the same value in nearly all training rows; they are used all the same.
    NearConstant {
        /// The columns with the share of their commonest value, from 0 to 1.
        columns: Vec<(String, f64)>,
    },
    /// Columns of which most cells are missing.
    MostlyMissing {
        /// The columns with the share of their missing cells, from 0 to 1.
        columns: Vec<(String, f64)>,
    },
}

/// How a leak is known. Rules are learned on half of the rows looked at and measured on the other half.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(tag = "by", rename_all = "snake_case")]
#[non_exhaustive]
pub enum Evidence {
    /// A rule from this column alone names the class.
    Rule {
        /// So many classes rightly.
        right: usize,
        /// The rows it was measured on.
        of: usize,
        /// How many are right when the commonest class is always named.
        commonest: usize,
    },
    /// The target is `slope · column + intercept`.
    Affine {
        /// The factor.
        slope: f64,
        /// What is added.
        intercept: f64,
    },
    /// The column goes with the target in a straight line.
    Correlation {
        /// Pearson's.
        correlation: f64,
    },
    /// The column is in the order of the target.
    RankCorrelation {
        /// Spearman's.
        correlation: f64,
    },
    /// The mean of the target over the rows with the same word tells the target.
    Words {
        /// The share of its variance that is told, from 0 to 1.
        told: f64,
    },
}

impl Finding {
    /// Whether the figures of the run may mislead, rather than the network be worse than it could be.
    pub fn is_warning(&self) -> bool {
        match self {
            Finding::Leak { .. } | Finding::FewRowsOfClass { .. } => true,
            Finding::Duplicates { rows, of, .. } => rows * 20 >= *of,
            Finding::Imbalance { .. }
            | Finding::FewRows { .. }
            | Finding::NearConstant { .. }
            | Finding::MostlyMissing { .. } => false,
        }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Finding::Leak { column, target, evidence } => write!(
                f,
                "`{column}` alone gives `{target}` away ({evidence}); if it is not known before the answer is, leave it out (--drop '{column}')"
            ),
            Finding::Duplicates { part, rows, of } => write!(
                f,
                "{rows} of {of} {part} rows ({}) stand among the rows learned from, cell for cell; the {part} figures partly measure memory",
                Share(*rows as f64 / *of as f64)
            ),
            Finding::FewRowsOfClass { classes } => {
                f.write_str("too few training rows to learn ")?;
                list(f, classes, |f, (class, rows)| write!(f, "`{class}` ({rows})"))?;
                f.write_str(" from; add rows, or put rare classes together")
            }
            Finding::Imbalance { classes, rows } => {
                f.write_str("classes are out of balance: of the training rows only ")?;
                list(f, classes, |f, (class, count)| {
                    write!(f, "{count} are `{class}` ({})", Share(*count as f64 / *rows as f64))
                })?;
                f.write_str("; judge by F1 or AUC rather than accuracy, or try --class-weight balanced")
            }
            Finding::FewRows { rows, inputs } => write!(
                f,
                "{rows} training rows for {inputs} inputs; expect a network that remembers rather than learns: add rows, or leave columns out with --drop"
            ),
            Finding::NearConstant { columns } => {
                f.write_str("nearly constant: ")?;
                list(f, columns, |f, (name, share)| write!(f, "`{name}` ({} one value)", Share(*share)))?;
                f.write_str("; kept, but there is little to learn from")
            }
            Finding::MostlyMissing { columns } => {
                f.write_str("mostly missing: ")?;
                list(f, columns, |f, (name, share)| write!(f, "`{name}` ({})", Share(*share)))?;
                f.write_str("; kept, with an input that says so: leave them out with --drop if that says nothing")
            }
        }
    }
}

impl fmt::Display for Evidence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Evidence::Rule { right, of, commonest } => {
                write!(f, "a rule from it is right on {right} of {of} rows, the commonest class on {commonest}")
            }
            Evidence::Affine { slope, intercept } => {
                let (sign, size) = if *intercept < 0.0 { ('-', -intercept) } else { ('+', *intercept) };
                write!(f, "the target is {slope:.6} times it {sign} {size:.6}")
            }
            Evidence::Correlation { correlation } => write!(f, "correlation {correlation:.5}"),
            Evidence::RankCorrelation { correlation } => write!(f, "rank correlation {correlation:.5}"),
            Evidence::Words { told } => write!(f, "its words tell {} of the variance", Share(*told)),
        }
    }
}

/// A share as a percentage that is never rounded up to all or down to nothing.
struct Share(f64);

impl fmt::Display for Share {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let percent = self.0 * 100.0;
        if self.0 < 1.0 && percent >= 99.95 {
            f.write_str("over 99.9 %")
        } else if self.0 > 0.0 && percent < 0.05 {
            f.write_str("under 0.1 %")
        } else {
            write!(f, "{percent:.1} %")
        }
    }
}

/// The first few, then how many more there are.
fn list<T>(
    f: &mut fmt::Formatter<'_>,
    items: &[T],
    show: impl Fn(&mut fmt::Formatter<'_>, &T) -> fmt::Result,
) -> fmt::Result {
    const SHOWN: usize = 6;
    for (at, item) in items.iter().take(SHOWN).enumerate() {
        if at > 0 {
            f.write_str(", ")?;
        }
        show(f, item)?;
    }
    match items.len().saturating_sub(SHOWN) {
        0 => Ok(()),
        more => write!(f, " and {more} more"),
    }
}
