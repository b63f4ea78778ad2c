//! A search by zoom and halving: waves of trials that go on from rung to rung.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use caviar_tune::{Ask, Outcome, Slice, Study, TrialState};

use super::leaders::share;
use super::parking::Parking;
use super::shelf::{Keeper, keep};
use super::stages::{Candidate, is_past};
use super::told::Told;
use super::{Hunt, uniform};
use crate::board::{Board, Event};
use crate::crew::{Teller, crew};
use crate::error::LabError;
use crate::ledger::{Fork, Left, Place, Stage, begins, running};
use crate::run::{End, Run};
use crate::space::shown;
use crate::train::{record, trial_event};

/// A slice that was trained.
struct Trained {
    slice: Slice,
    run: Run,
    candidate: Candidate,
    /// Whether an earlier process had trained it.
    is_known: bool,
}

/// What is to be done in a wave.
enum Job {
    Slice(Slice, Left),
    Fork(Box<Fork>),
}

/// What was done.
enum Done {
    Slice(Box<Trained>),
    Fork(Box<Candidate>),
}

/// All that was done in a wave; the study is told of the slices alone.
#[derive(Default)]
struct Wave {
    trained: Vec<Trained>,
    forks: Vec<Candidate>,
}

/// How fast trials are trained, the last waves counting most.
#[derive(Debug, Default)]
struct Pace {
    epochs: f64,
    seconds: f64,
}

impl Pace {
    fn add(&mut self, trained: &[Trained], elapsed: Duration) {
        let epochs = |trained: &Trained| trained.candidate.record.epochs.saturating_sub(trained.slice.from_epoch);
        // What an earlier process has done takes no time now.
        let epochs: u64 = trained.iter().filter(|trained| !trained.is_known).map(epochs).sum();
        if epochs > 0 {
            self.epochs = self.epochs / 2.0 + epochs as f64;
            self.seconds = self.seconds / 2.0 + elapsed.as_secs_f64();
        }
    }

    /// The epochs that there is time for.
    fn room(&self, time: Duration) -> u64 {
        (self.epochs / self.seconds.max(1e-9) * time.as_secs_f64()) as u64
    }
}

impl Hunt<'_> {
    /// All waves of a study, one after the other.
    ///
    /// A wave is done by all threads and told when all of it is done, so that no decision depends on the threads.
    pub(super) fn halve(&mut self, study: &mut Study, board: &mut dyn Board) -> Result<(), LabError> {
        let keeper = Mutex::new(Vec::new());
        let parking = Parking::new(self.parking_bytes, self.workers.ledger.folder("parked"));
        let mut left: BTreeMap<u64, Left> = BTreeMap::new();
        let mut pace = Pace::default();
        for wave in 1.. {
            let start = Instant::now();
            let Wave { trained, forks } = self.wave(study, board, &parking, &mut left, &keeper)?;
            for fork in forks {
                self.take(fork);
            }
            if trained.is_empty() {
                break;
            }
            pace.add(&trained, start.elapsed());
            for Trained { slice, run, candidate, is_known } in trained {
                let epochs = candidate.record.epochs;
                let outcome = match (candidate.record.score, &run.end) {
                    (_, End::Failed(_)) => Outcome::Failed { epochs },
                    (_, End::Diverged(_)) | (None, _) => Outcome::Diverged { epochs },
                    (Some(score), End::Cut | End::Left) => {
                        Outcome::Pruned { score: candidate.recipe.metric.cost(score), epochs }
                    }
                    (Some(score), End::Complete) => {
                        Outcome::Complete { score: candidate.recipe.metric.cost(score), epochs }
                    }
                };
                study.tell(slice.trial, outcome)?;
                if !is_known {
                    left.insert(slice.trial, parking.park(slice.trial, run.parked)?);
                }
                self.take(candidate);
            }
            self.stay()?;
            if let Some(deadline) = self.deadline(share(self.options)).filter(|_| self.options.is_timed()) {
                let room = pace.room(deadline.saturating_duration_since(Instant::now()));
                study.set_epochs_left(self.workers.ledger.room(wave, room)?);
            }
        }
        self.shelf = keeper.into_inner().unwrap_or_default();
        // What is kept is complete, wherever it stopped, or diverged afterwards.
        let Some(best) = self.shelf.first() else { return Ok(()) };
        if let Ok(place) = self.place_of(best.number) {
            let record = &mut self.records[place].record;
            (record.state, record.score) = (TrialState::Complete, Some(best.score));
            (record.best_epoch, record.diverged) = (best.best_epoch, None);
            board.post(&Event::Trial(trial_event(record)));
            self.write_trials([place].into_iter())?;
        }
        Ok(())
    }

    /// Trains all that can be trained before something is told, in the order of asking.
    fn wave(
        &self,
        study: &mut Study,
        board: &mut dyn Board,
        parking: &Parking,
        left: &mut BTreeMap<u64, Left>,
        keeper: &Mutex<Vec<Keeper>>,
    ) -> Result<Wave, LabError> {
        let deadline = self.deadline(share(self.options));
        let ledger = &self.workers.ledger;
        let last = study.rungs().last().copied().unwrap_or(0);
        let mut failure = None;
        let jobs = || {
            if let Some(fork) = self.next_fork(share(self.options)) {
                return Some(Job::Fork(fork));
            }
            let Ask::Train(slice) = study.ask(&uniform(self.options.seed)) else { return None };
            let key = Stage::Screen.key(slice.trial, 0);
            // What was begun is taken up, so that it counts as far as it came.
            let known = ledger.has_come_to(&key, slice.to_epoch)
                || match slice.from_epoch {
                    0 => ledger.has_reached(slice.trial),
                    from => ledger.went_beyond(&key, from),
                };
            // One trial at least, so that there is a winner.
            if slice.trial > 0 && !known && (self.workers.interrupt.is_set() || is_past(deadline)) {
                return None;
            }
            let parked = left.remove(&slice.trial).unwrap_or(Left::Nowhere);
            match parking.fetch(slice.trial, parked) {
                Ok(parked) => Some(Job::Slice(slice, parked)),
                Err(error) => {
                    failure = Some(error);
                    None
                }
            }
        };
        let work = |job: Job, teller: &Teller<'_>| match job {
            Job::Slice(slice, parked) => {
                let is_last = slice.to_epoch == last;
                self.slice(slice, parked, is_last, teller, keeper).map(|trained| Done::Slice(Box::new(trained)))
            }
            Job::Fork(fork) => {
                self.fork(&fork, share(self.options), teller, keeper).map(|fork| Done::Fork(Box::new(fork)))
            }
        };
        let done = crew(self.workers, board, jobs, work)?;
        if let Some(error) = failure {
            return Err(error);
        }
        let mut wave = Wave::default();
        for done in done {
            match done {
                Done::Slice(trained) => wave.trained.push(*trained),
                Done::Fork(fork) => wave.forks.push(*fork),
            }
        }
        wave.trained.sort_by_key(|trained| trained.slice.trial);
        Ok(wave)
    }

    /// Keeps a trial in its place.
    fn take(&mut self, candidate: Candidate) {
        match self.place_of(candidate.record.number) {
            Ok(place) => self.records[place] = candidate,
            Err(place) => self.records.insert(place, candidate),
        }
    }

    /// Trains a trial from one rung to the next.
    fn slice(
        &self,
        slice: Slice,
        parked: Left,
        is_last: bool,
        teller: &Teller<'_>,
        keeper: &Mutex<Vec<Keeper>>,
    ) -> Result<Trained, LabError> {
        let ledger = &self.workers.ledger;
        let number = slice.trial;
        let before = self.place_of(number).ok().map(|place| &self.records[place]);
        let recipe = self.recipe(number, &slice.params)?;
        let place = Place::rung(ledger, number, slice.to_epoch, parked).on(teller.worker);
        let is_known = place.ended(recipe.metric)?.is_some();
        if !is_known {
            let begins = begins(number, shown(&recipe));
            let record = before.map_or(&begins, |before| &before.record);
            ledger.put(self.entries(&running(record), &recipe, &slice.params))?;
        }
        let limits = self.limits(slice.to_epoch, self.patience(), self.deadline(share(self.options)), &place);
        // What was told before the rung is not told again.
        let mut told = Told {
            number,
            from_epoch: slice.from_epoch,
            teller,
            steering: self.workers.wishes.of(number, &self.workers.interrupt),
        };
        let mut run = self.run(self.ground.screen(), &recipe, 0, teller.threads, limits, &mut told)?;
        let mut record = record(number, shown(&recipe), &run);
        record.seconds += before.map_or(0.0, |before| before.record.seconds);
        if record.state == TrialState::Complete && !is_last {
            record.state = TrialState::Pruned;
        }
        teller.tell(Event::Trial(trial_event(&record)));
        let mut entries = std::mem::take(&mut run.closing);
        entries.extend(self.entries(&record, &recipe, &slice.params));
        match (record.score, run.weights.take(), &run.end) {
            (Some(score), Some(weights), End::Complete | End::Cut) => {
                let (cost, best_epoch) = (recipe.metric.cost(score), record.best_epoch);
                let new = Keeper { number, cost, score, best_epoch, weights };
                keep(keeper, new, ledger, entries)?;
            }
            _ => ledger.put(entries)?,
        }
        let divergence = run.end.divergence();
        let mean = run.curve.clone();
        let drawn = slice.params.clone();
        let candidate = Candidate { record, recipe, drawn, mean, until: slice.to_epoch, divergence, deals: Vec::new() };
        Ok(Trained { slice, run, candidate, is_known })
    }
}
