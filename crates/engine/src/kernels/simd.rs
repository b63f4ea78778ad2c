//! (being written)

/// Names the vector types of an element type, one per instruction set.
pub trait Element {}
impl Element for f32 {}
impl Element for f64 {}
