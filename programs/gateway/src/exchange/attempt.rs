//! One attempt at one server: the request goes up while the answer comes down.
//!
//! Both directions run in this one task, by turns. The answer may begin, and even end, before the
//! request body has: then what is left of the body is not waited for.

use std::cell::Cell;
use std::future::{Future, poll_fn};
use std::pin::pin;
use std::task::Poll;
use std::time::Instant;

use tokio::net::TcpStream;
use tombolo_http1::{BodyDecoder, BodyErrorKind, Framing, ResponseHead};

use super::downward::{DownError, Downward, Ending};
use super::forward::Sent;
use super::guard::Asked;
use super::journal::Journal;
use super::refusal::Refusal;
use super::{Failure, SHED, Scene};
use crate::data_plane::{Next, Pace, Stop, Transfer, TransferError, Watch, Workspace};
use crate::metrics::Outcome;

/// What came of an attempt that was answered.
pub(super) enum Attempted {
    /// The answer was passed on whole.
    Answered {
        /// The upstream connection can serve another request.
        reusable: bool,
        /// What becomes of the client's connection; none: the client is still sending.
        next: Option<Next>,
    },
    /// 101: the connection now speaks another protocol.
    Upgraded,
    /// The head is there and the request is sent whole; the body is still to come.
    Held,
}

/// The server ended the connection without answering, or did not answer in time.
pub(super) struct Unanswered {
    /// What the client is told if the request is not repeated.
    pub(super) refusal: Refusal,
    /// Interim responses were passed on.
    pub(super) interim: bool,
    pub(super) why: Why,
}

/// Why there is no answer to pass on.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Why {
    /// It ended the connection.
    Ended,
    /// It took too long.
    Late,
    /// It answered with a status after which another server is asked, which is paid for.
    Elsewhere,
    /// It was found to fail while an answer was awaited; another is asked, which is paid for.
    Released,
}

/// How far the request has gone.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Upload {
    /// Still being sent.
    Running,
    /// Sent whole.
    Done,
    /// The server takes no more of it.
    Refused,
}

/// The server an attempt faces.
pub(super) struct Facing<'f> {
    /// The connection to it.
    pub(super) link: &'f TcpStream,
    /// Its name.
    pub(super) server: &'f str,
    /// Name and value of a cookie that keeps the client with it.
    pub(super) cookie: Option<(&'f str, &'f str)>,
    /// Ticks it may take from the end of the request to the first byte of its answer.
    pub(super) first_byte: u64,
    /// Statuses below this are passed on at once.
    pub(super) passed_below: u16,
    /// The rule by which another server is asked instead, now that this answer has begun to come.
    pub(super) elsewhere: &'f dyn Fn(&ResponseHead, Sent<'_>) -> Option<&'static str>,
    /// Whether another server is asked instead, now that this one is out.
    pub(super) leave: &'f dyn Fn() -> bool,
}

/// Sends the request over the link and passes the answer on, or with `hold` stops at its body.
pub(super) async fn attempt(
    scene: &Scene<'_>,
    workspace: &mut Workspace,
    asked: &Asked,
    journal: &mut Journal,
    facing: &Facing<'_>,
    hold: bool,
) -> Result<Result<Attempted, Unanswered>, Failure> {
    let Workspace { inbound, outbound, request, response, onward, answer, .. } = workspace;
    let Workspace { framing_up, framing_down, .. } = workspace;
    outbound.clear();
    let (timer, watch) = (&scene.connection.timer, Watch::new(scene.client));
    let (state, sent) = (Cell::new(Upload::Running), Cell::new(None::<Sent<'_>>));
    let (request, mut uploaded) = (&*request, 0_u64);
    let mut decoder = BodyDecoder::new(asked.framing, asked.bounds.body());
    let pace = Pace::new(asked.bounds.body_gap, 0, asked.bounds.client_bytes, &|| false);
    let (outcome, body_ended) = {
        let mut upload = pin!(
            Transfer {
                // Where nobody waits, there is no body to be read.
                source: scene.client.unwrap_or(facing.link),
                sink: facing.link,
                client: None,
                buffer: inbound,
                decoder: &mut decoder,
                chunked: asked.framing == Framing::Chunked,
                trailers: true,
                scratch: framing_up,
                pipes: &scene.connection.core.pipes,
                timer,
                gap: asked.bounds.body_gap,
                pace: &pace,
                moved: &mut uploaded,
            }
            .run(onward)
        );
        let mut downward = pin!(
            Downward {
                scene,
                asked,
                journal,
                facing,
                watch: &watch,
                upload: &state,
                sent: &sent,
                outbound,
                response,
                answer,
                scratch: framing_down,
                hold,
            }
            .run()
        );
        let outcome = poll_fn(|cx| {
            if state.get() == Upload::Running
                && let Poll::Ready((ended, buffer)) = upload.as_mut().poll(cx)
            {
                let body_ended = asked.has_body().then(Instant::now);
                sent.set(Some(Sent { request, buffer, body_ended }));
                timer.await_answer(facing.first_byte);
                upload_ended(ended, &state, &watch, asked)?;
            }
            downward.as_mut().poll(cx).map(Ok)
        });
        (outcome.await, sent.get().and_then(|sent| sent.body_ended))
    };
    journal.bytes_in = uploaded;
    journal.uploaded(body_ended);
    conclude(outcome, state.get(), journal, timer.is_shed())
}

/// Notes that the upload has ended; an error if the request cannot go on.
fn upload_ended(
    ended: Result<(), TransferError>,
    state: &Cell<Upload>,
    watch: &Watch<'_>,
    asked: &Asked,
) -> Result<(), Failure> {
    match ended {
        Ok(()) => {
            state.set(Upload::Done);
            watch.begin();
        }
        // Its answer may be on the way all the same (RFC 9112 section 9.5).
        Err(TransferError::Sink(Stop::Failed(_))) => state.set(Upload::Refused),
        Err(error) => return Err(fault(&error, asked)),
    }
    Ok(())
}

/// What both directions together came to.
fn conclude(
    outcome: Result<Result<Ending, DownError>, Failure>,
    upload: Upload,
    journal: &Journal,
    is_shed: bool,
) -> Result<Result<Attempted, Unanswered>, Failure> {
    match outcome {
        // Nobody was late but us: the server is not to blame, and no other is asked.
        Err(_) | Ok(Err(_)) if is_shed => Err(Failure::Cut(SHED)),
        Err(failure) if journal.status == 0 => Err(failure),
        Err(_) => Err(Failure::Cut("the request body failed while the answer was being sent")),
        Ok(Ok(Ending::Upgraded)) => Ok(Ok(Attempted::Upgraded)),
        Ok(Ok(Ending::Held)) => Ok(Ok(Attempted::Held)),
        Ok(Ok(Ending::Answered { reusable, keep_alive })) => {
            let next = if keep_alive { Next::KeepAlive } else { Next::Close };
            let next = (upload == Upload::Done).then_some(next);
            Ok(Ok(Attempted::Answered { reusable, next }))
        }
        Ok(Err(DownError::Failed(failure))) => Err(failure),
        Ok(Err(DownError::Unanswered(unanswered))) => Ok(Err(unanswered)),
    }
}

/// How the attempt counts for the server.
pub(super) fn outcome(
    attempted: &Result<Result<Attempted, Unanswered>, Failure>,
    reused: bool,
    journal: &Journal,
) -> Outcome {
    match attempted {
        Ok(Ok(_)) | Ok(Err(Unanswered { why: Why::Elsewhere, .. })) => Outcome::Answered,
        Ok(Err(Unanswered { why: Why::Late | Why::Released, .. })) => Outcome::TimedOut,
        Ok(Err(_)) if reused => Outcome::Stale,
        Ok(Err(_)) => Outcome::Failed,
        Err(_) if journal.is_answered() => Outcome::Answered,
        Err(Failure::Refused(refusal)) => match refusal.status() {
            504 => Outcome::TimedOut,
            500.. => Outcome::Failed,
            _ => Outcome::Abandoned,
        },
        Err(Failure::Cut(_)) => Outcome::Abandoned,
    }
}

/// What is said of a request body that did not reach its end.
fn fault(error: &TransferError, asked: &Asked) -> Failure {
    match error {
        TransferError::Source(Stop::Slow) => Refusal::slow_rate(&asked.bounds).into(),
        TransferError::Source(Stop::Expired | Stop::Needed) => {
            Refusal::slow_body(&asked.bounds).into()
        }
        TransferError::Source(Stop::Failed(_)) | TransferError::Truncated => {
            Failure::Cut("the client closed inside the request body")
        }
        TransferError::Body(error) | TransferError::Unsent(error) => match error.kind() {
            BodyErrorKind::TooLarge => Refusal::body_too_large(&asked.bounds).into(),
            _ => Refusal::bad_body(error.reason()).into(),
        },
        TransferError::Sink(_) => Refusal::body_not_taken(&asked.bounds).into(),
    }
}
