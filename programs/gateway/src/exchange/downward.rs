//! Stage 8: the answer on its way from the upstream to the client: interim responses, upgrades,
//! and the head of the final one. Its body is `relay.rs`.

use std::borrow::Cow;
use std::cell::Cell;
use std::io::IoSlice;

use tombolo_http1::{OtherProtocol, ResponseHead, Version};

use super::answer;
use super::attempt::{Facing, Unanswered, Upload, Why};
use super::forward::Sent;
use super::guard::Asked;
use super::journal::Journal;
use super::refusal::Refusal;
use super::relay::Relay;
use super::{Failure, Scene};
use crate::data_plane::{Buffer, Stop, Wait, Watch, read_for, write_all};

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
    /// The head of the final response is there; its body was not touched.
    Held,
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
    /// The request once it is sent.
    pub(super) sent: &'a Cell<Option<Sent<'a>>>,
    pub(super) outbound: &'a mut Buffer,
    pub(super) response: &'a mut ResponseHead,
    pub(super) answer: &'a mut Vec<u8>,
    pub(super) scratch: &'a mut Vec<u8>,
    /// Stop at the body of the final response if the request is sent whole.
    pub(super) hold: bool,
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
            if interim > self.asked.bounds.interim_responses {
                return Err(Refusal::broken_upstream("too many interim responses").into());
            }
            self.pass_interim().await?;
            if self.upload.get() != Upload::Running {
                self.scene.connection.timer.arm(self.facing.first_byte);
            }
        }
        let status = self.response.status();
        if status >= self.facing.passed_below
            && interim == 0
            && let Some(rule) = self.goes_elsewhere()
        {
            let refusal = Refusal::answered_badly(status, rule);
            let unanswered = Unanswered { refusal, interim: false, why: Why::Elsewhere };
            return Err(DownError::Unanswered(unanswered));
        }
        self.journal.uploaded(self.sent.get().and_then(|sent| sent.body_ended));
        self.journal.answered();
        if status == 101 {
            return self.upgrade().await;
        }
        if self.hold && self.upload.get() == Upload::Done {
            return Ok(Ending::Held);
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
                    let words = format!(
                        "the upstream's response is malformed: {} ({})",
                        error.reason(),
                        error.rule()
                    );
                    return Err(self.no_answer(words).into());
                }
            }
            let room = self.outbound.room();
            let ended = match read_for(self.watch, self.facing.link, room, timer).await {
                Ok(0) => "the upstream closed the connection without a response".to_owned(),
                Ok(count) => {
                    timer.settle();
                    self.outbound.filled(count);
                    continue;
                }
                Err(Stop::Expired) if timer.is_released() && !self.watch.has_ended() => {
                    timer.settle();
                    if self.may_leave(interim) {
                        let refusal = Refusal::server_is_out();
                        let why = Why::Released;
                        let unanswered = Unanswered { refusal, interim, why };
                        return Err(DownError::Unanswered(unanswered));
                    }
                    continue;
                }
                Err(Stop::Expired) if self.watch.has_ended() => {
                    return Err(Failure::Cut("the client left before it was answered").into());
                }
                Err(Stop::Expired | Stop::Slow | Stop::Needed) => {
                    let bounds = &self.asked.bounds;
                    // A tick may have passed since the first server was picked.
                    let of_all = self.facing.first_byte.saturating_add(1) < bounds.first_byte;
                    let refusal = Refusal::no_first_byte(bounds, of_all);
                    // What has begun to answer, or still takes the body, is not asked elsewhere.
                    if !self.outbound.is_empty() || self.upload.get() == Upload::Running {
                        return Err(refusal.into());
                    }
                    let unanswered = Unanswered { refusal, interim, why: Why::Late };
                    return Err(DownError::Unanswered(unanswered));
                }
                Err(Stop::Failed(error)) => {
                    format!("the connection to the upstream failed: {error}")
                }
            };
            if !self.outbound.is_empty() {
                return Err(self.no_answer("the upstream closed inside a response head").into());
            }
            let refusal = Refusal::broken_upstream(ended);
            return Err(DownError::Unanswered(Unanswered { refusal, interim, why: Why::Ended }));
        }
    }

    /// Whether the request goes to another server now: nothing has come, and it can be sent once more.
    fn may_leave(&self, interim: bool) -> bool {
        !interim
            && self.outbound.is_empty()
            && self.upload.get() == Upload::Done
            && self.sent.get().is_some_and(|sent| sent.buffer.is_whole())
            && (self.facing.leave)()
    }

    /// The rule by which another server is asked instead of passing this answer on.
    #[cold]
    fn goes_elsewhere(&self) -> Option<&'static str> {
        let sent = self.sent.get().filter(|_| self.upload.get() == Upload::Done)?;
        (self.facing.elsewhere)(self.response, sent)
    }

    /// What came is no answer: another protocol is named, for anything else there are `words`.
    fn no_answer(&self, words: impl Into<Cow<'static, str>>) -> Refusal {
        match OtherProtocol::recognise(self.outbound.unread()) {
            Some(other) => Refusal::broken_upstream(format!(
                "the upstream speaks {}, and the gateway plain HTTP/1.1: name a port for that in servers",
                other.name()
            )),
            None => Refusal::broken_upstream(words),
        }
    }

    /// Passes an interim response (100, 103, 104, ...) on; HTTP/1.0 knows none.
    async fn pass_interim(&mut self) -> Result<(), DownError> {
        if self.asked.version == Version::Http11 && self.scene.client.is_some() {
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
        let wait = Wait::Gap(self.asked.bounds.body_gap);
        let timer = &self.scene.connection.timer;
        write_all(self.scene.client()?, &mut [IoSlice::new(self.answer)], timer, wait)
            .await
            .map_err(|_| Failure::Cut("the client went away").into())
    }

    /// Passes the final response on, head and body.
    async fn pass_final(self) -> Result<Ending, DownError> {
        Relay {
            scene: self.scene,
            asked: self.asked,
            journal: self.journal,
            facing: self.facing,
            watch: self.watch,
            sent: self.upload.get() == Upload::Done,
            outbound: self.outbound,
            response: self.response,
            answer: self.answer,
            scratch: self.scratch,
        }
        .run()
        .await
    }
}
