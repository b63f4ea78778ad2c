//! Elements brought to other places, compared and picked: plain loops, generic over the element.

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

/// Calls `each(output position, input positions)` for every element, row-major; a stride of 0 stretches its axis.
fn walk<const N: usize>(dims: Four, strides: [Four; N], mut each: impl FnMut(usize, [usize; N])) {
    let mut out = 0;
    for i in 0..dims[0] {
        for j in 0..dims[1] {
            for k in 0..dims[2] {
                let row = strides.map(|s| i * s[0] + j * s[1] + k * s[2]);
                for l in 0..dims[3] {
                    let mut at = row;
                    at.iter_mut().zip(&strides).for_each(|(at, s)| *at += l * s[3]);
                    each(out, at);
                    out += 1;
                }
            }
        }
    }
}

/// `out = a op b` with broadcasting.
pub fn compare<E: Copy + PartialOrd>(op: Comparison, a: &[E], a_strides: Four, b: &[E], b_strides: Four, out: &mut [bool], dims: Four) {
    let strides = [a_strides, b_strides];
    match op {
        Comparison::Equal => walk(dims, strides, |at, [i, j]| out[at] = a[i] == b[j]),
        Comparison::Less => walk(dims, strides, |at, [i, j]| out[at] = a[i] < b[j]),
        Comparison::Greater => walk(dims, strides, |at, [i, j]| out[at] = a[i] > b[j]),
    }
}

/// `out = condition ? yes : no`, each with its strides.
pub fn select<E: Copy>(condition: (&[bool], Four), yes: (&[E], Four), no: (&[E], Four), out: &mut [E], dims: Four) {
    let strides = [condition.1, yes.1, no.1];
    walk(dims, strides, |at, [c, y, n]| out[at] = if condition.0[c] { yes.0[y] } else { no.0[n] });
}

/// Output axis `i` is input axis `order[i]` of an input with sizes `dims`.
pub fn transpose<E: Copy>(from: &[E], dims: Four, order: Four, out: &mut [E]) {
    let mut own = [1; 4];
    for axis in (0..3).rev() {
        own[axis] = own[axis + 1] * dims[axis + 1];
    }
    walk(order.map(|axis| dims[axis]), [order.map(|axis| own[axis])], |at, [i]| out[at] = from[i]);
}

/// A tensor read with strides of 0 where it is stretched.
pub fn stretch<E: Copy>(from: &[E], strides: Four, out: &mut [E], dims: Four) {
    match from {
        [value] => out.fill(*value),
        _ => walk(dims, [strides], |at, [i]| out[at] = from[i]),
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

#[cfg(test)]
mod tests {
    use super::{Comparison, compare, cut, gather_rows, one_hot, place, scatter_add_rows, select, stretch, transpose};

    #[test]
    fn axes_change_places() {
        let from: Vec<i64> = (0..24).collect();
        let mut out = vec![0; 24];
        transpose(&from, [1, 2, 3, 4], [0, 3, 1, 2], &mut out);
        for (i, j, k) in (0..2).flat_map(|i| (0..3).flat_map(move |j| (0..4).map(move |k| (i, j, k)))) {
            assert_eq!(out[(k * 2 + i) * 3 + j], from[(i * 3 + j) * 4 + k]);
        }
    }

    #[test]
    fn a_column_and_a_row_are_compared_as_a_table() {
        let mut out = [false; 6];
        compare(Comparison::Less, &[1, 2], [0, 0, 1, 0], &[1, 2, 3], [0, 0, 0, 1], &mut out, [1, 1, 2, 3]);
        assert_eq!(out, [false, true, true, false, false, true]);
    }

    #[test]
    fn each_element_is_picked_by_its_condition() {
        let mut out = [0.0; 4];
        let condition = ([true, false], [0, 0, 1, 0]);
        select((&condition.0, condition.1), (&[1.0], [0; 4]), (&[5.0, 6.0], [0, 0, 0, 1]), &mut out, [1, 1, 2, 2]);
        assert_eq!(out, [1.0, 1.0, 5.0, 6.0]);
    }

    #[test]
    fn a_row_is_stretched_down_the_columns() {
        let mut out = [0; 6];
        stretch(&[7, 8, 9], [0, 0, 0, 1], &mut out, [1, 1, 2, 3]);
        assert_eq!(out, [7, 8, 9, 7, 8, 9]);
    }

    #[test]
    fn what_is_placed_is_cut_out_again() {
        let mut wide = [0; 10];
        place(&[1, 2, 3, 4], 2, 2, &mut wide, 5, 1);
        assert_eq!(wide, [0, 1, 2, 0, 0, 0, 3, 4, 0, 0]);
        let mut narrow = [0; 4];
        cut(&wide, 2, 5, 1, &mut narrow, 2);
        assert_eq!(narrow, [1, 2, 3, 4]);
    }

    #[test]
    fn rows_gathered_twice_are_added_twice() {
        let mut rows = [0.0; 6];
        gather_rows(&[1.0, 2.0, 3.0, 4.0], 2, &[1, 0, 1], &mut rows);
        assert_eq!(rows, [3.0, 4.0, 1.0, 2.0, 3.0, 4.0]);
        let mut sums = [9.0; 4];
        scatter_add_rows(&rows, 2, &[1, 0, 1], &mut sums);
        assert_eq!(sums, [1.0, 2.0, 6.0, 8.0]);
    }

    #[test]
    fn the_new_axis_of_a_one_hot_may_stand_first() {
        let mut out = [9.0; 6];
        one_hot(&[2, 0], 1, 3, 2, &mut out);
        assert_eq!(out, [0.0, 1.0, 0.0, 0.0, 1.0, 0.0]);
    }
}
