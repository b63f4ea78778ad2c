//! The value of each operation, against plain loops.

#[path = "operations/elementwise.rs"]
mod elementwise;
#[path = "operations/evaluate.rs"]
mod evaluate;
#[path = "operations/layout.rs"]
mod layout;
#[path = "operations/random.rs"]
mod random;
#[path = "operations/sums.rs"]
mod sums;
