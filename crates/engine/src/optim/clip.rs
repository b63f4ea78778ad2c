//! Clipping by the norm of the whole gradient.

use super::state::Step;
use crate::kernels::cpu::Cpu;
use crate::kernels::update as kernel;
use crate::real::Real;

/// Accumulators of a sum: element `i` goes to number `i mod 16`, and these are added as a tree.
const LANES: usize = 16;

impl Step {
    /// Whether the norm of the gradient has to be known before this update.
    pub(crate) fn needs_norm(&self) -> bool {
        self.settings.clip_norm.is_some()
    }

    /// The sum of squares of one parameter's gradient as the rule would see it: with L2, limited by value.
    pub(crate) fn square_sum<T: Real>(&self, cpu: &Cpu, weights: &[T], gradient: &[T], decayed: bool) -> f64 {
        let l2 = if decayed { self.settings.l2 } else { 0.0 };
        if l2 == 0.0 && self.settings.clip_value.is_none() {
            return kernel::square_sum(cpu, gradient);
        }
        let limit = self.settings.clip_value.unwrap_or(f64::INFINITY);
        let mut lanes = [0.0_f64; LANES];
        for (w, g) in weights.chunks(LANES).zip(gradient.chunks(LANES)) {
            for ((sum, w), g) in lanes.iter_mut().zip(w).zip(g) {
                let g = (g.to_f64() + l2 * w.to_f64()).clamp(-limit, limit);
                *sum += g * g;
            }
        }
        let mut width = LANES / 2;
        while width > 0 {
            for lane in 0..width {
                lanes[lane] += lanes[lane + width];
            }
            width /= 2;
        }
        lanes[0]
    }

    /// What the gradient is multiplied by, `min(1, clip_norm / ‖g‖)`, from the square sums of all parameters added up.
    pub(crate) fn scale(&self, square_sum: f64) -> f64 {
        let norm = square_sum.sqrt();
        match self.settings.clip_norm {
            Some(limit) if norm > limit => limit / norm,
            Some(_) | None => 1.0,
        }
    }
}
