//! A message of a room, as the log keeps it and as clients get it.

use serde::Serialize;
use serde::ser::Serializer;

/// A message that the log holds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Message {
    /// A UUID, version 7.
    pub(crate) id: String,
    /// Its number in its room, from 1 without a gap.
    pub(crate) seq: u64,
    pub(crate) room: String,
    pub(crate) author: String,
    pub(crate) text: String,
    /// When it was taken, in milliseconds since 1970. The order is that of `seq`.
    #[serde(serialize_with = "rfc3339")]
    pub(crate) time: i64,
    /// The replica that took it.
    pub(crate) replica: String,
}

/// Milliseconds since 1970 as `2026-11-21T15:04:05.678Z` (RFC 3339).
pub(crate) fn rfc3339<S: Serializer>(millis: &i64, out: S) -> Result<S::Ok, S::Error> {
    let time = jiff::Timestamp::from_millisecond(*millis).unwrap_or_default();
    out.collect_str(&format_args!("{time:.3}"))
}

/// Now, in milliseconds since 1970.
pub(crate) fn now_millis() -> i64 {
    jiff::Timestamp::now().as_millisecond()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clients_get_what_the_documents_promise() {
        let message = Message {
            id: "0198".into(),
            seq: 7,
            room: "lobby".into(),
            author: "Ana".into(),
            text: "two\nlines".into(),
            time: 1_795_273_445_678,
            replica: "chat-1".into(),
        };
        assert_eq!(
            serde_json::to_string(&message).unwrap(),
            r#"{"id":"0198","seq":7,"room":"lobby","author":"Ana","text":"two\nlines","time":"2026-11-21T15:04:05.678Z","replica":"chat-1"}"#
        );
    }
}
