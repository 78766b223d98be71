//! Signed links: an item for whoever has the address, until it ends or is revoked. A link gives no
//! more than its creator may give at the moment it is used.

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use http::header::{LOCATION, REFERRER_POLICY};
use http::request::Parts;
use serde::{Deserialize, Serialize};
use std::time::Duration;
use tombolo_storage::{Error, Query, Row, Work};
use utoipa::ToSchema;

use super::content::{Request, answer};
use super::token;
use crate::accounts::{Caller, Role};
use crate::catalogue::{Item, Viewer, find, find_for};
use crate::http::{ClientAddress, Id, Json, List, Origin};
use crate::ids::{ItemId, LinkId, UserId};
use crate::limits;
use crate::problem::{Problem, ProblemBody};
use crate::state::{Library, reading, writing};
use crate::time::Time;

/// How long a link is to live.
#[derive(Clone, Copy, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewLink {
    /// Seconds: from a minute to thirty days; a day if absent.
    expires_in: Option<u64>,
}

/// A link.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct LinkBody {
    id: LinkId,
    /// Whoever has this address may fetch the item.
    url: String,
    created: Time,
    expires: Time,
}

/// Makes a link to an item.
#[utoipa::path(
    post, path = "/items/{id}/links", tag = "downloads", params(("id" = ItemId, Path)),
    request_body = NewLink,
    security((), ("token" = []), ("cookie" = [])),
    responses(
        (status = 201, description = "The link.", body = LinkBody),
        (status = 400, description = "A field is wrong or unknown.", body = ProblemBody, content_type = "application/problem+json"),
        (status = 401, description = "Nobody is logged in.", body = ProblemBody, content_type = "application/problem+json"),
        (status = 403, description = "The caller sees the item and may not share it.", body = ProblemBody, content_type = "application/problem+json"),
        (status = 404, description = "There is none, or the caller may not see it.", body = ProblemBody, content_type = "application/problem+json"),
        (status = 409, description = "The item has too many links.", body = ProblemBody, content_type = "application/problem+json"),
        (status = 413, description = "The body is too large.", body = ProblemBody, content_type = "application/problem+json"),
        (status = 415, description = "The body is not JSON.", body = ProblemBody, content_type = "application/problem+json"),
        (status = 503, description = "The database cannot be reached now.", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(super) async fn create(
    State(library): State<Arc<Library>>,
    caller: Caller,
    origin: Origin,
    Id(item): Id<ItemId>,
    Json(new): Json<NewLink>,
) -> Result<Response, Problem> {
    let creator = caller.user()?.id;
    let seconds = new.expires_in.unwrap_or(limits::LINK_SECONDS);
    if !(limits::LINK_SECONDS_LEAST..=limits::LINK_SECONDS_MOST).contains(&seconds) {
        let (least, most) = (limits::LINK_SECONDS_LEAST, limits::LINK_SECONDS_MOST);
        let words = format!("\"expires_in\" is {least} to {most} seconds.");
        return Err(Problem::field("expires_in", words));
    }
    let key = *library.signer.key(&library).await?;
    let (id, created) = (LinkId::new(), Time::now());
    let expires = created.plus(Duration::from_secs(seconds));
    let made = library.database.write(writing(), move |work| {
        Box::pin(async move {
            let found = shared_by(work, item, &caller).await?;
            let Ok(found) = found else { return Ok(found.map(|_| false)) };
            let insert = "INSERT INTO library_link (id, item, creator, created, expires)
                SELECT $1, $2, $3, $4, $5
                WHERE (SELECT count(*) FROM library_link WHERE item = $2 AND expires > $4) < $6";
            let insert = Query::new(insert).bind(id).bind(found.id).bind(creator);
            let insert = insert.bind(created.millis()).bind(expires.millis());
            Ok(Ok(work.run(insert.bind(limits::LINKS_EACH)).await? == 1))
        })
    });
    if !made.await?.map_err(Refused::problem)? {
        let most = limits::LINKS_EACH;
        let detail = format!("This item has {most} links already; revoke one first.");
        return Err(Problem::of(StatusCode::CONFLICT, detail));
    }
    let url = url(&origin, &key, id, expires);
    let body = Json(LinkBody { id, url: url.clone(), created, expires });
    Ok((StatusCode::CREATED, [(LOCATION, url)], body).into_response())
}

/// Lists the links of an item that have not ended.
#[utoipa::path(
    get, path = "/items/{id}/links", tag = "downloads", params(("id" = ItemId, Path)),
    security((), ("token" = []), ("cookie" = [])),
    responses(
        (status = 200, description = "The links, the newest first.", body = List<LinkBody>),
        (status = 401, description = "Nobody is logged in.", body = ProblemBody, content_type = "application/problem+json"),
        (status = 403, description = "The caller sees the item and may not share it.", body = ProblemBody, content_type = "application/problem+json"),
        (status = 404, description = "There is none, or the caller may not see it.", body = ProblemBody, content_type = "application/problem+json"),
        (status = 503, description = "The database cannot be reached now.", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(super) async fn list(
    State(library): State<Arc<Library>>,
    caller: Caller,
    origin: Origin,
    Id(item): Id<ItemId>,
) -> Result<Json<List<LinkBody>>, Problem> {
    caller.user()?;
    let key = *library.signer.key(&library).await?;
    let rows = library.database.read(reading(), move |work| {
        Box::pin(async move {
            let found = shared_by(work, item, &caller).await?;
            let Ok(found) = found else { return Ok(found.map(|_| Vec::new())) };
            let query = "SELECT id, created, expires FROM library_link
                WHERE item = $1 AND expires > $2 ORDER BY id DESC";
            let query = Query::new(query).bind(found.id).bind(Time::now().millis());
            Ok(Ok(work.rows(query).await?))
        })
    });
    let rows = rows.await?.map_err(Refused::problem)?;
    let link = |row: &Row| {
        let (id, expires) = (LinkId::of_row(row, 0)?, Time::of_row(row, 2)?);
        let url = url(&origin, &key, id, expires);
        Ok::<_, Error>(LinkBody { id, url, created: Time::of_row(row, 1)?, expires })
    };
    let items = rows.iter().map(link).collect::<Result<_, _>>()?;
    Ok(Json(List { items, next: None }))
}

/// Revokes a link: from now on it leads nowhere.
#[utoipa::path(
    delete, path = "/items/{id}/links/{link}", tag = "downloads",
    params(("id" = ItemId, Path), ("link" = LinkId, Path)),
    security((), ("token" = []), ("cookie" = [])),
    responses(
        (status = 204, description = "It is revoked."),
        (status = 401, description = "Nobody is logged in.", body = ProblemBody, content_type = "application/problem+json"),
        (status = 403, description = "The caller sees the item and may not share it.", body = ProblemBody, content_type = "application/problem+json"),
        (status = 404, description = "There is none, or the caller may not see it.", body = ProblemBody, content_type = "application/problem+json"),
        (status = 503, description = "The database cannot be reached now.", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(super) async fn revoke(
    State(library): State<Arc<Library>>,
    caller: Caller,
    path: Path<(String, String)>,
) -> Result<StatusCode, Problem> {
    caller.user()?;
    let Path((item, link)) = path;
    let item: ItemId = item.parse().map_err(|_| Problem::not_found())?;
    let link: LinkId = link.parse().map_err(|_| Problem::not_found())?;
    let done = library.database.write(writing(), move |work| {
        Box::pin(async move {
            let found = shared_by(work, item, &caller).await?;
            let Ok(found) = found else { return Ok(found.map(|_| 0)) };
            let delete = Query::new("DELETE FROM library_link WHERE id = $1 AND item = $2");
            Ok(Ok(work.run(delete.bind(link).bind(found.id)).await?))
        })
    });
    match done.await?.map_err(Refused::problem)? {
        0 => Err(Problem::not_found()),
        _ => Ok(StatusCode::NO_CONTENT),
    }
}

/// Sends the item of a link, as its content is sent. What follows the token is a name for programs
/// that save a file under the end of its address.
#[utoipa::path(
    get, path = "/links/{token}/{name}", tag = "downloads",
    params(("token" = String, Path), ("name" = String, Path), ("Range" = Option<String>, Header)),
    responses(
        (status = 200, description = "All of it, as the media type of the content that is safe to show.", content_type = "*/*"),
        (status = 206, description = "The parts that were asked for.", content_type = "*/*"),
        (status = 304, description = "It is what the caller has."),
        (status = 403, description = "The owner's plan allows no more this month.", body = ProblemBody, content_type = "application/problem+json"),
        (status = 404, description = "The link has ended, is revoked, or never was.", body = ProblemBody, content_type = "application/problem+json"),
        (status = 412, description = "A condition does not hold.", body = ProblemBody, content_type = "application/problem+json"),
        (status = 416, description = "None of the ranges is there.", body = ProblemBody, content_type = "application/problem+json"),
        (status = 429, description = "Too many of the caller's transfers are under way.", body = ProblemBody, content_type = "application/problem+json"),
        (status = 503, description = "Too many transfers are under way.", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(super) async fn get(
    State(library): State<Arc<Library>>,
    path: Path<(String, String)>,
    ClientAddress(client): ClientAddress,
    parts: Parts,
) -> Result<Response, Problem> {
    let Path((text, _)) = path;
    let key = library.signer.key(&library).await?;
    let link = token::read(key, &text, Time::now()).ok_or_else(Problem::not_found)?;
    let found = library
        .database
        .read(reading(), move |work| Box::pin(async move { linked(work, link).await }))
        .await?;
    let item = found.ok_or_else(Problem::not_found)?;
    // Whoever follows the link, the owner's plan pays for it.
    let payer = Some(item.owner);
    let caller = Caller::Anonymous;
    let request = Request { parts, caller, payer, client, wants_attachment: false };
    let mut response = answer(&library, item, request).await?;
    // The address is a secret.
    let headers = response.headers_mut();
    headers.insert(REFERRER_POLICY, http::HeaderValue::from_static("no-referrer"));
    Ok(response)
}

/// The same without the bytes.
#[utoipa::path(
    head, path = "/links/{token}/{name}", tag = "downloads",
    params(("token" = String, Path), ("name" = String, Path), ("Range" = Option<String>, Header)),
    responses(
        (status = 200, description = "As GET, without the bytes."),
        (status = 206, description = "As GET, without the bytes."),
        (status = 304, description = "It is what the caller has."),
        (status = 404, description = "The link has ended, is revoked, or never was."),
        (status = 412, description = "A condition does not hold."),
        (status = 416, description = "None of the ranges is there."),
        (status = 503, description = "The database cannot be reached now."),
    )
)]
pub(super) async fn head(
    state: State<Arc<Library>>,
    path: Path<(String, String)>,
    client: ClientAddress,
    parts: Parts,
) -> Result<Response, Problem> {
    get(state, path, client, parts).await
}

/// The item of a link, if it is alive and its creator may still share the item.
async fn linked(work: &mut Work<'_>, link: LinkId) -> Result<Option<Item>, Error> {
    let query = "SELECT l.item, u.id, u.role FROM library_link AS l
        JOIN library_user AS u ON u.id = l.creator AND u.deleted IS NULL
        WHERE l.id = $1 AND l.expires > $2";
    let query = Query::new(query).bind(link).bind(Time::now().millis());
    let Some(row) = work.row(query).await? else { return Ok(None) };
    let id = UserId::of_row(&row, 1)?.to_string();
    let creator = match Role::of_row(&row, 2)? {
        Role::Admin => Viewer::Admin { id },
        Role::User => Viewer::User { id, has_access: false },
    };
    let item = find(work, ItemId::of_row(&row, 0)?).await?;
    Ok(item.filter(|item| creator.changes(&item.owner.to_string())))
}

/// Why an item cannot be shared.
#[derive(Clone, Copy, Debug)]
enum Refused {
    Missing,
    Forbidden,
}

impl Refused {
    fn problem(self) -> Problem {
        match self {
            Self::Missing => Problem::not_found(),
            Self::Forbidden => {
                Problem::forbidden("Only its owner and admins may share this item by links.")
            }
        }
    }
}

/// The item, if the caller may share it.
async fn shared_by(
    work: &mut Work<'_>,
    item: ItemId,
    caller: &Caller,
) -> Result<Result<Item, Refused>, Error> {
    let viewer = Viewer::of(work, caller).await?;
    let Some(found) = find_for(work, item, &viewer).await? else {
        return Ok(Err(Refused::Missing));
    };
    let is_allowed = viewer.changes(&found.owner.to_string());
    Ok(if is_allowed { Ok(found) } else { Err(Refused::Forbidden) })
}

fn url(origin: &Origin, key: &[u8; 64], link: LinkId, expires: Time) -> String {
    let token = token::write(key, link, expires);
    format!("{}/library/api/links/{token}/content", origin.as_str())
}
