//! One module for each command: arguments to a plan, and what is done with it.

pub mod batch_size;
pub mod bench;
pub mod completions;
pub mod evaluate;
pub mod ewma;
pub mod inspect;
pub mod predict;
pub mod resume;
pub mod show;
pub mod steer;
pub mod train;
pub mod tune;
