//! After planning, a step allocates nothing.

use caviar_engine::nn::Init;
use caviar_engine::optim::{Adam, Minimizer};
use caviar_engine::{Dim, Feed, Graph, Node, NodeId, Plan, Real, Seed, Session, Tensor, Value};
use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

thread_local! {
    static ALLOCATIONS: Cell<u64> = const { Cell::new(0) };
}

/// The system's allocator, which counts the calls of each thread.
struct Counting;

fn count() {
    // A thread that ends may still allocate after its counter is gone.
    let _ = ALLOCATIONS.try_with(|count| count.set(count.get() + 1));
}

// SAFETY: everything is handed to the system's allocator; the counter itself allocates nothing.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count();
        // SAFETY: the caller's.
        unsafe { System.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        count();
        // SAFETY: the caller's.
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        count();
        // SAFETY: the caller's.
        unsafe { System.realloc(pointer, layout, size) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        // SAFETY: the caller's.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

fn allocations(work: impl FnOnce()) -> u64 {
    let before = ALLOCATIONS.get();
    work();
    ALLOCATIONS.get() - before
}

fn feed<'a, T: Real>(node: Node<'_>, tensor: &'a Tensor<T>) -> Feed<'a, T> {
    node.feed(Value::Real(tensor))
}

/// Two layers with batch averages, dropout, a penalty and a limit on the gradient.
fn train<T: Real>(threads: usize) {
    let g = Graph::new();
    let x = g.placeholder("x", (Dim::Batch, 20));
    let t = g.integer_placeholder("t", (Dim::Batch,));
    let w1 = g.variable("w1", (20, 33), Init::He);
    let w2 = g.variable("w2", (33, 5), Init::Xavier);
    let hidden = (x.matmul(w1) + g.bias("b1", (33,), Init::Zeros)).relu();
    let mean = hidden.mean_over(0);
    let running = g.state("running", (33,), Init::Zeros);
    let update = g.assign(running, running * 0.9 + mean * 0.1);
    let logits = ((hidden - mean).gelu().dropout(0.1)).matmul(w2) + g.bias("b2", (5,), Init::Zeros);
    let loss = logits.softmax_cross_entropy(t).mean();
    let minimizer = Minimizer::from(Adam::new(0.01).unwrap()).with_l2(0.001).unwrap().with_clip_norm(1.0).unwrap();
    let step = g.minimize(loss, minimizer);
    let accuracy = logits.argmax(1).equal(t).cast(caviar_engine::DType::Real).mean();
    let plan = Plan::<T>::new(&g, &[step, update, accuracy]).unwrap();
    let mut session = Session::with_threads(plan, Seed(1), threads);
    let wanted: [NodeId; 3] = [step.id(), update.id(), accuracy.id()];
    let batch = |rows: usize| {
        let points = (0..rows * 20).map(|i| T::from_f64((i as f64 * 0.37).sin())).collect();
        let labels = (0..rows).map(|row| (row % 5) as i64).collect::<Vec<_>>();
        (Tensor::new((rows, 20), points).unwrap(), Tensor::from(labels))
    };
    let batches = [batch(64), batch(37)];
    let mut run = |steps: usize| {
        for number in 0..steps {
            let (points, labels) = &batches[number % 2];
            session.run_all(&wanted, &[feed(x, points), t.feed(labels)]).unwrap();
            session.value(accuracy).unwrap().item().unwrap();
        }
    };
    assert!(allocations(|| run(2)) > 0, "the counter counts: the first runs make room");
    assert_eq!(allocations(|| run(1000)), 0, "{} on {threads} threads", T::NAME);
}

#[test]
fn after_planning_a_step_allocates_nothing() {
    train::<f32>(1);
    train::<f64>(1);
    train::<f32>(2);
}
