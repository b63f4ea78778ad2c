//! A column of the table as the encoder knows it.

use serde::{Deserialize, Serialize};

use crate::date::{DateOrder, Moment};
use crate::scale::Affine;
use crate::schema::Storage;

/// One column of the table in the encoder.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum Feature {
    /// A scaled number, then, with `indicator`, 1 where it is missing.
    Number {
        /// Column of the table.
        name: String,
        /// The scaling.
        affine: Affine,
        /// What stands for a missing number, before scaling.
        fill: f64,
        /// Whether a column says that the number is missing.
        indicator: bool,
    },
    /// Only 1 where the number is missing.
    Presence {
        /// Column of the table.
        name: String,
    },
    /// One column per value, then, with `other`, one for all other words, then, with `missing`,
    /// one for no word. A word that training has not seen is `other`, or without it 0 in all
    /// columns; so is a missing word where training had none.
    Category {
        /// Column of the table.
        name: String,
        /// The values that have a column, the commonest first.
        values: Vec<String>,
        /// Whether there is a column for other words.
        other: bool,
        /// Whether there is a column for missing words.
        missing: bool,
    },
    /// 0 for no and 1 for yes, then, with `missing`, 1 where there is neither.
    Boolean {
        /// Column of the table.
        name: String,
        /// The words for no and for yes, whatever their case.
        pair: [String; 2],
        /// What stands for a missing word and for any other: the commoner in training.
        fill: bool,
        /// Whether there is a column for missing words.
        missing: bool,
    },
    /// What varies of a date: scaled numbers, then one column per month and per day of the week that training had,
    /// then, with `missing`, 1 where there is no date.
    ///
    /// Months and days of the week are no numbers, because December stands beside January and Sunday beside Monday,
    /// and because a weekend is more than a Friday. One that training has not seen is 0 in all columns.
    Date {
        /// Column of the table.
        name: String,
        /// What comes first in dates such as `3/1/2011`.
        order: DateOrder,
        /// The parts that are numbers.
        numbers: Vec<DateNumber>,
        /// Months from 1, ascending.
        months: Vec<u8>,
        /// Days of the week from 1, Monday, ascending.
        weekdays: Vec<u8>,
        /// Whether there is a column for missing dates.
        missing: bool,
    },
}

/// A part of a date that is a number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DatePart {
    /// The year.
    Year,
    /// Days since 1970-01-01.
    Day,
    /// Hours since midnight.
    Hour,
}

/// A part of a date as a scaled number.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DateNumber {
    /// Which part.
    pub part: DatePart,
    /// The scaling.
    pub affine: Affine,
    /// What stands for a missing date, before scaling.
    pub fill: f64,
}

impl DatePart {
    pub(crate) fn of(self, moment: &Moment) -> f64 {
        match self {
            DatePart::Year => f64::from(moment.year),
            DatePart::Day => f64::from(moment.day),
            DatePart::Hour => moment.hour,
        }
    }

    fn name(self) -> &'static str {
        match self {
            DatePart::Year => "year",
            DatePart::Day => "day",
            DatePart::Hour => "hour",
        }
    }
}

const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
const WEEKDAYS: [&str; 7] = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];

impl Feature {
    /// The column of the table.
    pub fn name(&self) -> &str {
        match self {
            Feature::Number { name, .. }
            | Feature::Presence { name }
            | Feature::Category { name, .. }
            | Feature::Boolean { name, .. }
            | Feature::Date { name, .. } => name,
        }
    }

    /// How many columns of the matrix it makes.
    pub fn width(&self) -> usize {
        match self {
            Feature::Number { indicator, .. } => 1 + usize::from(*indicator),
            Feature::Presence { .. } => 1,
            Feature::Category { values, other, missing, .. } => {
                values.len() + usize::from(*other) + usize::from(*missing)
            }
            Feature::Boolean { missing, .. } => 1 + usize::from(*missing),
            Feature::Date { numbers, months, weekdays, missing, .. } => {
                numbers.len() + months.len() + weekdays.len() + usize::from(*missing)
            }
        }
    }

    pub(crate) fn push_labels(&self, labels: &mut Vec<String>) {
        let absent = |name: &str| format!("{name} is missing");
        match self {
            Feature::Number { name, indicator, .. } => {
                labels.push(name.clone());
                labels.extend(indicator.then(|| absent(name)));
            }
            Feature::Presence { name } => labels.push(absent(name)),
            Feature::Category { name, values, other, missing } => {
                labels.extend(values.iter().map(|value| format!("{name} = {value}")));
                labels.extend(other.then(|| format!("{name} is other")));
                labels.extend(missing.then(|| absent(name)));
            }
            Feature::Boolean { name, pair, missing, .. } => {
                labels.push(format!("{name} = {}", pair[1]));
                labels.extend(missing.then(|| absent(name)));
            }
            Feature::Date { name, numbers, months, weekdays, missing, .. } => {
                labels.extend(numbers.iter().map(|number| format!("{name}: {}", number.part.name())));
                let named = |names: &'static [&'static str]| {
                    move |&at: &u8| names.get(usize::from(at).wrapping_sub(1)).copied().unwrap_or_default()
                };
                labels.extend(months.iter().map(named(&MONTHS)).map(|month| format!("{name} in {month}")));
                labels.extend(weekdays.iter().map(named(&WEEKDAYS)).map(|day| format!("{name} on {day}")));
                labels.extend(missing.then(|| absent(name)));
            }
        }
    }

    pub(crate) fn storage(&self) -> Storage {
        match self {
            Feature::Number { .. } | Feature::Presence { .. } => Storage::Numbers,
            Feature::Category { .. } | Feature::Boolean { .. } | Feature::Date { .. } => Storage::Words,
        }
    }

    /// What cannot be calculated with, if anything: a feature may come from a file.
    pub(crate) fn fault(&self) -> Option<&'static str> {
        match self {
            Feature::Number { affine, fill, .. } if !(affine.is_sound() && fill.is_finite()) => {
                Some("the scaling is not finite")
            }
            Feature::Date { numbers, months, weekdays, .. } => {
                let sound = |number: &DateNumber| number.affine.is_sound() && number.fill.is_finite();
                let within = |all: &[u8], most: u8| all.iter().all(|&at| (1..=most).contains(&at));
                let sound = numbers.iter().all(sound) && within(months, 12) && within(weekdays, 7);
                (!sound || self.width() == 0).then_some("the parts of the date are none")
            }
            Feature::Number { .. } | Feature::Presence { .. } | Feature::Category { .. } | Feature::Boolean { .. } => {
                None
            }
        }
    }
}
