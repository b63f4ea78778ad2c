//! The data set as the engine sees it: a read-only matrix of rows, as bytes or reals.

use crate::real::Real;
use crate::tensor::TensorError;

/// The numbers of a data set, as they are kept.
#[derive(Clone, Debug, PartialEq)]
enum Storage {
    U8(Vec<u8>),
    F32(Vec<f32>),
    F64(Vec<f64>),
}

/// A read-only matrix of rows, one copy for all networks: bytes stay bytes until a batch is made.
///
/// Byte values pass through an affine map per column, `value·scale + shift`, on the way into a batch.
///
/// ```
/// use caviar_engine::rows::Rows;
/// let rows = Rows::from_f32(vec![1.0, 2.0, 3.0, 4.0, 5.0, 6.0], 3)?;
/// assert_eq!((rows.len(), rows.columns()), (2, 3));
/// let mut batch = [0.0_f64; 3];
/// rows.gather(&[1], &mut batch);
/// assert_eq!(batch, [4.0, 5.0, 6.0]);
/// # Ok::<(), caviar_engine::TensorError>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Rows {
    storage: Storage,
    columns: usize,
    len: usize,
    /// Scale and shift of each column; empty for none.
    maps: Vec<(f32, f32)>,
}

impl Rows {
    /// Rows of `f32`, row-major.
    ///
    /// # Errors
    /// Where the numbers do not fill whole rows.
    pub fn from_f32(values: Vec<f32>, columns: usize) -> Result<Self, TensorError> {
        let len = whole_rows(values.len(), columns)?;
        Ok(Rows { storage: Storage::F32(values), columns, len, maps: Vec::new() })
    }

    /// Rows of `f64`, row-major.
    ///
    /// # Errors
    /// Where the numbers do not fill whole rows.
    pub fn from_f64(values: Vec<f64>, columns: usize) -> Result<Self, TensorError> {
        let len = whole_rows(values.len(), columns)?;
        Ok(Rows { storage: Storage::F64(values), columns, len, maps: Vec::new() })
    }

    /// Rows of bytes, row-major; column `j` of a batch is `byte·maps[j].0 + maps[j].1` in `f32`.
    ///
    /// # Errors
    /// Where the numbers do not fill whole rows, or there is not one map for each column.
    pub fn from_u8(values: Vec<u8>, maps: Vec<(f32, f32)>) -> Result<Self, TensorError> {
        let columns = maps.len();
        let len = whole_rows(values.len(), columns)?;
        Ok(Rows { storage: Storage::U8(values), columns, len, maps })
    }

    /// The number of rows.
    pub fn len(&self) -> usize {
        self.len
    }

    /// True without rows.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// The number of columns.
    pub fn columns(&self) -> usize {
        self.columns
    }

    /// Copies the rows at `indices`, one after another, into `out`, which holds just as many.
    ///
    /// Indices beyond the last row, and what does not fit, are left out: the training loop gives neither.
    pub fn gather<T: Real>(&self, indices: &[u32], out: &mut [T]) {
        if self.columns == 0 {
            return;
        }
        let (columns, targets) = (self.columns, out.chunks_exact_mut(self.columns));
        let starts = indices.iter().map(|&index| index as usize * columns);
        match &self.storage {
            Storage::F32(values) => {
                for (to, start) in targets.zip(starts) {
                    let from = values.get(start..start + columns).unwrap_or_default();
                    to.iter_mut().zip(from).for_each(|(to, &x)| *to = T::from_f64(f64::from(x)));
                }
            }
            Storage::F64(values) => {
                for (to, start) in targets.zip(starts) {
                    let from = values.get(start..start + columns).unwrap_or_default();
                    to.iter_mut().zip(from).for_each(|(to, &x)| *to = T::from_f64(x));
                }
            }
            Storage::U8(values) => {
                for (to, start) in targets.zip(starts) {
                    let from = values.get(start..start + columns).unwrap_or_default();
                    for ((to, &x), &(scale, shift)) in to.iter_mut().zip(from).zip(&self.maps) {
                        *to = T::from_f64(f64::from(f32::from(x).mul_add(scale, shift)));
                    }
                }
            }
        }
    }
}

fn whole_rows(len: usize, columns: usize) -> Result<usize, TensorError> {
    match len.checked_rem(columns) {
        Some(0) => Ok(len / columns),
        _ => Err(TensorError { dims: (len.div_ceil(columns.max(1)), columns).into(), got: len }),
    }
}

#[cfg(test)]
mod tests {
    use super::Rows;

    #[test]
    fn bytes_are_mapped_column_by_column() {
        let rows = Rows::from_u8(vec![0, 255, 51, 2], vec![(0.5, 0.0), (1.0, -1.0)]).unwrap();
        let mut batch = [0.0_f32; 4];
        rows.gather(&[1, 0], &mut batch);
        assert_eq!(batch, [25.5, 1.0, 0.0, 254.0]);
    }

    #[test]
    fn numbers_that_do_not_fill_rows_are_refused() {
        assert!(Rows::from_f32(vec![1.0; 5], 2).is_err());
        assert!(Rows::from_f32(vec![1.0; 5], 0).is_err());
    }
}
