//! `POST /chat/rooms/{room}/messages`.

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use axum::{Extension, Json as Written};
use http::header::{CACHE_CONTROL, HeaderName};
use http::{HeaderMap, StatusCode};
use serde::Deserialize;

use super::App;
use super::body::Json;
use super::client::Client;
use super::refusal::Refusal;
use super::room::Room;
use crate::log::{Outcome, Post};
use crate::message::{Message, now_millis};
use crate::said::{Author, Key, RoomName, Text};

const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");

/// A message as a client writes it.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Body {
    author: String,
    text: String,
}

pub(super) async fn post(
    State(app): State<App>,
    Extension(client): Extension<Client>,
    Room(room): Room,
    headers: HeaderMap,
    body: Result<Json<Body>, Refusal>,
) -> Result<Response, Refusal> {
    app.rates.count(client)?;
    let Json(body) = body?;
    let key = headers.get(IDEMPOTENCY_KEY).map(|key| Key::new(key.as_bytes())).transpose()?;
    let (status, message) = app.take(client, room, key, &body.author, &body.text).await?;
    Ok((status, [(CACHE_CONTROL, "no-store")], Written(message)).into_response())
}

impl App {
    /// Takes a post in that was counted: 201 and the message it has become, or 200 and the one it
    /// was already.
    pub(super) async fn take(
        &self,
        client: Client,
        room: RoomName,
        key: Option<Key>,
        author: &str,
        text: &str,
    ) -> Result<(StatusCode, Message), Refusal> {
        let (author, text) = (Author::new(author)?, Text::new(text)?);
        if !self.rates.is_off() {
            self.new_rooms.count(&self.hub, client, &room).await?;
        }
        let id = uuid::Uuid::now_v7().to_string();
        let named = room.clone();
        let post = Post { room, author, text, key, id, time: now_millis() };
        let (status, message) = match self.writer.post(post).await? {
            Outcome::Stored(message) => (StatusCode::CREATED, message),
            Outcome::Again(message) => (StatusCode::OK, message),
            Outcome::KeyTaken => return Err(Refusal::KeyTaken),
            Outcome::TooManyRooms => return Err(Refusal::TooManyRooms),
        };
        self.new_rooms.note(&named);
        Ok((status, message))
    }
}
