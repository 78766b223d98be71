//! Before anything is timed: everything that will be asked for is asked for once, and then once
//! more to see that the server answers from what it keeps, with the origin's body.

use std::{net::SocketAddr, thread, time::Duration};

use anyhow::{Context as _, Result, anyhow, ensure};

use super::{cases::Wanted, servers::Server};
use crate::{
    origin,
    verify::{self, Answer},
};

/// Connections that ask at the same time.
const CONNECTIONS: usize = 8;
/// Most responses that are looked at a second time, spread evenly.
const LOOKED_AT: usize = 1_000;
/// How often a response that is still being written is asked for again.
const TRIES: u32 = 100;
/// Between two tries.
const PAUSE: Duration = Duration::from_millis(20);

/// Fields every cache must send with a hit.
const FIELDS: [&str; 5] = ["Via", "X-Request-Id", "Cache-Status", "Cache-Control", "Date"];

/// How many requests have reached the origin for what a cache may keep.
///
/// # Errors
/// When the origin does not answer.
pub(crate) fn asked_of_origin(origin: SocketAddr) -> Result<u64> {
    let answer = verify::get(origin, origin::COUNT).context("asking the origin for its count")?;
    let text = String::from_utf8_lossy(&answer.body).into_owned();
    text.parse().with_context(|| format!("reading the origin's count {text:?}"))
}

/// Has `server` store everything in `wanted`, and makes sure that it did.
///
/// # Errors
/// When an answer is not the origin's, or is not answered from the cache; the message names it.
pub(crate) fn prime(
    server: Server,
    address: SocketAddr,
    origin: SocketAddr,
    wanted: &[Wanted],
    body: &[u8],
) -> Result<()> {
    ask_all(server, address, wanted, body)?;
    if !server.speaks_http() {
        return Ok(());
    }
    for one in wanted.iter().step_by(wanted.len().div_ceil(LOOKED_AT).max(1)) {
        stored(server, address, origin, one, body)?;
    }
    Ok(())
}

/// Asks for everything over a few connections.
fn ask_all(server: Server, address: SocketAddr, wanted: &[Wanted], body: &[u8]) -> Result<()> {
    let ask_some = |some: &[Wanted]| -> Result<()> {
        let mut stream = verify::connect(address)?;
        for one in some {
            let answer = verify::get_with(&mut stream, &one.path, &one.fields)?;
            check(server, one, &answer, body)?;
        }
        Ok(())
    };
    thread::scope(|scope| -> Result<()> {
        let started: Vec<_> = wanted
            .chunks(wanted.len().div_ceil(CONNECTIONS).max(1))
            .map(|some| scope.spawn(move || ask_some(some)))
            .collect();
        for one in started {
            one.join().map_err(|_| anyhow!("a thread panicked"))??;
        }
        Ok(())
    })
    .with_context(|| format!("having {} store the responses", server.name()))
}

/// Asks until the origin is not asked any more: a response may still be on its way to its file.
fn stored(
    server: Server,
    address: SocketAddr,
    origin: SocketAddr,
    one: &Wanted,
    body: &[u8],
) -> Result<()> {
    let mut last = String::new();
    for _ in 0..TRIES {
        let before = asked_of_origin(origin)?;
        let mut stream = verify::connect(address)?;
        let answer = verify::get_with(&mut stream, &one.path, &one.fields)
            .with_context(|| format!("asking {} for {}", server.name(), one.path))?;
        check(server, one, &answer, body)?;
        if asked_of_origin(origin)? == before {
            for field in FIELDS {
                let there = verify::field(&answer.head, field).is_some_and(|v| !v.is_empty());
                ensure!(there, "{} sends a hit without {field}:\n{}", server.name(), answer.head);
            }
            return Ok(());
        }
        last = answer.head;
        thread::sleep(PAUSE);
    }
    let name = server.name();
    Err(anyhow!("{name} asks the origin for {} each time; it answered:\n{last}", one.path))
}

fn check(server: Server, one: &Wanted, answer: &Answer, body: &[u8]) -> Result<()> {
    let (name, path) = (server.name(), &one.path);
    ensure!(answer.status == 200, "{name} answered {path} with {}", answer.status);
    ensure!(answer.body == body, "{name} answered {path} with another body than the origin's");
    let varies = path.starts_with(origin::VARYING) && one.fields.contains("gzip");
    let wanted = if varies && server.speaks_http() { origin::GZIP_ETAG } else { origin::ETAG };
    let etag = verify::field(&answer.head, "ETag");
    ensure!(
        etag == Some(wanted),
        "{name} answered {path} ({}) with ETag {etag:?} instead of {wanted}",
        one.fields.trim_end()
    );
    Ok(())
}
