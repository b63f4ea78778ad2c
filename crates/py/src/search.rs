//! The search inside `fit`: an experiment of arrays or a data frame, many networks, the best of them kept.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::time::Duration;

use caviar_lab::report::{Report, Request};
use caviar_lab::{
    Board, DataOptions, Event, Experiment, Finished, Flow, LabError, Ledger, Part, Quiet, StudyAbout, StudyView,
    TuneOptions, Wishes, Workers, tune,
};
use caviar_store::study::{DataFile, StudyState};
use caviar_table::Table;
use pyo3::Python;
use pyo3::prelude::{FromPyObject, Py, PyAny, PyErr, PyRef, PyResult, pyfunction};
use pyo3::types::PyAnyMethods;

use crate::error::{DataError, Failure, SettingError, detached};
use crate::frame::scaling;
use crate::steering::Reins;
use crate::table::{Columns, LooseColumns, fingerprint};
use crate::tuned::{Tuned, summary};

/// How often a person's wish to stop is looked for.
const LOOKED_FOR: Duration = Duration::from_millis(50);

/// Behind this a study's settings have the estimator that made it.
pub(crate) const ESTIMATOR: &str = "estimator = ";

/// What a search is asked to do, as Python hands it over (a dict with these keys); texts are JSON in the words of the
/// command line.
#[derive(Clone, Debug, FromPyObject)]
#[pyo3(from_item_all)]
pub(crate) struct SearchSettings {
    base: String,
    fixed: Vec<String>,
    space: Option<String>,
    trials: Option<u64>,
    time: Option<f64>,
    budget: Option<u64>,
    epochs: u64,
    method: String,
    keep: String,
    max_memory: Option<u64>,
    classification: bool,
    validation_fraction: f64,
    scale: String,
    threads: usize,
    seed: u64,
    study: Option<PathBuf>,
    resume: bool,
    /// What makes the same estimator again, as JSON.
    estimator: String,
}

impl SearchSettings {
    fn options(&self) -> Result<TuneOptions, Failure> {
        let word = |what: &str, error: serde_json::Error| Failure::Setting(format!("{what}: {error}"));
        let quoted = |word: &str| serde_json::Value::from(word);
        let time = self.time.map(|seconds| {
            Duration::try_from_secs_f64(seconds).map_err(|error| Failure::Setting(format!("time = {seconds}: {error}")))
        });
        let options = TuneOptions {
            base: serde_json::from_str(&self.base).map_err(|error| word("settings", error))?,
            fixed: self.fixed.iter().cloned().collect(),
            space: match &self.space {
                Some(text) => Some(serde_json::from_str(text).map_err(|error| word("space", error))?),
                None => None,
            },
            trials: self.trials,
            time: time.transpose()?,
            budget: self.budget,
            epochs: self.epochs,
            method: serde_json::from_value(quoted(&self.method)).map_err(|error| word("method", error))?,
            keep: serde_json::from_value(quoted(&self.keep)).map_err(|error| word("keep", error))?,
            max_memory: self.max_memory,
            seed: self.seed,
            ..TuneOptions::default()
        };
        options.check()?;
        Ok(options)
    }

    /// What repeats it.
    fn call(&self) -> String {
        let name = if self.classification { "TunedClassifier" } else { "TunedRegressor" };
        let option = |name: &str, value: Option<String>| value.map(|value| format!("{name}={value}, "));
        let options = [
            option("time", self.time.map(|seconds| seconds.to_string())),
            option("trials", self.trials.map(|trials| trials.to_string())),
            option("budget", self.budget.map(|epochs| epochs.to_string())),
            option("epochs", Some(self.epochs.to_string())),
        ];
        let options: String = options.into_iter().flatten().collect();
        format!("caviar.{name}({options}random_state={}).fit(X, y)", self.seed)
    }

    fn data(&self, columns: &LooseColumns<'_>) -> PyResult<DataOptions> {
        let validation = match self.validation_fraction {
            0.0 => Part::None,
            fraction => Part::Fraction(fraction),
        };
        Ok(DataOptions {
            task: match self.classification {
                true => caviar_table::Task::Classification,
                false => caviar_table::Task::Regression,
            },
            validation,
            test: Part::None,
            scaling: scaling(&self.scale)?,
            sample_weight: columns.weight.clone(),
            seed: self.seed,
            ..DataOptions::new(columns.target.clone())
        })
    }
}

/// Searches over `columns`; `on_event` is told of everything as JSON, and ends the search by answering with true.
#[pyfunction]
#[pyo3(signature = (settings, columns, on_event=None, reins=None))]
pub(crate) fn search(
    py: Python<'_>,
    settings: SearchSettings,
    columns: Columns<'_>,
    on_event: Option<Py<PyAny>>,
    reins: Option<PyRef<'_, Reins>>,
) -> PyResult<Tuned> {
    let columns = columns.loose()?;
    let (options, data) = (settings.options()?, settings.data(&columns)?);
    let wishes = reins.map(|reins| reins.wishes.clone()).unwrap_or_default();
    let work = |table| found(&settings, &options, &data, table, wishes, on_event);
    detached(py, || columns.with_table(work))
}

/// Searches over the rows of a table.
fn found(
    settings: &SearchSettings,
    options: &TuneOptions,
    data: &DataOptions,
    table: Table,
    wishes: Wishes,
    on_event: Option<Py<PyAny>>,
) -> Result<Tuned, Failure> {
    let ledger = match &settings.study {
        Some(path) => ledger(path, settings, options, &table)?,
        None => Ledger::default(),
    };
    let experiment = Experiment::from_table(table, data)?;
    let workers = Workers { ledger, wishes, ..Workers::new(settings.threads) };
    let finished = watched(&experiment, options, &workers, on_event);
    close(&workers.ledger, &finished)?;
    // The file is free from here on.
    drop(workers);
    let finished = match (finished, &settings.study) {
        (Err(Failure::Left(stopped)), Some(path)) => found_so_far(&experiment, options, path, settings.threads)
            .map_err(|error| stopped.map_or(error, |stopped| *stopped))?,
        (finished, _) => finished?,
    };
    if finished.interrupted {
        return Ok(Tuned::new(finished, None));
    }
    let version = env!("CARGO_PKG_VERSION").to_owned();
    let request = Request { command: settings.call(), version, ..Request::default() };
    let report = Report::of(&experiment, &finished, request)?;
    Ok(Tuned::new(finished, Some(report)))
}

/// The best of what a study holds that was left on its way; nothing is written, and it can go on.
fn found_so_far(
    experiment: &Experiment,
    options: &TuneOptions,
    path: &Path,
    threads: usize,
) -> Result<Finished, Failure> {
    let workers = Workers { ledger: Ledger::look(path)?, ..Workers::new(threads) };
    workers.interrupt.set();
    Ok(Finished { interrupted: true, ..tune(experiment, options, &workers, &mut Quiet)? })
}

/// A new study, or the one that goes on.
fn ledger(path: &Path, settings: &SearchSettings, options: &TuneOptions, table: &Table) -> Result<Ledger, Failure> {
    let config = format!(
        "# made by the Python package\nbase = {}\nfixed = {:?}\nspace = {}\nseed = {}\n",
        settings.base,
        settings.fixed,
        settings.space.as_deref().unwrap_or("none"),
        settings.seed
    );
    let whole = format!("{config}{ESTIMATOR}{}\n", settings.estimator);
    let files = [fingerprint(table)];
    if settings.resume && path.exists() {
        let view = StudyView::open(path)?;
        same_data(&view, &files)?;
        let begun = view.config.split(ESTIMATOR).next().unwrap_or_default();
        if begun != config {
            let text = format!("{}: the study was begun with other settings, which are {begun}", path.display());
            return Err(Failure::Setting(text));
        }
        return Ok(Ledger::open(path)?);
    }
    let about = StudyAbout {
        command: "tune".to_owned(),
        metric: options.base.metric,
        trials: options.trials,
        epochs: options.epochs,
    };
    Ok(Ledger::create(path, &about, "fit", &whole, &files)?)
}

fn same_data(view: &StudyView, files: &[DataFile]) -> Result<(), Failure> {
    let hashes = |files: &[DataFile]| files.iter().map(|file| file.hash.clone()).collect::<Vec<_>>();
    if hashes(&view.files) == hashes(files) {
        return Ok(());
    }
    Err(LabError::OtherData { path: view.path.clone(), what: "it was made from other data" }.into())
}

/// Writes down how the search has ended.
fn close(ledger: &Ledger, finished: &Result<Finished, Failure>) -> Result<(), Failure> {
    let (state, result) = match finished {
        Ok(finished) if !finished.interrupted => (StudyState::Finished, Some(summary(finished).to_string())),
        Ok(_) | Err(Failure::Python(_) | Failure::Left(_)) => (StudyState::Stopped, None),
        Err(Failure::Lab(LabError::Interrupted)) => (StudyState::Stopped, None),
        Err(_) => (StudyState::Failed, None),
    };
    Ok(ledger.end(state, result)?)
}

/// Searches on a thread of its own, while this one looks after signals and passes the events on, each when the one before
/// is dealt with: an end that is asked for comes before the next event. Networks train on meanwhile.
fn watched(
    experiment: &Experiment,
    options: &TuneOptions,
    workers: &Workers,
    on_event: Option<Py<PyAny>>,
) -> Result<Finished, Failure> {
    let (sender, events) = mpsc::channel();
    let (answer, answers) = mpsc::channel();
    let stopped = AtomicBool::new(false);
    let wanted = on_event.is_some();
    std::thread::scope(|scope| {
        let stopped = &stopped;
        let hunt = scope.spawn(move || {
            let mut wire = Wire { line: wanted.then_some((&sender, &answers)), stopped };
            let finished = tune(experiment, options, workers, &mut wire);
            // Whoever listens is told by the closed channel.
            drop(sender);
            finished
        });
        let mut raised: Option<PyErr> = None;
        loop {
            let looked = match events.recv_timeout(LOOKED_FOR) {
                Ok(event) => {
                    let told = told(on_event.as_ref(), &event);
                    stopped.fetch_or(*told.as_ref().unwrap_or(&true), Ordering::Relaxed);
                    // A search that has ended waits for nothing.
                    let _ = answer.send(());
                    told
                }
                Err(RecvTimeoutError::Timeout) => Python::attach(|py| py.check_signals()).map(|()| false),
                Err(RecvTimeoutError::Disconnected) => break,
            };
            if let Err(error) = looked {
                workers.interrupt.set();
                raised = raised.or(Some(error));
            }
        }
        let finished = match hunt.join() {
            Ok(finished) => finished,
            Err(panic) => std::panic::resume_unwind(panic),
        };
        match (raised, finished) {
            // What was found until Ctrl-C is kept, and the estimator tells of it; all else that was raised goes on.
            (Some(error), Ok(finished)) if crate::training::is_interrupt(&error) => {
                Ok(Finished { interrupted: true, ..finished })
            }
            (Some(error), Err(LabError::Left)) if crate::training::is_interrupt(&error) => {
                Err(Failure::Left(Some(Box::new(error.into()))))
            }
            (Some(error), _) => Err(error.into()),
            (None, Err(LabError::Left)) => Err(Failure::Left(None)),
            (None, finished) => Ok(finished?),
        }
    })
}

/// Tells of an event; whether the search is to end.
fn told(on_event: Option<&Py<PyAny>>, event: &Event) -> PyResult<bool> {
    let text = serde_json::to_string(event).map_err(|error| DataError::new_err(error.to_string()))?;
    Python::attach(|py| {
        py.check_signals()?;
        match on_event {
            Some(callback) => callback.bind(py).call1((text,))?.is_truthy(),
            None => Ok(false),
        }
    })
}

/// Sends events to who listens, and waits until each is dealt with.
struct Wire<'a> {
    line: Option<(&'a mpsc::Sender<Event>, &'a mpsc::Receiver<()>)>,
    stopped: &'a AtomicBool,
}

impl Board for Wire<'_> {
    fn post(&mut self, event: &Event) -> Flow {
        if let Some((sender, answers)) = self.line {
            // Nobody listens any more: then nobody is told.
            let _ = sender.send(event.clone()).map(|()| answers.recv());
        }
        if self.stopped.load(Ordering::Relaxed) { Flow::Stop } else { Flow::Continue }
    }
}

/// Whether a study's settings make sense, before any data are read.
#[pyfunction]
pub(crate) fn check_search(settings: SearchSettings) -> PyResult<()> {
    scaling(&settings.scale)?;
    if !(0.0..1.0).contains(&settings.validation_fraction) {
        let got = settings.validation_fraction;
        return Err(SettingError::new_err(format!("validation_fraction = {got}: must be at least 0 and below 1")));
    }
    Ok(settings.options().map(drop)?)
}
