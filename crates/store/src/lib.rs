//! What is kept: the model file and the study file.
//!
//! The store knows names, arrays, rows and JSON; what they mean is known by whoever writes them. A model is written as a
//! whole or not at all, a study in transactions; bytes that are neither, cut short, altered or newer than this program are
//! refused by name.

mod atomic;
mod error;
mod model;
pub mod study;

pub use atomic::{AtomicFile, write_atomically};
pub use error::{Action, ModelError, StoreError};
pub use model::{MODEL_FORMAT, ModelFile};
