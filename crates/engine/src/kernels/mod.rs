//! Slices in, slices out: the arithmetic, for every instruction set the same bits. The only place with `unsafe`.

pub(crate) mod buffer;
pub(crate) mod columns;
pub(crate) mod cpu;
pub(crate) mod gang;
pub(crate) mod gemm;
#[cfg(all(test, unix))]
mod guard_pages;
pub(crate) mod isa;
pub(crate) mod layout;
pub(crate) mod lent;
pub(crate) mod map;
pub(crate) mod math;
pub(crate) mod peak;
pub(crate) mod prefetch;
pub(crate) mod random;
pub(crate) mod reduce;
pub(crate) mod rows;
pub(crate) mod simd;
pub(crate) mod softmax;
pub(crate) mod split;
pub(crate) mod update;

pub use isa::Isa;
pub use layout::Comparison;
pub use map::{Binary, Unary};
pub use peak::multiply_adds;
pub use reduce::Reduction;
pub use simd::Element;
