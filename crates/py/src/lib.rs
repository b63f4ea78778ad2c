//! The native half of the Python package `caviar`: arrays in, arrays out; all that learns is the engine's.
//!
//! Python holds what scikit-learn's conventions ask for (constructors, validation, attributes); nothing is computed there
//! that the engine computes. The interpreter's lock is released while networks are trained.

mod arrays;
mod asked;
mod changes;
mod chart;
mod error;
mod frame;
mod graph;
mod network;
mod objective;
mod runner;
mod search;
mod settings;
mod shape;
mod steering;
mod stopping;
mod study;
mod table;
mod training;
mod tuned;

use pyo3::prelude::{Bound, PyModule, PyModuleMethods, PyResult, pymodule, wrap_pyfunction};

/// The module `caviar._caviar`.
#[pymodule]
fn _caviar(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add("__version__", env!("CARGO_PKG_VERSION"))?;
    error::register(module)?;
    module.add_class::<asked::PyAsked>()?;
    module.add_class::<frame::FrameEncoder>()?;
    module.add_class::<graph::PyGraph>()?;
    module.add_class::<network::Network>()?;
    module.add_class::<objective::Objective>()?;
    module.add_class::<runner::Runner>()?;
    module.add_class::<steering::Reins>()?;
    module.add_class::<tuned::Tuned>()?;
    module.add_function(wrap_pyfunction!(chart::line_chart, module)?)?;
    module.add_function(wrap_pyfunction!(steering::steer, module)?)?;
    module.add_function(wrap_pyfunction!(study::study, module)?)?;
    module.add_function(wrap_pyfunction!(search::search, module)?)?;
    module.add_function(wrap_pyfunction!(search::check_search, module)?)?;
    module.add_function(wrap_pyfunction!(training::train, module)?)?;
    Ok(())
}
