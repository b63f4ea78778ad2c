//! Elementwise arithmetic: small programs of fused steps, and pairs with broadcasting.

mod broadcast;
pub(super) mod operation;
#[cfg(test)]
mod tests;

use super::cpu::Cpu;
use super::simd::{Kernel, LANES, Simd};
use crate::real::Real;
use operation::{Pairs, Singles, binary, unary};
use std::mem::MaybeUninit;
use std::slice;

pub use broadcast::broadcast_binary;
pub use operation::{Binary, Unary};

/// The largest number of inputs of a program.
pub const MAX_INPUTS: usize = 8;
/// The largest number of steps of a program.
pub const MAX_STEPS: usize = 16;
/// The elements of one register of a program: all registers of a chain stay in the first-level cache.
const BLOCK: usize = 256;
/// From this many elements on a map is spread over the gang.
pub(super) const SPREAD: usize = 32_768;

/// One step of a program. Operands are register numbers: the inputs first, then the results of the steps, in order.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum MapStep {
    /// A function of one register.
    Unary(Unary, usize),
    /// A function of two registers.
    Binary(Binary, usize, usize),
    /// Values below `low` become `low`, above `high` `high`; NaN stays.
    Clip {
        /// The register.
        of: usize,
        /// The smallest result.
        low: f64,
        /// The largest result.
        high: f64,
    },
}

impl MapStep {
    /// The largest register number that the step reads.
    fn last_operand(self) -> usize {
        match self {
            MapStep::Unary(_, of) | MapStep::Clip { of, .. } => of,
            MapStep::Binary(_, a, b) => a.max(b),
        }
    }
}

/// What a program reads.
#[derive(Clone, Copy, Debug)]
pub enum Input<'a, T> {
    /// As many elements as the result has.
    Slice(&'a [T]),
    /// The same value everywhere.
    Scalar(T),
}

/// Runs the program for each element; the result of the last step goes to `out`.
///
/// # Panics
/// Where the program reads a register that it does not have, or an input has another length than `out`.
pub fn map<T: Real>(cpu: &Cpu, steps: &[MapStep], inputs: &[Input<'_, T>], out: &mut [T]) {
    check(steps, inputs, out.len());
    if out.len() < SPREAD || cpu.gang.threads() == 1 {
        return run(cpu, steps, inputs, 0, out);
    }
    let chunk_len = cpu.gang.chunk_len(out.len(), BLOCK);
    cpu.gang.for_chunks(out, chunk_len, |index, chunk| run(cpu, steps, inputs, index * chunk_len, chunk));
}

fn check<T>(steps: &[MapStep], inputs: &[Input<'_, T>], len: usize) {
    assert!(inputs.len() <= MAX_INPUTS && !steps.is_empty() && steps.len() <= MAX_STEPS, "too long or empty a program");
    for (number, step) in steps.iter().enumerate() {
        assert!(step.last_operand() < inputs.len() + number, "step {number} reads a register that is not there yet");
    }
    for input in inputs {
        assert!(
            matches!(input, Input::Scalar(_)) || matches!(input, Input::Slice(x) if x.len() == len),
            "input and output differ in length"
        );
    }
}

/// The elements from `first` on; the program has been checked.
#[inline]
fn run<T: Real>(cpu: &Cpu, steps: &[MapStep], inputs: &[Input<'_, T>], first: usize, out: &mut [T]) {
    match steps {
        [step] => cpu.isa.run(Single { step: *step, inputs, first, out }),
        _ => cpu.isa.run(Chain { steps, inputs, first, out }),
    }
}

/// Where the elements of an operand lie.
#[derive(Clone, Copy)]
pub(super) struct Operand<T> {
    from: *const T,
    /// One after the other; otherwise there is one, which serves everywhere.
    dense: bool,
}

impl<T: Real> Operand<T> {
    /// The elements of an input from `first` on. The input must outlive the operand.
    #[inline(always)]
    fn new(input: &Input<'_, T>, first: usize) -> Self {
        match input {
            Input::Slice(x) => Operand { from: x[first..].as_ptr(), dense: true },
            Input::Scalar(x) => Operand { from: x, dense: false },
        }
    }

    /// The elements from `start` on.
    #[inline(always)]
    fn from(self, start: usize) -> Self {
        let start = if self.dense { start } else { 0 };
        Operand { from: self.from.wrapping_add(start), ..self }
    }

    /// Sixteen elements from `at` on.
    ///
    /// # Safety
    /// They must be there.
    #[inline(always)]
    unsafe fn load<S: Simd<Elem = T>>(self, s: S, at: usize) -> S::V {
        // SAFETY: the caller's.
        unsafe { if self.dense { s.load_pointer(self.from.add(at)) } else { s.splat(*self.from) } }
    }

    /// `count` < 16 elements from `at` on.
    ///
    /// # Safety
    /// They must be there.
    #[inline(always)]
    unsafe fn load_partial<S: Simd<Elem = T>>(self, s: S, at: usize, count: usize) -> S::V {
        // SAFETY: the caller's.
        unsafe {
            match self.dense {
                true => s.load_partial(slice::from_raw_parts(self.from.add(at), count)),
                false => s.splat(*self.from),
            }
        }
    }
}

/// `len` elements of operands and result.
pub(super) struct Line<T, const N: usize> {
    operands: [Operand<T>; N],
    out: *mut T,
    len: usize,
}

impl<T: Real> Line<T, 1> {
    /// # Safety
    /// The operand must have `len` elements to read, the result as many to write.
    #[inline(always)]
    unsafe fn each<S: Simd<Elem = T>>(&self, s: S, f: impl Fn(S::V) -> S::V) {
        let ([x], whole) = (self.operands, self.len - self.len % LANES);
        // SAFETY: all that is touched lies below `len`.
        unsafe {
            for at in (0..whole).step_by(LANES) {
                s.store_pointer(f(x.load(s, at)), self.out.add(at));
            }
            if whole < self.len {
                let count = self.len - whole;
                let rest = slice::from_raw_parts_mut(self.out.add(whole), count);
                s.store_partial(f(x.load_partial(s, whole, count)), rest);
            }
        }
    }
}

impl<T: Real> Line<T, 2> {
    /// # Safety
    /// The operands must have `len` elements to read, the result as many to write.
    #[inline(always)]
    unsafe fn each<S: Simd<Elem = T>>(&self, s: S, f: impl Fn(S::V, S::V) -> S::V) {
        let ([a, b], whole) = (self.operands, self.len - self.len % LANES);
        // SAFETY: all that is touched lies below `len`.
        unsafe {
            for at in (0..whole).step_by(LANES) {
                s.store_pointer(f(a.load(s, at), b.load(s, at)), self.out.add(at));
            }
            if whole < self.len {
                let count = self.len - whole;
                let rest = slice::from_raw_parts_mut(self.out.add(whole), count);
                s.store_partial(f(a.load_partial(s, whole, count), b.load_partial(s, whole, count)), rest);
            }
        }
    }
}

impl<S: Simd<Elem: Real>> Singles<S> for Line<S::Elem, 1> {
    #[inline(always)]
    unsafe fn each(&self, s: S, f: impl Fn(S::V) -> S::V) {
        // SAFETY: the caller's.
        unsafe { Line::<S::Elem, 1>::each(self, s, f) }
    }
}

impl<S: Simd<Elem: Real>> Pairs<S> for Line<S::Elem, 2> {
    #[inline(always)]
    unsafe fn each(&self, s: S, f: impl Fn(S::V, S::V) -> S::V) {
        // SAFETY: the caller's.
        unsafe { Line::<S::Elem, 2>::each(self, s, f) }
    }
}

/// One step on `len` elements.
///
/// # Safety
/// The operands must have `len` elements to read, the result as many to write.
#[inline(always)]
unsafe fn apply<S: Simd<Elem: Real>>(
    s: S,
    step: MapStep,
    operand: impl Fn(usize) -> Operand<S::Elem>,
    out: *mut S::Elem,
    len: usize,
) {
    // SAFETY: the caller's.
    unsafe {
        match step {
            MapStep::Unary(op, of) => unary(s, op, &Line { operands: [operand(of)], out, len }),
            MapStep::Binary(op, a, b) => binary(s, op, &Line { operands: [operand(a), operand(b)], out, len }),
            MapStep::Clip { of, low, high } => {
                let (low, high) = (s.splat(S::Elem::from_f64(low)), s.splat(S::Elem::from_f64(high)));
                let line = Line { operands: [operand(of)], out, len };
                Singles::each(
                    &line,
                    s,
                    #[inline(always)]
                    |x| s.min(high, s.max(low, x)),
                );
            }
        }
    }
}

/// A program of one step: no registers.
struct Single<'a, 'b, T> {
    step: MapStep,
    inputs: &'a [Input<'b, T>],
    first: usize,
    out: &'a mut [T],
}

impl<T: Real> Kernel<T> for Single<'_, '_, T> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd<Elem = T>>(self, s: S) {
        let (a, b) = match self.step {
            MapStep::Unary(_, of) | MapStep::Clip { of, .. } => (of, of),
            MapStep::Binary(_, a, b) => (a, b),
        };
        let first = Operand::new(&self.inputs[a], self.first);
        let second = Operand::new(&self.inputs[b], self.first);
        let operand = |register| if register == a { first } else { second };
        // SAFETY: `check` has found every slice as long as the whole result, of which `out` is the part from `first` on.
        unsafe { apply(s, self.step, operand, self.out.as_mut_ptr(), self.out.len()) }
    }
}

/// A program of several steps, block by block.
struct Chain<'a, 'b, T> {
    steps: &'a [MapStep],
    inputs: &'a [Input<'b, T>],
    first: usize,
    out: &'a mut [T],
}

impl<T: Real> Kernel<T> for Chain<'_, '_, T> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd<Elem = T>>(self, s: S) {
        let (count, len) = (self.inputs.len(), self.out.len());
        let mut operands = [Operand { from: std::ptr::null(), dense: false }; MAX_INPUTS];
        for (operand, input) in operands.iter_mut().zip(self.inputs) {
            *operand = Operand::new(input, self.first);
        }
        let mut registers = [const { MaybeUninit::<[T; BLOCK]>::uninit() }; MAX_STEPS];
        let registers: *mut T = registers.as_mut_ptr().cast();
        for start in (0..len).step_by(BLOCK) {
            let block = BLOCK.min(len - start);
            for (number, step) in self.steps.iter().enumerate() {
                let out = match number + 1 == self.steps.len() {
                    true => self.out[start..].as_mut_ptr(),
                    false => registers.wrapping_add(number * BLOCK),
                };
                let operand = |register: usize| match register < count {
                    true => operands[register].from(start),
                    false => Operand { from: registers.wrapping_add((register - count) * BLOCK), dense: true },
                };
                // SAFETY: `check` has found every slice as long as the whole result and every register written before it
                // is read; a block has at most BLOCK elements.
                unsafe { apply(s, *step, operand, out, block) }
            }
        }
    }
}
