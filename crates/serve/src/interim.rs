//! Interim responses (1xx), which hyper has no way for: `hyper::proto::h1::role` answers 500 when a
//! service returns one, since a service can return one response alone.
//!
//! So they are written beneath hyper, by the connection's own task. That is safe at one moment only:
//! when hyper asks to flush, all that it had to write has been written, and as long as the service has
//! not returned its response nothing of that is in hyper's buffer.

use std::fmt::Write as _;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Waker};

use http::{HeaderName, HeaderValue, StatusCode};

/// What waits to be written on one connection before the response that is being made.
#[derive(Debug, Clone, Default)]
pub(crate) struct Interim(Arc<Mutex<Inside>>);

#[derive(Debug, Default)]
struct Inside {
    /// Which request may have one: counted up by each, and once more when its response is there.
    turn: u64,
    bytes: Vec<u8>,
    waker: Option<Waker>,
}

/// Bytes that wait at most; what is beyond is not sent.
const BYTES: usize = 16 * 1024;

impl Interim {
    fn inside(&self) -> MutexGuard<'_, Inside> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// From now on a request may have some. Odd numbers stand for such a time.
    pub(crate) fn begin(&self) -> u64 {
        let mut inside = self.inside();
        inside.turn = (inside.turn | 1).wrapping_add(if inside.turn & 1 == 1 { 2 } else { 0 });
        inside.bytes.clear();
        inside.turn
    }

    /// Its response is there: none may follow it.
    pub(crate) fn end(&self) {
        let mut inside = self.inside();
        inside.turn = inside.turn.wrapping_add(inside.turn & 1);
        inside.bytes.clear();
    }

    /// Has one written, if the request of this turn is still being answered.
    pub(crate) fn tell(&self, turn: u64, status: StatusCode, fields: &[(HeaderName, HeaderValue)]) {
        if !status.is_informational() || status == StatusCode::SWITCHING_PROTOCOLS {
            return;
        }
        let mut text = String::new();
        // Writing to a String cannot fail.
        let reason = status.canonical_reason().unwrap_or("Interim");
        let _ = write!(text, "HTTP/1.1 {} {reason}\r\n", status.as_u16());
        for (name, value) in fields {
            let Ok(value) = value.to_str() else { return };
            let _ = write!(text, "{name}: {value}\r\n");
        }
        text.push_str("\r\n");
        let mut inside = self.inside();
        if inside.turn != turn || inside.bytes.len().saturating_add(text.len()) > BYTES {
            return;
        }
        inside.bytes.extend_from_slice(text.as_bytes());
        if let Some(waker) = inside.waker.take() {
            drop(inside);
            waker.wake();
        }
    }

    /// What is to be written now, when hyper has nothing more to write. The task is woken when there
    /// is more.
    pub(crate) fn take(&self, context: &Context<'_>) -> Vec<u8> {
        let mut inside = self.inside();
        if !inside.waker.as_ref().is_some_and(|waker| waker.will_wake(context.waker())) {
            inside.waker = Some(context.waker().clone());
        }
        std::mem::take(&mut inside.bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn taken(interim: &Interim) -> String {
        let bytes = interim.take(&Context::from_waker(Waker::noop()));
        String::from_utf8(bytes).unwrap()
    }

    #[test]
    fn one_is_written_while_its_request_is_answered_and_never_later() {
        let interim = Interim::default();
        let field = [(http::header::LINK, HeaderValue::from_static("</a>"))];
        let turn = interim.begin();
        interim.tell(turn, StatusCode::EARLY_HINTS, &field);
        assert_eq!(taken(&interim), "HTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\n");
        assert_eq!(taken(&interim), "");
        interim.tell(turn, StatusCode::EARLY_HINTS, &field);
        interim.end();
        interim.tell(turn, StatusCode::EARLY_HINTS, &field);
        assert_eq!(taken(&interim), "", "the response is there");
        let next = interim.begin();
        interim.tell(turn, StatusCode::EARLY_HINTS, &field);
        assert_eq!(taken(&interim), "", "of the request before");
        interim.tell(next, StatusCode::OK, &field);
        interim.tell(next, StatusCode::SWITCHING_PROTOCOLS, &field);
        assert_eq!(taken(&interim), "", "no interim response");
    }
}
