//! One item: its details, changes to it, its end.

use std::sync::Arc;

use axum::extract::State;
use http::StatusCode;

use super::edit::{Changes, Edited, edit};
use super::find_for;
use super::item::ItemBody;
use super::remove::remove;
use super::visibility::Viewer;
use crate::accounts::Caller;
use crate::http::{Id, Json};
use crate::ids::ItemId;
use crate::problem::{Problem, ProblemBody};
use crate::state::{Library, reading, writing};

/// Tells everything about an item.
#[utoipa::path(
    get, path = "/items/{id}", tag = "catalogue", params(("id" = ItemId, Path)),
    security((), ("token" = []), ("cookie" = [])),
    responses(
        (status = 200, description = "The item.", body = ItemBody),
        (status = 401, description = "The session is over.", body = ProblemBody, content_type = "application/problem+json"),
        (status = 404, description = "There is none, or the caller may not see it.", body = ProblemBody, content_type = "application/problem+json"),
        (status = 503, description = "The database cannot be reached now.", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(super) async fn get(
    State(library): State<Arc<Library>>,
    caller: Caller,
    Id(id): Id<ItemId>,
) -> Result<Json<ItemBody>, Problem> {
    let found = library.database.read(reading(), move |work| {
        Box::pin(async move {
            let viewer = Viewer::of(work, &caller).await?;
            find_for(work, id, &viewer).await
        })
    });
    found.await?.map(|item| Json(item.told())).ok_or_else(Problem::not_found)
}

/// Changes what is said of an item. What the body does not name stays as it is.
#[utoipa::path(
    patch, path = "/items/{id}", tag = "catalogue", params(("id" = ItemId, Path)),
    request_body = Changes,
    security((), ("token" = []), ("cookie" = [])),
    responses(
        (status = 200, description = "The item as it is now.", body = ItemBody),
        (status = 400, description = "A field is wrong or unknown.", body = ProblemBody, content_type = "application/problem+json"),
        (status = 401, description = "Nobody is logged in.", body = ProblemBody, content_type = "application/problem+json"),
        (status = 403, description = "The caller sees the item and may not change it.", body = ProblemBody, content_type = "application/problem+json"),
        (status = 404, description = "There is none, or the caller may not see it.", body = ProblemBody, content_type = "application/problem+json"),
        (status = 413, description = "The body is too large.", body = ProblemBody, content_type = "application/problem+json"),
        (status = 415, description = "The body is not JSON.", body = ProblemBody, content_type = "application/problem+json"),
        (status = 503, description = "The database cannot be reached now.", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(super) async fn patch(
    State(library): State<Arc<Library>>,
    caller: Caller,
    Id(id): Id<ItemId>,
    Json(changes): Json<Changes>,
) -> Result<Json<ItemBody>, Problem> {
    caller.user()?;
    let changes = changes.checked()?;
    let done = library.database.write(writing(), move |work| {
        Box::pin(async move {
            let viewer = Viewer::of(work, &caller).await?;
            edit(work, id, &viewer, changes).await
        })
    });
    answered(done.await?).map(|item| Json(item.told()))
}

/// Deletes an item and its bytes.
#[utoipa::path(
    delete, path = "/items/{id}", tag = "catalogue", params(("id" = ItemId, Path)),
    security((), ("token" = []), ("cookie" = [])),
    responses(
        (status = 204, description = "It is deleted."),
        (status = 401, description = "Nobody is logged in.", body = ProblemBody, content_type = "application/problem+json"),
        (status = 403, description = "The caller sees the item and may not delete it.", body = ProblemBody, content_type = "application/problem+json"),
        (status = 404, description = "There is none, or the caller may not see it.", body = ProblemBody, content_type = "application/problem+json"),
        (status = 503, description = "The database cannot be reached now.", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(super) async fn delete(
    State(library): State<Arc<Library>>,
    caller: Caller,
    Id(id): Id<ItemId>,
) -> Result<StatusCode, Problem> {
    caller.user()?;
    let done = library.database.write(writing(), move |work| {
        Box::pin(async move {
            let viewer = Viewer::of(work, &caller).await?;
            remove(work, id, &viewer).await
        })
    });
    answered(done.await?).map(|_| StatusCode::NO_CONTENT)
}

fn answered(edited: Edited) -> Result<Box<super::Item>, Problem> {
    match edited {
        Edited::Done(item) => Ok(item),
        Edited::Missing => Err(Problem::not_found()),
        Edited::Forbidden => {
            Err(Problem::forbidden("Only its owner and admins may change or delete this item."))
        }
    }
}
