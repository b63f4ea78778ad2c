use serde::{Deserialize, Serialize};

use crate::error::SearchError;

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

    /// The most trials.
    pub(crate) fn most_trials(self) -> u64 {
        self.trials
    }

    /// The most epochs of a trial.
    pub(crate) fn most_epochs(self) -> u64 {
        self.total_epochs.map_or(self.epochs, |total| self.epochs.min(total))
    }

    /// The most epochs of all trials together.
    pub(crate) fn total_epochs(self) -> Option<u64> {
        self.total_epochs
    }

    /// The epochs of the next trial after so many, each paid in full; `None` when it cannot be paid.
    pub(crate) fn next(&self, trials: u64) -> Option<u64> {
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
