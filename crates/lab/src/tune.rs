//! Many networks, the best one kept.

mod finish;
mod forecast;
mod forks;
mod halving;
mod leaders;
mod longer;
mod parking;
mod selection;
mod shelf;
mod stages;
#[cfg(test)]
mod tests;
mod told;

use std::time::{Duration, Instant};

use caviar_engine::rng::{Purpose, Stream, derive};
use caviar_store::study::Entry;
use caviar_tune::{Ask, Budget, Params, Space, Study};

use crate::baselines;
use crate::board::{Board, Event, Started};
use crate::error::LabError;
use crate::experiment::{Experiment, View, key};
use crate::finished::Finished;
use crate::folds;
use crate::model::Network;
use crate::options::{Method, TuneOptions, Workers};
use crate::recipe::Recipe;
use crate::settings::of_search;
use crate::space::{Search, recipe, search};
pub use forecast::{Bytes, Forecast, Searched, forecast};
use forecast::{bytes, fitting};

pub use longer::{Longer, train_longer};

/// How many configurations are tried where nothing is said.
pub(crate) const TRIALS: u64 = 64;
/// Tables with fewer rows for training and validation are cross-validated.
pub(crate) const FOLDED_BELOW: usize = 2000;
/// Into so many folds.
pub(crate) const FOLDS: usize = 5;
/// With a time but no number of trials, a cross-validated search tries at most one configuration for so many rows, within
/// bounds: few rows tell few configurations apart, and of many the luckiest would win. The time goes into measuring the
/// best ones again.
const ROWS_PER_TRIAL: u64 = 8;
const MOST_IN_TIME: [u64; 2] = [12, 256];
/// The last look takes more than its longest part by this factor, and this beside it.
const AFTERMATH: f64 = 1.15;
const LAST_LOOK: Duration = Duration::from_millis(100);
/// Of the time, the most that is set aside for it.
const MOST_AFTERMATH: f64 = 0.4;
/// Memory for networks that may go on, where no limit is given; others wait on the disk.
const PARKED: u64 = 512 << 20;

/// Trains many networks, one per thread at a time, and keeps the best.
///
/// **Large tables** (2000 rows for training and validation, or more) and tables with a validation file: every trial is
/// trained on the training rows and scored at its best epoch on the validation rows. The leaders are trained again with
/// three further seeds, and the one with the best mean is the best trial. Its network is kept, or, of the networks of the
/// best trials and of the leaders, those whose average is best on the validation rows, each as often as it is chosen.
///
/// **Small tables.** A fifth of few rows tells good from lucky badly, so that a trial is scored by cross-validation over
/// the training and validation rows together, the folds trained in step and judged by their common curve:
///
/// ```text
/// screen    every configuration, on two of five folds
/// full      the best quarter of them, on all five
/// repeat    the best few of these, on further deals of the rows into folds; the score is the mean
/// leaders   the best five of these, on one deal more
/// refit     these few, each on all training and validation rows for the best epoch of its mean curve, by several
///           networks that differ in their seeds and are kept as the one network that answers their mean
/// ```
///
/// The answers of the few are averaged, unless only the best is to be kept. Means are kept because a score is that of a
/// configuration over many networks, and on few rows a single network is better or worse than that by chance, as is
/// the first of a leaderboard than the second.
///
/// The network that is kept has thus seen the validation rows; the validation figures are those of the folds, where
/// each row is judged by a network that has not seen it. Being those of a winner they still flatter a little: the test
/// rows, which take part in nothing, do not.
///
/// With a number of trials or a budget the result is the same for any number of threads: stages end before they are
/// ranked, ties go to the lower number, and a trial's seed is a function of the seed and its number. With a time, the
/// clock decides how far each stage gets, and trials that run when it is over count with their best epoch so far; the
/// whole ends in time, final training included.
///
/// With a ledger, a search that was left or killed goes on when it is called again with the same arguments, and ends with
/// the same bits as one that was never disturbed, with a number of trials or a budget; with a time it has the time that
/// was left.
///
/// # Errors
/// Settings that are illegal or do not fit the data; [`LabError::NoTrial`] where no trial succeeds, and
/// [`LabError::Interrupted`] where it is stopped before an epoch of any is over.
pub fn tune(
    experiment: &Experiment,
    options: &TuneOptions,
    workers: &Workers,
    board: &mut dyn Board,
) -> Result<Finished, LabError> {
    // What earlier processes have used of the time is used.
    let now = Instant::now();
    let start = now.checked_sub(workers.ledger.elapsed()).unwrap_or(now);
    let Beginning { ground, search, budget, .. } = Beginning::new(experiment, options)?;
    let bytes = bytes(ground.views(), ground.screen().len(), &search);
    let workers = &Workers { threads: fitting(options.max_memory, bytes, workers.threads)?, ..workers.clone() };
    let mut study = study(&search, &ground, options, budget)?;
    let Search { space, base, .. } = search;
    workers.ledger.settings(&of_search(options, &base, &space))?;
    board.post(&Event::Started(Started {
        command: "tune",
        data: experiment.report().clone(),
        trials: options.trials.or((options.time.is_none() && options.budget.is_none()).then_some(TRIALS)),
        epochs: options.epochs,
        threads: workers.threads.max(1),
        seed: options.seed,
        folds: ground.folds.is_some().then_some(FOLDS),
        notes: Vec::new(),
    }));
    let time = match options.time {
        Some(time) => Some(time - aftermath(&ground, &base, workers.threads)?.min(time.mul_f64(MOST_AFTERMATH))),
        None => None,
    };
    let at_work = bytes.trial.saturating_mul(workers.threads as u64).saturating_add(bytes.data);
    let parking_bytes = options.max_memory.map_or(PARKED, |limit| limit.saturating_sub(at_work));
    let records = Vec::new();
    let mut hunt = Hunt {
        experiment,
        options,
        base,
        space: space.clone(),
        rungs: study.rungs().to_vec(),
        workers,
        ground,
        start,
        time,
        parking_bytes,
        records,
        shelf: Vec::new(),
        further: Vec::new(),
    };
    workers.ledger.put(vec![Entry::OptunaStudy { maximize: options.base.metric.higher_is_better() }])?;
    if study.rungs().is_empty() {
        hunt.first_stage(&mut study, board)?;
    } else {
        hunt.halve(&mut study, board)?;
    }
    if hunt.ground.folds.is_some() {
        hunt.full_stage(board)?;
        hunt.repeat_stage(board)?;
        hunt.folded_leaders(board)?;
    } else {
        hunt.held_out_leaders(board)?;
    }
    hunt.finish(space, board)
}

/// The time that the last look will take, by the part of it that takes longest.
fn aftermath(ground: &Ground, base: &Recipe, threads: usize) -> Result<Duration, LabError> {
    let seconds = baselines::seconds(ground.first(), base, threads)?;
    let rows = ground.rows as f64 / ground.first().train.len().max(1) as f64;
    Ok(Duration::try_from_secs_f64(AFTERMATH * seconds * rows).unwrap_or_default() + LAST_LOOK)
}

/// Whether trials are thinned out at rungs: not where few rows are dealt into folds, which do that better.
fn is_halved(options: &TuneOptions, ground: &Ground) -> bool {
    options.method == Method::Zoom && ground.folds.is_none()
}

/// The study of a search, with its starting points.
fn study(search: &Search, ground: &Ground, options: &TuneOptions, budget: Budget) -> Result<Study, LabError> {
    let mut study = match is_halved(options, ground) {
        true if options.is_timed() => Study::zoom_in_time(search.space.clone(), budget),
        true => Study::zoom(search.space.clone(), budget),
        false => Study::new(search.space.clone(), search.sampler, budget),
    };
    for point in &search.starts {
        study.enqueue(point)?;
    }
    Ok(study)
}

/// What is known before the first trial.
struct Beginning {
    ground: Ground,
    search: Search,
    /// Configurations, at most.
    trials: u64,
    budget: Budget,
}

impl Beginning {
    fn new(experiment: &Experiment, options: &TuneOptions) -> Result<Self, LabError> {
        options.check()?;
        let ground = Ground::new(experiment)?;
        let data = &ground.first().train;
        options.base.spec_for(data, experiment.classes(), experiment.seed())?;
        let rows = ground.rows;
        let search = search(experiment, options, rows)?;
        search.base.spec_for(data, experiment.classes(), experiment.seed())?;
        let trials = match (options.trials, options.time, options.budget) {
            (Some(trials), ..) => trials,
            (None, Some(_), _) if ground.folds.is_some() => {
                (rows as u64 / ROWS_PER_TRIAL).clamp(MOST_IN_TIME[0], MOST_IN_TIME[1])
            }
            (None, Some(_), _) | (None, None, Some(_)) => u64::from(u32::MAX),
            (None, None, None) => TRIALS,
        };
        let mut budget = Budget::trials(trials, options.epochs)?;
        if let Some(total) = options.budget {
            budget = budget.with_total_epochs(total)?;
        }
        Ok(Beginning { ground, search, trials, budget })
    }
}

/// The rows that a search stands on.
#[derive(Debug)]
struct Ground {
    /// Training and validation rows where they are dealt into folds; with the views of the first deal.
    folds: Option<(Vec<usize>, Vec<View>)>,
    /// Training and held-out rows where they are not.
    held_out: Option<View>,
    /// How many rows there are to learn from.
    rows: usize,
}

impl Ground {
    fn new(experiment: &Experiment) -> Result<Self, LabError> {
        let rows = experiment.learnable();
        if !experiment.has_validation_file() && rows.len() < FOLDED_BELOW && rows.len() >= 2 * FOLDS {
            // A fold without two values in some column or target cannot be encoded: then no folds.
            if let Ok(views) = views(experiment, &rows, 0) {
                let count = rows.len();
                return Ok(Ground { folds: Some((rows, views)), held_out: None, rows: count });
            }
        }
        match experiment.view().held_out {
            Some(_) => {
                Ok(Ground { folds: None, held_out: Some(experiment.view().clone()), rows: experiment.report().train })
            }
            None => Err(LabError::NoValidation { rows: experiment.report().train, limit: FOLDED_BELOW }),
        }
    }

    /// Training rows and rows to choose by as they are; there may be none of the latter.
    fn whole(experiment: &Experiment) -> Self {
        Ground { folds: None, held_out: Some(experiment.view().clone()), rows: experiment.report().train }
    }

    /// The seeds of the networks of a deal; where rows are held out, the trial's own.
    fn seeds(&self, recipe: &Recipe, deal: u64, views: usize) -> Vec<u64> {
        match self.folds {
            None => vec![recipe.seed],
            Some(_) => {
                let first = deal * FOLDS as u64;
                (first..first + views as u64).map(|place| derive(recipe.seed, Purpose::Trial, place) >> 11).collect()
            }
        }
    }

    /// All of its views.
    fn views(&self) -> &[View] {
        match (&self.folds, &self.held_out) {
            (Some((_, views)), _) => views,
            (None, Some(view)) => std::slice::from_ref(view),
            (None, None) => &[],
        }
    }

    /// The views that every configuration is tried on first.
    fn screen(&self) -> &[View] {
        match (&self.folds, &self.held_out) {
            (Some((_, views)), _) => &views[..SCREENED.min(views.len())],
            (None, Some(view)) => std::slice::from_ref(view),
            (None, None) => &[],
        }
    }

    fn first(&self) -> &View {
        match (&self.folds, &self.held_out) {
            (Some((_, views)), _) => &views[0],
            (None, Some(view)) => view,
            (None, None) => unreachable!("a ground is made of folds or of held-out rows"),
        }
    }
}

/// Folds that every configuration is tried on first.
const SCREENED: usize = 2;

/// One view for each fold of a deal.
fn views(experiment: &Experiment, rows: &[usize], deal: u64) -> Result<Vec<View>, LabError> {
    let dealt = folds::deal(rows, experiment.labels(), FOLDS, &key(experiment.seed(), 1 + deal));
    dealt.iter().map(|fold| experiment.view_of(&folds::others(rows, fold), fold)).collect()
}

/// A search on its way.
struct Hunt<'a> {
    experiment: &'a Experiment,
    options: &'a TuneOptions,
    /// What every configuration starts from.
    base: Recipe,
    space: Space,
    /// The epochs at which trials are compared; none without halving.
    rungs: Vec<u64>,
    workers: &'a Workers,
    ground: Ground,
    start: Instant,
    /// The time that there is for all but the last look.
    time: Option<Duration>,
    /// Memory for networks that may go on.
    parking_bytes: u64,
    /// All trials by number.
    records: Vec<stages::Candidate>,
    /// The best networks so far, where networks are kept, each of another trial: the best one first.
    shelf: Vec<shelf::Keeper>,
    /// The networks of leaders with further seeds.
    further: Vec<Network>,
}

impl Hunt<'_> {
    /// The moment at which this share of the time is used up.
    fn deadline(&self, share: f64) -> Option<Instant> {
        self.time.map(|time| self.start + time.mul_f64(share))
    }

    /// Seconds since the start.
    fn elapsed(&self) -> Duration {
        self.start.elapsed()
    }

    /// The place of a trial among the records, or where it belongs.
    fn place_of(&self, number: u64) -> Result<usize, usize> {
        self.records.binary_search_by_key(&number, |candidate| candidate.record.number)
    }

    /// The recipe of a trial. Its seed leaves 53 bits, so that every reader of JSON and TOML keeps it.
    fn recipe(&self, number: u64, params: &Params) -> Result<Recipe, LabError> {
        let seed = derive(self.options.seed, Purpose::Trial, number) >> 11;
        Ok(recipe(&self.base, params, self.options.epochs, seed)?)
    }

    /// Epochs without a better metric after which a trial ends: those asked for, or three tenths of all.
    fn patience(&self) -> Option<u64> {
        Some(self.options.base.patience.unwrap_or((self.options.epochs * 3 / 10).max(5)))
    }
}

/// What configurations are drawn by.
pub(crate) fn uniform(seed: u64) -> impl Fn(u64, u64) -> f64 {
    move |trial, dimension| Stream::new(seed, Purpose::Sampler, trial).uniform(dimension)
}

/// The next configuration of a study, by number.
fn next(study: &mut Study, seed: u64) -> Option<(u64, Params, u64)> {
    match study.ask(&uniform(seed)) {
        Ask::Train(slice) => Some((slice.trial, slice.params, slice.to_epoch)),
        Ask::Wait | Ask::Finished(_) => None,
    }
}
