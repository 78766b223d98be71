//! `cargo xtask`: test, tidy and bench.
fn main() {}
