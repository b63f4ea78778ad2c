//! Tensors that exist: a shape and its numbers, row-major.

use crate::shape::Dims;
use std::fmt;
use thiserror::Error;

/// The element types: `f32`, `f64`, `i64` and `bool`. Sealed.
pub trait Data: Copy + PartialEq + fmt::Debug + sealed::Sealed + 'static {}

impl Data for f32 {}
impl Data for f64 {}
impl Data for i64 {}
impl Data for bool {}

mod sealed {
    pub trait Sealed {}
    impl Sealed for f32 {}
    impl Sealed for f64 {}
    impl Sealed for i64 {}
    impl Sealed for bool {}
}

/// What an element of a tensor is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum DType {
    /// `f32` or `f64`, chosen when the plan is made.
    Real,
    /// `i64`: labels and positions.
    Integer,
    /// `bool`: the result of a comparison.
    Boolean,
}

impl fmt::Display for DType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            DType::Real => "real",
            DType::Integer => "integer",
            DType::Boolean => "boolean",
        })
    }
}

/// The numbers given do not fill the shape.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("tensor: shape {dims} needs {} elements, {got} are given", .dims.checked_len().map_or("too many".to_string(), |n| n.to_string()))]
pub struct TensorError {
    /// The shape asked for.
    pub dims: Dims,
    /// How many numbers were given.
    pub got: usize,
}

/// A dense tensor, row-major, rank 0 to 4.
///
/// ```
/// use caviar_engine::Tensor;
/// let points = Tensor::new((2, 3), vec![1.0_f32, 2.0, 3.0, 4.0, 5.0, 6.0])?;
/// assert_eq!(points, Tensor::from([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]));
/// assert!(Tensor::new((2, 3), vec![1.0_f32]).is_err());
/// # Ok::<(), caviar_engine::TensorError>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Tensor<T> {
    dims: Dims,
    data: Vec<T>,
}

impl<T> Tensor<T> {
    /// A tensor of `dims` with `data` in row-major order.
    ///
    /// # Errors
    /// Where the number of elements is not the product of the sizes.
    pub fn new(dims: impl Into<Dims>, data: Vec<T>) -> Result<Self, TensorError> {
        let dims = dims.into();
        if dims.checked_len() == Some(data.len()) {
            Ok(Tensor { dims, data })
        } else {
            Err(TensorError { dims, got: data.len() })
        }
    }

    /// The sizes, outermost first.
    pub fn dims(&self) -> Dims {
        self.dims
    }

    /// The elements, row-major.
    pub fn data(&self) -> &[T] {
        &self.data
    }

    /// The elements, row-major, to be changed.
    pub fn data_mut(&mut self) -> &mut [T] {
        &mut self.data
    }

    /// The elements, row-major, without the shape.
    pub fn into_data(self) -> Vec<T> {
        self.data
    }
}

impl<T: Data> Tensor<T> {
    /// A tensor of rank 0.
    pub fn scalar(value: T) -> Self {
        Tensor { dims: ().into(), data: vec![value] }
    }

    /// A tensor of `dims` filled with one value.
    ///
    /// # Errors
    /// Where the number of elements does not fit the machine.
    pub fn full(dims: impl Into<Dims>, value: T) -> Result<Self, TensorError> {
        let dims = dims.into();
        let len = dims.checked_len().ok_or(TensorError { dims, got: 1 })?;
        Ok(Tensor { dims, data: vec![value; len] })
    }
}

impl<T: Data, const N: usize> From<[T; N]> for Tensor<T> {
    fn from(values: [T; N]) -> Self {
        Tensor { dims: N.into(), data: values.into() }
    }
}

impl<T: Data, const M: usize, const N: usize> From<[[T; N]; M]> for Tensor<T> {
    fn from(rows: [[T; N]; M]) -> Self {
        Tensor { dims: (M, N).into(), data: rows.into_iter().flatten().collect() }
    }
}

impl<T: Data> From<Vec<T>> for Tensor<T> {
    fn from(values: Vec<T>) -> Self {
        Tensor { dims: values.len().into(), data: values }
    }
}

/// A tensor lent by a session.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct View<'a, T> {
    dims: Dims,
    data: &'a [T],
}

impl<'a, T: Copy> View<'a, T> {
    pub(crate) fn new(dims: Dims, data: &'a [T]) -> Self {
        debug_assert_eq!(dims.len(), data.len());
        View { dims, data }
    }

    /// The sizes, outermost first.
    pub fn dims(&self) -> Dims {
        self.dims
    }

    /// The elements, row-major.
    pub fn data(&self) -> &'a [T] {
        self.data
    }

    /// A copy that outlives the next run.
    pub fn to_tensor(&self) -> Tensor<T> {
        Tensor { dims: self.dims, data: self.data.to_vec() }
    }

    /// The only element of a tensor that has one; `None` otherwise.
    pub fn item(&self) -> Option<T> {
        match self.data {
            [value] => Some(*value),
            _ => None,
        }
    }
}
