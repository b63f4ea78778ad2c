//! Cross entropy of labels and its gradient.

use super::{Column, SHARD, part, part_mut};
use crate::kernels::cpu::Cpu;
use crate::kernels::map::operation::max;
use crate::kernels::simd::{Element, Kernel, LANES, Simd};
use crate::real::Real;

/// What [`cross_entropy_both`](crate::kernels::softmax::cross_entropy_both) computes, of at most 64 samples in columns: the same
/// bits.
pub struct CrossEntropy<'a, T> {
    /// A column for each class.
    pub logits: &'a [Column<T>],
    /// One for each sample; the loss is NaN where it is no class.
    pub labels: &'a [i64],
    /// The factor of the gradient.
    pub upstream: T,
    pub loss: &'a mut Column<T>,
    /// A column for each class.
    pub gradient: &'a mut [Column<T>],
}

/// Computes loss and gradient; false where a label is no class.
///
/// # Panics
/// Where the sizes do not fit each other.
pub fn cross_entropy<T: Real>(cpu: &Cpu, call: CrossEntropy<'_, T>) -> bool {
    assert!(call.gradient.len() == call.logits.len() && call.labels.len() <= SHARD, "the sizes of a cross entropy");
    cpu.isa.run(call)
}

impl<T: Real> Kernel<T> for CrossEntropy<'_, T> {
    type Output = bool;

    #[inline(always)]
    fn run<S: Simd<Elem = T>>(self, s: S) -> bool {
        let CrossEntropy { logits, labels, upstream, loss, gradient } = self;
        let (zero, one) = (s.splat(T::ZERO), s.splat(T::ONE));
        let classes = labels.iter().fold(true, |so_far, &label| so_far & is_class(label, logits.len()));
        for (number, labels) in labels.chunks(LANES).enumerate() {
            let labels = numbers(s, labels, logits.len());
            let no_class = s.unordered(labels, labels);
            let is = |class: usize| s.equal(labels, s.splat(T::from_f64(class as f64)));
            let (mut picked, mut largest) = (labels, s.splat(T::from_f64(f64::NEG_INFINITY)));
            for (class, z) in logits.iter().enumerate() {
                let z = s.load(part(z, number));
                picked = s.select(is(class), z, picked);
                largest = max(s, largest, z);
            }
            let mut sum = zero;
            for (z, e) in logits.iter().zip(gradient.iter_mut()) {
                let exponential = <T as Element>::exp(s, s.sub(s.load(part(z, number)), largest));
                s.store(exponential, part_mut(e, number));
                sum = s.add(sum, exponential);
            }
            let shifted = s.sub(s.select(no_class, labels, picked), largest);
            s.store(s.sub(<T as Element>::ln(s, sum), shifted), part_mut(loss, number));

            let upstream = s.select(no_class, labels, s.splat(upstream));
            for (class, e) in gradient.iter_mut().enumerate() {
                let hot = s.select(is(class), one, zero);
                let e = part_mut(e, number);
                s.store(s.mul(s.sub(s.div(s.load(e), sum), hot), upstream), e);
            }
        }
        classes
    }
}

#[inline(always)]
fn is_class(label: i64, classes: usize) -> bool {
    // A negative one is large without its sign.
    (label as u64) < classes as u64
}

/// The labels as numbers, NaN where one is no class: it equals no class number and spoils its sample.
#[inline(always)]
fn numbers<S: Simd<Elem: Real>>(s: S, labels: &[i64], classes: usize) -> S::V {
    let mut all = [0; LANES];
    let all = match labels.first_chunk::<LANES>() {
        Some(labels) => labels,
        None => {
            all.iter_mut().zip(labels).for_each(|(to, &label)| *to = label);
            &all
        }
    };
    let mut numbers = [S::Elem::ZERO; LANES];
    for (number, &label) in numbers.iter_mut().zip(all) {
        // A class is far below 2³¹, and vectors of such integers become floating at once.
        let class = S::Elem::from_f64(f64::from(label as i32));
        *number = if is_class(label, classes) { class } else { S::Elem::from_f64(f64::NAN) };
    }
    s.load(&numbers)
}
