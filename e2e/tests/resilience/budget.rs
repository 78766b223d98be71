//! Repeats are paid for: servers that fail are not overrun on top.

use crate::load::Load;
use crate::moods::{Mood, Moody};
use crate::{start, upstream};
use tombolo_e2e::Setup;

/// With every server failing half of its requests, those upstream exceed those of clients by the
/// budget and no more.
#[test]
fn repeats_stay_within_the_budget() {
    let servers: Vec<Moody> = (0..3).map(|_| Moody::start(Mood::Unsteady)).collect();
    let lines = "ejection = false\nretry_budget = { percent = 20, per_second = 0 }";
    let setup = Setup::to_all(servers.iter().map(|server| &server.origin)).upstream(lines);
    let (gateway, admin) = start(setup);
    let load = Load::start(gateway.address(), 4);
    load.go_on(1000);
    let outcomes = load.stop();
    let requests: u64 = outcomes.values().sum();
    let taken: u64 = servers.iter().map(|server| server.taken() as u64).sum();
    let told = upstream(admin);
    let repeats = told["retries"]["granted"].as_u64().unwrap();
    assert!(repeats <= requests / 5, "{repeats} repeats of {requests} requests");
    assert!(repeats > requests / 8, "{repeats} repeats of {requests} requests: it is used up");
    assert!(told["retries"]["refused"].as_u64().unwrap() > 0);
    assert!(taken <= requests + repeats, "{taken} taken, {requests} asked, {repeats} repeats");
    assert!(outcomes.get("502").is_some_and(|failed| *failed > 0), "{outcomes:?}");
}
