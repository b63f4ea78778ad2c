//! Tensors of random numbers, element by element a function of the key.

use super::cpu::Cpu;
use crate::real::Real;
use crate::rng::Stream;

/// Evenly in `[low, high)`.
pub fn fill_uniform<T: Real>(_cpu: &Cpu, stream: &Stream, low: f64, high: f64, out: &mut [T]) {
    out.iter_mut().zip(0..).for_each(|(x, index)| *x = T::from_f64(low + (high - low) * stream.uniform(index)));
}

/// Normal with the given mean and deviation.
pub fn fill_normal<T: Real>(stream: &Stream, mean: f64, deviation: f64, out: &mut [T]) {
    out.iter_mut().zip(0..).for_each(|(x, index)| *x = T::from_f64(mean + deviation * stream.normal(index)));
}

/// 0 with probability `drop_prob`, else `1/(1 − drop_prob)`.
pub fn dropout_mask<T: Real>(_cpu: &Cpu, stream: &Stream, drop_prob: T, out: &mut [T]) {
    let kept = T::ONE / (T::ONE - drop_prob);
    let threshold = (drop_prob.to_f64() * 4_294_967_296.0) as u64;
    for (block, index) in out.chunks_mut(4).zip(0..) {
        for (x, word) in block.iter_mut().zip(stream.at(index)) {
            *x = if u64::from(word) < threshold { T::ZERO } else { kept };
        }
    }
}
