//! Against plain loops over all positions.

use super::{
    Comparison, Four, compare, cut, gather_rows, one_hot, place, scatter_add_rows, select, stretch, transpose,
};
use proptest::prelude::{Just, Strategy, any, prop_assert_eq, proptest};

/// The position of every element of `dims`, row-major, in a tensor with `strides`.
fn positions(dims: Four, strides: Four) -> Vec<usize> {
    let mut positions = vec![0];
    for (size, stride) in dims.into_iter().zip(strides) {
        positions = positions.iter().flat_map(|&at| (0..size).map(move |i| at + i * stride)).collect();
    }
    positions
}

/// Row-major strides of a tensor whose stretched axes have size 1, and how many elements it has.
fn broadcast(dims: Four, stretched: [bool; 4]) -> (Four, usize) {
    let (mut strides, mut len) = ([0; 4], 1);
    for axis in (0..4).rev().filter(|&axis| !stretched[axis]) {
        strides[axis] = len;
        len *= dims[axis];
    }
    (strides, len)
}

fn sizes() -> impl Strategy<Value = Four> {
    let size = || proptest::prop_oneof![Just(0_usize), Just(1), 1..6_usize, 15..40_usize];
    (0..4_usize, 1..4_usize, size(), size()).prop_map(|(a, b, c, d)| [a, b, c, d])
}

proptest! {
    #[test]
    fn any_axes_change_places(dims in sizes(), order in Just([0_usize, 1, 2, 3]).prop_shuffle()) {
        let from: Vec<usize> = (0..dims.iter().product()).collect();
        let (own, _) = broadcast(dims, [false; 4]);
        let mut out = vec![usize::MAX; from.len()];
        transpose(&from, dims, order, &mut out);
        prop_assert_eq!(out, positions(order.map(|axis| dims[axis]), order.map(|axis| own[axis])));
    }

    #[test]
    fn any_axes_are_stretched(dims in sizes(), stretched in any::<[bool; 4]>()) {
        let (strides, len) = broadcast(dims, stretched);
        let from: Vec<usize> = (0..len).collect();
        let mut out = vec![usize::MAX; dims.iter().product()];
        stretch(&from, strides, &mut out, dims);
        prop_assert_eq!(out, positions(dims, strides));
    }

    #[test]
    fn any_broadcast_is_compared_and_picked_element_by_element(
        dims in sizes(),
        stretched in any::<[[bool; 4]; 3]>(),
        salt in 1..100_usize,
    ) {
        let [a_axes, b_axes, c_axes] = stretched.map(|axes| broadcast(dims, axes));
        let a: Vec<usize> = (0..a_axes.1).map(|i| i * salt % 7).collect();
        let b: Vec<usize> = (0..b_axes.1).map(|i| i * salt % 5).collect();
        let condition: Vec<bool> = (0..c_axes.1).map(|i| i * salt % 3 == 0).collect();
        let at = |strides| positions(dims, strides);
        let pairs = || at(a_axes.0).into_iter().zip(at(b_axes.0)).map(|(i, j)| (a[i], b[j]));
        let mut out = vec![false; dims.iter().product()];
        compare(Comparison::Equal, &a, a_axes.0, &b, b_axes.0, &mut out, dims);
        prop_assert_eq!(&out, &pairs().map(|(a, b)| a == b).collect::<Vec<_>>());
        compare(Comparison::Less, &a, a_axes.0, &b, b_axes.0, &mut out, dims);
        prop_assert_eq!(&out, &pairs().map(|(a, b)| a < b).collect::<Vec<_>>());
        compare(Comparison::Greater, &a, a_axes.0, &b, b_axes.0, &mut out, dims);
        prop_assert_eq!(&out, &pairs().map(|(a, b)| a > b).collect::<Vec<_>>());
        let mut picked = vec![usize::MAX; out.len()];
        select((&condition, c_axes.0), (&a, a_axes.0), (&b, b_axes.0), &mut picked, dims);
        let want = at(c_axes.0).into_iter().zip(pairs()).map(|(c, (a, b))| if condition[c] { a } else { b });
        prop_assert_eq!(picked, want.collect::<Vec<_>>());
    }
}

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
