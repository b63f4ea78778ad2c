use crate::trial::TrialState;
use crate::value::Value;

/// Why a space, a sampler or a study cannot be used as asked.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum SearchError {
    /// A range that runs backwards.
    #[error("a range from {low} to {high}: low must not be above high")]
    LowAboveHigh {
        /// Lower end.
        low: f64,
        /// Upper end.
        high: f64,
    },
    /// An end of a range that is infinite or not a number, or an integer beyond 2^53.
    #[error("a range from {low} to {high}: both ends must be finite, integers at most 2^53")]
    EndOutOfReach {
        /// Lower end.
        low: f64,
        /// Upper end.
        high: f64,
    },
    /// A log scale that touches or crosses zero.
    #[error(
        "a log scale from {low} to {high}: low must be above 0 (for an exact zero, give it a probability of its own)"
    )]
    LogThroughZero {
        /// Lower end.
        low: f64,
        /// Upper end.
        high: f64,
    },
    /// A log scale of the distance to 1 that touches or crosses 1.
    #[error("a log scale of the distance to 1, from {low} to {high}: high must be below 1")]
    DistanceThroughZero {
        /// Lower end.
        low: f64,
        /// Upper end.
        high: f64,
    },
    /// A choice among nothing.
    #[error("a choice needs at least one value")]
    EmptyChoice,
    /// A choice that lists a value twice.
    #[error("a choice lists {value} twice")]
    RepeatedChoice {
        /// The value.
        value: Value,
    },
    /// A choice with an infinite or undefined number.
    #[error("a choice lists {value}: numbers must be finite")]
    ChoiceNotFinite {
        /// The value.
        value: Value,
    },
    /// A probability of zero outside (0, 1).
    #[error("the probability of an exact zero is {got}: it must lie between 0 and 1, both excluded")]
    ZeroProbability {
        /// The value given.
        got: f64,
    },
    /// An exact zero beside a scale that already has one, is negative, or is no range.
    #[error("an exact zero goes beside a range of numbers that starts above 0 (a linear one may start at 0)")]
    ZeroBeside,
    /// A parameter without a name.
    #[error("parameter {position} of the space has no name")]
    Unnamed {
        /// Position in the space, from 0.
        position: usize,
    },
    /// Two parameters of one name.
    #[error("the space has two parameters named `{name}`")]
    RepeatedName {
        /// The name.
        name: String,
    },
    /// A name that the space does not have.
    #[error("the space has no parameter `{name}`{}", offer(nearest))]
    UnknownParameter {
        /// The name given.
        name: String,
        /// The nearest name of the space, where one is near.
        nearest: Option<String>,
    },
    /// A condition on a parameter that the space does not have.
    #[error("`{name}` depends on `{on}`, which is not in the space{}", offer(nearest))]
    ConditionOnUnknown {
        /// The conditional parameter.
        name: String,
        /// What it depends on.
        on: String,
        /// The nearest name of the space, where one is near.
        nearest: Option<String>,
    },
    /// A condition on a parameter that comes later, or on the parameter itself.
    #[error("`{name}` depends on `{on}`, which must come before it in the space")]
    ConditionOnLater {
        /// The conditional parameter.
        name: String,
        /// What it depends on.
        on: String,
    },
    /// A condition that no value of the other parameter can meet.
    #[error("`{name}` exists only where `{on}` {test}, but `{on}` never does: it is {scale}{}", offer(nearest))]
    ConditionNeverHolds {
        /// The conditional parameter.
        name: String,
        /// What it depends on.
        on: String,
        /// The test, in words.
        test: String,
        /// The scale of the other parameter, in words.
        scale: String,
        /// The nearest word of the other parameter, where one is near.
        nearest: Option<String>,
    },
    /// A fixed value or one of a starting point that the parameter cannot take.
    #[error("`{name}` cannot be {value}: it is {scale}{}", offer(nearest))]
    BadValue {
        /// The parameter.
        name: String,
        /// The value given.
        value: Value,
        /// The parameter's scale, in words.
        scale: String,
        /// The nearest word among the choices, where one is near.
        nearest: Option<String>,
    },
    /// A starting point that names a parameter that does not exist in it.
    #[error("`{name}` exists only where `{on}` {test}: a starting point that names `{name}` must say so")]
    ConditionUnmet {
        /// The conditional parameter.
        name: String,
        /// What it depends on.
        on: String,
        /// The test, in words.
        test: String,
    },
    /// A configuration that leaves out a parameter that exists in it.
    #[error("the configuration has no value for `{name}`")]
    MissingValue {
        /// The parameter.
        name: String,
    },
    /// A starting point that names a fixed parameter.
    #[error("`{name}` is fixed at {value} and cannot be part of a starting point")]
    AlreadyFixed {
        /// The parameter.
        name: String,
        /// Its fixed value.
        value: Value,
    },
    /// A starting point that comes after the first trial.
    #[error("starting points come before the first trial; {trials} trials exist")]
    AlreadyStarted {
        /// Trials that exist.
        trials: u64,
    },
    /// A budget without work in it.
    #[error("a budget of {trials} trials of {epochs} epochs: both must be at least 1")]
    EmptyBudget {
        /// Trials.
        trials: u64,
        /// Epochs of a trial, or of all.
        epochs: u64,
    },
    /// A grid without points.
    #[error("a grid needs at least 1 point per axis")]
    EmptyGrid,
    /// A study that waits while no trial runs.
    #[error("the study waits for a trial to be told, but none runs")]
    Stuck,
    /// A trial that was never asked for.
    #[error("there is no trial {trial}: {trials} trials exist, counted from 0")]
    UnknownTrial {
        /// The number given.
        trial: u64,
        /// Trials that exist.
        trials: u64,
    },
    /// A trial in a state in which this cannot happen to it.
    #[error("trial {trial} is {state}: only a {wanted} trial can do that")]
    WrongState {
        /// The trial.
        trial: u64,
        /// Its state.
        state: TrialState,
        /// The state that it should have.
        wanted: TrialState,
    },
}

fn offer(nearest: &Option<String>) -> String {
    nearest.as_ref().map(|word| format!("; did you mean `{word}`?")).unwrap_or_default()
}
