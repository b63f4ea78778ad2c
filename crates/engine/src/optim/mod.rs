//! Optimizers: how a gradient changes the weights.
//!
//! Three plain values, none of which hides the others: an [`Optimizer`] is the rule, [`Settings`] are its
//! hyperparameters, read at every step, and [`OptimizerState`] is what it remembers beside the slots of each parameter.
//! A [`Minimizer`] is a rule with the settings to start with; [`Adam::new`] and its like build one.
//!
//! ```
//! use caviar_engine::optim::{Minimizer, Momentum, Optimizer};
//!
//! let minimizer: Minimizer = Momentum::new(0.1)?.with_beta(0.5)?.into();
//! assert_eq!(minimizer.optimizer, Optimizer::Momentum);
//!
//! // The minimum of w²/2, whose derivative is w.
//! let (mut w, mut v) = ([1.0_f64], [0.0]);
//! let mut state = Default::default();
//! for _ in 0..200 {
//!     let gradient = w;
//!     state = minimizer.update(state, &mut w, &gradient, &mut [&mut v]);
//! }
//! assert!(w[0].abs() < 1e-6);
//! # Ok::<(), caviar_engine::optim::SpecError>(())
//! ```

mod adam;
mod clip;
pub(crate) mod error;
mod gd;
mod kind;
mod minimizer;
mod momentum;
mod rmsprop;
mod settings;
mod state;
mod update;

pub use adam::{Adam, AdamW};
pub use error::SpecError;
pub use gd::Descent;
pub use kind::Optimizer;
pub use minimizer::Minimizer;
pub use momentum::{Momentum, MomentumAccumulating, Nesterov};
pub use rmsprop::RmsProp;
pub use settings::Settings;
pub use state::OptimizerState;
pub(crate) use update::update;
