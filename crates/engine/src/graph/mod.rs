//! Graphs: nodes are defined once, shapes are checked at once, nothing is computed.

mod build;
mod node;
mod print;

use crate::op::{self, Literal, Op, Role, Rule, Typed};
use crate::shape::Shape;
use crate::tensor::DType;
pub use node::{IntoNode, Node};
pub(crate) use print::quoted;
use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use thiserror::Error;

/// A rule broken while a graph was defined: where, and which.
///
/// Text: `dense2/matmul: [32, 784] x [128, 10]: inner sizes 784 and 128 differ`.
#[derive(Clone, Debug, PartialEq, Error)]
#[error("{node}: {rule}")]
pub struct DefineError {
    /// The name of the node that breaks the rule.
    pub node: String,
    /// The rule, with the facts.
    pub rule: Rule,
}

/// A node's number in its graph; plain data that outlives the borrow of the graph.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct NodeId {
    pub(crate) graph: u64,
    pub(crate) index: u32,
}

impl NodeId {
    pub(crate) fn at(self) -> usize {
        self.index as usize
    }
}

impl fmt::Debug for NodeId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "#{}", self.index)
    }
}

/// What is known of a node.
#[derive(Clone, Debug)]
pub(crate) struct NodeData {
    pub op: Op,
    pub inputs: Vec<NodeId>,
    pub shape: Shape,
    pub dtype: DType,
    pub name: String,
    /// The number of the error that makes this node unusable: its own, or that of a node it depends on.
    pub broken: Option<usize>,
}

impl NodeData {
    pub fn typed(&self) -> Typed {
        (self.shape, self.dtype)
    }
}

/// A graph under definition: constants, placeholders, variables and the operations on them.
///
/// Nodes are handles ([`Node`]) with overloaded operators. A definition that breaks a shape rule gives a poisoned
/// node, which remembers the rule and the place; [`crate::Plan::new`] returns it. So formulas read as formulas.
///
/// ```
/// use caviar_engine::{optim::Adam, nn::Init, Dim::Batch, Graph, Plan, Seed, Session, Tensor};
/// let g = Graph::new();
/// let x = g.placeholder("x", (Batch, 2));
/// let t = g.placeholder("t", (Batch, 1));
/// let w = g.variable("w", (2, 1), Init::He);
/// let b = g.bias("b", (1,), Init::Zeros);
/// let logits = x.matmul(w) + b;
/// let loss = logits.sigmoid_cross_entropy(t).mean();
/// let step = g.minimize(loss, Adam::new(0.01)?);
/// let plan = Plan::<f32>::new(&g, &[step, loss])?;
/// let mut session = Session::new(plan, Seed(1));
/// let (points, labels) = (Tensor::from([[1.0, 2.0], [-1.0, 0.5]]), Tensor::from([[1.0], [0.0]]));
/// let before = session.run(loss, &[x.feed(&points), t.feed(&labels)])?.item();
/// for _ in 0..10 {
///     session.run(step, &[x.feed(&points), t.feed(&labels)])?;
/// }
/// assert!(session.run(loss, &[x.feed(&points), t.feed(&labels)])?.item() < before);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Graph {
    id: u64,
    content: RefCell<Content>,
    scope: RefCell<Vec<String>>,
    draws: Cell<u64>,
}

#[derive(Default)]
struct Content {
    nodes: Vec<NodeData>,
    errors: Vec<DefineError>,
    names: HashMap<String, usize>,
}

impl Default for Graph {
    fn default() -> Self {
        Graph::new()
    }
}

impl Graph {
    /// An empty graph.
    pub fn new() -> Self {
        // Only tells graphs of one process apart; no result depends on it.
        static NEXT: AtomicU64 = AtomicU64::new(0);
        Graph {
            id: NEXT.fetch_add(1, Ordering::Relaxed),
            content: RefCell::default(),
            scope: RefCell::default(),
            draws: Cell::new(0),
        }
    }

    /// Names of nodes defined until the returned guard is dropped begin with `name/`.
    pub fn scope(&self, name: &str) -> Scope<'_> {
        self.scope.borrow_mut().push(name.to_string());
        Scope { graph: self }
    }

    /// The handle of a node by its number.
    ///
    /// A number of another graph gives a poisoned node.
    pub fn node(&self, id: NodeId) -> Node<'_> {
        if id.graph == self.id && id.at() < self.len() {
            Node { graph: self, index: id.index }
        } else {
            let rule = Rule::OtherGraph { op: "node", got: format!("{id:?}") };
            self.insert("node", Op::Group, Vec::new(), Err(rule))
        }
    }

    /// The number of nodes.
    pub fn len(&self) -> usize {
        self.content.borrow().nodes.len()
    }

    /// True before the first definition.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The variables, in the order of their definition.
    pub fn variables(&self) -> Vec<Node<'_>> {
        let content = self.content.borrow();
        let is_variable = |index: &usize| matches!(content.nodes[*index].op, Op::Variable { .. });
        (0..content.nodes.len()).filter(is_variable).map(|index| Node { graph: self, index: index as u32 }).collect()
    }

    pub(crate) fn node_at(&self, index: usize) -> Node<'_> {
        Node { graph: self, index: index as u32 }
    }

    pub(crate) fn next_stream(&self) -> u64 {
        let stream = self.draws.get();
        self.draws.set(stream + 1);
        stream
    }

    /// Adds a node after checking its inputs against the operation's rule.
    pub(crate) fn define(&self, op: Op, inputs: &[Node<'_>]) -> Node<'_> {
        self.define_named(op.name(), op, inputs)
    }

    pub(crate) fn define_named(&self, label: &str, op: Op, inputs: &[Node<'_>]) -> Node<'_> {
        if let Some(stranger) = self.stranger(inputs) {
            let rule = Rule::OtherGraph { op: op.name(), got: stranger.name() };
            return self.insert(label, op, Vec::new(), Err(rule));
        }
        let ids: Vec<NodeId> = inputs.iter().map(|node| node.id()).collect();
        let (typed, broken) = {
            let content = self.content.borrow();
            let broken = ids.iter().filter_map(|id| content.nodes[id.at()].broken).min();
            (ids.iter().map(|id| content.nodes[id.at()].typed()).collect::<Vec<_>>(), broken)
        };
        if let Some(error) = broken {
            return self.push(label, op, ids, (Shape::SCALAR, DType::Real), Some(error));
        }
        let result = op::infer(&op, &typed);
        self.insert(label, op, ids, result)
    }

    /// The first of some nodes that belongs to another graph.
    pub(crate) fn stranger<'a, 'g>(&self, nodes: &'a [Node<'g>]) -> Option<&'a Node<'g>> {
        nodes.iter().find(|node| node.graph.id != self.id)
    }

    /// A node that breaks a rule which has nothing to do with shapes.
    pub(crate) fn poison(&self, op: Op, rule: Rule) -> Node<'_> {
        self.insert(op.name(), op, Vec::new(), Err(rule))
    }

    fn insert(&self, label: &str, op: Op, inputs: Vec<NodeId>, result: Result<Typed, Rule>) -> Node<'_> {
        match result {
            Ok(typed) => self.push(label, op, inputs, typed, None),
            Err(rule) => {
                let error = self.content.borrow().errors.len();
                let node = self.push(label, op, inputs, (Shape::SCALAR, DType::Real), Some(error));
                let name = node.name();
                self.content.borrow_mut().errors.push(DefineError { node: name, rule });
                node
            }
        }
    }

    fn push(&self, label: &str, op: Op, inputs: Vec<NodeId>, typed: Typed, broken: Option<usize>) -> Node<'_> {
        let (shape, dtype) = typed;
        let mut name = self.scope.borrow().join("/");
        if !name.is_empty() {
            name.push('/');
        }
        name.push_str(label);
        let mut content = self.content.borrow_mut();
        let mut unique = name.clone();
        // A name with a number may itself have been given.
        while let Some(count) = content.names.get_mut(&unique) {
            *count += 1;
            unique = format!("{name}_{count}");
        }
        content.names.insert(unique.clone(), 1);
        name = unique;
        let index = content.nodes.len() as u32;
        content.nodes.push(NodeData { op, inputs, shape, dtype, name, broken });
        Node { graph: self, index }
    }

    /// The nodes as they stand, or the error of the first broken one among `fetches`' ancestors.
    pub(crate) fn checked_nodes(&self, fetches: &[Node<'_>]) -> Result<Vec<NodeData>, DefineError> {
        let content = self.content.borrow();
        let broken = |node: &Node<'_>| {
            if node.graph.id == self.id { content.nodes[node.index as usize].broken } else { None }
        };
        if let Some(error) = fetches.iter().filter_map(broken).min() {
            return Err(content.errors[error].clone());
        }
        if let Some(stranger) = fetches.iter().find(|node| node.graph.id != self.id) {
            return Err(DefineError {
                node: stranger.name(),
                rule: Rule::OtherGraph { op: "plan", got: stranger.name() },
            });
        }
        Ok(content.nodes.clone())
    }

    pub(crate) fn data<R>(&self, node: Node<'_>, read: impl FnOnce(&NodeData) -> R) -> R {
        read(&self.content.borrow().nodes[node.index as usize])
    }

    pub(crate) fn is_trained(&self, node: Node<'_>) -> bool {
        self.data(node, |data| matches!(data.op, Op::Variable { role: Role::Weight | Role::Bias, .. }))
    }

    pub(crate) fn real_literal(&self, values: crate::Tensor<f64>) -> Node<'_> {
        self.define(Op::Constant(Literal::Real(values)), &[])
    }
}

/// Ends a scope of names when it is dropped.
pub struct Scope<'g> {
    graph: &'g Graph,
}

impl Drop for Scope<'_> {
    fn drop(&mut self) {
        self.graph.scope.borrow_mut().pop();
    }
}
