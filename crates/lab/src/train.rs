//! One network.

use std::time::Instant;

use caviar_engine::train::Metric;
use caviar_tune::{Params, TrialState, Value};

use crate::board::{Board, EpochEvent, Event, Flow, Started, TrainFigures, TrialEvent};
use crate::company::Company;
use crate::crew::Threads;
use crate::error::LabError;
use crate::experiment::Experiment;
use crate::finished::{Best, CurvePoint, Finished, TrialRecord, Validated};
use crate::judge::{Choice, judge};
use crate::ledger::{Fork, Place, Stage, begins, trial_entry};
use crate::model::Network;
use crate::options::Workers;
use crate::recipe::Recipe;
use crate::run::{End, Limits, Run, run};
use crate::settings::of_training;
use crate::steering::{Steered, SteeredEvent, Steering, Unsteered};

/// Trains one network; its kernels are spread over the threads.
///
/// The weights of the best epoch on the validation rows are kept, without validation rows those of the last epoch.
///
/// # Errors
/// A recipe that is illegal or does not fit the data; [`LabError::NoTrial`] where the training diverges.
pub fn train(
    experiment: &Experiment,
    recipe: &Recipe,
    workers: &Workers,
    board: &mut dyn Board,
) -> Result<Finished, LabError> {
    train_steered(experiment, recipe, workers, board, &mut Unsteered)
}

/// As [`train`], steered between its steps; what was done is told to the board, too.
///
/// # Errors
/// As [`train`]; [`LabError::Interrupted`] where it is stopped before the first epoch is over.
pub fn train_steered(
    experiment: &Experiment,
    recipe: &Recipe,
    workers: &Workers,
    board: &mut dyn Board,
    steering: &mut dyn Steering,
) -> Result<Finished, LabError> {
    let start = Instant::now();
    let view = experiment.view();
    recipe.spec_with_files(&view.train, experiment.classes(), experiment.seed())?;
    board.post(&Event::Started(Started {
        command: "train",
        data: experiment.report().clone(),
        trials: Some(1),
        epochs: recipe.epochs,
        threads: workers.threads.max(1),
        seed: experiment.seed(),
        folds: None,
        notes: recipe.notes(view.train.len()),
    }));
    let ledger = &workers.ledger;
    ledger.settings(&of_training(recipe))?;
    let place = Place::new(ledger, Stage::Train, 0, 0);
    ledger.put(vec![trial_entry(&begins(0, params(recipe)), recipe)])?;
    let mut watched = Watched { trial: 0, board, steering };
    let mut trained = vec![train_one(experiment, recipe, None, &place, workers, &mut watched)?];
    while let Some(fork) = ledger.next_fork() {
        let place = Place::fork(ledger, Stage::Train, &fork);
        let mut watched = Watched { trial: fork.number, board, steering: &mut Unsteered };
        trained.push(train_one(experiment, &fork.recipe, Some(&fork), &place, workers, &mut watched)?);
    }
    trained.sort_by_key(|trained| trained.record.number);
    let best = chosen(&trained, recipe.metric)?;
    let Trained { recipe, record, run } = &trained[best];
    let weights = run.weights.clone().ok_or(LabError::Interrupted)?;
    // The model stands by itself: where its first weights and orders came from is the run's affair.
    let recipe_of_model = Recipe { init_file: None, order: None, ..recipe.clone() };
    let network = Network { recipe: recipe_of_model, count: 1, weights };
    let judged = judge(experiment, view, Choice::of(network), workers.threads, !workers.interrupt.is_set())?;
    let epochs = run.best.map_or(run.curve.len() as u64, |(epoch, _)| epoch + 1);
    let score = run.best.map(|(_, score)| score);
    Ok(Finished {
        best: Best { trial: record.number, params: record.params.clone(), recipe: recipe.clone(), epochs, score },
        train: judged.train,
        validated: if judged.held_out.is_some() { Validated::HeldOut } else { Validated::Not },
        validation: judged.held_out,
        test: judged.test,
        metric: recipe.metric,
        seconds: start.elapsed().as_secs_f64(),
        steps: trained.iter().map(|trained| trained.run.steps).sum(),
        interrupted: trained.iter().any(|trained| trained.run.end == End::Cut),
        spans: workers.ledger.spans(),
        refit: Vec::new(),
        members: 1,
        baselines: judged.baselines,
        rivals: judged.rivals,
        part: judged.part,
        importance: judged.assessment.importance,
        calibration: judged.assessment.calibration,
        roc: judged.assessment.roc,
        precision_recall: judged.assessment.precision_recall,
        confusion: judged.confusion,
        surface: judged.surface,
        model: judged.model,
        data: experiment.report().clone(),
        space: None,
        trials: trained.into_iter().map(|trained| trained.record).collect(),
    })
}

/// A network that was trained.
struct Trained {
    recipe: Recipe,
    record: TrialRecord,
    run: Run,
}

/// Trains one network of a training: the one that was asked for, or a fork of it.
fn train_one(
    experiment: &Experiment,
    recipe: &Recipe,
    fork: Option<&Fork>,
    place: &Place<'_>,
    workers: &Workers,
    watched: &mut Watched<'_>,
) -> Result<Trained, LabError> {
    // Steering may change how many epochs there are.
    let (patience, interrupt) = (recipe.patience, &workers.interrupt);
    let limits = Limits { epochs: u64::MAX, patience, deadline: None, interrupt, place };
    let views = std::slice::from_ref(experiment.view());
    let mut run =
        run(views, recipe, &[recipe.seed], experiment.seed(), Threads::Fixed(workers.threads), limits, watched)?;
    let record = TrialRecord { parent: fork.map(|fork| fork.parent), ..record(watched.trial, params(recipe), &run) };
    watched.board.post(&Event::Trial(trial_event(&record)));
    let mut entries = std::mem::take(&mut run.closing);
    entries.push(trial_entry(&record, recipe));
    workers.ledger.put(entries)?;
    match run.end {
        End::Left => Err(LabError::Left),
        End::Complete | End::Cut | End::Diverged(_) | End::Failed(_) => {
            Ok(Trained { recipe: recipe.clone(), record, run })
        }
    }
}

/// The best of a network and its forks, of equal ones the first.
fn chosen(trained: &[Trained], metric: Metric) -> Result<usize, LabError> {
    let cost = |place: &usize| trained[*place].record.score.map_or(f64::INFINITY, |score| metric.cost(score));
    let fits = (0..trained.len()).filter(|&place| trained[place].run.weights.is_some());
    let best = fits.min_by(|a, b| cost(a).total_cmp(&cost(b)));
    best.ok_or_else(|| {
        let all: Vec<_> = trained.iter().filter_map(|trained| trained.run.end.divergence()).collect();
        let failure = trained.iter().find_map(|trained| trained.run.end.failure());
        let (diverged, first) = (all.len() as u64, all.into_iter().next());
        match diverged == 0 && failure.is_none() {
            true => LabError::Interrupted,
            false => LabError::NoTrial { trials: trained.len() as u64, diverged, first, failure },
        }
    })
}

/// Who is told of the only network, and who steers it.
struct Watched<'a> {
    trial: u64,
    board: &'a mut dyn Board,
    steering: &'a mut dyn Steering,
}

impl Company for Watched<'_> {
    fn epoch(&mut self, point: &CurvePoint, seconds: f64) -> bool {
        self.board.post(&epoch_event(self.trial, point, seconds)) == Flow::Continue
    }

    fn steering(&mut self) -> &mut dyn Steering {
        self.steering
    }

    fn steered(&mut self, epoch: u64, step: u64, steered: Steered) {
        self.board.post(&Event::Steered(SteeredEvent { trial: self.trial, epoch, step, steered }));
    }
}

/// The event of a point of a curve.
pub(crate) fn epoch_event(trial: u64, point: &CurvePoint, seconds: f64) -> Event {
    Event::Epoch(EpochEvent {
        trial,
        epoch: point.epoch,
        train: TrainFigures { loss: point.train_loss, last_batch_loss: point.last_batch_loss },
        validation: point.validation.clone(),
        learning_rate: point.learning_rate,
        seconds,
    })
}

/// The event of a trial as it stands.
pub(crate) fn trial_event(record: &TrialRecord) -> TrialEvent {
    TrialEvent {
        trial: record.number,
        state: record.state,
        params: record.params.clone(),
        score: record.score,
        epochs: record.epochs,
        parent: record.parent,
    }
}

/// The record of a trial after its first run.
pub(crate) fn record(number: u64, params: Params, run: &Run) -> TrialRecord {
    let (state, diverged) = match &run.end {
        End::Diverged(at) => {
            let words = format!("epoch {}, step {}: {} was not finite", at.epoch, at.step, at.origin);
            (TrialState::Diverged, Some(words))
        }
        End::Failed(why) => (TrialState::Failed, Some(why.clone())),
        End::Left => (TrialState::Paused, None),
        End::Complete | End::Cut => (TrialState::Complete, None),
    };
    let best = run.best.filter(|(_, score)| state != TrialState::Diverged && score.is_finite());
    TrialRecord {
        number,
        params,
        state,
        score: best.map(|(_, score)| score),
        epochs: run.curve.len() as u64,
        best_epoch: best.map(|(epoch, _)| epoch),
        folds: 1,
        steps: run.steps,
        seconds: run.seconds,
        curve: run.curve.clone(),
        diverged,
        parent: None,
        repeats: None,
        turns: run.turns.clone(),
    }
}

/// What matters about a recipe, by name.
pub(crate) fn params(recipe: &Recipe) -> Params {
    let widths = recipe.hidden.iter().map(usize::to_string).collect::<Vec<_>>().join(",");
    let mut params = Params::default();
    params.insert("hidden", if widths.is_empty() { "none" } else { widths.as_str() });
    params.insert("optimizer", recipe.optimizer.name());
    params.insert("learning_rate", recipe.learning_rate);
    params.insert(
        "batch_size",
        match recipe.batch_size {
            crate::recipe::BatchRows::Rows(rows) => Value::Integer(rows as i64),
            crate::recipe::BatchRows::Full => Value::from("full"),
        },
    );
    params.insert("schedule", recipe.schedule.to_string().as_str());
    if !recipe.hidden.is_empty() {
        params.insert("activation", recipe.activation.to_string().as_str());
        params.insert("batch_norm", if recipe.batch_norm { "on" } else { "off" });
        params.insert("dropout", recipe.dropout);
    }
    params.insert("l2", recipe.l2);
    if recipe.weight_decay > 0.0 {
        params.insert("weight_decay", recipe.weight_decay);
    }
    if recipe.label_smoothing > 0.0 {
        params.insert("label_smoothing", recipe.label_smoothing);
    }
    if recipe.optimizer.has_beta() {
        params.insert("beta", recipe.beta);
    }
    params
}
