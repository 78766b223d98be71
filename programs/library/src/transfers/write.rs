//! From the book to rows: one transaction for all transfers of a replica. It writes what is, not
//! what has changed, so after an error the same again is safe.

use std::collections::{HashMap, HashSet};

use serde_json::{Value, json};
use tombolo_storage::{Error, Query, Work};

use super::book::Home;
use crate::ids::{TransferId, UserId};
use crate::limits;
use crate::plans::traffic::{self, Traffic};
use crate::time::Time;

/// What a replica knows of one transfer.
#[derive(Clone, Debug)]
pub(super) struct Line {
    /// Its rows; None if it has none yet as far as this replica knows.
    pub(super) home: Option<Home>,
    /// What the rows say already.
    pub(super) written: u64,
    pub(super) direction: &'static str,
    pub(super) who: String,
    pub(super) user: Option<UserId>,
    pub(super) object: String,
    pub(super) name: String,
    pub(super) total: Option<u64>,
    pub(super) client: String,
    pub(super) started: Time,
    pub(super) bytes: u64,
    /// Requests that had begun when it was looked at.
    pub(super) begun: u64,
    pub(super) rate: u64,
    pub(super) requests: u32,
    pub(super) position: u32,
    /// `complete` or `failed`, if it is over.
    pub(super) end: Option<&'static str>,
}

/// Everything that is written at once.
#[derive(Clone, Debug, Default)]
pub(super) struct Batch {
    pub(super) replica: String,
    pub(super) lines: Vec<Line>,
    pub(super) traffic: HashMap<UserId, Traffic>,
    pub(super) there: Vec<UserId>,
}

/// What became of it.
#[derive(Clone, Debug)]
pub(super) struct Done {
    /// The rows of each line, in their order.
    pub(super) homes: Vec<Home>,
    /// Those that are over, by this replica's or another's doing.
    pub(super) over: HashSet<TransferId>,
}

/// Writes it.
pub(super) async fn write(work: &mut Work<'_>, batch: &Batch) -> Result<Done, Error> {
    let now = Time::now();
    let known = batch.lines.iter().filter_map(|line| line.home).map(|home| home.transfer);
    let ended = over(work, known.collect()).await?;
    let homes = homes(work, &batch.lines, &ended, now).await?;
    parts(work, batch, &homes, now).await?;
    let ids: Vec<_> = homes.iter().map(|home| home.transfer).collect();
    ends(work, &batch.lines, &ids, now).await?;
    for (user, moved) in &batch.traffic {
        traffic::count(work, *user, now, *moved).await?;
    }
    if !batch.there.is_empty() {
        presence(work, &batch.there, now).await?;
    }
    let over = over(work, ids).await?;
    Ok(Done { homes, over })
}

/// Which of these are over.
async fn over(work: &mut Work<'_>, ids: Vec<TransferId>) -> Result<HashSet<TransferId>, Error> {
    let ids: Vec<String> = ids.iter().map(ToString::to_string).collect();
    let query = "SELECT id FROM library_transfer WHERE id = ANY($1) AND state <> 'open'";
    let rows = work.rows(Query::new(query).bind(ids)).await?;
    rows.iter().map(|row| TransferId::of_row(row, 0)).collect()
}

/// Finds or makes the rows of each line. What a client moves after its transfer has ended, by another
/// replica's word, is another transfer.
async fn homes(
    work: &mut Work<'_>,
    lines: &[Line],
    ended: &HashSet<TransferId>,
    now: Time,
) -> Result<Vec<Home>, Error> {
    let home = |line: &Line| {
        line.home.filter(|home| !(ended.contains(&home.transfer) && line.bytes > line.written))
    };
    let new: Vec<&Line> = lines.iter().filter(|line| home(line).is_none()).collect();
    let found = open_rows(work, &new, now).await?;
    let row = |line: &Line| {
        let new = || {
            let key = (line.direction.to_owned(), line.who.clone(), line.object.clone());
            let (transfer, part) = (found.get(&key).copied()?, TransferId::new());
            let offset = line.home.map_or(0, |_| line.written);
            Some(Home { transfer, part, offset })
        };
        home(line).or_else(new)
    };
    let missing = Error::Program { words: "a transfer has no row after it was written" };
    let homes: Option<Vec<_>> = lines.iter().map(row).collect();
    homes.ok_or(missing)
}

/// Direction, who, and what: what an open transfer is known by.
type Key = (String, String, String);

/// Makes the rows that are missing, and finds them all.
async fn open_rows(
    work: &mut Work<'_>,
    new: &[&Line],
    now: Time,
) -> Result<HashMap<Key, TransferId>, Error> {
    let mut found = HashMap::new();
    if new.is_empty() {
        return Ok(found);
    }
    let list: Vec<Value> = new
        .iter()
        .map(|line| {
            json!([
                TransferId::new(),
                line.direction,
                line.who,
                line.user,
                line.object,
                line.name,
                line.total,
                line.client,
                line.started.millis()
            ])
        })
        .collect();
    let insert = Query::of_each(
        "INSERT INTO library_transfer (id, direction, who, user_id, object, name, total, base,
            client, started, updated, state)
        SELECT value ->> 0, value ->> 1, value ->> 2, value ->> 3, value ->> 4, value ->> 5,
            value ->> 6, 0, value ->> 7, value ->> 8, $2, 'open'
        FROM json_each($1) WHERE true
        ON CONFLICT (direction, who, object) WHERE state = 'open' DO NOTHING",
        "INSERT INTO library_transfer (id, direction, who, user_id, object, name, total, base,
            client, started, updated, state)
        SELECT value ->> 0, value ->> 1, value ->> 2, value ->> 3, value ->> 4, value ->> 5,
            (value ->> 6)::bigint, 0, value ->> 7, (value ->> 8)::bigint, $2, 'open'
        FROM json_array_elements($1::json)
        ON CONFLICT (direction, who, object) WHERE state = 'open' DO NOTHING",
    );
    work.run(insert.bind(Value::from(list).to_string()).bind(now.millis())).await?;
    let keys: Vec<Value> =
        new.iter().map(|line| json!([line.direction, line.who, line.object])).collect();
    let find = Query::of_each(
        "SELECT t.id, t.direction, t.who, t.object FROM json_each($1) AS k
        JOIN library_transfer AS t ON t.direction = k.value ->> 0 AND t.who = k.value ->> 1
            AND t.object = k.value ->> 2 AND t.state = 'open'",
        "SELECT t.id, t.direction, t.who, t.object FROM json_array_elements($1::json) AS k (value)
        JOIN library_transfer AS t ON t.direction = k.value ->> 0 AND t.who = k.value ->> 1
            AND t.object = k.value ->> 2 AND t.state = 'open'",
    );
    for row in work.rows(find.bind(Value::from(keys).to_string())).await? {
        let key: (String, String, String) = (row.get(1)?, row.get(2)?, row.get(3)?);
        found.insert(key, TransferId::of_row(&row, 0)?);
    }
    Ok(found)
}

async fn parts(work: &mut Work<'_>, batch: &Batch, homes: &[Home], now: Time) -> Result<(), Error> {
    let list: Vec<Value> = homes
        .iter()
        .zip(&batch.lines)
        .map(|(home, line)| {
            let bytes = line.bytes.saturating_sub(home.offset);
            json!([home.transfer, home.part, bytes, line.rate, line.requests, line.position])
        })
        .collect();
    if list.is_empty() {
        return Ok(());
    }
    let upsert = Query::of_each(
        "INSERT INTO library_transfer_part
            (transfer, part, replica, bytes, rate, requests, position, seen)
        SELECT value ->> 0, value ->> 1, $2, value ->> 2, value ->> 3, value ->> 4, value ->> 5, $3
        FROM json_each($1) WHERE true
        ON CONFLICT (transfer, part) DO UPDATE SET bytes = excluded.bytes, rate = excluded.rate,
            requests = excluded.requests, position = excluded.position, seen = excluded.seen",
        "INSERT INTO library_transfer_part
            (transfer, part, replica, bytes, rate, requests, position, seen)
        SELECT value ->> 0, value ->> 1, $2, (value ->> 2)::bigint, (value ->> 3)::bigint,
            (value ->> 4)::bigint, (value ->> 5)::bigint, $3
        FROM json_array_elements($1::json)
        ON CONFLICT (transfer, part) DO UPDATE SET bytes = excluded.bytes, rate = excluded.rate,
            requests = excluded.requests, position = excluded.position, seen = excluded.seen",
    );
    let upsert = upsert.bind(Value::from(list).to_string()).bind(batch.replica.as_str());
    work.run(upsert.bind(now.millis())).await.map(drop)
}

/// Notes that transfers were touched, and which of them are over.
async fn ends(
    work: &mut Work<'_>,
    lines: &[Line],
    ids: &[TransferId],
    now: Time,
) -> Result<(), Error> {
    let mut by_end: HashMap<&str, Vec<&TransferId>> = HashMap::new();
    for (line, id) in lines.iter().zip(ids) {
        by_end.entry(line.end.unwrap_or("open")).or_default().push(id);
    }
    for (end, ids) in by_end {
        // What another replica has ended stays so.
        let update = Query::of_each(
            "UPDATE library_transfer SET updated = $2, state = $3
            WHERE state = 'open' AND id IN (SELECT value FROM json_each($1))",
            "UPDATE library_transfer SET updated = $2, state = $3
            WHERE state = 'open' AND id IN (SELECT value FROM json_array_elements_text($1::json))",
        );
        work.run(update.bind(json!(ids).to_string()).bind(now.millis()).bind(end)).await?;
    }
    // Parts of a download that went by several replicas, once none of them has a request left.
    let whole = "UPDATE library_transfer SET state = 'complete'
        WHERE state = 'open' AND direction = 'down' AND updated > $1 AND total <= base + (
            SELECT coalesce(sum(bytes), 0) FROM library_transfer_part AS p
            WHERE p.transfer = library_transfer.id)
        AND NOT EXISTS (
            SELECT 1 FROM library_transfer_part AS p
            WHERE p.transfer = library_transfer.id AND p.requests > 0 AND p.seen > $2)";
    let lately = now.minus(limits::TRANSFER_LINGER.saturating_mul(2)).millis();
    let fresh = now.minus(limits::TRANSFER_FRESH).millis();
    work.run(Query::new(whole).bind(lately).bind(fresh)).await.map(drop)
}

async fn presence(work: &mut Work<'_>, there: &[UserId], now: Time) -> Result<(), Error> {
    let upsert = Query::of_each(
        "INSERT INTO library_presence (user_id, seen) SELECT value, $2 FROM json_each($1) WHERE true
        ON CONFLICT (user_id) DO UPDATE SET seen = excluded.seen",
        "INSERT INTO library_presence (user_id, seen)
            SELECT value, $2 FROM json_array_elements_text($1::json)
        ON CONFLICT (user_id) DO UPDATE SET seen = excluded.seen",
    );
    work.run(upsert.bind(json!(there).to_string()).bind(now.millis())).await.map(drop)
}
