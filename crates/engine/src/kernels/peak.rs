//! What the arithmetic units give at best: the yardstick of benchmarks.

use super::isa::Isa;
use super::simd::{Kernel, LANES, Simd};
use std::hint::black_box;

/// Accumulators: enough to hide the latency of a fused multiply-add, few enough to stay in registers.
const CHAINS: usize = 12;

/// Does `rounds` rounds of independent fused multiply-adds on `f32` in registers; returns the floating-point operations
/// done, two for each multiply-add and lane. Whoever holds a clock divides by the seconds.
///
/// ```
/// use caviar_engine::{Isa, multiply_adds};
/// assert_eq!(multiply_adds(Isa::detect(), 10), 10.0 * 12.0 * 16.0 * 2.0);
/// ```
pub fn multiply_adds(isa: Isa, rounds: u64) -> f64 {
    isa.run(Peak { rounds });
    rounds as f64 * (CHAINS * LANES * 2) as f64
}

struct Peak {
    rounds: u64,
}

impl Kernel<f32> for Peak {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd<Elem = f32>>(self, s: S) {
        let (factor, term) = (s.splat(black_box(0.999)), s.splat(black_box(1e-3)));
        let mut chains = [s.splat(1.0); CHAINS];
        for _ in 0..self.rounds {
            for chain in &mut chains {
                *chain = s.fma(*chain, factor, term);
            }
        }
        for chain in chains {
            black_box(s.tree_sum(chain));
        }
    }
}
