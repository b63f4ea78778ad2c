//! Rows of a matrix that can be read where they stand.

use crate::block::{Block, Numbers};
use crate::column::Cells;
use crate::encode::Encoder;
use crate::feature::Feature;
use crate::table::Table;

/// Encoded rows that are a function of one matrix, number by number: `(x - center)·factor`.
#[derive(Clone, Debug, PartialEq)]
pub struct View {
    /// The matrix.
    pub block: Block,
    /// Which rows of it.
    pub rows: Vec<u32>,
    /// The encoded columns.
    pub columns: Vec<ViewColumn>,
}

/// One encoded column of a [`View`].
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ViewColumn {
    /// The column of the matrix.
    pub column: u32,
    /// What becomes 0.
    pub center: f64,
    /// What the distance from it is multiplied by.
    pub factor: f64,
}

impl Encoder {
    /// The rows as a view, where it says what [`Encoder::encode`] would, to the bit: all features are numbers, scaled
    /// without a bound, of one matrix, and in these rows none is missing or beyond f32. `None` elsewhere.
    pub fn view(&self, table: &Table, rows: &[usize]) -> Option<View> {
        let mut block: Option<&Block> = None;
        let mut columns = Vec::with_capacity(self.features.len());
        for feature in &self.features {
            let Feature::Number { name, affine, indicator: false, .. } = feature else { return None };
            let Cells::Block(cells) = &table.column(name)?.cells else { return None };
            if affine.clip.is_some() || block.is_some_and(|block| !block.is(cells.block())) {
                return None;
            }
            block = Some(cells.block());
            let column = u32::try_from(cells.column()).ok()?;
            columns.push(ViewColumn { column, center: affine.center, factor: affine.factor() });
        }
        let block = block?;
        let fits = match block.numbers() {
            // Bytes lie between two of them, and so does what they become.
            Numbers::U8(_) => rows.iter().all(|&row| row < block.rows()) && columns.iter().all(bytes_fit),
            Numbers::F32(values) => all_fit((**values).as_ref(), block.width(), rows, &columns),
            Numbers::F64(values) => all_fit((**values).as_ref(), block.width(), rows, &columns),
        };
        let rows: Option<Vec<u32>> = rows.iter().map(|&row| u32::try_from(row).ok()).collect();
        fits.then_some(View { block: block.clone(), rows: rows?, columns })
    }
}

/// Whether the least and the largest byte become finite f32.
fn bytes_fit(map: &ViewColumn) -> bool {
    [0.0, 255.0].iter().all(|x| (((x - map.center) * map.factor) as f32).is_finite())
}

/// Whether every number is there and becomes a finite f32.
fn all_fit<T: Copy + Into<f64>>(values: &[T], width: usize, rows: &[usize], columns: &[ViewColumn]) -> bool {
    rows.iter().all(|&row| {
        let start = row.saturating_mul(width);
        let Some(row) = values.get(start..start.saturating_add(width)) else { return false };
        columns.iter().all(|map| {
            let scaled = row.get(map.column as usize).map(|&x| (x.into() - map.center) * map.factor);
            scaled.is_some_and(|scaled| (scaled as f32).is_finite())
        })
    })
}
