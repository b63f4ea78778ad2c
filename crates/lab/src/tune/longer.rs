//! One trial of a study, trained on.

use super::Ground;
use crate::board::{Board, Event, Flow};
use crate::company::Onlooker;
use crate::crew::Threads;
use crate::error::LabError;
use crate::experiment::Experiment;
use crate::finished::{CurvePoint, TrialRecord};
use crate::judge::{Choice, judge};
use crate::ledger::{Place, Stage, trial_entry};
use crate::model::{Model, Network};
use crate::options::Workers;
use crate::recipe::Recipe;
use crate::run::{End, Limits, run};
use crate::study::StudyView;
use crate::train::{epoch_event, record, trial_event};

/// A trial that was trained on.
#[derive(Clone, Debug)]
pub struct Longer {
    /// The trial as it stands now.
    pub record: TrialRecord,
    /// Its network with the weights of the best epoch, where the trial is one network.
    pub model: Option<Model>,
}

/// Trains one trial of a study on, from where it ended to so many epochs in all; its schedule goes by the epochs that
/// it had at its birth, and patience no longer ends it.
///
/// A cross-validated trial is its networks on the folds, which go on in step. Where a trial's last snapshot was too
/// large to be kept, it is trained anew from its start, which gives the same bits.
///
/// # Errors
/// A trial that there is not, or that has as many epochs already; [`LabError::Left`] when it is interrupted.
pub fn train_longer(
    experiment: &Experiment,
    study: &StudyView,
    trial: u64,
    epochs: u64,
    workers: &Workers,
    board: &mut dyn Board,
) -> Result<Longer, LabError> {
    let unknown = || LabError::UnknownTrial { trial, trials: study.trials.len() as u64 };
    let known = study.trials.iter().find(|known| known.number == trial).ok_or_else(unknown)?;
    if known.epochs >= epochs {
        return Err(LabError::LongEnough { trial, epochs: known.epochs });
    }
    let ledger = &workers.ledger;
    let is_search = study.about.command == "tune";
    let ground = if is_search { Ground::new(experiment)? } else { Ground::whole(experiment) };
    let (screen, full) = (Stage::Screen.key(trial, 0), Stage::Full.key(trial, 0));
    let (views, from) = match &ground.folds {
        // A fork begins in the middle, on the folds on which it was forked.
        Some((_, views)) if ledger.has(&full) && (known.parent.is_none() || ledger.has_begun(&full)) => {
            (&views[..], full)
        }
        Some(_) | None => (ground.screen(), if is_search { screen } else { Stage::Train.key(trial, 0) }),
    };
    let recipe = &known.recipe;
    let horizon = Some(recipe.horizon.unwrap_or(recipe.epochs));
    let recipe = Recipe { epochs, horizon, patience: None, ..recipe.clone() };
    let seeds = ground.seeds(&recipe, 0, views.len());
    let place = Place::longer(ledger, trial, from);
    let limits = Limits { epochs, patience: None, deadline: None, interrupt: &workers.interrupt, place: &place };
    let tell = |point: &CurvePoint, seconds| board.post(&epoch_event(trial, point, seconds)) == Flow::Continue;
    let threads = Threads::Fixed(workers.threads);
    let mut ran = run(views, &recipe, &seeds, experiment.seed(), threads, limits, &mut Onlooker::new(tell))?;
    if ran.end == End::Left {
        return Err(LabError::Left);
    }
    let mut record = record(trial, known.params.clone(), &ran);
    (record.folds, record.parent) = (views.len(), known.parent);
    if known.parent.is_some() {
        // Beside what was done to itself, what was done to the trial that it was forked from.
        record.turns.clone_from(&known.turns);
    }
    let mut entries = std::mem::take(&mut ran.closing);
    entries.push(trial_entry(&record, &known.recipe));
    ledger.put(entries)?;
    board.post(&Event::Trial(trial_event(&record)));
    let model = match (ran.weights, views) {
        (Some(weights), [view]) => {
            let choice = Choice::of(Network { recipe, count: 1, weights });
            Some(judge(experiment, view, choice, workers.threads, false)?.model)
        }
        (Some(_) | None, _) => None,
    };
    Ok(Longer { record, model })
}
