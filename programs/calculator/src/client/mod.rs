//! The client: asks in order, and loses nothing when a replica goes away.
//!
//! Requests without an answer are kept. When the connection ends, another is made (through a
//! balancer, to another replica), the variables are defined again there, and what has no answer
//! is asked again. Every request can be asked again: none changes anything but the connection's own
//! variables, which died with it. Each is dropped from the list by its answer and by nothing else,
//! so an answer never belongs to another question and none is told twice.

mod definitions;
mod error;
mod link;

use std::collections::VecDeque;
use std::io;
use std::time::Duration;

use tokio::time::{Instant, sleep_until};

use crate::protocol::{Answer, Received, Request};
use definitions::Definitions;
pub use error::Error;
use link::Link;

/// Requests that may be sent ahead of their answers.
pub const AHEAD: usize = 256;
/// Times in a row that connecting may fail.
const TRIES: u32 = 8;
/// Connections that may be lost in a row over one request before it is given up.
const LOSSES: u32 = 8;
/// Before the second try; doubled for each further one, up to [`PAUSE_MAX`].
const PAUSE: Duration = Duration::from_millis(50);
const PAUSE_MAX: Duration = Duration::from_secs(2);

/// What happens besides answers, to be told to the user.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Notice {
    /// The connection was lost; another is being made.
    Lost(String),
    /// Another connection is there, and so many variables are being defined again.
    Back {
        /// How many.
        variables: usize,
    },
}

/// A request, and the answer to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Exchange {
    /// The line that was sent, without its end.
    pub request: String,
    /// What the server said.
    pub answer: Answer,
}

/// A client of one address.
#[derive(Debug)]
pub struct Client {
    server: String,
    link: Option<Link>,
    /// What was asked and has no answer, oldest first.
    waiting: VecDeque<Waiting>,
    definitions: Definitions,
    notices: Vec<Notice>,
    /// Failed tries to connect since the last success, and when to try next.
    tries: u32,
    next_try: Instant,
    was_connected: bool,
}

#[derive(Debug)]
struct Waiting {
    request: String,
    purpose: Purpose,
    losses: u32,
}

#[derive(Debug, PartialEq, Eq)]
enum Purpose {
    /// Somebody wants the answer.
    Asked,
    /// Brings a variable back; the answer concerns nobody unless it is a refusal.
    Restored,
}

impl Client {
    /// A client of `server`, a host and a port. Connects when something is asked.
    #[must_use]
    pub fn new(server: impl Into<String>) -> Self {
        Self {
            server: server.into(),
            link: None,
            waiting: VecDeque::new(),
            definitions: Definitions::default(),
            notices: Vec::new(),
            tries: 0,
            next_try: Instant::now(),
            was_connected: false,
        }
    }

    /// Requests without an answer. Ask no more while there are [`AHEAD`] of them.
    #[must_use]
    pub fn waiting(&self) -> usize {
        self.waiting.iter().filter(|waiting| waiting.purpose == Purpose::Asked).count()
    }

    /// Whether another request may be sent ahead now.
    #[must_use]
    pub fn has_room(&self) -> bool {
        self.waiting.len() < AHEAD
    }

    /// What has happened since this was last called.
    pub fn notices(&mut self) -> Vec<Notice> {
        std::mem::take(&mut self.notices)
    }

    /// The names that have values, in the order of the alphabet.
    #[must_use]
    pub fn variables(&self) -> Vec<String> {
        self.definitions.names()
    }

    /// Adds a request, a line without its end; [`Client::next`] sends it. Line ends within it
    /// become blanks: they would make two requests of one.
    pub fn ask(&mut self, request: &str) {
        let request = request.replace(['\n', '\r'], " ");
        if let Some(link) = &mut self.link {
            link.push(&request);
        }
        self.waiting.push_back(Waiting { request, purpose: Purpose::Asked, losses: 0 });
    }

    /// Waits for the next answer; None if nothing was asked. Safe to drop and call again.
    ///
    /// # Errors
    /// When no answer can be had. What has none stays, and may be waited for again.
    pub async fn next(&mut self) -> Result<Option<Exchange>, Error> {
        while !self.waiting.is_empty() {
            if self.link.is_none() {
                self.connect().await?;
            }
            let Some(link) = &mut self.link else { continue };
            match link.line().await {
                Ok(line) => {
                    if let Some(exchange) = self.take(&line)? {
                        return Ok(Some(exchange));
                    }
                }
                Err(error) => self.lose(error)?,
            }
        }
        Ok(None)
    }

    /// One question, one answer, when nothing else is asked.
    ///
    /// # Errors
    /// As [`Client::next`].
    pub async fn answer_to(&mut self, request: &str) -> Result<Option<Answer>, Error> {
        self.ask(request);
        Ok(self.next().await?.map(|exchange| exchange.answer))
    }

    async fn connect(&mut self) -> Result<(), Error> {
        sleep_until(self.next_try).await;
        match Link::connect(&self.server).await {
            Ok(link) => {
                self.tries = 0;
                self.restore(link)
            }
            Err(source) => {
                self.tries += 1;
                if self.tries >= TRIES || !self.was_connected {
                    self.tries = 0;
                    return Err(Error::Unreachable { server: self.server.clone(), source });
                }
                self.next_try = Instant::now() + pause(self.tries);
                Ok(())
            }
        }
    }

    /// Begins anew on a fresh connection: the variables first, then all that has no answer.
    fn restore(&mut self, mut link: Link) -> Result<(), Error> {
        self.waiting.retain(|waiting| waiting.purpose == Purpose::Asked);
        if self.was_connected {
            let lines = match self.definitions.lines() {
                Ok(lines) => lines,
                Err(words) => return Err(self.give_variables_up(words)),
            };
            self.notices.push(Notice::Back { variables: self.definitions.names().len() });
            for request in lines.into_iter().rev() {
                let purpose = Purpose::Restored;
                self.waiting.push_front(Waiting { request, purpose, losses: 0 });
            }
        }
        for waiting in &self.waiting {
            link.push(&waiting.request);
        }
        self.was_connected = true;
        self.link = Some(link);
        Ok(())
    }

    /// Goes on without variables, and without the requests that may need them.
    fn give_variables_up(&mut self, words: String) -> Error {
        self.link = None;
        self.waiting.clear();
        self.definitions = Definitions::default();
        Error::Variables(words)
    }

    fn lose(&mut self, source: io::Error) -> Result<(), Error> {
        self.link = None;
        self.notices.push(Notice::Lost(source.to_string()));
        let oldest = self.waiting.iter_mut().find(|waiting| waiting.purpose == Purpose::Asked);
        let Some(oldest) = oldest else { return Ok(()) };
        oldest.losses += 1;
        self.next_try = Instant::now();
        if oldest.losses > 1 {
            self.next_try += pause(oldest.losses - 1);
        }
        if oldest.losses >= LOSSES {
            let request = oldest.request.clone();
            self.waiting.clear();
            return Err(Error::GivenUp { request, source });
        }
        Ok(())
    }

    /// Takes a line in; gives the exchange that it completes.
    fn take(&mut self, line: &str) -> Result<Option<Exchange>, Error> {
        let answer = match Received::parse(line) {
            Some(Received::Answer(answer)) => answer,
            Some(Received::Bye(reason)) => {
                self.lose(io::Error::new(
                    io::ErrorKind::ConnectionAborted,
                    format!("the server said: {reason}"),
                ))?;
                return Ok(None);
            }
            None => {
                self.link = None;
                self.waiting.clear();
                let line = line.chars().take(80).collect();
                return Err(Error::Stranger { server: self.server.clone(), line });
            }
        };
        let Some(Waiting { request, purpose, .. }) = self.waiting.pop_front() else {
            return Ok(None);
        };
        if purpose == Purpose::Restored {
            return match answer {
                Answer::Ok(_) => Ok(None),
                // It was answered before, so this replica has too much to do.
                Answer::Err(code, words) if code == "busy" || code == "timeout" => {
                    self.lose(io::Error::new(io::ErrorKind::ResourceBusy, words)).map(|()| None)
                }
                Answer::Err(_, words) => {
                    Err(self.give_variables_up(format!("{request:?} was refused: {words}")))
                }
            };
        }
        self.definitions.note(&request, &answer);
        if matches!(Request::parse(&request), Ok(Request::Quit)) {
            // What follows starts on a connection of its own, without variables.
            self.link = None;
            self.was_connected = false;
            self.definitions = Definitions::default();
        }
        Ok(Some(Exchange { request, answer }))
    }
}

fn pause(failures: u32) -> Duration {
    let factor = 1_u32.checked_shl(failures.saturating_sub(1)).unwrap_or(u32::MAX);
    PAUSE.saturating_mul(factor).min(PAUSE_MAX)
}

#[cfg(test)]
mod tests;
