//! `GET /library/api/transfers/events`: transfers as they change, as server-sent events. One stream
//! for a browser is enough: it tells everything that the caller may know.

use std::collections::HashMap;
use std::convert::Infallible;
use std::sync::{Arc, Mutex, PoisonError};

use axum::body::Body;
use axum::extract::State as Shared;
use axum::response::Response;
use bytes::Bytes;
use futures_util::stream::unfold;
use http::header::{CACHE_CONTROL, CONTENT_TYPE, HeaderName, HeaderValue};
use http::request::Parts;
use serde::Serialize;
use serde_json::json;
use tokio::sync::watch;
use tokio::time::{Instant, timeout};
use tombolo_daemon::shutdown::Shutdown;
use tombolo_serve::Exchange;
use tombolo_storage::Query;

use super::live::Lately;
use super::row::{Presence, State, TransferBody, freshness, select_transfers};
use crate::accounts::Caller;
use crate::ids::{TransferId, UserId};
use crate::limits;
use crate::problem::{Problem, ProblemBody};
use crate::state::Library;

/// Has nginx pass the stream on as it comes.
const X_ACCEL_BUFFERING: HeaderName = HeaderName::from_static("x-accel-buffering");

/// Tells the caller's transfers as they change, as server-sent events: `transfers` first, with those
/// that can go on and where; then `transfer` for each one that changes, and for admins `user` for
/// each one that comes or goes. The stream ends after some minutes; browsers come back by themselves.
#[utoipa::path(
    get, path = "/transfers/events", tag = "transfers",
    security((), ("token" = []), ("cookie" = [])),
    responses(
        (status = 200, description = "The stream.", content_type = "text/event-stream"),
        (status = 401, description = "Nobody is logged in.", body = ProblemBody, content_type = "application/problem+json"),
        (status = 429, description = "The caller has too many streams open.", body = ProblemBody, content_type = "application/problem+json"),
        (status = 503, description = "The database cannot be reached now.", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(super) async fn get(
    Shared(library): Shared<Arc<Library>>,
    caller: Caller,
    parts: Parts,
) -> Result<Response, Problem> {
    let user = caller.user()?.id;
    let place = library.streams.take(user)?;
    let news = library.live.follow();
    let (fresh, online) = freshness();
    let open =
        select_transfers!("WHERE t.user_id = $3 AND t.state = 'open' ORDER BY t.id DESC LIMIT $4");
    let open = Query::new(open).bind(fresh).bind(online).bind(user).bind(limits::LIVE_FIRST);
    let rows = library.query(open).await?;
    let items = rows.iter().map(TransferBody::of_row).collect::<Result<Vec<_>, _>>()?;
    let told = items.iter().map(|item| (item.id, item.clone())).collect();
    let hello = format!("retry: 2000\n{}", event("transfers", &json!({ "items": items })));
    let end = Instant::now().checked_add(limits::STREAM_TIME);
    let stream = Stream {
        library: Arc::clone(&library),
        user,
        is_admin: caller.is_admin(),
        news,
        told,
        online: HashMap::new(),
        hello: Some(hello),
        end: end.unwrap_or_else(Instant::now),
        shutdown: library.shutdown.clone(),
        _place: place,
        _exchange: parts.extensions.get::<Exchange>().cloned(),
    };
    let body = unfold(stream, async |mut stream| {
        let bytes = stream.next().await?;
        Some((Ok::<_, Infallible>(Bytes::from(bytes)), stream))
    });
    let mut response = Response::new(Body::from_stream(body));
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/event-stream"));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store, no-transform"));
    headers.insert(X_ACCEL_BUFFERING, HeaderValue::from_static("no"));
    Ok(response)
}

/// An open stream.
struct Stream {
    library: Arc<Library>,
    user: UserId,
    is_admin: bool,
    news: watch::Receiver<Arc<Lately>>,
    /// What was told of each transfer last.
    told: HashMap<TransferId, TransferBody>,
    online: HashMap<UserId, String>,
    hello: Option<String>,
    end: Instant,
    shutdown: Shutdown,
    _place: Place,
    _exchange: Option<Exchange>,
}

impl Stream {
    /// The next bytes to send; None at the end.
    async fn next(&mut self) -> Option<String> {
        if let Some(hello) = self.hello.take() {
            return Some(hello);
        }
        let silence = Instant::now().checked_add(limits::STREAM_SILENCE)?;
        loop {
            if Instant::now() >= self.end {
                return None;
            }
            let left = silence.saturating_duration_since(Instant::now());
            let changed = tokio::select! {
                changed = timeout(left, self.news.changed()) => changed,
                () = self.shutdown.draining() => return None,
            };
            match changed {
                // Keeps what is between here and the reader from closing an idle connection.
                Err(_) => {
                    self.library.book.saw(self.user);
                    return Some(":\n\n".to_owned());
                }
                Ok(Err(_)) => return None,
                Ok(Ok(())) => {
                    let lately = Arc::clone(&self.news.borrow_and_update());
                    let text = self.changes(&lately);
                    if !text.is_empty() {
                        self.library.book.saw(self.user);
                        return Some(text);
                    }
                }
            }
        }
    }

    /// What this reader does not know yet.
    fn changes(&mut self, lately: &Lately) -> String {
        let mut text = String::new();
        for transfer in &lately.transfers {
            let is_theirs = transfer.user.as_ref().is_some_and(|user| user.id == self.user);
            let is_known = self.told.get(&transfer.id) == Some(transfer);
            if is_known || !(is_theirs || self.is_admin) {
                continue;
            }
            text += &event("transfer", transfer);
            self.told.insert(transfer.id, transfer.clone());
        }
        // What is over changes no more.
        let is_listed = |id: &TransferId| lately.transfers.iter().any(|other| other.id == *id);
        self.told.retain(|id, transfer| {
            is_listed(id) || matches!(transfer.state, State::Transferring | State::Disconnected)
        });
        if self.told.len() > limits::LIVE_TOLD {
            self.told.clear();
        }
        if self.is_admin {
            self.comings_and_goings(lately, &mut text);
        }
        text
    }

    fn comings_and_goings(&mut self, lately: &Lately, text: &mut String) {
        let now: HashMap<_, _> =
            lately.online.iter().map(|user| (user.id, user.name.clone())).collect();
        for user in lately.online.iter().filter(|user| !self.online.contains_key(&user.id)) {
            *text += &event("user", user);
        }
        for (id, name) in self.online.iter().filter(|(id, _)| !now.contains_key(id)) {
            let state = Presence::Offline;
            *text += &event("user", &json!({"id": id, "name": name, "state": state}));
        }
        self.online = now;
    }
}

/// An event. JSON has no line breaks of its own.
fn event(kind: &str, data: &impl Serialize) -> String {
    let data = serde_json::to_string(data).unwrap_or_default();
    format!("event: {kind}\ndata: {data}\n\n")
}

/// How many streams are open at this replica.
#[derive(Debug, Default)]
pub(crate) struct Streams {
    open: Arc<Mutex<HashMap<UserId, usize>>>,
}

/// A stream's place. Dropped, it is free.
#[derive(Debug)]
struct Place {
    open: Arc<Mutex<HashMap<UserId, usize>>>,
    user: UserId,
}

impl Streams {
    fn take(&self, user: UserId) -> Result<Place, Problem> {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        let all: usize = open.values().sum();
        let each = open.get(&user).copied().unwrap_or_default();
        if each >= limits::STREAMS_EACH || all >= limits::STREAMS {
            let detail = "Too many event streams are open; close one. One is enough for all pages \
                          of a browser.";
            return Err(Problem::too_many(5, detail));
        }
        open.insert(user, each.saturating_add(1));
        Ok(Place { open: Arc::clone(&self.open), user })
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        let left = open.get(&self.user).copied().unwrap_or_default().saturating_sub(1);
        if left == 0 {
            open.remove(&self.user);
        } else {
            open.insert(self.user, left);
        }
    }
}
