//! What cannot be made up for is said.

use sqlx::migrate::Migrator;
use tombolo_storage::{Database, Deadline, Migrations, Query};

use crate::client::Stream;
use crate::on_both;
use crate::replicas::{PATIENCE, Store};

on_both!(
    what_is_no_longer_kept_is_said,
    another_log_is_said,
    a_place_that_was_never_reached_is_said,
    a_room_that_began_again_is_said,
);

/// The reset, and the number of the message after it.
fn reset(stream: &mut Stream) -> (serde_json::Value, u64) {
    let event = stream.next().unwrap();
    assert_eq!(event.kind, "reset", "{event:?}");
    let id = stream.id.clone();
    assert!(id.ends_with(&format!("-{}", event.data["after"])), "{id}");
    (event.data, stream.numbers(1)[0])
}

fn what_is_no_longer_kept_is_said(store: Store) {
    let replica = store.replica_with(|options| options.history = 10);
    replica.say("lobby", (0..30).map(|n| n.to_string()));
    let fresh = store.replica_with(|options| options.history = 10);
    let page = fresh.get("/chat/rooms/lobby/messages?after=1").json();
    let first = page["first"].as_u64().unwrap();
    assert!((20..=21).contains(&first) && page["trimmed"] == true, "{page}");
    let (said, next) = reset(&mut fresh.events("lobby", "after=1", None));
    assert_eq!((said["reason"].as_str(), next), (Some("trimmed"), first));
    // Nothing is missing right before the first that is kept.
    let mut stream = fresh.events("lobby", &format!("after={}", first - 1), None);
    assert_eq!(stream.numbers(1), [first]);
}

fn another_log_is_said(store: Store) {
    let replica = store.replica();
    replica.say("lobby", ["a".into(), "b".into()]);
    let (said, next) = reset(&mut replica.events("lobby", "", Some("abc-1")));
    assert_eq!((said["reason"].as_str(), next), (Some("epoch"), 1));
}

fn a_place_that_was_never_reached_is_said(store: Store) {
    let replica = store.replica();
    replica.say("lobby", ["a".into(), "b".into()]);
    let (said, next) = reset(&mut replica.events("lobby", "after=7", None));
    assert_eq!((said["reason"].as_str(), next), (Some("ahead"), 1));
}

/// Changes the tables behind the replicas' back.
fn change(store: &Store, statements: Vec<Query>) {
    static NOTHING: Migrator = Migrator::DEFAULT;
    let migrations = Migrations { service: "test", sqlite: &NOTHING, postgres: &NOTHING };
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        let database = Database::open(&store.url(), &migrations).await.unwrap();
        let changing = database.write(Deadline::after(PATIENCE), |work| {
            Box::pin(async move {
                for statement in statements {
                    work.run(statement).await?;
                }
                Ok(())
            })
        });
        changing.await.unwrap();
        database.close().await;
    });
}

/// A room that gave way to a new one and begins again gives none of its numbers twice.
fn a_room_that_began_again_is_said(store: Store) {
    const ROOMS: i64 = 10_000;
    let replica = store.replica();
    replica.say("old", ["a".into(), "b".into(), "c".into()]);
    let mut stream = replica.events("old", "after=0", None);
    stream.numbers(2);
    let at_two = stream.id.clone();
    drop(stream);
    let fill = "INSERT INTO chat_room (name, first_seq, last_seq, updated)
        WITH RECURSIVE n (i) AS (SELECT 2 UNION ALL SELECT i + 1 FROM n WHERE i < $1)
        SELECT 'room-' || i, 1, 1, $2 FROM n";
    let age = "UPDATE chat_room SET updated = $1 WHERE name = $2";
    change(
        &store,
        vec![
            Query::new(fill).bind(ROOMS).bind(i64::MAX),
            Query::new(age).bind(1_i64).bind("old"),
            Query::new(age).bind(2_i64).bind("room-7"),
        ],
    );
    replica.say("new", ["one".into()]);
    let gone = replica.get("/chat/rooms/old/messages").json();
    assert_eq!(gone["last"], 0, "{gone}");
    replica.say("old", ["d".into(), "e".into()]);
    let fresh = store.replica();
    for replica in [&replica, &fresh] {
        let page = replica.get("/chat/rooms/old/messages").json();
        assert_eq!((page["first"].as_u64(), page["last"].as_u64()), (Some(4), Some(5)), "{page}");
    }
    // It has seen two of three messages that are gone.
    let (said, next) = reset(&mut fresh.events("old", "", Some(&at_two)));
    assert_eq!((said["reason"].as_str(), next), (Some("trimmed"), 4));
}

/// A copy of the file goes on from where it was made: the numbers after it mean something else.
#[test]
fn a_restored_copy_is_another_log() {
    let store = Store::sqlite();
    let path = store.url().file().unwrap();
    let copy = path.with_extension("copy");
    let replica = store.replica();
    replica.say("lobby", ["a".into()]);
    let mut stream = replica.events("lobby", "after=0", None);
    stream.numbers(1);
    replica.trigger.drain();
    replica.ended().unwrap();
    std::fs::copy(&path, &copy).unwrap();
    let replica = store.replica();
    replica.say("lobby", ["lost".into()]);
    replica.trigger.drain();
    replica.ended().unwrap();
    std::fs::rename(&copy, &path).unwrap();
    let replica = store.replica();
    replica.say("lobby", ["instead".into()]);
    let epoch = stream.id.split('-').next().unwrap().to_owned();
    let (said, _) = reset(&mut replica.events("lobby", "", Some(&format!("{epoch}-2"))));
    assert_eq!(said["reason"], "epoch");
}

#[test]
fn a_replica_whose_file_is_replaced_ends() {
    let store = Store::sqlite();
    let replica = store.replica();
    replica.say("lobby", ["a".into()]);
    let path = store.url().file().unwrap();
    std::fs::rename(&path, path.with_extension("away")).unwrap();
    let words = replica.ended().unwrap_err().to_string();
    assert!(words.contains("moved or replaced"), "{words}");
}
