//! What can go wrong while a graph runs.

use crate::shape::{Dims, Shape};
use crate::tensor::DType;
use thiserror::Error;

/// A run that could not be done; nothing has changed.
#[derive(Clone, Debug, PartialEq, Error)]
#[non_exhaustive]
pub enum RunError {
    /// A node that the plan was not made for.
    #[error("{node}: not among the fetches that the plan was made for")]
    NotFetched {
        /// The node, by its name where the plan knows it.
        node: String,
    },
    /// A value asked for that the last run did not compute, or no run yet.
    #[error("{node}: the last run did not compute it")]
    NotComputed {
        /// The node.
        node: String,
    },
    /// A placeholder without a value.
    #[error("{node}: a placeholder that the fetch needs is not fed")]
    NotFed {
        /// The placeholder.
        node: String,
    },
    /// Something fed that is not a placeholder of the plan.
    #[error("{node}: is fed, but is not a placeholder of this plan")]
    NotAPlaceholder {
        /// The node.
        node: String,
    },
    /// A variable asked for that the plan does not hold.
    #[error("{node}: not a variable of this plan")]
    NotAVariable {
        /// The node.
        node: String,
    },
    /// A value of another element type.
    #[error("{node}: {got} values given, {want} needed")]
    ElementType {
        /// The node.
        node: String,
        /// What was given.
        got: DType,
        /// What is needed.
        want: DType,
    },
    /// A value of another shape.
    #[error("{node}: shape {got} given, {want} needed")]
    Shape {
        /// The node.
        node: String,
        /// What was given.
        got: Dims,
        /// What is needed.
        want: Shape,
    },
    /// Two placeholders with different numbers of rows.
    #[error("{node}: {got} rows given, where another placeholder has {want}")]
    Rows {
        /// The node.
        node: String,
        /// Its rows.
        got: usize,
        /// The rows of those fed before it.
        want: usize,
    },
    /// A label or position outside its range.
    #[error("{node}: {value} in element {element} is not in 0..{limit}")]
    Index {
        /// The node that uses it.
        node: String,
        /// Which element.
        element: usize,
        /// Its value.
        value: i64,
        /// The first value that is too large.
        limit: usize,
    },
    /// A loss that is infinite or not a number; no variable has been changed.
    #[error("{node}: not finite ({value}) at update {step}; first seen in {origin}")]
    NotFinite {
        /// The loss.
        node: String,
        /// Its value.
        value: f64,
        /// The update that was not made, counted from 1.
        step: u64,
        /// The first node whose value is not finite.
        origin: String,
    },
}
