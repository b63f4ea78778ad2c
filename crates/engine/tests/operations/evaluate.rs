//! One node's value, and a walk over indices to compute it independently.

use caviar_engine::{Dims, Graph, Node, NodeId, Plan, Real, Seed, Session, Tensor};

/// A graph of constants and the node that is asked for.
pub fn graph(build: impl for<'g> Fn(&'g Graph) -> Node<'g>) -> (Graph, NodeId) {
    let g = Graph::new();
    let id = build(&g).id();
    (g, id)
}

fn session<T: Real>(g: &Graph, id: NodeId) -> Session<T> {
    let plan = Plan::new(g, &[g.node(id)]).unwrap_or_else(|error| panic!("{error}"));
    let mut session = Session::new(plan, Seed(7));
    session.run_all(&[id], &[]).unwrap_or_else(|error| panic!("{error}"));
    session
}

pub fn real<T: Real>(build: impl for<'g> Fn(&'g Graph) -> Node<'g>) -> Tensor<T> {
    let (g, id) = graph(build);
    session::<T>(&g, id).value(id).unwrap().to_tensor()
}

pub fn integers(build: impl for<'g> Fn(&'g Graph) -> Node<'g>) -> Tensor<i64> {
    let (g, id) = graph(build);
    session::<f64>(&g, id).integers(id).unwrap().to_tensor()
}

pub fn booleans(build: impl for<'g> Fn(&'g Graph) -> Node<'g>) -> Tensor<bool> {
    let (g, id) = graph(build);
    session::<f64>(&g, id).booleans(id).unwrap().to_tensor()
}

pub fn dims(sizes: &[usize]) -> Dims {
    Dims::new(sizes).unwrap()
}

/// All indices of a tensor, row-major.
pub fn indices(sizes: &[usize]) -> Vec<Vec<usize>> {
    let mut all = vec![Vec::new()];
    for &size in sizes {
        all = all.iter().flat_map(|index| (0..size).map(move |i| [&index[..], &[i]].concat())).collect();
    }
    all
}

/// The position of an index in row-major order; a tensor with fewer axes or sizes of 1 is stretched.
pub fn position(sizes: &[usize], index: &[usize]) -> usize {
    let own = &index[index.len() - sizes.len()..];
    sizes.iter().zip(own).fold(0, |position, (&size, &i)| position * size + if size == 1 { 0 } else { i })
}

/// The shape of two stretched shapes.
pub fn stretched(a: &[usize], b: &[usize]) -> Vec<usize> {
    let rank = a.len().max(b.len());
    let size = |sizes: &[usize], axis: usize| (axis + sizes.len()).checked_sub(rank).map_or(1, |own| sizes[own]);
    (0..rank).map(|axis| size(a, axis).max(size(b, axis))).collect()
}

/// Numbers that look arbitrary, in `[low, high)`.
pub fn numbers(which: u64, sizes: &[usize], low: f64, high: f64) -> Tensor<f64> {
    let mut state = which.wrapping_mul(0x9e37_79b9_7f4a_7c15).wrapping_add(1);
    let len: usize = sizes.iter().product();
    let mut next = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        low + (high - low) * ((state >> 33) as f64 / (1_u64 << 31) as f64)
    };
    // Rounded to f32, so that both precisions see the same numbers.
    Tensor::new(dims(sizes), (0..len).map(|_| f64::from(next() as f32)).collect()).unwrap()
}

pub const SHAPES: [&[usize]; 7] = [&[], &[1], &[7], &[5, 3], &[3, 4], &[2, 3, 5], &[2, 1, 3, 4]];

/// Near in both precisions.
pub fn check(build: impl for<'g> Fn(&'g Graph) -> Node<'g>, sizes: &[usize], want: &[f64], what: &str) {
    let long = real::<f64>(&build);
    let short = real::<f32>(&build);
    assert_eq!((long.dims(), short.dims()), (dims(sizes), dims(sizes)), "{what}");
    for (i, want) in want.iter().enumerate() {
        let (long, short) = (long.data()[i], f64::from(short.data()[i]));
        assert!(close(long, *want, 1e-12), "{what}, f64, element {i}: {long}, not {want}");
        assert!(close(short, *want, 3e-5), "{what}, f32, element {i}: {short}, not {want}");
    }
    assert_eq!(long.data().len(), want.len(), "{what}");
}

fn close(got: f64, want: f64, tolerance: f64) -> bool {
    got == want || (got.is_nan() && want.is_nan()) || (got - want).abs() <= tolerance * want.abs().max(1.0)
}
