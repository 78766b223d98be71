//! One connection, from its first request to its last answer.
//!
//! The order is all there is to it: take the lines that are there, answer each, send the answers,
//! and only then read on. So a client that does not read its answers is not read from either, and
//! nothing grows with the number of requests that were sent ahead.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use bytes::Buf;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout, timeout_at};
use tombolo_daemon::shutdown::Shutdown;

use crate::evaluator::Pool;
use crate::limits::{FLUSH_BYTES, LINGER_TIME, READ_AHEAD_BYTES, WRITE_STALL_TIME};
use crate::peers::{Client, Introduction, Peers, TooMany, introduction};
use crate::protocol::{Answer, Closing, Lines};
use crate::session::{Session, Step};

/// How long a connection may do nothing.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Patience {
    /// Between two requests.
    pub(crate) idle: Duration,
    /// Within one.
    pub(crate) line: Duration,
}

/// What all connections of a replica share.
#[derive(Debug)]
pub(crate) struct Replica {
    pub(crate) name: String,
    pub(crate) evaluators: Arc<Pool>,
    pub(crate) patience: Patience,
    pub(crate) peers: Peers,
}

/// A connection that is being served.
pub(crate) struct Connection {
    stream: TcpStream,
    client: Client,
    replica: Arc<Replica>,
    shutdown: Shutdown,
    session: Session,
    lines: Lines,
    /// Answers that were not sent yet.
    answers: Vec<u8>,
    /// Microseconds of evaluators that this connection has used.
    used: u64,
    /// When the line began that has not ended yet.
    line_began: Option<Instant>,
}

/// Why to read no further.
enum End {
    /// The client asked for it, or has sent all it will.
    Client,
    /// We do, and say why.
    Server(Closing),
}

impl Connection {
    pub(crate) fn new(
        stream: TcpStream,
        client: Client,
        replica: Arc<Replica>,
        shutdown: Shutdown,
    ) -> Self {
        Self {
            stream,
            client,
            replica,
            shutdown,
            session: Session::default(),
            lines: Lines::default(),
            answers: Vec::new(),
            used: 0,
            line_began: None,
        }
    }

    /// Answers requests until one side ends it.
    ///
    /// # Errors
    /// When the stream fails, or the client takes no answers.
    pub(crate) async fn run(mut self) -> io::Result<()> {
        self.stream.set_nodelay(true)?;
        let end = loop {
            match self.introduce() {
                Ok(false) => {}
                Ok(true) => {
                    if self.answer_lines().await? {
                        break End::Client;
                    }
                }
                Err(TooMany) => break End::Server(Closing::Busy),
            }
            self.send().await?;
            if let Some(end) = self.read().await? {
                break end;
            }
        };
        match end {
            End::Client => {}
            End::Server(closing) => self.answers.extend_from_slice(closing.line().as_bytes()),
        }
        self.send().await?;
        part(self.stream).await
    }

    /// Takes a header off that names the client, if this peer may have one and it has come. False
    /// until that is known.
    fn introduce(&mut self) -> Result<bool, TooMany> {
        if !self.client.may_introduce {
            return Ok(true);
        }
        let arrived = self.lines.arriving();
        match introduction(arrived) {
            Introduction::Partial => return Ok(false),
            Introduction::None => {}
            Introduction::Header { client, length } => {
                arrived.advance(length);
                if let Some(address) = client {
                    self.replica.peers.introduced(&mut self.client, address)?;
                }
            }
        }
        self.client.may_introduce = false;
        Ok(true)
    }

    /// Answers every line that is there; true after the last request.
    async fn answer_lines(&mut self) -> io::Result<bool> {
        while let Some(line) = self.lines.next_line() {
            self.line_began = None;
            match self.session.take(&line, &self.replica.name) {
                Step::Answer(answer) => self.answer(&answer).await?,
                Step::Evaluate(job) => {
                    // What is known already does not wait for it.
                    self.send().await?;
                    let evaluators = &self.replica.evaluators;
                    let client = self.client.network;
                    let outcome = evaluators.evaluate(&job, client, &mut self.used).await;
                    let answer = self.session.conclude(&job, outcome);
                    self.answer(&answer).await?;
                }
                Step::Last(answer) => {
                    self.answer(&answer).await?;
                    return Ok(true);
                }
            }
        }
        Ok(false)
    }

    async fn answer(&mut self, answer: &Answer) -> io::Result<()> {
        answer.write(&mut self.answers);
        if self.answers.len() >= FLUSH_BYTES { self.send().await } else { Ok(()) }
    }

    async fn send(&mut self) -> io::Result<()> {
        // One deadline for all of them: a byte now and then must not keep a connection for ever.
        let sent = timeout(WRITE_STALL_TIME, self.stream.write_all(&self.answers)).await;
        sent.map_err(|_| io::Error::from(io::ErrorKind::TimedOut))??;
        self.answers.clear();
        Ok(())
    }

    /// Reads what has arrived; the reason when nothing more is to be read.
    async fn read(&mut self) -> io::Result<Option<End>> {
        if self.shutdown.is_draining() {
            return Ok(Some(End::Server(Closing::Draining)));
        }
        if !self.lines.is_within_line() {
            // Whoever waits holds no memory.
            self.lines.rest();
            self.answers = Vec::new();
        }
        let (deadline, closing) = self.deadline();
        let readable = async {
            tokio::select! {
                biased;
                ready = self.stream.readable() => ready.map(|()| None),
                () = self.shutdown.draining() => Ok(Some(End::Server(Closing::Draining))),
            }
        };
        match timeout_at(deadline, readable).await {
            Ok(Ok(None)) => {}
            Ok(other) => return other,
            Err(_) => return Ok(Some(End::Server(closing))),
        }
        let arriving = self.lines.arriving();
        arriving.reserve(READ_AHEAD_BYTES);
        let read = self.stream.try_read_buf(&mut bytes::BufMut::limit(arriving, READ_AHEAD_BYTES));
        match read {
            Ok(0) => {
                if let Some(line) = self.lines.end()
                    && let Step::Answer(answer) = self.session.take(&line, &self.replica.name)
                {
                    self.answer(&answer).await?;
                }
                Ok(Some(End::Client))
            }
            Err(error) if error.kind() != io::ErrorKind::WouldBlock => Err(error),
            _ => Ok(None),
        }
    }

    /// Until when something must have arrived, and what to say if not. A line that drips does not
    /// put its deadline off.
    fn deadline(&mut self) -> (Instant, Closing) {
        let now = Instant::now();
        if self.lines.is_within_line() {
            let began = *self.line_began.get_or_insert(now);
            (began + self.replica.patience.line, Closing::Slow)
        } else {
            (now + self.replica.patience.idle, Closing::Idle)
        }
    }
}

/// Ends a connection so that the client gets our last words: had we closed with something
/// unread, the system would throw away what the client has not taken yet.
pub(crate) async fn part(mut stream: TcpStream) -> io::Result<()> {
    stream.shutdown().await?;
    let mut unread = vec![0; READ_AHEAD_BYTES];
    let all = async { while matches!(stream.read(&mut unread).await, Ok(read) if read > 0) {} };
    // Who goes on sending is not listened to for ever.
    let _ = timeout(LINGER_TIME, all).await;
    Ok(())
}
