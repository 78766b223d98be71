//! Several items as one ZIP archive, made as it is sent: nothing is written anywhere, and its length
//! is told before its first byte.

use std::collections::VecDeque;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use axum::body::Body;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use http::StatusCode;
use http::header::{
    CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_LENGTH, CONTENT_TYPE, HeaderValue,
    X_CONTENT_TYPE_OPTIONS,
};
use http::request::Parts;
use http_body::{Frame, SizeHint};
use serde::Deserialize;
use serde_json::json;
use tombolo_serve::{Client, Exchange};
use utoipa::{IntoParams, ToSchema};

use super::body::cut;
use super::disposition::{field, saved_name};
use super::read::{Read, length};
use super::zip::{self, DosTime, Entry, Names};
use crate::accounts::Caller;
use crate::catalogue::{Item, Viewer, find_for};
use crate::http::{ClientAddress, Json, Query};
use crate::ids::{ItemId, UserId};
use crate::limits;
use crate::problem::{Problem, ProblemBody};
use crate::state::{Library, reading};
use crate::transfers::{Account, Begin, Direction, Object, Pass, Ticket};

/// Which items, in a query.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct Asked {
    /// Ids of items, with commas between them.
    items: String,
    /// What the archive is called; `library.zip` if absent.
    name: Option<String>,
}

/// Which items, in a body: for more of them than an address can hold.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewArchive {
    items: Vec<ItemId>,
    /// What the archive is called; `library.zip` if absent.
    name: Option<String>,
}

/// Sends several items as one ZIP archive.
#[utoipa::path(
    get, path = "/archive", tag = "downloads", params(Asked),
    security((), ("token" = []), ("cookie" = [])),
    responses(
        (status = 200, description = "The archive.", content_type = "application/zip"),
        (status = 400, description = "The list is empty, too long, or no list.", body = ProblemBody, content_type = "application/problem+json"),
        (status = 401, description = "The session is over.", body = ProblemBody, content_type = "application/problem+json"),
        (status = 403, description = "The plan allows no more this month.", body = ProblemBody, content_type = "application/problem+json"),
        (status = 404, description = "One of them is not there, or the caller may not see it.", body = ProblemBody, content_type = "application/problem+json"),
        (status = 429, description = "Too many of the caller's transfers are under way.", body = ProblemBody, content_type = "application/problem+json"),
        (status = 503, description = "Too many transfers are under way.", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(super) async fn get(
    State(library): State<Arc<Library>>,
    caller: Caller,
    Query(asked): Query<Asked>,
    ClientAddress(client): ClientAddress,
    parts: Parts,
) -> Result<Response, Problem> {
    let items = asked.items.split(',').map(str::trim).filter(|text| !text.is_empty());
    let items: Result<Vec<ItemId>, _> = items.map(str::parse).collect();
    let wrong = |_| Problem::field("items", "\"items\" has something that is no id of an item.");
    answer(&library, caller, items.map_err(wrong)?, asked.name, (client, &parts)).await
}

/// The same, with the list in the body.
#[utoipa::path(
    post, path = "/archive", tag = "downloads", request_body = NewArchive,
    security((), ("token" = []), ("cookie" = [])),
    responses(
        (status = 200, description = "The archive.", content_type = "application/zip"),
        (status = 400, description = "The list is empty, too long, or no list.", body = ProblemBody, content_type = "application/problem+json"),
        (status = 401, description = "The session is over.", body = ProblemBody, content_type = "application/problem+json"),
        (status = 403, description = "The plan allows no more this month.", body = ProblemBody, content_type = "application/problem+json"),
        (status = 404, description = "One of them is not there, or the caller may not see it.", body = ProblemBody, content_type = "application/problem+json"),
        (status = 413, description = "The body is too large.", body = ProblemBody, content_type = "application/problem+json"),
        (status = 415, description = "The body is not JSON.", body = ProblemBody, content_type = "application/problem+json"),
        (status = 429, description = "Too many of the caller's transfers are under way.", body = ProblemBody, content_type = "application/problem+json"),
        (status = 503, description = "Too many transfers are under way.", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(super) async fn post(
    State(library): State<Arc<Library>>,
    caller: Caller,
    ClientAddress(client): ClientAddress,
    parts: Parts,
    Json(asked): Json<NewArchive>,
) -> Result<Response, Problem> {
    answer(&library, caller, asked.items, asked.name, (client, &parts)).await
}

async fn answer(
    library: &Arc<Library>,
    caller: Caller,
    ids: Vec<ItemId>,
    name: Option<String>,
    (client, parts): (Client, &Parts),
) -> Result<Response, Problem> {
    if ids.is_empty() || ids.len() > limits::ARCHIVE_ITEMS {
        let most = limits::ARCHIVE_ITEMS;
        return Err(Problem::field("items", format!("Name 1 to {most} items.")));
    }
    let user = caller.user().ok().map(|user| user.id);
    let entries = entries(library, caller, ids).await?;
    let total =
        zip::archive_bytes(&entries.iter().map(|(_, entry)| entry.clone()).collect::<Vec<_>>());
    let too_large = || Problem::field("items", "Together they are larger than an archive can be.");
    let total = total.ok_or_else(too_large)?;
    let first = entries.front().map(|(item, _)| begin(item, user, client));
    let mut ticket = library.book.begin(first.ok_or_else(Problem::internal)?);
    let pass = library.admission.enter(library, user, client.network(), &mut ticket).await?;
    let body = Archive {
        library: Arc::clone(library),
        user,
        client,
        account: ticket.account(),
        ticket: Some(ticket),
        entries,
        written: Vec::new(),
        step: Step::Header,
        ready: None,
        left: total,
        _pass: pass,
        _exchange: parts.extensions.get().cloned(),
    };
    let mut response = (StatusCode::OK, Body::new(body)).into_response();
    let name = name.map_or_else(|| "library".to_owned(), |name| saved_name(&name));
    let name = format!("{}.zip", name.strip_suffix(".zip").unwrap_or(&name));
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/zip"));
    headers.insert(CONTENT_LENGTH, HeaderValue::from(total));
    headers.insert(CONTENT_DISPOSITION, field(true, &name));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store, no-transform"));
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    Ok(response)
}

/// The items in the order of the list, each once, under names that differ.
async fn entries(
    library: &Library,
    caller: Caller,
    ids: Vec<ItemId>,
) -> Result<VecDeque<(Item, Entry)>, Problem> {
    let found = library.database.read(reading(), move |work| {
        Box::pin(async move {
            let viewer = Viewer::of(work, &caller).await?;
            let mut seen = std::collections::HashSet::new();
            let mut found = Vec::new();
            for id in ids.into_iter().filter(|id| seen.insert(*id)) {
                match find_for(work, id, &viewer).await? {
                    Some(item) => found.push(item),
                    None => return Ok(Err(id)),
                }
            }
            Ok(Ok(found))
        })
    });
    let found = found.await?.map_err(|id| Problem::not_found().with("item", json!(id)))?;
    let mut names = Names::default();
    let entry = |item: Item| {
        let time = jiff::Timestamp::from_millisecond(item.created.millis()).unwrap_or_default();
        // Where it lay when it was uploaded.
        let folders = item.folder.split('/').filter(|folder| !folder.is_empty());
        let path: Vec<String> = folders.chain([item.name.as_str()]).map(saved_name).collect();
        let name = names.unlike_the_others(&path.join("/"));
        let entry = Entry { name, size: item.size, time: DosTime::of(time) };
        (item, entry)
    };
    Ok(found.into_iter().map(entry).collect())
}

fn begin(item: &Item, user: Option<UserId>, client: Client) -> Begin {
    Begin {
        direction: Direction::Download,
        user,
        payer: user,
        object: Object::Item(item.id),
        name: item.name.clone(),
        total: Some(item.size),
        client: client.address().to_string(),
    }
}

/// The body of an archive.
struct Archive {
    library: Arc<Library>,
    user: Option<UserId>,
    client: Client,
    /// Against what all of it counts.
    account: Option<Arc<Account>>,
    ticket: Option<Ticket>,
    /// The entry that is being sent, and those after it.
    entries: VecDeque<(Item, Entry)>,
    /// Those that were sent, with their check sums.
    written: Vec<(Entry, u32)>,
    step: Step,
    /// Bytes that wait for their turn.
    ready: Option<Bytes>,
    left: u64,
    _pass: Pass,
    _exchange: Option<Exchange>,
}

enum Step {
    Header,
    Data(Box<Read>, crc32fast::Hasher),
    End,
}

impl Archive {
    /// The next bytes, whoever's turn it is.
    fn poll_bytes(&mut self, context: &mut Context<'_>) -> Poll<Option<io::Result<Bytes>>> {
        match &mut self.step {
            Step::Header => {
                let Some((item, entry)) = self.entries.front() else {
                    self.step = Step::End;
                    return Poll::Ready(Some(Ok(zip::directory(&self.written).into())));
                };
                if self.ticket.is_none() {
                    let mut ticket = self.library.book.begin(begin(item, self.user, self.client));
                    ticket.charge(self.account.clone());
                    self.ticket = Some(ticket);
                }
                let header = zip::local_header(entry);
                let read = Read::begin(&*self.library.content, item.content, 0..item.size);
                self.step = Step::Data(Box::new(read), crc32fast::Hasher::new());
                Poll::Ready(Some(Ok(header.into())))
            }
            Step::Data(read, crc32) => match ready!(read.poll_next(context)) {
                Some(Ok(bytes)) => {
                    crc32.update(&bytes);
                    if let Some(ticket) = &mut self.ticket {
                        ticket.advance(length(&bytes));
                    }
                    Poll::Ready(Some(Ok(bytes)))
                }
                Some(Err(error)) => Poll::Ready(Some(Err(error))),
                None => {
                    let crc32 = crc32.clone().finalize();
                    self.step = Step::Header;
                    let Some((_, entry)) = self.entries.pop_front() else {
                        return Poll::Ready(Some(Err(io::ErrorKind::UnexpectedEof.into())));
                    };
                    if let Some(ticket) = self.ticket.take() {
                        ticket.complete();
                    }
                    let descriptor = zip::data_descriptor(&entry, crc32);
                    self.written.push((entry, crc32));
                    Poll::Ready(Some(Ok(descriptor.into())))
                }
            },
            Step::End => Poll::Ready(None),
        }
    }
}

impl http_body::Body for Archive {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        let this = &mut *self;
        if this.ready.is_none() {
            match ready!(this.poll_bytes(context)) {
                Some(Ok(bytes)) => this.ready = Some(bytes),
                Some(Err(error)) => return Poll::Ready(Some(Err(error))),
                None => return Poll::Ready(None),
            }
        }
        let bytes = this.ready.as_ref().map_or(0, length);
        if let Some(ticket) = &mut this.ticket {
            ready!(ticket.poll_turn(bytes, context)).map_err(cut)?;
        }
        this.left = this.left.saturating_sub(bytes);
        Poll::Ready(this.ready.take().map(|bytes| Ok(Frame::data(bytes))))
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.left)
    }
}
