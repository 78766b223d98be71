//! Sends a message through a fresh gateway to a fresh origin and judges what came out where.

use tombolo_e2e::{Client, Origin, Request, Setup, scripts};

/// A request that must never be read as one when it travels inside another.
pub(crate) const SMUGGLED: &str = "GET /smuggled HTTP/1.1\r\nHost: example.org\r\n\r\n";

/// Each character as one byte, so that cases can write bytes above 0x7f as `\u{85}`.
pub(crate) fn bytes(text: &str) -> Vec<u8> {
    text.chars().map(|c| u8::try_from(u32::from(c)).expect("a Latin-1 character")).collect()
}

/// A POST with these field lines (each without its line end) and this body.
pub(crate) fn post(fields: &[&str], body: &str) -> Vec<u8> {
    let lines: String = fields.iter().map(|line| format!("{line}\r\n")).collect();
    bytes(&format!("POST /first HTTP/1.1\r\nHost: example.org\r\n{lines}\r\n{body}"))
}

/// A chunked POST with this body, smuggled request included.
pub(crate) fn chunked(body: &str) -> Vec<u8> {
    post(&["Transfer-Encoding: chunked"], &format!("{body}{SMUGGLED}"))
}

/// A GET with these field lines, followed by nothing.
pub(crate) fn get(fields: &[&str]) -> Vec<u8> {
    let lines: String = fields.iter().map(|line| format!("{line}\r\n")).collect();
    bytes(&format!("GET /first HTTP/1.1\r\nHost: example.org\r\n{lines}\r\n"))
}

/// The two ways in which a message can arrive.
#[derive(Clone, Copy, Debug)]
enum Pace {
    AtOnce,
    Bytewise,
}

const PACES: [Pace; 2] = [Pace::AtOnce, Pace::Bytewise];

fn send(client: &mut Client, message: &[u8], pace: Pace) {
    match pace {
        Pace::AtOnce => drop(client.try_send(message)),
        Pace::Bytewise => client.send_bytewise(message),
    }
}

/// The message must be answered with one of `statuses` and a close, and nothing whole of it may
/// reach the origin.
pub(crate) fn refused(case: &str, message: &[u8], statuses: &[u16]) {
    for pace in PACES {
        let origin = Origin::start(scripts::answer(scripts::ok("ok")));
        let mut gateway = Setup::to(&origin).start();
        let mut client = gateway.connect();
        send(&mut client, message, pace);
        let answer = client
            .read_response()
            .unwrap_or_else(|error| panic!("{case}, {pace:?}: no answer: {error:?}"));
        let status = answer.status();
        assert!(statuses.contains(&status), "{case}, {pace:?}: {status}, not {statuses:?}");
        closes(case, &mut client);
        gateway.kill();
        untouched(case, &origin);
    }
}

/// The connection must end without another byte.
fn closes(case: &str, client: &mut Client) {
    let rest = client.wire.read_to_end();
    let rest = rest.unwrap_or_else(|error| panic!("{case}: not closed: {error:?}"));
    assert!(rest.is_empty(), "{case}: more came: {:?}", String::from_utf8_lossy(&rest));
}

/// Nothing whole, and nothing of the smuggled request as a message of its own, reached the origin.
fn untouched(case: &str, origin: &Origin) {
    let seen: Vec<_> =
        origin.settled().iter().map(|b| String::from_utf8_lossy(b).into_owned()).collect();
    assert!(origin.requests().is_empty(), "{case}: the origin got {seen:?}");
    assert!(seen.iter().all(|s| !s.contains("/smuggled")), "{case}: the origin got {seen:?}");
}

/// The message must be answered `answers` times with 200 and `judge` must like what the origin
/// received.
pub(crate) fn accepted(case: &str, message: &[u8], answers: usize, judge: impl Fn(&[Request])) {
    for pace in PACES {
        let origin = Origin::start(scripts::answer(scripts::ok("ok")));
        let mut gateway = Setup::to(&origin).start();
        let mut client = gateway.connect();
        send(&mut client, message, pace);
        for nth in 0..answers {
            let answer = client
                .read_response()
                .unwrap_or_else(|error| panic!("{case}, {pace:?}: answer {nth}: {error:?}"));
            assert_eq!(answer.status(), 200, "{case}, {pace:?}: answer {nth}");
        }
        gateway.kill();
        assert!(client.read_to_end().is_empty(), "{case}, {pace:?}: more than {answers} answers");
        origin.settled();
        let requests = origin.requests();
        assert_eq!(requests.len(), answers, "{case}, {pace:?}: requests at the origin");
        judge(&requests);
    }
}

/// Where the rules leave the choice: either refused with one of `statuses`, or accepted as one
/// request that `judge` likes.
pub(crate) fn either(case: &str, message: &[u8], statuses: &[u16], judge: impl Fn(&Request)) {
    for pace in PACES {
        let origin = Origin::start(scripts::answer(scripts::ok("ok")));
        let mut gateway = Setup::to(&origin).start();
        let mut client = gateway.connect();
        send(&mut client, message, pace);
        let answer = client
            .read_response()
            .unwrap_or_else(|error| panic!("{case}, {pace:?}: no answer: {error:?}"));
        if answer.status() == 200 {
            gateway.kill();
            origin.settled();
            let requests = origin.requests();
            assert!(!requests.is_empty(), "{case}, {pace:?}: answered without the origin");
            judge(&requests[0]);
        } else {
            let status = answer.status();
            assert!(statuses.contains(&status), "{case}, {pace:?}: {status}");
            closes(case, &mut client);
            gateway.kill();
            untouched(case, &origin);
        }
    }
}
