//! What goes into a run.

use crate::graph::NodeId;
use crate::shape::Dims;
use crate::tensor::{DType, Tensor};

/// A value to be fed: real numbers of the session's precision, integers or truth values.
#[derive(Clone, Copy, Debug)]
pub enum Value<'a, T> {
    /// Real numbers.
    Real(&'a Tensor<T>),
    /// Integers.
    Integer(&'a Tensor<i64>),
    /// Truth values.
    Boolean(&'a Tensor<bool>),
}

impl<T> Value<'_, T> {
    pub(crate) fn dims(&self) -> Dims {
        match self {
            Value::Real(tensor) => tensor.dims(),
            Value::Integer(tensor) => tensor.dims(),
            Value::Boolean(tensor) => tensor.dims(),
        }
    }

    pub(crate) fn dtype(&self) -> DType {
        match self {
            Value::Real(_) => DType::Real,
            Value::Integer(_) => DType::Integer,
            Value::Boolean(_) => DType::Boolean,
        }
    }
}

impl<'a> From<&'a Tensor<f32>> for Value<'a, f32> {
    fn from(tensor: &'a Tensor<f32>) -> Self {
        Value::Real(tensor)
    }
}

impl<'a> From<&'a Tensor<f64>> for Value<'a, f64> {
    fn from(tensor: &'a Tensor<f64>) -> Self {
        Value::Real(tensor)
    }
}

impl<'a, T> From<&'a Tensor<i64>> for Value<'a, T> {
    fn from(tensor: &'a Tensor<i64>) -> Self {
        Value::Integer(tensor)
    }
}

impl<'a, T> From<&'a Tensor<bool>> for Value<'a, T> {
    fn from(tensor: &'a Tensor<bool>) -> Self {
        Value::Boolean(tensor)
    }
}

/// A placeholder and what it is fed; made by [`Node::feed`](crate::Node::feed).
#[derive(Clone, Copy, Debug)]
pub struct Feed<'a, T> {
    pub(crate) node: NodeId,
    pub(crate) value: Value<'a, T>,
}

impl<'a, T> Feed<'a, T> {
    /// A value for the placeholder of this number; see [`Node::feed`](crate::Node::feed).
    pub fn new(placeholder: NodeId, value: Value<'a, T>) -> Self {
        Feed { node: placeholder, value }
    }
}
