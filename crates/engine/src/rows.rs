//! The data set as the engine sees it: a read-only matrix of rows, as bytes or reals, shared by all who read it.

use std::fmt;
use std::sync::Arc;

use crate::kernels::Isa;
pub use crate::kernels::lent::{Lent, lend};
use crate::kernels::rows::{Columns, Gather};
use crate::real::Real;
use crate::tensor::TensorError;

/// Whoever keeps the numbers of a matrix: a vector, or somebody who has [lent](lend) them.
pub type Owner<T> = Arc<dyn AsRef<[T]> + Send + Sync>;

/// The numbers of a matrix, as they are kept: one copy, however many hold it.
#[derive(Clone)]
pub enum Numbers {
    /// Bytes, such as those of pictures.
    U8(Owner<u8>),
    /// Single precision.
    F32(Owner<f32>),
    /// Double precision.
    F64(Owner<f64>),
}

impl fmt::Debug for Numbers {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = match self {
            Numbers::U8(_) => "U8",
            Numbers::F32(_) => "F32",
            Numbers::F64(_) => "F64",
        };
        write!(formatter, "{kind}({} numbers)", self.len())
    }
}

impl PartialEq for Numbers {
    fn eq(&self, other: &Numbers) -> bool {
        match (self, other) {
            (Numbers::U8(a), Numbers::U8(b)) => (**a).as_ref() == (**b).as_ref(),
            (Numbers::F32(a), Numbers::F32(b)) => (**a).as_ref() == (**b).as_ref(),
            (Numbers::F64(a), Numbers::F64(b)) => (**a).as_ref() == (**b).as_ref(),
            (Numbers::U8(_) | Numbers::F32(_) | Numbers::F64(_), _) => false,
        }
    }
}

impl Numbers {
    /// How many numbers there are.
    pub fn len(&self) -> usize {
        match self {
            Numbers::U8(values) => (**values).as_ref().len(),
            Numbers::F32(values) => (**values).as_ref().len(),
            Numbers::F64(values) => (**values).as_ref().len(),
        }
    }

    /// True without numbers.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// A column of a batch: `(x - center)·factor` of a column of the matrix, in `f64`, rounded to `f32` whatever the batch's type, so
/// that a view gives the bits of a matrix of `f32` that was scaled before.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ColumnMap {
    /// The column of the matrix.
    pub column: u32,
    /// What becomes 0.
    pub center: f64,
    /// What the distance from it is multiplied by.
    pub factor: f64,
}

/// A read-only matrix of rows, or a view of some of its rows and columns: numbers are copied into a batch and nowhere else.
///
/// ```
/// use caviar_engine::rows::{ColumnMap, Numbers, Rows};
/// use std::sync::Arc;
///
/// let rows = Rows::from_f32(vec![1.0, 2.0, 3.0, 4.0, 5.0, 6.0], 3)?;
/// assert_eq!((rows.len(), rows.columns()), (2, 3));
/// let mut batch = [0.0_f64; 3];
/// rows.gather(&[1], &mut batch);
/// assert_eq!(batch, [4.0, 5.0, 6.0]);
///
/// // Bytes stay bytes: the last row of two, its second column, halved.
/// let bytes = Numbers::U8(Arc::new(vec![0, 1, 2, 255]));
/// let view = Rows::view(bytes, 2, vec![1], vec![ColumnMap { column: 1, center: 0.0, factor: 0.5 }])?;
/// let mut batch = [0.0_f32; 1];
/// view.gather(&[0], &mut batch);
/// assert_eq!(batch, [127.5]);
/// # Ok::<(), caviar_engine::TensorError>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Rows {
    numbers: Numbers,
    /// Numbers of a row of the matrix.
    width: usize,
    /// Which rows of the matrix; all of them where not said.
    rows: Option<Arc<Vec<u32>>>,
    /// Which columns; all of them as they are where not said.
    columns: Option<Arc<Columns>>,
}

impl Rows {
    /// Rows of `f32`, row-major.
    ///
    /// # Errors
    /// Where the numbers do not fill whole rows.
    pub fn from_f32(values: Vec<f32>, columns: usize) -> Result<Self, TensorError> {
        Rows::whole(Numbers::F32(Arc::new(values)), columns)
    }

    /// Rows of `f64`, row-major.
    ///
    /// # Errors
    /// Where the numbers do not fill whole rows.
    pub fn from_f64(values: Vec<f64>, columns: usize) -> Result<Self, TensorError> {
        Rows::whole(Numbers::F64(Arc::new(values)), columns)
    }

    /// Rows of bytes, row-major.
    ///
    /// # Errors
    /// Where the numbers do not fill whole rows.
    pub fn from_u8(values: Vec<u8>, columns: usize) -> Result<Self, TensorError> {
        Rows::whole(Numbers::U8(Arc::new(values)), columns)
    }

    /// All rows and columns of a matrix, as they are.
    ///
    /// # Errors
    /// Where the numbers do not fill whole rows.
    pub fn whole(numbers: Numbers, width: usize) -> Result<Self, TensorError> {
        match numbers.len().checked_rem(width) {
            Some(0) => Ok(Rows { numbers, width, rows: None, columns: None }),
            _ => Err(TensorError { dims: (numbers.len().div_ceil(width.max(1)), width).into(), got: numbers.len() }),
        }
    }

    /// Some rows of a matrix of rows of `width` numbers, in this order, with all columns as they are.
    ///
    /// # Errors
    /// Where the numbers do not fill whole rows, or a row is not there.
    pub fn some(numbers: Numbers, width: usize, rows: Vec<u32>) -> Result<Self, TensorError> {
        let matrix = Rows::whole(numbers, width)?;
        match rows.iter().any(|&row| row as usize >= matrix.len()) {
            true => Err(TensorError { dims: (rows.len(), width).into(), got: matrix.numbers.len() }),
            false => Ok(Rows { rows: Some(Arc::new(rows)), ..matrix }),
        }
    }

    /// Some rows of a matrix of rows of `width` numbers, in this order, and some columns, each through its map.
    ///
    /// # Errors
    /// Where the numbers do not fill whole rows, or a row or column is not there.
    pub fn view(numbers: Numbers, width: usize, rows: Vec<u32>, columns: Vec<ColumnMap>) -> Result<Self, TensorError> {
        let matrix = Rows::whole(numbers, width)?;
        let outside = rows.iter().any(|&row| row as usize >= matrix.len())
            || columns.iter().any(|map| map.column as usize >= width);
        if outside {
            return Err(TensorError { dims: (rows.len(), columns.len()).into(), got: matrix.numbers.len() });
        }
        Ok(Rows { rows: Some(Arc::new(rows)), columns: Some(Arc::new(Columns::new(&columns))), ..matrix })
    }

    /// The number of rows.
    pub fn len(&self) -> usize {
        match &self.rows {
            Some(rows) => rows.len(),
            None => self.numbers.len().checked_div(self.width).unwrap_or(0),
        }
    }

    /// True without rows.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The number of columns.
    pub fn columns(&self) -> usize {
        self.columns.as_ref().map_or(self.width, |columns| columns.len())
    }

    /// Copies the rows at `indices`, one after another, into `out`, which holds just as many.
    ///
    /// Indices beyond the last row, and what does not fit, are left out: the training loop gives neither.
    pub fn gather<T: Real>(&self, indices: &[u32], out: &mut [T]) {
        match &self.numbers {
            Numbers::U8(values) => self.gather_from((**values).as_ref(), indices, out),
            Numbers::F32(values) => self.gather_from((**values).as_ref(), indices, out),
            Numbers::F64(values) => self.gather_from((**values).as_ref(), indices, out),
        }
    }

    fn gather_from<T: Real, E: Copy + Into<f64> + Send + Sync>(&self, values: &[E], indices: &[u32], out: &mut [T]) {
        let gather = Gather {
            values,
            width: self.width,
            rows: self.rows.as_ref().map(|rows| rows.as_slice()),
            columns: self.columns.as_deref(),
            indices,
            out,
        };
        Isa::detect().run(gather);
    }
}

#[cfg(test)]
mod tests {
    use super::{ColumnMap, Numbers, Rows, lend};
    use std::sync::Arc;

    fn map(column: u32, center: f64, factor: f64) -> ColumnMap {
        ColumnMap { column, center, factor }
    }

    #[test]
    fn a_view_maps_its_columns_and_picks_its_rows() {
        let numbers = Numbers::U8(Arc::new(vec![0, 255, 51, 2, 7, 9]));
        let view = Rows::view(numbers, 2, vec![2, 1], vec![map(1, 1.0, 2.0), map(0, 0.0, 0.5)]).unwrap();
        assert_eq!((view.len(), view.columns()), (2, 2));
        let mut batch = [0.0_f32; 4];
        view.gather(&[1, 0], &mut batch);
        assert_eq!(batch, [2.0, 25.5, 16.0, 3.5]);
    }

    #[test]
    fn long_rows_are_mapped_as_short_ones() {
        let width = 67;
        let values: Vec<f64> = (0..3 * width).map(|at| (at as f64).sin() * 1e3).collect();
        let maps: Vec<ColumnMap> = (0..width as u32).map(|at| map(at, f64::from(at), 1.0 / 3.0)).collect();
        let view = Rows::view(Numbers::F64(Arc::new(values.clone())), width, vec![2, 0], maps).unwrap();
        let mut batch = vec![0.0_f32; width];
        view.gather(&[0], &mut batch);
        for (at, x) in batch.iter().enumerate() {
            assert_eq!(*x, ((values[2 * width + at] - at as f64) * (1.0 / 3.0)) as f32);
        }
    }

    #[test]
    fn a_view_gives_what_a_matrix_of_f32_would_have_kept() {
        // (0.1 - 0) / 3 has no end in binary: 53 bits of it are not 24.
        let numbers = || Numbers::F64(Arc::new(vec![0.1, -0.0]));
        for columns in [vec![map(0, 0.0, 1.0 / 3.0), map(1, 0.0, 1.0)], vec![map(1, 0.0, 1.0), map(0, 0.0, 1.0 / 3.0)]]
        {
            let view = Rows::view(numbers(), 2, vec![0], columns.clone()).unwrap();
            let (mut wide, mut narrow) = ([0.0_f64; 2], [0.0_f32; 2]);
            view.gather(&[0], &mut wide);
            view.gather(&[0], &mut narrow);
            let third = (0.1 * (1.0 / 3.0)) as f32;
            let want = if columns[0].column == 0 { [third, 0.0] } else { [0.0, third] };
            assert_eq!(narrow.map(f32::to_bits), want.map(f32::to_bits));
            assert_eq!(wide.map(f64::to_bits), want.map(|x| f64::from(x).to_bits()));
        }
    }

    #[test]
    fn views_share_their_numbers() {
        let numbers = Numbers::F32(Arc::new(vec![1.0; 6]));
        let view = Rows::view(numbers.clone(), 3, vec![0], vec![map(0, 0.0, 1.0)]).unwrap();
        let Numbers::F32(values) = &numbers else { panic!("single precision") };
        assert_eq!(Arc::strong_count(values), 2);
        assert_eq!(view.len(), 1);
    }

    #[test]
    fn lent_numbers_are_read_where_they_are() {
        let owned = [1.0_f32, 2.0, 3.0, 4.0, 5.0, 6.0];
        let batch = lend(&owned, |lent| {
            assert!(std::ptr::eq(lent.as_ref(), &owned[..]));
            let rows = Rows::some(Numbers::F32(Arc::new(lent)), 2, vec![2, 0]).unwrap();
            let mut batch = [0.0_f64; 4];
            rows.gather(&[0, 1], &mut batch);
            batch
        });
        assert_eq!(batch, [5.0, 6.0, 1.0, 2.0]);
        let panicked = std::panic::catch_unwind(|| lend(&owned, |lent| assert!(lent.as_ref().is_empty())));
        assert!(panicked.is_err());
    }

    #[test]
    fn what_is_not_there_is_refused() {
        assert!(Rows::from_f32(vec![1.0; 5], 2).is_err());
        assert!(Rows::from_f32(vec![1.0; 5], 0).is_err());
        let numbers = || Numbers::F32(Arc::new(vec![1.0; 4]));
        assert!(Rows::some(numbers(), 2, vec![2]).is_err());
        assert!(Rows::view(numbers(), 2, vec![2], vec![map(0, 0.0, 1.0)]).is_err());
        assert!(Rows::view(numbers(), 2, vec![0], vec![map(2, 0.0, 1.0)]).is_err());
    }
}
