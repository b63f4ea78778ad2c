//! Running graphs from Python: a plan for some fetches, with the variables and what the updates remember.

use std::sync::{Mutex, MutexGuard, PoisonError};

use caviar_engine::{DType, Feed, NodeId, Plan, Real, RunError, Seed, Session, Tensor, Value};
use numpy::{IntoPyArray, PyArrayMethods};
use pyo3::Python;
use pyo3::prelude::{Bound, PyAny, PyRef, PyResult, pyclass, pymethods};

use crate::error::{DataError, DivergedError, EngineError, Failure, detached};
use crate::graph::{PyGraph, Values, tensor};

/// A session in either precision.
enum Either {
    F32(Session<f32>),
    F64(Session<f64>),
}

/// Does the same with a session of either precision.
macro_rules! of_either {
    ($either:expr, $session:ident => $work:expr) => {
        match $either {
            Either::F32($session) => $work,
            Either::F64($session) => $work,
        }
    };
}

/// A plan for some fetches of a graph, and what changes when it runs.
#[pyclass(module = "caviar._caviar", name = "Runner", frozen)]
pub(crate) struct Runner {
    /// Whether it calculates in double precision.
    #[pyo3(get)]
    double: bool,
    session: Mutex<Either>,
}

/// A value on its way in.
enum Fed {
    F32(Tensor<f32>),
    F64(Tensor<f64>),
    I64(Tensor<i64>),
    Bool(Tensor<bool>),
}

/// A value on its way out.
enum Fetched {
    F32(Vec<usize>, Vec<f32>),
    F64(Vec<usize>, Vec<f64>),
    I64(Vec<usize>, Vec<i64>),
    Bool(Vec<usize>, Vec<bool>),
}

impl Runner {
    fn lock(&self) -> MutexGuard<'_, Either> {
        self.session.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[pymethods]
impl Runner {
    /// For these fetches.
    #[new]
    fn new(
        py: Python<'_>,
        graph: PyRef<'_, PyGraph>,
        fetches: Vec<usize>,
        double: bool,
        seed: u64,
        threads: usize,
    ) -> PyResult<Self> {
        let graph = &*graph;
        let session = py.detach(|| {
            graph.with(&fetches, |graph, nodes| {
                let broken = |error: caviar_engine::DefineError| DataError::new_err(error.to_string());
                Ok(if double {
                    let plan = Plan::<f64>::new(graph, nodes).map_err(broken)?;
                    Either::F64(Session::with_threads(plan, Seed(seed), threads.max(1)))
                } else {
                    let plan = Plan::<f32>::new(graph, nodes).map_err(broken)?;
                    Either::F32(Session::with_threads(plan, Seed(seed), threads.max(1)))
                })
            })
        })?;
        Ok(Runner { double, session: Mutex::new(session) })
    }

    /// Runs some of the fetches, and gives the values of `read`, which are among them.
    fn run<'py>(
        &self,
        py: Python<'py>,
        graph: PyRef<'_, PyGraph>,
        fetches: Vec<usize>,
        read: Vec<usize>,
        feeds: Vec<(usize, Values<'py>)>,
    ) -> PyResult<Vec<Bound<'py, PyAny>>> {
        let (numbers, values): (Vec<usize>, Vec<Values<'_>>) = feeds.into_iter().unzip();
        let (placeholders, wanted, shown) = (ids(&graph, &numbers)?, ids(&graph, &fetches)?, typed(&graph, &read)?);
        let fed: Vec<Fed> = values.into_iter().map(|values| fed(values, self.double)).collect::<PyResult<_>>()?;
        // The lock is taken without the interpreter's, so that none waits for the other.
        let fetched = detached(py, || {
            let outcome = of_either!(&mut *self.lock(), session => run(session, &wanted, &shown, &placeholders, &fed));
            outcome.map_err(failure)
        })?;
        fetched.into_iter().map(|value| array(py, value)).collect()
    }

    /// The values of a variable.
    fn get<'py>(&self, py: Python<'py>, graph: PyRef<'_, PyGraph>, variable: usize) -> PyResult<Bound<'py, PyAny>> {
        let id = ids(&graph, &[variable])?[0];
        let value = match &*self.lock() {
            Either::F32(session) => real(session, id),
            Either::F64(session) => real(session, id),
        };
        array(py, value.map_err(failure)?)
    }

    /// Sets the values of a variable.
    fn set(&self, graph: PyRef<'_, PyGraph>, variable: usize, values: Values<'_>) -> PyResult<()> {
        let id = ids(&graph, &[variable])?[0];
        match (&mut *self.lock(), fed(values, self.double)?) {
            (Either::F32(session), Fed::F32(tensor)) => session.set(id, &tensor).map_err(failure)?,
            (Either::F64(session), Fed::F64(tensor)) => session.set(id, &tensor).map_err(failure)?,
            _ => return Err(DataError::new_err("a variable holds real numbers")),
        }
        Ok(())
    }

    /// Takes over what an update in another runner remembers.
    fn take_over(
        &self,
        graph: PyRef<'_, PyGraph>,
        own: usize,
        other: PyRef<'_, Runner>,
        theirs: usize,
    ) -> PyResult<()> {
        if std::ptr::eq(self, &raw const *other) {
            return Ok(());
        }
        let (own, theirs) = (ids(&graph, &[own])?[0], ids(&graph, &[theirs])?[0]);
        let taken = match (&mut *self.lock(), &mut *other.lock()) {
            (Either::F32(session), Either::F32(other)) => session.take_over_update(own, other, theirs),
            (Either::F64(session), Either::F64(other)) => session.take_over_update(own, other, theirs),
            _ => Ok(false),
        };
        taken.map(drop).map_err(|error| failure(error).into())
    }
}

fn ids(graph: &PyGraph, numbers: &[usize]) -> PyResult<Vec<NodeId>> {
    graph.with(numbers, |_, nodes| Ok(nodes.iter().map(|node| node.id()).collect()))
}

fn typed(graph: &PyGraph, numbers: &[usize]) -> PyResult<Vec<(NodeId, DType)>> {
    graph.with(numbers, |_, nodes| Ok(nodes.iter().map(|node| (node.id(), node.dtype())).collect()))
}

/// An array of real numbers in the session's precision.
fn fed(values: Values<'_>, double: bool) -> PyResult<Fed> {
    Ok(match values {
        Values::F32(array) if double => Fed::F64(tensor(&array, |x: f32| f64::from(x))?),
        Values::F32(array) => Fed::F32(tensor(&array, |x: f32| x)?),
        Values::F64(array) if double => Fed::F64(tensor(&array, |x: f64| x)?),
        Values::F64(array) => Fed::F32(tensor(&array, |x: f64| x as f32)?),
        Values::I64(array) => Fed::I64(tensor(&array, |x: i64| x)?),
        Values::Bool(array) => Fed::Bool(tensor(&array, |x: bool| x)?),
    })
}

/// Numbers of a precision, on their way in and out.
trait Precision: Real {
    fn value(fed: &Fed) -> Option<Value<'_, Self>>;
    fn fetched(sizes: Vec<usize>, numbers: Vec<Self>) -> Fetched;
}

macro_rules! precision {
    ($type:ty, $variant:ident) => {
        impl Precision for $type {
            fn value(fed: &Fed) -> Option<Value<'_, Self>> {
                match fed {
                    Fed::$variant(tensor) => Some(Value::Real(tensor)),
                    Fed::I64(tensor) => Some(Value::Integer(tensor)),
                    Fed::Bool(tensor) => Some(Value::Boolean(tensor)),
                    _ => None,
                }
            }

            fn fetched(sizes: Vec<usize>, numbers: Vec<Self>) -> Fetched {
                Fetched::$variant(sizes, numbers)
            }
        }
    };
}

precision!(f32, F32);
precision!(f64, F64);

fn run<T: Precision>(
    session: &mut Session<T>,
    wanted: &[NodeId],
    shown: &[(NodeId, DType)],
    placeholders: &[NodeId],
    fed: &[Fed],
) -> Result<Vec<Fetched>, RunError> {
    let feeds = placeholders.iter().zip(fed).filter_map(|(&id, fed)| Some(Feed::new(id, T::value(fed)?)));
    session.run_all(wanted, &feeds.collect::<Vec<_>>())?;
    let value = |&(id, dtype): &(NodeId, DType)| match dtype {
        DType::Real => real(session, id),
        DType::Integer => {
            let view = session.integers(id)?;
            Ok(Fetched::I64(view.dims().sizes().to_vec(), view.data().to_vec()))
        }
        DType::Boolean => {
            let view = session.booleans(id)?;
            Ok(Fetched::Bool(view.dims().sizes().to_vec(), view.data().to_vec()))
        }
    };
    shown.iter().map(value).collect()
}

fn real<T: Precision>(session: &Session<T>, id: NodeId) -> Result<Fetched, RunError> {
    let view = session.value(id)?;
    Ok(T::fetched(view.dims().sizes().to_vec(), view.data().to_vec()))
}

fn array(py: Python<'_>, value: Fetched) -> PyResult<Bound<'_, PyAny>> {
    Ok(match value {
        Fetched::F32(sizes, numbers) => numbers.into_pyarray(py).reshape(sizes)?.into_any(),
        Fetched::F64(sizes, numbers) => numbers.into_pyarray(py).reshape(sizes)?.into_any(),
        Fetched::I64(sizes, numbers) => numbers.into_pyarray(py).reshape(sizes)?.into_any(),
        Fetched::Bool(sizes, numbers) => numbers.into_pyarray(py).reshape(sizes)?.into_any(),
    })
}

fn failure(error: RunError) -> Failure {
    match error {
        RunError::NotFinite { .. } => Failure::Python(DivergedError::new_err(error.to_string())),
        RunError::NotFetched { .. } | RunError::NotComputed { .. } => {
            Failure::Python(EngineError::new_err(error.to_string()))
        }
        other => Failure::Data(other.to_string()),
    }
}
