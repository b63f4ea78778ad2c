//! One row of cases for each operation: the compiler asks for it.

use super::differences::{Case, apart, between, extreme, positive, signed};
use crate::graph::{Graph, Node};
use crate::nn::init::Init;
use crate::op::{Binary, Comparison, Draw, Op, Reduction, Unary};
use crate::optim::Descent;
use crate::shape::{Axes, Dim};
use crate::tensor::{DType, Tensor};

/// The cases of one operation.
struct Row {
    operation: &'static str,
    holds: fn(&Op) -> bool,
    cases: Vec<Case>,
}

/// Rows of `operation => cases`, and a match over [`Op`] that has no arm for everything else.
macro_rules! rows {
    ($($operation:pat => $cases:expr;)+) => {
        fn rows() -> Vec<Row> {
            vec![$(Row {
                operation: stringify!($operation),
                holds: |op| matches!(op, $operation),
                cases: $cases,
            }),+]
        }

        // Does not compile where an operation has no row.
        const _: fn(&Op) = |op| match op {
            $($operation => (),)+
        };
    };
}

rows! {
    Op::Constant(_) => vec![
        Case::new("constant", [signed(0, &[2, 3])], |g, x| x[0] * g.constant([[1.0, -2.0, 0.5], [0.0, 3.0, 4.0]])),
    ];
    Op::Placeholder { .. } => vec![Case::new("x·x", [signed(0, &[5, 3])], |_, x| x[0] * x[0])];
    Op::Variable { .. } => vec![
        Case::new("variable", [signed(0, &[5, 3])], |g, x| x[0] * x[0] * g.variable("w", (3,), Init::He)),
    ];
    Op::Draw { distribution: Draw::Uniform { .. }, .. } => vec![
        Case::new("uniform noise", [signed(0, &[5, 3])], |g, x| x[0] * g.random_uniform((5, 3), 0.5, 1.5)),
    ];
    Op::Draw { distribution: Draw::Normal { .. }, .. } => vec![
        Case::new("normal noise", [signed(0, &[5, 3])], |g, x| x[0] * g.random_normal((5, 3), 0.5, 1.5)),
    ];
    Op::Draw { distribution: Draw::DropoutMask, .. } => vec![
        Case::new("dropout", [signed(0, &[5, 3])], |_, x| x[0].square().dropout(0.3)),
    ];
    Op::Count(_) => vec![
        Case::new("count", [signed(0, &[5, 3])], |g, x| x[0].square() / g.count((Dim::Batch, 3))).open(),
        Case::new("mean of a batch", [signed(0, &[5, 3])], |_, x| x[0].square().mean_over(0)).open(),
    ];
    Op::Unary(Unary::Neg) => unary(Unary::Neg, &[extreme()]);
    Op::Unary(Unary::Square) => unary(Unary::Square, &[extreme()]);
    Op::Unary(Unary::Sqrt) => unary(Unary::Sqrt, &[between(9, &[3, 4], 1.0, 30.0)]);
    Op::Unary(Unary::Exp) => unary(Unary::Exp, &[extreme()]);
    Op::Unary(Unary::Log) => unary(Unary::Log, &[between(9, &[3, 4], 1.0, 30.0)]);
    Op::Unary(Unary::Abs) => unary(Unary::Abs, &[signed(9, &[3, 4])]);
    Op::Unary(Unary::Sign) => unary(Unary::Sign, &[signed(9, &[3, 4])]);
    Op::Unary(Unary::Step) => unary(Unary::Step, &[signed(9, &[3, 4])]);
    Op::Unary(Unary::Relu) => unary(Unary::Relu, &[signed(9, &[3, 4])]);
    Op::Unary(Unary::Sigmoid) => unary(Unary::Sigmoid, &[extreme()]);
    Op::Unary(Unary::Tanh) => unary(Unary::Tanh, &[extreme()]);
    Op::Unary(Unary::Erf) => unary(Unary::Erf, &[extreme()]);
    Op::Unary(Unary::Softplus) => unary(Unary::Softplus, &[extreme()]);
    Op::Unary(Unary::Reciprocal) => unary(Unary::Reciprocal, &[between(9, &[3, 4], -30.0, -1.0)]);
    Op::Binary(Binary::Add) => binary(Binary::Add, signed);
    Op::Binary(Binary::Sub) => binary(Binary::Sub, signed);
    Op::Binary(Binary::Mul) => binary(Binary::Mul, signed);
    Op::Binary(Binary::Div) => binary(Binary::Div, signed);
    Op::Binary(Binary::Pow) => powers();
    Op::Binary(Binary::Max) => binary(Binary::Max, signed);
    Op::Binary(Binary::Min) => binary(Binary::Min, signed);
    Op::Clip { .. } => vec![
        Case::new("clip", [apart(0, &[5, 3])], |_, x| x[0].clip(-1.0, 0.7)),
        Case::new("clip of a square", [signed(0, &[2, 3, 2])], |_, x| x[0].square().clip(0.5, 2.0)),
    ];
    Op::Compare(Comparison::Equal) => vec![
        Case::new("equal", [signed(0, &[5, 3])], |_, x| x[0] * x[0].equal(x[0]).cast(DType::Real)),
    ];
    Op::Compare(Comparison::Less) => vec![
        Case::new("less", [signed(0, &[5, 3]), signed(1, &[3])], |_, x| x[0] * x[0].less(x[1]).cast(DType::Real)),
    ];
    Op::Compare(Comparison::Greater) => vec![
        Case::new("greater", [signed(0, &[5, 3]), signed(1, &[5, 1])], |_, x| x[1] * x[0].greater(x[1]).cast(DType::Real)),
    ];
    Op::Where => selections();
    Op::Cast(DType::Real) => vec![
        Case::new("real to real", [signed(0, &[5, 3])], |_, x| x[0].square().cast(DType::Real)),
        Case::new("truth to real", [signed(0, &[5, 3])], |_, x| x[0] * x[0].cast(DType::Boolean).cast(DType::Real)),
    ];
    Op::Cast(DType::Integer) => vec![
        Case::new("to integer", [apart(0, &[5, 3])], |_, x| x[0] * x[0].cast(DType::Integer).cast(DType::Real)),
    ];
    Op::Cast(DType::Boolean) => vec![
        Case::new("to truth", [signed(0, &[5, 3])], |_, x| x[0].square() * x[0].cast(DType::Boolean).cast(DType::Real)),
    ];
    Op::MatMul { transpose_a: false, transpose_b: false } => products(false, false);
    Op::MatMul { transpose_a: false, transpose_b: true } => products(false, true);
    Op::MatMul { transpose_a: true, transpose_b: false } => products(true, false);
    Op::MatMul { transpose_a: true, transpose_b: true } => products(true, true);
    Op::Reduce { kind: Reduction::Sum, .. } => reductions(Reduction::Sum);
    Op::Reduce { kind: Reduction::Mean, .. } => reductions(Reduction::Mean);
    Op::Reduce { kind: Reduction::Max, .. } => reductions(Reduction::Max);
    Op::Reduce { kind: Reduction::Min, .. } => reductions(Reduction::Min);
    Op::ArgMax { .. } => vec![
        Case::new("argmax", [apart(0, &[5, 3])], |_, x| x[0] * x[0].argmax(1).cast(DType::Real).reshape((5, 1))),
    ];
    Op::Reshape(_) => vec![
        Case::new("reshape", [signed(0, &[5, 3])], |_, x| x[0].square().reshape((3, 5)) * x[0].reshape((3, 1, 5))),
        Case::new("reshape to a number", [signed(0, &[1, 1])], |_, x| x[0].reshape(()).exp()),
        Case::new("reshape of a batch", [signed(0, &[5, 3])], |_, x| x[0].reshape((Dim::Batch, 1, 3)).square()).open(),
    ];
    Op::Transpose(_) => vec![
        Case::new("transpose", [signed(0, &[5, 3])], |_, x| x[0].square().transpose(&[1, 0]) * x[0].reshape((3, 5))),
        Case::new("three axes", [signed(0, &[2, 3, 4])], |_, x| x[0].square().transpose(&[2, 0, 1])),
        Case::new("four axes", [signed(0, &[2, 3, 4, 2])], |_, x| x[0].exp().transpose(&[3, 1, 0, 2])),
    ];
    Op::Broadcast(_) => vec![
        Case::new("row to rows", [signed(0, &[3])], |_, x| x[0].square().broadcast_to((5, 3))),
        Case::new("number to matrix", [signed(0, &[])], |_, x| x[0].square().broadcast_to((3, 4))),
        Case::new("middle and last", [signed(0, &[2, 1, 3, 1])], |_, x| x[0].exp().broadcast_to((2, 4, 3, 2))),
        Case::new("to a batch", [signed(0, &[5, 1])], |_, x| x[0].square().broadcast_to((2, Dim::Batch, 3))).open(),
    ];
    Op::Concat { .. } => vec![
        Case::new("concat rows", [signed(0, &[5, 3]), signed(1, &[1, 3])], |g, x| g.concat(x, 0).square()),
        Case::new("concat columns", [signed(0, &[5, 3]), signed(1, &[5, 2])], |g, x| {
            g.concat(&[x[0], x[1], x[0]], 1).square()
        }),
        Case::new("concat inside", [signed(0, &[2, 3, 2]), signed(1, &[2, 1, 2])], |g, x| g.concat(x, 1).exp()),
        Case::new("concat a batch", [signed(0, &[5, 3]), signed(1, &[5, 2])], |g, x| g.concat(x, 1).square()).open(),
    ];
    Op::Slice { .. } => vec![
        Case::new("slice rows", [signed(0, &[5, 3])], |_, x| x[0].slice(0, 1, 4).square()),
        Case::new("slice columns", [signed(0, &[5, 3])], |_, x| x[0].slice(1, 2, 3) * x[0].slice(1, 0, 1)),
        Case::new("slice inside", [signed(0, &[2, 4, 3])], |_, x| x[0].exp().slice(1, 1, 3)),
        Case::new("slice a batch", [signed(0, &[5, 3])], |_, x| x[0].square().slice(1, 0, 2)).open(),
        Case::new("slice all", [signed(0, &[4])], |_, x| x[0].square().slice(0, 0, 4)),
    ];
    Op::Pad { .. } => vec![
        Case::new("pad rows", [signed(0, &[2, 3])], |g, x| pad(g, x[0].square(), 0, 1, 2)),
        Case::new("pad columns", [signed(0, &[5, 3])], |g, x| pad(g, x[0].exp(), 1, 2, 0)),
        Case::new("pad inside", [signed(0, &[2, 3, 2])], |g, x| pad(g, x[0].square(), 1, 0, 1)),
    ];
    Op::GatherRows => vec![
        Case::new("gather, one row twice", [signed(0, &[5, 3])], |g, x| rows_of(g, x[0].square())),
        Case::new("gather numbers", [signed(0, &[5])], |g, x| rows_of(g, x[0]).square()),
        Case::new("gather matrices", [signed(0, &[5, 2, 3])], |g, x| rows_of(g, x[0]).exp()),
    ];
    Op::ScatterRows { .. } => vec![
        Case::new("scatter", [signed(0, &[4, 3])], |g, x| scatter(g, x[0]).square()),
        Case::new("scatter numbers", [signed(0, &[4])], |g, x| scatter(g, x[0].square())),
    ];
    Op::OneHot { .. } => vec![
        Case::new("one-hot", [signed(0, &[4, 3])], |g, x| x[0].square() * g.integer_constant([2, 0, 1, 2]).one_hot(3, 1)),
    ];
    Op::Softmax => softmaxes(Op::Softmax);
    Op::LogSoftmax => softmaxes(Op::LogSoftmax);
    Op::CrossEntropy => vec![
        Case::new("labels", [signed(0, &[4, 3])], |g, x| x[0].softmax_cross_entropy(g.integer_constant([2, 0, 1, 2]))),
        Case::new("large logits", [extreme()], |g, x| x[0].softmax_cross_entropy(g.integer_constant([0, 3, 1]))),
        Case::new("one row", [signed(0, &[1, 7])], |g, x| x[0].softmax_cross_entropy(g.integer_constant([6]))),
        Case::new("targets", [signed(0, &[4, 3]), signed(1, &[4, 3])], |_, x| x[0].softmax_cross_entropy(x[1])),
    ];
    Op::CrossEntropyGradient => vec![
        Case::new("of labels", [signed(0, &[4, 3]), signed(1, &[4])], |g, x| {
            g.define(Op::CrossEntropyGradient, &[x[0], g.integer_constant([2, 0, 1, 2]), x[1]])
        }),
        Case::new("of targets", [signed(0, &[4, 3]), signed(1, &[4, 3]), signed(2, &[4])], |g, x| {
            g.define(Op::CrossEntropyGradient, &[x[0], x[1], x[2].square()])
        }),
        Case::new("of large logits", [extreme(), signed(1, &[3])], |g, x| {
            g.define(Op::CrossEntropyGradient, &[x[0], g.integer_constant([0, 3, 1]), x[1].square()])
        }),
    ];
    Op::Assign => beside(|g, v, x| g.assign(v, x));
    Op::Optimize { .. } => beside(|g, v, x| g.minimize((v * x).sum(), Descent::new(0.1).unwrap()));
    Op::Group => beside(|g, v, x| g.group(&[v, x]));
}

#[test]
fn every_operation_has_the_derivative_that_differences_say() {
    for row in rows() {
        assert!(!row.cases.is_empty(), "{}", row.operation);
        row.cases.iter().for_each(|case| case.check_with(row.holds));
    }
}

#[test]
#[should_panic(expected = "differences say")]
fn the_check_sees_a_derivative_that_is_wrong() {
    // An assignment has the value of its input, but no derivative.
    let wrong = |g: &Graph, x: &[Node<'_>]| g.assign(g.state("v", (3,), Init::Zeros), g.node(x[0].id())).id();
    Case::new("an assignment", [signed(0, &[3])], move |g, x| g.node(wrong(g, x))).check();
}

/// Ranks 0 to 4, positive and, where they are `others`, other numbers.
fn unary(op: Unary, others: &[Tensor<f64>]) -> Vec<Case> {
    let shapes: [&[usize]; 6] = [&[], &[7], &[5, 3], &[3, 4], &[2, 3, 2], &[2, 1, 3, 2]];
    let points = shapes.map(|sizes| positive(3, sizes));
    let points = points.into_iter().chain(others.iter().cloned());
    points.map(|at| Case::new(format!("{op} of {}", at.dims()), [at], move |_, x| x[0].unary(op))).collect()
}

/// Every kind of stretching, of either operand and of both.
const PAIRS: [(&[usize], &[usize]); 12] = [
    (&[5, 3], &[5, 3]),
    (&[5, 3], &[3]),
    (&[3], &[5, 3]),
    (&[5, 3], &[5, 1]),
    (&[1, 4], &[3, 4]),
    (&[5, 1], &[1, 3]),
    (&[], &[3, 4]),
    (&[3, 4], &[]),
    (&[], &[]),
    (&[7], &[1]),
    (&[2, 3, 4], &[3, 1]),
    (&[2, 1, 3, 1], &[4, 1, 2]),
];

fn binary(op: Binary, numbers: fn(usize, &[usize]) -> Tensor<f64>) -> Vec<Case> {
    let name = |a: &[usize], b: &[usize]| format!("{op} of {a:?} and {b:?}");
    let pair = |(a, b): (&[usize], &[usize])| {
        Case::new(name(a, b), [numbers(4, a), numbers(5, b)], move |_, x| x[0].binary(op, x[1]))
    };
    let mut cases: Vec<Case> = PAIRS.into_iter().map(pair).collect();
    let open = [numbers(6, &[5, 3]), numbers(7, &[5, 1])];
    cases.push(Case::new(format!("{op} in a batch"), open, move |_, x| x[0].binary(op, x[1])).open());
    cases.push(Case::new(format!("{op} with itself"), [numbers(8, &[5, 3])], move |_, x| {
        x[0].square().binary(op, x[0].exp() + x[0])
    }));
    cases
}

fn powers() -> Vec<Case> {
    let mut cases = binary(Binary::Pow, positive);
    let zeros = Tensor::from([[0.0, -1.5, 2.0], [1.0, 0.0, -0.3]]);
    for exponent in [1.0, 2.0, 3.0] {
        let name = format!("numbers of any sign to the power {exponent}");
        cases.push(Case::new(name, [zeros.clone()], move |_, x| x[0].power(exponent)));
    }
    for exponent in [-1.0, -2.5, 0.0, 0.5] {
        let name = format!("positive numbers to the power {exponent}");
        cases.push(Case::new(name, [positive(3, &[5, 3])], move |_, x| x[0].power(exponent)));
    }
    cases.push(Case::new("a number to powers", [signed(3, &[5, 3])], |g, x| g.scalar(2.5).power(x[0])));
    cases
}

fn selections() -> Vec<Case> {
    let condition = |g: &Graph| g.boolean_constant([[true], [false], [true], [true], [false]]).id();
    let select = move |name: &str, yes: &[usize], no: &[usize]| {
        Case::new(format!("where: {name}"), [signed(0, yes), signed(1, no)], move |g, x| {
            g.select(g.node(condition(g)), x[0].square(), x[1].exp())
        })
    };
    vec![
        select("a column picks matrices", &[5, 3], &[5, 3]),
        select("a column picks rows", &[3], &[5, 3]),
        select("a column picks a number", &[5, 3], &[]),
        select("everything is stretched", &[1, 3], &[2, 5, 1]),
        Case::new("where: its own sign", [signed(0, &[5, 3])], |g, x| {
            g.select(x[0].less(0.0), x[0] * 3.0, x[0].square())
        }),
    ]
}

fn products(transpose_a: bool, transpose_b: bool) -> Vec<Case> {
    let turned = |rows: usize, columns: usize, turn: bool| if turn { [columns, rows] } else { [rows, columns] };
    let sizes = [(5, 3, 4), (1, 3, 2), (5, 1, 2), (3, 4, 1), (2, 70, 3), (1, 1, 1), (17, 2, 19)];
    let product = |(m, k, n): (usize, usize, usize)| {
        let at = [signed(0, &turned(m, k, transpose_a)), signed(1, &turned(k, n, transpose_b))];
        let name = format!("[{m}, {k}]·[{k}, {n}], turned {transpose_a} and {transpose_b}");
        Case::new(name, at, move |_, x| x[0].matmul_transposed(x[1], transpose_a, transpose_b))
    };
    let mut cases: Vec<Case> = sizes.into_iter().map(product).collect();
    cases.push(Case::new("with itself", [signed(2, &[3, 3])], move |_, x| {
        x[0].matmul_transposed(x[0], transpose_a, transpose_b)
    }));
    cases
}

/// Every set of axes, adjacent or not, of tensors of ranks 1 to 4.
fn reductions(kind: Reduction) -> Vec<Case> {
    let mut cases = Vec::new();
    let shapes: [&[usize]; 4] = [&[7], &[5, 3], &[3, 2, 4], &[2, 3, 2, 2]];
    for sizes in shapes {
        for set in 1_usize..1 << sizes.len() {
            let axes = (0..sizes.len()).filter(|axis| set & (1 << axis) != 0).fold(Axes::NONE, Axes::with);
            for keep in [false, true] {
                let at = apart(0, sizes);
                cases.push(Case::new(format!("{kind} of {sizes:?} over {axes}, keep {keep}"), [at], move |_, x| {
                    (x[0] * 0.3).sigmoid().reduce(kind, axes, keep)
                }));
            }
        }
    }
    cases.push(
        Case::new(format!("{kind} down a batch"), [apart(0, &[5, 3])], move |_, x| x[0].reduce(kind, 0, false)).open(),
    );
    cases.push(
        Case::new(format!("{kind} of a batch"), [apart(0, &[5, 3])], move |_, x| {
            x[0].square().reduce(kind, [0, 1], false)
        })
        .open(),
    );
    cases
}

fn softmaxes(op: Op) -> Vec<Case> {
    let points = [
        signed(0, &[5, 3]),
        signed(0, &[3, 4]),
        signed(0, &[6]),
        signed(0, &[2, 3, 4]),
        signed(0, &[2, 1, 2, 3]),
        signed(0, &[4, 1]),
        extreme(),
        Tensor::from([[2.0, 2.0, 2.0], [0.0, 0.0, 0.0]]),
    ];
    let case = |at: Tensor<f64>| {
        let op = op.clone();
        Case::new(format!("{op} of {}", at.dims()), [at], move |g, x| g.define(op.clone(), &[x[0]]))
    };
    points.into_iter().map(case).collect()
}

fn pad<'g>(g: &'g Graph, x: Node<'g>, axis: usize, before: usize, after: usize) -> Node<'g> {
    g.define(Op::Pad { axis, before, after }, &[x])
}

fn rows_of<'g>(g: &'g Graph, x: Node<'g>) -> Node<'g> {
    x.gather_rows(g.integer_constant([1, 4, 1, 0]))
}

fn scatter<'g>(g: &'g Graph, x: Node<'g>) -> Node<'g> {
    g.define(Op::ScatterRows { rows: Dim::Fixed(5) }, &[x, g.integer_constant([2, 0, 2, 4])])
}

/// What has an effect has no derivative, and does not disturb those of its inputs.
fn beside(effect: for<'g> fn(&'g Graph, Node<'g>, Node<'g>) -> Node<'g>) -> Vec<Case> {
    vec![Case::new("beside an effect", [signed(0, &[3])], move |g, x| {
        let variable = g.variable("v", (3,), Init::Constant(0.5));
        let done = effect(g, variable, x[0].square());
        let none = g.gradients(done, x);
        x[0].square() * variable + none[0]
    })]
}
