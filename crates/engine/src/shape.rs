//! Shapes: up to four dimensions, the number of rows of a batch left open.

use std::fmt;

/// The largest number of dimensions a tensor has.
pub const MAX_RANK: usize = 4;

/// One dimension of a shape in a graph.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Dim {
    /// The number of rows of the batch: known when a session runs, the same for every node of a run.
    Batch,
    /// A size known when the graph is defined.
    Fixed(usize),
}

impl Dim {
    /// The size, once the batch has `batch` rows.
    #[inline]
    pub fn at(self, batch: usize) -> usize {
        match self {
            Dim::Batch => batch,
            Dim::Fixed(size) => size,
        }
    }
}

impl From<usize> for Dim {
    fn from(size: usize) -> Self {
        Dim::Fixed(size)
    }
}

impl fmt::Display for Dim {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Dim::Batch => f.write_str("batch"),
            Dim::Fixed(size) => write!(f, "{size}"),
        }
    }
}

/// The shape of a node: rank 0 to 4, row-major, rows of a batch first.
///
/// ```
/// use caviar_engine::{Dim, Shape};
/// let shape = Shape::from((Dim::Batch, 784));
/// assert_eq!(shape.to_string(), "[batch, 784]");
/// assert_eq!(shape.at(32).len(), 32 * 784);
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Shape {
    dims: [Dim; MAX_RANK],
    rank: usize,
}

impl Shape {
    /// The shape of a single number.
    pub const SCALAR: Shape = Shape { dims: [Dim::Fixed(1); MAX_RANK], rank: 0 };

    /// A shape from its dimensions; `None` where there are more than four.
    pub fn new(dims: &[Dim]) -> Option<Self> {
        if dims.len() > MAX_RANK {
            return None;
        }
        let mut shape = Shape { dims: [Dim::Fixed(1); MAX_RANK], rank: dims.len() };
        shape.dims[..dims.len()].copy_from_slice(dims);
        Some(shape)
    }

    /// The dimensions, outermost first.
    pub fn dims(&self) -> &[Dim] {
        &self.dims[..self.rank]
    }

    /// The number of dimensions.
    pub fn rank(&self) -> usize {
        self.rank
    }

    /// The sizes, once the batch has `batch` rows.
    #[inline]
    pub fn at(&self, batch: usize) -> Dims {
        let mut sizes = [1; MAX_RANK];
        for (size, dim) in sizes.iter_mut().zip(&self.dims[..self.rank]) {
            *size = dim.at(batch);
        }
        Dims { sizes, rank: self.rank }
    }

    /// True where a dimension is the open one.
    pub fn has_batch(&self) -> bool {
        self.dims().contains(&Dim::Batch)
    }

    /// The shape without an open dimension, where there is none.
    pub fn fixed(&self) -> Option<Dims> {
        (!self.has_batch()).then(|| self.at(1))
    }

    /// The shape of `a ∘ b` for an elementwise operation: sizes are aligned at the last dimension, a size of 1
    /// stretches, everything else must be equal (`None` otherwise). The open dimension only meets itself or 1.
    pub fn broadcast(a: &Shape, b: &Shape) -> Option<Shape> {
        let rank = a.rank.max(b.rank);
        let mut dims = [Dim::Fixed(1); MAX_RANK];
        for (back, dim) in dims[..rank].iter_mut().rev().enumerate() {
            *dim = match (a.size_back(back), b.size_back(back)) {
                (left, right) if left == right => left,
                (Dim::Fixed(1), other) | (other, Dim::Fixed(1)) => other,
                _ => return None,
            };
        }
        Some(Shape { dims, rank })
    }

    /// The dimension counted from the last one; 1 beyond the first.
    fn size_back(&self, back: usize) -> Dim {
        if back < self.rank { self.dims[self.rank - 1 - back] } else { Dim::Fixed(1) }
    }

    /// The axes (of `self`) that were stretched to make `self` out of `from`, which broadcasts to it.
    pub(crate) fn stretched_axes(&self, from: &Shape) -> Axes {
        let mut axes = Axes::NONE;
        for axis in 0..self.rank {
            let back = self.rank - 1 - axis;
            if back >= from.rank || (from.size_back(back) == Dim::Fixed(1) && self.dims[axis] != Dim::Fixed(1)) {
                axes = axes.with(axis);
            }
        }
        axes
    }

    /// The shape with `axes` removed, or kept with size 1.
    pub(crate) fn reduced(&self, axes: Axes, keep: bool) -> Shape {
        let mut dims = [Dim::Fixed(1); MAX_RANK];
        let mut rank = 0;
        for (axis, &dim) in self.dims().iter().enumerate() {
            if !axes.contains(axis) {
                dims[rank] = dim;
                rank += 1;
            } else if keep {
                rank += 1;
            }
        }
        Shape { dims, rank }
    }

    /// The shape with one dimension replaced.
    pub(crate) fn with(&self, axis: usize, dim: Dim) -> Shape {
        let mut shape = *self;
        shape.dims[axis] = dim;
        shape
    }

    /// The fixed part of the number of elements and how often the batch is a factor.
    pub(crate) fn count(&self) -> (usize, usize) {
        let fixed = self.dims().iter().map(|dim| dim.at(1)).product();
        (fixed, self.dims().iter().filter(|dim| **dim == Dim::Batch).count())
    }
}

impl fmt::Display for Shape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        list(f, self.dims())
    }
}

impl fmt::Debug for Shape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

fn list<D: fmt::Display>(f: &mut fmt::Formatter<'_>, dims: &[D]) -> fmt::Result {
    f.write_str("[")?;
    for (axis, dim) in dims.iter().enumerate() {
        if axis > 0 {
            f.write_str(", ")?;
        }
        write!(f, "{dim}")?;
    }
    f.write_str("]")
}

impl From<()> for Shape {
    fn from((): ()) -> Self {
        Shape::SCALAR
    }
}

impl<A: Into<Dim>> From<(A,)> for Shape {
    fn from((a,): (A,)) -> Self {
        Shape { dims: [a.into(), Dim::Fixed(1), Dim::Fixed(1), Dim::Fixed(1)], rank: 1 }
    }
}

impl<A: Into<Dim>, B: Into<Dim>> From<(A, B)> for Shape {
    fn from((a, b): (A, B)) -> Self {
        Shape { dims: [a.into(), b.into(), Dim::Fixed(1), Dim::Fixed(1)], rank: 2 }
    }
}

impl<A: Into<Dim>, B: Into<Dim>, C: Into<Dim>> From<(A, B, C)> for Shape {
    fn from((a, b, c): (A, B, C)) -> Self {
        Shape { dims: [a.into(), b.into(), c.into(), Dim::Fixed(1)], rank: 3 }
    }
}

impl<A: Into<Dim>, B: Into<Dim>, C: Into<Dim>, D: Into<Dim>> From<(A, B, C, D)> for Shape {
    fn from((a, b, c, d): (A, B, C, D)) -> Self {
        Shape { dims: [a.into(), b.into(), c.into(), d.into()], rank: 4 }
    }
}

impl From<Dims> for Shape {
    fn from(dims: Dims) -> Self {
        let mut shape = Shape { dims: [Dim::Fixed(1); MAX_RANK], rank: dims.rank };
        for (dim, &size) in shape.dims.iter_mut().zip(dims.sizes()) {
            *dim = Dim::Fixed(size);
        }
        shape
    }
}

/// The sizes of a tensor that exists: rank 0 to 4, row-major.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Dims {
    sizes: [usize; MAX_RANK],
    rank: usize,
}

impl Dims {
    /// Sizes, outermost first; `None` where there are more than four.
    pub fn new(sizes: &[usize]) -> Option<Self> {
        if sizes.len() > MAX_RANK {
            return None;
        }
        let mut dims = Dims { sizes: [1; MAX_RANK], rank: sizes.len() };
        dims.sizes[..sizes.len()].copy_from_slice(sizes);
        Some(dims)
    }

    /// The sizes, outermost first.
    #[inline]
    pub fn sizes(&self) -> &[usize] {
        &self.sizes[..self.rank]
    }

    /// The number of dimensions.
    pub fn rank(&self) -> usize {
        self.rank
    }

    /// The number of elements.
    #[inline]
    #[expect(clippy::len_without_is_empty, reason = "a shape is not a collection")]
    pub fn len(&self) -> usize {
        self.sizes.iter().product()
    }

    /// The number of elements, where it fits.
    pub(crate) fn checked_len(&self) -> Option<usize> {
        self.sizes.iter().try_fold(1usize, |product, &size| product.checked_mul(size))
    }

    /// Four sizes, 1 where there is no dimension, aligned at the last one.
    pub(crate) fn padded(&self) -> [usize; MAX_RANK] {
        let mut sizes = [1; MAX_RANK];
        sizes[MAX_RANK - self.rank..].copy_from_slice(self.sizes());
        sizes
    }

    /// The strides with which a tensor of these sizes is read as if it were larger: 0 where its size is 1.
    pub(crate) fn stretched_strides(&self) -> [usize; MAX_RANK] {
        let own = self.padded();
        let mut strides = [0; MAX_RANK];
        let mut stride = 1;
        for axis in (0..MAX_RANK).rev() {
            if own[axis] != 1 {
                strides[axis] = stride;
            }
            stride *= own[axis];
        }
        strides
    }
}

impl fmt::Display for Dims {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        list(f, self.sizes())
    }
}

impl fmt::Debug for Dims {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl From<()> for Dims {
    fn from((): ()) -> Self {
        Dims { sizes: [1; MAX_RANK], rank: 0 }
    }
}

impl From<usize> for Dims {
    fn from(size: usize) -> Self {
        Dims { sizes: [size, 1, 1, 1], rank: 1 }
    }
}

impl From<(usize,)> for Dims {
    fn from((a,): (usize,)) -> Self {
        Dims { sizes: [a, 1, 1, 1], rank: 1 }
    }
}

impl From<(usize, usize)> for Dims {
    fn from((a, b): (usize, usize)) -> Self {
        Dims { sizes: [a, b, 1, 1], rank: 2 }
    }
}

impl From<(usize, usize, usize)> for Dims {
    fn from((a, b, c): (usize, usize, usize)) -> Self {
        Dims { sizes: [a, b, c, 1], rank: 3 }
    }
}

impl From<(usize, usize, usize, usize)> for Dims {
    fn from((a, b, c, d): (usize, usize, usize, usize)) -> Self {
        Dims { sizes: [a, b, c, d], rank: 4 }
    }
}

/// A set of axes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Axes(u8);

impl Axes {
    /// No axis.
    pub const NONE: Axes = Axes(0);

    /// All axes of a tensor with `rank` dimensions.
    pub fn all(rank: usize) -> Self {
        Axes(((1u16 << rank.min(8)) - 1) as u8)
    }

    /// The set with one axis more (an axis of 8 or more cannot exist and is ignored).
    #[must_use]
    pub fn with(self, axis: usize) -> Self {
        if axis < 8 { Axes(self.0 | 1 << axis) } else { self }
    }

    /// True where the axis is in the set.
    pub fn contains(self, axis: usize) -> bool {
        axis < 8 && self.0 & (1 << axis) != 0
    }

    /// True where there is no axis in the set.
    pub fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// The axes, ascending.
    pub fn iter(self) -> impl Iterator<Item = usize> {
        (0..8).filter(move |&axis| self.contains(axis))
    }
}

impl From<usize> for Axes {
    fn from(axis: usize) -> Self {
        Axes::NONE.with(axis)
    }
}

impl<const N: usize> From<[usize; N]> for Axes {
    fn from(axes: [usize; N]) -> Self {
        axes.into_iter().fold(Axes::NONE, Axes::with)
    }
}

impl fmt::Display for Axes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let axes: Vec<usize> = self.iter().collect();
        list(f, &axes)
    }
}

#[cfg(test)]
mod tests {
    use super::{Axes, Dim, Dims, Shape};

    #[test]
    fn a_row_stretches_over_the_batch() {
        let joined = Shape::broadcast(&Shape::from((Dim::Batch, 5)), &Shape::from((5,)));
        assert_eq!(joined, Some(Shape::from((Dim::Batch, 5))));
    }

    #[test]
    fn the_batch_meets_only_itself_or_one() {
        let batch = Shape::from((Dim::Batch,));
        assert_eq!(Shape::broadcast(&batch, &Shape::from((3,))), None);
        assert_eq!(Shape::broadcast(&batch, &Shape::from((1,))), Some(batch));
    }

    #[test]
    fn strides_are_zero_where_a_tensor_is_stretched() {
        let column = Dims::from((3, 1));
        assert_eq!(column.stretched_strides(), [0, 0, 1, 0]);
        assert_eq!(Dims::from(4).stretched_strides(), [0, 0, 0, 1]);
    }

    #[test]
    fn stretched_axes_are_those_to_sum_over() {
        let full = Shape::from((Dim::Batch, 3, 4));
        assert_eq!(full.stretched_axes(&Shape::from((3, 1))), Axes::from([0, 2]));
        assert_eq!(full.stretched_axes(&full), Axes::NONE);
    }
}
