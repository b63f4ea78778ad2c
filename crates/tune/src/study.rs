use std::collections::{BTreeMap, VecDeque};

use crate::budget::Budget;
use crate::error::SearchError;
use crate::sampler::{Draws, Sampler, Uniform};
use crate::space::Space;
use crate::trial::{Outcome, Slice, Trial, TrialState};
use crate::value::Params;
use crate::zoom::{Step, Zoom};

/// The answer to [`Study::ask`].
#[derive(Debug, Clone, PartialEq)]
pub enum Ask {
    /// Train this.
    Train(Slice),
    /// Nothing before a trial that runs is told.
    Wait,
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
/// - **Convention:** scores are such that lower is better; the best of equal scores is the lower number. A sampler's
///   trials do not depend on results. Those of [`Study::zoom`] do, but not on the order in which they are told, nor on how
///   many slices are at work at a time.
///
/// See the crate's first page for an example.
#[derive(Debug, Clone)]
pub struct Study {
    draws: Draws,
    budget: Budget,
    zoom: Option<Zoom>,
    starts: VecDeque<Params>,
    trials: Vec<Trial>,
    closed: bool,
}

impl Study {
    /// A study of a space by a method within a budget.
    pub fn new(space: Space, sampler: Sampler, budget: Budget) -> Study {
        let draws = Draws::new(space, sampler);
        Study { draws, budget, zoom: None, starts: VecDeque::new(), trials: Vec::new(), closed: false }
    }

    /// A study by zoom and successive halving: many trials are begun, a third of them goes on at each rung, and later
    /// ones are drawn around the best.
    ///
    /// Rungs are a 27th, a 9th, a third and all of the epochs. Trials that were not trained in full are pruned; they may
    /// go on later, from where they stopped, if they turn out to be among the best.
    ///
    /// The budget of epochs pays each step between rungs when it starts. Without one, as many trials as there may be are
    /// begun, with about six epochs each where a full training has 50.
    pub fn zoom(space: Space, budget: Budget) -> Study {
        Study { zoom: Some(Zoom::new(budget)), ..Study::new(space, Sampler::Random, budget) }
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
        let step = match &mut self.zoom {
            Some(zoom) => zoom.next(&self.trials),
            None => self.budget.next(self.count()).map_or(Step::Done, Step::New),
        };
        match step {
            Step::New(until) => self.begin(until, uniform),
            Step::GoOn(trial, until) => self.go_on(trial, until),
            Step::Wait => Ask::Wait,
            Step::Done => Ask::Finished(End::BudgetSpent),
        }
    }

    fn begin(&mut self, until: u64, uniform: Uniform<'_>) -> Ask {
        let number = self.count();
        let Some(params) = self.next(number, uniform) else {
            return match &mut self.zoom {
                // Those that were begun may go on.
                Some(zoom) => {
                    zoom.withdrawn();
                    self.ask(uniform)
                }
                None => Ask::Finished(End::SpaceExhausted),
            };
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

    fn go_on(&mut self, number: u64, until: u64) -> Ask {
        match usize::try_from(number).ok().and_then(|place| self.trials.get_mut(place)) {
            Some(trial) => {
                (trial.state, trial.until) = (TrialState::Running, until);
                let (params, from_epoch) = (trial.params.clone(), trial.epochs);
                Ask::Train(Slice { trial: number, params, from_epoch, to_epoch: until })
            }
            None => Ask::Wait,
        }
    }

    /// The configuration of a new trial.
    fn next(&mut self, number: u64, uniform: Uniform<'_>) -> Option<Params> {
        let mut start = Some(Params::default());
        while start.is_some() {
            start = self.starts.pop_front();
            let begun = match (&mut self.zoom, &start) {
                (Some(zoom), start) => {
                    let empty = Params::default();
                    let start = start.as_ref().unwrap_or(&empty);
                    let space = self.draws.space().clone();
                    let place = |attempt| zoom.place(&space, start, (number, attempt), uniform);
                    let found = self.draws.placed(start, place);
                    found.map(|(params, place)| {
                        zoom.begun(place);
                        params
                    })
                }
                (None, Some(start)) => self.draws.complete(start, number, uniform),
                (None, None) => self.draws.next(number, uniform),
            };
            if begun.is_some() {
                return begun;
            }
        }
        None
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
        let last = self.rungs().last().copied().unwrap_or(0);
        let trial = self.find(trial, TrialState::Running)?;
        let is_complete = matches!(outcome, Outcome::Complete { .. });
        let (state, score, epochs) = match outcome {
            // At a rung where others may do better.
            Outcome::Complete { score, epochs } if trial.until < last => (TrialState::Pruned, Some(score), epochs),
            Outcome::Complete { score, epochs } => (TrialState::Complete, Some(score), epochs),
            Outcome::Pruned { score, epochs } => (TrialState::Pruned, Some(score), epochs),
            Outcome::Failed { epochs } => (TrialState::Failed, None, epochs),
            Outcome::Diverged { epochs } => (TrialState::Diverged, None, epochs),
            Outcome::Paused { epochs } => (TrialState::Paused, None, epochs),
        };
        trial.epochs = epochs;
        trial.score = score.filter(|score| score.is_finite());
        trial.state = if score.is_some() && trial.score.is_none() { TrialState::Diverged } else { state };
        let (number, until, score) = (trial.number, trial.until, trial.score.filter(|_| is_complete));
        if let Some(zoom) = &mut self.zoom {
            zoom.told(number, until, score);
        }
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

    /// A study as [`Study::zoom`] for a budget that becomes known while it is used, such as a time: whenever `ask` answers
    /// [`Ask::Wait`] and nothing runs, [`set_epochs_left`](Study::set_epochs_left) says how much is left. It begins with a
    /// few trials, so that this can be measured early.
    pub fn zoom_in_time(space: Space, budget: Budget) -> Study {
        Study { zoom: Some(Zoom::timed(budget)), ..Study::new(space, Sampler::Random, budget) }
    }

    /// Says how many epochs are left, after those that are paid already. Without halving it changes nothing.
    pub fn set_epochs_left(&mut self, epochs: u64) {
        if let Some(zoom) = &mut self.zoom {
            zoom.set_epochs_left(epochs);
        }
    }

    /// Asks for no further trials, as when the time is up; those that run may still be told.
    pub fn close(&mut self) {
        self.closed = true;
    }

    /// The space that is searched.
    pub fn space(&self) -> &Space {
        self.draws.space()
    }

    /// The epochs at which trials are compared, the last of them all; none without halving.
    pub fn rungs(&self) -> &[u64] {
        self.zoom.as_ref().map_or(&[], Zoom::rungs)
    }

    /// About how many epochs all trials together will be trained; nothing without halving.
    pub fn planned_epochs(&self) -> Option<u64> {
        self.zoom.as_ref().map(Zoom::planned)
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
