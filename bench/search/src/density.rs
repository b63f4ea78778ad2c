//! The sampler of BOHB: where good points are dense and bad ones are not.

use crate::baselines::{Point, Walls};
use crate::search::RUNGS;

/// Of the points of a rung, the good ones.
const GOOD: f64 = 0.15;
/// Candidates of which the best is taken.
const CANDIDATES: usize = 24;
/// The narrowest kernel, and how much wider kernels are drawn from than compared by.
const NARROWEST: f64 = 0.03;
const WIDER: f64 = 3.0;

/// Gaussian kernels with Scott's widths at good points, and at the others.
///
/// Reference: Falkner, Klein & Hutter 2018, "BOHB", which draws inside the walls.
pub struct Densities {
    good: Kernels,
    others: Kernels,
}

struct Kernels {
    places: Vec<Vec<f64>>,
    widths: Vec<f64>,
}

impl Densities {
    /// At the highest rung with enough points; nothing where none has.
    pub fn new(points: &[Point], dimensions: usize) -> Option<Densities> {
        let least = dimensions + 1;
        (0..RUNGS.len()).rev().find_map(|rung| {
            let mut there: Vec<&Point> = points.iter().filter(|point| point.errors.len() > rung).collect();
            there.sort_by(|a, b| a.errors[rung].total_cmp(&b.errors[rung]));
            let good = ((there.len() as f64 * GOOD) as usize).max(least);
            (there.len() >= good + least).then(|| {
                let [good, others] = [&there[..good], &there[good..]].map(|points| Kernels::new(points, dimensions));
                Densities { good, others }
            })
        })
    }

    /// Of good points moved by their kernels the one with the largest ratio of the densities.
    pub fn sample(&self, walls: Walls, draw: &mut dyn FnMut() -> f64) -> Vec<f64> {
        let mut best = (f64::NEG_INFINITY, Vec::new());
        for _ in 0..CANDIDATES {
            let place = self.good.sample(walls, draw);
            let ratio = self.good.log(&place) - self.others.log(&place);
            if best.1.is_empty() || ratio >= best.0 {
                best = (ratio, place);
            }
        }
        best.1
    }
}

impl Kernels {
    fn new(points: &[&Point], dimensions: usize) -> Kernels {
        let count = points.len() as f64;
        // `σ n^(-1/(4+d))` for each axis.
        let width = |axis: usize| {
            let mean = points.iter().map(|point| point.place[axis]).sum::<f64>() / count;
            let variance = points.iter().map(|point| (point.place[axis] - mean).powi(2)).sum::<f64>() / count;
            (variance.sqrt() * count.powf(-1.0 / (4.0 + dimensions as f64))).max(NARROWEST)
        };
        let places = points.iter().map(|point| point.place.clone()).collect();
        Kernels { places, widths: (0..dimensions).map(width).collect() }
    }

    fn sample(&self, walls: Walls, draw: &mut dyn FnMut() -> f64) -> Vec<f64> {
        let center = &self.places[((draw() * self.places.len() as f64) as usize).min(self.places.len() - 1)];
        let near = |(center, width): (&f64, &f64)| loop {
            let normal = (-2.0 * (1.0 - draw()).ln()).sqrt() * (std::f64::consts::TAU * draw()).cos();
            let place = center + WIDER * width * normal;
            if walls == Walls::Clipped || (0.0..=1.0).contains(&place) {
                break place.clamp(0.0, 1.0);
            }
        };
        center.iter().zip(&self.widths).map(near).collect()
    }

    fn log(&self, at: &[f64]) -> f64 {
        let kernel = |place: &Vec<f64>| {
            let axes = place.iter().zip(at).zip(&self.widths);
            axes.map(|((center, x), width)| -0.5 * ((x - center) / width).powi(2) - width.ln()).sum::<f64>().exp()
        };
        (self.places.iter().map(kernel).sum::<f64>() / self.places.len() as f64).max(1e-32).ln()
    }
}
