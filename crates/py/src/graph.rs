//! Defining graphs from Python: nodes are numbers there, and a broken rule is an exception at once.

use std::sync::{Mutex, PoisonError};

use caviar_engine::nn::Init;
use caviar_engine::optim::{Minimizer, Optimizer, Settings};
use caviar_engine::{Axes, DType, Dim, Graph, Node, NodeId, Plan, Reduction, Shape, Tensor};
use numpy::PyReadonlyArrayDyn;
use pyo3::prelude::{FromPyObject, PyResult, pyclass, pymethods};

use crate::error::{DataError, SettingError};

/// Values of a constant or a variable, whichever kind they are.
#[derive(FromPyObject)]
pub(crate) enum Values<'py> {
    /// Single precision.
    F32(PyReadonlyArrayDyn<'py, f32>),
    /// Double precision.
    F64(PyReadonlyArrayDyn<'py, f64>),
    /// Integers.
    I64(PyReadonlyArrayDyn<'py, i64>),
    /// Yes and no.
    Bool(PyReadonlyArrayDyn<'py, bool>),
}

/// The sizes of a shape; none for the open one.
pub(crate) type Sizes = Vec<Option<usize>>;

/// A graph that is being defined.
#[pyclass(module = "caviar._caviar", name = "Graph", frozen)]
pub(crate) struct PyGraph {
    parts: Mutex<Parts>,
}

#[derive(Default)]
struct Parts {
    graph: Graph,
    nodes: Vec<NodeId>,
}

impl Parts {
    fn node(&self, number: usize) -> PyResult<Node<'_>> {
        let id = self.nodes.get(number).ok_or_else(|| DataError::new_err(format!("there is no node {number}")))?;
        Ok(self.graph.node(*id))
    }

    fn several(&self, numbers: &[usize]) -> PyResult<Vec<Node<'_>>> {
        numbers.iter().map(|&number| self.node(number)).collect()
    }
}

impl PyGraph {
    /// Defines nodes; a rule that they break is the error.
    fn define(&self, make: impl FnOnce(&Parts) -> PyResult<Vec<NodeId>>) -> PyResult<Vec<usize>> {
        let mut parts = self.parts.lock().unwrap_or_else(PoisonError::into_inner);
        let ids = make(&parts)?;
        for &id in &ids {
            let node = parts.graph.node(id);
            if node.is_broken() {
                let error = Plan::<f64>::new(&parts.graph, &[node]).err();
                return Err(DataError::new_err(error.map_or_else(|| node.name(), |error| error.to_string())));
            }
        }
        let first = parts.nodes.len();
        parts.nodes.extend(&ids);
        Ok((first..parts.nodes.len()).collect())
    }

    fn define_one(&self, make: impl for<'g> FnOnce(&'g Parts) -> PyResult<Node<'g>>) -> PyResult<usize> {
        let numbers = self.define(|parts| Ok(vec![make(parts)?.id()]))?;
        Ok(numbers.first().copied().unwrap_or_default())
    }

    /// Does something with the graph and some of its nodes.
    pub(crate) fn with<R>(
        &self,
        numbers: &[usize],
        work: impl FnOnce(&Graph, &[Node<'_>]) -> PyResult<R>,
    ) -> PyResult<R> {
        let parts = self.parts.lock().unwrap_or_else(PoisonError::into_inner);
        work(&parts.graph, &parts.several(numbers)?)
    }
}

#[pymethods]
impl PyGraph {
    #[new]
    fn new() -> Self {
        PyGraph { parts: Mutex::default() }
    }

    fn constant(&self, values: Values<'_>) -> PyResult<usize> {
        self.define_one(|parts| {
            Ok(match values {
                Values::F32(array) => parts.graph.constant(tensor(&array, |x: f32| f64::from(x))?),
                Values::F64(array) => parts.graph.constant(tensor(&array, |x: f64| x)?),
                Values::I64(array) => parts.graph.integer_constant(tensor(&array, |x: i64| x)?),
                Values::Bool(array) => parts.graph.boolean_constant(tensor(&array, |x: bool| x)?),
            })
        })
    }

    /// `kind` is `real`, `integer` or `boolean`.
    fn placeholder(&self, name: &str, kind: &str, sizes: Sizes) -> PyResult<usize> {
        let shape = shape(&sizes)?;
        self.define_one(|parts| {
            Ok(match dtype(kind)? {
                DType::Real => parts.graph.placeholder(name, shape),
                DType::Integer => parts.graph.integer_placeholder(name, shape),
                DType::Boolean => parts.graph.boolean_placeholder(name, shape),
            })
        })
    }

    /// A variable with its first values, or with the name of how they are drawn.
    fn variable(&self, name: &str, sizes: Sizes, init: &str, trained: bool) -> PyResult<usize> {
        let shape = shape(&sizes)?;
        let init: Init =
            init.parse().map_err(|error: caviar_engine::nn::InitError| SettingError::new_err(error.to_string()))?;
        self.define_one(|parts| {
            Ok(if trained { parts.graph.variable(name, shape, init) } else { parts.graph.state(name, shape, init) })
        })
    }

    fn unary(&self, name: &str, x: usize) -> PyResult<usize> {
        self.define_one(|parts| {
            let x = parts.node(x)?;
            Ok(match name {
                "negative" => -x,
                "square" => x.square(),
                "sqrt" => x.sqrt(),
                "exp" => x.exp(),
                "log" => x.log(),
                "abs" => x.abs(),
                "sign" => x.sign(),
                "relu" => x.relu(),
                "sigmoid" => x.sigmoid(),
                "tanh" => x.tanh(),
                "softplus" => x.softplus(),
                "softmax" => x.softmax(),
                "log_softmax" => x.log_softmax(),
                _ => return Err(SettingError::new_err(format!("there is no operation `{name}`"))),
            })
        })
    }

    fn binary(&self, name: &str, x: usize, y: usize) -> PyResult<usize> {
        self.define_one(|parts| {
            let (x, y) = (parts.node(x)?, parts.node(y)?);
            Ok(match name {
                "add" => x + y,
                "subtract" => x - y,
                "multiply" => x * y,
                "divide" => x / y,
                "pow" => x.power(y),
                "maximum" => x.maximum(y),
                "minimum" => x.minimum(y),
                "equal" => x.equal(y),
                "less" => x.less(y),
                "greater" => x.greater(y),
                "matmul" => x.matmul(y),
                "sigmoid_cross_entropy" => x.sigmoid_cross_entropy(y),
                "softmax_cross_entropy" => x.softmax_cross_entropy(y),
                _ => return Err(SettingError::new_err(format!("there is no operation `{name}`"))),
            })
        })
    }

    /// `kind` is `sum`, `mean`, `max` or `min`; over all axes where none are named.
    fn reduce(&self, kind: &str, x: usize, axes: Option<Vec<usize>>, keep: bool) -> PyResult<usize> {
        let kind = match kind {
            "sum" => Reduction::Sum,
            "mean" => Reduction::Mean,
            "max" => Reduction::Max,
            "min" => Reduction::Min,
            _ => return Err(SettingError::new_err(format!("there is no reduction `{kind}`"))),
        };
        self.define_one(|parts| {
            let x = parts.node(x)?;
            let axes = match axes {
                Some(axes) => axes.into_iter().fold(Axes::NONE, Axes::with),
                None => Axes::all(x.shape().rank()),
            };
            Ok(x.reduce(kind, axes, keep))
        })
    }

    fn argmax(&self, x: usize, axis: usize) -> PyResult<usize> {
        self.define_one(|parts| Ok(parts.node(x)?.argmax(axis)))
    }

    fn one_hot(&self, x: usize, depth: usize, axis: usize) -> PyResult<usize> {
        self.define_one(|parts| Ok(parts.node(x)?.one_hot(depth, axis)))
    }

    fn cast(&self, x: usize, kind: &str) -> PyResult<usize> {
        self.define_one(|parts| Ok(parts.node(x)?.cast(dtype(kind)?)))
    }

    fn transpose(&self, x: usize, order: Vec<usize>) -> PyResult<usize> {
        self.define_one(|parts| Ok(parts.node(x)?.transpose(&order)))
    }

    fn reshape(&self, x: usize, sizes: Sizes) -> PyResult<usize> {
        let shape = shape(&sizes)?;
        self.define_one(|parts| Ok(parts.node(x)?.reshape(shape)))
    }

    fn broadcast(&self, x: usize, sizes: Sizes) -> PyResult<usize> {
        let shape = shape(&sizes)?;
        self.define_one(|parts| Ok(parts.node(x)?.broadcast_to(shape)))
    }

    fn slice(&self, x: usize, axis: usize, start: usize, end: usize) -> PyResult<usize> {
        self.define_one(|parts| Ok(parts.node(x)?.slice(axis, start, end)))
    }

    fn gradients(&self, y: usize, xs: Vec<usize>) -> PyResult<Vec<usize>> {
        self.define(|parts| {
            let (y, xs) = (parts.node(y)?, parts.several(&xs)?);
            Ok(parts.graph.gradients(y, &xs).into_iter().map(Node::id).collect())
        })
    }

    /// One update of `variables`, or of all that the loss depends on, by a rule with its settings by name.
    fn minimize(
        &self,
        loss: usize,
        variables: Option<Vec<usize>>,
        rule: &str,
        settings: Vec<(String, f64)>,
    ) -> PyResult<usize> {
        let minimizer = minimizer(rule, &settings)?;
        self.define_one(|parts| {
            let loss = parts.node(loss)?;
            Ok(match variables {
                Some(variables) => parts.graph.minimize_over(loss, &parts.several(&variables)?, minimizer),
                None => parts.graph.minimize(loss, minimizer),
            })
        })
    }

    fn assign(&self, variable: usize, value: usize) -> PyResult<usize> {
        self.define_one(|parts| Ok(parts.graph.assign(parts.node(variable)?, parts.node(value)?)))
    }

    fn sizes(&self, x: usize) -> PyResult<Sizes> {
        self.with(&[x], |_, nodes| {
            let size = |dim: &Dim| match dim {
                Dim::Batch => None,
                Dim::Fixed(size) => Some(*size),
            };
            Ok(nodes.iter().flat_map(|node| node.shape().dims().iter().map(size).collect::<Vec<_>>()).collect())
        })
    }
}

fn minimizer(rule: &str, settings: &[(String, f64)]) -> PyResult<Minimizer> {
    let illegal = |error: caviar_engine::optim::SpecError| SettingError::new_err(error.to_string());
    let rule: Optimizer = rule.parse().map_err(illegal)?;
    let mut given = Settings::default();
    for (name, value) in settings {
        *match name.as_str() {
            "learning_rate" => &mut given.learning_rate,
            "beta" => &mut given.beta,
            "beta1" => &mut given.beta1,
            "beta2" => &mut given.beta2,
            "epsilon" => &mut given.epsilon,
            _ => return Err(SettingError::new_err(format!("an update has no setting `{name}`"))),
        } = *value;
    }
    Minimizer::new(rule, given).map_err(illegal)
}

fn shape(sizes: &Sizes) -> PyResult<Shape> {
    let dims: Vec<Dim> = sizes.iter().map(|size| size.map_or(Dim::Batch, Dim::Fixed)).collect();
    Shape::new(&dims)
        .ok_or_else(|| DataError::new_err(format!("a tensor has at most 4 dimensions, not {}", dims.len())))
}

fn dtype(kind: &str) -> PyResult<DType> {
    match kind {
        "real" => Ok(DType::Real),
        "integer" => Ok(DType::Integer),
        "boolean" => Ok(DType::Boolean),
        _ => Err(SettingError::new_err(format!("there is no kind `{kind}` of numbers"))),
    }
}

/// The engine's tensor of an array, whatever its strides.
pub(crate) fn tensor<E: numpy::Element + Copy, T>(
    array: &PyReadonlyArrayDyn<'_, E>,
    convert: impl Fn(E) -> T,
) -> PyResult<Tensor<T>> {
    let view = array.as_array();
    let dims = caviar_engine::Dims::new(view.shape())
        .ok_or_else(|| DataError::new_err(format!("a tensor has at most 4 dimensions, not {}", view.ndim())))?;
    let values = view.iter().map(|&value| convert(value)).collect();
    Tensor::new(dims, values).map_err(|error| DataError::new_err(error.to_string()))
}
