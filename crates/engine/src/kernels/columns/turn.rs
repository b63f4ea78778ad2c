//! Rows of a batch into columns, and back.

use super::{Column, SHARD, part_mut};
use crate::kernels::cpu::Cpu;
use crate::kernels::simd::{Kernel, LANES, Simd};
use crate::real::Real;

/// Columns of the first `count` of rows of as many numbers as there are columns. It is quicker where `rows` does not end there:
/// sixteen rows go at once.
///
/// # Panics
/// Where there are fewer rows, or `count` is above 64.
pub fn from_rows<T: Real>(cpu: &Cpu, rows: &[T], count: usize, columns: &mut [Column<T>]) {
    if let [column] = columns {
        return column[..count].copy_from_slice(&rows[..count]);
    }
    assert!(count <= SHARD && rows.len() >= count * columns.len(), "at most 64 rows");
    cpu.isa.run(FromRows { rows, count, columns });
}

struct FromRows<'a, T> {
    rows: &'a [T],
    count: usize,
    columns: &'a mut [Column<T>],
}

impl<T: Real> Kernel<T> for FromRows<'_, T> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd<Elem = T>>(self, s: S) {
        let FromRows { rows, count, columns } = self;
        let width = columns.len();
        for (number, first) in (0..count).step_by(LANES).enumerate() {
            for (four, columns) in columns.chunks_mut(4).enumerate() {
                let from = &rows[first * width + 4 * four..];
                // Four numbers of sixteen rows, where so many are there.
                if from.len() >= 15 * width + 4 {
                    let mut vectors = [s.splat(T::ZERO); 4];
                    for (row, vector) in vectors.iter_mut().enumerate() {
                        *vector = s.load_fours(&from[row * width..], 4 * width);
                    }
                    for (vector, column) in s.turn_fours(vectors).into_iter().zip(columns) {
                        s.store(vector, part_mut(column, number));
                    }
                } else {
                    for sample in first..(first + LANES).min(count) {
                        let row = &rows[sample * width + 4 * four..];
                        columns.iter_mut().zip(row).for_each(|(column, x)| column[sample] = *x);
                    }
                }
            }
        }
    }
}

/// The rows of at most 64 samples.
///
/// # Panics
/// Where there are more rows, or not whole ones.
pub fn to_rows<T: Real>(columns: &[Column<T>], rows: &mut [T]) {
    if let [column] = columns {
        return rows.copy_from_slice(&column[..rows.len()]);
    }
    for (sample, row) in rows.chunks_exact_mut(columns.len().max(1)).enumerate() {
        row.iter_mut().zip(columns).for_each(|(x, column)| *x = column[sample]);
    }
}
