//! The update rules, one weight after the other: what the vector kernels compute, in plain words.

use crate::kernels::cpu::Cpu;
use crate::real::Real;

#[derive(Clone, Copy)]
pub struct Decay<T> {
    pub l2: T,
    pub shrink: T,
    pub scale: T,
    pub clip: T,
}
#[derive(Clone, Copy)]
pub enum MomentumForm {
    Averaged,
    Accumulating,
    Nesterov,
}
#[derive(Clone, Copy)]
pub struct AdamStep<T> {
    pub beta1: T,
    pub beta2: T,
    pub one_minus_beta1: T,
    pub one_minus_beta2: T,
    pub rate: T,
    pub root_correction: T,
    pub epsilon: T,
}
fn pre<T: Real>(w: &mut T, g: T, d: Decay<T>) -> T {
    let g = d.l2.mul_add(*w, g);
    let g = if g > d.clip {
        d.clip
    } else if g < -d.clip {
        -d.clip
    } else {
        g
    };
    *w = *w - d.shrink * *w;
    g * d.scale
}
pub fn descent<T: Real>(_: &Cpu, w: &mut [T], g: &[T], lr: T, d: Decay<T>) {
    for (w, g) in w.iter_mut().zip(g) {
        let g = pre(w, *g, d);
        *w = *w - lr * g;
    }
}
pub fn momentum<T: Real>(_: &Cpu, w: &mut [T], g: &[T], v: &mut [T], lr: T, beta: T, form: MomentumForm, d: Decay<T>) {
    for ((w, g), v) in w.iter_mut().zip(g).zip(v) {
        let g = pre(w, *g, d);
        match form {
            MomentumForm::Averaged => {
                *v = beta * *v + (T::ONE - beta) * g;
                *w = *w - lr * *v;
            }
            MomentumForm::Accumulating => {
                *v = beta * *v + g;
                *w = *w - lr * *v;
            }
            MomentumForm::Nesterov => {
                *v = beta * *v + g;
                *w = *w - lr * (g + beta * *v);
            }
        }
    }
}
pub fn rmsprop<T: Real>(_: &Cpu, w: &mut [T], g: &[T], s: &mut [T], lr: T, beta: T, e: T, d: Decay<T>) {
    for ((w, g), s) in w.iter_mut().zip(g).zip(s) {
        let g = pre(w, *g, d);
        *s = beta * *s + (T::ONE - beta) * g * g;
        *w = *w - lr * g / (s.sqrt() + e);
    }
}
pub fn adam<T: Real>(_: &Cpu, w: &mut [T], g: &[T], m: &mut [T], s: &mut [T], a: AdamStep<T>, d: Decay<T>) {
    for (((w, g), m), s) in w.iter_mut().zip(g).zip(m).zip(s) {
        let g = pre(w, *g, d);
        *m = a.beta1 * *m + a.one_minus_beta1 * g;
        *s = a.beta2 * *s + a.one_minus_beta2 * g * g;
        *w = *w - a.rate * *m / (s.sqrt() * a.root_correction + a.epsilon);
    }
}
