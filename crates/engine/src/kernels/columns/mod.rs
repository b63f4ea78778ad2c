//! Kernels of narrow layers: samples in the lanes.
//!
//! A column holds what one unit has for each of 64 samples, one shard of a batch, so that a layer of five units fills the
//! lanes as well as one of five hundred. Where there are fewer samples, the rest of a column is arbitrary and does no harm:
//! no lane depends on another one.
//!
//! Each number has the bits that the kernels for whole rows give it: products are the same chains of fused multiply-adds in
//! the same order, and a gradient of weights is one chain over the samples.

mod loss;
mod outer;
mod product;
#[cfg(test)]
mod tests;
mod turn;

pub use super::gemm::SHARD;
use super::simd::LANES;
pub use loss::{CrossEntropy, cross_entropy};
pub use outer::{Outer, outer};
pub use product::{Product, product};
pub use turn::{from_rows, to_rows};

/// What one unit has for each sample of a shard.
pub type Column<T> = [T; SHARD];

/// The numbers of one sample, or of as many lanes.
pub type Row<T> = [T; LANES];

/// Sixteen samples of a column.
#[inline(always)]
fn part<T>(column: &Column<T>, number: usize) -> &Row<T> {
    &column.as_chunks().0[number]
}

/// Sixteen samples of a column.
#[inline(always)]
fn part_mut<T>(column: &mut Column<T>, number: usize) -> &mut Row<T> {
    &mut column.as_chunks_mut().0[number]
}
