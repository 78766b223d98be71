//! `GET /chat/rooms/{room}/messages`.

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::Uri;
use http::header::CACHE_CONTROL;
use serde_json::json;

use super::App;
use super::refusal::Refusal;
use super::room::{Room, query};
use crate::limits;
use crate::log::Part;
use crate::said;

pub(super) async fn get(
    State(app): State<App>,
    Room(room): Room,
    uri: Uri,
) -> Result<Response, Refusal> {
    let part = part(&uri)?;
    let page = app.hub.log().page(room.as_str(), part).await?;
    let begins = page.messages.first().map_or(page.last + 1, |message| message.seq);
    // Only what lies after a place can be missing; before one, `first` says where it begins.
    let trimmed = matches!(part, Part::After(seq, _) if seq + 1 < begins && seq < page.last);
    let body = json!({
        "room": room.as_str(),
        "epoch": page.epoch.to_string(),
        "first": page.first,
        "last": page.last,
        "trimmed": trimmed,
        "messages": page.messages,
    });
    Ok(([(CACHE_CONTROL, "no-store")], Json(body)).into_response())
}

/// Which part is asked for: `after` or `before` a message, or the latest; and how many.
fn part(uri: &Uri) -> Result<Part, Refusal> {
    let number = |field| {
        let text = query(uri, field)?;
        Ok::<_, Refusal>(text.map(|text| said::seq(field, &text)).transpose()?)
    };
    let limit = number("limit")?.unwrap_or(limits::PAGE_DEFAULT);
    if !(1..=limits::PAGE_MESSAGES).contains(&limit) {
        let most = limits::PAGE_MESSAGES;
        return Err(Refusal::field("limit", format!("Ask for 1 to {most} messages at a time.")));
    }
    match (number("after")?, number("before")?) {
        (Some(_), Some(_)) => Err(Refusal::field("before", "Give after or before, not both.")),
        (Some(after), None) => Ok(Part::After(after, limit)),
        (None, Some(before)) => Ok(Part::Before(before, limit)),
        (None, None) => Ok(Part::Before(i64::MAX.unsigned_abs(), limit)),
    }
}
