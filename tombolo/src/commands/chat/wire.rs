//! What goes over the wire, as docs/protocols/chat.md has it.

use serde::{Deserialize, Serialize};

/// A message of the room.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Message {
    pub(super) id: String,
    pub(super) seq: u64,
    pub(super) room: String,
    pub(super) author: String,
    pub(super) text: String,
    /// RFC 3339.
    pub(super) time: String,
    pub(super) replica: String,
}

/// A page of the log.
#[derive(Debug, Deserialize)]
pub(super) struct Page {
    pub(super) epoch: String,
    pub(super) last: u64,
    pub(super) messages: Vec<Message>,
}

impl Page {
    /// The id after which the room goes on.
    pub(super) fn place(&self) -> String {
        format!("{}-{}", self.epoch, self.last)
    }
}

/// Who is there.
#[derive(Clone, Debug, Default, Deserialize)]
pub(super) struct Present {
    pub(super) count: u64,
    pub(super) names: Vec<String>,
}

/// Why a reader begins anew.
#[derive(Debug, Deserialize)]
pub(super) struct Reset {
    pub(super) reason: String,
}

/// What the service says over the socket. What is not known here is left alone.
#[derive(Debug, Deserialize)]
#[serde(tag = "type", rename_all = "lowercase")]
pub(super) enum Heard {
    Hello {
        id: String,
    },
    Message {
        id: String,
        data: Message,
    },
    Reset {
        id: String,
        data: Reset,
    },
    Presence {
        data: Present,
    },
    Posted {
        key: Option<String>,
    },
    Error {
        key: Option<String>,
        status: u16,
        detail: String,
    },
    #[serde(other)]
    Other,
}

/// What the client says.
#[derive(Debug, Serialize)]
#[serde(tag = "type", rename_all = "lowercase")]
pub(super) enum Said<'a> {
    Post { author: &'a str, text: &'a str, key: &'a str },
}

/// A refusal (RFC 9457).
#[derive(Debug, Deserialize)]
pub(super) struct Problem {
    pub(super) detail: String,
}

/// Whether the same may succeed a little later.
pub(super) fn is_passing(status: u16) -> bool {
    status == 429 || (502..=504).contains(&status)
}
