//! Learning-rate schedules: pure functions of the epoch, the step and, for one of them, the metric.

use crate::optim::SpecError;
use crate::optim::error::{require, require_not_negative, require_positive};
use serde::{Deserialize, Serialize};
use std::f64::consts::PI;

mod text;

#[cfg(test)]
mod tests;

/// The share of a one-cycle run in which the rate rises.
const ONE_CYCLE_RISE: f64 = 0.3;
/// A one-cycle run starts at the base rate divided by this.
const ONE_CYCLE_START: f64 = 25.0;
/// A one-cycle run ends at its first rate divided by this.
const ONE_CYCLE_END: f64 = 1e4;

/// How the learning rate `a` falls from its base `a₀`, with epochs `e` counted from 0.
///
/// As text, on the command line and in files, `inverse-time:1:1000`, `staircase:30=0.1,60=0.01`, `cosine`:
///
/// ```
/// use caviar_engine::schedule::Schedule;
///
/// let schedule: Schedule = "inverse-time:1".parse()?;
/// assert_eq!(schedule, Schedule::inverse_time(1.0, None)?);
/// assert_eq!(schedule.to_string(), "inverse-time:1");
/// # Ok::<(), caviar_engine::optim::SpecError>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Schedule {
    /// `a₀`.
    #[default]
    Constant,
    /// `a₀ / (1 + rate·e)`, or with an interval `a₀ / (1 + rate·⌊e/interval⌋)`.
    InverseTime {
        /// The decay rate, 0 or more.
        rate: f64,
        /// The rate stays for so many epochs, 1 or more.
        interval: Option<u64>,
    },
    /// `a₀·factorᵉ`.
    Exponential {
        /// What one epoch multiplies the rate by, in (0, 1].
        factor: f64,
    },
    /// `a₀·k/√(e+1)`.
    InverseSqrt {
        /// The rate of the first epoch over the base rate, positive.
        k: f64,
    },
    /// `a₀·F`, with `F` of the last step `(E, F)` that has `E ≤ e`; `a₀` before the first. The factors do not accumulate.
    Staircase {
        /// Epochs, ascending, with the positive factor from there on.
        steps: Vec<(u64, f64)>,
    },
    /// `a₀·(1 + cos πx)/2`, with `x` from 0 to 1 the part of the horizon (after the warm-up) that is done.
    Cosine,
    /// Up from `a₀/25` to `a₀` in the first 30 % of the horizon, down to `a₀/250000` in the rest, both along a cosine.
    OneCycle,
    /// Multiplied by `factor` whenever `patience` epochs have passed without a new lowest metric.
    Plateau {
        /// What a plateau multiplies the rate by, in (0, 1).
        factor: f64,
        /// How many epochs without a new best make a plateau, 1 or more.
        patience: u64,
    },
}

impl Schedule {
    /// `a₀ / (1 + rate·e)`, per interval if there is one.
    ///
    /// # Errors
    /// [`SpecError::OutOfRange`] unless `rate ≥ 0` and `interval ≥ 1`.
    pub fn inverse_time(rate: f64, interval: Option<u64>) -> Result<Self, SpecError> {
        Self::InverseTime { rate, interval }.checked()
    }

    /// `a₀·factorᵉ`.
    ///
    /// # Errors
    /// [`SpecError::OutOfRange`] unless `0 < factor ≤ 1`.
    pub fn exponential(factor: f64) -> Result<Self, SpecError> {
        Self::Exponential { factor }.checked()
    }

    /// `a₀·k/√(e+1)`.
    ///
    /// # Errors
    /// [`SpecError::OutOfRange`] unless `k > 0`.
    pub fn inverse_sqrt(k: f64) -> Result<Self, SpecError> {
        Self::InverseSqrt { k }.checked()
    }

    /// `a₀·F` from epoch `E` on, for each step `(E, F)`.
    ///
    /// # Errors
    /// [`SpecError::OutOfRange`] unless the epochs ascend and every factor is positive.
    pub fn staircase(steps: Vec<(u64, f64)>) -> Result<Self, SpecError> {
        Self::Staircase { steps }.checked()
    }

    /// Multiplied by `factor` after every `patience` epochs without a new best.
    ///
    /// # Errors
    /// [`SpecError::OutOfRange`] unless `0 < factor < 1` and `patience ≥ 1`.
    pub fn plateau(factor: f64, patience: u64) -> Result<Self, SpecError> {
        Self::Plateau { factor, patience }.checked()
    }

    /// Whether the schedule ends at a horizon: cosine and one-cycle.
    #[must_use]
    pub fn has_horizon(&self) -> bool {
        matches!(self, Self::Cosine | Self::OneCycle)
    }

    fn checked(self) -> Result<Self, SpecError> {
        match &self {
            Self::Constant | Self::Cosine | Self::OneCycle => {}
            Self::InverseTime { rate, interval } => {
                require_not_negative("schedule.rate", *rate)?;
                if let Some(epochs) = interval {
                    require_count("schedule.interval", *epochs)?;
                }
            }
            Self::Exponential { factor } => {
                require("schedule.factor", *factor, |x| x > 0.0 && x <= 1.0, "above 0 and at most 1")?;
            }
            Self::InverseSqrt { k } => {
                require_positive("schedule.k", *k)?;
            }
            Self::Staircase { steps } => check_staircase(steps)?,
            Self::Plateau { factor, patience } => {
                require("schedule.factor", *factor, |x| x > 0.0 && x < 1.0, "above 0 and below 1")?;
                require_count("schedule.patience", *patience)?;
            }
        }
        Ok(self)
    }
}

fn require_count(name: &'static str, got: u64) -> Result<f64, SpecError> {
    require(name, got as f64, |x| x >= 1.0, "1 or more")
}

fn check_staircase(steps: &[(u64, f64)]) -> Result<(), SpecError> {
    require("schedule.steps", steps.len() as f64, |x| x >= 1.0, "1 or more")?;
    for (_, factor) in steps {
        require_positive("schedule.factor", *factor)?;
    }
    for pair in steps.windows(2) {
        let (before, epoch) = (pair[0].0, pair[1].0);
        require("schedule.epoch", epoch as f64, |_| before < epoch, "later than the step before it")?;
    }
    Ok(())
}

/// Where a run stands, just before an update.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Moment {
    /// The epoch, from 0.
    pub epoch: u64,
    /// Updates already done in this epoch.
    pub step: u64,
    /// Updates in one epoch, 1 or more.
    pub steps_per_epoch: u64,
    /// The metric after the last finished epoch, if there is one, lower being better (a score enters with its sign changed).
    /// It may be given at every step: each epoch is judged once.
    pub metric: Option<f64>,
}

impl Moment {
    /// The start of an epoch, for rules that go by epochs.
    #[must_use]
    pub fn at_epoch(epoch: u64) -> Self {
        Self { epoch, step: 0, steps_per_epoch: 1, metric: None }
    }

    /// Epochs done so far, with their fraction.
    fn epochs(&self) -> f64 {
        self.epoch as f64 + self.step as f64 * self.step_length()
    }

    /// The part of an epoch that one update is.
    fn step_length(&self) -> f64 {
        1.0 / self.steps_per_epoch.max(1) as f64
    }
}

/// What a schedule remembers: only a plateau does. Plain data, part of a run's snapshot.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct ScheduleState {
    /// The lowest metric so far.
    pub best: Option<f64>,
    /// Epochs since the best one, or since the last cut.
    pub waited: u64,
    /// Epochs whose metric has been judged.
    pub judged: u64,
    /// The product of the cuts so far.
    pub cut: f64,
}

impl Default for ScheduleState {
    fn default() -> Self {
        Self { best: None, waited: 0, judged: 0, cut: 1.0 }
    }
}

impl ScheduleState {
    /// The state after the metric of a newly finished epoch. A metric that is NaN is not a new best.
    fn judge(self, moment: &Moment, factor: f64, patience: u64) -> Self {
        let (Some(metric), true) = (moment.metric, moment.epoch > self.judged) else {
            return self;
        };
        let judged = moment.epoch;
        let better = self.best.map_or(!metric.is_nan(), |best| metric < best);
        if better {
            return Self { best: Some(metric), waited: 0, judged, ..self };
        }
        let waited = self.waited + 1;
        if waited < patience {
            return Self { waited, judged, ..self };
        }
        Self { waited: 0, judged, cut: self.cut * factor, ..self }
    }
}

/// A schedule with its place in a run: warm-up, horizon and shift.
///
/// ```text
/// rate = a₀ · schedule(e − shift) · min(1, (t + 1)/T)        t updates done, T updates of warm-up
/// ```
///
/// - **Units:** the warm-up and the horizon are in epochs, whatever the batch size; fractions are allowed.
/// - **Convention:** every rule but cosine and one-cycle goes by whole epochs. The horizon is fixed when a run is born;
///   beyond it the rate of its last update holds, so that a run that goes on longer is a continuation of the shorter one.
///
/// ```
/// use caviar_engine::schedule::{Moment, Schedule, ScheduleState, Timetable};
///
/// let timetable = Timetable::new(Schedule::inverse_time(1.0, None)?, 50.0)?;
/// let state = ScheduleState::default();
/// let rates: Vec<f64> = (0..4).map(|epoch| timetable.rate(state, 0.2, Moment::at_epoch(epoch)).1).collect();
/// assert_eq!(rates, [0.2, 0.1, 0.2 / 3.0, 0.05]);
/// # Ok::<(), caviar_engine::optim::SpecError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", try_from = "TimetableData")]
pub struct Timetable {
    schedule: Schedule,
    horizon: f64,
    warm_up: f64,
    shift: u64,
}

impl Timetable {
    /// A schedule over a run whose largest length is `horizon` epochs.
    ///
    /// # Errors
    /// [`SpecError::OutOfRange`] unless the horizon is positive and the numbers of the schedule are legal.
    pub fn new(schedule: Schedule, horizon: f64) -> Result<Self, SpecError> {
        Ok(Self {
            schedule: schedule.checked()?,
            horizon: require_positive("horizon", horizon)?,
            warm_up: 0.0,
            shift: 0,
        })
    }

    /// The rate rises in a straight line over the first `epochs`, whatever the schedule. Cosine and one-cycle begin after it.
    ///
    /// # Errors
    /// [`SpecError::OutOfRange`] if `epochs` is negative, or leaves nothing of a horizon that the schedule needs.
    pub fn with_warm_up(self, epochs: f64) -> Result<Self, SpecError> {
        let warm_up = require_not_negative("warm-up", epochs)?;
        if self.schedule.has_horizon() {
            require(
                "warm-up",
                warm_up,
                |x| x < self.horizon,
                "shorter than the run, with a cosine or one-cycle schedule",
            )?;
        }
        Ok(Self { warm_up, ..self })
    }

    /// The rules that go by epochs run `epochs` late: epoch `e` gets the rate of `max(e − epochs, 0)`. Runs that change
    /// their rate at the *end* of an epoch are repeated with a shift of 1.
    #[must_use]
    pub fn with_shift(self, epochs: u64) -> Self {
        Self { shift: epochs, ..self }
    }

    /// The schedule.
    #[must_use]
    pub fn schedule(&self) -> &Schedule {
        &self.schedule
    }

    /// The learning rate of the next update, with the state to ask with next time.
    ///
    /// `base` is an argument, so that a run can be given another base rate on its way.
    #[must_use]
    pub fn rate(&self, state: ScheduleState, base: f64, moment: Moment) -> (ScheduleState, f64) {
        let epoch = moment.epoch.saturating_sub(self.shift);
        let mut next = state;
        let factor = match &self.schedule {
            Schedule::Constant => 1.0,
            Schedule::InverseTime { rate, interval } => {
                let periods = epoch / interval.unwrap_or(1).max(1);
                1.0 / (1.0 + rate * periods as f64)
            }
            Schedule::Exponential { factor } => libm::pow(*factor, epoch as f64),
            Schedule::InverseSqrt { k } => k / (epoch as f64 + 1.0).sqrt(),
            Schedule::Staircase { steps } => {
                let passed = steps.iter().take_while(|(from, _)| *from <= epoch);
                passed.last().map_or(1.0, |(_, factor)| *factor)
            }
            Schedule::Cosine => falling(self.done(&moment)),
            Schedule::OneCycle => one_cycle(self.done(&moment)),
            Schedule::Plateau { factor, patience } => {
                next = state.judge(&moment, *factor, *patience);
                next.cut
            }
        };
        (next, base * factor * self.warm(&moment))
    }

    /// The part of the horizon, after the warm-up, that is done: 0 to just below 1.
    fn done(&self, moment: &Moment) -> f64 {
        let last = self.horizon - moment.step_length();
        let epochs = moment.epochs().min(last) - self.warm_up;
        (epochs / (self.horizon - self.warm_up)).max(0.0)
    }

    /// The factor of the warm-up: its first update is not lost, its last has the full rate.
    fn warm(&self, moment: &Moment) -> f64 {
        if self.warm_up == 0.0 {
            return 1.0;
        }
        ((moment.epochs() + moment.step_length()) / self.warm_up).min(1.0)
    }
}

/// Half a cosine, from 1 at `x = 0` to 0 at `x = 1`.
fn falling(x: f64) -> f64 {
    0.5 * (1.0 + libm::cos(PI * x))
}

fn one_cycle(x: f64) -> f64 {
    let (low, end) = (1.0 / ONE_CYCLE_START, 1.0 / (ONE_CYCLE_START * ONE_CYCLE_END));
    if x < ONE_CYCLE_RISE {
        1.0 + (low - 1.0) * falling(x / ONE_CYCLE_RISE)
    } else {
        end + (1.0 - end) * falling((x - ONE_CYCLE_RISE) / (1.0 - ONE_CYCLE_RISE))
    }
}

/// A [`Timetable`] as it lies in a file, not yet checked.
#[derive(Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
struct TimetableData {
    #[serde(default)]
    schedule: Schedule,
    horizon: f64,
    #[serde(default)]
    warm_up: f64,
    #[serde(default)]
    shift: u64,
}

impl TryFrom<TimetableData> for Timetable {
    type Error = SpecError;

    fn try_from(data: TimetableData) -> Result<Self, SpecError> {
        let timetable = Self::new(data.schedule, data.horizon)?;
        Ok(timetable.with_warm_up(data.warm_up)?.with_shift(data.shift))
    }
}
