//! Doing what a person asks of a running network, or of several that are trained in step.

use std::collections::VecDeque;

use caviar_engine::Real;
use caviar_engine::train::{BatchSize, Change, Progress, Snapshot, Trainer};

use crate::company::Company;
use crate::error::{Divergence, LabError};
use crate::ledger::{Birth, write_snapshot};
use crate::steering::{Halt, Steer, Steered};

/// Changes that can be undone: each keeps a copy of the network's state.
const DEPTH: usize = 16;

/// Where a run goes after it was steered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Course {
    /// On with the next step.
    On,
    /// On from an earlier step.
    Back,
    /// On from its beginning, with all that was asked for so far.
    Anew,
    /// To its end.
    Stop,
    /// Nobody answered.
    Adrift,
}

/// Steers a network, or several in step as one: what is asked for is done to all of them or to none. Keeps what is needed
/// to undo.
///
/// Several stand at the beginning of an epoch then. What is said of one, such as the rate that was in force, is said of
/// the first.
pub(crate) struct Helm<T> {
    kept: VecDeque<(Vec<Snapshot<T>>, Change)>,
}

impl<T: Real> Helm<T> {
    pub(crate) fn new() -> Self {
        Helm { kept: VecDeque::new() }
    }

    /// Does all that is asked for before the next step.
    pub(crate) fn obey(&mut self, members: &mut [Trainer<T>], company: &mut dyn Company) -> Result<Course, LabError> {
        let mut course = Course::On;
        let mut paused = false;
        loop {
            let Some(first) = members.first() else { return Ok(course) };
            let at = first.progress();
            let wish = if paused { company.wait(at.steps, Halt::Paused) } else { company.next(at) };
            match wish {
                None => return Ok(course),
                Some(Steer::Pause) if paused => {}
                Some(Steer::Continue) if !paused => {}
                Some(Steer::Pause) => {
                    paused = true;
                    tell(first, company, Steered::Paused);
                }
                Some(Steer::Continue) => {
                    paused = false;
                    tell(first, company, Steered::Continued);
                }
                Some(wish) => match self.answer(members, company, wish)? {
                    end @ (Course::Stop | Course::Anew) => return Ok(end),
                    Course::Back => course = Course::Back,
                    Course::On | Course::Adrift => {}
                },
            }
        }
    }

    /// Waits for help with a loss that is not finite, until the step is to be tried again.
    pub(crate) fn rescue(
        &mut self,
        trainer: &mut Trainer<T>,
        company: &mut dyn Company,
        divergence: &Divergence,
    ) -> Result<Course, LabError> {
        loop {
            let steps = trainer.progress().steps;
            match company.wait(steps, Halt::Diverged(divergence)) {
                None => return Ok(Course::Adrift),
                Some(Steer::Pause) => {}
                Some(Steer::Continue) => return Ok(Course::On),
                Some(wish) => match self.answer(std::slice::from_mut(trainer), company, wish)? {
                    left @ (Course::Stop | Course::Back | Course::Anew) => return Ok(left),
                    Course::On | Course::Adrift => {}
                },
            }
        }
    }

    /// Does one thing and tells of it.
    fn answer(
        &mut self,
        members: &mut [Trainer<T>],
        company: &mut dyn Company,
        wish: Steer,
    ) -> Result<Course, LabError> {
        let (steered, course) = match wish {
            Steer::Set(change) => (self.set(members, change)?, Course::On),
            Steer::Scale(factor) => {
                let rate = members.first().map_or(f64::NAN, Trainer::learning_rate);
                (self.set(members, Change::LearningRate(rate * factor))?, Course::On)
            }
            // What was changed before this process took the run up is found by going there again.
            Steer::Undo if self.kept.is_empty() && company.can_begin_anew() => return Ok(Course::Anew),
            Steer::Undo => self.undo(members)?,
            Steer::Stop => (Steered::Stopped, Course::Stop),
            Steer::Fork(changes) => (fork(members, company, changes)?, Course::On),
            Steer::Pause | Steer::Continue => return Ok(Course::On),
        };
        if let Some(first) = members.first() {
            tell(first, company, steered);
        }
        Ok(course)
    }

    fn set(&mut self, members: &mut [Trainer<T>], change: Change) -> Result<Steered, LabError> {
        let before = snapshots(members)?;
        let from = members.first().map_or_else(|| change.clone(), |first| in_force(first, &change));
        if let Some(rule) = change_all(members, &change) {
            restore_all(members, &before)?;
            return Ok(Steered::Refused { wish: change.to_string(), rule });
        }
        if self.kept.len() == DEPTH {
            self.kept.pop_front();
        }
        self.kept.push_back((before, change.clone()));
        Ok(Steered::Changed { change, from })
    }

    fn undo(&mut self, members: &mut [Trainer<T>]) -> Result<(Steered, Course), LabError> {
        let Some((before, change)) = self.kept.pop_back() else {
            let rule = "there is no change left to take back".to_owned();
            return Ok((Steered::Refused { wish: "undo".to_owned(), rule }, Course::On));
        };
        let left = members.first().map_or(0, |first| first.progress().steps) + 1;
        restore_all(members, &before)?;
        Ok((Steered::Undone { change, left }, Course::Back))
    }
}

/// Makes a trial of its own that goes on from here with changes; this one goes on as it is.
fn fork<T: Real>(
    members: &mut [Trainer<T>],
    company: &mut dyn Company,
    changes: Vec<Change>,
) -> Result<Steered, LabError> {
    let here = snapshots(members)?;
    let refused = changes.iter().find_map(|change| Some((change, change_all(members, change)?)));
    let births = snapshots(members)?;
    if !changes.is_empty() {
        restore_all(members, &here)?;
    }
    if let Some((change, rule)) = refused {
        return Ok(Steered::Refused { wish: format!("fork with {change}"), rule });
    }
    let Some(Progress { epoch, steps, .. }) = members.first().map(|first| first.progress().clone()) else {
        return Err(LabError::Worker);
    };
    let bytes = births.into_iter().map(|birth| write_snapshot(birth).map_err(|_| LabError::Worker));
    let birth = Birth { changes: changes.clone(), epoch, steps, snapshots: bytes.collect::<Result<_, _>>()? };
    Ok(match company.fork(birth)? {
        Ok(fork) => Steered::Forked { fork, changes },
        Err(rule) => Steered::Refused { wish: "fork".to_owned(), rule: rule.to_owned() },
    })
}

fn snapshots<T: Real>(members: &mut [Trainer<T>]) -> Result<Vec<Snapshot<T>>, LabError> {
    members.iter_mut().map(|trainer| Ok(trainer.snapshot()?)).collect()
}

fn restore_all<T: Real>(members: &mut [Trainer<T>], snapshots: &[Snapshot<T>]) -> Result<(), LabError> {
    members.iter_mut().zip(snapshots).try_for_each(|(trainer, snapshot)| Ok(trainer.restore(snapshot)?))
}

/// Changes one after the other, up to the first that refuses; by which rule it does.
fn change_all<T: Real>(members: &mut [Trainer<T>], change: &Change) -> Option<String> {
    members.iter_mut().find_map(|trainer| Some(trainer.change(change).err()?.to_string()))
}

fn tell<T: Real>(trainer: &Trainer<T>, company: &mut dyn Company, steered: Steered) {
    let progress = trainer.progress();
    company.steered(progress.epoch, progress.steps + 1, steered);
}

/// What a change would replace.
fn in_force<T: Real>(trainer: &Trainer<T>, change: &Change) -> Change {
    let spec = trainer.spec();
    let settings = &spec.minimizer.settings;
    match change {
        Change::LearningRate(_) => Change::LearningRate(trainer.learning_rate()),
        Change::Schedule(_) => Change::Schedule(spec.timetable.schedule().clone()),
        Change::Beta(_) => Change::Beta(settings.beta),
        Change::Beta1(_) => Change::Beta1(settings.beta1),
        Change::Beta2(_) => Change::Beta2(settings.beta2),
        Change::Epsilon(_) => Change::Epsilon(settings.epsilon),
        Change::L2(_) => Change::L2(spec.l2),
        Change::WeightDecay(_) => Change::WeightDecay(settings.weight_decay),
        Change::ClipNorm(_) => Change::ClipNorm(settings.clip_norm),
        Change::ClipValue(_) => Change::ClipValue(settings.clip_value),
        Change::Dropout(_) => Change::Dropout(spec.drop_prob),
        Change::BatchSize(_) => Change::BatchSize(match spec.batch_size {
            BatchSize::Rows(rows) => rows,
            BatchSize::Full => trainer.rows(),
        }),
        Change::Optimizer(_) => Change::Optimizer(spec.minimizer.optimizer),
        Change::Epochs(_) => Change::Epochs(spec.epochs),
    }
}
