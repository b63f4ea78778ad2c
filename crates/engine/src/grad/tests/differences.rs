//! Central differences: an independent way to a derivative.

use crate::graph::{Graph, Node};
use crate::op::Op;
use crate::plan::Plan;
use crate::rng::{Purpose, Stream};
use crate::session::{Feed, Seed, Session};
use crate::shape::{Dim, Shape};
use crate::tensor::Tensor;

/// A function of real tensors, from its inputs to its value.
type Build = Box<dyn for<'g> Fn(&'g Graph, &[Node<'g>]) -> Node<'g>>;

/// A function and the point at which its first and second derivatives are checked.
pub struct Case {
    name: String,
    at: Vec<Tensor<f64>>,
    /// The first dimension of every input is the batch.
    open: bool,
    build: Build,
}

impl Case {
    pub fn new<F>(name: impl Into<String>, at: impl Into<Vec<Tensor<f64>>>, build: F) -> Self
    where
        F: for<'g> Fn(&'g Graph, &[Node<'g>]) -> Node<'g> + 'static,
    {
        Case { name: name.into(), at: at.into(), open: false, build: Box::new(build) }
    }

    /// The same with an open first dimension.
    pub fn open(self) -> Self {
        Case { open: true, ..self }
    }

    /// The derivatives of the function, and the derivatives of these, are the quotients of differences.
    pub fn check(&self) {
        self.check_with(|_| true);
    }

    /// As [`Case::check`], for a function that has an operation which `holds`.
    pub fn check_with(&self, holds: impl Fn(&Op) -> bool) {
        let g = Graph::new();
        let inputs: Vec<Node<'_>> = self.at.iter().map(|at| g.placeholder("x", self.shape(at))).collect();
        let value = (self.build)(&g, &inputs);
        assert!(!value.is_broken(), "{}: {value}", self.name);
        let mut weights = Vec::new();
        let first = self.differentiate(&g, &inputs, &[value], &mut weights);
        self.differentiate(&g, &inputs, &first, &mut weights);
        assert!((0..g.len()).any(|index| holds(&g.node_at(index).definition().0)), "{}: not there", self.name);
    }

    fn shape(&self, at: &Tensor<f64>) -> Shape {
        let shape = Shape::from(at.dims());
        if self.open { shape.with(0, Dim::Batch) } else { shape }
    }

    /// Checks the derivatives of `Σ weights·outputs` and gives their nodes; the weights are new ones.
    fn differentiate<'g>(
        &self,
        g: &'g Graph,
        x: &[Node<'g>],
        outputs: &[Node<'g>],
        weights: &mut Vec<Fed<'g>>,
    ) -> Vec<Node<'g>> {
        let order = if weights.is_empty() { "first" } else { "second" };
        let rows = self.at.first().and_then(|at| at.dims().sizes().first().copied()).unwrap_or(1);
        let earlier = weights.len();
        for (which, out) in outputs.iter().enumerate() {
            let values = between(which, out.shape().at(rows).sizes(), 0.5, 1.5);
            weights.push((g.placeholder("weights", out.shape()), values));
        }
        let weighted = outputs.iter().zip(&weights[earlier..]).map(|(out, (weight, _))| (*out * *weight).sum());
        let loss = weighted.reduce(|left, right| left + right).unwrap();
        let gradients = g.gradients(loss, x);
        for (gradient, x) in gradients.iter().zip(x) {
            assert_eq!(gradient.shape(), x.shape(), "{}: the shape of the {order} derivative", self.name);
        }
        // What is fed is fetched too, so that it may be fed where nothing depends on it.
        let placeholders = x.iter().chain(weights.iter().map(|(weight, _)| weight));
        let fetches: Vec<Node<'_>> = outputs.iter().chain(&gradients).chain(placeholders).copied().collect();
        let plan = Plan::new(g, &fetches).unwrap_or_else(|error| panic!("{}: {error}", self.name));
        let mut point = Point { session: Session::new(plan, Seed(1)), x, weights, newest: earlier };
        let exact = point.run(&self.at, &gradients);
        for (which, exact) in exact.iter().enumerate() {
            for (element, &exact) in exact.iter().enumerate() {
                let (quotient, tolerance) = point.quotient(&self.at, outputs, which, element);
                let error = (exact - quotient).abs();
                assert!(
                    error <= tolerance + 1e-6 * exact.abs().max(quotient.abs()),
                    "{}: {order} derivative by element {element} of input {which}: {exact}, differences say {quotient}",
                    self.name
                );
            }
        }
        gradients
    }
}

/// A placeholder and its value.
type Fed<'g> = (Node<'g>, Tensor<f64>);

/// A function that can be evaluated.
struct Point<'a, 'g> {
    session: Session<f64>,
    x: &'a [Node<'g>],
    weights: &'a [Fed<'g>],
    /// Where the weights of the outputs begin.
    newest: usize,
}

impl<'g> Point<'_, 'g> {
    /// The values of some nodes; random numbers are the same each time.
    fn run(&mut self, at: &[Tensor<f64>], nodes: &[Node<'g>]) -> Vec<Vec<f64>> {
        let fed = self.x.iter().zip(at).chain(self.weights.iter().map(|(node, value)| (node, value)));
        let feeds: Vec<Feed<'_, f64>> = fed.map(|(node, value)| node.feed(value)).collect();
        let ids: Vec<_> = nodes.iter().map(|node| node.id()).collect();
        self.session.set_draws(0);
        self.session.run_all(&ids, &feeds).unwrap();
        nodes.iter().map(|node| self.session.value(*node).unwrap().data().to_vec()).collect()
    }

    /// `Σ weights·(outputs(x + h) − outputs(x − h)) / 2h`, and what rounding may add to it.
    fn quotient(&mut self, at: &[Tensor<f64>], outputs: &[Node<'g>], which: usize, element: usize) -> (f64, f64) {
        let mut moved = at.to_vec();
        let x = at[which].data()[element];
        let step = 1e-5 * x.abs().max(1.0);
        moved[which].data_mut()[element] = x + step;
        let above = self.run(&moved, outputs);
        moved[which].data_mut()[element] = x - step;
        let below = self.run(&moved, outputs);
        let width = (x + step) - (x - step);
        let (mut difference, mut size) = (0.0, 1.0);
        for ((above, below), (_, weights)) in above.iter().zip(&below).zip(&self.weights[self.newest..]) {
            for ((above, below), weight) in above.iter().zip(below).zip(weights.data()) {
                if above != below {
                    difference += weight * (above - below);
                    size += weight * (above.abs() + below.abs());
                }
            }
        }
        (difference / width, 64.0 * f64::EPSILON * size / width)
    }
}

/// Numbers in `[low, high)`, other ones for each `which`.
pub fn between(which: usize, sizes: &[usize], low: f64, high: f64) -> Tensor<f64> {
    let stream = Stream::new(11, Purpose::Noise(which as u32), 0);
    let len: usize = sizes.iter().product();
    let values = (0..len as u64).map(|index| low + (high - low) * stream.uniform(index)).collect();
    Tensor::new(crate::shape::Dims::new(sizes).unwrap(), values).unwrap()
}

/// Numbers of both signs, none of them near 0.
pub fn signed(which: usize, sizes: &[usize]) -> Tensor<f64> {
    let mut tensor = between(which, sizes, -1.7, 1.7);
    tensor.data_mut().iter_mut().for_each(|x| *x += 0.3_f64.copysign(*x));
    tensor
}

pub fn positive(which: usize, sizes: &[usize]) -> Tensor<f64> {
    between(which, sizes, 0.5, 2.5)
}

/// Numbers of which no two are near each other, nor near a whole number.
pub fn apart(which: usize, sizes: &[usize]) -> Tensor<f64> {
    let mut tensor = between(which, sizes, 0.0, 1.0);
    let order = Stream::new(12, Purpose::Noise(which as u32), 0).permutation(tensor.data().len());
    let middle = order.len() as f64 / 2.0;
    tensor.data_mut().iter_mut().zip(order).for_each(|(x, rank)| *x = (rank as f64 - middle) * 0.37 + 0.111);
    tensor
}

/// Small and large numbers of both signs, and 0.
pub fn extreme() -> Tensor<f64> {
    Tensor::from([[-30.0, -10.0, -3.0, -1.0], [-0.25, 0.0, 0.25, 1.0], [3.0, 10.0, 29.0, 30.0]])
}
