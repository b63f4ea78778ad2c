//! Runs the jobs of a plan.

use super::bind::{Bound, Job};
use super::jobs::{Fault, Randomness};
use super::narrow::Call;
use super::{RunError, Session};
use crate::graph::NodeId;
use crate::op::Op;
use crate::real::Real;
use crate::tensor::DType;
use std::ops::Range;
use std::sync::Arc;

impl<T: Real> Session<T> {
    /// Runs what two fetches of the plan need, after their placeholders have been staged.
    pub(crate) fn execute_both(&mut self, first: NodeId, second: NodeId) -> Result<(), RunError> {
        let bit = |id| self.plan.compiled.fetch_bit(id).ok_or_else(|| RunError::NotFetched { node: self.name(id) });
        let wanted = bit(first)? | bit(second)?;
        self.execute(wanted)
    }

    /// Runs every step that one of the `wanted` fetches needs.
    pub(super) fn execute(&mut self, wanted: u64) -> Result<(), RunError> {
        let plan = &self.plan.compiled;
        let unfed = |(index, needed): &(usize, u64)| needed & wanted != 0 && !self.fed[*index];
        if let Some((index, _)) = plan.placeholders.iter().find(|placeholder| unfed(placeholder)) {
            return Err(RunError::NotFed { node: plan.nodes[*index].name.clone() });
        }
        let (first_update, end) = (plan.first_update, plan.steps.len());
        self.run_steps(0..first_update, wanted)?;
        self.check_losses(wanted)?;
        self.run_steps(first_update..end, wanted)?;
        self.draws += u64::from(self.plan.compiled.drawing & wanted != 0);
        self.computed = wanted;
        Ok(())
    }

    /// Nothing may change before the loss of every update has been found finite.
    fn check_losses(&self, wanted: u64) -> Result<(), RunError> {
        let (plan, Some(bound)) = (&self.plan.compiled, self.bound.first()) else { return Ok(()) };
        for (position, step) in plan.steps.iter().enumerate().skip(plan.first_update) {
            let (Job::Optimize { loss, .. }, true) = (&bound.jobs[position], step.needed & wanted != 0) else {
                continue;
            };
            let value = self.memory.real.get(*loss)[0];
            if !value.is_finite() {
                let live = self.optimizers.iter().find(|live| live.node == step.node);
                let number = live.map_or(0, |live| live.state.step) + 1;
                return Err(self.error(position, Fault::NotFinite { value: value.to_f64(), step: number }, wanted));
            }
        }
        Ok(())
    }

    fn error(&self, position: usize, fault: Fault, wanted: u64) -> RunError {
        let plan = &self.plan.compiled;
        let step = &plan.steps[position];
        match fault {
            Fault::Index { element, value, limit } => {
                RunError::Index { node: plan.nodes[step.node].name.clone(), element, value, limit }
            }
            Fault::NotFinite { value, step: number } => {
                let node = plan.nodes[step.inputs[0]].name.clone();
                let origin = self.first_not_finite(wanted).unwrap_or_else(|| node.clone());
                RunError::NotFinite { node, value, step: number, origin }
            }
        }
    }

    /// Runs those of some steps that one of the `wanted` fetches needs.
    fn run_steps(&mut self, positions: Range<usize>, wanted: u64) -> Result<(), RunError> {
        let Session { plan, bound, memory, cpu, optimizers, seed, draws, .. } = self;
        let randomness = Randomness { seed: seed.0, draws: *draws };
        let Some(Bound { rows, jobs, groups, moves }) = bound.first() else { return Ok(()) };
        let rows = *rows;
        let steps = &plan.compiled.steps;
        let all_narrow = plan.compiled.narrow.iter().zip(moves);
        let mut next = positions.start;
        while let Some(position) = (next..positions.end).find(|&position| steps[position].needed & wanted != 0) {
            let (step, job) = (&steps[position], &jobs[position]);
            next = position + 1;
            if let Some(group) = groups.iter().find(|group| group.steps.start == position)
                && T::run_group(memory, cpu, &steps[group.steps.clone()], group, wanted)
            {
                next = group.steps.end;
            } else if let Some((narrow, moves)) =
                all_narrow.clone().find(|(narrow, _)| narrow.steps.contains(&position))
                && T::run_narrow(memory, cpu, &Call { plan: &plan.compiled, narrow, jobs, moves, rows, wanted })
            {
                next = narrow.steps.end;
            } else if let Job::Optimize { updates, joined, alike, .. } = job {
                if let Some(live) = optimizers.iter_mut().find(|live| live.node == step.node) {
                    let joined = if live.settings.decays() { joined } else { alike };
                    T::update(memory, cpu, live, [updates, joined]);
                }
            } else if let Err(fault) = T::run_job(memory, cpu, step, job, randomness) {
                return Err(self.error(position, fault, wanted));
            }
        }
        Ok(())
    }

    /// The name of the first node whose value is not finite, found by running the plan again unfused.
    ///
    /// The variables are those before the update, what was fed is still there, and randomness is keyed: the numbers are
    /// those of the run that failed.
    fn first_not_finite(&self, wanted: u64) -> Option<String> {
        let mut replay = Session::with_threads(self.plan.unfused(), self.seed, 1);
        let compiled = Arc::clone(&replay.plan.compiled);
        replay.draws = self.draws;
        replay.start(self.rows());
        for (index, node) in compiled.nodes.iter().enumerate() {
            let sources = (self.plan.compiled.place(index), compiled.place(index));
            if self.plan.compiled.needed[index] & wanted == 0 {
                continue;
            }
            if let (Op::Placeholder { .. } | Op::Variable { .. }, (Some(from), Some(to))) = (&node.op, sources) {
                let len = node.shape.at(self.rows()).len();
                let (from, to) = (self.memory.span(from, len), replay.memory.span(to, len));
                match node.dtype {
                    DType::Real => replay.memory.real.get_mut(to).copy_from_slice(self.memory.real.get(from)),
                    DType::Integer => replay.memory.integer.get_mut(to).copy_from_slice(self.memory.integer.get(from)),
                    DType::Boolean => replay.memory.boolean.get_mut(to).copy_from_slice(self.memory.boolean.get(from)),
                }
                if node.dtype == DType::Real && !all_finite(replay.memory.real.get(to)) {
                    return Some(node.name.clone());
                }
            }
        }
        for (position, step) in compiled.steps.iter().enumerate().filter(|(_, step)| step.needed & wanted != 0) {
            let node = &compiled.nodes[step.node];
            if matches!(node.op, Op::Optimize { .. } | Op::Assign) {
                return None;
            }
            replay.run_steps(position..position + 1, wanted).ok()?;
            let place = compiled.place(step.node)?;
            let span = replay.memory.span(place, node.shape.at(self.rows()).len());
            if place.dtype == DType::Real && !all_finite(replay.memory.real.get(span)) {
                return Some(node.name.clone());
            }
        }
        None
    }
}

fn all_finite<T: Real>(values: &[T]) -> bool {
    values.iter().all(|value| value.is_finite())
}
