//! The sampler of BOHB: where good points are dense and bad ones are not.

use crate::baselines::Point;
use crate::search::RUNGS;

/// Of the points of a rung, the good ones.
const GOOD: f64 = 0.15;
/// Candidates of which the best is taken.
const CANDIDATES: usize = 24;
/// The narrowest kernel, and how much wider kernels are drawn from than compared by.
const NARROWEST: f64 = 0.03;
const WIDER: f64 = 3.0;

/// Uniform draws that a sample takes.
pub fn draws(dimensions: usize) -> usize {
    CANDIDATES * (1 + 2 * dimensions)
}

/// A place by the densities at the highest rung with enough points; nothing where none has.
///
/// Gaussian kernels with Scott's widths; a candidate is a good point moved by its kernel, moved to the wall outside.
///
/// Reference: Falkner, Klein & Hutter 2018, "BOHB".
pub fn sample(points: &[Point], dimensions: usize, draws: &[f64]) -> Option<Vec<f64>> {
    let least = dimensions + 1;
    let (good, bad) = (0..RUNGS.len()).rev().find_map(|rung| {
        let mut there: Vec<&Point> = points.iter().filter(|point| point.errors.len() > rung).collect();
        there.sort_by(|a, b| a.errors[rung].total_cmp(&b.errors[rung]));
        let good = ((there.len() as f64 * GOOD) as usize).max(least);
        (there.len() >= good + least).then(|| {
            let places: Vec<&[f64]> = there.iter().map(|point| &point.place[..]).collect();
            (places[..good].to_vec(), places[good..].to_vec())
        })
    })?;
    let (widths, others) = (scott(&good, dimensions), scott(&bad, dimensions));
    let candidates = draws.chunks_exact(1 + 2 * dimensions).map(|draws| {
        let center = good[((draws[0] * good.len() as f64) as usize).min(good.len() - 1)];
        let normal = |axis: usize| {
            let (u, v) = (draws[1 + 2 * axis], draws[2 + 2 * axis]);
            (-2.0 * (1.0 - u).ln()).sqrt() * (std::f64::consts::TAU * v).cos()
        };
        let place: Vec<f64> =
            (0..dimensions).map(|axis| (center[axis] + WIDER * widths[axis] * normal(axis)).clamp(0.0, 1.0)).collect();
        (log_density(&good, &widths, &place) - log_density(&bad, &others, &place), place)
    });
    candidates.max_by(|a, b| a.0.total_cmp(&b.0)).map(|(_, place)| place)
}

/// `σ n^(-1/(4+d))` for each axis.
fn scott(places: &[&[f64]], dimensions: usize) -> Vec<f64> {
    let count = places.len() as f64;
    let width = |axis: usize| {
        let mean = places.iter().map(|place| place[axis]).sum::<f64>() / count;
        let variance = places.iter().map(|place| (place[axis] - mean).powi(2)).sum::<f64>() / count;
        (variance.sqrt() * count.powf(-1.0 / (4.0 + dimensions as f64))).max(NARROWEST)
    };
    (0..dimensions).map(width).collect()
}

fn log_density(places: &[&[f64]], widths: &[f64], at: &[f64]) -> f64 {
    let kernel = |place: &&[f64]| {
        let axes = place.iter().zip(at).zip(widths);
        axes.map(|((center, x), width)| -0.5 * ((x - center) / width).powi(2) - width.ln()).sum::<f64>().exp()
    };
    (places.iter().map(kernel).sum::<f64>() / places.len() as f64).max(1e-32).ln()
}
