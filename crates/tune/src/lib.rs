//! What to try next: spaces, scales, samplers and the study, without a thread, a clock or a file.
//!
//! A [`Space`] lists parameters, each on the [`Scale`] on which it should be searched; a [`Sampler`] turns keyed
//! uniform draws into configurations ([`Params`]); a [`Study`] is the state machine around them: **ask** what to train,
//! **report** scores while it trains, **tell** how it ended. Whoever owns threads, clocks and files drives it.
//!
//! Scores are normalized by the caller so that **lower is better**.
//!
//! ```
//! use caviar_tune::{Ask, Budget, Outcome, Parameter, Sampler, Scale, Space, Study, conformance};
//!
//! let space = Space::new(vec![
//!     Parameter::new("learning_rate", Scale::log(1e-4, 1.0)?),
//!     Parameter::new("layers", Scale::integer(1, 3)?),
//! ])?;
//! let uniform = conformance::keyed_uniform(7);
//! let mut study = Study::new(space, Sampler::Random, Budget::trials(25, 10)?);
//! while let Ask::Train(slice) = study.ask(&uniform) {
//!     let rate = slice.params.number("learning_rate").unwrap_or(f64::NAN);
//!     let score = (rate.log10() + 2.0).abs(); // stands for a training
//!     study.tell(slice.trial, Outcome::Complete { score, epochs: slice.to_epoch })?;
//! }
//! let best = study.best().ok_or("no trial succeeded")?;
//! assert!(best.score.is_some_and(|score| score < 0.5));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod budget;
pub mod conformance;
mod error;
mod grid;
mod nearest;
mod rungs;
mod sampler;
mod scale;
mod sobol;
mod space;
mod study;
mod trial;
mod value;
mod zoom;

pub use budget::Budget;
pub use error::SearchError;
pub use grid::Grid;
pub use nearest::nearest;
pub use sampler::{Draws, Sampler, Uniform};
pub use scale::{Scale, ScaleForm};
pub use space::{Condition, Parameter, Space, Test};
pub use study::{Ask, End, Study};
pub use trial::{Outcome, Slice, Trial, TrialState};
pub use value::{Params, Value};
