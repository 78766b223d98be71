//! Once a second: what this replica moves is written, and what its users have under way at others is
//! read.

use std::collections::HashMap;
use std::sync::Arc;

use tokio::time::{Instant, MissedTickBehavior, interval};
use tombolo_storage::{Deadline, Error, Outcome, Query, Work};

use super::book::{Direction, End, Entry};
use super::write::{Batch, Line, write};
use crate::ids::UserId;
use crate::limits;
use crate::plans::traffic::Traffic;
use crate::state::Library;
use crate::time::Time;

/// Writes until a drain is asked for and the last transfer is over.
pub(crate) async fn run(library: Arc<Library>) {
    let share = Arc::clone(&library.book.share);
    let sharing = tokio::spawn(async move { share.run().await });
    let mut ticks = interval(limits::TRANSFER_TICK);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut last = Instant::now();
    let shutdown = library.shutdown.clone();
    let mut is_draining = false;
    loop {
        tokio::select! {
            _ = ticks.tick() => {}
            () = shutdown.draining(), if !is_draining => is_draining = true,
        }
        let is_idle = tick(&library, last.elapsed().as_millis()).await;
        last = Instant::now();
        library.allowances.give_back(is_draining && is_idle).await;
        if is_draining && is_idle {
            break;
        }
    }
    sharing.abort();
}

/// Writes once; whether nothing is under way.
async fn tick(library: &Library, millis: u128) -> bool {
    let (entries, there) = library.book.take();
    let (entries, lines) = lines(entries, millis);
    let mut batch = Batch {
        replica: library.book.run.to_string(),
        traffic: traffic(&entries, &lines),
        lines,
        there: there.into_iter().collect(),
    };
    let is_idle = entries.iter().all(|entry| entry.requests() == 0);
    if batch.lines.is_empty() && batch.there.is_empty() {
        return is_idle;
    }
    let there = batch.there.clone();
    let told = std::mem::take(&mut batch);
    let lines = told.lines.clone();
    let deadline = Deadline::after(limits::WRITE_TIME);
    let done = library.database.write(deadline, move |work| {
        Box::pin(async move {
            let done = write(work, &told).await?;
            Ok((done, elsewhere(work, &told.replica).await?))
        })
    });
    match done.await {
        Ok((done, elsewhere)) => {
            for ((entry, line), home) in entries.iter().zip(&lines).zip(done.homes) {
                entry.set_over(done.over.contains(&home.transfer));
                let mut written = entry.written();
                written.home = Some(home);
                (written.bytes, written.counted) = (line.bytes, line.bytes);
                written.rate = line.rate;
                written.final_at = (line.requests == 0).then_some(line.begun);
            }
            library.admission.set_elsewhere(elsewhere);
            library.book.forget_idle();
        }
        Err(error) => {
            tracing::warn!(%error, "transfers cannot be written; they are tried again");
            for user in there {
                library.book.saw(user);
            }
            if error.outcome() == Outcome::Unknown {
                // Rather not counted against a plan than counted twice.
                for (entry, line) in entries.iter().zip(&lines) {
                    entry.written().counted = line.bytes;
                }
            }
        }
    }
    is_idle
}

/// What there is to write, and the entries that it is of.
fn lines(entries: Vec<Arc<Entry>>, millis: u128) -> (Vec<Arc<Entry>>, Vec<Line>) {
    let line = |entry: Arc<Entry>| {
        let written = *entry.written();
        // In this order: what ended after it was looked at is written the next time.
        let begun = entry.begun();
        let (requests, bytes) = (entry.requests(), entry.bytes());
        if requests == 0 && written.final_at == Some(begun) {
            return None;
        }
        let moved = u128::from(bytes.saturating_sub(written.bytes));
        let rate = moved.saturating_mul(1000).checked_div(millis).unwrap_or_default();
        let rate = u64::try_from(rate).unwrap_or(u64::MAX);
        // Half of what it was: numbers that jump cannot be read.
        let rate = if written.rate == 0 { rate } else { rate.midpoint(written.rate) };
        let begin = &entry.begin;
        let line = Line {
            home: written.home,
            written: written.bytes,
            direction: begin.direction.column(),
            who: begin.who(),
            user: begin.user,
            object: begin.object.to_string(),
            name: begin.name.clone(),
            total: begin.total,
            client: begin.client.clone(),
            started: entry.started,
            bytes,
            begun,
            rate: if requests == 0 { 0 } else { rate },
            requests,
            position: entry.position(),
            end: match entry.end() {
                End::Open => None,
                // Other ranges of it may be under way.
                End::Complete if requests > 0 && begin.direction == Direction::Download => None,
                End::Complete => Some("complete"),
                End::Failed => Some("failed"),
            },
        };
        Some((entry, line))
    };
    entries.into_iter().filter_map(line).unzip()
}

/// What each user's transfers have moved since it was last counted.
fn traffic(entries: &[Arc<Entry>], lines: &[Line]) -> HashMap<UserId, Traffic> {
    let mut traffic: HashMap<UserId, Traffic> = HashMap::new();
    for (entry, line) in entries.iter().zip(lines) {
        let moved = line.bytes.saturating_sub(entry.written().counted);
        let Some(user) = entry.begin.payer.filter(|_| moved > 0) else { continue };
        let traffic = traffic.entry(user).or_default();
        let count = match entry.begin.direction {
            Direction::Upload => &mut traffic.received,
            Direction::Download => &mut traffic.sent,
        };
        *count = count.saturating_add(moved);
    }
    traffic
}

/// How many requests each user has under way at other replicas.
async fn elsewhere(work: &mut Work<'_>, replica: &str) -> Result<HashMap<UserId, usize>, Error> {
    let query = "SELECT t.user_id, CAST(sum(p.requests) AS BIGINT) FROM library_transfer_part AS p
        JOIN library_transfer AS t ON t.id = p.transfer
        WHERE p.seen > $1 AND p.requests > 0 AND p.position = 0 AND p.replica <> $2
            AND t.user_id IS NOT NULL
        GROUP BY t.user_id";
    let fresh = Time::now().minus(limits::TRANSFER_FRESH).millis();
    let rows = work.rows(Query::new(query).bind(fresh).bind(replica)).await?;
    let count = |row: &tombolo_storage::Row| {
        let count = usize::try_from(row.get::<i64>(1)?).unwrap_or_default();
        Ok((UserId::of_row(row, 0)?, count))
    };
    rows.iter().map(count).collect()
}
