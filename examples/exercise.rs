//! The framework exercise that follows the notes, with the public interface alone; every value is the published one.
//!
//! ```text
//! loss = (ŷ − y)²      Y = W·X + b      σ(z) = 1/(1 + e⁻ᶻ)      cost = −(y·log a + (1 − y)·log(1 − a)), one for each label
//! ```
//!
//! What is shown: constants, a product run in a session, an integer fed to a placeholder, a linear function, the
//! sigmoid of a fed value, the cost as a vector, labels one-hot along axis 0, ones.

use caviar_engine::Dim::Batch;
use caviar_engine::nn::Init;
use caviar_engine::{DType, Graph, Plan, Seed, Session, Tensor};
use caviar_examples::picture::{BLUE, Diagram, ORANGE, Panel, save};
use std::error::Error;

fn main() -> Result<(), Box<dyn Error>> {
    let g = Graph::new();
    // Constants: ŷ = 36, y = 39; a product; twice a whole number that is fed.
    let loss = (g.scalar(36.0) - g.scalar(39.0)).square();
    Diagram::new("The loss of 36 for 39", &g.to_dot()).save("exercise-2")?;
    let product = g.scalar(2.0) * g.scalar(10.0);
    let whole = g.integer_placeholder("x", ());
    let twice = (whole.cast(DType::Real) * 2.0).cast(DType::Integer);
    // Y = WX + b, with the numbers that numpy's seed 1 draws.
    let x = g.constant([[1.62434536], [-0.61175641], [-0.52817175]]);
    let weight = Tensor::from([
        [-1.07296862, 0.86540763, -2.3015387],
        [1.74481176, -0.7612069, 0.3190391],
        [-0.24937038, 1.46210794, -2.06014071],
        [-0.3224172, -0.38405435, 1.13376944],
    ]);
    let bias = Tensor::from([[-1.09989127], [-0.17242821], [-0.87785842], [0.04221375]]);
    let y = g.variable("W", (4, 3), Init::values(weight)).matmul(x) + g.variable("b", (4, 1), Init::values(bias));
    let z = g.placeholder("z", (Batch,));
    let sigmoid = z.sigmoid();
    let slope = g.gradients(sigmoid.sum(), &[z])[0];
    let (logits, labels) = (g.placeholder("logits", (4,)), g.placeholder("labels", (4,)));
    let cost = logits.sigmoid_cross_entropy(labels);
    let classes = g.integer_constant([1, 2, 3, 0, 2, 1]);
    let one_hot = classes.one_hot(4, 0);
    let found = one_hot.argmax(0).equal(classes);
    let ones = g.ones((3,));

    let plan = Plan::<f64>::new(&g, &[loss, product, twice, y, sigmoid, slope, cost, one_hot, found, ones])?;
    let mut session = Session::new(plan, Seed(0));
    assert_eq!(session.run(loss, &[])?.item(), Some(9.0));
    assert_eq!(session.run(product, &[])?.item(), Some(20.0));
    session.run_all(&[twice.id()], &[whole.feed(&Tensor::scalar(3_i64))])?;
    assert_eq!(session.integers(twice)?.item(), Some(6));
    let close =
        |got: &[f64], want: &[f64]| got.len() == want.len() && got.iter().zip(want).all(|(a, b)| (a - b).abs() < 5e-8);
    assert!(close(session.run(y, &[])?.data(), &[-2.15657382, 2.95891446, -1.08926781, -0.84538042]));
    assert!(close(session.run(sigmoid, &[z.feed(&Tensor::from([0.0, 12.0]))])?.data(), &[0.5, 0.99999386]));
    let fed = session.run(sigmoid, &[z.feed(&Tensor::from([0.2, 0.4, 0.7, 0.9]))])?.to_tensor();
    let given = Tensor::from([0.0, 0.0, 1.0, 1.0]);
    let feeds = [logits.feed(&fed), labels.feed(&given)];
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

    let places: Vec<f64> = (-60..=60).map(|place| f64::from(place) / 10.0).collect();
    let fed = Tensor::from(places.clone());
    let mut curve = |node| -> Result<Vec<(f64, f64)>, Box<dyn Error>> {
        Ok(places.iter().copied().zip(session.run(node, &[z.feed(&fed)])?.data().iter().copied()).collect())
    };
    let panel = Panel::new("The sigmoid and its derivative", "z", "").ranges(-6.2..6.2, -0.05..1.05);
    let panel = panel.line("σ(z)", curve(sigmoid)?).colored(BLUE).line("its derivative", curve(slope)?).colored(ORANGE);
    save("exercise", &[panel])
}
