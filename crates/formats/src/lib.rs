//! Bytes to arrays and back, hostile bytes refused.
//!
//! [`ArrayFile`] opens npy, npz, IDX and HDF5 files alike; [`npy`] and [`safetensors`] read and write bytes in memory.
//! No reader believes what a file says about itself: a claimed size is multiplied with overflow checks and compared
//! with the bytes that are there before anything is allocated. What comes back is an [`Array`] in row-major order, or
//! a [`FormatError`] that carries the facts.

mod array;
mod error;
mod file;
mod hdf5;
mod idx;
pub mod npy;
mod npz;
pub mod safetensors;
mod stored;

pub use array::{Array, ElementKind, Elements};
pub use error::{Format, FormatError};
pub use file::{ArrayFile, ArrayInfo};
