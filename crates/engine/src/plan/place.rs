//! Where each node lives: buffers are shared by nodes whose lifetimes do not meet.

use super::{Step, Work};
use crate::graph::{NodeData, NodeId};
use crate::op::{Op, Role};
use crate::shape::{Dim, Shape};
use crate::tensor::DType;
use std::ops::Range;

/// The buffer of a node: which of the three arenas, and which slot in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Place {
    pub dtype: DType,
    pub slot: usize,
}

/// The size of a slot: `fixed · batch^power` elements.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct SlotSize {
    pub fixed: usize,
    pub power: usize,
    /// Right behind the slot before it, so that one pass can go over both.
    pub joined: bool,
}

impl SlotSize {
    fn of(shape: &Shape) -> Self {
        let (fixed, power) = shape.count();
        SlotSize { fixed, power, joined: false }
    }

    pub fn at(self, batch: usize) -> usize {
        (0..self.power).fold(self.fixed, |size, _| size.saturating_mul(batch))
    }
}

/// The places of all needed nodes.
#[derive(Debug)]
pub(crate) struct Placement {
    pub places: Vec<Option<Place>>,
    pub real: Vec<SlotSize>,
    pub integer: Vec<SlotSize>,
    pub boolean: Vec<SlotSize>,
    /// For each optimizer step, by node: the slots of its state, variable by variable.
    pub optimizer_slots: Vec<(usize, Vec<Vec<usize>>)>,
    /// For matrix products: rows and columns of the second matrix as it is multiplied, for the scratch buffer.
    pub packed: Vec<(Dim, Dim)>,
}

impl Placement {
    pub fn new(
        nodes: &[NodeData],
        fetches: &[NodeId],
        needed: &[u64],
        steps: &[Step],
        groups: &[Range<usize>],
    ) -> Self {
        let mut placement = Placement {
            places: vec![None; nodes.len()],
            real: Vec::new(),
            integer: Vec::new(),
            boolean: Vec::new(),
            optimizer_slots: Vec::new(),
            packed: Vec::new(),
        };
        let stores = stores(nodes);
        placement.place_optimizers(nodes, steps, &stores);
        placement.place_sources(nodes, needed);
        placement.place_steps(nodes, fetches, needed, steps, groups, &stores);
        for step in steps {
            if let Work::Gemm { transpose_b, .. } = step.work {
                let dims = nodes[step.inputs[1]].shape;
                let at = usize::from(transpose_b);
                placement.packed.push((dims.dims()[at], dims.dims()[1 - at]));
            }
        }
        placement
    }

    fn slots(&mut self, dtype: DType) -> &mut Vec<SlotSize> {
        match dtype {
            DType::Real => &mut self.real,
            DType::Integer => &mut self.integer,
            DType::Boolean => &mut self.boolean,
        }
    }

    fn new_slot(&mut self, dtype: DType, size: SlotSize) -> Place {
        let slots = self.slots(dtype);
        slots.push(size);
        Place { dtype, slot: slots.len() - 1 }
    }

    /// Constants, placeholders and variables keep their slots for themselves; so does the 0 of a group.
    fn place_sources(&mut self, nodes: &[NodeData], needed: &[u64]) {
        for (index, node) in nodes.iter().enumerate().filter(|(index, _)| needed[*index] != 0) {
            let is_source =
                matches!(node.op, Op::Constant(_) | Op::Placeholder { .. } | Op::Variable { .. } | Op::Group);
            if is_source && self.places[index].is_none() {
                self.places[index] = Some(self.new_slot(node.dtype, SlotSize::of(&node.shape)));
            }
        }
    }

    fn place_steps(
        &mut self,
        nodes: &[NodeData],
        fetches: &[NodeId],
        needed: &[u64],
        steps: &[Step],
        groups: &[Range<usize>],
        stores: &[usize],
    ) {
        let kept: Vec<bool> = self.places.iter().map(Option::is_some).collect();
        let mut last_use = vec![0; nodes.len()];
        // The parts of a group are not all at the same step: what one of its steps reads, no later one of them may overwrite.
        let end = |position: usize| {
            let group = groups.iter().find(|group| group.contains(&position));
            group.map_or(position, |group| group.end - 1)
        };
        for (position, step) in steps.iter().enumerate() {
            step.inputs.iter().for_each(|&input| last_use[stores[input]] = end(position));
        }
        let mut released: Vec<usize> = Vec::new();
        fetches.iter().for_each(|fetch| last_use[stores[fetch.at()]] = usize::MAX);
        let mut free: Vec<Place> = Vec::new();
        for (position, step) in steps.iter().enumerate() {
            let outputs = || [Some(step.node), step.also].into_iter().flatten();
            for index in outputs().filter(|&index| stores[index] == index && !kept[index]) {
                let node = &nodes[index];
                let place = self.reuse(&mut free, node);
                let place = place.unwrap_or_else(|| self.new_slot(node.dtype, SlotSize::of(&node.shape)));
                self.places[index] = Some(place);
            }
            released.extend(step.inputs.iter().map(|&input| stores[input]).chain(outputs()));
            if end(position) > position {
                continue;
            }
            released.sort_unstable();
            released.dedup();
            let ends = |&store: &usize| last_use[store] <= position && is_temporary(&nodes[store].op) && !kept[store];
            for store in released.drain(..).filter(ends) {
                free.extend(self.places[store]);
            }
        }
        for index in (0..nodes.len()).filter(|&index| needed[index] != 0) {
            self.places[index] = self.places[index].or(self.places[stores[index]]);
        }
    }

    /// A free slot of the same kind: the smallest that is large enough, else the largest, which grows.
    fn reuse(&mut self, free: &mut Vec<Place>, node: &NodeData) -> Option<Place> {
        let size = SlotSize::of(&node.shape);
        let slots = self.slots(node.dtype);
        let fits = |place: &Place| place.dtype == node.dtype && slots[place.slot].power == size.power;
        let cost = |place: &Place| {
            let have = slots[place.slot].fixed;
            if have >= size.fixed { (0, have) } else { (1, usize::MAX - have) }
        };
        let best = (0..free.len()).filter(|&at| fits(&free[at])).min_by_key(|&at| cost(&free[at]))?;
        let place = free.swap_remove(best);
        let slot = &mut slots[place.slot];
        slot.fixed = slot.fixed.max(size.fixed);
        Some(place)
    }

    /// The variables of an optimizer one after the other, weights before all others, and so their gradients and each slot
    /// of the rule's state: one pass can update neighbors together.
    fn place_optimizers(&mut self, nodes: &[NodeData], steps: &[Step], stores: &[usize]) {
        for step in steps {
            let Op::Optimize { minimizer, variables } = &nodes[step.node].op else { continue };
            let (gradients, variables) = step.inputs[1..].split_at(variables.len());
            let mut order: Vec<usize> = (0..variables.len()).collect();
            order.sort_by_key(|&which| !matches!(nodes[variables[which]].op, Op::Variable { role: Role::Weight, .. }));
            let computed = |&index: &usize| {
                let written = |step: &Step| step.node == index || step.also == Some(index);
                stores[index] == index && steps.iter().any(written)
            };
            for group in [variables, gradients] {
                let mut joined = false;
                for index in order.iter().map(|&which| group[which]) {
                    let is_variable = matches!(nodes[index].op, Op::Variable { .. });
                    if self.places[index].is_none() && (is_variable || computed(&index)) {
                        let size = SlotSize { joined, ..SlotSize::of(&nodes[index].shape) };
                        self.places[index] = Some(self.new_slot(DType::Real, size));
                        joined = true;
                    }
                }
            }
            let mut slots = vec![Vec::new(); variables.len()];
            for _ in 0..minimizer.optimizer.slots() {
                for (number, &which) in order.iter().enumerate() {
                    let size = SlotSize { joined: number > 0, ..SlotSize::of(&nodes[variables[which]].shape) };
                    slots[which].push(self.new_slot(DType::Real, size).slot);
                }
            }
            self.optimizer_slots.push((step.node, slots));
        }
    }
}

/// For each node, the node whose buffer holds it: a reshape's is that of its input, an assignment's that of the variable,
/// an update's that of the loss.
fn stores(nodes: &[NodeData]) -> Vec<usize> {
    let mut stores: Vec<usize> = (0..nodes.len()).collect();
    for (index, node) in nodes.iter().enumerate() {
        if let Op::Reshape(_) | Op::Assign | Op::Optimize { .. } = node.op {
            stores[index] = stores[node.inputs[0].at()];
        }
    }
    stores
}

fn is_temporary(op: &Op) -> bool {
    !matches!(op, Op::Constant(_) | Op::Placeholder { .. } | Op::Variable { .. })
}
