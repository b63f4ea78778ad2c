//! A setting as an axis: numbers on the scale that spreads them, words one beside the other.

use super::Report;
use crate::picture::axis::Axis;
use crate::picture::text::figure;

/// More words than these are no category that an axis shows.
const MOST_WORDS: usize = 10;
/// A setting is drawn by its powers where its largest value is so many times its smallest.
const WIDE: f64 = 10.0;
/// One close to 1 by the powers of its distance to 1, where the largest distance is so many times the smallest.
const CLOSE: f64 = 8.0;
/// The share of an axis that a zero beside powers has for itself.
const ZERO: f64 = 0.12;

/// How values become places.
#[derive(Clone, Debug, PartialEq)]
enum Scale {
    /// In equal steps or in powers.
    Plain(Axis),
    /// In powers, with a zero below.
    WithZero(Axis, &'static str),
    /// By the distance to 1.
    ToOne(Axis),
    /// Words.
    Words(Vec<String>),
}

/// A setting that is not the same in all trials.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Dimension {
    pub(super) name: String,
    scale: Scale,
    /// Where each trial of the report lies, from 0 to 1; none where it does not have the setting.
    pub(super) places: Vec<Option<f64>>,
}

impl Dimension {
    /// The settings that vary, those that matter most first.
    pub(super) fn all(report: &Report) -> Vec<Dimension> {
        let mut names = report.varied();
        let weight = |name: &str| {
            let found = report.mattered.iter().find(|(known, _)| known == name);
            found.map_or(-1.0, |(_, share)| *share)
        };
        // The order of the names stays among equal ones.
        names.sort_by(|a, b| weight(b).total_cmp(&weight(a)));
        names.iter().filter_map(|name| Dimension::of(report, name)).collect()
    }

    fn of(report: &Report, name: &str) -> Option<Dimension> {
        let word = |trial: &super::TrialLine| {
            trial.params.iter().find(|fact| fact.name == name).map(|fact| fact.value.clone())
        };
        let words: Vec<Option<String>> = report.trials.iter().map(word).collect();
        let layers = name == "hidden";
        let scale = Scale::of(words.iter().flatten(), layers)?;
        let places = words.iter().map(|word| scale.place(word.as_ref()?, layers)).collect();
        Some(Dimension { name: name.to_owned(), scale, places })
    }

    /// Whether its values are words.
    pub(super) fn is_words(&self) -> bool {
        matches!(self.scale, Scale::Words(_))
    }

    /// Places with what stands at them.
    pub(super) fn ticks(&self, about: usize) -> Vec<(f64, String)> {
        let of = |axis: &Axis| -> Vec<(f64, f64)> {
            axis.ticks(about).into_iter().map(|tick| (axis.unit(tick), tick)).collect()
        };
        let plain = |ticks: Vec<(f64, f64)>| ticks.into_iter().map(|(at, tick)| (at, figure(tick))).collect();
        match &self.scale {
            Scale::Plain(axis) => plain(of(axis)),
            Scale::WithZero(axis, zero) => {
                let mut ticks: Vec<(f64, String)> = vec![(ZERO / 4.0, (*zero).to_owned())];
                ticks.extend(of(axis).into_iter().map(|(at, tick)| (ZERO + (1.0 - ZERO) * at, figure(tick))));
                ticks
            }
            Scale::ToOne(axis) => of(axis).into_iter().map(|(at, tick)| (1.0 - at, figure(1.0 - tick))).collect(),
            Scale::Words(words) => {
                let at = |place: usize| (place as f64 + 0.5) / words.len() as f64;
                words.iter().enumerate().map(|(place, word)| (at(place), word.clone())).collect()
            }
        }
    }

    /// The words; none for numbers.
    pub(super) fn words(&self) -> &[String] {
        match &self.scale {
            Scale::Words(words) => words,
            Scale::Plain(_) | Scale::WithZero(..) | Scale::ToOne(_) => &[],
        }
    }

    /// The value at a place, for numbers.
    pub(super) fn end(&self, upper: bool) -> String {
        let ticks = |axis: &Axis| if upper { axis.high } else { axis.low };
        match &self.scale {
            Scale::Plain(axis) => figure(ticks(axis)),
            Scale::WithZero(_, zero) if !upper => (*zero).to_owned(),
            Scale::WithZero(axis, _) => figure(axis.high),
            Scale::ToOne(axis) => figure(1.0 - if upper { axis.low } else { axis.high }),
            Scale::Words(_) => String::new(),
        }
    }

    /// In words: `in powers`, ...
    pub(super) fn scale_words(&self) -> &'static str {
        match &self.scale {
            Scale::Plain(Axis { log: false, .. }) | Scale::Words(_) => "",
            Scale::Plain(_) | Scale::WithZero(..) => "log",
            Scale::ToOne(_) => "log of the distance to 1",
        }
    }
}

impl Scale {
    fn of<'a>(words: impl Iterator<Item = &'a String> + Clone, layers: bool) -> Option<Scale> {
        let numbers: Option<Vec<f64>> = words.clone().map(|word| number(word, layers)).collect();
        let Some(numbers) = numbers else {
            let mut words: Vec<String> = words.cloned().collect();
            words.sort_unstable();
            words.dedup();
            return (words.len() <= MOST_WORDS).then_some(Scale::Words(words));
        };
        let positive = || numbers.iter().copied().filter(|value| *value > 0.0);
        let ends = |values: &mut dyn Iterator<Item = f64>| {
            values.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), v| (low.min(v), high.max(v)))
        };
        let (low, high) = ends(&mut numbers.iter().copied());
        let (least, most) = ends(&mut positive());
        let exact = |low: f64, high: f64, log: bool| match log && low < high {
            true => Axis::log(low, high),
            false => Axis::linear(low, high),
        };
        if low >= 0.5 && high < 1.0 && (1.0 - low) > CLOSE * (1.0 - high) {
            return Some(Scale::ToOne(exact(1.0 - high, 1.0 - low, true)));
        }
        if low == 0.0 && most > WIDE * least {
            return Some(Scale::WithZero(exact(least, most, true), if layers { "none" } else { "0" }));
        }
        (low <= high).then(|| Scale::Plain(exact(low, high, low > 0.0 && high > WIDE * low)))
    }

    fn place(&self, word: &str, layers: bool) -> Option<f64> {
        match self {
            Scale::Words(words) => {
                let at = words.binary_search_by(|known| known.as_str().cmp(word)).ok()?;
                Some((at as f64 + 0.5) / words.len() as f64)
            }
            Scale::Plain(axis) => Some(axis.unit(number(word, layers)?)),
            Scale::ToOne(axis) => Some(1.0 - axis.unit(1.0 - number(word, layers)?)),
            Scale::WithZero(axis, _) => match number(word, layers)? {
                0.0 => Some(ZERO / 4.0),
                value => Some(ZERO + (1.0 - ZERO) * axis.unit(value)),
            },
        }
    }
}

/// A number; of hidden layers all their units.
fn number(word: &str, layers: bool) -> Option<f64> {
    match layers {
        true if word == "none" => Some(0.0),
        true => word.split(',').map(|units| units.trim().parse::<f64>().ok()).sum(),
        false => word.parse().ok().filter(|value: &f64| value.is_finite()),
    }
}

#[cfg(test)]
mod tests {
    use super::Scale;

    fn places(words: &[&str], layers: bool) -> Vec<f64> {
        let words: Vec<String> = words.iter().map(|word| (*word).to_owned()).collect();
        let scale = Scale::of(words.iter(), layers).unwrap();
        words.iter().map(|word| scale.place(word, layers).unwrap()).collect()
    }

    fn near(found: &[f64], expected: &[f64]) {
        assert!(found.iter().zip(expected).all(|(a, b)| (a - b).abs() < 1e-9), "{found:?}");
    }

    #[test]
    fn values_lie_on_the_scale_that_spreads_them() {
        near(&places(&["0.001", "0.01", "0.1"], false), &[0.0, 0.5, 1.0]);
        near(&places(&["2", "3", "4"], false), &[0.0, 0.5, 1.0]);
        near(&places(&["0.9", "0.99", "0.999"], false), &[0.0, 0.5, 1.0]);
        // A zero beside powers has a place of its own below them.
        near(&places(&["0", "1e-5", "1e-1"], false), &[0.03, 0.12, 1.0]);
        near(&places(&["relu", "gelu"], false), &[0.75, 0.25]);
        near(&places(&["none", "8,8", "1024"], true), &[0.03, 0.12, 1.0]);
    }

    #[test]
    fn too_many_words_are_no_axis() {
        let words: Vec<String> = (0..11).map(|number| format!("w{number}")).collect();
        assert_eq!(Scale::of(words.iter(), false), None);
    }
}
