//! Gradient descent, momentum, RMSprop and Adam in a ravine: 100 times as steep across as along.
//!
//! ```text
//! J = (w² + 100·b²)/2        (w and b are only the names of the picture's axes)
//! gradient descent   W ← W − α·g                     stable while α < 2/100
//! momentum           v ← β·v + (1−β)·g, W ← W − α·v  stable while α < 2(1+β)/((1−β)·100): a larger limit, not none
//! RMSprop, Adam      every direction divided by the root of a mean of its squared gradients, this step's included
//! ```

use caviar_engine::nn::Init;
use caviar_engine::optim::{Adam, Descent, Minimizer, Momentum, RmsProp};
use caviar_engine::{Graph, Plan, Seed, Session, Tensor};
use caviar_examples::picture::{BLUE, Color, GREEN, ORANGE, PURPLE, Panel, save};
use std::error::Error;

const STEEP: f64 = 100.0;

/// A path with its name and color.
type Named<'a> = (&'a str, &'a [(f64, f64)], Color);

fn cost(w: f64, b: f64) -> f64 {
    (w * w + STEEP * b * b) / 2.0
}

/// The places before each of so many steps from (−9, 0.9), and after the last.
fn path(rule: impl Into<Minimizer>, steps: usize) -> Result<Vec<(f64, f64)>, Box<dyn Error>> {
    let g = Graph::new();
    let place = g.variable("place", (2,), Init::values(Tensor::from([-9.0, 0.9])));
    let cost = (place.square() * g.constant([0.5, STEEP / 2.0])).sum();
    let step = g.minimize(cost, rule);
    let mut session = Session::new(Plan::<f64>::new(&g, &[step])?, Seed(0));
    let mut path = Vec::new();
    for _ in 0..=steps {
        let at = session.value(place)?;
        path.push((at.data()[0], at.data()[1]));
        session.run_all(&[step.id()], &[])?;
    }
    Ok(path)
}

fn main() -> Result<(), Box<dyn Error>> {
    let slow = path(Descent::new(0.0185)?, 60)?;
    let heavy = path(Momentum::new(0.04)?, 60)?;
    let (wild, wilder) = (path(Descent::new(0.0205)?, 40)?, path(Momentum::new(0.385)?, 14)?);
    let (scaled, adam) = (path(RmsProp::new(0.25)?, 60)?, path(Adam::new(0.5)?, 60)?);
    let panel = |title: &str, high: f64, paths: [Named<'_>; 2]| {
        let panel = Panel::new(title, "w", "b").ranges(-10.0..3.0, -high..high);
        let panel = panel.levels(cost, [0.5, 2.0, 5.0, 10.0, 18.0, 30.0, 45.0, 65.0]);
        paths.into_iter().fold(panel, |panel, (name, path, color)| {
            panel.line(name, path.to_vec()).colored(color).dots("", path.to_vec()).colored(color)
        })
    };
    let panels = [
        panel("Without and with momentum", 1.2, [("α = 0.0185", &slow, BLUE), ("momentum, α = 0.04", &heavy, ORANGE)]),
        panel("Rates beyond the limit", 8.0, [("α = 0.0205", &wild, BLUE), ("momentum, α = 0.385", &wilder, ORANGE)]),
        panel("RMSprop", 1.2, [("α = 0.0185", &slow, BLUE), ("RMSprop, α = 0.25", &scaled, GREEN)]),
        panel("Adam", 1.2, [("RMSprop, α = 0.25", &scaled, GREEN), ("Adam, α = 0.5", &adam, PURPLE)]),
    ];
    save("ravine", &panels)?;

    // In closed form: each step leaves 1 − α·curvature of a coordinate.
    for (step, place) in (0..).zip(&slow) {
        assert!((place.0 + 9.0 * (1.0 - 0.0185_f64).powi(step)).abs() < 1e-9);
        assert!((place.1 - 0.9 * (1.0 - 0.0185 * STEEP).powi(step)).abs() < 1e-9);
    }
    let height = |path: &[(f64, f64)]| path.last().map_or(f64::NAN, |(w, b)| cost(*w, *b));
    println!("cost after 60 steps: {:.4} without momentum, {:.4} with it", height(&slow), height(&heavy));
    assert!(height(&heavy) < height(&slow) / 10.0);
    // The limits: 2/100 = 0.02, and with β = 0.9 nineteen times as much, 0.38. Beyond them the cost grows.
    assert!(
        height(&path(Descent::new(0.01998)?, 10_000)?) < 1e-6 && height(&path(Descent::new(0.02002)?, 10_000)?) > 1.0
    );
    assert!(
        height(&path(Momentum::new(0.3795)?, 20_000)?) < 1e-6 && height(&path(Momentum::new(0.3805)?, 5000)?) > 1.0
    );
    // The first step of Adam is α along every axis, of RMSprop α/√0.1, however steep.
    assert!((adam[1].0 + 8.5).abs() < 1e-6 && (adam[1].1 - 0.4).abs() < 1e-6);
    assert!((scaled[1].1 - (0.9 - 0.25 / 0.1_f64.sqrt())).abs() < 1e-6);
    Ok(())
}
