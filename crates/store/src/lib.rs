//! What is kept: the model file.
//!
//! The store knows names, arrays and JSON; what they mean is known by whoever writes them. A file is written as a
//! whole or not at all, and bytes that are not a model, cut short, altered or newer than this program are refused by name.

mod atomic;
mod error;
mod model;

pub use atomic::write_atomically;
pub use error::{Action, ModelError, StoreError};
pub use model::{MODEL_FORMAT, ModelFile};
