//! Batch normalization: activations before and after, and why the batch size matters.
//!
//! ```text
//! ẑ = (z − μ)/√(σ² + ε)     y = γ·ẑ + β      μ, σ² of the batch, σ² divided by m, ε = 1e-5
//! ```
//!
//! γ = √(σ² + ε) and β = μ give z back (not ẑ, as some notes say). At prediction time exponentially weighted averages
//! take the place of μ and σ². In training a row's ẑ depends on the other rows of its batch: noise of about 1/√m, a
//! slight regularization that fades as batches grow.

use caviar_engine::Dim::Batch;
use caviar_engine::nn::BatchNorm;
use caviar_engine::rng::{Purpose, Stream};
use caviar_engine::{Graph, Plan, Seed, Session, Tensor};
use caviar_examples::picture::{Panel, histogram, save};
use std::error::Error;

const UNITS: [(f64, f64); 3] = [(6.0, 2.0), (-4.0, 0.5), (0.0, 1.2)];

/// The mean and the variance, divided by m, of one of three columns.
fn moments(values: &[f64], unit: usize) -> (f64, f64) {
    let column = || values.iter().skip(unit).step_by(3);
    let rows = column().count() as f64;
    let mean = column().sum::<f64>() / rows;
    (mean, column().map(|z| (z - mean).powi(2)).sum::<f64>() / rows)
}

fn main() -> Result<(), Box<dyn Error>> {
    let g = Graph::new();
    let z = g.placeholder("z", (Batch, 3));
    let normalized = BatchNorm::default().apply(z, z);
    let assignments: Vec<_> = normalized.updates.iter().map(|&(average, next)| g.assign(average, next)).collect();
    let update = g.group(&assignments);
    let plan = Plan::<f64>::new(&g, &[normalized.training, normalized.inference, update])?;
    let mut session = Session::new(plan, Seed(0));
    let variable = |name: &str| g.variables().into_iter().find(|node| node.name().ends_with(name));

    let noise = Stream::new(1, Purpose::Noise(0), 0);
    let values: Vec<f64> = (0..3000).map(|i| UNITS[i % 3].0 + UNITS[i % 3].1 * noise.normal(i as u64)).collect();
    let batch = Tensor::new((1000, 3), values.clone())?;
    let after = session.run(normalized.training, &[z.feed(&batch)])?.data().to_vec();
    let mut panels = vec![
        Panel::new("Before", "z", "rows").ranges(-7.0..13.0, 0.0..260.0),
        Panel::new("After", "normalized z", "rows").ranges(-4.0..4.0, 0.0..80.0),
    ];
    for unit in 0..3 {
        for (index, (values, range)) in [(&values, -7.0..13.0), (&after, -4.0..4.0)].into_iter().enumerate() {
            let column: Vec<f64> = values.iter().skip(unit).step_by(3).copied().collect();
            let panel = panels.remove(index).line(&format!("unit {}", unit + 1), histogram(&column, range, 60));
            panels.insert(index, panel);
        }
        let ((_, variance), (mean, spread)) = (moments(&values, unit), moments(&after, unit));
        assert!(mean.abs() < 1e-12 && (spread - variance / (variance + 1e-5)).abs() < 1e-12);
    }

    // One update: the corrected averages are the batch's own mean and variance, so prediction equals training.
    session.run_all(&[update.id()], &[z.feed(&batch)])?;
    let close = |a: &[f64], b: &[f64]| a.iter().zip(b).all(|(a, b)| (a - b).abs() < 1e-9);
    assert!(close(session.run(normalized.inference, &[z.feed(&batch)])?.data(), &after));
    // γ = √(σ² + ε) and β = μ give z back.
    let [gamma, beta] = ["gamma", "beta"].map(|name| variable(name).ok_or("no such variable"));
    let moments: Vec<(f64, f64)> = (0..3).map(|unit| moments(&values, unit)).collect();
    session.set(gamma?, &Tensor::from(moments.iter().map(|(_, var)| (var + 1e-5).sqrt()).collect::<Vec<f64>>()))?;
    session.set(beta?, &Tensor::from(moments.iter().map(|(mean, _)| *mean).collect::<Vec<f64>>()))?;
    assert!(close(session.run(normalized.training, &[z.feed(&batch)])?.data(), &values));

    // A row that stays the same, among other rows each time: how much does its normalized value scatter?
    let mut session = Session::new(Plan::<f64>::new(&g, &[normalized.training])?, Seed(0));
    let mut scatter = |rows: usize| -> Result<(f64, f64), Box<dyn Error>> {
        let mut sum = 0.0;
        for repeat in 0..400 {
            let others = Stream::new(2, Purpose::Noise(0), repeat);
            let value = |i: usize| if i < 3 { 0.0 } else { others.normal(i as u64) };
            let batch = Tensor::new((rows, 3), (0..3 * rows).map(value).collect())?;
            sum += session.run(normalized.training, &[z.feed(&batch)])?.data()[..3].iter().map(|z| z * z).sum::<f64>();
        }
        Ok((rows as f64, (sum / 1200.0).sqrt()))
    };
    let scatter = [4, 8, 16, 32, 64, 128, 256].into_iter().map(&mut scatter).collect::<Result<Vec<_>, _>>()?;
    println!("rows of a batch, scatter of one row's normalized value: {scatter:.3?}");
    let panel = Panel::new("The noise that a batch brings", "rows of a batch", "scatter of one row's value");
    let panel = panel.log_x().log_y().dashes("1/√m", scatter.iter().map(|(rows, _)| (*rows, rows.powf(-0.5))));
    panels.push(panel.line("measured", scatter.iter().copied()));
    save("batch_norm", &panels)?;
    let near = |(rows, scatter): &(f64, f64)| (scatter * rows.sqrt() - 1.0).abs() < 0.1;
    assert!(scatter[2..].iter().all(near));
    Ok(())
}
