//! Elements brought to other places, compared and picked: plain loops, generic over the element.

#[cfg(test)]
mod tests;

use crate::real::Real;
use std::fmt;

/// A comparison of two elements.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Comparison {
    /// `a = b`.
    Equal,
    /// `a < b`.
    Less,
    /// `a > b`.
    Greater,
}

impl Comparison {
    /// The name in lower case.
    pub fn name(self) -> &'static str {
        match self {
            Comparison::Equal => "equal",
            Comparison::Less => "less",
            Comparison::Greater => "greater",
        }
    }
}

impl fmt::Display for Comparison {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Sizes, or strides, of four axes.
type Four = [usize; 4];

/// The side of the squares in which a matrix is transposed: what is read and written stays in the first-level cache.
const SQUARE: usize = 16;

/// The same elements in the same order with as few axes as possible: neighbors that every operand steps through evenly
/// become one. The innermost axis comes last; unused axes have size 1.
fn merge<const N: usize>(dims: Four, strides: [Four; N]) -> (Four, [Four; N]) {
    let (mut sizes, mut steps) = ([1; 4], [[0; 4]; N]);
    let mut at = 3;
    for axis in (0..4).rev().filter(|&axis| dims[axis] != 1) {
        let free = sizes[at] == 1;
        let even = steps.iter().zip(&strides).all(|(steps, strides)| strides[axis] == steps[at] * sizes[at]);
        if !free && even {
            sizes[at] *= dims[axis];
            continue;
        }
        at -= usize::from(!free);
        sizes[at] = dims[axis];
        steps.iter_mut().zip(&strides).for_each(|(steps, strides)| steps[at] = strides[axis]);
    }
    (sizes, steps)
}

/// Calls `each(row of the output, starts of the inputs)` for every row along the last axis.
#[inline]
fn for_rows<E, const N: usize>(
    out: &mut [E],
    dims: Four,
    strides: [Four; N],
    mut each: impl FnMut(&mut [E], [usize; N]),
) {
    let mut rows = out.chunks_exact_mut(dims[3].max(1));
    for i in 0..dims[0] {
        for j in 0..dims[1] {
            for (k, row) in (0..dims[2]).zip(&mut rows) {
                each(row, strides.map(|s| i * s[0] + j * s[1] + k * s[2]));
            }
        }
    }
}

/// `out = f(a, b)` with broadcasting.
#[inline]
fn zip<E: Copy, O>(
    (a, a_strides): (&[E], Four),
    (b, b_strides): (&[E], Four),
    out: &mut [O],
    dims: Four,
    f: impl Fn(E, E) -> O,
) {
    let (dims, strides) = merge(dims, [a_strides, b_strides]);
    let steps = strides.map(|s| s[3]);
    for_rows(out, dims, strides, |row, [i, j]| match steps {
        [1, 1] => {
            let pairs = a[i..][..row.len()].iter().zip(&b[j..][..row.len()]);
            row.iter_mut().zip(pairs).for_each(|(to, (&a, &b))| *to = f(a, b));
        }
        [1, 0] => row.iter_mut().zip(&a[i..]).for_each(|(to, &a)| *to = f(a, b[j])),
        [0, 1] => row.iter_mut().zip(&b[j..]).for_each(|(to, &b)| *to = f(a[i], b)),
        [s, t] => row.iter_mut().enumerate().for_each(|(l, to)| *to = f(a[i + l * s], b[j + l * t])),
    });
}

/// `out = a op b` with broadcasting: a stride of 0 stretches its axis.
pub fn compare<E: Copy + PartialOrd>(
    op: Comparison,
    a: &[E],
    a_strides: Four,
    b: &[E],
    b_strides: Four,
    out: &mut [bool],
    dims: Four,
) {
    let (a, b) = ((a, a_strides), (b, b_strides));
    match op {
        Comparison::Equal => zip(a, b, out, dims, |a, b| a == b),
        Comparison::Less => zip(a, b, out, dims, |a, b| a < b),
        Comparison::Greater => zip(a, b, out, dims, |a, b| a > b),
    }
}

/// `out = condition ? yes : no`, each with its strides.
pub fn select<E: Copy>(condition: (&[bool], Four), yes: (&[E], Four), no: (&[E], Four), out: &mut [E], dims: Four) {
    let (dims, strides) = merge(dims, [condition.1, yes.1, no.1]);
    let (condition, yes, no) = (condition.0, yes.0, no.0);
    let steps = strides.map(|s| s[3]);
    for_rows(out, dims, strides, |row, [c, y, n]| {
        if steps == [1; 3] {
            let choices = yes[y..][..row.len()].iter().zip(&no[n..][..row.len()]);
            let choices = condition[c..][..row.len()].iter().zip(choices);
            row.iter_mut().zip(choices).for_each(|(to, (&first, (&yes, &no)))| *to = if first { yes } else { no });
        } else {
            let [s, t, u] = steps;
            let pick = |l| if condition[c + l * s] { yes[y + l * t] } else { no[n + l * u] };
            row.iter_mut().enumerate().for_each(|(l, to)| *to = pick(l));
        }
    });
}

/// Output axis `i` is input axis `order[i]` of an input with sizes `dims`.
pub fn transpose<E: Copy>(from: &[E], dims: Four, order: Four, out: &mut [E]) {
    let mut own = [1; 4];
    for axis in (0..3).rev() {
        own[axis] = own[axis + 1] * dims[axis + 1];
    }
    stretch(from, order.map(|axis| own[axis]), out, order.map(|axis| dims[axis]));
}

/// A tensor read with other strides, such as 0 where it is stretched.
pub fn stretch<E: Copy>(from: &[E], strides: Four, out: &mut [E], dims: Four) {
    let (dims, [strides]) = merge(dims, [strides]);
    let [.., across, step] = strides;
    if across == 1 && step > 1 {
        let matrix = dims[2] * dims[3];
        for (index, out) in out.chunks_exact_mut(matrix.max(1)).enumerate() {
            let (i, j) = (index / dims[1], index % dims[1]);
            transpose_matrix(&from[i * strides[0] + j * strides[1]..], step, out, dims[3]);
        }
        return;
    }
    for_rows(out, dims, [strides], |row, [i]| match step {
        0 => row.fill(from[i]),
        1 => row.copy_from_slice(&from[i..][..row.len()]),
        _ => row.iter_mut().zip(from[i..].iter().step_by(step)).for_each(|(to, &x)| *to = x),
    });
}

/// `out[r, c] = from[c·stride + r]` for an output with `columns` columns, square by square.
fn transpose_matrix<E: Copy>(from: &[E], stride: usize, out: &mut [E], columns: usize) {
    let rows = out.len() / columns.max(1);
    for top in (0..rows).step_by(SQUARE) {
        for left in (0..columns).step_by(SQUARE) {
            let width = SQUARE.min(columns - left);
            for row in top..(top + SQUARE).min(rows) {
                let to = &mut out[row * columns + left..][..width];
                for (to, x) in to.iter_mut().zip(from[left * stride + row..].iter().step_by(stride)) {
                    *to = *x;
                }
            }
        }
    }
}

/// `outer` rows of `size` elements to position `start` of rows of `width`.
pub fn place<E: Copy>(from: &[E], outer: usize, size: usize, to: &mut [E], width: usize, start: usize) {
    for row in 0..outer {
        to[row * width + start..][..size].copy_from_slice(&from[row * size..][..size]);
    }
}

/// `size` elements at position `start` of each of `outer` rows of `width`.
pub fn cut<E: Copy>(from: &[E], outer: usize, width: usize, start: usize, to: &mut [E], size: usize) {
    for row in 0..outer {
        to[row * size..][..size].copy_from_slice(&from[row * width + start..][..size]);
    }
}

/// Rows of `width` elements at positions that have been checked.
pub fn gather_rows<E: Copy>(from: &[E], width: usize, positions: &[i64], out: &mut [E]) {
    for (to, &position) in out.chunks_exact_mut(width.max(1)).zip(positions) {
        to.copy_from_slice(&from[position as usize * width..][..width]);
    }
}

/// Adds rows into zeros, at positions that have been checked, in ascending order of the rows.
pub fn scatter_add_rows<T: Real>(from: &[T], width: usize, positions: &[i64], out: &mut [T]) {
    out.fill(T::ZERO);
    for (row, &position) in from.chunks_exact(width.max(1)).zip(positions) {
        let to = &mut out[position as usize * width..][..width];
        to.iter_mut().zip(row).for_each(|(to, &x)| *to = *to + x);
    }
}

/// `out[o, d, i] = 1` where `labels[o, i] = d`, else 0; the labels have been checked.
pub fn one_hot<T: Real>(labels: &[i64], outer: usize, depth: usize, inner: usize, out: &mut [T]) {
    out.fill(T::ZERO);
    for o in 0..outer {
        for (i, &label) in labels[o * inner..][..inner].iter().enumerate() {
            out[(o * depth + label as usize) * inner + i] = T::ONE;
        }
    }
}
