//! What every request meets first.

use std::net::TcpListener;
use std::time::Instant;

use crate::on_both;
use crate::replicas::{PATIENCE, Replica, Store};

on_both!(a_replica_is_well_and_tells_who_it_is);

fn a_replica_is_well_and_tells_who_it_is(store: Store) {
    let replica = store.replica_with(|settings| settings.replica = Some("library-7".into()));
    for target in ["/health", "/health/reads"] {
        let health = replica.get(target);
        assert_eq!((health.status, health.field("X-Replica")), (200, Some("library-7")));
        assert_eq!(health.json()["writes"]["ok"], true);
    }
    let nothing = replica.get("/library/api/nothing");
    assert_eq!(nothing.status, 404);
    assert_eq!(nothing.field("Content-Type"), Some("application/problem+json"));
    let me = replica.get("/library/api/users/me");
    assert_eq!((me.status, me.field("WWW-Authenticate").is_some()), (401, true));
}

#[test]
fn a_replica_that_waits_for_its_database_says_so_and_can_be_ended() {
    // Takes connections and says nothing.
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("postgres://ann@{}/library?sslmode=disable", silent.local_addr().unwrap());
    let store = Store::sqlite();
    let mut settings = store.settings();
    settings.database = url.parse().unwrap();
    let replica = Replica::start(settings);
    let health = replica.get("/health");
    assert_eq!((health.status, health.json()["status"].as_str()), (503, Some("starting")));
    let users = replica.get("/library/api/users");
    assert_eq!((users.status, users.field("Retry-After")), (503, Some("1")));
    let start = Instant::now();
    replica.trigger.drain();
    replica.ended().unwrap();
    assert!(start.elapsed() < PATIENCE / 4, "{:?}", start.elapsed());
}

#[test]
fn the_description_of_the_api_can_be_read_and_tried() {
    let store = Store::sqlite();
    let replica = store.replica();
    let description = replica.get("/library/openapi.json");
    assert!(description.json()["paths"]["/library/api/users/me"]["get"].is_object());
    let page = replica.get("/library/docs/");
    assert_eq!((page.status, page.field("Content-Type").unwrap_or_default()), (200, "text/html"));
}
