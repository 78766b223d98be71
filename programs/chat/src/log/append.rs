//! Takes posts into the log: one transaction for many. The room's row is locked before its next
//! number is taken, so numbers become visible in their order; rooms are locked in the order of
//! their names, so that two replicas never wait for each other. Lists go in as JSON.

use std::collections::{BTreeMap, HashMap};

use serde_json::json;
use tombolo_storage::{Error, Query, Row, Work};

use super::plan::{Plan, RoomState, first_kept, plan};
use super::{Outcome, Post, from_signed, to_signed};
use crate::limits;
use crate::message::Message;

/// Takes posts in, in this order.
pub(super) async fn append(
    work: &mut Work<'_>,
    replica: &str,
    posts: &[Post],
    history: u64,
) -> Result<Vec<Outcome>, Error> {
    let mut rooms: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    for (index, post) in posts.iter().enumerate() {
        rooms.entry(post.room.as_str()).or_default().push(index);
    }
    let mut outcomes = vec![Outcome::TooManyRooms; posts.len()];
    for (name, indexes) in rooms {
        let those: Vec<&Post> = indexes.iter().filter_map(|index| posts.get(*index)).collect();
        let Some(room) = lock_room(work, name).await? else { continue };
        let held = held(work, name, room, &those).await?;
        let plan = plan(room, replica, &those, &held);
        write(work, room, &plan, history).await?;
        for (index, outcome) in indexes.into_iter().zip(plan.outcomes) {
            if let Some(place) = outcomes.get_mut(index) {
                *place = outcome;
            }
        }
    }
    Ok(outcomes)
}

/// The room, locked until the commit and made if it is missing; None when there are too many.
async fn lock_room(work: &mut Work<'_>, name: &str) -> Result<Option<RoomState>, Error> {
    // A SQLite transaction holds the whole file already.
    let find = || {
        let sqlite = "SELECT id, first_seq, last_seq FROM chat_room WHERE name = $1";
        let postgres = "SELECT id, first_seq, last_seq FROM chat_room WHERE name = $1 FOR UPDATE";
        Query::of_each(sqlite, postgres).bind(name)
    };
    if let Some(row) = work.row(find()).await? {
        return room_state(&row).map(Some);
    }
    // Another replica may make it meanwhile: then theirs is taken.
    let make = "INSERT INTO chat_room (name, first_seq, last_seq, updated)
        SELECT $1, 1, 0, 0 WHERE (SELECT count(*) FROM chat_room) < $2
        ON CONFLICT (name) DO NOTHING";
    work.run(Query::new(make).bind(name).bind(limits::ROOMS)).await?;
    work.row(find()).await?.as_ref().map(room_state).transpose()
}

fn room_state(row: &Row) -> Result<RoomState, Error> {
    Ok(RoomState {
        id: row.get(0)?,
        first: from_signed(row.get(1)?),
        last: from_signed(row.get(2)?),
    })
}

/// The messages that some of these posts have become already, by log key.
async fn held(
    work: &mut Work<'_>,
    name: &str,
    room: RoomState,
    posts: &[&Post],
) -> Result<HashMap<String, Message>, Error> {
    let keys: Vec<String> = posts.iter().map(|post| post.log_key()).collect();
    let sqlite = "SELECT seq, id, author, text, time, replica, key FROM chat_message
        WHERE room = $1 AND key IN (SELECT value FROM json_each($2))";
    let postgres = "SELECT seq, id, author, text, time, replica, key FROM chat_message
        WHERE room = $1 AND key = ANY (ARRAY(SELECT json_array_elements_text($2::json)))";
    let find = Query::of_each(sqlite, postgres).bind(room.id).bind(json!(keys).to_string());
    let rows = work.rows(find).await?;
    rows.iter().map(|row| Ok((row.get(6)?, super::page::message(name, row, 0)?))).collect()
}

async fn write(
    work: &mut Work<'_>,
    room: RoomState,
    plan: &Plan,
    history: u64,
) -> Result<(), Error> {
    let Some((newest, _)) = plan.inserts.last() else { return Ok(()) };
    let rows: Vec<_> = plan
        .inserts
        .iter()
        .map(|(m, key)| json!([m.seq, m.id, m.author, m.text, m.time, m.replica, key]))
        .collect();
    let sqlite = "INSERT INTO chat_message (room, seq, id, author, text, time, replica, key)
        SELECT $1, value ->> 0, value ->> 1, value ->> 2, value ->> 3, value ->> 4, value ->> 5,
            value ->> 6 FROM json_each($2)";
    let postgres = "INSERT INTO chat_message (room, seq, id, author, text, time, replica, key)
        SELECT $1, (value ->> 0)::bigint, value ->> 1, value ->> 2, value ->> 3,
            (value ->> 4)::bigint, value ->> 5, value ->> 6
        FROM json_array_elements($2::json)";
    let rows = serde_json::Value::from(rows).to_string();
    work.run(Query::of_each(sqlite, postgres).bind(room.id).bind(rows)).await?;
    let first = first_kept(room, newest.seq, history);
    if first > room.first {
        let trim = Query::new("DELETE FROM chat_message WHERE room = $1 AND seq < $2");
        work.run(trim.bind(room.id).bind(to_signed(first))).await?;
    }
    let update = "UPDATE chat_room SET first_seq = $1, last_seq = $2, updated = $3 WHERE id = $4";
    let update = Query::new(update).bind(to_signed(first)).bind(to_signed(newest.seq));
    work.run(update.bind(newest.time).bind(room.id)).await.map(drop)
}
