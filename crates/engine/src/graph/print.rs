//! Graphs and nodes as text, and as dot.

use super::{Graph, Node, NodeData};
use crate::op::Op;
use std::fmt::{self, Write};

impl Graph {
    /// `name = operation(inputs) : type shape`, or the rule that the node breaks.
    pub(super) fn print(&self, node: Node<'_>, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let content = self.content.borrow();
        let data = &content.nodes[node.index as usize];
        match data.broken {
            Some(error) => write!(f, "{} = {} : broken by {}", data.name, data.op, content.errors[error]),
            None => f.write_str(&line(&content.nodes, data)),
        }
    }

    /// The graph in the language of Graphviz: sources as boxes, operations as ellipses.
    pub fn to_dot(&self) -> String {
        let content = self.content.borrow();
        let mut text = String::from("digraph caviar {\n  rankdir = BT;\n");
        for (index, data) in content.nodes.iter().enumerate() {
            let shape = if data.inputs.is_empty() { "box" } else { "ellipse" };
            let label = format!("{}\\n{} {}", quoted(&data.name), data.op, data.shape);
            // Writing to a String cannot fail.
            let _ = writeln!(text, "  n{index} [shape = {shape}, label = \"{label}\"];");
            for input in &data.inputs {
                let _ = writeln!(text, "  n{} -> n{index};", input.index);
            }
        }
        text.push_str("}\n");
        text
    }
}

impl fmt::Display for Graph {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let content = self.content.borrow();
        content.nodes.iter().try_for_each(|data| writeln!(f, "{}", line(&content.nodes, data)))
    }
}

/// A name as it stands between the quotes of a label.
pub(crate) fn quoted(name: &str) -> String {
    name.replace('\\', "\\\\").replace('"', "\\\"")
}

/// `name = operation(inputs) : type shape`.
pub(crate) fn line(nodes: &[NodeData], data: &NodeData) -> String {
    let mut text = format!("{} = {}", data.name, data.op);
    if !data.inputs.is_empty() {
        let inputs: Vec<&str> = data.inputs.iter().map(|id| nodes[id.at()].name.as_str()).collect();
        // Writing to a String cannot fail.
        let _ = write!(text, "({})", inputs.join(", "));
    }
    if let Op::Variable { init, .. } = &data.op {
        let _ = write!(text, "({init})");
    }
    let _ = write!(text, " : {} {}", data.dtype, data.shape);
    text
}
