//! Every limit and deadline, seen from outside: what is cut, with which answer, and that nothing of
//! it stays behind.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests"
)]

mod bodies;
mod connections;
mod descriptors;
mod early_answers;
mod families;
mod heads;
mod memory_shares;
mod pace;
mod protocols;
mod streams;
mod upstream_failures;
mod upstream_slow;
mod vanishing;

use tombolo_e2e::{Origin, eventually, scripts};

/// An origin that answers everything.
fn willing() -> Origin {
    Origin::start(scripts::answer(scripts::ok("ok")))
}

/// Waits until the gateway has closed every connection to this origin.
fn let_go(origin: &Origin) {
    eventually("the gateway to close its upstream connections", || {
        (origin.open() == 0).then_some(())
    });
}
