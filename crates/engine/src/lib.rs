//! Caviar's engine: define-then-run graphs, derivatives, plans, networks, optimizers and the training loop.
//!
//! No files, no clock, no environment: everything that comes in is an argument, everything that goes out is a value.

pub mod average;
mod grad;
mod graph;
mod kernels;
pub mod nn;
mod op;
pub mod optim;
mod plan;
mod real;
pub mod rng;
pub mod rows;
pub mod schedule;
mod session;
mod shape;
mod tensor;
pub mod train;

pub use graph::{DefineError, Graph, IntoNode, Node, NodeId, Scope};
pub use kernels::{Isa, multiply_adds};
pub use op::{Binary, Comparison, Draw, Literal, Op, Reduction, Role, Rule, Unary};
pub use plan::{MAX_FETCHES, Plan, PlanOptions};
pub use real::Real;
pub use session::{Feed, RunError, Seed, Session, Value};
pub use shape::{Axes, Dim, Dims, MAX_RANK, Shape};
pub use tensor::{DType, Data, Tensor, TensorError, View};
