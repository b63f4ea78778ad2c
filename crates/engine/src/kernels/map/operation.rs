//! The elementwise operations and their arithmetic.

use crate::kernels::simd::{Element, Simd};
use crate::real::Real;
use std::fmt;

macro_rules! operations {
    ($(#[$doc:meta])* $kind:ident { $($(#[$line:meta])* $variant:ident = $name:literal,)+ }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum $kind {
            $($(#[$line])* $variant,)+
        }

        impl $kind {
            /// Every one of them.
            pub const ALL: &[$kind] = &[$($kind::$variant),+];

            /// The name in lower case.
            pub fn name(self) -> &'static str {
                match self {
                    $($kind::$variant => $name,)+
                }
            }
        }

        impl fmt::Display for $kind {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.name())
            }
        }
    };
}

operations! {
    /// An elementwise function of one tensor. NaN gives NaN, except in [`Unary::Step`].
    Unary {
        /// `−x`.
        Neg = "neg",
        /// `x²`.
        Square = "square",
        /// `√x`, correctly rounded; NaN below 0.
        Sqrt = "sqrt",
        /// `eˣ`.
        Exp = "exp",
        /// The natural logarithm; −∞ at 0, NaN below.
        Log = "log",
        /// `|x|`.
        Abs = "abs",
        /// −1 below 0, 1 above, 0 at 0.
        Sign = "sign",
        /// 1 above 0, otherwise 0.
        Step = "step",
        /// `max(x, 0)`.
        Relu = "relu",
        /// `1 / (1 + e⁻ˣ)`.
        Sigmoid = "sigmoid",
        /// The hyperbolic tangent.
        Tanh = "tanh",
        /// The error function.
        Erf = "erf",
        /// `ln(1 + eˣ)`.
        Softplus = "softplus",
        /// `1 / x`.
        Reciprocal = "reciprocal",
    }
}

operations! {
    /// An elementwise function of two tensors.
    Binary {
        /// `a + b`.
        Add = "add",
        /// `a − b`.
        Sub = "sub",
        /// `a · b`.
        Mul = "mul",
        /// `a / b`.
        Div = "div",
        /// `aᵇ`, computed in `f64`.
        Pow = "pow",
        /// The larger; NaN where either is.
        Max = "max",
        /// The smaller; NaN where either is.
        Min = "min",
    }
}

/// Elements that a function of one vector is applied to.
pub trait Singles<S: Simd> {
    /// Applies `f`, sixteen at a time.
    ///
    /// # Safety
    /// What the implementing type points to must be there.
    unsafe fn each(&self, s: S, f: impl Fn(S::V) -> S::V);
}

/// Pairs of elements that a function of two vectors is applied to.
pub trait Pairs<S: Simd> {
    /// Applies `f`, sixteen at a time.
    ///
    /// # Safety
    /// What the implementing type points to must be there.
    unsafe fn each(&self, s: S, f: impl Fn(S::V, S::V) -> S::V);
}

/// Applies a function of the closure form to all elements: the choice of the operation stays outside the loop.
macro_rules! each {
    ($on:ident, $s:ident, |$($operand:ident),+| $body:expr) => {
        $on.each(
            $s,
            #[inline(always)]
            |$($operand),+| $body,
        )
    };
}

/// # Safety
/// That of [`Singles::each`].
#[inline(always)]
pub unsafe fn unary<S: Simd<Elem: Real>>(s: S, op: Unary, on: &impl Singles<S>) {
    let (zero, one) = (s.splat(S::Elem::ZERO), s.splat(S::Elem::ONE));
    // SAFETY: the caller's.
    unsafe {
        match op {
            Unary::Neg => each!(on, s, |x| s.neg(x)),
            Unary::Square => each!(on, s, |x| s.mul(x, x)),
            Unary::Sqrt => each!(on, s, |x| s.sqrt(x)),
            Unary::Exp => each!(on, s, |x| <S::Elem as Element>::exp(s, x)),
            Unary::Log => each!(on, s, |x| <S::Elem as Element>::ln(s, x)),
            Unary::Abs => each!(on, s, |x| s.abs(x)),
            Unary::Sign => each!(on, s, |x| {
                let below = s.select(s.less(x, zero), s.neg(one), x);
                s.select(s.less(zero, x), one, below)
            }),
            Unary::Step => each!(on, s, |x| s.select(s.less(zero, x), one, zero)),
            Unary::Relu => each!(on, s, |x| s.max(zero, x)),
            Unary::Sigmoid => each!(on, s, |x| <S::Elem as Element>::sigmoid(s, x)),
            Unary::Tanh => each!(on, s, |x| <S::Elem as Element>::tanh(s, x)),
            Unary::Erf => each!(on, s, |x| <S::Elem as Element>::erf(s, x)),
            Unary::Softplus => each!(on, s, |x| <S::Elem as Element>::softplus(s, x)),
            Unary::Reciprocal => each!(on, s, |x| s.div(one, x)),
        }
    }
}

/// # Safety
/// That of [`Pairs::each`].
#[inline(always)]
pub unsafe fn binary<S: Simd<Elem: Real>>(s: S, op: Binary, on: &impl Pairs<S>) {
    // SAFETY: the caller's.
    unsafe {
        match op {
            Binary::Add => each!(on, s, |a, b| s.add(a, b)),
            Binary::Sub => each!(on, s, |a, b| s.sub(a, b)),
            Binary::Mul => each!(on, s, |a, b| s.mul(a, b)),
            Binary::Div => each!(on, s, |a, b| s.div(a, b)),
            Binary::Pow => each!(on, s, |a, b| <S::Elem as Element>::pow(s, a, b)),
            Binary::Max => each!(on, s, |a, b| max(s, a, b)),
            Binary::Min => each!(on, s, |a, b| min(s, a, b)),
        }
    }
}

/// The larger, NaN where either is NaN.
#[inline(always)]
pub fn max<S: Simd>(s: S, a: S::V, b: S::V) -> S::V {
    s.select(s.unordered(a, a), a, s.max(a, b))
}

/// The smaller, NaN where either is NaN.
#[inline(always)]
pub fn min<S: Simd>(s: S, a: S::V, b: S::V) -> S::V {
    s.select(s.unordered(a, a), a, s.min(a, b))
}
