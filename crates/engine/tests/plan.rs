//! Plans: the same bits however they are made, and what they and graphs say of themselves.

use caviar_engine::nn::Init;
use caviar_engine::optim::{Adam, Descent, Minimizer};
use caviar_engine::{
    Axes, DType, DefineError, Dim, Feed, Graph, Isa, Node, NodeId, Plan, PlanOptions, Real, Reduction, Rule, Seed,
    Session, Shape, Tensor,
};
use proptest::prelude::{Strategy, any, prop, proptest};
use proptest::test_runner::Config;

/// Numbers that look arbitrary, in `[-1, 1)`.
fn numbers<T: Real>(which: u64, rows: usize, columns: usize) -> Tensor<T> {
    let mut state = which.wrapping_mul(0x9e37_79b9_7f4a_7c15).wrapping_add(1);
    let mut next = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        T::from_f64((state >> 33) as f64 / (1_u64 << 30) as f64 - 1.0)
    };
    Tensor::new((rows, columns), (0..rows * columns).map(|_| next()).collect()).unwrap()
}

/// One operation of a random graph: which one, and on which of the nodes so far.
type Choice = (u8, prop::sample::Index, prop::sample::Index);

fn choices() -> impl Strategy<Value = Vec<Choice>> {
    prop::collection::vec((any::<u8>(), any::<prop::sample::Index>(), any::<prop::sample::Index>()), 1..30)
}

/// An operation that fits, or none. Values stay small, so that no NaN with its arbitrary bits appears.
fn grow<'g>(g: &'g Graph, (kind, first, second): Choice, nodes: &[Node<'g>]) -> Option<Node<'g>> {
    let (a, b) = (nodes[first.index(nodes.len())], nodes[second.index(nodes.len())]);
    let fits = Shape::broadcast(&a.shape(), &b.shape()).is_some();
    let (rank, inner) = (a.shape().rank(), a.shape().dims().last() == b.shape().dims().first());
    let is_product = rank == 2 && b.shape().rank() == 2 && inner;
    Some(match kind % 20 {
        0 | 1 if fits => (a + b).tanh(),
        2 if fits => (a - b) * 0.5,
        3 if fits => (a * b).clip(-2.0, 2.0),
        4 if fits => a / (b.square() + 1.0),
        5 if fits => a.maximum(b).minimum(0.75),
        6 if fits => g.select(a.less(b), a, b),
        7..=9 if is_product => a.matmul(b).tanh(),
        10 if is_product => (a.matmul(b) + 0.125).relu().clip(0.0, 3.0),
        11 if rank == 2 && a.shape() == b.shape() => a.matmul_transposed(b, true, false).sigmoid(),
        12 => a.square().clip(0.0, 2.0),
        13 => a.relu() - a.abs() * 0.5,
        14 => a.softplus().log().tanh(),
        15 => a.gelu(),
        16 if rank > 0 => a.softmax(),
        17 if rank > 0 => a.reduce(Reduction::Mean, 0, true),
        18 if rank == 2 => a.transpose(&[1, 0]),
        19 if rank > 0 => a.reduce(Reduction::Max, rank - 1, true),
        _ => return None,
    })
}

/// The bits of the last nodes of a random graph and of derivatives, under all options.
fn same_bits<T: Real>(choices: &[Choice], rows: usize) {
    let g = Graph::new();
    let x = g.placeholder("x", (Dim::Batch, 5));
    let w = g.variable("w", (5, 3), Init::Normal { deviation: 0.5 });
    let b = g.bias("b", (3,), Init::Uniform { limit: 0.5 });
    let mut nodes = vec![x, w, b, g.scalar(0.3), x.matmul(w) + b, (x.matmul(w) + b).relu()];
    for choice in choices {
        nodes.extend(grow(&g, *choice, &nodes));
    }
    let last = nodes[nodes.len() - 1];
    let mut fetches = vec![last, nodes[nodes.len() / 2], x];
    fetches.extend(g.gradients(last, &[w, b, x]));
    let fed = numbers(rows as u64, rows, 5);
    let mut want: Option<Vec<Vec<f64>>> = None;
    for isa in Isa::available() {
        for fuse in [true, false] {
            let plan = Plan::<T>::with_options(&g, &fetches, PlanOptions { isa, fuse }).unwrap();
            let mut session = Session::new(plan, Seed(3));
            let ids: Vec<NodeId> = fetches.iter().map(|node| node.id()).collect();
            session.run_all(&ids, &[feed(x, &fed)]).unwrap();
            let value = |id: &NodeId| session.value(*id).unwrap().data().iter().map(|x| x.to_f64()).collect();
            let got: Vec<Vec<f64>> = ids.iter().map(value).collect();
            let bits = |all: &[Vec<f64>]| all.iter().flatten().map(|x| x.to_bits()).collect::<Vec<u64>>();
            let want = want.get_or_insert_with(|| got.clone());
            assert_eq!(bits(&got), bits(want), "{isa}, fused {fuse}, {rows} rows\n{g}");
        }
    }
}

fn feed<'a, T: Real>(node: Node<'_>, tensor: &'a Tensor<T>) -> Feed<'a, T> {
    node.feed(caviar_engine::Value::Real(tensor))
}

proptest! {
    #![proptest_config(Config { cases: 256, failure_persistence: None, ..Config::default() })]

    #[test]
    fn fused_and_unfused_plans_give_the_same_bits_on_every_instruction_set(choices in choices(), rows in 1_usize..80) {
        same_bits::<f32>(&choices, rows);
        same_bits::<f64>(&choices, rows);
    }
}

#[test]
fn a_sum_of_two_products_has_one_of_them_as_its_bias() {
    let g = Graph::new();
    let a = g.variable("a", (1, 5), Init::He);
    let (v, w) = (g.variable("v", (5, 3), Init::He), g.variable("w", (5, 3), Init::He));
    let sum = (a.matmul(v) + a.matmul(w)).relu();
    let run = |fuse: bool| {
        let plan = Plan::<f32>::with_options(&g, &[sum], PlanOptions { isa: Isa::detect(), fuse }).unwrap();
        assert_eq!(plan.len(), if fuse { 2 } else { 4 });
        Session::new(plan, Seed(1)).run(sum, &[]).unwrap().to_tensor()
    };
    assert_eq!(run(true), run(false));
}

/// The weights after a few updates of a network with everything in it.
fn trained<T: Real>(sizes: [usize; 3], rows: usize, isa: Isa, fuse: bool, threads: usize) -> Vec<T> {
    let [inputs, units, classes] = sizes;
    let g = Graph::new();
    let x = g.placeholder("x", (Dim::Batch, inputs));
    let t = g.integer_placeholder("t", (Dim::Batch,));
    let w1 = g.variable("w1", (inputs, units), Init::He);
    let b1 = g.bias("b1", (units,), Init::Zeros);
    let w2 = g.variable("w2", (units, classes), Init::Xavier);
    let b2 = g.bias("b2", (classes,), Init::Zeros);
    let hidden = (x.matmul(w1) + b1).relu();
    let normal = (hidden - hidden.mean_over(0)) / (hidden.square().mean_over(0) + 1.0).sqrt();
    let logits = normal.gelu().dropout(0.2).matmul(w2) + b2;
    let loss = logits.softmax_cross_entropy(t).mean();
    let minimizer = Minimizer::from(Adam::new(0.01).unwrap()).with_l2(0.001).unwrap().with_clip_norm(1.0).unwrap();
    let step = g.minimize(loss, minimizer);
    let plan = Plan::<T>::with_options(&g, &[step], PlanOptions { isa, fuse }).unwrap();
    let mut session = Session::with_threads(plan, Seed(9), threads);
    let points = numbers::<T>(1, rows, inputs);
    let labels = Tensor::from((0..rows).map(|row| (row * 7 % classes) as i64).collect::<Vec<_>>());
    for _ in 0..2 {
        session.run(step, &[feed(x, &points), t.feed(&labels)]).unwrap();
    }
    [w1, b1, w2, b2].iter().flat_map(|node| session.value(*node).unwrap().data().to_vec()).collect()
}

fn same_weights<T: Real>(sizes: [usize; 3], rows: usize) {
    let want = trained::<T>(sizes, rows, Isa::Portable, false, 1);
    assert!(want.iter().all(|x| x.is_finite()));
    for isa in Isa::available() {
        let counts: &[usize] = if isa == Isa::detect() { &[1, 2, 3, 7] } else { &[1, 3] };
        for &threads in counts {
            let got = trained::<T>(sizes, rows, isa, true, threads);
            let same = got.iter().zip(&want).all(|(got, want)| got.to_f64().to_bits() == want.to_f64().to_bits());
            assert!(same, "{isa}, {threads} threads, {sizes:?}, {rows} rows");
        }
    }
}

#[test]
fn every_instruction_set_and_number_of_threads_trains_the_same_bits() {
    same_weights::<f32>([17, 45, 3], 37);
    same_weights::<f64>([17, 45, 3], 37);
    same_weights::<f32>([45, 128, 17], 1003);
    same_weights::<f64>([17, 45, 3], 1003);
    same_weights::<f32>([784, 256, 10], 65);
}

#[test]
fn reductions_and_draws_spread_over_threads_keep_their_bits() {
    let g = Graph::new();
    let x = g.random_normal((300, 401), 0.0, 1.0);
    let rows = (x * 2.0).sum_over(1) + g.random_uniform((300,), 0.0, 1.0);
    let columns = x.tanh().mean_over(0);
    let (all, softmax) = (x.square().sum(), x.softmax().reduce(Reduction::Max, Axes::from(0), false));
    let ids = [rows, columns, all, softmax].map(Node::id);
    let run = |threads: usize| {
        let plan = Plan::<f32>::new(&g, &[rows, columns, all, softmax]).unwrap();
        let mut session = Session::with_threads(plan, Seed(1), threads);
        session.run_all(&ids, &[]).unwrap();
        ids.map(|id| session.value(id).unwrap().to_tensor())
    };
    let want = run(1);
    for threads in [2, 3, 7] {
        assert_eq!(run(threads), want, "{threads} threads");
    }
}

/// A layer and a scaled activation.
fn small(g: &Graph) -> NodeId {
    let x = g.placeholder("x", (Dim::Batch, 2));
    let w = g.variable("w", (2, 3), Init::He);
    let b = g.bias("b", (3,), Init::Zeros);
    ((x.matmul(w) + b).relu() * 2.0).tanh().id()
}

fn plan_of(g: &Graph, id: NodeId, fuse: bool) -> Plan<f32> {
    Plan::with_options(g, &[g.node(id)], PlanOptions { isa: Isa::Portable, fuse }).unwrap()
}

#[test]
fn a_plan_prints_its_steps() {
    let g = Graph::new();
    let out = small(&g);
    let fused = plan_of(&g, out, true);
    assert_eq!(fused.len(), 2);
    let want = "\
plan: 2 steps in f32, portable
   0  A·B + bias, relu             relu <- x, w, b  : real [batch, 3] in slot 4
   1  mul·tanh                     tanh <- relu, constant  : real [batch, 3] in slot 5
";
    assert_eq!(fused.to_string(), want);
    let want = "\
plan: 5 steps in f32, portable
   0  A·B                          matmul <- x, w  : real [batch, 3] in slot 4
   1  add                          add <- matmul, b  : real [batch, 3] in slot 5
   2  relu                         relu <- add  : real [batch, 3] in slot 4
   3  mul                          mul <- relu, constant  : real [batch, 3] in slot 5
   4  tanh                         tanh <- mul  : real [batch, 3] in slot 4
";
    assert_eq!(plan_of(&g, out, false).to_string(), want);
}

#[test]
fn a_plan_and_a_graph_are_drawn_in_dot() {
    let g = Graph::new();
    let out = small(&g);
    let want = r#"digraph plan {
  rankdir = BT;
  n0 [shape = box, label = "x\n[batch, 2]"];
  n1 [shape = box, label = "w\n[2, 3]"];
  n2 [shape = box, label = "b\n[3]"];
  n6 [shape = box, label = "constant\n[]"];
  n5 [shape = ellipse, label = "relu\nA·B + bias, relu [batch, 3]"];
  n0 -> n5;
  n1 -> n5;
  n2 -> n5;
  n8 [shape = ellipse, label = "tanh\nmul·tanh [batch, 3]"];
  n5 -> n8;
  n6 -> n8;
}
"#;
    assert_eq!(plan_of(&g, out, true).to_dot(), want);
    let g = Graph::new();
    let x = g.placeholder("x", (Dim::Batch, 2));
    let _ = x.square();
    let want = r#"digraph caviar {
  rankdir = BT;
  n0 [shape = box, label = "x\nplaceholder [batch, 2]"];
  n1 [shape = ellipse, label = "square\nsquare [batch, 2]"];
  n0 -> n1;
}
"#;
    assert_eq!(g.to_dot(), want);
}

#[test]
fn names_cannot_break_out_of_dot() {
    let g = Graph::new();
    let x = g.placeholder("a \"quoted\" \\ name", ());
    let plan = Plan::<f32>::new(&g, &[x.square()]).unwrap();
    for text in [g.to_dot(), plan.to_dot()] {
        assert!(text.contains(r#"label = "a \"quoted\" \\ name\n"#), "{text}");
    }
}

#[test]
fn a_node_prints_as_what_it_is() {
    let g = Graph::new();
    let x = g.placeholder("x", (Dim::Batch, 2));
    let t = g.integer_placeholder("t", (Dim::Batch,));
    let w = g.variable("w", (2, 3), Init::Normal { deviation: 0.5 });
    let _scope = g.scope("dense1");
    let v = g.bias("b", (3,), Init::values(Tensor::from([1.0, 2.0, 3.0])));
    let step = g.minimize((x.matmul(w) + v).softmax_cross_entropy(t).mean(), Descent::new(0.1).unwrap());
    let lines = [
        (x, "x = placeholder : real [batch, 2]"),
        (t, "t = placeholder : integer [batch]"),
        (w, "w = variable(normal:0.5) : real [2, 3]"),
        (v, "dense1/b = variable(values [3]) : real [3]"),
        (g.scalar(2.5), "dense1/constant = constant(2.5) : real []"),
        (g.constant([1.0, 2.0]), "dense1/constant_2 = constant : real [2]"),
        (x.matmul(w), "dense1/matmul_2 = matmul(x, w) : real [batch, 3]"),
        (w.matmul_transposed(x, true, true), "dense1/matmul_3 = matmul(Aᵀ·Bᵀ)(w, x) : real [3, batch]"),
        (x.clip(-1.0, 0.5), "dense1/clip = clip(-1, 0.5)(x) : real [batch, 2]"),
        (w.sum_over([0, 1]), "dense1/sum = sum[0, 1](w) : real []"),
        (x.argmax(1), "dense1/argmax = argmax[1](x) : integer [batch]"),
        (w.slice(1, 1, 3), "dense1/slice = slice[1: 1..3](w) : real [2, 2]"),
        (w.transpose(&[1, 0]), "dense1/transpose = transpose[1, 0](w) : real [3, 2]"),
        (t.one_hot(4, 1), "dense1/one_hot = one_hot(depth 4, axis 1)(t) : real [batch, 4]"),
        (x.less(0.0), "dense1/less = less(x, dense1/constant_3) : boolean [batch, 2]"),
        (t.cast(DType::Real), "dense1/cast = cast(real)(t) : real [batch]"),
        (g.random_normal((2,), 0.0, 1.0), "dense1/random_normal = random_normal : real [2]"),
    ];
    for (node, want) in lines {
        assert_eq!(node.to_string(), want);
        assert_eq!(format!("{node:?}"), want);
    }
    assert!(step.to_string().starts_with("dense1/optimize = optimize(gd)(dense1/mean, "), "{step}");
    assert_eq!(g.to_string().lines().next(), Some("x = placeholder : real [batch, 2]"));
    assert_eq!(g.to_string().lines().count(), g.len());
}

#[test]
fn names_are_unique_even_where_they_look_numbered() {
    let g = Graph::new();
    let names = ["x", "x", "x_2", "x", "x_3"].map(|name| g.placeholder(name, ()).name());
    for (at, name) in names.iter().enumerate() {
        assert!(!names[..at].contains(name), "{names:?}");
    }
}

/// The error of a plan for a node.
fn error(node: Node<'_>) -> DefineError {
    Plan::<f32>::new(node.graph(), &[node]).unwrap_err()
}

#[test]
fn a_wrong_shape_is_reported_with_its_place_and_its_rule() {
    let g = Graph::new();
    let x = g.placeholder("x", (32, 784));
    let w = g.variable("w", (128, 10), Init::He);
    let scope = g.scope("dense2");
    let product = x.matmul(w);
    drop(scope);
    let later = (product + 1.0).relu().mean();
    let want = "dense2/matmul: [32, 784] x [128, 10]: inner sizes 784 and 128 differ";
    assert!(product.is_broken() && later.is_broken());
    assert_eq!(error(product).to_string(), want);
    assert_eq!(error(later).to_string(), want);
    assert_eq!(error(g.minimize(later, Descent::new(0.1).unwrap())).to_string(), want);
    assert_eq!(product.to_string(), format!("dense2/matmul = matmul : broken by {want}"));
    assert!(Plan::<f32>::new(&g, &[x.sum()]).is_ok(), "what does not depend on it can be run");
}

#[test]
fn the_first_rule_that_is_broken_is_the_one_that_is_reported() {
    let g = Graph::new();
    let x = g.placeholder("x", (2, 3));
    let (first, second) = (x.reshape((7,)), x.sum_over(5));
    for node in [first + second, second + first, g.concat(&[second, first], 0)] {
        assert_eq!(error(node), error(first));
    }
    assert_eq!(Plan::<f32>::new(&g, &[second, first]).unwrap_err(), error(first));
}

#[test]
fn each_rule_has_its_text() {
    let g = Graph::new();
    let other = Graph::new();
    let stranger = other.placeholder("stranger", ());
    let x = g.placeholder("x", (5, 3));
    let batch = g.placeholder("batch", (Dim::Batch, 3));
    let t = g.integer_placeholder("t", (5,));
    let (w, descent) = (g.variable("w", (3,), Init::Zeros), || Descent::new(0.1).unwrap());
    let rules = [
        (x + g.zeros((4,)), "add of [5, 3] and [4]: sizes must be equal, or one of them 1, counted from the last axis"),
        (x + batch, "add of [5, 3] and [batch, 3]: sizes must be equal, or one of them 1, counted from the last axis"),
        (x.matmul(x), "[5, 3] x [5, 3]: inner sizes 3 and 5 differ"),
        (x.matmul_transposed(x, true, true), "[3, 5] x [3, 5]: inner sizes 5 and 3 differ"),
        (x.matmul(w), "matmul of [3]: the rank must be 2"),
        (g.scalar(1.0).softmax(), "softmax of []: the rank must be 1 to 4"),
        (x.gather_rows(g.integer_constant([[0]])), "gather_rows of [1, 1]: the rank must be 1 for the positions"),
        (w.softmax_cross_entropy(t), "cross_entropy of [3]: the rank must be 2, [rows, classes]"),
        (x.sum_over(2), "sum over axis 2 of [5, 3]: there is no such axis"),
        (x.max_over([0, 2]), "max over axis 2 of [5, 3]: there is no such axis"),
        (x.argmax(2), "argmax over axis 2 of [5, 3]: there is no such axis"),
        (t.one_hot(3, 2), "one_hot over axis 2 of [5]: there is no such axis"),
        (t + x, "add: integer given, real needed"),
        (t.equal(1.0), "equal: real given, integer needed"),
        (x.one_hot(3, 0), "one_hot: real given, integer needed"),
        (g.select(x, x, x), "where: real given, boolean needed"),
        (x.gather_rows(w), "gather_rows: real given, integer needed"),
        (x.reshape((4, 4)), "reshape of [5, 3] to [4, 4]: the number of elements differs"),
        (batch.reshape((5, 3)), "reshape of [batch, 3] to [5, 3]: the number of elements differs"),
        (x.transpose(&[0, 0]), "transpose of [5, 3] by [0, 0]: every axis must appear once"),
        (x.transpose(&[0]), "transpose of [5, 3] by [0]: every axis must appear once"),
        (x.broadcast_to((3,)), "broadcast of [5, 3] to [3]: sizes must be equal or 1"),
        (x.slice(0, 2, 6), "slice 2..6 along axis 0 of [5, 3]: outside, or along the batch"),
        (batch.slice(0, 0, 1), "slice 0..1 along axis 0 of [batch, 3]: outside, or along the batch"),
        (g.concat(&[x, w], 0), "concat: shapes [5, 3] and [3] differ"),
        (g.concat(&[x, g.zeros((5, 2))], 0), "concat: shapes [5, 3] and [5, 2] differ"),
        (x.softmax_cross_entropy(g.integer_constant([0])), "cross_entropy: shapes [5] and [1] differ"),
        (g.assign(w, x), "assign: shapes [3] and [5, 3] differ"),
        (
            g.variable("v", (2, 3), Init::values(Tensor::from([1.0, 2.0]))),
            "variable of [2, 3]: its initial value has shape [2]",
        ),
        (g.variable("v", (Dim::Batch, 3), Init::He), "variable of [batch, 3]: its sizes must be fixed"),
        (x.clip(1.0, 0.0), "clip: 1 and 0: the lower bound must not exceed the upper one"),
        (x.slice(1, 2, 1), "slice: 2 and 1: the lower bound must not exceed the upper one"),
        (x.clip(f64::NAN, 0.0), "clip: NaN and 0: the lower bound must not exceed the upper one"),
        (g.random_uniform((2,), 1.0, 0.0), "random_uniform: 1 and 0: the lower bound must not exceed the upper one"),
        (g.assign(x, x), "assign: x is not a variable"),
        (g.minimize_over(w.sum(), &[x], descent()), "minimize: x is not a variable"),
        (g.minimize(w, descent()), "minimize: the loss has shape [3], one real number is needed"),
        (g.minimize(x.sum(), descent()), "minimize: no trained variable takes part in the loss"),
        (x + stranger, "add: stranger belongs to another graph"),
        (
            g.integer_constant(Tensor::new((1, 1, 1, 1), vec![0]).unwrap()).one_hot(2, 0),
            "one_hot: more than 4 dimensions",
        ),
        (g.concat(&[], 0), "concat: nothing given"),
        (g.random_normal((2,), 0.0, -1.0), "deviation = -1: must be at least 0"),
        (g.variable("v", (2,), Init::Normal { deviation: -1.0 }), "init deviation = -1: must be finite and at least 0"),
    ];
    for (node, want) in rules {
        let error = error(node);
        assert_eq!(error.rule.to_string(), want, "{error}");
    }
}

#[test]
fn a_plan_has_one_to_sixty_four_fetches() {
    let g = Graph::new();
    let x = g.placeholder("x", ());
    let out_of_range = |got: f64| Rule::OutOfRange { name: "fetches", got, want: "1 to 64" };
    assert_eq!(Plan::<f32>::new(&g, &[]).unwrap_err().rule, out_of_range(0.0));
    assert_eq!(Plan::<f32>::new(&g, &[x; 65]).unwrap_err().rule, out_of_range(65.0));
    assert!(Plan::<f32>::new(&g, &[x; 64]).is_ok());
    let other = Graph::new();
    let error = Plan::<f32>::new(&other, &[x]).unwrap_err();
    assert_eq!(error.rule, Rule::OtherGraph { op: "plan", got: "x".to_string() });
}
