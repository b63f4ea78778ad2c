//! Tables of points in the plane, with their classes.

use crate::picture::Panel;
use caviar_engine::TensorError;
use caviar_engine::rng::{Purpose, Stream};
use caviar_engine::rows::Rows;
use caviar_engine::train::{Data, DataError, Targets, Trainer};
use std::error::Error;
use std::f64::consts::{PI, TAU};
use std::ops::Range;
use std::sync::Arc;

/// Points and the class of each.
#[derive(Clone, Debug)]
pub struct Points {
    /// The places.
    pub places: Vec<(f64, f64)>,
    /// The class of each, from 0.
    pub labels: Vec<i64>,
    classes: usize,
}

impl Points {
    /// Two half circles that reach into each other, with normal noise.
    pub fn moons(count: usize, noise: f64, seed: u64) -> Self {
        Self::noisy(count, 2, noise, seed, |class, share| {
            let (sin, cos) = libm::sincos(PI * share);
            if class == 0 { (cos, sin) } else { (1.0 - cos, 0.5 - sin) }
        })
    }

    /// Round heaps around the corners of a regular polygon of radius 2.
    pub fn heaps(count: usize, classes: usize, deviation: f64, seed: u64) -> Self {
        Self::noisy(count, classes, deviation, seed, |class, _| {
            let (sin, cos) = libm::sincos(TAU * class as f64 / classes as f64 + 0.5);
            (2.0 * cos, 2.0 * sin)
        })
    }

    /// Points on curves, one for each class in turn, with normal noise.
    fn noisy(count: usize, classes: usize, noise: f64, seed: u64, curve: impl Fn(usize, f64) -> (f64, f64)) -> Self {
        let stream = Stream::new(seed, Purpose::Noise(0), 0);
        let place = |row: usize| {
            let (x, y) = curve(row % classes, stream.uniform(3 * row as u64));
            let noise = |index| noise * stream.normal(3 * row as u64 + index);
            (x + noise(1), y + noise(2))
        };
        let labels = (0..count).map(|row| (row % classes) as i64).collect();
        Points { places: (0..count).map(place).collect(), labels, classes }
    }

    /// Given places and labels, of two classes.
    pub fn of_two_classes(places: Vec<(f64, f64)>, labels: Vec<i64>) -> Self {
        Points { places, labels, classes: 2 }
    }

    /// The places of one class.
    pub fn of_class(&self, class: i64) -> Vec<(f64, f64)> {
        let same = self.places.iter().zip(&self.labels).filter(|(_, label)| **label == class);
        same.map(|(place, _)| *place).collect()
    }

    /// The same as training data.
    ///
    /// # Errors
    /// No points, labels out of range.
    pub fn data(&self) -> Result<Arc<Data>, DataError> {
        let targets = Targets::Classes { labels: self.labels.clone(), classes: self.classes };
        let features = rows(&self.places).map_err(|_| DataError::Empty)?;
        Ok(Arc::new(Data::new(features, targets)?))
    }
}

/// Places as rows of two features.
///
/// # Errors
/// None: two numbers fill a row of two.
pub fn rows(places: &[(f64, f64)]) -> Result<Rows, TensorError> {
    Rows::from_f64(places.iter().flat_map(|&(x, y)| [x, y]).collect(), 2)
}

/// How fine a map is, along each axis.
const CELLS: usize = 160;

/// A panel with the points on the classes that a network gives to the plane around them.
///
/// # Errors
/// A network with other inputs than two.
pub fn map(title: &str, points: &Points, trainer: &mut Trainer<f64>) -> Result<Panel, Box<dyn Error>> {
    let around = |axis: fn(&(f64, f64)) -> f64| {
        let spread = |(low, high): (f64, f64), value: f64| (low.min(value), high.max(value));
        let (low, high) = points.places.iter().map(axis).fold((f64::MAX, f64::MIN), spread);
        low - 0.3..high + 0.3
    };
    let (x, y) = (around(|place| place.0), around(|place| place.1));
    let at =
        |range: &Range<f64>, cell: usize| range.start + (range.end - range.start) * (cell as f64 + 0.5) / CELLS as f64;
    let cells: Vec<(f64, f64)> = (0..CELLS * CELLS).map(|i| (at(&x, i % CELLS), at(&y, i / CELLS))).collect();
    let probabilities = trainer.predict_probabilities(&rows(&cells)?)?;
    let most_likely = |row: &[f64]| (0..row.len()).max_by(|&a, &b| row[a].total_cmp(&row[b])).unwrap_or(0);
    let classes: Vec<usize> = probabilities.chunks_exact(points.classes).map(most_likely).collect();
    let cell = |range: &Range<f64>, value: f64| {
        (((value - range.start) / (range.end - range.start) * CELLS as f64) as usize).min(CELLS - 1)
    };
    let (across, up) = (x.clone(), y.clone());
    let mut panel = Panel::new(title, "x₁", "x₂").ranges(x, y);
    panel = panel.regions(move |x, y| classes[cell(&up, y) * CELLS + cell(&across, x)]);
    for class in 0..points.classes {
        panel = panel.dots(&format!("class {class}"), points.of_class(class as i64));
    }
    Ok(panel)
}
