//! The machine's limit for a work.

use caviar_engine::nn::Mlp;
use caviar_engine::{Isa, multiply_adds};
use std::time::Instant;

/// Windows of which the best counts: other programs can only make one slower.
const WINDOWS: usize = 40;
/// Rounds of a window: a few milliseconds.
const ROUNDS: u64 = 200_000;

/// Floating-point operations per second of one core, measured for a fifth of a second.
pub(super) fn peak_flops() -> f64 {
    let window = |_| {
        let start = Instant::now();
        let flops = multiply_adds(Isa::detect(), ROUNDS);
        flops / start.elapsed().as_secs_f64()
    };
    (0..WINDOWS).map(window).fold(0.0, f64::max)
}

/// Microseconds of a step at best: its multiplications and additions at the peak of all `threads` cores. Memory and the
/// optimizer's divisions are left out, so that no program reaches it.
pub(super) fn step(network: &Mlp, batch: usize, threads: usize) -> f64 {
    network.flops_per_row() * batch as f64 / (peak_flops() * threads.max(1) as f64) * 1e6
}
