//! What a graph is built from: sources, joins, updates.

use super::{Graph, IntoNode, Node};
use crate::nn::init::Init;
use crate::op::{Draw, Literal, Op, Role, Rule};
use crate::optim::Minimizer;
use crate::shape::Shape;
use crate::tensor::{DType, Tensor};

impl Graph {
    /// Real numbers fed at each run; the open dimension is [`Dim::Batch`](crate::Dim::Batch).
    pub fn placeholder(&self, name: &str, shape: impl Into<Shape>) -> Node<'_> {
        self.typed_placeholder(name, DType::Real, shape)
    }

    /// Integers fed at each run: labels, positions.
    pub fn integer_placeholder(&self, name: &str, shape: impl Into<Shape>) -> Node<'_> {
        self.typed_placeholder(name, DType::Integer, shape)
    }

    /// Truth values fed at each run.
    pub fn boolean_placeholder(&self, name: &str, shape: impl Into<Shape>) -> Node<'_> {
        self.typed_placeholder(name, DType::Boolean, shape)
    }

    fn typed_placeholder(&self, name: &str, dtype: DType, shape: impl Into<Shape>) -> Node<'_> {
        self.define_named(name, Op::Placeholder { dtype, shape: shape.into() }, &[])
    }

    /// A trained tensor that L2 and weight decay act upon: a weight.
    pub fn variable(&self, name: &str, shape: impl Into<Shape>, init: Init) -> Node<'_> {
        self.variable_with_role(name, shape, init, Role::Weight)
    }

    /// A trained tensor exempt from L2 and weight decay: a bias, batch norm's gamma or beta.
    pub fn bias(&self, name: &str, shape: impl Into<Shape>, init: Init) -> Node<'_> {
        self.variable_with_role(name, shape, init, Role::Bias)
    }

    /// A tensor that is kept but not trained: a running average, a setting that may change between two steps.
    pub fn state(&self, name: &str, shape: impl Into<Shape>, init: Init) -> Node<'_> {
        self.variable_with_role(name, shape, init, Role::State)
    }

    fn variable_with_role(&self, name: &str, shape: impl Into<Shape>, init: Init, role: Role) -> Node<'_> {
        self.define_named(name, Op::Variable { shape: shape.into(), init, role }, &[])
    }

    /// Real numbers that are part of the graph, rounded to the plan's precision.
    pub fn constant(&self, values: impl Into<Tensor<f64>>) -> Node<'_> {
        self.real_literal(values.into())
    }

    /// One real number.
    pub fn scalar(&self, value: f64) -> Node<'_> {
        self.real_literal(Tensor::scalar(value))
    }

    /// Integers that are part of the graph.
    pub fn integer_constant(&self, values: impl Into<Tensor<i64>>) -> Node<'_> {
        self.define(Op::Constant(Literal::Integer(values.into())), &[])
    }

    /// Truth values that are part of the graph.
    pub fn boolean_constant(&self, values: impl Into<Tensor<bool>>) -> Node<'_> {
        self.define(Op::Constant(Literal::Boolean(values.into())), &[])
    }

    /// A tensor of zeros.
    pub fn zeros(&self, shape: impl Into<Shape>) -> Node<'_> {
        self.scalar(0.0).broadcast_to(shape)
    }

    /// A tensor of ones.
    pub fn ones(&self, shape: impl Into<Shape>) -> Node<'_> {
        self.scalar(1.0).broadcast_to(shape)
    }

    /// Evenly distributed numbers in `[low, high)`, new at every run.
    ///
    /// Element `i` of run `r` is a function of (seed, which draw of the graph, r, i) alone.
    pub fn random_uniform(&self, shape: impl Into<Shape>, low: f64, high: f64) -> Node<'_> {
        self.draw(shape, Draw::Uniform { low, high }, &[])
    }

    /// Normally distributed numbers, new at every run.
    pub fn random_normal(&self, shape: impl Into<Shape>, mean: f64, deviation: f64) -> Node<'_> {
        self.draw(shape, Draw::Normal { mean, deviation }, &[])
    }

    pub(crate) fn draw(&self, shape: impl Into<Shape>, distribution: Draw, inputs: &[Node<'_>]) -> Node<'_> {
        let stream = self.next_stream();
        self.define(Op::Draw { distribution, shape: shape.into(), stream }, inputs)
    }

    /// The number of elements of a shape, known when the batch is: a real scalar.
    pub fn count(&self, shape: impl Into<Shape>) -> Node<'_> {
        self.define(Op::Count(shape.into()), &[])
    }

    /// Tensors one after another along `axis`; their other sizes are equal.
    pub fn concat(&self, parts: &[Node<'_>], axis: usize) -> Node<'_> {
        self.define(Op::Concat { axis }, parts)
    }

    /// Picks from `yes` where `condition` is true, from `no` elsewhere.
    pub fn select<'g>(&'g self, condition: Node<'g>, yes: impl IntoNode<'g>, no: impl IntoNode<'g>) -> Node<'g> {
        let (yes, no) = (yes.into_node(self), no.into_node(self));
        self.define(Op::Where, &[condition, yes, no])
    }

    /// Replaces the value of `variable` by that of `value`, after everything else of the run has been computed.
    ///
    /// The node's own value is that of the variable.
    pub fn assign(&self, variable: Node<'_>, value: Node<'_>) -> Node<'_> {
        if let Some(stranger) = self.stranger(&[variable, value]) {
            return self.poison(Op::Assign, Rule::OtherGraph { op: "assign", got: stranger.name() });
        }
        if self.data(variable, |data| matches!(data.op, Op::Variable { .. }) || data.broken.is_some()) {
            self.define(Op::Assign, &[variable, self.detached(value)])
        } else {
            self.poison(Op::Assign, Rule::NotAVariable { op: "assign", got: variable.name() })
        }
    }

    /// One node whose run is the run of all `nodes`; its own value is 0.
    pub fn group(&self, nodes: &[Node<'_>]) -> Node<'_> {
        self.define(Op::Group, nodes)
    }

    /// One update of every trained variable that takes part in `loss`, by its gradient.
    ///
    /// A run of the node computes the loss and the gradients with the values of before, checks that the loss is
    /// finite (else nothing changes and the run is an error), and updates. The node's own value is the loss.
    pub fn minimize(&self, loss: Node<'_>, minimizer: impl Into<Minimizer>) -> Node<'_> {
        if self.stranger(&[loss]).is_some() {
            return self.minimize_over(loss, &[], minimizer);
        }
        let needed = self.ancestors(loss);
        let trained = |node: &Node<'_>| self.is_trained(*node) && needed[node.index as usize];
        let variables: Vec<Node<'_>> = self.variables().into_iter().filter(trained).collect();
        self.minimize_over(loss, &variables, minimizer)
    }

    /// As [`Graph::minimize`], for chosen variables.
    pub fn minimize_over(&self, loss: Node<'_>, variables: &[Node<'_>], minimizer: impl Into<Minimizer>) -> Node<'_> {
        let ids: Vec<_> = variables.iter().map(|node| node.id()).collect();
        let op = Op::Optimize { minimizer: minimizer.into(), variables: ids };
        if let Some(stranger) = self.stranger(&[&[loss], variables].concat()) {
            return self.poison(op, Rule::OtherGraph { op: "minimize", got: stranger.name() });
        }
        let is_variable = |node: &&Node<'_>| self.data(**node, |data| matches!(data.op, Op::Variable { .. }));
        if let Some(other) = variables.iter().find(|node| !node.is_broken() && !is_variable(node)) {
            return self.poison(op, Rule::NotAVariable { op: "minimize", got: other.name() });
        }
        if !loss.is_broken() && (loss.shape() != Shape::SCALAR || loss.dtype() != DType::Real) {
            return self.poison(op, Rule::NotALoss { op: "minimize", shape: loss.shape() });
        }
        if variables.is_empty() && !loss.is_broken() {
            return self.poison(op, Rule::NothingToTrain);
        }
        let mut inputs = vec![loss];
        {
            let _scope = self.scope("gradients");
            inputs.extend(self.gradients(loss, variables).into_iter().map(|gradient| self.detached(gradient)));
        }
        self.define(op, &inputs)
    }

    /// A value that no update of the same run can change: a copy, where the node is a variable or another name of one.
    fn detached<'g>(&'g self, value: Node<'g>) -> Node<'g> {
        let (op, _) = value.definition();
        match op {
            Op::Variable { .. } | Op::Reshape(_) | Op::Assign | Op::Optimize { .. } => {
                self.define(Op::Broadcast(value.shape()), &[value])
            }
            _ => value,
        }
    }

    /// Which nodes `of` depends on, itself included.
    pub(crate) fn ancestors(&self, of: Node<'_>) -> Vec<bool> {
        let content = self.content.borrow();
        let mut needed = vec![false; content.nodes.len()];
        needed[of.index as usize] = true;
        for index in (0..=of.index as usize).rev() {
            if needed[index] {
                content.nodes[index].inputs.iter().for_each(|input| needed[input.at()] = true);
            }
        }
        needed
    }
}
