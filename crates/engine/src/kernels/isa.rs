//! Which instruction set a kernel runs on.

use super::simd::{Element, Kernel, Simd};
use std::fmt;
use std::sync::OnceLock;

/// An instruction set that the kernels are compiled for, from the plainest to the widest. All give the same bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Isa {
    /// What every machine has.
    Portable,
    /// AVX2 with fused multiply-add (x86-64 since 2013).
    Avx2,
    /// AVX-512 with F, DQ, BW and VL.
    Avx512,
}

impl Isa {
    /// The widest one of this machine.
    #[inline]
    pub fn detect() -> Isa {
        static WIDEST: OnceLock<Isa> = OnceLock::new();
        *WIDEST.get_or_init(widest)
    }

    /// All that this machine has, the widest first.
    pub fn available() -> Vec<Isa> {
        let mut available = vec![Isa::Avx512, Isa::Avx2, Isa::Portable];
        available.retain(|&isa| isa <= Isa::detect());
        available
    }

    /// Runs the kernel with this instruction set, or with the widest one that the machine has where it lacks this one.
    #[inline]
    pub(crate) fn run<T: Element, K: Kernel<T>>(self, kernel: K) -> K::Output {
        match self.min(Isa::detect()) {
            #[cfg(target_arch = "x86_64")]
            // SAFETY: the machine has the features, by the minimum with what was detected.
            Isa::Avx512 => unsafe { run_avx512(kernel) },
            #[cfg(target_arch = "x86_64")]
            // SAFETY: the machine has the features, by the minimum with what was detected.
            Isa::Avx2 => unsafe { run_avx2(kernel) },
            _ => run_portable(kernel),
        }
    }
}

impl fmt::Display for Isa {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Isa::Portable => "portable",
            Isa::Avx2 => "AVX2",
            Isa::Avx512 => "AVX-512",
        })
    }
}

#[cfg(target_arch = "x86_64")]
fn widest() -> Isa {
    let avx2 = is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma");
    let avx512 = is_x86_feature_detected!("avx512f")
        && is_x86_feature_detected!("avx512dq")
        && is_x86_feature_detected!("avx512bw")
        && is_x86_feature_detected!("avx512vl");
    match (avx2, avx512) {
        (true, true) => Isa::Avx512,
        (true, false) => Isa::Avx2,
        (false, _) => Isa::Portable,
    }
}

#[cfg(not(target_arch = "x86_64"))]
fn widest() -> Isa {
    Isa::Portable
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx512f,avx512dq,avx512bw,avx512vl,avx2,fma")]
fn run_avx512<T: Element, K: Kernel<T>>(kernel: K) -> K::Output {
    // SAFETY: this function is entered only with these features.
    kernel.run(unsafe { T::Avx512::new() })
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,fma")]
fn run_avx2<T: Element, K: Kernel<T>>(kernel: K) -> K::Output {
    // SAFETY: this function is entered only with these features.
    kernel.run(unsafe { T::Avx2::new() })
}

fn run_portable<T: Element, K: Kernel<T>>(kernel: K) -> K::Output {
    // SAFETY: plain arrays need nothing of the machine.
    kernel.run(unsafe { T::Portable::new() })
}
