//! Stage 8: the answer on its way from the upstream to the client.

use std::cell::Cell;
use std::io::IoSlice;

use tokio::net::TcpStream;
use tombolo_http1::{BodyDecoder, BodyLimits, ResponseHead, Version};

use super::answer;
use super::attempt::{Facing, Unanswered, Upload};
use super::guard::Asked;
use super::journal::Journal;
use super::refusal::Refusal;
use super::{Failure, Scene};
use crate::data_plane::{Buffer, Stop, Transfer, TransferError, Watch, read_for, write_all};

/// How an answer ended.
pub(super) enum Ending {
    /// Passed on whole.
    Answered {
        /// The upstream connection can serve another request.
        reusable: bool,
        /// The client's connection can go on, as far as the answer is concerned.
        keep_alive: bool,
    },
    /// 101 was passed on.
    Upgraded,
}

/// Why there is no whole answer.
pub(super) enum DownError {
    /// The server ended the connection before it answered.
    Unanswered(Unanswered),
    /// Anything else.
    Failed(Failure),
}

impl From<Failure> for DownError {
    fn from(failure: Failure) -> Self {
        Self::Failed(failure)
    }
}

impl From<Refusal> for DownError {
    fn from(refusal: Refusal) -> Self {
        Self::Failed(Failure::Refused(refusal))
    }
}

/// Everything the answer needs.
pub(super) struct Downward<'a> {
    pub(super) scene: &'a Scene<'a>,
    pub(super) asked: &'a Asked,
    pub(super) journal: &'a mut Journal,
    pub(super) facing: &'a Facing<'a>,
    pub(super) watch: &'a Watch<'a>,
    pub(super) upload: &'a Cell<Upload>,
    pub(super) outbound: &'a mut Buffer,
    pub(super) response: &'a mut ResponseHead,
    pub(super) answer: &'a mut Vec<u8>,
    pub(super) scratch: &'a mut Vec<u8>,
}

impl Downward<'_> {
    /// Passes interim responses on, then the final one.
    pub(super) async fn run(mut self) -> Result<Ending, DownError> {
        let mut interim = 0_usize;
        loop {
            self.read_head(interim > 0).await?;
            if !self.response.is_interim() {
                break;
            }
            interim = interim.saturating_add(1);
            if interim > self.scene.snapshot.limits.interim_responses {
                return Err(Refusal::broken_upstream("too many interim responses").into());
            }
            self.pass_interim().await?;
            if self.upload.get() != Upload::Running {
                self.scene.connection.timer.arm(self.scene.snapshot.patience.first_byte);
            }
        }
        self.journal.answered();
        if self.response.status() == 101 {
            return self.upgrade().await;
        }
        self.pass_final().await
    }

    /// Reads until a response head is whole.
    async fn read_head(&mut self, interim: bool) -> Result<(), DownError> {
        let timer = &self.scene.connection.timer;
        self.response.reset();
        loop {
            let head = &self.scene.snapshot.head;
            match self.response.parse(self.outbound.unread(), head, self.asked.method) {
                Ok(Some(length)) => {
                    self.outbound.keep_head(length);
                    return Ok(());
                }
                Ok(None) => {}
                Err(error) => {
                    return Err(Refusal::broken_upstream(format!(
                        "the upstream's response is malformed: {} ({})",
                        error.reason(),
                        error.rule()
                    ))
                    .into());
                }
            }
            let room = self.outbound.room();
            let ended = match read_for(self.watch, self.facing.link, room, timer).await {
                Ok(0) => "the upstream closed the connection without a response".to_owned(),
                Ok(count) => {
                    self.outbound.filled(count);
                    continue;
                }
                Err(Stop::Expired) if self.watch.has_ended() => {
                    return Err(Failure::Cut("the client left before it was answered").into());
                }
                Err(Stop::Expired) => {
                    return Err(Refusal::slow_upstream(
                        "no response from the upstream within timeouts.first_byte",
                    )
                    .into());
                }
                Err(Stop::Failed(error)) => {
                    format!("the connection to the upstream failed: {error}")
                }
            };
            if !self.outbound.is_empty() {
                return Err(
                    Refusal::broken_upstream("the upstream closed inside a response head").into()
                );
            }
            let refusal = Refusal::broken_upstream(ended);
            return Err(DownError::Unanswered(Unanswered { refusal, interim }));
        }
    }

    /// Passes an interim response (100, 103, 104, ...) on; HTTP/1.0 knows none.
    async fn pass_interim(&mut self) -> Result<(), DownError> {
        if self.asked.version == Version::Http11 {
            answer::interim(self.answer, self.response, self.outbound.whole());
            self.send_answer().await?;
        }
        self.outbound.next_message();
        Ok(())
    }

    /// Passes 101 on, if the client asked for it.
    async fn upgrade(&mut self) -> Result<Ending, DownError> {
        if !self.asked.upgrade {
            return Err(Refusal::broken_upstream(
                "the upstream upgraded a request that did not ask for it",
            )
            .into());
        }
        answer::switching(self.answer, self.response, self.outbound.whole(), self.journal);
        self.journal.status = 101;
        self.send_answer().await?;
        Ok(Ending::Upgraded)
    }

    async fn send_answer(&mut self) -> Result<(), DownError> {
        let gap = self.scene.snapshot.patience.body_gap;
        let timer = &self.scene.connection.timer;
        timer.arm(gap);
        write_all(self.scene.client, &mut [IoSlice::new(self.answer)], timer, gap)
            .await
            .map_err(|_| Failure::Cut("the client went away").into())
    }

    /// Passes the final response on, head and body.
    async fn pass_final(self) -> Result<Ending, DownError> {
        let sent = self.upload.get() == Upload::Done;
        let plan = answer::compose(
            &answer::Parts {
                scene: self.scene,
                asked: self.asked,
                journal: self.journal,
                response: self.response,
                head: self.outbound.whole(),
                server: self.facing.server,
                cookie: self.facing.cookie,
                sent,
            },
            self.answer,
        );
        self.journal.status = self.response.status();
        let mut decoder = BodyDecoder::new(self.response.framing(), BodyLimits::default());
        let outcome = Transfer {
            source: self.facing.link,
            sink: self.scene.client,
            client: Some(self.watch),
            buffer: self.outbound,
            decoder: &mut decoder,
            chunked: plan.chunked,
            trailers: self.asked.accepts_trailers,
            scratch: self.scratch,
            pipes: &self.scene.connection.core.pipes,
            timer: &self.scene.connection.timer,
            gap: self.scene.snapshot.patience.body_gap,
            moved: &mut self.journal.bytes_out,
        }
        .run(self.answer)
        .await;
        match outcome {
            Ok(()) => Ok(Ending::Answered {
                // An answer that came before the request was whole says nothing of what the
                // server will make of the rest: that connection is not used again.
                reusable: plan.upstream_keeps && self.outbound.is_empty() && sent,
                keep_alive: plan.keep_alive,
            }),
            Err(TransferError::Unsent(error)) => {
                self.journal.status = 0;
                Err(Refusal::broken_upstream(error.reason()).into())
            }
            Err(error) => {
                if plan.until_close {
                    reset_on_close(self.scene.client);
                }
                Err(Failure::Cut(why_cut(&error)).into())
            }
        }
    }
}

/// Makes the end of the connection a reset: a body that ends with the connection would otherwise
/// look complete (RFC 9112 section 8).
fn reset_on_close(client: &TcpStream) {
    let _ = socket2::SockRef::from(client).set_linger(Some(std::time::Duration::ZERO));
}

fn why_cut(error: &TransferError) -> &'static str {
    match error {
        TransferError::Source(Stop::Expired) => {
            "the upstream stopped in the middle of its response"
        }
        TransferError::Source(Stop::Failed(_)) => {
            "the connection to the upstream failed in the middle of its response"
        }
        TransferError::Truncated => "the upstream closed in the middle of its response",
        TransferError::Body(error) | TransferError::Unsent(error) => error.reason(),
        TransferError::Sink(Stop::Expired) => "the client stopped taking the response",
        TransferError::Sink(Stop::Failed(_)) => {
            "the client went away in the middle of its response"
        }
    }
}
