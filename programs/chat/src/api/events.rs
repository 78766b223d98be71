//! `GET /chat/rooms/{room}/events`: a room as an event stream (WHATWG HTML, section 9.2).
//!
//! The body is a place in the room's ring and nothing more: no task, no channel, no timer, and no
//! allocation for a message.

use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use axum::Extension;
use axum::body::Body;
use axum::extract::State;
use axum::response::Response;
use bytes::Bytes;
use http::header::{CACHE_CONTROL, CONTENT_TYPE, HeaderName, HeaderValue};
use http::{HeaderMap, Uri};
use http_body::Frame;
use tombolo_serve::Exchange;

use super::App;
use super::client::Client;
use super::refusal::Refusal;
use super::room::{Room, query};
use crate::hub::Reader;
use crate::limits;
use crate::said::{Author, Position};

const LAST_EVENT_ID: HeaderName = HeaderName::from_static("last-event-id");
/// Has nginx pass the stream on as it comes.
const X_ACCEL_BUFFERING: HeaderName = HeaderName::from_static("x-accel-buffering");

pub(super) async fn get(
    State(app): State<App>,
    Extension(client): Extension<Client>,
    Extension(exchange): Extension<Exchange>,
    Room(room): Room,
    headers: HeaderMap,
    uri: Uri,
) -> Result<Response, Refusal> {
    let from = from(&headers, &uri)?;
    let name = query(&uri, "name")?.map(|name| Author::new(&name)).transpose()?;
    let visit = app.quotas.stream(client.network())?;
    let reader = app.hub.read(room, from, name, visit).await?;
    let mut response = Response::new(Body::new(EventStream::new(reader, exchange)));
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/event-stream"));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store, no-transform"));
    headers.insert(X_ACCEL_BUFFERING, HeaderValue::from_static("no"));
    Ok(response)
}

/// Where the client is. `Last-Event-ID` counts for more: a browser that comes back sends it, with
/// the query of its first request.
pub(super) fn from(headers: &HeaderMap, uri: &Uri) -> Result<Option<Position>, Refusal> {
    let id = headers.get(LAST_EVENT_ID).filter(|id| !id.is_empty());
    if let Some(id) = id {
        let id = id.to_str().unwrap_or("?");
        return Ok(Some(id.parse().map_err(|_| {
            let words = "This is no place in a room; send the \"id\" of an event.";
            Refusal::field("Last-Event-ID", words)
        })?));
    }
    Ok(query(uri, "after")?.map(|after| after.parse()).transpose()?)
}

/// The body of an event stream.
struct EventStream {
    reader: Reader,
    /// The first words, until they are sent.
    hello: Option<Bytes>,
    is_over: bool,
    _exchange: Exchange,
}

impl EventStream {
    fn new(reader: Reader, exchange: Exchange) -> Self {
        let (epoch, seq) = reader.place();
        let retry = limits::RETRY_CALM_MILLIS;
        // An id without data is no event, but the browser comes back with it.
        let hello = format!("retry: {retry}\nid: {epoch}-{seq}\n\n");
        Self { reader, hello: Some(hello.into()), is_over: false, _exchange: exchange }
    }
}

impl http_body::Body for EventStream {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        if let Some(hello) = self.hello.take() {
            return Poll::Ready(Some(Ok(Frame::data(hello))));
        }
        if self.is_over {
            return Poll::Ready(None);
        }
        let bytes = match ready!(self.reader.poll_next(context)) {
            Ok(delivery) => delivery.sse(),
            Err(_) => {
                self.is_over = true;
                // All who are sent away at once must not come back at once.
                let retry = fastrand::u64(limits::RETRY_MILLIS);
                format!("retry: {retry}\n\n").into()
            }
        };
        Poll::Ready(Some(Ok(Frame::data(bytes))))
    }
}
