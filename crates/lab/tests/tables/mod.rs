//! Small tables made by formulas.

#![allow(dead_code, reason = "each test file uses some of them")]

use std::path::{Path, PathBuf};

use caviar_lab::{DataOptions, Part, Recipe, TuneOptions};
use tempfile::TempDir;

/// Numbers that look random and are the same everywhere.
pub struct Numbers(pub u64);

impl Numbers {
    /// The next one, in `[0, 1)`.
    pub fn next(&mut self) -> f64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 40) as f64 / (1u64 << 24) as f64
    }
}

/// Rows `x,y,color,kind`: the kind is whether the point is above a parabola.
pub fn kinds(rows: usize, seed: u64) -> String {
    let mut numbers = Numbers(seed);
    let mut text = String::from("x,y,color,kind\n");
    for _ in 0..rows {
        let (x, y) = (4.0 * numbers.next() - 2.0, 5.0 * numbers.next() - 1.0);
        let color = ["red", "green", "blue"][(3.0 * numbers.next()) as usize];
        let kind = if y > x * x { "above" } else { "below" };
        text.push_str(&format!("{x:.4},{y:.4},{color},{kind}\n"));
    }
    text
}

/// Rows `a,b,c,price` with `price = 300 + 50·a − 20·b·c`, and a little noise.
pub fn prices(rows: usize, seed: u64) -> String {
    let mut numbers = Numbers(seed);
    let mut text = String::from("a,b,c,price\n");
    for _ in 0..rows {
        let [a, b, c] = std::array::from_fn(|_| 2.0 * numbers.next() - 1.0);
        let price = 300.0 + 50.0 * a - 20.0 * b * c + numbers.next();
        text.push_str(&format!("{a:.4},{b:.4},{c:.4},{price:.3}\n"));
    }
    text
}

/// Writes a file into a folder.
pub fn write(folder: &TempDir, name: &str, text: &str) -> PathBuf {
    let path = folder.path().join(name);
    std::fs::write(&path, text).expect("the folder can be written");
    path
}

/// The usual options with a test file.
pub fn with_test(target: &str, test: &Path) -> DataOptions {
    DataOptions { test: Part::File(test.to_owned()), ..DataOptions::new(target) }
}

/// A short search.
pub fn short(trials: u64) -> TuneOptions {
    TuneOptions { trials: Some(trials), epochs: 6, ..TuneOptions::default() }
}

/// A short training.
pub fn brief() -> Recipe {
    Recipe { hidden: vec![9, 5], epochs: 5, learning_rate: 0.01, ..Recipe::default() }
}
