//! The training loop.

mod measuring;
mod steering;

use super::control::{Command, Refusal};
use super::data::{Data, Targets};
use super::event::{EpochReport, Event, Flow, Observer, Outcome};
use super::snapshot::{Best, Progress};
use super::spec::{TrainError, TrainOptions, TrainSpec};
use crate::graph::Graph;
use crate::nn::{MlpError, Network, Parameter};
use crate::op::Role;
use crate::plan::{Plan, PlanOptions};
use crate::real::Real;
use crate::schedule::{Moment, ScheduleState};
use crate::session::{RunError, Seed, Session};
use crate::tensor::{DType, Tensor};
use measuring::check_alike;
use std::sync::Arc;

/// One network in training: a state machine that takes one step at a time.
///
/// A step is a function of the specification, the data and the state ([`Snapshot`](super::Snapshot)); nothing else enters, neither the
/// clock nor the number of threads.
///
/// ```
/// use caviar_engine::{nn::Mlp, optim::Adam, rows::Rows, train::*};
/// use std::sync::Arc;
/// // Points of the plane, and whether their coordinates have one sign.
/// let points: Vec<f32> = (0..200).map(|i| ((i * 37 % 101) as f32 - 50.0) / 25.0).collect();
/// let labels = points.chunks(2).map(|p| i64::from(p[0] * p[1] > 0.0)).collect();
/// let data = Data::new(Rows::from_f32(points, 2)?, Targets::Classes { labels, classes: 2 })?;
/// let spec = TrainSpec::new(Mlp::new(2, &[16, 16], 1), data.targets(), Adam::new(0.01)?.into(), 60)?;
/// let data = Arc::new(data);
/// let mut trainer = Trainer::<f32>::new(spec, Arc::clone(&data), None)?;
/// assert_eq!(trainer.run(&mut Silent)?, Outcome::Complete);
/// assert!(trainer.evaluate(&data, &[])?.get(Metric::Accuracy) > Some(0.9));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Trainer<T: Real> {
    spec: TrainSpec,
    options: TrainOptions,
    data: Arc<Data>,
    validation: Option<Arc<Data>>,
    train_weights: Option<Vec<f64>>,
    validation_weights: Option<Vec<f64>>,
    network: Network,
    session: Session<T>,
    /// The rows of the current epoch, in order; right only where `ordered` is that epoch.
    order: Vec<u32>,
    ordered: Option<u64>,
    scratch: Vec<(u64, u32)>,
    progress: Progress,
    schedule_state: ScheduleState,
    best: Option<Best<T>>,
    stopped: bool,
}

impl<T: Real> Trainer<T> {
    /// A network at its start, on one thread.
    ///
    /// # Errors
    /// A specification that is illegal, or does not fit the data.
    pub fn new(spec: TrainSpec, data: Arc<Data>, validation: Option<Arc<Data>>) -> Result<Self, TrainError> {
        Self::with_options(spec, data, validation, TrainOptions::default())
    }

    /// As [`Trainer::new`], with a number of threads and an instruction set.
    ///
    /// # Errors
    /// As [`Trainer::new`].
    pub fn with_options(
        mut spec: TrainSpec,
        data: Arc<Data>,
        validation: Option<Arc<Data>>,
        options: TrainOptions,
    ) -> Result<Self, TrainError> {
        spec.check(&data)?;
        spec.network.dropout |= spec.drop_prob > 0.0;
        if let Some(held_out) = &validation {
            check_alike(held_out, &data)?;
        }
        let train_weights = spec.row_weights(&data, &data)?;
        let validation_weights = match &validation {
            Some(held_out) => spec.row_weights(held_out, &data)?,
            None => None,
        };
        let (network, session) = assemble(&spec, &data, options)?;
        let mut trainer = Trainer {
            order: vec![0; data.len()],
            ordered: None,
            scratch: Vec::new(),
            progress: Progress {
                epoch: 0,
                row: 0,
                steps: 0,
                steps_of_epoch: 0,
                loss_sum: 0.0,
                weight_sum: 0.0,
                last_batch_loss: f64::NAN,
                learning_rate: spec.minimizer.settings.learning_rate,
                cost: None,
                lowest: None,
            },
            schedule_state: ScheduleState::default(),
            best: None,
            stopped: false,
            spec,
            options,
            data,
            validation,
            train_weights,
            validation_weights,
            network,
            session,
        };
        trainer.apply_settings()?;
        Ok(trainer)
    }

    /// Spreads the kernels over another number of threads from the next step on; nothing that is learned depends on it.
    pub fn set_threads(&mut self, threads: usize) {
        self.options.threads = threads.max(1);
        self.session.set_threads(self.options.threads);
    }

    /// Trains to the last epoch, or until patience is exhausted, the loss is not finite, or the observer ends it.
    ///
    /// # Errors
    /// A run of the graph that failed for another reason than a loss that is not finite.
    pub fn run(&mut self, observer: &mut dyn Observer) -> Result<Outcome, TrainError> {
        self.run_until(u64::MAX, observer)
    }

    /// As [`Trainer::run`], but returns [`Outcome::Paused`] once `epoch` epochs are done.
    ///
    /// # Errors
    /// As [`Trainer::run`].
    pub fn run_until(&mut self, epoch: u64, observer: &mut dyn Observer) -> Result<Outcome, TrainError> {
        loop {
            while let Some(command) = observer.command() {
                match self.command(command, observer)? {
                    Flow::Continue => {}
                    Flow::Pause => return Ok(Outcome::Paused),
                    Flow::Stop => return self.end(Outcome::Stopped),
                }
            }
            if self.stopped {
                return self.end(Outcome::Stopped);
            }
            if self.progress.epoch >= self.spec.epochs {
                return self.end(Outcome::Complete);
            }
            if self.is_exhausted() {
                return self.end(Outcome::Converged { epoch: self.progress.epoch - 1 });
            }
            if self.progress.epoch >= epoch {
                return Ok(Outcome::Paused);
            }
            match self.step() {
                Ok(None) => {}
                Ok(Some(report)) => match observer.event(&Event::Epoch(report)) {
                    Flow::Continue => {}
                    Flow::Pause => return Ok(Outcome::Paused),
                    Flow::Stop => return self.end(Outcome::Stopped),
                },
                Err(TrainError::Run(RunError::NotFinite { step, origin, .. })) => {
                    let epoch = self.progress.epoch;
                    return self.end(Outcome::Diverged { epoch, step, origin });
                }
                Err(error) => return Err(error),
            }
        }
    }

    /// Puts back the best weights, where that is asked for.
    fn end(&mut self, outcome: Outcome) -> Result<Outcome, TrainError> {
        self.stopped |= outcome == Outcome::Stopped;
        if self.spec.restore_best
            && let Some(best) = self.best.take()
        {
            let restored = self.set_variables(&best.variables);
            self.best = Some(best);
            restored?;
        }
        Ok(outcome)
    }

    fn is_exhausted(&self) -> bool {
        let waited = self.progress.lowest.map_or(0, |(_, waited)| waited);
        self.spec.patience.is_some_and(|patience| waited >= patience.max(1))
    }

    /// One update; the report where it was the last of an epoch.
    ///
    /// # Errors
    /// A loss that is not finite ([`RunError::NotFinite`]; nothing has changed); other failures of the graph.
    pub fn step(&mut self) -> Result<Option<EpochReport>, TrainError> {
        let (epoch, rows) = (self.progress.epoch, self.data.len());
        if self.ordered != Some(epoch) {
            let seed = self.spec.order_seed;
            self.spec.order.fill(seed, epoch, self.data.targets(), &mut self.order, &mut self.scratch);
            self.ordered = Some(epoch);
        }
        let (schedule_state, learning_rate) = self.next_rate();
        let batch = self.next_batch();
        let weight = self.stage(batch.clone());
        let l2 = self.spec.l2 / self.spec.l2_divisor.rows(rows, batch.len());
        let settings = self.session.settings_mut(self.network.update)?;
        (settings.learning_rate, settings.l2) = (learning_rate, l2);
        self.session.set_draws(self.progress.steps);
        let done = self.session.execute_both(self.network.step, self.network.training_loss);
        done.map_err(|error| self.at_own_step(error))?;

        let loss = self.session.value(self.network.training_loss)?.item().map_or(f64::NAN, T::to_f64);
        self.schedule_state = schedule_state;
        let progress = &mut self.progress;
        progress.learning_rate = learning_rate;
        progress.last_batch_loss = loss;
        progress.loss_sum += loss * weight;
        progress.weight_sum += weight;
        progress.steps += 1;
        progress.steps_of_epoch += 1;
        progress.row = batch.end;
        if batch.end < rows { Ok(None) } else { self.finish_epoch().map(Some) }
    }

    /// The error with the number of the update counted over the whole run: an optimizer that was exchanged counts anew.
    fn at_own_step(&self, error: RunError) -> RunError {
        match error {
            RunError::NotFinite { node, value, origin, .. } => {
                RunError::NotFinite { node, value, origin, step: self.progress.steps + 1 }
            }
            other => other,
        }
    }

    /// The schedule sees how much of the epoch is done, so that a new batch size does not throw it off its way.
    fn next_rate(&self) -> (ScheduleState, f64) {
        let (progress, rows) = (&self.progress, self.data.len());
        let size = self.spec.batch_size.rows(rows).max(1);
        let joined = self.spec.network.batch_norm.is_some() && rows > size && rows % size == 1;
        let moment = Moment {
            epoch: progress.epoch,
            step: (progress.row / size) as u64,
            steps_per_epoch: (rows.div_ceil(size) - usize::from(joined)) as u64,
            metric: progress.cost,
        };
        self.spec.timetable.rate(self.schedule_state, self.spec.minimizer.settings.learning_rate, moment)
    }

    /// The rows of the next batch; under batch norm a last row alone joins the batch before it.
    fn next_batch(&self) -> std::ops::Range<usize> {
        let (rows, start) = (self.data.len(), self.progress.row);
        let mut end = (start + self.spec.batch_size.rows(rows)).min(rows);
        if self.spec.network.batch_norm.is_some() && end + 1 == rows {
            end = rows;
        }
        start..end
    }

    /// Copies a batch into the session; returns its weight.
    fn stage(&mut self, batch: std::ops::Range<usize>) -> f64 {
        let indices = &self.order[batch];
        stage(&mut self.session, &self.network, &self.data, self.train_weights.as_deref(), indices)
    }

    fn finish_epoch(&mut self) -> Result<EpochReport, TrainError> {
        let validation = match self.validation.clone() {
            Some(held_out) => {
                let weights = self.validation_weights.take();
                let evaluation = self.measure(&held_out, weights.as_deref(), &[self.spec.metric]);
                self.validation_weights = weights;
                Some(evaluation?)
            }
            None => None,
        };
        let report = EpochReport {
            epoch: self.progress.epoch,
            train_loss: self.progress.loss_sum / self.progress.weight_sum,
            last_batch_loss: self.progress.last_batch_loss,
            penalty: self.penalty()?,
            validation,
            learning_rate: self.progress.learning_rate,
            steps: self.progress.steps,
        };
        let score = report.validation.as_ref().and_then(|evaluation| evaluation.get(self.spec.metric));
        if let Some(score) = score {
            self.judge(score)?;
        }
        let progress = &mut self.progress;
        progress.cost = score.map(|score| self.spec.metric.cost(score)).or(Some(report.train_loss));
        progress.epoch += 1;
        (progress.row, progress.steps_of_epoch) = (0, 0);
        (progress.loss_sum, progress.weight_sum) = (0.0, 0.0);
        Ok(report)
    }

    /// Remembers the epoch where it is the best so far.
    fn judge(&mut self, score: f64) -> Result<(), TrainError> {
        let cost = self.spec.metric.cost(score);
        match &mut self.progress.lowest {
            // A NaN, where a metric was not defined, is no better than anything and worse than everything.
            Some((lowest, waited)) if !(cost < *lowest || lowest.is_nan() && !cost.is_nan()) => {
                *waited += 1;
                return Ok(());
            }
            lowest => *lowest = Some((cost, 0)),
        }
        if self.spec.restore_best {
            let mut variables = self.best.take().map(|best| best.variables).unwrap_or_default();
            self.read_variables(&mut variables)?;
            self.best = Some(Best { epoch: self.progress.epoch, score, variables });
        }
        Ok(())
    }

    /// `λ/(2m)·ΣW²` over the weights, in `f64`.
    fn penalty(&self) -> Result<f64, TrainError> {
        if self.spec.l2 == 0.0 {
            return Ok(0.0);
        }
        let mut sum = 0.0;
        for parameter in self.network.parameters.iter().filter(|parameter| parameter.role == Role::Weight) {
            let weights = self.session.value(parameter.node)?;
            sum += weights.data().iter().map(|w| w.to_f64() * w.to_f64()).sum::<f64>();
        }
        let rows = self.data.len();
        let divisor = self.spec.l2_divisor.rows(rows, self.spec.batch_size.rows(rows));
        Ok(self.spec.l2 / (2.0 * divisor) * sum)
    }

    fn command(&mut self, command: Command, observer: &mut dyn Observer) -> Result<Flow, TrainError> {
        match command {
            Command::Pause => Ok(Flow::Pause),
            Command::Stop => Ok(Flow::Stop),
            Command::Set(change) => {
                let event = match self.change(&change) {
                    Ok(()) => Event::Applied { change, step: self.progress.steps + 1 },
                    Err(error) => Event::Refused(Refusal { change: change.to_string(), rule: error.to_string() }),
                };
                Ok(observer.event(&event))
            }
        }
    }

    /// The parameters: names, sizes, roles.
    pub fn parameters(&self) -> &[Parameter] {
        &self.network.parameters
    }

    /// The values of a parameter, by name.
    pub fn weights(&self, name: &str) -> Option<Tensor<T>> {
        let parameter = self.network.parameters.iter().find(|parameter| parameter.name == name)?;
        self.session.value(parameter.node).ok().map(|view| view.to_tensor())
    }

    /// Replaces the values of a parameter.
    ///
    /// # Errors
    /// A name that the network does not have, another shape.
    pub fn set_weights(&mut self, name: &str, values: &Tensor<T>) -> Result<(), TrainError> {
        match self.network.parameters.iter().find(|parameter| parameter.name == name) {
            Some(parameter) => Ok(self.session.set(parameter.node, values)?),
            None => Err(TrainError::Run(RunError::NotAVariable { node: name.to_string() })),
        }
    }

    fn read_variables(&self, into: &mut Vec<Vec<T>>) -> Result<(), TrainError> {
        into.resize_with(self.network.parameters.len(), Vec::new);
        for (values, parameter) in into.iter_mut().zip(&self.network.parameters) {
            values.clear();
            values.extend_from_slice(self.session.value(parameter.node)?.data());
        }
        Ok(())
    }

    fn set_variables(&mut self, values: &[Vec<T>]) -> Result<(), TrainError> {
        for (values, parameter) in values.iter().zip(&self.network.parameters) {
            self.session.set_slice(parameter.node, values)?;
        }
        Ok(())
    }

    /// The specification in force: the original one and every change since.
    pub fn spec(&self) -> &TrainSpec {
        &self.spec
    }

    /// The learning rate of the next step.
    pub fn learning_rate(&self) -> f64 {
        self.next_rate().1
    }

    /// How many rows it is trained on.
    pub fn rows(&self) -> usize {
        self.data.len()
    }

    /// Where the run stands.
    pub fn progress(&self) -> &Progress {
        &self.progress
    }

    /// The best epoch so far and its metric.
    pub fn best(&self) -> Option<(u64, f64)> {
        self.best.as_ref().map(|best| (best.epoch, best.score))
    }

    /// The plan of the network, for those who want to read it.
    pub fn plan(&self) -> &Plan<T> {
        self.session.plan()
    }
}

/// The network in a graph of its own, planned, and a session with its first weights.
fn assemble<T: Real>(
    spec: &TrainSpec,
    data: &Data,
    options: TrainOptions,
) -> Result<(Network, Session<T>), TrainError> {
    let graph = Graph::new();
    let network = spec.network.build(&graph, spec.loss_spec(data), spec.minimizer)?;
    let fetches = [network.step, network.training_loss, network.outputs, network.row_losses].map(|id| graph.node(id));
    let plan_options = PlanOptions { isa: options.isa, fuse: true };
    let plan = Plan::with_options(&graph, &fetches, plan_options).map_err(MlpError::from)?;
    let session = Session::with_threads(plan, Seed(spec.seed), options.threads);
    Ok((network, session))
}

/// Copies the rows at `indices` into the session; returns the sum of their weights.
fn stage<T: Real>(
    session: &mut Session<T>,
    network: &Network,
    data: &Data,
    weights: Option<&[f64]>,
    indices: &[u32],
) -> f64 {
    session.start(indices.len());
    session.stage_rows(network.features, data.features(), indices);
    match data.targets() {
        Targets::Classes { labels, .. } if network.target_type == DType::Integer => {
            let staged = session.stage_integers(network.targets).iter_mut();
            staged.zip(indices).for_each(|(to, &row)| *to = labels[row as usize]);
        }
        Targets::Classes { labels, .. } => {
            let staged = session.stage(network.targets).iter_mut();
            staged.zip(indices).for_each(|(to, &row)| *to = T::from_f64(labels[row as usize] as f64));
        }
        Targets::Values { values, columns } => {
            for (to, &row) in session.stage(network.targets).chunks_exact_mut(*columns).zip(indices) {
                let from = &values[row as usize * columns..][..*columns];
                to.iter_mut().zip(from).for_each(|(to, &value)| *to = T::from_f64(value));
            }
        }
    }
    let Some(id) = network.row_weights else { return indices.len() as f64 };
    let mut sum = 0.0;
    for (to, &row) in session.stage(id).iter_mut().zip(indices) {
        let weight = weights.map_or(1.0, |weights| weights[row as usize]);
        *to = T::from_f64(weight);
        sum += weight;
    }
    sum
}
