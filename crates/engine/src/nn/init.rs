//! Initial values of variables.

use crate::op::Rule;
use crate::real::Real;
use crate::rng::Stream;
use crate::shape::Dims;
use crate::tensor::Tensor;
use std::fmt;
use std::str::FromStr;
use std::sync::Arc;
use thiserror::Error;

/// Where the first value of a variable comes from.
///
/// For a weight `[in, out]`, `fan_in = in` and `fan_out = out`; for other ranks `fan_out` is the last size and `fan_in`
/// the product of the others (1 for rank 0 and 1). Random values come from a stream of their own for each variable,
/// keyed by the session's seed.
///
/// - **Reference:** He et al. 2015, <https://arxiv.org/abs/1502.01852>; Glorot & Bengio 2010.
///
/// ```
/// use caviar_engine::nn::Init;
/// assert_eq!("normal:0.01".parse(), Ok(Init::Normal { deviation: 0.01 }));
/// assert_eq!(Init::XavierUniform.to_string(), "xavier-uniform");
/// ```
#[derive(Clone, Debug, PartialEq)]
pub enum Init {
    /// All 0.
    Zeros,
    /// All one value.
    Constant(f64),
    /// Normal with mean 0.
    Normal {
        /// Its standard deviation, at least 0.
        deviation: f64,
    },
    /// Evenly in `[−limit, limit)`.
    Uniform {
        /// The bound, at least 0.
        limit: f64,
    },
    /// Normal with variance `2/fan_in`.
    He,
    /// Evenly within `±√(6/fan_in)`: the same variance as [`Init::He`].
    HeUniform,
    /// Normal with variance `2/(fan_in + fan_out)`.
    Xavier,
    /// Evenly within `±√(6/(fan_in + fan_out))`: the same variance as [`Init::Xavier`].
    XavierUniform,
    /// Given numbers, of the variable's shape.
    Values(Arc<Tensor<f64>>),
}

impl Init {
    /// Given numbers.
    pub fn values(tensor: Tensor<f64>) -> Self {
        Init::Values(Arc::new(tensor))
    }

    /// The rule that an initial value for a variable of `dims` breaks, if any.
    pub(crate) fn check(&self, dims: Dims) -> Result<(), Rule> {
        let at_least_zero = |name, got: f64| {
            if got >= 0.0 && got.is_finite() {
                Ok(())
            } else {
                Err(Rule::OutOfRange { name, got, want: "finite and at least 0" })
            }
        };
        match self {
            Init::Normal { deviation } => at_least_zero("init deviation", *deviation),
            Init::Uniform { limit } => at_least_zero("init limit", *limit),
            Init::Values(tensor) if tensor.dims() != dims => {
                Err(Rule::InitialShape { shape: dims.into(), got: tensor.dims().into() })
            }
            Init::Zeros
            | Init::Constant(_)
            | Init::He
            | Init::HeUniform
            | Init::Xavier
            | Init::XavierUniform
            | Init::Values(_) => Ok(()),
        }
    }

    /// Fills a variable of `dims`; element `i` is a function of the stream and `i` alone.
    pub(crate) fn fill<T: Real>(&self, dims: Dims, stream: &Stream, out: &mut [T]) {
        let (fan_in, fan_out) = fans(dims);
        match self {
            Init::Zeros => out.fill(T::ZERO),
            Init::Constant(value) => out.fill(T::from_f64(*value)),
            Init::Normal { deviation } => normal(stream, *deviation, out),
            Init::Uniform { limit } => uniform(stream, *limit, out),
            Init::He => normal(stream, (2.0 / fan_in).sqrt(), out),
            Init::HeUniform => uniform(stream, (6.0 / fan_in).sqrt(), out),
            Init::Xavier => normal(stream, (2.0 / (fan_in + fan_out)).sqrt(), out),
            Init::XavierUniform => uniform(stream, (6.0 / (fan_in + fan_out)).sqrt(), out),
            Init::Values(tensor) => {
                out.iter_mut().zip(tensor.data()).for_each(|(to, &from)| *to = T::from_f64(from));
            }
        }
    }
}

fn fans(dims: Dims) -> (f64, f64) {
    match dims.sizes() {
        [rest @ .., last] if !rest.is_empty() => (rest.iter().product::<usize>().max(1) as f64, (*last).max(1) as f64),
        [last] => (1.0, (*last).max(1) as f64),
        _ => (1.0, 1.0),
    }
}

fn normal<T: Real>(stream: &Stream, deviation: f64, out: &mut [T]) {
    out.iter_mut().zip(0..).for_each(|(x, index)| *x = T::from_f64(stream.normal(index) * deviation));
}

fn uniform<T: Real>(stream: &Stream, limit: f64, out: &mut [T]) {
    out.iter_mut().zip(0..).for_each(|(x, index)| *x = T::from_f64((stream.uniform(index) * 2.0 - 1.0) * limit));
}

impl fmt::Display for Init {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Init::Zeros => f.write_str("zeros"),
            Init::Constant(value) => write!(f, "constant:{value}"),
            Init::Normal { deviation } => write!(f, "normal:{deviation}"),
            Init::Uniform { limit } => write!(f, "uniform:{limit}"),
            Init::He => f.write_str("he"),
            Init::HeUniform => f.write_str("he-uniform"),
            Init::Xavier => f.write_str("xavier"),
            Init::XavierUniform => f.write_str("xavier-uniform"),
            Init::Values(tensor) => write!(f, "values {}", tensor.dims()),
        }
    }
}

/// A word that names no initializer.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error(
    "init {got}: must be zeros, constant:VALUE, normal:SD, uniform:LIMIT, he, he-uniform, xavier or xavier-uniform, \
     the numbers finite and at least 0"
)]
pub struct InitError {
    /// The word.
    pub got: String,
}

impl FromStr for Init {
    type Err = InitError;

    fn from_str(text: &str) -> Result<Self, InitError> {
        let error = || InitError { got: text.to_string() };
        let (word, number) = text.split_once(':').map_or((text, None), |(word, number)| (word, Some(number)));
        let value = number.map(str::parse::<f64>).transpose().map_err(|_| error())?;
        let init = match (word, value) {
            ("zeros", None) => Init::Zeros,
            ("constant", Some(value)) if value.is_finite() => Init::Constant(value),
            ("normal", Some(deviation)) => Init::Normal { deviation },
            ("uniform", Some(limit)) => Init::Uniform { limit },
            ("he", None) => Init::He,
            ("he-uniform", None) => Init::HeUniform,
            ("xavier", None) => Init::Xavier,
            ("xavier-uniform", None) => Init::XavierUniform,
            _ => return Err(error()),
        };
        init.check(().into()).map_err(|_| error())?;
        Ok(init)
    }
}
