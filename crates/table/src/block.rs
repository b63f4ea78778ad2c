//! A matrix whose columns stand in a table: one copy, as it was read.

use std::fmt;
use std::sync::Arc;

/// Whoever keeps the numbers of a block: a vector, or somebody else's memory that is only read.
pub type Owner<T> = Arc<dyn AsRef<[T]> + Send + Sync>;

/// The numbers of a block, row by row.
#[derive(Clone)]
pub enum Numbers {
    /// Bytes, such as those of pictures.
    U8(Owner<u8>),
    /// Single precision; NaN where missing.
    F32(Owner<f32>),
    /// Double precision; NaN where missing.
    F64(Owner<f64>),
}

impl Numbers {
    fn len(&self) -> usize {
        match self {
            Numbers::U8(values) => (**values).as_ref().len(),
            Numbers::F32(values) => (**values).as_ref().len(),
            Numbers::F64(values) => (**values).as_ref().len(),
        }
    }
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

/// A row-major matrix that columns of a table share.
///
/// Clones share the numbers. Two blocks are equal if their numbers are, whoever owns these.
#[derive(Clone, Debug, PartialEq)]
pub struct Block {
    numbers: Numbers,
    width: usize,
}

impl Block {
    /// The matrix of these numbers; `None` where they do not fill whole rows of `width`.
    pub fn new(numbers: Numbers, width: usize) -> Option<Block> {
        let block = Block { numbers, width };
        (block.numbers.len().checked_rem(width) == Some(0)).then_some(block)
    }

    /// The numbers.
    pub fn numbers(&self) -> &Numbers {
        &self.numbers
    }

    /// How many numbers a row has.
    pub fn width(&self) -> usize {
        self.width
    }

    /// How many rows there are.
    pub fn rows(&self) -> usize {
        self.numbers.len() / self.width.max(1)
    }

    /// Whether both share their numbers.
    pub(crate) fn is(&self, other: &Block) -> bool {
        match (&self.numbers, &other.numbers) {
            (Numbers::U8(a), Numbers::U8(b)) => Arc::ptr_eq(a, b),
            (Numbers::F32(a), Numbers::F32(b)) => Arc::ptr_eq(a, b),
            (Numbers::F64(a), Numbers::F64(b)) => Arc::ptr_eq(a, b),
            _ => false,
        }
    }

    /// The first number that is infinite: its row, its column and itself.
    pub(crate) fn first_infinite(&self) -> Option<(usize, usize, f64)> {
        fn first<T: Copy + Into<f64>>(values: &[T]) -> Option<(usize, f64)> {
            values.iter().map(|&value| value.into()).enumerate().find(|(_, value)| value.is_infinite())
        }
        let found = match &self.numbers {
            Numbers::U8(_) => None,
            Numbers::F32(values) => first((**values).as_ref()),
            Numbers::F64(values) => first((**values).as_ref()),
        };
        found.map(|(at, value)| (at / self.width, at % self.width, value))
    }
}

/// One column of a block.
#[derive(Clone, Debug, PartialEq)]
pub struct BlockColumn {
    block: Block,
    column: usize,
}

impl BlockColumn {
    /// The column of this number, from 0; `None` where there is none.
    pub fn new(block: &Block, column: usize) -> Option<BlockColumn> {
        (column < block.width).then(|| BlockColumn { block: block.clone(), column })
    }

    /// The matrix.
    pub fn block(&self) -> &Block {
        &self.block
    }

    /// Its number, from 0.
    pub fn column(&self) -> usize {
        self.column
    }

    /// The number in this row; NaN where it is missing, or there is no such row. A negative zero is plain.
    pub fn get(&self, row: usize) -> f64 {
        let at = row.saturating_mul(self.block.width).saturating_add(self.column);
        let value = match &self.block.numbers {
            Numbers::U8(values) => (**values).as_ref().get(at).map(|&value| f64::from(value)),
            Numbers::F32(values) => (**values).as_ref().get(at).map(|&value| f64::from(value)),
            Numbers::F64(values) => (**values).as_ref().get(at).copied(),
        };
        value.map_or(f64::NAN, |value| value + 0.0)
    }

    /// All numbers of the column.
    pub fn to_vec(&self) -> Vec<f64> {
        fn strided<T: Copy + Into<f64>>(values: &[T], column: usize, width: usize) -> Vec<f64> {
            values.get(column..).unwrap_or_default().iter().step_by(width).map(|&value| value.into() + 0.0).collect()
        }
        let (column, width) = (self.column, self.block.width);
        match &self.block.numbers {
            Numbers::U8(values) => strided((**values).as_ref(), column, width),
            Numbers::F32(values) => strided((**values).as_ref(), column, width),
            Numbers::F64(values) => strided((**values).as_ref(), column, width),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Block, BlockColumn, Numbers};
    use std::sync::Arc;

    #[test]
    fn a_column_reads_every_width_th_number() {
        let block = Block::new(Numbers::F32(Arc::new(vec![1.0, 2.0, 3.0, -0.0, 5.0, 6.0])), 3).unwrap();
        let column = BlockColumn::new(&block, 0).unwrap();
        assert_eq!((column.to_vec(), column.get(1).to_bits()), (vec![1.0, 0.0], 0));
        assert!(column.get(2).is_nan() && BlockColumn::new(&block, 3).is_none());
        assert!(Block::new(Numbers::U8(Arc::new(vec![1, 2, 3])), 2).is_none());
        assert!(Block::new(Numbers::U8(Arc::new(Vec::new())), 0).is_none());
    }

    #[test]
    fn an_infinity_is_found_with_its_place() {
        let block = Block::new(Numbers::F64(Arc::new(vec![1.0, 2.0, f64::NAN, f64::NEG_INFINITY])), 2).unwrap();
        assert_eq!(block.first_infinite(), Some((1, 1, f64::NEG_INFINITY)));
    }
}
