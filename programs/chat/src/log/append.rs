//! Takes posts into the log: one transaction for many. Lists go in as JSON.
//!
//! SQLite is in this process: each step is a statement. A PostgreSQL server may be far away: there
//! the same steps are a function (`migrations/postgres/0003_floor.sql`), called in one round
//! trip. It locks a room's row before it takes the next number, so numbers become visible in their
//! order; rooms are locked in the order of their names, so that two replicas never wait for each
//! other. The contract's tests hold both together.

use std::collections::{BTreeMap, HashMap};

use serde_json::json;
use tombolo_storage::{Error, Query, Row, Work};

use super::plan::{Plan, RoomState, first_kept, judge, plan};
use super::{Outcome, Post, from_signed, to_signed};
use crate::limits;
use crate::message::Message;

/// Takes posts in, in this order, on SQLite.
pub(super) async fn append(
    work: &mut Work<'_>,
    replica: &str,
    posts: &[Post],
    history: u64,
) -> Result<Vec<Outcome>, Error> {
    let rooms = by_room(posts);
    let mut outcomes = vec![Outcome::TooManyRooms; posts.len()];
    for (name, indexes) in rooms {
        let those: Vec<&Post> = indexes.iter().filter_map(|index| posts.get(*index)).collect();
        let now = those.iter().map(|post| post.time).max().unwrap_or_default();
        let Some(room) = lock_room(work, name, now).await? else { continue };
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

/// Which posts go to which room, in the order of the names.
fn by_room(posts: &[Post]) -> BTreeMap<&str, Vec<usize>> {
    let mut rooms: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    for (index, post) in posts.iter().enumerate() {
        rooms.entry(post.room.as_str()).or_default().push(index);
    }
    rooms
}

/// The same on PostgreSQL: one statement, whose answer [`outcomes`] reads.
pub(super) fn call(replica: &str, posts: &[Post], history: u64) -> Query {
    let rooms = by_room(posts).into_iter().map(|(name, indexes)| {
        let those = indexes.into_iter().filter_map(|index| Some((index, posts.get(index)?)));
        let those = those.map(|(index, post)| {
            let (author, text) = (post.author.as_str(), post.text.clone().into_string());
            json!([index, post.log_key(), post.id, author, text, post.time, replica])
        });
        json!([name, those.collect::<Vec<_>>()])
    });
    let rooms = serde_json::Value::from(rooms.collect::<Vec<_>>()).to_string();
    let now = posts.iter().map(|post| post.time).max().unwrap_or_default();
    Query::new("SELECT * FROM chat_append($1::json, $2, $3, $4, $5)")
        .bind(rooms)
        .bind(limits::ROOMS)
        .bind(to_signed(history))
        .bind(to_signed(limits::TRIM))
        .bind(idle_before(now))
}

/// What became of each post, from the message that has its key now.
pub(super) fn outcomes(posts: &[Post], rows: &[Row]) -> Result<Vec<Outcome>, Error> {
    let mut outcomes = vec![Outcome::TooManyRooms; posts.len()];
    for row in rows {
        let index = usize::try_from(row.get::<i64>(0)?).unwrap_or(usize::MAX);
        let (Some(post), Some(place)) = (posts.get(index), outcomes.get_mut(index)) else {
            continue;
        };
        let message = super::page::message(post.room.as_str(), row, 1)?;
        *place = match message.id == post.id {
            true => Outcome::Stored(message),
            false => judge(post, &message),
        };
    }
    Ok(outcomes)
}

/// The room, made if it is missing; None when there are too many. The transaction holds the whole
/// file already.
async fn lock_room(work: &mut Work<'_>, name: &str, now: i64) -> Result<Option<RoomState>, Error> {
    let find = Query::new("SELECT id, first_seq, last_seq FROM chat_room WHERE name = $1");
    if let Some(row) = work.row(find.bind(name)).await? {
        return room_state(&row).map(Some);
    }
    let make = || {
        let make = "INSERT INTO chat_room (name, first_seq, last_seq, updated)
            SELECT $1, floor + 1, floor, 0 FROM chat_log
            WHERE (SELECT count(*) FROM chat_room) < $2
            RETURNING id, first_seq, last_seq";
        Query::new(make).bind(name).bind(limits::ROOMS)
    };
    let mut made = work.row(make()).await?;
    if made.is_none() && expire_room(work, now).await? {
        made = work.row(make()).await?;
    }
    made.as_ref().map(room_state).transpose()
}

/// What is older than this, at this time, makes a room idle.
fn idle_before(now: i64) -> i64 {
    let idle = i64::try_from(limits::ROOM_EXPIRY.as_millis()).unwrap_or(i64::MAX);
    now.saturating_sub(idle)
}

/// Gives up the room that nobody has written in for longest, if that is long enough. False if there
/// is none.
async fn expire_room(work: &mut Work<'_>, now: i64) -> Result<bool, Error> {
    // Rooms that this transaction has made have no message yet.
    let find = "SELECT id, last_seq FROM chat_room WHERE updated < $1 AND updated > 0
        ORDER BY updated LIMIT 1";
    let find = Query::new(find).bind(idle_before(now));
    let Some(row) = work.row(find).await? else { return Ok(false) };
    let room: i64 = row.get(0)?;
    work.run(Query::new("DELETE FROM chat_message WHERE room = $1").bind(room)).await?;
    work.run(Query::new("DELETE FROM chat_room WHERE id = $1").bind(room)).await?;
    // The numbers that it had are given to no room that begins from now on.
    let raise = Query::new("UPDATE chat_log SET floor = max(floor, $1)");
    work.run(raise.bind(row.get::<i64>(1)?)).await?;
    Ok(true)
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
    let find = "SELECT seq, id, author, text, time, replica, key FROM chat_message
        WHERE room = $1 AND key IN (SELECT value FROM json_each($2))";
    let find = Query::new(find).bind(room.id).bind(json!(keys).to_string());
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
    let insert = "INSERT INTO chat_message (room, seq, id, author, text, time, replica, key)
        SELECT $1, value ->> 0, value ->> 1, value ->> 2, value ->> 3, value ->> 4, value ->> 5,
            value ->> 6 FROM json_each($2)";
    let rows = serde_json::Value::from(rows).to_string();
    work.run(Query::new(insert).bind(room.id).bind(rows)).await?;
    let first = first_kept(room, newest.seq, history);
    if first > room.first {
        let trim = Query::new("DELETE FROM chat_message WHERE room = $1 AND seq < $2");
        work.run(trim.bind(room.id).bind(to_signed(first))).await?;
    }
    let update = "UPDATE chat_room SET first_seq = $1, last_seq = $2, updated = $3 WHERE id = $4";
    let update = Query::new(update).bind(to_signed(first)).bind(to_signed(newest.seq));
    work.run(update.bind(newest.time).bind(room.id)).await.map(drop)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use tombolo_storage::{DatabaseUrl, Deadline};

    use super::super::Log;
    use super::*;
    use crate::message::now_millis;
    use crate::said::{Author, RoomName, Text};

    fn post(room: &str) -> Post {
        Post {
            room: RoomName::new(room).unwrap(),
            author: Author::new("Ana").unwrap(),
            text: Text::new("hello").unwrap(),
            key: None,
            id: room.to_owned(),
            time: now_millis(),
        }
    }

    async fn append(log: &Log, room: &str) -> Outcome {
        let deadline = Deadline::after(limits::COMMIT_TIME);
        let posts = Arc::from([post(room)]);
        log.append(&Arc::from("r"), &posts, deadline).await.unwrap().remove(0)
    }

    /// Makes every room that there may be, with one message written so many days ago.
    async fn fill(log: &Log, days: i64) {
        let work = log.database.write(Deadline::after(limits::COMMIT_TIME), move |work| {
            Box::pin(async move {
                let fill =
                    "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < $1)
                    INSERT INTO chat_room (name, first_seq, last_seq, updated)
                    SELECT 'room-' || i, 1, 1, $2 + i FROM n";
                let then = now_millis() - days * 24 * 60 * 60 * 1000;
                work.run(Query::new(fill).bind(limits::ROOMS).bind(then)).await.map(drop)
            })
        });
        work.await.unwrap();
    }

    #[tokio::test]
    async fn the_room_that_was_idle_longest_gives_way_and_no_other() {
        for (days, is_taken) in [(40, true), (20, false)] {
            let folder = tempfile::tempdir().unwrap();
            let url = DatabaseUrl::of_file(&folder.path().join("chat.db"));
            let log = Log::open(&url, 0).await.unwrap();
            fill(&log, days).await;
            assert_eq!(matches!(append(&log, "new").await, Outcome::Stored(_)), is_taken);
            let heads = log.heads(&["room-1".into(), "room-2".into()]).await.unwrap();
            assert_eq!(heads.rooms.len(), if is_taken { 1 } else { 2 });
            // A room that is there is written in whatever the number.
            assert!(matches!(append(&log, "room-2").await, Outcome::Stored(_)));
            log.database().close().await;
        }
    }
}
