//! Kernels touch nothing beside their slices: each slice ends, or begins, at a page that may not be touched.

use super::columns::{Column, CrossEntropy, Outer, Product, SHARD, cross_entropy, from_rows, outer, product, to_rows};
use super::cpu::Cpu;
use super::gang::Gang;
use super::gemm::{Gemm, gemm, packed_len};
use super::isa::Isa;
use super::map::{Binary, Input, MapStep, Unary, map};
use super::random::{dropout_mask, fill_normal, fill_uniform, shuffle_near};
use super::reduce::{Reduction, reduce};
use super::rows::Gather;
use super::simd::LANES;
use super::softmax::{cross_entropy_both, cross_entropy_dense_gradient, cross_entropy_labels, log_softmax, softmax};
use super::update::{AdamStep, Decay, MomentumForm, adam, momentum, rmsprop, square_sum};
use crate::real::Real;
use crate::rng::{Purpose, Stream};
use std::ops::{Deref, DerefMut};

/// At which of the two pages a slice lies.
#[derive(Clone, Copy, Debug)]
enum Side {
    Lower,
    Upper,
}

/// A slice between two pages that may not be touched.
struct Fenced<T> {
    base: *mut libc::c_void,
    bytes: usize,
    start: *mut T,
    len: usize,
}

impl<T: Copy> Fenced<T> {
    fn new(side: Side, values: &[T]) -> Self {
        // SAFETY: it asks for a number.
        let page = usize::try_from(unsafe { libc::sysconf(libc::_SC_PAGESIZE) }).unwrap();
        let room = size_of_val(values).next_multiple_of(page).max(page);
        let bytes = room + 2 * page;
        let (read_write, kind) = (libc::PROT_READ | libc::PROT_WRITE, libc::MAP_PRIVATE | libc::MAP_ANONYMOUS);
        // SAFETY: new memory, at no place in particular.
        let base = unsafe { libc::mmap(std::ptr::null_mut(), bytes, read_write, kind, -1, 0) };
        assert_ne!(base, libc::MAP_FAILED, "no memory for a fenced slice");
        for fence in [0, page + room] {
            // SAFETY: a whole page of the memory that was just mapped.
            let closed = unsafe { libc::mprotect(base.byte_add(fence), page, libc::PROT_NONE) };
            assert_eq!(closed, 0, "a page cannot be closed");
        }
        let first = match side {
            Side::Lower => page,
            Side::Upper => page + room - size_of_val(values),
        };
        // SAFETY: inside of the mapped memory; a page and the size of the values are multiples of the alignment of one.
        let start = unsafe { base.byte_add(first) }.cast::<T>();
        // SAFETY: the room between the fences holds all values, and nobody else has it.
        unsafe { std::ptr::copy_nonoverlapping(values.as_ptr(), start, values.len()) };
        Fenced { base, bytes, start, len: values.len() }
    }
}

impl<T> Deref for Fenced<T> {
    type Target = [T];

    fn deref(&self) -> &[T] {
        // SAFETY: `new` has filled so many values.
        unsafe { std::slice::from_raw_parts(self.start, self.len) }
    }
}

impl<T> DerefMut for Fenced<T> {
    fn deref_mut(&mut self) -> &mut [T] {
        // SAFETY: as for `deref`, and the borrow is the only one.
        unsafe { std::slice::from_raw_parts_mut(self.start, self.len) }
    }
}

impl<T> Drop for Fenced<T> {
    fn drop(&mut self) {
        // SAFETY: what `new` has mapped, once.
        unsafe { libc::munmap(self.base, self.bytes) };
    }
}

/// A source of shapes and numbers, on one side of its fences.
struct Case {
    side: Side,
    stream: Stream,
    drawn: u64,
}

impl Case {
    fn uniform(&mut self) -> f64 {
        self.drawn += 1;
        self.stream.uniform(self.drawn)
    }

    /// From 1 to `most`.
    fn size(&mut self, most: usize) -> usize {
        1 + (self.uniform() * most as f64) as usize
    }

    fn coin(&mut self) -> bool {
        self.uniform() < 0.5
    }

    fn numbers<T: Real>(&mut self, len: usize) -> Fenced<T> {
        let numbers: Vec<T> = (0..len).map(|_| T::from_f64(2.0 * self.uniform() - 1.0)).collect();
        Fenced::new(self.side, &numbers)
    }

    /// To be written to.
    fn room<T: Real>(&self, len: usize) -> Fenced<T> {
        Fenced::new(self.side, &vec![T::from_f64(f64::NAN); len])
    }

    fn labels(&mut self, len: usize, classes: usize) -> Fenced<i64> {
        let labels: Vec<i64> = (0..len).map(|_| self.size(classes) as i64 - 1).collect();
        Fenced::new(self.side, &labels)
    }

    fn columns<T: Real>(&mut self, width: usize) -> Fenced<Column<T>> {
        let columns: Vec<Column<T>> =
            (0..width).map(|_| std::array::from_fn(|_| T::from_f64(2.0 * self.uniform() - 1.0))).collect();
        Fenced::new(self.side, &columns)
    }
}

/// So many shapes from 1 to 70 for each instruction set and side.
const SHAPES: u64 = 40;

/// Calls a kernel with many shapes; one that touches a fence ends the process. What it has written must be there.
fn everywhere(kernel: impl Fn(&Cpu, &mut Case)) {
    for isa in Isa::available() {
        let cpu = Cpu { isa, gang: Gang::alone() };
        for side in [Side::Lower, Side::Upper] {
            for shape in 0..SHAPES {
                kernel(&cpu, &mut Case { side, stream: Stream::new(shape, Purpose::Noise(0), 0), drawn: 0 });
            }
        }
    }
}

fn is_written<T: Real>(numbers: &[T]) -> bool {
    numbers.iter().all(|x| x.to_f64().is_finite())
}

fn products<T: Real>() {
    everywhere(|cpu, case| {
        let [m, k, n] = [case.size(70), case.size(70), case.size(70)];
        let [transpose_a, transpose_b, with_bias, relu, with_gate] = [(); 5].map(|()| case.coin());
        let with_sums = transpose_a && !transpose_b && !with_bias && !relu && !with_gate;
        let (a, b, bias, gate) = (case.numbers::<T>(m * k), case.numbers(k * n), case.numbers(n), case.numbers(m * n));
        let (mut c, mut sums, mut packed) = (case.room(m * n), case.room(n), case.room(packed_len(k, n)));
        gemm(
            cpu,
            Gemm {
                a: &a,
                stride_a: if transpose_a { m } else { k },
                b: &b,
                c: &mut c,
                m,
                k,
                n,
                transpose_a,
                transpose_b,
                bias: with_bias.then_some(&bias[..]),
                relu,
                gate: with_gate.then_some(&gate[..]),
                sums: with_sums.then_some(&mut sums[..]),
                packed: &mut packed,
            },
        );
        assert!(is_written(&c) && (!with_sums || is_written(&sums)));
    });
}

fn maps_and_sums<T: Real>() {
    everywhere(|cpu, case| {
        let [outer, reduced, inner] = [case.size(7), case.size(70), case.size(70)];
        let (a, b) = (case.numbers::<T>(outer * reduced * inner), case.numbers::<T>(outer * reduced * inner));
        let mut out = case.room(a.len());
        let program = [MapStep::Unary(Unary::Tanh, 0), MapStep::Binary(Binary::Mul, 1, 2)];
        map(cpu, &program, &[Input::Slice(&a), Input::Slice(&b)], &mut out);
        assert!(is_written(&out));
        for &kind in Reduction::ALL {
            let mut out = case.room(outer * inner);
            reduce(cpu, kind, &a, outer, reduced, inner, &mut out);
            assert!(is_written(&out));
        }
    });
}

fn losses<T: Real>() {
    everywhere(|cpu, case| {
        let [rows, classes] = [case.size(70), case.size(70)];
        let (z, t, upstream) = (case.numbers::<T>(rows * classes), case.numbers(rows * classes), case.numbers(rows));
        let labels = case.labels(rows, classes);
        let (mut loss, mut out) = (case.room(rows), case.room(rows * classes));
        softmax(cpu, &z, rows, classes, &mut out);
        log_softmax(cpu, &z, rows, classes, &mut out);
        cross_entropy_labels(cpu, &z, &labels, rows, classes, &mut loss);
        cross_entropy_dense_gradient(cpu, &z, &t, &upstream, rows, classes, &mut out);
        let (mut loss, mut gradient) = (case.room(rows), case.room(rows * classes));
        cross_entropy_both(cpu, &z, &labels, upstream[0], rows, classes, &mut loss, &mut gradient);
        assert!(is_written(&loss) && is_written(&gradient) && is_written(&out));
    });
}

fn updates<T: Real>() {
    let n = T::from_f64;
    everywhere(|cpu, case| {
        let len = case.size(70) * case.size(9);
        let (mut w, g) = (case.numbers::<T>(len), case.numbers(len));
        let [mut m, mut s] = [(); 2].map(|()| Fenced::new(case.side, &vec![T::ONE; len]));
        let decay = Decay { l2: n(0.01), shrink: n(0.003), scale: n(0.7), clip: n(0.9) };
        let step = AdamStep {
            beta1: n(0.9),
            beta2: n(0.99),
            one_minus_beta1: n(0.1),
            one_minus_beta2: n(0.01),
            rate: n(0.05),
            root_correction: n(1.7),
            epsilon: n(1e-6),
        };
        adam(cpu, &mut w, &g, &mut m, &mut s, step, decay);
        momentum(cpu, &mut w, &g, &mut m, n(0.1), n(0.9), MomentumForm::Nesterov, decay);
        rmsprop(cpu, &mut w, &g, &mut s, n(0.1), n(0.9), n(1e-6), decay);
        assert!(is_written(&w) && square_sum(cpu, &w).is_finite());
    });
}

fn narrow_layers<T: Real>() {
    everywhere(|cpu, case| {
        let [units, written, samples] = [case.size(20), case.size(16), case.size(SHARD)];
        let rows = case.numbers::<T>(samples * units);
        let mut a = case.columns(units);
        from_rows(cpu, &rows, samples, &mut a);
        let (b, bias, gate) = (case.numbers(units * written), case.numbers(written), case.columns(written));
        let mut c = case.columns(written);
        let (bias, gate) = (case.coin().then_some(&bias[..]), case.coin().then_some(&gate[..]));
        product(
            cpu,
            Product { a: &a, b: &b, transpose_b: case.coin(), bias, relu: case.coin(), gate, c: &mut c, samples },
        );
        let mut back = case.room(samples * written);
        to_rows(&c, &mut back);
        assert!(is_written(&back));

        let labels = case.labels(samples, written);
        let (mut loss, mut gradient) = (case.columns(1), case.columns(written));
        let call =
            CrossEntropy { logits: &c, labels: &labels, upstream: T::ONE, loss: &mut loss[0], gradient: &mut gradient };
        assert!(cross_entropy(cpu, call));

        let lanes: Vec<usize> = (0..units.min(LANES)).collect();
        let factors: Vec<usize> = (0..case.size(40)).map(|factor| factor % units).collect();
        let mut scratch = Fenced::new(case.side, &[[T::ZERO; LANES]; SHARD]);
        let mut sums = Fenced::new(case.side, &vec![[T::from_f64(f64::NAN); LANES]; factors.len()]);
        outer(
            cpu,
            Outer { columns: &a, lanes: &lanes, factors: &factors, samples, rows: &mut scratch, sums: &mut sums },
        );
        assert!(sums.iter().all(|sums| is_written(&sums[..lanes.len()])));
    });
}

fn rows_and_draws<T: Real>() {
    everywhere(|cpu, case| {
        let [rows, width, wanted] = [case.size(70), case.size(70), case.size(70)];
        let values = case.numbers::<f32>(rows * width);
        let indices: Vec<u32> = (0..wanted).map(|_| case.size(rows) as u32 - 1).collect();
        let mut indices = Fenced::new(case.side, &indices);
        let mut out = case.room::<T>(wanted * width);
        cpu.isa.run(Gather { values: &values, width, rows: None, columns: None, indices: &indices, out: &mut out });
        assert!(is_written(&out));
        shuffle_near(&case.stream, &mut indices);
        let mut drawn = case.room::<T>(wanted * width);
        fill_uniform(cpu, &case.stream, -1.0, 1.0, &mut drawn);
        fill_normal(cpu, &case.stream, 0.0, 1.0, &mut drawn);
        dropout_mask(cpu, &case.stream, 0.3, &mut drawn);
        assert!(is_written(&drawn));
    });
}

#[test]
fn products_stay_between_their_fences() {
    products::<f32>();
    products::<f64>();
}

#[test]
fn maps_and_sums_stay_between_their_fences() {
    maps_and_sums::<f32>();
    maps_and_sums::<f64>();
}

#[test]
fn losses_stay_between_their_fences() {
    losses::<f32>();
    losses::<f64>();
}

#[test]
fn updates_stay_between_their_fences() {
    updates::<f32>();
    updates::<f64>();
}

#[test]
fn narrow_layers_stay_between_their_fences() {
    narrow_layers::<f32>();
    narrow_layers::<f64>();
}

#[test]
fn rows_and_draws_stay_between_their_fences() {
    rows_and_draws::<f32>();
    rows_and_draws::<f64>();
}
