//! Networks: functions that add nodes to a graph, and the description from which they are built.

mod activation;
mod batch_norm;
mod dense;
mod folded;
pub(crate) mod init;
mod loss;
mod mlp;

pub use activation::{Activation, ActivationError};
pub use batch_norm::{BatchNorm, Normalized, Running};
pub use dense::Dense;
pub use folded::FoldError;
pub use init::{Init, InitError};
pub use loss::{Loss, LossError};
pub use mlp::{Layer, LossSpec, Mlp, MlpError, Network, Parameter};
