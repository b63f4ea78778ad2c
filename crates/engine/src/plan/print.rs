//! Plans as text, and as dot.

use super::{Compiled, Plan, Step, Work};
use crate::graph::{NodeData, quoted};
use crate::kernels::map::MapStep;
use crate::op::Op;
use crate::real::Real;
use std::fmt::{self, Write};

impl<T: Real> fmt::Display for Plan<T> {
    /// One line a step: its number, the kernel, the node written, the nodes read, where it lives and its shape.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let plan = &*self.compiled;
        writeln!(f, "plan: {} steps in {}, {}", plan.steps.len(), T::NAME, plan.isa)?;
        for (number, step) in plan.steps.iter().enumerate() {
            let node = &plan.nodes[step.node];
            let inputs: Vec<&str> = step.inputs.iter().map(|&input| plan.nodes[input].name.as_str()).collect();
            let slot = plan.place(step.node).map_or(0, |place| place.slot);
            let kernel = kernel(step, node);
            writeln!(
                f,
                "{number:>4}  {kernel:<28} {} <- {}  : {} {} in slot {slot}",
                written(plan, step),
                inputs.join(", "),
                node.dtype,
                node.shape
            )?;
        }
        Ok(())
    }
}

impl<T: Real> fmt::Debug for Plan<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl<T: Real> Plan<T> {
    /// The steps in the language of Graphviz: what is there as boxes, steps as ellipses.
    pub fn to_dot(&self) -> String {
        let plan = &*self.compiled;
        let mut text = String::from("digraph plan {\n  rankdir = BT;\n");
        // Writing to a String cannot fail.
        for (index, node) in plan.nodes.iter().enumerate().filter(|(index, _)| plan.needed[*index] != 0) {
            if matches!(node.op, Op::Constant(_) | Op::Placeholder { .. } | Op::Variable { .. }) {
                let _ =
                    writeln!(text, "  n{index} [shape = box, label = \"{}\\n{}\"];", quoted(&node.name), node.shape);
            }
            if let Op::Reshape(_) | Op::Group = node.op {
                let _ =
                    writeln!(text, "  n{index} [shape = plain, label = \"{}\\n{}\"];", quoted(&node.name), node.shape);
                node.inputs.iter().for_each(|input| {
                    let _ = writeln!(text, "  n{} -> n{index};", input.index);
                });
            }
        }
        for step in &plan.steps {
            let node = &plan.nodes[step.node];
            let label = format!("{}\\n{} {}", quoted(&node.name), kernel(step, node), node.shape);
            let _ = writeln!(text, "  n{} [shape = ellipse, label = \"{label}\"];", step.node);
            for input in &step.inputs {
                let _ = writeln!(text, "  n{input} -> n{};", step.node);
            }
            if let Some(also) = step.also {
                let label = format!("{}\\n{}", quoted(&plan.nodes[also].name), plan.nodes[also].shape);
                let _ =
                    writeln!(text, "  n{also} [shape = ellipse, label = \"{label}\"];\n  n{} -> n{also};", step.node);
            }
        }
        text.push_str("}\n");
        text
    }
}

/// The names of the nodes that a step writes.
fn written(plan: &Compiled, step: &Step) -> String {
    let name = |node: usize| plan.nodes[node].name.as_str();
    step.also.map_or_else(|| name(step.node).to_owned(), |also| format!("{}, {}", name(step.node), name(also)))
}

fn kernel(step: &Step, node: &NodeData) -> String {
    match &step.work {
        Work::Map(program) => {
            let names: Vec<&str> = program.iter().map(map_name).collect();
            names.join("·")
        }
        Work::Gemm { transpose_a, transpose_b, bias, relu, gate } => {
            let mark = |turned: &bool| if *turned { "ᵀ" } else { "" };
            let tail = |there: &bool, word: &'static str| if *there { word } else { "" };
            let (bias, relu, gate) = (tail(bias, " + bias"), tail(relu, ", relu"), tail(gate, ", gate"));
            let sums = tail(&step.also.is_some(), ", sums");
            format!("A{}·B{}{bias}{relu}{gate}{sums}", mark(transpose_a), mark(transpose_b))
        }
        Work::LossAndGradient { .. } => format!("{} with gradient", node.op),
        Work::Direct => node.op.to_string(),
    }
}

fn map_name(step: &MapStep) -> &'static str {
    match step {
        MapStep::Unary(op, _) => op.name(),
        MapStep::Binary(op, _, _) => op.name(),
        MapStep::Clip { .. } => "clip",
    }
}
