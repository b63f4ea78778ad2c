//! Batch normalization when predicting: folded into the layers before it, and no help against shifted inputs.
//!
//! ```text
//! s = γ/√(σ² + ε)     W′ = W·diag(s)     b′ = β − μ·s       μ, σ² from running averages over the training batches
//! ```
//!
//! Predicting, batch norm is a fixed linear map, so the dense layer before it can take it in: the network without it
//! answers the same. And because μ and σ² stay those of training, it does not repair inputs whose distribution has
//! shifted since, as some notes hope.

use caviar_engine::nn::{BatchNorm, Mlp};
use caviar_engine::optim::Adam;
use caviar_engine::train::{BatchSize, Metric, Silent, TrainSpec, Trainer};
use caviar_examples::picture::{BLUE, GRAY, Panel, save};
use caviar_examples::points::Points;
use std::error::Error;

fn main() -> Result<(), Box<dyn Error>> {
    let points = Points::moons(400, 0.15, 1);
    let (data, fresh) = (points.data()?, Points::moons(400, 0.15, 2));
    let shifted = |by: f64| {
        let places = fresh.places.iter().map(|(x, y)| (x + by, *y)).collect();
        Points::of_two_classes(places, fresh.labels.clone()).data()
    };
    let mut panel = Panel::new("Inputs that shift after training", "shift of x₁, in deviations of 0.87", "accuracy");
    panel = panel.ranges(-0.05..3.0, 0.35..1.03);
    let mut trained = Vec::new();
    for (name, norm) in [("without batch norm", None), ("with batch norm", Some(BatchNorm::default()))] {
        let mut network = Mlp::new(2, &[16, 16], 1);
        network.batch_norm = norm;
        let mut spec = TrainSpec::new(network, data.targets(), Adam::new(0.01)?.into(), 60)?;
        spec.batch_size = BatchSize::Rows(64);
        let mut trainer = Trainer::<f32>::new(spec, data.clone(), None)?;
        trainer.run(&mut Silent)?;
        let mut curve = Vec::new();
        for tenth in 0..=30 {
            let by = f64::from(tenth) / 10.0;
            let accuracy = trainer.evaluate(&*shifted(0.87 * by)?, &[])?.get(Metric::Accuracy);
            curve.push((by, accuracy.unwrap_or(f64::NAN)));
        }
        println!("{name:<18} {:.3} right, {:.3} after a shift by one deviation", curve[0].1, curve[10].1);
        assert!(curve[0].1 > 0.97 && curve[10].1 < 0.85, "{name}");
        panel = panel.line(name, curve);
        trained.push(trainer);
    }

    // The network with batch norm, folded: no batch norm any more, the same answers.
    let mut normalized = trained.pop().ok_or("nothing was trained")?;
    let mut spec = normalized.spec().clone();
    let weight =
        |name: &str| normalized.weights(name).map(|values| values.data().iter().map(|w| f64::from(*w)).collect());
    spec.network = spec.network.folded(weight)?;
    assert!(spec.network.batch_norm.is_none());
    let mut folded = Trainer::<f32>::new(spec, data.clone(), None)?;
    let (before, after) = (normalized.predict(data.features())?, folded.predict(data.features())?);
    let size = before.iter().fold(0.0, |size: f64, logit| size.max(logit.abs()));
    let apart = before.iter().zip(&after).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max) / size;
    println!("folded: logits up to {size:.1}, at most {apart:.1e} of that apart");
    assert!(apart < 1e-6);
    let same = Panel::new("Folded into the dense layers", "logit with batch norm", "logit without it");
    let ends = [(-size, -size), (size, size)];
    let same = same.line("equal", ends).colored(GRAY).dots("rows", before.into_iter().zip(after)).colored(BLUE);
    save("batch_norm_shift", &[panel, same])
}
