//! Doing what a person asks of a running network.

use std::collections::VecDeque;

use caviar_engine::Real;
use caviar_engine::train::{BatchSize, Change, Progress, Snapshot, Trainer};

use crate::error::{Divergence, LabError};
use crate::ledger::{Birth, write_snapshot};
use crate::run::Company;
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

/// Steers one network, and keeps what is needed to undo.
pub(crate) struct Helm<T> {
    kept: VecDeque<(Snapshot<T>, Change)>,
}

impl<T: Real> Helm<T> {
    pub(crate) fn new() -> Self {
        Helm { kept: VecDeque::new() }
    }

    /// Does all that is asked for before the next step.
    pub(crate) fn obey(&mut self, trainer: &mut Trainer<T>, company: &mut dyn Company) -> Result<Course, LabError> {
        let mut course = Course::On;
        let mut paused = false;
        loop {
            let steps = trainer.progress().steps;
            let wish = if paused { company.wait(steps, Halt::Paused) } else { company.next(steps) };
            match wish {
                None => return Ok(course),
                Some(Steer::Pause) if paused => {}
                Some(Steer::Continue) if !paused => {}
                Some(Steer::Pause) => {
                    paused = true;
                    tell(trainer, company, Steered::Paused);
                }
                Some(Steer::Continue) => {
                    paused = false;
                    tell(trainer, company, Steered::Continued);
                }
                Some(wish) => match self.answer(trainer, company, wish)? {
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
                Some(wish) => match self.answer(trainer, company, wish)? {
                    left @ (Course::Stop | Course::Back | Course::Anew) => return Ok(left),
                    Course::On | Course::Adrift => {}
                },
            }
        }
    }

    /// Does one thing and tells of it.
    fn answer(&mut self, trainer: &mut Trainer<T>, company: &mut dyn Company, wish: Steer) -> Result<Course, LabError> {
        let (steered, course) = match wish {
            Steer::Set(change) => (self.set(trainer, change)?, Course::On),
            Steer::Scale(factor) => {
                let change = Change::LearningRate(trainer.learning_rate() * factor);
                (self.set(trainer, change)?, Course::On)
            }
            // What was changed before this process took the run up is found by going there again.
            Steer::Undo if self.kept.is_empty() && company.can_begin_anew() => return Ok(Course::Anew),
            Steer::Undo => self.undo(trainer)?,
            Steer::Stop => (Steered::Stopped, Course::Stop),
            Steer::Fork(changes) => (fork(trainer, company, changes)?, Course::On),
            Steer::Pause | Steer::Continue => return Ok(Course::On),
        };
        tell(trainer, company, steered);
        Ok(course)
    }

    fn set(&mut self, trainer: &mut Trainer<T>, change: Change) -> Result<Steered, LabError> {
        let (snapshot, from) = (trainer.snapshot()?, in_force(trainer, &change));
        Ok(match trainer.change(&change) {
            Ok(()) => {
                if self.kept.len() == DEPTH {
                    self.kept.pop_front();
                }
                self.kept.push_back((snapshot, change.clone()));
                Steered::Changed { change, from }
            }
            Err(error) => Steered::Refused { wish: change.to_string(), rule: error.to_string() },
        })
    }

    fn undo(&mut self, trainer: &mut Trainer<T>) -> Result<(Steered, Course), LabError> {
        let Some((snapshot, change)) = self.kept.pop_back() else {
            let rule = "there is no change left to take back".to_owned();
            return Ok((Steered::Refused { wish: "undo".to_owned(), rule }, Course::On));
        };
        let left = trainer.progress().steps + 1;
        trainer.restore(&snapshot)?;
        Ok((Steered::Undone { change, left }, Course::Back))
    }
}

/// Makes a trial of its own that goes on from here with changes; this one goes on as it is.
fn fork<T: Real>(
    trainer: &mut Trainer<T>,
    company: &mut dyn Company,
    changes: Vec<Change>,
) -> Result<Steered, LabError> {
    let here = trainer.snapshot()?;
    let refused = changes.iter().find_map(|change| Some((change, trainer.change(change).err()?)));
    let birth = trainer.snapshot()?;
    if !changes.is_empty() {
        trainer.restore(&here)?;
    }
    if let Some((change, error)) = refused {
        return Ok(Steered::Refused { wish: format!("fork with {change}"), rule: error.to_string() });
    }
    let bytes = write_snapshot(&birth).map_err(|_| LabError::Worker)?;
    let Progress { epoch, steps, .. } = birth.progress;
    Ok(match company.fork(Birth { changes: changes.clone(), epoch, steps, bytes })? {
        Ok(fork) => Steered::Forked { fork, changes },
        Err(rule) => Steered::Refused { wish: "fork".to_owned(), rule: rule.to_owned() },
    })
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
