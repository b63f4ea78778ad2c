//! Softmax regression: C classes, and logistic regression as its case C = 2.
//!
//! ```text
//! aⱼ = e^zⱼ / Σₖ e^zₖ      loss −Σ y·log a, mean over m rows      dz = (a − y)/m
//! ```
//!
//! Without hidden layers the regions have straight borders. With two classes only the difference of the two columns of
//! weights matters, and each moves by a·dz, one up, one down: softmax at rate α takes the path of logistic regression at
//! rate 2α, under gradient descent and under Adam alike.

use caviar_engine::nn::{Init, Mlp};
use caviar_engine::optim::{Adam, Descent, Minimizer};
use caviar_engine::train::{Data, Metric, Silent, TrainSpec, Trainer};
use caviar_engine::{Graph, Plan, Seed, Session, Tensor};
use caviar_examples::picture::{Panel, save};
use caviar_examples::points::{Points, map};
use std::error::Error;
use std::sync::Arc;

/// The difference of the weights (or the weights) after every step.
fn path(data: &Arc<Data>, start: Tensor<f64>, rule: Minimizer) -> Result<Vec<(f64, f64)>, Box<dyn Error>> {
    let outputs = start.dims().sizes()[1];
    let network = Mlp::new(2, &[], outputs).with_values("dense1/weight", Init::values(start));
    let mut trainer = Trainer::<f64>::new(TrainSpec::new(network, data.targets(), rule, 20)?, data.clone(), None)?;
    let mut path = Vec::new();
    while trainer.progress().epoch < 20 {
        let weight = trainer.weights("dense1/weight").ok_or("no weights")?;
        path.push(match *weight.data() {
            [first, second] => (first, second),
            [a, b, c, d] => (b - a, d - c),
            _ => return Err("neither one output nor two".into()),
        });
        trainer.step()?;
    }
    Ok(path)
}

fn main() -> Result<(), Box<dyn Error>> {
    let points = Points::heaps(300, 3, 0.7, 1);
    let data = points.data()?;
    let network = Mlp::new(2, &[], 3).with_init(Init::Zeros);
    let mut trainer =
        Trainer::<f64>::new(TrainSpec::new(network, data.targets(), Adam::new(0.02)?.into(), 60)?, data.clone(), None)?;
    // All weights zero: each class has probability 1/3.
    assert!((trainer.evaluate(&data, &[])?.loss() - 3_f64.ln()).abs() < 1e-12);
    trainer.run(&mut Silent)?;
    let accuracy = trainer.evaluate(&data, &[])?.get(Metric::Accuracy).unwrap_or(f64::NAN);
    let mut panels = vec![map("Three classes", &points, &mut trainer)?];
    println!("three classes: accuracy {accuracy:.3}");
    // Heaps 2√3 apart, deviation 0.7: each of two borders is 2.5 deviations away, with 0.7 % of the rows beyond it.
    assert!(accuracy > 0.97);

    let two = Points::heaps(200, 2, 1.5, 2).data()?;
    let (one, both) = (Tensor::from([[1.0], [-1.0]]), Tensor::from([[-0.5, 0.5], [0.5, -0.5]]));
    let rules: [(&str, [Minimizer; 2], f64); 2] = [
        ("gradient descent", [Descent::new(0.2)?.into(), Descent::new(0.1)?.into()], 1e-12),
        ("Adam", [Adam::new(0.04)?.into(), Adam::new(0.02)?.into()], 1e-12),
    ];
    let mut panel = Panel::new("Two classes: one path", "w₁", "w₂").ranges(-1.7..1.2, -1.75..-0.65);
    for (name, [logistic, softmax], tolerance) in rules {
        let (logistic, softmax) = (path(&two, one.clone(), logistic)?, path(&two, both.clone(), softmax)?);
        let apart =
            logistic.iter().zip(&softmax).map(|(a, b)| (a.0 - b.0).abs().max((a.1 - b.1).abs())).fold(0.0, f64::max);
        println!("{name}: logistic and softmax are at most {apart:.1e} apart");
        assert!(apart < tolerance);
        panel = panel.line(&format!("{name}, logistic at 2α"), logistic);
        panel = panel.dashes(&format!("{name}, softmax at α"), softmax);
    }
    panels.push(panel);
    save("softmax", &panels)?;

    // The worked example of the course: z = 5, 2, −1, 3.
    let g = Graph::new();
    let (z, huge) = (g.constant([5.0, 2.0, -1.0, 3.0]).softmax(), g.constant([1000.0, 0.0]).softmax());
    let mut session = Session::new(Plan::<f64>::new(&g, &[z, huge])?, Seed(0));
    assert_eq!(format!("{:.3?}", session.run(z, &[])?.data()), "[0.842, 0.042, 0.002, 0.114]");
    assert_eq!(session.run(huge, &[])?.data(), [1.0, 0.0]);
    Ok(())
}
