//! Measured comparisons.
fn main() {}
