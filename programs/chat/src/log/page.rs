//! Reads from the log. Each is one statement: one round trip, and what it gives belongs together.

use serde_json::json;
use tombolo_storage::{Error, Query, Row};

use super::{Heads, Page, Part, RoomRow, from_signed, to_signed};
use crate::limits;
use crate::message::Message;
use crate::said::Epoch;

/// A part of a room: its bounds in each row, with a message or none.
pub(super) fn page_query(room: &str, part: Part) -> Query {
    let (text, from, limit) = match part {
        Part::After(seq, limit) => (
            "SELECT epoch, first_seq, last_seq, seq, m.id, author, text, time, replica
            FROM chat_log LEFT JOIN chat_room ON name = $1 LEFT JOIN (
                SELECT seq, id, author, text, time, replica FROM chat_message
                WHERE room = (SELECT id FROM chat_room WHERE name = $1) AND seq > $2
                ORDER BY seq LIMIT $3) AS m ON true
            ORDER BY seq",
            seq,
            limit,
        ),
        Part::Before(seq, limit) => (
            "SELECT epoch, first_seq, last_seq, seq, m.id, author, text, time, replica
            FROM chat_log LEFT JOIN chat_room ON name = $1 LEFT JOIN (
                SELECT seq, id, author, text, time, replica FROM chat_message
                WHERE room = (SELECT id FROM chat_room WHERE name = $1) AND seq < $2
                ORDER BY seq DESC LIMIT $3) AS m ON true
            ORDER BY seq",
            seq,
            limit,
        ),
    };
    let limit = limit.min(limits::PAGE_MESSAGES);
    Query::new(text).bind(room).bind(to_signed(from)).bind(to_signed(limit))
}

/// The answer to [`page_query`].
pub(super) fn page(room: &str, rows: &[Row]) -> Result<Page, Error> {
    let mut page = Page { epoch: Epoch(0), first: 1, last: 0, messages: Vec::new() };
    for row in rows {
        page.epoch = Epoch(from_signed(row.get(0)?));
        if let Some(first) = row.get::<Option<i64>>(1)? {
            page.first = from_signed(first);
            page.last = from_signed(row.get(2)?);
        }
        if row.get::<Option<i64>>(3)?.is_some() {
            page.messages.push(message(room, row, 3)?);
        }
    }
    Ok(page)
}

/// A message whose columns begin at `first`: number, id, author, text, time, replica.
pub(super) fn message(room: &str, row: &Row, first: usize) -> Result<Message, Error> {
    Ok(Message {
        seq: from_signed(row.get(first)?),
        id: row.get(first + 1)?,
        room: room.to_owned(),
        author: row.get(first + 2)?,
        text: row.get(first + 3)?,
        time: row.get(first + 4)?,
        replica: row.get(first + 5)?,
    })
}

/// Rooms, the one with the latest message first.
pub(super) fn rooms_query(limit: u64) -> Query {
    let find = "SELECT name, first_seq, last_seq, updated FROM chat_room
        ORDER BY updated DESC, id LIMIT $1";
    Query::new(find).bind(to_signed(limit))
}

/// The answer to [`rooms_query`].
pub(super) fn rooms(rows: &[Row]) -> Result<Vec<RoomRow>, Error> {
    let room = |row: &Row| {
        let (first, last) = (from_signed(row.get(1)?), from_signed(row.get(2)?));
        Ok(RoomRow { name: row.get(0)?, first, last, updated: row.get(3)? })
    };
    rows.iter().map(room).collect()
}

/// How far these rooms are.
pub(super) fn heads_query(rooms: &[String]) -> Query {
    let sqlite = "SELECT epoch, name, last_seq FROM chat_log LEFT JOIN chat_room
        ON name IN (SELECT value FROM json_each($1))";
    let postgres = "SELECT epoch, name, last_seq FROM chat_log LEFT JOIN chat_room
        ON name = ANY (ARRAY(SELECT json_array_elements_text($1::json)))";
    Query::of_each(sqlite, postgres).bind(json!(rooms).to_string())
}

/// The answer to [`heads_query`].
pub(super) fn heads(rows: &[Row]) -> Result<Heads, Error> {
    let mut heads = Heads { epoch: Epoch(0), rooms: Vec::new() };
    for row in rows {
        heads.epoch = Epoch(from_signed(row.get(0)?));
        if let Some(name) = row.get(1)? {
            heads.rooms.push((name, from_signed(row.get(2)?)));
        }
    }
    Ok(heads)
}
