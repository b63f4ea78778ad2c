//! A framework: define a graph first, then run what is asked for; the derivatives come by themselves.
//!
//! The exercise that follows the notes, with its published values: `Y = WX + b`, the sigmoid of a fed value, the cost of
//! logits and labels, one-hot labels, ones; and the first thing one minimizes, `J(w) = w² − 10w + 25`, whose descent at
//! rate α is known in closed form: `w(t) = 5·(1 − (1 − 2α)ᵗ)`.

use caviar_engine::Dim::Batch;
use caviar_engine::nn::Init;
use caviar_engine::optim::Descent;
use caviar_engine::{Graph, Plan, Seed, Session, Tensor};
use caviar_examples::picture::{Panel, save};
use std::error::Error;

fn main() -> Result<(), Box<dyn Error>> {
    // Constants, variables, placeholders and operations: nothing is computed yet.
    let g = Graph::new();
    let x = g.constant([[1.62434536], [-0.61175641], [-0.52817175]]);
    let weight = Tensor::from([
        [-1.07296862, 0.86540763, -2.3015387],
        [1.74481176, -0.7612069, 0.3190391],
        [-0.24937038, 1.46210794, -2.06014071],
        [-0.3224172, -0.38405435, 1.13376944],
    ]);
    let bias = Tensor::from([[-1.09989127], [-0.17242821], [-0.87785842], [0.04221375]]);
    let y = g.variable("W", (4, 3), Init::values(weight)).matmul(x) + g.variable("b", (4, 1), Init::values(bias));
    let fed = g.placeholder("x", (Batch,));
    let sigmoid = fed.sigmoid();
    let slope = g.gradients(sigmoid.sum(), &[fed])[0];
    let (logits, labels) = (g.placeholder("logits", (4,)), g.placeholder("labels", (4,)));
    let cost = logits.sigmoid_cross_entropy(labels);
    let classes = g.integer_constant([1, 2, 3, 0, 2, 1]);
    let one_hot = classes.one_hot(4, 0);
    let found = one_hot.argmax(0).equal(classes);
    let ones = g.ones((3,));
    let w = g.variable("w", (), Init::Zeros);
    let parabola = w * w - w * 10.0 + 25.0;
    let step = g.minimize(parabola, Descent::new(0.01)?);

    // A plan for what will be asked, a session that holds the variables, runs with values for the placeholders.
    let plan = Plan::<f64>::new(&g, &[y, sigmoid, slope, cost, one_hot, found, ones, parabola, step])?;
    let mut session = Session::new(plan, Seed(0));
    let close =
        |got: &[f64], want: &[f64]| got.len() == want.len() && got.iter().zip(want).all(|(a, b)| (a - b).abs() < 5e-8);
    assert!(close(session.run(y, &[])?.data(), &[-2.15657382, 2.95891446, -1.08926781, -0.84538042]));
    assert!(close(session.run(sigmoid, &[fed.feed(&Tensor::from([0.0, 12.0]))])?.data(), &[0.5, 0.99999386]));
    let z = session.run(sigmoid, &[fed.feed(&Tensor::from([0.2, 0.4, 0.7, 0.9]))])?.to_tensor();
    let given = Tensor::from([0.0, 0.0, 1.0, 1.0]);
    let feeds = [logits.feed(&z), labels.feed(&given)];
    assert!(close(session.run(cost, &feeds)?.data(), &[1.00538722, 1.03664083, 0.41385432, 0.39956614]));
    #[rustfmt::skip]
    assert_eq!(session.run(one_hot, &[])?.data(), [
        0.0, 0.0, 0.0, 1.0, 0.0, 0.0,
        1.0, 0.0, 0.0, 0.0, 0.0, 1.0,
        0.0, 1.0, 0.0, 0.0, 1.0, 0.0,
        0.0, 0.0, 1.0, 0.0, 0.0, 0.0,
    ]);
    session.run_all(&[found.id()], &[])?;
    assert_eq!(session.booleans(found)?.data(), [true; 6]);
    assert_eq!(session.run(ones, &[])?.data(), [1.0; 3]);

    let mut path = Vec::new();
    for t in 0..=300 {
        let at = session.value(w)?.item().ok_or("not a number")?;
        assert!((at - 5.0 * (1.0 - 0.98_f64.powi(t))).abs() < 1e-12);
        path.push((at, session.run(parabola, &[])?.item().ok_or("not a number")?));
        session.run_all(&[step.id()], &[])?;
    }
    let places: Vec<f64> = (-60..=60).map(|place| f64::from(place) / 10.0).collect();
    let feeds = Tensor::from(places.clone());
    let mut curve = |node| -> Result<Vec<(f64, f64)>, Box<dyn Error>> {
        Ok(places.iter().copied().zip(session.run(node, &[fed.feed(&feeds)])?.data().iter().copied()).collect())
    };
    let curves = Panel::new("A graph and its derivative", "x", "").ranges(-6.2..6.2, -0.05..1.25);
    let curves = curves.line("sigmoid(x)", curve(sigmoid)?).line("its derivative", curve(slope)?);
    let descent = Panel::new("Descent at rate 0.01", "w", "J(w)").ranges(-1.0..11.0, -2.0..45.0);
    let descent =
        descent.line("w² − 10w + 25", (-5..=105).map(|w| f64::from(w) / 10.0).map(|w| (w, (w - 5.0) * (w - 5.0))));
    save("framework", &[curves, descent.dots("every tenth step", path.into_iter().step_by(10))])
}
