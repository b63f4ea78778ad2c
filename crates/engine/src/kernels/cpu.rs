//! What a kernel runs on.

use crate::kernels::gang::Gang;
use crate::kernels::isa::Isa;

/// An instruction set and the threads that share one kernel's work. Neither changes a bit of any result.
#[derive(Debug)]
pub struct Cpu {
    /// The instruction set that the kernels use.
    pub isa: Isa,
    /// The threads that large kernels are spread over.
    pub gang: Gang,
}
