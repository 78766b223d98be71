//! A gateway that caches, before an origin whose answers the test sets path by path.

use crate::dates::from_now;
use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use tombolo_e2e::{
    Client, Connection, Origin, Request, Response, Setup, Tombolo, WireError, eventually,
};

/// What the origin does with one request.
#[derive(Clone)]
pub(crate) enum Answer {
    /// A status line's end and field lines; a numbered body is added where the status has one.
    Fields(String, Vec<String>),
    /// As `Fields`, with this body.
    Body(String, Vec<String>, Vec<u8>),
    /// These bytes, and the connection stays.
    Raw(Vec<u8>),
    /// These bytes, and then the connection closes.
    Last(Vec<u8>),
    /// The part of this content that is asked for (RFC 9110 section 14), with these fields.
    Ranged(Vec<String>, Vec<u8>),
}

fn lines(fields: &[&str]) -> Vec<String> {
    fields.iter().map(|field| (*field).to_owned()).collect()
}

/// 200 with these field lines and a body that tells its number: `answer 1` and so on.
pub(crate) fn ok(fields: &[&str]) -> Answer {
    status("200 OK", fields)
}

/// A status such as `404 Not Found` with these field lines and a numbered body.
pub(crate) fn status(status: &str, fields: &[&str]) -> Answer {
    Answer::Fields(status.to_owned(), lines(fields))
}

/// 200 with these field lines and this body.
pub(crate) fn body(fields: &[&str], body: &str) -> Answer {
    Answer::Body("200 OK".to_owned(), lines(fields), body.as_bytes().to_vec())
}

/// Content that is sent by part when a part is asked for.
pub(crate) fn ranged(fields: &[&str], content: &[u8]) -> Answer {
    Answer::Ranged(lines(fields), content.to_vec())
}

#[derive(Default)]
struct Script {
    answers: HashMap<String, Vec<Answer>>,
    requests: Vec<Request>,
}

impl Script {
    /// The answer to a request: the first time the first, and so on; the last one stays.
    fn next(&mut self, request: &Request) -> (Answer, usize) {
        let target = request.head.target().to_owned();
        self.requests.push(request.clone());
        let nth = self.requests.iter().filter(|other| other.head.target() == target).count();
        let path = target.split('?').next().unwrap_or_default();
        let answers = self.answers.get(&target).or_else(|| self.answers.get(path));
        let answers = answers.unwrap_or_else(|| panic!("nobody said what {target} answers"));
        (answers[(nth - 1).min(answers.len() - 1)].clone(), nth)
    }
}

/// See the module's words.
pub(crate) struct Site {
    gateway: Tombolo,
    origin: Origin,
    script: Arc<Mutex<Script>>,
}

impl Site {
    /// A route that caches by default settings.
    pub(crate) fn new() -> Self {
        Self::with("", "cache = true")
    }

    /// With these lines in `[cache]` and these in the route.
    pub(crate) fn with(cache: &str, route: &str) -> Self {
        Self::start("", cache, route)
    }

    /// Behind a hop whose forwarding fields are believed.
    pub(crate) fn behind_a_trusted_hop() -> Self {
        Self::start("trusted = [\"127.0.0.0/8\"]", "", "cache = true")
    }

    fn start(gateway: &str, cache: &str, route: &str) -> Self {
        let script = Arc::new(Mutex::new(Script::default()));
        let inner = Arc::clone(&script);
        let origin = Origin::start(move |connection| serve(connection, &inner));
        let routes =
            format!("[cache]\n{cache}\n[[route]]\npath = \"/\"\nupstream = \"app\"\n{route}");
        let gateway = Setup::to(&origin)
            .gateway("admin = \"127.0.0.1:0\"")
            .gateway(gateway)
            .routes(&routes)
            .start();
        Self { gateway, origin, script }
    }

    /// What the origin answers at `path`, in this order; the last for ever. A target with its
    /// query goes before the path alone.
    pub(crate) fn given(&self, path: &str, answers: &[Answer]) {
        self.script.lock().unwrap().answers.insert(path.to_owned(), answers.to_vec());
    }

    /// Sends a request on a connection of its own.
    pub(crate) fn ask(&self, method: &str, target: &str, fields: &[&str]) -> Response {
        let fields: String = fields.iter().map(|field| format!("{field}\r\n")).collect();
        let request = format!("{method} {target} HTTP/1.1\r\nHost: example.org\r\n{fields}\r\n");
        self.gateway.connect().exchange(request)
    }

    /// GET.
    pub(crate) fn get(&self, target: &str) -> Response {
        self.ask("GET", target, &[])
    }

    /// GET with field lines.
    pub(crate) fn get_with(&self, target: &str, fields: &[&str]) -> Response {
        self.ask("GET", target, fields)
    }

    /// GET until the answer comes from the cache: what varies, and what is long, is found there a
    /// moment after it was sent.
    pub(crate) fn settled(&self, target: &str, fields: &[&str]) -> Response {
        eventually("an answer from the cache", || {
            let answer = self.get_with(target, fields);
            answer.head.one("cache-status")?.contains("; hit").then_some(answer)
        })
    }

    /// The requests that came to the origin for a target, in order.
    pub(crate) fn asked(&self, target: &str) -> Vec<Request> {
        let script = self.script.lock().unwrap();
        script.requests.iter().filter(|r| r.head.target() == target).cloned().collect()
    }

    /// Requests that came to the origin so far.
    pub(crate) fn total(&self) -> usize {
        self.script.lock().unwrap().requests.len()
    }

    /// Tells the admin API to purge; the JSON object says what.
    pub(crate) fn purge(&self, what: &str) {
        let admin = self.gateway.admin();
        let answer = Client::connect(admin).exchange(format!(
            "POST /api/v1/purge HTTP/1.1\r\nHost: {admin}\r\nContent-Type: application/json\r\n\
             Content-Length: {}\r\n\r\n{what}",
            what.len()
        ));
        assert_eq!(answer.status(), 200, "{}", answer.text());
    }

    /// The gateway itself.
    pub(crate) fn gateway(&self) -> &Tombolo {
        &self.gateway
    }

    /// The origin itself.
    pub(crate) fn origin(&mut self) -> &mut Origin {
        &mut self.origin
    }

    /// Whether an answer of the origin is used again: asks twice, and looks whose the second
    /// answer is. The first must be the origin's.
    pub(crate) fn keeps(&self, path: &str, answer: Answer) -> bool {
        self.given(path, &[answer]);
        self.keeps_what_is_given(path, &[], &[])
    }

    /// As [`keeps`](Self::keeps), for requests with field lines.
    pub(crate) fn keeps_what_is_given(&self, path: &str, first: &[&str], second: &[&str]) -> bool {
        let before = self.asked(path).len();
        let one = self.get_with(path, first);
        assert_eq!(self.asked(path).len(), before + 1, "{path}: the first is the origin's");
        let two = self.get_with(path, second);
        let kept = self.asked(path).len() == before + 1;
        if kept {
            assert_eq!((one.status(), &one.body), (two.status(), &two.body), "{path}: one answer");
            assert!(two.head.has("age"), "{path}: from the cache without Age: {:?}", two.head);
        }
        kept
    }
}

/// The value of a metric without labels.
pub(crate) fn metric(admin: std::net::SocketAddr, name: &str) -> u64 {
    let request = format!("GET /metrics HTTP/1.1\r\nHost: {admin}\r\n\r\n");
    let text = Client::connect(admin).exchange(request).text();
    let found = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
    found.and_then(|value| value.parse().ok()).unwrap_or_else(|| panic!("no {name} in {text}"))
}

fn serve(connection: &mut Connection, script: &Mutex<Script>) -> Result<(), WireError> {
    loop {
        let request = connection.read_request()?;
        let (answer, nth) = script.lock().unwrap().next(&request);
        let last = matches!(answer, Answer::Last(_));
        connection.write(bytes(answer, nth, &request))?;
        if last {
            return Ok(());
        }
    }
}

fn bytes(answer: Answer, nth: usize, request: &Request) -> Vec<u8> {
    let (status, fields, body) = match answer {
        Answer::Raw(bytes) | Answer::Last(bytes) => return bytes,
        Answer::Fields(status, fields) => (status, fields, format!("answer {nth}").into_bytes()),
        Answer::Body(status, fields, body) => (status, fields, body),
        Answer::Ranged(fields, content) => ranged_part(request, fields, content),
    };
    let bodiless = status.starts_with("204") || status.starts_with("304");
    let mut text = format!("HTTP/1.1 {status}\r\n");
    let dated = fields.iter().any(|field| field.to_ascii_lowercase().starts_with("date:"));
    if !dated {
        text += &format!("Date: {}\r\n", from_now(0));
    }
    for field in fields.iter().filter(|field| !field.eq_ignore_ascii_case("date: none")) {
        text += &format!("{field}\r\n");
    }
    if !bodiless {
        text += &format!("Content-Length: {}\r\n", body.len());
    }
    text += "\r\n";
    let mut bytes = text.into_bytes();
    if !bodiless && request.head.method() != "HEAD" {
        bytes.extend_from_slice(&body);
    }
    bytes
}

/// Status, fields and body of an answer to a single range, or to none.
fn ranged_part(
    request: &Request,
    mut fields: Vec<String>,
    content: Vec<u8>,
) -> (String, Vec<String>, Vec<u8>) {
    let tag = fields.iter().find_map(|field| field.strip_prefix("ETag: ")).map(str::to_owned);
    let outdated =
        request.head.one("if-range").is_some_and(|wanted| Some(wanted) != tag.as_deref());
    let range = request.head.one("range").and_then(|range| range.strip_prefix("bytes="));
    let Some((first, last)) = range.filter(|_| !outdated).and_then(|range| range.split_once('-'))
    else {
        return ("200 OK".to_owned(), fields, content);
    };
    let end = content.len();
    let (first, last) = match (first.parse::<usize>(), last.parse::<usize>()) {
        (Ok(first), Ok(last)) => (first, last.min(end - 1)),
        (Ok(first), Err(_)) => (first, end - 1),
        (Err(_), Ok(suffix)) => (end.saturating_sub(suffix), end - 1),
        (Err(_), Err(_)) => (0, end - 1),
    };
    fields.push(format!("Content-Range: bytes {first}-{last}/{end}"));
    ("206 Partial Content".to_owned(), fields, content[first..=last].to_vec())
}
