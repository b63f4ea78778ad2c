//! Elements brought to other places: axes, parts, rows; for all three element types.

use super::evaluate::{dims, indices, integers, numbers, position, real};
use caviar_engine::{DType, Dim, Graph, Node, NodeId, Plan, RunError, Seed, Session, Shape, Tensor};

/// The same operation on reals, integers and truth values: what becomes of the positions `0, 1, 2, …`.
fn check(
    sizes: &[usize],
    build: impl for<'g> Fn(Node<'g>) -> Node<'g>,
    want_sizes: &[usize],
    want: &[usize],
    what: &str,
) {
    let len = sizes.iter().product::<usize>() as i64;
    let constant = |g: &Graph| g.integer_constant(Tensor::new(dims(sizes), (0..len).collect()).unwrap()).id();
    let whole = integers(|g| build(g.node(constant(g))));
    assert_eq!(whole.dims(), dims(want_sizes), "{what}");
    assert!(whole.data().iter().zip(want).all(|(got, want)| *got == *want as i64), "{what}: {whole:?}");
    let reals = real::<f32>(|g| build(g.node(constant(g)).cast(DType::Real)));
    assert!(reals.data().iter().zip(want).all(|(got, want)| *got == *want as f32), "{what}, real");
    let odd = |g: &Graph| (g.node(constant(g)).cast(DType::Real) * 0.5).id();
    let truths = integers(|g| {
        let half = g.node(odd(g));
        let is_odd = half.equal(half.cast(DType::Integer).cast(DType::Real));
        build(is_odd).cast(DType::Integer)
    });
    assert!(truths.data().iter().zip(want).all(|(got, want)| *got == i64::from(want % 2 == 0)), "{what}, truth");
    assert_eq!((whole.data().len(), reals.data().len(), truths.data().len()), (want.len(), want.len(), want.len()));
}

fn orders(rank: usize) -> Vec<Vec<usize>> {
    indices(&vec![rank; rank]).into_iter().filter(|order| (0..rank).all(|axis| order.contains(&axis))).collect()
}

#[test]
fn axes_are_put_in_every_order() {
    for sizes in [&[7][..], &[5, 3], &[2, 3, 4], &[2, 3, 4, 5]] {
        for order in orders(sizes.len()) {
            let turned: Vec<usize> = order.iter().map(|&axis| sizes[axis]).collect();
            let from = |index: &Vec<usize>| {
                let mut own = vec![0; sizes.len()];
                order.iter().zip(index).for_each(|(&axis, &i)| own[axis] = i);
                position(sizes, &own)
            };
            let want: Vec<usize> = indices(&turned).iter().map(from).collect();
            check(sizes, |x| x.transpose(&order), &turned, &want, &format!("{sizes:?} by {order:?}"));
        }
    }
}

#[test]
fn a_reshape_keeps_the_order_of_the_elements() {
    let all: Vec<usize> = (0..24).collect();
    check(&[2, 3, 4], |x| x.reshape((4, 6)), &[4, 6], &all, "to a matrix");
    check(&[24], |x| x.reshape((2, 3, 2, 2)), &[2, 3, 2, 2], &all, "to four axes");
    check(&[1, 1], |x| x.reshape(()), &[], &[0], "to a number");
}

#[test]
fn a_broadcast_repeats_along_sizes_of_one() {
    for (from, to) in [
        (&[][..], &[3, 4][..]),
        (&[3], &[5, 3]),
        (&[5, 1], &[5, 3]),
        (&[2, 1, 3, 1], &[2, 4, 3, 2]),
        (&[3, 1], &[2, 3, 4]),
    ] {
        let want: Vec<usize> = indices(to).iter().map(|index| position(from, index)).collect();
        let shape = Shape::from(dims(to));
        check(from, |x| x.broadcast_to(shape), to, &want, &format!("{from:?} to {to:?}"));
    }
}

#[test]
fn a_slice_is_a_part_along_one_axis() {
    let sizes = [3, 4, 5];
    for axis in 0..3 {
        for (start, end) in [(0, sizes[axis]), (1, 3), (2, 3), (0, 1), (1, 1)] {
            let mut part = sizes;
            part[axis] = end - start;
            let from = |index: &Vec<usize>| {
                let mut own = index.clone();
                own[axis] += start;
                position(&sizes, &own)
            };
            let want: Vec<usize> = indices(&part).iter().map(from).collect();
            check(&sizes, |x| x.slice(axis, start, end), &part, &want, &format!("axis {axis}, {start}..{end}"));
        }
    }
}

#[test]
fn parts_put_together_again_are_the_whole() {
    let sizes = [3, 4, 5];
    let all: Vec<usize> = (0..60).collect();
    for axis in 0..3 {
        let cut = |x: Node<'_>| {
            let parts = [x.slice(axis, 0, 1), x.slice(axis, 1, 1), x.slice(axis, 1, sizes[axis])];
            x.graph().concat(&parts, axis).id()
        };
        check(&sizes, |x| x.graph().node(cut(x)), &sizes, &all, &format!("axis {axis}"));
    }
    check(&[2], |x| x.graph().concat(&[x, x, x], 0), &[6], &[0, 1, 0, 1, 0, 1], "one thing three times");
}

#[test]
fn rows_are_gathered_by_position() {
    let positions = [4, 0, 4, 1];
    for sizes in [&[5][..], &[5, 3], &[5, 2, 3]] {
        let width: usize = sizes[1..].iter().product();
        let want: Vec<usize> = positions.iter().flat_map(|row| row * width..(row + 1) * width).collect();
        let result = [&[4], &sizes[1..]].concat();
        let gather = |x: Node<'_>| x.gather_rows(x.graph().integer_constant(positions.map(|row| row as i64))).id();
        check(sizes, |x| x.graph().node(gather(x)), &result, &want, &format!("rows of {sizes:?}"));
    }
}

#[test]
fn a_one_hot_has_its_new_axis_where_it_is_asked_for() {
    let by = |depth: usize, axis: usize| real::<f32>(move |g| g.integer_constant([2, 0, 1, 2]).one_hot(depth, axis));
    let rows = Tensor::from([[0.0_f32, 0.0, 1.0], [1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]]);
    let columns = Tensor::from([[0.0_f32, 1.0, 0.0, 0.0], [0.0, 0.0, 1.0, 0.0], [1.0, 0.0, 0.0, 1.0]]);
    assert_eq!((by(3, 1), by(3, 0)), (rows, columns));
    let number = real::<f64>(|g| g.integer_constant(Tensor::scalar(1)).one_hot(3, 0));
    assert_eq!(number.data(), [0.0, 1.0, 0.0]);
    let matrix = real::<f64>(|g| g.integer_constant([[0, 1, 1], [1, 0, 1]]).one_hot(2, 1));
    assert_eq!(matrix.dims(), dims(&[2, 2, 3]));
    assert_eq!(matrix.data(), [1.0, 0.0, 0.0, 0.0, 1.0, 1.0, 0.0, 1.0, 0.0, 1.0, 0.0, 1.0]);
}

#[test]
fn zeros_and_ones_have_any_shape() {
    assert_eq!(real::<f32>(|g| g.zeros((2, 3))), Tensor::full((2, 3), 0.0).unwrap());
    assert_eq!(real::<f64>(|g| g.ones((2, 1, 3, 2))), Tensor::full((2, 1, 3, 2), 1.0).unwrap());
    assert_eq!(real::<f64>(|g| g.ones(())), Tensor::scalar(1.0));
    assert_eq!(real::<f64>(|g| g.zeros((0, 3))), Tensor::full((0, 3), 0.0).unwrap());
}

#[test]
fn a_count_is_known_when_the_batch_is() {
    let g = Graph::new();
    let x = g.placeholder("x", (Dim::Batch, 3));
    let count = x.sum() * 0.0 + g.count((Dim::Batch, 3, Dim::Batch));
    let mut session = Session::new(Plan::<f64>::new(&g, &[count]).unwrap(), Seed(0));
    for rows in [1, 7, 2] {
        let fed = numbers(1, &[rows, 3], 0.0, 1.0);
        assert_eq!(session.run(count, &[x.feed(&fed)]).unwrap().item(), Some((rows * 3 * rows) as f64));
    }
}

#[test]
fn positions_outside_are_errors_of_the_run() {
    let g = Graph::new();
    let positions = g.integer_placeholder("positions", (Dim::Batch,));
    let table = g.constant([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]]);
    let logits = g.placeholder("logits", (Dim::Batch, 3));
    let gathered = table.gather_rows(positions);
    let hot = positions.one_hot(3, 0);
    let loss = logits.softmax_cross_entropy(positions);
    let mut session = Session::new(Plan::<f64>::new(&g, &[gathered, hot, loss]).unwrap(), Seed(0));
    for value in [-1, 3, i64::MIN, i64::MAX] {
        let fed = Tensor::from([0, value]);
        let zeros = Tensor::full((2, 3), 0.0).unwrap();
        for (fetch, node) in [(gathered, "gather_rows"), (hot, "one_hot"), (loss, "cross_entropy")] {
            let id: NodeId = fetch.id();
            let error = session.run(id, &[positions.feed(&fed), logits.feed(&zeros)]).unwrap_err();
            assert_eq!(error, RunError::Index { node: node.to_string(), element: 1, value, limit: 3 });
        }
    }
    let error = RunError::Index { node: "one_hot".to_string(), element: 1, value: -1, limit: 3 };
    assert_eq!(error.to_string(), "one_hot: -1 in element 1 is not in 0..3");
}
