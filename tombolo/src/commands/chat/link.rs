//! The link to a room: follows it over a WebSocket, sends what is said, one message after the
//! other, and goes on at whichever replica answers when the connection is lost.
//!
//! A message is sent, with its key, until it is answered: it is in the room once however often
//! that takes.

use std::collections::VecDeque;
use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use tokio::net::TcpStream;
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep_until, timeout};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::{Error as SocketError, Message as Frame};

use super::place::Place;
use super::wire::{Heard, Message, Present, Problem, Said, is_passing};

/// For a connection to come about.
const CONNECT: Duration = Duration::from_secs(10);
/// A ping comes every 15 s; a line that says nothing for this long is dead.
const SILENCE: Duration = Duration::from_secs(45);
/// After this, the user is told that a message is not sent yet.
const LATE: Duration = Duration::from_millis(1500);
/// Before the first try to connect again; doubled each time, and drawn at random around that.
const PAUSE: Duration = Duration::from_millis(150);
const PAUSE_MAX: Duration = Duration::from_secs(10);
/// Before a message is sent again that the service was too busy for.
const BUSY: Duration = Duration::from_secs(1);

/// What happens.
#[derive(Debug)]
pub(super) enum Event {
    Message(Message),
    Present(Present),
    /// What follows is the latest; something in between may be missing.
    Reset(String),
    /// The connection is lost, and why.
    Lost(String),
    /// It is back, at this replica.
    Back(String),
    /// So many messages are not sent yet.
    Waits(usize),
    /// All of them are sent now.
    Sent,
    /// A message is not taken, and why.
    Refused {
        text: String,
        why: String,
    },
    /// The room cannot be followed at all.
    Failed(String),
    /// Everything that was said is stored, and nothing more will be said.
    Done,
}

struct Post {
    key: String,
    text: String,
}

struct Link {
    place: Place,
    last: String,
    said: Option<mpsc::Receiver<String>>,
    posts: VecDeque<Post>,
    /// The user knows that messages wait.
    told: bool,
    events: mpsc::Sender<Event>,
}

/// How a connection ended.
enum End {
    Lost(String),
    Over,
}

type Socket = WebSocketStream<TcpStream>;

/// Follows the room until it fails, everything is said and stored, or nobody listens.
pub(super) async fn run(
    place: Place,
    last: String,
    said: mpsc::Receiver<String>,
    events: mpsc::Sender<Event>,
) {
    let (posts, told) = (VecDeque::new(), false);
    let mut link = Link { place, last, said: Some(said), posts, told, events };
    let mut tries = 0;
    let mut was_lost = false;
    loop {
        let why = match timeout(CONNECT, link.connect()).await {
            Ok(Ok((socket, replica))) => {
                tries = 0;
                if was_lost && link.tell(Event::Back(replica)).await.is_err() {
                    return;
                }
                match link.converse(socket).await {
                    End::Lost(why) => why,
                    End::Over => return,
                }
            }
            Ok(Err(refused)) if !refused.passing => {
                let _ = link.tell(Event::Failed(refused.words)).await;
                return;
            }
            Ok(Err(refused)) => refused.words,
            Err(_) => format!("no answer within {} s", CONNECT.as_secs()),
        };
        if tries == 0 && link.tell(Event::Lost(why)).await.is_err() {
            return;
        }
        was_lost = true;
        let pause = PAUSE.saturating_mul(1 << tries.min(10)).min(PAUSE_MAX);
        tries += 1;
        if link.wait(pause.mul_f64(0.5 + fastrand::f64())).await.is_err() {
            return;
        }
    }
}

/// A connection that did not come about.
struct Refused {
    words: String,
    passing: bool,
}

impl Link {
    /// Connects; the socket and the replica at its other end.
    async fn connect(&self) -> Result<(Socket, String), Refused> {
        let passing = |words: String| Refused { words, passing: true };
        let address = self.place.server.address();
        let stream = TcpStream::connect(&address).await;
        let stream = stream.map_err(|error| passing(format!("{address}: {error}")))?;
        let _ = stream.set_nodelay(true);
        let asked = tokio_tungstenite::client_async(self.place.socket(&self.last), stream).await;
        match asked {
            Ok((socket, answer)) => {
                let replica = answer.headers().get("x-replica");
                let replica = replica.and_then(|name| name.to_str().ok()).unwrap_or("a replica");
                Ok((socket, replica.to_owned()))
            }
            Err(SocketError::Http(answer)) => {
                let status = answer.status().as_u16();
                let body = answer.body().as_deref().unwrap_or_default();
                let detail = serde_json::from_slice(body).map(|problem: Problem| problem.detail);
                let detail = detail.unwrap_or_else(|_| "no chat".to_owned());
                Err(Refused { words: format!("{status}: {detail}"), passing: is_passing(status) })
            }
            Err(error) => Err(passing(error.to_string())),
        }
    }

    /// Follows and sends over one connection, to its end.
    async fn converse(&mut self, mut socket: Socket) -> End {
        // When the first message in the queue is sent, and when it is late.
        let mut send_at = Some(Instant::now());
        let mut late_at = Instant::now() + LATE;
        loop {
            if self.said.is_none() && self.posts.is_empty() {
                let _ = self.tell(Event::Done).await;
                let _ = socket.close(None).await;
                return End::Over;
            }
            let idle = self.posts.is_empty();
            tokio::select! {
                heard = timeout(SILENCE, socket.next()) => {
                    let text = match heard {
                        Err(_) => return End::Lost("the line was silent".to_owned()),
                        Ok(None) => return End::Lost("closed".to_owned()),
                        Ok(Some(Err(error))) => return End::Lost(error.to_string()),
                        Ok(Some(Ok(Frame::Close(frame)))) => {
                            let reason = frame.map(|frame| frame.reason.to_string());
                            let reason = reason.filter(|reason| !reason.is_empty());
                            return End::Lost(reason.unwrap_or_else(|| "closed".to_owned()));
                        }
                        Ok(Some(Ok(Frame::Text(text)))) => text,
                        Ok(Some(Ok(_))) => continue,
                    };
                    match self.hear(&text).await {
                        Ok(Next::Nothing) => {}
                        Ok(Next::Send) => {
                            (send_at, late_at) = (Some(Instant::now()), Instant::now() + LATE);
                        }
                        Ok(Next::SendLater) => send_at = Some(Instant::now() + BUSY),
                        Err(Unheard) => return End::Over,
                    }
                }
                text = said(&mut self.said) => {
                    if idle {
                        (send_at, late_at) = (Some(Instant::now()), Instant::now() + LATE);
                    }
                    self.take(text);
                }
                () = sleep_until(send_at.unwrap_or(late_at)), if !idle && send_at.is_some() => {
                    send_at = None;
                    let Some(text) = self.next_post() else { continue };
                    if let Err(error) = socket.send(Frame::text(text)).await {
                        return End::Lost(error.to_string());
                    }
                }
                () = sleep_until(late_at), if !idle && !self.told => {
                    if self.tell_waits().await.is_err() {
                        return End::Over;
                    }
                }
            }
        }
    }

    fn next_post(&self) -> Option<String> {
        let Post { key, text } = self.posts.front()?;
        let post = Said::Post { author: self.place.name.as_str(), text, key };
        serde_json::to_string(&post).ok()
    }

    /// Acts on what the service says, and what that means for the queue.
    async fn hear(&mut self, text: &str) -> Result<Next, Unheard> {
        // What cannot be read is of a later version.
        let Ok(heard) = serde_json::from_str(text) else { return Ok(Next::Nothing) };
        match heard {
            Heard::Hello { id } => self.last = id,
            Heard::Message { id, data } => {
                self.last = id;
                self.tell(Event::Message(data)).await?;
            }
            Heard::Reset { id, data } => {
                self.last = id;
                self.tell(Event::Reset(data.reason)).await?;
            }
            Heard::Presence { data } => self.tell(Event::Present(data)).await?,
            Heard::Posted { key } if self.is_first(key.as_deref()) => {
                self.posts.pop_front();
                if self.told && self.posts.is_empty() {
                    self.told = false;
                    self.tell(Event::Sent).await?;
                }
                return Ok(Next::Send);
            }
            Heard::Error { key, status, detail } if self.is_first(key.as_deref()) => {
                if is_passing(status) {
                    return Ok(Next::SendLater);
                }
                if let Some(Post { text, .. }) = self.posts.pop_front() {
                    self.tell(Event::Refused { text, why: detail }).await?;
                }
                return Ok(Next::Send);
            }
            Heard::Posted { .. } | Heard::Error { .. } | Heard::Other => {}
        }
        Ok(Next::Nothing)
    }

    fn is_first(&self, key: Option<&str>) -> bool {
        self.posts.front().is_some_and(|post| Some(post.key.as_str()) == key)
    }

    /// Queues what was said; None says that nothing more will be.
    fn take(&mut self, text: Option<String>) {
        match text {
            Some(text) => {
                let key = format!("{:032x}", fastrand::u128(..));
                self.posts.push_back(Post { key, text });
            }
            None => self.said = None,
        }
    }

    /// Waits for a while without a connection; tells of messages that wait.
    async fn wait(&mut self, pause: Duration) -> Result<(), Unheard> {
        let until = Instant::now() + pause;
        loop {
            if !self.posts.is_empty() && !self.told {
                self.tell_waits().await?;
            }
            tokio::select! {
                () = sleep_until(until) => return Ok(()),
                () = self.events.closed() => return Err(Unheard),
                text = said(&mut self.said), if self.posts.len() < super::WAITING => {
                    // Each message that is added is told of.
                    self.told = false;
                    self.take(text);
                }
            }
        }
    }

    async fn tell_waits(&mut self) -> Result<(), Unheard> {
        self.told = true;
        self.tell(Event::Waits(self.posts.len())).await
    }

    async fn tell(&self, event: Event) -> Result<(), Unheard> {
        self.events.send(event).await.map_err(|_| Unheard)
    }
}

/// Nobody listens any more.
struct Unheard;

/// What to do with the queue.
enum Next {
    Nothing,
    Send,
    SendLater,
}

/// What is said next; never, once nothing more will be.
async fn said(said: &mut Option<mpsc::Receiver<String>>) -> Option<String> {
    match said {
        Some(receiver) => receiver.recv().await,
        None => std::future::pending().await,
    }
}
