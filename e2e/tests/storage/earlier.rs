//! Databases that an earlier program made are opened by this one: everything is there, in its order,
//! and goes on. `earlier/` holds them as SQL.

use serde_json::json;
use tombolo_e2e::{Foreign, Postgres, eventually};

use crate::replica::{get, request, start};

const SQLITE: &str = include_str!("earlier/sqlite.sql");
const POSTGRES: &str = include_str!("earlier/postgres.sql");

/// The numbers of the messages that went to each room, in their order.
const LOBBY: [u32; 8] = [1, 2, 4, 5, 7, 8, 10, 11];
const TEAM: [u32; 4] = [0, 3, 6, 9];

fn text(number: u32) -> String {
    format!("message {number} — ñ 'quoted' \u{1f600}")
}

#[test]
fn a_sqlite_file_of_an_earlier_program_goes_on() {
    let folder = tempfile::tempdir().unwrap();
    let make = "import sqlite3, sys; sqlite3.connect('chat.db').executescript(sys.stdin.read())";
    let make = Foreign::program("python3", "python3").args(["-c", make]).folder(folder.path());
    make.input(SQLITE).run().succeeded();
    goes_on(&format!("sqlite:{}", folder.path().join("chat.db").display()));
}

#[test]
fn a_postgres_database_of_an_earlier_program_goes_on() {
    let Some(postgres) = Postgres::start() else { return };
    postgres.query(POSTGRES);
    goes_on(&postgres.url());
}

fn goes_on(database: &str) {
    // Two at once: one changes the tables, the other waits for it.
    let replicas = [start(database), start(database)];
    for (room, numbers) in [("lobby", &LOBBY[..]), ("team", &TEAM[..])] {
        let target = format!("/chat/rooms/{room}/messages");
        for replica in &replicas {
            let page = eventually("the messages", || {
                get(replica.address(), &target).filter(|(status, _)| *status == 200)
            });
            let there = page.1["messages"].as_array().unwrap().iter();
            let there: Vec<_> = there
                .map(|message| {
                    (message["seq"].as_u64(), message["text"].as_str().map(str::to_owned))
                })
                .collect();
            let expected = (1..).zip(numbers);
            let expected: Vec<_> =
                expected.map(|(seq, number)| (Some(seq), Some(text(*number)))).collect();
            assert_eq!(there, expected, "{room}");
        }
    }
    let post = |index: usize, key: &str, text: &str| {
        let body = json!({"author": "Ana", "text": text}).to_string();
        let length = body.len();
        let answer = request(
            replicas[index].address(),
            &format!(
                "POST /chat/rooms/lobby/messages HTTP/1.0\r\nHost: e2e\r\nContent-Type: \
                 application/json\r\nIdempotency-Key: {key}\r\nContent-Length: {length}\r\n\r\n{body}"
            ),
        );
        let (status, answer) = answer.unwrap();
        (status, answer["seq"].as_u64())
    };
    // A post whose answer was lost before the program was replaced is known again.
    assert_eq!(post(0, "key-11", &text(11)), (200, Some(8)));
    assert_eq!(post(1, "key-12", "goes on"), (201, Some(9)));
    assert_eq!(post(0, "key-13", "and on"), (201, Some(10)));
}
