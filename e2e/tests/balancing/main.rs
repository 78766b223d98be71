//! Which server gets a request, and what happens when one cannot take it.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests"
)]

mod failing_over;
mod keyed;
mod turns;

use tombolo_e2e::{Origin, scripts};

/// Origins that answer with their number.
fn origins(count: usize) -> Vec<Origin> {
    (0..count).map(|n| Origin::start(scripts::answer(scripts::ok(&n.to_string())))).collect()
}
