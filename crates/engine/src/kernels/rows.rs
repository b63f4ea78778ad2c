//! Rows of a data set into a batch.

use super::prefetch::prefetch;
use super::simd::{Kernel, Simd};
use crate::real::Real;
use crate::rows::ColumnMap;

/// Rows are asked for so long before they are copied.
const AHEAD: usize = 12;
/// A matrix of at most so many bytes is at hand anyway.
const NEAR: usize = 512 << 10;
/// Of each row so many bytes; what follows them the processor fetches by itself.
const BEGINNING: usize = 512;
const CACHE_LINE: usize = 64;

/// The columns of a batch, one vector for each part of their maps.
#[derive(Clone, Debug, PartialEq)]
pub struct Columns {
    /// Columns of the matrix; none where they are all of it, in order.
    picked: Option<Vec<u32>>,
    centers: Vec<f64>,
    factors: Vec<f64>,
}

impl Columns {
    pub fn new(maps: &[ColumnMap]) -> Columns {
        let in_order = maps.iter().zip(0..).all(|(map, at)| map.column == at);
        Columns {
            picked: (!in_order).then(|| maps.iter().map(|map| map.column).collect()),
            centers: maps.iter().map(|map| map.center).collect(),
            factors: maps.iter().map(|map| map.factor).collect(),
        }
    }

    pub fn len(&self) -> usize {
        self.centers.len()
    }
}

/// The scaled number, in `f32` whatever the batch is, as a matrix of encoded rows keeps it; a negative zero is plain.
#[inline(always)]
fn mapped<E: Into<f64>, T: Real>(x: E, center: f64, factor: f64) -> T {
    T::from_f64(f64::from(((x.into() + 0.0 - center) * factor) as f32))
}

/// Copies rows, each number through its column's map: `(x - center)·factor`, each operation rounded once, in `f64`.
pub struct Gather<'a, E, T> {
    pub values: &'a [E],
    /// Numbers of a stored row.
    pub width: usize,
    /// The stored row of each row; themselves where not said.
    pub rows: Option<&'a [u32]>,
    pub columns: Option<&'a Columns>,
    /// The rows that are wanted.
    pub indices: &'a [u32],
    pub out: &'a mut [T],
}

impl<E: Copy + Into<f64>, T: Real> Kernel<T> for Gather<'_, E, T> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd<Elem = T>>(self, _: S) {
        let Gather { values, width, rows, columns, indices, out } = self;
        let columns_of_batch = columns.map_or(width, Columns::len);
        let near = size_of_val(values) <= NEAR;
        match (columns, width) {
            _ if columns_of_batch == 0 => return,
            (None, 1) if near => return narrow::<E, T, 1>(values, rows, indices, out),
            (None, 2) if near => return narrow::<E, T, 2>(values, rows, indices, out),
            (None, 3) if near => return narrow::<E, T, 3>(values, rows, indices, out),
            (None, 4) if near => return narrow::<E, T, 4>(values, rows, indices, out),
            _ => {}
        }
        let stored = |&index: &u32| {
            let row = rows.map_or(Some(&index), |rows| rows.get(index as usize));
            let start = row.map_or(usize::MAX, |&row| (row as usize).saturating_mul(width));
            values.get(start..start.saturating_add(width)).unwrap_or_default()
        };
        let ahead = if near { indices.len() } else { AHEAD };
        if ahead < indices.len() {
            indices.iter().take(ahead).for_each(|index| ask_for(stored(index)));
        }
        for (number, (to, index)) in out.chunks_exact_mut(columns_of_batch).zip(indices).enumerate() {
            if let Some(later) = indices.get(number + ahead) {
                ask_for(stored(later));
            }
            let from = stored(index);
            match columns {
                None => to.iter_mut().zip(from).for_each(|(to, &x)| *to = T::from_f64(x.into())),
                Some(Columns { picked: None, centers, factors }) => {
                    for (((to, &x), center), factor) in to.iter_mut().zip(from).zip(centers).zip(factors) {
                        *to = mapped(x, *center, *factor);
                    }
                }
                Some(Columns { picked: Some(picked), centers, factors }) => {
                    for (((to, &column), center), factor) in to.iter_mut().zip(picked).zip(centers).zip(factors) {
                        if let Some(&x) = from.get(column as usize) {
                            *to = mapped(x, *center, *factor);
                        }
                    }
                }
            }
        }
    }
}

/// Whole rows of a few numbers: a loop over each of them would take longer than the numbers.
#[inline(always)]
fn narrow<E: Copy + Into<f64>, T: Real, const WIDTH: usize>(
    values: &[E],
    rows: Option<&[u32]>,
    indices: &[u32],
    out: &mut [T],
) {
    let (stored, _) = values.as_chunks::<WIDTH>();
    let (out, _) = out.as_chunks_mut::<WIDTH>();
    let copy = |to: &mut [T; WIDTH], row: u32| {
        if let Some(from) = stored.get(row as usize) {
            *to = from.map(|x| T::from_f64(x.into()));
        }
    };
    match rows {
        None => out.iter_mut().zip(indices).for_each(|(to, &index)| copy(to, index)),
        Some(rows) => {
            for (to, &index) in out.iter_mut().zip(indices) {
                rows.get(index as usize).iter().for_each(|&&row| copy(to, row));
            }
        }
    }
}

/// Asks for the beginning of a row: random rows come from far away.
#[inline(always)]
fn ask_for<E>(row: &[E]) {
    let beginning = &row[..row.len().min(BEGINNING / size_of::<E>())];
    beginning.iter().step_by(CACHE_LINE / size_of::<E>()).for_each(prefetch);
    // A row seldom starts with a line.
    row.get(beginning.len().wrapping_sub(1)).into_iter().for_each(prefetch);
}
