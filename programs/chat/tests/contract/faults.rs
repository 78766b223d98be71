//! The database misbehaves: what was promised holds, and the replica heals or ends.

use std::net::TcpStream;
use std::time::{Duration, Instant};

use tombolo_chat::Error;
use tombolo_e2e::{Link, Postgres, eventually};

use crate::client::{post, request};
use crate::replicas::{Replica, Store};

/// A replica whose PostgreSQL is behind a link.
fn linked() -> Option<(Store, Link, Replica)> {
    let store = Store::postgres()?;
    let link = Link::to(store.server.as_ref().unwrap().socket());
    let url = Postgres::url_by(&link).parse().unwrap();
    let replica = store.replica_with(|options| options.database = url);
    Some((store, link, replica))
}

#[test]
fn a_database_far_away_is_used_in_few_round_trips() {
    let Some((_store, link, replica)) = linked() else { return };
    replica.say("lobby", ["near".into()]);
    // A round trip takes 200 ms.
    link.set_delay(Duration::from_millis(100));
    let start = Instant::now();
    replica.say("lobby", ["far".into()]);
    assert!(start.elapsed() < Duration::from_millis(900), "{:?}", start.elapsed());
    assert_eq!(replica.get("/health").status, 200);
    link.set_delay(Duration::ZERO);
}

#[test]
fn forgotten_connections_hold_nobody_up_for_long() {
    let Some((_store, link, replica)) = linked() else { return };
    replica.say("lobby", ["before".into()]);
    assert_eq!(replica.get("/chat/rooms/lobby/messages").status, 200);
    let mut stream = replica.events("lobby", "after=0", None);
    assert_eq!(stream.numbers(1), [1]);
    link.forget();
    let start = Instant::now();
    let reading = std::thread::spawn({
        let address = replica.address;
        move || request(address, "GET", "/chat/rooms/lobby/messages", &[], "").status
    });
    // The first try takes its time; the next is on a new connection.
    replica.say("lobby", ["after".into()]);
    assert!(start.elapsed() < Duration::from_secs(9), "{:?}", start.elapsed());
    let read = reading.join().unwrap();
    assert!(read == 200 || read == 503, "{read}");
    eventually("reads that work again", || {
        (replica.get("/chat/rooms/lobby/messages").status == 200).then_some(())
    });
    assert_eq!(stream.numbers(1), [2]);
}

#[test]
fn clients_that_leave_leave_no_transaction_behind() {
    let Some((store, link, replica)) = linked() else { return };
    replica.say("lobby", ["one".into()]);
    link.set_delay(Duration::from_millis(5));
    for number in 0..40 {
        let mut client = TcpStream::connect(replica.address).unwrap();
        let get = "GET /chat/rooms/lobby/messages HTTP/1.1\r\nHost: x\r\n\r\n";
        std::io::Write::write_all(&mut client, get.as_bytes()).unwrap();
        std::thread::sleep(Duration::from_millis(number % 20));
    }
    link.set_delay(Duration::ZERO);
    replica.say("lobby", (0..10).map(|n| n.to_string()));
    eventually("no transaction without an owner", || {
        let open = "SELECT count(*) FROM pg_stat_activity WHERE state LIKE 'idle in%'";
        (store.server.as_ref().unwrap().query(open) == "0").then_some(())
    });
    assert_eq!(replica.get("/chat/rooms").json()["rooms"][0]["last"], 11);
}

#[test]
fn durability_does_not_follow_a_weaker_configuration() {
    let Some(store) = Store::postgres() else { return };
    let server = store.server.as_ref().unwrap();
    let replica = store.replica();
    replica.say("lobby", ["one".into()]);
    // Each post writes down what the setting was when it was stored.
    server.query(
        "CREATE TABLE seen (setting text);
         CREATE FUNCTION see() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
             INSERT INTO seen VALUES (current_setting('synchronous_commit')); RETURN NEW; END $$;
         CREATE TRIGGER see AFTER INSERT ON chat_message FOR EACH ROW EXECUTE FUNCTION see();",
    );
    server.query("ALTER SYSTEM SET synchronous_commit = off");
    server.query("SELECT pg_reload_conf()");
    eventually("the reload", || (server.query("SHOW synchronous_commit") == "off").then_some(()));
    // The connection that was open, and one of a replica that starts now.
    replica.say("lobby", ["two".into()]);
    store.replica().say("lobby", ["three".into()]);
    assert_eq!(server.query("SELECT string_agg(setting, ' ') FROM seen"), "on on");
}

/// What a post reads does not grow with its room.
#[test]
fn a_post_to_a_long_room_reads_no_more_than_to_a_short_one() {
    const POSTS: usize = 20;
    let Some(store) = Store::postgres() else { return };
    let replica = store.replica_with(|options| options.history = 0);
    replica.say("lobby", ["first".into()]);
    let server = store.server.as_ref().unwrap();
    server.query(
        "INSERT INTO chat_message (room, seq, id, author, text, time, replica, key)
        SELECT 1, n, n, 'a', 'b', 0, 'r', n FROM generate_series(2, 5000) AS n;
        UPDATE chat_room SET last_seq = 5000",
    );
    for number in 0..POSTS {
        assert_eq!(post(replica.address, "lobby", None, "Ana", &number.to_string()).status, 201);
    }
    // The server's figures come after the fact.
    let read = eventually("the figures of the posts", || {
        let figures = server.query(
            "SELECT n_tup_ins, idx_tup_fetch + seq_tup_read FROM pg_stat_user_tables
            WHERE relname = 'chat_message'",
        );
        let (inserted, read) = figures.split_once('|')?;
        let is_all = inserted.parse::<usize>().unwrap() >= 5000 + POSTS;
        is_all.then(|| read.parse::<usize>().unwrap())
    });
    assert!(read < 3000, "{read} rows were read for {POSTS} posts");
}

#[test]
fn one_bad_post_fails_alone() {
    let Some(store) = Store::postgres() else { return };
    let replica = store.replica();
    replica.say("lobby", ["first".into()]);
    let server = store.server.as_ref().unwrap();
    server.query("ALTER TABLE chat_message ADD CHECK (text <> 'bad')");
    let address = replica.address;
    let posts = (0..20).map(|number| {
        std::thread::spawn(move || {
            let text = if number == 7 { "bad".to_owned() } else { number.to_string() };
            (text.clone(), post(address, "lobby", None, "Ana", &text).status)
        })
    });
    for posting in posts.collect::<Vec<_>>() {
        let (text, status) = posting.join().unwrap();
        assert_eq!(status, if text == "bad" { 503 } else { 201 }, "{text}");
    }
}

#[test]
fn a_replica_whose_tables_are_dropped_ends() {
    let Some(store) = Store::postgres() else { return };
    let replica = store.replica();
    replica.say("lobby", ["one".into()]);
    store.server.as_ref().unwrap().query("DROP TABLE chat_message, chat_room, chat_log");
    let ended = replica.ended();
    assert!(matches!(ended, Err(Error::Gone(_))), "{ended:?}");
}
