//! `GET /chat/rooms/{room}/messages`.

use axum::Extension;
use axum::extract::State;
use axum::response::Response;
use http::Uri;
use serde::Serialize;

use super::App;
use super::body::counted;
use super::client::Client;
use super::refusal::Refusal;
use super::room::{Room, query};
use crate::limits;
use crate::log::Part;
use crate::message::Message;
use crate::said;

/// A page of the log.
#[derive(Serialize)]
struct Listed<'a> {
    room: &'a str,
    epoch: String,
    first: u64,
    last: u64,
    trimmed: bool,
    messages: &'a [Message],
}

pub(super) async fn get(
    State(app): State<App>,
    Extension(client): Extension<Client>,
    Room(room): Room,
    uri: Uri,
) -> Result<Response, Refusal> {
    let part = part(&uri)?;
    let visit = app.quotas.visit(client.network());
    let memory = visit.reserve(part.bytes_most()).await.ok_or(Refusal::Busy)?;
    let page = app.hub.page(room.as_str(), part).await?;
    let begins = page.messages.first().map_or(page.last + 1, |message| message.seq);
    // Only what lies after a place can be missing; before one, `first` says where it begins.
    let trimmed = matches!(part, Part::After(seq, _) if seq + 1 < begins && seq < page.last);
    let answer = Listed {
        room: room.as_str(),
        epoch: page.epoch.to_string(),
        first: page.first,
        last: page.last,
        trimmed,
        messages: &page.messages,
    };
    Ok(counted(&answer, memory))
}

impl Part {
    /// What reading and sending it may take, in bytes.
    fn bytes_most(self) -> usize {
        let (Self::After(_, limit) | Self::Before(_, limit)) = self;
        usize::try_from(limit).unwrap_or(usize::MAX).saturating_mul(limits::MESSAGE_BYTES)
    }
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
