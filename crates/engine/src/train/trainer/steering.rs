//! Changing, keeping and restoring the state of a run between two steps.

use super::{Trainer, assemble};
use crate::nn::Parameter;
use crate::op::Role;
use crate::real::Real;
use crate::schedule::{Schedule, Timetable};
use crate::train::control::Change;
use crate::train::snapshot::{Snapshot, SnapshotError};
use crate::train::spec::{BatchSize, TrainError, TrainSpec};
use std::sync::Arc;

impl<T: Real> Trainer<T> {
    /// Changes a hyperparameter from the next step on.
    ///
    /// # Errors
    /// A value outside its range, a hyperparameter that nothing in force reads; then nothing has changed.
    pub fn change(&mut self, change: &Change) -> Result<(), TrainError> {
        let mut spec = self.spec.clone();
        let rule = spec.minimizer.optimizer;
        let settings = &mut spec.minimizer.settings;
        let read = |name, has: bool| if has { Ok(()) } else { Err(TrainError::NotRead { name, optimizer: rule }) };
        let mut rebuilt = false;
        match change {
            Change::LearningRate(rate) => {
                settings.learning_rate = *rate;
                spec.timetable = Timetable::new(Schedule::Constant, spec.epochs as f64)?;
            }
            Change::Schedule(schedule) => spec.timetable = Timetable::new(schedule.clone(), spec.epochs as f64)?,
            Change::Beta(beta) => {
                read("beta", rule.has_beta())?;
                settings.beta = *beta;
            }
            Change::Beta1(beta) => {
                read("beta1", rule.has_two_betas())?;
                settings.beta1 = *beta;
            }
            Change::Beta2(beta) => {
                read("beta2", rule.has_two_betas())?;
                settings.beta2 = *beta;
            }
            Change::Epsilon(epsilon) => {
                read("epsilon", rule.has_epsilon())?;
                settings.epsilon = *epsilon;
            }
            Change::L2(l2) => spec.l2 = *l2,
            Change::WeightDecay(decay) => settings.weight_decay = *decay,
            Change::ClipNorm(limit) => settings.clip_norm = *limit,
            Change::ClipValue(limit) => settings.clip_value = *limit,
            Change::Dropout(_) if spec.network.hidden.is_empty() => return Err(TrainError::NothingToDrop),
            Change::Dropout(share) => {
                spec.drop_prob = *share;
                rebuilt = !spec.network.dropout && *share > 0.0;
                spec.network.dropout |= rebuilt;
            }
            Change::BatchSize(rows) => spec.batch_size = BatchSize::Rows(*rows),
            Change::Optimizer(optimizer) => {
                rebuilt = *optimizer != spec.minimizer.optimizer;
                spec.minimizer.optimizer = *optimizer;
            }
            Change::Epochs(epochs) => spec.epochs = *epochs,
        }
        spec.check(&self.data)?;
        self.adopt(spec, rebuilt)
    }

    /// Goes on under another specification; `rebuilt` where its plan is another one.
    fn adopt(&mut self, spec: TrainSpec, rebuilt: bool) -> Result<(), TrainError> {
        if rebuilt {
            let same_rule = spec.minimizer.optimizer == self.spec.minimizer.optimizer;
            let (network, session) = assemble(&spec, &self.data, self.options)?;
            let mut old = Vec::new();
            self.read_variables(&mut old)?;
            let state = self.session.optimizer_mut(self.network.update)?.state;
            let slots = self.session.optimizer_slots(self.network.update);
            (self.network, self.session) = (network, session);
            self.set_variables(&old)?;
            if same_rule {
                self.session.optimizer_mut(self.network.update)?.state = state;
                self.session.set_optimizer_slots(self.network.update, &slots);
            }
        }
        self.spec = spec;
        self.apply_settings()
    }

    /// Hands the specification's hyperparameters to the session.
    pub(super) fn apply_settings(&mut self) -> Result<(), TrainError> {
        // The learning rate and L2 are set at every step.
        *self.session.settings_mut(self.network.update)? = self.spec.minimizer.settings;
        if let Some(setting) = self.network.drop_prob {
            self.session.set_slice(setting, &[T::from_f64(self.spec.drop_prob)])?;
        }
        Ok(())
    }

    /// All that changes in the run.
    ///
    /// # Errors
    /// None that a user can cause.
    pub fn snapshot(&mut self) -> Result<Snapshot<T>, TrainError> {
        let mut variables = Vec::new();
        self.read_variables(&mut variables)?;
        Ok(Snapshot {
            names: self.network.parameters.iter().map(|parameter| parameter.name.clone()).collect(),
            variables,
            optimizer: self.spec.minimizer.optimizer,
            slots: self.session.optimizer_slots(self.network.update),
            optimizer_state: self.session.optimizer_mut(self.network.update)?.state,
            settings: self.spec.minimizer.settings,
            timetable: self.spec.timetable.clone(),
            schedule_state: self.schedule_state,
            l2: self.spec.l2,
            drop_prob: self.spec.drop_prob,
            batch_size: self.spec.batch_size,
            epochs: self.spec.epochs,
            progress: self.progress.clone(),
            best: self.best.clone(),
        })
    }

    /// Goes back, or forward, to a snapshot of this network or of one with the same description.
    ///
    /// # Errors
    /// A snapshot of another network; then nothing has changed.
    pub fn restore(&mut self, snapshot: &Snapshot<T>) -> Result<(), TrainError> {
        let differs = |what: &str| SnapshotError { what: what.to_string() };
        let own = &self.network.parameters;
        let same_name = |(parameter, name): (&Parameter, &String)| parameter.name == *name;
        if own.len() != snapshot.names.len() || !own.iter().zip(&snapshot.names).all(same_name) {
            return Err(differs("the list of parameters").into());
        }
        let sized = |values: &[Vec<T>]| {
            values.len() == own.len() && own.iter().zip(values).all(|(own, values)| own.dims.len() == values.len())
        };
        if !sized(&snapshot.variables) || !snapshot.best.as_ref().is_none_or(|best| sized(&best.variables)) {
            return Err(differs("the size of a parameter").into());
        }
        let trained = own.iter().filter(|parameter| parameter.role != Role::State);
        let sizes = trained.flat_map(|parameter| std::iter::repeat_n(parameter.dims.len(), snapshot.optimizer.slots()));
        if !sizes.eq(snapshot.slots.iter().map(Vec::len)) {
            return Err(differs("the optimizer's state").into());
        }
        if snapshot.progress.row >= self.data.len() {
            return Err(differs("the number of training rows").into());
        }
        let mut spec = self.spec.clone();
        spec.minimizer.optimizer = snapshot.optimizer;
        spec.minimizer.settings = snapshot.settings;
        spec.timetable = snapshot.timetable.clone();
        (spec.l2, spec.drop_prob) = (snapshot.l2, snapshot.drop_prob);
        (spec.batch_size, spec.epochs) = (snapshot.batch_size, snapshot.epochs);
        let needs_dropout = spec.drop_prob > 0.0 && !spec.network.dropout;
        spec.network.dropout |= needs_dropout;
        spec.check(&self.data)?;
        let rebuilt = needs_dropout || spec.minimizer.optimizer != self.spec.minimizer.optimizer;
        self.adopt(spec, rebuilt)?;
        self.session.set_optimizer_slots(self.network.update, &snapshot.slots);
        self.set_variables(&snapshot.variables)?;
        self.session.optimizer_mut(self.network.update).map_err(TrainError::from)?.state = snapshot.optimizer_state;
        self.schedule_state = snapshot.schedule_state;
        self.progress = snapshot.progress.clone();
        self.best = snapshot.best.clone();
        self.stopped = false;
        self.ordered = None;
        Ok(())
    }

    /// A twin: the same state in a trainer of its own, which goes on alone.
    ///
    /// # Errors
    /// None that a user can cause.
    pub fn fork(&mut self) -> Result<Self, TrainError> {
        let snapshot = self.snapshot()?;
        let (data, validation) = (Arc::clone(&self.data), self.validation.clone());
        let mut twin = Self::with_options(self.spec.clone(), data, validation, self.options)?;
        twin.restore(&snapshot)?;
        Ok(twin)
    }
}
