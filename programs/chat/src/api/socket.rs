//! `GET /chat/rooms/{room}/ws`: a room over a WebSocket (RFC 6455), with the same hello as the
//! event stream, and posts and typing the other way.

use axum::Extension;
use axum::extract::State;
use axum::extract::ws::rejection::WebSocketUpgradeRejection;
use axum::extract::ws::{CloseFrame, Message as Frame, Utf8Bytes, WebSocket, WebSocketUpgrade};
use axum::response::{IntoResponse, Response};
use http::header::{HOST, ORIGIN};
use http::{HeaderMap, Uri};
use serde::Deserialize;
use serde_json::json;
use tokio::time::{Instant, interval, sleep_until};
use tombolo_daemon::json::object;
use tombolo_serve::Exchange;

use super::App;
use super::client::Client;
use super::events;
use super::refusal::Refusal;
use super::room::{Room, query};
use crate::hub::{End, Reader};
use crate::limits;
use crate::said::{Author, Key, RoomName};

/// The service restarts: come back (IANA's WebSocket close codes).
const SERVICE_RESTART: u16 = 1012;
/// What comes from the client is not to be taken (RFC 6455, section 7.4.1).
const POLICY: u16 = 1008;
/// Try again later.
const TRY_AGAIN: u16 = 1013;

/// What a client may say.
#[derive(Debug, Deserialize)]
#[serde(tag = "type", rename_all = "lowercase", deny_unknown_fields)]
enum Said {
    Post { author: String, text: String, key: Option<String> },
    Typing { author: String },
}

pub(super) async fn get(
    State(app): State<App>,
    Extension(client): Extension<Client>,
    Extension(exchange): Extension<Exchange>,
    Room(room): Room,
    headers: HeaderMap,
    uri: Uri,
    upgrade: Result<WebSocketUpgrade, WebSocketUpgradeRejection>,
) -> Result<Response, Refusal> {
    if !is_own_origin(&headers) {
        return Err(Refusal::Origin);
    }
    let upgrade = match upgrade {
        Ok(upgrade) => upgrade,
        Err(rejection) => return Ok(rejection.into_response()),
    };
    let from = events::from(&headers, &uri)?;
    let name = query(&uri, "name")?.map(|name| Author::new(&name)).transpose()?;
    let visit = app.quotas.stream(client.network())?;
    let reader = app.hub.read(room.clone(), from, name, visit).await?;
    let upgrade = upgrade
        .max_message_size(limits::BODY_BYTES)
        .max_frame_size(limits::BODY_BYTES)
        .read_buffer_size(limits::SOCKET_READ_BYTES)
        .write_buffer_size(0)
        .max_write_buffer_size(limits::SOCKET_WRITE_BYTES);
    Ok(upgrade.on_upgrade(move |socket| async move {
        let conversation = Conversation { app, client, room, socket };
        conversation.run(reader).await;
        drop(exchange);
    }))
}

/// Whether the page that opens the socket is ours: browsers let any page open one to anybody.
fn is_own_origin(headers: &HeaderMap) -> bool {
    let text = |name| headers.get(name).and_then(|value| value.to_str().ok());
    match text(ORIGIN) {
        None => !headers.contains_key(ORIGIN),
        Some(origin) => origin.split_once("://").map(|(_, host)| host) == text(HOST),
    }
}

/// One open socket.
struct Conversation {
    app: App,
    client: Client,
    room: RoomName,
    socket: WebSocket,
}

/// The socket is gone.
struct Gone;

impl Conversation {
    async fn run(mut self, mut reader: Reader) {
        let (epoch, seq) = reader.place();
        let hello = json!({"type": "hello", "id": format!("{epoch}-{seq}")});
        if self.say(hello.to_string()).await.is_err() {
            return;
        }
        let mut ping = interval(limits::SOCKET_PING);
        ping.reset();
        let mut silence = Instant::now() + limits::SOCKET_SILENCE;
        loop {
            tokio::select! {
                heard = self.socket.recv() => {
                    silence = Instant::now() + limits::SOCKET_SILENCE;
                    match heard {
                        Some(Ok(Frame::Text(text))) => {
                            if self.hear(&text).await.is_err() {
                                return;
                            }
                        }
                        Some(Ok(Frame::Binary(_))) => {
                            let refusal = Refusal::field("body", "Send text, not binary messages.");
                            if self.refuse(None, &refusal).await.is_err() {
                                return;
                            }
                        }
                        Some(Ok(Frame::Ping(_) | Frame::Pong(_))) => {
                            if self.app.refused_rates.count(self.client).is_err() {
                                return self.close(POLICY, "too many pings").await;
                            }
                        }
                        Some(Ok(Frame::Close(_)) | Err(_)) | None => return,
                    }
                }
                next = reader.next() => match next {
                    Ok(delivery) => {
                        for frame in delivery.frames() {
                            if self.say(frame.clone()).await.is_err() {
                                return;
                            }
                        }
                    }
                    Err(End::Draining) => {
                        return self.close(SERVICE_RESTART, "this replica ends; connect again").await;
                    }
                    Err(End::Behind) => {
                        let words = "too far behind; connect again with the last id";
                        return self.close(TRY_AGAIN, words).await;
                    }
                },
                _ = ping.tick() => {
                    if self.socket.send(Frame::Ping(Default::default())).await.is_err() {
                        return;
                    }
                }
                () = sleep_until(silence) => return,
            }
        }
    }

    /// Does what the client says.
    async fn hear(&mut self, text: &str) -> Result<(), Gone> {
        let said = match object::<Said>(text.as_bytes()) {
            Ok(said) => said,
            Err(error) => {
                let words = format!("This is not the JSON that is expected here: {error}.");
                return self.refuse(None, &Refusal::field("body", words)).await;
            }
        };
        match said {
            Said::Typing { author } => {
                let counted = self.app.typing_rates.count(self.client);
                match counted.and_then(|()| Ok(Author::new(&author)?)) {
                    Ok(author) => self.app.hub.typing(&self.room, &author),
                    Err(refusal) => return self.refuse(None, &refusal).await,
                }
                Ok(())
            }
            Said::Post { author, text, key } => {
                let room = self.room.clone();
                match post(&self.app, self.client, room, key.as_deref(), &author, &text).await {
                    Ok(answer) => self.say(answer.to_string()).await,
                    Err(refusal) => self.refuse(key.as_deref(), &refusal).await,
                }
            }
        }
    }

    /// Says why something is not taken. Whoever goes on with the like is disconnected.
    async fn refuse(&mut self, key: Option<&str>, refusal: &Refusal) -> Result<(), Gone> {
        if self.app.refused_rates.count(self.client).is_err() {
            self.say_goodbye(POLICY, "too many messages were refused").await;
            return Err(Gone);
        }
        let answer = json!({
            "type": "error",
            "key": key,
            "status": refusal.status().as_u16(),
            "field": refusal.about(),
            "detail": refusal.detail(),
        });
        self.say(answer.to_string()).await
    }

    async fn say(&mut self, text: impl Into<Utf8Bytes>) -> Result<(), Gone> {
        self.socket.send(Frame::Text(text.into())).await.map_err(|_| Gone)
    }

    async fn close(mut self, code: u16, reason: &'static str) {
        self.say_goodbye(code, reason).await;
    }

    async fn say_goodbye(&mut self, code: u16, reason: &'static str) {
        let frame = CloseFrame { code, reason: Utf8Bytes::from_static(reason) };
        let _ = self.socket.send(Frame::Close(Some(frame))).await;
        // Until the client has closed its side, or the silence is too long.
        let answered = async { while let Some(Ok(_)) = self.socket.recv().await {} };
        let _ = tokio::time::timeout(limits::BEAT, answered).await;
    }
}

/// Takes a post in; the answer for the socket.
async fn post(
    app: &App,
    client: Client,
    room: RoomName,
    written: Option<&str>,
    author: &str,
    text: &str,
) -> Result<serde_json::Value, Refusal> {
    app.rates.count(client)?;
    let key = written.map(|key| Key::new(key.as_bytes())).transpose()?;
    let (status, message) = app.take(client, room, key, author, text).await?;
    let status = status.as_u16();
    Ok(json!({"type": "posted", "key": written, "status": status, "data": message}))
}
