//! The rules that a definition may break.

use crate::shape::{Dim, Shape};
use crate::tensor::DType;
use thiserror::Error;

/// A rule that a definition breaks; the texts follow the node's name.
#[derive(Clone, Debug, PartialEq, Error)]
#[non_exhaustive]
pub enum Rule {
    /// Shapes that do not broadcast.
    #[error("{op} of {left} and {right}: sizes must be equal, or one of them 1, counted from the last axis")]
    Broadcast {
        /// The operation.
        op: &'static str,
        /// The first shape.
        left: Shape,
        /// The second shape.
        right: Shape,
    },
    /// Matrices that do not fit.
    #[error("{left} x {right}: inner sizes {left_size} and {right_size} differ")]
    InnerSizes {
        /// The first matrix, as it is multiplied.
        left: Shape,
        /// The second matrix, as it is multiplied.
        right: Shape,
        /// Columns of the first.
        left_size: Dim,
        /// Rows of the second.
        right_size: Dim,
    },
    /// A rank that the operation does not take.
    #[error("{op} of {shape}: the rank must be {want}")]
    Rank {
        /// The operation.
        op: &'static str,
        /// The shape given.
        shape: Shape,
        /// The ranks it takes.
        want: &'static str,
    },
    /// An axis that is not there.
    #[error("{op} over axis {axis} of {shape}: there is no such axis")]
    Axis {
        /// The operation.
        op: &'static str,
        /// The axis.
        axis: usize,
        /// The shape.
        shape: Shape,
    },
    /// Another element type than the operation takes.
    #[error("{op}: {got} given, {want} needed")]
    ElementType {
        /// The operation.
        op: &'static str,
        /// What was given.
        got: DType,
        /// What is needed.
        want: DType,
    },
    /// A shape with another number of elements.
    #[error("reshape of {from} to {to}: the number of elements differs")]
    Reshape {
        /// The shape given.
        from: Shape,
        /// The shape asked for.
        to: Shape,
    },
    /// An order of axes that is none.
    #[error("transpose of {shape} by {order:?}: every axis must appear once")]
    Order {
        /// The shape given.
        shape: Shape,
        /// The order asked for.
        order: Vec<usize>,
    },
    /// A shape that does not stretch to the one asked for.
    #[error("broadcast of {from} to {to}: sizes must be equal or 1")]
    Stretch {
        /// The shape given.
        from: Shape,
        /// The shape asked for.
        to: Shape,
    },
    /// A part outside the tensor, or along the open dimension.
    #[error("{op} {start}..{end} along axis {axis} of {shape}: outside, or along the batch")]
    Part {
        /// The operation.
        op: &'static str,
        /// The first position.
        start: usize,
        /// The position after the last.
        end: usize,
        /// The axis.
        axis: usize,
        /// The shape.
        shape: Shape,
    },
    /// Shapes that must be equal and are not.
    #[error("{op}: shapes {left} and {right} differ")]
    SameShape {
        /// The operation.
        op: &'static str,
        /// The first shape.
        left: Shape,
        /// The second shape.
        right: Shape,
    },
    /// An initial value of another shape than its variable.
    #[error("variable of {shape}: its initial value has shape {got}")]
    InitialShape {
        /// The variable's shape.
        shape: Shape,
        /// The shape of the initial value.
        got: Shape,
    },
    /// A variable with an open dimension.
    #[error("variable of {shape}: its sizes must be fixed")]
    OpenVariable {
        /// The shape asked for.
        shape: Shape,
    },
    /// Bounds in the wrong order.
    #[error("{op}: {low} and {high}: the lower bound must not exceed the upper one")]
    Bounds {
        /// The operation.
        op: &'static str,
        /// The lower bound.
        low: f64,
        /// The upper bound.
        high: f64,
    },
    /// Something other than a variable.
    #[error("{op}: {got} is not a variable")]
    NotAVariable {
        /// The operation.
        op: &'static str,
        /// The node's name.
        got: String,
    },
    /// A loss that is not one real number.
    #[error("{op}: the loss has shape {shape}, one real number is needed")]
    NotALoss {
        /// The operation.
        op: &'static str,
        /// The node's shape.
        shape: Shape,
    },
    /// A loss that no variable takes part in.
    #[error("minimize: no trained variable takes part in the loss")]
    NothingToTrain,
    /// A node of another graph.
    #[error("{op}: {got} belongs to another graph")]
    OtherGraph {
        /// The operation.
        op: &'static str,
        /// The node's name.
        got: String,
    },
    /// More than four dimensions.
    #[error("{op}: more than 4 dimensions")]
    TooManyDimensions {
        /// The operation.
        op: &'static str,
    },
    /// No input where at least one is needed.
    #[error("{op}: nothing given")]
    Nothing {
        /// The operation.
        op: &'static str,
    },
    /// A value outside its range.
    #[error("{name} = {got}: must be {want}")]
    OutOfRange {
        /// What has the value.
        name: &'static str,
        /// The value.
        got: f64,
        /// The range.
        want: &'static str,
    },
}
