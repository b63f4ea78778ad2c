//! Sessions: what is fed, what changes, what is refused.

use caviar_engine::nn::Init;
use caviar_engine::optim::{Adam, Descent, Minimizer, Momentum};
use caviar_engine::{DType, Dim, Dims, Graph, Node, NodeId, Plan, RunError, Seed, Session, Tensor};
use std::thread;

fn session(g: &Graph, fetches: &[Node<'_>]) -> Session<f64> {
    Session::new(Plan::new(g, fetches).unwrap_or_else(|error| panic!("{error}")), Seed(5))
}

fn value(session: &Session<f64>, node: Node<'_>) -> Vec<f64> {
    session.value(node).unwrap().data().to_vec()
}

/// A straight line through points, with every kind of node that a step has.
struct Line<'g> {
    x: Node<'g>,
    t: Node<'g>,
    w: Node<'g>,
    prediction: Node<'g>,
    loss: Node<'g>,
    step: Node<'g>,
}

fn line<'g>(g: &'g Graph, minimizer: impl Into<Minimizer>) -> Line<'g> {
    let x = g.placeholder("x", (Dim::Batch, 2));
    let t = g.placeholder("t", (Dim::Batch, 1));
    let w = g.variable("w", (2, 1), Init::He);
    let prediction = x.matmul(w) + g.bias("b", (1,), Init::Zeros);
    let loss = prediction.squared_error(t).mean();
    Line { x, t, w, prediction, loss, step: g.minimize(loss, minimizer) }
}

impl Line<'_> {
    fn fetches(&self) -> [Node<'_>; 3] {
        [self.prediction, self.loss, self.step]
    }
}

fn points() -> (Tensor<f64>, Tensor<f64>) {
    let x = Tensor::from([[1.0, 2.0], [-1.0, 0.5], [0.0, -2.0]]);
    (x, Tensor::from([[1.0], [0.5], [-0.25]]))
}

#[test]
fn only_the_placeholders_that_a_fetch_needs_must_be_fed() {
    let g = Graph::new();
    let line = line(&g, Descent::new(0.1).unwrap());
    let mut session = session(&g, &line.fetches());
    let (x, t) = points();
    assert_eq!(session.run(line.prediction, &[line.x.feed(&x)]).unwrap().dims(), Dims::from((3, 1)));
    let error = session.run(line.loss, &[line.x.feed(&x)]).unwrap_err();
    assert_eq!(error, RunError::NotFed { node: "t".to_string() });
    assert_eq!(error.to_string(), "t: a placeholder that the fetch needs is not fed");
    assert!(session.run(line.loss, &[line.x.feed(&x), line.t.feed(&t)]).is_ok());
    let error = session.run(line.prediction, &[line.t.feed(&t)]).unwrap_err();
    assert_eq!(error, RunError::NotFed { node: "x".to_string() }, "what was fed before is not fed now");
}

#[test]
fn what_is_asked_for_must_be_in_the_plan() {
    let g = Graph::new();
    let line = line(&g, Descent::new(0.1).unwrap());
    let mut session = session(&g, &[line.prediction]);
    let (x, t) = points();
    let not_fetched = RunError::NotFetched { node: "mean".to_string() };
    assert_eq!(session.run(line.loss, &[]).unwrap_err(), not_fetched);
    assert_eq!(session.value(line.loss).unwrap_err(), not_fetched);
    assert_eq!(not_fetched.to_string(), "mean: not among the fetches that the plan was made for");
    let error = session.run(line.prediction, &[line.x.feed(&x), line.t.feed(&t)]).unwrap_err();
    assert_eq!(error, RunError::NotAPlaceholder { node: "t".to_string() });
    assert_eq!(error.to_string(), "t: is fed, but is not a placeholder of this plan");
    let error = session.run(line.prediction, &[line.w.feed(&x)]).unwrap_err();
    assert_eq!(error, RunError::NotAPlaceholder { node: "w".to_string() });
    let error = session.set(line.prediction, &t).unwrap_err();
    assert_eq!(error, RunError::NotAVariable { node: "add".to_string() });
    assert_eq!(error.to_string(), "add: not a variable of this plan");
    assert!(matches!(session.settings_mut(line.step).unwrap_err(), RunError::NotFetched { .. }));
}

#[test]
fn a_value_that_the_last_run_did_not_compute_is_not_lent() {
    let g = Graph::new();
    let line = line(&g, Descent::new(0.1).unwrap());
    let mut session = session(&g, &line.fetches());
    let (x, t) = points();
    let error = RunError::NotComputed { node: "mean".to_string() };
    assert_eq!(session.value(line.loss).unwrap_err(), error);
    session.run(line.loss, &[line.x.feed(&x), line.t.feed(&t)]).unwrap();
    assert!(session.value(line.loss).is_ok() && session.value(line.w).is_ok());
    session.run(line.prediction, &[line.x.feed(&x)]).unwrap();
    assert_eq!(session.value(line.loss).unwrap_err(), error);
    assert_eq!(error.to_string(), "mean: the last run did not compute it");
}

#[test]
fn what_is_fed_must_have_the_type_the_shape_and_the_rows() {
    let g = Graph::new();
    let line = line(&g, Descent::new(0.1).unwrap());
    let mut session = session(&g, &line.fetches());
    let (x, t) = points();
    let error = session.run(line.prediction, &[line.x.feed(&Tensor::from([[1_i64, 2]]))]).unwrap_err();
    let want = RunError::ElementType { node: "x".to_string(), got: DType::Integer, want: DType::Real };
    assert_eq!(error, want);
    assert_eq!(error.to_string(), "x: integer values given, real needed");
    let error = session.run(line.prediction, &[line.x.feed(&t)]).unwrap_err();
    assert_eq!(error.to_string(), "x: shape [3, 1] given, [batch, 2] needed");
    assert!(matches!(error, RunError::Shape { .. }));
    let error = session.run(line.prediction, &[line.x.feed(&Tensor::from([1.0, 2.0]))]).unwrap_err();
    assert_eq!(error.to_string(), "x: shape [2] given, [batch, 2] needed");
    let short = Tensor::from([[1.0], [2.0]]);
    let error = session.run(line.loss, &[line.x.feed(&x), line.t.feed(&short)]).unwrap_err();
    assert_eq!(error, RunError::Rows { node: "t".to_string(), got: 2, want: 3 });
    assert_eq!(error.to_string(), "t: 2 rows given, where another placeholder has 3");
    let error = session.set(line.w, &Tensor::from([[1.0, 2.0]])).unwrap_err();
    assert_eq!(error.to_string(), "w: shape [1, 2] given, [2, 1] needed");
    session.run(line.prediction, &[line.x.feed(&x)]).unwrap();
    let error = session.integers(line.prediction).unwrap_err();
    assert_eq!(error, RunError::ElementType { node: "add".to_string(), got: DType::Real, want: DType::Integer });
    assert!(session.booleans(line.prediction).is_err());
}

#[test]
fn nodes_of_another_graph_are_refused_by_a_session() {
    let (g, other) = (Graph::new(), Graph::new());
    let (x, stranger) = (g.placeholder("x", ()), other.variable("stranger", (), Init::Zeros));
    let late = (0..9).map(|_| other.placeholder("late", ())).last().unwrap();
    let y = x * g.variable("v", (), Init::Constant(2.0));
    let mut session = session(&g, &[y]);
    let one = Tensor::scalar(1.0);
    for node in [stranger, late] {
        let name = format!("node {:?} of another graph", node.id());
        assert_eq!(session.run(node, &[x.feed(&one)]).unwrap_err(), RunError::NotFetched { node: name.clone() });
        assert_eq!(session.value(node).unwrap_err(), RunError::NotFetched { node: name.clone() });
        assert_eq!(session.set(node, &one).unwrap_err(), RunError::NotAVariable { node: name.clone() });
        let error = session.run(y, &[x.feed(&one), node.feed(&one)]).unwrap_err();
        assert_eq!(error, RunError::NotAPlaceholder { node: name.clone() });
        assert_eq!(session.settings_mut(node).unwrap_err(), RunError::NotFetched { node: name });
    }
    assert_eq!(session.run(y, &[x.feed(&one)]).unwrap().item(), Some(2.0));
}

#[test]
fn two_variables_are_swapped_in_one_run() {
    let g = Graph::new();
    let a = g.variable("a", (2,), Init::values(Tensor::from([1.0, 2.0])));
    let b = g.variable("b", (2,), Init::values(Tensor::from([3.0, 4.0])));
    let sum = a + b * 10.0;
    let swap = g.group(&[g.assign(a, b), g.assign(b, a)]);
    let mut session = session(&g, &[swap, sum]);
    assert_eq!(session.run(swap, &[]).unwrap().item(), Some(0.0));
    assert_eq!((value(&session, a), value(&session, b)), (vec![3.0, 4.0], vec![1.0, 2.0]));
    session.run_all(&[swap.id(), sum.id()], &[]).unwrap();
    assert_eq!(value(&session, sum), [13.0, 24.0], "everything else sees the values of before");
    assert_eq!((value(&session, a), value(&session, b)), (vec![1.0, 2.0], vec![3.0, 4.0]));
}

#[test]
fn assignments_take_values_however_they_come() {
    let g = Graph::new();
    let a = g.variable("a", (2,), Init::values(Tensor::from([1.0, 2.0])));
    let b = g.state("b", (1, 2), Init::Zeros);
    let c = g.state("c", (2,), Init::Zeros);
    let x = g.placeholder("x", (2,));
    let doubled = g.assign(a, a * 2.0);
    let reshaped = g.assign(b, a.reshape((1, 2)));
    let itself = g.assign(c, c);
    let fed = g.assign(c, x);
    let constant = g.assign(c, g.constant([7.0, 8.0]));
    let chained = g.assign(c, doubled);
    let mut session = session(&g, &[doubled, reshaped, itself, fed, constant, chained]);
    let mut run = |node: Node<'_>| -> Vec<Vec<f64>> {
        let feed = Tensor::from([5.0, 6.0]);
        let got = session.run(node, &[x.feed(&feed)]).unwrap().data().to_vec();
        vec![got, value(&session, a), value(&session, b), value(&session, c)]
    };
    assert_eq!(run(doubled), [[2.0, 4.0], [2.0, 4.0], [0.0, 0.0], [0.0, 0.0]]);
    assert_eq!(run(reshaped), [[2.0, 4.0], [2.0, 4.0], [2.0, 4.0], [0.0, 0.0]]);
    assert_eq!(run(fed), [[5.0, 6.0], [2.0, 4.0], [2.0, 4.0], [5.0, 6.0]]);
    assert_eq!(run(itself), [[5.0, 6.0], [2.0, 4.0], [2.0, 4.0], [5.0, 6.0]]);
    assert_eq!(run(constant), [[7.0, 8.0], [2.0, 4.0], [2.0, 4.0], [7.0, 8.0]]);
    assert_eq!(run(chained), [[2.0, 4.0], [4.0, 8.0], [2.0, 4.0], [2.0, 4.0]], "the value of before the run");
}

#[test]
fn a_step_gives_the_loss_of_before_it_and_lowers_it() {
    let g = Graph::new();
    let line = line(&g, Descent::new(0.05).unwrap());
    let mut session = session(&g, &line.fetches());
    let (x, t) = points();
    let feeds = [line.x.feed(&x), line.t.feed(&t)];
    let mut last = f64::INFINITY;
    for _ in 0..20 {
        let before = session.run(line.loss, &feeds).unwrap().item().unwrap();
        assert_eq!(session.run(line.step, &feeds).unwrap().item(), Some(before));
        assert!(before < last);
        last = before;
    }
}

#[test]
fn a_step_is_what_its_rule_says() {
    let g = Graph::new();
    let w = g.variable("w", (2,), Init::values(Tensor::from([3.0, -1.0])));
    let fixed = g.state("fixed", (2,), Init::Constant(2.0));
    let step = g.minimize((w * w * fixed).sum(), Momentum::new(0.1).unwrap().with_beta(0.5).unwrap());
    let mut session = session(&g, &[step]);
    session.run(step, &[]).unwrap();
    // The gradient is 4w: v = 0.5·4w, w ← w − 0.1·v.
    assert_eq!(value(&session, w), [3.0 - 0.1 * 6.0, -1.0 + 0.1 * 2.0]);
    assert_eq!(value(&session, fixed), [2.0, 2.0], "what is not trained stays");
    session.settings_mut(step).unwrap().learning_rate = 0.0;
    let before = value(&session, w);
    session.run(step, &[]).unwrap();
    assert_eq!(value(&session, w), before, "settings are read at every step");
}

#[test]
fn chosen_variables_alone_are_trained() {
    let g = Graph::new();
    let (a, b) = (g.variable("a", (), Init::Constant(1.0)), g.variable("b", (), Init::Constant(1.0)));
    let step = g.minimize_over((a * b).square(), &[b], Descent::new(0.25).unwrap());
    let mut session = session(&g, &[step, a]);
    session.run(step, &[]).unwrap();
    assert_eq!((value(&session, a), value(&session, b)), (vec![1.0], vec![0.5]));
}

#[test]
fn a_loss_that_is_not_finite_changes_nothing_and_names_where_it_began() {
    let g = Graph::new();
    let x = g.placeholder("x", (Dim::Batch, 2));
    let w = g.variable("w", (2, 1), Init::Constant(0.5));
    let seen = g.state("seen", (), Init::Zeros);
    let count = g.assign(seen, seen + x.sum());
    let first = {
        let _scope = g.scope("first");
        x.matmul(w).log()
    };
    let loss = (first.square() + 1.0).mean();
    let step = g.minimize(loss, Adam::new(0.1).unwrap());
    let other = g.minimize(w.square().sum(), Descent::new(0.1).unwrap());
    let all = g.group(&[count, other, step]);
    let mut session = session(&g, &[all, loss]);
    let (good, bad) = (Tensor::from([[1.0, 2.0]]), Tensor::from([[1.0, 2.0], [-1.0, 1.0]]));
    session.run(all, &[x.feed(&good)]).unwrap();
    let (before, counted) = (value(&session, w), value(&session, seen));
    let negative = Tensor::from([[-5.0, 1.0]]);
    for fed in [&bad, &negative] {
        let error = session.run(all, &[x.feed(fed)]).unwrap_err();
        let RunError::NotFinite { node, value: got, step, origin } = &error else { panic!("{error}") };
        assert_eq!((node.as_str(), *step, origin.as_str()), ("mean", 2, "first/log"));
        assert!(!got.is_finite());
        assert_eq!((value(&session, w), value(&session, seen)), (before.clone(), counted.clone()));
    }
    let error = session.run(all, &[x.feed(&Tensor::from([[f64::NAN, 1.0]]))]).unwrap_err();
    assert!(matches!(&error, RunError::NotFinite { origin, .. } if origin == "x"), "{error}");
    assert!(error.to_string().starts_with("mean: not finite (NaN) at update 2; first seen in x"), "{error}");
    session.run(all, &[x.feed(&good)]).unwrap();
    assert_ne!(value(&session, w), before, "and the session goes on");
}

#[test]
fn a_run_that_is_refused_changes_nothing() {
    let g = Graph::new();
    let labels = g.integer_placeholder("labels", (Dim::Batch,));
    let w = g.variable("w", (1, 3), Init::He);
    let logits = g.ones((Dim::Batch, 1)).matmul(w);
    let noise = g.random_normal((), 0.0, 1.0);
    let step = g.minimize(logits.softmax_cross_entropy(labels).mean() + noise * 0.0, Adam::new(0.1).unwrap());
    let mut session = session(&g, &[step]);
    let before = value(&session, w);
    let wrong = Tensor::from([0_i64, 3]);
    assert!(matches!(session.run(step, &[labels.feed(&wrong)]), Err(RunError::Index { .. })));
    assert_eq!((value(&session, w), session.draws()), (before.clone(), 0));
    session.run(step, &[labels.feed(&Tensor::from([0_i64, 2]))]).unwrap();
    assert_ne!(value(&session, w), before);
    assert_eq!(session.draws(), 1);
}

/// The weights after some steps, in a graph of its own.
fn trained(seed: u64, steps: usize) -> Vec<f64> {
    let g = Graph::new();
    let line = line(&g, Adam::new(0.05).unwrap());
    let mut session = Session::new(Plan::<f64>::new(&g, &[line.step]).unwrap(), Seed(seed));
    let (x, t) = points();
    for _ in 0..steps {
        session.run(line.step, &[line.x.feed(&x), line.t.feed(&t)]).unwrap();
    }
    value(&session, line.w)
}

#[test]
fn two_sessions_of_one_plan_share_nothing_that_changes() {
    let g = Graph::new();
    let line = line(&g, Adam::new(0.05).unwrap());
    let plan = Plan::<f64>::new(&g, &[line.step]).unwrap();
    let mut sessions = [1, 2, 1].map(|seed| Session::new(plan.clone(), Seed(seed)));
    let (x, t) = points();
    for _ in 0..7 {
        for session in &mut sessions[..2] {
            session.run(line.step, &[line.x.feed(&x), line.t.feed(&t)]).unwrap();
        }
    }
    assert_eq!(value(&sessions[0], line.w), trained(1, 7));
    assert_eq!(value(&sessions[1], line.w), trained(2, 7));
    assert_eq!(value(&sessions[2], line.w), trained(1, 0));
}

#[test]
fn graphs_and_sessions_work_side_by_side_on_different_threads() {
    let g = Graph::new();
    let line = line(&g, Adam::new(0.05).unwrap());
    let plan = Plan::<f64>::new(&g, &[line.step]).unwrap();
    let [step, w, x, t]: [NodeId; 4] = [line.step, line.w, line.x, line.t].map(Node::id);
    thread::scope(|scope| {
        let shared = (0..4_u64).map(|seed| {
            let plan = plan.clone();
            scope.spawn(move || {
                // Handles stay with their graph; numbers travel.
                let own = Graph::new();
                let _ = (own.placeholder("unrelated", ()), x, t);
                let mut session = Session::new(plan, Seed(seed));
                let missing = session.run(step, &[]).unwrap_err();
                assert_eq!(missing, RunError::NotFed { node: "x".to_string() });
                (session.value(w).unwrap().to_tensor().into_data(), trained(seed, 25))
            })
        });
        let results: Vec<_> = shared.collect::<Vec<_>>().into_iter().map(|thread| thread.join().unwrap()).collect();
        for (seed, (start, end)) in (0..).zip(results) {
            assert_eq!((start, end), (trained(seed, 0), trained(seed, 25)));
        }
    });
}

#[test]
fn sessions_and_plans_may_go_to_another_thread() {
    fn is_send<T: Send>() {}
    fn is_shared<T: Send + Sync>() {}
    is_send::<Graph>();
    is_send::<Session<f32>>();
    is_shared::<Plan<f32>>();
    is_shared::<RunError>();
    is_shared::<Tensor<f64>>();
}

#[test]
fn the_number_of_rows_may_change_from_run_to_run() {
    let g = Graph::new();
    let line = line(&g, Descent::new(0.01).unwrap());
    let mut changing = session(&g, &line.fetches());
    for rows in [3, 1, 7, 2, 64, 65, 5, 200, 3, 1, 4, 6, 8, 200] {
        let x = Tensor::new((rows, 2), (0..rows * 2).map(|i| (i as f64 * 0.7).sin()).collect()).unwrap();
        let t = Tensor::new((rows, 1), (0..rows).map(|i| (i as f64 * 0.3).cos()).collect()).unwrap();
        let feeds = [line.x.feed(&x), line.t.feed(&t)];
        let mut fresh = session(&g, &line.fetches());
        let bias = g.variables()[1];
        for node in [line.w, bias] {
            fresh.set(node, &changing.value(node).unwrap().to_tensor()).unwrap();
        }
        for session in [&mut changing, &mut fresh] {
            session.run_all(&[line.step.id(), line.prediction.id()], &feeds).unwrap();
            assert_eq!(session.value(line.prediction).unwrap().dims(), Dims::from((rows, 1)));
        }
        for node in [line.prediction, line.w, bias, line.step] {
            assert_eq!(value(&changing, node), value(&fresh, node), "{rows} rows");
        }
    }
}

#[test]
fn a_batch_without_rows_is_no_accident() {
    let g = Graph::new();
    let line = line(&g, Descent::new(0.01).unwrap());
    let mut session = session(&g, &line.fetches());
    let none = |columns: usize| Tensor::<f64>::new((0, columns), vec![]).unwrap();
    let (x, t) = (none(2), none(1));
    let feeds = [line.x.feed(&x), line.t.feed(&t)];
    assert_eq!(session.run(line.prediction, &feeds).unwrap().dims(), Dims::from((0, 1)));
    let before = value(&session, line.w);
    assert!(matches!(session.run(line.step, &feeds), Err(RunError::NotFinite { .. })), "the mean of nothing");
    assert_eq!(value(&session, line.w), before);
}

#[test]
fn variables_start_the_same_whatever_is_fetched() {
    let g = Graph::new();
    let [a, b, c] = ["a", "b", "c"].map(|name| g.variable(name, (4, 3), Init::He));
    let (all, last) = (session(&g, &[a + b, c]), session(&g, &[c]));
    assert_eq!(value(&all, c), value(&last, c));
    assert!(value(&all, a) != value(&all, b) && value(&all, b) != value(&all, c));
    assert!(last.value(a).is_err());
}

#[test]
fn placeholders_constants_and_variables_can_be_fetched() {
    let g = Graph::new();
    let (x, w) = (g.placeholder("x", (Dim::Batch,)), g.variable("w", (2,), Init::Constant(3.0)));
    let truth = g.boolean_placeholder("truth", (Dim::Batch,));
    let (constant, reshaped) = (g.constant([1.0, 2.0]), w.reshape((2, 1)));
    let mut session = session(&g, &[x, w, constant, reshaped, truth]);
    assert_eq!(session.run(x, &[x.feed(&Tensor::from([4.0, 5.0, 6.0]))]).unwrap().data(), [4.0, 5.0, 6.0]);
    assert_eq!(session.run(w, &[]).unwrap().data(), [3.0, 3.0]);
    assert_eq!(session.run(constant, &[]).unwrap().data(), [1.0, 2.0]);
    assert_eq!(session.run(reshaped, &[]).unwrap().dims(), Dims::from((2, 1)));
    session.run_all(&[truth.id()], &[truth.feed(&Tensor::from([true, false]))]).unwrap();
    assert_eq!(session.booleans(truth).unwrap().data(), [true, false]);
    assert_eq!(
        session.integers(truth).unwrap_err(),
        RunError::ElementType { node: "truth".to_string(), got: DType::Boolean, want: DType::Integer }
    );
}

#[test]
fn an_update_is_taken_over_by_another_session() {
    let g = Graph::new();
    let w = g.variable("w", (), Init::Constant(1.0));
    let loss = w * w;
    let step = g.minimize(loss, Adam::new(0.1).unwrap());
    let both = Plan::<f64>::new(&g, &[step, loss]).unwrap();
    let alone = Plan::<f64>::new(&g, &[step]).unwrap();
    let mut whole = Session::new(both.clone(), Seed(0));
    for _ in 0..6 {
        whole.run_all(&[step.id()], &[]).unwrap();
    }
    let (mut first, mut second) = (Session::new(both, Seed(0)), Session::new(alone, Seed(0)));
    for _ in 0..3 {
        first.run_all(&[step.id()], &[]).unwrap();
    }
    let so_far = first.value(w).unwrap().to_tensor();
    second.set(w, &so_far).unwrap();
    assert_eq!(second.take_over_update(step, &mut first, step), Ok(true));
    for _ in 0..3 {
        second.run_all(&[step.id()], &[]).unwrap();
    }
    assert_eq!(second.value(w).unwrap().item(), whole.value(w).unwrap().item());
    assert!(second.take_over_update(loss, &mut first, step).is_err());
}
