//! `POST /chat/rooms/{room}/typing`.

use axum::Extension;
use axum::extract::State;
use http::StatusCode;
use serde::Deserialize;

use super::App;
use super::body::Json;
use super::client::Client;
use super::refusal::Refusal;
use super::room::Room;
use crate::said::Author;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Body {
    author: String,
}

pub(super) async fn post(
    State(app): State<App>,
    Extension(client): Extension<Client>,
    Room(room): Room,
    body: Result<Json<Body>, Refusal>,
) -> Result<StatusCode, Refusal> {
    app.typing_rates.count(client)?;
    let Json(body) = body?;
    let author = Author::new(&body.author)?;
    app.hub.typing(&room, &author);
    Ok(StatusCode::NO_CONTENT)
}
