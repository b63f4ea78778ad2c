//! What the example programs share: [`picture`] draws, [`points`] makes tables of points to learn from.
//!
//! The programs lie beside this folder, one for each technique: `cargo run -p caviar-examples --example averages`. Each
//! ends in assertions on numbers that are known without it, and leaves a picture in `target/pictures`.

pub mod picture;
pub mod points;
