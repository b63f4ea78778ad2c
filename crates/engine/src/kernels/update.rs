//! The inner loops of the optimizers: one pass over weights, gradient and state.

#[cfg(test)]
mod tests;

use super::cpu::Cpu;
use super::simd::{Kernel, LANES, Simd};
use crate::real::Real;

/// From this many weights on an update is spread over the gang.
const SPREAD: usize = 32_768;

/// What happens to gradient and weight before the rule, in this order.
///
/// ```text
/// g ← g + l2·w      g ← clamp(g, −clip, clip)      g ← scale·g      w ← w − shrink·w
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Decay<T> {
    /// The weight of `w` in the gradient.
    pub l2: T,
    /// Decoupled decay: the share of `w` that is taken off.
    pub shrink: T,
    /// The factor of the gradient: clipping by norm.
    pub scale: T,
    /// The largest |g|; ∞ for none.
    pub clip: T,
}

/// How momentum keeps the past.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MomentumForm {
    /// `v ← β·v + (1 − β)·g`, `w ← w − α·v`.
    Averaged,
    /// `v ← β·v + g`, `w ← w − α·v`.
    Accumulating,
    /// `v ← β·v + g`, `w ← w − α·(g + β·v)`.
    Nesterov,
}

/// The numbers of one step of Adam: `m ← β₁·m + (1−β₁)·g`, `s ← β₂·s + (1−β₂)·g²`,
/// `w ← w − rate·m / (√s·root_correction + ε)`.
#[derive(Clone, Copy, Debug)]
pub struct AdamStep<T> {
    /// β₁.
    pub beta1: T,
    /// β₂.
    pub beta2: T,
    /// 1 − β₁.
    pub one_minus_beta1: T,
    /// 1 − β₂.
    pub one_minus_beta2: T,
    /// α divided by 1 − (the product of all β₁ so far).
    pub rate: T,
    /// 1 over the root of 1 − (the product of all β₂ so far).
    pub root_correction: T,
    /// ε.
    pub epsilon: T,
}

/// `w ← w − α·g`.
pub fn descent<T: Real>(cpu: &Cpu, w: &mut [T], g: &[T], lr: T, decay: Decay<T>) {
    spread(cpu, [w], g, decay, Descent { lr });
}

/// Momentum with the velocity `v`.
#[allow(clippy::too_many_arguments, reason = "the letters of the formula")]
pub fn momentum<T: Real>(
    cpu: &Cpu,
    w: &mut [T],
    g: &[T],
    v: &mut [T],
    lr: T,
    beta: T,
    form: MomentumForm,
    decay: Decay<T>,
) {
    let one_minus_beta = T::from_f64(1.0 - beta.to_f64());
    match form {
        MomentumForm::Averaged => spread(cpu, [w, v], g, decay, Momentum { lr, beta, share: one_minus_beta }),
        MomentumForm::Accumulating => spread(cpu, [w, v], g, decay, Momentum { lr, beta, share: T::ONE }),
        MomentumForm::Nesterov => spread(cpu, [w, v], g, decay, Nesterov { lr, beta }),
    }
}

/// RMSprop: `s ← β·s + (1 − β)·g²`, `w ← w − α·g / (√s + ε)`.
#[allow(clippy::too_many_arguments, reason = "the letters of the formula")]
pub fn rmsprop<T: Real>(cpu: &Cpu, w: &mut [T], g: &[T], s: &mut [T], lr: T, beta: T, epsilon: T, decay: Decay<T>) {
    let one_minus_beta = T::from_f64(1.0 - beta.to_f64());
    spread(cpu, [w, s], g, decay, RmsProp { lr, beta, one_minus_beta, epsilon });
}

/// Adam with the mean `m` and the square mean `s`.
pub fn adam<T: Real>(cpu: &Cpu, w: &mut [T], g: &[T], m: &mut [T], s: &mut [T], step: AdamStep<T>, decay: Decay<T>) {
    spread(cpu, [w, m, s], g, decay, step);
}

/// The sum of the squares in `f64`: sixteen strided accumulators from 0, added by halves.
pub fn square_sum<T: Real>(cpu: &Cpu, x: &[T]) -> f64 {
    cpu.isa.run(SquareSum(x))
}

/// An update rule for sixteen weights; `state` is the weight, then the slots.
trait Rule<T: Real, const N: usize>: Copy + Sync {
    fn update<S: Simd<Elem = T>>(self, s: S, g: S::V, state: [S::V; N]) -> [S::V; N];
}

#[derive(Clone, Copy)]
struct Descent<T> {
    lr: T,
}

impl<T: Real> Rule<T, 1> for Descent<T> {
    #[inline(always)]
    fn update<S: Simd<Elem = T>>(self, s: S, g: S::V, [w]: [S::V; 1]) -> [S::V; 1] {
        [s.fma_negated(s.splat(self.lr), g, w)]
    }
}

#[derive(Clone, Copy)]
struct Momentum<T> {
    lr: T,
    beta: T,
    share: T,
}

impl<T: Real> Rule<T, 2> for Momentum<T> {
    #[inline(always)]
    fn update<S: Simd<Elem = T>>(self, s: S, g: S::V, [w, v]: [S::V; 2]) -> [S::V; 2] {
        let v = s.fma(s.splat(self.share), g, s.mul(s.splat(self.beta), v));
        [s.fma_negated(s.splat(self.lr), v, w), v]
    }
}

#[derive(Clone, Copy)]
struct Nesterov<T> {
    lr: T,
    beta: T,
}

impl<T: Real> Rule<T, 2> for Nesterov<T> {
    #[inline(always)]
    fn update<S: Simd<Elem = T>>(self, s: S, g: S::V, [w, v]: [S::V; 2]) -> [S::V; 2] {
        let beta = s.splat(self.beta);
        let v = s.add(s.mul(beta, v), g);
        [s.fma_negated(s.splat(self.lr), s.fma(beta, v, g), w), v]
    }
}

#[derive(Clone, Copy)]
struct RmsProp<T> {
    lr: T,
    beta: T,
    one_minus_beta: T,
    epsilon: T,
}

impl<T: Real> Rule<T, 2> for RmsProp<T> {
    #[inline(always)]
    fn update<S: Simd<Elem = T>>(self, s: S, g: S::V, [w, square]: [S::V; 2]) -> [S::V; 2] {
        let square = s.fma(s.splat(self.one_minus_beta), s.mul(g, g), s.mul(s.splat(self.beta), square));
        let denominator = s.add(s.sqrt(square), s.splat(self.epsilon));
        [s.sub(w, s.div(s.mul(s.splat(self.lr), g), denominator)), square]
    }
}

impl<T: Real> Rule<T, 3> for AdamStep<T> {
    #[inline(always)]
    fn update<S: Simd<Elem = T>>(self, s: S, g: S::V, [w, m, square]: [S::V; 3]) -> [S::V; 3] {
        let m = s.fma(s.splat(self.one_minus_beta1), g, s.mul(s.splat(self.beta1), m));
        let square = s.fma(s.splat(self.one_minus_beta2), s.mul(g, g), s.mul(s.splat(self.beta2), square));
        let denominator = s.fma(s.sqrt(square), s.splat(self.root_correction), s.splat(self.epsilon));
        [s.sub(w, s.div(s.mul(s.splat(self.rate), m), denominator)), m, square]
    }
}

fn spread<T: Real, R: Rule<T, N>, const N: usize>(cpu: &Cpu, state: [&mut [T]; N], g: &[T], decay: Decay<T>, rule: R) {
    assert!(state.iter().all(|slot| slot.len() == g.len()), "weights, gradient and slots differ in length");
    if g.len() < SPREAD || cpu.gang.threads() == 1 {
        return cpu.isa.run(Update { state, g, decay, rule });
    }
    let chunk_len = cpu.gang.chunk_len(g.len(), LANES);
    cpu.gang.for_chunks_of(state, chunk_len, |index, state| {
        let g = &g[index * chunk_len..][..state[0].len()];
        cpu.isa.run(Update { state, g, decay, rule });
    });
}

struct Update<'a, T, R, const N: usize> {
    state: [&'a mut [T]; N],
    g: &'a [T],
    decay: Decay<T>,
    rule: R,
}

impl<T: Real, R: Rule<T, N>, const N: usize> Kernel<T> for Update<'_, T, R, N> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd<Elem = T>>(mut self, s: S) {
        let (whole, rest) = self.g.as_chunks::<LANES>();
        for (n, g) in whole.iter().enumerate() {
            let mut state = [s.splat(T::ZERO); N];
            for (v, slot) in state.iter_mut().zip(&self.state) {
                *v = s.load(&slot.as_chunks().0[n]);
            }
            let state = decayed(s, self.decay, self.rule, s.load(g), state);
            for (v, slot) in state.into_iter().zip(&mut self.state) {
                s.store(v, &mut slot.as_chunks_mut().0[n]);
            }
        }
        if rest.is_empty() {
            return;
        }
        let from = whole.len() * LANES;
        let mut state = [s.splat(T::ZERO); N];
        for (v, slot) in state.iter_mut().zip(&self.state) {
            *v = s.load_partial(&slot[from..]);
        }
        let state = decayed(s, self.decay, self.rule, s.load_partial(rest), state);
        for (v, slot) in state.into_iter().zip(&mut self.state) {
            s.store_partial(v, &mut slot[from..]);
        }
    }
}

#[inline(always)]
fn decayed<S: Simd<Elem: Real>, R: Rule<S::Elem, N>, const N: usize>(
    s: S,
    decay: Decay<S::Elem>,
    rule: R,
    g: S::V,
    mut state: [S::V; N],
) -> [S::V; N] {
    let w = state[0];
    let clip = s.splat(decay.clip);
    let g = s.fma(s.splat(decay.l2), w, g);
    // The order of the operands lets NaN through.
    let g = s.min(clip, s.max(s.neg(clip), g));
    let g = s.mul(s.splat(decay.scale), g);
    state[0] = s.fma_negated(s.splat(decay.shrink), w, w);
    rule.update(s, g, state)
}

struct SquareSum<'a, T>(&'a [T]);

impl<T: Real> Kernel<T> for SquareSum<'_, T> {
    type Output = f64;

    #[inline(always)]
    fn run<S: Simd<Elem = T>>(self, _: S) -> f64 {
        let mut sums = [0.0; LANES];
        let (whole, rest) = self.0.as_chunks::<LANES>();
        for x in whole {
            for l in 0..LANES {
                let x = x[l].to_f64();
                sums[l] += x * x;
            }
        }
        for (sum, x) in sums.iter_mut().zip(rest) {
            *sum += x.to_f64() * x.to_f64();
        }
        for half in [8, 4, 2, 1] {
            for l in 0..half {
                sums[l] += sums[l + half];
            }
        }
        sums[0]
    }
}
