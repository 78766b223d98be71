//! `GET /chat/rooms`.

use axum::Extension;
use axum::extract::State;
use axum::response::Response;
use http::Uri;
use serde::Serialize;

use super::App;
use super::body::counted;
use super::client::Client;
use super::refusal::Refusal;
use super::room::query;
use crate::log::RoomRow;
use crate::message::rfc3339;
use crate::{limits, said};

#[derive(Serialize)]
struct Listed {
    room: String,
    first: u64,
    last: u64,
    #[serde(serialize_with = "rfc3339")]
    time: i64,
}

#[derive(Serialize)]
struct List {
    rooms: Vec<Listed>,
}

pub(super) async fn get(
    State(app): State<App>,
    Extension(client): Extension<Client>,
    uri: Uri,
) -> Result<Response, Refusal> {
    let limit = query(&uri, "limit")?.map(|text| said::seq("limit", &text)).transpose()?;
    let limit = limit.unwrap_or(limits::PAGE_DEFAULT);
    if !(1..=limits::PAGE_ROOMS).contains(&limit) {
        let most = limits::PAGE_ROOMS;
        return Err(Refusal::field("limit", format!("Ask for 1 to {most} rooms at a time.")));
    }
    let bytes = usize::try_from(limit).unwrap_or(usize::MAX).saturating_mul(limits::ROOM_BYTES);
    let visit = app.quotas.visit(client.network());
    let memory = visit.reserve(bytes).await.ok_or(Refusal::Busy)?;
    let rows = app.hub.log().rooms(limit).await?;
    let listed =
        |RoomRow { name, first, last, updated }| Listed { room: name, first, last, time: updated };
    let list = List { rooms: rows.into_iter().map(listed).collect() };
    Ok(counted(&list, memory))
}
