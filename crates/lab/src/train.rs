//! One network.

use std::time::Instant;

use caviar_tune::{Params, TrialState, Value};

use crate::board::{Board, EpochEvent, Event, Flow, Started, TrainFigures, TrialEvent};
use crate::error::LabError;
use crate::experiment::Experiment;
use crate::finished::{Best, CurvePoint, Finished, TrialRecord, Validated};
use crate::judge::judge;
use crate::ledger::{Place, Stage, begins, trial_entry};
use crate::model::Network;
use crate::options::Workers;
use crate::recipe::Recipe;
use crate::run::{Company, End, Limits, Run, run};
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
    // Steering may change how many epochs there are.
    let ledger = &workers.ledger;
    let place = Place::new(ledger, Stage::Train, 0, 0);
    let (patience, interrupt) = (recipe.patience, &workers.interrupt);
    let limits = Limits { epochs: u64::MAX, patience, deadline: None, interrupt, place: &place };
    let params = params(recipe);
    ledger.put(vec![trial_entry(&begins(0, params.clone()), recipe)])?;
    let views = std::slice::from_ref(view);
    let mut watched = Watched { board, steering };
    let mut run = run(views, recipe, &[recipe.seed], experiment.seed(), workers.threads, limits, &mut watched)?;
    let record = record(0, params.clone(), &run);
    board.post(&Event::Trial(trial_event(&record)));
    ledger.put([std::mem::take(&mut run.closing), vec![trial_entry(&record, recipe)]].concat())?;
    let weights = match (&run.end, run.weights.take()) {
        (End::Diverged(divergence), _) => {
            return Err(LabError::NoTrial { trials: 1, diverged: 1, first: Some(divergence.clone()) });
        }
        (End::Left, _) => return Err(LabError::Left),
        (End::Complete | End::Cut, Some(weights)) => weights,
        (End::Complete | End::Cut, None) => return Err(LabError::Interrupted),
    };
    // The model stands by itself: where its first weights and orders came from is the run's affair.
    let recipe_of_model = Recipe { init_file: None, order: None, ..recipe.clone() };
    let network = Network { recipe: recipe_of_model, weights };
    let judged = judge(experiment, view, vec![network], workers.threads)?;
    let epochs = run.best.map_or(run.curve.len() as u64, |(epoch, _)| epoch + 1);
    let score = run.best.map(|(_, score)| score);
    Ok(Finished {
        best: Best { trial: 0, params, recipe: recipe.clone(), epochs, score },
        train: judged.train,
        validated: if judged.held_out.is_some() { Validated::HeldOut } else { Validated::Not },
        validation: judged.held_out,
        test: judged.test,
        metric: recipe.metric,
        seconds: start.elapsed().as_secs_f64(),
        steps: run.steps,
        trials: vec![record],
        refit: Vec::new(),
        members: 1,
        baselines: judged.baselines,
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
        interrupted: run.end == End::Cut,
    })
}

/// Who is told of the only network, and who steers it.
struct Watched<'a> {
    board: &'a mut dyn Board,
    steering: &'a mut dyn Steering,
}

impl Company for Watched<'_> {
    fn epoch(&mut self, point: &CurvePoint, seconds: f64) -> bool {
        self.board.post(&epoch_event(0, point, seconds)) == Flow::Continue
    }

    fn steering(&mut self) -> &mut dyn Steering {
        self.steering
    }

    fn steered(&mut self, epoch: u64, step: u64, steered: Steered) {
        self.board.post(&Event::Steered(SteeredEvent { trial: 0, epoch, step, steered }));
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
    }
}

/// The record of a trial after its first run.
pub(crate) fn record(number: u64, params: Params, run: &Run) -> TrialRecord {
    let (state, diverged) = match &run.end {
        End::Diverged(at) => {
            let words = format!("epoch {}, step {}: {} was not finite", at.epoch, at.step, at.origin);
            (TrialState::Diverged, Some(words))
        }
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
