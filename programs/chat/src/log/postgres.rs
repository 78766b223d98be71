//! The log in PostgreSQL. The row of a room is locked before its next number is taken, so numbers
//! become visible in their order; rooms are locked in the order of their names, so that two
//! replicas never wait for each other. Lists go in as JSON, as with SQLite.

use std::collections::{BTreeMap, HashMap};

use serde_json::json;
use sqlx::postgres::PgRow;
use sqlx::{PgConnection, PgPool, Row};
use tombolo_storage::Error;

use super::plan::{Plan, RoomState, first_kept, plan};
use super::{Heads, Outcome, Page, Part, Post, RoomRow, from_signed, to_signed};
use crate::limits;
use crate::message::Message;
use crate::said::Epoch;

pub(super) async fn append(
    pool: &PgPool,
    replica: &str,
    posts: &[Post],
    history: u64,
) -> Result<Vec<Outcome>, Error> {
    let failed = Error::query("writing messages into the log");
    let mut work = pool.begin().await.map_err(&failed)?;
    let mut rooms: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    for (index, post) in posts.iter().enumerate() {
        rooms.entry(post.room.as_str()).or_default().push(index);
    }
    let mut outcomes = vec![Outcome::TooManyRooms; posts.len()];
    for (name, indexes) in rooms {
        let those: Vec<&Post> = indexes.iter().filter_map(|index| posts.get(*index)).collect();
        let Some(room) = lock_room(&mut work, name).await.map_err(&failed)? else { continue };
        let held = held(&mut work, name, room, &those).await.map_err(&failed)?;
        let plan = plan(room, replica, &those, &held);
        write(&mut work, room, &plan, history).await.map_err(&failed)?;
        for (index, outcome) in indexes.into_iter().zip(plan.outcomes) {
            if let Some(place) = outcomes.get_mut(index) {
                *place = outcome;
            }
        }
    }
    work.commit().await.map_err(&failed)?;
    Ok(outcomes)
}

/// The room, locked until the commit and made if it is missing; None when there are too many.
async fn lock_room(work: &mut PgConnection, name: &str) -> Result<Option<RoomState>, sqlx::Error> {
    let find = "SELECT id, first_seq, last_seq FROM chat_room WHERE name = $1 FOR UPDATE";
    if let Some(row) = sqlx::query(find).bind(name).fetch_optional(&mut *work).await? {
        return room_state(&row).map(Some);
    }
    // Somebody else may make it meanwhile: then theirs is taken.
    let make = "INSERT INTO chat_room (name, first_seq, last_seq, updated)
        SELECT $1, 1, 0, 0 WHERE (SELECT count(*) FROM chat_room) < $2
        ON CONFLICT (name) DO NOTHING";
    sqlx::query(make).bind(name).bind(limits::ROOMS).execute(&mut *work).await?;
    let row = sqlx::query(find).bind(name).fetch_optional(work).await?;
    row.as_ref().map(room_state).transpose()
}

fn room_state(row: &PgRow) -> Result<RoomState, sqlx::Error> {
    Ok(RoomState {
        id: row.try_get(0)?,
        first: from_signed(row.try_get(1)?),
        last: from_signed(row.try_get(2)?),
    })
}

/// The messages that some of these posts have become already, by log key.
async fn held(
    work: &mut PgConnection,
    name: &str,
    room: RoomState,
    posts: &[&Post],
) -> Result<HashMap<String, Message>, sqlx::Error> {
    let keys: Vec<String> = posts.iter().map(|post| post.log_key()).collect();
    let find = "SELECT seq, id, author, text, time, replica, key FROM chat_message
        WHERE room = $1 AND key = ANY ($2)";
    let rows = sqlx::query(find).bind(room.id).bind(keys).fetch_all(work).await?;
    rows.iter().map(|row| Ok((row.try_get(6)?, message(name, row)?))).collect()
}

async fn write(
    work: &mut PgConnection,
    room: RoomState,
    plan: &Plan,
    history: u64,
) -> Result<(), sqlx::Error> {
    let Some((newest, _)) = plan.inserts.last() else { return Ok(()) };
    let rows: Vec<_> = plan
        .inserts
        .iter()
        .map(|(m, key)| json!([m.seq, m.id, m.author, m.text, m.time, m.replica, key]))
        .collect();
    let insert = "INSERT INTO chat_message (room, seq, id, author, text, time, replica, key)
        SELECT $1, (value ->> 0)::bigint, value ->> 1, value ->> 2, value ->> 3,
            (value ->> 4)::bigint, value ->> 5, value ->> 6
        FROM json_array_elements($2::json)";
    let rows = serde_json::Value::from(rows).to_string();
    sqlx::query(insert).bind(room.id).bind(rows).execute(&mut *work).await?;
    let first = first_kept(room, newest.seq, history);
    if first > room.first {
        let trim = "DELETE FROM chat_message WHERE room = $1 AND seq < $2";
        sqlx::query(trim).bind(room.id).bind(to_signed(first)).execute(&mut *work).await?;
    }
    sqlx::query("UPDATE chat_room SET first_seq = $1, last_seq = $2, updated = $3 WHERE id = $4")
        .bind(to_signed(first))
        .bind(to_signed(newest.seq))
        .bind(newest.time)
        .bind(room.id)
        .execute(work)
        .await
        .map(drop)
}

pub(super) async fn page(pool: &PgPool, name: &str, part: Part) -> Result<Page, Error> {
    let failed = Error::query("reading messages from the log");
    // One snapshot, so that bounds and messages belong together.
    let begin = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY";
    let mut work = pool.begin_with(begin).await.map_err(&failed)?;
    let page = page_within(&mut work, name, part).await.map_err(&failed)?;
    work.commit().await.map_err(&failed)?;
    Ok(page)
}

async fn page_within(work: &mut PgConnection, name: &str, part: Part) -> Result<Page, sqlx::Error> {
    let bounds = "SELECT chat_log.epoch, chat_room.id, first_seq, last_seq
        FROM chat_log LEFT JOIN chat_room ON name = $1";
    let row = sqlx::query(bounds).bind(name).fetch_one(&mut *work).await?;
    let epoch = Epoch(from_signed(row.try_get(0)?));
    let Some(id) = row.try_get::<Option<i64>, _>(1)? else {
        return Ok(Page { epoch, first: 1, last: 0, messages: Vec::new() });
    };
    let (first, last) = (from_signed(row.try_get(2)?), from_signed(row.try_get(3)?));
    let (find, from, limit) = match part {
        Part::After(seq, limit) => (
            "SELECT seq, id, author, text, time, replica FROM chat_message
             WHERE room = $1 AND seq > $2 ORDER BY seq LIMIT $3",
            seq,
            limit,
        ),
        Part::Before(seq, limit) => (
            "SELECT seq, id, author, text, time, replica FROM chat_message
             WHERE room = $1 AND seq < $2 ORDER BY seq DESC LIMIT $3",
            seq,
            limit,
        ),
    };
    let limit = limit.min(limits::PAGE_MESSAGES);
    let rows = sqlx::query(find).bind(id).bind(to_signed(from)).bind(to_signed(limit));
    let rows = rows.fetch_all(work).await?;
    let messages = rows.iter().map(|row| message(name, row)).collect::<Result<Vec<_>, _>>();
    let mut messages = messages?;
    messages.sort_unstable_by_key(|message| message.seq);
    Ok(Page { epoch, first, last, messages })
}

fn message(room: &str, row: &PgRow) -> Result<Message, sqlx::Error> {
    Ok(Message {
        seq: from_signed(row.try_get(0)?),
        id: row.try_get(1)?,
        room: room.to_owned(),
        author: row.try_get(2)?,
        text: row.try_get(3)?,
        time: row.try_get(4)?,
        replica: row.try_get(5)?,
    })
}

pub(super) async fn rooms(pool: &PgPool, limit: u64) -> Result<Vec<RoomRow>, Error> {
    let failed = Error::query("listing the rooms");
    let find = "SELECT name, first_seq, last_seq, updated FROM chat_room
        ORDER BY updated DESC, id LIMIT $1";
    let rows = sqlx::query(find).bind(to_signed(limit)).fetch_all(pool).await;
    let row = |row: &PgRow| {
        Ok(RoomRow {
            name: row.try_get(0)?,
            first: from_signed(row.try_get(1)?),
            last: from_signed(row.try_get(2)?),
            updated: row.try_get(3)?,
        })
    };
    rows.and_then(|rows| rows.iter().map(row).collect()).map_err(failed)
}

pub(super) async fn heads(pool: &PgPool, rooms: &[String]) -> Result<Heads, Error> {
    let failed = Error::query("looking for new messages");
    let find = "SELECT chat_log.epoch, name, last_seq FROM chat_log LEFT JOIN chat_room
        ON name = ANY ($1)";
    let rows = sqlx::query(find).bind(rooms).fetch_all(pool).await;
    rows.and_then(|rows| {
        let mut heads = Heads { epoch: Epoch(0), rooms: Vec::new() };
        for row in &rows {
            heads.epoch = Epoch(from_signed(row.try_get(0)?));
            if let Some(name) = row.try_get(1)? {
                heads.rooms.push((name, from_signed(row.try_get(2)?)));
            }
        }
        Ok(heads)
    })
    .map_err(failed)
}
