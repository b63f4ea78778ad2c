use std::collections::{BTreeMap, VecDeque};
use std::fmt;

use serde::{Deserialize, Serialize};

use crate::error::SearchError;
use crate::sampler::{Draws, Sampler, Uniform};
use crate::space::Space;
use crate::value::Params;

/// How much a study may train.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Budget {
    trials: u64,
    epochs: u64,
    total_epochs: Option<u64>,
}

impl Budget {
    /// So many trials, each of so many epochs.
    ///
    /// - **Errors:** [`SearchError::EmptyBudget`] unless both are at least 1.
    pub fn trials(trials: u64, epochs: u64) -> Result<Budget, SearchError> {
        match trials.min(epochs) {
            0 => Err(SearchError::EmptyBudget { trials, epochs }),
            _ => Ok(Budget { trials, epochs, total_epochs: None }),
        }
    }

    /// The same with a limit to the epochs of all trials together.
    ///
    /// - **Convention:** a trial is paid in full when it starts, also if it ends early, so that the number of trials
    ///   does not depend on which result comes first. A trial that cannot be paid does not start; only where not even
    ///   the first one can be, it gets the epochs that there are.
    /// - **Errors:** [`SearchError::EmptyBudget`] for 0.
    pub fn with_total_epochs(self, total: u64) -> Result<Budget, SearchError> {
        match total {
            0 => Err(SearchError::EmptyBudget { trials: self.trials, epochs: total }),
            _ => Ok(Budget { total_epochs: Some(total), ..self }),
        }
    }

    /// The epochs of the next trial after so many, each paid in full; `None` when it cannot be paid.
    fn next(&self, trials: u64) -> Option<u64> {
        if trials >= self.trials {
            return None;
        }
        let Some(total) = self.total_epochs else { return Some(self.epochs) };
        if trials == 0 {
            return Some(self.epochs.min(total));
        }
        let paid = self.epochs.saturating_mul(trials + 1);
        (paid <= total).then_some(self.epochs)
    }
}

/// What a trial is doing, or how it ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TrialState {
    /// Asked for, not yet told.
    Running,
    /// Trained to its end.
    Complete,
    /// Stopped early because others did better.
    Pruned,
    /// Ended by an error.
    Failed,
    /// Ended because a loss or a score was not finite.
    Diverged,
    /// Stopped by hand; it may go on.
    Paused,
}

impl fmt::Display for TrialState {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(match self {
            TrialState::Running => "running",
            TrialState::Complete => "complete",
            TrialState::Pruned => "pruned",
            TrialState::Failed => "failed",
            TrialState::Diverged => "diverged",
            TrialState::Paused => "paused",
        })
    }
}

/// How a slice of training ended.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum Outcome {
    /// Trained to its end, or to where patience ended it.
    Complete {
        /// Of the weights that are kept; lower is better. One that is not finite makes the trial diverged.
        score: f64,
        /// Epochs trained in all.
        epochs: u64,
    },
    /// Stopped early because others did better.
    Pruned {
        /// Of the weights that are kept; lower is better.
        score: f64,
        /// Epochs trained in all.
        epochs: u64,
    },
    /// Ended by an error.
    Failed {
        /// Epochs trained in all.
        epochs: u64,
    },
    /// Ended because a loss was not finite.
    Diverged {
        /// Epochs trained in all.
        epochs: u64,
    },
    /// Stopped by hand; it may go on.
    Paused {
        /// Epochs trained in all.
        epochs: u64,
    },
}

/// One configuration and what became of it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Trial {
    /// Its number, counted from 0 in the order of asking.
    pub number: u64,
    /// Its configuration, without the fixed values.
    pub params: Params,
    /// What it is doing, or how it ended.
    pub state: TrialState,
    /// The score told at its end; lower is better.
    pub score: Option<f64>,
    /// Epochs trained so far, as far as told.
    pub epochs: u64,
    /// Up to how many epochs it was asked to train.
    pub until: u64,
    /// The finite scores reported while it trained, by epoch.
    pub curve: BTreeMap<u64, f64>,
}

/// A piece of training to be done: a trial from one epoch up to another.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Slice {
    /// The trial's number.
    pub trial: u64,
    /// Its configuration, without the fixed values.
    pub params: Params,
    /// Epochs that it has behind it.
    pub from_epoch: u64,
    /// Epochs that it shall have behind it afterwards.
    pub to_epoch: u64,
}

/// The answer to [`Study::ask`].
#[derive(Debug, Clone, PartialEq)]
pub enum Ask {
    /// Train this.
    Train(Slice),
    /// Nothing further will come; trials that run may still be told.
    Finished(End),
}

/// Why nothing further will come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// The budget is spent.
    BudgetSpent,
    /// Every configuration of the space, or of the grid, was had.
    SpaceExhausted,
    /// [`Study::close`] was called.
    Closed,
}

/// A search as a state machine: ask what to train, report scores, tell how it ended.
///
/// - **Convention:** scores are such that lower is better. The same calls of `ask` get the same trials, whatever is
///   reported and told in between and in whatever order; the best of equal scores is the lower number.
///
/// See the crate's first page for an example.
#[derive(Debug, Clone)]
pub struct Study {
    draws: Draws,
    budget: Budget,
    starts: VecDeque<Params>,
    trials: Vec<Trial>,
    closed: bool,
}

impl Study {
    /// A study of a space by a method within a budget.
    pub fn new(space: Space, sampler: Sampler, budget: Budget) -> Study {
        Study { draws: Draws::new(space, sampler), budget, starts: VecDeque::new(), trials: Vec::new(), closed: false }
    }

    /// Adds a point to start from, after those that were added before; what it leaves out is drawn.
    ///
    /// A point that gives a configuration for the second time is passed over.
    ///
    /// - **Errors:** those of [`Space::check_start`]; [`SearchError::AlreadyStarted`] once a trial exists.
    pub fn enqueue(&mut self, point: &Params) -> Result<(), SearchError> {
        if !self.trials.is_empty() {
            return Err(SearchError::AlreadyStarted { trials: self.count() });
        }
        let point = self.draws.space().check_start(point)?;
        self.starts.push_back(point);
        Ok(())
    }

    /// What to train next; `uniform` must be the same function for the whole study.
    pub fn ask(&mut self, uniform: Uniform<'_>) -> Ask {
        if self.closed {
            return Ask::Finished(End::Closed);
        }
        let Some(until) = self.budget.next(self.count()) else {
            return Ask::Finished(End::BudgetSpent);
        };
        let number = self.count();
        let mut params = None;
        while let Some(start) = self.starts.pop_front() {
            params = self.draws.complete(&start, number, uniform);
            if params.is_some() {
                break;
            }
        }
        let Some(params) = params.or_else(|| self.draws.next(number, uniform)) else {
            return Ask::Finished(End::SpaceExhausted);
        };
        self.trials.push(Trial {
            number,
            params: params.clone(),
            state: TrialState::Running,
            score: None,
            epochs: 0,
            until,
            curve: BTreeMap::new(),
        });
        Ask::Train(Slice { trial: number, params, from_epoch: 0, to_epoch: until })
    }

    /// Records the score of a running trial after an epoch (counted from 0); one that is not finite is left out.
    ///
    /// - **Errors:** [`SearchError::UnknownTrial`]; [`SearchError::WrongState`] unless it is running.
    pub fn report(&mut self, trial: u64, epoch: u64, score: f64) -> Result<(), SearchError> {
        let trial = self.find(trial, TrialState::Running)?;
        trial.epochs = trial.epochs.max(epoch.saturating_add(1));
        if score.is_finite() {
            trial.curve.insert(epoch, score);
        }
        Ok(())
    }

    /// Records how a running trial ended.
    ///
    /// - **Errors:** [`SearchError::UnknownTrial`]; [`SearchError::WrongState`] unless it is running.
    pub fn tell(&mut self, trial: u64, outcome: Outcome) -> Result<(), SearchError> {
        let trial = self.find(trial, TrialState::Running)?;
        let (state, score, epochs) = match outcome {
            Outcome::Complete { score, epochs } => (TrialState::Complete, Some(score), epochs),
            Outcome::Pruned { score, epochs } => (TrialState::Pruned, Some(score), epochs),
            Outcome::Failed { epochs } => (TrialState::Failed, None, epochs),
            Outcome::Diverged { epochs } => (TrialState::Diverged, None, epochs),
            Outcome::Paused { epochs } => (TrialState::Paused, None, epochs),
        };
        trial.epochs = epochs;
        trial.score = score.filter(|score| score.is_finite());
        trial.state = if score.is_some() && trial.score.is_none() { TrialState::Diverged } else { state };
        Ok(())
    }

    /// Lets a paused trial go on to where it was asked to train.
    ///
    /// - **Errors:** [`SearchError::UnknownTrial`]; [`SearchError::WrongState`] unless it is paused.
    pub fn resume(&mut self, trial: u64) -> Result<Slice, SearchError> {
        let trial = self.find(trial, TrialState::Paused)?;
        trial.state = TrialState::Running;
        let (from_epoch, to_epoch) = (trial.epochs, trial.until);
        Ok(Slice { trial: trial.number, params: trial.params.clone(), from_epoch, to_epoch })
    }

    /// Asks for no further trials, as when the time is up; those that run may still be told.
    pub fn close(&mut self) {
        self.closed = true;
    }

    /// The space that is searched.
    pub fn space(&self) -> &Space {
        self.draws.space()
    }

    /// All trials by number.
    pub fn trials(&self) -> &[Trial] {
        &self.trials
    }

    /// The complete trials, the lowest score first, of equal scores the lower number.
    pub fn leaderboard(&self) -> Vec<&Trial> {
        let mut leaders: Vec<(f64, &Trial)> = self
            .trials
            .iter()
            .filter(|trial| trial.state == TrialState::Complete)
            .filter_map(|trial| trial.score.map(|score| (score + 0.0, trial)))
            .collect();
        // The sort is stable and trials come by number.
        leaders.sort_by(|(left, _), (right, _)| left.total_cmp(right));
        leaders.into_iter().map(|(_, trial)| trial).collect()
    }

    /// The first of the leaderboard; `None` while no trial is complete.
    pub fn best(&self) -> Option<&Trial> {
        self.leaderboard().first().copied()
    }

    fn count(&self) -> u64 {
        self.trials.len() as u64
    }

    fn find(&mut self, number: u64, wanted: TrialState) -> Result<&mut Trial, SearchError> {
        let trials = self.count();
        let trial = usize::try_from(number).ok().and_then(|place| self.trials.get_mut(place));
        let trial = trial.ok_or(SearchError::UnknownTrial { trial: number, trials })?;
        if trial.state == wanted {
            Ok(trial)
        } else {
            Err(SearchError::WrongState { trial: number, state: trial.state, wanted })
        }
    }
}
