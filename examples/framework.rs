//! A framework: define a graph first, then run what is asked for; the derivatives come by themselves.
//!
//! ```text
//! constants, variables, placeholders, operations → gradients → minimize → plan → session, run with values for the placeholders
//! ```
//!
//! Left the graph of a small network, as it was defined. Right the first thing one minimizes, `J(w) = w² − 10w + 25`,
//! whose descent at rate α is known in closed form: `w(t) = 5·(1 − (1 − 2α)ᵗ)`.

use caviar_engine::Dim::Batch;
use caviar_engine::nn::Init;
use caviar_engine::optim::{Adam, Descent};
use caviar_engine::{DType, Graph, Plan, Seed, Session, Tensor};
use caviar_examples::picture::{BLUE, Diagram, GRAY, ORANGE, Panel, save};
use std::error::Error;

fn main() -> Result<(), Box<dyn Error>> {
    // A network 2-3-2 with its loss. Nothing is computed yet.
    let g = Graph::new();
    let x = g.placeholder("x", (Batch, 2));
    let labels = g.integer_placeholder("labels", (Batch,));
    let (w1, b1) = (g.variable("W1", (2, 3), Init::He), g.bias("b1", (3,), Init::Zeros));
    let (w2, b2) = (g.variable("W2", (3, 2), Init::He), g.bias("b2", (2,), Init::Zeros));
    let logits = (x.matmul(w1) + b1).relu().matmul(w2) + b2;
    let loss = logits.softmax_cross_entropy(labels).mean();
    Diagram::new("The graph of a network 2-3-2", &g.to_dot()).save("framework-3")?;
    let found = logits.argmax(1);
    let right = found.equal(labels).cast(DType::Real).mean();
    let step = g.minimize(loss, Adam::new(0.05)?);

    // Exclusive or: no straight line tells the classes apart, this network does.
    let mut session = Session::new(Plan::<f64>::new(&g, &[step, loss, right])?, Seed(2));
    let corners = Tensor::from([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]]);
    let classes = Tensor::from([0_i64, 1, 1, 0]);
    let feeds = [x.feed(&corners), labels.feed(&classes)];
    let mut costs = Vec::new();
    for count in 0..200 {
        costs.push((f64::from(count), session.run(loss, &feeds)?.item().ok_or("not a number")?));
        session.run_all(&[step.id()], &feeds)?;
    }
    println!("cost {:.3} at first, {:.5} after 200 steps", costs[0].1, costs[199].1);
    assert_eq!(session.run(right, &feeds)?.item(), Some(1.0));

    let g = Graph::new();
    let w = g.variable("w", (), Init::Zeros);
    let parabola = w * w - w * 10.0 + 25.0;
    let slope = g.gradients(parabola, &[w])[0];
    let step = g.minimize(parabola, Descent::new(0.01)?);
    let mut session = Session::new(Plan::<f64>::new(&g, &[parabola, slope, step])?, Seed(0));
    let mut path = Vec::new();
    for t in 0..=300 {
        let at = session.value(w)?.item().ok_or("not a number")?;
        assert!((at - 5.0 * (1.0 - 0.98_f64.powi(t))).abs() < 1e-12);
        assert!((session.run(slope, &[])?.item().ok_or("not a number")? - (2.0 * at - 10.0)).abs() < 1e-12);
        path.push((at, session.run(parabola, &[])?.item().ok_or("not a number")?));
        session.run_all(&[step.id()], &[])?;
    }
    let descent = Panel::new("J(w) = w² − 10w + 25, rate 0.01", "w", "J(w)").ranges(-1.0..11.0, -2.0..45.0);
    let curve = (-5..=105).map(|w| f64::from(w) / 10.0).map(|w| (w, (w - 5.0) * (w - 5.0)));
    let descent = descent.line("J", curve).colored(GRAY);
    let descent = descent.dots("every tenth step", path.into_iter().step_by(10)).colored(ORANGE);
    let costs = Panel::new("Exclusive or, learned", "step", "cost").line("", costs).colored(BLUE);
    save("framework", &[descent, costs])
}
