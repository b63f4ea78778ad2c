//! Matrix products, the same bits for every tile, instruction set and number of threads.
//!
//! Each element of `A·B` is one chain `acc = fma(a[i,p], b[p,j], acc)` with `p` ascending from `acc = 0`. A product with
//! `A` transposed contracts over samples: there the chains are cut into shards of [`SHARD`] samples, whose results are
//! added like the digits of a binary counter, two neighbors of equal size as soon as both exist (`left + right`); the
//! partial sums left at the end are added from the latest to the first (`left + acc`).
//!
//! The work is cut into panels of a few vectors of columns and, inside, tiles of rows whose accumulators stay in
//! registers. Where it pays, a panel of `B` is copied into one piece first; `A` is read where it lies.

mod pack;
#[cfg(test)]
mod tests;
mod tile;

use self::pack::Pack;
use self::tile::{Panel, TREE_BYTES};
use super::cpu::Cpu;
use super::isa::Isa;
use super::simd::LANES;
use crate::real::Real;
use std::mem::MaybeUninit;
use std::ops::Range;

/// The number of samples whose contributions to a product with `A` transposed form one chain.
pub const SHARD: usize = 64;
/// The steps of a chain that are done for all rows before the next ones, so that a panel of `B` stays in the cache.
const DEPTH: usize = 256;
/// Products of fewer operations, idle lanes among them, are not worth a second thread.
const WORTH_SPREADING: usize = 400_000;
/// Copying a panel of `B` pays where at least so many rows use it.
const WORTH_PACKING: usize = 32;
/// A thread's share of rows that makes good tiles, where nothing is copied.
const WORTH_SHARING: usize = 8;
/// A `B` of at most so many bytes is read in place: it stays in the first cache whatever its stride.
const FITS_FIRST_CACHE: usize = 24 << 10;

/// `C = A·B`, then `+ bias`, then the positive part; then `· step(gate)`. And, where they are asked for, the column sums
/// of `B`, in the order of a product with `A` transposed: those of a row of ones.
pub struct Gemm<'a, T> {
    /// `[m, k]` row-major, or `[k, m]` where `transpose_a`.
    pub a: &'a [T],
    /// From one row of `a`, as it lies there, to the next: its columns, or more where it is a part of a wider matrix.
    pub stride_a: usize,
    /// `[k, n]` row-major, or `[n, k]` where `transpose_b`.
    pub b: &'a [T],
    /// `[m, n]`, overwritten.
    pub c: &'a mut [T],
    /// The rows of the result.
    pub m: usize,
    /// The steps of the contraction.
    pub k: usize,
    /// The columns of the result.
    pub n: usize,
    /// Whether `a` holds its transpose. This also cuts the sum into shards.
    pub transpose_a: bool,
    /// Whether `b` holds its transpose.
    pub transpose_b: bool,
    /// `[n]`, added to each row.
    pub bias: Option<&'a [T]>,
    /// Whether negative results become 0; NaN stays.
    pub relu: bool,
    /// `[m, n]`: the result is multiplied by 1 where this is above 0, elsewhere by 0.
    pub gate: Option<&'a [T]>,
    /// `[n]`, overwritten by the column sums of `b`, which is not transposed then, while `a` is.
    pub sums: Option<&'a mut [T]>,
    /// Scratch of at least [`packed_len`]`(k, n)` elements.
    pub packed: &'a mut [T],
}

/// The scratch that a product with a `B` of `k` times `n` needs: `B` with its rows padded to whole vectors.
pub fn packed_len(k: usize, n: usize) -> usize {
    k * n.next_multiple_of(LANES)
}

/// Computes the product. With `k` = 0 it is 0 (then `+ bias`, then the positive part).
#[inline(always)]
pub fn gemm<T: Real>(cpu: &Cpu, call: Gemm<'_, T>) {
    let Gemm { a, stride_a, b, c, m, k, n, transpose_a, transpose_b, bias, relu, gate, sums, packed } = call;
    let (rows, columns) = if transpose_a { (k, m) } else { (m, k) };
    let reaches = rows * stride_a + columns <= a.len() + stride_a;
    assert!(stride_a >= columns && reaches, "a matrix is smaller than its shape");
    assert!(b.len() >= k * n && c.len() >= m * n, "a matrix is smaller than its shape");
    assert!(packed.len() >= packed_len(k, n), "the scratch is too small");
    assert!(bias.is_none_or(|bias| bias.len() >= n), "the bias is shorter than a row");
    assert!(gate.is_none_or(|gate| gate.len() >= m * n), "the gate is smaller than the result");
    let alone = bias.is_none() && gate.is_none() && !relu;
    let fits = |sums: &&mut [T]| sums.len() >= n && transpose_a && !transpose_b && m > 0 && alone;
    assert!(sums.as_ref().is_none_or(fits), "no sums beside such a product");
    if m == 0 || n == 0 {
        return;
    }
    let (a_row, a_step) = if transpose_a { (1, stride_a) } else { (stride_a, 1) };
    let mut product = Product {
        a: a.as_ptr(),
        a_row,
        a_step,
        b: b.as_ptr(),
        // A matrix that is a vector is its own transpose.
        transpose_b: transpose_b && n > 1 && k > 1,
        c: c.as_mut_ptr(),
        m,
        k,
        n,
        shard: if transpose_a { SHARD } else { usize::MAX },
        bias: bias.map(<[T]>::as_ptr),
        relu,
        gate: gate.map(<[T]>::as_ptr),
        sums: sums.map_or(std::ptr::null_mut(), <[T]>::as_mut_ptr),
        packed: packed.as_mut_ptr(),
    };
    if transpose_a && n == 1 && stride_a == m && bias.is_none() && product.sums.is_null() {
        product = product.into_row_times_matrix();
    }
    if cpu.gang.threads() > 1 && 2 * m * n.next_multiple_of(LANES) * k > WORTH_SPREADING {
        product.spread(cpu);
    } else if product.n <= LANES && k <= DEPTH && !product.transpose_b {
        // What the general way comes to, without its loops: this is where the smallest networks spend their time.
        let (rows, steps) = (0..product.m, 0..k);
        product.panel(cpu, Panel { product: &product, rows, start: 0, vectors: 1, steps, packed: None });
    } else {
        product.block(cpu, 0..product.m, 0..product.n, product.packed);
    }
}

/// A product in terms of strides. The pointers cover what the shape says.
struct Product<T> {
    a: *const T,
    /// From one row of the result to the next, in `a`.
    a_row: usize,
    /// From one step of the contraction to the next, in `a`.
    a_step: usize,
    b: *const T,
    transpose_b: bool,
    c: *mut T,
    m: usize,
    k: usize,
    n: usize,
    /// The steps in one chain: [`SHARD`], or more than there are.
    shard: usize,
    bias: Option<*const T>,
    relu: bool,
    gate: Option<*const T>,
    /// Null for none.
    sums: *mut T,
    packed: *mut T,
}

// SAFETY: threads that share a product write disjoint parts of `c`, `sums` and `packed`, and `T` is a plain number.
unsafe impl<T: Sync> Sync for Product<T> {}

impl<T: Real> Product<T> {
    /// The transpose of a matrix times one column, as that column laid down times the matrix: the same numbers in the
    /// same order, with no idle lanes.
    fn into_row_times_matrix(self) -> Self {
        Product { a: self.b, a_row: self.k, a_step: 1, b: self.a, transpose_b: false, m: 1, n: self.m, ..self }
    }

    /// The vectors in the widest panel: as many as the registers hold beside enough rows.
    fn widest(isa: Isa) -> usize {
        match isa.min(Isa::detect()) {
            Isa::Avx512 => 16 / size_of::<T>(),
            Isa::Avx2 | Isa::Portable => 1,
        }
    }

    /// Whether panels of `B` are copied before they are used.
    fn packs(&self, cpu: &Cpu) -> bool {
        let strided = self.n > Self::widest(cpu.isa) * LANES && self.k * self.n * size_of::<T>() > FITS_FIRST_CACHE;
        self.transpose_b || (self.m >= WORTH_PACKING && strided)
    }

    /// Does the product with all threads of the gang: by columns or by rows, never by steps of the contraction.
    #[inline(never)]
    fn spread(&self, cpu: &Cpu) {
        let threads = cpu.gang.threads();
        let vectors = self.n.div_ceil(LANES);
        let enough_rows = self.m >= threads * if self.packs(cpu) { WORTH_PACKING } else { WORTH_SHARING };
        let enough_columns = vectors >= threads * Self::widest(cpu.isa);
        // A gradient goes by rows, so that the thread that updates the first weights has their gradients at hand.
        let gradient = self.shard == SHARD;
        if enough_rows && (gradient || !enough_columns) {
            self.spread_rows(cpu);
            return;
        }
        let chunk = vectors.div_ceil(threads) * LANES;
        cpu.gang.run(self.n.div_ceil(chunk), &|part| {
            let columns = part * chunk..((part + 1) * chunk).min(self.n);
            let packed = self.packed.wrapping_add(columns.start * self.k);
            self.block(cpu, 0..self.m, columns, packed);
        });
    }

    /// A block of the result by one thread, panel by panel. `packed` holds the steps of a panel, or of as many columns as
    /// there are, rounded up to whole vectors; it is not touched where nothing needs packing.
    fn block(&self, cpu: &Cpu, rows: Range<usize>, columns: Range<usize>, packed: *mut T) {
        let packs = self.packs(cpu);
        let cut = self.k > DEPTH && self.shard > self.k;
        let depth = if cut { self.k.div_ceil(self.k.div_ceil(DEPTH)) } else { self.k };
        for (start, vectors) in panels(columns, Self::widest(cpu.isa)) {
            let mut first = 0;
            loop {
                let steps = first..(first + depth).min(self.k);
                let mut b = None;
                if packs {
                    // SAFETY: the scratch of this thread holds the steps of a panel.
                    cpu.isa.run(unsafe { Pack::new(self, start, vectors, steps.clone(), packed) });
                    b = Some(packed.cast_const());
                }
                first = steps.end;
                self.panel(cpu, Panel { product: self, rows: rows.clone(), start, vectors, steps, packed: b });
                if first == self.k {
                    break;
                }
            }
        }
    }

    /// Does the product by rows. Each thread packs for itself where the scratch has room for it (that is cheaper than
    /// to meet in between); otherwise all panels are packed by all threads first.
    fn spread_rows(&self, cpu: &Cpu) {
        let widest = Self::widest(cpu.isa);
        let width = widest * LANES;
        let chunk = cpu.gang.chunk_len(self.m, 8);
        let parts = self.m.div_ceil(chunk);
        let rows = |part: usize| part * chunk..((part + 1) * chunk).min(self.m);
        if !self.packs(cpu) || parts * width <= self.n {
            cpu.gang.run(parts, &|part| {
                let packed = self.packed.wrapping_add(part * width * self.k);
                self.block(cpu, rows(part), 0..self.n, packed);
            });
            return;
        }
        cpu.gang.run(self.n.div_ceil(width), &|part| {
            for (start, vectors) in panels(part * width..((part + 1) * width).min(self.n), widest) {
                // SAFETY: the scratch holds every panel, each at a place of its own.
                cpu.isa.run(unsafe { Pack::new(self, start, vectors, 0..self.k, self.packed.add(start * self.k)) });
            }
        });
        cpu.gang.run(parts, &|part| {
            for (start, vectors) in panels(0..self.n, widest) {
                let packed = Some(self.packed.wrapping_add(start * self.k).cast_const());
                self.panel(cpu, Panel { product: self, rows: rows(part), start, vectors, steps: 0..self.k, packed });
            }
        });
    }

    #[inline(always)]
    fn panel(&self, cpu: &Cpu, panel: Panel<'_, T>) {
        if self.shard < self.k {
            self.panel_in_shards(cpu, panel);
        } else {
            cpu.isa.run((panel, std::ptr::null_mut()));
        }
    }

    /// Apart from [`panel`](Self::panel), so that a product of few samples does not set up the scratch.
    #[inline(never)]
    fn panel_in_shards(&self, cpu: &Cpu, panel: Panel<'_, T>) {
        let mut tree = MaybeUninit::<[u8; TREE_BYTES]>::uninit();
        cpu.isa.run((panel, tree.as_mut_ptr().cast::<T>()));
    }
}

/// Cuts columns into panels: where each starts, and how many vectors (1, 2 or 4) it has.
#[inline]
fn panels(columns: Range<usize>, widest: usize) -> impl Iterator<Item = (usize, usize)> {
    let mut start = columns.start;
    std::iter::from_fn(move || {
        let vectors = columns.end.saturating_sub(start).div_ceil(LANES).min(widest);
        (vectors > 0).then(|| {
            let vectors = 1 << vectors.ilog2();
            let panel = (start, vectors);
            start += vectors * LANES;
            panel
        })
    })
}
