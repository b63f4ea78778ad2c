//! The laws that every way of searching must keep, as functions to run it through.
//!
//! [`check_study`] holds for every method; [`check_uniform`] for those whose draws are uniform, such as random search
//! and the global samples of others. Both use fixed seeds, so a method passes always or never; the statistical limits
//! are those that a right method exceeds with a probability of about 1 in 10,000.

mod statistics;

use std::collections::BTreeSet;

use crate::error::SearchError;
use crate::sampler::Uniform;
use crate::scale::Scale;
use crate::space::{Condition, Parameter, Space};
use crate::study::{Ask, Study};
use crate::trial::{Outcome, Slice};
use crate::value::{Params, Value};
use statistics::{chi_square, chi_square_limit, correlation, distance_to_uniform};

/// A law that is broken, with the facts.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum Violation {
    /// The space for the test could not be made.
    #[error("the suite's own space is refused: {0}")]
    Space(#[from] Box<SearchError>),
    /// A configuration that is not of the space: a value outside its scale, a condition not kept, a value missing.
    #[error("trial {trial} is not of the space: {reason}")]
    OutOfSpace {
        /// The trial.
        trial: usize,
        /// What is wrong with it.
        reason: Box<SearchError>,
    },
    /// A configuration for the second time.
    #[error("trial {trial} repeats an earlier one: {params}")]
    Repeated {
        /// The later trial.
        trial: usize,
        /// The configuration.
        params: Params,
    },
    /// A slice that does not begin where its trial stopped.
    #[error("trial {trial} has {epochs} epochs behind it and is asked to train from {from} to {to}")]
    Retrained {
        /// The trial.
        trial: usize,
        /// Epochs that it has.
        epochs: u64,
        /// Where the slice begins.
        from: u64,
        /// Where it ends.
        to: u64,
    },
    /// Fewer trials than the space has room for.
    #[error("only {got} trials of {wanted} came")]
    TooFew {
        /// Trials that came.
        got: usize,
        /// Trials asked for.
        wanted: usize,
    },
    /// The same seed gave other trials.
    #[error("a second run with the same seed differs at trial {trial}")]
    NotReproducible {
        /// The first trial that differs.
        trial: usize,
    },
    /// Another seed gave the same trials.
    #[error("another seed changes nothing")]
    SeedIgnored,
    /// The order in which results came changed a decision.
    #[error("with results in another order, trial {trial} is another one")]
    OrderMatters {
        /// The first trial that differs.
        trial: usize,
    },
    /// Draws that are not uniform on the parameter's scale.
    #[error("`{parameter}` is not uniform on its scale: the statistic is {statistic:.3}, its limit {limit:.3}")]
    NotUniform {
        /// The parameter.
        parameter: String,
        /// Kolmogorov-Smirnov (times the root of the count) or chi-square.
        statistic: f64,
        /// The limit for it.
        limit: f64,
    },
    /// A real parameter that took one value twice.
    #[error("`{parameter}` took only {distinct} different values in {draws} trials")]
    FewValues {
        /// The parameter.
        parameter: String,
        /// Different values.
        distinct: usize,
        /// Trials.
        draws: usize,
    },
    /// Two parameters whose draws depend on each other.
    #[error("`{first}` and `{second}` are correlated: {correlation:.3}, its limit {limit:.3}")]
    Correlated {
        /// One parameter.
        first: String,
        /// The other.
        second: String,
        /// Correlation coefficient of the places in the unit interval.
        correlation: f64,
        /// The limit for its size.
        limit: f64,
    },
}

/// Uniform draws by key, for tests: SplitMix64 over seed, trial and dimension.
pub fn keyed_uniform(seed: u64) -> impl Fn(u64, u64) -> f64 {
    move |trial, dimension| {
        let key = mix(mix(mix(seed).wrapping_add(trial)).wrapping_add(dimension));
        (key >> 11) as f64 / (1_u64 << 53) as f64
    }
}

fn mix(value: u64) -> u64 {
    let value = value.wrapping_add(0x9E37_79B9_7F4A_7C15);
    let value = (value ^ (value >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    let value = (value ^ (value >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    value ^ (value >> 31)
}

/// A space with every kind of scale, conditions, conditions on conditional parameters, and a fixed value.
///
/// - **Errors:** none; the type is that of the constructors.
pub fn full_space() -> Result<Space, SearchError> {
    let width = |name: &str| Ok::<_, SearchError>(Parameter::new(name, Scale::log_integer(1, 6)?));
    let mut space = Space::new(vec![
        Parameter::new("linear", Scale::linear(-2.0, 3.0)?),
        Parameter::new("learning_rate", Scale::log(1e-4, 1.0)?),
        Parameter::new("layers", Scale::integer(1, 3)?),
        width("units1")?,
        width("units2")?.when(Condition::at_least("layers", 2.0)),
        width("units3")?.when(Condition::at_least("layers", 3.0)),
        Parameter::new("optimizer", Scale::choice(["gd", "momentum", "adam"])?),
        Parameter::new("beta", Scale::one_minus_log(0.9, 0.999)?).when(Condition::one_of("optimizer", ["momentum"])),
        Parameter::new("dropout", Scale::zero_or(0.4, Scale::linear(0.05, 0.6)?)?),
        Parameter::new("weight_decay", Scale::zero_or(0.5, Scale::log(1e-6, 1e-1)?)?),
        Parameter::new("batch_norm", Scale::choice(["on", "off"])?),
        Parameter::new("die", Scale::integer(1, 6)?),
    ])?;
    space.fix("batch_norm", "off")?;
    Ok(space)
}

/// A space with 3 + 2 · 4 = 11 configurations.
fn small_space() -> Result<Space, SearchError> {
    Space::new(vec![
        Parameter::new("optimizer", Scale::choice(["gd", "momentum", "adam"])?),
        Parameter::new("units", Scale::integer(1, 4)?).when(Condition::one_of("optimizer", ["momentum", "adam"])),
        Parameter::new("layers", Scale::integer(1, 3)?).when(Condition::one_of("optimizer", ["gd"])),
    ])
}

/// A formula in place of a training: finite, and different for different configurations.
fn formula(params: &Params) -> f64 {
    let each = params.iter().map(|(name, value)| match value {
        Value::Integer(_) | Value::Number(_) => value.as_number().unwrap_or(0.0).abs().sqrt() * name.len() as f64,
        Value::Word(word) => word.len() as f64,
    });
    each.sum()
}

/// Drives a study to its end by a learning curve in place of trainings, and returns its slices in the order of asking.
///
/// `curve` gives the score of a configuration after so many epochs; `workers` slices are at work at a time, told first to
/// last, or last to first if `backwards`.
///
/// - **Errors:** [`SearchError::Stuck`] for a study that waits while nothing is at work; those of [`Study::tell`].
pub fn drive(
    study: &mut Study,
    uniform: Uniform<'_>,
    curve: &dyn Fn(&Params, u64) -> f64,
    workers: usize,
    backwards: bool,
) -> Result<Vec<Slice>, SearchError> {
    let mut slices = Vec::new();
    loop {
        let mut at_work: Vec<Slice> = Vec::new();
        let mut waits = false;
        while at_work.len() < workers && !waits {
            match study.ask(uniform) {
                Ask::Train(slice) => at_work.push(slice),
                Ask::Wait => waits = true,
                Ask::Finished(_) => break,
            }
        }
        if at_work.is_empty() {
            return if waits { Err(SearchError::Stuck) } else { Ok(slices) };
        }
        slices.extend(at_work.iter().cloned());
        if backwards {
            at_work.reverse();
        }
        for slice in at_work {
            let score = curve(&slice.params, slice.to_epoch);
            study.report(slice.trial, slice.to_epoch - 1, score)?;
            study.tell(slice.trial, Outcome::Complete { score, epochs: slice.to_epoch })?;
        }
    }
}

/// Runs a method through the laws that hold for every method.
///
/// `make` starts a study of a space with a budget of at least 300 trials. Laws: every configuration is of the space, with
/// each value in range and each condition kept; none comes twice, also where the space is nearly used up; a trial goes on
/// from where it stopped; the same seed gives the same slices; neither the order in which results come nor the number of
/// workers decides anything.
///
/// - **Errors:** the first law that is broken.
pub fn check_study(make: &dyn Fn(Space) -> Study) -> Result<(), Violation> {
    for space in [full_space().map_err(Box::new)?, small_space().map_err(Box::new)?] {
        for seed in [1, 2] {
            let uniform = keyed_uniform(seed);
            let run = |workers, backwards| {
                let mut study = make(space.clone());
                drive(&mut study, &uniform, &|params, epochs| formula(params) + 1.0 / epochs as f64, workers, backwards)
                    .map_err(Box::new)
            };
            let slices = run(4, false)?;
            check_slices(&space, &slices)?;
            if let Some(slice) = first_difference(&slices, &run(4, false)?) {
                return Err(Violation::NotReproducible { trial: slices.get(slice).map_or(slice, number) });
            }
            for (workers, backwards) in [(4, true), (1, false), (7, true)] {
                if let Some(slice) = first_difference(&slices, &run(workers, backwards)?) {
                    return Err(Violation::OrderMatters { trial: slices.get(slice).map_or(slice, number) });
                }
            }
        }
    }
    Ok(())
}

fn number(slice: &Slice) -> usize {
    slice.trial as usize
}

/// Every new trial is of the space and not an earlier one; every other slice goes on where the one before it stopped.
fn check_slices(space: &Space, slices: &[Slice]) -> Result<(), Violation> {
    let mut epochs: Vec<u64> = Vec::new();
    let mut seen = BTreeSet::new();
    for slice in slices {
        let (trial, params) = (number(slice), &slice.params);
        let before = epochs.get(trial).copied().unwrap_or(0);
        if trial > epochs.len() || slice.from_epoch != before || slice.to_epoch <= before {
            return Err(Violation::Retrained { trial, epochs: before, from: slice.from_epoch, to: slice.to_epoch });
        }
        if trial < epochs.len() {
            epochs[trial] = slice.to_epoch;
            continue;
        }
        epochs.push(slice.to_epoch);
        space.check(params).map_err(|reason| Violation::OutOfSpace { trial, reason: Box::new(reason) })?;
        if !seen.insert(params) {
            return Err(Violation::Repeated { trial, params: params.clone() });
        }
    }
    Ok(())
}

fn first_difference(left: &[Slice], right: &[Slice]) -> Option<usize> {
    let differs = left.iter().zip(right).position(|(left, right)| left != right);
    differs.or((left.len() != right.len()).then(|| left.len().min(right.len())))
}

/// Runs a source of configurations through the laws of uniform ones.
///
/// `trials` gives so many configurations of a space by a seed. Laws: real parameters are uniform on their scale (log:
/// in the exponent) and never take a value twice; integers' end values are as likely as the middle ones; choices and
/// exact zeros have their probabilities; conditional parameters are uniform where they exist; no two parameters are
/// correlated; the seed decides.
///
/// - **Errors:** the first law that is broken.
pub fn check_uniform(trials: &dyn Fn(Space, u64, usize) -> Vec<Params>) -> Result<(), Violation> {
    const COUNT: usize = 6000;
    let space = full_space().map_err(Box::new)?;
    let drawn = trials(space.clone(), 11, COUNT);
    if drawn.len() != COUNT {
        return Err(Violation::TooFew { got: drawn.len(), wanted: COUNT });
    }
    if trials(space.clone(), 12, 5)[..] == drawn[..5] {
        return Err(Violation::SeedIgnored);
    }
    for (trial, params) in drawn.iter().enumerate() {
        space.check(params).map_err(|reason| Violation::OutOfSpace { trial, reason: Box::new(reason) })?;
    }
    for name in ["linear", "learning_rate", "beta"] {
        check_real(name, &drawn)?;
    }
    check_zeros("dropout", 0.4, |value| (value - 0.05) / 0.55, &drawn)?;
    check_zeros("weight_decay", 0.5, |value| (value.log10() + 6.0) / 5.0, &drawn)?;
    let even = |count: i64| (1..=count).map(|value| (Value::Integer(value), 1.0)).collect::<Vec<_>>();
    check_weights("layers", &even(3), &drawn)?;
    check_weights("die", &even(6), &drawn)?;
    check_weights("optimizer", &["gd", "momentum", "adam"].map(|word| (Value::from(word), 1.0)), &drawn)?;
    // Uniform in the exponent, each integer with half a step on either side.
    let log: Vec<_> = (1..=6).map(|k| (Value::Integer(k), ((k as f64 + 0.5) / (k as f64 - 0.5)).ln())).collect();
    for name in ["units1", "units2", "units3"] {
        check_weights(name, &log, &drawn)?;
    }
    check_independence(&space, &drawn)
}

/// The place of a value in the unit interval, by formulas of the suite's own.
fn place(name: &str, value: f64) -> f64 {
    match name {
        "linear" => (value + 2.0) / 5.0,
        "learning_rate" => (value.log10() + 4.0) / 4.0,
        _ => -(1.0 - value).log10() / 2.0 - 0.5,
    }
}

fn check_real(name: &str, drawn: &[Params]) -> Result<(), Violation> {
    let values: Vec<f64> = drawn.iter().filter_map(|params| params.number(name)).collect();
    let distinct = values.iter().map(|value| value.to_bits()).collect::<BTreeSet<_>>().len();
    if distinct < values.len() {
        return Err(Violation::FewValues { parameter: name.to_string(), distinct, draws: values.len() });
    }
    check_places(name, values.iter().map(|&value| place(name, value)).collect())
}

fn check_places(name: &str, places: Vec<f64>) -> Result<(), Violation> {
    let limit = 2.23; // Kolmogorov's distribution: 2 exp(-2 · 2.23²) = 0.0001
    let statistic = distance_to_uniform(places);
    if statistic > limit {
        return Err(Violation::NotUniform { parameter: name.to_string(), statistic, limit });
    }
    Ok(())
}

fn check_zeros(name: &str, zero_prob: f64, place: fn(f64) -> f64, drawn: &[Params]) -> Result<(), Violation> {
    let values: Vec<f64> = drawn.iter().filter_map(|params| params.number(name)).collect();
    let zeros = values.iter().filter(|&&value| value == 0.0).count() as f64;
    let count = values.len() as f64;
    let statistic = chi_square(&[(zeros, count * zero_prob), (count - zeros, count * (1.0 - zero_prob))]);
    let limit = chi_square_limit(1);
    if statistic > limit {
        return Err(Violation::NotUniform { parameter: name.to_string(), statistic, limit });
    }
    check_places(name, values.into_iter().filter(|&value| value != 0.0).map(place).collect())
}

fn check_weights(name: &str, weights: &[(Value, f64)], drawn: &[Params]) -> Result<(), Violation> {
    let values: Vec<&Value> = drawn.iter().filter_map(|params| params.get(name)).collect();
    let total: f64 = weights.iter().map(|(_, weight)| weight).sum();
    let cells: Vec<(f64, f64)> = weights
        .iter()
        .map(|(value, weight)| {
            let found = values.iter().filter(|other| **other == value).count();
            (found as f64, values.len() as f64 * weight / total)
        })
        .collect();
    let (statistic, limit) = (chi_square(&cells), chi_square_limit(weights.len() - 1));
    if statistic > limit {
        return Err(Violation::NotUniform { parameter: name.to_string(), statistic, limit });
    }
    Ok(())
}

fn check_independence(space: &Space, drawn: &[Params]) -> Result<(), Violation> {
    let names: Vec<&Parameter> = space.free().map(|(_, parameter)| parameter).collect();
    for (position, first) in names.iter().enumerate() {
        for second in &names[..position] {
            let pairs: Vec<(f64, f64)> = drawn
                .iter()
                .filter_map(|params| {
                    let unit = |p: &Parameter| params.get(&p.name).and_then(|value| p.scale.to_unit(value));
                    Some((unit(first)?, unit(second)?))
                })
                .collect();
            // About normal with deviation 1/√n; 4.5 deviations for the 55 pairs.
            let limit = 4.5 / (pairs.len() as f64).sqrt();
            // A condition leaves a parent that hardly varies; there is nothing to correlate then.
            let Some(correlation) = correlation(&pairs).filter(|found| found.abs() > limit) else { continue };
            let (first, second) = (first.name.clone(), second.name.clone());
            return Err(Violation::Correlated { first, second, correlation, limit });
        }
    }
    Ok(())
}
