//! The program `caviar`.

fn main() {}
