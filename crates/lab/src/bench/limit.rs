//! The machine's limit for a work: what arithmetic, the optimizer or the data would take at best, whichever is longest.

use std::hint::black_box;
use std::time::Instant;

use caviar_engine::nn::Mlp;
use caviar_engine::optim::Adam;
use caviar_engine::{Isa, multiply_adds};

/// Windows of which the best counts: other programs can only make one slower.
const WINDOWS: usize = 40;
/// Rounds of a window of arithmetic: a few milliseconds.
const ROUNDS: u64 = 200_000;
/// Parameters updated in a window, at least.
const UPDATED: usize = 100_000;
/// Bytes read in a window, at least, and the most that a data set stands for: far beyond every cache.
const READ: usize = 4 << 20;
const FARTHEST: usize = 128 << 20;

/// What one core does at best, measured for a fraction of a second.
#[derive(Clone, Copy, Debug)]
pub struct Machine {
    /// Floating-point operations per second.
    flops: f64,
    /// Bytes of the data set read per second, wherever a set of this size lies.
    bandwidth: f64,
}

impl Machine {
    /// For a data set of so many bytes.
    pub fn measure(data_bytes: usize) -> Self {
        let rate = |_| {
            let start = Instant::now();
            let flops = multiply_adds(Isa::detect(), ROUNDS);
            flops / start.elapsed().as_secs_f64()
        };
        Machine { flops: (0..WINDOWS).map(rate).fold(0.0, f64::max), bandwidth: bandwidth(data_bytes) }
    }

    /// Microseconds of a step on so many cores: the longest of its multiplications and additions, its updates and its
    /// rows' way to the cores, as if each hid the others. No program does quite that.
    pub fn step(&self, network: &Mlp, batch: usize, threads: usize) -> f64 {
        let cores = threads.max(1) as f64;
        let arithmetic = network.flops_per_row() * batch as f64 / (self.flops * cores);
        let updates = update_seconds(network.parameter_count().div_ceil(threads.max(1)));
        let rows = (batch * network.inputs * size_of::<f32>()) as f64 / (self.bandwidth * cores);
        arithmetic.max(updates).max(rows) * 1e6
    }
}

/// Seconds of Adam's update of so many parameters on one core.
fn update_seconds(parameters: usize) -> f64 {
    let Ok(adam) = Adam::new(1e-3) else { return 0.0 };
    let gradient = vec![0.1_f32; parameters];
    let [mut weights, mut mean, mut square] = [const { Vec::new() }; 3].map(|_: Vec<f32>| vec![0.1_f32; parameters]);
    let times = UPDATED.div_ceil(parameters.max(1));
    let mut window = |_| {
        let start = Instant::now();
        for _ in 0..times {
            adam.update(1, &mut weights, &gradient, &mut mean, &mut square);
        }
        start.elapsed().as_secs_f64() / times as f64
    };
    (0..WINDOWS).map(&mut window).fold(f64::INFINITY, f64::min)
}

/// Bytes per second that one core reads of so many.
fn bandwidth(bytes: usize) -> f64 {
    let words = vec![1_u64; bytes.clamp(1024, FARTHEST) / size_of::<u64>()];
    let times = READ.div_ceil(size_of_val(&words[..]));
    let window = |_| {
        let start = Instant::now();
        for _ in 0..times {
            black_box(sum(black_box(&words)));
        }
        (times * size_of_val(&words[..])) as f64 / start.elapsed().as_secs_f64()
    };
    (0..WINDOWS / 4).map(window).fold(0.0, f64::max)
}

fn sum(words: &[u64]) -> u64 {
    let mut sums = [0_u64; 16];
    for chunk in words.as_chunks::<16>().0 {
        sums.iter_mut().zip(chunk).for_each(|(sum, word)| *sum = sum.wrapping_add(*word));
    }
    sums.iter().fold(0, |total, sum| total.wrapping_add(*sum))
}
