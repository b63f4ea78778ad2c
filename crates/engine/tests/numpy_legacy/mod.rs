//! numpy's legacy random numbers (`numpy.random.seed`, `randn`, `permutation`), on the MT19937 of `rand_mt`.
//!
//! Published runs were made with it; the engine's own streams are of another kind.
#![allow(dead_code)] // each test that includes this file uses a part of it

use rand_mt::Mt;

/// What `numpy.random.seed(seed)` leaves behind.
pub struct NumpyLegacy {
    twister: Mt,
    /// The second normal number of a pair, kept for the next call.
    kept: Option<f64>,
}

impl NumpyLegacy {
    /// `numpy.random.seed(seed)`.
    pub fn seed(seed: u32) -> Self {
        Self { twister: Mt::new(seed), kept: None }
    }

    /// `random_sample()`: 53 random bits in [0, 1).
    pub fn double(&mut self) -> f64 {
        let high = f64::from(self.twister.next_u32() >> 5);
        let low = f64::from(self.twister.next_u32() >> 6);
        (high * 67_108_864.0 + low) / 9_007_199_254_740_992.0
    }

    /// One number of `randn`, by the polar method.
    pub fn normal(&mut self) -> f64 {
        if let Some(kept) = self.kept.take() {
            return kept;
        }
        loop {
            let x1 = 2.0 * self.double() - 1.0;
            let x2 = 2.0 * self.double() - 1.0;
            let r2 = x1 * x1 + x2 * x2;
            if r2 > 0.0 && r2 < 1.0 {
                let f = (-2.0 * r2.ln() / r2).sqrt();
                self.kept = Some(f * x1);
                return f * x2;
            }
        }
    }

    /// `randn(...)` of so many elements, row-major.
    pub fn randn(&mut self, count: usize) -> Vec<f64> {
        (0..count).map(|_| self.normal()).collect()
    }

    /// `permutation(count)`.
    pub fn permutation(&mut self, count: usize) -> Vec<usize> {
        let mut order: Vec<usize> = (0..count).collect();
        for i in (1..count).rev() {
            order.swap(i, self.at_most(i));
        }
        order
    }

    /// A whole number in `0..=limit`, by masking and rejection.
    fn at_most(&mut self, limit: usize) -> usize {
        let limit = u32::try_from(limit).expect("test sizes fit 32 bits");
        let mask = u32::MAX.checked_shr(limit.leading_zeros()).unwrap_or(0);
        loop {
            let drawn = self.twister.next_u32() & mask;
            if drawn <= limit {
                return drawn as usize;
            }
        }
    }
}
