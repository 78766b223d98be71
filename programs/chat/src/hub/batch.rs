//! Events as they go over the wire, encoded once for all readers of a room.

use std::fmt::Write;

use axum::extract::ws::Utf8Bytes;
use bytes::Bytes;
use serde::Serialize;

use crate::limits;
use crate::message::Message;
use crate::said::Epoch;

/// What a batch means for a reader's place in the room.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Moves {
    /// Messages with these numbers, from the first to the last.
    Messages { first: u64, last: u64 },
    /// The reader begins anew after this number.
    To(u64),
    /// Nothing: presence, typing, a heartbeat. Worth nothing once it is old.
    Nothing,
}

/// Events that are sent together.
#[derive(Clone, Debug)]
pub(crate) struct Batch {
    pub(crate) moves: Moves,
    /// As a piece of an event stream (WHATWG HTML, section 9.2).
    sse: Bytes,
    /// Where in it each event begins.
    starts: Vec<usize>,
    /// As WebSocket messages.
    frames: Vec<Utf8Bytes>,
}

impl Batch {
    /// Messages, in order and without a gap; None when there are none.
    pub(crate) fn of_messages(epoch: Epoch, messages: &[Message]) -> Option<Self> {
        let moves = Moves::Messages { first: messages.first()?.seq, last: messages.last()?.seq };
        let mut sse = String::with_capacity(messages.len() * 256);
        let (mut starts, mut frames) = (Vec::new(), Vec::new());
        for message in messages {
            let (seq, data) = (message.seq, json(message));
            starts.push(sse.len());
            // Writing to a String cannot fail.
            let _ = write!(sse, "id: {epoch}-{seq}\nevent: message\ndata: {data}\n\n");
            let frame = format!(r#"{{"type":"message","id":"{epoch}-{seq}","data":{data}}}"#);
            frames.push(frame.into());
        }
        Some(Self { moves, sse: sse.into(), starts, frames })
    }

    /// Word that readers have to begin anew: what they hold before `after` may not be all there
    /// was, or may be of another log.
    pub(crate) fn of_reset(epoch: Epoch, reset: &Reset) -> Self {
        let (after, data) = (reset.after, json(reset));
        let sse = format!("id: {epoch}-{after}\nevent: reset\ndata: {data}\n\n");
        let frame = format!(r#"{{"type":"reset","id":"{epoch}-{after}","data":{data}}}"#);
        let (starts, frames) = (vec![0], vec![frame.into()]);
        Self { moves: Moves::To(after), sse: sse.into(), starts, frames }
    }

    /// An event that is not kept.
    pub(crate) fn of_passing(event: &'static str, data: &impl Serialize) -> Self {
        let data = json(data);
        let sse = format!("event: {event}\ndata: {data}\n\n");
        let frame = format!(r#"{{"type":"{event}","data":{data}}}"#);
        let (starts, frames) = (vec![0], vec![frame.into()]);
        Self { moves: Moves::Nothing, sse: sse.into(), starts, frames }
    }

    /// The event stream from this event on.
    pub(crate) fn sse(&self, from: usize) -> Bytes {
        self.starts.get(from).map_or_else(Bytes::new, |start| self.sse.slice(start..))
    }

    /// The WebSocket messages from this event on. Clones share their bytes.
    pub(crate) fn frames(&self, from: usize) -> &[Utf8Bytes] {
        self.frames.get(from..).unwrap_or_default()
    }

    /// Messages as batches of about [`limits::BATCH_BYTES`], so that a ring can give up a part.
    pub(crate) fn pieces(epoch: Epoch, messages: &[Message]) -> Vec<Self> {
        let mut pieces = Vec::new();
        let mut rest = messages;
        while !rest.is_empty() {
            let mut bytes = 0;
            let fits = |message: &&Message| {
                let before = bytes;
                bytes += message.text.len();
                before < limits::BATCH_BYTES
            };
            let count = rest.iter().take_while(fits).count();
            let (piece, others) = rest.split_at(count.max(1));
            pieces.extend(Self::of_messages(epoch, piece));
            rest = others;
        }
        pieces
    }

    /// What it takes to keep it.
    pub(crate) fn bytes(&self) -> usize {
        self.sse.len() + self.frames.iter().map(|frame| frame.len()).sum::<usize>()
    }
}

/// Why readers begin anew, and where.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Reset {
    /// `epoch`: it is another log; `trimmed`: messages that the reader lacks are no longer kept;
    /// `ahead`: the reader has seen more than there is.
    pub(crate) reason: &'static str,
    /// The first message that is kept.
    pub(crate) first: u64,
    /// The last message.
    pub(crate) last: u64,
    /// What follows on the stream are the messages after this one.
    pub(crate) after: u64,
}

impl Reset {
    /// Begins anew with the latest messages, at most `count` of them.
    pub(crate) fn to_latest(reason: &'static str, first: u64, last: u64, count: u64) -> Self {
        let after = last.saturating_sub(count).max(first.saturating_sub(1)).min(last);
        Self { reason, first, last, after }
    }
}

/// What is written here always can be: texts, numbers, and maps with texts for keys.
fn json(data: &impl Serialize) -> String {
    serde_json::to_string(data).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(seq: u64) -> Message {
        Message {
            id: "id".into(),
            seq,
            room: "lobby".into(),
            author: "Ana".into(),
            text: "line\nid: 9-9\n\nevent: forged".into(),
            time: 0,
            replica: "r".into(),
        }
    }

    #[test]
    fn a_batch_can_be_read_from_any_of_its_messages() {
        let batch = Batch::of_messages(Epoch(10), &[message(4), message(5), message(6)]).unwrap();
        let text = String::from_utf8(batch.sse(1).to_vec()).unwrap();
        let ids: Vec<&str> = text.lines().filter(|line| line.starts_with("id: ")).collect();
        assert_eq!(ids, ["id: a-5", "id: a-6"]);
        assert_eq!(batch.frames(2).len(), 1);
        assert!(batch.frames(2)[0].starts_with(r#"{"type":"message","id":"a-6","data":{"id":"#));
        assert!(batch.sse(3).is_empty() && batch.frames(3).is_empty());
    }

    #[test]
    fn long_messages_are_in_batches_of_their_own() {
        let long = |seq| Message { text: "x".repeat(limits::BATCH_BYTES), ..message(seq) };
        let messages = [message(1), message(2), long(3), long(4), message(5)];
        let moves = Batch::pieces(Epoch(1), &messages).into_iter().map(|piece| piece.moves);
        let expected =
            [(1, 3), (4, 4), (5, 5)].map(|(first, last)| Moves::Messages { first, last });
        assert_eq!(moves.collect::<Vec<_>>(), expected);
        assert!(Batch::pieces(Epoch(1), &[]).is_empty());
    }

    #[test]
    fn a_reset_stays_within_what_is_kept() {
        let after = |first, last| Reset::to_latest("epoch", first, last, 256).after;
        assert_eq!((after(1, 1000), after(900, 1000), after(1, 0), after(1, 5)), (744, 899, 0, 0));
    }
}
