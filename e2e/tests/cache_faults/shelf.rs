//! An origin with many responses whose bodies can be checked: each answer tells its seed as ETag,
//! and which path and language it belongs to.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use crate::{chunked, content};
use tombolo_e2e::{Connection, Origin, Request, Response, WireError};

/// What all responses of a shelf have in common.
#[derive(Default)]
struct State {
    /// The seed given out last; seeds only grow.
    seed: AtomicU64,
    /// The current version of each path and language.
    current: Mutex<HashMap<String, u64>>,
}

/// Serves `/KIND/NUMBER/LENGTH`, by kind:
///
/// | kind | answer |
/// |---|---|
/// | `long` | fresh for ten minutes |
/// | `vary` | the same, differs by Accept-Language, in chunks |
/// | `short` | fresh for a second; a validation finds it good every second time |
///
/// Any other method than GET is answered 204, and what was current is so no longer.
pub(crate) struct Shelf {
    pub(crate) origin: Origin,
    state: Arc<State>,
}

impl Shelf {
    pub(crate) fn start() -> Self {
        let state = Arc::new(State::default());
        let of_origin = Arc::clone(&state);
        let origin = Origin::start(move |connection| {
            connection.stop_recording();
            loop {
                let request = connection.read_request()?;
                of_origin.answer(connection, &request)?;
            }
        });
        Self { origin, state }
    }

    /// The newest seed so far.
    pub(crate) fn newest(&self) -> u64 {
        self.state.seed.load(Ordering::SeqCst)
    }
}

impl State {
    fn answer(&self, connection: &mut Connection, request: &Request) -> Result<(), WireError> {
        let (path, identity) = (request.head.target(), identity(&request.head));
        if request.head.method() != "GET" {
            self.current.lock().unwrap().remove(&identity);
            return connection.write("HTTP/1.1 204 No Content\r\n\r\n");
        }
        let parts: Vec<_> = path.split('/').collect();
        let [_, kind, _, length] = parts[..] else { panic!("{path}") };
        let known = self.current.lock().unwrap().get(&identity).copied();
        let asked = request.head.one("if-none-match").unwrap_or_default();
        if kind == "short"
            && let Some(seed) = known.filter(|seed| asked == etag(*seed) && seed % 2 == 0)
        {
            let validator = etag(seed);
            return connection.write(format!(
                "HTTP/1.1 304 Not Modified\r\nETag: {validator}\r\nCache-Control: max-age=1\r\n\r\n"
            ));
        }
        let seed = self.seed.fetch_add(1, Ordering::SeqCst) + 1;
        self.current.lock().unwrap().insert(identity.clone(), seed);
        let body = content::body(seed, length.parse().expect("a length"));
        let age = if kind == "short" { 1 } else { 600 };
        let head = format!(
            "HTTP/1.1 200 OK\r\nETag: {}\r\nX-Of: {identity}\r\nCache-Control: max-age={age}\r\n",
            etag(seed)
        );
        if kind == "vary" {
            let more = "Vary: Accept-Language\r\nTransfer-Encoding: chunked\r\n\r\n";
            connection.write([head.as_bytes(), more.as_bytes()].concat())?;
            return connection.write([&chunked(&body)[..], b"0\r\n\r\n"].concat());
        }
        let length = format!("Content-Length: {}\r\n\r\n", body.len());
        connection.write([head.as_bytes(), length.as_bytes(), &body].concat())
    }
}

fn etag(seed: u64) -> String {
    format!("\"{seed:x}\"")
}

fn identity(head: &tombolo_e2e::Head) -> String {
    let path = head.target();
    match head.one("accept-language") {
        Some(language) if path.starts_with("/vary/") => format!("{path} {language}"),
        _ => path.to_owned(),
    }
}

/// A request for something on a shelf.
pub(crate) fn request(path: &str, language: &str) -> String {
    format!("GET {path} HTTP/1.1\r\nHost: example.org\r\nAccept-Language: {language}\r\n\r\n")
}

/// Judges an answer to [`request`]: the right head, the right body, and both of one version. Gives
/// its seed.
pub(crate) fn judge(path: &str, language: &str, answer: &Response) -> Result<u64, String> {
    let told = |what: String| format!("{path} {language}: {what}: {:?}", answer.head);
    if answer.status() != 200 {
        return Err(told("no 200".into()));
    }
    let of = if path.starts_with("/vary/") { format!("{path} {language}") } else { path.into() };
    if answer.head.one("x-of") != Some(&of) {
        return Err(told("another's head".into()));
    }
    let seed = content::seed_of(&answer.body).map_err(told)?;
    if answer.head.one("etag") != Some(&etag(seed)) {
        return Err(told(format!("head and body of two versions, body {seed:x}")));
    }
    Ok(seed)
}
