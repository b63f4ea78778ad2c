//! Every derivative against central differences, and the conventions where there is no derivative.

mod builders;
mod conventions;
mod differences;
mod operations;
