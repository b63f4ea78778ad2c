//! A graph of operations as a picture: each node below what it is made from.

use super::draw::{SIZE, escape, page, place, width_of};
use super::{BLUE, Color, GRAY, GREEN, ORANGE};
use std::collections::BTreeMap;
use std::error::Error;
use std::fmt::Write;

const LAYER: f64 = 46.0;
const BOX: f64 = 25.0;
const TOP: f64 = 62.0;

/// A graph of operations, to be drawn.
pub struct Diagram {
    title: String,
    nodes: Vec<Node>,
}

#[derive(Default)]
struct Node {
    label: String,
    color: Option<Color>,
    inputs: Vec<usize>,
    layer: usize,
    x: f64,
}

impl Diagram {
    /// From what `Graph::to_dot` says.
    pub fn new(title: &str, dot: &str) -> Self {
        let mut nodes: BTreeMap<usize, Node> = BTreeMap::new();
        let number = |word: &str| word.trim().trim_start_matches('n').trim_end_matches(';').parse::<usize>().ok();
        for line in dot.lines() {
            if let Some((node, label)) = line.split_once(" [shape = ") {
                let text = label.split('"').nth(1).unwrap_or_default();
                let (name, rest) = text.split_once("\\n").unwrap_or((text, ""));
                let (operation, shape) = rest.split_once(" [").unwrap_or((rest, ""));
                let shape = if shape.is_empty() { String::new() } else { format!(" [{shape}") };
                let (label, color) = match operation.split([' ', '(']).next().unwrap_or_default() {
                    "placeholder" => (format!("{name}{shape}"), Some(BLUE)),
                    "variable" => (format!("{name}{shape}"), Some(ORANGE)),
                    "constant" => {
                        (operation.trim_start_matches("constant").trim_matches(['(', ')']).to_string(), Some(GRAY))
                    }
                    _ => (operation.to_string(), Some(GREEN)),
                };
                nodes.extend(number(node).map(|number| (number, Node { label, color, ..Node::default() })));
            } else if let Some((from, to)) = line.split_once(" -> ")
                && let (Some(from), Some(to)) = (number(from), number(to))
            {
                nodes.entry(to).or_default().inputs.push(from);
            }
        }
        let mut diagram = Diagram { title: title.to_string(), nodes: nodes.into_values().collect() };
        diagram.arrange();
        diagram
    }

    /// Operations below their inputs, sources right above the first operation that takes them.
    fn arrange(&mut self) {
        for node in 0..self.nodes.len() {
            let below = self.nodes[node].inputs.iter().map(|&input| self.nodes[input].layer + 1).max();
            self.nodes[node].layer = below.unwrap_or(0);
        }
        for source in 0..self.nodes.len() {
            let takers = self.nodes.iter().filter(|node| node.inputs.contains(&source)).map(|node| node.layer);
            if self.nodes[source].inputs.is_empty()
                && let Some(first) = takers.min()
            {
                self.nodes[source].layer = first - 1;
            }
        }
        for layer in 0..self.layers() {
            let members: Vec<usize> = (0..self.nodes.len()).filter(|&node| self.nodes[node].layer == layer).collect();
            // Operations stay on the left, what they need comes in from the right.
            let (operations, sources): (Vec<usize>, Vec<usize>) =
                members.into_iter().partition(|&node| !self.nodes[node].inputs.is_empty());
            let all: Vec<usize> = operations.into_iter().chain(sources).collect();
            // Two columns, or as many as the layer needs.
            let (left, slot) = if all.len() < 3 {
                (130.0, 140.0)
            } else {
                (SIZE.0 / (all.len() + 1) as f64, SIZE.0 / (all.len() + 1) as f64)
            };
            for (place, &node) in all.iter().enumerate() {
                self.nodes[node].x = left + slot * place as f64;
            }
        }
    }

    fn layers(&self) -> usize {
        self.nodes.iter().map(|node| node.layer + 1).max().unwrap_or(0)
    }

    /// The diagram as the text of an SVG.
    pub fn svg(&self) -> String {
        let mut body = String::new();
        let y = |node: &Node| TOP + node.layer as f64 * LAYER;
        for node in &self.nodes {
            for input in node.inputs.iter().map(|&input| &self.nodes[input]) {
                let (from, to) = (y(input) + BOX / 2.0, y(node) - BOX / 2.0);
                let half = (from + to) / 2.0;
                let (x1, x2) = (place(input.x), place(node.x));
                let _ = writeln!(body, "<path class=\"axis\" d=\"M{x1} {from}C{x1} {half} {x2} {half} {x2} {to}\"/>");
            }
        }
        for node in &self.nodes {
            let width = width_of(&node.label) + 18.0;
            let (left, top, color) =
                (place(node.x - width / 2.0), y(node) - BOX / 2.0, node.color.unwrap_or(GRAY).class("k"));
            let _ = writeln!(
                body,
                "<rect class=\"box {color}\" x=\"{left}\" y=\"{top}\" width=\"{}\" height=\"{BOX}\" rx=\"6\"/>\
                 <text class=\"word\" x=\"{}\" y=\"{}\" text-anchor=\"middle\">{}</text>",
                place(width),
                place(node.x),
                y(node) + 4.3,
                escape(&node.label)
            );
        }
        page(&self.title, (SIZE.0, TOP + self.layers() as f64 * LAYER - BOX / 2.0), &body)
    }

    /// Writes `target/pictures/<name>.svg` and says so.
    ///
    /// # Errors
    /// A folder or file that cannot be written.
    pub fn save(&self, name: &str) -> Result<(), Box<dyn Error>> {
        super::write(name, &self.svg())
    }
}
