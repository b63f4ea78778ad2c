//! A study whose trials are done by whoever asks: a configuration goes out, scores come in.

mod plan;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::path::Path;
use std::time::{Duration, Instant};

use caviar_engine::rng::{Purpose, derive};
use caviar_store::study::{Entry, RunKey, RunRow, StudyState};
use caviar_tune::{Ask, Outcome, Params, Slice, Study, TrialState};
use serde::{Deserialize, Serialize};

use crate::error::LabError;
use crate::figures::Figures;
use crate::finished::{CurvePoint, TrialRecord};
use crate::ledger::{Ledger, Stage, StudyAbout, begins, optuna_entry, stretch, trial_entry};
use crate::recipe::Recipe;
use crate::study::{ASKED, StudyView};
use crate::tune::uniform;
pub use plan::AskPlan;

/// What is reported is written after this at the latest, when more is reported.
const PERIOD: Duration = Duration::from_secs(1);

/// A study of whatever the caller measures, in the file of a study of networks: the leaderboard, what mattered and
/// Optuna's tables are the same.
///
/// Trials are thinned out by halving where a trial has several epochs: each is asked for up to a rung, and the better ones
/// again, from there to the next. Opened again, a study goes on with the same configurations; those that were never told
/// are given out once more.
#[derive(Debug)]
pub struct AskedStudy {
    plan: AskPlan,
    ledger: Ledger,
    search: Study,
    trials: BTreeMap<u64, Asked>,
    /// What earlier processes were told: a trial on its way to so many epochs.
    told: BTreeMap<(u64, u64), Told>,
}

/// What is to be done for a trial.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Order {
    /// Its number, from 0.
    pub trial: u64,
    /// Its configuration.
    pub params: Params,
    /// A seed of its own, for what is drawn in it; it has 53 bits.
    pub seed: u64,
    /// Epochs done before.
    pub from_epoch: u64,
    /// Epochs that it is to have when it is told.
    pub to_epoch: u64,
}

/// A trial, as far as it is.
#[derive(Debug)]
struct Asked {
    record: TrialRecord,
    drawn: Params,
    recipe: Recipe,
    until: u64,
    began: Instant,
    /// Points of the curve that are not written yet, and since when.
    unsaved: Vec<CurvePoint>,
    saved: Instant,
}

/// How a slice ended, as it is kept beside its run.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
struct Told {
    /// Nothing for a trial that failed.
    score: Option<f64>,
    epochs: u64,
    failed: bool,
}

impl AskedStudy {
    /// A new study.
    ///
    /// # Errors
    /// A plan that makes no sense; a file that is there already; what the operating system says.
    pub fn create(path: &Path, plan: AskPlan) -> Result<AskedStudy, LabError> {
        let search = plan.search()?;
        let about = StudyAbout {
            command: ASKED.to_owned(),
            metric: plan.metric(),
            trials: Some(plan.trials),
            epochs: plan.epochs,
        };
        let config = serde_json::to_string(&plan).unwrap_or_default();
        let ledger = Ledger::create(path, &about, ASKED, &config, &[])?;
        ledger.put(vec![Entry::OptunaStudy { maximize: plan.maximize }])?;
        Ok(AskedStudy { plan, ledger, search, trials: BTreeMap::new(), told: BTreeMap::new() })
    }

    /// A study that goes on.
    ///
    /// # Errors
    /// [`LabError::NotAsked`] for a study of networks; a file that is no study, or in other hands.
    pub fn open(path: &Path) -> Result<AskedStudy, LabError> {
        let view = StudyView::open(path)?;
        if view.about.command != ASKED {
            return Err(LabError::NotAsked { path: view.path });
        }
        let ledger = Ledger::open(&view.path)?;
        let damaged = |error: serde_json::Error| ledger.damaged(&format!("its plan: {error}"));
        let plan: AskPlan = serde_json::from_str(&view.config).map_err(damaged)?;
        let mut told = BTreeMap::new();
        for row in ledger.ended_runs(Stage::Told) {
            let end = row.details.as_deref().unwrap_or_default();
            let end = serde_json::from_str(end).map_err(|error| ledger.damaged(&format!("a score: {error}")))?;
            told.insert((row.key.trial, row.key.part), end);
        }
        Ok(AskedStudy { search: plan.search()?, plan, ledger, trials: BTreeMap::new(), told })
    }

    /// By what the study goes.
    pub fn plan(&self) -> &AskPlan {
        &self.plan
    }

    /// What to do next; nothing where all is done.
    ///
    /// # Errors
    /// [`LabError::Waits`] where a trial that was given out must be told first; what the operating system says.
    pub fn ask(&mut self) -> Result<Option<Order>, LabError> {
        loop {
            let slice = match self.search.ask(&uniform(self.plan.seed)) {
                Ask::Train(slice) => slice,
                Ask::Wait => return Err(LabError::Waits { running: self.running() }),
                Ask::Finished(_) => {
                    if self.running().is_empty() {
                        self.ledger.end(StudyState::Finished, None)?;
                    }
                    return Ok(None);
                }
            };
            let order = self.begin(&slice);
            match self.told.remove(&(slice.trial, slice.to_epoch)) {
                Some(told) => self.take(slice.trial, told)?,
                None => {
                    self.take_up(slice.trial)?;
                    return Ok(Some(order));
                }
            }
        }
    }

    /// Takes the value of an epoch of a running trial; whether the trial has come to where it is told. Without a number it
    /// is the next epoch; the value of one that is known already, of a trial that is done anew, changes nothing.
    ///
    /// # Errors
    /// A trial that does not run; an epoch beyond the next one, or beyond where it is to be told.
    pub fn report(&mut self, trial: u64, epoch: Option<u64>, value: f64) -> Result<bool, LabError> {
        let metric = self.plan.metric();
        let asked = self.find(trial)?;
        let next = asked.record.curve.len() as u64;
        let epoch = epoch.unwrap_or(next);
        if epoch > next || epoch >= asked.until {
            return Err(LabError::EpochOrder { trial, got: epoch, next, until: asked.until });
        }
        if epoch == next {
            let validation = Some(Figures::from_pairs(vec![(metric, value)]));
            let (train_loss, last_batch_loss, learning_rate) = (value, value, f64::NAN);
            let point = CurvePoint { epoch, train_loss, last_batch_loss, validation, learning_rate };
            asked.record.curve.push(point.clone());
            asked.unsaved.push(point);
            if asked.saved.elapsed() >= PERIOD {
                let slice = asked.stretch(trial);
                self.ledger.put(slice)?;
            }
            self.search.report(trial, epoch, metric.cost(value))?;
        }
        Ok(epoch + 1 >= self.find(trial)?.until)
    }

    /// Takes the score of a running trial, or, without one, the best that was reported of it. One that is not finite makes
    /// the trial diverged.
    ///
    /// # Errors
    /// A trial that does not run; no score, neither now nor before.
    pub fn tell(&mut self, trial: u64, score: Option<f64>) -> Result<(), LabError> {
        let metric = self.plan.metric();
        let asked = self.find(trial)?;
        let reported = asked.record.curve.iter().map(|point| point.train_loss).filter(|value| value.is_finite());
        let best = reported.min_by(|a, b| metric.cost(*a).total_cmp(&metric.cost(*b)));
        let score = score.or(best).ok_or(LabError::NoScore { trial })?;
        let epochs = match asked.record.curve.len() as u64 {
            0 => asked.until,
            reported => reported,
        };
        self.end(trial, Told { score: Some(score).filter(|score| score.is_finite()), epochs, failed: false })
    }

    /// That a running trial failed.
    ///
    /// # Errors
    /// A trial that does not run.
    pub fn fail(&mut self, trial: u64) -> Result<(), LabError> {
        let epochs = self.find(trial)?.record.curve.len() as u64;
        self.end(trial, Told { score: None, epochs, failed: true })
    }

    /// Leaves the study, to go on another time.
    ///
    /// # Errors
    /// What the operating system says.
    pub fn close(mut self) -> Result<(), LabError> {
        let unsaved: Vec<Entry> = self.trials.iter_mut().flat_map(|(number, asked)| asked.stretch(*number)).collect();
        self.ledger.put(unsaved)?;
        let is_done =
            matches!(self.search.ask(&uniform(self.plan.seed)), Ask::Finished(_)) && self.running().is_empty();
        self.ledger.end(if is_done { StudyState::Finished } else { StudyState::Stopped }, None)
    }

    fn running(&self) -> Vec<u64> {
        let runs = |asked: &&Asked| asked.record.state == TrialState::Running;
        self.trials.values().filter(runs).map(|asked| asked.record.number).collect()
    }

    fn find(&mut self, trial: u64) -> Result<&mut Asked, LabError> {
        let trials = self.trials.len() as u64;
        match self.trials.get_mut(&trial) {
            Some(asked) if asked.record.state == TrialState::Running => Ok(asked),
            Some(asked) => Err(LabError::NotRunning { trial, state: asked.record.state }),
            None => Err(LabError::UnknownTrial { trial, trials }),
        }
    }

    /// A trial goes to a rung.
    fn begin(&mut self, slice: &Slice) -> Order {
        let seed = derive(self.plan.seed, Purpose::Trial, slice.trial) >> 11;
        let params = self.plan.named(&slice.params);
        let now = Instant::now();
        let asked = self.trials.entry(slice.trial).or_insert_with(|| Asked {
            record: begins(slice.trial, params.clone()),
            drawn: slice.params.clone(),
            recipe: Recipe { seed, metric: self.plan.metric(), epochs: self.plan.epochs, ..Recipe::default() },
            until: 0,
            began: now,
            unsaved: Vec::new(),
            saved: now,
        });
        (asked.record.state, asked.until, asked.began) = (TrialState::Running, slice.to_epoch, now);
        Order { trial: slice.trial, params, seed, from_epoch: slice.from_epoch, to_epoch: slice.to_epoch }
    }

    /// Writes down that a trial runs; epochs that an earlier process heard of without the end are forgotten.
    fn take_up(&mut self, trial: u64) -> Result<(), LabError> {
        let key = Stage::Screen.key(trial, 0);
        let known = self.ledger.curve_of(&key).len();
        let asked = self.find(trial)?;
        let mut entries = Vec::new();
        if known > asked.record.curve.len() {
            entries.push(Entry::Restart(key));
            asked.unsaved.clone_from(&asked.record.curve);
            entries.extend(asked.stretch(trial));
        }
        entries.extend(self.rows(trial));
        self.ledger.put(entries)
    }

    fn end(&mut self, trial: u64, told: Told) -> Result<(), LabError> {
        let asked = self.find(trial)?;
        asked.record.seconds += asked.began.elapsed().as_secs_f64();
        let key = Stage::Told.key(trial, asked.until);
        let mut entries = asked.stretch(trial);
        self.take(trial, told)?;
        let details = serde_json::to_string(&told).ok();
        let row = RunRow { key, ended: "complete".to_owned(), steps: told.epochs, seconds: 0.0, details };
        entries.push(Entry::Run(row));
        entries.extend(self.rows(trial));
        self.ledger.put(entries)
    }

    /// What a trial is after it was told.
    fn take(&mut self, trial: u64, told: Told) -> Result<(), LabError> {
        let (metric, epochs) = (self.plan.metric(), told.epochs);
        let outcome = match told {
            Told { failed: true, .. } => Outcome::Failed { epochs },
            Told { score: Some(score), .. } => Outcome::Complete { score: metric.cost(score), epochs },
            Told { score: None, .. } => Outcome::Diverged { epochs },
        };
        self.search.tell(trial, outcome)?;
        let state = self.search.trials().iter().find(|other| other.number == trial).map(|other| other.state);
        let known = self.ledger.curve_of(&Stage::Screen.key(trial, 0));
        let known: Vec<CurvePoint> =
            known.iter().take(usize::try_from(epochs).unwrap_or(usize::MAX)).cloned().collect();
        let asked = self.find(trial)?;
        if asked.record.curve.len() < known.len() {
            asked.record.curve = known;
        }
        asked.record.score = told.score;
        asked.record.epochs = epochs;
        asked.record.state = state.unwrap_or(TrialState::Failed);
        Ok(())
    }

    /// A trial as it stands, for us and for Optuna.
    fn rows(&self, trial: u64) -> Vec<Entry> {
        let Some(Asked { record, recipe, drawn, .. }) = self.trials.get(&trial) else { return Vec::new() };
        let rungs = self.search.rungs();
        vec![trial_entry(record, recipe), optuna_entry(self.search.space(), rungs, record, recipe, drawn)]
    }
}

impl Asked {
    /// The points that are not written yet.
    fn stretch(&mut self, trial: u64) -> Vec<Entry> {
        self.saved = Instant::now();
        let key: RunKey = Stage::Screen.key(trial, 0);
        stretch(&key, &std::mem::take(&mut self.unsaved)).map(Entry::Slice).into_iter().collect()
    }
}
