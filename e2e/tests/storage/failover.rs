//! A standby that was promoted lacks what was committed last: an epoch says so, whatever is used.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use tombolo_e2e::{Link, Postgres, eventually};

use crate::replica::{ROOM, epoch, get, log, post_surely, start};

/// What a reader is sent that comes back with this id, up to its first event with data.
fn resumed(server: SocketAddr, id: &str) -> String {
    let mut stream = TcpStream::connect(server).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
    let head = format!("GET {ROOM}/events HTTP/1.0\r\nHost: e2e\r\nLast-Event-ID: {id}\r\n\r\n");
    stream.write_all(head.as_bytes()).unwrap();
    let (mut text, mut bytes) = (String::new(), [0; 4096]);
    while !text.contains("data:") {
        let count = stream.read(&mut bytes).unwrap();
        assert!(count > 0, "the stream ended: {text}");
        text += &String::from_utf8_lossy(&bytes[..count]);
    }
    text
}

#[test]
fn what_a_failover_loses_is_said_by_an_epoch() {
    let Some(primary) = Postgres::start() else { return };
    let link = Link::to(primary.socket());
    let replica = start(&format!("postgres://tombolo@{}/postgres?sslmode=disable", link.address()));
    let server = replica.address();
    for number in 0..10 {
        post_surely(server, &format!("both-{number}"));
    }
    let standby = primary.standby();
    eventually("the standby to have it all", || {
        (standby.query("SELECT count(*) FROM chat_message") == "10").then_some(())
    });
    // The standby hears nothing any more: what follows is on the primary alone.
    standby.stop_following();
    for number in 0..5 {
        post_surely(server, &format!("lost-{number}"));
    }
    let before = epoch(server);
    standby.promote();
    link.lead_to(standby.socket());
    link.cut();
    for number in 0..8 {
        let seq = post_surely(server, &format!("after-{number}"));
        assert_eq!(seq, 11 + number, "numbers are given again, under another epoch");
    }
    assert_ne!(epoch(server), before);
    assert!(!log(server).iter().any(|text| text.starts_with("lost")));
    let seen = format!("{before}-15");
    let text = resumed(server, &seen);
    assert!(text.contains("event: reset") && text.contains("\"epoch\""), "{text}");
    let health =
        eventually("health", || get(server, "/health").filter(|(status, _)| *status == 200));
    assert_eq!(health.0, 200);
}
