//! Bytes to arrays and back, hostile bytes refused.
//!
//! Every reader takes the whole file as a slice and believes nothing that the slice says about itself: a claimed
//! size is multiplied with overflow checks and compared with the bytes that are there before anything is allocated.
//! What comes back is an [`Array`] in row-major order, or a [`FormatError`] that carries the facts.

mod array;
mod error;
pub mod npy;
pub mod safetensors;

pub use array::{Array, ElementKind, Elements};
pub use error::{Format, FormatError};
