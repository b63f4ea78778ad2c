//! One network, trained the way scikit-learn trains: its stopping, its schedules, its units of loss.

use std::sync::Arc;
use std::time::{Duration, Instant};

use caviar_engine::train::{Data, EpochReport, TrainError, TrainOptions, Trainer};
use caviar_engine::{Real, RunError};
use pyo3::Python;
use pyo3::exceptions::PyKeyboardInterrupt;
use pyo3::prelude::{Bound, Py, PyAny, PyErr, PyRef, PyResult, pyfunction};
use pyo3::types::{PyAnyMethods, PyDict, PyDictMethods};

use crate::arrays::Part;
use crate::changes::{Answer, answer};
use crate::error::{Failure, detached};
use crate::network::{Learned, Network};
use crate::settings::{OwnSchedule, Settings, Units};
use crate::shape::Shape;
use crate::stopping::Stopping;

/// How often a person's wish to stop is looked for.
const LOOKED_FOR: Duration = Duration::from_millis(50);

/// Trains a network on `part`, measured on `validation`.
///
/// `start` is a network of the same shape whose weights are gone on from; with `resume` its optimizer's memory and its
/// epochs too. `on_epoch` is told of each epoch, and answers with nothing or with a dict of changes.
#[pyfunction]
#[pyo3(signature = (settings, part, validation=None, start=None, resume=false, on_epoch=None))]
pub(crate) fn train(
    py: Python<'_>,
    settings: Settings,
    part: Part<'_>,
    validation: Option<Part<'_>>,
    start: Option<PyRef<'_, Network>>,
    resume: bool,
    on_epoch: Option<Py<PyAny>>,
) -> PyResult<Network> {
    let part = part.loose(settings.classes)?;
    let validation = validation.as_ref().map(|part| part.loose(settings.classes)).transpose()?;
    let before = start.map(|network| network.learned.clone());
    let fit = |data, held_out| match settings.precision.as_str() {
        "f64" => {
            let before = before.and_then(|learned| learned.as_f64().cloned());
            Fit::<f64>::new(&settings, data, held_out, on_epoch)?.run(before, resume).map(Network::from)
        }
        _ => {
            let before = before.and_then(|learned| learned.as_f32().cloned());
            Fit::<f32>::new(&settings, data, held_out, on_epoch)?.run(before, resume).map(Network::from)
        }
    };
    detached(py, || {
        part.with_data(|data| match validation {
            Some(validation) => validation.with_data(|held_out| fit(data, Some(held_out))),
            None => fit(data, None),
        })
    })
}

/// What is known of an epoch, in scikit-learn's units.
#[derive(Clone, Debug, Default)]
pub(crate) struct Point {
    pub(crate) loss: f64,
    pub(crate) learning_rate: f64,
    pub(crate) validation: Vec<(String, f64)>,
}

/// How a fit ended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum End {
    /// The loss or the score got no better.
    #[default]
    Converged,
    /// All epochs are done.
    Exhausted,
    /// By a callback.
    Stopped,
    /// By Ctrl-C.
    Interrupted,
}

struct Fit<'a, T: Real> {
    settings: &'a Settings,
    units: Units,
    own_schedule: Option<OwnSchedule>,
    shape: Shape,
    trainer: Trainer<T>,
    stopping: Stopping,
    on_epoch: Option<Py<PyAny>>,
    curve: Vec<Point>,
    looked: Instant,
}

impl<'a, T: Real> Fit<'a, T>
where
    Network: From<Learned<T>>,
{
    fn new(
        settings: &'a Settings,
        data: Arc<Data>,
        held_out: Option<Arc<Data>>,
        on_epoch: Option<Py<PyAny>>,
    ) -> Result<Self, Failure> {
        let (units, spec) = (settings.units(&data)?, settings.spec(&data)?);
        let options = TrainOptions { threads: settings.threads.max(1), ..TrainOptions::default() };
        let shape = Shape::of(&spec.network, settings.classes, &settings.precision);
        let trainer = Trainer::with_options(spec, data, held_out, options)?;
        let (_, own_schedule) = settings.schedule()?;
        let stopping = Stopping::new(settings.tol, settings.n_iter_no_change);
        let (curve, looked) = (Vec::new(), Instant::now());
        Ok(Fit { settings, units, own_schedule, shape, trainer, stopping, on_epoch, curve, looked })
    }

    /// Trains, from the weights of `before` where there are any.
    fn run(mut self, before: Option<Learned<T>>, resume: bool) -> Result<Learned<T>, Failure> {
        let mut epochs = self.settings.epochs;
        if let Some(before) = before {
            match before.snapshot.filter(|_| resume) {
                Some(mut snapshot) => {
                    epochs += snapshot.progress.epoch;
                    snapshot.epochs = epochs;
                    // An epoch that was cut off is begun anew: these may be other rows.
                    (snapshot.progress.row, snapshot.progress.steps_of_epoch) = (0, 0);
                    (snapshot.progress.loss_sum, snapshot.progress.weight_sum) = (0.0, 0.0);
                    // One's own rates may be others by now; the memory stays.
                    let rates = self.trainer.spec().minimizer.settings;
                    let rate = snapshot.settings.learning_rate;
                    snapshot.settings = caviar_engine::optim::Settings { learning_rate: rate, ..rates };
                    self.trainer.restore(&snapshot)?;
                }
                None => {
                    let mut snapshot = self.trainer.snapshot()?;
                    snapshot.variables = before.variables;
                    self.trainer.restore(&snapshot)?;
                }
            }
        }
        let end = loop {
            if self.trainer.progress().epoch >= epochs {
                break End::Exhausted;
            }
            match self.epoch() {
                Ok(Some(end)) => break end,
                Ok(None) => {}
                Err(Failure::Python(error)) if is_interrupt(&error) => break End::Interrupted,
                Err(other) => return Err(other),
            }
        };
        Learned::new(self.shape, &mut self.trainer, self.curve, end)
    }

    /// One epoch; how it ends where it is the last one.
    fn epoch(&mut self) -> Result<Option<End>, Failure> {
        let report = loop {
            if self.looked.elapsed() >= LOOKED_FOR {
                self.looked = Instant::now();
                Python::attach(|py| py.check_signals())?;
            }
            match self.trainer.step() {
                Ok(None) => {}
                Ok(Some(report)) => break report,
                Err(TrainError::Run(RunError::NotFinite { step, origin, .. })) => {
                    return Err(Failure::Diverged { epoch: self.trainer.progress().epoch + 1, step, origin });
                }
                Err(error) => return Err(error.into()),
            }
        };
        let point = self.point(&report);
        let cost = self.cost(&report, &point);
        let answer = self.tell(&report, &point)?;
        self.curve.push(point);
        for fork in &answer.forks {
            self.hand_out(fork)?;
        }
        for change in &answer.changes {
            self.trainer.change(change)?;
        }
        if answer.stop {
            return Ok(Some(End::Stopped));
        }
        if self.own_schedule == Some(OwnSchedule::InverseScaling) {
            let seen = (self.trainer.progress().epoch * self.trainer.rows() as u64) as f64;
            self.set_rate(self.settings.learning_rate / libm::pow(seen + 1.0, self.settings.power_t))?;
        }
        if !self.stopping.is_over(cost) {
            return Ok(None);
        }
        let rate = self.trainer.learning_rate() / self.units.rate;
        if self.own_schedule == Some(OwnSchedule::Adaptive) && rate > 1e-6 {
            self.set_rate(rate / 5.0)?;
            self.stopping.restart();
            return Ok(None);
        }
        Ok(Some(End::Converged))
    }

    /// Gives a copy of the network as it is now to somebody.
    fn hand_out(&mut self, to: &Py<PyAny>) -> Result<(), Failure> {
        let now = self.trainer.snapshot()?;
        let copy = Learned::new(self.shape.clone(), &mut self.trainer, self.curve.clone(), End::Stopped)?;
        self.trainer.restore(&now)?;
        Python::attach(|py| to.bind(py).call1((Network::from(copy),)).map(drop))?;
        Ok(())
    }

    fn set_rate(&mut self, rate: f64) -> Result<(), Failure> {
        Ok(self.trainer.change(&caviar_engine::train::Change::LearningRate(rate * self.units.rate))?)
    }

    fn point(&self, report: &EpochReport) -> Point {
        let loss = report.train_loss * self.units.loss + report.penalty / self.units.gradient;
        let figures = report.validation.iter().flat_map(|evaluation| evaluation.values());
        let in_units = |metric: caviar_engine::train::Metric, value: f64| match metric {
            caviar_engine::train::Metric::Loss => value * self.units.loss,
            _ => value,
        };
        let validation = figures.map(|&(metric, value)| (metric.to_string(), in_units(metric, value))).collect();
        Point { loss, learning_rate: report.learning_rate / self.units.rate, validation }
    }

    /// What decides whether training goes on: lower is better.
    fn cost(&self, report: &EpochReport, point: &Point) -> f64 {
        let metric = self.trainer.spec().metric;
        let score = report.validation.as_ref().and_then(|evaluation| evaluation.get(metric));
        match score {
            Some(score) if self.settings.early_stopping => metric.cost(score),
            Some(_) | None => point.loss,
        }
    }

    /// Tells the callback, and hears what it wants.
    fn tell(&self, report: &EpochReport, point: &Point) -> Result<Answer, Failure> {
        let Some(callback) = &self.on_epoch else { return Ok(Answer::default()) };
        Python::attach(|py| {
            let facts = PyDict::new(py);
            facts.set_item("epoch", report.epoch)?;
            facts.set_item("loss", point.loss)?;
            facts.set_item("learning_rate", point.learning_rate)?;
            facts.set_item("steps", report.steps)?;
            let validation = PyDict::new(py);
            for (name, value) in &point.validation {
                validation.set_item(name, value)?;
            }
            facts.set_item("validation", validation)?;
            let said: Bound<'_, PyAny> = callback.bind(py).call1((facts,))?;
            Ok(answer(&said, self.units)?)
        })
    }
}

/// Whether it is a person's Ctrl-C.
pub(crate) fn is_interrupt(error: &PyErr) -> bool {
    Python::attach(|py| error.is_instance_of::<PyKeyboardInterrupt>(py))
}
