//! Training: (being written)
pub mod metric;
