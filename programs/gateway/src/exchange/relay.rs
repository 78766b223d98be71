//! Stage 8: a final response, head and body, from the upstream's connection to the client's.

use tombolo_cache::message::Response;
use tombolo_cache::storability::is_endless;
use tombolo_http1::{BodyDecoder, BodyLimits, ResponseHead};

use super::answer;
use super::attempt::Facing;
use super::downward::{DownError, Ending};
use super::guard::Asked;
use super::journal::Journal;
use super::refusal::Refusal;
use super::{Failure, Scene};
use crate::data_plane::{Buffer, Pace, Stop, Transfer, TransferError, Watch, reset_on_close};

/// A final response whose head was parsed, and what passing it on needs.
pub(super) struct Relay<'a> {
    pub(super) scene: &'a Scene<'a>,
    pub(super) asked: &'a Asked,
    pub(super) journal: &'a mut Journal,
    pub(super) facing: &'a Facing<'a>,
    pub(super) watch: &'a Watch<'a>,
    /// The request went upstream whole.
    pub(super) sent: bool,
    pub(super) outbound: &'a mut Buffer,
    pub(super) response: &'a ResponseHead,
    pub(super) answer: &'a mut Vec<u8>,
    pub(super) scratch: &'a mut Vec<u8>,
}

impl Relay<'_> {
    /// Passes it on to its end.
    pub(super) async fn run(self) -> Result<Ending, DownError> {
        let client = self.scene.client()?;
        let plan = answer::compose(
            &answer::Parts {
                scene: self.scene,
                asked: self.asked,
                journal: self.journal,
                response: self.response,
                head: self.outbound.whole(),
                server: self.facing.server,
                cookie: self.facing.cookie,
                sent: self.sent,
            },
            self.answer,
        );
        self.journal.status = self.response.status();
        let bounds = &self.asked.bounds;
        // An event stream is quiet until there is an event, and its client may be slow to take it.
        let response = Response { head: self.response, buf: self.outbound.whole() };
        let endless = is_endless(&response);
        let (gap, least) = match endless {
            true => (bounds.tunnel_idle, 0),
            false => (bounds.body_gap, bounds.client_bytes),
        };
        let is_needed = || self.scene.is_place_needed(self.asked.upstream);
        let pace = Pace::new(bounds.body_gap, bounds.client_stall, least, &is_needed);
        let mut decoder = BodyDecoder::new(self.response.framing(), BodyLimits::default());
        let (outcome, _) = Transfer {
            source: self.facing.link,
            sink: client,
            client: Some(self.watch),
            buffer: self.outbound,
            decoder: &mut decoder,
            chunked: plan.chunked,
            trailers: self.asked.accepts_trailers,
            scratch: self.scratch,
            pipes: &self.scene.connection.core.pipes,
            timer: &self.scene.connection.timer,
            gap,
            pace: &pace,
            moved: &mut self.journal.bytes_out,
        }
        .run(self.answer)
        .await;
        match outcome {
            Ok(()) => Ok(Ending::Answered {
                // An answer that came before the request was whole says nothing of what the
                // server will make of the rest: that connection is not used again.
                reusable: plan.upstream_keeps && self.outbound.is_empty() && self.sent,
                keep_alive: plan.keep_alive,
            }),
            Err(TransferError::Unsent(error)) => {
                self.journal.status = 0;
                Err(Refusal::broken_upstream(error.reason()).into())
            }
            Err(error) => {
                if plan.until_close {
                    reset_on_close(client);
                }
                let left = self.watch.has_ended();
                Err(Failure::Cut(why_cut(&error, endless, left)).into())
            }
        }
    }
}

fn why_cut(error: &TransferError, endless: bool, left: bool) -> &'static str {
    match error {
        TransferError::Source(Stop::Expired) if left => CLIENT_LEFT,
        TransferError::Source(Stop::Expired | Stop::Slow | Stop::Needed) if endless => {
            "the upstream sent nothing of its event stream within timeouts.tunnel_idle"
        }
        TransferError::Source(Stop::Expired | Stop::Slow | Stop::Needed) => {
            "the upstream sent nothing of its response within timeouts.body_gap"
        }
        TransferError::Source(Stop::Failed(_)) => {
            "the connection to the upstream failed in the middle of its response"
        }
        TransferError::Truncated => "the upstream closed in the middle of its response",
        TransferError::Body(error) | TransferError::Unsent(error) => error.reason(),
        TransferError::Sink(stop) => why_not_taken(stop),
    }
}

const CLIENT_LEFT: &str = "the client went away in the middle of its response";

/// Why a client is sent no more of its response.
pub(super) fn why_not_taken(stop: &Stop) -> &'static str {
    match stop {
        Stop::Expired => "the client took nothing of its response within timeouts.client_stall",
        Stop::Needed => {
            "the client took nothing of its response within timeouts.body_gap, and its place was needed"
        }
        Stop::Slow => "the client took its response slower than limits.client_rate",
        Stop::Failed(_) => CLIENT_LEFT,
    }
}
