//! The loss of a network and its gradient as functions of all weights, for methods that are not the engine's.

use std::sync::{Mutex, PoisonError};

use caviar_engine::nn::{LossSpec, Network as Nodes, Parameter};
use caviar_engine::train::{Data, Targets};
use caviar_engine::{DType, Dims, Feed, Graph, NodeId, Plan, Role, RunError, Seed, Session, Tensor, Value};
use numpy::{IntoPyArray, PyArray1, PyReadonlyArray1};
use pyo3::Python;
use pyo3::prelude::{Bound, PyResult, pyclass, pymethods};

use crate::arrays::Part;
use crate::error::{DataError, Failure, detached};
use crate::network::{Learned, Network};
use crate::settings::Settings;
use crate::shape::Shape;
use crate::training::{End, Point};

/// The loss over all rows, with its penalty, in double precision and in scikit-learn's units.
#[pyclass(module = "caviar._caviar", frozen)]
pub(crate) struct Objective {
    shape: Shape,
    parameters: Vec<Parameter>,
    /// `α/Σw`, w the weights of the rows.
    penalty: f64,
    /// The engine's gradient over scikit-learn's.
    scale: f64,
    work: Mutex<Work>,
}

/// What a run needs.
struct Work {
    session: Session<f64>,
    loss: NodeId,
    gradients: Vec<NodeId>,
    features: (NodeId, Tensor<f64>),
    targets: (NodeId, Answers),
    weights: Option<(NodeId, Tensor<f64>)>,
}

enum Answers {
    Labels(Tensor<i64>),
    Values(Tensor<f64>),
}

impl Work {
    fn run(&mut self) -> Result<(), RunError> {
        let answers = match &self.targets.1 {
            Answers::Labels(tensor) => Value::Integer(tensor),
            Answers::Values(tensor) => Value::Real(tensor),
        };
        let mut feeds =
            vec![Feed::new(self.features.0, Value::Real(&self.features.1)), Feed::new(self.targets.0, answers)];
        feeds.extend(self.weights.iter().map(|(node, tensor)| Feed::new(*node, Value::Real(tensor))));
        let fetches: Vec<NodeId> = std::iter::once(self.loss).chain(self.gradients.iter().copied()).collect();
        self.session.run_all(&fetches, &feeds)
    }
}

impl Objective {
    fn make(settings: &Settings, data: &Data) -> Result<Self, Failure> {
        let (spec, units) = (settings.spec(data)?, settings.units(data)?);
        let weights = row_weights(settings, data)?;
        let graph = Graph::new();
        let loss = LossSpec { loss: spec.loss, smoothing: spec.label_smoothing, weighted: weights.is_some() };
        let nodes =
            spec.network.build(&graph, loss, spec.minimizer).map_err(|error| Failure::Setting(error.to_string()))?;
        let trained: Vec<_> = nodes.parameters.iter().map(|parameter| graph.node(parameter.node)).collect();
        let gradients = graph.gradients(graph.node(nodes.training_loss), &trained);
        let fetches = [&[graph.node(nodes.training_loss)], &gradients[..]].concat();
        let plan = Plan::<f64>::new(&graph, &fetches).map_err(|error| Failure::Setting(error.to_string()))?;
        let session = Session::with_threads(plan, Seed(settings.seed), settings.threads.max(1));
        let total = weights.as_ref().map_or(data.len() as f64, |weights| weights.iter().sum());
        let work = Work {
            session,
            loss: nodes.training_loss,
            gradients: gradients.iter().map(|node| node.id()).collect(),
            features: (nodes.features, features(data)?),
            targets: (nodes.targets, answers(&nodes, data)?),
            weights: nodes.row_weights.zip(weights.map(Tensor::from)),
        };
        Ok(Objective {
            shape: Shape::of(&spec.network, settings.classes, "f64"),
            parameters: nodes.parameters,
            penalty: settings.alpha / total,
            scale: units.gradient,
            work: Mutex::new(work),
        })
    }

    /// The weights, parameter by parameter.
    fn parts<'a>(&'a self, weights: &'a [f64]) -> Result<Vec<(&'a Parameter, &'a [f64])>, Failure> {
        let needed: usize = self.parameters.iter().map(|parameter| parameter.dims.len()).sum();
        if needed != weights.len() {
            return Err(Failure::Data(format!("{} weights given, the network has {needed}", weights.len())));
        }
        let mut rest = weights;
        let part = |parameter: &'a Parameter| {
            let (own, others) = rest.split_at(parameter.dims.len());
            rest = others;
            (parameter, own)
        };
        Ok(self.parameters.iter().map(part).collect())
    }

    fn measure(&self, weights: &[f64]) -> Result<(f64, Vec<f64>), Failure> {
        let failed = |error: RunError| Failure::Data(error.to_string());
        let parts = self.parts(weights)?;
        let mut work = self.work.lock().unwrap_or_else(PoisonError::into_inner);
        for (parameter, values) in &parts {
            let tensor = tensor(parameter.dims, values.to_vec())?;
            work.session.set(parameter.node, &tensor).map_err(failed)?;
        }
        work.run().map_err(failed)?;
        let mut loss = work.session.value(work.loss).map_err(failed)?.item().unwrap_or(f64::NAN) / self.scale;
        let mut slopes = Vec::with_capacity(weights.len());
        for ((parameter, values), &gradient) in parts.iter().zip(&work.gradients) {
            let decay = if parameter.role == Role::Weight { self.penalty } else { 0.0 };
            loss += decay / 2.0 * values.iter().map(|value| value * value).sum::<f64>();
            let gradient = work.session.value(gradient).map_err(failed)?;
            slopes.extend(gradient.data().iter().zip(*values).map(|(slope, value)| slope / self.scale + decay * value));
        }
        Ok((loss, slopes))
    }
}

#[pymethods]
impl Objective {
    #[new]
    fn new(py: Python<'_>, settings: Settings, part: Part<'_>) -> PyResult<Self> {
        let part = part.loose(settings.classes)?;
        detached(py, || part.with_data(|data| Objective::make(&settings, &data)))
    }

    /// The weights at the start, in one row.
    fn first<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyArray1<f64>>> {
        let work = self.work.lock().unwrap_or_else(PoisonError::into_inner);
        let mut weights = Vec::new();
        for parameter in &self.parameters {
            let values = work.session.value(parameter.node).map_err(|error| DataError::new_err(error.to_string()))?;
            weights.extend_from_slice(values.data());
        }
        Ok(weights.into_pyarray(py))
    }

    /// The loss at these weights, and its gradient.
    fn value<'py>(
        &self,
        py: Python<'py>,
        weights: PyReadonlyArray1<'_, f64>,
    ) -> PyResult<(f64, Bound<'py, PyArray1<f64>>)> {
        let weights: Vec<f64> = weights.as_array().iter().copied().collect();
        let (loss, slopes) = detached(py, || self.measure(&weights))?;
        Ok((loss, slopes.into_pyarray(py)))
    }

    /// The network with these weights.
    fn network(
        &self,
        py: Python<'_>,
        weights: PyReadonlyArray1<'_, f64>,
        losses: Vec<f64>,
        end: &str,
    ) -> PyResult<Network> {
        let weights: Vec<f64> = weights.as_array().iter().copied().collect();
        let end = match end {
            "converged" => End::Converged,
            "interrupted" => End::Interrupted,
            _ => End::Exhausted,
        };
        detached(py, || {
            let parts = self.parts(&weights)?;
            let point = |loss| Point { loss, learning_rate: f64::NAN, validation: Vec::new() };
            Ok(Network::from(Learned::<f64> {
                shape: self.shape.clone(),
                names: parts.iter().map(|(parameter, _)| parameter.name.clone()).collect(),
                sizes: parts.iter().map(|(parameter, _)| parameter.dims).collect(),
                variables: parts.iter().map(|(_, values)| values.to_vec()).collect(),
                snapshot: None,
                curve: losses.into_iter().map(point).collect(),
                end,
            }))
        })
    }
}

/// The weight of each row, that of its class included.
fn row_weights(settings: &Settings, data: &Data) -> Result<Option<Vec<f64>>, Failure> {
    let own = data.weights();
    let (Targets::Classes { labels, .. }, Some(classes)) = (data.targets(), &settings.class_weight) else {
        return Ok(own.map(<[f64]>::to_vec));
    };
    let mut weights = Vec::with_capacity(labels.len());
    for (row, &label) in labels.iter().enumerate() {
        let class = usize::try_from(label).ok().and_then(|label| classes.get(label));
        let class = class.ok_or_else(|| Failure::Setting("class weights: one for each class is needed".to_owned()))?;
        weights.push(class * own.and_then(|own| own.get(row)).copied().unwrap_or(1.0));
    }
    if weights.iter().any(|weight| !(weight.is_finite() && *weight >= 0.0)) || weights.iter().all(|w| *w == 0.0) {
        return Err(Failure::Setting("class weights: must be finite, at least 0 and not all 0".to_owned()));
    }
    Ok(Some(weights))
}

fn features(data: &Data) -> Result<Tensor<f64>, Failure> {
    let (rows, columns) = (data.len(), data.features().columns());
    let indices: Vec<u32> = (0..rows as u32).collect();
    let mut values = vec![0.0; rows * columns];
    data.features().gather(&indices, &mut values);
    tensor((rows, columns).into(), values)
}

fn answers(nodes: &Nodes, data: &Data) -> Result<Answers, Failure> {
    Ok(match data.targets() {
        Targets::Classes { labels, .. } if nodes.target_type == DType::Integer => {
            Answers::Labels(Tensor::from(labels.clone()))
        }
        Targets::Classes { labels, .. } => {
            let values = labels.iter().map(|&label| label as f64).collect();
            Answers::Values(tensor((labels.len(), 1).into(), values)?)
        }
        Targets::Values { values, columns } => Answers::Values(tensor((data.len(), *columns).into(), values.clone())?),
    })
}

fn tensor(dims: Dims, values: Vec<f64>) -> Result<Tensor<f64>, Failure> {
    Tensor::new(dims, values).map_err(|error| Failure::Data(error.to_string()))
}
